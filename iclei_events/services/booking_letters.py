"""The letters about a booking, each written from what is true when it is sent."""

from __future__ import annotations

from typing import Final

from flask_babel import gettext, ngettext

from iclei_events.models import BookingStatus, MailKind
from iclei_events.services import (
    address_letters,
    confirming_letters,
    draw_letters,
    line_letters,
    moving_letters,
    need_letters,
    reminder_letters,
    rescheduling_letters,
)
from iclei_events.services.booking_writing import BookingLetter, BookingWriting, always
from iclei_events.services.letters import Letter, Section


def _confirmed(about: BookingWriting) -> Letter:
    return about.letter(
        subject=ngettext(
            "You have one place on %(start)s – %(title)s",
            "You have %(num)s places on %(start)s – %(title)s",
            about.size, start=about.starts, title=about.title,
        ),
        heading=ngettext("You have one place", "You have %(num)s places", about.size),
        facts=[*about.practical(), *about.age()],
        action=gettext("See or change your booking"),
        sections=[
            *about.clashes(),
            *about.how_to_get_there(),
            *([about.somebody_cannot_come()] if about.size > 1 else []),
        ],
    )  # fmt: skip


def _changed(about: BookingWriting) -> Letter:
    headings = {
        BookingStatus.CONFIRMED: ngettext("You now have one place", "You now have %(num)s places", about.size),
        BookingStatus.WAITING: ngettext(
            "You are in the queue for one place", "You are in the queue for %(num)s places", about.size
        ),
        BookingStatus.OFFERED: ngettext("We hold one place for you", "We hold %(num)s places for you", about.size),
    }
    heading = headings[about.booking.status]
    return about.letter(
        subject=gettext(
            "Changed: %(heading)s, %(start)s – %(title)s", heading=heading, start=about.starts, title=about.title
        ),
        heading=heading,
        lead=(gettext("Your booking has been changed. This is what stands now."),),
        facts=list(about.practical()),
        action=gettext("See or change your booking"),
    )


def _cancelled(about: BookingWriting) -> Letter:
    if about.slot.cancelled_at is not None:
        return _ended_with_its_slot(about)
    heading, lead = _what_was_given_up(about)
    return about.letter(
        subject=gettext("Cancelled: %(start)s – %(title)s", start=about.starts, title=about.title),
        heading=heading,
        lead=(lead,),
        facts=[about.reference()],
        action=gettext("See the booking"),
        sections=[
            Section(
                gettext("Was it not you?"),
                (gettext("Whoever has the link to a booking can cancel it. Book again if you still want to come."),),
            )
        ],
    )


def _what_was_given_up(about: BookingWriting) -> tuple[str, str]:
    if about.booking.confirmed_at is not None:
        return gettext("Your booking is cancelled"), gettext("Somebody else can have the places now.")
    if about.context.get("was") == BookingStatus.ENTERED:
        return gettext("You have left the draw"), gettext("Your entry takes no part in the draw any more.")
    left = ngettext("You have left the queue", "You have left the queue", about.size)
    return left, gettext("You will get no offer for this time.")


def _ended_with_its_slot(about: BookingWriting) -> Letter:
    return about.letter(
        subject=gettext("Called off: %(start)s – %(title)s", start=about.starts, title=about.title),
        heading=gettext("This will not take place"),
        lead=(gettext("We are sorry. Your booking has been cancelled and you need not do anything."),),
        facts=[about.reference()],
        action=gettext("See the booking"),
    )


def _lapsed(about: BookingWriting) -> Letter:
    if about.booking.confirm_by is not None:
        return confirming_letters.lapsed(about)
    return about.letter(
        subject=gettext("Time to answer has run out: %(start)s – %(title)s", start=about.starts, title=about.title),
        heading=gettext("The time to answer has run out"),
        lead=(
            gettext("We held places for you but got no answer, so they have gone to the next in the queue."),
            gettext("If you still want to come, book again or join the queue."),
        ),
        facts=[about.reference()],
        action=gettext("See the booking"),
    )


_HAS_A_CLAIM: Final = frozenset({BookingStatus.CONFIRMED, BookingStatus.WAITING, BookingStatus.OFFERED})

LETTERS: Final[dict[MailKind, BookingLetter]] = {
    MailKind.BOOKING_CONFIRMED: BookingLetter(_confirmed, frozenset({BookingStatus.CONFIRMED})),
    MailKind.BOOKING_CHANGED: BookingLetter(_changed, _HAS_A_CLAIM),
    MailKind.BOOKING_CANCELLED: BookingLetter(_cancelled, frozenset({BookingStatus.CANCELLED}), always),
    MailKind.OFFER_LAPSED: BookingLetter(_lapsed, frozenset({BookingStatus.LAPSED})),
    **address_letters.LETTERS,
    **confirming_letters.LETTERS,
    **draw_letters.LETTERS,
    **line_letters.LETTERS,
    **moving_letters.LETTERS,
    **need_letters.LETTERS,
    **reminder_letters.LETTERS,
    **rescheduling_letters.LETTERS,
}
"""Every kind of letter about a booking. A feature with letters of its own has them in a module of their own."""
