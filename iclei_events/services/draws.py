"""Draws: found, locked, closed when their time has come. ``drawing`` holds the rule, ``draw_results`` draws.

Whoever enters, closes or draws first takes the draw's lock, then the locks of its slots in the order of their ids.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Final

from sqlalchemy import exists, func, select, update
from sqlalchemy.orm import Session, contains_eager, joinedload, selectinload, undefer

from iclei_events import clock
from iclei_events.db import db, transaction
from iclei_events.models import (
    ACTIVE,
    Activity,
    Booking,
    BookingStatus,
    Draw,
    DrawEntry,
    DrawWish,
    Event,
    Slot,
    SlotMode,
)
from iclei_events.services import draw_file, drawing, log, places
from iclei_events.services.drawing import Entry

TAKES_PART: Final = Booking.status == BookingStatus.ENTERED, Booking.confirm_by.is_(None)
UNCONFIRMED: Final = Booking.status == BookingStatus.ENTERED, Booking.confirm_by.is_not(None)


def find(slug: str) -> Draw | None:
    """The draw with its event and its slots, as their pages show them."""
    return db.session.scalars(
        select(Draw)
        .where(Draw.slug == slug)
        .options(undefer(Draw.entry_list), undefer(Draw.published), joinedload(Draw.event))
        .options(selectinload(Draw.slots).joinedload(Slot.activity).joinedload(Activity.event))
        .execution_options(populate_existing=True)
    ).one_or_none()


def of_event(event: Event) -> Sequence[Draw]:
    query = select(Draw).where(Draw.event_id == event.id).options(selectinload(Draw.slots).joinedload(Slot.activity))
    return db.session.scalars(query.order_by(Draw.closes_at, Draw.id)).all()


def of_slots(slots: Collection[Slot]) -> Sequence[Draw]:
    """The draws that give out these slots' places, or have; nothing is asked where there is none."""
    ids = {slot.draw_id for slot in slots if slot.draw_id is not None}
    return db.session.scalars(select(Draw).where(Draw.id.in_(ids)).order_by(Draw.closes_at)).all() if ids else []


def draw_of(reference: str) -> int | None:
    """The id of the draw that a booking has been entered in."""
    query = select(DrawEntry.draw_id).join(DrawEntry.booking)
    return db.session.scalar(query.where(Booking.reference == reference))


def count_entries(draw: Draw) -> int:
    """How many parties take part as things stand."""
    query = select(func.count()).select_from(DrawEntry).join(Booking)
    return db.session.scalar(query.where(DrawEntry.draw_id == draw.id, *TAKES_PART)) or 0


def count_unconfirmed(draw: Draw) -> int:
    """How many more have entered without the proof that was asked for, and not confirmed by way of their mail."""
    query = select(func.count()).select_from(DrawEntry).join(Booking)
    return db.session.scalar(query.where(DrawEntry.draw_id == draw.id, *UNCONFIRMED)) or 0


def demand(draw: Draw) -> list[tuple[Slot, int, int]]:
    """Each slot of the draw with how many parties and people wish for it first."""
    query = (
        select(DrawWish.slot_id, func.count(), func.sum(Booking.size))
        .join(DrawWish.entry)
        .join(DrawEntry.booking)
        .where(DrawEntry.draw_id == draw.id, DrawWish.rank == 1)
        .where(Booking.ended_at.is_(None), Booking.confirm_by.is_(None))
        .group_by(DrawWish.slot_id)
    )
    wished = {slot_id: (parties, people) for slot_id, parties, people in db.session.execute(query)}
    return [(slot, *wished.get(slot.id, (0, 0))) for slot in draw.slots]


def slots_to_add(draw: Draw) -> list[Slot]:
    """First-come slots of the event that nobody has booked and that begin after the draw has closed."""
    booked = exists().where(Booking.slot_id == Slot.id, Booking.status.in_(ACTIVE))
    query = (
        select(Slot)
        .join(Slot.activity)
        .where(Activity.event_id == draw.event_id, Slot.mode == SlotMode.FIRST_COME, Slot.draw_id.is_(None))
        .where(Slot.cancelled_at.is_(None), Slot.starts_at > draw.closes_at, ~booked)
        .options(contains_eager(Slot.activity).joinedload(Activity.event))
        .order_by(Slot.starts_at, Slot.id)
    )
    return list(db.session.scalars(query))


