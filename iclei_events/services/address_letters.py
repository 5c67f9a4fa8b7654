"""The letters about another e-mail address for a booking: to the new one, to the old one, and when it is done."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from flask_babel import gettext

from iclei_events.models import BookingStatus, Event, MailKind
from iclei_events.services.booking_writing import BookingLetter, BookingWriting
from iclei_events.services.letters import Letter, Writing, footer_of


def confirm_letter(event: Event, *, link: str, until: datetime, language: str) -> Letter:
    """Ask whoever reads the new address. It may be a stranger's, so nothing is told of the booking."""
    name, writing = event.name.in_language(language), Writing(language, event)
    return Letter(
        subject=gettext("Is this your e-mail address? – %(event)s", event=name),
        tone="sun",
        sender=name,
        heading=gettext("Shall we write to you here?"),
        lead=(
            gettext("Somebody with a booking asks us to send their mail to this address from now on."),
            gettext("If that is you, open the link by %(moment)s.", moment=writing.moment(until)),
            gettext("If it is not you, do nothing. Then we do not write here again."),
        ),
        action=gettext("Yes, it is my address"),
        link=link,
        footer=tuple(footer_of(event)),
    )


def notice_letter(event: Event, *, link: str, is_done: bool, language: str) -> Letter:
    """Tell the old address. ``is_done``: it was confirmed meanwhile, and the link leads to whom to ask."""
    name = event.name.in_language(language)
    return Letter(
        subject=gettext("Another e-mail address for your booking – %(event)s", event=name),
        tone="sun",
        sender=name,
        heading=gettext("Somebody wants another address for your booking"),
        lead=(
            gettext("Whoever opened your booking asked us to write to another e-mail address from now on."),
            gettext("Was it you? Then open the mail that we have sent to the new address."),
            gettext("If it was not you, tell us at once. The new address has been confirmed already.")
            if is_done
            else gettext(
                "If it was not you, open the booking and stop the change. Until the new address is confirmed we write "
                "to you here."
            ),
        ),
        action=gettext("Contact us") if is_done else gettext("Open the booking"),
        link=link,
        footer=tuple(footer_of(event)),
    )


def _changed(about: BookingWriting) -> Letter:
    return about.letter(
        subject=gettext("We write to you here now: %(start)s – %(title)s", start=about.starts, title=about.title),
        heading=gettext("We write to you here now"),
        lead=(
            gettext("From now on all mails about this booking come to this address."),
            gettext("Links in earlier mails, and tickets that you have printed, no longer work."),
        ),
        facts=list(about.practical()),
        action=gettext("See or change your booking"),
    )  # fmt: skip


LETTERS: Final = {
    MailKind.ADDRESS_CHANGED: BookingLetter(
        _changed, frozenset({BookingStatus.CONFIRMED, BookingStatus.WAITING, BookingStatus.OFFERED})
    )
}
