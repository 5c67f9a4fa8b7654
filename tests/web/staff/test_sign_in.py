"""The sign-in as a browser meets it."""

from __future__ import annotations

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from iclei_events.models import StaffRole
from iclei_events.services import sign_in
from tests.clients import Visitor
from tests.staffing import PASSWORD, Account, MachineClock, on_duty, pass_first_step, set_up, token_of

REFUSED = "We cannot sign you in with that address and password."


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch) -> MachineClock:
    return MachineClock(monkeypatch)


@pytest.fixture
def vera(app: Flask, machine: MachineClock) -> Account:
    with app.app_context():
        return set_up()


def test_whoever_is_not_signed_in_is_sent_to_the_sign_in_and_back_again(vera: Account, visitor: Visitor) -> None:
    page = visitor.open("/en/staff/signatories?status=published")
    assert page.heading == "Sign in"
    page = visitor.submit(page, "Continue", email=vera.email, password=PASSWORD)
    assert page.heading == "Write your code"
    page = visitor.submit(page, "Sign in", code=vera.code())
    assert page.path == "/en/staff/signatories?status=published"


def test_without_a_wish_the_sign_in_leads_to_the_events(vera: Account, visitor: Visitor) -> None:
    page = visitor.submit(pass_first_step(visitor, vera), "Sign in", code=vera.code())
    assert page.path == "/en/staff/"
    assert "Vera Viksten" in page.texts(".me")[0]


def test_a_password_alone_opens_no_page(vera: Account, visitor: Visitor) -> None:
    pass_first_step(visitor, vera)
    assert visitor.open("/en/staff/").heading == "Sign in"


@pytest.mark.parametrize("email", ["vera@malmo.example", "nobody@malmo.example", "vera", "<script>", "%' OR 1=1 --"])
def test_known_and_unknown_addresses_are_answered_alike(vera: Account, visitor: Visitor, email: str) -> None:
    page = visitor.submit(
        visitor.open("/en/staff/sign-in"), "Continue", status=422, email=email, password="not the password"
    )
    assert REFUSED in page.one(".ds-error-summary").text_content()
    assert page.fields("Continue")["email"] == email
    assert page.fields("Continue")["password"] == ""
    assert "not the password" not in page.source


def test_an_empty_form_says_what_is_missing(visitor: Visitor) -> None:
    page = visitor.submit(visitor.open("/en/staff/sign-in"), "Continue", status=422)
    assert page.texts(".ds-error-summary li") == ["Write your e-mail address.", "Write your password."]


def test_a_wrong_code_is_said_beside_the_field_and_five_of_them_end_the_sign_in(
    vera: Account, visitor: Visitor
) -> None:
    page = pass_first_step(visitor, vera)
    for _ in range(4):
        page = visitor.submit(page, "Sign in", status=422, code="000000")
        assert page.texts(".ds-validation-message") == [
            "The code is not right, or was used before. Wait for the next one and write that."
        ]
    page = visitor.submit(page, "Sign in", code="000000")
    assert page.heading == "Sign in"


def test_a_first_step_in_one_browser_is_worth_nothing_in_another(app: Flask, vera: Account, visitor: Visitor) -> None:
    pass_first_step(visitor, vera)
    assert Visitor(app).open("/en/staff/sign-in/code").heading == "Sign in"


def test_the_session_is_another_after_each_step_and_the_old_one_is_dead(
    app: Flask, vera: Account, visitor: Visitor
) -> None:
    with visitor.client.session_transaction() as browser:
        browser["staff"] = "planted by somebody else"
        browser["csrf_token"] = planted = "0" * 40
    page = pass_first_step(visitor, vera)
    first = token_of(visitor)
    visitor.submit(page, "Sign in", code=vera.code())
    second = token_of(visitor)
    assert len({"planted by somebody else", first, second}) == 3
    with visitor.client.session_transaction() as browser:
        assert browser["csrf_token"] != planted
    stale = Visitor(app)
    with stale.client.session_transaction() as browser:
        browser["staff"] = first
    assert stale.open("/en/staff/").heading == "Sign in"


def test_signing_out_is_a_form_and_ends_the_session_on_the_server(app: Flask) -> None:
    visitor = on_duty(app, StaffRole.VIEWER)
    token = token_of(visitor)
    page = visitor.submit(visitor.open("/en/staff/"), "Sign out")
    assert page.heading == "Sign in"
    assert "You are signed out." in page.text
    with app.app_context():
        assert sign_in.current(token) is None
    with visitor.client.session_transaction() as browser:
        browser["staff"] = token
    assert visitor.open("/en/staff/").heading == "Sign in"


def test_a_picture_or_another_site_cannot_sign_anybody_out_or_in(app: Flask, vera: Account) -> None:
    visitor = on_duty(app, StaffRole.VIEWER)
    assert visitor.client.get("/en/staff/sign-out").status_code == 405
    given = {"email": vera.email, "password": PASSWORD}

    def send(path: str, data: dict[str, str], **headers: str) -> TestResponse:
        return visitor.client.post(path, data=data, headers={k.replace("_", "-"): v for k, v in headers.items()})

    assert send("/en/staff/sign-out", {}).status_code in {400, 403}
    for path, data in (("/en/staff/sign-out", {}), ("/en/staff/sign-in", given)):
        assert send(path, data).status_code in {400, 403}
        assert send(path, data, Origin="https://evil.example").status_code == 403
        assert send(path, data, Sec_Fetch_Site="cross-site").status_code == 403
    assert visitor.open("/en/staff/").heading == "Your events"


def test_a_form_of_a_browser_is_taken_although_its_pages_tell_no_referrer(vera: Account, visitor: Visitor) -> None:
    visitor.headers = {"Origin": "null", "Sec-Fetch-Site": "same-origin"}
    assert pass_first_step(visitor, vera).heading == "Write your code"
    visitor.headers = {"Origin": "null"}
    page = Visitor(visitor.client.application).open("/en/staff/sign-in")
    assert visitor.post(page, "Continue").status_code == 403


@pytest.mark.database("sqlite")
@pytest.mark.parametrize(
    "wish",
    [
        "//evil.example", "/\\evil.example", "https://evil.example", "https:evil.example", "javascript:alert(1)",
        "%2f%2fevil.example", "/%2fevil.example", "/en/staff/..//evil.example", "/en/staff/%0d%0aSet-Cookie:a=b",
        "\\\\evil.example", "/en/", "/en/staff@evil.example", "//en/staff/", " /en/staff/", "/en/staff/\tx",
        "/en/staff/people?x=//evil.example", "/en/staff.evil.example", "", "x" * 3000,
    ],
)  # fmt: skip
def test_a_sign_in_leads_to_pages_of_the_staff_and_nowhere_else(vera: Account, visitor: Visitor, wish: str) -> None:
    page = visitor.submit(visitor.open("/en/staff/sign-in"), "Continue", email=vera.email, password=PASSWORD, next=wish)
    answer = visitor.post(page, "Sign in", code=vera.code(), next=wish)
    assert (answer.status_code, answer.location) == (303, "/en/staff/")


def test_whoever_is_signed_in_needs_no_sign_in(app: Flask) -> None:
    visitor = on_duty(app, StaffRole.VIEWER)
    assert visitor.open("/sv/staff/sign-in?next=/sv/staff/").heading == "Dina evenemang"
    assert visitor.open("/sv/staff/sign-in/code").heading == "Dina evenemang"


def test_pages_of_the_staff_are_kept_in_no_cache(app: Flask) -> None:
    page = on_duty(app, StaffRole.VIEWER).open("/en/staff/")
    assert page.headers["Cache-Control"] == "private, no-store"
