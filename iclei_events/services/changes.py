"""What becomes of a booking: its size changed, its offer accepted, given up. Each verb is one transaction."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from iclei_events.models import HOLDING, Booking, BookingStatus, MailKind, Place, PlaceKind, Slot
from iclei_events.services import access_needs, bookings, log, outbox, person_limit, places, refusals, waiting
from iclei_events.services.booking_rows import Party
from iclei_events.services.deciding import Decision, decide
from iclei_events.services.person_limit import PersonLimit


def cancel(reference: str, *, by: log.Actor = log.ATTENDEE) -> None:
    """Give up a booking, an offer or a turn in the line. Doing it twice is doing it once."""
    decide(reference, give_up, by=by)


def give_up(decision: Decision, slot: Slot, booking: Booking) -> None:
    """As ``cancel``, within a decision."""
    if not booking.is_active:
        return
    if decision.now >= slot.ends_at:
        raise refusals.Closed
    session, now, was = decision.session, decision.now, booking.status
    booking.status, booking.ended_at = BookingStatus.CANCELLED, now
    booking.queued_at = booking.offer_until = None
    booking.sequence += 1
    decision.note("cancel", booking, was=was.value)
    outbox.mail_booking(session, MailKind.BOOKING_CANCELLED, booking, at=now, context={"was": was.value})
    access_needs.leave(session, booking)
    if was is BookingStatus.WAITING:
        places.leave_line(session, slot, now=now)
    elif was in HOLDING:
        access_needs.promise_next(session, slot, now=now)
        places.release(session, slot, booking.size, now=now)
        places.end_wishes(session, booking, now=now)


def change_size(reference: str, party: Party, *, seen: int | None = None, by: log.Actor = log.ATTENDEE) -> None:
    """Make the party another size; it keeps what it has if there is no room for more.

    Asking for what it already has changes nothing. ``seen`` is the ``sequence`` of the booking as its form showed it:
    raises ``ChangedMeanwhile`` when it was changed since.
    """

    def change(decision: Decision, slot: Slot, booking: Booking) -> None:
        _check_changeable(slot, booking, decision.now)
        if (party.adults, party.children) == (booking.adults, booking.children):
            return
        if seen is not None and seen != booking.sequence:
            raise refusals.ChangedMeanwhile(booking.sequence)
        if party.size > booking.size:
            _check_growth(decision, slot, booking, party)
        bookings.check_adult(slot, party)
        _resize(decision, slot, booking, party)

    decide(reference, change, by=by, first=lambda session: _lock_person(session, reference, by))


def give_back(reference: str, number: int, *, by: log.Actor = log.ATTENDEE) -> None:
    """Give back the party's place of that number. Doing it twice is doing it once.

    The last place is no party: that is cancelled instead.
    """

    def one_fewer(decision: Decision, slot: Slot, booking: Booking) -> None:
        _check_changeable(slot, booking, decision.now)
        place = next((place for place in booking.current_places if place.number == number), None)
        if place is None:
            return
        is_adult = place.kind is PlaceKind.ADULT
        party = Party(booking.adults - is_adult, booking.children - (not is_adult))
        if not party.size:
            raise refusals.NotPermitted
        bookings.check_adult(slot, party)
        if booking.attendee is not None and place is booking.contacts_place:
            booking.attendee.comes_along = False
        _free(place, decision.now)
        _resize(decision, slot, booking, party)

    decide(reference, one_fewer, by=by)


def _check_changeable(slot: Slot, booking: Booking, now: datetime) -> None:
    if not booking.is_active:
        raise refusals.NotActive
    if booking.status is BookingStatus.ENTERED:
        raise refusals.InDraw
    if now >= slot.ends_at:
        raise refusals.Closed


def _check_growth(decision: Decision, slot: Slot, booking: Booking, party: Party) -> None:
    more = party.size - booking.size
    bookings.check_party(slot, party)
    bookings.check_open(slot, decision.now, decision.by)
    limit = _limit_of(booking, slot, decision.by)
    if limit is not None:
        person_limit.check(decision.session, limit, more)
    if booking.status is BookingStatus.WAITING:
        if party.size > slot.capacity:
            raise refusals.LargerThanSlot(slot.capacity, slot.left, slot.waiting)
    elif booking.status is BookingStatus.OFFERED or slot.left < more:
        raise refusals.NoRoom(slot.left, slot.waiting)


def _resize(decision: Decision, slot: Slot, booking: Booking, party: Party) -> None:
    session, now = decision.session, decision.now
    before, was_waiting = booking.size, booking.status is BookingStatus.WAITING
    _set_places(booking, party, now)
    booking.size, booking.sequence = party.size, booking.sequence + 1
    booking.least_size = waiting.least_of(party.size, booking.least_size)
    decision.note("change_size", booking, before=before, after=party.size)
    access_needs.shrink(session, slot, booking, now=now)
    more = party.size - before
    if was_waiting:
        # Who has just made the party smaller is here: if it fits now, it needs no offer first.
        places.run_line(session, slot, now=now, newcomer=booking)
    elif more > 0:
        places.hold(session, slot, more)
    elif more < 0:
        places.release(session, slot, -more, now=now)
    if was_waiting and booking.status is BookingStatus.CONFIRMED:
        outbox.mail_booking(session, MailKind.BOOKING_CONFIRMED, booking, at=now)
    elif not was_waiting or booking.status is BookingStatus.WAITING:  # an offer has its own mail
        outbox.tell_latest(session, MailKind.BOOKING_CHANGED, booking, at=now)


def _set_places(booking: Booking, party: Party, now: datetime) -> None:
    """Give back places of a kind that is fewer, those without a name first; add places of a kind that is more."""
    number = max((place.number for place in booking.places), default=0)
    for kind, wanted in ((PlaceKind.ADULT, party.adults), (PlaceKind.CHILD, party.children)):
        current = [place for place in booking.current_places if place.kind is kind]
        current.sort(key=lambda place: (place is not booking.contacts_place, place.name is None, place.number))
        for place in current[wanted:]:
            _free(place, now)
        for _ in range(wanted - len(current)):
            number += 1
            booking.places.append(Place(number=number, kind=kind))


def _free(place: Place, now: datetime) -> None:
    place.given_back_at = now
    place.name = None


def _lock_person(session: Session, reference: str, by: log.Actor) -> None:
    """Before the slot's lock: nobody books for the same person while this booking may grow."""
    booking = session.scalars(select(Booking).where(Booking.reference == reference)).one()
    limit = _limit_of(booking, booking.slot, by)
    if limit is not None:
        person_limit.lock(session, limit)


