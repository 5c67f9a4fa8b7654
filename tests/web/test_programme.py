"""The programme as a list and as a timetable, and the page of a session."""

from __future__ import annotations

import json
from typing import Any

import pytest
from flask import Flask

from iclei_events.db import transaction
from iclei_events.i18n import Bilingual
from iclei_events.models import Activity, Slot
from tests import queries
from tests.clients import Page, Visitor
from tests.house_rules import text_of
from tests.residents import Resident
from tests.times import AppClock

LANGUAGES = ("sv", "en")
PROGRAMME = "/sv/malmo-summit/programme"
RIGHT_TO_LEFT = "\u202egnihtyreve\u202c"

pytestmark = [pytest.mark.usefixtures("all_events"), pytest.mark.either_database]


def data_of(page: Page) -> list[dict[str, Any]]:
    """What the page tells search engines about each of its times."""
    entries: list[dict[str, Any]] = json.loads(page.one('script[type="application/ld+json"]').text_content())["@graph"]
    return entries


def change(app: Flask, slug: str, **fields: Any) -> None:
    with app.app_context(), transaction() as session:
        activity = session.query(Activity).filter_by(slug=slug).one()
        for name, value in fields.items():
            setattr(activity, name, value)


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_programme_lists_every_day_by_time(visitor: Visitor, language: str) -> None:
    page = visitor.open(f"/{language}/malmo-summit/programme")
    assert page.texts("main h2")[1] == {"sv": "Onsdag 11 maj 2022", "en": "Wednesday 11 May 2022"}[language]
    assert len(page.all("article.sess")) > 55
    assert page.texts(".daytabs b") == ["10", "11", "12", "13", "14", "21"]
    assert page.one(".daytabs .is-14 a").get("href") == f"/{language}/malmo-summit/tours"


@pytest.mark.parametrize(
    ("path", "tabs"),
    [
        ("/sv/malmo-summit", ["tis 10 maj", "ons 11 maj", "tor 12 maj", "fre 13 maj", "lör 14 maj", "ons 21 sep"]),
        ("/en/malmo-summit", ["Tue 10 May", "Wed 11 May", "Thu 12 May", "Fri 13 May", "Sat 14 May", "Wed 21 Sep"]),
        ("/sv/virtual-launch", ["tis 13", "ons 14", "tor 15"]),
        ("/en/road-to-malmo", ["Fri 28 May 2021", "Thu 22 Jul 2021", "Wed 27 Apr 2022"]),
        ("/sv/alliance-sprints", ["ons 8 feb 2023", "tor 9 feb 2023"]),
    ],
)
def test_a_days_tab_tells_weekday_and_day_and_the_month_and_year_where_there_are_several(
    visitor: Visitor, path: str, tabs: list[str]
) -> None:
    assert visitor.open(f"{path}/programme").texts(".daytabs [aria-hidden]") == tabs


def test_the_tab_of_the_tours_says_so_before_its_day(visitor: Visitor) -> None:
    assert visitor.open(PROGRAMME).texts(".daytabs .is-14 a") == ["Turer lördag 14 maj 2022lör 14 maj"]


@pytest.mark.database("sqlite")
@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("slug", ["virtual-launch", "road-to-malmo", "ecoprocura-2012", "alliance-sprints"])
@pytest.mark.parametrize("view", ["list", "grid"])
def test_every_event_has_its_programme(visitor: Visitor, slug: str, language: str, view: str) -> None:
    assert (
        visitor.open(f"/{language}/{slug}/programme?view={view}").heading
        == {"sv": "Program", "en": "Programme"}[language]
    )


def test_what_has_no_time_is_listed_last_and_counted(visitor: Visitor) -> None:
    page = visitor.open("/en/alliance-sprints/programme")
    assert page.texts("main h2")[-1] == "Without a time"
    assert page.texts("[role=status]") == ["3 sessions."]
    assert page.all("select[name=mode]") == []


def test_a_day_is_an_address_of_its_own(visitor: Visitor) -> None:
    page = visitor.open(f"{PROGRAMME}?day=2022-05-12")
    assert page.texts("main h2") == ["Torsdag 12 maj 2022"]
    assert page.one(".daytabs [aria-current=page] b").text == "12"
    assert page.texts(".breakrow b") == ["12.15", "15.00"]


