"""The list of events and their start pages."""

from __future__ import annotations

import pytest
from flask import Flask

from iclei_events.services import commitment
from tests import queries
from tests.clients import Visitor
from tests.residents import Resident
from tests.times import AppClock

LANGUAGES = ("sv", "en")
EVENTS = ("malmo-summit", "virtual-launch", "road-to-malmo", "ecoprocura-2012", "alliance-sprints")

pytestmark = [pytest.mark.usefixtures("all_events"), pytest.mark.either_database]


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_coming_event_stands_first_and_then_what_has_been(visitor: Visitor, language: str) -> None:
    page = visitor.open(f"/{language}/")
    slugs = [str(link.get("href")).split("/")[2] for link in page.all("main a[href]")]
    assert list(dict.fromkeys(slugs)) == [
        "malmo-summit", "alliance-sprints", "road-to-malmo", "virtual-launch", "ecoprocura-2012",
    ]  # fmt: skip


@pytest.mark.database("sqlite")
@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("slug", EVENTS)
def test_every_event_has_a_start_page(visitor: Visitor, slug: str, language: str) -> None:
    page = visitor.open(f"/{language}/{slug}/")
    visitor.open(page.link("programmet" if language == "sv" else "The whole programme"))


def test_the_start_page_shows_the_next_departure_of_each_tour(visitor: Visitor) -> None:
    page = visitor.open("/sv/malmo-summit/")
    assert page.heading == "Nu är det din tur."
    assert page.texts(".board time") == ["09.30", "10.30", "11.00", "13.00"]
    assert page.texts(".board__left") == ["Många platser"] * 4
    assert page.texts(".days__n") == ["11", "12", "13"]
    assert visitor.open(page.link("Siptex")).heading.startswith("Siptex")


def test_the_start_page_counts_only_who_has_signed(app: Flask, visitor: Visitor) -> None:
    with app.app_context():
        signed = commitment.register("sv").count
    assert visitor.open("/sv/malmo-summit/").texts(".bigfig") == [str(signed)]


@pytest.mark.parametrize("slug", EVENTS)
def test_every_event_has_a_page_of_tours_even_if_it_has_none(visitor: Visitor, slug: str) -> None:
    page = visitor.open(f"/sv/{slug}/tours")
    has_tours = slug in {"malmo-summit", "ecoprocura-2012"}
    assert bool(page.all("section.tour")) == has_tours
    assert ("Det här evenemanget har inga rundturer." in page.text) != has_tours


@pytest.mark.parametrize("language", LANGUAGES)
def test_after_the_summit_its_start_page_says_that_it_is_over(
    visitor: Visitor, app_clock: AppClock, language: str
) -> None:
    app_clock.stand_at("2022-05-15T00:00:00+02:00")
    page = visitor.open(f"/{language}/malmo-summit/")
    assert page.all(".board") == []
    assert ("Evenemanget är slut." if language == "sv" else "This event is over.") in page.text


def test_the_start_page_says_that_the_visitor_has_a_place(app: Flask) -> None:
    resident = Resident(app)
    resident.send(resident.open("/sv/slots/siptex-1030/book"), adults=2)
    assert "Du har plats" in resident.open("/sv/malmo-summit/").texts(".board__left")


@pytest.mark.database("sqlite")
@pytest.mark.parametrize("path", ["/sv/nowhere/", "/sv/nowhere/programme", "/en/nowhere/tours", "/en/nowhere/party"])
def test_an_unknown_event_is_a_page_that_is_not_there(visitor: Visitor, path: str) -> None:
    visitor.open(path, status=404)


def test_a_start_page_asks_as_much_whatever_the_event_has(app: Flask, visitor: Visitor) -> None:
    counts = []
    for slug in ("malmo-summit", "ecoprocura-2012"):
        visitor.open(f"/sv/{slug}/")  # so that its texts are known
        with queries.noted(app) as statements:
            visitor.open(f"/sv/{slug}/")
        counts.append(len(statements))
    assert counts == [4, 3]  # event, listing, commitment; and its signatories where it was launched


def test_robots_learn_where_the_map_is_and_what_is_private(app: Flask) -> None:
    text = app.test_client().get("/robots.txt").get_data(as_text=True)
    assert "Sitemap: http://localhost/sitemap.xml" in text
    assert "Disallow: /*/bookings/" in text


@pytest.mark.database("sqlite")
def test_every_page_of_the_map_opens_in_both_languages(app: Flask) -> None:
    client = app.test_client()
    answer = client.get("/sitemap.xml")
    assert answer.mimetype == "application/xml"
    text = answer.get_data(as_text=True)
    paths = [part.split("<")[0].removeprefix("http://localhost") for part in text.split("<loc>")[1:]]
    assert len(paths) == len(set(paths)) > 150
    assert [path for path in paths[::7] if client.get(path).status_code != 200] == []
    assert text.count('hreflang="sv"') == text.count('hreflang="en"') == len(paths)
