"""Finding slots: the one to book, and the other times of the same activity."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

from sqlalchemy import bindparam, case, func, select
from sqlalchemy.orm import contains_eager, joinedload, raiseload

from iclei_events.db import at_once, db
from iclei_events.models import RESIDENTS, Activity, ClashRule, Event, Slot, SlotMode
from iclei_events.services.prepared import Prepared

_TO_BOOK: Final = Prepared(
    select(
        Slot.id,
        Slot.mode,
        func.coalesce(Activity.max_party_size, Event.max_party).label("party_limit"),
        Activity.children_need_adult,
        Activity.event_id,
        case((Activity.kind.in_(RESIDENTS), Event.max_places_per_person)).label("person_limit"),
        Event.clashes,
    )
    .join(Slot.activity)
    .join(Activity.event)
    .where(Slot.slug == bindparam("slug"))
)


_BY_SLUG: Final = (
    select(Slot)
    .where(Slot.slug == bindparam("slug"))
    .options(
        joinedload(Slot.activity).joinedload(Activity.event),
        joinedload(Slot.activity).joinedload(Activity.theme),
        joinedload(Slot.venue),
        joinedload(Slot.room),
    )
    .execution_options(populate_existing=True)
)
_OF_ACTIVITY: Final = (
    select(Slot)
    .where(Slot.activity_id == bindparam("activity_id"))
    .options(joinedload(Slot.activity), raiseload("*", sql_only=True))
    .order_by(Slot.starts_at, Slot.slug)
)


class SlotToBook(NamedTuple):
    """As much of a slot as deciding about a booking needs: in a rush, loading whole rows costs more than deciding."""

    id: int
    mode: SlotMode
    party_limit: int
    children_need_adult: bool
    event_id: int
    person_limit: int | None
    clashes: ClashRule


def find(slug: str) -> Slot | None:
    """The slot with everything its pages show of it, as it stands now."""
    return db.session.scalars(_BY_SLUG, {"slug": slug}).one_or_none()


def find_to_book(slug: str) -> SlotToBook | None:
    with at_once() as connection:
        row = _TO_BOOK.execute(connection, {"slug": slug}).first()
    if row is None:
        return None
    found = SlotToBook._make(row)
    return found._replace(
        mode=SlotMode(found.mode),
        children_need_adult=bool(found.children_need_adult),
        clashes=ClashRule(found.clashes),
    )


def departures(slot: Slot) -> Sequence[Slot]:
    """Every time of the slot's activity, this one too, in order."""
    return db.session.scalars(_OF_ACTIVITY, {"activity_id": slot.activity_id}).all()


def of_event(event: Event) -> Sequence[Slot]:
    """Every slot of an event with what a calendar tells of it, in order."""
    return db.session.scalars(
        select(Slot)
        .join(Slot.activity)
        .where(Activity.event_id == event.id)
        .options(
            contains_eager(Slot.activity).joinedload(Activity.event),
            joinedload(Slot.venue),
            joinedload(Slot.room),
            raiseload("*", sql_only=True),
        )
        .order_by(Slot.starts_at, Slot.slug)
    ).all()


def changes_of(event: Event) -> tuple[int, ...]:
    """Numbers that differ as soon as one of the event's texts, times or places has changed, or a slot is called off."""
    row = db.session.execute(
        select(func.count(Slot.id), func.coalesce(func.sum(Slot.sequence), 0), func.count(Slot.cancelled_at))
        .join(Slot.activity)
        .where(Activity.event_id == event.id)
    ).one()
    return event.content_revision, *(int(number) for number in row)
