"""The letter with somebody's own calendar address, asked for on the site."""

from __future__ import annotations

from flask_babel import gettext

from iclei_events.models import Event
from iclei_events.services.letters import Letter, Section, footer_of


def my_calendar_letter(event: Event, *, address: str, manage: str, language: str) -> Letter:
    """Tell the ``address`` a calendar subscribes to, and the page on which it can be ended."""
    name = event.name.in_language(language)
    return Letter(
        subject=gettext("Your calendar address – %(event)s", event=name),
        tone="sun",
        sender=name,
        heading=gettext("Your bookings in your calendar"),
        lead=(
            gettext("Let your calendar subscribe to this address. It then shows all your bookings and every change."),
            gettext("In most calendars you find it under “Add calendar” or “Subscribe”, “From the internet”."),
        ),
        action=gettext("Your calendar address"),
        link=address,
        sections=(_keep_it_to_yourself(manage),),
        footer=tuple(footer_of(event)),
    )


def _keep_it_to_yourself(manage: str) -> Section:
    return Section(
        gettext("Keep the address to yourself"),
        (
            gettext("Whoever has it sees what you have booked, but can change nothing."),
            gettext("Has somebody else got hold of it? End it, and ask for a new one."),
        ),
        gettext("End the address or get a new one"),
        manage,
    )
