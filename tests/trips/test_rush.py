"""The opening rush in small: a crowd at the site as ``serve`` starts it. Right answers alone count here, not times."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import URL

from tests import postgres
from tests.bench import rush, rush_checker
from tests.bench.rush_checker import Seats, Stored
from tests.bench.rush_client import Exchange, History
from tests.bench.rush_people import Departure, Person, crowd

PEOPLE = 24
SECONDS = 1
PER_SECOND = 3
"""Far fewer than come, even where a busy machine answers late, so that there is a line."""


@pytest.fixture
def url(postgres_server: URL) -> Iterator[str]:
    with postgres.database(postgres_server, f"rush_{os.getpid()}") as address:
        yield address.render_as_string(hide_password=False)


def test_in_a_rush_everybody_gets_a_definite_answer_that_is_true(url: str, tmp_path: Path) -> None:
    result = rush.run(tmp_path, url, people=PEOPLE, seconds=SECONDS, per_second=PER_SECOND)

    assert {promise: cases for promise, cases in result.violations.items() if cases} == {}
    assert sum(result.ends.values()) == PEOPLE
    assert result.waits["ticket"].count >= PEOPLE * 0.2


WISH = Departure("siptex-1030", "siptex")
AMIRA = Person(1, 0.0, (WISH,), adults=2, children=0, joins_queue=False)
BOOKED = Stored("ABC", WISH.slot, 2, "confirmed", AMIRA.email, 1.0)
YES = Exchange(1, "post", 1.0, 1.1, 303, "confirmed", WISH.slot, "ABC")
NO = Exchange(1, "post", 1.0, 1.1, 409, "full", WISH.slot)


def judged(exchange: Exchange, *bookings: Stored, end: str = "confirmed", refused: int = 0, taken: int = 2) -> set[str]:
    """The promises that the judge finds broken."""
    history = History(exchanges=[exchange], ends={1: end}, refused_connections=refused)
    seats = Seats({WISH.slot: 5}, {WISH.slot: taken}, bookings)
    return {
        promise for promise, cases in rush_checker.violations(history, [AMIRA], seats, [WISH.slot]).items() if cases
    }


def test_the_judge_is_content_with_a_booking_that_is_there() -> None:
    assert judged(YES, BOOKED) == set()


@pytest.mark.parametrize(
    ("found", "promise"),
    [
        (judged(YES), "whoever was told yes has it"),
        (judged(YES, replace(BOOKED, places=1)), "whoever was told yes has it"),
        (judged(YES, BOOKED, replace(BOOKED, reference="DEF")), "nobody has more than they asked for"),
        (judged(YES, BOOKED, taken=6), "no place was given twice"),
        (judged(NO, end="full"), "nobody was told that it was full while there was room"),
        (judged(replace(YES, status=503), BOOKED), "no answer was a 5xx"),
        (judged(replace(YES, status=0), BOOKED), "every request was answered"),
        (judged(YES, BOOKED, refused=1), "no connection was refused"),
        (judged(YES, BOOKED, end="nothing"), "everybody has a definite answer"),
    ],
)
def test_the_judge_finds_each_broken_promise(found: set[str], promise: str) -> None:
    assert found == {promise}


def test_the_judge_takes_a_no_for_right_once_the_party_did_not_fit() -> None:
    others = [replace(BOOKED, reference=name, email=f"{name}@example.se", made=0.9) for name in ("DEF", "GHI")]

    assert judged(NO, *others, end="full") == set()
    assert judged(NO, *(replace(one, made=1.2) for one in others), end="full") != set()


def test_two_of_five_people_come_in_the_first_sixth_of_the_time() -> None:
    arrivals = [person.arrives for person in crowd(5000, 60.0, [WISH, Departure("siptex-1230", "siptex")])]

    assert sum(arrives < 10 for arrives in arrivals) == 2000
    assert 0 <= min(arrivals) <= max(arrivals) <= 60
