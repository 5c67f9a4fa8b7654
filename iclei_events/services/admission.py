"""Who is let in when: the rule of the waiting room, from plain values alone.

Those who came before booking opened stand in an order drawn by lot, those who came later stand behind them in the
order in which they came. The line moves by the clock: so many a second, none while it is paused.
"""

from __future__ import annotations

import hmac
from array import array
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import lru_cache
from hashlib import sha256
from typing import Final

SEED_BYTES: Final = 16  # 128 bits: nobody guesses an order before it is drawn


@dataclass(frozen=True, slots=True)
class Ticket:
    """The ``number``-th of those who came before the opening (``early``) or after it; both count from 1."""

    early: bool
    number: int


@dataclass(frozen=True, slots=True)
class Line:
    """A waiting room's counters (see models.waiting_room) and what follows from them."""

    opens_at: datetime
    seed: str | None
    early: int
    late: int
    per_second: int
    let_in: int
    counted_from: datetime
    paused_at: datetime | None = None

    @property
    def tickets(self) -> int:
        return self.early + self.late

    def place_of(self, ticket: Ticket) -> int | None:
        """The ticket's place in line, from 1; None until the lot has been drawn."""
        if not ticket.early:
            return self.early + ticket.number
        if self.seed is None or ticket.number > self.early:
            return None
        return places_by_lot(self.seed, self.early)[ticket.number - 1]

    def let_in_by(self, now: datetime) -> int:
        """How many places of the line have been let in by ``now``."""
        if self.seed is None or now < self.opens_at:
            return 0
        if self.paused_at is not None:
            return self.let_in
        seconds = max(timedelta(0), now - self.counted_from).total_seconds()
        return self.let_in + int(seconds * self.per_second)

    def is_let_in(self, ticket: Ticket, now: datetime) -> bool:
        place = self.place_of(ticket)
        return place is not None and place <= self.let_in_by(now)

    def before(self, ticket: Ticket, now: datetime) -> int | None:
        """How many are still to be let in before this ticket; None until the lot has been drawn."""
        place = self.place_of(ticket)
        return None if place is None else max(0, place - 1 - self.let_in_by(now))

    def waiting(self, now: datetime) -> int:
        """How many hold a ticket and have not been let in."""
        return max(0, self.tickets - self.let_in_by(now))

    def drawn(self, seed: str) -> Line:
        """The line as it opens: no early tickets from now on, and the first second's worth comes in at once."""
        return replace(
            self, seed=seed, let_in=0 if self.paused_at else self.per_second, counted_from=self.opens_at
        )  # fmt: skip

    def counted(self, now: datetime) -> Line:
        """The same line counted anew from ``now``, so that what changes next does not change what has been."""
        return self if self.seed is None else replace(self, let_in=self.let_in_by(now), counted_from=now)

    def without_savings(self, now: datetime) -> Line:
        """The line for a newcomer: seconds in which nobody stood in it do not add up to a crowd let in at once."""
        most = self.tickets + self.per_second
        return self if self.let_in_by(now) <= most else replace(self, let_in=most, counted_from=now)


@lru_cache(maxsize=4)
def places_by_lot(seed: str, count: int) -> array[int]:
    """The place of each early ticket, the first ticket's first: tickets sorted by their HMAC under the seed.

    Anybody who has the seed and the number of tickets can work it out again.
    """
    key = bytes.fromhex(seed)
    order = sorted(range(count), key=lambda number: hmac.digest(key, str(number + 1).encode(), sha256))
    places = array("L", bytes(array("L").itemsize * count))
    for place, number in enumerate(order, 1):
        places[number] = place
    return places
