"""What residents and delegates are told of clashes, before booking and after, and what they can do in one press."""

from __future__ import annotations

from typing import Final

import pytest
from flask import Flask

from iclei_events import clock
from iclei_events.db import db, transaction
from iclei_events.models import AidKind, ClashRule, Event, Slot, SlotAid, Way
from iclei_events.services import changes
from iclei_events.web.filters import duration
from tests import aids, letters, scenes
from tests.clients import Page, Visitor
from tests.residents import OUTCOME, REFERENCE, Resident, count_bookings

pytestmark = pytest.mark.usefixtures("summit")

TOURS: Final = "/sv/malmo-summit/tours"
TIGHT: Final = "Du hinner inte: 30 min med buss, 0 min emellan"


@pytest.fixture
def amira(app: Flask) -> Resident:
    """Has places on Hyllie 13.00–14.00, from where the bus to Botildenborg takes half an hour."""
    resident = Resident(app)
    resident.post(resident.open("/sv/slots/hyllie-1300/book"), **resident.details)
    return resident


def form(resident: Resident, slot: str, language: str = "sv") -> Page:
    return resident.open(f"/{language}/slots/{slot}/book")


def let_bind(app: Flask, rule: ClashRule) -> None:
    with app.app_context(), transaction() as session:
        session.scalars(db.select(Event).where(Event.slug == "malmo-summit")).one().clashes = rule


def book(resident: Resident, slot: str) -> str:
    return str(resident.post(form(resident, slot), **resident.details).headers[REFERENCE])


# Before booking


def test_the_list_of_tours_says_what_cannot_be_reached_in_time(amira: Resident) -> None:
    page = amira.open(TOURS)
    assert TIGHT in page.texts(".dep--clash .state")
    assert "Krockar med din bokning" in page.texts(".dep--clash .state")


def fill(app: Flask, slug: str) -> None:
    with app.app_context():
        with transaction() as session:
            slot = session.scalars(db.select(Slot).where(Slot.slug == slug)).one()
            slot.capacity, slot_id = 1, slot.id
        scenes.book(scenes.slot_now(slot_id), "Boris")


def test_a_clash_hides_neither_that_a_time_is_full_nor_how_many_places_it_has(app: Flask, amira: Resident) -> None:
    fill(app, "botildenborg-1400")
    page = amira.open(TOURS)
    row = ".dep--clash:has(a[href*='botildenborg-1400'])"
    assert page.texts(f"{row} .state") == ["Fullt", TIGHT]
    assert page.texts(f"{row} .dep__do")[0].startswith("Ställ dig i kö")
    assert "Många platser" in page.texts(".dep--clash .state")


def test_the_form_and_its_other_times_say_the_places_beside_the_clash(app: Flask, amira: Resident) -> None:
    fill(app, "botildenborg-1400")
    page = form(amira, "botildenborg-1400")
    assert page.texts("aside .state") == ["Fullt", TIGHT]
    assert page.texts(".times [aria-current] .state") == ["Fullt – ställ dig i kö", TIGHT]
    assert "Ställ dig i kö" in page.texts("form button")


def test_the_form_names_the_booking_the_way_and_the_minutes(amira: Resident) -> None:
    said = form(amira, "botildenborg-1400").text
    assert "Det är för kort om tid mellan det här och din bokning" in said
    assert "slutar klockan 14.00, precis när det här börjar, och vägen hit tar 30 min med buss." in said


def test_the_way_there_is_told_where_the_other_booking_comes_after(app: Flask) -> None:
    resident = Resident(app)
    book(resident, "botildenborg-1400")
    assert "börjar klockan 14.00, precis när det här slutar, och vägen dit tar" in form(resident, "hyllie-1300").text


def test_the_nearest_time_that_fits_is_one_press_away_and_keeps_what_was_typed(amira: Resident) -> None:
    page = amira.submit(form(amira, "botildenborg-1400"), "Välj 15.00 i stället", name="Amira L", adults="3")
    # The parser takes the form's own address: the button's is where a browser sends it.
    button = form(amira, "botildenborg-1400").one("button[formaction$='botildenborg-1500/book'][data-variant]")
    assert button.get("name") == "show"
    assert page.fields()["name"] == "Amira L"


