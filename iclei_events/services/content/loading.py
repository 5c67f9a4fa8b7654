"""Load a content pack: everything in it is stored in one transaction, or nothing is.

Rows are found by their slug, so the same file twice changes nothing. What people hold is never taken away by a pack:
see ``activities`` for slots and ``register`` for the commitment.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from sqlalchemy import inspect, select

from iclei_events import clock
from iclei_events.db import transaction
from iclei_events.models import ClashRule, Event, Room, Slot, Speaker, Theme, Venue
from iclei_events.services import log
from iclei_events.services.content.activities import load_activities
from iclei_events.services.content.problems import Location, PackError
from iclei_events.services.content.reading import read_document
from iclei_events.services.content.register import load_commitment
from iclei_events.services.content.schema import EventPart, Pack, VenuePart
from iclei_events.services.content.tally import LoadResult, Tally, columns
from iclei_events.services.content.travel_times import load_travel_times
from iclei_events.services.content.validating import check


def load_pack(file: Path, *, by: log.Actor = log.CLI) -> LoadResult:
    """Create or update the event of a content pack. Raises ``PackError`` with every fault of the file."""
    document = read_document(file)
    pack = check(document)
    with transaction() as session:
        tally = Tally(session, by)
        if problems := [document.problem(*taken) for taken in _taken_elsewhere(tally, pack)]:
            raise PackError(file, problems)
        with session.no_autoflush:
            event = _load_event(tally, pack)
            load_travel_times(tally, pack)
            load_activities(tally, event, pack)
            if pack.commitment is not None:
                load_commitment(tally, pack.commitment, pack.signatories)
        result = tally.result()
        if result.is_change:
            _note(tally, event, result, by)
        return result


def _note(tally: Tally, event: Event, result: LoadResult, by: log.Actor) -> None:
    """Let cached pages of the event end, and log the load."""
    tally.session.flush()
    # Counted by the database: of two loads at once each then makes its texts the newest.
    event.content_revision = Event.content_revision + 1
    details = {"created": result.created, "changed": result.changed, "removed": result.removed}
    log.record(tally.session, "load_event", by=by, at=clock.now(), details={"event": event.slug, **details})


def _taken_elsewhere(tally: Tally, pack: Pack) -> Iterator[tuple[Location, str]]:
    """Find slots of the pack whose slug another event already uses: a slot's address names one slot of all events."""
    places: dict[str, Location] = {
        slot.slug: ("activities", number, "slots", turn, "slug")
        for number, activity in enumerate(pack.activities)
        for turn, slot in enumerate(activity.slots)
    }
    for slot in tally.session.scalars(select(Slot).where(Slot.slug.in_(places))):
        if slot.activity.event.slug != pack.event.slug:
            owner = slot.activity.event.slug
            yield places[slot.slug], f"got {slot.slug!r}, a slot of the event {owner}; accepted: a slug of its own"


def _load_event(tally: Tally, pack: Pack) -> Event:
    event = tally.session.scalar(select(Event).where(Event.slug == pack.event.slug)) or Event()
    tally.put(event, columns(pack.event, without={"clashes"}) | _clashes(tally, event, pack.event))
    themes = {theme.slug: theme for theme in event.themes}
    for position, theme in enumerate(pack.themes):
        row = themes.pop(theme.slug) if theme.slug in themes else Theme()
        tally.put(row, {**columns(theme), "event": event, "position": position})
    for gone in themes.values():
        tally.remove(gone)
    for venue in pack.venues:
        _load_venue(tally, venue)
    for speaker in pack.speakers:
        found = tally.session.scalar(select(Speaker).where(Speaker.slug == speaker.slug))
        tally.put(found or Speaker(), columns(speaker))
    return event


def _clashes(tally: Tally, event: Event, part: EventPart) -> dict[str, Any]:
    """The rule for clashes, for a new event alone: from then on it is for staff to change what people rely on."""
    if inspect(event).transient:
        return {"clashes": part.clashes or ClashRule.TOLD}
    if part.clashes not in {None, event.clashes}:
        tally.kept.append(f"the event {event.slug} keeps its rule for clashes, {event.clashes}; staff can change it")
    return {}


def _load_venue(tally: Tally, part: VenuePart) -> None:
    """Store a venue and its rooms. Rooms that are not in the pack stay: other events may use the venue too."""
    venue = tally.session.scalar(select(Venue).where(Venue.slug == part.slug)) or Venue()
    tally.put(venue, columns(part, without={"rooms"}))
    rooms = {room.slug: room for room in venue.rooms}
    for position, room in enumerate(part.rooms):
        tally.put(rooms.get(room.slug) or Room(), {**columns(room), "venue": venue, "position": position})
