"""The letters to who waits in line and to who is offered places."""

from __future__ import annotations

from typing import Final

from flask_babel import gettext, ngettext

from iclei_events.models import BookingStatus, MailKind
from iclei_events.services import waiting
from iclei_events.services.booking_writing import BookingLetter, BookingWriting
from iclei_events.services.letters import Letter, Section


def _waiting(about: BookingWriting) -> Letter:
    return about.letter(
        subject=gettext("You are in the queue for %(start)s – %(title)s", start=about.starts, title=about.title),
        heading=gettext("You are in the queue"),
        lead=(
            _what_is_awaited(about),
            gettext(
                "You then have 24 hours to answer, or two hours on the last day. "
                "If that is too short, you can have as much time again, once."
            ),
        ),
        facts=[about.place_in_line(), *about.practical()],
        action=gettext("See your place in the queue"),
        sections=[
            Section(
                gettext("Changed your mind?"),
                (gettext("Open your booking and press “Leave the queue”. Opening the link alone changes nothing."),),
                gettext("Leave the queue"),
                f"{about.link}#leave",
            )
        ],
    )


def _what_is_awaited(about: BookingWriting) -> str:
    least = about.booking.least_size
    if least is None:
        return gettext("As soon as there is room for your whole party we hold the places for you and write again.")
    return ngettext(
        "As soon as it is your turn and there is room for at least one of you, we hold the places and write again.",
        "As soon as it is your turn and there is room for at least %(num)s of you, we hold the places and write again.",
        least,
    )


def _offered(about: BookingWriting) -> Letter:
    end = about.booking.offer_until or about.slot.starts_at
    return about.letter(
        subject=ngettext(
            "Answer by %(until)s: we hold one place for you – %(title)s",
            "Answer by %(until)s: we hold %(num)s places for you – %(title)s",
            about.size, until=about.writing.moment(end), title=about.title,
        ),
        heading=_what_is_held(about),
        lead=(
            *_who_is_left_out(about),
            gettext(
                "Answer by %(until)s. After that the places go to the next in the queue.",
                until=about.writing.moment(end, "EEEE d MMMM"),
            ),
            *_more_time(about),
        ),
        facts=[*about.practical(), *about.age()],
        action=gettext("Answer yes or no"),
        sections=list(about.clashes()),
    )  # fmt: skip


def _what_is_held(about: BookingWriting) -> str:
    wanted = about.booking.wanted_size
    if wanted is None:
        return ngettext("We hold one place for you", "We hold %(num)s places for you", about.size)
    return ngettext(
        "We hold one of your %(all)s places", "We hold %(num)s of your %(all)s places", about.size, all=wanted
    )


def _who_is_left_out(about: BookingWriting) -> tuple[str, ...]:
    wanted = about.booking.wanted_size
    if wanted is None:
        return ()
    return (
        ngettext(
            "There was no room for all of you. Say who comes when you answer. "
            "One of you gets no place and is no longer in the queue.",
            "There was no room for all of you. Say who comes when you answer. "
            "%(num)s of you get no place and are no longer in the queue.",
            wanted - about.size,
        ),
    )


def _more_time(about: BookingWriting) -> tuple[str, ...]:
    """That the time to answer can be prolonged once, until when, or that it has been."""
    booking = about.booking
    if booking.confirm_by is not None:
        return ()
    if booking.offer_prolonged_at is not None:
        return (gettext("You have been given more time. It can be done once."),)
    longer = waiting.prolonged_until(booking.offer_until, about.slot.starts_at) if booking.offer_until else None
    if longer is None:
        return ()
    until = about.writing.moment(longer, "EEEE d MMMM")
    return (
        gettext("Is that too short? On your booking’s page you can have more time once, until %(until)s.", until=until),
    )


LETTERS: Final = {
    MailKind.BOOKING_WAITING: BookingLetter(_waiting, frozenset({BookingStatus.WAITING})),
    MailKind.BOOKING_OFFERED: BookingLetter(_offered, frozenset({BookingStatus.OFFERED})),
}
