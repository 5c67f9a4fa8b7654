"""Changing to another time on a booking's page."""

from __future__ import annotations

import pytest
from flask import Flask
from sqlalchemy import select, update

from iclei_events.db import db, transaction
from iclei_events.models import Slot
from iclei_events.services import changes
from tests import scenes
from tests.clients import Page
from tests.residents import REFERENCE, Resident, booked, mails, make_departures, make_slot
from tests.times import AppClock


@pytest.fixture
def amira(app: Flask) -> Resident:
    return Resident(app)


@pytest.fixture
def times(app: Flask) -> list[str]:
    return make_departures(app, 3)


def book(resident: Resident, slug: str, adults: str = "1") -> Page:
    answer = resident.send(resident.open(f"/sv/slots/{slug}/book"), adults=adults)
    return resident.open(answer.location)


def choose(resident: Resident, page: Page) -> Page:
    return resident.open(page.link("Byt till en annan tid"))


def held(app: Flask, *slugs: str) -> list[tuple[int, int]]:
    """Places held and parties waiting on each departure."""
    with app.app_context():
        assert scenes.broken() == []
        slots = [db.session.scalars(select(Slot).where(Slot.slug == slug)).one() for slug in slugs]
        return [(slot.held, slot.waiting) for slot in slots]


def test_a_party_changes_to_another_time_and_is_told_the_old_and_the_new_one(
    app: Flask, amira: Resident, times: list[str]
) -> None:
    page = choose(amira, book(amira, times[0], "2"))
    assert [radio.get("value") for radio in page.all("input[name=to]")] == times[1:]
    moved = amira.submit(page, "Byt tid", to=times[1])

    assert moved.texts(".notice [role=status]") == [
        "Du har bytt från Tour på svenska 10.30 till Tour på svenska 12.30."
    ]
    assert moved.texts(".ticket__time") == ["12.30"]
    assert held(app, *times) == [(0, 0), (2, 0), (0, 0)]
    assert mails(app, "booking_moved") == 1


def test_the_same_form_sent_twice_is_one_change(app: Flask, amira: Resident, times: list[str]) -> None:
    page = choose(amira, book(amira, times[0]))
    for _ in range(2):
        assert amira.submit(page, "Byt tid", to=times[1]).texts(".ticket__time") == ["12.30"]

    assert (held(app, *times), mails(app, "booking_moved")) == ([(0, 0), (1, 0), (0, 0)], 1)


def test_times_without_room_for_the_whole_party_are_shown_and_cannot_be_chosen(
    app: Flask, amira: Resident, times: list[str]
) -> None:
    book(Resident(app, "Boris"), times[1], "4")
    book(Resident(app, "Chen"), times[2], "5")
    page = choose(amira, book(amira, times[0], "2"))

    assert page.texts(".choice--none b") == ["12.30", "14.30"]
    assert page.texts(".choice--none .state") == [
        "Bara en plats kvar, det räcker inte för alla i sällskapet",
        "Fullt",
    ]
    assert "Ingen annan tid har plats åt alla 2 just nu." in page.text
    assert not page.all("input[name=to]")


def test_a_time_that_fills_up_meanwhile_is_refused_and_the_party_keeps_its_place(
    app: Flask, amira: Resident, times: list[str]
) -> None:
    page = choose(amira, book(amira, times[0], "2"))
    book(Resident(app, "Boris"), times[1], "4")
    refused = amira.submit(page, "Byt tid", to=times[1], status=409)

    assert refused.texts(".alert__h") == ["Bara en plats är kvar."]
    assert "Ingenting har ändrats." in refused.text
    assert held(app, *times) == [(2, 0), (4, 0), (0, 0)]
    assert amira.submit(refused, "Byt tid", to=times[2]).texts(".ticket__time") == ["14.30"]


@pytest.mark.parametrize(
    ("chosen", "sentence"),
    [
        ({}, "Välj en tid."),
        ({"to": "no-such-time"}, "Välj en av tiderna på sidan."),
        ({"to": "queue:no-such-time"}, "Välj en av tiderna på sidan."),
        ({"to": "-1"}, "Välj en av tiderna på sidan."),
        ({"to": str(2**63)}, "Välj en av tiderna på sidan."),
    ],
)
def test_a_choice_that_was_not_offered_is_an_error_of_the_form(
    amira: Resident, times: list[str], chosen: dict[str, str], sentence: str
) -> None:
    page = choose(amira, book(amira, times[0]))
    refused = amira.submit(page, "Byt tid", status=422, **chosen)

    assert refused.texts(".ds-error-summary li") == [sentence]
    assert refused.one(".ds-error-summary a").get("href") == "#to"
    assert refused.title.startswith("Fel i formuläret:")


def test_a_time_of_another_event_was_not_offered(app: Flask, amira: Resident, times: list[str]) -> None:
    page = choose(amira, book(amira, times[0]))

    amira.submit(page, "Byt tid", status=422, to=make_slot(app).slug)