def test_a_form_of_a_visitor_without_bookings_says_nothing_of_clashes_and_ways(visitor: Visitor) -> None:
    page = visitor.open("/sv/slots/botildenborg-1400/book")
    assert page.all("button[name=way]") == []
    assert "för kort om tid" not in page.text


def test_whoever_booked_for_others_alone_is_told_of_no_clash(app: Flask) -> None:
    resident = Resident(app)
    resident.post(form(resident, "hyllie-1300"), **resident.details, for_others="yes")
    assert "för kort om tid" not in form(resident, "botildenborg-1400").text


def test_sessions_are_told_like_tours(app: Flask) -> None:
    resident = Resident(app)
    book(resident, "mcr2030-hub-1330")
    page = resident.open("/sv/malmo-summit/programme?day=2022-05-12")
    assert page.all(".sess--clash")


# How somebody goes


def test_how_one_goes_changes_what_fits_and_keeps_what_was_typed(amira: Resident) -> None:
    book(amira, "siptex-1030")  # ends at 12.00, an hour before Hyllie: 45 minutes by bus
    page = amira.submit(form(amira, "hyllie-1300"), "Till fots", name="Amira L")
    assert page.fields()["name"] == "Amira L"
    assert "Så tar du dig mellan platserna: Till fots" in page.text
    assert any("till fots" in text for text in amira.open(TOURS).texts(".dep--clash .state"))


def test_the_choice_is_kept_in_the_browser_and_stands_in_no_address(amira: Resident) -> None:
    answer = amira.post(form(amira, "botildenborg-1400"), "Med rullstol")
    assert "wheelchair" not in answer.request.full_path
    assert "35 min med rullstol" in form(amira, "botildenborg-1400").text


@pytest.mark.parametrize("typed", ["", "rocket", "BUS", "foot' or 1=1"])
def test_a_way_that_is_none_changes_nothing(amira: Resident, typed: str) -> None:
    token = form(amira, "botildenborg-1400").fields()["csrf_token"]
    answer = amira.client.post("/sv/slots/botildenborg-1400/book", data={"csrf_token": token, "way": typed})
    assert answer.status_code == 200
    assert amira.client.post("/sv/my/way", data={"csrf_token": token, "way": typed}).status_code == 303
    assert TIGHT in amira.open(TOURS).texts(".dep--clash .state")


def test_choosing_a_way_books_nothing(app: Flask, amira: Resident) -> None:
    before = count_bookings(app)
    amira.post(form(amira, "botildenborg-1500"), "Till fots", **amira.details)
    assert count_bookings(app) == before


# Afterwards


def test_who_was_told_may_book_all_the_same(amira: Resident) -> None:
    answer = amira.post(form(amira, "botildenborg-1400"), **amira.details)
    assert answer.headers[OUTCOME] == "confirmed"


def test_the_bookings_page_says_the_clash_and_changes_it_in_one_press(app: Flask, amira: Resident) -> None:
    reference = book(amira, "botildenborg-1400")
    page = amira.open(f"/sv/bookings/{reference}")
    assert "Det är för kort om tid mellan två av dina bokningar" in page.text
    after = amira.submit(page, "Byt den här till 15.00")
    assert "för kort om tid" not in after.text
    with app.app_context():
        assert scenes.booking(reference).slot.slug == "botildenborg-1500"


@pytest.fixture
def promised(app: Flask, amira: Resident) -> str:
    """A booking in a clash whose party was promised a wheelchair place, which the next time that fits does not have."""
    answer = amira.post(form(amira, "botildenborg-1400"), **amira.details, wheelchair="1")
    with app.app_context(), transaction() as session:
        later = session.scalars(db.select(Slot).where(Slot.slug == "botildenborg-1500")).one()
        found = session.get(SlotAid, (later.id, AidKind.WHEELCHAIR))
        assert found is not None
        found.capacity = 0
    return str(answer.headers[REFERENCE])


def test_a_time_without_what_was_promised_is_no_button_but_leads_to_what_it_has(
    app: Flask, amira: Resident, promised: str
) -> None:
    page = amira.open(f"/sv/bookings/{promised}")
    assert "Byt den här till 15.00" not in page.texts("button")
    assert "är 15.00, men just nu har den inte allt som du har fått löfte om." in page.text
    choice = amira.open(page.link("Se vad 15.00 har"))
    assert choice.fields("Byt tid")["to"] == "botildenborg-1500"
    assert "Har inte just nu: 1 plats för rullstol" in choice.text
    amira.submit(choice, "Byt tid")
    with app.app_context():
        assert scenes.booking(promised).slot.slug == "botildenborg-1500"


