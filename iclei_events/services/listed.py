"""Plain values that lists are made of, in one language: an activity, a room, a slot with the rules of its model.

They are equal where they say the same, so that what a page once wrote of them need not be written anew.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Final, NamedTuple

from iclei_events.i18n import Bilingual
from iclei_events.models import ActivityKind, Audience, SlotMode, SlotRules

BREAK: Final = "social"
"""The format of what is no session: with an open slot it is a break, such as lunch."""


class ListedTheme(NamedTuple):
    slug: str
    pictogram: str
    title: Bilingual


class Fact(NamedTuple):
    icon: str
    text: Bilingual


class ListedActivity(NamedTuple):
    theme: ListedTheme | None
    title: str
    summary: str
    facts: tuple[Fact, ...]
    id: int
    slug: str
    kind: ActivityKind
    format: str | None
    mode: str
    audience: Audience
    pictogram: str | None
    position: int
    illustrative: bool
    step_free: bool


class ListedRoom(NamedTuple):
    id: int
    name: str
    seats: int | None
    position: int


class _SlotColumns(NamedTuple):
    activity: ListedActivity
    room: ListedRoom | None
    venue: str | None
    languages: tuple[str, ...]
    day: date
    """On which it begins, in the zone of its event."""
    id: int
    activity_id: int
    venue_id: int | None
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
    out_of_reach: int


class ListedSlot(SlotRules, _SlotColumns):
    __slots__ = ()

    @property
    def is_break(self) -> bool:
        return self.activity.format == BREAK and self.mode is SlotMode.OPEN
