"""The seat engine: with ``services.counters``, its hands, the only place where a slot's counters change.

Two ways lead to a place. ``claim`` is one conditional UPDATE that decides and counts at once, for the rush.
Everything that has to look before it decides (the line, offers, changes of size or capacity) first takes the
slot's lock by writing to it, and reads afterwards; see ``locked``. What comes free goes to the line
(``services.serving``).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime

from sqlalchemy import ColumnElement, Select, SQLColumnExpression, and_, case, delete, func, or_, select, update
from sqlalchemy.orm import Session
from sqlalchemy.sql.dml import ReturningUpdate

from iclei_events.models import Booking, BookingStatus, KeptBack, MailKind, Slot, SlotMode, SwapWish
from iclei_events.services import access_needs, line, log, outbox
from iclei_events.services.counters import count, lock
from iclei_events.services.serving import Move, drop_wish, end_if_it_must_stay, end_wishes, move_all, run_line

__all__ = ["Move", "drop_wish", "end_if_it_must_stay", "end_wishes", "lock", "move_all", "run_line"]


def _no_pause(_point: str) -> None:
    """Nothing: tests put a pause here to hold a critical section open."""


in_critical_section: Callable[[str], None] = _no_pause


def claim(
    slot_id: ColumnElement[int], size: ColumnElement[int], now: ColumnElement[datetime], *, to: BookingStatus
) -> ReturningUpdate[tuple[int]]:
    """The one statement that takes ``size`` places (to CONFIRMED) or a turn in the line (to WAITING).

    It returns the slot's id, or no row: then nothing was taken, for a reason that ``locked`` lets one look up.
    """
    is_open = and_(
        Slot.mode == SlotMode.FIRST_COME,
        Slot.cancelled_at.is_(None),
        or_(Slot.opens_at.is_(None), Slot.opens_at <= now),
        or_(Slot.closes_at.is_(None), Slot.closes_at > now),
        Slot.starts_at > now,
    )
    taken = Slot.held + Slot.kept_back + size
    statement = update(Slot).where(Slot.id == slot_id, is_open)
    if to is BookingStatus.CONFIRMED:
        # While anybody waits whom the slot could hold, what is free is saved for the line.
        statement = statement.where(taken <= Slot.capacity, Slot.waiting <= Slot.out_of_reach)
        statement = statement.values(held=Slot.held + size, revision=Slot.revision + 1)
    else:
        statement = statement.where(
            taken > Slot.capacity, Slot.kept_back + size <= Slot.capacity, ~_overdue_offers(Slot.id, now).exists()
        )
        statement = statement.values(waiting=Slot.waiting + 1, revision=Slot.revision + 1)
    return statement.returning(Slot.id)


def locked(session: Session, slot_id: int, *, now: datetime) -> Slot:
    """The slot, locked by writing to it and read afterwards; offers that ran out have lapsed."""
    return locked_all(session, [slot_id], now=now)[slot_id]


def locked_all(session: Session, slot_ids: Iterable[int], *, now: datetime) -> dict[int, Slot]:
    """As ``locked``, for all slots that a decision waits for.

    The locks come first, in the order of the slots' ids, so that nobody waits for somebody who waits for them. Whatever
    else a line needs while it runs is taken only if it can be had at once (``try_lock``).
    """
    slots = {slot_id: lock(session, slot_id) for slot_id in sorted(set(slot_ids))}
    in_critical_section("locked")
    for slot in slots.values():
        lapse_offers(session, slot, now=now)
    return slots


def hold(session: Session, slot: Slot, size: int) -> None:
    """Count ``size`` places as held; the caller has seen under the lock that they are free."""
    count(session, slot, held=size)


def release(session: Session, slot: Slot, size: int, *, now: datetime) -> None:
    """Give back held places and offer them in the same breath."""
    count(session, slot, held=-size)
    run_line(session, slot, now=now)


def join_line(session: Session, slot: Slot) -> None:
    count(session, slot, waiting=1)


def leave_line(session: Session, slot: Slot, *, now: datetime) -> None:
    """One party fewer in line; whoever stood behind it may now be served."""
    count(session, slot, waiting=-1)
    run_line(session, slot, now=now)


def settle_draw(session: Session, slot: Slot, *, held: int, waiting: int, now: datetime) -> None:
    """Count what a draw gave out and who now stands in line; places that came free meanwhile go to the line."""
    count(session, slot, held=held, waiting=waiting)
    run_line(session, slot, now=now)


def withdraw_offers(session: Session, slot: Slot, *, now: datetime) -> None:
    """Put the parties with an offer back in line: a slot that was called off holds nothing for anybody to accept."""
    offered = session.scalars(
        select(Booking)
        .where(Booking.slot_id == slot.id, Booking.status == BookingStatus.OFFERED)
        .execution_options(populate_existing=True)
    ).all()
    for booking in offered:
        booking.status, booking.offer_until, booking.queued_at = BookingStatus.WAITING, None, now
        booking.wanted_size = None
        access_needs.leave(session, booking)
    session.flush()
    count(session, slot, held=-sum(booking.size for booking in offered), waiting=len(offered))


def empty(session: Session, slot: Slot) -> None:
    """Count nobody as holding or waiting; the caller has ended every booking."""
    session.execute(delete(SwapWish).where(SwapWish.slot_id == slot.id))
    count(session, slot, held=-slot.held, waiting=-slot.waiting)


def keep_back(session: Session, slot: Slot, size: int, *, now: datetime) -> None:
    """Keep free places back. A head of the line that is now larger than the rest no longer stops those behind it."""
    count(session, slot, kept_back=size)
    run_line(session, slot, now=now)


def release_kept_back(session: Session, slot: Slot, size: int, *, now: datetime) -> None:
    count(session, slot, kept_back=-size)
    run_line(session, slot, now=now)


def resize(session: Session, slot: Slot, capacity: int, *, now: datetime) -> None:
    """Set the capacity. Below what is held, nobody loses a place: the excess is noted and nobody new gets one."""
    session.execute(
        update(Slot)
        .where(Slot.id == slot.id)
        .values(
            capacity=capacity,
            out_of_reach=line.count_out_of_reach(capacity - Slot.kept_back),
            over_capacity=case((Slot.held + Slot.kept_back > capacity, Slot.held + Slot.kept_back - capacity), else_=0),
        )
        .execution_options(synchronize_session=False)
    )
    session.refresh(slot)
    run_line(session, slot, now=now)


def is_line_empty(session: Session, slot: Slot) -> bool:
    """Whether nobody waits whom the slot could hold: a party larger than the slot by now keeps nobody out."""
    return not slot.waiting or line.first(session, slot) is None


def has_overdue_offers(session: Session, slot: Slot, *, now: datetime) -> bool:
    return session.scalar(_overdue_offers(slot.id, now).limit(1)) is not None


def _overdue_offers(slot_id: SQLColumnExpression[int] | int, now: ColumnElement[datetime] | datetime) -> Select[int]:
    return select(Booking.id).where(
        Booking.slot_id == slot_id, Booking.status == BookingStatus.OFFERED, Booking.offer_until <= now
    )


def lapse_offers(session: Session, slot: Slot, *, now: datetime) -> int:
    """End the locked slot's offers that ran out and offer their places on; returns how many.

    Turns in the line that nobody confirmed in time end first: nothing is offered to them any more.
    """
    is_offer = and_(Booking.status == BookingStatus.OFFERED, Booking.offer_until <= now)
    is_unconfirmed = and_(Booking.status == BookingStatus.WAITING, Booking.confirm_by <= now)
    overdue = session.scalars(
        select(Booking)
        .where(Booking.slot_id == slot.id, or_(is_offer, is_unconfirmed))
        .order_by(func.coalesce(Booking.offer_until, Booking.confirm_by), Booking.id)
        .execution_options(populate_existing=True)
    ).all()
    turns = [booking for booking in overdue if booking.status is BookingStatus.WAITING]
    for booking in turns:
        _lapse(session, booking, now=now)
    if turns:
        count(session, slot, waiting=-len(turns))
        run_line(session, slot, now=now)
    for booking in overdue:
        if booking not in turns:
            _lapse(session, booking, now=now)
            access_needs.promise_next(session, slot, now=now)
            release(session, slot, booking.size, now=now)
    return len(overdue)


def _lapse(session: Session, booking: Booking, *, now: datetime) -> None:
    held = booking.status is BookingStatus.OFFERED
    booking.status, booking.offer_until, booking.queued_at = BookingStatus.LAPSED, None, None
    booking.ended_at = now
    outbox.mail_booking(session, MailKind.OFFER_LAPSED, booking, at=now, context={"held": held})
    log.record(session, "lapse", by=log.WORKER, at=now, slot_id=booking.slot_id, booking_id=booking.id)
    access_needs.leave(session, booking)


def release_due(session: Session, slot: Slot, *, now: datetime) -> int:
    """Release kept-back places whose release date has come; returns how many places."""
    due = session.scalars(
        select(KeptBack).where(KeptBack.slot_id == slot.id, KeptBack.released_at.is_(None), KeptBack.release_at <= now)
    ).all()
    for kept in due:
        kept.released_at = now
        session.flush()
        release_kept_back(session, slot, kept.places, now=now)
    return sum(kept.places for kept in due)
