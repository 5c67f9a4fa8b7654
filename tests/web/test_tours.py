"""Study tours, their departures, and the opening party."""

from __future__ import annotations

import json
from typing import Any

import pytest
from flask import Flask

from iclei_events.services import changes, waiting
from tests import queries
from tests.clients import Page, Visitor
from tests.residents import REFERENCE, Resident
from tests.times import AppClock

LANGUAGES = ("sv", "en")
TOURS = "/sv/malmo-summit/tours"

pytestmark = [pytest.mark.usefixtures("summit"), pytest.mark.either_database]


def data_of(page: Page) -> list[dict[str, Any]]:
    """What the page tells search engines about each of its times."""
    entries: list[dict[str, Any]] = json.loads(page.one('script[type="application/ld+json"]').text_content())["@graph"]
    return entries


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_tour_stands_there_with_its_departures(visitor: Visitor, language: str) -> None:
    page = visitor.open(f"/{language}/malmo-summit/tours")
    assert page.heading == {"sv": "Rundturer lördag 14 maj", "en": "Study tours on Saturday 14 May"}[language]
    assert len(page.all("section.tour")) == 4
    assert len(page.all("li.dep")) == 15
    assert page.one("p[role=status]").text == {
        "sv": "15 avgångar. 11 har lediga platser.", "en": "15 departures. 11 have places left.",
    }[language]  # fmt: skip


def test_a_slot_that_opens_later_says_when(visitor: Visitor, app_clock: AppClock) -> None:
    assert "Bokningen öppnar 2 maj klockan 12.00" in visitor.open(TOURS).text
    app_clock.stand_at("2022-05-02T12:00:00+02:00")
    assert "Bokningen öppnar" not in visitor.open(TOURS).text


@pytest.mark.parametrize(
    ("query", "departures"),
    [
        ("language=ar", 2),
        ("theme=equitable-inclusive", 3),
        ("free=1", 11),
        ("free=1&language=ar&theme=climate-neutral", 1),
    ],
)
def test_filters_narrow_the_departures(visitor: Visitor, query: str, departures: int) -> None:
    assert len(visitor.open(f"{TOURS}?{query}").all("li.dep")) == departures


@pytest.mark.database("sqlite")
@pytest.mark.parametrize("query", ["language=xx", "theme=%27", "free=2", "free=0", "page=-1", "sort=password", "q=%25"])
def test_a_value_that_is_not_among_the_choices_is_as_good_as_none(visitor: Visitor, query: str) -> None:
    assert len(visitor.open(f"{TOURS}?{query}").all("li.dep")) == 15


def test_no_match_leads_back_to_all_departures(visitor: Visitor) -> None:
    page = visitor.open(f"{TOURS}?theme=resilient-healthy")
    assert page.all("li.dep") == []
    assert visitor.open(page.link("Visa alla avgångar")).all("li.dep")


def test_the_demo_shows_many_full_and_not_yet(visitor: Visitor, demonstration: None) -> None:
    states = {dep.get("class") for dep in visitor.open(TOURS).all("li.dep")}
    assert {"dep dep--many", "dep dep--full", "dep dep--not_yet"} <= states


@pytest.mark.database("sqlite")
@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("slug", ["vastra-hamnen", "botildenborg", "siptex", "hyllie"])
def test_a_tour_page_tells_departures_facts_and_meeting_point(visitor: Visitor, slug: str, language: str) -> None:
    page = visitor.open(f"/{language}/malmo-summit/tours/{slug}")
    assert len(page.all("li.dep")) == (6 if slug == "siptex" else 3)
    assert page.all("ul.facts li")
    assert {"sv": "Samling", "en": "Meeting point"}[language] in page.texts("aside dt")
    assert visitor.open(page.link("Boka" if language == "sv" else "Book")).status == 200


def test_the_page_prints_the_rule_that_the_line_follows(visitor: Visitor) -> None:
    text = visitor.open(f"{TOURS}/siptex").text
    assert f"högst {waiting.MOST_PASSES} gånger" in text
    assert "24 timmar på dig att svara, 2 timmar sista dygnet" in text


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_party_is_booked_like_a_tour_and_no_price_is_named(visitor: Visitor, language: str) -> None:
    page = visitor.open(f"/{language}/malmo-summit/party")
    assert len(page.all("li.dep")) == 1
    assert not [
        word for word in ("gratis", "free of charge", "kostar", "price", "pris") if word in page.text.casefold()
    ]
    assert visitor.open(page.link("Boka 15.00" if language == "sv" else "Book 15:00")).status == 200


def test_search_engines_learn_that_tours_are_free_and_say_nothing_of_the_party(visitor: Visitor) -> None:
    tour = data_of(visitor.open(f"{TOURS}/siptex"))
    assert [entry["startDate"] for entry in tour] == [
        f"2022-05-14T{time}+02:00" for time in ("10:30", "12:30", "14:30", "16:30", "18:00", "19:30")
    ]
    assert all(entry["isAccessibleForFree"] for entry in tour)
    party = data_of(visitor.open("/sv/malmo-summit/party"))
    assert [(entry["@type"], "isAccessibleForFree" in entry) for entry in party] == [("Event", False)]


@pytest.mark.database("sqlite")
@pytest.mark.parametrize("path", [f"{TOURS}/opening-plenary", f"{TOURS}/party", f"{TOURS}/nope"])
def test_what_is_no_tour_is_a_page_that_is_not_there(visitor: Visitor, path: str) -> None:
    visitor.open(path, status=404)


def test_a_resident_sees_the_own_place_and_the_clash(app: Flask) -> None:
    resident = Resident(app)
    resident.send(resident.open("/sv/slots/siptex-1030/book"), adults=2)
    page = resident.open(TOURS)
    assert page.texts(".dep--booked .state") == ["Du har plats"]
    assert page.texts(".dep--clash .dep__time time") == ["09.30", "11.00", "11.00"]
    assert page.headers["Cache-Control"] == "private, no-store"


def test_a_booking_that_was_cancelled_is_no_place(app: Flask) -> None:
    resident = Resident(app)
    answer = resident.send(resident.open("/sv/slots/siptex-1030/book"))
    with app.app_context():
        changes.cancel(answer.headers[REFERENCE])
    assert resident.open(TOURS).all(".dep--booked") == []


def test_the_list_of_tours_costs_two_queries_once_its_texts_are_known(app: Flask, visitor: Visitor) -> None:
    visitor.open(TOURS)
    with queries.noted(app) as statements:
        visitor.open(TOURS)
    assert len(statements) == 2


@pytest.mark.parametrize(("tour", "asked"), [("hyllie", 5), ("siptex", 6)])
def test_a_tour_page_costs_five_queries_and_one_more_where_lots_are_drawn(
    app: Flask, visitor: Visitor, tour: str, asked: int
) -> None:
    with queries.noted(app) as statements:
        visitor.open(f"{TOURS}/{tour}")
    assert len(statements) == asked
