"""An honest chance for who waits: how it went for parties that stood as far back in line, on slots that are over.

Counted from the log. With fewer cases than ``LEAST_CASES`` nothing is said. Who left the line of their own accord
before any offer is left out, since nobody knows how it would have gone.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import func, select
from sqlalchemy.orm import aliased

from iclei_events.db import db
from iclei_events.models import Activity, ActivityKind, Booking, BookingStatus, LogEntry, Slot

LEAST_CASES: Final = 20
LATEST_SLOTS: Final = 50
"""So many of the latest slots of a kind are looked at."""
JOINED: Final = ("join_line", "wait_after_draw")


@dataclass(frozen=True, slots=True)
class Wait:
    """A party that stood in the line of a slot: from when until when, and whether it was offered places or left."""

    slot_id: int | None
    joined_at: datetime
    ended_at: datetime | None
    got: bool
    left: bool = False

    @classmethod
    def of(  # noqa: PLR0913, PLR0917  a row
        cls,
        slot_id: int | None,
        joined_at: datetime,
        status: BookingStatus,
        confirmed_at: datetime | None,
        ended_at: datetime | None,
        offered_at: datetime | None,
    ) -> Wait | None:
        """None where there was room at once: such a party never stood in line."""
        if confirmed_at == joined_at:
            return None
        served_at = offered_at or confirmed_at
        left = served_at is None and status is BookingStatus.CANCELLED
        return cls(slot_id, joined_at, served_at or ended_at, got=served_at is not None, left=left)


@dataclass(frozen=True, slots=True)
class Chance:
    """``got`` of ``of`` parties were offered places."""

    got: int
    of: int

    @property
    def in_ten(self) -> int:
        """Rounded, but all and none only where it was so."""
        return min(max(round(10 * self.got / self.of), 1 if self.got else 0), 10 if self.got == self.of else 9)


def chance(waits: Iterable[Wait], number: int) -> Chance | None:
    """How it went for those who joined at this place in line or further back; None: too few to say."""
    cases = [wait.got for wait, place in _places(waits) if place >= number and not wait.left]
    return Chance(sum(cases), len(cases)) if len(cases) >= LEAST_CASES else None


def _places(waits: Iterable[Wait]) -> Iterator[tuple[Wait, int]]:
    """Each party with the place in line at which it joined; ``waits`` come in the order in which they joined."""
    lines: dict[int | None, list[Wait]] = defaultdict(list)
    for wait in waits:
        line = lines[wait.slot_id]
        line[:] = [other for other in line if other.ended_at is None or other.ended_at > wait.joined_at]
        line.append(wait)
        yield wait, len(line)


def of_number(kind: ActivityKind, number: int, now: datetime) -> Chance | None:
    """The chance at this place in line, by the latest slots of the kind that are over."""
    return chance(_waits(kind, now), number)


def _waits(kind: ActivityKind, now: datetime) -> Iterator[Wait]:
    over = (
        select(Slot.id)
        .join(Slot.activity)
        .where(Activity.kind == kind, Slot.ends_at <= now, Slot.cancelled_at.is_(None))
        .order_by(Slot.ends_at.desc(), Slot.id)
        .limit(LATEST_SLOTS)
    )
    slot_ids = db.session.scalars(over).all()
    if not slot_ids:
        return
    joined, offer = aliased(LogEntry), aliased(LogEntry)
    offered_at = (
        select(func.min(offer.at))
        .where(offer.booking_id == joined.booking_id, offer.slot_id == joined.slot_id, offer.verb == "offer")
        .correlate(joined)
        .scalar_subquery()
    )
    rows = db.session.execute(
        select(joined.slot_id, joined.at, Booking.status, Booking.confirmed_at, Booking.ended_at, offered_at)
        .join(Booking, (Booking.id == joined.booking_id) & (Booking.slot_id == joined.slot_id))
        .where(joined.slot_id.in_(slot_ids), joined.verb.in_(JOINED))
        .where(Booking.confirm_by.is_(None))  # who never confirmed may have been a bot
        .order_by(joined.at, joined.id)
    )
    for row in rows:
        wait = Wait.of(*row)
        if wait is not None:
            yield wait
