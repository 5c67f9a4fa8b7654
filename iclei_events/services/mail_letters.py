"""Which letter a promised mail carries, written from what is true now.

A mail that would no longer be true is not sent: a confirmation whose booking was cancelled a second later, an offer
that ran out while the mail server was away. Whatever came after has promised a mail of its own.
"""

from __future__ import annotations

from collections.abc import Callable
from email.headerregistry import Address
from email.utils import parseaddr
from functools import partial
from typing import Final

from flask import current_app, url_for
from sqlalchemy import select
from sqlalchemy.orm import joinedload

from iclei_events import clock
from iclei_events.db import db
from iclei_events.models import Activity, AddressChange, Booking, CalendarFeed, MailKind, OutboxMail, Signatory, Slot
from iclei_events.services import (
    address_changes,
    address_letters,
    booking_letters,
    calendar_feeds,
    problem_letters,
    signing_letters,
)
from iclei_events.services.addresses import email_key
from iclei_events.services.booking_writing import BookingWriting
from iclei_events.services.letters import Letter
from iclei_events.services.links import secret_for
from iclei_events.services.mail_headers import address
from iclei_events.services.my_bookings_letter import my_bookings_letter
from iclei_events.services.my_calendar_letter import my_calendar_letter
from iclei_events.services.own_days import Kept


class NoLongerTrueError(Exception):
    """What the mail was to say has changed since, or whom it was for is erased; says which."""


def letter_of(row: OutboxMail) -> Letter:
    """The letter of an outbox row. Raises ``NoLongerTrueError``: then it is not to be sent."""
    return WRITERS.get(row.kind, _booking_letter)(row)


def _booking_letter(row: OutboxMail) -> Letter:
    booking = row.booking
    if booking is None or booking.attendee is None:
        raise NoLongerTrueError("the booking is erased")
    if row.recipient != booking.attendee.email:  # its links open the booking, which is no longer this reader's
        raise NoLongerTrueError("the booking has another address")
    letter = booking_letters.LETTERS[row.kind]
    if not letter.is_true(booking, clock.now(), row.context):
        raise NoLongerTrueError(f"the booking is {booking.status.value}")
    link_to = partial(_booking_link, language=row.language)
    return letter.write(BookingWriting(booking, language=row.language, link_to=link_to, context=row.context))


def _invitation_letter(row: OutboxMail) -> Letter:
    return signing_letters.invitation_letter(site=sender().display_name, link=row.context["link"])


def _problem_letter(row: OutboxMail) -> Letter:
    link = url_for("pages.accessibility", lang=row.language, _external=True)
    return problem_letters.problem_letter(row.context, site=sender().display_name, link=link)


def _my_bookings_letter(row: OutboxMail) -> Letter:
    bookings = db.session.scalars(
        select(Booking)
        .join(Booking.slot)
        .where(Booking.id.in_(row.context["booking_ids"]), Booking.attendee.has())
        .options(joinedload(Booking.slot).joinedload(Slot.activity).joinedload(Activity.event))
        .order_by(Slot.starts_at, Booking.id)
    ).all()
    reader = email_key(row.recipient)
    bookings = [booking for booking in bookings if booking.attendee and booking.attendee.email_key == reader]
    if not bookings:
        raise NoLongerTrueError("the bookings are erased or have another address")
    links = [_booking_link(booking, row.language) for booking in bookings]
    return my_bookings_letter(bookings, links, language=row.language)


def _address_confirm_letter(row: OutboxMail) -> Letter:
    change = db.session.get(AddressChange, row.booking_id)
    if change is None or change.email != row.recipient or not change.is_open(clock.now()):
        raise NoLongerTrueError("the address is confirmed, or no longer asked for")
    if not change.booking.is_active:
        raise NoLongerTrueError(f"the booking is {change.booking.status.value}")
    key, reference = address_changes.secret_of(change, current_app.config["SECRET_KEY"]), change.booking.reference
    return address_letters.confirm_letter(
        change.booking.slot.activity.event,
        link=url_for("bookings.new_address", lang=row.language, reference=reference, key=key, _external=True),
        until=change.open_until,
        language=row.language,
    )


