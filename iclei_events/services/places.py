"""The seat engine: the only place where a slot's counters change.

Two ways lead to a place. ``claim`` is one conditional UPDATE that decides and counts at once, for the rush.
Everything that has to look before it decides (the line, offers, changes of size or capacity) first takes the
slot's lock by writing to it, and reads afterwards; see ``locked``.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from sqlalchemy import ColumnElement, Select, SQLColumnExpression, and_, case, func, or_, select, update
from sqlalchemy.orm import Session
from sqlalchemy.sql.dml import ReturningUpdate

from iclei_events.models import Booking, BookingStatus, KeptBack, MailKind, Slot, SlotMode
from iclei_events.services import log, outbox, waiting
from iclei_events.services.waiting import InLine


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
        # While anybody waits, what is free is saved for the line.
        statement = statement.where(taken <= Slot.capacity, Slot.waiting == 0)
        statement = statement.values(held=Slot.held + size, revision=Slot.revision + 1)
    else:
        statement = statement.where(
            taken > Slot.capacity, size <= Slot.capacity, ~_overdue_offers(Slot.id, now).exists()
        )
        statement = statement.values(waiting=Slot.waiting + 1, revision=Slot.revision + 1)
    return statement.returning(Slot.id)


def locked(session: Session, slot_id: int, *, now: datetime) -> Slot:
    """The slot, locked by writing to it and read afterwards; offers that ran out have lapsed."""
    slot = lock(session, slot_id)
    in_critical_section("locked")
    lapse_offers(session, slot, now=now)
    return slot


def lock(session: Session, slot_id: int) -> Slot:
    """Take the slot's row lock by writing, then read it: a value read before the lock may be old."""
    session.execute(
        update(Slot)
        .where(Slot.id == slot_id)
        .values(revision=Slot.revision + 1)
        .execution_options(synchronize_session=False)
    )
    return session.scalars(select(Slot).where(Slot.id == slot_id).execution_options(populate_existing=True)).one()


def _count(session: Session, slot: Slot, *, held: int = 0, kept_back: int = 0, waiting: int = 0) -> None:
    """Change a locked slot's counters by these differences; the excess over capacity only ever shrinks."""
    excess = Slot.held + Slot.kept_back + held + kept_back - Slot.capacity
    session.execute(
        update(Slot)
        .where(Slot.id == slot.id)
        .values(
            held=Slot.held + held,
            kept_back=Slot.kept_back + kept_back,
            waiting=Slot.waiting + waiting,
            over_capacity=case((excess <= 0, 0), (excess < Slot.over_capacity, excess), else_=Slot.over_capacity),
        )
        .execution_options(synchronize_session=False)
    )
    session.refresh(slot)


def hold(session: Session, slot: Slot, size: int) -> None:
    """Count ``size`` places as held; the caller has seen under the lock that they are free."""
    _count(session, slot, held=size)


def release(session: Session, slot: Slot, size: int, *, now: datetime) -> None:
    """Give back held places and offer them in the same breath."""
    _count(session, slot, held=-size)
    run_line(session, slot, now=now)


def join_line(session: Session, slot: Slot) -> None:
    _count(session, slot, waiting=1)


def leave_line(session: Session, slot: Slot, *, now: datetime) -> None:
    """One party fewer in line; whoever stood behind it may now be served."""
    _count(session, slot, waiting=-1)
    run_line(session, slot, now=now)


def keep_back(session: Session, slot: Slot, size: int, *, now: datetime) -> None:
    """Keep free places back. A head of the line that is now larger than the rest no longer stops those behind it."""
    _count(session, slot, kept_back=size)
    run_line(session, slot, now=now)


def release_kept_back(session: Session, slot: Slot, size: int, *, now: datetime) -> None:
    _count(session, slot, kept_back=-size)
    run_line(session, slot, now=now)


def resize(session: Session, slot: Slot, capacity: int, *, now: datetime) -> None:
    """Set the capacity. Below what is held, nobody loses a place: the excess is noted and nobody new gets one."""
    session.execute(
        update(Slot)
        .where(Slot.id == slot.id)
        .values(
            capacity=capacity,
            over_capacity=case((Slot.held + Slot.kept_back > capacity, Slot.held + Slot.kept_back - capacity), else_=0),
        )
        .execution_options(synchronize_session=False)
    )
    session.refresh(slot)
    run_line(session, slot, now=now)


