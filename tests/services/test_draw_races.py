"""Many at once around a draw, on both databases; each race has a negative control without its lock."""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from threading import Event
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select
from sqlalchemy.orm import Session

from iclei_events import clock
from iclei_events import db as ground
from iclei_events.models import Booking, BookingStatus, Draw, Slot
from iclei_events.services import (
    changes,
    confirming,
    draw_fates,
    draw_file,
    draw_people,
    draw_results,
    draws,
    places,
    refusals,
)
from iclei_events.services.bookings import Outcome
from iclei_events.services.draw_entries import Answer
from tests import scenes
from tests.draws import CLOSES_AT, DRAWN_AT, VALUE, draw_now, enter, entry, make_draw, published, status
from tests.meetings import Meeting
from tests.scenes import ORGANISER, broken, counters, mails
from tests.services.test_races import NoLine, at_once, kinds

pytestmark = [pytest.mark.race, pytest.mark.usefixtures("app_context")]

PAUSE = 0.05


@pytest.fixture(autouse=True)
def _pause_while_locked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(places, "in_critical_section", lambda _point: time.sleep(PAUSE))


@contextmanager
def without_the_lock_of_the_draw(monkeypatch: pytest.MonkeyPatch, *, together: int) -> Iterator[None]:
    """The negative control: nobody is kept out, and so many read the draw before the first of them goes on."""
    all_have_read = Meeting(together)

    def read(session: Session, draw_id: int, *, now: datetime) -> Draw:
        draw = session.get_one(Draw, draw_id)
        if draw.closed_at is None and draw.closes_at <= now:
            draws._close(session, draw, now)
        all_have_read.wait()
        return draw

    def read_slots(session: Session, draw: Draw) -> list[Slot]:
        return list(session.scalars(select(Slot).where(Slot.draw_id == draw.id).order_by(Slot.id)))

    with monkeypatch.context() as patch:
        patch.setattr(draws, "locked", read)
        patch.setattr(draws, "locked_slots", read_slots)
        patch.setattr(ground, "_write_line", NoLine())
        patch.setattr(ground, "WRITES", {"writes": False})
        yield


def test_two_who_draw_at_once_draw_once(app: Flask) -> None:
    draw = make_draw([3])
    for number in range(6):
        enter(draw, f"P{number}")
    clock.freeze(DRAWN_AT)
    answers = at_once(app, *(lambda: draw_results.run(draw.id, VALUE, by=ORGANISER) for _ in range(4)))
    assert [(answer.entries, answer.won) for answer in answers] == [(6, 3)] * 4
    assert (counters(draw.slots[0]), mails("draw_won"), mails("draw_lost")) == ((3, 0, 3), 3, 3)
    assert (draw_file.faults(published(draw)), broken()) == ([], [])


def test_two_with_different_values_draw_with_one_of_them(app: Flask) -> None:
    draw = make_draw([2])
    for number in range(4):
        enter(draw, f"P{number}")
    clock.freeze(DRAWN_AT)
    values = ("1 2 3", "4 5 6")
    answers = at_once(app, *(lambda value=value: draw_results.run(draw.id, value, by=ORGANISER) for value in values))
    assert kinds(answers) == Counter({"Summary": 1, "AlreadyDrawn": 1})
    assert (counters(draw.slots[0]), mails("draw_won"), draw_file.faults(published(draw))) == ((2, 0, 2), 2, [])


@contextmanager
def nobody_stores_before_all_have_drawn(monkeypatch: pytest.MonkeyPatch, together: int) -> Iterator[None]:
    settle, all_have_drawn = draw_fates.settle, Meeting(together)

    def settle_together(*drawn: Any, **at: Any) -> None:
        all_have_drawn.wait()
        settle(*drawn, **at)

    with monkeypatch.context() as patch:
        patch.setattr(draw_fates, "settle", settle_together)
        yield


