"""The letters to who has booked without the proof that was asked for: confirm, and that it was not done in time."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from flask_babel import gettext, ngettext

from iclei_events.models import Booking, BookingStatus, MailKind
from iclei_events.services import draw_letters
from iclei_events.services.booking_writing import BookingLetter, BookingWriting, Context, goes_ahead
from iclei_events.services.letters import Letter, Section


def _to_confirm(about: BookingWriting) -> Letter:
    if about.booking.status is BookingStatus.ENTERED:
        return draw_letters.to_confirm(about)
    end = about.booking.confirm_by or about.slot.starts_at
    holds = about.booking.status is BookingStatus.OFFERED
    until = about.writing.moment(end)
    return about.letter(
        subject=gettext("Confirm by %(until)s – %(title)s", until=until, title=about.title),
        heading=gettext("Confirm your booking"),
        lead=(
            _what_is_held(about, until) if holds else _what_is_awaited(about, until),
            gettext(
                "You get this mail because very many book right now, and your browser has not shown us that you are "
                "no bot."
            ),
        ),
        facts=[*([] if holds else [about.place_in_line()]), *about.practical(), *about.age()],
        action=gettext("Confirm your booking"),
        sections=[
            Section(
                gettext("Was it not you?"),
                (gettext("Then do nothing. Unless somebody confirms, the booking ends by itself."),),
            )
        ],
    )


def _what_is_held(about: BookingWriting, until: str) -> str:
    return ngettext(
        "We hold one place for you until %(until)s. Open your booking and press the button there. "
        "If you do not confirm in time, somebody else gets the place.",
        "We hold %(num)s places for you until %(until)s. Open your booking and press the button there. "
        "If you do not confirm in time, somebody else gets the places.",
        about.size, until=until,
    )  # fmt: skip


def _what_is_awaited(_about: BookingWriting, until: str) -> str:
    return gettext(
        "It is full, and you stand in the queue. Open your booking and press the button there by %(until)s, "
        "else you lose your place in the queue.",
        until=until,
    )


def lapsed(about: BookingWriting) -> Letter:
    return about.letter(
        subject=gettext("Not confirmed in time: %(start)s – %(title)s", start=about.starts, title=about.title),
        heading=gettext("The booking was not confirmed in time"),
        lead=(_what_has_ended(about),),
        facts=[about.reference()],
        action=gettext("See the booking"),
    )


def _what_has_ended(about: BookingWriting) -> str:
    if about.context.get("held"):
        return gettext("So it has ended, and others can have the places. If you still want to come, book again.")
    return gettext("So you no longer stand in the queue. If you still want to come, book again.")


def _is_unconfirmed(booking: Booking, now: datetime, context: Context) -> bool:
    return booking.confirm_by is not None and now < booking.confirm_by and goes_ahead(booking, now, context)


LETTERS: Final = {
    MailKind.BOOKING_TO_CONFIRM: BookingLetter(
        _to_confirm, frozenset({BookingStatus.OFFERED, BookingStatus.WAITING, BookingStatus.ENTERED}), _is_unconfirmed
    ),
}
