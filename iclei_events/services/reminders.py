"""Reminders: one mail two days and one two hours before a slot to each party that has places there.

Each is promised once, whatever happens: it has a key that the outbox takes only once. Nobody is reminded who booked,
or was told the time, after the moment of the reminder.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Final, NamedTuple

from sqlalchemy import ColumnElement, String, cast, exists, literal, select
from sqlalchemy.dialects.postgresql import insert as insert_postgresql
from sqlalchemy.dialects.sqlite import insert as insert_sqlite
from sqlalchemy.orm import Session, joinedload, raiseload

from iclei_events import clock
from iclei_events.db import db, transaction
from iclei_events.models import Activity, Attendee, Booking, BookingStatus, MailKind, OutboxMail, Slot
from iclei_events.services import log
from iclei_events.services.outbox import new_message_id
from iclei_events.services.reminder_times import KINDS, LONGEST_AHEAD, is_time, span

BATCH: Final = 200
"""Reminders promised in one transaction: whoever books meanwhile waits no longer than for that."""

TELLS_THE_TIME: Final = (
    MailKind.BOOKING_CONFIRMED,
    MailKind.BOOKING_CHANGED,
    MailKind.BOOKING_MOVED,
    MailKind.SLOT_MOVED,
)
"""Whoever has been sent one of these after the moment of a reminder knows what it would say."""


class _Reminded(NamedTuple):
    booking_id: int
    email: str
    language: str
    once_key: str


def promise_due(*, batch: int = BATCH) -> int:
    """Promise the reminders that are due now; returns how many were new."""
    now = clock.now()
    return sum(
        _promise_for(slot, kind, now, batch)
        for slot in _slots_soon(now)
        for kind in KINDS
        if is_time(kind, slot.starts_at, slot.activity.event.zone, now)
    )


def _slots_soon(now: datetime) -> Sequence[Slot]:
    """Find the slots with places taken that start within days, by the index on their start."""
    return db.session.scalars(
        select(Slot)
        .where(Slot.starts_at > now, Slot.starts_at <= now + LONGEST_AHEAD, Slot.cancelled_at.is_(None), Slot.held > 0)
        .options(joinedload(Slot.activity).joinedload(Activity.event), raiseload("*", sql_only=True))
        .order_by(Slot.starts_at, Slot.id)
    ).all()


def _promise_for(slot: Slot, kind: MailKind, now: datetime, batch: int) -> int:
    slot_id, sequence = slot.id, slot.sequence
    moment = span(kind, slot.starts_at, slot.activity.event.zone).begins
    total = 0
    while True:
        due = _due(db.session(), slot_id, sequence, kind, moment, batch)
        if not due:
            return total
        with transaction() as session:
            promised = _promise(session, kind, due, now)
            if promised:
                log.record(session, kind.value, by=log.WORKER, at=now, slot_id=slot_id, details={"mails": promised})
        total += promised


def _due(  # noqa: PLR0913, PLR0917  what names a reminder
    session: Session, slot_id: int, sequence: int, kind: MailKind, moment: datetime, batch: int
) -> list[_Reminded]:
    """The parties of a slot that have not been promised this reminder, each with the key that keeps it to one."""
    beginning, end = f"{kind.value}:", f":{slot_id}:{sequence}"
    once_key: ColumnElement[str] = literal(beginning) + cast(Booking.id, String) + literal(end)
    promised = exists().where(OutboxMail.once_key == once_key)
    knows = exists().where(
        OutboxMail.booking_id == Booking.id, OutboxMail.kind.in_(TELLS_THE_TIME), OutboxMail.created_at > moment
    )
    rows = session.execute(
        select(Booking.id, Attendee.email, Booking.language, once_key)
        .join(Attendee, Attendee.booking_id == Booking.id)
        .where(
            Booking.slot_id == slot_id, Booking.status == BookingStatus.CONFIRMED, Booking.confirmed_at <= moment,
            Attendee.email != "", ~promised, ~knows,
        )
        .order_by(Booking.id)
        .limit(batch)
    )  # fmt: skip
    return [_Reminded(*row) for row in rows]


def _promise(session: Session, kind: MailKind, due: Sequence[_Reminded], now: datetime) -> int:
    """Store the promises; those that another worker has stored meanwhile are left as they are."""
    insert = insert_postgresql if db.engine.dialect.name == "postgresql" else insert_sqlite
    rows = [
        {
            "kind": kind, "recipient": one.email, "language": one.language, "booking_id": one.booking_id,
            "context": {}, "message_id": new_message_id(), "once_key": one.once_key, "created_at": now, "due_at": now,
            "attempts": 0,
        }
        for one in due
    ]  # fmt: skip
    statement = insert(OutboxMail).on_conflict_do_nothing(index_elements=["once_key"]).returning(OutboxMail.id)
    return len(session.scalars(statement, rows).all())