@pytest.mark.database("postgresql")
def test_control_without_the_lock_the_lots_are_drawn_twice(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    draw = make_draw([9])
    for number in range(4):
        enter(draw, f"P{number}")
    clock.freeze(DRAWN_AT)
    draws.tend()
    with (
        without_the_lock_of_the_draw(monkeypatch, together=2),
        nobody_stores_before_all_have_drawn(monkeypatch, together=2),
    ):
        at_once(app, *(lambda: draw_results.run(draw.id, VALUE, by=ORGANISER) for _ in range(2)))
    assert (mails("draw_won"), counters(draw.slots[0])[0]) == (8, 8)
    assert broken() != []


def test_everybody_who_was_told_entered_before_closing_stands_in_the_list(app: Flask) -> None:
    draw = make_draw([5])
    answers, listed = _enter_while_closing(app, draw)
    entered = sum(getattr(answer, "outcome", None) is Outcome.ENTERED for answer in answers)
    assert (entered, len(listed)) == (entered, entered)
    assert broken() == []


@pytest.mark.database("postgresql")
def test_control_without_the_lock_somebody_enters_a_closed_list(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    draw = make_draw([5])
    with without_the_lock_of_the_draw(monkeypatch, together=5):
        answers, listed = _enter_while_closing(app, draw)
    assert sum(getattr(answer, "outcome", None) is Outcome.ENTERED for answer in answers) > len(listed)


def _enter_while_closing(app: Flask, draw: Draw) -> tuple[list[object], list[object]]:
    """Some come in the last second; the worker, whose clock is a second ahead, closes the draw at the same moment."""
    clock.freeze(CLOSES_AT - timedelta(seconds=1))

    enter_all = [lambda n=n: enter(draw, f"P{n}") for n in range(3)]
    answers = at_once(app, *enter_all, lambda: _close(draw), lambda: enter(draw, "Late"))
    return answers, json.loads(draw_now(draw).entry_list or "")["entries"]


def test_the_same_person_entering_twice_at_once_counts_once(app: Flask) -> None:
    draw = make_draw([5])
    answers = at_once(app, *(lambda: enter(draw, "Amira") for _ in range(6)))
    assert len({answer.reference for answer in answers}) == 1
    assert (draws.count_entries(draw), mails("draw_entered")) == (1, 2)


@pytest.mark.database("postgresql")
def test_control_without_the_lock_only_the_database_keeps_the_same_person_out(
    app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    draw = make_draw([5])
    standing, all_have_looked = draw_people.standing, Meeting(6)

    def look_together(*arguments: Any, **more: Any) -> Booking | None:
        found = standing(*arguments, **more)
        all_have_looked.wait()
        return found

    monkeypatch.setattr(draw_people, "standing", look_together)
    with without_the_lock_of_the_draw(monkeypatch, together=6):
        answers = at_once(app, *(lambda: enter(draw, "Amira") for _ in range(6)))
    assert kinds(answers) == {"entered": 1, "IntegrityError": 5}
    assert draws.count_entries(draw) == 1


def test_an_entry_confirmed_as_the_draw_closes_is_in_the_list_or_told_that_it_is_too_late(app: Flask) -> None:
    draw, answers, results = _confirmed_at_closing(app)
    listed = {one["pseudonym"] for one in json.loads(draw_now(draw).entry_list or "")["entries"]}
    for answer, result in zip(answers, results, strict=True):
        in_list = entry(answer).pseudonym in listed
        assert in_list == (result is None) == (status(answer) is BookingStatus.ENTERED)
        assert in_list or isinstance(result, refusals.OfferLapsed)
    assert broken() == []


@pytest.mark.database("postgresql")
def test_control_without_the_slots_lock_an_entry_that_was_confirmed_misses_the_list(
    app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It looks, and the draw closes before it decides."""
    draw = make_draw([3])
    answer = enter(draw, "Amira", unproven=True)
    clock.freeze(CLOSES_AT - timedelta(seconds=1))
    has_looked, is_closed = Event(), Event()

    def look(point: str) -> None:
        if point == "read":
            has_looked.set()
            assert is_closed.wait(5)

    def close() -> None:
        assert has_looked.wait(5)
        _close(draw)
        is_closed.set()

    monkeypatch.setattr(places, "in_critical_section", look)
    monkeypatch.setattr(places, "locked_all", _looked_at)
    assert at_once(app, lambda: confirming.confirm(answer.reference), close) == [None, None]
    assert json.loads(draw_now(draw).entry_list or "")["entries"] == []


def _looked_at(session: Session, slot_ids: set[int], *, now: datetime) -> dict[int, Slot]:
    return {slot_id: session.get_one(Slot, slot_id) for slot_id in slot_ids}


def _confirmed_at_closing(app: Flask) -> tuple[Draw, list[Answer], list[Any]]:
    """Parties confirm in the last second; the worker, whose clock is a second ahead, closes the draw meanwhile."""
    draw = make_draw([3])
    answers = [enter(draw, f"P{number}", unproven=True) for number in range(3)]
    clock.freeze(CLOSES_AT - timedelta(seconds=1))
    confirm = [lambda answer=answer: confirming.confirm(answer.reference) for answer in answers]
    *results, _closed = at_once(app, *confirm, lambda: _close(draw))
    return draw, answers, results


def _close(draw: Draw) -> None:
    with ground.transaction() as session:
        draws.locked(session, draw.id, now=CLOSES_AT)


def test_who_withdraws_while_the_lots_are_drawn_holds_nothing(app: Flask) -> None:
    draw = make_draw([2])
    answers = [enter(draw, f"P{number}") for number in range(4)]
    clock.freeze(DRAWN_AT)
    at_once(
        app,
        lambda: draw_results.run(draw.id, VALUE, by=ORGANISER),
        *(lambda answer=answer: changes.cancel(answer.reference) for answer in answers[:2]),
    )
    left = [scenes.booking(answer.reference).status for answer in answers]
    assert left == [BookingStatus.CANCELLED] * 2 + [BookingStatus.OFFERED] * 2
    assert (counters(draw.slots[0]), broken(), draw_file.faults(published(draw))) == ((2, 0, 0), [], [])
