"""What entries of a pack say about each other: each slug once, nothing named that is not there.

These checks read the plain data, so that they find what they can in a pack that has other faults as well.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from iclei_events.services.content.problems import Location

Contradiction = tuple[Location, str]
Entry = tuple[Location, dict[str, Any]]

_NAMED = ("themes", "venues", "speakers", "draws", "signatories")


def contradictions(data: object) -> Iterator[Contradiction]:
    """Tell where each contradiction stands and what it is: what was got, what is accepted."""
    top: Entry = ((), data if isinstance(data, dict) else {})
    activities = list(_entries(top, "activities"))
    slots = [slot for activity in activities for slot in _entries(activity, "slots")]
    for entries in (activities, slots, *(_entries(top, key) for key in _NAMED)):
        yield from _twice(entries, "slug")
    for venue in _entries(top, "venues"):
        yield from _twice(_entries(venue, "rooms"), "slug")
    for activity in activities:
        yield from _unknown([activity], "theme", _slugs(_entries(top, "themes")))
        contributions = list(_entries(activity, "speakers"))
        yield from _unknown(contributions, "speaker", _slugs(_entries(top, "speakers")))
        yield from _twice(contributions, "speaker")
    yield from _travel_times(list(_entries(top, "travel_times")), _slugs(_entries(top, "venues")))
    yield from _unknown(slots, "venue", _slugs(_entries(top, "venues")))
    yield from _unknown(slots, "draw", _slugs(_entries(top, "draws")))
    yield from _unknown_rooms(slots, list(_entries(top, "venues")))
    if top[1].get("signatories") and not top[1].get("commitment"):
        yield ("signatories",), "got signatories without a commitment; accepted: both in one pack"


def _entries(parent: Entry, key: str) -> Iterator[Entry]:
    location, holder = parent
    items = holder.get(key)
    for number, item in enumerate(items if isinstance(items, list) else []):
        if isinstance(item, dict):
            yield (*location, key, number), item


def _slugs(entries: Iterable[Entry]) -> list[str]:
    return [str(entry["slug"]) for _, entry in entries if "slug" in entry]


def _twice(entries: Iterable[Entry], key: str) -> Iterator[Contradiction]:
    seen: set[str] = set()
    for location, entry in entries:
        value = entry.get(key)
        if isinstance(value, str):
            if value in seen:
                yield (*location, key), f"got {value!r} a second time; accepted: each {key} once"
            seen.add(value)


def _unknown(entries: Iterable[Entry], key: str, known: list[str]) -> Iterator[Contradiction]:
    for location, entry in entries:
        value = entry.get(key)
        if isinstance(value, str) and value not in known:
            yield (*location, key), f"got {value!r}; accepted: {_one_of(known)}"


def _unknown_rooms(slots: list[Entry], venues: list[Entry]) -> Iterator[Contradiction]:
    for location, slot in slots:
        if slot.get("room") is None:
            continue
        if slot.get("venue") is None:
            yield (*location, "room"), "got a room without a venue; accepted: the venue as well"
            continue
        rooms = [room for venue in venues if venue[1].get("slug") == slot["venue"] for room in _entries(venue, "rooms")]
        yield from _unknown([(location, slot)], "room", _slugs(rooms))


def _travel_times(entries: list[Entry], venues: list[str]) -> Iterator[Contradiction]:
    yield from _unknown(entries, "from", venues)
    yield from _unknown(entries, "to", venues)
    seen: set[tuple[str, ...]] = set()
    for location, entry in entries:
        trip = tuple(str(entry.get(key)) for key in ("from", "to", "way"))
        if trip in seen:
            yield (*location, "way"), f"got {' '.join(trip)} a second time; accepted: each from, to and way once"
        seen.add(trip)


def _one_of(known: list[str]) -> str:
    return ", ".join(known) if known else "none, since the pack names none"
