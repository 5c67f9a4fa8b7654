"""Moving a slot and calling it off at the staff's desk: the effect first, times that clocks show, two at once."""

from __future__ import annotations

from datetime import datetime

import icalendar
import pytest
from flask import Flask

from iclei_events.db import transaction
from iclei_events.i18n import Bilingual
from iclei_events.models import Room, Slot, StaffRole, Venue
from iclei_events.services import calling_off, log, rescheduling
from iclei_events.services.rescheduling import WhenAndWhere
from tests import scenes
from tests.residents import mails
from tests.staffing import logged
from tests.times import AppClock
from tests.web.staff.desks import Desk, make_desk


def at(text: str) -> datetime:
    return datetime.fromisoformat(text)


def test_the_effect_is_shown_first_and_nothing_changes(app: Flask) -> None:
    desk = make_desk(app, capacity=2)
    desk.book("Amira", 2)
    desk.book("Boris")

    page = desk.visitor.submit(
        desk.open("reschedule"), "Show the effect", starts_at="2022-05-14T11:30", ends_at="2022-05-14T13:00"
    )

    assert page.texts("section.sheet li") == [
        "Time: Saturday 14 May 2022 10:30–12:00 becomes Saturday 14 May 2022 11:30–13:00.",
        "1 party has places.",
        "1 party waits.",
        "Everybody keeps what they have, and can move to another time with room or give it back.",
        "2 parties get a mail in two minutes, each in its own language.",
    ]
    assert desk.slot().sequence == 0
    assert mails(app, "slot_moved") == 0


def test_saving_moves_it_and_says_how_many_are_told(app: Flask) -> None:
    desk = make_desk(app)
    desk.book("Amira", 2)
    page = desk.visitor.submit(
        desk.open("reschedule"), "Show the effect", starts_at="2022-05-14T11:30", ends_at="2022-05-14T13:00"
    )

    page = desk.visitor.submit(page, "Move it and send one mail")

    assert "Tour in English 11:30 has moved. One mail is sent in two minutes." in page.text
    assert desk.slot().starts_at == at("2022-05-14T11:30+02:00")
    assert mails(app, "slot_moved") == 1
    with app.app_context():
        assert logged("move_slot")[0].staff_id is not None


def test_a_slot_moves_to_another_place_and_room(app: Flask) -> None:
    desk = make_desk(app, capacity=5)
    with app.app_context(), transaction() as session:
        venue = Venue(slug="hall", name=scenes.both("Hall"))
        room = Room(venue=venue, slug="r1", name="R1", seats=3)
        other = Venue(slug="other", name=scenes.both("Other"))
        session.add_all([venue, room, other])
        session.flush()
        venue_id, room_id, other_id = venue.id, room.id, other.id
    form = desk.open("reschedule")

    wrong = desk.visitor.submit(form, "Show the effect", status=422, venue=str(other_id), room=str(room_id))
    page = desk.visitor.submit(
        form, "Show the effect", venue=str(venue_id), room=str(room_id), point_sv="Grinden", point_en="The gate"
    )
    desk.visitor.submit(page, "Move it")

    assert wrong.texts(".ds-validation-message") == ["That room is at another place."]
    assert page.texts("section.sheet li")[:2] == [
        "Place: – becomes The gate, R1, Hall in English.",
        "The room has 3 seats, and there are 5 places.",
    ]
    assert WhenAndWhere.of(desk.slot()) == WhenAndWhere(
        scenes.STARTS_AT, scenes.ENDS_AT, Bilingual("Grinden", "The gate"), venue_id, room_id
    )


# C08
def test_two_of_the_staff_at_once_the_second_sees_both_texts_and_neither_is_markup(app: Flask) -> None:
    desk = make_desk(app)
    form = desk.open("reschedule")
    page = desk.visitor.submit(form, "Show the effect", point_sv="<b>Min</b>", point_en="<b>Mine</b>")
    with app.app_context():
        now = scenes.slot_now(desk.slot_id)
        theirs = WhenAndWhere(now.starts_at, now.ends_at, Bilingual("<i>Deras</i>", "<i>Theirs</i>"))
        rescheduling.move_slot(desk.slot_id, theirs, seen=0, by=log.CLI)

    page = desk.visitor.submit(page, "Move it", status=409)

    said = page.texts("[role=alert] p")
    assert said[0] == "Now it stands at: Saturday 14 May 2022 10:30–12:00, <i>Theirs</i>"
    assert said[1] == "You wrote: Saturday 14 May 2022 10:30–12:00, <b>Mine</b>"
    assert page.all("[role=alert] i, [role=alert] b") == []
    assert page.fields("Move it")["point_en"] == "<b>Mine</b>"
    assert desk.slot().sequence == 1
    desk.visitor.submit(page, "Move it")
    assert desk.slot().sequence == 2


