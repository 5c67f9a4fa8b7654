"""What becomes of a booking: its size changed, its offer accepted, given up. Each verb is one transaction."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from iclei_events import clock
from iclei_events.db import transaction
from iclei_events.models import Booking, BookingStatus, MailKind, Place, PlaceKind, Slot
from iclei_events.services import bookings, log, outbox, places, refusals
from iclei_events.services.booking_rows import Party


def cancel(reference: str, *, by: log.Actor = log.ATTENDEE) -> None:
    """Give up a booking, an offer or a turn in the line. Doing it twice is doing it once."""

    def give_up(session: Session, slot: Slot, booking: Booking, now: datetime) -> None:
        if not booking.is_active:
            return
        if now >= slot.ends_at:
            raise refusals.Closed
        was = booking.status
        booking.status, booking.ended_at = BookingStatus.CANCELLED, now
        booking.queued_at = booking.offer_until = None
        booking.sequence += 1
        _note(session, "cancel", booking, by, now, was=was.value)
        outbox.mail_booking(session, MailKind.BOOKING_CANCELLED, booking, at=now)
        session.flush()
        if was is BookingStatus.WAITING:
            places.leave_line(session, slot, now=now)
        else:
            places.release(session, slot, booking.size, now=now)

    _decide(reference, give_up)


def change_size(reference: str, party: Party, *, seen: int | None = None, by: log.Actor = log.ATTENDEE) -> None:
    """Make the party another size; it keeps what it has if there is no room for more.

    Asking for what it already has changes nothing. ``seen`` is the ``sequence`` of the booking as its form showed it:
    raises ``ChangedMeanwhile`` when it was changed since.
    """

    def change(session: Session, slot: Slot, booking: Booking, now: datetime) -> None:
        if not booking.is_active:
            raise refusals.NotActive
        if now >= slot.ends_at:
            raise refusals.Closed
        if (party.adults, party.children) == (booking.adults, booking.children):
            return
        if seen is not None and seen != booking.sequence:
            raise refusals.ChangedMeanwhile(booking.sequence)
        more = party.size - booking.size
        if more > 0:
            bookings.check_party(slot, party)
            bookings.check_open(slot, now, by)
            _check_room_to_grow(slot, booking, more)
        bookings.check_adult(slot, party)
        before, was_waiting = booking.size, booking.status is BookingStatus.WAITING
        _set_places(booking, party, now)
        booking.size, booking.sequence = party.size, booking.sequence + 1
        _note(session, "change_size", booking, by, now, before=before, after=party.size)
        session.flush()
        if booking.status is BookingStatus.WAITING:
            # Who has just made the party smaller is here: if it fits now, it needs no offer first.
            places.run_line(session, slot, now=now, newcomer=booking)
        elif more > 0:
            places.hold(session, slot, more)
        elif more < 0:
            places.release(session, slot, -more, now=now)
        served = was_waiting and booking.status is BookingStatus.CONFIRMED
        kind = MailKind.BOOKING_CONFIRMED if served else MailKind.BOOKING_CHANGED
        outbox.mail_booking(session, kind, booking, at=now)

    _decide(reference, change)


def _check_room_to_grow(slot: Slot, booking: Booking, more: int) -> None:
    if booking.status is BookingStatus.WAITING:
        if booking.size + more > slot.capacity:
            raise refusals.NoRoom(slot.left, slot.waiting)
    elif booking.status is BookingStatus.OFFERED or slot.left < more:
        raise refusals.NoRoom(slot.left, slot.waiting)


def _set_places(booking: Booking, party: Party, now: datetime) -> None:
    """Give back the last places of a kind that is fewer, add places of a kind that is more."""
    number = max((place.number for place in booking.places), default=0)
    for kind, wanted in ((PlaceKind.ADULT, party.adults), (PlaceKind.CHILD, party.children)):
        current = [place for place in booking.current_places if place.kind is kind]
        for place in current[wanted:]:
            place.given_back_at = now
            place.name = None
        for _ in range(wanted - len(current)):
            number += 1
            booking.places.append(Place(number=number, kind=kind))


def accept_offer(reference: str, *, by: log.Actor = log.ATTENDEE) -> None:
    """Take the places that are held for the party. Accepting twice is accepting once."""

    def accept(session: Session, _slot: Slot, booking: Booking, now: datetime) -> None:
        if booking.status is BookingStatus.CONFIRMED:
            return
        if booking.status is BookingStatus.LAPSED:
            raise refusals.OfferLapsed
        if booking.status is not BookingStatus.OFFERED:
            raise refusals.NotActive
        booking.status, booking.confirmed_at, booking.offer_until = BookingStatus.CONFIRMED, now, None
        _note(session, "accept_offer", booking, by, now, size=booking.size)
        outbox.mail_booking(session, MailKind.BOOKING_CONFIRMED, booking, at=now)

    _decide(reference, accept)


def _decide(reference: str, verb: Callable[[Session, Slot, Booking, datetime], None]) -> None:
    """Run a verb on a booking under its slot's lock, with booking and slot read after the lock was had."""
    now = clock.now()
    refusal: refusals.Refusal | None = None
    with transaction() as session:
        slot_id = session.scalar(select(Booking.slot_id).where(Booking.reference == reference))
        if slot_id is None:
            raise refusals.NotActive
        slot = places.locked(session, slot_id, now=now)
        booking = session.scalars(
            select(Booking).where(Booking.reference == reference).execution_options(populate_existing=True)
        ).one()
        places.in_critical_section("read")
        try:
            verb(session, slot, booking, now)
        except refusals.Refusal as refused:
            # A verb refuses before it changes anything; what lapsed on the way here stays lapsed.
            refusal = refused
    if refusal is not None:
        raise refusal


def _note(session: Session, verb: str, booking: Booking, by: log.Actor, now: datetime, **details: int | str) -> None:
    log.record(session, verb, by=by, at=now, slot_id=booking.slot_id, booking_id=booking.id, details=dict(details))
