"""The letters about a booking, each written from what is true when it is sent."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from typing import Final

from flask_babel import gettext, ngettext

from iclei_events.db import db
from iclei_events.models import Booking, BookingStatus, MailKind
from iclei_events.services import places
from iclei_events.services.letters import (
    RESIDENTS,
    Fact,
    Letter,
    Section,
    Writing,
    footer_of,
    party_of,
    place_of,
)

TRUE_WHILE: Final = {
    MailKind.BOOKING_CONFIRMED: {BookingStatus.CONFIRMED},
    MailKind.BOOKING_WAITING: {BookingStatus.WAITING},
    MailKind.BOOKING_OFFERED: {BookingStatus.OFFERED},
    MailKind.BOOKING_CHANGED: {BookingStatus.CONFIRMED, BookingStatus.WAITING, BookingStatus.OFFERED},
    MailKind.BOOKING_CANCELLED: {BookingStatus.CANCELLED},
    MailKind.OFFER_LAPSED: {BookingStatus.LAPSED},
}
"""The statuses in which a mail of that kind still says the truth; otherwise a later mail does, or none is needed."""


def is_true(kind: MailKind, booking: Booking, now: datetime) -> bool:
    """Whether a mail of that kind would still tell the truth about the booking."""
    if booking.status not in TRUE_WHILE[kind]:
        return False
    if kind is MailKind.BOOKING_CANCELLED:
        return True
    if booking.slot.cancelled_at is not None or booking.slot.ends_at <= now:
        return False
    return booking.offer_until is None or now < booking.offer_until


def booking_letter(kind: MailKind, booking: Booking, *, language: str, link: str) -> Letter:
    """The letter of a kind in ``TRUE_WHILE``; ``link`` opens the booking."""
    return _Writer(booking, language, link).letter(kind)


class _Writer:
    """Writes one booking's letters; each ``_…`` method named in ``letter`` is one of them."""

    def __init__(self, booking: Booking, language: str, link: str) -> None:
        self.booking, self.slot, self.event = booking, booking.slot, booking.slot.activity.event
        self.language, self.link = language, link
        self.writing = Writing(language, self.event)
        self.title = self.slot.activity.title.in_language(language)
        self.starts = self.writing.moment(self.slot.starts_at)
        self.size = booking.size

    def letter(self, kind: MailKind) -> Letter:
        if kind is MailKind.BOOKING_CHANGED:
            return self._changed()
        write: dict[MailKind, Callable[[], Letter]] = {
            MailKind.BOOKING_CONFIRMED: self._confirmed,
            MailKind.BOOKING_WAITING: self._waiting,
            MailKind.BOOKING_OFFERED: self._offered,
            MailKind.BOOKING_CANCELLED: self._cancelled,
            MailKind.OFFER_LAPSED: self._lapsed,
        }
        return write[kind]()

    def _letter(  # noqa: PLR0913  what the letters differ in
        self,
        *,
        subject: str,
        heading: str,
        action: str,
        lead: tuple[str, ...] = (),
        facts: Sequence[Fact] = (),
        sections: Sequence[Section] = (),
    ) -> Letter:
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
            sections=tuple(sections),
            footer=tuple(footer_of(self.event, self.slot)),
        )

    def _confirmed(self) -> Letter:
        return self._letter(
            subject=ngettext(
                "You have one place on %(start)s – %(title)s",
                "You have %(num)s places on %(start)s – %(title)s",
                self.size, start=self.starts, title=self.title,
            ),
            heading=ngettext("You have one place", "You have %(num)s places", self.size),
            facts=list(self._practical()),
            action=gettext("See or change your booking"),
            sections=[*([self._somebody_cannot_come()] if self.size > 1 else []), self._your_data()],
        )  # fmt: skip

    def _waiting(self) -> Letter:
        return self._letter(
            subject=gettext("You are in the queue for %(start)s – %(title)s", start=self.starts, title=self.title),
            heading=gettext("You are in the queue"),
            lead=(
                gettext("As soon as there is room for your whole party we hold the places for you and write again."),
                gettext("You then have 24 hours to answer, or two hours on the last day."),
            ),
            facts=[self._place_in_line(), *self._practical()],
            action=gettext("See your place in the queue"),
            sections=[
                Section(gettext("Changed your mind?"), (gettext("Open your booking and leave the queue."),)),
                self._your_data(),
            ],
        )

    def _offered(self) -> Letter:
        until = self.writing.moment(self.booking.offer_until or self.slot.starts_at)
        return self._letter(
            subject=ngettext(
                "Answer by %(until)s: we hold one place for you – %(title)s",
                "Answer by %(until)s: we hold %(num)s places for you – %(title)s",
                self.size, until=until, title=self.title,
            ),
            heading=ngettext("We hold one place for you", "We hold %(num)s places for you", self.size),
            lead=(
                gettext("Answer by %(until)s. After that the places go to the next in the queue.", until=until),
            ),
            facts=list(self._practical()),
            action=gettext("Answer yes or no"),
            sections=[self._your_data()],
        )  # fmt: skip

    def _changed(self) -> Letter:
        headings = {
            BookingStatus.CONFIRMED: ngettext("You now have one place", "You now have %(num)s places", self.size),
            BookingStatus.WAITING: ngettext(
                "You are in the queue for one place", "You are in the queue for %(num)s places", self.size
            ),
            BookingStatus.OFFERED: ngettext("We hold one place for you", "We hold %(num)s places for you", self.size),
        }
        heading = headings[self.booking.status]
        return self._letter(
            subject=gettext(
                "Changed: %(heading)s, %(start)s – %(title)s", heading=heading, start=self.starts, title=self.title
            ),
            heading=heading,
            lead=(gettext("Your booking has been changed. This is what stands now."),),
            facts=list(self._practical()),
            action=gettext("See or change your booking"),
            sections=[self._your_data()],
        )

    def _cancelled(self) -> Letter:
        if self.slot.cancelled_at is not None:
            return self._called_off()
        had_places = self.booking.confirmed_at is not None
        return self._letter(
            subject=gettext("Cancelled: %(start)s – %(title)s", start=self.starts, title=self.title),
            heading=gettext("Your booking is cancelled") if had_places else gettext("You have left the queue"),
            lead=(
                gettext("Somebody else can have the places now.")
                if had_places
                else gettext("You will get no offer for this time."),
            ),
            facts=[self._reference()],
            action=gettext("See the booking"),
            sections=[self._not_you(), self._your_data()],
        )

    def _called_off(self) -> Letter:
        return self._letter(
            subject=gettext("Called off: %(start)s – %(title)s", start=self.starts, title=self.title),
            heading=gettext("This will not take place"),
            lead=(gettext("We are sorry. Your booking has been cancelled and you need not do anything."),),
            facts=[self._reference()],
            action=gettext("See the booking"),
            sections=[self._your_data()],
        )

    def _lapsed(self) -> Letter:
        return self._letter(
            subject=gettext("Time to answer has run out: %(start)s – %(title)s", start=self.starts, title=self.title),
            heading=gettext("The time to answer has run out"),
            lead=(
                gettext("We held places for you but got no answer, so they have gone to the next in the queue."),
                gettext("If you still want to come, book again or join the queue."),
            ),
            facts=[self._reference()],
            action=gettext("See the booking"),
            sections=[self._your_data()],
        )

    def _practical(self) -> Iterator[Fact]:
        place = place_of(self.slot, self.language)
        if place is not None:
            yield place
        if self.slot.languages:
            yield Fact(gettext("Language"), self.writing.spoken(self.slot.languages))
        yield Fact(gettext("Number"), self.booking.reference, gettext("Say the number or your name."))
        names = ", ".join(place.name for place in self.booking.current_places if place.name)
        yield Fact(gettext("Who"), party_of(self.booking), names)

    def _reference(self) -> Fact:
        return Fact(gettext("Number"), self.booking.reference)

    def _place_in_line(self) -> Fact:
        number = places.place_in_line(db.session(), self.booking)
        return Fact(gettext("Queue"), gettext("Number %(number)s", number=number), gettext("when this mail was sent"))

    def _somebody_cannot_come(self) -> Section:
        return Section(
            gettext("Can somebody not come?"),
            (gettext("Give back just that place. It is offered to the next in the queue."),),
            gettext("Give back a place"),
            self.link,
        )

    def _not_you(self) -> Section:
        return Section(
            gettext("Was it not you?"),
            (gettext("Whoever has the link to a booking can cancel it. Book again if you still want to come."),),
        )

    def _your_data(self) -> Section:
        paragraphs = [
            gettext(
                "Your name and how to reach you are erased on %(day)s.",
                day=self.writing.day(self.event.erased_on, "d MMMM y"),
            )
        ]
        if self.booking.access_need is not None:
            day = self.writing.day(self.slot.needs_erased_on, "d MMMM y")
            paragraphs.insert(0, gettext("What you told us about support needs is erased on %(day)s.", day=day))
        return Section(gettext("Your data"), (" ".join(paragraphs),))
