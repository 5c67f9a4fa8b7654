"""Tickets: the code on the booking's page, the page to print, and what staff see when they read the code."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from flask import Flask

from iclei_events import clock
from iclei_events.db import transaction
from iclei_events.models import Slot, StaffRole
from iclei_events.services import changes, links
from iclei_events.web.ticket_codes import code_address
from tests import scenes
from tests.residents import Resident, make_slot
from tests.staffing import on_duty
from tests.times import AppClock
from tests.web.staff.desks import Desk, make_desk
from tests.web.test_bookings import own_page, reference_of

pytestmark = pytest.mark.either_database


def address_of(app: Flask, reference: str) -> str:
    """The address in the QR code of a booking, without the host."""
    with app.test_request_context("/sv/"):
        return code_address(scenes.booking(reference)).removeprefix(app.config["BASE_URL"])


def pdf_of(resident: Resident, reference: str, status: int = 200) -> bytes:
    answer = resident.client.get(f"/sv/bookings/{reference}.pdf")
    assert answer.status_code == status
    pdf: bytes = answer.data
    return pdf


def pages_in(pdf: bytes) -> int:
    [count] = re.findall(rb"/Type/Pages/Count (\d+)", pdf)
    return int(count)


def test_the_booking_shows_its_code_and_the_way_to_print_it(app: Flask) -> None:
    amira = Resident(app)
    page = own_page(amira, make_slot(app))

    assert page.one("[role=img] svg.ticket-code__picture").get("class") == "ticket-code__picture"
    assert page.one("a[href$='.pdf']").get("href") == f"{page.path}.pdf"


def test_who_waits_has_no_ticket(app: Flask) -> None:
    slot = make_slot(app, capacity=1)
    own_page(Resident(app, "Boris"), slot)
    amira = Resident(app)
    page = own_page(amira, slot)

    assert page.all("a[href$='.pdf']") == []
    pdf_of(amira, reference_of(page), status=404)


def test_the_ticket_is_one_page_for_screen_readers_too(app: Flask) -> None:
    amira = Resident(app)
    pdf = pdf_of(amira, reference_of(own_page(amira, make_slot(app), adults="2", children="3")))

    assert (pdf[:5], pages_in(pdf)) == (b"%PDF-", 1)
    assert b"pdfuaid" in pdf
    assert b"/Lang(sv)" in pdf.replace(b" ", b"")


@pytest.mark.parametrize(
    "name", ["Nguyễn Thị", "محمد", "李雷", "👨‍👩‍👧 Öberg", "#sys.inputs *fet* $x$ <script>", "a" * 120]
)
def test_any_name_makes_a_ticket_of_one_page(app: Flask, name: str) -> None:
    amira = Resident(app)
    pdf = pdf_of(amira, reference_of(own_page(amira, make_slot(app), name=name)))

    assert pages_in(pdf) == 1


@pytest.mark.usefixtures("summit")
def test_the_longest_texts_of_the_summit_fit_on_one_page(app: Flask) -> None:
    amira = Resident(app)
    for slug in ("vastra-hamnen-0930", "botildenborg-1500", "siptex-1030", "hyllie-1300"):
        answer = amira.send(amira.open(f"/sv/slots/{slug}/book"), email=f"{slug}@example.org")
        assert pages_in(pdf_of(amira, answer.location.rsplit("/", 1)[1])) == 1


def test_nobody_else_can_print_it(app: Flask) -> None:
    reference = reference_of(own_page(Resident(app), make_slot(app)))

    pdf_of(Resident(app, "Boris"), reference, status=404)


def test_the_code_names_nobody_and_opens_nothing(app: Flask) -> None:
    reference = reference_of(own_page(Resident(app), make_slot(app)))
    address = address_of(app, reference)
    stranger = Resident(app, "Boris")
    page = stranger.open(address)

    assert page.heading == "Det här är koden på en biljett"
    assert "Amira" not in page.text
    assert reference not in page.text
    stranger.open(f"/sv/bookings/{reference}", status=404)
    _reference, _hyphen, proof = address.rpartition("/")[2].partition("-")
    assert len(proof) * 6 >= 128


def test_the_code_leads_whoever_booked_to_the_booking(app: Flask) -> None:
    amira = Resident(app)
    page = own_page(amira, make_slot(app))
    answer = amira.client.get(address_of(app, reference_of(page)))

    assert (answer.status_code, answer.location) == (303, page.path)


@pytest.fixture
def desk(app: Flask) -> Desk:
    return make_desk(app, StaffRole.DOOR, capacity=4)


def look(desk: Desk, reference: str) -> str:
    """The heading that somebody at the door reads when they scan the ticket."""
    answer = desk.visitor.client.get(address_of(desk.app, reference))
    assert answer.status_code == 303
    return desk.visitor.open(answer.location).heading


def test_whoever_reads_it_at_the_door_sees_that_it_holds_and_for_whom(desk: Desk, app_clock: AppClock) -> None:
    reference = desk.book("Amira", 2, 1)
    assert look(desk, reference).startswith("Gäller inte i dag")
    app_clock.stand_at(desk.slot().starts_at - timedelta(minutes=10))

    page = desk.visitor.open(desk.visitor.client.get(address_of(desk.app, reference)).location)

    assert page.heading == "Gäller för 3 personer"
    assert "2 vuxna och ett barn" in page.text


def test_reading_a_ticket_twice_says_the_same_and_changes_nothing(desk: Desk, app_clock: AppClock) -> None:
    reference = desk.book("Amira", 2)
    app_clock.stand_at(desk.slot().starts_at)

    assert [look(desk, reference), look(desk, reference)] == ["Gäller för 2 personer"] * 2


def test_a_ticket_that_was_given_up_or_still_waits_is_refused_with_its_reason(desk: Desk) -> None:
    given_up, waiting = desk.book("Amira", 4), desk.book("Boris", 2, wait=True)
    assert look(desk, waiting) == "Gäller inte: sällskapet står fortfarande i kö"
    with desk.app.app_context():
        changes.cancel(given_up)

    assert look(desk, given_up) == "Gäller inte: bokningen är avbokad"
    assert look(desk, waiting) == "Gäller inte än: sällskapet har inte tackat ja"


def test_a_ticket_of_a_time_that_was_called_off_or_is_over_is_refused_with_its_reason(
    desk: Desk, app_clock: AppClock
) -> None:
    reference = desk.book("Amira", 2)
    app_clock.stand_at(desk.slot().ends_at)
    assert look(desk, reference) == "Gäller inte: det har redan varit"
    with desk.app.app_context(), transaction() as session:
        session.get_one(Slot, desk.slot_id).cancelled_at = clock.now()

    assert look(desk, reference) == "Gäller inte: tiden är inställd"


@pytest.mark.parametrize("code", ["test", "1", "K7M2P9QX", "K7M2P9QX-" + "A" * 24, "%00", "-"])
def test_what_is_no_ticket_of_ours_is_said_to_be_none(desk: Desk, code: str) -> None:
    answer = desk.visitor.client.get(f"/sv/staff/tickets/{code}")
    if code == "%00":
        assert answer.status_code in {400, 404}
    else:
        assert desk.visitor.open(f"/sv/staff/tickets/{code}").heading == "Det här är ingen biljett från oss"


def test_a_guessed_proof_is_no_ticket(desk: Desk) -> None:
    reference = desk.book("Amira", 2)

    page = desk.visitor.open(f"/sv/staff/tickets/{reference}-{'A' * 24}")

    assert page.heading == "Det här är ingen biljett från oss"
    assert "Amira" not in page.text


def test_the_ticket_of_another_event_is_not_for_this_door(app: Flask, desk: Desk) -> None:
    elsewhere = on_duty(app, StaffRole.DOOR, make_desk(app).event_id)
    path = address_of(app, desk.book("Amira", 2)).replace("/tickets/", "/staff/tickets/")

    assert elsewhere.client.get(path).status_code == 403


def test_a_ticket_is_worthless_once_the_booking_has_a_new_link(app: Flask, desk: Desk, app_clock: AppClock) -> None:
    reference = desk.book("Amira", 2)
    old = address_of(app, reference).replace("/tickets/", "/staff/tickets/")
    with app.app_context(), transaction():
        scenes.booking(reference).salt = "another"

    assert desk.visitor.open(old).heading == "Det här är ingen biljett från oss"


def test_the_proof_is_another_secret_than_the_link_of_the_booking(app: Flask) -> None:
    reference = reference_of(own_page(Resident(app), make_slot(app)))
    with app.app_context():
        salt = scenes.booking(reference).salt

    proof = address_of(app, reference).partition(f"{reference}-")[2]
    assert proof == links.secret_for("ticket", salt, app.config["SECRET_KEY"])
    assert proof != links.secret_for("booking", salt, app.config["SECRET_KEY"])
