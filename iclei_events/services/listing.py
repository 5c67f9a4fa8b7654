"""Everything on an event's programme, read in one query as plain values, and what of it a visitor asks to see.

A list shows up to a hundred slots at once, in the rush. Plain values in one language cost a fifth of what models cost
to load, and slots keep their meaning through ``SlotRules``.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, fields
from datetime import date, datetime
from functools import cache
from typing import Any, Final

from sqlalchemy import ColumnElement, Select, bindparam, func, select, type_coerce

from iclei_events.db import db
from iclei_events.i18n import Language
from iclei_events.models import Activity, ActivityKind, Event, Room, Slot, SlotMode, Venue
from iclei_events.models.types import JsonDocument
from iclei_events.services.listed import BREAK, ListedActivity, ListedRoom, ListedSlot

SESSIONS: Final = frozenset({ActivityKind.SESSION, ActivityKind.WEBINAR})
TOURS: Final = frozenset({ActivityKind.STUDY_TOUR})

ATTENDED: Final = {"in_person": frozenset({"in_person", "hybrid"}), "virtual": frozenset({"virtual", "hybrid"})}
"""The ways to attend that a visitor can ask for, and the modes of activities that offer them."""


@dataclass(frozen=True, slots=True)
class Filters:
    """What a visitor asks to see; None is everything.

    ``words`` are found literally and without regard to case; ``mode`` is a key of ``ATTENDED``; ``free_at`` asks for
    what can be had at that moment.
    """

    day: date | None = None
    theme: str | None = None
    format: str | None = None
    language: str | None = None
    mode: str | None = None
    words: str = ""
    free_at: datetime | None = None

    @property
    def is_narrow(self) -> bool:
        """Whether anything but the day is asked for."""
        return any(getattr(self, field.name) for field in fields(self) if field.name != "day")


@dataclass(frozen=True, slots=True)
class Choices:
    """What there is to filter by, in the order of the programme."""

    days: tuple[date, ...]
    formats: tuple[str, ...]
    languages: tuple[str, ...]
    modes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Listing:
    """An event's slots by time, and its activities that have none."""

    event: Event
    slots: list[ListedSlot]
    timeless: list[tuple[ListedActivity, bool]]

    def choices(self, kinds: Collection[ActivityKind]) -> Choices:
        chosen = [slot for slot in self.slots if slot.activity.kind in kinds]
        formats = (slot.activity.format for slot in chosen)
        return Choices(
            days=tuple(dict.fromkeys(slot.day for slot in chosen)),
            formats=tuple(dict.fromkeys(name for name in formats if name and name != BREAK)),
            languages=tuple(dict.fromkeys(code for slot in chosen for code in slot.languages)),
            modes=tuple(dict.fromkeys(slot.activity.mode for slot in chosen)),
        )

    def find(self, filters: Filters, kinds: Collection[ActivityKind]) -> list[ListedSlot]:
        """The slots of these kinds that match, by time."""
        return [slot for slot in self.slots if slot.activity.kind in kinds and self._is_wanted(slot, filters)]

    def find_timeless(self, filters: Filters, kinds: Collection[ActivityKind]) -> list[ListedActivity]:
        """The activities of these kinds that match and have no time yet."""
        if filters.day or filters.language or filters.free_at:
            return []
        return [
            activity
            for activity, matches in self.timeless
            if matches and activity.kind in kinds and _is_about(activity, filters)
        ]

    def _is_wanted(self, slot: ListedSlot, filters: Filters) -> bool:
        return (
            slot.matches
            and _is_about(slot.activity, filters)
            and (filters.language is None or filters.language in slot.languages)
            and (filters.day is None or filters.day == slot.day)
            and (filters.free_at is None or _is_free(slot, filters.free_at))
        )


def _is_about(activity: ListedActivity, filters: Filters) -> bool:
    if filters.theme is not None and (activity.theme is None or activity.theme.slug != filters.theme):
        return False
    if filters.mode is not None and activity.mode not in ATTENDED[filters.mode]:
        return False
    return filters.format is None or activity.format == filters.format


