"""The waiting room as its visitors meet it: without script, on any device, before the opening and after it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any, Final
from urllib.parse import urlsplit

import pytest
from flask import Flask

from iclei_events.db import db
from iclei_events.models import Slot
from iclei_events.services import waiting_rooms
from tests import scenes
from tests.clients import Page, Visitor
from tests.residents import OUTCOME, Resident, booked, count_bookings, make_slot
from tests.times import AppClock

OPENS_AT: Final = datetime(2022, 5, 2, 10, 0, tzinfo=UTC)


@pytest.fixture
def slot(app: Flask, app_clock: AppClock) -> Slot:
    """A departure of five places whose booking opens at noon; it is ten minutes before."""
    app_clock.stand_at(OPENS_AT - timedelta(minutes=10))
    return make_slot(app, opens_at=OPENS_AT)


def room_of(slot: Slot, language: str = "en") -> str:
    return f"/{language}/slots/{slot.slug}/waiting-room"


def form_of(slot: Slot) -> str:
    return f"/en/slots/{slot.slug}/book"


def enter(visitor: Visitor, slot: Slot, button: str = "Go into the waiting room") -> Page:
    return visitor.submit(visitor.open(room_of(slot)), button)


def come(app: Flask, slot: Slot, people: int) -> None:
    """So many people take a ticket."""
    with app.app_context():
        event = scenes.slot_now(slot).activity.event_id
        db.session.rollback()
        for _ in range(people):
            waiting_rooms.take_ticket(event, OPENS_AT, None)


def draw(app: Flask) -> None:
    """The worker's round."""
    with app.app_context():
        waiting_rooms.open_due()


def open_with(app: Flask, app_clock: AppClock, slot: Slot, people: int, **rate: int) -> None:
    """Let booking open with so many people in line; ``per_second`` come in each second."""
    come(app, slot, people)
    with app.app_context():
        event = scenes.slot_now(slot).activity.event_id
        db.session.rollback()
        waiting_rooms.set_rate(event, OPENS_AT, rate.get("per_second", 1), by=scenes.ORGANISER)
    app_clock.stand_at(OPENS_AT)
    draw(app)


def pause(app: Flask, slot: Slot) -> None:
    with app.app_context():
        event = scenes.slot_now(slot).activity.event_id
        db.session.rollback()
        waiting_rooms.pause(event, OPENS_AT, by=scenes.ORGANISER)


def fill(app: Flask, slot: Slot) -> None:
    with app.app_context():
        scenes.book(slot, "Boris", adults=5)
        db.session.remove()


def number_before(page: Page) -> int:
    return int(page.one(".queue__n").text_content())


def test_before_the_room_opens_the_page_says_when_it_does(visitor: Visitor, slot: Slot, app_clock: AppClock) -> None:
    app_clock.stand_at(OPENS_AT - timedelta(minutes=16))

    page = visitor.open(room_of(slot))

    assert page.heading == "The waiting room is not open yet"
    assert "It opens on 2 May at 11:45." in page.text
    assert "The waiting room opens a quarter of an hour before." in visitor.open(form_of(slot)).text


def test_the_departure_leads_to_its_open_waiting_room(visitor: Visitor, slot: Slot) -> None:
    form = visitor.open(form_of(slot))

    assert visitor.open(form.link("To the waiting room")).heading == "The waiting room is open"


def test_looking_into_the_room_takes_no_ticket(app: Flask, visitor: Visitor, slot: Slot) -> None:
    visitor.open(room_of(slot))

    with app.app_context():
        assert db.session.scalar(db.text("select count(*) from waiting_room")) == 0


def test_who_goes_in_before_the_opening_takes_part_in_the_lot(visitor: Visitor, slot: Slot) -> None:
    page = enter(visitor, slot)

    assert page.heading == "You are in the waiting room"
    assert "You take part in the lot." in page.text
    assert page.one("[role=status]") is not None


def test_a_ticket_survives_a_reload_and_a_second_tab(app: Flask, visitor: Visitor, slot: Slot) -> None:
    enter(visitor, slot)
    again = visitor.open(room_of(slot))
    visitor.client.post(room_of(slot), data={"csrf_token": _token(visitor)})

    assert again.heading == "You are in the waiting room"
    assert _tickets(app) == (1, 0)


