"""What the pages of a booking tell of its clashes with others that this browser has opened."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from iclei_events.models import Booking, Slot
from iclei_events.services import aids, moving, own_times
from iclei_events.services.clashes import Gap
from iclei_events.services.own_days import OwnDay
from iclei_events.web import access, ways


def opened(*, beside: str | None = None) -> list[Booking]:
    """The bookings holding places that this browser may open: nobody else's are told of.

    ``beside``: the reference of one that is known already, which most people have and no other.
    """
    references = [reference for reference in access.remembered() if reference != beside]
    return [booking for booking in own_times.of_references(references) if access.may_open(booking)]


def day_beside(own: Booking) -> OwnDay:
    """What the party of a booking keeps beside it."""
    return OwnDay.beside(own, opened(beside=own.reference), ways.chosen())


def gap_of(day: OwnDay, slot: Slot) -> Gap | None:
    """The gap to what the slot clashes with, if it clashes."""
    found = day.clashes_with(slot)
    return found[0].gap if found else None


def shown(own: Booking, times: Sequence[Slot], now: datetime) -> dict[str, Any]:
    """The clashes of a booking, the nearest time it could change to, and which of the ``times`` clash too.

    A time that has what the party was promised comes before a nearer one without: ``instead_lacks`` is true of that.
    """
    if own.status not in moving.MOVABLE or own.slot.cancelled_at is not None or own.slot.ends_at <= now:
        return {"gaps": {}}
    day = day_beside(own)
    found = day.clashes_with(own.slot)
    others = [slot for slot in times if slot.id != own.slot_id and slot.takes_bookings(now) and slot.left >= own.size]
    lacking = aids.promised_missing_at(own.access_needs, [slot.id for slot in others]) if found else {}
    complete = [slot for slot in others if found and not lacking[slot.id]]
    instead = day.nearest_that_fits(own.slot, complete) or day.nearest_that_fits(own.slot, others)
    return {
        "clashes": found,
        "instead": instead if found else None,
        "instead_lacks": instead is not None and instead not in complete,
        "gaps": {slot.id: gap for slot in times if (gap := gap_of(day, slot)) is not None},
    }
