"""What a worker does with more requests than it can do at once."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from flask import Flask
from werkzeug.test import Client, TestResponse

from iclei_events.web import overload
from iclei_events.web.overload import Bounded, Turns
from tests.clients import Page

PATIENCE = 10
BROWSER = {"Accept": "text/html,application/xhtml+xml"}


class Works:
    """An application that is busy until it is let go."""

    def __init__(self) -> None:
        self.go = threading.Event()
        self.at_work = threading.Semaphore(0)

    def __call__(self, _environ: object, start_response: Callable[..., object]) -> list[bytes]:
        self.at_work.release()
        self.go.wait(PATIENCE)
        start_response("200 OK", [("Content-Type", "text/plain")])
        return [b"done"]


class Busy:
    """A worker with one place, which is taken."""

    def __init__(self, app: Flask) -> None:
        self.works = Works()
        self.client = Client(Bounded(app, self.works, Turns(1)))
        self.threads = ThreadPoolExecutor(8)
        self.first = self.threads.submit(self.client.get, "/sv/")
        assert self.works.at_work.acquire(timeout=PATIENCE)

    def end(self) -> TestResponse:
        self.works.go.set()
        return self.first.result(PATIENCE)


@pytest.fixture
def busy(app: Flask, monkeypatch: pytest.MonkeyPatch) -> Iterator[Busy]:
    monkeypatch.setattr(overload, "PAGE_SECONDS", 0.05)
    worker = Busy(app)
    yield worker
    worker.end()
    worker.threads.shutdown()


@pytest.mark.database("sqlite")
@pytest.mark.parametrize(("language", "title"), [("sv", "Många vill in just nu"), ("en", "Many want in right now")])
def test_a_page_that_would_wait_too_long_is_one_that_asks_again_by_itself(
    busy: Busy, language: str, title: str
) -> None:
    answer = busy.client.get(f"/{language}/malmo-summit/tours", headers=BROWSER)

    assert answer.status_code == 200
    assert (answer.headers["Refresh"], answer.headers["Cache-Control"]) == ("3", "no-store")
    assert Page(answer).heading == title


@pytest.mark.database("sqlite")
def test_machines_are_told_with_a_503_when_to_come_again(busy: Busy) -> None:
    answer = busy.client.get("/sv/malmo-summit/tours", headers={"Accept": "application/json"})

    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "3")


@pytest.mark.database("sqlite")
def test_what_was_sent_waits_for_its_turn(busy: Busy) -> None:
    sent = busy.threads.submit(busy.client.post, "/sv/slots/siptex-1030/book", headers=BROWSER)
    time.sleep(3 * 0.05)
    waited = not sent.done()

    busy.end()

    assert waited
    assert sent.result(PATIENCE).data == b"done"


@pytest.mark.database("sqlite")
def test_what_was_sent_is_told_that_nothing_was_changed_when_its_turn_does_not_come(
    busy: Busy, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(overload, "SENT_SECONDS", 0.05)

    answer = busy.client.post("/sv/slots/siptex-1030/book", headers=BROWSER)

    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "3")
    assert answer.headers["X-Booking-Outcome"] == "refused"
    assert "Din bokning har inte ändrats." in Page(answer).text


@pytest.mark.database("sqlite")
@pytest.mark.parametrize("path", ["/healthz", "/readyz"])
def test_who_watches_over_the_server_never_waits(busy: Busy, path: str) -> None:
    asked = busy.threads.submit(busy.client.get, path)

    assert busy.works.at_work.acquire(timeout=PATIENCE)
    busy.end()
    assert asked.result(PATIENCE).data == b"done"


def test_turns_come_in_the_order_of_asking() -> None:
    turns, order = Turns(1), list[int]()
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
    turns = Turns(1)
    assert turns.enter(1, patient=True)

    assert not turns.enter(0.01, patient=True)
    turns.leave()

    assert turns.enter(0.01, patient=True)


def test_while_the_first_in_line_has_waited_too_long_newcomers_are_turned_away_at_once() -> None:
    turns = Turns(1)
    assert turns.enter(1, patient=True)
    waits = threading.Thread(target=turns.enter, args=[0.5], kwargs={"patient": True})
    waits.start()
    time.sleep(0.1)

    start = time.monotonic()
    refused = not turns.enter(0.05, patient=False)

    assert refused
    assert time.monotonic() - start < 0.04
    waits.join()
