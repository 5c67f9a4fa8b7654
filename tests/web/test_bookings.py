"""A booking's own page: who may open it, how it stands, and what its party can change."""

from __future__ import annotations

import pytest
from flask import Flask

from iclei_events.db import db, transaction
from iclei_events.models import Booking, Slot
from iclei_events.services import changes, links
from tests import scenes
from tests.clients import Page
from tests.residents import OUTCOME, REFERENCE, Resident, booked, counters, mails, make_departures, make_slot
from tests.times import AppClock


def secret_of(app: Flask, reference: str) -> str:
    with app.app_context():
        return links.secret_for("booking", scenes.booking(reference).salt, app.config["SECRET_KEY"])


def own_page(resident: Resident, slot: Slot, **fields: str) -> Page:
    answer = resident.book(slot, **fields)
    assert answer.status_code == 303
    return resident.open(answer.location)


def reference_of(page: Page) -> str:
    return page.path.rsplit("/", 1)[1]


@pytest.fixture
def amira(app: Flask) -> Resident:
    return Resident(app)


def test_the_link_in_the_mail_opens_the_booking_and_leaves_the_address_without_its_secret(app: Flask) -> None:
    page = own_page(Resident(app), make_slot(app))
    reference = reference_of(page)
    elsewhere = Resident(app)
    answer = elsewhere.client.get(f"/sv/bookings/{reference}?key={secret_of(app, reference)}")

    assert (answer.status_code, answer.location) == (303, f"/sv/bookings/{reference}")
    assert elsewhere.open(answer.location).heading == "Din plats"


def test_a_booking_is_kept_out_of_caches_and_tells_nobody_where_its_reader_came_from(app: Flask) -> None:
    page = own_page(Resident(app), make_slot(app))

    assert page.headers["Referrer-Policy"] == "no-referrer"
    assert page.headers["Cache-Control"] == "private, no-store"
    assert "noindex" in page.one("meta[name=robots]").get("content", "")


@pytest.mark.parametrize("key", ["", "?key=", "?key=wrong", "?key=" + "A" * 24])
def test_unknown_and_not_yours_are_the_same_page(app: Flask, key: str) -> None:
    reference = reference_of(own_page(Resident(app), make_slot(app)))
    stranger = Resident(app, "Boris")
    mine = stranger.open(f"/sv/bookings/{reference}{key}", status=404)
    unknown = stranger.open(f"/sv/bookings/23456789{key}", status=404)

    assert mine.text == unknown.text
    assert mine.title == unknown.title


def test_a_new_salt_ends_every_old_link_and_every_browser_that_had_it(app: Flask, amira: Resident) -> None:
    reference = reference_of(own_page(amira, make_slot(app)))
    old = secret_of(app, reference)
    with app.app_context(), transaction() as session:
        session.execute(db.update(Booking).where(Booking.reference == reference).values(salt="another salt"))

    amira.open(f"/sv/bookings/{reference}", status=404)
    amira.open(f"/sv/bookings/{reference}?key={old}", status=404)


def test_opening_a_link_changes_nothing_however_often_scanners_do_it(app: Flask, amira: Resident) -> None:
    slot = make_slot(app)
    reference = reference_of(own_page(amira, slot))
    before = booked(app, reference), counters(app, slot), mails(app)
    scanner = Resident(app, "Scanner")
    for _ in range(3):
        scanner.client.get(f"/sv/bookings/{reference}?key={secret_of(app, reference)}", follow_redirects=True)
        scanner.client.head(f"/sv/bookings/{reference}?key={secret_of(app, reference)}")
    for verb in ("party", "cancel", "accept"):
        assert scanner.client.get(f"/sv/bookings/{reference}/{verb}").status_code in {404, 405}

    assert (booked(app, reference), counters(app, slot), mails(app)) == before


