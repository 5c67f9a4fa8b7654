"""What becomes of a party's access needs when its booking does: promised with its places, given back with them.

A need is asked for; it is promised at once where the slot has it to give and the party holds places. What comes free is
promised to the party that asked first among those it is enough for, in the transaction that freed it. What staff have
said no to is theirs to promise, also when it is asked for again. A need goes along to another time and is asked for
anew there. Every function is called with the lock of each slot it names held.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from iclei_events.models import (
    COUNTED,
    HOLDING,
    AccessNeed,
    AidKind,
    Booking,
    MailKind,
    NeedState,
    Slot,
)
from iclei_events.services import aids, outbox


def claim(session: Session, booking: Booking) -> None:
    """Promise a party that has just been given places whatever the slot has of what it asks for."""
    for need in booking.access_needs:
        if need.is_counted and need.state is NeedState.ASKED and need.answer is None:
            need.count = min(need.count, booking.size)
            if aids.claim(session, booking.slot_id, need.kind, need.count):
                need.state = NeedState.PROMISED
    session.flush()


def claim_of(session: Session, booking_ids: Collection[int]) -> None:
    """As ``claim``, for the parties among these that ask for something, in this order."""
    asking = session.scalars(
        select(Booking)
        .where(Booking.id.in_(booking_ids), Booking.access_needs.any(AccessNeed.kind.in_(COUNTED)))
        .execution_options(populate_existing=True)
    )
    order = {booking_id: number for number, booking_id in enumerate(booking_ids)}
    for booking in sorted(asking, key=lambda booking: order[booking.id]):
        claim(session, booking)


def leave(session: Session, booking: Booking) -> None:
    """Take back what a party was promised on its slot: it gives up its places there, or asks for the same elsewhere.

    The caller lets the slot promise what came free (``promise_next``) once the party is out of the way.
    """
    for need in booking.access_needs:
        if need.is_counted and need.is_kept:
            aids.give_back(session, booking.slot_id, need.kind, need.count)
        need.state, need.answer = NeedState.ASKED, None
    session.flush()


def shrink(session: Session, slot: Slot, booking: Booking, *, now: datetime) -> None:
    """Let a party that has become smaller keep no more of a kind than it has people."""
    too_many = [need for need in booking.access_needs if need.count > booking.size]
    for need in too_many:
        if need.is_counted and need.is_kept:
            aids.give_back(session, slot.id, need.kind, need.count - booking.size)
        need.count = booking.size
    session.flush()
    if too_many:
        promise_next(session, slot, now=now)


def promise_next(session: Session, slot: Slot, *, now: datetime) -> None:
    """Promise what is free to the parties with places that still ask, who asked first first; each is told once."""
    if slot.cancelled_at is not None:
        return
    for need in asking(session, slot.id):
        if aids.claim(session, slot.id, need.kind, need.count):
            need.state, need.answer = NeedState.PROMISED, None
            session.flush()
            tell(session, need.booking, now=now)


def asking(session: Session, slot_id: int) -> list[AccessNeed]:
    """The counted needs that wait to be promised, who asked first first."""
    return list(
        session.scalars(
            select(AccessNeed)
            .join(AccessNeed.booking)
            .where(Booking.slot_id == slot_id, Booking.status.in_(HOLDING))
            .where(AccessNeed.state == NeedState.ASKED, AccessNeed.answer.is_(None), AccessNeed.kind.in_(COUNTED))
            .order_by(AccessNeed.asked_at, AccessNeed.id)
            .execution_options(populate_existing=True)
        )
    )


def tell(session: Session, booking: Booking, *, now: datetime) -> None:
    """Promise the party one mail that there is an answer; what it is stands on the booking's page alone."""
    outbox.tell_latest(session, MailKind.NEEDS_ANSWERED, booking, at=now)


def end_all(session: Session, slot: Slot, parties: Iterable[Booking]) -> None:
    """Take back whatever was promised on a slot whose bookings have all ended."""
    for booking in parties:
        for need in booking.access_needs:
            need.state, need.answer = NeedState.ASKED, None
    session.flush()
    aids.recount(session, [slot.id])


def wish_rows(words: str | None, counted: Iterable[tuple[AidKind, int]], now: datetime) -> list[dict[str, object]]:
    """The rows of what a new booking asks for."""
    asked = {"state": NeedState.ASKED, "asked_at": now}
    rows: list[dict[str, object]] = [
        {"kind": kind, "count": count, "description": None, **asked} for kind, count in counted
    ]
    if words:
        rows.append({"kind": AidKind.OTHER, "count": 1, "description": words, **asked})
    return rows
