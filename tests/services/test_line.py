"""The rule of the line, without a database."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from iclei_events.services.waiting import (
    MOST_PASSES,
    InLine,
    Turn,
    least_of,
    next_turn,
    offer_until,
    prolonged_until,
    run,
    turns,
)

SIZES = st.lists(st.integers(1, 8), max_size=12)
PARTIES = st.lists(st.tuples(st.integers(1, 8), st.integers(1, 8)), max_size=12)
STARTS_AT = datetime(2022, 5, 14, 8, 30, tzinfo=UTC)


def line_of(sizes: list[int], passed_over: int = 0) -> list[InLine]:
    return [InLine(number, size, passed_over if number == 0 else 0) for number, size in enumerate(sizes)]


def in_part(pairs: list[tuple[int, int]]) -> list[InLine]:
    """Parties of the first number, each of which would come if the second can."""
    return [InLine(number, size, 0, least_of(size, least)) for number, (size, least) in enumerate(pairs)]


def places_of(served: list[Turn]) -> list[int]:
    return [turn.places for turn in served]


def test_the_head_is_next_when_the_whole_party_fits() -> None:
    assert places_of(turns(line_of([3, 1]), free=3)) == [3]


def test_a_smaller_party_goes_ahead_of_a_head_that_does_not_fit() -> None:
    assert places_of(turns(line_of([4, 2, 1]), free=2)) == [2]


def test_after_three_passes_places_are_saved_up_for_the_head() -> None:
    assert turns(line_of([4, 1], passed_over=MOST_PASSES), free=3) == []


def test_a_head_is_passed_three_times_at_most_in_one_go() -> None:
    assert places_of(turns(line_of([9, 1, 1, 1, 1, 1]), free=5)) == [1, 1, 1]


def test_saved_places_go_to_the_head_once_they_are_enough() -> None:
    assert places_of(turns(line_of([4, 1], passed_over=MOST_PASSES), free=5)) == [4, 1]


def test_nobody_is_next_without_a_free_place() -> None:
    assert next_turn(InLine(1, 1, 0), 0, lambda _room: None) is None


def test_a_party_that_would_come_in_part_is_offered_what_is_free() -> None:
    assert places_of(turns(in_part([(5, 2)]), free=3)) == [3]


def test_a_party_that_would_come_in_part_is_whole_where_there_is_room_for_all() -> None:
    assert places_of(turns(in_part([(5, 2)]), free=7)) == [5]


def test_fewer_places_than_the_least_a_party_named_are_not_offered_to_it() -> None:
    assert turns(in_part([(5, 4)]), free=3) == []


def test_a_head_that_would_come_in_part_is_not_passed_while_that_part_fits() -> None:
    assert [turn.party.booking_id for turn in turns(in_part([(5, 2), (3, 3)]), free=3)] == [0]


def test_a_party_that_would_come_in_part_may_go_ahead_of_a_head_that_does_not_fit() -> None:
    served = turns(in_part([(4, 4), (5, 2)]), free=3)
    assert [(turn.party.booking_id, turn.places, turn.passes and turn.passes.booking_id) for turn in served] == [
        (1, 3, 0)
    ]


def test_a_party_the_slot_could_never_hold_stops_nobody_behind_it() -> None:
    served, rest = run(line_of([9, 2], passed_over=MOST_PASSES), 3, largest=6)
    assert (places_of(served), [party.size for party in rest]) == ([2], [9])


@pytest.mark.parametrize(("least", "kept"), [(None, None), (0, None), (1, 1), (4, 4), (5, None), (9, None)])
def test_a_least_number_is_kept_only_where_it_is_less_than_all(least: int | None, kept: int | None) -> None:
    assert least_of(5, least) == kept


@given(PARTIES, st.integers(0, 30))
def test_no_more_is_given_than_is_free_and_never_less_than_a_party_needs(
    pairs: list[tuple[int, int]], free: int
) -> None:
    served, rest = run(in_part(pairs), free)
    assert sum(places_of(served)) <= free
    assert sorted(party.booking_id for party in [*(turn.party for turn in served), *rest]) == list(range(len(pairs)))
    for turn in served:
        size, least = pairs[turn.party.booking_id]
        assert turn.places == size or min(size, least) <= turn.places < size


@given(SIZES, st.integers(0, 30))
def test_parties_that_say_nothing_else_stay_whole(sizes: list[int], free: int) -> None:
    assert all(turn.places == sizes[turn.party.booking_id] for turn in turns(line_of(sizes), free))


@given(PARTIES, st.integers(0, 30))
def test_whoever_is_served_is_ahead_of_everybody_who_would_also_have_fitted(
    pairs: list[tuple[int, int]], free: int
) -> None:
    served = turns(in_part(pairs), free)
    if served and served[0].party.booking_id != 0:
        earlier = in_part(pairs)[: served[0].party.booking_id]
        assert all(party.needs > free for party in earlier)


@pytest.mark.parametrize(("hours_before_start", "hours_to_answer"), [(72, 24), (25, 24), (24, 2), (10, 2), (1, 1)])
def test_an_offer_stands_for_a_day_two_hours_on_the_last_and_never_past_the_start(
    hours_before_start: int, hours_to_answer: int
) -> None:
    now = STARTS_AT - timedelta(hours=hours_before_start)
    assert offer_until(now, STARTS_AT) == now + timedelta(hours=hours_to_answer)


def test_nothing_is_offered_after_the_start() -> None:
    assert offer_until(STARTS_AT, STARTS_AT) is None


@pytest.mark.parametrize(("hours_before_start", "more"), [(72, 24), (25, 24), (24, 2), (6, 2), (2, 2), (1, None)])
def test_more_time_is_as_much_as_an_offer_made_at_its_end_would_have_and_not_past_the_start(
    hours_before_start: int, more: int | None
) -> None:
    until = STARTS_AT - timedelta(hours=hours_before_start)
    longer = prolonged_until(until, STARTS_AT)
    assert longer == (until + timedelta(hours=more) if more else None)
