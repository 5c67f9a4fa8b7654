"""Another e-mail address for a booking: asked for on its page, confirmed from the new mailbox.

Whoever reads its mail holds the booking. So until the new address is confirmed everything goes to the old one; with the
confirmation the booking gets a new salt, and no link in the old mailbox opens it any more.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from math import ceil
from typing import Final

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from iclei_events import clock
from iclei_events.db import db
from iclei_events.models import AddressChange, Attendee, Booking, BookingStatus, MailKind, OutboxMail, Slot
from iclei_events.models.types import new_secret
from iclei_events.services import (
    attendees,
    booking_letters,
    deciding,
    links,
    log,
    my_bookings,
    outbox,
    person_limit,
    refusals,
)
from iclei_events.services.addresses import email_key
from iclei_events.services.binding import Binding
from iclei_events.services.booking_rows import Contact
from iclei_events.services.deciding import Decision
from iclei_events.services.person_limit import PersonLimit

PURPOSE: Final = "address"
HOUR: Final = timedelta(hours=1)
MOST_AN_HOUR: Final = 5
"""Mails to new addresses that one booking may cause: whoever receives one has not asked us for anything."""


def ask(reference: str, email: str, *, by: log.Actor = log.ATTENDEE) -> None:
    """Promise a mail to the new address, with the link that confirms it, and one to the old that says so.

    Asked for again right away, the mail that is under way is enough. How many places somebody at the new address has is
    asked only once they confirm: the answer is theirs.
    """
    with attendees.held(reference, by) as (decision, booking, attendee):
        session, now = decision.session, decision.now
        _check_may_change(booking)
        if email_key(email) == attendee.email_key:
            raise refusals.SameAddress
        change = session.get(AddressChange, booking.id) or AddressChange(booking_id=booking.id)
        if change.email_key == email_key(email) and now < change.asked_at + my_bookings.BETWEEN_MAILS:
            return
        _check_rate(session, booking, now)
        change.email, change.email_key, change.salt, change.asked_at = email, email_key(email), new_secret(), now
        session.add(change)
        outbox.mail(
            session, MailKind.ADDRESS_CONFIRM, recipient=email, language=booking.language, at=now, booking=booking
        )
        outbox.mail_booking(session, MailKind.ADDRESS_NOTICE, booking, at=now)
        decision.note("ask_new_address", booking)


def stop(reference: str, *, by: log.Actor = log.ATTENDEE) -> None:
    """Keep the old address: the link in the mail to the new one is over. Doing it twice is doing it once.

    Raises ``LinkOver`` where the new address was confirmed before.
    """
    with attendees.held(reference, by) as (decision, booking, _attendee):
        change = decision.session.get(AddressChange, booking.id)
        if change is not None and change.is_confirmed:
            raise refusals.LinkOver
        if change is not None and change.email is not None:
            end(change)
            decision.note("keep_old_address", booking)


def confirm(reference: str, salt: str, *, by: log.Actor = log.ATTENDEE) -> None:
    """Write to the new address from now on; the change's ``salt`` is then the booking's.

    Doing it twice, while the link is good, is doing it once. Raises ``LinkOver`` where there is nothing to confirm.
    """

    def take(decision: Decision, slot: Slot, booking: Booking) -> None:
        session = decision.session
        change, attendee = _locked(session, booking), booking.attendee
        if change is None or change.salt != salt or decision.now >= change.open_until:
            raise refusals.LinkOver
        if change.is_confirmed:
            return  # by a click before this one
        if change.email is None:
            raise refusals.LinkOver
        if attendee is None or not booking.is_active:
            raise refusals.NotActive
        _check_may_change(booking)
        _check_person(decision, slot, booking, change)
        _write_to(session, booking, attendee, change)
        booking.salt, booking.sequence = salt, booking.sequence + 1
        end(change)
        decision.note("change_address", booking)
        outbox.mail_booking(session, MailKind.ADDRESS_CHANGED, booking, at=decision.now)

    deciding.decide(reference, take, by=by, first=lambda session: _lock_person(session, reference))


def end(change: AddressChange) -> None:
    """Let a change be over in the caller's transaction. What is left of it names nobody."""
    change.email = change.email_key = None


