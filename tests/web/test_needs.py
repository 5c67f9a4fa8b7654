"""What a party needs: on the booking form, on the booking's page, and on the way to another time."""

from __future__ import annotations

import pytest
from flask import Flask

from iclei_events.db import db
from iclei_events.models import Activity, Slot
from iclei_events.services import need_answers
from iclei_events.services.ticket_writing import ticket_of
from iclei_events.services.tickets import printed
from tests import aids, scenes
from tests.aids import COMPANION, INTERPRETER, WHEELCHAIR
from tests.clients import Page
from tests.residents import REFERENCE, Resident, booked, make_slot
from tests.scenes import ORGANISER

SAVE = "Spara det som behövs"


@pytest.fixture
def slot(app: Flask) -> Slot:
    """Two places for wheelchair users, one companion, an interpreter on request."""
    made = make_slot(app)
    with app.app_context():
        for kind, capacity in ((WHEELCHAIR, 2), (COMPANION, 1), (INTERPRETER, None)):
            aids.give(made, kind, capacity)
    return made


@pytest.fixture
def amira(app: Flask) -> Resident:
    return Resident(app)


def own_page(resident: Resident, slot: Slot, **fields: str) -> Page:
    return resident.open(resident.book(slot, **fields).location)


def told(page: Page) -> list[tuple[str, str]]:
    """Each need and how it stands, as the page says it."""
    return [
        (row.cssselect("bdi")[0].text_content(), row.cssselect(".state")[0].text_content())
        for row in page.all("#needs .people li")
    ]


def states(app: Flask, reference: str) -> dict[str, str]:
    with app.app_context():
        return aids.states(reference)


def test_the_form_offers_what_the_slot_has_and_how_much_is_left(amira: Resident, slot: Slot) -> None:
    form = amira.form_of(slot)
    for name in ("wheelchair", "companion", "interpreter", "access_needs"):
        assert form.all(f"[name={name}]"), name
    assert not form.all("[name=hearing_loop]")
    assert "2 av 2 kvar. Lovas genast med dina platser." in form.text
    assert "På begäran: vi svarar med mejl." in form.text
    assert not form.all("details[open] [name=wheelchair]")
    assert not form.all("[name=wheelchair][required], [name=access_needs][required]")


@pytest.mark.parametrize(
    ("capacity", "said"),
    [
        (1, "Den är upptagen just nu. Fråga ändå: vi skriver när den blir ledig."),
        (2, "Alla 2 är upptagna just nu. Fråga ändå: vi skriver när en blir ledig."),
    ],
)
def test_the_form_says_what_is_all_taken(app: Flask, amira: Resident, capacity: int, said: str) -> None:
    full = make_slot(app)
    with app.app_context():
        aids.give(full, WHEELCHAIR, capacity)
        aids.book(full, "Boris", (WHEELCHAIR, capacity), adults=capacity)
    assert said in amira.form_of(full).text


def test_nothing_has_to_be_answered(app: Flask, amira: Resident, slot: Slot) -> None:
    answer = amira.book(slot)
    assert (answer.status_code, states(app, answer.headers[REFERENCE])) == (303, {})


def test_what_is_asked_for_stands_on_the_page_with_its_state(amira: Resident, slot: Slot) -> None:
    page = own_page(amira, slot, adults="2", wheelchair="1", interpreter="yes", access_needs="Ledarhund")
    assert told(page) == [
        ("1 plats för rullstol", "Lovat: du kan räkna med det"),
        ("Teckenspråkstolk", "Du har frågat: vi svarar med mejl"),
        ("Ledarhund", "Du har frågat: vi svarar med mejl"),
    ]


def test_each_step_changes_what_the_page_says(app: Flask, amira: Resident, slot: Slot) -> None:
    page = own_page(amira, slot, wheelchair="1")
    reference = page.path.rsplit("/", 1)[1]
    with app.app_context():
        need_answers.arrange(reference, WHEELCHAIR, by=ORGANISER)
    assert told(amira.open(page.path)) == [("1 plats för rullstol", "Ordnat: det är på plats")]
    with app.app_context():
        need_answers.decline(reference, WHEELCHAIR, "Rampen är trasig <b>", by=ORGANISER)
    declined = amira.open(page.path)
    assert told(declined)[0][1] == "Går inte"
    assert "Vårt svar: Rampen är trasig <b>" in declined.text
    saved = amira.submit(declined, SAVE, access_needs="Ledarhund")
    assert told(saved)[0] == ("1 plats för rullstol", "Går inte")
    assert "Det vi har svarat nej på ändras inte när du sparar." in saved.text


