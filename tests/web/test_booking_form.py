"""The booking form: what it takes, what it sends back, and that nothing typed is lost."""

from __future__ import annotations

import pytest
from flask import Flask
from sqlalchemy import update

from iclei_events.db import transaction
from iclei_events.models import Event
from tests.residents import OUTCOME, REFERENCE, Resident, booked, count_bookings, mails, make_departures, make_slot
from tests.times import AppClock


@pytest.fixture
def amira(app: Flask) -> Resident:
    return Resident(app)


def test_a_booking_leads_to_its_own_page_and_says_what_became_of_it(app: Flask, amira: Resident) -> None:
    answer = amira.book(make_slot(app), adults="2", children="1")

    assert answer.status_code == 303
    assert answer.headers[OUTCOME] == "confirmed"
    assert answer.location == f"/sv/bookings/{answer.headers[REFERENCE]}"
    assert "Klart. Ni har 3 platser." in amira.open(answer.location).text
    assert (count_bookings(app), mails(app)) == (1, 1)


def test_the_form_tells_the_limit_before_anybody_runs_into_it(app: Flask, amira: Resident) -> None:
    assert "Högst 4 platser per bokning." in amira.form_of(make_slot(app, max_party=4)).text
    limited = amira.form_of(make_slot(app, max_party=4, max_places_per_person=9))
    assert "Högst 4 platser per bokning och 9 per person på turerna och festen tillsammans." in limited.text


def test_the_form_says_what_is_kept_and_until_when(app: Flask, amira: Resident) -> None:
    page = amira.form_of(make_slot(app))

    assert "till tisdag 14 juni 2022" in page.text
    assert "Bokningar är allmänna handlingar" in page.text
    assert "dagen efter, den 15 maj" in page.text
    assert not page.all("input[type=checkbox][name=consent]")


def test_an_error_is_in_the_title_in_the_summary_and_beside_its_field(app: Flask, amira: Resident) -> None:
    form = amira.form_of(make_slot(app))
    page = amira.refused(amira.send(form, name=" \u00a0 ", email="", adults=""), 422)

    assert page.title.startswith("Fel i formuläret:")
    summary = page.texts(".ds-error-summary li")
    assert summary == ["Skriv ditt namn.", "Skriv hur många vuxna som kommer.", "Skriv din e-postadress."]
    links = [link.get("href") for link in page.all(".ds-error-summary a")]
    assert links == ["#name", "#adults", "#email"]
    assert [page.one(f"#{field}-error").text for field in ("name", "adults", "email")] == summary
    assert page.one("#name").get("aria-invalid") == "true"
    assert page.one(".ds-error-summary").get("autofocus") is not None
    assert count_bookings(app) == 0


def test_english_pages_say_it_in_english(app: Flask) -> None:
    boris = Resident(app, "Boris", "en")
    page = boris.refused(boris.send(boris.form_of(make_slot(app)), email="boris@"), 422)

    assert page.title.startswith("Error in the form:")
    assert page.texts(".ds-error-summary li") == [
        "Something is missing after the @. Write for example amira@example.se"
    ]


def test_what_was_typed_stays_in_the_form(app: Flask, amira: Resident) -> None:
    typed = {
        "name": "Åsa O'Brien <b>",
        "email": "asa@",
        "phone": "vet ej",
        "adults": "1_0",
        "children": "två",
        "access_needs": 'Rullstol & "hörslinga"',
        "language": "en",
    }
    page = amira.refused(amira.send(amira.form_of(make_slot(app)), **typed), 422)

    sent_again = page.fields()
    assert {name: sent_again[name].strip() for name in typed} == typed
    assert sent_again["wait"] == "yes"


@pytest.mark.database("sqlite")
@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("070-123 45 67", "+46 70 123 45 67"),
        ("0046701234567", "+46 70 123 45 67"),
        ("+45 32 12 34 56", "+45 32 12 34 56"),
        ("12 34 56", "12 34 56"),
        ("", None),
    ],
)
def test_a_phone_number_is_read_kindly(app: Flask, amira: Resident, typed: str, kept: str | None) -> None:
    answer = amira.book(make_slot(app), phone=typed)

    assert booked(app, answer.headers[REFERENCE])["phone"] == kept