def find(reference: str) -> AddressChange | None:
    """The latest change that was asked for, be it over."""
    return db.session.scalars(
        select(AddressChange).join(AddressChange.booking).where(Booking.reference == reference)
    ).one_or_none()


def open_for(booking: Booking) -> AddressChange | None:
    """The change that waits to be confirmed."""
    change = booking.address_change
    return change if change is not None and change.is_open(clock.now()) else None


def secret_of(change: AddressChange, key: str) -> str:
    return links.secret_for(PURPOSE, change.salt, key)


def opens(change: AddressChange, secret: str, keys: Sequence[str]) -> bool:
    return links.opens(secret, PURPOSE, change.salt, keys)


def _check_may_change(booking: Booking) -> None:
    """An entry in a draw counts for its address: with another one, the same person could enter again."""
    if booking.status is BookingStatus.ENTERED:
        raise refusals.CountsInDraw
    if booking.confirm_by is not None:
        raise refusals.NotConfirmed


def _check_rate(session: Session, booking: Booking, now: datetime) -> None:
    """Raise ``TooManyTries`` until the first of the latest mails that are as many as one may cause is an hour old."""
    mails = select(OutboxMail.created_at).where(
        OutboxMail.booking_id == booking.id, OutboxMail.kind == MailKind.ADDRESS_CONFIRM
    )
    first = session.scalar(mails.order_by(OutboxMail.created_at.desc()).offset(MOST_AN_HOUR - 1).limit(1))
    if first is not None and first + HOUR > now:
        raise refusals.TooManyTries(ceil((first + HOUR - now).total_seconds()))


def _check_person(decision: Decision, slot: Slot, booking: Booking, change: AddressChange) -> None:
    """Ask what holds for one person of whoever has the new address: how many places, and which times together."""
    if booking.attendee is None or change.email is None:
        raise refusals.LinkOver
    contact = Contact(
        booking.attendee.name, change.email, email_key(change.email), booking.attendee.phone,
        comes_along=booking.attendee.comes_along,
    )  # fmt: skip
    limit = PersonLimit.of(slot, contact)
    if limit is not None:
        person_limit.check(decision.session, limit, booking.size)
    bound = Binding.of_booking(slot, booking, decision.by, contact)
    if bound is not None:
        bound.check(decision.session, slot, booking)


def _locked(session: Session, booking: Booking) -> AddressChange | None:
    """The change as it is now. Whoever stops or replaces it holds the booking's row, and not the lock of its slot."""
    attendees.lock(session, booking)
    return session.get(AddressChange, booking.id, populate_existing=True, with_for_update=True)


def _lock_person(session: Session, reference: str) -> None:
    """Before the slot's lock: nobody books for the person at the new address until this is decided."""
    change = session.scalars(
        select(AddressChange).join(AddressChange.booking).where(Booking.reference == reference)
    ).one_or_none()
    if change is not None and change.email_key is not None:
        person_limit.lock_person(session, change.booking.slot.event_id, change.email_key, None)


def _write_to(session: Session, booking: Booking, attendee: Attendee, change: AddressChange) -> None:
    """Take the new address, for mails about this booking that wait to be sent as well; none about others goes there."""
    if change.email is None:
        raise refusals.LinkOver
    attendee.email, attendee.email_key = change.email, email_key(change.email)
    waiting = OutboxMail.booking_id == booking.id, OutboxMail.sent_at.is_(None), OutboxMail.failed_at.is_(None)
    about = OutboxMail.kind.in_(booking_letters.LETTERS)
    session.execute(update(OutboxMail).where(*waiting, about).values(recipient=change.email))
