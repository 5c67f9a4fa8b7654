"""Declaring that a city or region signs: what the form says is stored, and its contact gets a link to confirm it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final, Literal

from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from iclei_events import clock
from iclei_events.db import transaction
from iclei_events.models import (
    Commitment,
    MailKind,
    OutboxMail,
    Signatory,
    SignatoryKind,
    SignatoryStatus,
    Standing,
)
from iclei_events.models.signatory import name_key
from iclei_events.models.types import new_reference, new_secret
from iclei_events.services import log, refusals
from iclei_events.services.signing import check_not_in_register, mail, note

MOST_UNCONFIRMED: Final = 5
MAIL_AGAIN_AFTER: Final = timedelta(minutes=5)

Outcome = Literal["submitted", "duplicate"]


@dataclass(frozen=True, slots=True)
class Declaration:
    """What a city or region declares in the form; ``challenges`` are slugs of the commitment's own list."""

    name: str
    country: str
    kind: SignatoryKind
    challenges: tuple[str, ...]
    mandate: str
    mandate_on: date | None
    signer_name: str
    signer_role: str
    contact_name: str
    contact_email: str
    contact_email_key: str
    language: str


def declare(commitment: Commitment, declaration: Declaration, *, key: str) -> tuple[Outcome, str]:
    """Store a declaration and mail its contact a link to confirm; returns the outcome and the reference.

    The same ``key`` answers what was stored the first time. A second form of the same city from the same address
    takes the place of the first while that is unconfirmed. Raises a ``Refusal``; then nothing is stored.
    """
    try:
        return _declare(commitment, declaration, key)
    except IntegrityError:
        with transaction() as session:
            answer = _answered_before(session, declaration, key)
        if answer is None:
            raise
        return answer


def _declare(commitment: Commitment, declaration: Declaration, key: str) -> tuple[Outcome, str]:
    commitment_id, now = commitment.id, clock.now()
    with transaction() as session:
        answer = _answered_before(session, declaration, key)
        if answer is not None:
            return answer
        check_not_in_register(session, declaration.name, declaration.country, declaration.kind)
        signatory = _unconfirmed(session, declaration) or _blank(session, commitment_id, declaration.contact_email_key)
        outcome: Outcome = "duplicate" if signatory.id else "submitted"
        for field in Declaration.__slots__:
            value = getattr(declaration, field)
            setattr(signatory, field, list(value) if isinstance(value, tuple) else value)
        signatory.idempotency_key, signatory.submitted_at = key, now
        session.add(signatory)
        session.flush()
        note(session, "sign", signatory, log.ATTENDEE, now)
        if not _mailed_lately(session, signatory, now):
            mail(session, MailKind.SIGNATORY_CONFIRM, signatory, now)
        return outcome, signatory.reference


def _answered_before(session: Session, declaration: Declaration, key: str) -> tuple[Outcome, str] | None:
    earlier = session.scalars(select(Signatory).where(Signatory.idempotency_key == key)).one_or_none()
    if earlier is None:
        return None
    same = (name_key(declaration.name), declaration.country, declaration.contact_email_key)
    if (earlier.name_key, earlier.country, earlier.contact_email_key) != same:
        raise refusals.KeyTaken
    return "duplicate", earlier.reference


def _unconfirmed(session: Session, declaration: Declaration) -> Signatory | None:
    """Find the form that the same address has sent for the same city and not yet confirmed."""
    return session.scalars(
        select(Signatory)
        .where(
            Signatory.name_key == name_key(declaration.name),
            Signatory.country == declaration.country,
            Signatory.contact_email_key == declaration.contact_email_key,
            Signatory.status == SignatoryStatus.SUBMITTED,
        )
        .with_for_update()
    ).first()


def _blank(session: Session, commitment_id: int, email_key: str) -> Signatory:
    waiting = session.scalar(
        select(func.count()).where(
            Signatory.contact_email_key == email_key, Signatory.status == SignatoryStatus.SUBMITTED
        )
    )
    if (waiting or 0) >= MOST_UNCONFIRMED:
        raise refusals.TooManyUnconfirmed(MOST_UNCONFIRMED)
    reference = new_reference()
    return Signatory(
        commitment_id=commitment_id,
        reference=reference,
        slug=reference.lower(),
        standing=Standing.SIGNED_HERE,
        status=SignatoryStatus.SUBMITTED,
        salt=new_secret(),
    )


def _mailed_lately(session: Session, signatory: Signatory, now: datetime) -> bool:
    """Whether the link went out a moment ago: it opens the newest form, so a flood of forms is no flood of mail."""
    latest = session.scalar(
        select(func.max(OutboxMail.created_at)).where(
            OutboxMail.signatory_id == signatory.id, OutboxMail.kind == MailKind.SIGNATORY_CONFIRM
        )
    )
    return latest is not None and now - latest < MAIL_AGAIN_AFTER
