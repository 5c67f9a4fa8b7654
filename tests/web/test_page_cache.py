"""Public pages come from memory until what they show has changed."""

from __future__ import annotations

import gzip
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import brotli
import pytest
from flask import Flask
from flask.testing import FlaskClient

from iclei_events.web import page_cache
from iclei_events.web.page_cache import KeptPage, PageCache
from tests import queries
from tests.residents import Resident
from tests.times import AppClock

TOURS = "/sv/malmo-summit/tours"
A_WHILE = 60


@pytest.fixture
def cache(app: Flask, summit: None) -> Iterator[PageCache]:
    """An empty cache that asks the database anew for every page."""
    app.config["PAGE_CACHE_SECONDS"] = 1e-9
    app.extensions["page_cache"] = PageCache()
    yield app.extensions["page_cache"]
    del app.extensions["page_cache"]


@pytest.mark.usefixtures("cache")
def test_the_second_visitor_costs_one_query(app: Flask, client: FlaskClient) -> None:
    first = client.get(TOURS)
    with queries.noted(app) as statements:
        assert app.test_client().get(TOURS).data == first.data
    assert len(statements) == 1


def test_within_the_time_a_page_may_be_old_nothing_is_asked(app: Flask, client: FlaskClient, cache: PageCache) -> None:
    app.config["PAGE_CACHE_SECONDS"] = A_WHILE
    client.get(TOURS)
    with queries.noted(app) as statements:
        client.get(TOURS)
    assert statements == []


@pytest.mark.usefixtures("cache")
def test_a_booking_shows_on_the_next_page(app: Flask, client: FlaskClient) -> None:
    before = client.get(TOURS).data
    resident = Resident(app)
    resident.send(resident.open("/sv/slots/siptex-1030/book"), adults=6)
    assert client.get(TOURS).data != before


@pytest.mark.usefixtures("cache")
def test_booking_opens_on_the_page_at_the_very_minute(client: FlaskClient, app_clock: AppClock) -> None:
    app_clock.stand_at("2022-05-02T11:59:59+02:00")
    assert "Bokningen öppnar" in client.get(TOURS).get_data(as_text=True)
    app_clock.stand_at("2022-05-02T12:00:00+02:00")
    assert "Bokningen öppnar" not in client.get(TOURS).get_data(as_text=True)


def test_who_has_a_booking_never_gets_nor_leaves_a_shared_page(
    app: Flask, client: FlaskClient, cache: PageCache
) -> None:
    resident = Resident(app)
    resident.send(resident.open("/sv/slots/siptex-1030/book"))
    own = resident.client.get(TOURS)
    assert "Du har plats" in own.get_data(as_text=True)
    assert own.headers["Cache-Control"] == "private, no-store"
    assert "Cookie" in own.headers["Vary"]
    assert len(cache) == 0
    assert "Du har plats" not in client.get(TOURS).get_data(as_text=True)


def test_a_visitor_with_an_empty_form_open_still_gets_the_shared_page(app: Flask, cache: PageCache) -> None:
    resident = Resident(app)
    resident.open("/sv/slots/siptex-1030/book")
    resident.open(TOURS)
    assert len(cache) == 1


@pytest.mark.database("sqlite")
@pytest.mark.usefixtures("cache")
@pytest.mark.parametrize(
    ("accepted", "coding"),
    [
        ("gzip, deflate, br", "br"),
        ("gzip", "gzip"),
        ("br;q=0, gzip;q=0.5", "gzip"),
        ("", ""),
        ("identity", ""),
        ("x", ""),
    ],
)
def test_a_page_comes_in_the_coding_the_browser_takes(client: FlaskClient, accepted: str, coding: str) -> None:
    plain = client.get(TOURS).data
    answer = client.get(TOURS, headers={"Accept-Encoding": accepted})
    assert answer.headers.get("Content-Encoding", "") == coding
    read = {"br": brotli.decompress, "gzip": gzip.decompress, "": bytes}[coding]
    assert read(answer.data) == plain
    assert answer.headers["Vary"] == "Accept-Encoding, Cookie"


