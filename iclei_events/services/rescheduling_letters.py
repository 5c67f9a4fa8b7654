"""The letters to a party whose slot has moved or was called off, each with what that party can do."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any, Final

from flask_babel import gettext, ngettext

from iclei_events import clock
from iclei_events.i18n import LANGUAGES, Bilingual
from iclei_events.models import ACTIVE, AccessNeed, Booking, BookingStatus, MailKind, Slot
from iclei_events.services import aids, need_words, slots
from iclei_events.services.booking_writing import BookingLetter, BookingWriting, Context, goes_ahead
from iclei_events.services.letters import Choice, Fact, Letter, Section, where_to_be

CHANGE_TO: Final = "&to="
"""What a booking's link carries to lead to the change to another time, which then takes one press."""


def before(slot: Slot) -> dict[str, Any]:
    """What the letter about a move notes of the slot as it was."""
    return {
        "slot_id": slot.id,
        "starts_at": slot.starts_at.isoformat(),
        "ends_at": slot.ends_at.isoformat(),
        "place": {language: where_to_be(slot, language) for language in LANGUAGES},
    }


def _moved(about: BookingWriting) -> Letter:
    old = about.context["before"]
    new_time, new_place = _changes(about.slot, old)
    if new_time and new_place:
        heading = gettext("Time and place have changed")
    else:
        heading = gettext("The time has changed") if new_time else gettext("The place has changed")
    return about.letter(
        subject=gettext("%(heading)s: %(start)s – %(title)s", heading=heading, start=about.starts, title=about.title),
        heading=heading,
        lead=(_what_you_keep(about), gettext("If it suits you, you need not do anything.")),
        facts=[*_as_it_was(about, old), *about.practical(), *about.age()],
        action=gettext("See or change your booking"),
        sections=[*about.how_to_get_there(), _other_times(about), _give_back(about)],
    )


def _what_you_keep(about: BookingWriting) -> str:
    status = about.booking.status
    if status is BookingStatus.WAITING:
        return gettext("You keep your place in the queue.")
    if status is BookingStatus.ENTERED:
        return gettext("You are still in the draw.")
    if status is BookingStatus.OFFERED:
        until = about.writing.moment(about.booking.offer_until or about.slot.starts_at, "EEEE d MMMM")
        return gettext("We still hold the places for you. Answer by %(until)s.", until=until)
    return ngettext("You keep your place.", "You keep your %(num)s places.", about.size)


def _as_it_was(about: BookingWriting, old: Context) -> Iterator[Fact]:
    starts_at, ends_at = (datetime.fromisoformat(old[name]) for name in ("starts_at", "ends_at"))
    new_time, new_place = _changes(about.slot, old)
    said = [about.writing.between(starts_at, ends_at)] if new_time else []
    if new_place and old["place"][about.language]:
        said.append(old["place"][about.language])
    if said:
        yield Fact(gettext("Before"), said[0], " ".join(said[1:]))


def _changes(slot: Slot, old: Context) -> tuple[bool, bool]:
    """Whether time and place are others than they were."""
    times = {name: getattr(slot, name).isoformat() for name in ("starts_at", "ends_at")}
    places = {language: where_to_be(slot, language) for language in LANGUAGES}
    return any(old[name] != time for name, time in times.items()), old["place"] != places


def _other_times(about: BookingWriting) -> Section:
    free = _with_room(about.booking)
    missing = aids.promised_missing_at(about.booking.access_needs, [slot.id for slot in free])
    choices = tuple(
        Choice(_words_of(about, slot, missing[slot.id]), about.link + CHANGE_TO + slot.slug) for slot in free
    )
    if not choices:
        return Section(
            gettext("Other times"),
            (ngettext("No other time has a place just now.", "No other time has room for %(num)s people just now.",
                      about.size),),
        )  # fmt: skip
    return Section(
        gettext("Other times"),
        (
            ngettext(
                "These have a place just now. Open one, and you change with one press.",
                "These have room for %(num)s people just now. Open one, and you change with one press.",
                about.size,
            ),
        ),
        choices=choices,
    )


def _with_room(booking: Booking) -> list[Slot]:
    now = clock.now()
    others = (slot for slot in slots.departures(booking.slot) if slot.id != booking.slot_id)
    return [slot for slot in others if slot.takes_bookings(now) and slot.left >= booking.size]


def _words_of(about: BookingWriting, slot: Slot, missing: Sequence[AccessNeed]) -> str:
    """The time, and what the party was promised that it does not have."""
    time = _time_and_language(about, slot)
    if not missing:
        return time
    lacks = gettext("Does not have at once: %(what)s", what=", ".join(map(need_words.in_words, missing)))
    return f"{time}. {lacks}"


def _time_and_language(about: BookingWriting, slot: Slot) -> str:
    spoken = about.writing.spoken(slot.languages)
    return f"{about.writing.period(slot)} ({spoken})" if spoken else about.writing.period(slot)


def _give_back(about: BookingWriting) -> Section:
    if about.booking.status is BookingStatus.WAITING:
        return Section(gettext("Changed your mind?"), (gettext("Open your booking and leave the queue."),))
    if about.booking.status is BookingStatus.ENTERED:
        return Section(gettext("Changed your mind?"), (gettext("Open your booking and leave the draw."),))
    return about.somebody_cannot_come()


def _called_off(about: BookingWriting) -> Letter:
    reason = about.context.get("reason")
    in_draw = about.booking.status is BookingStatus.ENTERED
    return about.letter(
        subject=gettext("Called off: %(start)s – %(title)s", start=about.starts, title=about.title),
        heading=gettext("This will not take place"),
        lead=(
            *([Bilingual.from_mapping(reason).in_language(about.language)] if reason else []),
            gettext("We are sorry. You are still in the draw for the other times you wished for.")
            if in_draw
            else gettext("We are sorry. If you do not want to come at another time, you need not do anything."),
        ),
        facts=[about.reference()],
        action=gettext("See your booking"),
        sections=[] if in_draw else [_other_times(about)],
    )


def _is_news(booking: Booking, now: datetime, context: Context) -> bool:
    """A slot that was moved back is where the party thinks it is; a party that has moved has been told where to."""
    before = context["before"]
    is_there = booking.slot_id == before["slot_id"]
    return is_there and goes_ahead(booking, now, context) and any(_changes(booking.slot, before))


def _is_off(booking: Booking, now: datetime, _context: Context) -> bool:
    return booking.slot.cancelled_at is not None and now < booking.slot.ends_at


LETTERS: Final[dict[MailKind, BookingLetter]] = {
    MailKind.SLOT_MOVED: BookingLetter(_moved, ACTIVE, _is_news),
    MailKind.SLOT_CALLED_OFF: BookingLetter(_called_off, ACTIVE, _is_off),
}
