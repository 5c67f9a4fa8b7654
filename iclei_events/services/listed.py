"""Plain values that lists are made of, in one language: an activity, a room, a slot with the rules of its model."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final, NamedTuple

from iclei_events.models import ActivityKind, Audience, SlotMode, SlotRules, Theme

BREAK: Final = "social"
"""The format of what is no session: with an open slot it is a break, such as lunch."""


class ListedActivity(NamedTuple):
    theme: Theme | None
    title: str
    summary: str
    id: int
    slug: str
    kind: ActivityKind
    format: str | None
    mode: str
    audience: Audience
    pictogram: str | None
    facts: list[Any]
    position: int
    illustrative: bool


class ListedRoom(NamedTuple):
    id: int
    name: str
    seats: int | None
    position: int


@dataclass(slots=True, eq=False)
class ListedSlot(SlotRules):
    activity: ListedActivity
    room: ListedRoom | None
    venue: str | None
    languages: tuple[str, ...]
    matches: bool
    """Whether the words searched for stand in its activity."""
    day: date
    """On which it begins, in the zone of its event."""
    id: int
    activity_id: int
    slug: str
    starts_at: datetime
    ends_at: datetime
    mode: SlotMode
    opens_at: datetime | None
    closes_at: datetime | None
    cancelled_at: datetime | None
    illustrative: bool
    capacity: int
    held: int
    kept_back: int
    waiting: int

    @property
    def is_break(self) -> bool:
        return self.activity.format == BREAK and self.mode is SlotMode.OPEN
