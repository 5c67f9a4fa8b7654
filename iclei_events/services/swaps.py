"""Standing swaps: a party keeps what it has, asks for another time, and changes in one step when it can have that.

A wish stands in the line of the slot it asks for, like everybody who waits there, and is served by the same rule
(``services.serving``): in the transaction that frees the places, or where the lock of the party's own slot is not to be
had just then, a moment later (``services.settling``). Wishes that fulfil each other in a circle need no free place.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Final

from sqlalchemy import Integer, Row, bindparam, select
from sqlalchemy.orm import Session, joinedload

from iclei_events import clock
from iclei_events.db import db
from iclei_events.models import Booking, BookingStatus, Slot, SlotMode, SwapWish
from iclei_events.services import binding, bookings, line, log, places, refusals, settling
from iclei_events.services.deciding import Decision, decide_on_two
from iclei_events.services.prepared import Prepared

_ANY: Final = Prepared(
    select(SwapWish.id).where(SwapWish.booking_id == bindparam("booking_id", type_=Integer)).limit(1)
)


def ask(reference: str, slot_slug: str, *, by: log.Actor = log.ATTENDEE) -> None:
    """Ask for another time of the same activity and keep the places until then. Asking twice is asking once.

    If it can be had at once, alone or in a circle with others, the change is made at once.
    """

    def stand_in_line(decision: Decision, held: Slot, wanted: Slot, booking: Booking) -> None:
        session = decision.session
        wish = _find(session, booking, wanted)
        if held.id == wanted.id or (wish is not None and wish.held_slot_id == held.id):
            return
        if wish is not None:  # from a time that the party has left since: it ended there and then
            places.drop_wish(session, wanted, wish.id)
        _check(decision, held, wanted, booking)
        binding.check_change(session, booking, wanted, decision.by)
        session.add(SwapWish(booking_id=booking.id, slot_id=wanted.id, held_slot_id=held.id, created_at=decision.now))
        decision.note("ask_swap", booking, to=wanted.slug, size=booking.size)
        session.flush()
        places.join_line(session, wanted)
        places.run_line(session, wanted, now=decision.now)

    lock = partial(binding.lock_person, reference=reference, by=by)
    decide_on_two(reference, _slot_id(slot_slug), stand_in_line, by=by, first=lock)
    settling.settle_circles()


def _slot_id(slug: str) -> int:
    slot_id = db.session.scalar(select(Slot.id).where(Slot.slug == slug))
    if slot_id is None:
        raise refusals.NotPermitted
    return slot_id


def _find(session: Session, booking: Booking, wanted: Slot) -> Row[int, int] | None:
    """The ``id`` and ``held_slot_id`` of a wish, dead or alive."""
    of_both = SwapWish.booking_id == booking.id, SwapWish.slot_id == wanted.id
    return session.execute(select(SwapWish.id, SwapWish.held_slot_id).where(*of_both)).one_or_none()


def _check(decision: Decision, held: Slot, wanted: Slot, booking: Booking) -> None:
    if not booking.is_active:
        raise refusals.NotActive
    if booking.status is not BookingStatus.CONFIRMED:
        raise refusals.HoldsNoPlaces
    if wanted.activity_id != held.activity_id:
        raise refusals.NotPermitted
    if decision.now >= held.starts_at or any(place.checked_in_at is not None for place in booking.current_places):
        raise refusals.Closed
    bookings.check_open(wanted, decision.now, decision.by)
    if booking.size > wanted.capacity:
        raise refusals.LargerThanSlot(wanted.capacity, wanted.left, wanted.waiting)


def withdraw(reference: str, slot_slug: str, *, by: log.Actor = log.ATTENDEE) -> None:
    """Take a wish back; the party keeps what it has. Doing it twice is doing it once."""

    def leave_line(decision: Decision, _held: Slot, wanted: Slot, booking: Booking) -> None:
        wish = _find(decision.session, booking, wanted)
        if wish is None:
            return
        decision.note("withdraw_swap", booking, to=wanted.slug, size=booking.size)
        places.drop_wish(decision.session, wanted, wish.id)
        places.run_line(decision.session, wanted, now=decision.now)

    decide_on_two(reference, _slot_id(slot_slug), leave_line, by=by)


@dataclass(frozen=True, slots=True)
class StandingWish:
    """A wish as its party sees it: the slot it asks for and its place in line there."""

    slot: Slot
    number: int


def of_booking(booking: Booking) -> list[StandingWish]:
    """What the party asks for that is still to come, by time."""
    if _ANY.execute(db.session.connection(), {"booking_id": booking.id}).first() is None:
        return []
    found = db.session.execute(
        select(Slot, line.place_of_wish())
        .select_from(SwapWish)
        .join(Slot, Slot.id == SwapWish.slot_id)
        .join(SwapWish.booking)
        .where(SwapWish.booking_id == booking.id, line.is_alive())
        .where(Slot.starts_at > clock.now(), Slot.cancelled_at.is_(None))
        .order_by(Slot.starts_at, Slot.id)
        .options(joinedload(Slot.activity))
    )
    return [StandingWish(slot, number) for slot, number in found]


def may_ask_for(booking: Booking, times: Sequence[Slot], now: datetime) -> list[Slot]:
    """Which of these times of its activity a confirmed party could ask for: those without room for it."""
    if booking.status is not BookingStatus.CONFIRMED or now >= booking.slot.starts_at:
        return []
    return [
        slot
        for slot in times
        if slot.id != booking.slot_id
        and slot.activity_id == booking.slot.activity_id
        and slot.mode is SlotMode.FIRST_COME
        and slot.takes_bookings(now)
        and slot.left < booking.size <= slot.capacity
    ]
