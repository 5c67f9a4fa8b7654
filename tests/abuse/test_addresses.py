"""Addresses and methods that no link and no form of ours has (rows U)."""

from __future__ import annotations

import time
from typing import Final

import pytest
from flask import Flask
from flask.testing import FlaskClient

from tests.clients import Page
from tests.insider import NOT_HERE, Insider, make_insider

pytestmark = pytest.mark.database("sqlite")

NAMES_THAT_LIBRARIES_KNOW: Final = (
    "_anchor", "_external", "_method", "_scheme", "endpoint", "self", "values", "lang", "event_slug", "a[]", "",
)  # fmt: skip


@pytest.fixture
def insider(app: Flask, summit: None) -> Insider:
    return make_insider(app)


def other_language(client: FlaskClient, path: str) -> str:
    """Where the link to the page in the other language leads."""
    return str(Page(client.get(path)).one("a.lang").get("href"))


# U02
@pytest.mark.parametrize("odd", ["%00", "%0d%0aSet-Cookie:%20a=b", "%0aX:%20y", "%ff", "%ed%a0%80", "%c0%af"])
def test_bytes_that_no_address_has_are_refused_in_path_and_query(client: FlaskClient, summit: None, odd: str) -> None:
    places = ("/{}", "/sv/{}/", "/en/malmo-summit/tours/{}", "/sv/bookings/{}", "/sv/staff/people/{}")
    queries = ("/?a={}", "/sv/malmo-summit/programme?q={}", "/en/my?{}=1", "/sv/staff/sign-in?next={}")
    for path in (*places, *queries):
        answer = client.get(path.format(odd))
        assert answer.status_code == 400, path
        assert answer.headers.getlist("Set-Cookie") == []
        assert "X" not in answer.headers


# U04
def test_an_address_that_is_too_long_is_told_so(client: FlaskClient) -> None:
    assert client.get(f"/{'a' * 16_000}").status_code == 414
    assert client.get(f"/sv/?q={'a' * 16_000}").status_code == 414
    assert client.post(f"/sv/my?q={'a' * 16_000}").status_code == 414


# U04
@pytest.mark.parametrize("parameter", ["a{}=1", "a=1", "a{}"])
def test_a_thousand_parameters_are_refused(client: FlaskClient, parameter: str) -> None:
    query = "&".join(parameter.format(number) for number in range(1000))

    assert client.get(f"/sv/?{query}").status_code in {400, 414}


# U05
@pytest.mark.parametrize(
    "path",
    [
        "//evil.example", "//evil.example/%2e%2e", "//evil.example/sv/", "/\\evil.example", "/sv//malmo-summit/",
        "/sv///evil.example", "/sv", "/SV/", "/sv/malmo-summit", "/sv/malmo-summit/tours/", "/sv/Malmo-Summit/tours",
        "/sv/../../etc/passwd", "/sv/%2e%2e/%2e%2e/etc/passwd", "/static/built/../../app.py",
        "/static/built/..%2f..%2fapp.py", "/static/src/package.json", "/static/", "/static/built/",
    ],
)  # fmt: skip
def test_a_crooked_path_is_unknown_or_leads_once_to_our_own_page(client: FlaskClient, summit: None, path: str) -> None:
    answer = client.get("/", environ_overrides={"PATH_INFO": path.replace("%2e", ".").replace("%2f", "/")})
    if answer.status_code == 308:
        assert str(answer.location).startswith("http://localhost/"), answer.location
        answer = client.get(str(answer.location))
        assert answer.status_code in {200, 404}
    else:
        assert answer.status_code == 404


# U07
def test_head_is_get_without_its_body(insider: Insider) -> None:
    differing = {"Date", "Set-Cookie", "Content-Length", "ETag"}
    for endpoint, path in insider.pages().items():
        shown, head = insider.client.get(path), insider.client.head(path)
        assert (head.status_code, head.data) == (shown.status_code, b""), endpoint
        assert [pair for pair in head.headers if pair[0] not in differing] == [
            pair for pair in shown.headers if pair[0] not in differing
        ], endpoint