def test_a_companion_takes_no_place_and_stands_on_the_ticket(app: Flask, amira: Resident, slot: Slot) -> None:
    page = own_page(amira, slot, companion="1")
    assert "1 vuxen, med en ledsagare" in page.one(".ticket").text_content().replace("En vuxen", "1 vuxen")
    with app.app_context():
        assert scenes.counters(slot) == (1, 0, 0)
        ticket = ticket_of(scenes.booking(page.path.rsplit("/", 1)[1]), "code")
        assert ticket.party == "1 vuxen, med en ledsagare"
        assert printed(ticket).startswith(b"%PDF")


def test_who_asks_for_more_than_there_are_people_is_told_beside_the_field(amira: Resident, slot: Slot) -> None:
    page = amira.refused(amira.book(slot, adults="2", wheelchair="3", access_needs="Ledarhund"), 422)
    assert "Ni är 2. Skriv högst 2." in page.texts(".ds-error-summary li a")
    assert page.one("#wheelchair").get("aria-describedby", "").endswith("wheelchair-error")
    assert (page.fields()["wheelchair"], page.fields()["access_needs"].strip()) == ("3", "Ledarhund")
    assert page.all("details[open] #wheelchair")


def test_what_is_no_number_is_told_and_kept(amira: Resident, slot: Slot) -> None:
    page = amira.refused(amira.book(slot, wheelchair="en"), 422)
    assert page.fields()["wheelchair"] == "en"
    assert page.all("#wheelchair[aria-invalid=true]")


def test_what_another_time_has_not_thought_of_is_not_lost(app: Flask, amira: Resident, slot: Slot) -> None:
    answer = amira.book(slot, hearing_loop="1")
    assert states(app, answer.headers[REFERENCE]) == {"hearing_loop": "asked"}


def test_the_party_asks_for_something_else_and_takes_something_back(app: Flask, amira: Resident, slot: Slot) -> None:
    page = own_page(amira, slot, wheelchair="1", access_needs="Ledarhund")
    changed = amira.submit(page, SAVE, wheelchair="", interpreter="yes", access_needs="Rullator")
    assert told(changed) == [
        ("Rullator", "Du har frågat: vi svarar med mejl"),
        ("Teckenspråkstolk", "Du har frågat: vi svarar med mejl"),
    ]
    with app.app_context():
        assert (aids.counted(slot), scenes.broken()) == ((2, 0, 0), [])


def test_a_wrong_change_is_told_and_kept_and_changes_nothing(app: Flask, amira: Resident, slot: Slot) -> None:
    page = own_page(amira, slot, wheelchair="1")
    again = amira.submit(page, SAVE, status=422, wheelchair="4")
    assert "Du är en person. Skriv högst 1." in again.texts(".ds-error-summary li a")
    assert again.all("details[open] #wheelchair[value='4']")
    assert states(app, page.path.rsplit("/", 1)[1]) == {"wheelchair": "promised"}


def test_who_asks_for_more_than_is_left_keeps_what_is_promised(app: Flask, amira: Resident, slot: Slot) -> None:
    page = own_page(amira, slot, adults="2", wheelchair="1")
    with app.app_context():
        aids.book(slot, "Boris")
    again = amira.submit(page, SAVE, status=409, wheelchair="2")
    assert "Det finns inga fler nu. Du behåller det du har blivit lovad." in again.text
    assert states(app, page.path.rsplit("/", 1)[1]) == {"wheelchair": "promised"}


def test_nobody_else_changes_what_a_party_needs(app: Flask, amira: Resident, slot: Slot) -> None:
    page = own_page(amira, slot, wheelchair="1")
    stranger = Resident(app, "Boris")
    stranger.client.post(f"{page.path}/needs", data={"wheelchair": ""})
    assert states(app, page.path.rsplit("/", 1)[1]) == {"wheelchair": "promised"}


def test_who_waits_reads_that_the_answer_comes_with_the_places(app: Flask, amira: Resident) -> None:
    full = make_slot(app, capacity=1)
    with app.app_context():
        aids.give(full)
        scenes.book(full, "Boris")
    page = own_page(amira, full, wheelchair="1")
    assert told(page) == [("1 plats för rullstol", "Du har frågat: vi svarar när du har plats")]


def two_times(app: Flask) -> tuple[Slot, Slot]:
    """Two departures of one tour, of which the first has a place for a wheelchair user."""
    with app.app_context():
        first, second = scenes.make_departures(5, 5)
        return aids.give(first), second