def test_filters_go_with_the_link_and_stay_when_the_day_changes(visitor: Visitor) -> None:
    page = visitor.open(f"{PROGRAMME}?theme=climate-neutral&mode=virtual")
    assert {theme.get("class") for theme in page.all("article.sess")} <= {
        f"sess sess--{state} t-climate" for state in ("many", "open")
    }
    assert "theme=climate-neutral" in page.link("12")
    other = visitor.open(page.link("English"))
    assert other.language == "en"
    assert len(other.all("article.sess")) == len(page.all("article.sess"))


def test_a_visitor_searches_with_the_form(visitor: Visitor) -> None:
    page = visitor.open(PROGRAMME)
    form = next(form for form in page.all("form.filters") if form.cssselect("#filter-q"))
    assert form.get("method") == "get"
    found = visitor.open(f"{PROGRAMME}?q=RESILIENSHUBB&theme=&format=&language=&mode=")
    assert found.texts("article.sess h4") == ["Malmö blir FN-utsedd resilienshubb"]
    assert found.one("#filter-q").get("value") == "RESILIENSHUBB"


@pytest.mark.parametrize(
    "word", ["mobility", "mobilitet", "bike", "cyklar", "ELDERLY", "pensionärer", "sharing", "översvämning"]
)
def test_a_search_finds_words_that_stand_in_no_text_but_among_the_keywords(visitor: Visitor, word: str) -> None:
    page = visitor.open(f"{PROGRAMME}?q={word}")
    assert page.all("article.sess")


@pytest.mark.parametrize("words", ["'; DROP TABLE x--", "%' OR 1=1", "%_", "<script>alert(1)</script>", "\\"])
def test_search_is_literal_and_shown_as_it_was_typed(visitor: Visitor, app: Flask, words: str) -> None:
    page = visitor.open(visitor.client.get(PROGRAMME, query_string={"q": words}).request.full_path)
    assert page.all("article.sess") == []
    assert page.one("#filter-q").get("value") == words
    assert "Inget passar." in page.text


@pytest.mark.database("sqlite")
@pytest.mark.parametrize(
    "query",
    [
        "day=2022-02-30", "day=x", "day=2022-05-12'", "theme=password", "format=__class__", "language=%F0%9F%8E%89",
        "mode=hybrid", "view=secret", "page=-1", "limit=1000000", "day=&theme=", "day=1&day=2", "free=1",
    ],
)  # fmt: skip
def test_a_value_that_is_not_among_the_choices_is_as_good_as_none(visitor: Visitor, query: str) -> None:
    assert len(visitor.open(f"{PROGRAMME}?{query}").all("article.sess")) > 55


def test_a_search_is_cut_at_eighty_characters(visitor: Visitor) -> None:
    assert visitor.open(f"{PROGRAMME}?q={'a' * 3000}").one("#filter-q").get("value") == "a" * 80


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_timetable_sets_rooms_side_by_side(visitor: Visitor, language: str) -> None:
    page = visitor.open(f"/{language}/malmo-summit/programme?view=grid&day=2022-05-12")
    rooms = [room.text for room in page.all(".ttable thead th")]
    assert rooms[:5] == [{"sv": "Tid", "en": "Time"}[language], "Kongresshallen", "Sal 1", "Sal 2", "Sal 3"]
    assert rooms[-2:] == {"sv": ["På nätet", "På andra platser"], "en": ["Online", "Elsewhere"]}[language]
    assert (
        page.texts("td.pause")
        == {"sv": ["Fika och vegetarisk lunch"] * 2, "en": ["Fika and vegetarian lunch"] * 2}[language]
    )
    for line, cells in enumerate(columns_by_line(page)):
        assert cells == len(rooms) - 1, f"line {line} has {cells} cells"


def columns_by_line(page: Page) -> list[int]:
    """How many columns each line of the timetable fills, row spans counted in."""
    lines = page.all(".ttable tbody tr")
    filled = [0] * len(lines)
    for index, line in enumerate(lines):
        for cell in line.cssselect("td"):
            for covered in range(index, index + int(cell.get("rowspan", "1"))):
                filled[covered] += int(cell.get("colspan", "1"))
    return filled