def tend() -> int:
    """The worker's round: close the draws whose time has come; returns how many."""
    now = clock.now()
    due = db.session.scalars(select(Draw.id).where(Draw.closed_at.is_(None), Draw.closes_at <= now)).all()
    for draw_id in due:
        with transaction() as session:
            locked(session, draw_id, now=now)
    return len(due)


def locked(session: Session, draw_id: int, *, now: datetime) -> Draw:
    """The draw, locked by writing to it and read afterwards; closed, if its time has come."""
    session.execute(
        update(Draw)
        .where(Draw.id == draw_id)
        .values(revision=Draw.revision + 1)
        .execution_options(synchronize_session=False)
    )
    draw = session.scalars(select(Draw).where(Draw.id == draw_id).execution_options(populate_existing=True)).one()
    places.in_critical_section("draw")
    if draw.closed_at is None and draw.closes_at <= now:
        _close(session, draw, now)
    return draw


def locked_slots(session: Session, draw: Draw) -> list[Slot]:
    ids = session.scalars(select(Slot.id).where(Slot.draw_id == draw.id).order_by(Slot.id)).all()
    return [places.lock(session, slot_id) for slot_id in ids]


def _close(session: Session, draw: Draw, now: datetime) -> None:
    """Freeze the list of entries and the places to be had, and publish its hash."""
    left = {slot.slug: _places_of(slot, now) for slot in locked_slots(session, draw)}
    unconfirmed = _end_unconfirmed(session, draw, now)
    listed = draw_file.entry_list(draw.slug, draw.closes_at, _entries(session, draw), left)
    draw.entry_list = draw_file.canonical(listed)
    draw.entry_list_hash = drawing.hash_of(draw.entry_list)
    draw.closed_at = now
    details = {
        "draw": draw.slug, "entries": len(listed["entries"]), "list_sha256": draw.entry_list_hash,
        **({"unconfirmed": unconfirmed} if unconfirmed else {}),
    }  # fmt: skip
    log.record(session, "close_draw", by=log.WORKER, at=now, details=details)
    session.flush()


def _end_unconfirmed(session: Session, draw: Draw, now: datetime) -> int:
    """Let the entries that nobody has confirmed be over; returns how many. Under the locks of the draw's slots."""
    of_draw = select(DrawEntry.booking_id).where(DrawEntry.draw_id == draw.id)
    ended = (
        update(Booking)
        .where(Booking.id.in_(of_draw), *UNCONFIRMED)
        .values(status=BookingStatus.LAPSED, ended_at=now)
        .returning(Booking.id)
    )
    return len(session.execute(ended).all())


def _places_of(slot: Slot, now: datetime) -> int:
    """Places to be drawn: what staff keep back counts as gone."""
    return 0 if is_off(slot, now) else slot.free


def is_off(slot: Slot, now: datetime) -> bool:
    return slot.cancelled_at is not None or slot.starts_at <= now


def _entries(session: Session, draw: Draw) -> list[Entry]:
    wishes: dict[int, list[str]] = {}
    rows = session.execute(
        select(DrawWish.booking_id, Slot.slug)
        .join(DrawWish.slot)
        .join(DrawWish.entry)
        .where(DrawEntry.draw_id == draw.id)
        .order_by(DrawWish.booking_id, DrawWish.rank)
    )
    for booking_id, slug in rows:
        wishes.setdefault(booking_id, []).append(slug)
    taking_part = session.execute(
        select(DrawEntry.booking_id, DrawEntry.pseudonym, Booking.size)
        .join(DrawEntry.booking)
        .where(DrawEntry.draw_id == draw.id, *TAKES_PART)
    )
    return [Entry(pseudonym, size, tuple(wishes[booking_id])) for booking_id, pseudonym, size in taking_part]
