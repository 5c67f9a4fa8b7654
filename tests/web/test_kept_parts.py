"""What a list shows of its slots is written once, and anew as soon as it says something else."""

from __future__ import annotations

import pytest
from flask import Flask

from iclei_events.db import transaction
from iclei_events.models import Event, Venue
from iclei_events.web import kept_parts
from tests.clients import Visitor
from tests.residents import Resident

LANGUAGES = ("sv", "en")
PROGRAMME = "/sv/malmo-summit/programme"
TOURS = "/sv/malmo-summit/tours"

pytestmark = pytest.mark.usefixtures("summit")


@pytest.fixture(autouse=True)
def nothing_kept() -> None:
    kept_parts._write.cache_clear()


def written(visitor: Visitor, path: str) -> int:
    """How many parts had to be written for the page."""
    before = kept_parts._write.cache_info().misses
    visitor.open(path)
    return kept_parts._write.cache_info().misses - before


@pytest.mark.parametrize("path", [PROGRAMME, TOURS])
def test_the_second_page_needs_no_part_written(visitor: Visitor, path: str) -> None:
    assert written(visitor, path) > 20
    assert written(visitor, path) == 0


@pytest.mark.parametrize(
    ("path", "slug", "parts"),
    [(PROGRAMME, "mcr2030-hub-1330", 2), (TOURS, "siptex-1030", 1)],  # in the programme also the list of its time
)
def test_after_a_booking_its_row_is_written_anew(
    app: Flask, visitor: Visitor, path: str, slug: str, parts: int
) -> None:
    written(visitor, path)
    resident = Resident(app)
    resident.send(resident.open(f"/sv/slots/{slug}/book"))
    assert written(visitor, path) == parts


def test_each_language_has_its_own_parts(visitor: Visitor) -> None:
    swedish, english = (
        visitor.open(f"/{language}/malmo-summit/tours").texts(".dep__lang")[0] for language in LANGUAGES
    )
    assert (swedish, english) == ("Svenska", "Swedish")


def test_another_zone_shows_in_every_row(app: Flask, visitor: Visitor) -> None:
    before = visitor.open(TOURS).texts(".dep__time time")
    with app.app_context(), transaction() as session:
        session.query(Event).filter_by(slug="malmo-summit").one().timezone = "Europe/Helsinki"
    after = visitor.open(TOURS).texts(".dep__time time")
    assert before[0] == "09.30"
    assert after[0] == "10.30"


def test_a_venue_that_is_renamed_has_its_new_name_in_every_row(app: Flask, visitor: Visitor) -> None:
    visitor.open(PROGRAMME)
    with app.app_context(), transaction() as session:
        for venue in session.query(Venue):
            venue.name = type(venue.name)(sv="Ett nytt hus", en="A new house")
    assert "Ett nytt hus" in visitor.open(PROGRAMME).texts(".sess__meta span")


def test_the_rows_of_what_somebody_holds_and_of_what_clashes_with_it_are_not_kept(app: Flask, visitor: Visitor) -> None:
    resident = Resident(app)
    resident.send(resident.open("/sv/slots/siptex-1030/book"))
    kept_parts._write.cache_clear()
    of_everybody = written(visitor, TOURS)
    kept_parts._write.cache_clear()
    page = resident.open(TOURS)
    assert "Du har plats" in page.texts(".dep--booked .state")
    assert kept_parts._write.cache_info().currsize == of_everybody - 1 - len(page.all(".dep--clash"))