def test_the_timetable_opens_on_the_first_day_that_has_not_passed(visitor: Visitor, app_clock: AppClock) -> None:
    assert visitor.open(f"{PROGRAMME}?view=grid").one(".daytabs [aria-current] b").text == "11"
    app_clock.stand_at("2022-05-13T08:00:00+02:00")
    assert visitor.open(f"{PROGRAMME}?view=grid").one(".daytabs [aria-current] b").text == "13"
    app_clock.stand_at("2023-01-01T08:00:00+01:00")
    assert visitor.open(f"{PROGRAMME}?view=grid").one(".daytabs [aria-current] b").text == "11"


def test_a_timetable_that_may_be_wider_than_the_screen_can_be_scrolled_by_keyboard_and_says_so(
    visitor: Visitor,
) -> None:
    page = visitor.open(f"{PROGRAMME}?view=grid&day=2022-05-12")
    assert (
        page.one(".sideways--9 > [role=region][tabindex='0']").get("aria-label") == page.one("caption").text_content()
    )
    assert page.texts(".sideways__hint") == ["Tabellen är bredare än skärmen. Rulla i sidled för att se hela."]


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_session_page_tells_who_speaks_when_and_where(visitor: Visitor, language: str) -> None:
    page = visitor.open(f"/{language}/malmo-summit/programme/putting-people-at-the-heart")
    assert page.texts(".speakers b")[:2] == ["Katrin Stjernfeldt Jammeh", "Frank Cownie"]
    assert "Kongresshallen" in page.text
    assert visitor.open(page.link("Boka 09.00" if language == "sv" else "Book 09:00")).status == 200


def test_what_is_illustrative_says_so(visitor: Visitor) -> None:
    assert visitor.open(f"{PROGRAMME}/who-pays").all(".session-head .example")
    assert "Tid, rum eller antal platser är exempel" in visitor.open(f"{PROGRAMME}/opening-plenary").text
    rows = visitor.open(f"{PROGRAMME}?day=2022-05-11").all("article.sess")
    assert {len(row.cssselect(".example")) for row in rows if "Vem betalar" in text_of(row)} == {1}
    assert {len(row.cssselect(".example")) for row in rows if "Alla behövs" in text_of(row)} == {0}


def test_the_list_the_timetable_and_the_form_say_whom_a_session_is_for(visitor: Visitor) -> None:
    rows = [text_of(row) for row in visitor.open(f"{PROGRAMME}?day=2022-05-10").all("article.sess")]
    assert [row for row in rows if "För anmälda deltagare" not in row and "För medlemmar i ICLEI" not in row] == []
    assert len([row for row in rows if "För medlemmar i ICLEI" in row]) == 1
    grid = visitor.open(f"{PROGRAMME}?view=grid&day=2022-05-10")
    assert "Det som inte säger något annat är för anmälda deltagare." in grid.one("[role=status]").text_content()
    assert len([cell for cell in grid.texts(".cell") if "För medlemmar i ICLEI" in cell]) == 1
    form = visitor.open("/sv/slots/climate-budget-1530/book")
    assert form.texts(".for-whom") == ["Det här är för anmälda deltagare. Boka bara om du är anmäld."]
    assert "För anmälda deltagare" in form.texts("aside dd")


def test_what_is_for_everybody_says_nothing_of_delegates(visitor: Visitor) -> None:
    for path in ("/sv/slots/siptex-1030/book", "/sv/malmo-summit/tours", "/sv/virtual-launch/programme?view=grid"):
        page = visitor.open(path)
        assert page.all(".for-whom") == []
        assert "anmälda deltagare" not in page.text


def test_a_session_at_several_times_lists_them_under_their_days(visitor: Visitor) -> None:
    page = visitor.open(f"{PROGRAMME}/fika-and-lunch")
    assert page.texts("#h-times ~ h3")[:2] == ["Onsdag 11 maj 2022", "Torsdag 12 maj 2022"]
    assert len(page.all("li.dep")) == 6


@pytest.mark.database("sqlite")
@pytest.mark.parametrize("slug", ["siptex", "party", "nothing", "..%2f..%2fetc", "-1"])
def test_what_is_no_session_is_a_page_that_is_not_there(visitor: Visitor, slug: str) -> None:
    visitor.open(f"{PROGRAMME}/{slug}", status=404)