def test_a_phone_number_without_digits_is_asked_for_again(app: Flask, amira: Resident) -> None:
    page = amira.refused(amira.book(make_slot(app), phone="ring på"), 422)

    assert page.texts(".ds-error-summary li") == ["Skriv ett telefonnummer med siffror, till exempel 070-123 45 67."]


def test_children_come_with_an_adult_where_the_tour_asks_for_one(app: Flask, amira: Resident) -> None:
    strict, free = make_slot(app), make_slot(app, children_need_adult=False)

    page = amira.refused(amira.book(strict, adults="0", children="2"), 422)
    assert page.texts("#adults-error") == ["Barn kommer med minst en vuxen. Skriv hur många vuxna som kommer."]
    assert amira.book(free, adults="0", children="2").headers[OUTCOME] == "confirmed"


def test_nobody_is_no_party(app: Flask, amira: Resident) -> None:
    page = amira.refused(amira.book(make_slot(app), adults="0", children="0"), 422)

    assert page.texts("#adults-error") == ["Skriv hur många vuxna som kommer."]


def test_mails_come_in_the_language_that_was_chosen(app: Flask, amira: Resident) -> None:
    answer = amira.book(make_slot(app), language="en")

    assert booked(app, answer.headers[REFERENCE])["language"] == "en"
    assert amira.form_of(make_slot(app)).fields()["language"] == "sv"


def test_a_session_for_one_asks_for_name_and_address_only(app: Flask, amira: Resident) -> None:
    slot = make_slot(app, max_party=1)
    form = amira.form_of(slot)

    assert not [name for name in ("adults", "children", "phone", "access_needs") if name in form.fields()]
    answer = amira.send(form)
    assert booked(app, answer.headers[REFERENCE])["adults"] == 1


def test_a_full_slot_without_the_box_answers_how_many_are_left_and_offers_the_line(app: Flask, amira: Resident) -> None:
    slot = make_slot(app, capacity=4)
    Resident(app, "Boris").book(slot, adults="2")
    answer = amira.book(slot, adults="2", children="1", wait=None, access_needs="Rullstol")

    assert (answer.status_code, answer.headers[OUTCOME]) == (409, "full")
    page = amira.refused(answer, 409)
    assert "Bara 2 platser är kvar." in page.text
    assert page.fields()["access_needs"].strip() == "Rullstol"
    assert page.fields()["children"] == "1"
    queued = amira.post(page, "Boka antalet ovan", adults="1")
    assert queued.headers[OUTCOME] == "confirmed"


def test_one_press_puts_the_party_in_line_with_everything_it_typed(app: Flask, amira: Resident) -> None:
    slot = make_slot(app, capacity=3)
    Resident(app, "Boris").book(slot, adults="2")
    page = amira.refused(amira.book(slot, adults="2", wait=None, access_needs="Rullstol"), 409)
    answer = amira.post(page, "Ställ dig i kö")

    assert answer.headers[OUTCOME] == "waiting"
    kept = booked(app, answer.headers[REFERENCE])
    assert (kept["status"], kept["adults"], kept["access_need"]) == ("waiting", 2, "Rullstol")


def test_whoever_unticked_the_box_can_still_join_the_line_when_the_last_place_goes(app: Flask, amira: Resident) -> None:
    slot = make_slot(app, capacity=1)
    form = amira.form_of(slot)
    Resident(app, "Boris").book(slot)
    page = amira.refused(amira.send(form, wait=None), 409)

    assert amira.post(page, "Ställ dig i kö").headers[OUTCOME] == "waiting"


@pytest.mark.parametrize("wait", ["yes", None])
def test_a_party_that_the_slot_can_never_hold_is_told_how_many_it_takes_and_not_to_wait(
    app: Flask, amira: Resident, wait: str | None
) -> None:
    answer = amira.book(make_slot(app, capacity=3), adults="5", wait=wait)
    page = amira.refused(answer, 409)

    assert answer.headers[OUTCOME] == "full"
    assert page.texts(".alert__h") == [
        "Det finns bara 3 platser totalt den här tiden. Boka för högst 3 personer, eller välj en annan tid."
    ]
    assert not page.all("button[name=wait]")