def _address_notice_letter(row: OutboxMail) -> Letter:
    """To the old address, so with a link that opens the booking only as long as it is the booking's."""
    booking = row.booking
    if booking is None or booking.attendee is None:
        raise NoLongerTrueError("the booking is erased")
    is_done = row.recipient != booking.attendee.email
    return address_letters.notice_letter(
        booking.slot.activity.event,
        link=url_for("pages.contact", lang=row.language, _external=True)
        if is_done
        else _booking_link(booking, row.language),
        is_done=is_done,
        language=row.language,
    )


def _my_calendar_letter(row: OutboxMail) -> Letter:
    feed = db.session.get(CalendarFeed, row.context["feed_id"])
    if feed is None or feed.revoked_at is not None or row.booking is None:
        raise NoLongerTrueError("the calendar address is revoked")
    secret = calendar_feeds.secret_of(feed, current_app.config["SECRET_KEY"])
    return my_calendar_letter(
        row.booking.slot.activity.event,
        address=url_for("calendar_feeds.feed", secret=secret, _external=True),
        manage=url_for("calendar_feeds.manage", lang=row.language, key=secret, _external=True),
        language=row.language,
    )


def _signing_letter(row: OutboxMail) -> Letter:
    signatory = row.signatory
    if signatory is None or signatory.status is not signing_letters.TRUE_WHILE[row.kind]:
        raise NoLongerTrueError(f"the signing is {signatory.status.value if signatory else 'erased'}")
    write = {
        MailKind.SIGNATORY_CONFIRM: signing_letters.confirm_letter,
        MailKind.SIGNATORY_PUBLISHED: signing_letters.published_letter,
        MailKind.SIGNATORY_DECLINED: signing_letters.declined_letter,
    }[row.kind]
    return write(signatory, language=row.language, link=_signing_link(row.kind, signatory, row.language))


def _signing_link(kind: MailKind, signatory: Signatory, language: str) -> str:
    if kind is MailKind.SIGNATORY_PUBLISHED:
        return url_for("commitment.signatory", lang=language, slug=signatory.slug, _external=True)
    if kind is MailKind.SIGNATORY_DECLINED:
        return url_for("commitment.index", lang=language, _external=True)
    key = secret_for("signatory", signatory.salt or "", current_app.config["SECRET_KEY"])
    return url_for("signing.confirm", lang=language, reference=signatory.reference, key=key, _external=True)


def _booking_link(booking: Booking | Kept, language: str) -> str:
    key = secret_for("booking", booking.salt, current_app.config["SECRET_KEY"])
    return url_for("bookings.show", lang=language, reference=booking.reference, key=key, _external=True)


def sender() -> Address:
    """The site's own mailbox, as ``MAIL_FROM`` has it."""
    return address(*parseaddr(current_app.config["MAIL_FROM"]))


WRITERS: Final[dict[MailKind, Callable[[OutboxMail], Letter]]] = {
    MailKind.MY_BOOKINGS: _my_bookings_letter,
    MailKind.MY_CALENDAR: _my_calendar_letter,
    MailKind.ADDRESS_CONFIRM: _address_confirm_letter,
    MailKind.ADDRESS_NOTICE: _address_notice_letter,
    MailKind.STAFF_INVITATION: _invitation_letter,
    MailKind.PROBLEM_REPORT: _problem_letter,
    MailKind.SIGNATORY_CONFIRM: _signing_letter,
    MailKind.SIGNATORY_PUBLISHED: _signing_letter,
    MailKind.SIGNATORY_DECLINED: _signing_letter,
}
"""Who writes what is not a letter about one booking."""