def test_the_ticket_says_when_where_who_and_which_number(app: Flask, amira: Resident) -> None:
    page = own_page(amira, make_slot(app), adults="2", children="1")

    assert page.texts(".ticket__time") == ["10.30"]
    rows = dict(zip(page.texts(".ticket dt"), page.texts(".ticket dd"), strict=True))
    assert rows == {
        "Språk": "Svenska",
        "Sällskap": "2 vuxna och ett barn",
        "Namn": "Amira Lindqvist",
        "Nummer": reference_of(page),
    }


def test_the_receipt_names_what_is_kept_and_the_day_it_is_erased(app: Flask, amira: Resident) -> None:
    page = own_page(amira, make_slot(app), phone="070-1234567", access_needs="Rullstol")

    rows = dict(zip(page.texts(".receipt tbody th"), page.texts(".receipt tbody td"), strict=True))
    assert rows == {
        "Behov av stöd": "15 maj 2022",
        "Namn": "14 juni 2022",
        "E-post": "14 juni 2022",
        "Mobilnummer": "14 juni 2022",
        "Antal platser": "Sparas som antal, utan namn",
    }


def test_one_place_is_given_back_and_the_others_stay(app: Flask, amira: Resident) -> None:
    slot = make_slot(app)
    page = own_page(amira, slot, adults="2", children="1")
    page = amira.submit(page, "Ja, lämna tillbaka platsen Person 3")

    assert page.texts(".notice [role=status]") == ["Du har lämnat tillbaka en plats. Någon annan kan få den nu."]
    assert "Klart. Ni har 2 platser." in page.text
    assert (booked(app, reference_of(page))["adults"], booked(app, reference_of(page))["children"]) == (2, 0)
    assert counters(app, slot) == (2, 0, 0)


@pytest.mark.parametrize("number", ["0", "9", "9999"])
def test_a_place_that_there_is_not_cannot_be_given_back(app: Flask, amira: Resident, number: str) -> None:
    slot = make_slot(app)
    page = own_page(amira, slot, adults="2")
    answer = amira.post(page, "Ja, lämna tillbaka platsen Person 2", number=number)

    assert answer.status_code == 422
    assert counters(app, slot) == (2, 0, 0)


def test_the_last_adult_of_a_party_with_children_is_not_offered_to_go(app: Flask, amira: Resident) -> None:
    page = own_page(amira, make_slot(app), adults="1", children="2")

    assert [field.get("value") for field in page.all(".people [name=number]")] == ["2", "3"]


def test_a_party_changes_its_size_while_there_is_room(app: Flask, amira: Resident) -> None:
    slot = make_slot(app)
    page = amira.submit(own_page(amira, slot), "Spara antalet", adults="3", children="2")

    assert "Klart. Ni har 5 platser." in page.text
    assert counters(app, slot) == (5, 0, 0)


def test_a_party_that_wants_more_than_there_is_keeps_what_it_has(app: Flask, amira: Resident) -> None:
    slot = make_slot(app, capacity=4)
    page = own_page(amira, slot, adults="2")
    refused = amira.submit(page, "Spara antalet", status=409, adults="5")

    assert refused.texts(".ds-error-summary li") == ["Bara 2 platser är kvar."]
    assert "Klart. Ni har 2 platser." in refused.text
    assert refused.fields("Spara antalet")["adults"] == "5"
    assert counters(app, slot) == (2, 0, 0)
    assert "Ni har 4 platser" in amira.submit(refused, "Spara antalet", adults="4").text


def test_a_party_that_would_have_more_than_one_person_may_is_told_beside_the_number(
    app: Flask, amira: Resident
) -> None:
    slot = make_slot(app, capacity=9, max_places_per_person=3)
    refused = amira.submit(own_page(amira, slot, adults="2"), "Spara antalet", status=409, adults="4")

    sentence = "En person kan ha sammanlagt 3 platser på turer och fest, köplatser medräknade. Det här skulle bli fler."
    assert refused.texts(".ds-error-summary li") == [sentence]
    assert refused.fields("Spara antalet")["adults"] == "4"
    assert counters(app, slot) == (2, 0, 0)


