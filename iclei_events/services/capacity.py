"""Capacity as staff manage it: see the effect first, then change it; keep places back and release them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select

from iclei_events import clock
from iclei_events.db import db, transaction
from iclei_events.models import Booking, BookingStatus, KeptBack, Slot
from iclei_events.services import log, places, refusals, waiting
from iclei_events.services.waiting import InLine

LARGEST_CAPACITY = 10_000


@dataclass(frozen=True, slots=True)
class CapacityPlan:
    """What a capacity would do. ``over``: places held beyond it; ``offers``: the sizes of parties served at once."""

    slot: Slot
    capacity: int
    over: int
    left: int
    offers: tuple[int, ...]
    still_waiting: int

    @property
    def offered_places(self) -> int:
        return sum(self.offers)


def plan_capacity(slot: Slot, capacity: int) -> CapacityPlan:
    """The effect of a capacity, without changing anything."""
    taken = slot.held + slot.kept_back
    free = max(0, capacity - taken)
    served = waiting.turns(_line(slot, capacity - slot.kept_back), free) if _can_offer(slot) else []
    still_waiting = slot.waiting - len(served)
    left = 0 if still_waiting else free - sum(party.size for party in served)
    return CapacityPlan(
        slot, capacity, max(0, taken - capacity), left, tuple(party.size for party in served), still_waiting
    )


def _can_offer(slot: Slot) -> bool:
    return slot.cancelled_at is None and waiting.offer_until(clock.now(), slot.starts_at) is not None


def _line(slot: Slot, largest: int) -> list[InLine]:
    """The parties in line that the slot could ever hold, first come first."""
    rows = db.session.execute(
        select(Booking.id, Booking.size, Booking.passed_over)
        .where(Booking.slot_id == slot.id, Booking.status == BookingStatus.WAITING, Booking.size <= largest)
        .order_by(Booking.queued_at, Booking.id)
    )
    return [InLine(*row) for row in rows]


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
        log.record(
            session, "set_capacity", by=by, at=now, slot_id=slot_id,
            details={"before": slot.capacity, "after": capacity},
        )  # fmt: skip
        places.resize(session, slot, capacity, now=now)


def _check_capacity(capacity: int) -> None:
    if not 0 <= capacity <= LARGEST_CAPACITY:
        raise refusals.TooLarge(LARGEST_CAPACITY)


def keep_back(slot_id: int, size: int, *, reason: str, release_at: datetime | None, by: log.Actor) -> int:
    """Keep free places back for someone; returns the id to release them by. Raises ``NoRoom`` with what is free."""
    now = clock.now()
    with transaction() as session:
        slot = places.locked(session, slot_id, now=now)
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
    due = select(KeptBack.slot_id).where(KeptBack.released_at.is_(None), KeptBack.release_at <= now)
    slot_ids = sorted({*db.session.scalars(overdue), *db.session.scalars(due)})
    for slot_id in slot_ids:
        with transaction() as session:
            slot = places.locked(session, slot_id, now=now)
            places.release_due(session, slot, now=now)
    return len(slot_ids)
