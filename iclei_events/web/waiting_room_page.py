"""What the waiting room shows.

A page is rendered once for all who see the same, with marks where a visitor's own number stands: in a rush the line
asks for its page more often than for anything else.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from flask import current_app, g, render_template, request, url_for
from flask_babel import gettext, ngettext
from flask_wtf.csrf import generate_csrf
from werkzeug.wrappers import Response

from iclei_events import clock
from iclei_events.services import programme
from iclei_events.services.admission import Ticket
from iclei_events.services.openings import Opening, OpeningSlot
from iclei_events.web import turnstile
from iclei_events.web.languages import current_language

MARKS: Final = {name: f"\ue000{name}\ue001" for name in ("token", "before", "wait", "here", "link", "still")}
"""Where a visitor's own words stand in a page that is rendered for many: signs that no text of ours has."""

MOST_PAGES: Final = 64
SOON: Final = 120
"""Seconds before the opening from which the page asks every five seconds; before that, every thirty."""


class Room(enum.StrEnum):
    """How the room stands for whoever looks."""

    EARLY = "early"  # booking has not opened; who has no ticket may take one
    IN_LOT = "in_lot"  # booking has not opened; the ticket takes part in the lot
    DRAWING = "drawing"  # booking has just opened; the lot is being drawn
    LINE = "line"  # there is a line; who has no ticket may take one
    WAITING = "waiting"  # the ticket stands in line
    TURN = "turn"  # the ticket has been let in
    NO_LINE = "no_line"  # nobody stands in line


@dataclass(frozen=True, slots=True)
class View:
    """What one visitor is told, all but their own numbers."""

    room: Room
    opening: Opening
    slot: OpeningSlot
    paused: bool
    all_gone: bool
    still: bool
    places: int

    @property
    def shared_key(self) -> tuple[Any, ...]:
        """Pages with the same key differ in a visitor's own numbers alone."""
        return (
            current_language(), self.slot.slug, self.opening.opens_at, self.room, self.paused, self.all_gone,
            self.still, self.places,
        )  # fmt: skip


def show(opening: Opening, slot_slug: str, ticket: Ticket | None, *, crowded: bool = False) -> Response:
    """The room as it stands for a visitor, asking for itself again where that brings news.

    ``crowded``: more come than may come in, so that there is a line from now on even if nobody stands in it yet.
    """
    now = clock.now()
    room = _room(opening, ticket, now)
    view = _view(opening, slot_slug, Room.LINE if crowded and room is Room.NO_LINE else room, now)
    words = _own_words(view, ticket, now)
    body = _shared_body(view, now)
    for name, mark in MARKS.items():
        body = body.replace(mark, words[name])
    response = Response(body, mimetype="text/html")
    seconds = _seconds_to_news(view, ticket, now)
    if seconds and not view.still:
        response.headers["Refresh"] = str(seconds)
    return response


def _view(opening: Opening, slot_slug: str, room: Room, now: datetime) -> View:
    return View(
        room=room,
        opening=opening,
        slot=next(slot for slot in opening.slots if slot.slug == slot_slug),
        paused=opening.is_paused(),
        all_gone=now >= opening.opens_at and opening.left(now) == 0,
        still="still" in request.args,
        places=sum(slot.public_capacity for slot in opening.slots),
    )


def _room(opening: Opening, ticket: Ticket | None, now: datetime) -> Room:
    line = opening.line
    if now < opening.opens_at:
        return Room.EARLY if ticket is None else Room.IN_LOT
    if ticket is None or line is None:
        return Room.LINE if opening.waiting(now) or opening.is_paused() else Room.NO_LINE
    if line.is_let_in(ticket, now):
        return Room.TURN
    return Room.DRAWING if line.place_of(ticket) is None else Room.WAITING


def _own_words(view: View, ticket: Ticket | None, now: datetime) -> dict[str, str]:
    """What stands in the marks: this visitor's numbers, links and form token."""
    line = view.opening.line
    before = line.before(ticket, now) if line is not None and ticket is not None else None
    given = {"ticket": turnstile.signed(view.opening, ticket)} if ticket is not None else {}
    still = {} if view.still else {"still": "1"}
    return {
        "token": generate_csrf() if ticket is None else "",
        "before": str(before or 0),
        "here": str(0 if line is None else line.waiting(now) if now >= line.opens_at else line.early),
        "wait": _wait(before, line.per_second) if line is not None and before is not None else "",
        "link": current_app.config["BASE_URL"] + address(view.slot.slug, **given),
        "still": address(view.slot.slug, **given, **still).replace("&", "&amp;"),
    }


def _wait(before: int, per_second: int) -> str:
    minutes = before // (60 * per_second)
    if not minutes:
        return gettext("It is your turn in less than a minute.")
    return ngettext("It is your turn in about one minute.", "It is your turn in about %(num)s minutes.", minutes)


def _seconds_to_news(view: View, ticket: Ticket | None, now: datetime) -> int:
    """After how many seconds the page asks again; 0: never, for nothing changes without the visitor."""
    if ticket is None or view.room is Room.TURN:
        return 0
    if view.room is Room.IN_LOT and (view.opening.opens_at - now).total_seconds() > SOON:
        return 30
    return 2 if view.room is Room.DRAWING else 5


def _shared_body(view: View, now: datetime) -> str:
    """The page with its marks, from memory if it was made in the same second: so old may a number of places be."""
    pages: dict[Any, tuple[int, str]] = current_app.extensions.setdefault("waiting_room_pages", {})
    step = int(now.timestamp())
    made_at, body = pages.get(view.shared_key, (None, ""))
    if made_at == step and current_app.config["PAGE_CACHE_SECONDS"]:
        g.event = None
        return body
    g.event = programme.find_event(view.opening.event_slug)
    body = render_template("waiting_room/index.html", view=view, marks=MARKS, slot=view.slot, opening=view.opening)
    if len(pages) > MOST_PAGES:
        pages.clear()
    pages[view.shared_key] = step, body
    return body


def address(slot_slug: str, **query: Any) -> str:
    """The room's own address."""
    return url_for("waiting_room.show", slot_slug=slot_slug, **query)
