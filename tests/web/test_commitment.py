from __future__ import annotations

import csv
import io
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select

from iclei_events.db import db
from iclei_events.models import MailKind, OutboxMail, Signatory, SignatoryStatus, StaffRole
from tests import signers
from tests.clients import Visitor
from tests.databases import Database
from tests.signers import City
from tests.times import AppClock

LOCATION = "Location"
ONE_DATABASE = pytest.mark.database("sqlite")
"""For what a form refuses before any database is asked."""


@pytest.fixture(autouse=True)
def _summit(app: Flask, database: Database) -> None:
    signers.load_summit(app, database)


@pytest.fixture
def city(app: Flask) -> City:
    return City(app)


def count(app: Flask, model: Any = Signatory) -> int:
    with app.app_context():
        return db.session.scalar(select(func.count()).select_from(model)) or 0


def only(field: str, value: Any) -> dict[str, Any]:
    return {field: value}


def newest(app: Flask) -> Signatory:
    with app.app_context():
        one = db.session.scalars(select(Signatory).order_by(Signatory.id.desc()).limit(1)).one()
        db.session.expunge(one)
        return one


def confirmed(app: Flask, name: str = "Lund", **fields: Any) -> str:
    with app.app_context():
        return signers.sign_and_confirm(name, **fields)


# What it says and who has signed


@pytest.mark.parametrize("language", ["sv", "en"])
@pytest.mark.parametrize(
    "path",
    ["", "/signatories", "/signatories/malmo", "/signatories/recife", "/signatories/paris", "/sign"],
)
def test_each_page_opens_in_both_languages(visitor: Visitor, language: str, path: str) -> None:
    assert visitor.open(f"/{language}/commitment{path}").language == language


def test_the_page_counts_who_has_signed_and_nobody_else(visitor: Visitor) -> None:
    page = visitor.open("/en/commitment")

    assert "11 cities and regions have signed" in page.texts("h2")
    assert "Paris, Quelimane. They are not counted." in page.text
    assert "Paris" not in page.texts(".country a")


def test_countries_have_their_names_in_the_language_of_the_page(visitor: Visitor) -> None:
    swedish = visitor.open("/sv/commitment").texts(".country__h")
    english = visitor.open("/en/commitment").texts(".country__h")

    assert swedish == [
        "Argentina", "Brasilien", "Colombia", "Mexiko", "Nederländerna", "Storbritannien", "Sverige", "USA",
    ]  # fmt: skip
    assert english == [
        "Argentina", "Brazil", "Colombia", "Mexico", "Netherlands", "Sweden", "United Kingdom", "United States",
    ]  # fmt: skip


def test_no_phase_is_invented_for_anybody(visitor: Visitor) -> None:
    page = visitor.open("/en/commitment/signatories/malmo")

    assert not any(phase in page.text for phase in ("Analyze", "Strategize", "Accelerate"))


def test_who_was_only_announced_is_not_said_to_have_signed(visitor: Visitor) -> None:
    page = visitor.open("/en/commitment/signatories/paris")

    assert "Not known to have signed" in page.text


def test_an_unknown_or_unpublished_signatory_has_no_page(app: Flask, visitor: Visitor) -> None:
    confirmed(app)
    one = newest(app)

    visitor.open("/sv/commitment/signatories/atlantis", status=404)
    visitor.open(f"/sv/commitment/signatories/{one.slug}", status=404)


# The open register


def test_the_register_is_open_as_json(app: Flask) -> None:
    response = app.test_client().get("/commitment/signatories.json")
    data = response.get_json()

    assert (data["count"], len(data["signatories"])) == (11, 11)
    assert [one["slug"] for one in data["announced_before_and_not_signed"]] == ["paris", "quelimane"]
    assert data["commitment"]["version"] == "2022-05-12"
    malmo = next(one for one in data["signatories"] if one["slug"] == "malmo")
    assert malmo["country_name"] == {"sv": "Sverige", "en": "Sweden"}
    assert malmo["pages"]["sv"] == "http://localhost/sv/commitment/signatories/malmo"


def test_the_register_is_open_as_csv_and_counts_nobody_who_was_only_announced(app: Flask) -> None:
    response = app.test_client().get("/commitment/signatories.csv")
    rows = list(csv.DictReader(io.StringIO(response.get_data(as_text=True))))

    assert response.mimetype == "text/csv"
    assert len(rows) == 11
    assert "paris" not in {row["slug"] for row in rows}


