"""A draw beside a plain model, whatever happens in whatever order: no place is given out twice, no party is split."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    initialize,
    invariant,
    multiple,
    precondition,
    rule,
    run_state_machine_as_test,
)

from iclei_events import clock
from iclei_events.models import HOLDING, BookingStatus
from iclei_events.services import capacity, changes, draw_entries, draw_file, draw_results, draws, refusals
from iclei_events.services.booking_rows import Party
from tests import draws as lots
from tests import scenes
from tests.databases import Database
from tests.draws import CLOSES_AT, VALUE
from tests.scenes import ORGANISER
from tests.times import DEMO_TIME, AppClock

CAPACITIES = (4, 3)
wishes = st.sampled_from([(0,), (1,), (0, 1), (1, 0)])


class DrawLife(RuleBasedStateMachine):
    """``sizes`` and ``gone`` are what the model knows of the entries; the rest is recounted from the bookings."""

    made = Bundle("made")

    def __init__(self) -> None:
        super().__init__()
        self.clock = AppClock()
        self.clock.stand_at(DEMO_TIME)
        self.draw = lots.make_draw(CAPACITIES)
        self.references: list[str] = []
        self.sizes: dict[str, int] = {}

    @property
    def is_open(self) -> bool:
        return clock.now() < CLOSES_AT

    def largest(self, wishes: tuple[int, ...]) -> int:
        return max(scenes.slot_now(self.draw.slots[number]).capacity for number in wishes)

    @initialize(target=made, parties=st.lists(st.tuples(st.integers(1, 4), wishes), min_size=2, max_size=5))
    def some_have_entered(self, parties: list[tuple[int, tuple[int, ...]]]) -> Any:
        return multiple(*filter(None, [self.enter_party(*party) for party in parties]))

    @rule(target=made, size=st.integers(1, 5), wishes=wishes)
    def enter(self, size: int, wishes: tuple[int, ...]) -> Any:
        reference = self.enter_party(size, wishes)
        return multiple() if reference is None else reference

    def enter_party(self, size: int, wishes: tuple[int, ...]) -> str | None:
        largest = self.largest(wishes)
        try:
            answer = lots.enter(self.draw, f"P{len(self.references)}", adults=size, wishes=wishes)
        except (refusals.Closed, refusals.TooLarge):
            assert not self.is_open or size > largest
            return None
        assert self.is_open
        self.references.append(answer.reference)
        self.sizes[answer.reference] = size
        return answer.reference

    @rule(reference=made, size=st.integers(1, 4), wishes=wishes)
    def change(self, reference: str, size: int, wishes: tuple[int, ...]) -> None:
        entered = scenes.booking(reference).status is BookingStatus.ENTERED
        slugs = [self.draw.slots[number].slug for number in wishes]
        try:
            draw_entries.change(reference, slugs, party=Party(size))
        except refusals.Refusal:
            assert not (self.is_open and entered and size <= self.largest(wishes))
        else:
            assert self.is_open
            self.sizes[reference] = size

    @rule(reference=made)
    def withdraw_or_cancel(self, reference: str) -> None:
        changes.cancel(reference)
        assert not scenes.booking(reference).is_active

    @rule(reference=made)
    def accept(self, reference: str) -> None:
        held = scenes.booking(reference).status in HOLDING
        try:
            changes.accept_offer(reference)
        except refusals.Refusal:
            assert not held or self.has_passed(reference)
        else:
            assert scenes.booking(reference).status is BookingStatus.CONFIRMED

    def has_passed(self, reference: str) -> bool:
        return scenes.booking(reference).status is not BookingStatus.CONFIRMED

    @rule()
    def draw_lots(self) -> None:
        if self.is_open:
            with pytest.raises(refusals.DrawStillOpen):
                draw_results.run(self.draw.id, VALUE, by=ORGANISER)
            return
        before = lots.draw_now(self.draw).published
        draw_results.run(self.draw.id, VALUE, by=ORGANISER)
        assert before in {None, lots.draw_now(self.draw).published}

    @precondition(lambda machine: machine.is_open)
    @rule()
    def closing_comes(self) -> None:
        self.clock.stand_at(CLOSES_AT)

    @rule(number=st.integers(0, 1), size=st.integers(1, 2))
    def keep_back(self, number: int, size: int) -> None:
        try:
            capacity.keep_back(self.draw.slots[number].id, size, reason="guide", release_at=None, by=ORGANISER)
        except (refusals.NoRoom, refusals.DrawUnderWay):
            return

    @rule(number=st.integers(0, 1), to=st.integers(0, 6))
    def set_capacity(self, number: int, to: int) -> None:
        slot = scenes.slot_now(self.draw.slots[number])
        try:
            capacity.set_capacity(slot.id, to, seen=slot.capacity, by=ORGANISER)
        except refusals.DrawUnderWay:
            assert to < slot.capacity

    @precondition(lambda _machine: clock.now() + timedelta(days=4) < scenes.STARTS_AT)
    @rule(hours=st.sampled_from([2, 30, 50]))
    def time_passes(self, hours: int) -> None:
        self.clock.advance(hours=hours)
        capacity.tend_slots()
        draws.tend()

    @invariant()
    def every_place_is_accounted_for(self) -> None:
        assert scenes.broken() == []

    @invariant()
    def parties_are_whole(self) -> None:
        assert [scenes.booking(each).size for each in self.references] == [self.sizes[each] for each in self.references]

    @invariant()
    def what_is_published_passes_the_check(self) -> None:
        published = lots.draw_now(self.draw).published
        if published is not None:
            assert draw_file.faults(draw_file.read(published)) == []
            assert BookingStatus.ENTERED not in {scenes.booking(each).status for each in self.references}


@pytest.mark.usefixtures("app_context")
def test_a_draw_keeps_its_promises_whatever_happens_in_whatever_order(database: Database) -> None:
    run_state_machine_as_test(
        DrawLife,
        settings=settings(
            max_examples=8 if database.name == "sqlite" else 4,
            stateful_step_count=20,
            deadline=None,
            suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
        ),
    )
