"""Who counts once in a draw: the same person is known again without the public or a copy of the list knowing who."""

from __future__ import annotations

import hmac
import secrets
from datetime import datetime
from hashlib import sha256
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from iclei_events.models import Booking, BookingStatus, Draw, DrawEntry, MailKind, OutboxMail
from iclei_events.models.types import REFERENCE_ALPHABET
from iclei_events.services import outbox, places
from iclei_events.services.booking_rows import Contact

PSEUDONYM_LENGTH: Final = 10


def person_key(draw: Draw, contact: Contact) -> str | None:
    """Who this is, as a number that tells nothing without the draw's secret; None: nobody can be known again."""
    phone = "".join(sign for sign in contact.phone or "" if sign.isdecimal())
    who = f"address:{contact.email_key}" if contact.email_key else f"phone:{phone}" if phone else None
    return hmac.digest(draw.secret.encode(), who.encode(), sha256).hex() if who else None


def new_pseudonym(session: Session, draw: Draw) -> str:
    """What an entry is called in public: random, and nobody else's in the draw."""
    while True:
        pseudonym = "".join(secrets.choice(REFERENCE_ALPHABET) for _ in range(PSEUDONYM_LENGTH))
        taken = select(DrawEntry.booking_id).where(DrawEntry.draw_id == draw.id, DrawEntry.pseudonym == pseudonym)
        if session.scalar(taken) is None:
            return pseudonym


def standing(session: Session, draw: Draw, person_key: str | None, *, proven: bool = True) -> Booking | None:
    """The entry of the same person that counts. One that was withdrawn makes way for a new one.

    So does one that nobody has confirmed, where the new one is ``proven``: that counts at once.
    """
    entry = _latest(session, draw, person_key)
    if entry is not None and entry.booking.confirm_by is not None:  # it may be confirmed just now
        places.lock(session, entry.booking.slot_id)
        session.refresh(entry.booking)
    if entry is None or entry.booking.status is not BookingStatus.ENTERED:
        return None
    return None if proven and entry.booking.confirm_by is not None else entry.booking


def make_way(session: Session, draw: Draw, person_key: str | None, now: datetime) -> None:
    """Let an earlier entry of the same person, which does not stand, be over."""
    entry = _latest(session, draw, person_key)
    if entry is None:
        return
    entry.person_key = None
    if entry.booking.status is BookingStatus.ENTERED:
        entry.booking.status, entry.booking.ended_at = BookingStatus.LAPSED, now
    session.flush()


def _latest(session: Session, draw: Draw, person_key: str | None) -> DrawEntry | None:
    if person_key is None:
        return None
    return session.scalars(
        select(DrawEntry).where(DrawEntry.draw_id == draw.id, DrawEntry.person_key == person_key)
    ).one_or_none()


def remind(session: Session, booking: Booking, now: datetime) -> None:
    """Send the link to the entry that stands once more, at most once a day: others can write the address too."""
    once_key = f"draw-again-{booking.id}-{now:%Y-%m-%d}"
    if session.scalar(select(OutboxMail.id).where(OutboxMail.once_key == once_key)) is None:
        kind = MailKind.DRAW_ENTERED if booking.confirm_by is None else MailKind.BOOKING_TO_CONFIRM
        outbox.mail_booking(session, kind, booking, at=now, context={"again": True}, once_key=once_key)
