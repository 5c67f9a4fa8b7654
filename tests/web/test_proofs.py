"""The booking form while proofs of work are asked for: solved by the page, or left out and confirmed from the mail."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Final

import pytest
from flask import Flask

from iclei_events.db import db, transaction
from iclei_events.models import ProofRule, Slot, UsedProof
from iclei_events.services import capacity, delivery
from tests import scenes
from tests.clients import Visitor
from tests.post_office import PostOffice
from tests.proofs import solve, solved, switch, task_of
from tests.queries import noted
from tests.residents import OUTCOME, REFERENCE, Resident, booked, count_bookings, counters, mails, make_slot
from tests.times import AppClock

OPENS_AT: Final = datetime(2022, 5, 2, 10, 0, tzinfo=UTC)


@pytest.fixture
def slot(app: Flask, app_clock: AppClock) -> Slot:
    """A departure of five places whose booking opened half an hour ago."""
    app_clock.stand_at(OPENS_AT + timedelta(minutes=30))
    app.extensions.pop("proofs", None)  # what other tests have sent to this process
    return make_slot(app, opens_at=OPENS_AT)


@pytest.fixture
def guarded(app: Flask, slot: Slot) -> Slot:
    """The same, and every form is asked for a proof."""
    switch(app, slot, OPENS_AT)
    return slot


@pytest.fixture
def amira(app: Flask) -> Resident:
    return Resident(app, language="en")


def used(app: Flask) -> int:
    with app.app_context():
        return db.session.query(UsedProof).count()


def link_in(office: PostOffice) -> str:
    """The link of the newest mail, as an address on this site."""
    text = office.mails[-1].get_body(("plain",))
    assert text is not None
    found = re.search(r"http://localhost(/\S+key=\S+)", text.get_content())
    assert found is not None
    return found[1]


def deliver(app: Flask) -> None:
    with app.app_context():
        delivery.deliver_due(app.config["MAIL_URL"])


def test_unless_staff_switch_it_on_no_form_asks_for_anything(app: Flask, slot: Slot, amira: Resident) -> None:
    form = amira.form_of(slot)

    assert form.all("[data-challenge], script") == []
    assert amira.send(form).headers[OUTCOME] == "confirmed"
    assert used(app) == 0


def test_a_form_that_asks_brings_its_script_and_says_what_happens_without_it(guarded: Slot, amira: Resident) -> None:
    form = amira.form_of(guarded)

    assert [script.get("type") for script in form.all("script")] == ["module"]
    assert form.fields()["proof"] == ""
    assert (
        "we hold your places for 30 minutes, and you confirm with the link in our mail"
        in form.texts("[data-challenge] [role=status]")[0]
    )


def test_a_form_with_its_proof_books_at_once(app: Flask, guarded: Slot, amira: Resident) -> None:
    form = amira.form_of(guarded)

    answer = amira.send(form, proof=solved(form))

    assert (answer.status_code, answer.headers[OUTCOME]) == (303, "confirmed")
    assert (used(app), mails(app, "booking_confirmed")) == (1, 1)


def test_the_proof_is_good_at_another_time_of_the_same_opening(app: Flask, guarded: Slot, amira: Resident) -> None:
    with app.app_context():
        other = scenes.make_slot(opens_at=OPENS_AT)
        with transaction() as session:
            session.get_one(Slot, other.id).activity_id = guarded.activity_id
    form = amira.form_of(guarded)
    sent = form.fields() | amira.details | {"proof": solved(form)}

    answer = amira.client.post(f"/en/slots/{other.slug}/book", data=sent)

    assert answer.headers[OUTCOME] == "confirmed"


def test_without_proof_the_places_are_held_until_the_mail_is_answered(
    app: Flask, guarded: Slot, amira: Resident, post_office: PostOffice
) -> None:
    answer = amira.book(guarded, adults="2")
    own = amira.open(answer.headers["Location"])

    assert (answer.status_code, answer.headers[OUTCOME]) == (303, "waiting")
    assert own.heading == "Confirm your booking"
    assert "We hold the 2 places for you until 2 May at 13:00." in own.text
    assert "We have sent a mail to amira@example.org." in own.text
    assert counters(app, guarded) == (2, 0, 0)

    deliver(app)
    page = Visitor(app).open(link_in(post_office))  # on whatever device the mail is read
    assert page.heading == "Confirm your booking"
    assert booked(app, answer.headers[REFERENCE])["status"] == "offered"


def test_one_press_on_the_page_that_the_mail_leads_to_confirms(
    app: Flask, guarded: Slot, amira: Resident, post_office: PostOffice
) -> None:
    reference = amira.book(guarded, adults="2").headers[REFERENCE]
    deliver(app)
    reader = Visitor(app)

    done = reader.submit(reader.open(link_in(post_office)), "Confirm the booking")

    assert "Done. You have 2 places." in done.text
    assert booked(app, reference)["status"] == "confirmed"
    assert mails(app, "booking_confirmed") == 1


def test_whoever_has_only_sent_the_form_cannot_confirm_it(app: Flask, guarded: Slot, amira: Resident) -> None:
    answer = amira.book(guarded)
    own = amira.open(answer.headers["Location"])
    token = own.fields("Give the booking up")["csrf_token"]

    tried = amira.client.post(f"{own.path}/confirm", data={"csrf_token": token})
    accepted = amira.client.post(f"{own.path}/accept", data={"csrf_token": token})

    assert "Confirm the booking" not in own.texts("button")
    assert (tried.status_code, accepted.status_code) == (409, 409)
    assert "First confirm the booking." in amira.refused(tried, 409).text
    assert booked(app, answer.headers[REFERENCE])["status"] == "offered"


def test_not_confirmed_in_time_the_page_says_so_and_the_places_are_free(
    app: Flask, guarded: Slot, amira: Resident, app_clock: AppClock
) -> None:
    own = amira.book(guarded).headers["Location"]
    app_clock.advance(minutes=30)

    assert amira.open(own).heading == "The booking was not confirmed in time"
    with app.app_context():
        capacity.tend_slots()
    assert counters(app, guarded) == (0, 0, 0)
    assert amira.open(own).heading == "The booking was not confirmed in time"


def test_a_turn_in_the_queue_that_was_not_confirmed_ends_without_a_word_of_places(
    app: Flask, guarded: Slot, amira: Resident, app_clock: AppClock
) -> None:
    with app.app_context():
        scenes.book(guarded, "Boris", 5)
        db.session.remove()
    own = amira.book(guarded).headers["Location"]
    app_clock.advance(minutes=30)
    said = []
    for _ in range(2):
        said += [text for text in amira.open(own).texts(".ds-alert") if "it has ended" in text]
        with app.app_context():
            capacity.tend_slots()

    assert [("So it has ended. If you still want to come" in text, "places" in text) for text in said] == [
        (True, False),
        (True, False),
    ]


def test_without_proof_and_without_room_the_turn_in_the_line_waits_to_be_confirmed(
    app: Flask, guarded: Slot, amira: Resident, post_office: PostOffice
) -> None:
    with app.app_context():
        scenes.book(guarded, "Boris", 5)
        db.session.remove()
    answer = amira.book(guarded)
    own = amira.open(answer.headers["Location"])
    assert (answer.headers[OUTCOME], own.heading) == ("waiting", "Confirm your booking")
    assert "You are in the queue. Confirm by 2 May at 13:00 to stay in it." in own.text

    deliver(app)
    reader = Visitor(app)
    done = reader.submit(reader.open(link_in(post_office)), "Confirm that we wait")

    assert done.heading == "You are in the queue"


def test_a_second_booking_without_proof_is_told_to_confirm_the_first(
    app: Flask, guarded: Slot, amira: Resident
) -> None:
    amira.book(guarded)

    page = amira.refused(amira.book(guarded), 409)

    assert "You have a booking that waits for you to confirm it." in page.text
    assert amira.send(page, proof=solved(page)).headers[OUTCOME] == "confirmed"


@pytest.mark.parametrize("why", ["made up", "used", "too old", "of another opening"])
def test_a_proof_that_is_worth_nothing_keeps_what_was_typed_and_offers_both_ways(
    app: Flask, guarded: Slot, amira: Resident, app_clock: AppClock, why: str
) -> None:
    form = amira.form_of(guarded)
    proof = solved(form)
    if why == "made up":
        proof = "AAAA"
    elif why == "used":
        Resident(app, "Boris", "en").book(guarded, proof=proof)
    elif why == "too old":
        app_clock.advance(minutes=20)
    else:
        elsewhere = make_slot(app, opens_at=OPENS_AT)
        switch(app, elsewhere, OPENS_AT)
        proof = solve(task_of(amira.form_of(elsewhere)))
    before = count_bookings(app)

    page = amira.refused(amira.send(form, adults="2", proof=proof), 422)

    assert page.headers[OUTCOME] == "refused"
    assert "The check of your browser was too old or had been used. Nothing was booked." in page.text
    assert (page.fields()["name"], page.fields()["adults"], page.fields()["proof"]) == ("Amira Lindqvist", "2", "")
    assert task_of(page) != task_of(form)
    assert count_bookings(app) == before
    without = amira.post(page, "Book without the check", **amira.details, adults="2", proof="AAAA")
    assert without.headers[OUTCOME] == "waiting"


def test_the_fresh_check_of_the_refused_form_books(guarded: Slot, amira: Resident) -> None:
    page = amira.refused(amira.book(guarded, proof="AAAA"), 422)

    assert amira.send(page, proof=solved(page)).headers[OUTCOME] == "confirmed"


def test_a_proof_from_before_the_key_was_changed_still_books(app: Flask, guarded: Slot, amira: Resident) -> None:
    form = amira.form_of(guarded)
    proof = solved(form)
    app.config["SECRET_KEY_FALLBACKS"] = [app.config["SECRET_KEY"]]
    app.config["SECRET_KEY"] = "a-new-key-" * 5

    again = amira.form_of(guarded)

    assert amira.send(again, proof=proof).headers[OUTCOME] == "confirmed"


def test_a_typing_mistake_costs_no_proof(app: Flask, guarded: Slot, amira: Resident) -> None:
    form = amira.form_of(guarded)
    proof = solved(form)
    page = amira.refused(amira.send(form, email="", proof=proof), 422)

    assert used(app) == 0
    assert amira.send(page, proof=proof).headers[OUTCOME] == "confirmed"


def test_the_same_form_with_its_proof_twice_is_one_booking(guarded: Slot, amira: Resident) -> None:
    form = amira.form_of(guarded)
    proof = solved(form)

    assert [amira.send(form, proof=proof).headers[OUTCOME] for _ in range(2)] == ["confirmed", "duplicate"]


def test_kept_forms_give_each_visitor_a_task_of_their_own(app: Flask, guarded: Slot) -> None:
    app.config["PAGE_CACHE_SECONDS"] = 60

    tasks = {task_of(Visitor(app).open(f"/en/slots/{guarded.slug}/book")) for _ in range(5)}

    assert len(tasks) == 5
    amira = Resident(app, language="en")
    form = amira.form_of(guarded)
    assert amira.send(form, proof=solved(form)).headers[OUTCOME] == "confirmed"


def test_a_kept_form_without_a_task_is_not_shown_once_one_is_asked_for(app: Flask, slot: Slot) -> None:
    app.config["PAGE_CACHE_SECONDS"] = 60
    assert Visitor(app).open(f"/en/slots/{slot.slug}/book").all("[data-challenge]") == []

    switch(app, slot, OPENS_AT)

    assert len(Visitor(app).open(f"/en/slots/{slot.slug}/book").all("[data-challenge]")) == 1


def test_under_pressure_only_a_crowd_of_forms_makes_them_ask(app: Flask, slot: Slot, app_clock: AppClock) -> None:
    switch(app, slot, OPENS_AT, ProofRule.UNDER_PRESSURE)
    app.config["WEB_WORKERS"] = 8
    outcomes = [Resident(app, f"R{n}", "en").book(slot).headers[OUTCOME] for n in range(5)]
    calm = Visitor(app).open(f"/en/slots/{slot.slug}/book")

    sixth = Resident(app, "R5", "en").book(slot)
    crowded = Visitor(app).open(f"/en/slots/{slot.slug}/book")

    assert (outcomes, sixth.headers[OUTCOME]) == (["confirmed"] * 5, "waiting")
    assert (calm.all("[data-challenge]"), len(crowded.all("[data-challenge]"))) == ([], 1)
    app_clock.advance(minutes=1)
    assert Visitor(app).open(f"/en/slots/{slot.slug}/book").all("[data-challenge]") == []


def test_who_had_the_form_open_before_there_was_pressure_loses_nothing(app: Flask, slot: Slot, amira: Resident) -> None:
    form = amira.form_of(slot)
    switch(app, slot, OPENS_AT)

    answer = amira.send(form, adults="2")

    assert (answer.headers[OUTCOME], counters(app, slot)) == ("waiting", (2, 0, 0))
    assert amira.open(answer.headers["Location"]).heading == "Confirm your booking"


def test_a_proof_that_is_asked_for_no_longer_is_not_used_up(app: Flask, guarded: Slot, amira: Resident) -> None:
    form = amira.form_of(guarded)
    switch(app, guarded, OPENS_AT, ProofRule.NEVER)

    assert amira.send(form, proof="AAAA").headers[OUTCOME] == "confirmed"
    assert used(app) == 0


def test_worthless_proofs_are_pressure(app: Flask, slot: Slot, amira: Resident) -> None:
    switch(app, slot, OPENS_AT)
    for _ in range(10):
        amira.refused(amira.book(slot, proof="AAAA"), 422)

    switch(app, slot, OPENS_AT, ProofRule.UNDER_PRESSURE)

    assert len(amira.form_of(slot).all("[data-challenge]")) == 1


def test_the_switch_holds_as_long_as_something_can_be_booked(app: Flask, guarded: Slot, app_clock: AppClock) -> None:
    app_clock.advance(days=3)

    assert len(Visitor(app).open(f"/en/slots/{guarded.slug}/book").all("[data-challenge]")) == 1


def test_switched_off_a_booking_asks_the_database_nothing_more(app: Flask, slot: Slot, amira: Resident) -> None:
    form = amira.form_of(slot)
    app.config["PAGE_CACHE_SECONDS"] = 60
    amira.form_of(slot)  # the openings near now are known

    with noted(app) as queries:
        answer = amira.send(form)

    assert answer.headers[OUTCOME] == "confirmed"
    assert not [query for query in queries if "used_proof" in query or "waiting_room" in query]


def test_the_form_speaks_swedish(guarded: Slot, app: Flask) -> None:
    page = Resident(app).form_of(guarded)

    assert "håller vi platserna i 30 minuter" in page.text


def test_my_places_say_that_a_booking_waits_to_be_confirmed_or_was_not(
    guarded: Slot, amira: Resident, app_clock: AppClock
) -> None:
    amira.book(guarded)
    assert "To be confirmed by 2 May at 13:00" in amira.open("/en/my").texts(".dep__state .state")
    app_clock.advance(minutes=30)
    assert "Was not confirmed in time" in amira.open("/en/my").texts(".dep__state .state")
