"""The one query behind a listing, and what its rows mean.

A row is looked up as the database hands it over: one that says what it said before is not made into values anew. In
the rush that is every row but those whose counters changed; a changed row is another row, so none can ever be old.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from functools import cache, lru_cache
from typing import Any, Final, NamedTuple
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, Select, Text, bindparam, cast, func, select, type_coerce
from sqlalchemy.types import NullType

from iclei_events.db import db, read_json
from iclei_events.i18n import Bilingual, Language
from iclei_events.models import Activity, ActivityKind, Audience, Event, Room, Slot, SlotMode, Theme, Venue
from iclei_events.models.types import JsonDocument
from iclei_events.services.listed import Fact, ListedActivity, ListedRoom, ListedSlot, ListedTheme

MOST_ROWS: Final = 512
"""More than an event has in both languages, some of them as they were a few bookings ago: about a mebibyte."""

_SLOT: Final[tuple[Any, ...]] = (
    Slot.id, Slot.activity_id, Slot.venue_id, Slot.slug, Slot.starts_at, Slot.ends_at, Slot.mode, Slot.opens_at,
    Slot.closes_at, Slot.cancelled_at, Slot.illustrative, Slot.capacity, Slot.held, Slot.kept_back, Slot.waiting,
    Slot.out_of_reach,
)  # fmt: skip
_ACTIVITY: Final[tuple[Any, ...]] = (
    Activity.id, Activity.slug, Activity.kind, Activity.format, Activity.mode, Activity.audience, Activity.pictogram,
    Activity.position, Activity.illustrative, Activity.step_free,
)  # fmt: skip
_ROOM: Final[tuple[Any, ...]] = (Room.id, Room.name, Room.seats, Room.position)
_AFTER_SLOT: Final = len(_SLOT)
_AFTER_ACTIVITY: Final = _AFTER_SLOT + len(_ACTIVITY)
_AFTER_ROOM: Final = _AFTER_ACTIVITY + len(_ROOM)


class ListedRow(NamedTuple):
    """An activity at one of its times, or without any."""

    activity: ListedActivity
    slot: ListedSlot | None


def read(event: Event, language: Language) -> Iterable[ListedRow]:
    """Every activity of the event at each of its times, by time."""
    rows = db.session.connection().execute(_everything(language), {"event_id": event.id}).all()
    zone = event.zone
    return [_listed(tuple(row), zone) for row in rows]


@cache
def _everything(language: Language) -> Select[Any]:
    """The query, built once: that would cost as much as running it."""
    columns = (
        *_SLOT,
        *_ACTIVITY,
        *_ROOM,
        _text(Venue.name, language),
        cast(Slot.languages, Text),
        _text(Activity.title, language),
        _text(Activity.summary, language),
        cast(Activity.facts, Text),
        Theme.slug,
        Theme.pictogram,
        cast(Theme.title, Text),
    )
    raw: list[ColumnElement[Any]] = [type_coerce(column, NullType()) for column in columns]
    return (
        select(*raw)
        .select_from(Activity)
        .outerjoin(Activity.theme)
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


@lru_cache(maxsize=MOST_ROWS)
def _listed(row: tuple[Any, ...], zone: ZoneInfo) -> ListedRow:
    venue, spoken, title, summary, facts, *theme = row[_AFTER_ROOM:]
    number, slug, kind, format_, mode, audience, pictogram, position, illustrative, step_free = row[
        _AFTER_SLOT:_AFTER_ACTIVITY
    ]
    activity = ListedActivity(
        _theme(*theme), title, summary, _facts(facts), number, slug, ActivityKind(kind), format_, mode,
        Audience(audience), pictogram, position, bool(illustrative), bool(step_free),
    )  # fmt: skip
    if row[0] is None:
        return ListedRow(activity, None)
    room = ListedRoom(*row[_AFTER_ACTIVITY:_AFTER_ROOM]) if row[_AFTER_ACTIVITY] is not None else None
    return ListedRow(activity, _slot(activity, room, venue, tuple(read_json(spoken)), zone, *row[:_AFTER_SLOT]))


def _slot(  # noqa: PLR0913, PLR0917  the columns of _SLOT, in their order
    activity: ListedActivity, room: ListedRoom | None, venue: str | None, spoken: tuple[str, ...], zone: ZoneInfo,
    number: int, activity_id: int, venue_id: int | None, slug: str, starts_at: Any, ends_at: Any, mode: str,
    opens_at: Any, closes_at: Any, cancelled_at: Any, illustrative: int, *counters: int,
) -> ListedSlot:  # fmt: skip
    start = _moment(starts_at)
    return ListedSlot(
        activity, room, venue, spoken, start.astimezone(zone).date(), number, activity_id, venue_id, slug, start,
        _moment(ends_at), SlotMode(mode), _moment_if_any(opens_at), _moment_if_any(closes_at),
        _moment_if_any(cancelled_at), bool(illustrative), *counters,
    )  # fmt: skip


def _theme(slug: str | None, pictogram: str, title: str) -> ListedTheme | None:
    return ListedTheme(slug, pictogram, Bilingual.from_mapping(read_json(title))) if slug is not None else None


def _facts(document: str) -> tuple[Fact, ...]:
    return tuple(Fact(fact["icon"], Bilingual.from_mapping(fact["text"])) for fact in read_json(document))


def _moment(value: datetime | str) -> datetime:
    """A moment as ``UtcDateTime`` keeps it: PostgreSQL hands over one with a zone, SQLite UTC as text."""
    moment = datetime.fromisoformat(value) if isinstance(value, str) else value
    return moment.astimezone(UTC) if moment.tzinfo is not None else moment.replace(tzinfo=UTC)


def _moment_if_any(value: datetime | str | None) -> datetime | None:
    return _moment(value) if value is not None else None