def test_a_time_with_what_was_promised_comes_before_a_nearer_one_without(
    app: Flask, amira: Resident, promised: str
) -> None:
    with app.app_context():
        later = letters.add_departure(scenes.booking(promised).slot)
        aids.give(db.session.scalars(db.select(Slot).where(Slot.slug == later)).one())
    amira.submit(amira.open(f"/sv/bookings/{promised}"), "Byt den här till 17.00")
    with app.app_context():
        assert scenes.booking(promised).slot.slug == later
        assert aids.state(promised) == "promised"


def test_an_offer_says_before_it_is_taken_what_it_clashes_with(app: Flask, amira: Resident) -> None:
    page = amira.open(f"/sv/bookings/{offer(amira, 'botildenborg-1400')}")
    assert "Om du tackar ja krockar det med det du har" in page.text


def offer(resident: Resident, slug: str) -> str:
    """Offer the resident a place there that somebody else has given up; returns the reference."""
    with resident.app.app_context():
        with transaction() as session:
            full = session.scalars(db.select(Slot).where(Slot.slug == slug)).one()
            full.capacity, slot_id = 1, full.id
        blocking = scenes.book(scenes.slot_now(slot_id), "Boris").reference
    reference = book(resident, slug)
    with resident.app.app_context():
        changes.cancel(blocking)
    return reference


@pytest.mark.parametrize(
    ("language", "said", "never"),
    [
        ("sv", "Krockar med ditt erbjudande", "Krockar med din bokning"),
        ("en", "Clashes with your offer", "Clashes with your booking"),
    ],
)
def test_lists_say_of_an_offer_that_it_is_one(app: Flask, language: str, said: str, never: str) -> None:
    resident = Resident(app)
    offer(resident, "hyllie-1300")
    pages = [resident.open(f"/{language}/malmo-summit/{path}") for path in ("tours", "tours/siptex")]

    for page in (*pages, form(resident, "siptex-1030", language)):
        assert said in page.texts(".state--clash"), page
        assert never not in page.text, page


def test_a_booking_that_could_be_moved_says_which_times_clash_with_an_offer(app: Flask) -> None:
    resident = Resident(app)
    reference = book(resident, "siptex-1030")
    offer(resident, "hyllie-1300")
    assert "Krockar med ditt erbjudande" in resident.open(f"/sv/bookings/{reference}/move").texts(".state--clash")


def test_an_offer_that_is_not_answered_is_not_called_a_booking(app: Flask) -> None:
    resident = Resident(app)
    offer(resident, "hyllie-1300")
    with app.app_context(), transaction() as session:
        session.scalars(db.select(Slot).where(Slot.slug == "botildenborg-1500")).one().cancelled_at = clock.now()
    said = form(resident, "botildenborg-1400").text
    assert "Det är för kort om tid mellan det här och ditt erbjudande" in said
    assert "Erbjudandet om Hyllie slutar klockan 14.00" in said
    assert "din bokning" not in said.split("Vilken tid?")[0]
    overlapping = form(resident, "siptex-1230", "en").text
    assert "You have an offer at this time" in overlapping
    assert "that goes with what you have booked or been offered." in overlapping


def test_moving_says_beside_each_time_what_it_clashes_with(amira: Resident) -> None:
    reference = book(amira, "botildenborg-1500")
    page = amira.open(f"/sv/bookings/{reference}/move")
    assert any(TIGHT in text for text in page.texts(".choice"))


def test_my_places_show_the_day_with_its_gaps_and_clashes(amira: Resident) -> None:
    book(amira, "siptex-1030")
    book(amira, "botildenborg-1400")
    page = amira.open("/sv/my")
    assert "1 tim till nästa: 45 min med buss" in page.text
    assert "0 min till Botildenborg 14.00, men vägen tar 30 min med buss" in page.texts("li .state--clash")
    assert page.texts(".dep .state--clash") == ["Krockar med en annan", "Krockar med en annan"]
    chosen = amira.submit(page, "Med cykel")
    assert chosen.texts("button[name=way][aria-pressed=true]") == ["Med cykel"]
    assert "min med cykel" in chosen.text


