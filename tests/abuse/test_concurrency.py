"""Many residents at the same time, over the pages, on both databases, with a pause inside the critical section.

Each race has its negative control: the same race with the protection taken out breaks an invariant.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask

from iclei_events import db as ground
from iclei_events.db import transaction
from iclei_events.models import Slot
from iclei_events.services import changes, places
from tests import scenes
from tests.databases import Database
from tests.residents import OUTCOME, REFERENCE, Resident, at_once, booked, count_bookings, counters, mails, make_slot
from tests.services.test_races import PAUSE, a_check_before_the_write, nobody_kept_out
from tests.times import AppClock

pytestmark = pytest.mark.race


@pytest.fixture(autouse=True)
def _pause_while_locked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(places, "in_critical_section", lambda _point: time.sleep(PAUSE))


def crowd(app: Flask, slot: Slot, number: int, **fields: Any) -> list[Callable[[], Any]]:
    """So many residents with the form filled in, a finger on the button."""

    def ready(name: str) -> Callable[[], Any]:
        resident = Resident(app, name)
        form = resident.form_of(slot)
        return lambda: resident.send(form, **fields)

    return [ready(f"P{n}") for n in range(number)]


def outcomes(answers: list[Any]) -> Counter[tuple[int, str]]:
    return Counter((answer.status_code, answer.headers.get(OUTCOME, "")) for answer in answers)


def holder(app: Flask, slot: Slot, name: str, adults: int = 1) -> tuple[Resident, str]:
    resident = Resident(app, name)
    return resident, resident.book(slot, adults=str(adults)).headers[REFERENCE]


def pressing(resident: Resident, reference: str, button: str, **fields: Any) -> Callable[[], Any]:
    """A resident with their booking open, a finger on one of its buttons; each press from a client of its own."""
    page = resident.open(f"/sv/bookings/{reference}")
    form = page.form(button)
    sent = {**dict(form.form_values()), **fields}
    cookie = resident.client.get_cookie("summit")
    assert cookie is not None
    address, value = str(form.get("action")), cookie.value

    def press() -> Any:
        client = resident.app.test_client()
        client.set_cookie("summit", value)
        return client.post(address, data=sent)

    return press


# C01
def test_of_fifty_residents_one_gets_the_last_place_and_the_others_are_told_within_three_seconds(app: Flask) -> None:
    def seconds(rush: int) -> float:
        slot = make_slot(app, capacity=1)
        acts = crowd(app, slot, 50, wait=None)
        began = time.monotonic()
        answers = at_once(*acts)
        took = time.monotonic() - began
        assert outcomes(answers) == {(303, "confirmed"): 1, (409, "full"): 49}
        assert (counters(app, slot), count_bookings(app), mails(app)) == ((1, 0, 0), rush, rush)
        return took

    # Where other work keeps the machine busy for a moment, the next rush tells.
    assert any(seconds(rush) < 3 for rush in (1, 2, 3))


# C01
def test_control_without_the_guarded_statement_the_last_place_is_given_twice(
    app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    slot = make_slot(app, capacity=1)
    acts = crowd(app, slot, 8, wait=None)
    with a_check_before_the_write(monkeypatch):
        answers = at_once(*acts)

    assert outcomes(answers)[303, "confirmed"] > 1
    with app.app_context():
        assert scenes.broken() != []


# C02
def test_of_two_parties_of_two_one_gets_its_places_and_the_other_is_told_that_one_is_left(app: Flask) -> None:
    slot = make_slot(app, capacity=3)
    answers = at_once(*crowd(app, slot, 2, adults="2", wait=None))

    assert outcomes(answers) == {(303, "confirmed"): 1, (409, "full"): 1}
    [refused] = [answer for answer in answers if answer.status_code == 409]
    assert "Bara en plats är kvar." in refused.get_data(as_text=True)
    assert counters(app, slot) == (2, 0, 0)


# C04
def test_a_freed_place_goes_to_the_line_before_any_newcomer(app: Flask) -> None:
    slot = make_slot(app, capacity=1)
    boris, held = holder(app, slot, "Boris")
    _chen, waiting = holder(app, slot, "Chen")
    at_once(pressing(boris, held, "Ja, avboka"), *crowd(app, slot, 4, wait="yes"))

    assert booked(app, waiting)["status"] == "offered"
    assert counters(app, slot) == (1, 0, 4)


# C05
def test_two_cancels_of_one_booking_free_it_once_and_both_say_cancelled(app: Flask) -> None:
    slot = make_slot(app)
    amira, held = holder(app, slot, "Amira", 2)
    holder(app, slot, "Boris", 2)
    press = pressing(amira, held, "Ja, avboka")
    answers = at_once(press, press)

    assert [(answer.status_code, answer.location) for answer in answers] == [(303, f"/sv/bookings/{held}")] * 2
    assert amira.open(f"/sv/bookings/{held}").heading == "Bokningen är avbokad"
    assert (counters(app, slot), mails(app, "booking_cancelled")) == ((2, 0, 0), 1)


# C05
def test_control_without_the_lock_a_booking_is_freed_twice(
    app: Flask, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On SQLite the second writer is thrown out instead: what it read can no longer be written upon."""
    slot = make_slot(app, capacity=9)
    amira, held = holder(app, slot, "Amira", 2)
    holder(app, slot, "Boris", 6)
    press = pressing(amira, held, "Ja, avboka")
    with nobody_kept_out(monkeypatch):
        answers = at_once(press, press, press)

    if database.name == "sqlite":
        assert 503 in {answer.status_code for answer in answers}
    else:
        with app.app_context():
            assert scenes.broken() != []