def test_the_form_of_a_full_slot_is_a_form_to_join_the_line(app: Flask, amira: Resident) -> None:
    slot = make_slot(app, capacity=1)
    Resident(app, "Boris").book(slot)
    form = amira.form_of(slot)

    assert not form.all("input[type=checkbox][name=wait]")
    assert amira.post(form, "Ställ dig i kö", **amira.details).headers[OUTCOME] == "waiting"


def test_before_opening_the_page_says_when(app: Flask, amira: Resident, app_clock: AppClock) -> None:
    slot = make_slot(app, opens_at=app_clock.stand_at("2022-05-02T12:00:00+02:00"))
    app_clock.stand_at("2022-05-02T09:05:00+02:00")
    page = amira.form_of(slot)

    assert "Bokningen öppnar 2 maj klockan 12.00" in page.text
    assert not page.all("form[method=post]")


def test_a_slot_open_to_all_needs_no_booking(app: Flask, amira: Resident) -> None:
    assert "Du behöver inte boka" in amira.form_of(make_slot(app, mode="open", capacity=0)).text


def test_an_unknown_slot_is_a_page_that_is_not_there(app: Flask, amira: Resident) -> None:
    amira.open("/sv/slots/no-such-tour/book", status=404)


def test_what_was_typed_goes_along_to_the_form_of_another_time(
    app: Flask, demo_tour: list[str], amira: Resident
) -> None:
    page = amira.open(f"/sv/slots/{demo_tour[0]}/book")
    buttons = page.all(".times button[name=show]")
    assert [button.get("formaction") for button in buttons] == [f"/sv/slots/{slug}/book" for slug in demo_tour[1:]]
    assert page.texts(".times [aria-current]") == ["10.30SvenskaFå platser kvar: 5"]

    typed = {"name": "Åsa", "email": "asa@", "adults": "2", "children": "x", "language": "en", "for_others": "yes"}
    sent = {**page.fields(), **typed, "show": "time"}
    other = amira.refused(amira.client.post(buttons[0].get("formaction"), data=sent), 200)
    assert {name: other.fields()[name] for name in typed} == typed
    assert not other.all(".ds-error-summary")
    assert (count_bookings(app), other.texts(".times [aria-current]")[0][:5]) == (0, "12.30")
    answer = amira.post(other, "Boka 12.30", email="asa@example.org", children="1")
    assert (answer.headers[OUTCOME], booked(app, answer.headers[REFERENCE])["adults"]) == ("confirmed", 2)


def test_the_enter_key_books_and_never_chooses_another_time(demo_tour: list[str], amira: Resident) -> None:
    page = amira.open(f"/sv/slots/{demo_tour[0]}/book")
    first = page.form().cssselect("button[type=submit]")[0]

    assert (first.get("formaction"), first.get("name"), first.get("tabindex")) == (None, None, "-1")


def test_whoever_books_for_others_has_no_place_of_their_own(app: Flask, amira: Resident) -> None:
    page = amira.open(amira.book(make_slot(app), adults="2", for_others="yes").location)

    assert page.texts(".people li span.break") == ["Person 1Vuxen", "Person 2Vuxen"]
    assert "Bokat av" in page.texts(".ticket dt")
    mine = amira.open(amira.book(make_slot(app), adults="2").location)
    assert mine.texts(".people li span.break") == ["Amira LindqvistVuxen, du som bokade", "Person 2Vuxen"]


def test_one_person_has_so_many_places_and_is_told_the_rule_and_nothing_of_what_others_hold(
    app: Flask, demo_tour: list[str], amira: Resident
) -> None:
    first, second, _third = demo_tour
    with app.app_context(), transaction() as session:
        session.execute(update(Event).values(max_places_per_person=4))
    amira.send(amira.open(f"/sv/slots/{first}/book"), adults="3")
    stranger = Resident(app, "Boris")
    form = stranger.open(f"/sv/slots/{second}/book")
    answer = stranger.send(form, email="Amira@example.org", adults="2")
    page = stranger.refused(answer, 409)

    assert answer.headers[OUTCOME] == "refused"
    assert page.texts(".alert__h") == [
        "En person kan ha sammanlagt 4 platser på turer och fest, köplatser medräknade. Det här skulle bli fler."
    ]
    assert page.fields()["adults"] == "2"
    assert "Lindqvist" not in page.text.replace("Boris Lindqvist", "")
    assert "som du har öppnat här" not in page.text
    assert stranger.send(page, email="Amira@example.org", adults="1").headers[OUTCOME] == "confirmed"


