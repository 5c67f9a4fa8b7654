"""The life of a slot: any order of booking, changing, cancelling, offering, lapsing and capacity, on both databases.

A plain model of the promises runs beside the app; after every step both must tell the same story.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    consumes,
    invariant,
    multiple,
    rule,
    run_state_machine_as_test,
)

from iclei_events import clock
from iclei_events.db import db
from iclei_events.models import BookingStatus, KeptBack
from iclei_events.services import capacity, changes, refusals
from iclei_events.services.booking_rows import Party
from iclei_events.services.waiting import MOST_PASSES
from tests import scenes
from tests.scenes import ORGANISER
from tests.times import DEMO_TIME, AppClock

LARGEST = 6


@dataclass
class ModelBooking:
    size: int
    status: str
    passed: int = 0
    until: Any = None


@dataclass
class Model:
    """What the promises say, in the plainest words: lists and sums."""

    capacity: int
    kept_back: int = 0
    bookings: list[ModelBooking] = field(default_factory=list)

    @property
    def held(self) -> int:
        return sum(each.size for each in self.bookings if each.status in {"confirmed", "offered"})

    @property
    def free(self) -> int:
        return max(0, self.capacity - self.held - self.kept_back)

    @property
    def line(self) -> list[ModelBooking]:
        return [each for each in self.bookings if each.status == "waiting"]

    @property
    def servable(self) -> list[ModelBooking]:
        return [each for each in self.line if each.size <= self.capacity - self.kept_back]

    def serve(self, newcomer: ModelBooking | None = None) -> None:
        while True:
            line = self.servable
            if not line or not self.free:
                return
            fitting = [each for each in line if each.size <= self.free]
            if line[0] not in fitting[:1]:
                if not fitting or line[0].passed >= MOST_PASSES:
                    return
                line[0].passed += 1
            chosen = fitting[0]
            chosen.status = "confirmed" if chosen is newcomer else "offered"
            chosen.until = clock.now() + timedelta(hours=24)

    def lapse(self) -> None:
        overdue = [each for each in self.bookings if each.status == "offered" and each.until <= clock.now()]
        for each in sorted(overdue, key=lambda each: each.until):
            each.status = "lapsed"
            self.serve()


class SlotLife(RuleBasedStateMachine):
    made = Bundle("made")

    def __init__(self) -> None:
        super().__init__()
        self.clock = AppClock()
        self.clock.stand_at(DEMO_TIME)
        self.model = Model(capacity=7)
        self.slot = scenes.make_slot(capacity=7, max_party=LARGEST)
        self.references: list[str] = []
        self.kept: list[int] = []

    @rule(target=made, size=st.integers(1, LARGEST), wait=st.booleans())
    def book(self, size: int, wait: bool) -> Any:
        expected = ModelBooking(size, "confirmed")
        overdue = any(each.status == "offered" and each.until <= clock.now() for each in self.model.bookings)
        try:
            answer = scenes.book(self.slot, f"P{len(self.references)}", adults=size, wait=wait)
        except refusals.NoRoom:
            assert not wait or size > self.model.capacity
            assert overdue or self.model.servable or size > self.model.free
            return multiple()
        if self.model.servable or size > self.model.free:
            self.model.lapse()
        if self.model.servable or size > self.model.free:
            assert wait
            expected.status = "waiting"
            self.model.bookings.append(expected)
            self.model.serve(newcomer=expected)
        else:
            self.model.bookings.append(expected)
        self.references.append(answer.reference)
        return len(self.references) - 1

    @rule(number=consumes(made))
    def cancel(self, number: int) -> None:
        changes.cancel(self.references[number])
        self.model.lapse()
        if self.model.bookings[number].status != "lapsed":
            self.model.bookings[number].status = "cancelled"
        self.model.serve()

    @rule(number=made)
    def accept(self, number: int) -> None:
        self.model.lapse()
        mine = self.model.bookings[number]
        if mine.status in {"offered", "confirmed"}:
            changes.accept_offer(self.references[number])
            mine.status = "confirmed"
        else:
            with pytest.raises(refusals.Refusal):
                changes.accept_offer(self.references[number])

    @rule(number=made, size=st.integers(1, LARGEST))
    def change_size(self, number: int, size: int) -> None:
        self.model.lapse()
        mine = self.model.bookings[number]
        more = size - mine.size
        fits = {
            "waiting": size <= self.model.capacity or more <= 0,
            "offered": more <= 0,
            "confirmed": more <= (0 if self.model.line else self.model.free),
        }.get(mine.status, False)
        if not fits and not (mine.status == "confirmed" and more <= 0):
            with pytest.raises(refusals.Refusal):
                changes.change_size(self.references[number], Party(size))
            return
        changes.change_size(self.references[number], Party(size))
        if size != mine.size:
            mine.size = size
            self.model.serve(newcomer=mine)

    @rule(to=st.integers(0, 14))
    def set_capacity(self, to: int) -> None:
        capacity.set_capacity(self.slot.id, to, seen=self.model.capacity, by=ORGANISER)
        self.model.lapse()
        self.model.capacity = to
        self.model.serve()

    @rule(size=st.integers(1, 3))
    def keep_back(self, size: int) -> None:
        self.model.lapse()
        if size > self.model.free:
            with pytest.raises(refusals.NoRoom):
                capacity.keep_back(self.slot.id, size, reason="Test", release_at=None, by=ORGANISER)
            return
        self.kept.append(capacity.keep_back(self.slot.id, size, reason=str(size), release_at=None, by=ORGANISER))
        self.model.kept_back += size

    @rule()
    def release(self) -> None:
        if not self.kept:
            return
        kept = self.kept.pop()
        size = db.session.get_one(KeptBack, kept).places
        capacity.release_kept_back(kept, by=ORGANISER)
        self.model.lapse()
        self.model.kept_back -= size
        self.model.serve()

    @rule(hours=st.sampled_from([1, 12, 24]))
    def time_passes(self, hours: int) -> None:
        if clock.now() + timedelta(days=3) < scenes.STARTS_AT:
            self.clock.advance(hours=hours)

    @rule()
    def the_worker_comes_by(self) -> None:
        capacity.tend_slots()
        self.model.lapse()

    @invariant()
    def app_and_model_tell_the_same_story(self) -> None:
        told = [(scenes.booking(each).status.value, scenes.booking(each).size) for each in self.references]
        assert told == [(each.status, each.size) for each in self.model.bookings]
        assert scenes.counters(self.slot) == (self.model.held, self.model.kept_back, len(self.model.line))

    @invariant()
    def nothing_is_given_out_twice(self) -> None:
        now = scenes.slot_now(self.slot)
        assert now.held + now.kept_back <= now.capacity + now.over_capacity
        assert now.over_capacity == max(0, now.held + now.kept_back - now.capacity)

    def teardown(self) -> None:
        assert scenes.broken() == []
        assert BookingStatus.LOST not in {scenes.booking(each).status for each in self.references}


@pytest.mark.usefixtures("app_context")
def test_a_slot_keeps_its_promises_whatever_happens_in_whatever_order() -> None:
    run_state_machine_as_test(
        SlotLife,
        settings=settings(
            max_examples=40,
            stateful_step_count=25,
            deadline=None,
            suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
        ),
    )
