"""Offers: more time to answer one. Accepting and declining stand in ``services.changes``."""

from __future__ import annotations

from iclei_events.models import Booking, BookingStatus, MailKind, Slot
from iclei_events.services import log, outbox, refusals, waiting
from iclei_events.services.deciding import Decision, decide


def prolong(reference: str, *, by: log.Actor = log.ATTENDEE) -> None:
    """Give the party as much time again to answer its offer, once. Asking twice is asking once.

    Raises ``NoMoreTime`` where that would reach past the start of the slot.
    """

    def give_time(decision: Decision, slot: Slot, booking: Booking) -> None:
        if booking.status is BookingStatus.LAPSED:
            raise refusals.OfferLapsed
        if booking.status is BookingStatus.CONFIRMED:
            return
        if booking.status is not BookingStatus.OFFERED or booking.offer_until is None:
            raise refusals.NotActive
        if booking.offer_prolonged_at is not None:
            return
        if booking.confirm_by is not None:
            raise refusals.NotConfirmed
        until = waiting.prolonged_until(booking.offer_until, slot.starts_at)
        if until is None:
            raise refusals.NoMoreTime
        booking.offer_until, booking.offer_prolonged_at = until, decision.now
        decision.note("prolong_offer", booking, size=booking.size)
        outbox.tell_latest(decision.session, MailKind.BOOKING_OFFERED, booking, at=decision.now)

    decide(reference, give_time, by=by)
