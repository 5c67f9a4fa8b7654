"""The tabs above a programme: one for each day on which there is something, and one for the day of the tours."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

from iclei_events.i18n import Language, write_day
from iclei_events.models import Event

SHORT: Final = timedelta(days=14)
"""Shorter than this an event has each weekday about once; the days of a longer one are told apart by their month."""

DAY_BEFORE: Final = timedelta(days=1)
"""The day before an event, on which people arrive, belongs to its weekdays."""


@dataclass(frozen=True, slots=True)
class DayTab:
    """``word`` stands under the number of the day: three letters of its weekday or month."""

    day: date
    word: str = ""
    is_tours: bool = False


def tabs_of(event: Event, days: Sequence[date], tour_days: Sequence[date], language: Language) -> list[DayTab]:
    """A tab for each of ``days``; the first day of the tours has one of its own where it is none of them."""
    tabs = [DayTab(day, _word(event, day, language)) for day in days]
    if tour_days and tour_days[0] not in days:
        tabs.append(DayTab(tour_days[0], is_tours=True))
    return sorted(tabs, key=lambda tab: tab.day)


def _word(event: Event, day: date, language: Language) -> str:
    is_near = event.starts_on - DAY_BEFORE <= day <= event.ends_on
    pattern = "EEEE" if is_near and event.ends_on - event.starts_on < SHORT else "MMMM"
    return write_day(day, language, pattern)[:3]