def test_the_page_says_beforehand_what_the_other_time_has(app: Flask, amira: Resident) -> None:
    first, second = two_times(app)
    page = own_page(amira, first, wheelchair="1")
    assert "Har inte just nu: 1 plats för rullstol" in amira.open(f"{page.path}/move").text
    with app.app_context():
        aids.give(second)
    choice = amira.open(f"{page.path}/move")
    assert "Har det som behövs" in choice.text
    moved = amira.submit(choice, "Byt tid", to=second.slug)
    assert told(moved) == [("1 plats för rullstol", "Lovat: du kan räkna med det")]


def test_who_knows_that_it_must_be_asked_for_may_move_all_the_same(app: Flask, amira: Resident) -> None:
    first, second = two_times(app)
    page = own_page(amira, first, wheelchair="1")
    moved = amira.submit(amira.open(f"{page.path}/move"), "Byt tid", to=second.slug)
    assert told(moved) == [("1 plats för rullstol", "Du har frågat: vi svarar med mejl")]


def test_a_move_works_where_several_times_lack_what_was_promised(app: Flask, amira: Resident) -> None:
    with app.app_context():
        first, second, _third = scenes.make_departures(5, 5, 5)
        aids.give(first)
    page = own_page(amira, first, wheelchair="1")
    choice = amira.open(f"{page.path}/move")
    assert len(choice.all("input[name=without]")) == 2
    moved = amira.submit(choice, "Byt tid", to=second.slug)
    assert told(moved) == [("1 plats för rullstol", "Du har frågat: vi svarar med mejl")]


def test_what_has_gone_meanwhile_at_the_other_time_stops_the_move(app: Flask, amira: Resident) -> None:
    first, second = two_times(app)
    with app.app_context():
        aids.give(second)
    page = own_page(amira, first, wheelchair="1")
    choice = amira.open(f"{page.path}/move")
    with app.app_context():
        aids.book(second, "Boris")
    stays = amira.submit(choice, "Byt tid", status=409, to=second.slug)
    assert "Den tiden har just nu inte det vi har lovat dig." in stays.text
    assert states(app, page.path.rsplit("/", 1)[1]) == {"wheelchair": "promised"}


def test_the_receipt_and_the_data_tell_each_need_with_the_answer(app: Flask, amira: Resident, slot: Slot) -> None:
    page = own_page(amira, slot, wheelchair="1", access_needs="Ledarhund")
    reference = page.path.rsplit("/", 1)[1]
    with app.app_context():
        need_answers.decline(reference, aids.OTHER, "Inga hundar i hallen.", by=ORGANISER)
    receipt = amira.open(f"{page.path}/receipt")
    for said in ("1 plats för rullstol", "Ledarhund", "Inga hundar i hallen."):
        assert said in receipt.text
    exported = amira.client.get(f"{page.path}.json").get_json()["booking"]["access_needs"]
    assert [(one["kind"], one["count"], one["state"], one["answer"]) for one in exported] == [
        ("wheelchair", 1, "promised", None), ("other", 1, "declined", "Inga hundar i hallen."),
    ]  # fmt: skip
    assert booked(app, reference)["access_need"] == "Ledarhund"


@pytest.mark.parametrize(("language", "way"), [("sv", "1,2 km"), ("en", "1.2 km")])
def test_the_facts_of_the_way_stand_beside_the_needs(app: Flask, slot: Slot, language: str, way: str) -> None:
    with app.app_context():
        activity = db.session.get_one(Activity, slot.activity_id)
        activity.route = {"distance_m": 1200, "steps": 0, "steepest_slope_percent": 0, "toilet": "accessible"}
        db.session.commit()
    form = Resident(app, language=language).form_of(slot)
    facts = form.texts("form .facts li")
    assert facts == {
        "sv": [way, "Inga trappor", "Plant", "Tillgänglig toalett"],
        "en": [way, "No steps", "Flat", "Accessible toilet"],
    }[language]  # fmt: skip


def test_a_party_whose_needs_several_times_lack_can_choose_any_of_them(app: Flask, amira: Resident) -> None:
    """The form says of each what the page has told, so that it sends as many fields of that name."""
    with app.app_context():
        first, second, third = scenes.make_departures(5, 5, 5)
        aids.give(first)
    page = own_page(amira, first, wheelchair="1")
    choice = amira.open(f"{page.path}/move")
    assert {field.get("value") for field in choice.all("[name=without]")} == {second.slug, third.slug}

    moved = amira.submit(choice, "Byt tid", to=third.slug)

    assert told(moved)[0][0] == "1 plats för rullstol"