@pytest.mark.parametrize(
    ("language", "said"), [("sv", ["45 min", "1 tim", "7 tim 15 min"]), ("en", ["45 min", "1 h", "7 h 15 min"])]
)
def test_a_long_time_is_said_in_hours_and_minutes(app: Flask, language: str, said: list[str]) -> None:
    with app.test_request_context(f"/{language}/"):
        app.preprocess_request()
        assert [duration(minutes) for minutes in (45, 60, 435)] == said


def test_my_places_ask_for_no_way_where_there_is_one_booking(amira: Resident) -> None:
    assert amira.open("/sv/my").all("button[name=way]") == []


def test_different_people_in_one_browser_are_no_clash_afterwards(app: Flask, amira: Resident) -> None:
    boris = {"name": "Boris Berg", "email": "boris@example.org"}
    reference = amira.post(form(amira, "botildenborg-1400"), **boris).headers[REFERENCE]
    assert "för kort om tid" not in amira.open(f"/sv/bookings/{reference}").text


# What an address must not tell


def test_a_stranger_learns_nothing_from_somebody_elses_address_but_its_mail_tells(app: Flask, amira: Resident) -> None:
    stranger = Resident(app, "Mallory")
    answer = stranger.post(form(stranger, "botildenborg-1400"), name="Mallory", email=amira.details["email"])
    page = stranger.open(f"/sv/bookings/{answer.headers[REFERENCE]}")
    assert answer.headers[OUTCOME] == "confirmed"
    assert "Hyllie" not in page.text
    assert "för kort om tid" not in page.text
    with app.app_context():
        letter = letters.text_of(letters.written(letters.newest()))
    assert "DET KROCKAR MED EN ANNAN BOKNING DU HAR" in letter
    assert "Hyllie, 14 maj klockan 13.00: det är 0 min emellan, och vägen tar ungefär 30 min." in " ".join(
        letter.split()
    )
    assert letter.count("key=") == 2


def test_where_clashes_bind_a_stranger_is_refused_without_being_told_which_booking(app: Flask, amira: Resident) -> None:
    let_bind(app, ClashRule.TRAVEL)
    stranger = Resident(app, "Mallory")
    answer = stranger.post(form(stranger, "hyllie-1300"), name="Mallory", email=amira.details["email"])
    page = stranger.refused(answer, 409)
    assert answer.headers[OUTCOME] == "refused"
    assert "På det här evenemanget kan en person inte ha båda, så ingenting bokades." in page.text
    assert page.all("a[href*='/bookings/']") == []
    assert "Välj " not in " ".join(page.texts("button"))


def test_where_clashes_bind_the_own_browser_is_told_which_and_the_nearest_that_fits(
    app: Flask, amira: Resident
) -> None:
    let_bind(app, ClashRule.TRAVEL)
    opened = form(amira, "botildenborg-1400")
    assert "På det här evenemanget kan en person inte ha båda." in opened.text
    page = amira.refused(amira.post(opened, **amira.details), 409)
    assert "vägen hit tar 30 min med buss" in page.text
    assert "Välj 15.00 i stället" in page.texts("button")
    assert page.fields()["name"] == amira.details["name"]
    assert count_bookings(app) == 1


def test_where_clashes_bind_a_change_into_one_is_refused_with_a_reason(app: Flask, amira: Resident) -> None:
    let_bind(app, ClashRule.OVERLAP)
    reference = book(amira, "siptex-1030")
    opened = amira.open(f"/sv/bookings/{reference}/move")
    assert opened.all("input[value=siptex-1230]") == []
    page = amira.submit(opened, "Byt tid", status=409, to="siptex-1230")
    assert "På det här evenemanget kan en person inte ha båda" in page.text


@pytest.mark.parametrize("way", list(Way))
def test_every_way_has_its_words_in_both_languages(amira: Resident, way: Way) -> None:
    for language in ("sv", "en"):
        token = form(amira, "botildenborg-1400").fields()["csrf_token"]
        address = f"/{language}/slots/botildenborg-1400/book"
        page = amira.refused(amira.client.post(address, data={"csrf_token": token, "way": way.value}), 200)
        assert page.one("button[name=way][aria-pressed=true]").get("value") == way.value
