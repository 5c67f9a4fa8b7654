"""Who comes and whom we write to, changed on the booking's own page."""

from __future__ import annotations

import pytest
from flask import Flask
from sqlalchemy import select

from iclei_events.db import db, transaction
from iclei_events.models import ClashRule, MailKind, OutboxMail, Slot, StaffRole
from iclei_events.services import attendees, data_export, mail, refusals
from iclei_events.services.attendees import Details
from tests import scenes
from tests.clients import Page
from tests.residents import Resident, booked, make_departures, make_slot
from tests.web.staff.desks import make_desk


@pytest.fixture
def amira(app: Flask) -> Resident:
    return Resident(app)


def own_page(resident: Resident, app: Flask, **fields: str) -> Page:
    return resident.open(resident.book(make_slot(app), **fields).location)


def reference_of(page: Page) -> str:
    return page.path.rsplit("/", 1)[1]


def letter(app: Flask, kind: MailKind = MailKind.BOOKING_CONFIRMED) -> str:
    with app.app_context():
        row = db.session.scalars(select(OutboxMail).where(OutboxMail.kind == kind)).one()
        return str(mail.render(row).get_body(("plain",)).get_content())  # type: ignore[union-attr]


def test_those_who_come_along_get_names_if_the_party_wants(app: Flask, amira: Resident) -> None:
    page = own_page(amira, app, adults="2", children="1")
    page = amira.submit(page, "Spara namnen", name_2="Elis Åberg", name_3=" Noor \u200b ")

    assert page.texts(".notice [role=status]") == ["Namnen är sparade."]
    assert page.texts(".people li span.break") == [
        "Amira LindqvistVuxen, du som bokade",
        "Elis ÅbergVuxen",
        "NoorBarn",
    ]
    assert "Namn på dem som följer med" in page.texts(".receipt tbody th")
    assert "Amira Lindqvist, Elis Åberg, Noor" in letter(app)
    assert amira.submit(page, "Spara namnen", name_2="").texts(".people li span.break")[1] == "Person 2Vuxen"


def test_a_name_that_cannot_be_is_an_error_of_its_field_and_changes_nothing(app: Flask, amira: Resident) -> None:
    page = own_page(amira, app, adults="3")
    refused = amira.submit(page, "Spara namnen", status=422, name_2="Elis", name_3="x" * 121)

    assert refused.texts(".ds-error-summary li") == ["Namnet har 121 tecken. Skriv högst 120."]
    assert refused.one(".ds-error-summary a").get("href") == "#name_3"
    assert refused.fields("Spara namnen")["name_2"] == "Elis"
    assert amira.open(page.path).texts(".people li span.break")[1] == "Person 2Vuxen"


@pytest.mark.parametrize("name", ["<script>alert(1)</script>", "'; DROP TABLE x--", "\u202eحسن", "O'Brien d'Arc-Å"])
def test_any_name_stays_text(app: Flask, amira: Resident, name: str) -> None:
    page = amira.submit(own_page(amira, app, adults="2"), "Spara namnen", name_2=name)

    assert page.texts(".people span.break bdi")[1] == name.replace("\u202e", "")
    assert "<script>alert" not in page.source


def test_the_place_given_back_is_that_persons_and_their_name_goes(app: Flask, amira: Resident) -> None:
    page = amira.submit(own_page(amira, app, adults="3"), "Spara namnen", name_2="Elis", name_3="Noor")
    page = amira.submit(page, "Ja, lämna tillbaka platsen Elis")

    assert page.texts(".people li span.break") == ["Amira LindqvistVuxen, du som bokade", "NoorVuxen"]
    with app.app_context():
        places = scenes.booking(reference_of(page)).places
        assert [(place.number, place.name, place.given_back_at is None) for place in places] == [
            (1, None, True),
            (2, None, False),
            (3, "Noor", True),
        ]


