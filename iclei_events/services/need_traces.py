"""What tells that a party needs something, beside the needs themselves: lines of the log and mails about them.

Whoever may not see needs does not see these for what they are, and what they tell goes when the needs go.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final

from sqlalchemy import Select, delete, select, update
from sqlalchemy.orm import Session, joinedload

from iclei_events.models import Activity, Booking, LogEntry, MailKind, OutboxMail, Slot

VERBS: Final = frozenset({"change_needs", "promise_need", "arrange_need", "decline_need", "keep_time"})
MAILS: Final = frozenset({MailKind.NEEDS_ANSWERED, MailKind.NEEDS_KEPT})


def day_after(session: Session, of_bookings: Select[Any], now: datetime, limit: int) -> dict[int, int]:
    """Which of these ids, joined with their booking, are due from the first midnight after its slot; with the slot's.

    That midnight is the event's own.
    """
    ended = session.execute(
        of_bookings.add_columns(Slot)
        .join(Slot, Slot.id == Booking.slot_id)
        .options(joinedload(Slot.activity).joinedload(Activity.event))
        .where(Slot.ends_at <= now)
        .order_by(Slot.ends_at)
        .limit(limit)
    )
    return {
        row_id: slot.id
        for row_id, slot in ended
        if now.astimezone(slot.activity.event.zone).date() >= slot.needs_erased_on
    }


def forget_in_log(session: Session, now: datetime, limit: int) -> int:
    """Let the lines about needs no longer say whose they were."""
    about = select(LogEntry.id).join(Booking, Booking.id == LogEntry.booking_id).where(LogEntry.verb.in_(VERBS))
    due = list(day_after(session, about, now, limit))
    nobody = update(LogEntry).where(LogEntry.id.in_(due)).values(booking_id=None)
    session.execute(nobody.execution_options(synchronize_session=False))
    return len(due)


def erase_mails(session: Session, now: datetime, limit: int) -> int:
    """Forget that mails about needs were written."""
    about = select(OutboxMail.id).join(Booking, Booking.id == OutboxMail.booking_id).where(OutboxMail.kind.in_(MAILS))
    due = list(day_after(session, about, now, limit))
    session.execute(delete(OutboxMail).where(OutboxMail.id.in_(due)).execution_options(synchronize_session=False))
    return len(due)
