"""Whether a ticket holds at a moment, and if not, why."""

from __future__ import annotations

import enum
from datetime import datetime

from iclei_events.models import Booking, BookingStatus


class Fault(enum.StrEnum):
    """Why a ticket that was made here does not let its party in now."""

    CALLED_OFF = "called_off"
    WAITING = "waiting"
    OFFERED = "offered"
    GIVEN_UP = "given_up"
    OTHER_DAY = "other_day"
    OVER = "over"


def has_ticket(booking: Booking) -> bool:
    """Whether the party has something to show at the meeting point."""
    return booking.status is BookingStatus.CONFIRMED and booking.slot.cancelled_at is None


def fault_of(booking: Booking, now: datetime) -> Fault | None:
    """What speaks against the ticket now; None: it holds."""
    slot = booking.slot
    if slot.cancelled_at is not None:
        return Fault.CALLED_OFF
    if booking.status in {BookingStatus.WAITING, BookingStatus.ENTERED}:
        return Fault.WAITING
    if booking.status is BookingStatus.OFFERED:
        return Fault.OFFERED
    if booking.status is not BookingStatus.CONFIRMED:
        return Fault.GIVEN_UP
    if now >= slot.ends_at:
        return Fault.OVER
    zone = slot.activity.event.zone
    return Fault.OTHER_DAY if now.astimezone(zone).date() != slot.starts_at.astimezone(zone).date() else None
