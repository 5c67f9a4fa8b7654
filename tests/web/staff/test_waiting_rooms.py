"""What organisers see of an opening's line, and what they may do with it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Final

import pytest
from flask import Flask
from sqlalchemy import select

from iclei_events.db import db, transaction
from iclei_events.i18n import Bilingual
from iclei_events.models import Draw, LogEntry, StaffRole
from iclei_events.services import draw_setup, waiting_rooms
from tests import scenes
from tests.clients import Page
from tests.times import AppClock
from tests.web.staff.desks import Desk, make_desk

OPENS_AT: Final = datetime(2022, 5, 2, 10, 0, tzinfo=UTC)


@pytest.fixture
def desk(app: Flask, app_clock: AppClock) -> Desk:
    """A desk at an event whose booking opens in ten minutes, with three people in the waiting room."""
    app_clock.stand_at(OPENS_AT - timedelta(minutes=10))
    made = make_desk(app, opens_at=OPENS_AT)
    with app.app_context():
        for _ in range(3):
            waiting_rooms.take_ticket(made.event_id, OPENS_AT, None)
    return made


def rooms(desk: Desk) -> Page:
    return desk.visitor.open(f"/en/staff/{desk.event_slug}/waiting-rooms")


def test_the_board_leads_to_the_waiting_rooms_and_how_many_are_there(desk: Desk) -> None:
    page = desk.visitor.open(desk.open().link("Waiting rooms"))

    assert page.texts("section h2") == ["2 May at 12:00"]
    assert "The waiting room is open, booking is not." in page.text
    assert page.texts(".totals dd") == ["1", "5", "3", "0", "0"]


def test_an_organiser_pauses_the_line_and_lets_it_go_on(desk: Desk, app_clock: AppClock) -> None:
    paused = desk.visitor.submit(rooms(desk), "Pause")
    app_clock.stand_at(OPENS_AT + timedelta(seconds=5))
    with desk.app.app_context():
        waiting_rooms.open_due()
    stands = rooms(desk)
    resumed = desk.visitor.submit(stands, "Let people in again")

    assert "The line is paused. Whoever is in it keeps the place." in paused.text
    assert stands.texts(".totals dd")[-1] == "3"
    assert "The line goes on." in resumed.text
    app_clock.advance(seconds=1)
    assert rooms(desk).texts(".totals dd")[-1] == "0"


def test_an_organiser_says_how_many_are_let_in(desk: Desk) -> None:
    page = desk.visitor.submit(rooms(desk), "Save", per_second="7")

    assert "From now on 7 are let in each second." in page.text
    assert page.fields("Save")["per_second"] == "7"


@pytest.mark.database("sqlite")
@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("", "Write how many."),
        ("0", "Write a number from 1 to 1000."),
        ("1001", "Write a number from 1 to 1000."),
        ("many", "Write a number with the digits 0 to 9."),
    ],
)
def test_a_rate_that_cannot_be_meant_stays_in_the_form_with_what_is_wrong(desk: Desk, typed: str, said: str) -> None:
    page = desk.visitor.submit(rooms(desk), "Save", status=422, per_second=typed)

    assert page.texts(".ds-validation-message") == [said]
    assert page.fields("Save")["per_second"] == typed


def test_an_organiser_has_forms_checked_and_the_log_says_so(desk: Desk) -> None:
    before = rooms(desk).fields("Choose the check")["proof"]

    page = desk.visitor.submit(rooms(desk), "Choose the check", proof="under_pressure")

    assert (before, page.fields("Choose the check")["proof"]) == ("never", "under_pressure")
    assert "From now on browsers are checked under high pressure." in page.text
    desk.visitor.submit(rooms(desk), "Choose the check", proof="under_pressure")
    with desk.app.app_context():
        entries = db.session.scalars(select(LogEntry).where(LogEntry.verb == "set_proof_rule")).all()
    assert [entry.details["rule"] for entry in entries] == ["under_pressure"]
    assert entries[0].staff_id is not None


def test_the_page_tells_what_has_been_decided_about_the_rooms_of_this_event_alone(
    app: Flask, desk: Desk, app_clock: AppClock
) -> None:
    elsewhere = make_desk(app, opens_at=OPENS_AT)
    elsewhere.visitor.submit(rooms(elsewhere), "Pause")
    assert rooms(desk).texts("#log-heading") == []
    desk.visitor.submit(rooms(desk), "Save", per_second="7")
    desk.visitor.submit(rooms(desk), "Choose the check", proof="always")
    app_clock.stand_at(OPENS_AT + timedelta(seconds=5))
    with app.app_context():
        waiting_rooms.open_due()
    desk.visitor.submit(rooms(desk), "Pause")
    desk.visitor.submit(rooms(desk), "Let people in again")

    page = rooms(desk)
    assert page.texts("#log-heading ~ div tbody tr td:last-child") == [
        "Let the line go on",
        "Paused the line",
        "Opened, with lots for the 3 who had come before",
        "Checks every browser that books",
        "Changed how many are let in a second from 40 to 7",
    ]
    assert set(page.texts("#log-heading ~ div tbody td:nth-child(3)")) == {"2 May at 12:00"}
    assert page.texts("#log-heading ~ div tbody tr:nth-child(3) td")[0] == "By itself"
    assert page.texts("#log-heading ~ div tbody tr:nth-child(1) td")[0] == page.texts(".me span")[0]


@pytest.mark.database("sqlite")
@pytest.mark.parametrize("sent", ["", "sometimes"])
def test_a_check_that_there_is_not_is_no_choice(desk: Desk, sent: str) -> None:
    page = desk.visitor.submit(rooms(desk), "Choose the check", status=422, proof=sent)

    assert page.texts(".ds-validation-message") == ["Choose when to check."]
    assert rooms(desk).fields("Choose the check")["proof"] == "never"


def test_what_is_held_unconfirmed_is_seen_on_the_room_the_board_and_the_list(desk: Desk, app_clock: AppClock) -> None:
    app_clock.stand_at(OPENS_AT)
    with desk.app.app_context():
        scenes.book(scenes.slot_now(desk.slot_id), "Boris", 3)
        scenes.book(scenes.slot_now(desk.slot_id), "Amira", 1, unproven=True)
        db.session.remove()

    assert "One of the 4 places held is not yet confirmed." in rooms(desk).text
    assert "One not confirmed, 25% of those held" in desk.open().text
    assert "held, not yet confirmed" in desk.open().texts(".totals dt")
    page = desk.visitor.open(f"/en/staff/{desk.event_slug}/slots/{desk.slot_slug}/bookings")
    assert "One place is held for a booking that is not confirmed yet: 25% of those held." in page.text
    assert "Held until 2 May at 12:30, not yet confirmed" in page.text
    log = desk.visitor.open(page.link("Log"))
    assert "Booked without the check for 1 person, to be confirmed" in log.text


def test_whoever_only_looks_on_may_not_pause(app: Flask, desk: Desk) -> None:
    viewer = make_desk(app, StaffRole.VIEWER, opens_at=OPENS_AT)

    viewer.visitor.open(f"/en/staff/{viewer.event_slug}/waiting-rooms", status=403)
    assert "Waiting rooms" not in viewer.open().text


def test_an_opening_of_another_event_is_not_there(app: Flask, desk: Desk) -> None:
    other = make_desk(app, opens_at=OPENS_AT + timedelta(hours=1))
    action = other.visitor.open(f"/en/staff/{other.event_slug}/waiting-rooms").form("Pause").get("action")
    elsewhere = str(action).replace(other.event_slug, desk.event_slug)
    token = rooms(desk).fields("Pause")["csrf_token"]

    assert desk.visitor.client.post(elsewhere, data={"csrf_token": token}).status_code == 404


@pytest.mark.parametrize(
    ("language", "said"),
    [
        ("sv", "Samma val gäller anmälan till en lottning som öppnar i samma ögonblick: Lottningen"),
        ("en", "The same choice holds for entries to a draw that opens at the same moment: The draw"),
    ],
)
def test_a_room_says_which_draw_shares_its_check(desk: Desk, language: str, said: str) -> None:
    with desk.app.app_context(), transaction() as session:
        new = Draw(event_id=desk.event_id, slug="shares", public_source=scenes.both("Lotto"), opens_at=OPENS_AT)
        new.title, new.closes_at = Bilingual(sv="Lottningen", en="The draw"), OPENS_AT + timedelta(days=2)
        session.add(draw_setup.with_secret(new, now=OPENS_AT - timedelta(days=1)))
    assert said in desk.visitor.open(f"/{language}/staff/{desk.event_slug}/waiting-rooms").text
