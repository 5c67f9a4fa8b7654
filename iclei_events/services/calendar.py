"""Slots and bookings as iCalendar (RFC 5545): what calendars import, subscribe to and get by mail.

A calendar is copied and synchronised to places nobody knows, so it carries no secret link.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Literal
from urllib.parse import urlsplit

import icalendar
from flask_babel import gettext
from icalendar import vCalAddress, vDuration, vGeo, vText, vUri

from iclei_events import clock
from iclei_events.models import Booking, BookingStatus, Event, Slot
from iclei_events.services.plain_text import lines, one_line

Method = Literal["PUBLISH", "REQUEST", "CANCEL"]

FEED_REFRESH: Final = timedelta(hours=1)
"""How often a calendar that subscribes to a programme should ask again; the feed's own stamp moves no faster."""

TENTATIVE: Final = frozenset({BookingStatus.WAITING, BookingStatus.OFFERED, BookingStatus.ENTERED})


@dataclass(frozen=True, slots=True)
class Invitation:
    """Between whom a booking travels by mail: the addresses of sender and guest."""

    organiser: str
    guest: str


def slot_calendar(slot: Slot, *, url: str, language: str) -> bytes:
    """One slot, to import; ``url`` is its public page."""
    return _calendar([_slot_entry(slot, url=url, language=language, stamp=clock.now())], language=language)


def event_calendar(event: Event, slots: Iterable[Slot], *, url_of: Callable[[Slot], str], language: str) -> bytes:
    """The whole programme, to subscribe to. Equal within the hour unless the programme changes."""
    stamp = feed_stamp()
    entries = [_slot_entry(slot, url=url_of(slot), language=language, stamp=stamp) for slot in slots]
    return _calendar(entries, language=language, name=event.name.in_language(language))


def feed_stamp() -> datetime:
    """The beginning of the hour: a feed's entries are stamped with it, so that the feed stays the same for a while."""
    return clock.now().replace(minute=0, second=0, microsecond=0)


def booking_calendar(booking: Booking, *, url: str, language: str, invitation: Invitation | None = None) -> bytes:
    """A party's booking: to import, or with an ``invitation`` as the part of a mail that calendars take over.

    Tentative while the party waits, cancelled when booking or slot is.
    """
    entry = _booking_entry(booking, url=url, language=language, stamp=clock.now())
    if invitation is None:
        return _calendar([entry], language=language)
    _invite(entry, invitation, booking.slot.activity.event.name.in_language(language))
    return _calendar([entry], language=language, method="CANCEL" if _status(booking) == "CANCELLED" else "REQUEST")


def person_calendar(bookings: Iterable[Booking], *, url_of: Callable[[Slot], str], language: str) -> bytes:
    """All that a person has booked, to subscribe to. Equal within the hour unless one of the bookings changes."""
    stamp = feed_stamp()
    entries = [_booking_entry(one, url=url_of(one.slot), language=language, stamp=stamp) for one in bookings]
    return _calendar(entries, language=language, name=gettext("My bookings"))


def _booking_entry(booking: Booking, *, url: str, language: str, stamp: datetime) -> icalendar.Event:
    slot = booking.slot
    entry = _slot_entry(slot, url=url, language=language, stamp=stamp)
    entry["UID"] = vText(f"booking-{booking.reference}@{urlsplit(url).hostname}")
    entry["SEQUENCE"] = slot.sequence + booking.sequence
    entry["STATUS"] = vText(_status(booking))
    entry["TRANSP"] = vText("OPAQUE" if _status(booking) == "CONFIRMED" else "TRANSPARENT")
    said = [gettext("Your booking has the number %(reference)s.", reference=booking.reference), *_standing(booking)]
    summary = lines(slot.activity.summary.in_language(language))
    entry["DESCRIPTION"] = _text("\n".join((*said, summary)), language)
    return entry


