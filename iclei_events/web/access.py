"""Who may see a booking: whoever came by its secret link or made it here, remembered in the signed session."""

from __future__ import annotations

from hashlib import sha256
from typing import Final, Protocol

from flask import abort, current_app, session

from iclei_events.models import Booking
from iclei_events.services import bookings, links
from iclei_events.web import limits

OPENED: Final = "bookings"
BY_MAIL: Final = "by_mail"
MOST: Final = 30
"""Bookings a browser remembers, the latest opened; more would outgrow a cookie."""


class Salted(Protocol):
    """What a secret link opens: a booking, or what is known of one."""

    @property
    def reference(self) -> str: ...
    @property
    def salt(self) -> str: ...


def remember(reference: str, salt: str) -> None:
    """Let this browser open the booking from now on; the digest makes that end when the booking gets a new salt."""
    others = [pair for pair in session.get(OPENED, []) if pair[0] != reference]
    session[OPENED] = [*others, [reference, _digest(salt)]][-MOST:]
    session.permanent = True


def may_open(booking: Salted) -> bool:
    return [booking.reference, _digest(booking.salt)] in session.get(OPENED, [])


def remembered() -> tuple[str, ...]:
    """References of the bookings this browser has opened."""
    return tuple(pair[0] for pair in session.get(OPENED, []))


def own_booking_or_404(reference: str) -> Booking:
    """The booking, if this browser has opened it; else the page that unknown references get too."""
    booking = bookings.find(reference) if reference in remembered() else None
    if booking is None or not may_open(booking):
        abort(404)
    return booking


def unlock_or_404(reference: str, secret: str) -> None:
    """Remember the booking whose link carries this secret."""
    booking = bookings.find(reference)
    salt = booking.salt if booking is not None else ""
    if not links.opens(secret, "booking", salt, secret_keys()) or booking is None:
        limits.wrong_link()
    remember(booking.reference, booking.salt)
    session[BY_MAIL] = [*(other for other in came_by_mail() if other != booking.reference), booking.reference][-MOST:]


def came_by_mail() -> list[str]:
    """References of the bookings that were opened here by the link in their mail: whoever did reads that mail."""
    return list(session.get(BY_MAIL, []))


def secret_keys() -> list[str]:
    """The keys under which a link that we have sent may open something: today's, then older ones."""
    return [current_app.config["SECRET_KEY"], *current_app.config["SECRET_KEY_FALLBACKS"]]


def _digest(salt: str) -> str:
    return sha256(salt.encode()).hexdigest()[:12]
