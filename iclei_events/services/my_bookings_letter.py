"""The letter with the links to somebody's bookings, asked for on the site."""

from __future__ import annotations

from collections.abc import Sequence

from flask_babel import gettext, ngettext

from iclei_events.models import Booking, BookingStatus
from iclei_events.services.letters import Letter, Section, Writing, footer_of


def my_bookings_letter(bookings: Sequence[Booking], links: Sequence[str], *, language: str) -> Letter:
    """Send somebody the links to their bookings, asked for on the site: one for each of at least one booking."""
    event = bookings[0].slot.activity.event
    name = event.name.in_language(language)
    return Letter(
        subject=gettext("Your bookings – %(event)s", event=name),
        tone="sun",
        sender=name,
        heading=ngettext("Your booking", "Your %(num)s bookings", len(bookings)),
        lead=(
            gettext("Somebody asked us for the links to the bookings of this address. They open without a password."),
        ),
        action=gettext("Open the first booking") if len(bookings) > 1 else gettext("Open the booking"),
        link=links[0],
        sections=tuple(_entry(booking, language, link) for booking, link in zip(bookings, links, strict=True)),
        footer=tuple(footer_of(event)),
    )


def _entry(booking: Booking, language: str, link: str) -> Section:
    writing = Writing(language, booking.slot.activity.event)
    title = booking.slot.activity.title.in_language(language)
    said = {
        BookingStatus.CONFIRMED: ngettext("You have one place", "You have %(num)s places", booking.size),
        BookingStatus.WAITING: gettext("You are in the queue"),
        BookingStatus.OFFERED: ngettext("We hold one place for you", "We hold %(num)s places for you", booking.size),
        BookingStatus.ENTERED: gettext("You are entered in the draw")
        if booking.confirm_by is None
        else gettext("Your entry in the draw is not confirmed yet"),
    }.get(booking.status, gettext("Your booking is cancelled"))
    return Section(
        title,
        (writing.period(booking.slot), said),
        gettext("Booking %(reference)s", reference=booking.reference),
        link,
    )
