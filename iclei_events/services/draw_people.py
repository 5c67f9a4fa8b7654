"""Who counts once in a draw: the same person is known again without the public or a copy of the list knowing who."""

from __future__ import annotations

import hmac
from datetime import datetime
from hashlib import sha256

from sqlalchemy import select
from sqlalchemy.orm import Session

from iclei_events.models import Booking, BookingStatus, Draw, DrawEntry, MailKind, OutboxMail
from iclei_events.services import outbox
from iclei_events.services.booking_rows import Contact


def person_key(draw: Draw, contact: Contact) -> str | None:
    """Who this is, as a number that tells nothing without the draw's secret; None: nobody can be known again."""
    phone = "".join(sign for sign in contact.phone or "" if sign.isdecimal())
    who = f"address:{contact.email_key}" if contact.email_key else f"phone:{phone}" if phone else None
    return hmac.digest(draw.secret.encode(), who.encode(), sha256).hex() if who else None


def standing(session: Session, draw: Draw, person_key: str | None) -> Booking | None:
    """The entry of the same person that counts. One that was withdrawn makes way for a new one."""
    if person_key is None:
        return None
    entry = session.scalars(
        select(DrawEntry).where(DrawEntry.draw_id == draw.id, DrawEntry.person_key == person_key)
    ).one_or_none()
    if entry is None or entry.booking.status is BookingStatus.ENTERED:
        return entry.booking if entry is not None else None
    entry.person_key = None
    session.flush()
    return None


def remind(session: Session, booking: Booking, now: datetime) -> None:
    """Send the link to the entry that stands once more, at most once a day: others can write the address too."""
    once_key = f"draw-again-{booking.id}-{now:%Y-%m-%d}"
    if session.scalar(select(OutboxMail.id).where(OutboxMail.once_key == once_key)) is None:
        outbox.mail_booking(session, MailKind.DRAW_ENTERED, booking, at=now, context={"again": True}, once_key=once_key)
