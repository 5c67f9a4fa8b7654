"""How texts, times and numbers are written in the page's language, in the zone of the event."""

from __future__ import annotations

from datetime import date, datetime, tzinfo
from functools import lru_cache
from zoneinfo import ZoneInfo

from babel.numbers import format_decimal
from flask import Flask, g
from flask_babel import gettext
from markupsafe import Markup, escape

from iclei_events import clock
from iclei_events.i18n import Bilingual, Language, write_day, write_time
from iclei_events.services.need_words import in_words
from iclei_events.web.languages import current_language

STOCKHOLM = ZoneInfo("Europe/Stockholm")

METRES_IN_KILOMETRE = 1000
MINUTES_IN_HOUR = 60
MOST_MOMENTS = 4096
"""More times than the events in the database have; a list of slots writes each of them often."""


def init_app(app: Flask) -> None:
    days = (day_long, day_full, day_short, day_number, weekday)
    words = (capitalize_first, apart, in_words, metres, duration)
    for function in (tr, tr_html, clock_time, *days, period, moment, iso, *words):
        app.add_template_filter(function)
    app.context_processor(lambda: {"demo_clock": clock.now() if clock.is_shifted() else None})


def zone() -> tzinfo:
    """The zone of the event on the page; Malmö's when the page has no event."""
    event = g.get("event")
    return event.zone if event is not None else STOCKHOLM


def tr(value: Bilingual | dict[str, str] | None) -> str:
    """A bilingual text in the page's language."""
    if value is None:
        return ""
    text = value if isinstance(value, Bilingual) else Bilingual.from_mapping(value)
    return text.in_language(current_language())


def tr_html(value: Bilingual | dict[str, str] | None) -> Markup:
    """A longer bilingual text: its blank lines make paragraphs."""
    paragraphs = (part.strip() for part in tr(value).split("\n\n"))
    return Markup("").join(Markup("<p>{}</p>").format(escape(part)) for part in paragraphs if part)


def _local(value: datetime) -> datetime:
    return _in_zone(value, zone())


@lru_cache(maxsize=MOST_MOMENTS)
def _in_zone(value: datetime, there: tzinfo) -> datetime:
    return value.astimezone(there)


def clock_time(value: datetime) -> str:
    """09.30 in Swedish, 09:30 in English."""
    return _write_time(value, zone(), current_language())


@lru_cache(maxsize=MOST_MOMENTS)
def _write_time(value: datetime, there: tzinfo, language: Language) -> str:
    return write_time(_in_zone(value, there), language)


def _format_day(value: date, pattern: str) -> str:
    day = _local(value).date() if isinstance(value, datetime) else value
    return write_day(day, current_language(), pattern)


def day_long(value: date) -> str:
    """lördag 14 maj 2022, Saturday 14 May 2022."""
    return _format_day(value, "EEEE d MMMM y")


def day_full(value: date) -> str:
    """14 maj 2022, 14 May 2022."""
    return _format_day(value, "d MMMM y")


def day_short(value: date) -> str:
    """14 maj, 14 May."""
    return _format_day(value, "d MMMM")


def day_number(value: date) -> str:
    return _format_day(value, "d")


def weekday(value: date) -> str:
    """lördag, Saturday."""
    return _format_day(value, "EEEE")


def period(start: datetime, end: datetime) -> str:
    """09.30–11.00, 09:30–11:00."""
    return f"{clock_time(start)}–{clock_time(end)}"


def moment(value: datetime) -> str:
    """Day and time in a sentence: 14 maj klockan 09.30, 14 May at 09:30."""
    return gettext("%(day)s at %(time)s", day=day_short(value), time=clock_time(value))


def iso(value: datetime) -> str:
    """For ``<time datetime>``: local time with offset."""
    return _local(value).isoformat(timespec="minutes")


def capitalize_first(text: str) -> str:
    """A sentence's first letter: days are written small in Swedish, but not there."""
    return text[:1].upper() + text[1:]


def metres(value: int) -> str:
    """500 m; from a kilometre on 1,2 km in Swedish, 1.2 km in English."""
    if value < METRES_IN_KILOMETRE:
        return gettext("%(n)s m", n=value)
    return gettext("%(n)s km", n=format_decimal(value / METRES_IN_KILOMETRE, "0.#", current_language()))


def duration(minutes: int) -> str:
    """45 min; from an hour on 1 tim 15 min in Swedish, 1 h 15 min in English."""
    hours, rest = divmod(minutes, MINUTES_IN_HOUR)
    if not hours:
        return gettext("%(minutes)s min", minutes=rest)
    if not rest:
        return gettext("%(hours)s h", hours=hours)
    return gettext("%(hours)s h %(minutes)s min", hours=hours, minutes=rest)


def apart(text: str) -> Markup:
    """Somebody's own words inside a sentence of ours: their direction ends where they do."""
    return Markup("<bdi>{}</bdi>").format(text)
