"""The crowd of the opening rush: who comes when, what they look at, and what they do with the answers.

Open loop: people come by the clock, whatever the server does with those before them.
"""

from __future__ import annotations

import random
import secrets
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlencode

EVENT: Final = "malmo-summit"
LIST: Final = f"/sv/{EVENT}/tours"

FIRST_PART: Final = 1 / 6
FIRST_SHARE: Final = 0.4
"""Two people of five come in the first sixth of the time, the rest fall off over what is left of it."""

EARLY_SHARE: Final = 0.3
"""So many have come when booking opens."""

TRIES_AGAIN: Final = 0.6
JOINS_QUEUE: Final = 0.4
PARTIES: Final = ((1, 0), (1, 0), (2, 0), (1, 1), (2, 1), (1, 2))

LOOKS_SECONDS: Final = 1.0
"""How long somebody looks at a page before the next."""

WRITES_SECONDS: Final = 2.0
"""How long a browser and a hurried person take to fill in the form."""


@dataclass(frozen=True, slots=True)
class Departure:
    slot: str
    tour: str

    @property
    def page(self) -> str:
        return f"{LIST}/{self.tour}"

    @property
    def form(self) -> str:
        return f"/sv/slots/{self.slot}/book"

    @property
    def room(self) -> str:
        return f"/sv/slots/{self.slot}/waiting-room"


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who comes ``arrives`` seconds after the first, for the departures in the order of their wishes."""

    number: int
    arrives: float
    wishes: tuple[Departure, ...]
    adults: int
    children: int
    joins_queue: bool

    @property
    def size(self) -> int:
        return self.adults + self.children

    @property
    def email(self) -> str:
        return f"rush.{self.number}@example.se"

    def filled_in(self, token: str) -> str:
        """The booking form as this person sends it."""
        fields = {
            "csrf_token": token, "idempotency_key": secrets.token_urlsafe(16), "name": f"Amira Lindström {self.number}",
            "email": self.email, "phone": "", "adults": str(self.adults), "children": str(self.children),
            "access_needs": "", "language": "sv",
        }  # fmt: skip
        return urlencode(fields | ({"wait": "y"} if self.joins_queue else {}))


def crowd(people: int, seconds: float, departures: Sequence[Departure], seed: int = 1) -> list[Person]:
    """The same crowd for the same seed, in the order in which they come."""
    chance = random.Random(seed)
    return [
        Person(number, arrives, _wishes(chance, departures), *chance.choice(PARTIES), chance.random() < JOINS_QUEUE)
        for number, arrives in enumerate(sorted(_arrivals(chance, people, seconds)))
    ]


def opens_after(seconds: float) -> float:
    """When booking opens, counted from the first arrival: when the early ones have come to its waiting room."""
    return seconds * FIRST_PART * EARLY_SHARE / FIRST_SHARE + 2 * LOOKS_SECONDS


def _arrivals(chance: random.Random, people: int, seconds: float) -> Iterator[float]:
    first = seconds * FIRST_PART
    for number in range(people):
        if number < people * FIRST_SHARE:
            yield chance.uniform(0, first)
        else:
            yield first + (seconds - first) * chance.triangular(0, 1, 0)


def _wishes(chance: random.Random, departures: Sequence[Departure]) -> tuple[Departure, ...]:
    one, other = chance.sample(departures, 2)
    return (one, other) if chance.random() < TRIES_AGAIN else (one,)