def test_a_lost_session_and_another_device_have_the_same_place_by_the_link(
    app: Flask, visitor: Visitor, slot: Slot, app_clock: AppClock
) -> None:
    link = enter(visitor, slot).link("/waiting-room?ticket=")
    pause(app, slot)  # so that the lot, whatever it is, lets nobody in
    open_with(app, app_clock, slot, 30)
    other = Visitor(app)

    page = other.open(_path(link))

    assert number_before(page) == number_before(visitor.open(room_of(slot)))
    assert number_before(other.open(room_of(slot))) == number_before(page)


@pytest.mark.parametrize("change", ["number", "kind", "proof", "nothing but a number"])
def test_a_ticket_that_was_made_up_or_altered_is_worth_nothing(
    app: Flask, visitor: Visitor, slot: Slot, app_clock: AppClock, change: str
) -> None:
    query = urlsplit(enter(visitor, slot).link("/waiting-room?ticket=")).query
    text, _, proof = query.removeprefix("ticket=").partition(".")
    forged = {
        "number": f"e2.{proof}",
        "kind": f"l{text[1:]}.{proof}",
        "proof": f"{text}.{proof[:-1]}{'A' if proof[-1] != 'A' else 'B'}",
        "nothing but a number": "e1",
    }[change]
    open_with(app, app_clock, slot, 30)

    page = Visitor(app).open(f"{room_of(slot)}?ticket={forged}")

    assert page.heading == "There is a line to the booking"


def test_a_ticket_of_another_opening_is_worth_nothing(app: Flask, visitor: Visitor, slot: Slot) -> None:
    other = make_slot(app, opens_at=OPENS_AT)
    query = urlsplit(enter(visitor, other).link("/waiting-room?ticket=")).query

    assert Visitor(app).open(f"{room_of(slot)}?{query}").heading == "The waiting room is open"


def test_nobody_is_let_in_before_the_opening_whatever_their_clock_says(
    app: Flask, visitor: Visitor, slot: Slot, app_clock: AppClock
) -> None:
    enter(visitor, slot)
    app_clock.stand_at(OPENS_AT - timedelta(seconds=1))
    amira = Resident(app, language="en")
    answer = _send_unasked(amira, slot)

    assert visitor.open(room_of(slot), Date="Mon, 02 May 2022 10:00:01 GMT").heading == "You are in the waiting room"
    assert (answer.status_code, answer.headers[OUTCOME]) == (409, "closed")
    assert count_bookings(app) == 0


def test_after_the_opening_the_lot_gives_a_place_in_line(
    app: Flask, visitor: Visitor, slot: Slot, app_clock: AppClock
) -> None:
    enter(visitor, slot)
    come(app, slot, 30)
    app_clock.stand_at(OPENS_AT)

    assert visitor.open(room_of(slot)).heading == "The lot is being drawn"
    with app.app_context():
        event = scenes.slot_now(slot).activity.event_id
        db.session.rollback()
        waiting_rooms.set_rate(event, OPENS_AT, 1, by=scenes.ORGANISER)
    draw(app)
    assert visitor.open(room_of(slot)).heading in {"You are in line", "It is your turn"}


def test_who_comes_after_the_opening_stands_behind_all_others(
    app: Flask, visitor: Visitor, slot: Slot, app_clock: AppClock
) -> None:
    open_with(app, app_clock, slot, 30)

    page = enter(visitor, slot, "Take a place in line")

    assert page.heading == "You are in line"
    assert number_before(page) == 29
    app_clock.advance(seconds=9)
    assert number_before(visitor.open(room_of(slot))) == 20
    assert "It is your turn in less than a minute." in page.text


def test_when_it_is_their_turn_they_book(app: Flask, slot: Slot, app_clock: AppClock) -> None:
    open_with(app, app_clock, slot, 30)
    amira = Resident(app, language="en")
    enter(amira, slot, "Take a place in line")
    app_clock.advance(seconds=29)
    before = amira.open(form_of(slot)).heading
    app_clock.advance(seconds=1)

    room = amira.open(room_of(slot))
    answer = amira.send(amira.open(_path(room.link("Book 10:30"))))

    assert (before, room.heading) == ("You are in line", "It is your turn")
    assert (answer.status_code, answer.headers[OUTCOME]) == (303, "confirmed")


