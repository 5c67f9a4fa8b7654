"""Turning a promised mail into the message that is sent: in the reader's language, from what is true now.

Which letter it carries stands in ``services.mail_letters``.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import format_datetime
from typing import Final
from urllib.parse import urlsplit

from flask import current_app, render_template, url_for
from flask_babel import force_locale

from iclei_events import clock
from iclei_events.models import RESIDENTS, Booking, BookingStatus, OutboxMail
from iclei_events.services import booking_letters
from iclei_events.services.calendar import Invitation, booking_calendar
from iclei_events.services.letters import Letter, on_one_line
from iclei_events.services.mail_headers import POLICY, address, in_header
from iclei_events.services.mail_letters import letter_of, sender
from iclei_events.services.plain_text import one_line

LONGEST_LOCAL_PART: Final = 64


class BadAddressError(Exception):
    """The recipient's address is none that a mail can be sent to."""


def render(row: OutboxMail) -> EmailMessage:
    """The message of an outbox row. Raises ``NoLongerTrueError`` or ``BadAddressError``: then it is not to be sent."""
    recipient = _recipient(row)
    with _writing_in(row.language):
        return _message(row, recipient, on_one_line(letter_of(row)))


@contextmanager
def _writing_in(language: str) -> Iterator[None]:
    """Let templates and links speak that language, under the configured address.

    The context is of its own: what a page or another mail has set does not reach in here, nor out.
    """
    app = current_app._get_current_object()  # type: ignore[attr-defined]  # noqa: SLF001  werkzeug's documented way
    with app.app_context(), app.test_request_context(base_url=app.config["BASE_URL"]), force_locale(language):
        yield


def _message(row: OutboxMail, recipient: Address, letter: Letter) -> EmailMessage:
    message = EmailMessage(policy=POLICY)
    message["From"] = sender()
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
    letter = booking_letters.LETTERS.get(row.kind)
    if booking is None or booking.confirmed_at is None or letter is None or not letter.calendar:
        return None
    if booking.status not in {BookingStatus.CONFIRMED, BookingStatus.CANCELLED}:
        return None
    invitation = Invitation(organiser=sender().addr_spec, guest=row.recipient)
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


def _recipient(row: OutboxMail) -> Address:
    """The stored address and nothing else: a name or an address that carries a second line never reaches the wire."""
    local, at, domain = row.recipient.rpartition("@")
    if not (at and local and domain) or not row.recipient.isascii() or one_line(row.recipient) != row.recipient:
        raise BadAddressError("the address is not one that mail can be sent to")
    if len(local) > LONGEST_LOCAL_PART or any(sign in row.recipient for sign in ' <>",;:\\()'):
        raise BadAddressError("the address is not one that mail can be sent to")
    attendee = row.booking.attendee if row.booking is not None else None
    # A name goes to the address it was given with: another one may be a stranger's.
    is_own = attendee is not None and attendee.email == row.recipient
    return address(attendee.name if attendee is not None and is_own else "", row.recipient)
