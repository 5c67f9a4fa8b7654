"""What an opening asks of who comes to one of its times past the booking form: changing to it, or asking for it.

The same as its form asks: a turn in the line while there is one, no more tries than forms, and no bot. In place of a
proof of work stands the mail: whoever opened the booking by its link there reads that mail.
"""

from __future__ import annotations

from iclei_events.models import Booking
from iclei_events.services.refusals import LinkNeeded, NotYourTurn
from iclei_events.web import access, limits, proofs, turnstile


def check(own: Booking, slot_slug: str) -> None:
    """Raise ``NotYourTurn``, ``TooManyTries`` or ``LinkNeeded``; whoever has a booking of that opening came by here."""
    opening = turnstile.opening_of(slot_slug)
    if opening is None or own.slot.opens_at == opening.opens_at:
        return
    if turnstile.must_wait(slot_slug):
        raise NotYourTurn
    limits.check_form("book", own.attendee.email_key if own.attendee else "", f"{own.reference} {slot_slug}")
    if proofs.is_asked_of_one_more(opening) and own.reference not in access.came_by_mail():
        raise LinkNeeded