@pytest.mark.usefixtures("cache")
def test_what_the_browser_has_already_is_not_sent_again(app: Flask, client: FlaskClient) -> None:
    tags = {client.get(TOURS, headers={"Accept-Encoding": coding}).headers["ETag"] for coding in ("br", "gzip", "")}
    assert len(tags) == 3
    tag = client.get(TOURS).headers["ETag"]
    answer = client.get(TOURS, headers={"If-None-Match": tag})
    assert (answer.status_code, answer.data) == (304, b"")
    assert answer.headers["Cache-Control"] == "no-cache"
    assert client.get(TOURS, headers={"If-None-Match": '"other"'}).status_code == 200


@pytest.mark.usefixtures("cache")
def test_head_is_as_get_without_the_page(client: FlaskClient) -> None:
    got, asked = client.get(TOURS), client.head(TOURS)
    assert (asked.status_code, asked.data) == (200, b"")
    assert asked.headers["ETag"] == got.headers["ETag"]


def test_each_language_and_each_filter_is_a_page_of_its_own(client: FlaskClient, cache: PageCache) -> None:
    pages = {
        client.get(path).data for path in (TOURS, "/en/malmo-summit/tours", f"{TOURS}?language=ar", f"{TOURS}?free=1")
    }
    assert len(pages) == len(cache) == 4


@pytest.mark.database("sqlite")
@pytest.mark.parametrize(
    "query", ["?x=1", "?language=xx", "?theme=", "?language=sv&language=en", "?free=7", "?language=sv&utm=abc"]
)
def test_addresses_that_anybody_can_make_up_fill_no_memory(client: FlaskClient, cache: PageCache, query: str) -> None:
    for number in range(3):
        assert client.get(f"{TOURS}{query}{number}").status_code == 200
    assert len(cache) == 0


def test_searches_and_missing_pages_are_not_kept(client: FlaskClient, cache: PageCache) -> None:
    assert client.get("/sv/malmo-summit/programme?q=malmö").status_code == 200
    assert client.get("/sv/malmo-summit/tours/nope").status_code == 404
    assert len(cache) == 0


def test_the_memory_is_bounded_and_drops_what_nobody_wants(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(page_cache, "MOST_PAGES", 3)
    cache = PageCache()
    for name in "abc":
        cache.keep(name, KeptPage(name.encode(), (1,)))
    assert cache.find("a", (1,)) is not None
    cache.keep("d", KeptPage(b"d", (1,)))
    assert [cache.find(name, (1,)) is not None for name in "abcd"] == [True, False, True, True]
    monkeypatch.setattr(page_cache, "MOST_BYTES", 10)
    cache.keep("e", KeptPage(b"12345", (1,)))
    assert [cache.find(name, (1,)) is not None for name in "abcde"] == [False, False, False, False, True]


def test_a_page_of_an_older_revision_is_not_found() -> None:
    cache = PageCache()
    cache.keep("a", KeptPage(b"a", (1, 5)))
    assert cache.find("a", (1, 6)) is None


def test_without_the_setting_nothing_is_kept(app: Flask, client: FlaskClient, cache: PageCache) -> None:
    app.config["PAGE_CACHE_SECONDS"] = 0
    client.get(TOURS)
    assert len(cache) == 0


def test_visitors_who_come_together_have_the_page_made_once(
    app: Flask, cache: PageCache, monkeypatch: pytest.MonkeyPatch
) -> None:
    app.config["PAGE_CACHE_SECONDS"] = A_WHILE
    made: list[KeptPage] = []

    def slowly(*given: Any) -> KeptPage:
        time.sleep(0.05)
        made.append(KeptPage(*given))
        return made[-1]

    monkeypatch.setattr(page_cache, "KeptPage", slowly)
    with ThreadPoolExecutor(6) as visitors:
        answers = list(visitors.map(lambda _: app.test_client().get(TOURS).data, range(6)))
    assert len(made) == 1
    assert len(set(answers)) == 1
