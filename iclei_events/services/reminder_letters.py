"""The two reminders before a slot: when, where, how to get there, who, and how to give a place back."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from flask_babel import gettext

from iclei_events.models import Booking, BookingStatus, MailKind
from iclei_events.services.booking_writing import BookingLetter, BookingWriting, Context, goes_ahead
from iclei_events.services.letters import Letter
from iclei_events.services.reminder_times import is_time


def _days_before(about: BookingWriting) -> Letter:
    day = about.writing.day(about.slot.starts_at, "EEEE d MMMM")
    return _reminder(about, heading=gettext("See you on %(day)s", day=day))


def _hours_before(about: BookingWriting) -> Letter:
    return _reminder(about, heading=gettext("See you at %(time)s", time=about.writing.time(about.slot.starts_at)))


def _reminder(about: BookingWriting, *, heading: str) -> Letter:
    return about.letter(
        subject=gettext("Reminder: %(start)s – %(title)s", start=about.starts, title=about.title),
        heading=heading,
        facts=[*about.practical(), *about.age()],
        action=gettext("See or change your booking"),
        sections=[*about.how_to_get_there(), about.somebody_cannot_come()],
    )


def _still(kind: MailKind, booking: Booking, now: datetime, context: Context) -> bool:
    return goes_ahead(booking, now, context) and is_time(
        kind, booking.slot.starts_at, booking.slot.activity.event.zone, now
    )


def _days_still(booking: Booking, now: datetime, context: Context) -> bool:
    return _still(MailKind.REMINDER_DAYS, booking, now, context)


def _hours_still(booking: Booking, now: datetime, context: Context) -> bool:
    return _still(MailKind.REMINDER_HOURS, booking, now, context)


_CONFIRMED: Final = frozenset({BookingStatus.CONFIRMED})

LETTERS: Final[dict[MailKind, BookingLetter]] = {
    MailKind.REMINDER_DAYS: BookingLetter(_days_before, _CONFIRMED, _days_still, calendar=False),
    MailKind.REMINDER_HOURS: BookingLetter(_hours_before, _CONFIRMED, _hours_still, calendar=False),
}
