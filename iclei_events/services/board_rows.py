"""What the capacity board is made of: rows of slots, in groups, in sections; and by what staff narrow it."""

from __future__ import annotations

import enum
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final

from iclei_events.models import FEW_PLACES, RESIDENTS, Activity, ActivityKind, Event, Slot, SlotState

TOGETHER: Final = frozenset({ActivityKind.SESSION, ActivityKind.WEBINAR})
"""Kinds whose activities mostly have one slot: they stand together under their day, not each under its own title."""
WORKSHOPS: Final = frozenset({"workshop", "mobile_workshop"})
"""The formats of small groups: they fill up sooner than what takes place in a hall."""


class Standing(enum.StrEnum):
    """How a slot stands, as far as staff look for it; one may stand so in several ways."""

    FULL = "full"  # or nearly: as few places left as the public is told the number of
    QUEUE = "queue"
    LATER = "later"


class Part(enum.StrEnum):
    """A section of the board: what residents book first, since it fills up and its visitors need no pass."""

    TOURS = "tours"
    WORKSHOPS = "workshops"
    SESSIONS = "sessions"


@dataclass(frozen=True, slots=True)
class Row:
    """One slot. ``unconfirmed``: places held for who booked without proof and has not confirmed yet.

    ``access_needs``: parties that need something; ``unanswered``: needs that wait for an answer.

    ``curve``: places held that were booked up to each day, the oldest first.
    """

    slot: Slot
    offered: int
    unconfirmed: int
    access_needs: int
    unanswered: int
    curve: tuple[int, ...]

    @property
    def confirmed(self) -> int:
        return self.slot.held - self.offered - self.unconfirmed

    @property
    def unconfirmed_share(self) -> int:
        """Of a hundred places held, how many nobody has confirmed; never 0 where there are some."""
        return max(1, round(100 * self.unconfirmed / self.slot.held)) if self.unconfirmed else 0

    def stands(self, standing: Standing, now: datetime) -> bool:
        """Whether staff look for it: not for what is over or called off, and what has not opened is not full."""
        state = self.slot.state(now)
        if state in {SlotState.CANCELLED, SlotState.OVER}:
            return False
        match standing:
            case Standing.FULL:
                return self.slot.left <= FEW_PLACES and state not in {SlotState.NOT_YET, SlotState.DRAW}
            case Standing.QUEUE:
                return self.slot.waiting > 0
            case Standing.LATER:
                return state is SlotState.NOT_YET

    @property
    def part(self) -> Part:
        if self.slot.activity.kind in RESIDENTS:
            return Part.TOURS
        return Part.WORKSHOPS if self.slot.activity.format in WORKSHOPS else Part.SESSIONS


@dataclass(frozen=True, slots=True)
class Group:
    """The slots of one activity on one day, or with ``activity`` None all of the section on that day."""

    day: date
    activity: Activity | None
    rows: tuple[Row, ...]

    @property
    def scale(self) -> int:
        """The longest bar of the group, so that its bars compare."""
        return max(max(row.slot.capacity, row.slot.held + row.slot.kept_back) + row.slot.waiting for row in self.rows)


@dataclass(frozen=True, slots=True)
class Section:
    part: Part
    groups: tuple[Group, ...]

    @property
    def size(self) -> int:
        return sum(len(group.rows) for group in self.groups)


def sections(rows: Iterable[Row], event: Event) -> tuple[Section, ...]:
    """The rows, by time, in the sections of the board; one that would be empty is left out."""
    of_part: defaultdict[Part, list[Row]] = defaultdict(list)
    for row in rows:
        of_part[row.part].append(row)
    return tuple(Section(part, _groups(of_part[part], event)) for part in Part if part in of_part)


def _groups(rows: Iterable[Row], event: Event) -> tuple[Group, ...]:
    """In the order of the programme, whichever of their rows are shown."""
    together: defaultdict[tuple[date, int, int], list[Row]] = defaultdict(list)
    for row in rows:
        activity = row.slot.activity
        place = (0, 0) if activity.kind in TOGETHER else (activity.position, activity.id)
        together[day_of(row.slot, event), *place].append(row)
    return tuple(
        Group(day, members[0].slot.activity if activity_id else None, tuple(members))
        for (day, _, activity_id), members in sorted(together.items())
    )


def day_of(slot: Slot, event: Event) -> date:
    """On which it begins, in the zone of its event."""
    return slot.starts_at.astimezone(event.zone).date()