@pytest.mark.database("sqlite")
@pytest.mark.parametrize(
    ("adults", "children", "sentence"),
    [
        ("7", "0", "Du kan boka högst 6 platser."),
        ("0", "1", "Barn kommer med minst en vuxen. Skriv hur många vuxna som kommer."),
        ("0", "0", "Skriv hur många vuxna som kommer."),
        ("två", "0", "Skriv ett antal med siffrorna 0 till 9."),
    ],
)
def test_a_size_that_cannot_be_is_an_error_of_the_form(
    app: Flask, amira: Resident, adults: str, children: str, sentence: str
) -> None:
    page = own_page(amira, make_slot(app, capacity=20))
    refused = amira.submit(page, "Spara antalet", status=422, adults=adults, children=children)

    assert refused.texts(".ds-error-summary li") == [sentence]
    assert refused.title.startswith("Fel i formuläret:")


def test_a_form_opened_before_another_change_is_answered_with_how_it_stands_now(app: Flask, amira: Resident) -> None:
    slot = make_slot(app, capacity=10)
    old = own_page(amira, slot, adults="4")
    amira.submit(amira.open(old.path), "Spara antalet", adults="3")
    stale = amira.submit(old, "Spara antalet", status=409, adults="5")

    assert "Något har ändrats sedan du öppnade sidan" in stale.text
    assert "Klart. Ni har 3 platser." in stale.text
    assert counters(app, slot) == (3, 0, 0)


def test_the_same_change_sent_twice_is_one_change_and_one_mail(app: Flask, amira: Resident) -> None:
    page = own_page(amira, make_slot(app), adults="4")
    for _ in range(2):
        amira.submit(page, "Spara antalet", adults="2")

    assert mails(app, "booking_changed") == 1


def test_cancelling_takes_two_presses_and_may_be_sent_twice(app: Flask, amira: Resident) -> None:
    slot = make_slot(app)
    page = own_page(amira, slot, adults="2")
    for _ in range(2):
        assert amira.submit(page, "Ja, avboka").heading == "Bokningen är avbokad"

    assert counters(app, slot) == (0, 0, 0)
    assert mails(app, "booking_cancelled") == 1


def test_a_cancelled_booking_cannot_be_changed_any_more(app: Flask, amira: Resident) -> None:
    page = own_page(amira, make_slot(app), adults="2")
    amira.submit(page, "Ja, avboka")
    refused = amira.submit(page, "Spara antalet", status=409, adults="1")

    assert "Bokningen gäller inte längre" in refused.text
    assert refused.heading == "Bokningen är avbokad"


def test_an_offer_is_accepted_or_passed_on_and_says_until_when(app: Flask, amira: Resident) -> None:
    slot = make_slot(app, capacity=1)
    first = own_page(Resident(app, "Boris"), slot)
    waiting = own_page(amira, slot)
    assert (waiting.heading, waiting.texts(".queue__n")) == ("I kö", ["1"])
    with app.app_context():
        changes.cancel(reference_of(first))
    offered = amira.open(waiting.path)

    assert offered.heading == "En plats är ledig åt dig"
    assert "Vi håller platsen åt dig till 3 maj klockan 09.05." in offered.text
    assert amira.submit(offered, "Ja, ta platsen").heading == "Din plats"
    assert amira.submit(offered, "Ja, ta platsen").heading == "Din plats"
    assert counters(app, slot) == (1, 0, 0)


def test_an_offer_passed_on_goes_to_the_next_in_line(app: Flask, amira: Resident) -> None:
    slot = make_slot(app, capacity=1)
    first = own_page(Resident(app, "Boris"), slot)
    waiting, next_one = own_page(amira, slot), own_page(chen := Resident(app, "Chen"), slot)
    with app.app_context():
        changes.cancel(reference_of(first))
    amira.submit(amira.open(waiting.path), "Nej, låt nästa")

    assert chen.open(next_one.path).heading == "En plats är ledig åt dig"