def test_the_open_register_holds_no_contact_and_no_formula(app: Flask) -> None:
    with app.app_context():
        signers.published('=HYPERLINK("https://evil.example")', contact="secret@lund.example")
    client = app.test_client()

    table = client.get("/commitment/signatories.csv").get_data(as_text=True)
    data = client.get("/commitment/signatories.json").get_data(as_text=True)

    assert "'=HYPERLINK" in table
    for text in (table, data):
        assert not any(word in text for word in ("secret@lund", "Nils Ek", "Åsa", "\\u00c5sa"))


def test_a_cache_may_ask_whether_the_register_has_changed(app: Flask) -> None:
    client = app.test_client()
    tag = client.get("/commitment/signatories.json").headers["ETag"]

    assert client.get("/commitment/signatories.json", headers={"If-None-Match": tag}).status_code == 304


# The form


def test_a_city_sends_the_form_and_is_told_where_the_mail_went(app: Flask, city: City) -> None:
    response = city.send()

    assert (response.status_code, response.headers[LOCATION]) == (303, "/sv/commitment/sign/sent")
    assert "nils.ek@lund.example" in city.open("/sv/commitment/sign/sent").text
    one = newest(app)
    assert (one.status, one.name, one.challenges) == (
        SignatoryStatus.SUBMITTED, "Lund", ["affordable-housing", "sustainable-food"],
    )  # fmt: skip


def test_the_page_after_the_form_tells_a_stranger_nothing(city: City, visitor: Visitor) -> None:
    city.send()

    assert visitor.open("/sv/commitment/sign/sent").heading == "Skriv under Malmö Commitment"


@ONE_DATABASE
@pytest.mark.parametrize(
    "field",
    [
        "name", "country", "kind", "challenges", "mandate", "mandate_on", "signer_name", "signer_role",
        "contact_name", "contact_email", "language", "declares",
    ],
)  # fmt: skip
@pytest.mark.parametrize("value", ["", "  \u00a0 "])
def test_f01_what_is_missing_is_named_beside_its_field_and_in_the_summary(
    app: Flask, city: City, field: str, value: str
) -> None:
    left_out = (field,) if field in {"declares", "challenges"} else ()
    page = city.refused(city.send(without=left_out, **({} if left_out else only(field, value))))

    assert page.all(f'.ds-error-summary a[href="#{field}"]')
    assert page.title.startswith("Fel i formuläret")
    assert count(app, OutboxMail) == 0
    assert (
        page.fields()["mandate" if field != "mandate" else "name"]
        == signers.FORM["mandate" if field != "mandate" else "name"]
    )


def test_everything_that_is_missing_is_named_at_once(city: City) -> None:
    form = city.form()
    page = city.refused(city.post(form))

    assert len(page.all(".ds-error-summary li")) == 11


@ONE_DATABASE
@pytest.mark.parametrize(
    "address",
    ["nils", "nils@", "a" * 65 + "@lund.example", "a@" + "b" * 250 + ".example", "a@b.example\r\nBcc: c@d.example"],
)
def test_f04_m01_an_address_that_cannot_be_one_is_refused(app: Flask, city: City, address: str) -> None:
    page = city.refused(city.send(contact_email=address))

    assert page.all('.ds-error-summary a[href="#contact_email"]')
    assert count(app, OutboxMail) == 0


@ONE_DATABASE
@pytest.mark.parametrize("field", ["name", "signer_name", "signer_role", "contact_name", "mandate"])
def test_m01_a_second_line_in_a_field_of_one_line_is_refused(app: Flask, city: City, field: str) -> None:
    city.refused(city.send(**only(field, "Lund\r\nBcc: everybody@example.org")))

    assert count(app, OutboxMail) == 0


@pytest.mark.parametrize(
    "payload",
    ['<script>alert("x")</script>', '"><img src=x onerror=alert(1)>', "javascript:alert(1)", "{7*7} %s"],
)
def test_f11_markup_is_text_wherever_it_is_shown(app: Flask, city: City, payload: str) -> None:
    texts: dict[str, Any] = dict.fromkeys(("name", "mandate", "signer_name", "signer_role", "contact_name"), payload)
    city.send(**texts)
    one = newest(app)
    page = city.open_link(one)
    city.submit(page, "Bekräfta")
    staff = signers.staff_member(app, "Ada")

    shown = staff.open(f"/sv/staff/signatories/{one.reference}")

    assert {field: getattr(one, field) for field in texts} == texts
    for opened in (page, shown):
        assert opened.text.count(payload) >= len(texts) - 1
        assert "<script>alert" not in opened.source
        assert "<img src=x" not in opened.source


