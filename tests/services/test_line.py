"""The rule of the line, without a database."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from iclei_events.services.waiting import MOST_PASSES, InLine, next_turn, turns

SIZES = st.lists(st.integers(1, 8), max_size=12)


def line_of(sizes: list[int], passed_over: int = 0) -> list[InLine]:
    return [InLine(number, size, passed_over if number == 0 else 0) for number, size in enumerate(sizes)]


def sizes_of(served: list[InLine]) -> list[int]:
    return [party.size for party in served]


def test_the_head_is_next_when_the_whole_party_fits() -> None:
    assert sizes_of(turns(line_of([3, 1]), free=3)) == [3]


def test_a_smaller_party_goes_ahead_of_a_head_that_does_not_fit() -> None:
    assert sizes_of(turns(line_of([4, 2, 1]), free=2)) == [2]


def test_after_three_passes_places_are_saved_up_for_the_head() -> None:
    assert turns(line_of([4, 1], passed_over=MOST_PASSES), free=3) == []


def test_a_head_is_passed_three_times_at_most_in_one_go() -> None:
    assert sizes_of(turns(line_of([9, 1, 1, 1, 1, 1]), free=5)) == [1, 1, 1]


def test_saved_places_go_to_the_head_once_they_are_enough() -> None:
    assert sizes_of(turns(line_of([4, 1], passed_over=MOST_PASSES), free=5)) == [4, 1]


def test_nobody_is_next_without_a_free_place() -> None:
    assert next_turn(InLine(1, 1, 0), 0, lambda _room: None) is None


@given(SIZES, st.integers(0, 30))
def test_no_more_is_given_than_is_free_and_parties_stay_whole(sizes: list[int], free: int) -> None:
    served = turns(line_of(sizes), free)
    assert sum(sizes_of(served)) <= free
    assert len({party.booking_id for party in served}) == len(served)
    assert all(party.size == sizes[party.booking_id] for party in served)


@given(SIZES, st.integers(0, 30))
def test_whoever_is_served_is_ahead_of_everybody_who_would_also_have_fitted(sizes: list[int], free: int) -> None:
    served = turns(line_of(sizes), free)
    if served and served[0].booking_id != 0:
        earlier = [size for number, size in enumerate(sizes) if number < served[0].booking_id]
        assert all(size > free for size in earlier)
