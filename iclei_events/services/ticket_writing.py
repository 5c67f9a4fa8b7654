"""What a booking's ticket says, in the booking's language."""

from __future__ import annotations

from collections.abc import Iterator

from flask_babel import force_locale, gettext, ngettext

from iclei_events.models import Booking
from iclei_events.services.letters import Writing, party_of, place_of
from iclei_events.services.tickets import Ticket


def ticket_of(booking: Booking, code: str) -> Ticket:
    """The ticket of a booking with everything its page shows; ``code`` is what its QR code holds."""
    language = booking.language
    with force_locale(language):
        slot, event = booking.slot, booking.slot.activity.event
        writing = Writing(language, event)
        what = slot.activity.title.in_language(language)
        return Ticket(
            language=language,
            title=gettext("Ticket: %(what)s", what=what),
            event=event.name.in_language(language),
            what=what,
            time=writing.time(slot.starts_at),
            day=gettext(
                "%(day)s, until %(time)s",
                day=_capital(writing.day(slot.starts_at, "EEEE d MMMM y")),
                time=writing.time(slot.ends_at),
            ),
            party=_capital(_party(booking)),
            facts=tuple(_facts(booking, writing)),
            code=code,
            code_says=gettext("QR code with the number of the booking, %(number)s", number=booking.reference),
            reference=booking.reference,
            foot=tuple(_foot(booking)),
        )


def _party(booking: Booking) -> str:
    """Who gets in: companions too, who take no place."""
    people, companions = party_of(booking), booking.companions
    if not companions:
        return people
    return ngettext("%(people)s, with one companion", "%(people)s, with %(num)s companions", companions, people=people)


def _facts(booking: Booking, writing: Writing) -> Iterator[tuple[str, str]]:
    slot = booking.slot
    place = place_of(slot, writing.language)
    if place is not None:
        yield place.label, place.value
        if place.note:
            yield gettext("Address"), place.note
    if slot.venue is not None and slot.venue.directions is not None:
        yield gettext("How to get there"), slot.venue.directions.in_language(writing.language)
    if slot.languages:
        yield gettext("Language"), writing.spoken(slot.languages)
    if booking.attendee is not None:
        yield gettext("Name") if booking.contacts_place else gettext("Booked by"), booking.attendee.name


def _foot(booking: Booking) -> Iterator[str]:
    event = booking.slot.activity.event
    yield gettext("Show the ticket on paper or on your phone, or say the number.")
    yield gettext("Can you not come? Open the link in our mail and give back the places. Somebody else gets them.")
    if event.contact_phone:
        yield gettext("Questions? Call %(phone)s.", phone=event.contact_phone)


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
