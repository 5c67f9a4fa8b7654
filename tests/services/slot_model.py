"""What the seat engine promises, in the plainest words: lists and sums. Tests hold it beside the app.

Slots, bookings and wishes are numbered as they were made.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import permutations

from iclei_events import clock
from iclei_events.services.waiting import MOST_PASSES

HOLDING = {"confirmed", "offered"}


@dataclass
class Party:
    number: int
    slot: int
    size: int
    status: str
    least: int | None = None
    passed: int = 0
    queued: datetime | None = None
    until: datetime | None = None
    prolonged: bool = False
    wheels: int = 0
    """Places for wheelchair users that it asks for, since when, and whether they are promised."""
    asked: tuple[datetime, int] | None = None
    promised: bool = False

    @property
    def needs(self) -> int:
        return self.least or self.size

    @property
    def turn(self) -> tuple[datetime | None, int, int]:
        return (self.queued, 0, self.number)


@dataclass
class Wish:
    number: int
    party: Party
    slot: int
    held: int
    asked: datetime
    passed: int = 0

    @property
    def lives(self) -> bool:
        return self.party.status == "confirmed" and self.party.slot == self.held

    @property
    def needs(self) -> int:
        return self.party.size

    @property
    def turn(self) -> tuple[datetime | None, int, int]:
        return (self.asked, 1, self.number)


@dataclass
class Room:
    capacity: int
    kept_back: int = 0
    wheels: int = 0


@dataclass
class Model:
    rooms: list[Room]
    parties: list[Party] = field(default_factory=list)
    wishes: list[Wish] = field(default_factory=list)
    wishes_made: int = 0
    needs_made: int = 0

    def held(self, slot: int) -> int:
        return sum(each.size for each in self.parties if each.slot == slot and each.status in HOLDING)

    def free(self, slot: int) -> int:
        return max(0, self.rooms[slot].capacity - self.rooms[slot].kept_back - self.held(slot))

    def wheels_left(self, slot: int) -> int:
        promised = sum(each.wheels for each in self.parties if each.slot == slot and each.promised)
        return self.rooms[slot].wheels - promised

    def ask(self, party: Party, wheels: int) -> None:
        """Ask for so many for the first time, or for none."""
        if wheels:
            self.needs_made += 1
            party.asked = (clock.now(), self.needs_made)
        party.wheels = wheels

    def claim(self, party: Party) -> None:
        """A party with places is promised what it asks for if there is as much."""
        if party.wheels and not party.promised and party.status in HOLDING:
            party.wheels = min(party.wheels, party.size)
            party.promised = party.wheels <= self.wheels_left(party.slot)

    def promise_next(self, slot: int) -> None:
        asking = [each for each in self.parties if each.slot == slot and each.wheels and each.asked]
        for party in sorted(asking, key=lambda each: each.asked or (clock.now(), 0)):
            self.claim(party)

    def shrink(self, party: Party) -> None:
        if party.wheels > party.size:
            party.wheels = party.size
            self.promise_next(party.slot)

    def keeps(self, wish: Wish) -> bool:
        """Whether the party would keep what it has been promised."""
        return not wish.party.promised or wish.party.wheels <= self.wheels_left(wish.slot)

    def line(self, slot: int) -> list[Party | Wish]:
        waits = [each for each in self.parties if each.slot == slot and each.status == "waiting"]
        asks = [each for each in self.wishes if each.slot == slot and each.lives]
        return sorted([*waits, *asks], key=lambda each: each.turn)

    def reachable(self, slot: int) -> list[Party | Wish]:
        most = self.rooms[slot].capacity - self.rooms[slot].kept_back
        return [each for each in self.line(slot) if each.needs <= most]

    def left(self, slot: int) -> int:
        most = self.rooms[slot].capacity - self.rooms[slot].kept_back
        saved = any(isinstance(each, Wish) or each.needs <= most for each in self.line(slot))
        return 0 if saved else self.free(slot)

    def overdue(self, slot: int) -> list[Party]:
        late = [
            each
            for each in self.parties
            if each.slot == slot and each.status == "offered" and each.until and each.until <= clock.now()
        ]
        return sorted(late, key=lambda each: (each.until, each.number))

    def lapse(self, *slots: int) -> None:
        for slot in sorted(set(slots)):
            for party in self.overdue(slot):
                party.status, party.promised = "lapsed", False
                self.promise_next(slot)
                self.run([slot])

    def run(self, slots: Iterable[int], newcomer: Party | None = None) -> None:
        due = set(slots)
        while due:
            slot = min(due)
            due.remove(slot)
            self.wishes = [each for each in self.wishes if each.lives or each.slot != slot]
            while (served := self._next(slot)) is not None:
                if isinstance(served, Wish):
                    due |= self.move([served])
                else:
                    self._offer(served, newcomer)

    def _next(self, slot: int) -> Party | Wish | None:
        line = self.reachable(slot)
        fitting = [each for each in line if each.needs <= self.free(slot)]
        if not fitting:
            return None
        if line[0] is not fitting[0] and line[0].passed >= MOST_PASSES:
            return None
        if isinstance(fitting[0], Wish) and not self.keeps(fitting[0]):
            self.wishes.remove(fitting[0])
            return self._next(slot)
        if line[0] is not fitting[0]:
            line[0].passed += 1
        return fitting[0]

    def _offer(self, party: Party, newcomer: Party | None) -> None:
        places = min(party.size, self.free(party.slot))
        whole = places == party.size
        party.size, party.least, party.queued = places, None, None
        party.status = "confirmed" if party is newcomer and whole else "offered"
        party.until, party.prolonged = clock.now() + timedelta(hours=24), False
        self.claim(party)

    def move(self, wishes: list[Wish]) -> set[int]:
        """Change all at once; the slots whose lines follow."""
        touched = {wish.held for wish in wishes}
        for wish in wishes:
            wish.party.slot, wish.party.passed, wish.party.promised = wish.slot, 0, False
            touched |= self.drop(wish.party)
        for wish in wishes:
            self.claim(wish.party)
        for wish in wishes:
            self.promise_next(wish.held)
        return touched

    def drop(self, party: Party) -> set[int]:
        """End all wishes of a party; the slots it asked for."""
        ended = {each.slot for each in self.wishes if each.party is party}
        self.wishes = [each for each in self.wishes if each.party is not party]
        return ended

    def settle_circles(self) -> None:
        for _ in range(100):
            circle = self._circle()
            if circle is None:
                return
            self.lapse(*(wish.held for wish in circle))
            if all(wish in self.wishes and wish.lives and self.keeps(wish) for wish in circle) and self._fits(circle):
                self.run(self.move(circle))

    def _circle(self) -> list[Wish] | None:
        """Of all circles that fit, the one that comes first when their wishes are compared, the oldest before."""
        alive = sorted((each for each in self.wishes if each.lives and self.keeps(each)), key=lambda each: each.turn)
        age = {id(wish): number for number, wish in enumerate(alive)}
        found = [
            list(path)
            for length in range(2, len(self.rooms) + 1)
            for path in permutations(alive, length)
            if age[id(path[0])] == min(age[id(wish)] for wish in path) and self._fits(list(path))
        ]
        return min(found, key=lambda path: [age[id(wish)] for wish in path], default=None)

    def _fits(self, path: list[Wish]) -> bool:
        following = [*path[1:], path[0]]
        if len({wish.held for wish in path}) < len(path):
            return False
        if any(wish.slot != after.held for wish, after in zip(path, following, strict=True)):
            return False
        return all(self._has_room(wish, after) for wish, after in zip(path, following, strict=True))

    def _has_room(self, coming: Wish, leaving: Wish) -> bool:
        slot, more = coming.slot, coming.needs - leaving.needs
        if self.held(slot) + self.rooms[slot].kept_back + more > self.rooms[slot].capacity:
            return False
        return more <= 0 or self.reachable(slot)[:1] == [coming]