def test_a_turn_does_not_run_out(app: Flask, slot: Slot, app_clock: AppClock) -> None:
    open_with(app, app_clock, slot, 2)
    amira = Resident(app, language="en")
    enter(amira, slot, "Take a place in line")
    app_clock.advance(minutes=50)
    come(app, slot, 500)

    assert amira.book(slot).headers[OUTCOME] == "confirmed"


def test_while_there_is_a_line_the_form_shows_the_waiting_room(
    app: Flask, visitor: Visitor, slot: Slot, app_clock: AppClock
) -> None:
    open_with(app, app_clock, slot, 30)

    page = visitor.open(form_of(slot))

    assert page.heading == "There is a line to the booking"
    assert visitor.submit(page, "Take a place in line").heading == "You are in line"


def test_a_form_sent_past_the_line_is_refused_and_keeps_what_was_typed(
    app: Flask, slot: Slot, app_clock: AppClock
) -> None:
    amira = Resident(app, language="en")
    app_clock.stand_at(OPENS_AT - timedelta(seconds=30))
    early = _send_unasked(amira, slot)
    open_with(app, app_clock, slot, 30)
    page = amira.refused(amira.send(Page(early)), 409)

    assert page.headers[OUTCOME] == "refused"
    assert "so there is a line. Nothing was booked." in page.text
    assert page.fields()["name"] == "Amira Lindqvist"
    assert page.link("To the waiting room").endswith(room_of(slot))
    assert count_bookings(app) == 0


def test_when_it_is_their_turn_the_same_form_books(app: Flask, slot: Slot, app_clock: AppClock) -> None:
    amira = Resident(app, language="en")
    app_clock.stand_at(OPENS_AT - timedelta(seconds=30))
    early = _send_unasked(amira, slot)
    open_with(app, app_clock, slot, 30)
    refused = Page(amira.send(Page(early)))
    enter(amira, slot, "Take a place in line")
    app_clock.advance(seconds=30)

    answer = amira.send(refused)

    assert answer.headers[OUTCOME] == "confirmed"
    assert booked(app, answer.headers["X-Booking-Reference"])["name"] == "Amira Lindqvist"


def test_who_had_the_form_open_before_there_was_a_line_finishes_it(app: Flask, slot: Slot, app_clock: AppClock) -> None:
    app_clock.stand_at(OPENS_AT)
    amira = Resident(app, language="en")
    form = amira.open(form_of(slot))
    come(app, slot, 300)

    assert Visitor(app).open(form_of(slot)).heading == "There is a line to the booking"
    assert amira.send(form).headers[OUTCOME] == "confirmed"


def test_when_few_come_nobody_notices_the_waiting_room(app: Flask, slot: Slot, app_clock: AppClock) -> None:
    app_clock.stand_at(OPENS_AT)

    outcomes = [Resident(app, f"Amira{n}", "en").book(slot).headers[OUTCOME] for n in range(6)]

    assert outcomes == ["confirmed"] * 5 + ["waiting"]
    assert _tickets(app) is None


def test_when_more_come_in_a_moment_than_may_come_in_the_rest_stand_in_line(
    app: Flask, slot: Slot, app_clock: AppClock
) -> None:
    app_clock.stand_at(OPENS_AT)

    headings = [Visitor(app).open(form_of(slot)).heading for _ in range(42)]

    assert headings == ["Tour in English"] * 40 + ["There is a line to the booking"] * 2
    app_clock.advance(seconds=1)
    assert Visitor(app).open(form_of(slot)).heading == "Tour in English"


def test_a_crowd_later_than_the_rush_is_not_counted(app: Flask, slot: Slot, app_clock: AppClock) -> None:
    app_clock.stand_at(OPENS_AT + timedelta(minutes=3))

    assert {Visitor(app).open(form_of(slot)).heading for _ in range(42)} == {"Tour in English"}


