"""An honest chance for who waits, from slots that are over, on both databases."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from iclei_events import clock
from iclei_events.models import ActivityKind
from iclei_events.services import chances, changes, queueing
from iclei_events.services.bookings import Outcome
from iclei_events.services.chances import LEAST_CASES, Chance, Wait, chance
from tests.scenes import book, make_slot
from tests.times import AppClock

START = datetime(2022, 5, 1, 9, tzinfo=UTC)


def waits(*got: bool | None, slot_id: int = 1) -> list[Wait]:
    """Parties that joined minute by minute and stood to the end; None left of its own accord."""
    end = START + timedelta(days=3)
    return [
        Wait(slot_id, START + timedelta(minutes=number), end, got=bool(one), left=one is None)
        for number, one in enumerate(got)
    ]


def test_with_too_few_cases_nothing_is_said() -> None:
    cases = waits(*[True] * (LEAST_CASES - 1))
    assert chance(cases, 1) is None
    assert chance([*cases, *waits(False, slot_id=2)], 1) == Chance(LEAST_CASES - 1, LEAST_CASES)


def test_only_parties_that_stood_as_far_back_count() -> None:
    cases = [wait for slot_id in range(30) for wait in waits(True, True, False, slot_id=slot_id)]
    assert [chance(cases, number) for number in (1, 2, 3, 4)] == [Chance(60, 90), Chance(30, 60), Chance(0, 30), None]


def test_who_left_of_its_own_accord_is_no_case_but_stood_in_line() -> None:
    cases = [wait for slot_id in range(20) for wait in waits(None, True, slot_id=slot_id)]
    assert (chance(cases, 1), chance(cases, 2)) == (Chance(20, 20), Chance(20, 20))


def test_who_had_left_the_line_before_one_joined_was_not_before_one() -> None:
    first = Wait(1, START, START + timedelta(minutes=1), got=True)
    late = [Wait(1, START + timedelta(hours=number), START + timedelta(hours=number, minutes=1), got=False)
            for number in range(1, LEAST_CASES + 1)]  # fmt: skip
    assert chance([first, *late], 2) is None
    assert chance([first, *late], 1) == Chance(1, LEAST_CASES + 1)


@pytest.mark.parametrize(
    ("got", "of", "in_ten"), [(0, 20, 0), (1, 100, 1), (99, 100, 9), (100, 100, 10), (13, 20, 6), (7, 20, 4)]
)
def test_the_share_is_rounded_but_never_to_all_or_none(got: int, of: int, in_ten: int) -> None:
    assert Chance(got, of).in_ten == in_ten


@pytest.mark.usefixtures("app_context")
def test_the_chance_is_counted_from_slots_of_the_kind_that_are_over(app_clock: AppClock) -> None:
    for number in range(LEAST_CASES // 2):
        tour(app_clock, f"T{number}")
    assert chances.of_number(ActivityKind.STUDY_TOUR, 1, clock.now()) is None
    app_clock.stand_at(datetime(2022, 6, 1, tzinfo=UTC))

    assert chances.of_number(ActivityKind.STUDY_TOUR, 1, clock.now()) == Chance(LEAST_CASES // 2, LEAST_CASES)
    assert chances.of_number(ActivityKind.STUDY_TOUR, 2, clock.now()) is None
    assert chances.of_number(ActivityKind.PARTY, 1, clock.now()) is None


def tour(app_clock: AppClock, name: str) -> None:
    """Three waited: one was offered the places, one left, one waited in vain. A small one fitted in at once."""
    slot = make_slot(capacity=4)
    first = book(slot, f"{name}first", adults=3)
    book(slot, f"{name}offered", adults=3)
    app_clock.advance(minutes=1)
    leaves = book(slot, f"{name}leaves", adults=3)
    app_clock.advance(minutes=1)
    queueing.leave(leaves.reference)
    book(slot, f"{name}in-vain", adults=3)
    app_clock.advance(minutes=1)
    assert book(slot, f"{name}small").outcome is Outcome.CONFIRMED
    changes.cancel(first.reference)
