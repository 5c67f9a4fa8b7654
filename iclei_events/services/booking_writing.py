"""What the letters about a booking are made of: their frame, the facts of the day, what can be done, whose data."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from flask_babel import gettext

from iclei_events.db import db
from iclei_events.i18n import Bilingual
from iclei_events.models import RESIDENTS, Booking, BookingStatus
from iclei_events.services import line
from iclei_events.services.letters import (
    Choice,
    Fact,
    Letter,
    Section,
    Writing,
    footer_of,
    party_of,
    place_of,
)
from iclei_events.services.own_days import Clash, Kept, OwnDay

Context = Mapping[str, Any]
"""What was noted when the mail was promised and cannot be looked up when it is sent."""

BUS: Final = "bus"
"""The sign of an activity's facts that tell how one gets there."""


class BookingWriting:
    """Writes a letter about one booking in one language; ``link`` opens it, ``link_to`` others of the same address."""

    def __init__(
        self, booking: Booking, *, language: str, link_to: Callable[[Booking | Kept], str], context: Context
    ) -> None:
        self.booking, self.slot, self.event = booking, booking.slot, booking.slot.activity.event
        self.language, self.link_to, self.context = language, link_to, context
        self.link = link_to(booking)
        self.writing = Writing(language, self.event)
        self.title = self.slot.activity.title.in_language(language)
        self.starts = self.writing.moment(self.slot.starts_at)
        self.size = booking.size

    def letter(  # noqa: PLR0913  what the letters differ in
        self,
        *,
        subject: str,
        heading: str,
        action: str,
        lead: tuple[str, ...] = (),
        facts: Sequence[Fact] = (),
        sections: Sequence[Section] = (),
    ) -> Letter:
        """The letter with what all letters about a booking have."""
        return Letter(
            subject=subject,
            tone="sun" if self.slot.activity.kind in RESIDENTS else "water",
            sender=self.event.name.in_language(self.language),
            heading=heading,
            what=self.title,
            when=self.writing.period(self.slot),
            lead=lead,
            facts=tuple(facts),
            action=action,
            link=self.link,
            sections=(*sections, self._your_data()),
            footer=tuple(footer_of(self.event, self.slot)),
        )

    def practical(self) -> Iterator[Fact]:
        """Where to be, in which language, under which number, and who comes."""
        place = place_of(self.slot, self.language)
        if place is not None:
            yield place
        if self.slot.languages:
            yield Fact(gettext("Language"), self.writing.spoken(self.slot.languages))
        yield self.reference(gettext("Say the number or your name."))
        yield Fact(gettext("Who"), party_of(self.booking), self._names())

    def _names(self) -> str:
        """Those who come by name, as far as names were given: first whoever booked, if they come along."""
        places = self.booking.current_places
        named = [place.name for place in places if place.name and place is not self.booking.contacts_place]
        contact = self.booking.attendee
        if contact is not None and self.booking.contacts_place is not None and named:
            named.insert(0, contact.name)
        if contact is not None and not contact.comes_along:
            named.append(gettext("You booked for others and do not come along."))
        return ", ".join(filter(None, named))

    def reference(self, note: str = "") -> Fact:
        return Fact(gettext("Number"), self.booking.reference, note)

    def place_in_line(self) -> Fact:
        number = line.place_in_line(db.session(), self.booking)
        return Fact(gettext("Queue"), gettext("Number %(number)s", number=number), gettext("when this mail was sent"))

    def age(self) -> Iterator[Fact]:
        """From which age one may come, and that children come with an adult, where this party must know it."""
        activity = self.slot.activity
        with_adult = gettext("Children come with an adult.") if activity.children_need_adult else ""
        if activity.min_age:
            yield Fact(gettext("Age"), gettext("From %(age)s years", age=activity.min_age), with_adult)
        elif with_adult and self.booking.children:
            yield Fact(gettext("Age"), with_adult)

    def how_to_get_there(self) -> Iterator[Section]:
        """The way in words and the address: a mail leads to no map on somebody else's site."""
        venue, facts = self.slot.venue, self.slot.activity.facts
        by_bus = [
            Bilingual.from_mapping(fact["text"]).in_language(self.language) for fact in facts if fact["icon"] == BUS
        ]
        told = [f"{text.rstrip('.')}." for text in by_bus]
        if venue is not None and (venue.address or venue.directions):
            told.append(f"{', '.join(filter(None, (venue.name.in_language(self.language), venue.address)))}.")
        if venue is not None and venue.directions:
            told.append(venue.directions.in_language(self.language))
        if told:
            yield Section(gettext("How to get there"), tuple(told))

    def clashes(self) -> Iterator[Section]:
        """What the booking clashes with among all of this address, which its mail alone may tell."""
        found = OwnDay.beside_by_address(self.booking).clashes_with(self.slot)
        if found:
            choice = gettext("Change one of them, or give back what you do not use, so that somebody else can come.")
            paragraphs = (*map(self._clash, found), choice)
            others = tuple(Choice(self._name_of(clash.kept), self.link_to(clash.kept)) for clash in found)
            yield Section(gettext("It clashes with another booking of yours"), paragraphs, choices=others)

    def _clash(self, clash: Clash) -> str:
        what, gap = self._name_of(clash.kept), clash.gap
        if gap.leg is None:
            return gettext("%(what)s is at the same time.", what=what)
        return gettext(
            "%(what)s: there are %(minutes)s min between, and the way takes about %(needed)s min.",
            what=what, minutes=gap.minutes, needed=gap.leg.minutes,
        )  # fmt: skip

    def _name_of(self, kept: Kept) -> str:
        title = kept.title.in_language(self.language).split(": ")[0]
        return gettext("%(what)s, %(moment)s", what=title, moment=self.writing.moment(kept.starts_at))

    def somebody_cannot_come(self) -> Section:
        if self.size == 1:
            return Section(
                gettext("Can you not come?"),
                (gettext("Give the place back. It is offered to the next in the queue."),),
                gettext("Give the place back"),
                self.link,
            )
        return Section(
            gettext("Can somebody not come?"),
            (gettext("Give back just that place. It is offered to the next in the queue."),),
            gettext("Give back a place"),
            self.link,
        )

    def _your_data(self) -> Section:
        paragraphs = [
            gettext(
                "Your name and how to reach you are erased on %(day)s.",
                day=self.writing.day(self.event.erased_on, "d MMMM y"),
            )
        ]
        if self.booking.access_needs:
            day = self.writing.day(self.slot.needs_erased_on, "d MMMM y")
            paragraphs.insert(0, gettext("What you told us about support needs is erased on %(day)s.", day=day))
        return Section(gettext("Your data"), (" ".join(paragraphs),))


def goes_ahead(booking: Booking, now: datetime, _context: Context) -> bool:
    """Whether the slot is still to come or under way, and an offer has not run out."""
    if booking.slot.cancelled_at is not None or booking.slot.ends_at <= now:
        return False
    return booking.offer_until is None or now < booking.offer_until


def always(_booking: Booking, _now: datetime, _context: Context) -> bool:
    return True


@dataclass(frozen=True, slots=True)
class BookingLetter:
    """One kind of letter about a booking, and when it says the truth.

    Outside of ``true_while``, or once it is ``still`` true no longer, the mail is not sent: a later one has been
    promised, or none is needed. ``calendar``: it brings the entry for the reader's calendar.
    """

    write: Callable[[BookingWriting], Letter]
    true_while: frozenset[BookingStatus]
    still: Callable[[Booking, datetime, Context], bool] = goes_ahead
    calendar: bool = True

    def is_true(self, booking: Booking, now: datetime, context: Context) -> bool:
        return booking.status in self.true_while and self.still(booking, now, context)
