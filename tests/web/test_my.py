"""My places: what this browser has opened, and the mail with links for those who booked elsewhere."""

from __future__ import annotations

import pytest
from flask import Flask

from iclei_events.db import db
from iclei_events.models import OutboxMail
from tests import scenes
from tests.residents import REFERENCE, Resident, mails, make_slot
from tests.times import AppClock

pytestmark = pytest.mark.either_database


@pytest.fixture
def amira(app: Flask) -> Resident:
    return Resident(app)


def ask(resident: Resident, email: str) -> str:
    page = resident.submit(resident.open("/sv/my"), "Skicka mina bokningar", email=email)
    return f"{page.path} {page.text}"


def test_what_was_booked_here_is_listed_with_its_state(app: Flask, amira: Resident) -> None:
    slot = make_slot(app, capacity=2)
    held = amira.book(slot, adults="2").headers[REFERENCE]
    amira.book(slot)
    page = amira.open("/sv/my")

    assert page.texts(".dep__state") == ["Du har 2 platser", "I kö"]
    assert page.link("Visa") == f"/sv/bookings/{held}"


def test_another_browser_sees_nothing_of_it(app: Flask, amira: Resident) -> None:
    amira.book(make_slot(app))

    assert "Inget än." in Resident(app, "Boris").open("/sv/my").text


def test_links_go_by_mail_to_the_address_that_was_given_when_booking(app: Flask, amira: Resident) -> None:
    first = amira.book(make_slot(app), email="Amira@Example.org").headers[REFERENCE]
    second = amira.book(make_slot(app), email="amira@example.org").headers[REFERENCE]
    ask(Resident(app, "Elsewhere"), "AMIRA@example.org")

    with app.app_context():
        mail = db.session.scalars(db.select(OutboxMail).where(OutboxMail.kind == "my_bookings")).one()
        assert (mail.recipient, mail.language) == ("amira@example.org", "sv")
        assert mail.context == {"booking_ids": [scenes.booking(first).id, scenes.booking(second).id]}


def test_a_known_and_an_unknown_address_get_the_same_answer(app: Flask, amira: Resident) -> None:
    amira.book(make_slot(app))

    assert ask(amira, "amira@example.org") == ask(amira, "nobody@example.org")
    assert mails(app, "my_bookings") == 1


# P07
def test_asking_fifty_times_sends_one_mail_in_five_minutes(app: Flask, amira: Resident, app_clock: AppClock) -> None:
    amira.book(make_slot(app))
    form = amira.open("/sv/my")
    answers = {amira.post(form, "Skicka mina", email="amira@example.org").location for _ in range(50)}

    assert answers == {"/sv/my/sent"}
    assert mails(app, "my_bookings") == 1
    app_clock.advance(minutes=5, seconds=1)
    ask(amira, "amira@example.org")
    assert mails(app, "my_bookings") == 2


def test_bookings_that_are_over_are_not_sent(app: Flask, amira: Resident, app_clock: AppClock) -> None:
    amira.book(make_slot(app))
    app_clock.stand_at("2022-05-15T09:00:00+02:00")
    ask(amira, "amira@example.org")

    assert mails(app, "my_bookings") == 0


def test_an_address_that_cannot_be_one_is_asked_for_again(amira: Resident) -> None:
    page = amira.submit(amira.open("/sv/my"), "Skicka mina bokningar", status=422, email="amira")

    assert page.texts(".ds-error-summary li") == ["Adressen saknar @. Skriv till exempel amira@exempel.se"]
    assert page.fields("Skicka")["email"] == "amira"


def test_a_browser_remembers_thirty_bookings_and_its_cookie_stays_small(app: Flask, amira: Resident) -> None:
    slot = make_slot(app, capacity=40)
    for number in range(31):
        answer = amira.book(slot, email=f"amira.{number}@example.org")

    assert len(answer.headers["Set-Cookie"].split(";")[0]) < 2000
    assert len(amira.open("/sv/my").all(".dep")) == 30
