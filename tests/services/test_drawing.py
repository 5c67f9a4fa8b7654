"""The rule of the fair draw: the same chance for all, whole parties, honest wishes, a file that anybody can check."""

from __future__ import annotations

import math
import random
from collections import Counter
from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from iclei_events.services import draw_file, drawing
from iclei_events.services.drawing import Entry
from tests import draw_files

DRAWS = 10_000
SEEDS = [drawing.hash_of(f"seed {number}") for number in range(DRAWS)]
SLOTS = ("morning", "noon", "evening")

entries_of_a_draw = st.lists(
    st.tuples(st.integers(1, 6), st.permutations(SLOTS), st.integers(1, 3)), min_size=1, max_size=12
).map(lambda made: [Entry(f"CODE{nth}", size, tuple(wishes[:most])) for nth, (size, wishes, most) in enumerate(made)])
places_of_a_draw = st.fixed_dictionaries({slot: st.integers(0, 12) for slot in SLOTS})
seeds = st.integers(0, 2**64).map(lambda number: drawing.hash_of(str(number)))


def p_value(observed: Counter[object], expected: dict[object, float]) -> float:
    """How likely chance alone strays so far from what is expected (chi-square, by Wilson and Hilferty)."""
    assert set(observed) <= set(expected)
    total = sum((observed[kind] - wanted) ** 2 / wanted for kind, wanted in expected.items())
    free = len(expected) - 1
    distance = ((total / free) ** (1 / 3) - (1 - 2 / (9 * free))) / math.sqrt(2 / (9 * free))
    return math.erfc(distance / math.sqrt(2)) / 2


def test_in_10000_draws_every_entry_comes_at_every_position_equally_often() -> None:
    entries = [Entry(f"CODE{nth}", 1, ("morning",)) for nth in range(8)]
    positions: dict[str, Counter[object]] = {entry.pseudonym: Counter() for entry in entries}
    for seed in SEEDS:
        for position, entry in enumerate(drawing.in_order(entries, seed)):
            positions[entry.pseudonym][position] += 1
    evenly: dict[object, float] = dict.fromkeys(range(8), DRAWS / 8)
    assert {code: p_value(seen, evenly) > 0.01 for code, seen in positions.items()} == dict.fromkeys(positions, True)


@pytest.mark.parametrize("size", [1, 2, 3, 4])
def test_in_10000_draws_each_party_size_wins_as_often_as_all_orders_together_say(size: int) -> None:
    sizes = (1, 1, 2, 2, 3, 4)
    entries = [Entry(f"CODE{nth}", places, ("morning",)) for nth, places in enumerate(sizes)]
    expected: Counter[object] = Counter()
    for order in permutations(entries):
        expected[_winners(order, size)] += 1
    observed: Counter[object] = Counter()
    for seed in SEEDS:
        lots = drawing.draw(entries, {"morning": 6}, seed)
        observed[sum(lot.got is not None and lot.entry.size == size for lot in lots)] += 1
    per_order = DRAWS / math.factorial(len(sizes))
    assert p_value(observed, {kind: times * per_order for kind, times in expected.items()}) > 0.01


def _winners(order: tuple[Entry, ...], size: int) -> int:
    """How many parties of a size win in this order, counted in another way than the rule is written."""
    left, won = 6, 0
    for entry in order:
        if entry.size <= left:
            left -= entry.size
            won += entry.size == size
    return won


def test_a_crooked_order_is_found_by_the_same_test() -> None:
    crooked: Counter[object] = Counter()
    for seed in SEEDS[:2000]:
        crooked[0 if int(seed[:2], 16) < 40 else int(seed[2:4], 16) % 8] += 1
    assert p_value(crooked, dict.fromkeys(range(8), 2000 / 8)) < 0.01


@given(entries_of_a_draw, places_of_a_draw, seeds, st.randoms())
def test_when_somebody_entered_has_no_effect(
    entries: list[Entry], places: dict[str, int], seed: str, chance: random.Random
) -> None:
    shuffled = list(entries)
    chance.shuffle(shuffled)
    assert drawing.draw(shuffled, places, seed) == drawing.draw(entries, places, seed)


@given(entries_of_a_draw, places_of_a_draw, seeds)
def test_parties_stay_whole_and_no_slot_gives_out_more_than_it_has(
    entries: list[Entry], places: dict[str, int], seed: str
) -> None:
    lots = drawing.draw(entries, places, seed)
    given_out = Counter[str]()
    for lot in lots:
        if lot.got is not None:
            given_out[lot.got] += lot.entry.size
    assert {slot for slot in SLOTS if given_out[slot] > places[slot]} == set()
    assert [lot.position for lot in lots] == list(range(1, len(entries) + 1))
    assert sorted(lot.entry.pseudonym for lot in lots) == sorted(entry.pseudonym for entry in entries)


@given(entries_of_a_draw, places_of_a_draw, seeds)
def test_nobody_misses_a_dearer_wish_that_had_room_at_their_turn(
    entries: list[Entry], places: dict[str, int], seed: str
) -> None:
    for lot in drawing.draw(entries, places, seed):
        missed = lot.seen if lot.got is None else lot.seen[:-1]
        assert [left for _, left in missed if left >= lot.entry.size] == []


@given(entries_of_a_draw, places_of_a_draw, seeds, st.permutations(SLOTS), st.integers(1, 3))
def test_honest_wishes_never_hurt(
    entries: list[Entry], places: dict[str, int], seed: str, otherwise: list[str], most: int
) -> None:
    honest = entries[0]
    told = Entry(honest.pseudonym, honest.size, tuple(otherwise[:most]))

    def luck(one: Entry) -> int:
        lots = drawing.draw([one, *entries[1:]], places, seed)
        got = next(lot.got for lot in lots if lot.entry.pseudonym == honest.pseudonym)
        return honest.wishes.index(got) if got in honest.wishes else len(SLOTS)

    assert luck(honest) <= luck(told)


def test_a_whole_file_agrees_with_the_rule() -> None:
    assert draw_file.faults(draw_files.whole_file()) == []
    assert [draw_file.faults(draw_files.random_file(number)) for number in range(50)] == [[]] * 50


@pytest.mark.parametrize("what", draw_files.tampered(draw_files.whole_file()))
def test_a_tampered_file_is_found_out(what: str) -> None:
    assert draw_file.faults(draw_files.tampered(draw_files.whole_file())[what]) != []


@pytest.mark.parametrize(
    "odd", [{}, {"format": "other"}, {"format": draw_file.FORMAT}, {"format": draw_file.FORMAT, "list": 3}]
)
def test_a_file_that_is_no_draw_is_a_fault_and_no_crash(odd: dict[str, object]) -> None:
    assert len(draw_file.faults(odd)) == 1


def test_the_hashes_are_those_that_the_page_describes() -> None:
    """Worked out with ``printf %s … | sha256sum`` and ``openssl dgst -sha256 -mac HMAC``."""
    secret = "0" * 64
    assert drawing.hash_of(secret) == "60e05bd1b195af2f94112fa7197a5c88289058840ce7c6df9693756bc6250f55"
    seed = drawing.seed_of(secret, "3 9 14 21 26 30 34")
    assert seed == "4623309f4153bb160514717d8b803c7b520e42ed5db930a0a7811c13b20afe9e"
    mark = drawing.mark_of("22999YR3ZV", seed)
    assert mark == "df676d94a8e3ef8e531a26a476520c350382fcac13c1a11814f3dfe46ccfdbde"
    assert drawing.tidy(" A\u030a  1\n2 ") == "Å 1 2"
