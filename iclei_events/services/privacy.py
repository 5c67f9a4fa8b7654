"""What is due is purged, and anybody's data can be erased before. Each batch is one transaction."""

from __future__ import annotations

from contextlib import suppress
from datetime import datetime
from typing import Final, cast

from sqlalchemy import CursorResult, Delete, Update, delete, select, update
from sqlalchemy.orm import Session

from iclei_events import clock
from iclei_events.db import db, transaction
from iclei_events.models import (
    ACTIVE,
    AddressChange,
    Attendee,
    Booking,
    CalendarFeed,
    Delegate,
    Disclosure,
    DrawEntry,
    OutboxMail,
    Place,
    Signatory,
    SignatoryStatus,
)
from iclei_events.services import aids, calendar_feeds, changes, log, refusals
from iclei_events.services.addresses import email_key
from iclei_events.services.data_export import mails_to
from iclei_events.services.personal_data import Until
from iclei_events.services.retention import SIGNATORY_CONTACT, STEPS, Step

BATCH: Final = 500
"""Rows erased in one transaction: short enough that nobody who books waits for it."""


def purge(now: datetime | None = None, *, batch: int = BATCH) -> dict[Until, int]:
    """Erase whatever is due, and say how many rows went at which deadline. Stopped half-way, the next run goes on."""
    moment = now or clock.now()
    return {until: sum(_run(step, until, moment, batch) for step in steps) for until, steps in STEPS.items()}


def _run(step: Step, until: Until, now: datetime, batch: int) -> int:
    total = 0
    while True:
        with transaction() as session:
            erased = step(session, now, batch)
            if erased:
                log.record(session, "purge", by=log.WORKER, at=now, details={"due": until.value, "rows": erased})
        total += erased
        if erased < batch:
            return total


def erase(email: str, *, by: log.Actor = log.CLI) -> dict[str, int]:
    """Erase the person with this address and say how many rows that touched.

    What they have booked is cancelled first, so that their places go to whoever waits. The cancellation writes its
    mail to the outbox as always, and that mail is erased unsent with the rest: there is no address left to send to.
    A published signing stays a public record and loses its contact only. Staff accounts are closed by staff, since
    decisions must stay traceable.
    """
    key = email_key(email)
    if not key:
        raise ValueError("got no address; accepted: one, since none is what everybody has who booked by phone")
    cancelled = _cancel_all(key, by)
    with transaction() as session:
        erased = {
            "cancelled": cancelled,
            "bookings": _erase_attendees(session, key),
            "delegate": _rows(session, delete(Delegate).where(Delegate.email_key == key)),
            **_erase_signings(session, key),
            "calendar": _erase_calendar(session, key),
            "mails": _erase_mails(session, key),
            "new_addresses": _rows(session, _forget_new_address(key)),
        }
        log.record(session, "erase", by=by, at=clock.now(), details=erased)
    return erased


def _cancel_all(key: str, by: log.Actor) -> int:
    active = db.session.scalars(
        select(Booking.reference).join(Attendee).where(Attendee.email_key == key, Booking.status.in_(ACTIVE))
    ).all()
    for reference in active:
        try:
            changes.cancel(reference, by=by)
        except refusals.Refusal:  # what cannot be cancelled any more is erased all the same
            continue
    return len(active)


def erase_booking(reference: str, *, by: log.Actor = log.ATTENDEE) -> None:
    """Erase the person behind one booking, and cancel it first if it is still to come. Twice is once."""
    booking = db.session.execute(select(Booking.id, Booking.slot_id).where(Booking.reference == reference)).one()
    with suppress(refusals.Refusal):  # it is over, or was given up before
        changes.cancel(reference, by=by)
    with transaction() as session:
        _erase_bookings(session, [booking.id])
        log.record(session, "erase", by=by, at=clock.now(), slot_id=booking.slot_id, booking_id=booking.id)


def _erase_attendees(session: Session, key: str) -> int:
    ids = list(session.scalars(select(Attendee.booking_id).where(Attendee.email_key == key)))
    _erase_bookings(session, ids)
    return len(ids)


def _erase_bookings(session: Session, ids: list[int]) -> None:
    session.execute(delete(Disclosure).where(Disclosure.booking_id.in_(ids)))
    session.execute(update(Place).where(Place.booking_id.in_(ids)).values(name=None))
    session.execute(delete(DrawEntry).where(DrawEntry.booking_id.in_(ids)))
    session.execute(delete(OutboxMail).where(OutboxMail.booking_id.in_(ids)))
    session.execute(delete(AddressChange).where(AddressChange.booking_id.in_(ids)))
    slot_ids = set[int]()
    for booking in session.scalars(select(Booking).where(Booking.id.in_(ids))):
        booking.attendee = None
        # What still counts belongs to a time that is over: else it was given back when the booking was cancelled.
        slot_ids |= {booking.slot_id for need in booking.access_needs if need.is_kept}
        booking.access_needs.clear()
    session.flush()
    aids.recount(session, slot_ids)


def _erase_signings(session: Session, key: str) -> dict[str, int]:
    theirs = Signatory.contact_email_key == key
    gone = delete(Signatory).where(theirs, Signatory.status == SignatoryStatus.SUBMITTED)
    stays = update(Signatory).where(theirs).values(**dict.fromkeys(SIGNATORY_CONTACT))
    return {"unconfirmed_signings": _rows(session, gone), "contacts": _rows(session, stays)}


def _erase_calendar(session: Session, key: str) -> int:
    feeds = session.scalars(select(CalendarFeed).where(CalendarFeed.email_key == key)).all()
    for feed in feeds:
        calendar_feeds.forget(feed)
    return len(feeds)


def _erase_mails(session: Session, key: str) -> int:
    mails = mails_to(session, key)
    for mail in mails:
        session.delete(mail)
    return len(mails)


def _forget_new_address(key: str) -> Update:
    """Whoever else wants this address for a booking of theirs may not have it."""
    return update(AddressChange).where(AddressChange.email_key == key).values(email=None, email_key=None)


def _rows(session: Session, statement: Delete | Update) -> int:
    result = session.execute(statement.execution_options(synchronize_session=False))
    return cast("CursorResult[tuple[()]]", result).rowcount
