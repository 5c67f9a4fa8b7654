"""What a party that waits can decide: leave the line, or come in part if there is no room for all of it."""

from __future__ import annotations

from iclei_events.models import Booking, BookingStatus, MailKind, Slot
from iclei_events.services import changes, log, outbox, places, refusals, waiting
from iclei_events.services.deciding import Decision, decide


def leave(reference: str, *, by: log.Actor = log.ATTENDEE) -> None:
    """Leave the line. Doing it twice is doing it once; who has been offered places meanwhile keeps them."""

    def give_up_turn(decision: Decision, slot: Slot, booking: Booking) -> None:
        if not booking.is_active:
            return
        if booking.status is not BookingStatus.WAITING:
            raise refusals.ChangedMeanwhile(booking.status)
        changes.give_up(decision, slot, booking)

    decide(reference, give_up_turn, by=by)


def set_least_size(reference: str, least: int | None, *, by: log.Actor = log.ATTENDEE) -> None:
    """Say how many of a waiting party would come at least, or that it comes whole or not at all: None.

    If so many places are free and it is the party's turn, it is offered them at once.
    """

    def set_it(decision: Decision, slot: Slot, booking: Booking) -> None:
        session, now = decision.session, decision.now
        if not booking.is_active:
            raise refusals.NotActive
        if booking.status is not BookingStatus.WAITING:
            raise refusals.ChangedMeanwhile(booking.status)
        wanted = waiting.least_of(booking.size, least)
        if wanted == booking.least_size:
            return
        booking.least_size = wanted
        decision.note("set_least_size", booking, least=wanted or booking.size)
        session.flush()
        places.run_line(session, slot, now=now, newcomer=booking)
        if booking.is_holding and booking.confirmed_at is not None:
            outbox.mail_booking(session, MailKind.BOOKING_CONFIRMED, booking, at=now)

    decide(reference, set_it, by=by)
