"""Running a line: offers to those who wait, and changes for those who hold another time and would rather have this one.

Every function here is called with the slot's lock held. What a change needs beside it, the lock of the other slot, is
taken only if it can be had at once: nobody waits for a lock out of order, so that nobody waits in a circle. Else the
places stay saved for the party, and the worker makes the change as soon as it has both locks (``services.settling``).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete, exists, select, update
from sqlalchemy.orm import Session

from iclei_events.models import Booking, BookingStatus, MailKind, Slot, SwapWish
from iclei_events.services import access_needs, binding, keeping_time, line, log, outbox, standing, waiting
from iclei_events.services.counters import count, try_lock
from iclei_events.services.waiting import Turn


def _no_pause(_point: str) -> None:
    """Nothing: tests put a pause here to hold a critical section open."""


in_critical_section: Callable[[str], None] = _no_pause


def run_line(session: Session, slot: Slot, *, now: datetime, newcomer: Booking | None = None) -> None:
    """Offer what is free to those who wait, by the rule in ``services.waiting``, and move those who hold another time.

    ``newcomer`` is here and has just asked: if it is its turn at once it is confirmed, without an offer first. A party
    that moves frees places elsewhere: those lines follow.
    """
    _run_lines(session, [slot], now=now, newcomer=newcomer)


def _run_lines(session: Session, slots: Iterable[Slot], *, now: datetime, newcomer: Booking | None = None) -> None:
    due = {slot.id: slot for slot in slots}
    while due:
        slot = due.pop(min(due))
        due |= {other.id: other for other in _run_one_line(session, slot, now=now, newcomer=newcomer)}


def _run_one_line(session: Session, slot: Slot, *, now: datetime, newcomer: Booking | None) -> list[Slot]:
    """Serve one locked slot's line; returns the locked slots whose lines have come to life by it."""
    _sweep(session, slot, now=now)
    touched: list[Slot] = []
    while slot.cancelled_at is None and slot.waiting and slot.free:
        turn = line.next_turn(session, slot)
        until = waiting.offer_until(now, slot.starts_at)
        if turn is None or until is None:
            break
        if turn.party.wish_id is None:
            _serve(session, slot, turn, until, now=now, newcomer=newcomer)
        else:
            source = _try_lock_source(session, turn, slot, now=now)
            if source is None:
                break  # its places here are saved until the worker has all locks
            if end_if_it_must_stay(session, slot, turn.party.booking_id, turn.party.wish_id, now=now):
                continue
            touched += _move(session, [Move(turn.party.booking_id, source, slot)], now=now)
        _note_pass(session, turn)
    return touched


def _sweep(session: Session, slot: Slot, *, now: datetime) -> None:
    """Take swap wishes that have ended out of the line, and see afresh who could be held at all."""
    if not slot.waiting and not slot.out_of_reach:
        return
    session.flush()
    lives = exists().where(
        Booking.id == SwapWish.booking_id, line.is_alive(), Slot.id == SwapWish.held_slot_id, Slot.starts_at > now
    )
    ended = session.execute(
        delete(SwapWish)
        .where(SwapWish.slot_id == slot.id, ~lives)
        .returning(SwapWish.id)
        .execution_options(synchronize_session=False)
    ).all()
    count(session, slot, waiting=-len(ended))


def _serve(  # noqa: PLR0913  what an offer needs
    session: Session, slot: Slot, turn: Turn, until: datetime, *, now: datetime, newcomer: Booking | None
) -> None:
    booking = session.get_one(Booking, turn.party.booking_id)
    wanted = booking.size
    if turn.places < wanted:
        standing.keep_only(booking, turn.places, now=now)
    booking.queued_at = booking.least_size = None
    if booking is newcomer and turn.places == wanted and booking.confirm_by is None:
        booking.status, booking.confirmed_at = BookingStatus.CONFIRMED, now
    else:
        booking.status, booking.offer_until, booking.offer_prolonged_at = BookingStatus.OFFERED, until, None
        if booking.confirm_by is not None:  # it has no longer than it had anyway
            booking.offer_until = min(until, booking.confirm_by)
        to_confirm = booking.confirm_by is not None and booking.wanted_size is None
        kind = MailKind.BOOKING_TO_CONFIRM if to_confirm else MailKind.BOOKING_OFFERED
        outbox.mail_booking(session, kind, booking, at=now)
        log.record(
            session, "offer", by=log.WORKER, at=now, slot_id=slot.id, booking_id=booking.id,
            details={"size": booking.size, "of": wanted},
        )  # fmt: skip
    session.flush()
    access_needs.claim(session, booking)
    count(session, slot, held=booking.size, waiting=-1)


