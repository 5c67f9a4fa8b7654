"""Nobody acts through somebody else's browser (rows X), and a link only shows: every address of the app is asked."""

from __future__ import annotations

from typing import Any, Final

import pytest
from flask import Flask

from tests.clients import Page
from tests.insider import NOT_HERE, Insider, everything_stored, make_insider

only_sqlite = pytest.mark.database("sqlite")

TYPED: Final = "typed-by-somebody"
FOREIGN: Final[tuple[dict[str, str], ...]] = (
    {"Origin": "https://evil.example"},
    {"Origin": "http://localhost.evil.example"},
    {"Origin": "http://localhost:81"},
    {"Origin": "null"},
    {"Origin": "\xff"},
    {"Sec-Fetch-Site": "cross-site"},
    {"Sec-Fetch-Site": "same-site"},
    {"Sec-Fetch-Site": "cross-site", "Origin": "http://localhost"},
    {"Sec-Fetch-Site": "same-origin", "Origin": "https://evil.example"},
)
OPEN_TO_ALL: Final = {"open_register.as_json", "open_register.as_csv"}
"""Data that other sites may read: the same for everybody, and public."""


@pytest.fixture
def insider(app: Flask, summit: None) -> Insider:
    return make_insider(app)


def send_to_all(insider: Insider, fields: dict[str, Any], headers: dict[str, str] | None = None) -> dict[str, int]:
    """What each address that takes a form answers."""
    return {
        endpoint: insider.client.post(path, data=fields, headers=headers).status_code
        for endpoint, path in insider.acts().items()
    }


# X01
@only_sqlite
def test_no_form_is_taken_without_its_token_or_with_that_of_another_session(insider: Insider) -> None:
    stranger = make_stranger(insider)
    before = everything_stored(insider.app)
    for token in ({}, {"csrf_token": ""}, {"csrf_token": "x" * 91}, {"csrf_token": stranger}):
        answers = send_to_all(insider, {"name": TYPED, **token})
        assert {endpoint: status for endpoint, status in answers.items() if status != 403} == {}
    assert everything_stored(insider.app) == before


def make_stranger(insider: Insider) -> str:
    """A token that is good in another browser."""
    page = insider.app.test_client().get("/sv/my").get_data(as_text=True)
    return page.split('name="csrf_token"')[1].split('value="')[1].split('"')[0]


# X01
@only_sqlite
def test_no_form_is_taken_from_another_site_although_its_token_is_good(insider: Insider) -> None:
    token = insider.token()
    before = everything_stored(insider.app)
    for headers in FOREIGN:
        for endpoint, path in insider.acts().items():
            answer = insider.client.post(path, data={"csrf_token": token, "name": TYPED}, headers=headers)
            assert answer.status_code == 403, (endpoint, headers)
            assert TYPED not in answer.get_data(as_text=True), (endpoint, headers)
    assert everything_stored(insider.app) == before


# X01
@only_sqlite
def test_the_same_forms_are_taken_with_their_token_from_our_own_pages(insider: Insider) -> None:
    fields, own = {"csrf_token": insider.token()}, {"Origin": "http://localhost", "Sec-Fetch-Site": "same-origin"}

    answers = send_to_all(insider, fields, own)
    # The site's page of failed mails finds the one there was tried again already by the event's; answers to needs name
    # one, and these forms name none.
    gone = NOT_HERE & set(answers) | {"staff.failed_mails.retry_of_site", "staff.needs.promise", "staff.needs.arrange"}
    assert {answers.pop(endpoint) for endpoint in gone} == {404}
    assert set(answers.values()) <= {303, 409, 422}


# X03: what a link, an image or a mail scanner opens
@only_sqlite
def test_what_only_takes_forms_cannot_be_opened(insider: Insider) -> None:
    pages = insider.pages().values()
    for endpoint, path in insider.acts().items():
        if path in pages:
            continue
        for answer in (insider.client.get(path), insider.client.head(path)):
            assert (answer.status_code, sorted(answer.allow)) == (405, ["OPTIONS", "POST"]), endpoint


# X03, T07
def test_opening_pages_and_links_changes_nothing(insider: Insider) -> None:
    before = everything_stored(insider.app)
    links = [f"{path}?key={secret}" for path, secret in insider.secrets.items()]
    for path in [*insider.pages().values(), *links, *insider.acts().values()]:
        for answer in (insider.client.head(path), insider.client.get(path), insider.client.options(path)):
            assert answer.status_code in {200, 302, 303, 404, 405}, path
    after = everything_stored(insider.app)

    assert {table: (rows, after[table]) for table, rows in before.items() if rows != after[table]} == {}


# X04
@only_sqlite
def test_no_page_can_be_framed_or_read_by_another_site(insider: Insider) -> None:
    asking = {
        "Origin": "https://evil.example",
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "X-CSRFToken",
    }
    for endpoint, path in insider.pages().items():
        for answer in (insider.client.options(path, headers=asking), insider.client.get(path, headers=asking)):
            allowed = answer.headers.get("Access-Control-Allow-Origin")
            assert allowed == ("*" if endpoint in OPEN_TO_ALL and answer.request.method == "GET" else None), endpoint
            assert not answer.headers.get("Access-Control-Allow-Credentials"), endpoint
            assert "frame-ancestors 'none'" in answer.headers["Content-Security-Policy"], endpoint


# X01: a form on a page without any referrer says "Origin: null", which older browsers do not explain
@only_sqlite
def test_pages_let_their_own_forms_say_where_they_come_from(insider: Insider) -> None:
    answer = insider.client.get(f"/sv/bookings/{insider.booking}")

    assert Page(answer).one("meta[name=referrer]").get("content") == "same-origin"
    assert answer.headers["Referrer-Policy"] == "no-referrer"
