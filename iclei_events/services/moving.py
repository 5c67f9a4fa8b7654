"""Moving a booking to another time in one step that never leaves the party without what it has."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from functools import partial
from typing import Final

from sqlalchemy import Boolean, ColumnElement, Integer, and_, bindparam, or_, select
from sqlalchemy.orm import contains_eager, joinedload, raiseload

from iclei_events.db import db
from iclei_events.models import HOLDING, RESIDENTS, Activity, Booking, BookingStatus, Slot, SlotMode
from iclei_events.services import access_needs, aids, binding, bookings, log, places, refusals, standing
from iclei_events.services.booking_rows import Party
from iclei_events.services.deciding import Decision, decide_on_two
from iclei_events.services.prepared import Prepared

MOVABLE = HOLDING | {BookingStatus.WAITING}

_IS_ELSEWHERE: Final[ColumnElement[bool]] = and_(
    Activity.event_id == bindparam("event_id", type_=Integer),
    or_(
        Slot.activity_id == bindparam("activity_id", type_=Integer),
        and_(Activity.kind.in_(RESIDENTS), bindparam("of_residents", type_=Boolean)),
    ),
    Slot.id != bindparam("slot_id", type_=Integer),
    Slot.mode == SlotMode.FIRST_COME,
)
_ELSEWHERE: Final = Prepared(select(Slot.id).join(Slot.activity).where(_IS_ELSEWHERE).limit(1))


def move(  # noqa: PLR0913  a change is all of this
    reference: str,
    to_slot_slug: str,
    *,
    seen: int | None = None,
    wait: bool = False,
    keep_promises: bool = False,
    by: log.Actor = log.ATTENDEE,
) -> None:
    """Change to another time: take places there first, then free the old ones. Refused, everything stays as it was.

    Whoever waits or has an offer gives that up for places on the other slot. Only whoever waits may with ``wait``
    change to the other line, and stands last there. Moving to where the booking is already is done. ``seen`` is the
    ``sequence`` of the booking as its form showed it: raises ``ChangedMeanwhile`` when it was changed since.
    What the party needs goes along and is asked for there; with ``keep_promises`` raises ``NeedsUnmet`` where the other
    slot does not have at once what it was promised.
    """
    to_id = db.session.scalar(select(Slot.id).where(Slot.slug == to_slot_slug))
    if to_id is None:
        raise refusals.NotPermitted

    def change(decision: Decision, old: Slot, new: Slot, booking: Booking) -> None:
        if old.id == new.id:
            return
        _check_may_leave(old, booking, decision.now)
        if seen is not None and seen != booking.sequence:
            raise refusals.ChangedMeanwhile(booking.sequence)
        _check_may_come(new, old, booking, decision)
        binding.check_change(decision.session, booking, new, decision.by)
        if keep_promises and not aids.could_all_go_along(decision.session, booking.id, new.id):
            raise refusals.NeedsUnmet
        if new.free >= booking.size and places.is_line_empty(decision.session, new):
            transfer(decision, booking, old, new)
        elif wait and booking.status is BookingStatus.WAITING and booking.size <= new.capacity:
            _change_line(decision, booking, old, new)
        elif booking.size > new.capacity:
            raise refusals.LargerThanSlot(new.capacity, new.left, new.waiting)
        else:
            raise refusals.NoRoom(new.left, new.waiting)

    lock = partial(binding.lock_person, reference=reference, by=by)
    decide_on_two(reference, to_id, change, by=by, first=lock)


def _check_may_leave(old: Slot, booking: Booking, now: datetime) -> None:
    if booking.status is BookingStatus.LAPSED:
        raise refusals.OfferLapsed
    if not booking.is_active:
        raise refusals.NotActive
    if booking.status not in MOVABLE:
        raise refusals.InDraw
    if booking.confirm_by is not None:
        raise refusals.NotConfirmed
    if now >= old.ends_at or any(place.checked_in_at is not None for place in booking.current_places):
        raise refusals.Closed


def _check_may_come(new: Slot, old: Slot, booking: Booking, decision: Decision) -> None:
    if new.event_id != old.event_id:
        raise refusals.NotPermitted
    bookings.check_open(new, decision.now, decision.by)
    bookings.check_party(new, Party(booking.adults, booking.children))


def transfer(decision: Decision, booking: Booking, old: Slot, new: Slot) -> None:
    """Give a booking its places on ``new`` and free what it had on ``old``, in whose line the places go on at once.

    The caller holds the locks of both and has seen that there is room.
    """
    session, now, was = decision.session, decision.now, booking.status
    access_needs.leave(session, booking)
    places.hold(session, new, booking.size)
    booking.status, booking.confirmed_at = BookingStatus.CONFIRMED, booking.confirmed_at or now
    booking.queued_at = booking.offer_until = booking.least_size = booking.wanted_size = None
    standing.stand_on(session, booking, new, by=decision.by, now=now)
    access_needs.claim(session, booking)
    if was is BookingStatus.WAITING:
        places.leave_line(session, old, now=now)
    else:
        access_needs.promise_next(session, old, now=now)
        places.release(session, old, booking.size, now=now)
    places.end_wishes(session, booking, now=now)


def _change_line(decision: Decision, booking: Booking, old: Slot, new: Slot) -> None:
    session, now = decision.session, decision.now
    booking.queued_at = now
    places.join_line(session, new)
    standing.stand_on(session, booking, new, by=decision.by, now=now)
    places.leave_line(session, old, now=now)
    places.run_line(session, new, now=now, newcomer=booking)


def other_times(booking: Booking) -> Sequence[Slot]:
    """Where a booking could go: the other times of its activity first, then those of the residents' other activities.

    Whether there is room is for the page to say. Slots given out by draw or open to all are left out.
    """
    own = booking.slot.activity
    return db.session.scalars(
        select(Slot)
        .join(Slot.activity)
        .where(_IS_ELSEWHERE)
        .options(
            contains_eager(Slot.activity).joinedload(Activity.event),
            joinedload(Slot.venue),
            joinedload(Slot.room),
            raiseload("*", sql_only=True),
        )
        .order_by(Slot.activity_id != own.id, Activity.position, Slot.starts_at, Slot.slug),
        _here(booking),
    ).all()


def has_other_times(booking: Booking) -> bool:
    """Whether ``other_times`` gives any."""
    return _ELSEWHERE.execute(db.session.connection(), _here(booking)).first() is not None


def _here(booking: Booking) -> dict[str, int | bool]:
    own = booking.slot.activity
    return {
        "slot_id": booking.slot_id,
        "activity_id": own.id,
        "event_id": own.event_id,
        "of_residents": own.kind in RESIDENTS,
    }