def _is_free(slot: ListedSlot, moment: datetime) -> bool:
    if slot.mode is SlotMode.OPEN:
        return slot.cancelled_at is None and moment < slot.ends_at
    return slot.takes_bookings(moment) and slot.left > 0


_SLOT: Final[tuple[Any, ...]] = (
    Slot.id, Slot.activity_id, Slot.slug, Slot.starts_at, Slot.ends_at, Slot.mode, Slot.opens_at,
    Slot.closes_at, Slot.cancelled_at, Slot.illustrative, Slot.capacity, Slot.held, Slot.kept_back, Slot.waiting,
)  # fmt: skip
_ACTIVITY: Final[tuple[Any, ...]] = (
    Activity.id, Activity.slug, Activity.kind, Activity.format, Activity.mode, Activity.audience, Activity.pictogram,
    Activity.facts, Activity.position, Activity.illustrative,
)  # fmt: skip
_ROOM: Final[tuple[Any, ...]] = (Room.id, Room.name, Room.seats, Room.position)
_AFTER_SLOT: Final = len(_SLOT)
_AFTER_ACTIVITY: Final = _AFTER_SLOT + len(_ACTIVITY)
_AFTER_ROOM: Final = _AFTER_ACTIVITY + len(_ROOM)


def read(event: Event, language: Language, words: str = "") -> Listing:
    """All that is on the programme of ``event``, whose themes are loaded; ``words`` sets what ``matches``."""
    zone = event.zone
    themes = {theme.id: theme for theme in event.themes}
    found = _found(event, words)
    activities: dict[int, ListedActivity] = {}
    slots: list[ListedSlot] = []
    timeless: list[tuple[ListedActivity, bool]] = []
    for row in db.session.execute(_everything(language), {"event_id": event.id}):
        room, (spoken, venue, theme_id, title, summary) = row[_AFTER_ACTIVITY:_AFTER_ROOM], row[_AFTER_ROOM:]
        activity = activities.get(row[_AFTER_SLOT])
        if activity is None:
            activity = ListedActivity(themes.get(theme_id), title, summary, *row[_AFTER_SLOT:_AFTER_ACTIVITY])
            activities[activity.id] = activity
        matches = found is None or activity.id in found
        if row[0] is None:
            timeless.append((activity, matches))
        else:
            listed_room = ListedRoom(*room) if room[0] is not None else None
            day = row.starts_at.astimezone(zone).date()
            spoken_there = tuple(spoken)
            slots.append(ListedSlot(activity, listed_room, venue, spoken_there, matches, day, *row[:_AFTER_SLOT]))
    return Listing(event, slots, timeless)


@cache
def _everything(language: Language) -> Select[Any]:
    """The one query, built once: that would cost as much as running it."""
    return (
        select(
            *_SLOT,
            *_ACTIVITY,
            *_ROOM,
            Slot.languages,
            _text(Venue.name, language),
            Activity.theme_id,
            _text(Activity.title, language),
            _text(Activity.summary, language),
        )
        .select_from(Activity)
        .outerjoin(Activity.slots)
        .outerjoin(Slot.room)
        .outerjoin(Slot.venue)
        .where(Activity.event_id == bindparam("event_id"))
        .order_by(Slot.starts_at, Activity.position, Slot.id)
    )


def _text(column: Any, language: Language) -> ColumnElement[str]:
    """The text in one language, taken out by the database; Swedish where a translation is missing."""
    texts = type_coerce(column, JsonDocument)
    return func.coalesce(func.nullif(texts[language].as_string(), ""), texts["sv"].as_string())


def _found(event: Event, words: str) -> set[int] | None:
    """The activities in whose search text every word stands, taken literally; None without words: all of them."""
    wanted = [Activity.search_text.contains(word, autoescape=True) for word in words.casefold().split()]
    if not wanted:
        return None
    return set(db.session.scalars(select(Activity.id).where(Activity.event_id == event.id, *wanted)))
