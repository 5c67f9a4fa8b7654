"""The line of a slot: who is next, by a rule that is printed on the page.

A party stays whole unless it has said that some of them would come, and how many at least. A party *fits* when as many
places are free as it needs: all of them, or with that choice the least number it named; it is then offered what is
free, at most what it asked for. Whoever stands first is served first. While the party at the head does not fit, the
first behind it that does may go ahead of it, at most three times; then free places are saved up for the head.

In the same line, by the same rule, stand parties that hold another time and would rather have this one. They are always
moved whole.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

MOST_PASSES: Final = 3
OFFER_TIME: Final = timedelta(hours=24)
OFFER_TIME_ON_LAST_DAY: Final = timedelta(hours=2)
LAST_DAY: Final = timedelta(hours=24)


@dataclass(frozen=True, slots=True)
class InLine:
    """A party in line: its booking's row id, its size, how often it was passed while at the head.

    ``least`` is the smallest number it would come with, if not only whole. ``wish_id`` names the swap wish by which a
    party stands here that holds places elsewhere.
    """

    booking_id: int
    size: int
    passed_over: int
    least: int | None = None
    wish_id: int | None = None

    @property
    def needs(self) -> int:
        return self.size if self.least is None else self.least


@dataclass(frozen=True, slots=True)
class Turn:
    """Who is next, for how many places; ``passes`` the head that does not fit, if it goes ahead of one."""

    party: InLine
    places: int
    passes: InLine | None = None


def next_turn(head: InLine | None, free: int, first_that_fits: Callable[[int], InLine | None]) -> Turn | None:
    """Whose turn it is with ``free`` places; None when nobody fits or places are saved up for the head."""
    if head is None or free <= 0:
        return None
    if head.needs <= free:
        return Turn(head, min(head.size, free))
    if head.passed_over >= MOST_PASSES:
        return None
    party = first_that_fits(free)
    return Turn(party, min(party.size, free), passes=head) if party is not None else None


def run(line: Sequence[InLine], free: int, *, largest: int | None = None) -> tuple[list[Turn], list[InLine]]:
    """Who would be served, in order, if ``free`` places were free, and who would wait on: nothing changes.

    Parties that need more than ``largest``, the most the slot could ever give, stop nobody behind them.
    """
    rest = list(line)
    served: list[Turn] = []
    while True:
        reachable = [party for party in rest if largest is None or party.needs <= largest]
        turn = next_turn(
            reachable[0] if reachable else None,
            free,
            lambda room, line=reachable: next((party for party in line if party.needs <= room), None),  # type: ignore[misc]
        )
        if turn is None:
            return served, rest
        if turn.passes is not None:
            place = rest.index(turn.passes)
            rest[place] = replace(turn.passes, passed_over=turn.passes.passed_over + 1)
        rest.remove(turn.party)
        served.append(turn)
        free -= turn.places


def turns(line: Sequence[InLine], free: int) -> list[Turn]:
    """Who would be served, in order, if ``free`` places came free: the same rule on a copy."""
    return run(line, free)[0]


def least_of(size: int, least: int | None) -> int | None:
    """The smallest number a party of ``size`` would come with, as it is kept: nothing when it comes whole."""
    return least if least is not None and 1 <= least < size else None


def offer_until(now: datetime, starts_at: datetime) -> datetime | None:
    """When an offer made now lapses: a day later, two hours on the last day, never past the start; None: too late."""
    if now >= starts_at:
        return None
    return min(now + _time_to_answer(now, starts_at), starts_at)


def prolonged_until(until: datetime, starts_at: datetime) -> datetime | None:
    """When an offer that ends at ``until`` ends after the party has asked for more time; None: not before the start.

    It gets the time of an offer that is made when the first one ends.
    """
    longer = until + _time_to_answer(until, starts_at)
    return longer if longer <= starts_at else None


def _time_to_answer(moment: datetime, starts_at: datetime) -> timedelta:
    return OFFER_TIME_ON_LAST_DAY if starts_at - moment <= LAST_DAY else OFFER_TIME
