from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select

from iclei_events import clock
from iclei_events.db import db
from iclei_events.models import MailKind, OutboxMail
from iclei_events.services.accessibility import STATEMENT
from iclei_events.services.personal_data import FIELDS
from tests import databases, scenes, signers
from tests.clients import Page, Visitor
from tests.databases import Database

pytestmark = pytest.mark.either_database

PAGES = ["privacy", "accessibility", "accessibility/report", "accessibility/reported", "contact"]
REPORT: dict[str, Any] = {"problem": "Jag kommer inte åt menyn.", "where": "Rundturer", "email": "amira@example.org"}


@pytest.fixture(autouse=True)
def _event(app: Flask) -> None:
    with app.app_context():
        scenes.make_slot()


def reports(app: Flask) -> list[OutboxMail]:
    with app.app_context():
        return signers.mails(MailKind.PROBLEM_REPORT)


def form(visitor: Visitor, language: str = "sv") -> Page:
    return visitor.open(f"/{language}/accessibility/report")


@pytest.mark.parametrize("language", ["sv", "en"])
@pytest.mark.parametrize("path", PAGES)
def test_each_page_opens_in_both_languages(visitor: Visitor, language: str, path: str) -> None:
    assert visitor.open(f"/{language}/{path}").language == language


@pytest.mark.parametrize("path", PAGES)
def test_each_page_opens_before_there_is_an_event(app: Flask, visitor: Visitor, database: Database, path: str) -> None:
    databases.restore(app, database)

    visitor.open(f"/sv/{path}")


def test_the_notice_tells_of_every_field_that_is_kept_and_when_it_goes(visitor: Visitor) -> None:
    page = visitor.open("/en/privacy")

    rows = page.texts("main tbody th b")
    assert rows == [str(field.what) for field in FIELDS]
    assert "31 days after the last day of the event" in page.text
    assert "14 June 2022" in page.text


def test_the_notice_says_what_the_law_asks_for(visitor: Visitor) -> None:
    page = visitor.open("/sv/privacy")

    for said in ("allmänt intresse", "6.1 e", "Dataskydds", "IMY", "allmän handling", "rätta", "radera", "summit"):
        assert said in page.text, said


@pytest.mark.parametrize("path", ["privacy", "accessibility", "contact"])
def test_reading_sets_no_cookie(app: Flask, path: str) -> None:
    response = app.test_client().get(f"/sv/{path}")

    assert "Set-Cookie" not in response.headers


def test_the_statement_has_the_parts_that_digg_asks_for(visitor: Visitor) -> None:
    page = visitor.open("/sv/accessibility")

    for said in (
        "Malmö stad", "webbplatsen för Malmö Summit", "delvis förenlig", "12 §", "9 §", "axe",
        "Senast bedömd", "Senast uppdaterad",
    ):  # fmt: skip
        assert said in page.text, said
    assert page.link("digg.se") == "https://www.digg.se/tdosanmalan"
    assert page.link("Anmäl ett problem") == "/sv/accessibility/report"
    assert all(str(fault.what) in visitor.open("/en/accessibility").text for fault in STATEMENT.faults)


def test_the_statement_is_not_older_than_its_assessment() -> None:
    assert STATEMENT.assessed_on <= STATEMENT.updated_on
    assert STATEMENT.updated_on <= clock.machine_time().date() + timedelta(days=1)


def test_whom_to_ask_is_marked_as_an_example(visitor: Visitor) -> None:
    page = visitor.open("/en/contact")

    assert page.link("summit@example.org") == "mailto:summit@example.org"
    assert "Address and number are examples" in page.text


# Reporting a problem


def test_a_report_is_promised_to_those_who_answer(app: Flask, visitor: Visitor) -> None:
    page = visitor.submit(form(visitor), **REPORT)

    assert page.heading == "Tack för att du berättar"
    (mail,) = reports(app)
    assert mail.recipient == "summit@example.org"
    assert mail.context == {"problem": REPORT["problem"], "page": REPORT["where"], "email": REPORT["email"]}


def test_address_and_page_may_be_left_out(app: Flask, visitor: Visitor) -> None:
    visitor.submit(form(visitor), problem="Det går inte.")

    assert [mail.context["email"] for mail in reports(app)] == [""]


@pytest.mark.parametrize("problem", ["", "  \n ", "a" * 2001])
def test_a_report_needs_words_and_not_too_many(app: Flask, visitor: Visitor, problem: str) -> None:
    page = visitor.submit(form(visitor), status=422, problem=problem, where="Rundturer")

    assert page.all('.ds-error-summary a[href="#problem"]')
    assert page.fields()["where"] == "Rundturer"
    assert reports(app) == []


@pytest.mark.parametrize("address", ["amira", "a@b.example\r\nBcc: c@d.example"])
def test_an_address_that_cannot_be_one_is_refused(app: Flask, visitor: Visitor, address: str) -> None:
    visitor.submit(form(visitor), status=422, problem="Det går inte.", email=address)

    assert reports(app) == []


def test_one_form_is_one_report(app: Flask, visitor: Visitor) -> None:
    page = form(visitor)
    for _ in range(20):
        visitor.submit(page, **REPORT)

    assert len(reports(app)) == 1


def test_a_flood_of_reports_is_stopped(app: Flask, visitor: Visitor) -> None:
    for _ in range(60):
        assert visitor.post(form(visitor), **REPORT).status_code == 303
    response = visitor.post(form(visitor), **REPORT)

    assert response.status_code == 429
    assert int(response.headers["Retry-After"]) > 0
    assert len(reports(app)) == 60


def test_a_token_that_has_died_keeps_what_was_typed(app: Flask, visitor: Visitor) -> None:
    page = visitor.submit(form(visitor), status=403, csrf_token="old", **REPORT)

    assert page.fields()["problem"].strip() == REPORT["problem"]
    assert reports(app) == []


@pytest.mark.parametrize("kind", ["application/json", "text/plain"])
def test_other_types_are_not_read_as_a_form(app: Flask, kind: str) -> None:
    response = app.test_client().post("/sv/accessibility/report", data="{}", content_type=kind)

    assert response.status_code == 415


def test_a_report_is_stored_as_text(app: Flask, visitor: Visitor) -> None:
    visitor.submit(form(visitor), problem="<script>alert(1)</script>'; DROP TABLE event--")

    assert reports(app)[0].context["problem"] == "<script>alert(1)</script>'; DROP TABLE event--"
    with app.app_context():
        assert db.session.scalar(select(func.count()).select_from(OutboxMail)) == 1
