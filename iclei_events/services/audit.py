"""Recounting: do the counters agree with the bookings, and does each booking agree with itself."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Select, and_, case, func, or_, select

from iclei_events.db import db
from iclei_events.models import (
    COUNTED,
    HOLDING,
    KEPT,
    AccessNeed,
    Attendee,
    Booking,
    BookingStatus,
    KeptBack,
    NeedState,
    Place,
    Slot,
    SlotAid,
    SwapWish,
)
from iclei_events.services import aids, line


@dataclass(frozen=True, slots=True)
class Check:
    """One invariant: its name in words and the slots or references that break it."""

    name: str
    broken: tuple[str, ...]

    @property
    def holds(self) -> bool:
        return not self.broken


def audit() -> list[Check]:
    """Check every invariant of places and counters in one consistent reading."""
    return [Check(name, tuple(map(str, db.session.scalars(query)))) for name, query in _invariants()]


def _invariants() -> Iterator[tuple[str, Select[Any]]]:
    held = func.coalesce(func.sum(case((Booking.status.in_(HOLDING), Booking.size), else_=0)), 0)
    per_slot = select(Slot.slug).outerjoin(Booking, Booking.slot_id == Slot.id).group_by(Slot.id, Slot.slug, Slot.held)
    yield "held is the sum of the places of confirmed and offered bookings", per_slot.having(held != Slot.held)
    yield from _line_invariants()
    kept = (
        select(func.coalesce(func.sum(KeptBack.places), 0))
        .where(KeptBack.slot_id == Slot.id, KeptBack.released_at.is_(None))
        .scalar_subquery()
    )
    yield "kept back is the sum of what is not yet released", select(Slot.slug).where(kept != Slot.kept_back)
    yield (
        "nothing is held beyond capacity but what staff lowered it under",
        select(Slot.slug).where(Slot.held + Slot.kept_back > Slot.capacity + Slot.over_capacity),
    )
    yield (
        "an excess over capacity is never larger than what is held",
        select(Slot.slug).where(
            Slot.over_capacity > 0, Slot.over_capacity != Slot.held + Slot.kept_back - Slot.capacity
        ),
    )
    yield from _booking_invariants()
    yield from _need_invariants()


def _line_invariants() -> Iterator[tuple[str, Select[Any]]]:
    waits = Booking.status == BookingStatus.WAITING
    bookings = select(func.count(Booking.id)).where(Booking.slot_id == Slot.id, waits).scalar_subquery()
    wishes = select(func.count(SwapWish.id)).where(SwapWish.slot_id == Slot.id).scalar_subquery()
    yield (
        "waiting is the number of parties in line, of those too who hold another time",
        select(Slot.slug).where(bookings + wishes != Slot.waiting),
    )
    yield (
        "out of reach are those in line who need more places than the slot could give",
        select(Slot.slug).where(line.count_out_of_reach(Slot.capacity - Slot.kept_back) != Slot.out_of_reach),
    )
    yield (
        "nobody asks for the time it holds",
        select(Slot.slug).join(SwapWish, SwapWish.slot_id == Slot.id).where(SwapWish.held_slot_id == Slot.id),
    )


def _booking_invariants() -> Iterator[tuple[str, Select[Any]]]:
    current = func.coalesce(func.sum(case((Place.given_back_at.is_(None), 1), else_=0)), 0)
    yield (
        "a booking's size is the number of its places",
        select(Booking.reference).outerjoin(Place).group_by(Booking.id, Booking.reference, Booking.size)
        .having(current != Booking.size),
    )  # fmt: skip
    ended = Booking.status.in_([BookingStatus.CANCELLED, BookingStatus.LAPSED, BookingStatus.LOST])
    yield (
        "a booking has its end exactly when it is over",
        select(Booking.reference).where(
            or_(and_(ended, Booking.ended_at.is_(None)), and_(~ended, Booking.ended_at.is_not(None)))
        ),
    )
    yield (
        "every confirmed booking says when it was confirmed",
        select(Booking.reference).where(Booking.status == BookingStatus.CONFIRMED, Booking.confirmed_at.is_(None)),
    )


def _need_invariants() -> Iterator[tuple[str, Select[Any]]]:
    of_slot = and_(SlotAid.slot_id == Booking.slot_id, SlotAid.kind == AccessNeed.kind)
    needs = select(Booking.reference).join(AccessNeed.booking).outerjoin(SlotAid, of_slot)
    counted, holds = AccessNeed.kind.in_(COUNTED), Booking.status.in_(HOLDING)
    yield (
        "of an aid so many are held as parties have been promised",
        select(Slot.slug).join(SlotAid, SlotAid.slot_id == Slot.id).where(SlotAid.held != aids.held_by_needs()),
    )
    yield (
        "only who has places has been promised anything, and all of it is counted",
        needs.where(AccessNeed.state.in_(KEPT), or_(~holds, and_(counted, SlotAid.slot_id.is_(None)))),
    )
    yield (
        "nobody with places waits for an aid that is free",
        needs.join(Slot, Slot.id == Booking.slot_id).where(
            holds, counted, AccessNeed.state == NeedState.ASKED, AccessNeed.answer.is_(None),
            Slot.cancelled_at.is_(None), aids.has_room(AccessNeed.count),
        ),
    )  # fmt: skip


def dump() -> Iterator[dict[str, Any]]:
    """Every slot and booking as plain records, slots first, for checks from outside."""
    for slot in db.session.execute(select(Slot.slug, Slot.capacity, Slot.held).order_by(Slot.slug)):
        yield {"type": "slot", "slot": slot.slug, "capacity": slot.capacity, "taken": slot.held}
    rows = db.session.execute(
        select(Booking.reference, Slot.slug, Booking.size, Booking.status, Attendee.email, Booking.idempotency_key)
        .join(Slot)
        .outerjoin(Attendee)
        .order_by(Booking.id)
    )
    for reference, slug, size, status, email, key in rows:
        yield {
            "type": "booking", "ref": reference, "slot": slug, "places": size,
            "status": status.value, "client": email, "key": key,
        }  # fmt: skip