# U07
def test_options_tell_the_methods_and_nothing_else(insider: Insider) -> None:
    for endpoint, path in {**insider.pages(), **insider.acts()}.items():
        answer = insider.client.options(path)
        assert (answer.status_code, answer.data) == (200, b""), endpoint
        assert answer.allow <= {"GET", "HEAD", "OPTIONS", "POST"}, endpoint


# U07
@pytest.mark.parametrize("method", ["TRACE", "CONNECT", "FOO", "PUT", "DELETE", "PATCH", "get"])
def test_other_methods_are_refused_and_nothing_is_echoed(client: FlaskClient, summit: None, method: str) -> None:
    for path in ("/sv/", "/sv/malmo-summit/tours", "/sv/my", "/sv/slots/siptex-1030/book"):
        answer = client.open(path, method=method, headers={"X-Mine": "echo-of-mine", "Origin": "http://localhost"})
        assert answer.status_code == (200 if method == "get" else 405)
        assert "echo-of-mine" not in answer.get_data(as_text=True) + str(answer.headers)


# U08
def test_a_method_in_a_header_or_a_field_is_no_method(insider: Insider) -> None:
    headers = {"X-HTTP-Method-Override": "DELETE", "X-HTTP-Method": "DELETE", "X-Method-Override": "POST"}
    path = f"/sv/bookings/{insider.booking}"

    assert insider.client.get(path, headers=headers, query_string={"_method": "DELETE"}).status_code == 200
    assert insider.client.get(f"{path}/cancel", headers=headers).status_code == 405
    fields = {"csrf_token": insider.token(), "_method": "DELETE", "email": "amira@example.org"}
    assert insider.client.post("/sv/my", data=fields, headers=headers).status_code == 303


# U10
def test_a_number_or_a_wish_out_of_range_is_bounded_and_quick(insider: Insider) -> None:
    for path in (path for endpoint, path in insider.pages("en").items() if endpoint in LISTS):
        insider.client.get(path)
        for query in OUT_OF_RANGE:
            start = time.process_time()
            answer = insider.client.get(f"{path}?{query}")
            assert answer.status_code in {200, 404}, f"{path}?{query}"
            assert time.process_time() - start < 0.5, f"{path}?{query}"


OUT_OF_RANGE: Final = (
    f"page=-1&limit={10**30}&offset=-1&sort=password&capacity=99999999999999999999",
    "day=9999999-99-99&theme=x&view=table&free=2&status=x&kind=x&show=everything&capacity=-1",
    "day=0001-01-01&q=%25_&capacity=%D9%A2&status=confirmed&status=x",
    "q=" + "a" * 3000,
)
LISTS: Final = {
    "programme.index", "tours.index", "commitment.signatories", "staff.slots.board", "staff.slots.plan",
    "staff.bookings.index", "staff.signatories.index", "open_register.as_json",
}  # fmt: skip


# U10: names that mean something to what makes links
def test_a_parameter_of_any_name_is_only_a_parameter(insider: Insider) -> None:
    query = dict.fromkeys(NAMES_THAT_LIBRARIES_KNOW, "javascript")
    for endpoint, path in insider.pages().items():
        answer = insider.client.get(path, query_string=query)
        assert answer.status_code in ({404} if endpoint in NOT_HERE else {200, 302, 303}), endpoint
        assert not str(answer.location or "/").startswith(("javascript", "//")), endpoint


# U10
def test_the_link_to_the_other_language_keeps_the_query_and_no_host(client: FlaskClient, summit: None) -> None:
    kept = other_language(client, "/sv/malmo-summit/programme?day=2022-05-12&q=x%26y")

    assert kept == "/en/malmo-summit/programme?day=2022-05-12&q=x%26y"
    assert other_language(client, "/sv/my?_external=1&_scheme=javascript").startswith("/en/my?")


# U11
@pytest.mark.parametrize(
    "path", ["/.git/config", "/.env", "/console", "/metrics", "/debug", "/app.py", "/sv/../.env", "/server-status"]
)
def test_nothing_of_the_workshop_is_served(client: FlaskClient, path: str) -> None:
    answer = client.get(path)

    assert answer.status_code == 404
    assert Page(answer).heading
