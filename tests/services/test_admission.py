"""The rule of the waiting room: an order by lot for those who came early, and a line that the clock moves."""

from __future__ import annotations

import hmac
from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any, Final

import pytest

from iclei_events.services.admission import Line, Ticket, places_by_lot

OPENS_AT: Final = datetime(2022, 5, 2, 10, 0, tzinfo=UTC)
SEED: Final = "5eed" * 8
CHI_SQUARE_LIMIT: Final = {23: 49.73, 99: 148.23}
"""What chi-square with so many degrees of freedom stays under in 999 of 1,000 cases."""


def line(**fields: object) -> Line:
    given = {"early": 0, "late": 0, "per_second": 10, "let_in": 10, "counted_from": OPENS_AT, "seed": SEED, **fields}
    return Line(opens_at=OPENS_AT, **given)  # type: ignore[arg-type]


def seeds(count: int) -> list[str]:
    """Seeds as they are drawn, the same in every run."""
    return [sha256(f"seed {number}".encode()).hexdigest()[:32] for number in range(count)]


def chi_square(counts: Counter[Any], cells: int) -> float:
    expected = counts.total() / cells
    return sum((counts[cell] - expected) ** 2 for cell in counts) / expected + expected * (cells - len(counts))


def early(number: int) -> Ticket:
    return Ticket(early=True, number=number)


def late(number: int) -> Ticket:
    return Ticket(early=False, number=number)


def after(seconds: float) -> datetime:
    return OPENS_AT + timedelta(seconds=seconds)


@pytest.mark.parametrize("count", [1, 2, 3, 7, 1000])
def test_every_early_ticket_has_a_place_of_its_own(count: int) -> None:
    assert sorted(places_by_lot(SEED, count)) == list(range(1, count + 1))


@pytest.mark.parametrize("ticket", [1, 50, 100])
def test_whenever_somebody_came_early_each_place_is_as_likely(ticket: int) -> None:
    places = Counter(places_by_lot(seed, 100)[ticket - 1] for seed in seeds(2_000))

    assert chi_square(places, 100) < CHI_SQUARE_LIMIT[99]


def test_every_order_of_a_few_is_as_likely() -> None:
    orders = Counter(tuple(places_by_lot(seed, 4)) for seed in seeds(4_800))

    assert len(orders) == 24
    assert chi_square(orders, 24) < CHI_SQUARE_LIMIT[23]


def test_an_order_that_favours_who_came_first_would_be_found_out() -> None:
    biased = Counter(min(places_by_lot(seed, 100)[0], places_by_lot(seed, 100)[99]) for seed in seeds(2_000))

    assert chi_square(biased, 100) > 3 * CHI_SQUARE_LIMIT[99]


def test_anybody_with_the_seed_can_work_the_order_out_again() -> None:
    def lot(number: int) -> bytes:
        return hmac.new(bytes.fromhex(SEED), str(number).encode(), "sha256").digest()

    order = sorted(range(1, 51), key=lot)

    assert [places_by_lot(SEED, 50)[number - 1] for number in order] == list(range(1, 51))


def test_who_came_late_stands_behind_all_who_came_early_in_the_order_of_coming() -> None:
    stands = line(early=30, late=3)

    assert [stands.place_of(late(number)) for number in (1, 2, 3)] == [31, 32, 33]
    assert max(stands.place_of(early(number)) or 0 for number in range(1, 31)) == 30


def test_before_the_lot_is_drawn_nobody_has_a_place_and_nobody_is_let_in() -> None:
    stands = line(early=2, seed=None, let_in=0)

    assert stands.place_of(early(1)) is None
    assert [stands.let_in_by(after(seconds)) for seconds in (-1, 0, 60)] == [0, 0, 0]


def test_before_the_opening_nobody_is_let_in() -> None:
    assert line(early=2).let_in_by(after(-0.001)) == 0


def test_the_line_moves_by_so_many_a_second() -> None:
    stands = line(early=100)

    assert [stands.let_in_by(after(seconds)) for seconds in (0, 0.05, 0.1, 1, 6.5)] == [10, 10, 11, 20, 75]


def test_the_first_seconds_worth_comes_in_at_the_opening() -> None:
    opened = line(early=100, seed=None, let_in=0).drawn(SEED)

    assert opened.let_in_by(OPENS_AT) == 10
    assert sum(opened.is_let_in(early(number), OPENS_AT) for number in range(1, 101)) == 10


def test_a_paused_line_stands_still_and_goes_on_where_it_stood() -> None:
    paused = replace(line(early=100).counted(after(2)), paused_at=after(2))
    resumed = replace(paused.counted(after(60)), paused_at=None)

    assert [paused.let_in_by(after(seconds)) for seconds in (2, 30, 60)] == [30, 30, 30]
    assert [resumed.let_in_by(after(seconds)) for seconds in (60, 61)] == [30, 40]


def test_a_line_that_was_paused_before_the_opening_lets_nobody_in_at_it() -> None:
    opened = line(early=100, seed=None, let_in=0, paused_at=after(-60)).drawn(SEED)

    assert opened.let_in_by(after(30)) == 0


def test_another_rate_counts_from_when_it_was_set() -> None:
    faster = replace(line(early=500).counted(after(10)), per_second=50)

    assert [faster.let_in_by(after(seconds)) for seconds in (10, 11)] == [110, 160]


def test_quiet_seconds_do_not_add_up_to_a_crowd_let_in_at_once() -> None:
    quiet = line(early=5).without_savings(after(100))

    assert quiet.let_in_by(after(100)) == 5 + 10
    assert quiet.let_in_by(after(101)) == 5 + 20


def test_a_line_that_somebody_stands_in_is_not_slowed_by_who_comes_next() -> None:
    stands = line(early=100, late=20)

    assert stands.without_savings(after(3)) == stands


def test_it_is_told_how_many_are_before_one() -> None:
    stands = line(early=0, late=50)

    assert [stands.before(late(number), OPENS_AT) for number in (10, 11, 12, 50)] == [0, 0, 1, 39]
    assert stands.waiting(OPENS_AT) == 40
    assert stands.waiting(after(60)) == 0