def end_if_it_must_stay(session: Session, slot: Slot, booking_id: int, wish_id: int, *, now: datetime) -> bool:
    """End a wish that would move its party to its loss, and tell it; whether it was so."""
    booking = session.get_one(Booking, booking_id)
    reason = keeping_time.why(session, booking, slot)
    if reason is None:
        return False
    drop_wish(session, slot, wish_id)
    keeping_time.tell(session, booking, slot, reason, now=now)
    return True


def _note_pass(session: Session, turn: Turn) -> None:
    """Count that the head was passed: on its booking, or on the wish by which it stands here."""
    if turn.passes is None:
        return
    if turn.passes.wish_id is None:
        session.get_one(Booking, turn.passes.booking_id).passed_over += 1
        session.flush()
        return
    session.execute(
        update(SwapWish)
        .where(SwapWish.id == turn.passes.wish_id)
        .values(passed_over=SwapWish.passed_over + 1)
        .execution_options(synchronize_session=False)
    )


@dataclass(frozen=True, slots=True)
class Move:
    """A confirmed booking that gives up its places on one locked slot for as many on another."""

    booking_id: int
    source: Slot
    target: Slot


def move_all(session: Session, moves: Sequence[Move], *, now: datetime) -> None:
    """Let parties change places with each other at one stroke; the caller has seen under the locks that all fit."""
    _run_lines(session, _move(session, moves, now=now), now=now)


def _try_lock_source(session: Session, turn: Turn, target: Slot, *, now: datetime) -> Slot | None:
    """The slot on which a wish's party holds its places, if it still does once the lock is had, and the person's.

    It is the slot that the party held when it asked: one that has changed by hand since the line was read asks no more.
    """
    in_critical_section("wish")
    held = session.scalar(select(SwapWish.held_slot_id).where(SwapWish.id == turn.party.wish_id))
    source = try_lock(session, held) if held is not None else None
    in_critical_section("source")
    booking = session.get_one(Booking, turn.party.booking_id, populate_existing=True)
    if source is None or booking.slot_id != source.id or booking.status is not BookingStatus.CONFIRMED:
        return None
    if booking.size != turn.party.size or now >= source.starts_at:
        return None
    return source if binding.try_lock(session, booking, target) else None


def _move(session: Session, moves: Sequence[Move], *, now: datetime) -> list[Slot]:
    """Move rows and counts; returns the slots whose lines have come to life by it, all locked."""
    slots = {slot.id: slot for each in moves for slot in (each.source, each.target)}
    more = dict.fromkeys(slots, 0)
    touched = [each.source for each in moves]
    moving = [session.get_one(Booking, each.booking_id) for each in moves]
    for booking in moving:
        access_needs.leave(session, booking)
    for each, booking in zip(moves, moving, strict=True):
        more[each.target.id] += booking.size
        more[each.source.id] -= booking.size
        standing.stand_on(session, booking, each.target, by=log.WORKER, now=now)
        touched += _end_wishes(session, booking)
    for booking in moving:
        access_needs.claim(session, booking)
    for each in moves:
        access_needs.promise_next(session, each.source, now=now)
    for slot_id, held in more.items():
        if held:
            count(session, slots[slot_id], held=held)
    return touched


def end_wishes(session: Session, booking: Booking, *, now: datetime) -> None:
    """Take a party that has moved or given up its places out of the lines in which it asked for other times."""
    _run_lines(session, _end_wishes(session, booking), now=now)


def _end_wishes(session: Session, booking: Booking) -> list[Slot]:
    """Returns the slots whose lines are shorter now. Where a lock is not to be had, the line sweeps the wish out."""
    wishes = session.execute(
        select(SwapWish.id, SwapWish.slot_id).where(SwapWish.booking_id == booking.id).order_by(SwapWish.slot_id)
    ).all()
    shorter = []
    for wish_id, slot_id in wishes:
        slot = try_lock(session, slot_id)
        if slot is not None:
            drop_wish(session, slot, wish_id)
            shorter.append(slot)
    return shorter


def drop_wish(session: Session, slot: Slot, wish_id: int) -> None:
    """Take a swap wish out of the locked slot's line; the caller runs the line."""
    wish = delete(SwapWish).where(SwapWish.id == wish_id, SwapWish.slot_id == slot.id).returning(SwapWish.id)
    gone = session.execute(wish.execution_options(synchronize_session=False)).all()
    count(session, slot, waiting=-len(gone))
