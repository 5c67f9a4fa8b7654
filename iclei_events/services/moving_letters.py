"""The letter about a booking that has moved to another time."""

from __future__ import annotations

from datetime import datetime
from typing import Final, Literal

from flask_babel import gettext, ngettext

from iclei_events.db import db
from iclei_events.models import ActivityKind, Booking, BookingStatus, MailKind, Slot
from iclei_events.services.booking_writing import BookingLetter, BookingWriting, Context, goes_ahead
from iclei_events.services.letters import Fact, Letter


def _moved(about: BookingWriting) -> Letter:
    waits = about.booking.status is BookingStatus.WAITING
    return about.letter(
        subject=_subject(about),
        heading=_heading(about),
        lead=(gettext("Others can have the places or the turn you had before. This is what stands now."),),
        facts=[*_before(about), *([about.place_in_line()] if waits else []), *about.practical(), *about.age()],
        action=gettext("See or change your booking"),
        sections=list(about.how_to_get_there()),
    )


def _subject(about: BookingWriting) -> str:
    start, title = about.starts, about.title
    if about.booking.status is BookingStatus.WAITING:
        return gettext("New queue: %(start)s – %(title)s", start=start, title=title)
    match _is_new(about):
        case "time":
            return gettext("New time: %(start)s – %(title)s", start=start, title=title)
        case "tour":
            return gettext("Another tour: %(start)s – %(title)s", start=start, title=title)
        case "activity":
            return gettext("Your booking is changed: %(start)s – %(title)s", start=start, title=title)


def _heading(about: BookingWriting) -> str:
    if about.booking.status is BookingStatus.WAITING:
        return gettext("You have changed to another queue")
    match _is_new(about):
        case "time":
            return ngettext("You have one place at another time", "You have %(num)s places at another time", about.size)
        case "tour":
            return ngettext("You have one place on another tour", "You have %(num)s places on another tour", about.size)
        case "activity":
            return gettext("Your booking is now for %(title)s", title=about.title)


def _is_new(about: BookingWriting) -> Literal["time", "tour", "activity"]:
    """What the booking has another of."""
    old, new = _old_slot(about), about.booking.slot
    if old is None or old.activity_id == new.activity_id:
        return "time"
    return "tour" if {old.activity.kind, new.activity.kind} == {ActivityKind.STUDY_TOUR} else "activity"


def _old_slot(about: BookingWriting) -> Slot | None:
    return db.session.get(Slot, about.context.get("from"))


def _before(about: BookingWriting) -> list[Fact]:
    """The time that the party had, for whoever reads the mail and has not pressed the button."""
    old = _old_slot(about)
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
