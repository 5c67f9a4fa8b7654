"""The privacy receipt: what is kept, who has looked at it, and how whoever booked takes it along or erases it."""

from __future__ import annotations

import json

from flask import Flask

from iclei_events.db import db
from iclei_events.models import BookingStatus, StaffRole
from tests import scenes
from tests.clients import Page
from tests.residents import Resident, make_slot
from tests.staffing import on_duty
from tests.times import AppClock
from tests.web.test_bookings import own_page, reference_of


def receipt_of(resident: Resident, page: Page) -> Page:
    return resident.open(f"{page.path}/receipt")


def rows(receipt: Page) -> dict[str, list[str]]:
    """What stands on the receipt: for each detail its value, why it is kept, and until when."""
    return {
        row.cssselect("dt")[0].text_content(): [part.text_content() for part in row.cssselect("bdi, small")]
        for row in receipt.all("dl.kept > div")
    }


def test_each_detail_stands_with_its_reason_and_its_day(app: Flask) -> None:
    amira = Resident(app)
    page = own_page(amira, make_slot(app), phone="070-174 06 05", access_needs="Rullstol")
    told = rows(receipt_of(amira, page))

    assert list(told) == [
        "Behov av stöd", "Våra mejl till dig", "Namn", "E-post", "Mobilnummer", "Bokningens nummer och storlek",
    ]  # fmt: skip
    assert told["Behov av stöd"][0] == "Rullstol"
    assert told["E-post"][0] == "amira@example.org"
    assert all(len(parts) == 3 and parts[2].startswith(("Raderas ", "Sparas ")) for parts in told.values())


def test_nobody_else_reads_the_receipt_or_takes_the_data(app: Flask) -> None:
    page = own_page(Resident(app), make_slot(app))
    stranger = Resident(app, "Boris")

    for part in ("/receipt", ".json", "/erase"):
        stranger.open(f"{page.path}{part}", status=404)


def test_who_has_looked_stands_on_the_receipt_once_an_hour(app: Flask, app_clock: AppClock) -> None:
    slot = make_slot(app)
    amira = Resident(app)
    page = own_page(amira, slot)
    assert "Ingen i vår personal har öppnat den än." in receipt_of(amira, page).text
    with app.app_context():
        event = scenes.slot_now(slot).activity.event
        path, event_id = f"/sv/staff/{event.slug}/slots/{slot.slug}/bookings", event.id
    door, viewer = on_duty(app, StaffRole.DOOR, event_id), on_duty(app, StaffRole.VIEWER, event_id)

    for visitor in (door, door, viewer):
        visitor.open(path)
    app_clock.advance(hours=1)
    door.open(path)

    assert receipt_of(amira, page).texts("[aria-labelledby=looks-heading] li") == [
        "2 maj mellan 10.00 och 11.00: någon i vår personal såg namn, kontaktuppgifter och det som behövs",
        "2 maj mellan 09.00 och 10.00: någon i vår personal såg namn",
        "2 maj mellan 09.00 och 10.00: någon i vår personal såg namn, kontaktuppgifter och det som behövs",
    ]


def test_the_list_of_another_slot_tells_nothing_of_this_party(app: Flask) -> None:
    other = make_slot(app)
    amira = Resident(app)
    page = own_page(amira, make_slot(app))
    with app.app_context():
        event = scenes.slot_now(other).activity.event
        path, event_id = f"/sv/staff/{event.slug}/slots/{other.slug}/bookings", event.id
    on_duty(app, StaffRole.ORGANISER, event_id).open(path)

    assert "Ingen i vår personal har öppnat den än." in receipt_of(amira, page).text


def test_the_export_holds_this_booking_and_no_other(app: Flask) -> None:
    amira = Resident(app)
    page = own_page(amira, make_slot(app), access_needs="Rullstol")
    other = own_page(amira, make_slot(app))
    answer = amira.client.get(f"{page.path}.json")
    export = json.loads(answer.data)

    assert answer.headers["Content-Disposition"] == f'attachment; filename="{reference_of(page)}.json"'
    assert export["booking"]["reference"] == reference_of(page)
    assert export["booking"]["access_need"] == "Rullstol"
    assert [mail["recipient"] for mail in export["mails"]] == ["amira@example.org"]
    assert reference_of(other) not in answer.text


def test_erasing_asks_first_then_gives_the_places_back_and_leaves_no_trace(app: Flask) -> None:
    slot = make_slot(app, capacity=2)
    amira = Resident(app)
    page = own_page(amira, slot, adults="2", access_needs="Rullstol")
    question = amira.open(f"{page.path}/erase")
    with app.app_context():
        assert scenes.counters(slot)[0] == 2  # asking has changed nothing

    after = amira.submit(question, "Ja, lämna tillbaka och radera")

    assert "Dina uppgifter är raderade." in after.text
    assert "Amira" not in after.text
    with app.app_context():
        booking = scenes.booking(reference_of(page))
        assert (booking.status, booking.attendee, booking.access_need) == (BookingStatus.CANCELLED, None, None)
        assert scenes.counters(slot)[0] == 0
        assert (scenes.mails(), scenes.broken()) == (0, [])
        db.session.rollback()
    assert rows(receipt_of(amira, page)).keys() == {"Bokningens nummer och storlek"}


def test_erasing_twice_is_erasing_once(app: Flask) -> None:
    amira = Resident(app)
    page = own_page(amira, make_slot(app))
    question = amira.open(f"{page.path}/erase")

    first, second = amira.post(question), amira.post(question)

    assert [first.status_code, second.status_code] == [303, 303]


def test_what_is_over_can_be_erased_too(app: Flask, app_clock: AppClock) -> None:
    slot = make_slot(app)
    amira = Resident(app)
    page = own_page(amira, slot)
    app_clock.stand_at(slot.ends_at)

    after = amira.submit(amira.open(f"{page.path}/erase"), "Ja, radera mina uppgifter")

    assert "Dina uppgifter är raderade." in after.text
    with app.app_context():
        assert scenes.booking(reference_of(page)).attendee is None
