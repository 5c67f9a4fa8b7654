"""The query behind a listing, and what its rows mean.

Two things make a list, and each is read as seldom as it can be. What is said about activities changes when a content
pack is loaded, and is read again when the event's ``content_revision`` says so. Slots are asked for each time, for
their counters; a row is looked up as the database hands it over, and one that says what it said before is not made into
values anew. In the rush that is every row but those whose counters changed; a changed row is another row, so no slot
can ever be old.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from functools import cache, lru_cache
from types import MappingProxyType
from typing import Any, Final, NamedTuple
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, Select, Text, bindparam, cast, select, type_coerce
from sqlalchemy.types import NullType

from iclei_events.db import db, read_json
from iclei_events.i18n import Bilingual, Language
from iclei_events.models import Activity, Event, Room, Slot, SlotMode, Theme, Venue
from iclei_events.services.listed import Fact, ListedActivity, ListedRoom, ListedSlot, ListedTheme

MOST_ROWS: Final = 512
"""More than an event has in both languages, some of them as they were a few bookings ago: about a mebibyte."""

MOST_TEXTS: Final = 32
"""Of so many events what is said about their activities is kept; each language counts, and each revision."""

_SLOT: Final[tuple[Any, ...]] = (
    Slot.id, Slot.activity_id, Slot.venue_id, Slot.slug, Slot.starts_at, Slot.ends_at, Slot.mode, Slot.opens_at,
    Slot.closes_at, Slot.cancelled_at, Slot.illustrative, Slot.capacity, Slot.held, Slot.kept_back, Slot.waiting,
    Slot.out_of_reach,
)  # fmt: skip
_ROOM: Final[tuple[Any, ...]] = (Room.id, Room.name, Room.seats, Room.position)
_AFTER_SLOT: Final = len(_SLOT)
_AFTER_ROOM: Final = _AFTER_SLOT + len(_ROOM)
_ACTIVITY: Final[tuple[Any, ...]] = (
    Activity.id, Activity.slug, Activity.kind, Activity.format, Activity.mode, Activity.audience, Activity.pictogram,
    Activity.position, Activity.illustrative, Activity.step_free,
)  # fmt: skip


class Texts(NamedTuple):
    """What is said about an event's activities, by their id and in the order of the programme; all its themes."""

    themes: tuple[ListedTheme, ...]
    activities: Mapping[int, ListedActivity]


class ListedRows(NamedTuple):
    """An event's slots by time, its activities that have none, and its themes."""

    slots: list[ListedSlot]
    timeless: list[ListedActivity]
    themes: tuple[ListedTheme, ...]


def read(event: Event, language: Language) -> ListedRows:
    """Every activity of the event at each of its times."""
    texts = kept_texts(event.id, event.content_revision, language)
    rows = db.session.connection().execute(_slots(), {"event_id": event.id}).all()
    with_time = {row.activity_id for row in rows}
    if not with_time <= texts.activities.keys():
        # A content pack was loaded just now, between the texts and the slots.
        texts = _read_texts(event.id, language)
    activities, zone = texts.activities, event.zone
    return ListedRows(
        [_listed(tuple(row), activities[row.activity_id], language, zone) for row in rows],
        [activity for number, activity in activities.items() if number not in with_time],
        texts.themes,
    )


@cache
def _slots() -> Select[Any]:
    """The query, built once: that would cost as much as running it."""
    return (
        select(*_raw(*_SLOT, *_ROOM, cast(Venue.name, Text), cast(Slot.languages, Text)))
        .select_from(Slot)
        .join(Slot.activity)
        .outerjoin(Slot.room)
        .outerjoin(Slot.venue)
        .where(Activity.event_id == bindparam("event_id"))
        .order_by(Slot.starts_at, Activity.position, Slot.id)
    )


def _raw(*columns: Any) -> list[ColumnElement[Any]]:
    """The columns as the driver hands them over."""
    return [type_coerce(column, NullType()) for column in columns]


@lru_cache(maxsize=MOST_TEXTS)
def kept_texts(event_id: int, _content_revision: int, language: Language) -> Texts:
    """The texts of an event as they are at that revision."""
    return _read_texts(event_id, language)


def _read_texts(event_id: int, language: Language) -> Texts:
    themes = {
        number: ListedTheme(slug, pictogram, title)
        for number, slug, pictogram, title in db.session.execute(
            select(Theme.id, Theme.slug, Theme.pictogram, Theme.title)
            .where(Theme.event_id == event_id)
            .order_by(Theme.position)
        )
    }
    rows = db.session.execute(
        select(Activity.theme_id, Activity.title, Activity.summary, Activity.facts, *_ACTIVITY)
        .where(Activity.event_id == event_id)
        .order_by(Activity.position, Activity.id)
    )
    activities = [
        ListedActivity(
            themes.get(theme_id), title.in_language(language), summary.in_language(language),
            tuple([Fact(fact["icon"], Bilingual.from_mapping(fact["text"])) for fact in facts]), *others,
        )
        for theme_id, title, summary, facts, *others in rows
    ]  # fmt: skip
    return Texts(tuple(themes.values()), MappingProxyType({activity.id: activity for activity in activities}))


@lru_cache(maxsize=MOST_ROWS)
def _listed(row: tuple[Any, ...], activity: ListedActivity, language: Language, zone: ZoneInfo) -> ListedSlot:
    venue, spoken = row[_AFTER_ROOM:]
    return _slot(
        activity,
        ListedRoom(*row[_AFTER_SLOT:_AFTER_ROOM]) if row[_AFTER_SLOT] is not None else None,
        Bilingual.from_mapping(read_json(venue)).in_language(language) if venue is not None else None,
        tuple(read_json(spoken)),
        zone,
        *row[:_AFTER_SLOT],
    )


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


def _moment(value: datetime | str) -> datetime:
    """A moment as ``UtcDateTime`` keeps it: PostgreSQL hands over one with a zone, SQLite UTC as text."""
    moment = datetime.fromisoformat(value) if isinstance(value, str) else value
    return moment.astimezone(UTC) if moment.tzinfo is not None else moment.replace(tzinfo=UTC)


def _moment_if_any(value: datetime | str | None) -> datetime | None:
    return _moment(value) if value is not None else None
