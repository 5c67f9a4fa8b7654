"""Mails that were given up: which, why, and trying once more."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Final

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import contains_eager, raiseload

from iclei_events import clock
from iclei_events.db import db, transaction
from iclei_events.models import Activity, Booking, Event, OutboxMail, Slot
from iclei_events.services import log

LATEST: Final = 200


def of_event(event: Event) -> Sequence[OutboxMail]:
    """The failed mails about bookings of an event with booking, slot and activity, the newest first."""
    return db.session.scalars(
        select(OutboxMail)
        .join(OutboxMail.booking)
        .join(Booking.slot)
        .join(Slot.activity)
        .where(_failed(), Activity.event_id == event.id)
        .options(
            contains_eager(OutboxMail.booking).contains_eager(Booking.slot).contains_eager(Slot.activity),
            raiseload("*", sql_only=True),
        )
        .order_by(OutboxMail.failed_at.desc(), OutboxMail.id.desc())
        .limit(LATEST)
    ).all()


def of_site() -> Sequence[OutboxMail]:
    """The failed mails that belong to no booking, such as those about signings, the newest first."""
    return db.session.scalars(
        select(OutboxMail)
        .where(_failed(), OutboxMail.booking_id.is_(None))
        .options(raiseload("*", sql_only=True))
        .order_by(OutboxMail.failed_at.desc(), OutboxMail.id.desc())
        .limit(LATEST)
    ).all()


def count_by_event(events: Collection[Event]) -> dict[int, int]:
    """How many there are for each of these events that has any, by its id."""
    rows = db.session.execute(
        select(Activity.event_id, func.count(OutboxMail.id).label("mails"))
        .select_from(OutboxMail)
        .join(OutboxMail.booking)
        .join(Booking.slot)
        .join(Slot.activity)
        .where(_failed(), Activity.event_id.in_([event.id for event in events]))
        .group_by(Activity.event_id)
    )
    return {row.event_id: row.mails for row in rows}


def count_of_site() -> int:
    return db.session.scalar(select(func.count(OutboxMail.id)).where(_failed(), OutboxMail.booking_id.is_(None))) or 0


def _failed() -> ColumnElement[bool]:
    return OutboxMail.failed_at.is_not(None)


def find(mail_id: int, event: Event | None) -> OutboxMail | None:
    """The mail, if it is about a booking of the event, or with None if it is about no booking."""
    mail = db.session.get(OutboxMail, mail_id)
    if mail is None:
        return None
    if event is None:
        return mail if mail.booking is None else None
    return mail if mail.booking is not None and mail.booking.slot.event_id == event.id else None


def try_again(mail_id: int, *, by: log.Actor) -> bool:
    """Let the worker try a failed mail as if it had been promised now; False: it was not, or no longer, a failed one.

    Whether it still says the truth is looked at when it is sent, as always.
    """
    now = clock.now()
    with transaction() as session:
        mail = session.get(OutboxMail, mail_id, with_for_update=True, populate_existing=True)
        if mail is None or mail.failed_at is None:
            return False
        mail.failed_at = mail.last_error = mail.claimed_until = None
        mail.created_at = mail.due_at = now
        mail.attempts = 0
        slot_id = mail.booking.slot_id if mail.booking is not None else None
        log.record(session, "retry_mail", by=by, at=now, slot_id=slot_id, booking_id=mail.booking_id)
        return True
