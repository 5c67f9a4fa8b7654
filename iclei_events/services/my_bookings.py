"""A person's own bookings: those a browser has opened, where they stand in line, and the mail that links to them."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import timedelta
from typing import Final

from sqlalchemy import func, select
from sqlalchemy.orm import Session, contains_eager, joinedload

from iclei_events import clock
from iclei_events.db import db, transaction
from iclei_events.models import (
    ACTIVE,
    Activity,
    Attendee,
    Booking,
    MailKind,
    OutboxMail,
    Slot,
)
from iclei_events.services import line, log, outbox

BETWEEN_MAILS: Final = timedelta(minutes=5)
"""At most one mail with links goes to an address in this time, however often it is asked for."""


def opened(references: Collection[str]) -> Sequence[Booking]:
    """The bookings of these references with slot, activity and event, the earliest first."""
    if not references:
        return []
    return db.session.scalars(
        select(Booking)
        .join(Booking.slot)
        .where(Booking.reference.in_(references))
        .options(
            contains_eager(Booking.slot).options(
                joinedload(Slot.activity).joinedload(Activity.event), joinedload(Slot.venue), joinedload(Slot.room)
            )
        )
        .order_by(Slot.starts_at, Booking.id)
    ).all()


def place_in_line(booking: Booking) -> int:
    """1 for the head of the line."""
    return line.place_in_line(db.session(), booking)


def promise_links(email_key: str, *, language: str) -> None:
    """Promise one mail with a link to each coming booking of that address; none for an address nobody booked with.

    The mail goes to the address as it was given when booking. Each wish is noted, so that both cases cost the same.
    """
    now = clock.now()
    with transaction() as session:
        found = of_address(session, email_key)
        recent = mailed_lately(session, found, MailKind.MY_BOOKINGS) > 0
        log.record(session, "ask_for_links", by=log.ATTENDEE, at=now, details={"mailed": bool(found) and not recent})
        if not found or recent:
            return
        newest = found[-1]
        assert newest.attendee is not None  # noqa: S101  selected by it
        outbox.mail(
            session, MailKind.MY_BOOKINGS, recipient=newest.attendee.email, language=language, at=now, booking=newest,
            context={"booking_ids": [booking.id for booking in found]},
        )  # fmt: skip


def of_address(session: Session, email_key: str) -> Sequence[Booking]:
    """The coming bookings of an address, the newest last, locked so that two wishes at once are one after the other."""
    return session.scalars(
        select(Booking)
        .join(Booking.attendee)
        .join(Booking.slot)
        .where(Attendee.email_key == email_key, Booking.status.in_(ACTIVE), Slot.ends_at > clock.now())
        .options(contains_eager(Booking.attendee))
        .order_by(Booking.id)
        .with_for_update(of=Booking)
    ).all()


def mailed_lately(session: Session, found: Sequence[Booking], kind: MailKind) -> int:
    """How many mails of that kind about any of these were promised within ``BETWEEN_MAILS``."""
    mails = select(func.count(OutboxMail.id)).where(
        OutboxMail.booking_id.in_([booking.id for booking in found]),
        OutboxMail.kind == kind,
        OutboxMail.created_at > clock.now() - BETWEEN_MAILS,
    )
    return session.scalar(mails) or 0
