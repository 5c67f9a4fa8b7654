"""Circles of swap wishes: who holds A and asks for B, who holds B and asks for C, who holds C and asks for A.

All of them can have what they ask for though every slot is full. A circle takes nothing from anybody who waits: the
places it gives out would not come free without it. Only if a slot has free places beside, and its part in the circle
is larger than the place it gets, does it need those; they are the head's of that line, so it must be that head.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

LONGEST: Final = 6
"""So many parties at most change in one circle."""
MOST_STEPS: Final = 20_000
"""So far is looked in one search; what a larger search would find is found when the wishes are fewer."""


@dataclass(frozen=True, slots=True)
class Ask:
    """A party of ``size`` that holds places on the slot ``source`` and asks for ``target``; both by their id."""

    wish_id: int
    booking_id: int
    size: int
    source: int
    target: int


@dataclass(frozen=True, slots=True)
class Room:
    """A slot's ``capacity``, what of it is ``taken``, and the wish at the head of its line, if a wish is."""

    capacity: int
    taken: int
    head: int | None = None


def find(asks: Sequence[Ask], rooms: Mapping[int, Room]) -> tuple[Ask, ...] | None:
    """The circle in which the oldest wish takes part, then the next oldest; ``asks`` come oldest first."""
    oldest: dict[tuple[int, int, int], Ask] = {}
    for ask in asks:
        oldest.setdefault((ask.source, ask.target, ask.size), ask)
    leaving: dict[int, list[Ask]] = {}
    for ask in oldest.values():
        leaving.setdefault(ask.source, []).append(ask)
    steps = iter(range(MOST_STEPS))
    return next((circle for ask in oldest.values() for circle in _from((ask,), leaving, rooms, steps)), None)


def _from(
    path: tuple[Ask, ...], leaving: Mapping[int, Sequence[Ask]], rooms: Mapping[int, Room], steps: Iterator[int]
) -> Iterator[tuple[Ask, ...]]:
    """The circles that begin with ``path``, those with older wishes first."""
    start, last = path[0], path[-1]
    visited = {ask.source for ask in path}
    for following in leaving.get(last.target, ()):
        if next(steps, None) is None:
            return
        if not _fits(rooms[last.target], coming=last, leaving=following):
            continue
        longer = (*path, following)
        if following.target == start.source:
            if _fits(rooms[start.source], coming=following, leaving=start):
                yield longer
        elif following.target not in visited and following.target != following.source and len(longer) < LONGEST:
            yield from _from(longer, leaving, rooms, steps)


def fits(circle: Sequence[Ask], rooms: Mapping[int, Room]) -> bool:
    """Whether the circle can be settled as things stand."""
    after = (*circle[1:], circle[0])
    return all(
        coming.target == leaving.source and _fits(rooms[coming.target], coming=coming, leaving=leaving)
        for coming, leaving in zip(circle, after, strict=True)
    )


def _fits(room: Room, *, coming: Ask, leaving: Ask) -> bool:
    more = coming.size - leaving.size
    return room.taken + more <= room.capacity and (more <= 0 or room.head == coming.wish_id)
