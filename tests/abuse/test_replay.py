"""The same form or link again: by a double click, a reload, an old mail, or somebody else."""

from __future__ import annotations

import pytest
from flask import Flask

from tests.clients import Page
from tests.residents import OUTCOME, REFERENCE, Resident, at_once, booked, count_bookings, counters, mails, make_slot


@pytest.fixture
def amira(app: Flask) -> Resident:
    return Resident(app)


# P01
@pytest.mark.race
def test_a_double_click_of_twenty_is_one_booking_one_mail_and_one_page_for_all(app: Flask, amira: Resident) -> None:
    slot = make_slot(app)
    form = amira.form_of(slot)
    sent = {**form.fields(), **amira.details}
    cookie = amira.client.get_cookie("summit")
    assert cookie is not None

    def click() -> tuple[int, str, str]:
        client = app.test_client()
        client.set_cookie("summit", cookie.value)
        answer = client.post(form.path, data=sent)
        return answer.status_code, answer.headers[OUTCOME], answer.headers.get("Location", "")

    answers = at_once(*[click] * 20)
    assert {(status, location) for status, _outcome, location in answers} == {(303, answers[0][2])}
    assert sorted(outcome for _status, outcome, _location in answers) == ["confirmed", *["duplicate"] * 19]
    assert (count_bookings(app), mails(app), counters(app, slot)) == (1, 1, (1, 0, 0))


# P02
def test_a_form_sent_again_after_going_back_shows_the_same_booking(app: Flask, amira: Resident) -> None:
    slot = make_slot(app)
    form = amira.form_of(slot)
    first = amira.send(form, adults="2")
    again = amira.send(form, adults="3")

    assert (again.status_code, again.headers[OUTCOME]) == (303, "duplicate")
    assert (again.location, again.headers[REFERENCE]) == (first.location, first.headers[REFERENCE])
    assert "Klart. Ni har 2 platser." in amira.open(again.location).text
    assert counters(app, slot) == (2, 0, 0)


# P02
def test_the_address_may_be_written_in_other_capitals_the_second_time(app: Flask, amira: Resident) -> None:
    form = amira.form_of(make_slot(app))
    amira.send(form, email="amira@example.org")

    assert amira.send(form, email="Amira@Example.ORG").headers[OUTCOME] == "duplicate"


# P02
def test_a_form_sent_again_after_cancelling_books_nothing_anew(app: Flask, amira: Resident) -> None:
    slot = make_slot(app)
    form = amira.form_of(slot)
    page = amira.open(amira.send(form).location)
    amira.submit(page, "Ja, avboka")
    again = amira.send(form)

    assert again.headers[OUTCOME] == "duplicate"
    assert amira.open(again.location).heading == "Bokningen är avbokad"
    assert counters(app, slot) == (0, 0, 0)


# P04
def test_the_key_of_somebody_else_opens_and_tells_nothing(app: Flask, amira: Resident) -> None:
    slot = make_slot(app)
    form = amira.form_of(slot)
    first = amira.send(form, access_needs="Rullstol")
    boris = Resident(app, "Boris")
    answer = boris.send(boris.form_of(slot), idempotency_key=form.fields()["idempotency_key"])
    page = boris.refused(answer, 409)

    assert (answer.headers[OUTCOME], answer.headers.get(REFERENCE)) == ("refused", None)
    told = page.source + str(answer.headers)
    assert not [secret for secret in ("Amira", "amira@", "Rullstol", first.headers[REFERENCE]) if secret in told]
    boris.open(first.location, status=404)
    assert count_bookings(app) == 1


# P04
def test_after_a_taken_key_the_form_has_a_fresh_one_and_can_be_sent(app: Flask, amira: Resident) -> None:
    slot = make_slot(app)
    form = amira.form_of(slot)
    amira.send(form)
    page = amira.refused(amira.send(form, email="amira.l@example.org"), 409)

    assert "Det här formuläret är redan skickat." in page.text
    assert amira.send(page, email="amira.l@example.org").headers[OUTCOME] == "confirmed"


# P04
def test_the_key_of_a_form_for_another_slot_is_taken(app: Flask, amira: Resident) -> None:
    form = amira.form_of(make_slot(app))
    amira.send(form)
    other = amira.form_of(make_slot(app))

    assert amira.send(other, idempotency_key=form.fields()["idempotency_key"]).status_code == 409


@pytest.mark.parametrize("key", ["", "short", "x" * 65, "with space", "åäö-åäö-åäö", "a;drop-table", None])
def test_a_key_that_no_form_of_ours_has_is_replaced_by_a_fresh_one(
    app: Flask, amira: Resident, key: str | None
) -> None:
    page = amira.refused(amira.send(amira.form_of(make_slot(app)), idempotency_key=key), 422)

    assert page.texts(".ds-error-summary li") == ["Formuläret var för gammalt. Skicka det igen."]
    assert count_bookings(app) == 0
    assert amira.send(page).headers[OUTCOME] == "confirmed"


def test_each_form_has_a_key_of_its_own_of_at_least_128_bits(app: Flask, amira: Resident) -> None:
    slot = make_slot(app)
    keys = {str(amira.form_of(slot).fields()["idempotency_key"]) for _ in range(5)}

    assert len(keys) == 5
    assert all(len(key) >= 22 for key in keys)


# P05
def test_an_old_page_cancels_the_old_booking_and_never_the_new_one(app: Flask, amira: Resident) -> None:
    slot = make_slot(app)
    old: Page = amira.open(amira.book(slot).location)
    amira.submit(old, "Ja, avboka")
    new = amira.book(slot, adults="2")
    amira.submit(old, "Ja, avboka")

    assert booked(app, new.headers[REFERENCE])["status"] == "confirmed"
    assert counters(app, slot) == (2, 0, 0)
