"""What a mail says, as data: one structure in both languages, told by one template as HTML and by another as text."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields, replace
from datetime import date, datetime
from typing import Any, Literal, cast

from babel import Locale
from flask_babel import gettext, ngettext

from iclei_events.i18n import write_day, write_time
from iclei_events.models import Booking, Event, Slot
from iclei_events.services.plain_text import one_line

Tone = Literal["sun", "water", "brick"]
"""The colour of a letter's head: sun for what belongs to the residents, water for the congress, brick for signing."""


@dataclass(frozen=True, slots=True)
class Fact:
    """A row of the table: what, and in a second line what belongs to it."""

    label: str
    value: str
    note: str = ""


@dataclass(frozen=True, slots=True)
class Choice:
    """One of several things to open."""

    text: str
    link: str


@dataclass(frozen=True, slots=True)
class Section:
    """A heading with paragraphs under it and, where there is something to open, choices or one link."""

    heading: str
    paragraphs: tuple[str, ...]
    link_text: str = ""
    link: str = ""
    choices: tuple[Choice, ...] = ()


@dataclass(frozen=True, slots=True)
class Letter:
    """A mail in one language. ``what`` and ``when`` stand in the head; ``action`` is the text of its one button."""

    subject: str
    tone: Tone
    sender: str
    heading: str
    action: str
    link: str
    what: str = ""
    when: str = ""
    lead: tuple[str, ...] = ()
    facts: tuple[Fact, ...] = ()
    sections: tuple[Section, ...] = ()
    footer: tuple[str, ...] = ()


def on_one_line(letter: Letter) -> Letter:
    """The letter with each of its texts on one line, so that no name or title can begin a line of its own."""
    return cast("Letter", _on_one_line(letter))


def _on_one_line(value: Any) -> Any:
    if isinstance(value, str):
        return one_line(value)
    if isinstance(value, tuple):
        return tuple(_on_one_line(part) for part in value)
    return replace(value, **{field.name: _on_one_line(getattr(value, field.name)) for field in fields(value)})


@dataclass(frozen=True, slots=True)
class Writing:
    """How times and days of an event are written in a language."""

    language: str
    event: Event

    def time(self, moment: datetime) -> str:
        return write_time(moment.astimezone(self.event.zone), self.language)

    def day(self, moment: datetime | date, pattern: str = "d MMMM") -> str:
        day = moment.astimezone(self.event.zone).date() if isinstance(moment, datetime) else moment
        return write_day(day, self.language, pattern)

    def moment(self, moment: datetime, pattern: str = "d MMMM") -> str:
        """14 maj klockan 09.30, 14 May at 09:30."""
        return gettext("%(day)s at %(time)s", day=self.day(moment, pattern), time=self.time(moment))

    def period(self, slot: Slot) -> str:
        """lördag 14 maj 2022, 09.30–10.45."""
        return self.between(slot.starts_at, slot.ends_at)

    def between(self, starts_at: datetime, ends_at: datetime) -> str:
        """As ``period``, for times of one's own."""
        return f"{self.day(starts_at, 'EEEE d MMMM y')}, {self.time(starts_at)}–{self.time(ends_at)}"

    def spoken(self, codes: list[str]) -> str:
        """The languages a slot is held in, such as "Swedish, Arabic"."""
        names = ", ".join(self._name_of_language(code) for code in codes)
        return names[:1].upper() + names[1:]

    def _name_of_language(self, code: str) -> str:
        if code in {"swl", "ssl"}:
            return gettext("Swedish Sign Language")
        return str(Locale.parse(self.language).languages.get(code, code))


def where_to_be(slot: Slot, language: str) -> str:
    """Where to be, on one line; asks for no translation, since it is noted where nobody reads a page."""
    return ", ".join(filter(None, _where(slot, language)))


def place_of(slot: Slot, language: str) -> Fact | None:
    """Where to be, as a row of a letter."""
    value, note = _where(slot, language)
    if not value:
        return None
    if slot.meeting_point:
        return Fact(gettext("Meeting point"), value, note)
    return Fact(gettext("Room") if slot.room else gettext("Place"), value, note)


def _where(slot: Slot, language: str) -> tuple[str, str]:
    """The meeting point, else the room, else the venue; with it what helps to find it."""
    venue = slot.venue.name.in_language(language) if slot.venue else ""
    address = (slot.venue.address or "") if slot.venue else ""
    if slot.meeting_point:
        point = slot.meeting_point.in_language(language)
        return point, address or ("" if venue in point else venue)
    if slot.room:
        return slot.room.name, venue
    return venue, address


def party_of(booking: Booking) -> str:
    """2 adults and 1 child."""
    adults = ngettext("%(num)s adult", "%(num)s adults", booking.adults)
    children = ngettext("%(num)s child", "%(num)s children", booking.children)
    if not booking.children:
        return adults
    return gettext("%(adults)s and %(children)s", adults=adults, children=children) if booking.adults else children


def footer_of(event: Event, slot: Slot | None = None) -> Iterator[str]:
    """Whom to ask, what is only an example, and that nobody is followed."""
    if event.contact_email and event.contact_phone:
        yield gettext("Questions: %(email)s or %(phone)s.", email=event.contact_email, phone=event.contact_phone)
    elif event.contact_email:
        yield gettext("Questions: %(email)s.", email=event.contact_email)
    if slot is not None and slot.illustrative:
        yield gettext("Time and place are an example, not from the real programme.")
    yield no_tracking()


def no_tracking() -> str:
    return gettext("This mail has no pictures and does not report whether you read it.")
