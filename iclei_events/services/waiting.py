"""The line of a slot: who is next, by a rule that keeps a party whole and is printed on the page.

An offer goes out only when the whole party fits. While the party at the head does not fit, the first smaller
party that does may go ahead of it, at most three times; then free places are saved up for the head.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

MOST_PASSES: Final = 3
OFFER_TIME: Final = timedelta(hours=24)
OFFER_TIME_ON_LAST_DAY: Final = timedelta(hours=2)
LAST_DAY: Final = timedelta(hours=24)


@dataclass(frozen=True, slots=True)
class InLine:
    """A waiting party: its booking's row id, its size, how often it was passed while at the head."""

    booking_id: int
    size: int
    passed_over: int


@dataclass(frozen=True, slots=True)
class Turn:
    """Who is next; ``passes`` the head that does not fit, if it goes ahead of one."""

    party: InLine
    passes: InLine | None = None


def next_turn(head: InLine | None, free: int, first_that_fits: Callable[[int], InLine | None]) -> Turn | None:
    """Whose turn it is with ``free`` places; None when nobody fits or places are saved up for the head."""
    if head is None or free <= 0:
        return None
    if head.size <= free:
        return Turn(head)
    if head.passed_over >= MOST_PASSES:
        return None
    party = first_that_fits(free)
    return Turn(party, passes=head) if party is not None else None


def turns(line: Sequence[InLine], free: int) -> list[InLine]:
    """Who would be served, in order, if ``free`` places came free: the same rule on a copy, nothing changes."""
    rest = list(line)
    served: list[InLine] = []
    while True:
        turn = next_turn(
            rest[0] if rest else None,
            free,
            lambda room: next((party for party in rest if party.size <= room), None),
        )
        if turn is None:
            return served
        rest.remove(turn.party)
        if turn.passes is not None:
            rest[0] = InLine(turn.passes.booking_id, turn.passes.size, turn.passes.passed_over + 1)
        served.append(turn.party)
        free -= turn.party.size


def offer_until(now: datetime, starts_at: datetime) -> datetime | None:
    """When an offer made now lapses: a day later, two hours on the last day, never past the start; None: too late."""
    if now >= starts_at:
        return None
    time = OFFER_TIME_ON_LAST_DAY if starts_at - now <= LAST_DAY else OFFER_TIME
    return min(now + time, starts_at)