# C07
def test_a_party_that_grows_beyond_what_is_left_is_refused_and_its_booking_stands(app: Flask) -> None:
    slot = make_slot(app, capacity=4)
    amira, held = holder(app, slot, "Amira", 2)
    [answer] = at_once(pressing(amira, held, "Spara antalet", adults="5"))

    assert answer.status_code == 409
    assert "Bara 2 platser är kvar." in answer.get_data(as_text=True)
    assert booked(app, held)["adults"] == 2


# C07
def test_two_parties_that_grow_at_once_never_share_the_room(app: Flask) -> None:
    slot = make_slot(app, capacity=7)
    presses = [pressing(*holder(app, slot, name, 2), "Spara antalet", adults="5") for name in ("Amira", "Boris")]
    answers = at_once(*presses)

    assert sorted(answer.status_code for answer in answers) == [303, 409]
    assert counters(app, slot) == (7, 0, 0)


# C07
def test_control_without_the_lock_growing_parties_share_the_room(
    app: Flask, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The database's own rule still refuses the second; without the lock it does so by failing, not by an answer."""
    slot = make_slot(app, capacity=7)
    presses = [pressing(*holder(app, slot, name, 2), "Spara antalet", adults="5") for name in ("Amira", "Boris")]
    with nobody_kept_out(monkeypatch):
        answers = at_once(*presses)

    assert 409 not in {getattr(answer, "status_code", 500) for answer in answers}
    assert {getattr(answer, "status_code", 500) for answer in answers} & {500, 503}


# C10
def test_many_who_book_and_give_back_two_slots_in_opposite_order_never_block_each_other(app: Flask) -> None:
    first, second = make_slot(app, capacity=30), make_slot(app, capacity=30)

    def book_and_cancel(name: str, one: Slot, other: Slot) -> Callable[[], Any]:
        resident = Resident(app, name)
        forms = [resident.form_of(slot) for slot in (one, other)]

        def act() -> list[int]:
            answers = [resident.send(form) for form in forms]
            pages = [resident.open(answer.location) for answer in reversed(answers)]
            return [resident.post(page, "Ja, avboka").status_code for page in pages]

        return act

    acts = [book_and_cancel(f"P{n}", *((first, second) if n % 2 else (second, first))) for n in range(6)]
    assert at_once(*acts) == [[303, 303]] * 6
    assert (counters(app, first), counters(app, second)) == ((0, 0, 0), (0, 0, 0))


# C11
def test_an_offer_taken_and_given_up_at_once_has_one_outcome(app: Flask) -> None:
    slot = make_slot(app, capacity=1)
    _boris, held = holder(app, slot, "Boris")
    amira, waiting = holder(app, slot, "Amira")
    with app.app_context():
        changes.cancel(held)
    at_once(pressing(amira, waiting, "Ja, ta platsen"), pressing(amira, waiting, "Nej, låt nästa"))

    assert (booked(app, waiting)["status"], counters(app, slot)) in [
        ("confirmed", (1, 0, 0)),
        ("cancelled", (0, 0, 0)),
    ]


# C11
def test_an_offer_taken_as_it_runs_out_is_taken_or_lapsed_and_no_place_is_lost(app: Flask, app_clock: AppClock) -> None:
    slot = make_slot(app, capacity=1)
    _boris, held = holder(app, slot, "Boris")
    amira, waiting = holder(app, slot, "Amira")
    with app.app_context():
        changes.cancel(held)
    take = pressing(amira, waiting, "Ja, ta platsen")
    app_clock.advance(hours=23, minutes=59, seconds=59)
    answers = at_once(take, lambda: app_clock.advance(seconds=1), *crowd(app, slot, 3, wait=None))

    held_after = 1 if booked(app, waiting)["status"] == "confirmed" else outcomes(answers[2:])[303, "confirmed"]
    assert counters(app, slot) == (held_after, 0, 0)
    assert booked(app, waiting)["status"] in {"confirmed", "lapsed"}


# C14
def test_a_database_locked_for_too_long_keeps_the_form_and_its_key(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    slot = make_slot(app, capacity=1)
    amira = Resident(app)
    form = amira.form_of(slot)
    monkeypatch.setattr(ground, "WAIT_SECONDS", 0.2)
    answers: list[Any] = []
    with app.app_context(), transaction() as session:
        places.lock(session, slot.id)
        answers += at_once(lambda: amira.send(form, access_needs="Rullstol"))
    monkeypatch.undo()

    [answer] = answers
    assert (answer.status_code, answer.headers[OUTCOME], answer.headers["Retry-After"]) == (503, "refused", "5")
    page = amira.refused(answer, 503)
    assert "Väldigt många bokar just nu. Ingenting är bokat." in page.text
    assert page.fields()["access_needs"].strip() == "Rullstol"
    assert page.fields()["idempotency_key"] == form.fields()["idempotency_key"]
    assert count_bookings(app) == 0
    assert amira.send(page).headers[OUTCOME] == "confirmed"
