"""Turning a promised mail into the message that is sent: in the reader's language, from what is true now.

A mail that would no longer be true is not sent: a confirmation whose booking was cancelled a second later, an offer
that ran out while the mail server was away. Whatever came after has promised a mail of its own.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import format_datetime, parseaddr
from typing import Final
from urllib.parse import urlsplit

from flask import current_app, render_template, url_for
from flask_babel import force_locale
from sqlalchemy import select
from sqlalchemy.orm import joinedload

from iclei_events import clock
from iclei_events.db import db
from iclei_events.models import Activity, Booking, BookingStatus, MailKind, OutboxMail, Signatory, Slot
from iclei_events.services import booking_letters, problem_letters, signing_letters
from iclei_events.services.calendar import Invitation, booking_calendar
from iclei_events.services.letters import RESIDENTS, Letter, on_one_line
from iclei_events.services.links import secret_for
from iclei_events.services.mail_headers import POLICY, address, in_header
from iclei_events.services.my_bookings_letter import my_bookings_letter
from iclei_events.services.plain_text import one_line

LONGEST_LOCAL_PART: Final = 64


class NoLongerTrueError(Exception):
    """What the mail was to say has changed since, or whom it was for is erased; says which."""


class BadAddressError(Exception):
    """The recipient's address is none that a mail can be sent to."""


def render(row: OutboxMail) -> EmailMessage:
    """The message of an outbox row. Raises ``NoLongerTrueError`` or ``BadAddressError``: then it is not to be sent."""
    recipient = _recipient(row)
    with _writing_in(row.language):
        return _message(row, recipient, on_one_line(_letter(row)))


@contextmanager
def _writing_in(language: str) -> Iterator[None]:
    """Let templates and links speak that language, under the configured address.

    The context is of its own: what a page or another mail has set does not reach in here, nor out.
    """
    app = current_app._get_current_object()  # type: ignore[attr-defined]  # noqa: SLF001  werkzeug's documented way
    with app.app_context(), app.test_request_context(base_url=app.config["BASE_URL"]), force_locale(language):
        yield


def _letter(row: OutboxMail) -> Letter:
    if row.kind in booking_letters.TRUE_WHILE:
        return _booking_letter(row)
    if row.kind is MailKind.MY_BOOKINGS:
        return _my_bookings_letter(row)
    if row.kind is MailKind.STAFF_INVITATION:
        return signing_letters.invitation_letter(site=_sender_name(), link=row.context["link"])
    if row.kind is MailKind.PROBLEM_REPORT:
        link = url_for("pages.accessibility", lang=row.language, _external=True)
        return problem_letters.problem_letter(row.context, site=_sender_name(), link=link)
    return _signing_letter(row)


def _booking_letter(row: OutboxMail) -> Letter:
    booking = row.booking
    if booking is None or booking.attendee is None:
        raise NoLongerTrueError("the booking is erased")
    if not booking_letters.is_true(row.kind, booking, clock.now()):
        raise NoLongerTrueError(f"the booking is {booking.status.value}")
    return booking_letters.booking_letter(
        row.kind, booking, language=row.language, link=_booking_link(booking, row.language)
    )


def _my_bookings_letter(row: OutboxMail) -> Letter:
    bookings = db.session.scalars(
        select(Booking)
        .join(Booking.slot)
        .where(Booking.id.in_(row.context["booking_ids"]), Booking.attendee.has())
        .options(joinedload(Booking.slot).joinedload(Slot.activity).joinedload(Activity.event))
        .order_by(Slot.starts_at, Booking.id)
    ).all()
    if not bookings:
        raise NoLongerTrueError("the bookings are erased")
    links = [_booking_link(booking, row.language) for booking in bookings]
    return my_bookings_letter(bookings, links, language=row.language)


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


def _booking_link(booking: Booking, language: str) -> str:
    key = secret_for("booking", booking.salt, current_app.config["SECRET_KEY"])
    return url_for("bookings.show", lang=language, reference=booking.reference, key=key, _external=True)


def _message(row: OutboxMail, recipient: Address, letter: Letter) -> EmailMessage:
    message = EmailMessage(policy=POLICY)
    message["From"] = _sender()
    message["To"] = recipient
    message["Subject"] = in_header(letter.subject)
    message["Date"] = format_datetime(clock.now())
    message["Message-ID"] = f"<{row.message_id}@{urlsplit(current_app.config['BASE_URL']).hostname}>"
    # An answering machine that knows either of these stays silent (RFC 3834; Exchange).
    message["Auto-Submitted"] = "auto-generated"
    message["X-Auto-Response-Suppress"] = "All"
    message.set_content(render_template("mail/letter.txt", letter=letter, lang=row.language), cte="quoted-printable")
    html = render_template("mail/letter.html", letter=letter, lang=row.language)
    message.add_alternative(html, subtype="html", cte="quoted-printable")
    if (calendar := _calendar(row)) is not None:
        _add_calendar(message, calendar)
    # Last, since whatever becomes a part takes the headers about content with it.
    message["Content-Language"] = row.language
    return message


def _calendar(row: OutboxMail) -> bytes | None:
    """The booking for the reader's calendar, as soon as the party has places and for as long as it had."""
    booking = row.booking
    if booking is None or booking.confirmed_at is None or row.kind not in booking_letters.TRUE_WHILE:
        return None
    if booking.status not in {BookingStatus.CONFIRMED, BookingStatus.CANCELLED}:
        return None
    invitation = Invitation(organiser=_sender().addr_spec, guest=row.recipient)
    return booking_calendar(
        booking, url=_public_page(booking, row.language), language=row.language, invitation=invitation
    )


def _public_page(booking: Booking, language: str) -> str:
    """Where anybody may read about it. The secret link is no matter for a calendar."""
    activity = booking.slot.activity
    endpoint = "tours.index" if activity.kind in RESIDENTS else "programme.index"
    return url_for(endpoint, lang=language, event_slug=activity.event.slug, _external=True)


def _add_calendar(message: EmailMessage, calendar: bytes) -> None:
    """As an alternative for calendars that read mail, and as a file for everybody else."""
    method = "CANCEL" if b"METHOD:CANCEL" in calendar else "REQUEST"
    text = calendar.decode()
    message.add_alternative(text, subtype="calendar", params={"method": method}, cte="quoted-printable")
    message.add_attachment(
        text, subtype="calendar", params={"method": method}, filename="malmo.ics", cte="quoted-printable"
    )


def _sender() -> Address:
    return address(*parseaddr(current_app.config["MAIL_FROM"]))


def _sender_name() -> str:
    return _sender().display_name


def _recipient(row: OutboxMail) -> Address:
    """The stored address and nothing else: a name or an address that carries a second line never reaches the wire."""
    local, at, domain = row.recipient.rpartition("@")
    if not (at and local and domain) or not row.recipient.isascii() or one_line(row.recipient) != row.recipient:
        raise BadAddressError("the address is not one that mail can be sent to")
    if len(local) > LONGEST_LOCAL_PART or any(sign in row.recipient for sign in ' <>",;:\\()'):
        raise BadAddressError("the address is not one that mail can be sent to")
    attendee = row.booking.attendee if row.booking is not None else None
    return address(attendee.name if attendee is not None else "", row.recipient)