def test_a_smaller_party_gives_back_places_without_a_name_first(app: Flask, amira: Resident) -> None:
    page = amira.submit(own_page(amira, app, adults="3"), "Spara namnen", name_3="Noor")
    page = amira.submit(page, "Spara antalet", adults="2")

    assert page.texts(".people li span.break") == ["Amira LindqvistVuxen, du som bokade", "NoorVuxen"]


def test_whoever_booked_may_fall_ill_and_let_the_others_go(app: Flask, amira: Resident) -> None:
    page = amira.submit(own_page(amira, app, adults="2"), "Ja, lämna tillbaka platsen Amira Lindqvist")

    assert page.texts(".people li span.break") == ["Person 1Vuxen"]
    assert "Bokat av" in page.texts(".ticket dt")


def test_the_last_place_is_not_given_back_but_cancelled(app: Flask, amira: Resident) -> None:
    page = own_page(amira, app)

    assert not page.all(".people details")


def test_giving_back_the_same_place_twice_gives_back_one(app: Flask, amira: Resident) -> None:
    page = own_page(amira, app, adults="4")
    for _ in range(2):
        after = amira.submit(page, "Ja, lämna tillbaka platsen Person 3")

    assert "Klart. Ni har 3 platser." in after.text


@pytest.mark.parametrize("number", ["", "x", "99", "-1", "1_0"])
def test_a_place_that_is_not_there_is_given_back_by_nobody(app: Flask, amira: Resident, number: str) -> None:
    page = own_page(amira, app, adults="2")
    answer = amira.post(page, "Ja, lämna tillbaka platsen Person 2", number=number)

    assert answer.status_code in {303, 422}
    assert booked(app, reference_of(page))["adults"] == 2


def test_name_phone_and_language_of_the_mails_can_be_changed(app: Flask, amira: Resident) -> None:
    page = own_page(amira, app)
    page = amira.submit(page, "Spara uppgifterna", name="Amira Åberg", phone="070-123 45 67", language="en")

    kept = booked(app, reference_of(page))
    assert (kept["name"], kept["phone"], kept["language"]) == ("Amira Åberg", "+46 70 123 45 67", "en")
    assert kept["email"] == "amira@example.org"
    assert page.texts(".notice [role=status]") == ["Dina uppgifter är sparade."]
    assert "You have one place" in letter(app)


def test_details_that_cannot_be_are_errors_of_their_fields(app: Flask, amira: Resident) -> None:
    page = own_page(amira, app)
    refused = amira.submit(page, "Spara uppgifterna", status=422, name=" ", phone="vet ej", language="de")

    assert refused.texts(".ds-error-summary li") == [
        "Skriv ditt namn.",
        "Skriv ett telefonnummer med siffror, till exempel 070-123 45 67.",
        "Välj svenska eller engelska.",
    ]
    assert refused.fields("Spara uppgifterna")["phone"] == "vet ej"
    assert booked(app, reference_of(page))["language"] == "sv"


def test_who_books_for_others_can_say_so_later_and_take_it_back(app: Flask, amira: Resident) -> None:
    page = own_page(amira, app, adults="2")
    page = amira.submit(page, "Spara uppgifterna", for_others="yes")
    assert page.texts(".people li span.break") == ["Person 1Vuxen", "Person 2Vuxen"]
    assert "Du bokade åt andra och följer inte med" in letter(app)
    page = amira.submit(page, "Spara namnen", name_1="Elis")
    page = amira.submit(page, "Spara uppgifterna", leave_out=["for_others"])

    assert page.texts(".people li span.break") == ["Amira LindqvistVuxen, du som bokade", "Person 2Vuxen"]


def test_a_cancelled_booking_keeps_its_names_from_new_ones(app: Flask, amira: Resident) -> None:
    page = own_page(amira, app, adults="2")
    amira.submit(page, "Ja, avboka")

    assert amira.submit(page, "Spara namnen", status=409, name_2="Elis").heading == "Bokningen är avbokad"
    with app.app_context(), pytest.raises(refusals.NotActive):
        attendees.name_places(reference_of(page), {2: "Elis"})


