"""A signing on its way: its contact confirms it or takes it back. Each verb is one transaction."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session, joinedload, selectinload

from iclei_events import clock
from iclei_events.db import db, transaction
from iclei_events.models import (
    MailKind,
    Signatory,
    SignatoryKind,
    SignatoryStatus,
    Standing,
    Verification,
)
from iclei_events.models.signatory import name_key
from iclei_events.services import log, outbox, refusals

UNCONFIRMED_FOR: Final = timedelta(days=30)
"""How long a form waits for its contact to confirm; then it is erased."""
IN_REGISTER: Final = (SignatoryStatus.CONFIRMED, SignatoryStatus.PUBLISHED)

Verb = Callable[[Session, Signatory, datetime], None]


def check_not_in_register(session: Session, name: str, country: str, kind: SignatoryKind) -> None:
    """Refuse where the register has one of that name, or its signing is being checked."""
    other = session.scalars(
        select(Signatory).where(
            Signatory.name_key == name_key(name),
            Signatory.country == country,
            Signatory.kind == kind,
            Signatory.status.in_(IN_REGISTER),
            Signatory.standing != Standing.ANNOUNCED_BEFORE,
        )
    ).first()
    if other is not None:
        raise refusals.AlreadyInRegister(other.slug if other.status is SignatoryStatus.PUBLISHED else None)


def confirm(reference: str) -> None:
    """Let the contact stand by the form. Confirming twice is confirming once; a form grown too old is gone."""

    def stand_by(session: Session, signatory: Signatory, now: datetime) -> None:
        if signatory.status in IN_REGISTER:
            return
        if signatory.status is not SignatoryStatus.SUBMITTED or is_too_old(signatory, now):
            raise refusals.NotActive
        check_not_in_register(session, signatory.name, signatory.country, signatory.kind)
        signatory.status, signatory.confirmed_at = SignatoryStatus.CONFIRMED, now
        note(session, "confirm_signing", signatory, log.ATTENDEE, now)

    try:
        decide(reference, stand_by)
    except IntegrityError as error:  # another of that name was confirmed in the same moment
        raise refusals.AlreadyInRegister(None) from error


def withdraw(reference: str) -> None:
    """Erase a form that its contact does not stand by. What has been confirmed is for staff to decline."""
    now = clock.now()
    with transaction() as session:
        signatory = session.scalars(select(Signatory).where(Signatory.reference == reference).with_for_update()).first()
        if signatory is None:
            return
        if signatory.status is not SignatoryStatus.SUBMITTED:
            raise refusals.NotActive
        note(session, "withdraw_signing", signatory, log.ATTENDEE, now)
        session.delete(signatory)


def erased_on(signatory: Signatory) -> datetime | None:
    """When an unconfirmed form goes."""
    return signatory.submitted_at + UNCONFIRMED_FOR if signatory.submitted_at else None


def is_too_old(signatory: Signatory, now: datetime) -> bool:
    """Whether an unconfirmed form has waited so long that it may be gone the next moment."""
    return signatory.submitted_at is not None and now - signatory.submitted_at >= UNCONFIRMED_FOR


def decide(reference: str, verb: Verb) -> None:
    """Run a verb on a signing that nobody else changes meanwhile."""
    now = clock.now()
    with transaction() as session:
        signatory = session.scalars(
            select(Signatory).where(Signatory.reference == reference).with_for_update()
        ).one_or_none()
        if signatory is None:
            raise refusals.NotActive
        verb(session, signatory, now)


def mail(session: Session, kind: MailKind, signatory: Signatory, now: datetime) -> None:
    if signatory.contact_email:
        outbox.mail(
            session, kind, recipient=signatory.contact_email, language=signatory.language, at=now, signatory=signatory
        )


def note(session: Session, verb: str, signatory: Signatory, by: log.Actor, now: datetime) -> None:
    log.record(session, verb, by=by, at=now, signatory_id=signatory.id)


def find(reference: str) -> Signatory | None:
    """Find the signing with all that its own page and the staff's show."""
    return db.session.scalars(
        select(Signatory)
        .where(Signatory.reference == reference)
        .options(
            joinedload(Signatory.commitment),
            selectinload(Signatory.verifications).joinedload(Verification.staff),
        )
    ).one_or_none()
