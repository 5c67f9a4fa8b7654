"""What somebody needs, in words of the language in force."""

from __future__ import annotations

from typing import Final

from flask_babel import gettext, lazy_gettext, ngettext
from flask_babel.speaklater import LazyString

from iclei_events.models import AccessNeed, AidKind, Booking

NAMES: Final[dict[AidKind, LazyString]] = {
    AidKind.WHEELCHAIR: lazy_gettext("Places for wheelchair users"),
    AidKind.HEARING_LOOP: lazy_gettext("Receivers for the hearing loop"),
    AidKind.INTERPRETER: lazy_gettext("Sign language interpreter"),
    AidKind.COMPANION: lazy_gettext("Companions who assist"),
    AidKind.OTHER: lazy_gettext("In own words"),
}
"""What a kind is called above a field and in a list."""


def in_words(need: AccessNeed) -> str:
    """A need as its party would say it; what it has written itself stays as it is."""
    return need.description or counted(need.kind, need.count)


def counted(kind: AidKind, count: int) -> str:
    """So many of a kind."""
    match kind:
        case AidKind.WHEELCHAIR:
            return ngettext("%(num)s place for a wheelchair user", "%(num)s places for wheelchair users", count)
        case AidKind.HEARING_LOOP:
            return ngettext("%(num)s receiver for the hearing loop", "%(num)s receivers for the hearing loop", count)
        case AidKind.COMPANION:
            return ngettext("%(num)s companion who assists", "%(num)s companions who assist", count)
        case _:
            return str(NAMES[kind])


def not_mailed(booking: Booking) -> str:
    """Why nobody is told by mail, and the number to call instead; empty where a mail goes out."""
    contact = booking.attendee
    if contact is None:
        return gettext("The details of whoever booked are erased, so nobody is told.")
    if contact.email:
        return ""
    if contact.phone:
        return gettext("There is no address, so nobody is told: call %(phone)s.", phone=contact.phone)
    return gettext("There is neither an address nor a number, so nobody is told.")