def run_line(session: Session, slot: Slot, *, now: datetime, newcomer: Booking | None = None) -> None:
    """Offer what is free to those who wait, by the rule in ``services.waiting``.

    ``newcomer`` is here and has just asked: if it is its turn at once it is confirmed, without an offer first.
    """
    if slot.cancelled_at is not None:
        return
    while slot.waiting and slot.free:
        turn = waiting.next_turn(
            _first_in_line(session, slot), slot.free, lambda room: _first_in_line(session, slot, at_most=room)
        )
        until = waiting.offer_until(now, slot.starts_at)
        if turn is None or until is None:
            return
        if turn.passes is not None:
            session.get_one(Booking, turn.passes.booking_id).passed_over += 1
        _serve(session, slot, session.get_one(Booking, turn.party.booking_id), until, now=now, newcomer=newcomer)


def _serve(  # noqa: PLR0913  what an offer needs
    session: Session, slot: Slot, booking: Booking, until: datetime, *, now: datetime, newcomer: Booking | None
) -> None:
    booking.queued_at = None
    if booking is newcomer:
        booking.status, booking.confirmed_at = BookingStatus.CONFIRMED, now
    else:
        booking.status, booking.offer_until = BookingStatus.OFFERED, until
        outbox.mail_booking(session, MailKind.BOOKING_OFFERED, booking, at=now)
        log.record(
            session, "offer", by=log.WORKER, at=now, slot_id=slot.id, booking_id=booking.id,
            details={"size": booking.size},
        )  # fmt: skip
    session.flush()
    _count(session, slot, held=booking.size, waiting=-1)


def _first_in_line(session: Session, slot: Slot, *, at_most: int | None = None) -> InLine | None:
    """The first waiting party that the slot could hold, kept-back places aside; with ``at_most``, one no larger."""
    largest = slot.capacity - slot.kept_back if at_most is None else at_most
    row = session.execute(
        select(Booking.id, Booking.size, Booking.passed_over)
        .where(Booking.slot_id == slot.id, Booking.status == BookingStatus.WAITING, Booking.size <= largest)
        .order_by(Booking.queued_at, Booking.id)
        .limit(1)
    ).first()
    return InLine(*row) if row is not None else None


def is_line_empty(session: Session, slot: Slot) -> bool:
    """Whether nobody waits whom the slot could hold: a party larger than the slot by now keeps nobody out."""
    return not slot.waiting or _first_in_line(session, slot) is None


def place_in_line(session: Session, booking: Booking) -> int:
    """1 for the head of the line; counts those before it, so only for a booking's own page."""
    before = select(func.count()).where(
        Booking.slot_id == booking.slot_id,
        Booking.status == BookingStatus.WAITING,
        or_(
            Booking.queued_at < booking.queued_at,
            and_(Booking.queued_at == booking.queued_at, Booking.id < booking.id),
        ),
    )
    return (session.scalar(before) or 0) + 1


def has_overdue_offers(session: Session, slot: Slot, *, now: datetime) -> bool:
    return session.scalar(_overdue_offers(slot.id, now).limit(1)) is not None


def _overdue_offers(slot_id: SQLColumnExpression[int] | int, now: ColumnElement[datetime] | datetime) -> Select[int]:
    return select(Booking.id).where(
        Booking.slot_id == slot_id, Booking.status == BookingStatus.OFFERED, Booking.offer_until <= now
    )


def lapse_offers(session: Session, slot: Slot, *, now: datetime) -> int:
    """End the locked slot's offers that ran out and offer their places on; returns how many."""
    overdue = session.scalars(
        select(Booking)
        .where(Booking.slot_id == slot.id, Booking.status == BookingStatus.OFFERED, Booking.offer_until <= now)
        .order_by(Booking.offer_until, Booking.id)
        .execution_options(populate_existing=True)
    ).all()
    for booking in overdue:
        booking.status, booking.offer_until, booking.ended_at = BookingStatus.LAPSED, None, now
        outbox.mail_booking(session, MailKind.OFFER_LAPSED, booking, at=now)
        log.record(session, "lapse", by=log.WORKER, at=now, slot_id=slot.id, booking_id=booking.id)
        session.flush()
        release(session, slot, booking.size, now=now)
    return len(overdue)


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
