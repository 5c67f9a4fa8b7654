"""The letter about a booking that has moved to another time."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from flask_babel import gettext, ngettext

from iclei_events.db import db
from iclei_events.models import Booking, BookingStatus, MailKind, Slot
from iclei_events.services.booking_writing import BookingLetter, BookingWriting, Context, goes_ahead
from iclei_events.services.letters import Fact, Letter


def _moved(about: BookingWriting) -> Letter:
    waits = about.booking.status is BookingStatus.WAITING
    return about.letter(
        subject=(
            gettext("New queue: %(start)s – %(title)s", start=about.starts, title=about.title)
            if waits
            else gettext("New time: %(start)s – %(title)s", start=about.starts, title=about.title)
        ),
        heading=(
            gettext("You have changed to another queue")
            if waits
            else ngettext(
                "You have one place at another time", "You have %(num)s places at another time", about.size
            )
        ),
        lead=(gettext("The places or the turn you had before have gone to others. This is what stands now."),),
        facts=[*_before(about), *([about.place_in_line()] if waits else []), *about.practical(), *about.age()],
        action=gettext("See or change your booking"),
        sections=list(about.how_to_get_there()),
    )  # fmt: skip


def _before(about: BookingWriting) -> list[Fact]:
    """The time that the party had, for whoever reads the mail and has not pressed the button."""
    old = db.session.get(Slot, about.context.get("from"))
    if old is None:
        return []
    return [
        Fact(gettext("Before"), about.writing.moment(old.starts_at), old.activity.title.in_language(about.language))
    ]


def _is_elsewhere(booking: Booking, now: datetime, context: Context) -> bool:
    """Whether the booking is not back where it came from before anybody was told."""
    return booking.slot_id != context.get("from") and goes_ahead(booking, now, context)


LETTERS: Final = {
    MailKind.BOOKING_MOVED: BookingLetter(
        _moved, frozenset({BookingStatus.CONFIRMED, BookingStatus.WAITING, BookingStatus.OFFERED}), _is_elsewhere
    )
}