def test_the_export_tells_who_comes_along_and_whether_the_contact_does(app: Flask, amira: Resident) -> None:
    page = own_page(amira, app, adults="2", for_others="yes")
    amira.submit(page, "Spara namnen", name_2="Elis")
    with app.app_context():
        [told] = data_export.export("amira@example.org")["bookings"]

    assert (told["comes_along"], [place["name"] for place in told["places"]]) == (False, [None, "Elis"])


def test_staff_who_meet_the_party_read_the_names_and_that_the_contact_stays_at_home(app: Flask) -> None:
    desks = {role: make_desk(app, role) for role in (StaffRole.DOOR, StaffRole.VIEWER)}
    for desk in desks.values():
        reference = desk.book("Boris", adults=2)
        with app.app_context():
            attendees.change_contact(reference, Details("Boris", None, "sv", comes_along=False))
            attendees.name_places(reference, {2: "Noor Haddad"})
    read = {role: desk.open("bookings").texts("tbody th") for role, desk in desks.items()}

    assert read[StaffRole.DOOR] == ["BorisBooked for others, does not comeThose who come: Noor Haddad"]
    assert read[StaffRole.VIEWER] == ["BorisBooked for others, does not come"]


def for_others_in_a_clash(app: Flask, amira: Resident) -> Page:
    """The page of a booking for others, at a time when whoever made it has places elsewhere; clashes bind."""
    first, second = make_departures(app, 2)
    with app.app_context(), transaction() as session:
        slots = {slot.slug: slot for slot in session.scalars(select(Slot).where(Slot.slug.in_([first, second])))}
        slots[second].starts_at, slots[second].ends_at = slots[first].starts_at, slots[first].ends_at
        slots[first].activity.event.clashes = ClashRule.OVERLAP
    amira.send(amira.open(f"/sv/slots/{first}/book"))
    return amira.open(amira.send(amira.open(f"/sv/slots/{second}/book"), for_others="yes", adults="2").location)


@pytest.mark.parametrize(
    ("language", "button", "sentence"),
    [
        (
            "sv", "Spara namnen",
            ("Det här är ditt eget namn, och du har redan platser på en tid som krockar. "
            "På det här evenemanget kan en person inte ha båda, så ingenting sparades."),
        ),
        (
            "en", "Save the names",
            ("This is your own name, and you have places already at a time that clashes. "
            "At this event one person cannot have both, so nothing was saved."),
        ),
    ],
)  # fmt: skip
def test_where_clashes_bind_who_booked_for_others_is_told_beside_their_name_why_they_cannot_come_along(
    app: Flask, amira: Resident, language: str, button: str, sentence: str
) -> None:
    page = amira.open(for_others_in_a_clash(app, amira).path.replace("/sv/", f"/{language}/"))
    refused = amira.submit(page, button, status=409, name_1="Sami", name_2="amira lindqvist")

    assert refused.texts(".ds-error-summary li") == [sentence]
    assert [field.get("name") for field in refused.all("[aria-invalid=true]")] == ["name_2"]
    assert refused.fields(button)["name_1"] == "Sami"
    assert amira.open(page.path).fields(button)["name_1"] == ""


def test_where_clashes_bind_who_booked_for_others_is_told_beside_the_box_why_they_cannot_come_along(
    app: Flask, amira: Resident
) -> None:
    page = for_others_in_a_clash(app, amira)
    refused = amira.submit(page, "Spara uppgifterna", status=409, leave_out=["for_others"], name="Amira Berg")

    sentence = (
        "Du har redan platser på en tid som krockar. "
        "På det här evenemanget kan en person inte ha båda, så ingenting sparades."
    )
    assert refused.texts(".ds-error-summary li") == [sentence]
    assert refused.fields("Spara uppgifterna")["name"] == "Amira Berg"
    assert "for_others" in amira.open(page.path).fields("Spara uppgifterna")
