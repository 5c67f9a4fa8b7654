"""The capacity board, and changing a capacity with its effect shown first."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import event

from iclei_events.db import db, transaction
from iclei_events.models import Slot, StaffRole
from iclei_events.services import bookings, capacity, log
from iclei_events.services.booking_rows import Contact, Party
from tests import scenes
from tests.clients import Page
from tests.staffing import logged, on_duty
from tests.web.staff.desks import Desk, make_desk


def figures(page: Page, slot_slug: str) -> list[str]:
    """Places, confirmed, offered, kept back, free, in queue of one row."""
    return page.texts(f"tr#{slot_slug} td.n")


def add_slot(desk: Desk, slug: str, **fields: Any) -> None:
    """Another time of the desk's tour, an hour after the others."""
    with desk.app.app_context(), transaction() as session:
        activity = scenes.slot_now(desk.slot_id).activity
        times = {"starts_at": scenes.STARTS_AT + timedelta(hours=1), "ends_at": scenes.ENDS_AT + timedelta(hours=1)}
        session.add(Slot(activity_id=activity.id, slug=slug, languages=["en"], **times, **fields))


def shown(desk: Desk, standing: str) -> list[str | None]:
    """The slots on the board that is narrowed to those that stand so."""
    return [row.get("id") for row in desk.visitor.open(f"{desk.path()}?show={standing}").all("tbody tr[id]")]


def keep_back(desk: Desk, places: int) -> None:
    with desk.app.app_context():
        capacity.keep_back(desk.slot_id, places, reason="a school class", release_at=None, by=log.CLI)


def test_the_board_shows_how_every_slot_stands(app: Flask) -> None:
    desk = make_desk(app, capacity=6)
    keep_back(desk, 1)
    desk.book("Amira", 3)
    desk.book("Boris", 2)
    desk.book("Ciro", 2)
    with app.app_context():
        capacity.set_capacity(desk.slot_id, 8, seen=6, by=log.CLI)
    page = desk.open()
    assert figures(page, desk.slot_slug) == ["8", "5", "2", "1", "0", "0"]
    assert page.texts(".totals dd") == ["8", "5", "2", "1", "0", "0"]


def test_how_many_need_support_is_a_number_without_names(app: Flask) -> None:
    desk = make_desk(app, StaffRole.VIEWER)
    with app.app_context():
        contact = Contact("Amira", "amira@example.org", "amira@example.org", None, "a ramp")
        bookings.book(
            scenes.slot_now(desk.slot_id), party=Party(1), contact=contact, language="sv", key="k" * 20, wait=True
        )
    page = desk.open()
    assert page.texts(".totals dd")[-1] == "1"
    assert "ramp" not in page.source


def test_the_board_can_be_narrowed_to_a_day_and_a_kind(app: Flask, summit: None) -> None:
    visitor = on_duty(app, StaffRole.VIEWER)
    every_row = visitor.open("/en/staff/malmo-summit/slots").all("tbody tr[id]")
    page = visitor.open("/en/staff/malmo-summit/slots?day=2022-05-14&kind=study_tour")
    rows = [row.get("id") for row in page.all("tbody tr[id]")]
    assert page.heading == "Places on Saturday 14 May"
    assert 12 <= len(rows) < len(every_row)
    assert all(str(row).startswith(("vastra-hamnen", "botildenborg", "siptex", "hyllie")) for row in rows)


def test_what_residents_book_comes_first_then_workshops_then_sessions(app: Flask, summit: None) -> None:
    page = on_duty(app, StaffRole.VIEWER).open("/en/staff/malmo-summit/slots")
    assert page.texts("h2") == ["Tours and party 16 times", "Workshops 14 times", "Sessions 35 times"]
    rows = [str(row.get("id")) for row in page.all("section:first-of-type tbody tr[id]")]
    assert rows[0] == "vastra-hamnen-0930"
    assert {row.split("-")[0] for row in rows} == {"vastra", "botildenborg", "siptex", "hyllie", "party"}
    assert page.link("Sessions").endswith("#sessions")


