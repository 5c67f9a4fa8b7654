"""A slot's bookings as its staff see them; booking and cancelling for somebody."""

from __future__ import annotations

from typing import Any

import pytest
from flask import Flask

from iclei_events.models import StaffRole
from iclei_events.services import bookings, links
from iclei_events.services.booking_rows import Contact, Party
from tests import scenes
from tests.clients import Page
from tests.times import AppClock
from tests.web.staff.desks import Desk, make_desk

NASTY = '<script>alert(1)</script>"><img src=x onerror=alert(1)>'


def book_with_needs(desk: Desk, name: str = "Amira", **fields: Any) -> str:
    contact = Contact(name, "amira@example.org", "amira@example.org", "070-123 45 67", "a ramp", **fields)
    with desk.app.app_context():
        answer = bookings.book(
            scenes.slot_now(desk.slot_id),
            party=Party(2, 1),
            contact=contact,
            language="sv",
            key="key-of-amira",
            wait=True,
        )
    return answer.reference


def rows(page: Page) -> list[list[str]]:
    return [[cell.text_content().strip() for cell in row.cssselect("th, td")][:5] for row in page.all("tbody tr")]


def book(desk: Desk, status: int = 200, **fields: Any) -> Page:
    given: dict[str, Any] = {"name": "Boris", "adults": "2", "children": "0", **fields}
    return desk.visitor.submit(desk.open("book"), "Book", status=status, **given)


def test_the_list_tells_who_comes_and_who_waits_in_which_place(app: Flask) -> None:
    desk = make_desk(app, capacity=3)
    amira, boris, ciro = desk.book("Amira", 2, 1), desk.book("Boris", 2), desk.book("Ciro", 1)
    assert rows(desk.open("bookings")) == [
        ["Amira", amira, "2", "1", "Has places"],
        ["Boris", boris, "2", "0", "Waits, number 1 in the queue"],
        ["Ciro", ciro, "1", "0", "Waits, number 2 in the queue"],
    ]


@pytest.mark.database("sqlite")
@pytest.mark.parametrize(
    ("role", "contact", "need"),
    [
        (StaffRole.ADMIN, True, True),
        (StaffRole.EDITOR, True, False),
        (StaffRole.ORGANISER, True, True),
        (StaffRole.DOOR, True, True),
        (StaffRole.VIEWER, False, False),
    ],
)
def test_contacts_and_needs_are_for_those_who_need_them(app: Flask, role: StaffRole, contact: bool, need: bool) -> None:
    desk = make_desk(app, role)
    book_with_needs(desk)
    page = desk.open("bookings")
    assert ("amira@example.org" in page.source, "070-123 45 67" in page.source) == (contact, contact)
    assert ("a ramp" in page.source, "Needs" in page.texts("thead th")) == (need, need)


def test_lists_carry_no_secret_of_a_booking(app: Flask) -> None:
    desk = make_desk(app)
    reference = book_with_needs(desk)
    with app.app_context():
        salt = scenes.booking(reference).salt
    secret = links.secret_for("booking", salt, app.config["SECRET_KEY"])
    for path in (desk.path("bookings"), f"/en/staff/{desk.event_slug}/bookings/{reference}/cancel"):
        source = desk.visitor.open(path).source
        assert (salt in source, secret in source, "key=" in source) == (False, False, False)


@pytest.mark.parametrize(
    ("words", "found"),
    [
        ("åsa", ["Åsa"]),
        ("ÅSA", ["Åsa"]),
        ("bor", ["Boris"]),
        ("%", []),
        ("_", []),
        ("%' OR 1=1 --", []),
        ("'; DROP TABLE booking--", []),
        (NASTY, []),
        ("  ", ["Åsa", "Boris"]),
    ],
)
def test_the_search_finds_names_literally_and_without_regard_to_case(app: Flask, words: str, found: list[str]) -> None:
    desk = make_desk(app)
    desk.book("Åsa")
    desk.book("Boris")
    page = desk.visitor.submit(desk.open("bookings"), "Find", q=words)
    assert [row[0] for row in rows(page)] == found
    assert page.one("#q").get("value") == words.strip()


def test_the_search_finds_a_reference(app: Flask) -> None:
    desk = make_desk(app)
    desk.book("Amira")
    boris = desk.book("Boris")
    assert [row[0] for row in rows(desk.visitor.open(f"{desk.path('bookings')}?q={boris.lower()}"))] == ["Boris"]


def test_names_and_needs_with_markup_are_shown_as_they_were_typed(app: Flask) -> None:
    desk = make_desk(app)
    page = book(desk, name=NASTY, access_needs=NASTY, phone="", email="")
    assert page.texts("tbody th bdi") == [NASTY]
    assert page.texts("tbody td bdi")[-1] == NASTY
    page = desk.visitor.open(page.link("Cancel"))
    assert NASTY in page.text