# D01, D02
@pytest.mark.database("sqlite")
@pytest.mark.parametrize(
    "typed",
    [
        "2027-02-29T10:00", "2027-04-31T10:00", "0001-01-01T10:00", "10000-01-01T10:00", "2027-03-07T24:00",
        "2027-03-07T23:59:60", "2027-3-7T10:00", "7.3.2027 10:00", "3/7/27 10:00", "٢٠٢٧-٠٣-٠٧T10:00", "soon",
        "<script>alert(1)</script>", "2027-03-07T10:00+05:00", "9" * 400,
    ],
)  # fmt: skip
def test_a_time_that_can_be_read_in_two_ways_or_none_is_asked_for_again(app: Flask, typed: str) -> None:
    desk = make_desk(app)

    page = desk.visitor.submit(desk.open("reschedule"), "Show the effect", status=422, starts_at=typed)

    assert page.texts(".ds-validation-message") == ["Write day and time like 2022-05-14T09:30."]
    assert page.fields("Show")["starts_at"] == typed
    assert desk.slot().sequence == 0


@pytest.mark.database("sqlite")
def test_a_missing_time_is_asked_for(app: Flask) -> None:
    desk = make_desk(app)

    page = desk.visitor.submit(desk.open("reschedule"), "Show the effect", status=422, starts_at="", ends_at=" ")

    assert page.texts(".ds-validation-message") == ["Write when it starts.", "Write when it ends."]


# D07
@pytest.mark.database("sqlite")
@pytest.mark.parametrize(
    ("starts", "ends", "said"),
    [
        ("2022-05-14T12:00", "2022-05-14T11:00", "It must end after it starts."),
        ("2022-05-14T12:00", "2022-05-14T12:00", "It must end after it starts."),
        ("2022-05-14T12:00", "2022-05-15T12:01", "It cannot last longer than a day."),
        ("2022-05-01T12:00", "2022-05-01T13:00", "Choose a time that lies ahead."),
    ],
)
def test_times_that_cannot_be_meant_are_refused(app: Flask, starts: str, ends: str, said: str) -> None:
    desk = make_desk(app)

    page = desk.visitor.submit(desk.open("reschedule"), "Show the effect", status=422, starts_at=starts, ends_at=ends)

    assert page.texts(".ds-validation-message") == [said]


# D07
def test_a_slot_may_go_over_midnight(app: Flask) -> None:
    desk = make_desk(app)
    page = desk.visitor.submit(
        desk.open("reschedule"), "Show the effect", starts_at="2022-05-14T22:00", ends_at="2022-05-15T01:00"
    )
    desk.visitor.submit(page, "Move it")

    assert desk.slot().ends_at == at("2022-05-15T01:00+02:00")


# D04
def test_in_the_hour_that_comes_twice_the_page_asks_which(app: Flask) -> None:
    desk = make_desk(app)
    form = desk.open("reschedule")

    asked = desk.visitor.submit(
        form, "Show the effect", status=422, starts_at="2027-10-31T02:30", ends_at="2027-10-31T05:00"
    )

    assert asked.texts(".ds-validation-message") == [
        "Clocks go back that night and show 02:30 twice. Choose which you mean."
    ]
    assert asked.texts("fieldset label") == [
        "02:30 the first time, summer time (UTC+02:00)",
        "02:30 the second time, winter time (UTC+01:00)",
    ]
    page = desk.visitor.submit(asked, "Show the effect", starts_reading="+01:00")
    desk.visitor.submit(page, "Move it")
    assert desk.slot().starts_at == at("2027-10-31T02:30+01:00")


# D04
def test_a_time_that_clocks_leave_out_is_refused(app: Flask) -> None:
    desk = make_desk(app)

    page = desk.visitor.submit(
        desk.open("reschedule"), "Show the effect", status=422, starts_at="2027-03-28T02:30", ends_at="2027-03-28T05:00"
    )

    assert page.texts(".ds-validation-message") == [
        "Clocks go forward that night and leave out this time. Write another."
    ]


# D05
def test_a_time_entered_before_the_change_of_clocks_stays_that_time_after_it(app: Flask, app_clock: AppClock) -> None:
    desk = make_desk(app)
    app_clock.stand_at("2027-03-20T12:00:00+01:00")
    page = desk.open("reschedule")
    assert "There is nothing left to move." in page.text  # the old time is over by then
    app_clock.stand_at("2022-05-02T12:00:00+02:00")
    page = desk.visitor.submit(
        desk.open("reschedule"), "Show the effect", starts_at="2027-04-03T09:00", ends_at="2027-04-03T10:00"
    )
    desk.visitor.submit(page, "Move it")
    app_clock.stand_at("2027-04-01T12:00:00+02:00")

    shown = desk.open("reschedule").fields("Show")["starts_at"]
    source = desk.visitor.client.get(f"/en/slots/{desk.slot_slug}.ics").get_data(as_text=True)

    assert shown == "2027-04-03T09:00"
    assert "09:00–10:00" in desk.open("bookings").text
    assert "DTSTART;TZID=Europe/Stockholm:20270403T090000" in source