def test_the_board_shows_those_that_are_full_or_have_a_queue_or_open_later(app: Flask) -> None:
    desk = make_desk(app, StaffRole.VIEWER, capacity=9)
    desk.book("Amira", 3)
    add_slot(desk, "later", capacity=3, opens_at=scenes.STARTS_AT - timedelta(days=1))
    add_slot(desk, "called-off", capacity=3, cancelled_at=scenes.STARTS_AT - timedelta(days=30))
    assert shown(desk, "") == [desk.slot_slug, "later", "called-off"]
    assert shown(desk, "full") == []
    desk.book("Boris", 2)
    assert shown(desk, "full") == [desk.slot_slug]
    assert shown(desk, "queue") == []
    desk.book("Ciro", 5)
    assert shown(desk, "queue") == [desk.slot_slug]
    assert shown(desk, "later") == ["later"]
    assert shown(desk, "nonsense") == [desk.slot_slug, "later", "called-off"]


def test_a_filter_says_how_many_it_shows_and_keeps_the_others(app: Flask, summit: None) -> None:
    visitor = on_duty(app, StaffRole.VIEWER)
    page = visitor.open("/en/staff/malmo-summit/slots?day=2022-05-14&kind=study_tour&show=later")
    assert page.texts(".pick a") == ["All times 15", "Full or nearly 0", "With a queue 0", "Opens later 1"]
    assert page.texts(".pick [aria-current]") == ["Opens later 1"]
    assert page.link("With a queue").endswith("slots?day=2022-05-14&kind=study_tour&show=queue")
    assert "No time stands like that now." in visitor.open(page.link("With a queue")).text
    assert page.one("input[name=show]").get("value") == "later"


def test_a_slot_that_is_changed_stays_in_sight_though_it_no_longer_fits_the_filter(app: Flask) -> None:
    desk = make_desk(app, capacity=30)
    page = desk.open("capacity?capacity=31&show=full")
    assert [row.get("id") for row in page.all("tbody tr[id]")] == [desk.slot_slug]
    assert "show=full" in page.link("Leave it as it is")


@pytest.mark.database("sqlite")
@pytest.mark.parametrize(
    "query", ["day=x", "day=2022-05-45", "kind=x", "day=1999-01-01", "day=&kind=", "show=x", "capacity=9"]
)
def test_odd_wishes_do_no_harm(app: Flask, query: str) -> None:
    desk = make_desk(app)
    assert desk.visitor.open(f"{desk.path()}?{query}").heading.startswith("Places")


@contextmanager
def counted_queries(app: Flask) -> Iterator[list[str]]:
    statements: list[str] = []

    def note(_conn: object, _cursor: object, statement: str, *_rest: object) -> None:
        statements.append(statement)

    with app.app_context():
        engine = db.engine
    event.listen(engine, "before_cursor_execute", note)
    try:
        yield statements
    finally:
        event.remove(engine, "before_cursor_execute", note)


def test_the_board_asks_the_database_as_often_for_many_slots_as_for_one(app: Flask, summit: None) -> None:
    desk = make_desk(app, everywhere=True)
    with counted_queries(app) as for_one:
        desk.open()
    with counted_queries(app) as for_many:
        desk.visitor.open("/en/staff/malmo-summit/slots")
    assert len([found for found in for_one if "FROM slot" in found]) == 1
    assert len(for_many) <= len(for_one) + 1  # an event with themes loads them
    assert len(for_many) <= 8


def test_the_effect_is_shown_first_and_nothing_changes(app: Flask) -> None:
    desk = make_desk(app, capacity=3)
    desk.book("Amira", 3)
    desk.book("Boris", 2)
    desk.book("Ciro", 3)
    before = desk.slot().revision
    page = desk.open("capacity?capacity=6")
    assert page.texts("#effect li") == [
        "Places: 3 become 6. 3 new places.",
        "No confirmed guest is affected.",
        "One party in the queue gets an offer now: 2 people.",
        "One mail is sent. They have until 3 May at 09:05 to answer.",
        "One party still waits. 1 free place is saved up for them.",
    ]
    assert page.texts("#save") == ["Save and send one mail"]
    assert desk.slot().revision == before


def test_the_effect_can_be_looked_at_without_scripts(app: Flask) -> None:
    desk = make_desk(app, capacity=5)
    desk.book("Amira", 4)
    page = desk.visitor.submit(desk.open("capacity"), "Show the effect", capacity="2")
    assert page.texts("#effect li") == [
        "Places: 5 become 2. 3 places fewer.",
        (
            "2 places more than that are already taken. "
            "Nobody loses a place, and nobody new gets one until enough have been given back."
        ),
    ]
    assert desk.slot().capacity == 5


