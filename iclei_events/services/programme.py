"""Events and single activities, each with everything its page shows; lists are read by ``services.listing``."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from functools import cache
from typing import Final

from sqlalchemy import Select, bindparam, select
from sqlalchemy.orm import joinedload, load_only, raiseload, selectinload

from iclei_events.db import db
from iclei_events.models import Activity, ActivityKind, Contribution, Event, Slot
from iclei_events.services.listed import ListedSlot

PARTIES: Final = frozenset({ActivityKind.PARTY})


def events() -> Sequence[Event]:
    """All events, the latest first."""
    return db.session.scalars(
        select(Event).options(raiseload("*", sql_only=True)).order_by(Event.starts_on.desc(), Event.id)
    ).all()


def activities() -> Sequence[Activity]:
    """The address of every activity there is, for search engines: its slug, kind and event alone."""
    return db.session.scalars(
        select(Activity)
        .options(
            load_only(Activity.slug, Activity.kind),
            joinedload(Activity.event, innerjoin=True).load_only(Event.slug),
            raiseload("*", sql_only=True),
        )
        .order_by(Activity.event_id, Activity.position, Activity.id)
    ).all()


def find_event(slug: str) -> Event | None:
    """Find an event, by itself."""
    return db.session.scalars(_event(), {"slug": slug}).one_or_none()


@cache
def _event() -> Select[Event]:
    """Built once: every page begins with it."""
    return select(Event).where(Event.slug == bindparam("slug")).options(raiseload("*", sql_only=True))


def find_activity(event: Event, slug: str, *, kinds: Collection[ActivityKind]) -> Activity | None:
    """Find one activity of the event."""
    return db.session.scalars(_whole(event, kinds).where(Activity.slug == slug)).one_or_none()


def find_party(event: Event) -> Activity | None:
    """Find the event's opening party."""
    return db.session.scalars(_whole(event, PARTIES).order_by(Activity.position, Activity.id).limit(1)).first()


def next_departures(slots: Iterable[ListedSlot], now: datetime) -> list[ListedSlot]:
    """One slot for each activity: the first with room for a newcomer, else the first that has not begun."""
    first: dict[int, ListedSlot] = {}
    for slot in slots:
        if slot.starts_at <= now or slot.cancelled_at is not None:
            continue
        chosen = first.setdefault(slot.activity_id, slot)
        if not _has_room(chosen, now) and _has_room(slot, now):
            first[slot.activity_id] = slot
    return sorted(first.values(), key=lambda slot: slot.starts_at)


def _has_room(slot: ListedSlot, now: datetime) -> bool:
    return slot.takes_bookings(now) and slot.left > 0


def _whole(event: Event, kinds: Collection[ActivityKind]) -> Select[Activity]:
    """Activities with theme, slots and speakers; the event comes from the session's identity map."""
    return (
        select(Activity)
        .where(Activity.event_id == event.id, Activity.kind.in_(kinds))
        .options(
            joinedload(Activity.theme),
            selectinload(Activity.slots).options(
                joinedload(Slot.room), joinedload(Slot.venue), raiseload("*", sql_only=True)
            ),
            selectinload(Activity.contributions).options(
                joinedload(Contribution.speaker), raiseload("*", sql_only=True)
            ),
            raiseload("*", sql_only=True),
        )
    )
