"""Who comes straight to a booking form, and whom the waiting room is asked of first.

While booking opens and few come, nobody notices anything: a form counts its visitors in memory. Only when more come in
a second than the room lets in, or when somebody stands in line already, the others stand behind them.
"""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final

from flask import current_app, request, session

from iclei_events import clock
from iclei_events.models.waiting_room import PER_SECOND
from iclei_events.services import line_tickets, openings
from iclei_events.services.admission import Ticket
from iclei_events.services.openings import Opening
from iclei_events.web.access import secret_keys

IN_SESSION: Final = "line"
IN_ADDRESS: Final = "ticket"
STRAIGHT_IN: Final = "straight"
"""What the session holds of somebody who was let through before there was a line: they finish what they began."""

RUSH: Final = timedelta(minutes=3)
"""How long after an opening those who come are counted, so that a crowd becomes a line."""

MOST_ROOMS: Final = 4
"""Rooms that one browser may have tickets for; more would outgrow a cookie."""

SAVED_SECONDS: Final = 2


@dataclass(slots=True)
class _Bucket:
    """How many may still come straight in at this process; it fills up with time."""

    tokens: float
    at: datetime


@dataclass(slots=True)
class Turnstile:
    """What one process knows: the openings near now, asked of the database a few times a second at most."""

    by_slot: dict[str, Opening] = field(default_factory=dict)
    drawn: dict[str, Opening] = field(default_factory=dict)
    """Those of draws, by slot as well: for them a proof may be asked, and nobody stands in line."""
    asked_at: float = float("-inf")
    buckets: dict[tuple[str, datetime], _Bucket] = field(default_factory=dict)
    guard: threading.Lock = field(default_factory=threading.Lock)

    def opening_of(self, slot_slug: str, now: datetime, seconds: float) -> Opening | None:
        self.look(now, seconds)
        return self.by_slot.get(slot_slug)

    def draw_of(self, slot_slug: str, now: datetime, seconds: float) -> Opening | None:
        self.look(now, seconds)
        return self.drawn.get(slot_slug)

    def look(self, now: datetime, seconds: float) -> None:
        if time.monotonic() - self.asked_at > seconds:
            # The time is taken before the answer: a change in between is then seen by the next asker.
            self.asked_at = time.monotonic()
            found = openings.near(now)
            self.by_slot = {slot.slug: one for one in found if not one.is_of_draw for slot in one.slots}
            self.drawn = {slot.slug: one for one in found if one.is_of_draw for slot in one.slots}

    def forget(self) -> None:
        """Ask the database anew: this process has just changed something."""
        self.asked_at = float("-inf")

    def lets_through(self, opening: Opening, now: datetime, share: float) -> bool:
        """Count somebody who came without a ticket; whether they fit into what this process may let through."""
        per_second = share * (opening.line.per_second if opening.line else PER_SECOND)
        most = per_second * SAVED_SECONDS
        with self.guard:
            if len(self.buckets) > MOST_ROOMS:
                self.buckets.clear()
            bucket = self.buckets.setdefault((opening.event_slug, opening.opens_at), _Bucket(most, now))
            seconds = max(0.0, (now - bucket.at).total_seconds())
            bucket.tokens, bucket.at = min(most, bucket.tokens + seconds * per_second), now
            if bucket.tokens < 1:
                return False
            bucket.tokens -= 1
            return True


def opening_of(slot_slug: str) -> Opening | None:
    """The slot's opening while its waiting room is open or may have a line; the answer is a moment old at most."""
    return _turnstile().opening_of(slot_slug, clock.now(), current_app.config["PAGE_CACHE_SECONDS"])


def opening_to_check(slot_slug: str) -> Opening | None:
    """As ``opening_of``; a draw, too, where whoever enters may be asked for a proof."""
    now, seconds = clock.now(), current_app.config["PAGE_CACHE_SECONDS"]
    return opening_of(slot_slug) or _turnstile().draw_of(slot_slug, now, seconds)


def forget() -> None:
    _turnstile().forget()


def must_wait(slot_slug: str) -> bool:
    """Whether somebody who sends a form has to stand in line first: there is one, and they came past it."""
    opening, now = opening_of(slot_slug), clock.now()
    return opening is not None and _has_line(opening, now) and not _may_go_in(opening, now)


def opening_to_wait_for(slot_slug: str) -> Opening | None:
    """The opening whose waiting room stands before the slot's form for this visitor; None: they may go in."""
    opening, now = opening_of(slot_slug), clock.now()
    if opening is None or now < opening.opens_at or _may_go_in(opening, now):
        return None
    if _has_line(opening, now):
        return opening
    if now >= opening.opens_at + RUSH:
        return None
    if not _turnstile().lets_through(opening, now, 1 / current_app.config["WEB_WORKERS"]):
        return opening
    _remember(opening, STRAIGHT_IN)
    return None


def _has_line(opening: Opening, now: datetime) -> bool:
    return now >= opening.opens_at and (opening.is_paused() or opening.waiting(now) > 0)


def _may_go_in(opening: Opening, now: datetime) -> bool:
    if _kept().get(name_of(opening)) == STRAIGHT_IN:
        return True
    ticket = ticket_for(opening)
    return ticket is not None and opening.line is not None and opening.line.is_let_in(ticket, now)


def ticket_for(opening: Opening) -> Ticket | None:
    """The visitor's ticket: from the address, else what this browser was given before."""
    address = request.args.get(IN_ADDRESS, "")
    carried = line_tickets.read_signed(address, opening.event_id, opening.opens_at, secret_keys())
    return carried or line_tickets.read_plain(str(_kept().get(name_of(opening), "")))


def keep(opening: Opening, ticket: Ticket) -> None:
    """Let this browser hold the ticket from now on."""
    text = line_tickets.plain(ticket)
    if _kept().get(name_of(opening)) != text:
        _remember(opening, text)


def signed(opening: Opening, ticket: Ticket) -> str:
    """The ticket as an address carries it."""
    return line_tickets.signed(ticket, opening.event_id, opening.opens_at, current_app.config["SECRET_KEY"])


def _remember(opening: Opening, text: str) -> None:
    others = [(name, value) for name, value in _kept().items() if name != name_of(opening)]
    session[IN_SESSION] = dict([*others, (name_of(opening), text)][-MOST_ROOMS:])


def _kept() -> dict[str, Any]:
    kept = session.get(IN_SESSION)
    return kept if isinstance(kept, dict) else {}


def name_of(opening: Opening) -> str:
    return f"{opening.event_id}-{int(opening.opens_at.timestamp())}"


def _turnstile() -> Turnstile:
    found: Turnstile = current_app.extensions.setdefault("turnstile", Turnstile())
    return found