def test_a_paused_line_says_so_and_keeps_the_place(
    app: Flask, visitor: Visitor, slot: Slot, app_clock: AppClock
) -> None:
    open_with(app, app_clock, slot, 30)
    before = number_before(enter(visitor, slot, "Take a place in line"))
    pause(app, slot)
    app_clock.advance(minutes=5)

    page = visitor.open(room_of(slot))

    assert "The line is paused" in page.texts("h2")
    assert number_before(page) == before
    assert Visitor(app).open(form_of(slot)).heading == "There is a line to the booking"


def test_when_all_places_are_taken_the_line_says_so_and_what_else_there_is(
    app: Flask, visitor: Visitor, slot: Slot, app_clock: AppClock
) -> None:
    open_with(app, app_clock, slot, 30)
    enter(visitor, slot, "Take a place in line")
    fill(app, slot)

    page = visitor.open(room_of(slot))

    assert "All places are taken" in page.texts("h2")
    assert page.link("Show other times with places left").endswith("/tours?free=1")
    app_clock.advance(seconds=30)
    assert "Now you can join the queue" in visitor.open(room_of(slot)).texts("h2")


def test_the_page_asks_for_itself_again_until_it_is_told_to_stop(
    app: Flask, visitor: Visitor, slot: Slot, app_clock: AppClock
) -> None:
    waiting = enter(visitor, slot)
    still = visitor.open(waiting.link("Stop that"))
    app_clock.advance(minutes=8)
    soon = visitor.open(room_of(slot))

    assert [page.headers.get("Refresh") for page in (waiting, still, soon)] == ["30", None, "5"]
    assert visitor.open(still.link("Let it update itself")).headers["Refresh"] == "5"
    assert still.link("Update it now") == still.path


def test_when_it_is_their_turn_the_page_stands_still(
    app: Flask, visitor: Visitor, slot: Slot, app_clock: AppClock
) -> None:
    open_with(app, app_clock, slot, 2)

    enter(visitor, slot, "Take a place in line")
    app_clock.advance(seconds=2)
    page = visitor.open(room_of(slot))

    assert (page.heading, page.headers.get("Refresh")) == ("It is your turn", None)


def test_the_room_speaks_swedish(app: Flask, visitor: Visitor, slot: Slot, app_clock: AppClock) -> None:
    visitor.submit(visitor.open(room_of(slot, "sv")), "Gå in i väntrummet")
    open_with(app, app_clock, slot, 30)

    assert visitor.open(room_of(slot, "sv")).heading in {"Du väntar på din tur", "Det är din tur"}


def test_a_departure_that_is_open_to_book_has_no_room(app: Flask, visitor: Visitor) -> None:
    slot = make_slot(app)

    assert visitor.open(room_of(slot)).path == form_of(slot)


def test_a_slot_that_is_not_there_has_no_room(visitor: Visitor) -> None:
    visitor.open("/en/slots/nowhere/waiting-room", status=404)


def test_kept_pages_stay_kept_for_who_holds_a_ticket(app: Flask, visitor: Visitor, slot: Slot) -> None:
    enter(visitor, slot)
    app.config["PAGE_CACHE_SECONDS"] = 60
    tour = f"/en/{slot.slug.replace('tour', 'event')}/tours/tour"

    assert visitor.open(tour).headers["ETag"] == Visitor(app).open(tour).headers["ETag"]


def _send_unasked(resident: Resident, slot: Slot) -> Any:
    """Send a form that the page would not show: booking is not open yet."""
    fields = {
        **resident.details, "csrf_token": _token(resident), "adults": "1", "children": "0", "language": "en",
        "idempotency_key": "a-key-of-ones-own",
    }  # fmt: skip
    return resident.client.post(form_of(slot), data=fields)


def _token(visitor: Visitor) -> str:
    """The form token of this browser, from a page that has one."""
    return str(visitor.open("/en/my").fields()["csrf_token"])


def _tickets(app: Flask) -> tuple[int, int] | None:
    with app.app_context():
        row = db.session.execute(db.text("select early, late from waiting_room")).first()
        return (row[0], row[1]) if row is not None else None


def _path(link: str) -> str:
    parts = urlsplit(link)
    return f"{parts.path}?{parts.query}" if parts.query else parts.path
