"""What staff do with a confirmed signing: two people check it, then it is published; or it is declined."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Final
from zoneinfo import ZoneInfo

from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session, selectinload

from iclei_events.db import db
from iclei_events.models import MailKind, Signatory, SignatoryStatus, Standing, Verification
from iclei_events.services import log, refusals
from iclei_events.services.collation import without_marks
from iclei_events.services.signing import decide, mail, note

LONGEST_SLUG: Final = 60
MALMO: Final = ZoneInfo("Europe/Stockholm")
NEWEST_FIRST: Final = 200
"""How many signings of one status the staff's list shows at most."""


def verify(reference: str, *, by: log.Actor) -> None:
    """Note that one of the staff finds mandate and signer in order. Saying it twice is saying it once."""

    def vouch(session: Session, signatory: Signatory, now: datetime) -> None:
        if any(one.staff_id == by.staff_id for one in signatory.verifications):
            return
        if signatory.status is not SignatoryStatus.CONFIRMED or by.staff_id is None:
            raise refusals.NotActive
        signatory.verifications.append(Verification(staff_id=by.staff_id, verified_at=now))
        note(session, "verify_signing", signatory, by, now)

    decide(reference, vouch)


def publish(reference: str, *, by: log.Actor) -> None:
    """Show a signing that enough of the staff have checked. Its day is that on which the contact confirmed it."""

    def show(session: Session, signatory: Signatory, now: datetime) -> None:
        if signatory.status is SignatoryStatus.PUBLISHED:
            return
        if signatory.status is not SignatoryStatus.CONFIRMED:
            raise refusals.NotActive
        if not signatory.may_be_published:
            raise refusals.NotYetVerified
        signatory.slug = next(slug for slug in _slugs(signatory) if _is_free(session, slug))
        signatory.status, signatory.published_at = SignatoryStatus.PUBLISHED, now
        signatory.signed_on = (signatory.confirmed_at or now).astimezone(MALMO).date()
        note(session, "publish_signing", signatory, by, now)
        mail(session, MailKind.SIGNATORY_PUBLISHED, signatory, now)

    try:
        decide(reference, show)
    except IntegrityError:  # another took the same address in the same moment; the next one is free
        decide(reference, show)


def decline(reference: str, *, reason: str, by: log.Actor) -> None:
    """End a signing that is not published, with the reason that its contact reads."""

    def end(session: Session, signatory: Signatory, now: datetime) -> None:
        if signatory.status is SignatoryStatus.DECLINED:
            return
        if signatory.status is SignatoryStatus.PUBLISHED:
            raise refusals.NotActive
        confirmed = signatory.status is SignatoryStatus.CONFIRMED
        signatory.status, signatory.declined_at = SignatoryStatus.DECLINED, now
        signatory.declined_because = reason
        note(session, "decline_signing", signatory, by, now)
        if confirmed:  # an address nobody has confirmed gets no more mail
            mail(session, MailKind.SIGNATORY_DECLINED, signatory, now)

    decide(reference, end)


def _slugs(signatory: Signatory) -> Iterator[str]:
    """Addresses for a signatory, the plainest first; the last is its own alone."""
    plain = re.sub(r"[^a-z0-9]+", "-", without_marks(signatory.name.casefold())).strip("-")[:LONGEST_SLUG].strip("-")
    country, kind = signatory.country.lower(), signatory.kind.value.replace("_", "-")
    if plain:
        yield from (plain, f"{plain}-{country}", f"{plain}-{country}-{kind}")
    yield f"{country}-{signatory.reference.lower()}"


def _is_free(session: Session, slug: str) -> bool:
    return session.scalar(select(Signatory.id).where(Signatory.slug == slug)) is None


def signings(status: SignatoryStatus) -> Sequence[Signatory]:
    """List what came through the form and has this status, the newest first; the packs' signatories are published."""
    return db.session.scalars(
        select(Signatory)
        .where(Signatory.status == status, Signatory.standing == Standing.SIGNED_HERE)
        .options(selectinload(Signatory.verifications))
        .order_by(Signatory.submitted_at.desc(), Signatory.id.desc())
        .limit(NEWEST_FIRST)
    ).all()


def count_by_status() -> dict[SignatoryStatus, int]:
    """Count what came through the form, by status."""
    rows = db.session.execute(
        select(Signatory.status, func.count())
        .where(Signatory.standing == Standing.SIGNED_HERE)
        .group_by(Signatory.status)
    )
    counts = {row[0]: row[1] for row in rows}
    return {status: counts.get(status, 0) for status in SignatoryStatus}


def namesakes(signatory: Signatory) -> Sequence[Signatory]:
    """List others of the same name and country, whatever their kind: for staff to look at before they publish."""
    return db.session.scalars(
        select(Signatory).where(
            Signatory.name_key == signatory.name_key,
            Signatory.country == signatory.country,
            Signatory.id != signatory.id,
            Signatory.status != SignatoryStatus.DECLINED,
        )
    ).all()
