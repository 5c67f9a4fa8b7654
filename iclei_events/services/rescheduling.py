"""Moving a slot: seen before it is done, done once, and each party told once.

Nobody loses anything by it: a moved slot keeps its bookings, its line and its offers.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import case, func, select, update
from sqlalchemy.orm import Session, joinedload

from iclei_events import clock
from iclei_events.db import db, transaction
from iclei_events.i18n import Bilingual
from iclei_events.models import (
    ACTIVE,
    Attendee,
    Booking,
    BookingStatus,
    LogEntry,
    MailKind,
    OutboxMail,
    Slot,
)
from iclei_events.services import log, outbox, places, refusals, rescheduling_letters

SETTLES: Final = timedelta(minutes=2)
"""How long the mail about a move waits: who corrects a slip of the pen meanwhile tells nobody twice."""

MOVED: Final = "move_slot"
"""The verb in the log."""


@dataclass(frozen=True, slots=True)
class WhenAndWhere:
    """What a move changes of a slot."""

    starts_at: datetime
    ends_at: datetime
    meeting_point: Bilingual | None = None
    venue_id: int | None = None
    room_id: int | None = None

    @classmethod
    def of(cls, slot: Slot) -> WhenAndWhere:
        return cls(slot.starts_at, slot.ends_at, slot.meeting_point, slot.venue_id, slot.room_id)


@dataclass(frozen=True, slots=True)
class Touched:
    """The parties of a slot by how they stand, and how many of them have no address to be told at."""

    confirmed: int
    offered: int
    waiting: int
    entered: int
    without_address: int

    @property
    def parties(self) -> int:
        return self.confirmed + self.offered + self.waiting + self.entered

    @property
    def mails(self) -> int:
        return self.parties - self.without_address


def touched(slot: Slot) -> Touched:
    """Whom it would touch to move the slot or to call it off, without changing anything."""
    has_address = func.coalesce(func.sum(case((Attendee.email != "", 1), else_=0)), 0)
    rows = db.session.execute(
        select(Booking.status, func.count(Booking.id), has_address)
        .outerjoin(Attendee, Attendee.booking_id == Booking.id)
        .where(Booking.slot_id == slot.id, Booking.status.in_(ACTIVE))
        .group_by(Booking.status)
    ).all()
    number = {status: count for status, count, _ in rows}
    return Touched(
        confirmed=number.get(BookingStatus.CONFIRMED, 0),
        offered=number.get(BookingStatus.OFFERED, 0),
        waiting=number.get(BookingStatus.WAITING, 0),
        entered=number.get(BookingStatus.ENTERED, 0),
        without_address=sum(count - int(addresses) for _, count, addresses in rows),
    )


def move_slot(slot_id: int, to: WhenAndWhere, *, seen: int, by: log.Actor) -> None:
    """Move a slot and tell each of its parties once. Moving it to where it stands changes nothing.

    ``seen`` is the slot's ``sequence`` as the form showed it: raises ``ChangedMeanwhile`` when somebody else moved it
    since, ``SlotCancelled`` or ``Closed`` where there is nothing left to move.
    """
    now = clock.now()
    with transaction() as session:
        slot = changeable(session, slot_id, seen, now)
        if slot.cancelled_at is not None:
            raise refusals.SlotCancelled
        if WhenAndWhere.of(slot) == to:
            return
        before = rescheduling_letters.before(slot)
        starts_at = slot.starts_at
        slot.starts_at, slot.ends_at, slot.meeting_point = to.starts_at, to.ends_at, to.meeting_point
        slot.venue_id, slot.room_id = to.venue_id, to.room_id
        slot.sequence += 1
        session.flush()
        session.expire(slot, ["venue", "room"])
        note_move(session, slot, before, starts_at, by=by, now=now)


def note_move(  # noqa: PLR0913  what a move leaves behind
    session: Session, slot: Slot, before: dict[str, Any], starts_at: datetime, *, by: log.Actor, now: datetime
) -> int:
    """Do what follows when a locked slot stands elsewhere than ``before`` says; returns how many are told by mail.

    In the caller's transaction. A mail about an earlier move that nobody has begun to send tells of this one too.
    """
    if starts_at != slot.starts_at:
        first = slot.moved_from or starts_at
        slot.moved_from = first if first != slot.starts_at else None
    _end_offers_by_start(session, slot)
    told = parties(session, slot)
    unsent = _put_off_unsent(session, slot, now + SETTLES)
    for booking in told:
        if booking.id not in unsent:
            outbox.mail_booking(
                session, MailKind.SLOT_MOVED, booking, at=now, due_at=now + SETTLES, context={"before": before}
            )
    mails = sum(bool(booking.attendee and booking.attendee.email) for booking in told)
    times = {"before": before["starts_at"], "after": slot.starts_at.isoformat(), "mails": mails}
    log.record(session, MOVED, by=by, at=now, slot_id=slot.id, details=times)
    return mails


def _end_offers_by_start(session: Session, slot: Slot) -> None:
    session.execute(
        update(Booking)
        .where(Booking.slot_id == slot.id, Booking.offer_until > slot.starts_at)
        .values(offer_until=slot.starts_at)
        .execution_options(synchronize_session="fetch")
    )


def parties(session: Session, slot: Slot) -> list[Booking]:
    """Everybody who has or wants a place on the slot, in the order in which they booked."""
    return list(
        session.scalars(
            select(Booking)
            .where(Booking.slot_id == slot.id, Booking.status.in_(ACTIVE))
            .options(joinedload(Booking.attendee))
            .order_by(Booking.id)
        )
    )


def _put_off_unsent(session: Session, slot: Slot, due_at: datetime) -> set[int | None]:
    """Lock the mails about an earlier move that no worker has taken, and let them wait; whose they are."""
    of_slot = select(Booking.id).where(Booking.slot_id == slot.id)
    return set(
        session.scalars(
            update(OutboxMail)
            .where(
                OutboxMail.kind == MailKind.SLOT_MOVED,
                OutboxMail.booking_id.in_(of_slot),
                OutboxMail.sent_at.is_(None),
                OutboxMail.failed_at.is_(None),
                OutboxMail.claimed_until.is_(None),
            )
            .values(due_at=due_at)
            .returning(OutboxMail.booking_id)
            .execution_options(synchronize_session=False)
        )
    )


def was_moved_by_staff(session: Session, slot: Slot) -> bool:
    """Whether somebody of the staff has decided where the slot stands, which no content pack then undoes."""
    moves = select(LogEntry.id).where(
        LogEntry.slot_id == slot.id, LogEntry.verb == MOVED, LogEntry.staff_id.is_not(None)
    )
    return session.scalar(moves.limit(1)) is not None


def changeable(session: Session, slot_id: int, seen: int, now: datetime) -> Slot:
    """The slot, locked, unless it is over or somebody else has moved it since its form was opened."""
    slot = places.locked(session, slot_id, now=now)
    if slot.sequence != seen:
        raise refusals.ChangedMeanwhile(WhenAndWhere.of(slot))
    if slot.ends_at <= now:
        raise refusals.Closed
    return slot