# D08
def test_times_are_malmos_wherever_the_reader_is_and_the_page_says_so(app: Flask) -> None:
    desk = make_desk(app)

    page = desk.open("reschedule")

    assert page.fields("Show")["starts_at"] == "2022-05-14T10:30"
    assert "Times are those of Europe/Stockholm." in page.text


def test_looking_at_no_change_says_so(app: Flask) -> None:
    desk = make_desk(app)
    page = desk.visitor.submit(desk.open("reschedule"), "Show the effect")

    assert page.texts("section.sheet p") == ["Nothing changes."]


def test_calling_off_shows_whom_it_touches_and_then_tells_them(app: Flask) -> None:
    desk = make_desk(app, capacity=2)
    desk.book("Amira", 2)
    desk.book("Boris")

    page = desk.open("call-off")
    assert page.texts("section.sheet li")[:3] == [
        "1 party has places.", "1 party waits.", "2 parties get a mail at once, each in its own language.",
    ]  # fmt: skip
    half = desk.visitor.submit(page, "Call it off", status=422, reason_sv="Stängt")
    assert half.texts(".ds-validation-message") == ["Write the reason in both languages, or in neither."]
    page = desk.visitor.submit(half, "Call it off and send 2 mails", reason_en="Closed")

    assert "is called off. 2 mails are sent." in page.text
    assert desk.slot().cancelled_at is not None
    assert mails(app, "slot_called_off") == 2
    assert "There is nothing left to call off." in desk.open("call-off").text
    assert "There is nothing left to move." in desk.open("reschedule").text


def test_calling_off_what_somebody_else_has_moved_asks_again(app: Flask) -> None:
    desk = make_desk(app)
    page = desk.open("call-off")
    with app.app_context(), transaction() as session:
        session.get_one(Slot, desk.slot_id).sequence += 1

    page = desk.visitor.submit(page, "Call it off", status=409)

    assert page.texts("[role=alert] h2") == ["Somebody else moved it meanwhile"]
    assert desk.slot().cancelled_at is None


def test_public_pages_show_at_once_that_it_has_moved_or_is_cancelled(app: Flask) -> None:
    app.config["PAGE_CACHE_SECONDS"] = 0.001
    desk = make_desk(app)
    path = f"/en/{desk.event_slug}/tours/tour"
    assert "10:30" in desk.visitor.open(path).text
    with app.app_context():
        now = scenes.slot_now(desk.slot_id)
        to = WhenAndWhere(at("2022-05-14T15:15+02:00"), at("2022-05-14T16:00+02:00"))
        rescheduling.move_slot(desk.slot_id, to, seen=now.sequence, by=log.CLI)
    moved = app.test_client().get(path).get_data(as_text=True)
    with app.app_context():
        calling_off.call_off(desk.slot_id, seen=1, by=log.CLI)
    cancelled = app.test_client().get(path).get_data(as_text=True)

    assert "15:15" in moved
    assert '"eventStatus": "https://schema.org/EventRescheduled"' in moved
    assert '"previousStartDate": "2022-05-14T10:30+02:00"' in moved
    assert '"eventStatus": "https://schema.org/EventCancelled"' in cancelled
    calendar = icalendar.Calendar.from_ical(app.test_client().get(f"/en/slots/{desk.slot_slug}.ics").data)
    (entry,) = calendar.walk("VEVENT")
    assert (entry["STATUS"], entry["SEQUENCE"]) == ("CANCELLED", 2)


@pytest.mark.database("sqlite")
@pytest.mark.parametrize("page", ["reschedule", "call-off"])
def test_every_page_is_there_in_swedish_too(app: Flask, page: str) -> None:
    desk = make_desk(app)
    swedish, english = desk.visitor.open(desk.path(page, "sv")), desk.open(page)

    assert swedish.heading != english.heading
    assert english.link("Svenska") == swedish.path


def test_a_viewer_sees_no_way_to_it(app: Flask) -> None:
    desk: Desk = make_desk(app, StaffRole.VIEWER)

    assert "Move or call off" not in desk.open("bookings").text
    assert desk.visitor.client.get(desk.path("reschedule")).status_code == 403
