"""The line of a slot as it stands: reading only. Its order is the order in which the seat engine serves it.

Two kinds of parties stand in it: bookings that wait, by the time they joined, and swap wishes of parties that hold
another time, by the time they asked. Of the same instant, bookings come first.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Final

from sqlalchemy import (
    ColumnElement,
    Executable,
    Integer,
    ScalarSelect,
    Select,
    and_,
    bindparam,
    func,
    literal,
    or_,
    select,
    union_all,
)
from sqlalchemy.orm import Session, aliased

from iclei_events.models import Booking, BookingStatus, Slot, SwapWish
from iclei_events.services import waiting
from iclei_events.services.prepared import Prepared
from iclei_events.services.waiting import InLine, Turn

NEEDS: ColumnElement[int] = func.coalesce(Booking.least_size, Booking.size)
"""How many places must be free for a waiting party to be offered any."""


def next_turn(session: Session, slot: Slot) -> Turn | None:
    """Whose turn it is with what is free now."""
    return waiting.next_turn(first(session, slot), slot.free, lambda room: first(session, slot, at_most=room))


def first(session: Session, slot: Slot, *, at_most: int | None = None) -> InLine | None:
    """The first party in line that the slot could hold, kept-back places aside; with ``at_most``, one that fits it."""
    largest = slot.public_capacity if at_most is None else at_most
    row = session.execute(_in_order(slot.id, largest, most=1)).first()
    return _in_line(row) if row is not None else None


def everybody(session: Session, slot: Slot) -> list[InLine]:
    """All who stand in line, first come first; also who wants more than the slot could hold."""
    return [_in_line(row) for row in session.execute(_in_order(slot.id))]


def _in_line(row: Sequence[int]) -> InLine:
    booking_id, size, passed_over, least, wish_id, _since = row
    return InLine(booking_id, size, passed_over, least or None, wish_id or None)


def _in_order(slot_id: int, largest: int | None = None, *, most: int | None = None) -> Executable:
    bookings = select(
        Booking.id, Booking.size, Booking.passed_over, func.coalesce(Booking.least_size, 0).label("least"),
        literal(0, Integer).label("wish_id"), Booking.queued_at.label("since"),
    ).where(Booking.slot_id == slot_id, Booking.status == BookingStatus.WAITING)  # fmt: skip
    wishes = (
        select(
            Booking.id, Booking.size, SwapWish.passed_over, literal(0, Integer), SwapWish.id, SwapWish.created_at,
        )
        .join(SwapWish.booking)
        .where(SwapWish.slot_id == slot_id, is_alive())
    )  # fmt: skip
    if largest is not None:
        bookings, wishes = bookings.where(largest >= NEEDS), wishes.where(Booking.size <= largest)
    return union_all(bookings, wishes).order_by("since", "wish_id", "id").limit(most)


def is_alive(booking: type[Booking] = Booking, wish: type[SwapWish] = SwapWish) -> ColumnElement[bool]:
    """Whether a wish's party still holds the places it held when it asked."""
    return and_(booking.status == BookingStatus.CONFIRMED, booking.slot_id == wish.held_slot_id)


@cache
def place_of_booking() -> ScalarSelect[int]:
    """The place in line of a waiting ``Booking`` of the query around it: 1 for the head."""
    other, wish, holder = aliased(Booking), aliased(SwapWish), aliased(Booking)
    is_before = or_(
        other.queued_at < Booking.queued_at, and_(other.queued_at == Booking.queued_at, other.id < Booking.id)
    )
    bookings = select(func.count(other.id)).where(
        other.slot_id == Booking.slot_id, other.status == BookingStatus.WAITING, is_before
    )
    wishes = (
        select(func.count(wish.id))
        .join(holder, holder.id == wish.booking_id)
        .where(wish.slot_id == Booking.slot_id, wish.created_at < Booking.queued_at, is_alive(holder, wish))
    )
    return _one_more_than(bookings.correlate(Booking), wishes.correlate(Booking))


@cache
def place_of_wish() -> ScalarSelect[int]:
    """The place in line of a ``SwapWish`` of the query around it."""
    other, wish, holder = aliased(Booking), aliased(SwapWish), aliased(Booking)
    bookings = select(func.count(other.id)).where(
        other.slot_id == SwapWish.slot_id,
        other.status == BookingStatus.WAITING,
        other.queued_at <= SwapWish.created_at,
    )
    is_before = or_(
        wish.created_at < SwapWish.created_at, and_(wish.created_at == SwapWish.created_at, wish.id < SwapWish.id)
    )
    wishes = (
        select(func.count(wish.id))
        .join(holder, holder.id == wish.booking_id)
        .where(wish.slot_id == SwapWish.slot_id, is_before, is_alive(holder, wish))
    )
    return _one_more_than(bookings.correlate(SwapWish), wishes.correlate(SwapWish))


def _one_more_than(bookings: Select[int], wishes: Select[int]) -> ScalarSelect[int]:
    return select(bookings.scalar_subquery() + wishes.scalar_subquery() + 1).scalar_subquery()


def place_in_line(session: Session, booking: Booking) -> int:
    """1 for the head of the line; counts those before it, so only for a booking's own page."""
    number = _PLACE_IN_LINE.execute(session.connection(), {"booking_id": booking.id}).scalar()
    return int(number) if number else 1


_PLACE_IN_LINE: Final = Prepared(select(place_of_booking()).where(Booking.id == bindparam("booking_id", type_=Integer)))


def count_out_of_reach(largest: ColumnElement[int]) -> ScalarSelect[int]:
    """How many of those who wait at the ``Slot`` around it need more places than ``largest``."""
    return (
        select(func.count(Booking.id))
        .where(Booking.slot_id == Slot.id, Booking.status == BookingStatus.WAITING, largest < NEEDS)
        .correlate(Slot)
        .scalar_subquery()
    )