def test_search_engines_read_the_same_as_data(visitor: Visitor) -> None:
    page = visitor.open(f"{PROGRAMME}/opening-plenary")
    entry = data_of(page)[0]
    assert entry["@type"] == "EducationEvent"
    assert entry["startDate"] == "2022-05-11T09:30+02:00"
    assert entry["eventAttendanceMode"] == "https://schema.org/MixedEventAttendanceMode"
    assert entry["location"]["name"] == "Malmö Live"
    assert "isAccessibleForFree" not in entry


def test_a_title_cannot_end_the_data_or_become_markup(app: Flask, visitor: Visitor) -> None:
    evil = "</script><img src=x onerror=alert(1)>"
    change(app, "opening-plenary", title=Bilingual(sv=evil, en=evil))
    page = visitor.open(f"{PROGRAMME}/opening-plenary")
    assert page.heading == evil
    assert data_of(page)[0]["name"] == evil
    assert page.all("img") == visitor.open(PROGRAMME).all("main img") == []


@pytest.mark.parametrize("path", ["", "?view=grid&day=2022-05-11", "/opening-plenary"])
def test_a_title_that_turns_direction_is_isolated(app: Flask, visitor: Visitor, path: str) -> None:
    change(app, "opening-plenary", title=Bilingual(sv=RIGHT_TO_LEFT, en=RIGHT_TO_LEFT))
    page = visitor.open(PROGRAMME + path)
    around = [node for node in page.all("main bdi") if node.text == RIGHT_TO_LEFT]
    assert len(around) == 1


def test_a_text_without_english_is_shown_in_swedish(app: Flask, visitor: Visitor) -> None:
    change(app, "opening-plenary", title=Bilingual(sv="Bara på svenska", en=""))
    assert "Bara på svenska" in visitor.open("/en/malmo-summit/programme?day=2022-05-11").texts("article.sess h4")


def test_the_visitors_own_places_are_told_and_what_clashes_with_them(app: Flask) -> None:
    resident = Resident(app)
    assert "Krockar" not in resident.open(PROGRAMME).text
    resident.send(resident.open("/sv/slots/mcr2030-hub-1330/book"))
    page = resident.open(f"{PROGRAMME}?day=2022-05-12")
    titles, foots = page.texts("article.sess h4"), page.texts("article.sess .sess__foot")
    states = dict(zip(titles, foots, strict=True))
    assert states["Malmö blir FN-utsedd resilienshubb"].startswith("Du har plats")
    assert states["Upphandling som bygger jämlikhet"].startswith("Många platser Krockar med din bokning")
    assert states["Odla i staden"].startswith("Många platser")
    assert page.headers["Cache-Control"] == "private, no-store"
    assert resident.open(page.link("Visa din bokning")).status == 200


def test_somebody_who_waits_reads_their_number(app: Flask) -> None:
    with app.app_context(), transaction() as session:
        session.query(Slot).filter_by(slug="mcr2030-hub-1330").one().capacity = 1
    for name in ("Amira", "Bo", "Cecilia"):
        resident = Resident(app, name)
        resident.send(resident.open("/sv/slots/mcr2030-hub-1330/book"), adults=1)
    page = resident.open(f"{PROGRAMME}/mcr2030-hub")
    assert "Du står på plats 2 i kön" in page.text


@pytest.mark.parametrize("query", ["", "?day=2022-05-12", "?view=grid", "?theme=climate-neutral&language=sv"])
def test_the_programme_costs_two_queries_once_its_texts_are_known(app: Flask, visitor: Visitor, query: str) -> None:
    with queries.noted(app) as first:
        visitor.open(PROGRAMME + query)
    with queries.noted(app) as statements:
        visitor.open(PROGRAMME + query)
    assert (len(first), len(statements)) == (4, 2)


def test_a_search_costs_one_query_more_and_own_places_with_the_ways_to_them_two(app: Flask) -> None:
    resident = Resident(app)
    resident.send(resident.open("/sv/slots/mcr2030-hub-1330/book"))
    resident.open(PROGRAMME)
    with queries.noted(app) as statements:
        resident.open(f"{PROGRAMME}?q=malmö")
    assert len(statements) == 5