@pytest.mark.parametrize("payload", ["'; DROP TABLE signatory--", "%' OR 1=1"])
def test_f13_quotation_marks_are_letters(app: Flask, city: City, payload: str) -> None:
    city.send(name=payload)

    assert newest(app).name == payload


def test_f14_fields_that_the_form_does_not_have_are_ignored(app: Flask, city: City) -> None:
    city.send(status="published", standing="early_adopter", slug="malmo", published_at="2022-05-01", is_staff="1")

    one = newest(app)
    assert (one.status, one.standing.value, one.published_at) == (SignatoryStatus.SUBMITTED, "signed_here", None)


def test_f15_a_field_sent_twice_is_refused(app: Flask, city: City) -> None:
    assert city.send(name=["Lund", "Malmö"]).status_code == 400
    assert count(app, OutboxMail) == 0


@ONE_DATABASE
@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("country", "ZZ"), ("country", "SVERIGE"), ("kind", "kingdom"), ("challenges", ["money"]), ("language", "xx"),
        ("challenges", ["affordable-housing", "money"]),
    ],
)  # fmt: skip
def test_f16_f20_what_is_not_on_offer_is_refused(app: Flask, city: City, field: str, value: Any) -> None:
    page = city.refused(city.send(**only(field, value)))

    assert page.all(f'.ds-error-summary a[href="#{field}"]')
    assert count(app, OutboxMail) == 0


def test_more_than_five_challenges_are_too_many(city: City) -> None:
    page = city.refused(
        city.send(
            challenges=[
                "affordable-housing", "sustainable-transport", "just-transition", "sustainable-food",
                "waste-management", "climate-change",
            ]
        )
    )  # fmt: skip

    assert "Ni har valt 6 utmaningar. Välj högst 5." in page.texts(".ds-validation-message")


@ONE_DATABASE
@pytest.mark.parametrize(
    "day", ["2022-05-03", "1999-12-31", "2022-02-30", "28/4 2022", "3/4/22", "２０２２-04-28", "1_0"]
)
def test_d01_a_day_of_decision_that_cannot_be_is_refused(city: City, day: str) -> None:
    page = city.refused(city.send(mandate_on=day))

    assert page.fields()["mandate_on"] == day


def test_today_is_a_day_on_which_one_can_have_decided(app: Flask, city: City) -> None:
    city.send(mandate_on="2022-5-2")

    assert str(newest(app).mandate_on) == "2022-05-02"


@pytest.mark.parametrize("kind", ["application/json", "text/plain"])
def test_f19_other_types_are_not_read_as_a_form(app: Flask, kind: str) -> None:
    response = app.test_client().post("/sv/commitment/sign", data=b'{"name": "Lund"}', content_type=kind)

    assert response.status_code == 415


def test_f19_a_broken_form_is_refused(app: Flask) -> None:
    response = app.test_client().post("/sv/commitment/sign", data=b"\xff\x00", content_type="multipart/form-data")

    assert response.status_code == 400


@pytest.mark.parametrize("headers", [{"Origin": "https://evil.example"}, {"Sec-Fetch-Site": "cross-site"}])
def test_x01_a_form_from_another_site_is_refused(app: Flask, city: City, headers: dict[str, str]) -> None:
    fields = {**city.form().fields(), **signers.FORM}
    response = city.client.post("/sv/commitment/sign", data=fields, headers=headers)

    assert response.status_code == 403
    assert count(app, OutboxMail) == 0


def test_x01_without_a_valid_token_nothing_is_stored_and_what_was_typed_stays(app: Flask, city: City) -> None:
    page = city.refused(city.send(csrf_token="of-somebody-else"), 403)

    assert page.fields()["name"] == "Lund"
    assert page.fields()["csrf_token"] != "of-somebody-else"
    assert count(app, OutboxMail) == 0
    assert city.submit(page).heading == "Öppna nu länken i vårt mejl"


def test_p01_twenty_sends_of_one_form_are_one_signing_and_one_mail(app: Flask, city: City) -> None:
    form = city.form()
    answers = [city.send(form) for _ in range(20)]

    assert {(answer.status_code, answer.headers[LOCATION]) for answer in answers} == {(303, "/sv/commitment/sign/sent")}
    assert count(app, OutboxMail) == 1


