"""The list of events, and an event's start page."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime
from itertools import groupby
from typing import Final

from flask import Blueprint, abort, g, render_template

from iclei_events import clock
from iclei_events.models import ActivityKind, Audience, Commitment, Event, SlotMode
from iclei_events.services import commitment, listing, programme
from iclei_events.services.listed import BREAK, ListedActivity, ListedSlot
from iclei_events.services.listing import SESSIONS, TOURS, Filters, Listing
from iclei_events.web.languages import PREFIX, current_language
from iclei_events.web.page_cache import cached_page
from iclei_events.web.slot_states import addresses, tell

blueprint = Blueprint("events", __name__, url_prefix=PREFIX)

WELCOME: Final = frozenset({Audience.EVERYONE, Audience.DELEGATES})
"""For whom the start page names sessions: not for members and press alone."""

MOST_HIGHLIGHTS: Final = 4
"""Sessions of each day that the start page names."""


@blueprint.get("/")
@cached_page()
def index() -> str:
    now = clock.now()
    events = programme.events()
    coming = sorted((event for event in events if not event.is_over(now)), key=lambda event: event.starts_on)
    past = [event for event in events if event.is_over(now)]
    return render_template("events/index.html", coming=coming, past=past)


@blueprint.get("/<event_slug>/")
@cached_page()
def start(event_slug: str) -> str:
    event = event_or_404(event_slug)
    now = clock.now()
    everything = listing.read(event, current_language())
    tours = everything.find(Filters(), TOURS)
    departures = [] if event.is_over(now) else programme.next_departures(_for_residents(tours), now)
    promise = _commitment_of(event)
    return render_template(
        "events/residents.html" if departures else "events/start.html",
        departures=departures,
        states=tell(departures),
        days=_highlights(everything),
        party=party_of(everything),
        commitment=promise,
        signed=commitment.register(current_language()).count if promise else 0,
        has_tours=bool(tours),
        is_over=event.is_over(now),
        session_url=addresses("programme.show", "activity_slug"),
        tour_url=addresses("tours.show", "activity_slug"),
    )


def event_or_404(slug: str) -> Event:
    """The event whose pages these are; links and times on the page are then this event's."""
    event = programme.find_event(slug)
    if event is None:
        abort(404)
    g.event = event
    return event


def party_of(everything: Listing) -> ListedActivity | None:
    """The opening party, for the band that leads to its page."""
    parties = (slot.activity for slot in everything.slots if slot.activity.kind is ActivityKind.PARTY)
    return next(parties, None)


def _for_residents(slots: Iterable[ListedSlot]) -> list[ListedSlot]:
    return [slot for slot in slots if slot.activity.audience is Audience.EVERYONE and slot.mode is not SlotMode.OPEN]


def _commitment_of(event: Event) -> Commitment | None:
    """The commitment, on the pages of the event where it was launched."""
    current = commitment.current()
    if current is None or not event.starts_on <= current.launched_on <= event.ends_on:
        return None
    return current


def _highlights(everything: Listing) -> list[tuple[date, list[ListedSlot]]]:
    """The event's days, each with a few sessions: those that really were on the programme before our examples."""

    def rank(slot: ListedSlot) -> tuple[bool, bool, datetime]:
        return slot.activity.illustrative, slot.activity.format == "mobile_workshop", slot.starts_at

    days = []
    for day, of_day in groupby(everything.find(Filters(), SESSIONS), key=lambda slot: slot.day):
        sessions = [slot for slot in of_day if slot.activity.format != BREAK and slot.activity.audience in WELCOME]
        best = sorted(sessions, key=rank)[:MOST_HIGHLIGHTS]
        if best and everything.event.starts_on <= day <= everything.event.ends_on:
            days.append((day, sorted(best, key=lambda slot: slot.starts_at)))
    return days