def test_an_offer_that_ran_out_says_so_before_and_after_somebody_tries_to_take_it(
    app: Flask, amira: Resident, app_clock: AppClock
) -> None:
    slot = make_slot(app, capacity=1)
    first, waiting = own_page(Resident(app, "Boris"), slot), own_page(amira, slot)
    with app.app_context():
        changes.cancel(reference_of(first))
    offered = amira.open(waiting.path)
    app_clock.advance(hours=24)

    assert amira.open(waiting.path).heading == "Erbjudandet har gått ut"
    late = amira.submit(offered, "Ja, ta platsen", status=409)
    assert "Tiden att svara har gått ut." in late.text
    assert counters(app, slot) == (0, 0, 0)


def test_leaving_the_line_frees_the_turn(app: Flask, amira: Resident) -> None:
    slot = make_slot(app, capacity=1)
    own_page(Resident(app, "Boris"), slot)
    page = amira.submit(own_page(amira, slot), "Lämna kön")

    assert page.heading == "Du har lämnat kön"
    assert counters(app, slot) == (1, 0, 0)


def test_a_cancelled_departure_is_said_on_the_booking(app: Flask, amira: Resident, app_clock: AppClock) -> None:
    slot = make_slot(app)
    page = own_page(amira, slot)
    with app.app_context(), transaction() as session:
        session.execute(db.update(Slot).where(Slot.id == slot.id).values(cancelled_at=app_clock.advance(days=1)))

    assert amira.open(page.path).heading == "Inställd: Tour på svenska 10.30"


def test_after_the_tour_the_page_says_that_it_is_over(app: Flask, amira: Resident, app_clock: AppClock) -> None:
    page = own_page(amira, make_slot(app))
    app_clock.stand_at("2022-05-14T12:30:00+02:00")

    assert amira.open(page.path).heading == "Tack för besöket"


def test_somebody_who_waits_reads_the_rule_of_the_line(app: Flask, amira: Resident) -> None:
    slot = make_slot(app, capacity=1)
    own_page(Resident(app, "Boris"), slot)
    page = own_page(amira, slot)

    assert "Ett mindre sällskap kan gå före ett större som inte får plats, högst tre gånger." in page.text
    assert page.texts("main h2") == [
        "Tour på svenska 10.30",
        "Så går det till",
        "Det som behövs",
        "Har du ändrat dig?",
        "Vad vi vet om dig",
    ]


def test_while_waiting_other_times_with_room_are_shown(app: Flask, amira: Resident) -> None:
    first, second = make_departures(app, 2)
    boris = Resident(app, "Boris")
    boris.send(boris.open(f"/sv/slots/{first}/book"), adults="5")
    waiting = amira.send(amira.open(f"/sv/slots/{first}/book"))

    page = amira.open(waiting.location)
    assert page.link("Boka 12.30") == f"/sv/slots/{second}/book"


def test_the_ticket_goes_into_a_calendar(app: Flask, amira: Resident) -> None:
    page = own_page(amira, make_slot(app))
    answer = amira.client.get(page.link("Lägg till i kalendern"))

    assert (answer.status_code, answer.mimetype) == (200, "text/calendar")
    assert Resident(app, "Boris").client.get(page.link("Lägg till i kalendern")).status_code == 404


def test_the_page_exists_in_english(app: Flask) -> None:
    boris = Resident(app, "Boris", "en")
    page = own_page(boris, make_slot(app), adults="2")

    assert (page.heading, page.texts(".ticket__time")) == ("Your places", ["10:30"])
    assert boris.book(make_slot(app)).headers[OUTCOME] == "confirmed"
    assert boris.book(make_slot(app)).headers[REFERENCE]
