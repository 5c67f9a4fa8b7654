"""The tabs above a programme: one for each day on which there is something, and one for the day of the tours."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from iclei_events.i18n import Language, write_day
from iclei_events.models import Event


@dataclass(frozen=True, slots=True)
class DayTab:
    """``weekday`` stands above the number of the day, ``month`` below it where it is not the same for all."""

    day: date
    weekday: str
    month: str = ""
    is_tours: bool = False


def tabs_of(event: Event, days: Sequence[date], tour_days: Sequence[date], language: Language) -> list[DayTab]:
    """A tab for each of ``days``; the first day of the tours has one of its own where it is none of them."""
    own = tour_days[0] if tour_days and tour_days[0] not in days else None
    shown = sorted([*days, own] if own else days)
    named = {(day.year, day.month) for day in (*shown, event.starts_on, event.ends_on)}
    return [_tab(day, named, language, is_tours=day == own) for day in shown]


def _tab(day: date, months: set[tuple[int, int]], language: Language, *, is_tours: bool) -> DayTab:
    """Told by the same parts as every other: the month where there are several, the year likewise."""
    month = _short(day, language, "MMMM") if len(months) > 1 else ""
    if len({year for year, _ in months}) > 1:
        month = f"{month} {day.year}"
    return DayTab(day, _short(day, language, "EEEE"), month, is_tours=is_tours)


def _short(day: date, language: Language, pattern: str) -> str:
    """Three letters, in Swedish without the full stop of some abbreviations and not of others."""
    return write_day(day, language, pattern)[:3]
