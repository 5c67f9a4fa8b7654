"""Capacity as staff manage it: see the effect first, then change it; keep places back and release them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select

from iclei_events import clock
from iclei_events.db import db, transaction
from iclei_events.models import Booking, BookingStatus, KeptBack, Slot
from iclei_events.services import line, log, places, refusals, waiting
from iclei_events.services.waiting import InLine, Turn

LARGEST_CAPACITY = 10_000


@dataclass(frozen=True, slots=True)
class CapacityPlan:
    """What a capacity would do. ``over``: places held beyond it; ``left``: what anybody could book then.

    ``offers`` are the places offered at once, party by party; ``moves`` the sizes of parties that hold another time and
    come here; ``saved`` the places that stay free for those who wait on.
    """

    slot: Slot
    capacity: int
    over: int
    left: int
    saved: int
    offers: tuple[int, ...]
    moves: tuple[int, ...]
    still_waiting: int

    @property
    def offered_places(self) -> int:
        return sum(self.offers)


def plan_capacity(slot: Slot, capacity: int) -> CapacityPlan:
    """The effect of a capacity on the slot, without changing anything.

    What parties that come here free elsewhere, and what that may free here again, is not followed.
    """
    can_offer = slot.cancelled_at is None and waiting.offer_until(clock.now(), slot.starts_at) is not None
    waits = line.everybody(db.session(), slot)
    held, turns = slot.held, []
    # Offers that have run out lapse first, each by the capacity that still stands.
    for size, room in [*((size, slot.capacity) for size in _overdue(slot)), (0, capacity)]:
        held -= size
        served, waits = _run(waits, slot, held, room) if can_offer else ([], waits)
        held += sum(turn.places for turn in served)
        turns += served
    free = max(0, capacity - held - slot.kept_back)
    is_waited_for = any(party.needs <= capacity - slot.kept_back for party in waits)
    return CapacityPlan(
        slot,
        capacity,
        over=max(0, held + slot.kept_back - capacity),
        left=0 if is_waited_for else free,
        saved=free if is_waited_for else 0,
        offers=tuple(turn.places for turn in turns if turn.party.wish_id is None),
        moves=tuple(turn.places for turn in turns if turn.party.wish_id is not None),
        still_waiting=len(waits),
    )


def _overdue(slot: Slot) -> Sequence[int]:
    """The sizes of offers that have run out and not lapsed yet, in the order in which they will."""
    return db.session.scalars(
        select(Booking.size)
        .where(Booking.slot_id == slot.id, Booking.status == BookingStatus.OFFERED, Booking.offer_until <= clock.now())
        .order_by(Booking.offer_until, Booking.id)
    ).all()


def _run(waits: list[InLine], slot: Slot, held: int, capacity: int) -> tuple[list[Turn], list[InLine]]:
    largest = capacity - slot.kept_back
    return waiting.run(waits, max(0, largest - held), largest=largest)


def set_capacity(slot_id: int, capacity: int, *, seen: int, by: log.Actor) -> None:
    """Set a slot's capacity; places that become free are offered at once.

    ``seen`` is the capacity its form showed: raises ``ChangedMeanwhile`` when somebody else changed it since.
    """
    _check_capacity(capacity)
    now = clock.now()
    with transaction() as session:
        slot = places.locked(session, slot_id, now=now)
        if slot.capacity != seen:
            raise refusals.ChangedMeanwhile(slot.capacity)
        if capacity < slot.capacity:
            _check_no_draw_under_way(slot)
        log.record(
            session, "set_capacity", by=by, at=now, slot_id=slot_id,
            details={"before": slot.capacity, "after": capacity},
        )  # fmt: skip
        places.resize(session, slot, capacity, now=now)


def _check_capacity(capacity: int) -> None:
    if not 0 <= capacity <= LARGEST_CAPACITY:
        raise refusals.TooLarge(LARGEST_CAPACITY)


def _check_no_draw_under_way(slot: Slot) -> None:
    """The places of a frozen entry list are promised to the draw: nobody may take some of them out of it."""
    if slot.draw is not None and slot.draw.is_under_way:
        raise refusals.DrawUnderWay


def keep_back(slot_id: int, size: int, *, reason: str, release_at: datetime | None, by: log.Actor) -> int:
    """Keep free places back for someone; returns the id to release them by. Raises ``NoRoom`` with what is free."""
    now = clock.now()
    with transaction() as session:
        slot = places.locked(session, slot_id, now=now)
        _check_no_draw_under_way(slot)
        if not 1 <= size <= slot.free:
            raise refusals.NoRoom(slot.free, slot.waiting)
        kept = KeptBack(
            slot_id=slot_id, places=size, reason=reason, release_at=release_at, staff_id=by.staff_id, created_at=now
        )
        session.add(kept)
        log.record(session, "keep_back", by=by, at=now, slot_id=slot_id, details={"places": size})
        session.flush()
        places.keep_back(session, slot, size, now=now)
        return kept.id


def release_kept_back(kept_back_id: int, *, by: log.Actor) -> None:
    """Give kept-back places to the line and the public. Doing it twice is doing it once."""
    now = clock.now()
    with transaction() as session:
        slot_id = session.scalar(select(KeptBack.slot_id).where(KeptBack.id == kept_back_id))
        if slot_id is None:
            raise refusals.NotActive
        slot = places.locked(session, slot_id, now=now)
        kept = session.get_one(KeptBack, kept_back_id, populate_existing=True)
        if kept.released_at is not None:
            return
        kept.released_at = now
        log.record(session, "release_kept_back", by=by, at=now, slot_id=slot_id, details={"places": kept.places})
        session.flush()
        places.release_kept_back(session, slot, kept.places, now=now)


def tend_slots() -> int:
    """The worker's round: lapse offers that ran out and release kept-back places that are due.

    Each slot is a transaction of its own; returns how many slots had something due.
    """
    now = clock.now()
    overdue = select(Booking.slot_id).where(Booking.status == BookingStatus.OFFERED, Booking.offer_until <= now)
    unconfirmed = select(Booking.slot_id).where(Booking.status == BookingStatus.WAITING, Booking.confirm_by <= now)
    due = select(KeptBack.slot_id).where(KeptBack.released_at.is_(None), KeptBack.release_at <= now)
    slot_ids = sorted({*db.session.scalars(overdue), *db.session.scalars(unconfirmed), *db.session.scalars(due)})
    for slot_id in slot_ids:
        with transaction() as session:
            slot = places.locked(session, slot_id, now=now)
            places.release_due(session, slot, now=now)
    return len(slot_ids)
