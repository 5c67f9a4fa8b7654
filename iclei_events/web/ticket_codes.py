"""The code on a ticket: when there is one, where it leads, how it looks on a page."""

from __future__ import annotations

from flask import current_app, url_for
from markupsafe import Markup

from iclei_events.models import Booking
from iclei_events.services import tickets
from iclei_events.services.ticket_checks import has_ticket


def code_address(booking: Booking) -> str:
    """What the QR code holds: an address of ours, so that any phone's camera can read it."""
    code = tickets.code_of(booking, current_app.config["SECRET_KEY"])
    return f"{current_app.config['BASE_URL']}{url_for('bookings.ticket_shown', code=code, lang=booking.language)}"


def code_picture(booking: Booking) -> Markup | None:
    """The QR code for the booking's own page, where it has a ticket."""
    # The picture is segno's own drawing of an address of ours: nothing anybody has typed stands in it.
    return Markup(tickets.picture(code_address(booking))) if has_ticket(booking) else None  # noqa: S704
