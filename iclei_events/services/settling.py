"""Settling swap wishes that no single transaction could fulfil: those that had to wait for a lock, and circles.

Locks are waited for in the order of the slots' ids, and what was seen before is looked at once more under them.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session, aliased

from iclei_events import clock
from iclei_events.db import db, transaction
from iclei_events.models import Booking, Slot, SwapWish
from iclei_events.services import aids, binding, circles, line, places
from iclei_events.services.circles import Ask, Room

MOST_TRIES: Final = 100


def settle() -> int:
    """The worker's round: changes that had to wait for a lock, wishes that have ended, circles; returns how many."""
    return sum(_run_stopped_line(slot_id) for slot_id in _slots_asked_for()) + settle_circles()


def _slots_asked_for() -> Sequence[int]:
    return db.session.scalars(select(SwapWish.slot_id).distinct().order_by(SwapWish.slot_id)).all()


def _run_stopped_line(slot_id: int) -> bool:
    """Run the line of a slot with the locks of all whose turn it may be; False where nothing was due."""
    now = clock.now()
    slot = db.session.get_one(Slot, slot_id, populate_existing=True)
    turn = line.next_turn(db.session(), slot) if slot.cancelled_at is None and now < slot.starts_at else None
    if (turn is None or turn.party.wish_id is None) and not _has_ended_wishes(slot_id, now):
        return False
    held = select(SwapWish.held_slot_id).where(SwapWish.slot_id == slot_id)
    with transaction() as session:
        slots = places.locked_all(session, {slot_id, *session.scalars(held)}, now=now)
        places.run_line(session, slots[slot_id], now=now)
    return True


def _has_ended_wishes(slot_id: int, now: datetime) -> bool:
    source = aliased(Slot)
    lives = line.is_alive() & (source.starts_at > now)
    ended = (
        select(SwapWish.id)
        .join(SwapWish.booking)
        .join(source, source.id == SwapWish.held_slot_id)
        .where(SwapWish.slot_id == slot_id, ~lives)
    )
    return db.session.scalar(ended.limit(1)) is not None


def settle_circles() -> int:
    """Settle every circle there is, those with the oldest wishes first; returns how many."""
    settled = 0
    for _ in range(MOST_TRIES):
        now = clock.now()
        asks = _asks(db.session(), now)
        circle = circles.find(asks, _rooms(db.session(), asks)) if len(asks) > 1 else None
        if circle is None:
            break
        settled += _settle(circle, now)
    return settled


def _settle(circle: Sequence[Ask], now: datetime) -> bool:
    """Let the parties of a circle change at one stroke, if under the locks all is still as it was seen."""
    with transaction() as session:
        slots = places.locked_all(session, {each.source for each in circle}, now=now)
        as_now = {each.wish_id: each for each in _asks(session, now, [each.wish_id for each in circle])}
        if [as_now.get(each.wish_id) for each in circle] != list(circle):
            return False
        if not circles.fits(circle, _rooms(session, circle)):
            return False
        if not _may_all_move(session, circle, slots, now):
            return False
        places.in_critical_section("circle")
        moves = [places.Move(each.booking_id, slots[each.source], slots[each.target]) for each in circle]
        places.move_all(session, moves, now=now)
    return True


def _may_all_move(session: Session, circle: Sequence[Ask], slots: Mapping[int, Slot], now: datetime) -> bool:
    """Whether nobody in the circle would come to stand in a clash that binds; a wish that would ends."""
    bookings = [session.get_one(Booking, each.booking_id, populate_existing=True) for each in circle]
    pairs = list(zip(circle, bookings, strict=True))
    if not all(binding.try_lock(session, booking, slots[each.target]) for each, booking in pairs):
        return False
    ended = [
        slots[each.target]
        for each in circle
        if places.end_if_it_must_stay(session, slots[each.target], each.booking_id, each.wish_id, now=now)
    ]
    for slot in ended:
        places.run_line(session, slot, now=now)
    return not ended


def _asks(session: Session, now: datetime, wish_ids: Collection[int] | None = None) -> list[Ask]:
    """The wishes that live and could still be fulfilled, oldest first."""
    source, target = aliased(Slot), aliased(Slot)
    query = (
        select(SwapWish.id, SwapWish.booking_id, Booking.size, SwapWish.held_slot_id, SwapWish.slot_id)
        .join(SwapWish.booking)
        .join(source, source.id == SwapWish.held_slot_id)
        .join(target, target.id == SwapWish.slot_id)
        .where(aids.could_give_all(Booking.id, target.id, Booking, target))
        .where(line.is_alive(), source.starts_at > now, target.starts_at > now, target.cancelled_at.is_(None))
        .order_by(SwapWish.created_at, SwapWish.id)
    )
    if wish_ids is not None:
        query = query.where(SwapWish.id.in_(wish_ids))
    return [Ask(*row) for row in session.execute(query)]


def _rooms(session: Session, asks: Sequence[Ask]) -> dict[int, Room]:
    ids = {slot_id for each in asks for slot_id in (each.source, each.target)}
    slots = session.scalars(select(Slot).where(Slot.id.in_(ids)).execution_options(populate_existing=True))
    return {slot.id: _room(session, slot) for slot in slots}


def _room(session: Session, slot: Slot) -> Room:
    head = line.first(session, slot) if slot.free and slot.waiting else None
    return Room(slot.capacity, slot.held + slot.kept_back, head.wish_id if head is not None else None)