def test_a_time_cancelled_meanwhile_is_said(app: Flask, amira: Resident, times: list[str], app_clock: AppClock) -> None:
    page = choose(amira, book(amira, times[0]))
    with app.app_context(), transaction() as session:
        session.execute(update(Slot).where(Slot.slug == times[1]).values(cancelled_at=app_clock.advance(minutes=1)))
    refused = amira.submit(page, "Byt tid", to=times[1], status=409)

    assert refused.texts(".alert__h") == ["Den här tiden är inställd."]
    assert refused.texts(".choice b") == ["14.30"]


def test_a_booking_changed_in_another_tab_is_not_moved_unseen(app: Flask, amira: Resident, times: list[str]) -> None:
    own = book(amira, times[0], "3")
    page = choose(amira, own)
    amira.submit(own, "Spara antalet", adults="2")
    refused = amira.submit(page, "Byt tid", to=times[1], status=409)

    assert "Något har ändrats sedan du öppnade sidan" in refused.text
    assert amira.submit(refused, "Byt tid", to=times[1]).texts(".ticket__time") == ["12.30"]


def test_who_waits_takes_places_elsewhere_or_stands_in_another_queue(
    app: Flask, amira: Resident, times: list[str]
) -> None:
    for name, slug in (("Boris", times[0]), ("Chen", times[1])):
        book(Resident(app, name), slug, "5")
    book(Resident(app, "Dana"), times[1])
    page = amira.open(book(amira, times[0]).link("Byt till en annan tid eller kö"))
    assert "Vid ett byte försvinner numret i den här kön." in page.text
    assert page.texts(".choice .state") == [
        "Fullt, ett sällskap väntar: ställ dig sist i den här kön i stället",
        "Få platser kvar: 5",
    ]

    waiting = amira.submit(page, "Byt tid", to=f"queue:{times[1]}")
    assert waiting.texts(".notice [role=status]") == [
        "Du har bytt från kön till Tour på svenska 10.30 till kön till Tour på svenska 12.30."
    ]
    assert waiting.texts(".queue__n") == ["2"]
    placed = amira.submit(amira.open(waiting.link("Byt till en annan tid eller kö")), "Byt tid", to=times[2])
    assert placed.heading == "Din plats"
    assert held(app, *times) == [(5, 0), (5, 1), (1, 0)]


def test_an_offer_is_given_up_for_another_time(app: Flask, amira: Resident, times: list[str]) -> None:
    boris = book(Resident(app, "Boris"), times[0], "5")
    page = book(amira, times[0], "2")
    with app.app_context():
        changes.cancel(boris.path.rsplit("/", 1)[1])
    page = choose(amira, amira.open(page.path))

    assert "Vid ett byte går de platserna direkt till nästa i kön." in page.text
    assert amira.submit(page, "Byt tid", to=times[1]).texts(".ticket__time") == ["12.30"]


def test_a_party_of_a_cancelled_time_is_led_to_the_others(
    app: Flask, amira: Resident, times: list[str], app_clock: AppClock
) -> None:
    page = book(amira, times[0], "2")
    with app.app_context(), transaction() as session:
        session.execute(update(Slot).where(Slot.slug == times[0]).values(cancelled_at=app_clock.advance(minutes=1)))
    page = choose(amira, amira.open(page.path))

    assert amira.submit(page, "Byt tid", to=times[1]).texts(".ticket__time") == ["12.30"]


def test_nobody_moves_the_booking_of_somebody_else(app: Flask, amira: Resident, times: list[str]) -> None:
    page = choose(amira, book(amira, times[0]))
    boris = Resident(app, "Boris")
    token = book(boris, times[0]).fields("Spara antalet")["csrf_token"]

    boris.open(page.path, status=404)
    assert boris.client.post(page.path, data={"csrf_token": token, "to": times[1]}).status_code == 404


def test_between_the_tours_of_the_residents_day_the_own_tour_stands_first(
    app: Flask, amira: Resident, summit: None
) -> None:
    answer = amira.send(amira.open("/sv/slots/siptex-1230/book"), adults="2")
    page = choose(amira, amira.open(answer.location))

    assert page.texts("legend") == ["Andra tider", "Annat den dagen"]
    assert [radio.get("value") for radio in page.all("input[name=to]")][:2] == ["siptex-1030", "siptex-1430"]
    moved = amira.submit(page, "Byt tid", to="party-1500")
    assert "Du har bytt från " in moved.texts(".notice [role=status]")[0]
    assert booked(app, answer.headers[REFERENCE])["adults"] == 2


def test_a_session_with_one_time_offers_no_other(app: Flask, amira: Resident) -> None:
    page = amira.open(amira.book(make_slot(app)).location)

    assert not [link for link in page.texts("main a") if "annan tid" in link]


def test_the_page_exists_in_english(app: Flask, times: list[str]) -> None:
    boris = Resident(app, "Boris", "en")
    answer = boris.send(boris.open(f"/en/slots/{times[0]}/book"), adults="2")
    page = boris.open(boris.open(answer.location).link("Change to another time"))
    moved = boris.submit(page, "Change time", to=times[1])

    assert moved.texts(".notice [role=status]") == [
        "You have changed from Tour in English 10:30 to Tour in English 12:30."
    ]
