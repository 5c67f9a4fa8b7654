"""The letters about what a party needs. They name neither needs nor answers: the booking's page alone does."""

from __future__ import annotations

from collections import Counter
from datetime import datetime
from typing import Final

from flask_babel import gettext, ngettext

from iclei_events.db import db
from iclei_events.models import HOLDING, Booking, MailKind, NeedState, Slot
from iclei_events.services.booking_writing import BookingLetter, BookingWriting, Context, goes_ahead
from iclei_events.services.letters import Fact, Letter

TOLD: Final = (NeedState.ARRANGED, NeedState.PROMISED, NeedState.DECLINED, NeedState.ASKED)


def _answered(about: BookingWriting) -> Letter:
    return about.letter(
        subject=gettext("Answer to what you asked for: %(start)s – %(title)s", start=about.starts, title=about.title),
        heading=gettext("There is an answer to what you asked for"),
        lead=(
            *_how_it_stands(about.booking),
            gettext("What it is about stands on your booking’s page and not in this mail, so that only you read it."),
        ),
        facts=list(about.practical()),
        action=gettext("Read the answer"),
    )


def _how_it_stands(booking: Booking) -> tuple[str, ...]:
    """How many things stand how, in one paragraph."""
    number = Counter(need.state for need in booking.access_needs)
    told = " ".join(_in_state(state, number[state]) for state in TOLD if number[state])
    return (told,) if told else ()


def _in_state(state: NeedState, number: int) -> str:
    match state:
        case NeedState.ARRANGED:
            return ngettext("%(num)s thing is arranged.", "%(num)s things are arranged.", number)
        case NeedState.PROMISED:
            return ngettext("%(num)s thing is promised.", "%(num)s things are promised.", number)
        case NeedState.DECLINED:
            return ngettext(
                "%(num)s thing is not possible: read what we suggest.",
                "%(num)s things are not possible: read what we suggest.",
                number,
            )
        case _:
            return ngettext(
                "%(num)s thing still waits for an answer.", "%(num)s things still wait for an answer.", number
            )


def _has_answers(booking: Booking, now: datetime, context: Context) -> bool:
    answered = any(need.state is not NeedState.ASKED for need in booking.access_needs)
    return answered and goes_ahead(booking, now, context)


def _kept_its_time(about: BookingWriting) -> Letter:
    if about.context.get("clash"):
        return _kept_from_clash(about)
    return about.letter(
        subject=gettext("You keep your time: %(start)s – %(title)s", start=about.starts, title=about.title),
        heading=gettext("You keep your time"),
        lead=(
            gettext("Places came free at the time you asked for, and it was your turn."),
            gettext(
                "But that time does not have at once what we have promised you, so we did not change it for you. "
                "You keep your places and everything you have been promised."
            ),
            gettext("You can still change yourself: the page says beforehand what the other time has."),
        ),
        facts=[*_wanted(about), *about.practical()],
        action=gettext("See or change your booking"),
    )


def _kept_from_clash(about: BookingWriting) -> Letter:
    return about.letter(
        subject=gettext("You keep your time: %(start)s – %(title)s", start=about.starts, title=about.title),
        heading=gettext("You keep your time"),
        lead=(
            gettext("You could have the time you asked for now."),
            gettext(
                "But since you asked you have got other places that cannot be kept beside it, and at this event "
                "one person cannot have both. So we did not change it for you, and you keep your places."
            ),
            gettext("If you would rather have that time, give back the other places first and then ask for it again."),
        ),
        facts=[*_wanted(about), *about.practical()],
        action=gettext("See or change your booking"),
    )


def _wanted(about: BookingWriting) -> list[Fact]:
    wanted = db.session.get(Slot, about.context.get("wanted"))
    return [Fact(gettext("You asked for"), about.writing.moment(wanted.starts_at))] if wanted is not None else []


LETTERS: Final = {
    MailKind.NEEDS_ANSWERED: BookingLetter(_answered, HOLDING, _has_answers, calendar=False),
    MailKind.NEEDS_KEPT: BookingLetter(_kept_its_time, HOLDING, goes_ahead, calendar=False),
}
