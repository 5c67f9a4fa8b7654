"""The capacity board: every slot of an event at a glance, in three queries however many slots there are.

What is held, kept back and waiting stands in the slots' own counters; one grouped reading of the bookings splits
what is held into confirmed and offered, and tells how it grew from day to day.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

from sqlalchemy import Date, case, exists, func, select
from sqlalchemy.orm import contains_eager, joinedload, load_only, raiseload

from iclei_events import clock
from iclei_events.db import db
from iclei_events.models import (
    HOLDING,
    AccessNeed,
    Activity,
    ActivityKind,
    Booking,
    BookingStatus,
    Event,
    NeedState,
    Slot,
    SlotMode,
)
from iclei_events.services.board_rows import Row, Section, Standing, day_of, sections

MOST_POINTS: Final = 24


@dataclass(frozen=True, slots=True)
class Board:
    """``standings``: how many of that day and kind stand so, of ``size`` altogether, whatever of them is shown.

    ``since`` is the day of the first booking: where the curves begin.
    """

    sections: tuple[Section, ...]
    days: tuple[date, ...]
    kinds: tuple[ActivityKind, ...]
    standings: dict[Standing, int]
    size: int
    since: date | None

    @property
    def rows(self) -> list[Row]:
        return [row for section in self.sections for group in section.groups for row in group.rows]

    @property
    def totals(self) -> dict[str, int]:
        return {
            "capacity": sum(row.slot.capacity for row in self.rows),
            "confirmed": sum(row.confirmed for row in self.rows),
            "offered": sum(row.offered for row in self.rows),
            "unconfirmed": sum(row.unconfirmed for row in self.rows),
            "kept_back": sum(row.slot.kept_back for row in self.rows),
            "waiting": sum(row.slot.waiting for row in self.rows),
            "access_needs": sum(row.access_needs for row in self.rows),
        }


@dataclass(frozen=True, slots=True)
class _Taken:
    """What one slot's bookings of one status and one day come to."""

    status: BookingStatus
    is_unconfirmed: bool
    day: date
    places: int
    access_needs: int


def board(
    event: Event,
    *,
    day: date | None = None,
    kind: ActivityKind | None = None,
    standing: Standing | None = None,
    with_slot: int | None = None,
) -> Board:
    """Every slot of the event that is booked, narrowed to a day in its zone, a kind and how it stands.

    ``with_slot`` is shown however it stands: it is being changed, and may stand otherwise by now.
    """
    now = clock.now()
    slots = _slots(event)
    days = tuple(dict.fromkeys(day_of(slot, event) for slot in slots))
    kinds = tuple(dict.fromkeys(slot.activity.kind for slot in slots))
    rows, since = _rows(event, [slot for slot in slots if _is_of(slot, event, day, kind)])
    standings = {each: sum(row.stands(each, now) for row in rows) for each in Standing}
    shown = [row for row in rows if standing is None or row.stands(standing, now) or row.slot.id == with_slot]
    return Board(sections(shown, event), days, kinds, standings, len(rows), since)


def _is_of(slot: Slot, event: Event, day: date | None, kind: ActivityKind | None) -> bool:
    return (day is None or day_of(slot, event) == day) and (kind is None or slot.activity.kind is kind)


def _rows(event: Event, slots: Iterable[Slot]) -> tuple[list[Row], date | None]:
    """A row for each of the slots, and the day on which the event's first booking was made."""
    taken = _taken(event)
    since = min((part.day for parts in taken.values() for part in parts), default=None)
    asked = _unanswered(event)
    return [_row(slot, taken[slot.id], since, asked.get(slot.id, 0)) for slot in slots], since


def _slots(event: Event) -> Sequence[Slot]:
    return db.session.scalars(
        select(Slot)
        .join(Slot.activity)
        .where(Activity.event_id == event.id, Slot.mode != SlotMode.OPEN)
        .options(
            contains_eager(Slot.activity).options(
                load_only(
                    Activity.event_id, Activity.slug, Activity.kind, Activity.format, Activity.title, Activity.position
                ),
                joinedload(Activity.theme),
            ),
            raiseload("*", sql_only=True),
        )
        .order_by(Slot.starts_at, Activity.position, Slot.id)
        .execution_options(populate_existing=True)
    ).all()


def _taken(event: Event) -> dict[int, list[_Taken]]:
    day = func.date(Booking.created_at, type_=Date())
    is_unconfirmed = Booking.confirm_by.is_not(None)
    needs = exists().where(AccessNeed.booking_id == Booking.id)
    found = db.session.execute(
        select(
            Booking.slot_id,
            Booking.status,
            is_unconfirmed,
            day,
            func.sum(Booking.size),
            func.sum(case((needs, 1), else_=0)),
        )
        .join(Booking.slot)
        .join(Slot.activity)
        .where(Activity.event_id == event.id, Booking.status.in_(HOLDING))
        .group_by(Booking.slot_id, Booking.status, is_unconfirmed, day)
        .order_by(day)
    )
    taken: dict[int, list[_Taken]] = defaultdict(list)
    for slot_id, status, unconfirmed, booked_on, size, asking in found:
        taken[slot_id].append(_Taken(status, bool(unconfirmed), booked_on, int(size), int(asking)))
    return taken


def _unanswered(event: Event) -> dict[int, int]:
    """How many needs of parties with places wait for an answer, of each slot that has such."""
    waiting = (
        select(Booking.slot_id, func.count(AccessNeed.id))
        .join(AccessNeed.booking)
        .join(Booking.slot)
        .join(Slot.activity)
        .where(Activity.event_id == event.id, Booking.status.in_(HOLDING), AccessNeed.state == NeedState.ASKED)
        .group_by(Booking.slot_id)
    )
    return dict(db.session.execute(waiting).all())


def _row(slot: Slot, taken: Sequence[_Taken], since: date | None, unanswered: int) -> Row:
    return Row(
        slot,
        offered=sum(part.places for part in taken if part.status is BookingStatus.OFFERED and not part.is_unconfirmed),
        unconfirmed=sum(part.places for part in taken if part.is_unconfirmed),
        access_needs=sum(part.access_needs for part in taken),
        unanswered=unanswered,
        curve=_curve(taken, since),
    )


def _curve(taken: Sequence[_Taken], since: date | None) -> tuple[int, ...]:
    if since is None:
        return ()
    length = max(2, (clock.now().date() - since).days + 1)
    step = -(-length // MOST_POINTS)
    days = [since + timedelta(days=number) for number in range(length - 1, -1, -step)]
    return tuple(sum(part.places for part in taken if part.day <= day) for day in reversed(days))
