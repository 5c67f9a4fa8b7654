"""A proof of work is ours, right, for what it was given for, and young enough: else it is worth nothing."""

from __future__ import annotations

import json
from base64 import b64decode, b64encode
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import pytest
from altcha import Challenge, solve_challenge

from iclei_events.db import db
from iclei_events.models import UsedProof
from iclei_events.services import pressure, proofs
from iclei_events.services.pressure import Load
from iclei_events.services.refusals import ProofWorthless
from tests import scenes
from tests.proofs import solve
from tests.times import AppClock

NOW: Final = datetime(2022, 5, 2, 10, 0, tzinfo=UTC)
KEY: Final = "a-key-that-is-long-enough-for-anybody"
OTHER_KEY: Final = "another-key-that-is-as-long-as-that-one"
OPENING: Final = "1-1651485600"


def answer(**changes: Any) -> str:
    """A right answer to a task of ours, altered."""
    given = json.loads(b64decode(solve(proofs.challenge_for(OPENING, NOW, KEY))))
    given["challenge"]["parameters"] |= changes.pop("parameters", {})
    given["solution"] |= changes.pop("solution", {})
    return b64encode(json.dumps(given).encode()).decode()


def read(given: str, *, purpose: str = OPENING, now: datetime = NOW, keys: tuple[str, ...] = (KEY,)) -> proofs.Proof:
    return proofs.read(given, purpose, now, keys)


def test_a_right_answer_is_a_proof_until_its_time_is_over() -> None:
    given = answer()

    proof = read(given)

    assert proof.expires_at == NOW + timedelta(minutes=20)
    assert read(given, now=NOW + timedelta(minutes=19, seconds=59)) == proof
    with pytest.raises(ProofWorthless):
        read(given, now=NOW + timedelta(minutes=20))


def test_each_task_has_a_name_of_its_own() -> None:
    assert read(answer()).challenge != read(answer()).challenge


def test_a_proof_for_another_opening_is_worth_nothing() -> None:
    with pytest.raises(ProofWorthless):
        read(answer(), purpose="2-1651485600")


def test_a_proof_under_a_key_of_somebody_else_is_worth_nothing() -> None:
    with pytest.raises(ProofWorthless):
        read(answer(), keys=(OTHER_KEY,))


def test_a_proof_from_before_the_key_was_changed_still_holds() -> None:
    assert read(answer(), keys=(OTHER_KEY, KEY)).expires_at == NOW + proofs.LASTS


@pytest.mark.parametrize(
    "changes",
    [
        {"solution": {"derivedKey": "00" * 32}},
        {"solution": {"derivedKey": None}},
        {"parameters": {"cost": 1}},
        {"parameters": {"data": {"for": OPENING, "until": 4_000_000_000}}},
        {"parameters": {"data": None}},
        {"parameters": {"keySignature": None}},
        {"parameters": {"keyPrefix": "00"}},
    ],
    ids=["guessed", "no answer", "easier", "later", "for nothing", "unsigned answer", "shorter"],
)
def test_an_altered_answer_is_worth_nothing(changes: dict[str, Any]) -> None:
    with pytest.raises(ProofWorthless):
        read(answer(**changes))


@pytest.mark.parametrize(
    "given",
    ["", "x", "å", "e30=", "bnVsbA==", "W10=", b64encode(b'{"challenge":[],"solution":1}').decode(), "A" * 100_000,
     b64encode(b"[" * 1400).decode()],
    ids=["nothing", "a letter", "a foreign letter", "no parts", "null", "a list", "odd parts", "very long", "deep"],
)  # fmt: skip
def test_what_is_no_answer_at_all_is_worth_nothing(given: str) -> None:
    with pytest.raises(ProofWorthless):
        read(given)


def test_the_work_lies_within_narrow_bounds() -> None:
    tasks = [json.loads(b64decode(proofs.challenge_for(OPENING, NOW, KEY))) for _ in range(3)]

    counters = [solution.counter for task in tasks if (solution := solve_challenge(Challenge.from_dict(task)))]

    assert all(proofs.FEWEST_TRIES <= counter <= proofs.MOST_TRIES for counter in counters)


@pytest.mark.usefixtures("app_context")
def test_a_used_proof_is_forgotten_once_it_has_expired(app_clock: AppClock) -> None:
    app_clock.stand_at(NOW)
    slot = scenes.make_slot()
    proof = read(answer())
    scenes.book(slot, "Amira", proof=proof)

    app_clock.advance(minutes=19)
    assert (proofs.forget_expired(), proofs.is_used(db.session(), proof)) == (0, True)
    app_clock.advance(minutes=1)
    db.session.rollback()
    assert proofs.forget_expired() == 1
    assert db.session.query(UsedProof).count() == 0


CALM: Final = {"in_line": 0, "per_second": 40, "forms": 40, "worthless": 0, "held": 100, "unconfirmed": 0}


@pytest.mark.parametrize(
    ("numbers", "is_high"),
    [
        ({}, False),
        ({"in_line": 1}, True),
        ({"forms": 41}, True),
        ({"per_second": 39}, True),
        ({"worthless": 10}, True),
        ({"forms": 12, "worthless": 9}, False),
        ({"unconfirmed": 20}, True),
        ({"unconfirmed": 19}, False),
        ({"held": 10, "unconfirmed": 9}, False),
        ({"held": 0, "forms": 0}, False),
    ],
)
def test_pressure_is_a_line_a_crowd_or_much_that_is_doubtful(numbers: dict[str, int], *, is_high: bool) -> None:
    assert pressure.is_high(Load(**CALM | numbers)) is is_high