def test_p02_going_back_and_sending_again_leads_to_the_same_page(app: Flask, city: City) -> None:
    form = city.form()
    city.send(form)
    before = count(app)

    city.send(form)

    assert count(app) == before
    assert "nils.ek@lund.example" in city.open("/sv/commitment/sign/sent").text


def test_p04_a_key_seen_by_somebody_else_shows_nothing_of_the_first(app: Flask, city: City) -> None:
    form = city.form()
    city.send(form)
    stranger = City(app)
    key = form.fields()["idempotency_key"]

    page = stranger.refused(
        stranger.send(idempotency_key=key, contact_email="stranger@example.org", mandate="Annat"), 409
    )

    assert "nils.ek" not in page.source
    assert page.fields()["idempotency_key"] != key


def test_who_is_in_the_register_already_is_told_where(app: Flask, city: City) -> None:
    before = count(app)
    page = city.refused(city.send(name="malmö"), 409)

    assert page.all('a[href="/sv/commitment/signatories/malmo"]')
    assert page.all('.ds-error-summary a[href="#name"]')
    assert count(app) == before


def test_one_address_cannot_be_flooded_with_mail(app: Flask, city: City) -> None:
    for number in range(5):
        city.send(name=f"Stad {number}")
    response = city.send(name="Stad 5")

    assert response.status_code == 429
    assert int(response.headers["Retry-After"]) > 0
    assert count(app, OutboxMail) == 5


def test_without_a_commitment_there_is_nothing_to_sign(app: Flask, visitor: Visitor, database: Any) -> None:
    with app.app_context():
        database.restore("empty")

    visitor.open("/sv/commitment", status=404)
    visitor.open("/sv/commitment/sign", status=404)


# The link in the mail


def test_t07_opening_the_link_changes_nothing_and_takes_the_secret_out_of_the_address(app: Flask, city: City) -> None:
    city.send()
    one = newest(app)
    scanner = app.test_client()

    for method in ("GET", "HEAD", "OPTIONS"):
        scanner.open(signers.secret_link(app, one), method=method, follow_redirects=method != "OPTIONS")
    page = city.open_link(one)

    assert newest(app).status is SignatoryStatus.SUBMITTED
    assert page.path == f"/sv/commitment/signings/{one.reference}"
    assert "Kommunfullmäktige" in page.text


def test_the_contact_confirms_by_the_button(app: Flask, city: City) -> None:
    city.send()
    page = city.open_link(newest(app))

    done = city.submit(page, "Bekräfta")

    assert done.heading == "Underskriften för Lund kontrolleras"
    assert newest(app).status is SignatoryStatus.CONFIRMED


def test_the_contact_can_erase_a_form_that_is_wrong(app: Flask, city: City) -> None:
    before = count(app)
    city.send()
    page = city.open_link(newest(app))

    city.submit(page, "radera formuläret")

    assert count(app) == before


def test_sending_the_form_opens_no_signing(app: Flask, city: City) -> None:
    city.send()

    city.open(f"/sv/commitment/signings/{newest(app).reference}", status=404)


def test_a_link_opens_that_signing_only(app: Flask, city: City) -> None:
    city.send()
    first = newest(app)
    city.send(name="Eslöv")
    second = newest(app)
    city.open_link(first)

    city.open(f"/sv/commitment/signings/{second.reference}", status=404)


@pytest.mark.parametrize("key", ["", "guess", "A" * 24, "å"])
def test_t01_a_guessed_secret_is_the_same_page_as_an_unknown_signing(app: Flask, city: City, key: str) -> None:
    city.send()
    one = newest(app)

    known = city.open(f"/sv/commitment/signings/{one.reference}?key={key}", status=404)
    unknown = city.open(f"/sv/commitment/signings/23456789?key={key}", status=404)

    assert known.text == unknown.text


def test_the_signatories_of_a_pack_have_no_link(app: Flask, visitor: Visitor) -> None:
    with app.app_context():
        reference = db.session.scalar(select(Signatory.reference).where(Signatory.slug == "malmo"))

    visitor.open(f"/sv/commitment/signings/{reference}?key=x", status=404)


def test_nobody_confirms_without_the_link(app: Flask, city: City) -> None:
    city.send()
    one = newest(app)
    token = city.form().fields()["csrf_token"]

    response = city.client.post(f"/sv/commitment/signings/{one.reference}/confirm", data={"csrf_token": token})

    assert response.status_code == 404
    assert newest(app).status is SignatoryStatus.SUBMITTED


