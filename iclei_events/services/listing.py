"""Everything on an event's programme, as plain values, and what of it a visitor asks to see.

A list shows up to a hundred slots at once, in the rush. Plain values in one language cost a small part of what models
cost to load, and slots keep their meaning through ``SlotRules``.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, fields
from datetime import date, datetime
from typing import Final

from sqlalchemy import select

from iclei_events.db import db
from iclei_events.i18n import Language
from iclei_events.models import Activity, ActivityKind, Event, SlotMode
from iclei_events.services import listing_rows
from iclei_events.services.listed import BREAK, ListedActivity, ListedSlot, ListedTheme

SESSIONS: Final = frozenset({ActivityKind.SESSION, ActivityKind.WEBINAR})
TOURS: Final = frozenset({ActivityKind.STUDY_TOUR})

ATTENDED: Final = {"in_person": frozenset({"in_person", "hybrid"}), "virtual": frozenset({"virtual", "hybrid"})}
"""The ways to attend that a visitor can ask for, and the modes of activities that offer them."""


@dataclass(frozen=True, slots=True)
class Filters:
    """What a visitor asks to see; None is everything.

    ``words`` are found literally and without regard to case; ``mode`` is a key of ``ATTENDED``; ``free_at`` asks for
    what can be had at that moment, ``step_free`` what is known to have no steps on the way.
    """

    day: date | None = None
    theme: str | None = None
    format: str | None = None
    language: str | None = None
    mode: str | None = None
    words: str = ""
    free_at: datetime | None = None
    step_free: bool = False

    @property
    def is_narrow(self) -> bool:
        """Whether anything but the day is asked for."""
        return any(getattr(self, field.name) for field in fields(self) if field.name != "day")


@dataclass(frozen=True, slots=True)
class Choices:
    """What there is to filter by, in the order of the programme."""

    days: tuple[date, ...]
    themes: tuple[ListedTheme, ...]
    formats: tuple[str, ...]
    languages: tuple[str, ...]
    modes: tuple[str, ...]
    step_free: bool = False


@dataclass(frozen=True, slots=True)
class Listing:
    """An event's slots by time, and its activities that have none; ``found`` are those with the words searched for."""

    event: Event
    themes: tuple[ListedTheme, ...]
    slots: list[ListedSlot]
    timeless: list[ListedActivity]
    found: Collection[int] | None

    def choices(self, kinds: Collection[ActivityKind]) -> Choices:
        chosen = [slot for slot in self.slots if slot.activity.kind in kinds]
        formats = (slot.activity.format for slot in chosen)
        return Choices(
            days=tuple(dict.fromkeys(slot.day for slot in chosen)),
            themes=self.themes,
            formats=tuple(dict.fromkeys(name for name in formats if name and name != BREAK)),
            languages=tuple(dict.fromkeys(code for slot in chosen for code in slot.languages)),
            modes=tuple(dict.fromkeys(slot.activity.mode for slot in chosen)),
            step_free=any(slot.activity.step_free for slot in chosen),
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
            for activity in self.timeless
            if activity.kind in kinds and self._is_found(activity) and _is_about(activity, filters)
        ]

    def _is_found(self, activity: ListedActivity) -> bool:
        return self.found is None or activity.id in self.found

    def _is_wanted(self, slot: ListedSlot, filters: Filters) -> bool:
        return (
            self._is_found(slot.activity)
            and _is_about(slot.activity, filters)
            and (filters.language is None or filters.language in slot.languages)
            and (filters.day is None or filters.day == slot.day)
            and (filters.free_at is None or _is_free(slot, filters.free_at))
        )


def _is_about(activity: ListedActivity, filters: Filters) -> bool:
    if filters.theme is not None and (activity.theme is None or activity.theme.slug != filters.theme):
        return False
    if filters.step_free and not activity.step_free:
        return False
    if filters.mode is not None and activity.mode not in ATTENDED[filters.mode]:
        return False
    return filters.format is None or activity.format == filters.format


def _is_free(slot: ListedSlot, moment: datetime) -> bool:
    if slot.mode is SlotMode.OPEN:
        return slot.cancelled_at is None and moment < slot.ends_at
    return slot.takes_bookings(moment) and slot.left > 0


def read(event: Event, language: Language, words: str = "") -> Listing:
    """All that is on the programme of ``event``; ``words`` set what is found among it."""
    rows = listing_rows.read(event, language)
    return Listing(event, rows.themes, rows.slots, rows.timeless, found=_found(event, words))


def _found(event: Event, words: str) -> set[int] | None:
    """The activities in whose search text every word stands, taken literally; None without words: all of them."""
    wanted = [Activity.search_text.contains(word, autoescape=True) for word in words.casefold().split()]
    if not wanted:
        return None
    return set(db.session.scalars(select(Activity.id).where(Activity.event_id == event.id, *wanted)))
