"""The judge of a rush: it knows nothing of the app, only what was answered and what ``seats dump`` says was stored."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from tests.bench.rush_client import Exchange, History
from tests.bench.rush_people import Person

DEFINITE = frozenset({"confirmed", "waiting", "full"})


@dataclass(frozen=True, slots=True)
class Stored:
    """A booking as it was stored; ``made`` in seconds of the run, as the app's clock had it."""

    reference: str
    slot: str
    places: int
    status: str
    email: str
    made: float


@dataclass(frozen=True, slots=True)
class Seats:
    """What stands in the database after the rush: the slots' capacity and taken places, and every booking."""

    capacity: Mapping[str, int]
    taken: Mapping[str, int]
    bookings: Sequence[Stored]

    @classmethod
    def of(cls, dump: str, made: Mapping[str, float]) -> Seats:
        """Read ``seats dump``; ``made`` says when each booking was made, for the dump does not."""
        rows = [json.loads(line) for line in dump.splitlines() if line.startswith("{")]
        slots = [row for row in rows if row["type"] == "slot"]
        bookings = [
            Stored(row["ref"], row["slot"], row["places"], row["status"], row["client"] or "", made[row["ref"]])
            for row in rows
            if row["type"] == "booking" and row["ref"] in made
        ]
        return cls(
            {row["slot"]: row["capacity"] for row in slots}, {row["slot"]: row["taken"] for row in slots}, bookings
        )


def violations(history: History, people: Sequence[Person], seats: Seats, slots: Sequence[str]) -> dict[str, list[str]]:
    """Every promise and what broke it; an empty list: it was kept."""
    return {
        "no place was given twice": list(_oversold(seats)),
        "whoever was told yes has it": list(_lost(history, people, seats)),
        "nobody has more than they asked for": list(_doubled(seats)),
        "nobody was told that it was full while there was room": list(_wrong_refusals(history, people, seats, slots)),
        "no answer was a 5xx": [_line(one) for one in history.exchanges if one.status >= 500],
        "every request was answered": [_line(one) for one in history.exchanges if one.status == 0],
        "no connection was refused": ["refused"] * history.refused_connections,
        "everybody has a definite answer": [
            f"person {one.number}: {history.ends.get(one.number, 'never came to an end')}"
            for one in people
            if history.ends.get(one.number) not in DEFINITE
        ],
    }


def _oversold(seats: Seats) -> Iterator[str]:
    held: Counter[str] = Counter()
    for booking in seats.bookings:
        held[booking.slot] += booking.places if booking.status == "confirmed" else 0
    for slot, capacity in seats.capacity.items():
        if seats.taken[slot] > capacity or held[slot] > capacity:
            yield f"{slot}: {held[slot]} booked, {seats.taken[slot]} counted, {capacity} places"


def _lost(history: History, people: Sequence[Person], seats: Seats) -> Iterator[str]:
    stored = {booking.reference: booking for booking in seats.bookings}
    by_number = {person.number: person for person in people}
    for one in history.exchanges:
        if one.outcome not in {"confirmed", "waiting"}:
            continue
        booking, person = stored.get(one.reference), by_number[one.person]
        wanted = (one.slot, person.size, one.outcome, person.email)
        if booking is None:
            yield f"{one.reference} was answered {one.outcome} and is not there"
        elif (booking.slot, booking.places, booking.status, booking.email) != wanted:
            yield f"{one.reference}: {booking}, answered {wanted}"


def _doubled(seats: Seats) -> Iterator[str]:
    times = Counter((booking.email, booking.slot) for booking in seats.bookings)
    yield from (f"{email} has {count} bookings in {slot}" for (email, slot), count in times.items() if count > 1)


def _wrong_refusals(
    history: History, people: Sequence[Person], seats: Seats, slots: Sequence[str]
) -> Iterator[str]:  # fmt: skip
    """A no is right when, at some moment until it was answered, the party did not fit or others stood in the queue.

    Nobody gives a place back during the rush, so that what does not fit once never fits again: the moment of the
    answer decides.
    """
    by_slot: dict[str, list[Stored]] = defaultdict(list)
    for booking in seats.bookings:
        by_slot[booking.slot].append(booking)
    size = {person.number: person.size for person in people}
    for one in history.exchanges:
        if one.outcome == "full" and _had_room(by_slot[one.slot], seats.capacity[one.slot], size[one.person], one.done):
            yield _line(one)
    for one in history.told_gone:
        open_still = [slot for slot in slots if _had_room(by_slot[slot], seats.capacity[slot], 1, one.done)]
        if open_still:
            yield f"{_line(one)}: {open_still} had room"


def _had_room(bookings: Iterable[Stored], capacity: int, size: int, moment: float) -> bool:
    before = [booking for booking in bookings if booking.made <= moment]
    held = sum(booking.places for booking in before if booking.status == "confirmed")
    return held + size <= capacity and not any(booking.status == "waiting" for booking in before)


def _line(one: Exchange) -> str:
    return f"{one.kind} of person {one.person} at {one.done:.2f} s: {one.status} {one.outcome} {one.slot}"
