"""From an invitation to an account, as a browser meets it."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

import pytest
from flask import Flask

from iclei_events.models import StaffRole
from iclei_events.services import log, staff
from tests.clients import Page, Visitor
from tests.staffing import PASSWORD, MachineClock, code_of, person, set_up, token_of

EMAIL = "vera@malmo.example"


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch) -> MachineClock:
    return MachineClock(monkeypatch)


def invite(app: Flask) -> tuple[int, str]:
    """The account's id and the path of its link."""
    with app.app_context():
        invitation = staff.invite(EMAIL, StaffRole.ORGANISER, None, by=log.CLI)
        address = urlsplit(invitation.link(app.config["BASE_URL"], "en"))
    return invitation.staff_id, f"{address.path}?{address.query}"


def secret_of(app: Flask, staff_id: int) -> str:
    with app.app_context():
        return person(staff_id).totp_secret or ""


def first_step(visitor: Visitor, link: str, **fields: str) -> Page:
    given: dict[str, Any] = {"name": "Vera Viksten", "password": PASSWORD, **fields}
    return visitor.submit(visitor.open(link), "Continue", **given)


def test_an_invitation_leads_to_an_account_with_a_second_factor(app: Flask, visitor: Visitor) -> None:
    staff_id, link = invite(app)
    page = first_step(visitor, link)
    secret = secret_of(app, staff_id)
    assert page.heading == "Connect your phone"
    assert "".join(page.texts("code")) == secret
    assert len(page.all("main svg.qr")) == 1
    page = visitor.submit(page, "Connect", code=code_of(secret))
    codes = page.texts("main li code")
    assert (page.heading, len(set(codes))) == ("Your recovery codes", 8)
    assert visitor.open(page.link("go on")).heading == "Your events"


def test_the_recovery_codes_are_shown_once(app: Flask, visitor: Visitor) -> None:
    staff_id, link = invite(app)
    page = visitor.submit(first_step(visitor, link), "Connect", code=code_of(secret_of(app, staff_id)))
    codes = page.texts("main li code")
    for path in ("/en/staff/", "/en/staff/people", "/en/staff/sign-in"):
        answer = visitor.client.get(path, follow_redirects=True)
        assert not [code for code in codes if code in answer.text]
    assert visitor.open("/en/staff/set-up/second-factor", status=410).heading == "The link no longer works"
    with visitor.client.session_transaction() as browser:
        assert not [code for code in codes if code in str(dict(browser))]


def test_the_links_secret_stands_in_no_address_after_the_first(app: Flask, visitor: Visitor) -> None:
    _staff_id, link = invite(app)
    answer = visitor.client.get(link)
    assert (answer.status_code, answer.location) == (303, "/en/staff/set-up")
    assert visitor.open("/en/staff/set-up").heading == "Set up your account"


def test_a_mail_scanner_that_opens_the_link_first_spoils_nothing(app: Flask, visitor: Visitor) -> None:
    _staff_id, link = invite(app)
    scanner = Visitor(app)
    scanner.open(link)
    scanner.client.head(link)
    assert visitor.open(link).heading == "Set up your account"


def test_an_invitation_works_once_and_then_says_so(app: Flask, visitor: Visitor) -> None:
    staff_id, link = invite(app)
    page = first_step(visitor, link)
    late = Visitor(app)
    late_page = late.open(link)
    visitor.submit(page, "Connect", code=code_of(secret_of(app, staff_id)))
    page = late.submit(late_page, "Continue", status=410, name="Mallory", password="another password")
    assert page.heading == "The link no longer works"
    assert Visitor(app).open(link, status=410).heading == "The link no longer works"


@pytest.mark.database("sqlite")
@pytest.mark.parametrize("key", ["", "x", "a" * 500, "<script>alert(1)</script>"])
def test_a_made_up_link_opens_nothing(app: Flask, visitor: Visitor, key: str) -> None:
    invite(app)
    page = visitor.open(f"/en/staff/set-up?key={key}", status=410)
    assert "<script>alert" not in page.source


@pytest.mark.database("sqlite")
@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"name": " "}, "Write your name."),
        ({"password": ""}, "Choose a password."),
        ({"password": "short"}, "The password is too short. Write at least 12 characters."),
        ({"password": "x" * 201}, "The password is too long. Write at most 200 characters."),
        (
            {"password": "password1234"},
            "Many people have that password. Choose another, for example four words that do not belong together.",
        ),
    ],
)
def test_a_first_step_that_lacks_something_says_what(
    app: Flask, visitor: Visitor, fields: dict[str, str], said: str
) -> None:
    _staff_id, link = invite(app)
    given = {"name": "Vera Viksten", "password": PASSWORD, **fields}
    page = visitor.submit(visitor.open(link), "Continue", status=422, **given)
    assert page.texts(".ds-error-summary li") == [said]
    assert page.texts(".ds-validation-message") == [said]
    assert page.fields("Continue")["name"] == given["name"]
    assert page.fields("Continue")["password"] == ""


def test_a_wrong_code_connects_nothing(app: Flask, visitor: Visitor) -> None:
    _staff_id, link = invite(app)
    page = visitor.submit(first_step(visitor, link), "Connect", status=422, code="123456")
    assert page.texts(".ds-validation-message")[0].startswith("The code is not right.")
    assert visitor.open("/en/staff/").heading == "Sign in"


def test_the_second_step_cannot_come_first(app: Flask, visitor: Visitor) -> None:
    _staff_id, link = invite(app)
    visitor.open(link)
    assert visitor.open("/en/staff/set-up/second-factor").heading == "Set up your account"


def test_a_new_link_for_an_account_asks_for_its_second_factor_and_keeps_it(
    app: Flask, visitor: Visitor, machine: MachineClock
) -> None:
    with app.app_context():
        vera = set_up(EMAIL)
    _staff_id, link = invite(app)
    page = visitor.open(link)
    assert page.heading == "Choose a new password"
    page = visitor.submit(page, "Change the password", status=422, password="five words, none alike", code="000000")
    assert page.texts(".ds-validation-message")[0].startswith("The code is not right.")
    page = visitor.submit(page, "Change the password", password="five words, none alike", code=vera.code())
    assert (page.heading, "You have a new password." in page.text) == ("Your events", True)
    assert secret_of(app, vera.id) == vera.secret


def test_a_name_with_markup_is_shown_as_it_was_typed(app: Flask, visitor: Visitor) -> None:
    name = '<script>alert(1)</script>"><img onerror=x>'
    staff_id, link = invite(app)
    page = first_step(visitor, link, name=name)
    page = visitor.submit(page, "Connect", code=code_of(secret_of(app, staff_id)))
    assert page.texts(".me span") == [name]
    assert len(token_of(visitor)) == 32