@pytest.mark.parametrize(
    ("language", "held", "told"),
    [
        ("sv", "3", "Med bokningarna som du har öppnat här kan du få högst en plats till."),
        ("sv", "2", "Med bokningarna som du har öppnat här kan du få högst 2 platser till."),
        ("en", "4", "The bookings you have opened here are already as many places as one person can have."),
    ],
)
def test_whoever_opened_their_bookings_here_is_told_how_many_places_are_left(
    app: Flask, demo_tour: list[str], language: str, held: str, told: str
) -> None:
    amira, (first, second, _third) = Resident(app, language=language), demo_tour
    with app.app_context(), transaction() as session:
        session.execute(update(Event).values(max_places_per_person=4))
    amira.send(amira.open(f"/{language}/slots/{first}/book"), adults=held)
    page = amira.refused(amira.send(amira.open(f"/{language}/slots/{second}/book"), adults="3"), 409)

    assert told in page.one("[role=alert]").text_content()


def test_a_refusal_for_bookings_made_elsewhere_tells_nothing_of_them(
    app: Flask, demo_tour: list[str], amira: Resident
) -> None:
    first, second, third = demo_tour
    with app.app_context(), transaction() as session:
        session.execute(update(Event).values(max_places_per_person=4))
    amira.send(amira.open(f"/sv/slots/{first}/book"), adults="2")
    stranger = Resident(app, "Boris")
    stranger.send(stranger.open(f"/sv/slots/{second}/book"), email="amira@example.org", adults="1")
    form = stranger.open(f"/sv/slots/{third}/book")
    page = stranger.refused(stranger.send(form, email="amira@example.org", adults="2"), 409)
    other = stranger.refused(stranger.send(form, email="amira@example.org", adults="4"), 409)

    assert "som du har öppnat här" not in page.text
    assert "kan du få högst 3 platser till." in other.text


def test_the_age_a_tour_suits_is_said_as_guidance(app: Flask, amira: Resident, summit: None) -> None:
    guidance = "Passar barn från 7 år."
    pages = [amira.open(path) for path in ("/sv/malmo-summit/tours/siptex", "/sv/slots/siptex-1030/book")]

    assert [guidance in page.text for page in pages] == [True, True]


def test_of_a_full_time_another_is_booked_with_one_press(app: Flask, demo_tour: list[str], amira: Resident) -> None:
    first, second, _third = demo_tour
    filler = Resident(app, "Boris")
    filler.send(filler.open(f"/sv/slots/{first}/book"), adults="5")
    refused = amira.refused(amira.send(amira.open(f"/sv/slots/{first}/book"), adults="2", wait=None), 409)
    button = refused.one(f"button[formaction='/sv/slots/{second}/book']")
    answer = amira.client.post(button.get("formaction"), data=refused.fields())

    assert answer.headers[OUTCOME] == "confirmed"
    assert booked(app, answer.headers[REFERENCE])["adults"] == 2


def test_a_clash_with_a_booking_of_ones_own_is_told_before_it_is_made(app: Flask, amira: Resident) -> None:
    amira.book(make_slot(app))

    assert "Du har redan en bokning den här tiden" in amira.form_of(make_slot(app)).text


def test_a_head_request_is_a_get_without_a_body(app: Flask, amira: Resident) -> None:
    slot = make_slot(app)

    assert amira.client.head(f"/sv/slots/{slot.slug}/book").status_code == 200


@pytest.fixture
def demo_tour(app: Flask) -> list[str]:
    """The slugs of three departures of one tour with five places each."""
    return make_departures(app, 3)
