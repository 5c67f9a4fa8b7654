"""The life of slots: any order of booking, changing, swapping, offering, lapsing, capacity and needs; both databases.

A plain model of the promises runs beside the app; after every step both must tell the same story.
"""

from __future__ import annotations

from copy import deepcopy
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    consumes,
    initialize,
    invariant,
    multiple,
    rule,
    run_state_machine_as_test,
)
from sqlalchemy import select

from iclei_events import clock
from iclei_events.db import db
from iclei_events.models import KEPT, AccessNeed, Booking, BookingStatus, KeptBack, Slot, SlotAid, SwapWish
from iclei_events.services import (
    asking,
    capacity,
    changes,
    moving,
    need_answers,
    offers,
    queueing,
    refusals,
    settling,
    swaps,
)
from iclei_events.services.booking_rows import Party as Wanted
from tests import aids, scenes
from tests.aids import WHEELCHAIR
from tests.databases import Database
from tests.scenes import ORGANISER
from tests.services.slot_model import HOLDING, Model, Party, Room, Wish
from tests.times import DEMO_TIME, AppClock

LIVES = {"sqlite": 30, "postgresql": 15}
"""The rules are the same on both, and on PostgreSQL a life takes three times as long."""

LARGEST = 4
CAPACITIES = (4, 3, 4)
WHEELS = (1, 2, 0)
SLOTS = st.integers(0, len(CAPACITIES) - 1)
SIZES = st.integers(1, LARGEST)
NEEDS = st.integers(0, 2)


