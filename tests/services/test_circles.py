"""Finding circles of swap wishes, without a database."""

from __future__ import annotations

from itertools import permutations

from hypothesis import given, settings
from hypothesis import strategies as st

from iclei_events.services.circles import Ask, Room, find, fits

A, B, C, D = range(4)
FULL = {slot: Room(capacity=4, taken=4) for slot in (A, B, C, D)}


def asks(*pairs: tuple[int, int] | tuple[int, int, int]) -> list[Ask]:
    """Wishes from a slot to another, of parties of two unless a size is given, the oldest first."""
    return [
        Ask(number, number, pair[2] if len(pair) == 3 else 2, pair[0], pair[1]) for number, pair in enumerate(pairs, 1)
    ]


def found(*pairs: tuple[int, int] | tuple[int, int, int], rooms: dict[int, Room] | None = None) -> list[int] | None:
    circle = find(asks(*pairs), rooms or FULL)
    return [ask.wish_id for ask in circle] if circle is not None else None


def test_two_who_want_each_others_times_are_a_circle() -> None:
    assert found((A, B), (B, A)) == [1, 2]


def test_three_are_a_circle_where_no_two_are() -> None:
    assert found((A, B), (B, C), (C, A)) == [1, 2, 3]


def test_wishes_that_lead_nowhere_are_no_circle() -> None:
    assert found((A, B), (B, C), (A, C)) is None


def test_of_two_circles_the_one_with_the_oldest_wish_comes_first() -> None:
    assert found((C, D), (A, B), (B, A), (D, C)) == [1, 4]


def test_of_two_parties_who_could_close_a_circle_the_one_who_asked_first_does() -> None:
    assert found((A, B), (B, A), (B, A)) == [1, 2]


def test_a_party_larger_than_the_place_it_would_get_is_no_part_of_a_circle() -> None:
    assert found((A, B, 3), (B, A, 2)) is None


def test_with_free_places_beside_a_larger_party_takes_part_if_it_stands_at_the_head_of_that_line() -> None:
    head = FULL | {B: Room(capacity=4, taken=3, head=1)}
    assert found((A, B, 3), (B, A, 2), rooms=head) == [1, 2]
    somebody_else = FULL | {B: Room(capacity=4, taken=3, head=None)}
    assert found((A, B, 3), (B, A, 2), rooms=somebody_else) is None


def test_a_slot_whose_capacity_was_lowered_below_what_is_held_takes_nobody_new() -> None:
    over = FULL | {B: Room(capacity=3, taken=4)}
    assert found((A, B), (B, A), rooms=over) is None


SLOTS = st.integers(0, 3)
WISHES = st.lists(
    st.tuples(SLOTS, SLOTS, st.integers(1, 3)).filter(lambda wish: wish[0] != wish[1]), min_size=2, max_size=6
)


@settings(deadline=None)
@given(WISHES, st.lists(st.integers(0, 2), min_size=4, max_size=4), st.sets(st.integers(1, 6)))
def test_a_circle_is_found_exactly_where_trying_everything_finds_one(
    wishes: list[tuple[int, int, int]], free: list[int], heads: set[int]
) -> None:
    everybody = asks(*wishes)
    of_line = {ask.target: ask.wish_id for ask in reversed(everybody) if ask.wish_id in heads}
    first = {target: min(ask.wish_id for ask in everybody if ask.target == target) for target in of_line}
    rooms = {slot: Room(10, 10 - free[slot], first.get(slot)) for slot in range(4)}
    tried = [
        path
        for length in (2, 3, 4)
        for path in permutations(everybody, length)
        if path[0].wish_id == min(ask.wish_id for ask in path)
        and len({ask.source for ask in path}) == length
        and fits(path, rooms)
    ]

    assert find(everybody, rooms) == min(tried, key=lambda path: [ask.wish_id for ask in path], default=None)