def test_saving_changes_the_capacity_and_says_so(app: Flask) -> None:
    desk = make_desk(app, capacity=2)
    page = desk.visitor.submit(desk.open("capacity?capacity=9"), "Save")
    assert "Tour in English 10:30 now has 9 places." in page.text
    assert desk.slot().capacity == 9
    with app.app_context():
        entry = logged("set_capacity")[0]
        assert (entry.actor, entry.details) == ("staff", {"before": 2, "after": 9})
        assert entry.staff_id is not None


def test_two_of_the_staff_at_once_the_second_sees_both_numbers(app: Flask) -> None:
    desk = make_desk(app, capacity=5)
    page = desk.open("capacity?capacity=7")
    with app.app_context():
        capacity.set_capacity(desk.slot_id, 6, seen=5, by=log.CLI)
    page = desk.visitor.submit(page, "Save", status=409)
    assert page.texts("#effect p[role=alert]") == [
        (
            "Somebody else changed it meanwhile: it has 6 places now, and you wrote 7. "
            "Look at the effect again before you save."
        )
    ]
    assert page.fields("Save")["capacity"] == "7"
    assert desk.slot().capacity == 6
    desk.visitor.submit(page, "Save")
    assert desk.slot().capacity == 7


@pytest.mark.database("sqlite")
@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("", "Write how many places there are."),
        ("-1", "Write a number with the digits 0 to 9."),
        ("1_0", "Write a number with the digits 0 to 9."),
        ("٢", "Write a number with the digits 0 to 9."),
        ("２", "Write a number with the digits 0 to 9."),
        ("1e3", "Write a number with the digits 0 to 9."),
        ("10001", "A slot has at most 10000 places."),
        ("9" * 30, "Write a number with the digits 0 to 9."),
        ("<script>alert(1)</script>", "Write a number with the digits 0 to 9."),
    ],
)
def test_what_is_no_number_of_places_is_said_beside_the_field(app: Flask, typed: str, said: str) -> None:
    desk = make_desk(app, capacity=5)
    page = desk.visitor.submit(desk.open("capacity"), "Save", status=422, capacity=typed)
    assert page.texts(".ds-validation-message") == [said]
    assert page.fields("Save")["capacity"] == typed
    assert page.one("#capacity").get("aria-invalid") == "true"
    assert desk.slot().capacity == 5


def test_fields_that_the_form_does_not_have_are_ignored(app: Flask) -> None:
    desk = make_desk(app, capacity=5)
    desk.visitor.submit(desk.open("capacity"), "Save", capacity="6", held="99", over_capacity="50", is_staff="1")
    assert (desk.slot().capacity, desk.slot().held, desk.slot().over_capacity) == (6, 0, 0)


def test_a_viewer_sees_no_way_to_change_anything(app: Flask) -> None:
    page = make_desk(app, StaffRole.VIEWER).open()
    assert page.texts("tbody .ds-button") == ["Bookings Tour in English 10:30"]
    assert "Signatories" not in page.texts("nav a")


def test_the_table_can_be_read_out(app: Flask) -> None:
    page = make_desk(app).open()
    assert page.texts("table caption") == ["Tours and party"]
    assert page.one("[role=region][tabindex='0']").get("aria-label") == "Tours and party"
    assert {cell.get("scope") for cell in page.all("thead th")} == {"col"}
    assert {cell.get("scope") for cell in page.all("tbody th")} == {"row", "rowgroup"}
    assert all(drawing.get("aria-hidden") == "true" for drawing in page.all("main svg"))


@pytest.mark.database("sqlite")
@pytest.mark.parametrize("page", ["", "capacity", "log", "bookings", "book", "kept-back"])
def test_every_page_is_there_in_swedish_too(app: Flask, page: str) -> None:
    desk = make_desk(app)
    swedish, english = desk.visitor.open(desk.path(page, "sv")), desk.open(page)
    assert swedish.heading != english.heading
    assert english.link("Svenska") == swedish.path


def test_the_log_tells_who_decided_what(app: Flask) -> None:
    desk = make_desk(app, capacity=2)
    amira = desk.book("Amira", 2)
    boris = desk.book("Boris", 1)
    desk.visitor.submit(desk.open("capacity"), "Save", capacity="3")
    page = desk.open("log")
    assert [[*page.texts(f"tbody tr:nth-child({n}) td")] for n in (1, 2, 3, 4)] == [
        ["By itself", "1 place offered", boris],
        [page.texts(".me span")[0], "Changed the places from 2 to 3", ""],
        ["The guest", "Joined the queue, 1 person", boris],
        ["The guest", "Booked for 2 people", amira],
    ]
    assert "Amira" not in page.source
