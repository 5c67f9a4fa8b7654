"""Bookings made without the proof that was asked for: held for half an hour, and confirmed by way of their mail.

It is the way in for whoever has no script. A bot that takes it holds places for 30 minutes, and one address has one
such booking at an event at a time.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import Connection, exists, func, select
from sqlalchemy.orm import Session

from iclei_events.models import Activity, Attendee, Booking, BookingStatus, MailKind, Slot
from iclei_events.services import log, outbox, person_limit, refusals, waiting
from iclei_events.services.deciding import Decision, decide

TIME: Final = timedelta(minutes=30)
"""How long it waits to be confirmed."""

UNCONFIRMED: Final = (BookingStatus.OFFERED, BookingStatus.WAITING)


@dataclass(frozen=True, slots=True)
class Unproven:
    """Somebody who books at an event without a proof."""

    event_id: int
    email_key: str

    def lock(self, session: Session) -> None:
        """Let nobody else book for this address until the transaction ends; before the lock of any slot."""
        person_limit.lock_person(session, self.event_id, self.email_key, None)

    def until(self, now: datetime, slot: Slot) -> datetime:
        """When it lapses unless it is confirmed: never past the start."""
        return min(now + TIME, slot.starts_at)


def check_alone(session: Session, unproven: Unproven, now: datetime) -> None:
    """Raise ``ToConfirmFirst`` where the address has such a booking already."""
    earlier = (
        exists()
        .where(Attendee.booking_id == Booking.id, Attendee.email_key == unproven.email_key)
        .where(Slot.id == Booking.slot_id, Activity.id == Slot.activity_id, Activity.event_id == unproven.event_id)
        .where(Booking.status.in_(UNCONFIRMED), Booking.confirm_by > now)
    )
    if session.scalar(select(earlier)):
        raise refusals.ToConfirmFirst


def confirm(reference: str) -> None:
    """Stand by a booking made without proof. Confirming twice is confirming once.

    The caller has seen that whoever asks has got its mail. Where a part of the party was offered places, the offer then
    stands as long as any other.
    """

    def stand_by(decision: Decision, slot: Slot, booking: Booking) -> None:
        if booking.status is BookingStatus.LAPSED:
            raise refusals.OfferLapsed
        if not booking.is_active:
            raise refusals.NotActive
        if booking.confirm_by is None:
            return
        if booking.status is BookingStatus.ENTERED and decision.now >= booking.confirm_by:
            raise refusals.OfferLapsed
        booking.confirm_by = None
        decision.note("confirm_booking", booking, size=booking.size)
        if booking.status is BookingStatus.ENTERED:
            outbox.mail_booking(decision.session, MailKind.DRAW_ENTERED, booking, at=decision.now)
        elif booking.status is BookingStatus.WAITING:
            outbox.mail_booking(decision.session, MailKind.BOOKING_WAITING, booking, at=decision.now)
        elif booking.wanted_size is not None:
            booking.offer_until = waiting.offer_until(decision.now, slot.starts_at) or slot.starts_at
        else:
            booking.status, booking.confirmed_at, booking.offer_until = BookingStatus.CONFIRMED, decision.now, None
            outbox.mail_booking(decision.session, MailKind.BOOKING_CONFIRMED, booking, at=decision.now)

    decide(reference, stand_by, by=log.ATTENDEE)


def places_unconfirmed(connection: Connection, slot_slugs: Collection[str]) -> int:
    """How many places of these slots are held for who has not confirmed yet."""
    held = (
        select(func.coalesce(func.sum(Booking.size), 0))
        .join(Booking.slot)
        .where(Slot.slug.in_(slot_slugs), Booking.status == BookingStatus.OFFERED, Booking.confirm_by.is_not(None))
    )
    return int(connection.scalar(held) or 0)