def _standing(booking: Booking) -> Iterator[str]:
    """What a calendar cannot say with TENTATIVE alone."""
    if booking.status is BookingStatus.WAITING:
        yield gettext("You are in the queue and have no place yet.")
    elif booking.status is BookingStatus.OFFERED:
        yield gettext("Places are held for you. Answer in time, or they go to the next in the queue.")
    elif booking.status is BookingStatus.ENTERED and booking.confirm_by is not None:
        yield gettext("Your entry in the draw is not confirmed, and does not count yet.")
    elif booking.status is BookingStatus.ENTERED:
        yield gettext("You are entered in the draw and have no place yet.")


def _status(booking: Booking) -> str:
    if booking.slot.cancelled_at is not None:
        return "CANCELLED"
    if booking.status is BookingStatus.CONFIRMED:
        return "CONFIRMED"
    return "TENTATIVE" if booking.status in TENTATIVE else "CANCELLED"


def _slot_entry(slot: Slot, *, url: str, language: str, stamp: datetime) -> icalendar.Event:
    zone = slot.activity.event.zone
    entry = icalendar.Event()
    entry.add("UID", f"{slot.slug}@{urlsplit(url).hostname}")
    entry.add("SEQUENCE", slot.sequence)
    entry.add("DTSTAMP", stamp)
    entry.add("DTSTART", slot.starts_at.astimezone(zone))
    entry.add("DTEND", slot.ends_at.astimezone(zone))
    entry["SUMMARY"] = _text(one_line(slot.activity.title.in_language(language)), language)
    entry["DESCRIPTION"] = _text(lines(slot.activity.summary.in_language(language)), language)
    if place := _place(slot, language):
        entry["LOCATION"] = _text(place, language)
    # Beside a meeting point it would lead people to the venue, past where they meet.
    venue = slot.venue if slot.meeting_point is None else None
    if venue and venue.latitude is not None and venue.longitude is not None:
        entry["GEO"] = vGeo((venue.latitude, venue.longitude))
    entry["URL"] = vUri(url)
    entry["STATUS"] = vText("CONFIRMED" if slot.cancelled_at is None else "CANCELLED")
    return entry


def _place(slot: Slot, language: str) -> str:
    parts = [
        slot.meeting_point.in_language(language) if slot.meeting_point else None,
        slot.room.name if slot.room else None,
        slot.venue.name.in_language(language) if slot.venue else None,
        slot.venue.address if slot.venue else None,
    ]
    return one_line(", ".join(dict.fromkeys(part for part in parts if part)))


def _text(text: str, language: str) -> vText:
    written = vText(text)
    written.params["LANGUAGE"] = language
    return written


def _invite(entry: icalendar.Event, invitation: Invitation, organiser_name: str) -> None:
    """Name organiser and guest, without asking for an answer: the place is booked already."""
    organiser = vCalAddress(f"mailto:{invitation.organiser}")
    organiser.params["CN"] = vText(one_line(organiser_name))
    entry["ORGANIZER"] = organiser
    guest = vCalAddress(f"mailto:{invitation.guest}")
    guest.params["PARTSTAT"] = vText("ACCEPTED")
    guest.params["RSVP"] = vText("FALSE")
    entry["ATTENDEE"] = guest


def _calendar(
    entries: list[icalendar.Event], *, language: str, method: Method = "PUBLISH", name: str | None = None
) -> bytes:
    calendar = icalendar.Calendar()
    calendar.add("PRODID", f"-//iclei-events//{language.upper()}")
    calendar.add("VERSION", "2.0")
    calendar.add("CALSCALE", "GREGORIAN")
    calendar.add("METHOD", method)
    if name is not None:
        calendar["X-WR-CALNAME"] = vText(one_line(name))
        calendar.add("REFRESH-INTERVAL", FEED_REFRESH, parameters={"VALUE": "DURATION"})
        calendar["X-PUBLISHED-TTL"] = vDuration(FEED_REFRESH)
    for entry in entries:
        calendar.add_component(entry)
    if entries:
        starts = [entry.decoded("DTSTART").date() for entry in entries]
        # Only the rules of the years that are needed: a zone's whole history is three times the file.
        calendar.add_missing_timezones(
            first_date=min(starts) - timedelta(days=366), last_date=max(starts) + timedelta(days=366)
        )
    return bytes(calendar.to_ical())