def test_too_late_is_said_and_nothing_is_signed(app: Flask, city: City, app_clock: AppClock) -> None:
    city.send()
    page = city.open_link(newest(app))
    app_clock.advance(days=31)

    late = city.submit(page, "Bekräfta", status=409)

    assert late.heading == "Tiden att bekräfta har gått ut"
    assert newest(app).status is SignatoryStatus.SUBMITTED


def test_a_declined_signing_tells_its_contact_why(app: Flask, city: City) -> None:
    city.send()
    one = newest(app)
    city.submit(city.open_link(one), "Bekräfta")
    staff = signers.staff_member(app, "Ada")
    staff.submit(staff.open(f"/sv/staff/signatories/{one.reference}"), "Avslå", reason="Beslutet finns inte.")

    page = city.open(f"/sv/commitment/signings/{one.reference}")

    assert "Beslutet finns inte." in page.text


# The staff's pages


@pytest.mark.parametrize("role", [StaffRole.ADMIN, StaffRole.EDITOR, StaffRole.ORGANISER])
def test_staff_see_mandate_signer_and_contact_before_they_verify(app: Flask, role: StaffRole) -> None:
    reference = confirmed(app)

    page = signers.staff_member(app, "Ada", role).open(f"/sv/staff/signatories/{reference}")

    for said in ("Kommunfullmäktige", "Åsa Öberg", "Nils Ek", "nils.ek@lund.example"):
        assert said in page.text


@pytest.mark.parametrize("role", [StaffRole.DOOR, StaffRole.VIEWER])
def test_others_of_the_staff_see_no_signings(app: Flask, role: StaffRole) -> None:
    reference = confirmed(app)
    member = signers.staff_member(app, "Vera", role)

    member.open("/sv/staff/signatories", status=403)
    member.open(f"/sv/staff/signatories/{reference}", status=403)


def test_two_people_verify_and_then_one_publishes(app: Flask) -> None:
    reference = confirmed(app)
    path = f"/en/staff/signatories/{reference}"
    ada, bo = signers.staff_member(app, "Ada"), signers.staff_member(app, "Bo")

    first = ada.submit(ada.open(path), "I have checked")
    assert not first.all("form[action$='/publish']")
    second = bo.submit(bo.open(path), "I have checked")
    done = bo.submit(second, "Publish")

    assert done.link("See it in the register") == "/en/commitment/signatories/lund"
    assert "Lund" in Visitor(app).open("/sv/commitment").text


def test_publishing_is_refused_before_two_have_verified(app: Flask) -> None:
    reference = confirmed(app)
    ada = signers.staff_member(app, "Ada")
    page = ada.submit(ada.open(f"/en/staff/signatories/{reference}"), "I have checked")
    token = page.fields("Decline")["csrf_token"]

    response = ada.client.post(f"/en/staff/signatories/{reference}/publish", data={"csrf_token": token})

    assert response.status_code == 409
    assert newest(app).status is SignatoryStatus.CONFIRMED


def test_a_decline_needs_a_reason(app: Flask) -> None:
    reference = confirmed(app)
    ada = signers.staff_member(app, "Ada")

    page = ada.submit(ada.open(f"/sv/staff/signatories/{reference}"), "Avslå", status=422, reason=" ")

    assert page.all('.ds-error-summary a[href="#reason"]')


@pytest.mark.parametrize("status", ["submitted", "confirmed", "published", "declined"])
def test_the_list_of_each_status_opens(app: Flask, status: str) -> None:
    confirmed(app)

    page = signers.staff_member(app, "Ada").open(f"/sv/staff/signatories?status={status}")

    assert bool(page.all("tbody tr")) is (status == "confirmed")


def test_an_unknown_status_or_signing_is_not_found(app: Flask) -> None:
    ada = signers.staff_member(app, "Ada")

    ada.open("/sv/staff/signatories?status=secret", status=404)
    ada.open("/sv/staff/signatories/23456789", status=404)


def test_the_mail_to_confirm_carries_the_link(app: Flask, city: City) -> None:
    city.send()

    with app.app_context():
        mails = signers.mails(MailKind.SIGNATORY_CONFIRM)
        assert [mail.signatory.reference for mail in mails if mail.signatory] == [newest(app).reference]