class SlotLife(RuleBasedStateMachine):
    made = Bundle("made")

    def __init__(self) -> None:
        super().__init__()
        self.clock = AppClock()
        self.clock.stand_at(DEMO_TIME)
        self.model = Model([Room(places, wheels=wheels) for places, wheels in zip(CAPACITIES, WHEELS, strict=True)])
        self.slots = scenes.make_departures(*CAPACITIES, max_party=LARGEST)
        for slot, wheels in zip(self.slots, WHEELS, strict=True):
            aids.give(slot, WHEELCHAIR, wheels)
        self.references: list[str] = []
        self.kept: list[tuple[int, int]] = []

    def decide(self, number: int, *others: int) -> Party:
        """What every verb on a booking begins with: offers that ran out on the slots it locks have lapsed."""
        mine = self.model.parties[number]
        self.model.lapse(mine.slot, *others)
        return mine

    @initialize(target=made, arrivals=st.lists(st.tuples(SLOTS, SIZES, NEEDS), min_size=2, max_size=6))
    def some_have_come(self, arrivals: list[tuple[int, int, int]]) -> Any:
        """Parties that are there to begin with: else most lives would be too short for anybody to stand in a way."""
        came = [self._come(slot, size, None, wait=True, wheels=wheels) for slot, size, wheels in arrivals]
        return multiple(*(number for number in came if number is not None))

    @rule(target=made, slot=SLOTS, size=SIZES, wait=st.booleans(), least=st.none() | SIZES, wheels=NEEDS)
    def book(self, slot: int, size: int, wait: bool, least: int | None, wheels: int) -> Any:
        number = self._come(slot, size, least, wait=wait, wheels=wheels)
        return multiple() if number is None else number

    def _come(self, slot: int, size: int, least: int | None, *, wait: bool, wheels: int) -> int | None:
        before = deepcopy(self.model)
        wheels = min(wheels, size)
        some = least if least is not None and least < size else None
        expected = self._expected(slot, size, some, wait=wait, wheels=wheels)
        needs = ((WHEELCHAIR, wheels),) if wheels else ()
        try:
            answer = scenes.book(
                self.slots[slot], f"P{len(self.references)}", adults=size, least=least, wait=wait, aids=needs
            )
        except refusals.NoRoom:
            assert expected is None
            self.model = before
            return None
        assert expected is not None
        self.references.append(answer.reference)
        return len(self.references) - 1

    def _expected(self, slot: int, size: int, least: int | None, *, wait: bool, wheels: int) -> Party | None:
        """The party as it should stand afterwards; None: there is no room. Who needs something waits for the lock."""
        model, room = self.model, self.model.rooms[slot]
        party = Party(len(model.parties), slot, size, "confirmed")
        model.ask(party, wheels)
        if not wheels and size <= model.left(slot):
            model.parties.append(party)
            return party
        late = model.overdue(slot)
        joins_at_once = not wheels and size > model.free(slot) and size <= room.capacity - room.kept_back and not late
        if not (wait and least is None and joins_at_once):
            if (least or size if wait else size) > room.capacity or not (wait or late or size <= model.free(slot)):
                return None
            model.lapse(slot)
            if size <= model.free(slot) and not model.reachable(slot):
                model.parties.append(party)
                model.claim(party)
                return party
            if not wait:
                return None
        party.status, party.queued, party.least = "waiting", clock.now(), least
        model.parties.append(party)
        if least is not None or not joins_at_once:
            model.run([slot], newcomer=party)
        return party

    @rule(number=consumes(made))
    def cancel(self, number: int) -> None:
        changes.cancel(self.references[number])
        mine = self.decide(number)
        if mine.status in {"lapsed", "cancelled"}:
            return
        mine.status, mine.queued, mine.promised = "cancelled", None, False
        self.model.promise_next(mine.slot)
        self.model.run([mine.slot])
        self.model.run(self.model.drop(mine))

    @rule(number=made, size=st.none() | SIZES)
    def accept(self, number: int, size: int | None) -> None:
        mine = self.decide(number)
        party = Wanted(size) if size is not None else None
        if mine.status == "confirmed":
            changes.accept_offer(self.references[number], party=party)
        elif mine.status != "offered" or (size or 0) > mine.size:
            with pytest.raises(refusals.Refusal):
                changes.accept_offer(self.references[number], party=party)
        else:
            changes.accept_offer(self.references[number], party=party)
            mine.status, left = "confirmed", mine.size - (size or mine.size)
            if left:
                mine.size -= left
                self.model.shrink(mine)
                self.model.run([mine.slot])

    @rule(number=made)
    def prolong(self, number: int) -> None:
        mine = self.decide(number)
        if mine.status not in HOLDING:
            with pytest.raises(refusals.Refusal):
                offers.prolong(self.references[number])
            return
        offers.prolong(self.references[number])
        if mine.status == "offered" and not mine.prolonged and mine.until is not None:
            mine.until, mine.prolonged = mine.until + timedelta(hours=24), True

    @rule(number=made, least=st.none() | SIZES)
    def say_how_many_would_come(self, number: int, least: int | None) -> None:
        mine = self.decide(number)
        if mine.status != "waiting":
            with pytest.raises(refusals.Refusal):
                queueing.set_least_size(self.references[number], least)
            return
        queueing.set_least_size(self.references[number], least)
        wanted = least if least is not None and least < mine.size else None
        if wanted != mine.least:
            mine.least = wanted
            self.model.run([mine.slot], newcomer=mine)

    @rule(number=made, size=SIZES)
    def change_size(self, number: int, size: int) -> None:
        mine = self.decide(number)
        more = size - mine.size
        fits = {
            "waiting": size <= self.model.rooms[mine.slot].capacity or more <= 0,
            "offered": more <= 0,
            "confirmed": more <= max(0, self.model.left(mine.slot)),
        }.get(mine.status, False)
        if not fits:
            with pytest.raises(refusals.Refusal):
                changes.change_size(self.references[number], Wanted(size))
            return
        changes.change_size(self.references[number], Wanted(size))
        if more:
            mine.size = size
            self.model.shrink(mine)
            mine.least = mine.least if mine.least is not None and mine.least < size else None
            if mine.status == "waiting" or more < 0:
                self.model.run([mine.slot], newcomer=mine if mine.status == "waiting" else None)

    @rule(number=made, slot=SLOTS, wait=st.booleans())
    def move(self, number: int, slot: int, wait: bool) -> None:
        mine = self.decide(number, slot)
        old, reference, slug = mine.slot, self.references[number], self.slots[slot].slug
        if old == slot:
            moving.move(reference, slug, wait=wait)
        elif mine.status not in {*HOLDING, "waiting"}:
            with pytest.raises(refusals.Refusal):
                moving.move(reference, slug, wait=wait)
        elif mine.size <= self.model.free(slot) and not self.model.reachable(slot):
            moving.move(reference, slug, wait=wait)
            mine.slot, mine.status, mine.least, mine.queued, mine.passed = slot, "confirmed", None, None, 0
            mine.promised = False
            self.model.claim(mine)
            self.model.promise_next(old)
            self.model.run([old])
            self.model.run(self.model.drop(mine))
        elif wait and mine.status == "waiting" and mine.size <= self.model.rooms[slot].capacity:
            moving.move(reference, slug, wait=wait)
            mine.slot, mine.queued, mine.passed = slot, clock.now(), 0
            self.model.run([old])
            self.model.run([slot], newcomer=mine)
        else:
            with pytest.raises(refusals.NoRoom):
                moving.move(reference, slug, wait=wait)

    @rule(number=made, slot=SLOTS)
    def ask_for_another_time(self, number: int, slot: int) -> None:
        mine = self.decide(number, slot)
        reference, slug = self.references[number], self.slots[slot].slug
        asked = any(each.party is mine and each.slot == slot for each in self.model.wishes)
        if mine.slot != slot and not asked:
            if mine.status != "confirmed" or mine.size > self.model.rooms[slot].capacity:
                with pytest.raises(refusals.Refusal):
                    swaps.ask(reference, slug)
                return
            self.model.wishes_made += 1
            wish = Wish(self.model.wishes_made, mine, slot, held=mine.slot, asked=clock.now())
            self.model.wishes.append(wish)
            self.model.run([slot])
        swaps.ask(reference, slug)
        self.model.settle_circles()

    @rule(number=made, slot=SLOTS)
    def take_the_wish_back(self, number: int, slot: int) -> None:
        mine = self.decide(number, slot)
        swaps.withdraw(self.references[number], self.slots[slot].slug)
        theirs = [each for each in self.model.wishes if each.party is mine and each.slot == slot]
        self.model.wishes = [each for each in self.model.wishes if each not in theirs]
        if theirs:
            self.model.run([slot])

    @rule(number=made, wheels=NEEDS)
    def ask_for_wheelchair_places(self, number: int, wheels: int) -> None:
        mine = self.decide(number)
        wheels = min(wheels, mine.size)
        more = wheels - mine.wheels
        active = mine.status in {*HOLDING, "waiting"}
        if not active or (mine.promised and more > max(0, self.model.wheels_left(mine.slot))):
            with pytest.raises(refusals.Refusal):
                asking.ask(self.references[number], None, [(WHEELCHAIR, wheels)])
            return
        asking.ask(self.references[number], None, [(WHEELCHAIR, wheels)])
        if not mine.wheels or not wheels:
            self.model.ask(mine, wheels)
        elif more > 0 and not mine.promised and mine.asked is not None:
            mine.asked = (clock.now(), mine.asked[1])
        freed, mine.wheels = mine.promised and more < 0, wheels
        mine.promised = mine.promised and bool(wheels)
        self.model.claim(mine)
        if freed:
            self.model.promise_next(mine.slot)

    @rule(slot=SLOTS, to=st.integers(0, 3))
    def set_wheelchair_places(self, slot: int, to: int) -> None:
        seen = self.model.rooms[slot].wheels
        need_answers.set_aid(self.slots[slot].id, WHEELCHAIR, to, seen=seen, by=ORGANISER)
        self.model.lapse(slot)
        self.model.rooms[slot].wheels = to
        self.model.promise_next(slot)

    @rule(slot=SLOTS, to=st.integers(0, 9))
    def set_capacity(self, slot: int, to: int) -> None:
        capacity.set_capacity(self.slots[slot].id, to, seen=self.model.rooms[slot].capacity, by=ORGANISER)
        self.model.lapse(slot)
        self.model.rooms[slot].capacity = to
        self.model.run([slot])

    @rule(slot=SLOTS, size=st.integers(1, 3))
    def keep_back(self, slot: int, size: int) -> None:
        before = deepcopy(self.model)
        self.model.lapse(slot)
        if size > self.model.free(slot):
            self.model = before
            with pytest.raises(refusals.NoRoom):
                capacity.keep_back(self.slots[slot].id, size, reason="Test", release_at=None, by=ORGANISER)
            return
        kept = capacity.keep_back(self.slots[slot].id, size, reason="Test", release_at=None, by=ORGANISER)
        self.kept.append((slot, kept))
        self.model.rooms[slot].kept_back += size
        self.model.run([slot])

    @rule()
    def release(self) -> None:
        if not self.kept:
            return
        slot, kept = self.kept.pop()
        size = db.session.get_one(KeptBack, kept).places
        capacity.release_kept_back(kept, by=ORGANISER)
        self.model.lapse(slot)
        self.model.rooms[slot].kept_back -= size
        self.model.run([slot])

    @rule(hours=st.sampled_from([1, 12, 24]))
    def time_passes(self, hours: int) -> None:
        if clock.now() + timedelta(days=4) < scenes.STARTS_AT:
            self.clock.advance(hours=hours)

    @rule()
    def the_worker_comes_by(self) -> None:
        capacity.tend_slots()
        settling.settle()
        for slot in range(len(CAPACITIES)):
            self.model.lapse(slot)
        for slot in sorted({wish.slot for wish in self.model.wishes}):
            self.model.run([slot])
        self.model.settle_circles()

    @invariant()
    def app_and_model_tell_the_same_story(self) -> None:
        db.session.rollback()
        at = {slot.id: number for number, slot in enumerate(self.slots)}
        rows = db.session.execute(
            select(Booking.reference, Booking.slot_id, Booking.status, Booking.size, Booking.least_size)
            .where(Booking.slot_id.in_(at))
            .order_by(Booking.id)
        ).all()
        assert [row.reference for row in rows] == self.references
        told = [(at[row.slot_id], row.status.value, row.size, row.least_size) for row in rows]
        assert told == [(each.slot, each.status, each.size, each.least) for each in self.model.parties]
        wishes = db.session.scalars(select(SwapWish.slot_id).where(SwapWish.slot_id.in_(at)).order_by(SwapWish.id))
        assert [at[slot_id] for slot_id in wishes] == [each.slot for each in self.model.wishes]

    @invariant()
    def who_needs_something_is_told_the_same(self) -> None:
        at = [slot.id for slot in self.slots]
        needs = select(Booking.reference, AccessNeed.count, AccessNeed.state).join(AccessNeed.booking)
        found = db.session.execute(needs.where(Booking.slot_id.in_(at)))
        told = {reference: (count, state in KEPT) for reference, count, state in found}
        promises = {
            self.references[each.number]: (each.wheels, each.promised) for each in self.model.parties if each.wheels
        }
        assert told == promises
        there = select(SlotAid.capacity, SlotAid.held, SlotAid.over_capacity).where(SlotAid.slot_id.in_(at))
        counted = [tuple(row) for row in db.session.execute(there.order_by(SlotAid.slot_id))]
        assert counted == [
            (room.wheels, room.wheels - (left := self.model.wheels_left(number)), max(0, -left))
            for number, room in enumerate(self.model.rooms)
        ]

    @invariant()
    def nothing_is_given_out_twice(self) -> None:
        slots = db.session.scalars(
            select(Slot).where(Slot.id.in_([slot.id for slot in self.slots])).order_by(Slot.id)
        ).all()
        for number, now in enumerate(slots):
            line = self.model.line(number)
            assert (now.held, now.kept_back) == (self.model.held(number), self.model.rooms[number].kept_back)
            assert (now.waiting, now.left) == (len(line), self.model.left(number))
            assert now.held + now.kept_back <= now.capacity + now.over_capacity
            assert now.over_capacity == max(0, now.held + now.kept_back - now.capacity)

    def teardown(self) -> None:
        assert scenes.broken() == []
        assert BookingStatus.LOST not in {scenes.booking(each).status for each in self.references}


@pytest.mark.usefixtures("app_context")
def test_slots_keep_their_promises_whatever_happens_in_whatever_order(database: Database) -> None:
    run_state_machine_as_test(
        SlotLife,
        settings=settings(
            max_examples=LIVES[database.name],
            stateful_step_count=30,
            deadline=None,
            suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
        ),
    )