def test_staff_book_for_somebody_who_gets_the_mail(app: Flask) -> None:
    desk = make_desk(app)
    page = book(desk, email="boris@example.se", children="1", language="en", access_needs="a ramp")
    reference = rows(page)[0][1]
    assert f"{reference} is booked." in page.text
    with app.app_context():
        booking = scenes.booking(reference)
        assert (booking.size, booking.language, booking.staff_id is not None) == (3, "en", True)
        assert booking.attendee is not None
        assert booking.attendee.email == "boris@example.se"
        assert scenes.mails() == 1


def test_somebody_who_calls_needs_no_address(app: Flask) -> None:
    desk = make_desk(app)
    reference = rows(book(desk, email="", phone="070-123 45 67"))[0][1]
    with app.app_context():
        assert scenes.mails() == 0
        attendee = scenes.booking(reference).attendee
        assert attendee is not None
        assert (attendee.email, attendee.phone) == ("", "+46 70 123 45 67")


def test_staff_may_book_before_the_opening_and_after_the_closing(app: Flask, app_clock: AppClock) -> None:
    opens, closes = scenes.STARTS_AT.replace(day=10), scenes.STARTS_AT.replace(day=12)
    desk = make_desk(app, opens_at=opens, closes_at=closes)
    assert len(rows(book(desk))) == 1
    app_clock.stand_at(scenes.STARTS_AT.replace(day=13))
    book(desk, name="Ciro")
    assert desk.slot().held == 4


def test_without_room_the_party_is_put_in_line_or_the_form_says_how_many_are_left(app: Flask) -> None:
    desk = make_desk(app, capacity=3)
    desk.book("Amira", 2)
    page = desk.visitor.submit(
        desk.open("book"), "Book", status=409, leave_out=["wait"], name="Boris", adults="2", children="0"
    )
    assert page.texts("main [role=alert] h2") == ["Only 1 place is left"]
    assert page.fields("Book")["name"] == "Boris"
    page = desk.visitor.submit(page, "Book", wait="yes")
    assert "is in line." in page.text
    assert desk.slot().waiting == 1


def test_the_same_form_sent_twice_is_one_booking(app: Flask) -> None:
    desk = make_desk(app)
    form = desk.open("book")
    desk.visitor.submit(form, "Book", name="Boris", adults="2")
    page = desk.visitor.submit(form, "Book", name="Boris", adults="2")
    assert "The form had been sent already" in page.text
    assert desk.slot().held == 2


@pytest.mark.database("sqlite")
@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"name": " "}, "Write the name of whoever books."),
        ({"email": "boris"}, "The address has no @. Write for example amira@example.se"),
        ({"adults": ""}, "Write how many adults come."),
        ({"adults": "1_0"}, "Write a number with the digits 0 to 9."),
        ({"adults": "7"}, "A party has 1 to 6 people."),
        ({"adults": "0"}, "A party has 1 to 6 people."),
        ({"adults": "0", "children": "2"}, "Children come with at least one adult."),
        ({"language": "tlh"}, "Choose Swedish or English."),
        ({"access_needs": "x" * 501}, "The text has 501 characters. Write at most 500."),
    ],
)
def test_a_form_that_lacks_something_says_what_and_keeps_what_was_typed(
    app: Flask, fields: dict[str, str], said: str
) -> None:
    desk = make_desk(app)
    page = book(desk, 422, **fields)
    assert page.texts(".ds-error-summary li") == [said]
    assert {name: page.fields("Book")[name] for name in fields if name != "language"} == {
        name: value for name, value in fields.items() if name != "language"
    }
    assert desk.slot().held == 0


def test_cancelling_for_somebody_asks_first_and_frees_the_places_at_once(app: Flask) -> None:
    desk = make_desk(app, capacity=2)
    amira = desk.book("Amira", 2)
    desk.book("Boris", 2)
    page = desk.visitor.open(desk.open("bookings").link("Cancel Amira"))
    assert page.heading == f"Cancel {amira}?"
    assert (desk.slot().held, desk.slot().waiting) == (2, 1)
    answer = desk.visitor.submit(page, "Cancel the booking")
    assert f"{amira} is cancelled." in answer.text
    assert (desk.slot().held, desk.slot().waiting) == (2, 0)
    again = desk.visitor.submit(page, "Cancel the booking")
    assert f"{amira} was cancelled already." in again.text
    ended = desk.visitor.open(f"{desk.path('bookings')}?show=ended")
    assert [row[0] for row in rows(ended)] == ["Amira"]


def test_a_form_left_open_while_the_token_changed_keeps_what_was_typed(app: Flask) -> None:
    desk = make_desk(app)
    page = book(desk, 403, csrf_token="0" * 40)
    assert page.fields("Book")["name"] == "Boris"
    assert desk.slot().held == 0
    desk.visitor.submit(page, "Book")
    assert desk.slot().held == 2
