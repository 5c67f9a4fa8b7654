"""What a worker does with more requests than it can do at once."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import Client, TestResponse

from iclei_events.config import AT_ONCE, AT_ONCE_ON_SQLITE
from iclei_events.web import overload
from iclei_events.web.overload import TURN, Bounded, Lanes, Turn, Turns
from tests.clients import Page
from tests.databases import Database

PATIENCE = 10
BROWSER = {"Accept": "text/html,application/xhtml+xml"}
ROOM = "/sv/slots/siptex-1030/waiting-room"

pytestmark = pytest.mark.database("sqlite")


class Works:
    """An application that changes over to the lane of work, and is busy until it is let go."""

    def __init__(self) -> None:
        self.go = threading.Event()
        self.at_work = threading.Semaphore(0)

    def __call__(self, environ: dict[str, Turn], start_response: Callable[..., object]) -> list[bytes]:
        if TURN in environ:
            assert environ[TURN].change_to_work()
        self.at_work.release()
        self.go.wait(PATIENCE)
        start_response("200 OK", [("Content-Type", "text/plain")])
        return [b"done"]


class Busy:
    """A worker with one place in each lane and none in line; so many of its places are taken."""

    def __init__(self, app: Flask) -> None:
        self.works = Works()
        self.lanes: Lanes = app.extensions["lanes"]
        self.client = Client(Bounded(app, self.works))
        self.threads = ThreadPoolExecutor(8)
        self.first = self.threads.submit(self.client.get, "/sv/")
        assert self.works.at_work.acquire(timeout=PATIENCE)
        assert self.lanes.light.enter(0, patient=False)

    def end(self) -> TestResponse:
        self.works.go.set()
        return self.first.result(PATIENCE)


@pytest.fixture
def busy(app: Flask, monkeypatch: pytest.MonkeyPatch) -> Iterator[Busy]:
    monkeypatch.setattr(overload, "PAGE_SECONDS", 0.05)
    monkeypatch.setitem(app.extensions, "lanes", Lanes(Turns(1, 0), Turns(1, 0)))
    worker = Busy(app)
    yield worker
    worker.end()
    worker.threads.shutdown()


@pytest.mark.parametrize(("language", "title"), [("sv", "Många vill in just nu"), ("en", "Many want in right now")])
def test_a_page_that_would_wait_too_long_is_one_that_asks_again_by_itself(
    busy: Busy, language: str, title: str
) -> None:
    answer = busy.client.get(f"/{language}/malmo-summit/tours", headers=BROWSER)

    assert answer.status_code == 200
    assert (answer.headers["Refresh"], answer.headers["Cache-Control"]) == ("3", "no-store")
    assert "frame-ancestors 'none'" in answer.headers["Content-Security-Policy"]
    assert Page(answer).heading == title


def test_machines_are_told_with_a_503_when_to_come_again(busy: Busy) -> None:
    answer = busy.client.get("/sv/malmo-summit/tours", headers={"Accept": "application/json"})

    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "3")


@pytest.mark.parametrize("path", ["/sv/slots/siptex-1030/book", ROOM])
def test_what_was_sent_waits_for_its_turn(busy: Busy, path: str) -> None:
    sent = busy.threads.submit(busy.client.post, path, headers=BROWSER)
    time.sleep(3 * 0.05)
    waited = not sent.done()

    busy.lanes.light.leave()
    busy.end()

    assert waited
    assert sent.result(PATIENCE).data == b"done"


def test_what_was_sent_is_told_that_nothing_was_changed_when_its_turn_does_not_come(
    busy: Busy, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(overload, "SENT_SECONDS", 0.05)

    answer = busy.client.post("/sv/slots/siptex-1030/book", headers=BROWSER)

    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "3")
    assert answer.headers["X-Booking-Outcome"] == "refused"
    assert "Din bokning har inte ändrats." in Page(answer).text


@pytest.mark.parametrize("path", ["/healthz", "/readyz"])
def test_who_watches_over_the_server_never_waits(busy: Busy, path: str) -> None:
    asked = busy.threads.submit(busy.client.get, path)

    assert busy.works.at_work.acquire(timeout=PATIENCE)
    busy.end()
    assert asked.result(PATIENCE).data == b"done"


@pytest.fixture
def full(app: Flask, summit: None, monkeypatch: pytest.MonkeyPatch) -> FlaskClient:
    """Reaches a worker that has no time for work, but for what is light."""
    monkeypatch.setattr(overload, "PAGE_SECONDS", 0.01)
    monkeypatch.setattr(overload, "SENT_SECONDS", 0.01)
    monkeypatch.setitem(app.extensions, "lanes", Lanes(Turns(1, 0), Turns(0, 0)))
    app.config["PAGE_CACHE_SECONDS"] = 60
    return app.test_client()


@pytest.mark.parametrize(
    "path", ["/sv/malmo-summit/tours", "/sv/malmo-summit/programme", "/sv/slots/siptex-1030/book", "/sv/malmo-summit/"]
)
def test_a_page_that_is_kept_for_everybody_needs_no_time_for_work(full: FlaskClient, path: str) -> None:
    assert "Refresh" not in full.get(path, headers=BROWSER).headers


@pytest.mark.parametrize("path", ["/sv/malmo-summit/tours?anew=1", "/sv/my", "/sv/malmo-summit/programme?q=x"])
def test_a_page_that_has_to_be_made_for_one_waits_for_time_to_work(full: FlaskClient, path: str) -> None:
    assert full.get(path, headers=BROWSER).headers["Refresh"] == "3"


def test_a_booking_waits_for_time_to_work(full: FlaskClient) -> None:
    answer = full.post("/sv/slots/siptex-1030/book", data={"name": "Amira"}, headers=BROWSER)

    assert (answer.status_code, answer.headers["X-Booking-Outcome"]) == (503, "refused")


def test_every_request_gives_its_place_back(app: Flask, full: FlaskClient) -> None:
    for path in ("/sv/malmo-summit/tours", "/sv/my", "/sv/nowhere", "/sv/malmo-summit/tours?anew=1"):
        full.get(path)

    lanes = app.extensions["lanes"]
    assert (lanes.light._free, lanes.work._free) == (1, 0)


def test_turns_come_in_the_order_of_asking() -> None:
    turns, order = Turns(1, 9), list[int]()
    assert turns.enter(1, patient=True)

    def ask(number: int) -> None:
        assert turns.enter(PATIENCE, patient=True)
        order.append(number)
        turns.leave()

    threads = []
    for number in range(5):
        threads.append(threading.Thread(target=ask, args=[number]))
        threads[-1].start()
        while len(turns._waiting) <= number:
            time.sleep(0.001)
    turns.leave()
    for thread in threads:
        thread.join(PATIENCE)

    assert order == [0, 1, 2, 3, 4]


def test_a_turn_that_was_not_waited_for_is_not_lost() -> None:
    turns = Turns(1, 9)
    assert turns.enter(1, patient=True)

    assert not turns.enter(0.01, patient=True)
    turns.leave()

    assert turns.enter(0.01, patient=True)


def test_a_line_of_the_patient_ends_too(app: Flask) -> None:
    """Else what is sent would take every thread, and nobody could be told anything any more."""
    turns = Turns(0, 0, patient_in_line=1)
    waits = threading.Thread(target=turns.enter, args=[0.5], kwargs={"patient": True})
    waits.start()
    while not turns._waiting:
        time.sleep(0.001)

    start = time.monotonic()
    assert not turns.enter(PATIENCE, patient=True)
    assert time.monotonic() - start < 0.04
    waits.join()


def quickly_refused(turns: Turns, seconds: float) -> bool:
    start = time.monotonic()
    return not turns.enter(seconds, patient=False) and time.monotonic() - start < 0.04


def test_while_the_first_in_line_has_waited_too_long_newcomers_are_turned_away_at_once() -> None:
    turns = Turns(1, 9)
    assert turns.enter(1, patient=True)
    waits = threading.Thread(target=turns.enter, args=[0.5], kwargs={"patient": True})
    waits.start()
    time.sleep(0.1)

    assert quickly_refused(turns, 0.05)
    waits.join()


def test_where_enough_wait_already_newcomers_are_turned_away_at_once_unless_they_are_patient() -> None:
    turns = Turns(1, 1)
    assert turns.enter(1, patient=True)
    waiting = [threading.Thread(target=turns.enter, args=[0.5], kwargs={"patient": True}) for _ in range(2)]
    for one in waiting:
        one.start()
    while len(turns._waiting) < 2:
        time.sleep(0.001)

    assert quickly_refused(turns, 10)
    for one in waiting:
        one.join()


def test_where_bookings_are_stored_by_one_commit_more_of_them_are_worked_for_at_once(
    app: Flask, database: Database
) -> None:
    places = {"sqlite": AT_ONCE_ON_SQLITE, "postgresql": AT_ONCE}[database.name]
    assert app.extensions["lanes"].work._free == places
    assert AT_ONCE_ON_SQLITE > AT_ONCE
