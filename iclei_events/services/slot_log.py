"""What has been decided about one slot, as its organisers read it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import joinedload, raiseload

from iclei_events.db import db
from iclei_events.models import Booking, LogEntry, Slot

LATEST: Final = 200


@dataclass(frozen=True, slots=True)
class Line:
    """One decision; ``reference`` of the booking it was about, if it was about one."""

    entry: LogEntry
    reference: str | None


def latest(slot: Slot) -> list[Line]:
    """The latest decisions about the slot, the newest first."""
    found = db.session.execute(
        select(LogEntry, Booking.reference)
        .outerjoin(Booking, Booking.id == LogEntry.booking_id)
        .where(LogEntry.slot_id == slot.id)
        .options(joinedload(LogEntry.staff), raiseload("*", sql_only=True))
        .order_by(LogEntry.id.desc())
        .limit(LATEST)
    )
    return [Line(entry, reference) for entry, reference in found]