def _limit_of(booking: Booking, slot: Slot, by: log.Actor) -> PersonLimit | None:
    return PersonLimit.of(slot, booking.attendee) if booking.attendee is not None and by == log.ATTENDEE else None


def accept_offer(
    reference: str, *, party: Party | None = None, seen: int | None = None, by: log.Actor = log.ATTENDEE
) -> None:
    """Take the places that are held for the party. Accepting twice is accepting once.

    Where a part of the party was offered places, ``party`` says who comes; places it leaves go on. ``seen`` as in
    ``change_size``.
    """

    def accept(decision: Decision, slot: Slot, booking: Booking) -> None:
        if booking.status is BookingStatus.CONFIRMED:
            return
        if booking.status is BookingStatus.LAPSED:
            raise refusals.OfferLapsed
        if booking.status is not BookingStatus.OFFERED:
            raise refusals.NotActive
        if booking.confirm_by is not None:
            raise refusals.NotConfirmed
        left = _choose_who_comes(slot, booking, party, seen, decision.now) if party is not None else 0
        booking.status, booking.confirmed_at, booking.offer_until = BookingStatus.CONFIRMED, decision.now, None
        booking.wanted_size = None
        decision.note("accept_offer", booking, size=booking.size)
        outbox.mail_booking(decision.session, MailKind.BOOKING_CONFIRMED, booking, at=decision.now)
        if left:
            access_needs.shrink(decision.session, slot, booking, now=decision.now)
            places.release(decision.session, slot, left, now=decision.now)

    decide(reference, accept, by=by)


def _choose_who_comes(slot: Slot, booking: Booking, party: Party, seen: int | None, now: datetime) -> int:
    """Fill the places on offer with these people; returns how many places they leave."""
    if seen is not None and seen != booking.sequence:
        raise refusals.ChangedMeanwhile(booking.sequence)
    left = booking.size - party.size
    if left < 0:
        raise refusals.NoRoom(booking.size)
    bookings.check_adult(slot, party)
    _set_places(booking, party, now)
    booking.size, booking.sequence = party.size, booking.sequence + 1
    return left
