"""What a drawn lot means for each party: an offer, a turn in the line, or a plain no; all of them told by mail."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import insert, select, update
from sqlalchemy.orm import Session

from iclei_events.models import (
    Attendee,
    Booking,
    BookingStatus,
    Draw,
    DrawEntry,
    LogEntry,
    MailKind,
    OutboxMail,
    Slot,
    SlotMode,
)
from iclei_events.services import access_needs, draws, log, places
from iclei_events.services.drawing import Lot
from iclei_events.services.outbox import new_message_id

ANSWER_TIME: Final = timedelta(hours=48)
"""How long winners have to say yes."""


@dataclass(frozen=True, slots=True)
class _Fate:
    """What a booking becomes."""

    booking_id: int
    position: int
    size: int
    status: BookingStatus
    slot: Slot


def settle(session: Session, draw: Draw, slots: Mapping[str, Slot], lots: list[Lot], *, now: datetime) -> None:
    """Give each party what it drew. What is left is first come from now on, behind those who wait."""
    fates = list(_fates(session, draw, slots, lots, now=now))
    _store(session, draw, fates, now)
    held = Counter[int]()
    waiting = Counter[int]()
    for fate in fates:
        if fate.status is BookingStatus.OFFERED:
            held[fate.slot.id] += fate.size
        elif fate.status is BookingStatus.WAITING:
            waiting[fate.slot.id] += 1
    session.execute(update(DrawEntry).where(DrawEntry.draw_id == draw.id).values(person_key=None))
    for slot in slots.values():
        slot.mode, slot.closes_at = SlotMode.FIRST_COME, None
        session.flush()
        won = [fate.booking_id for fate in fates if fate.slot is slot and fate.status is BookingStatus.OFFERED]
        access_needs.claim_of(session, won)
        places.settle_draw(session, slot, held=held[slot.id], waiting=waiting[slot.id], now=now)


def _fates(
    session: Session, draw: Draw, slots: Mapping[str, Slot], lots: list[Lot], *, now: datetime
) -> Iterator[_Fate]:
    named = select(DrawEntry.pseudonym, DrawEntry.booking_id).where(DrawEntry.draw_id == draw.id)
    ids = {row.pseudonym: row.booking_id for row in session.execute(named)}
    for lot in lots:
        booking_id, size = ids[lot.entry.pseudonym], lot.entry.size
        if lot.got is not None:
            yield _Fate(booking_id, lot.position, size, BookingStatus.OFFERED, slots[lot.got])
            continue
        wished = [slots[slug] for slug in lot.entry.wishes if slug in slots]
        possible = [slot for slot in wished if not draws.is_off(slot, now) and size <= slot.public_capacity]
        if possible:
            yield _Fate(booking_id, lot.position, size, BookingStatus.WAITING, possible[0])
        else:
            yield _Fate(booking_id, lot.position, size, BookingStatus.LOST, wished[0])


MAIL: Final = {
    BookingStatus.OFFERED: MailKind.DRAW_WON,
    BookingStatus.WAITING: MailKind.DRAW_LOST,
    BookingStatus.LOST: MailKind.DRAW_LOST,
}


def _store(session: Session, draw: Draw, fates: list[_Fate], now: datetime) -> None:
    """Write thousands of bookings in a few statements, so that the lock is short."""
    if not fates:
        return
    first_turn = now - timedelta(microseconds=len(fates))
    session.execute(update(Booking), [_booking(fate, first_turn, now) for fate in fates])
    session.execute(update(DrawEntry), [{"booking_id": fate.booking_id, "position": fate.position} for fate in fates])
    status = {fate.booking_id: fate.status for fate in fates}
    readers = session.execute(
        select(Attendee.booking_id, Attendee.email, Booking.language)
        .join(Attendee.booking)
        .where(Attendee.booking_id.in_(select(DrawEntry.booking_id).where(DrawEntry.draw_id == draw.id)))
        .where(Attendee.email != "")
    )
    mails = [
        {
            "kind": MAIL[status[booking_id]], "recipient": email, "language": language, "booking_id": booking_id,
            "context": {}, "message_id": new_message_id(), "created_at": now, "due_at": now, "attempts": 0,
        }
        for booking_id, email, language in readers
        if booking_id in status
    ]  # fmt: skip
    if mails:
        session.execute(insert(OutboxMail), mails)
    session.execute(insert(LogEntry), [_log_entry(fate, now) for fate in fates])


def _booking(fate: _Fate, first_turn: datetime, now: datetime) -> dict[str, Any]:
    """The drawn order is the order of the line: turns one microsecond apart, all before anybody new."""
    is_offer, waits = fate.status is BookingStatus.OFFERED, fate.status is BookingStatus.WAITING
    return {
        "id": fate.booking_id,
        "status": fate.status,
        "slot_id": fate.slot.id,
        "offer_until": min(now + ANSWER_TIME, fate.slot.starts_at) if is_offer else None,
        "queued_at": first_turn + timedelta(microseconds=fate.position) if waits else None,
        "ended_at": now if fate.status is BookingStatus.LOST else None,
    }


def _log_entry(fate: _Fate, now: datetime) -> dict[str, Any]:
    verbs = {
        BookingStatus.OFFERED: "win_draw",
        BookingStatus.WAITING: "wait_after_draw",
        BookingStatus.LOST: "lose_draw",
    }
    return {
        "at": now, "actor": log.WORKER.kind, "verb": verbs[fate.status], "slot_id": fate.slot.id,
        "booking_id": fate.booking_id, "details": {"size": fate.size},
    }  # fmt: skip
