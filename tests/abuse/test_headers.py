"""Cookies, caches and logs in the wrong hands (rows T01-T08, H02 and H04)."""

from __future__ import annotations

import logging
from base64 import urlsafe_b64encode
from typing import Any, Final
from urllib.parse import urlsplit

import pytest
from flask import Flask
from flask.sessions import SecureCookieSessionInterface
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from iclei_events.services import links
from tests import scenes
from tests.clients import Page
from tests.insider import Insider, everything_stored, make_insider
from tests.times import AppClock

pytestmark = pytest.mark.database("sqlite")

COOKIE: Final = "summit"


@pytest.fixture
def insider(app: Flask, summit: None) -> Insider:
    return make_insider(app)


def cookie_of(client: FlaskClient) -> str:
    kept = client.get_cookie(COOKIE)
    assert kept is not None
    return kept.value


def shown(client: FlaskClient, cookie: str, path: str) -> TestResponse:
    """What a new browser sees that sends this cookie."""
    other = client.application.test_client(use_cookies=False)
    return other.get(path, headers={"Cookie": f"{COOKIE}={cookie}"})


def signed(app: Flask, key: str, content: dict[str, Any]) -> str:
    """A session signed with a key, as the app itself signs it."""
    own = app.config["SECRET_KEY"]
    app.config["SECRET_KEY"] = key
    try:
        serializer = SecureCookieSessionInterface().get_signing_serializer(app)
        assert serializer is not None
        return str(serializer.dumps(content))
    finally:
        app.config["SECRET_KEY"] = own


def content_of(client: FlaskClient) -> dict[str, Any]:
    with client.session_transaction() as browser:
        return dict(browser)


# T01, T02
def test_a_wrong_secret_and_an_unknown_booking_are_the_same_page(insider: Insider) -> None:
    stranger = insider.app.test_client()
    (own, secret), *_ = insider.secrets.items()
    asked = [
        own, f"{own}?key=", f"{own}?key={secret[:-1]}", f"{own}?key={secret}x", f"{own}?key={secret.swapcase()}",
        f"{own}.ics", "/sv/bookings/ABCDEFGH", "/sv/bookings/1", "/sv/bookings/123e4567-e89b-12d3-a456-426614174000",
        f"/sv/bookings/ABCDEFGH?key={secret}", "/sv/bookings/ABCDEFGH.ics", f"{own.lower()}?key={secret}",
    ]  # fmt: skip
    answers = [stranger.get(path) for path in asked]

    assert {answer.status_code for answer in answers} == {404}
    assert len({Page(answer).text for answer in answers}) == 1
    assert {"Set-Cookie" in answer.headers for answer in answers} == {False}
    assert len(secret) * 6 >= 128


# T01
def test_the_secret_of_one_thing_opens_no_other(insider: Insider) -> None:
    for path, secret in insider.secrets.items():
        for other in set(insider.secrets) - {path}:
            stranger = insider.app.test_client()
            assert stranger.get(f"{other}?key={secret}", follow_redirects=True).status_code in {404, 410}


# T04
def test_a_page_of_ones_own_leads_and_loads_nothing_from_elsewhere(insider: Insider) -> None:
    for path in (f"/sv/bookings/{insider.booking}", f"/sv/commitment/signings/{insider.signing}", "/sv/my"):
        answer = insider.client.get(path)
        page = Page(answer)
        addresses = page.tree.xpath("//@src|//@href|//@action|//@srcset|//@poster")
        hosts = {urlsplit(str(address)).netloc for address in addresses}
        assert hosts <= {"", "localhost"}, path
        assert answer.headers["Referrer-Policy"] == "no-referrer", path


# T04, 14.2.1
def test_a_secret_leaves_the_address_at_once(insider: Insider) -> None:
    for path, secret in insider.secrets.items():
        answer = insider.app.test_client().get(f"{path}?key={secret}")
        assert (answer.status_code, answer.location) == (303, path)
        assert answer.headers["Cache-Control"] == "private, no-store"
        assert answer.headers["Referrer-Policy"] == "no-referrer"


# T05
def test_no_secret_and_no_person_is_in_the_log(
    insider: Insider, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level(logging.DEBUG)
    token, cookie = insider.token(), cookie_of(insider.client)
    fields = {"csrf_token": token, "name": "Zelda Zander", "email": "zelda@zander.example", "password": "zorro" * 4}
    for path, secret in insider.secrets.items():
        insider.client.get(f"{path}?key={secret}")
    for path in insider.pages().values():
        insider.client.get(path)
    for path in insider.acts().values():
        insider.client.post(path, data=fields)
        insider.client.post(path, data=fields, headers={"Origin": "https://evil.example"})
    standard = capfd.readouterr()
    written = caplog.text + standard.out + standard.err

    for never in (*insider.secrets.values(), token, cookie, "elda", "ander", "zorro", "amira@"):
        assert never not in written


# T07
def test_a_scanner_that_opens_every_link_of_a_mail_changes_nothing_and_spoils_none(
    insider: Insider, app_clock: AppClock
) -> None:
    links = [f"{path}?key={secret}" for path, secret in insider.secrets.items()]
    before = everything_stored(insider.app)
    for link in links:
        scanner = insider.app.test_client()
        assert scanner.head(link, follow_redirects=True).status_code == 200
        assert scanner.get(link, follow_redirects=True).status_code == 200
    assert everything_stored(insider.app) == before
    app_clock.advance(seconds=22)
    for link in links:
        assert insider.app.test_client().get(link, follow_redirects=True).status_code == 200


# T10
def test_no_list_of_the_staff_carries_a_secret_of_a_booking(insider: Insider) -> None:
    with insider.app.app_context():
        booking = scenes.booking(insider.booking)
        key = insider.app.config["SECRET_KEY"]
        never = [booking.salt, *(links.secret_for(purpose, booking.salt, key) for purpose in ("booking", "ticket"))]
    pages = {endpoint: path for endpoint, path in insider.pages().items() if endpoint.startswith("staff.")}
    del pages["staff.tickets.look"]  # no list: whoever is there has read the code from the ticket itself
    texts = {endpoint: insider.client.get(path).get_data(as_text=True) for endpoint, path in pages.items()}

    assert any(insider.booking in text for text in texts.values())
    assert not [endpoint for endpoint, text in texts.items() for secret in never if secret in text]


# T08
def test_a_session_stays_good_after_the_key_was_changed_and_ends_when_the_old_key_goes(insider: Insider) -> None:
    cookie, path = cookie_of(insider.client), f"/sv/bookings/{insider.booking}"
    assert shown(insider.client, cookie, path).status_code == 200
    insider.app.config.update(SECRET_KEY="new" * 20, SECRET_KEY_FALLBACKS=[insider.app.config["SECRET_KEY"]])
    assert shown(insider.client, cookie, path).status_code == 200
    link, secret = next(iter(insider.secrets.items()))
    assert insider.app.test_client().get(f"{link}?key={secret}").status_code == 303
    insider.app.config["SECRET_KEY_FALLBACKS"] = []
    assert shown(insider.client, cookie, path).status_code == 404
    assert insider.app.test_client().get(f"{link}?key={secret}").status_code == 404
    assert shown(insider.client, cookie, "/sv/staff/").status_code == 303


# T08
def test_a_forged_cookie_is_no_cookie(insider: Insider) -> None:
    content = content_of(insider.client)
    good = cookie_of(insider.client)
    bare = urlsafe_b64encode(b'{"alg":"none"}').decode().strip("=")
    forged = [
        signed(insider.app, "another key" * 4, content), f"{bare}.{good.split('.')[0]}.",
        good.rsplit(".", 1)[0] + ".", good[:-1], good + "A", "." + good, "", "x", "." * 3, "%00", "a" * 8000, "\xff",
        good[: len(good) // 2],
    ]  # fmt: skip
    for cookie in forged:
        assert shown(insider.client, cookie, f"/sv/bookings/{insider.booking}").status_code == 404, cookie[:60]
        assert shown(insider.client, cookie, "/sv/staff/").status_code == 303, cookie[:60]
        assert shown(insider.client, cookie, "/sv/my").status_code == 200, cookie[:60]


# T08: a cookie of ours with contents that no page of ours writes
def test_a_signed_cookie_with_odd_contents_breaks_nothing_of_the_staffs(insider: Insider) -> None:
    for odd in (None, 1, [], {}, "x" * 300, ["\x00"], {"a": None}):
        cookie = signed(insider.app, insider.app.config["SECRET_KEY"], {"staff": odd, "invitation": "x"})
        assert shown(insider.client, cookie, "/sv/staff/").status_code == 303
        assert shown(insider.client, cookie, "/sv/staff/set-up").status_code == 410


# H02
def test_what_one_person_sees_is_never_handed_to_another(insider: Insider) -> None:
    for endpoint, path in insider.pages().items():
        own = insider.client.get(path)
        if endpoint in {"events.start", "tours.index", "programme.index", "commitment.index", "my.index"}:
            other = insider.app.test_client().get(path)
            assert own.headers["Cache-Control"] == "private, no-store", endpoint
            assert "Cookie" in other.headers["Vary"], endpoint
            assert insider.booking not in other.get_data(as_text=True), endpoint
            if tag := other.headers.get("ETag"):
                again = insider.client.get(path, headers={"If-None-Match": tag})
                assert again.status_code == 200, endpoint


# H04
def test_the_language_is_in_the_address_or_the_answer_varies_with_what_was_asked(insider: Insider) -> None:
    for path in (*insider.pages("sv").values(), *insider.pages("en").values(), "/nowhere/at/all", "/sitemap.xml?%ff"):
        swedish, english = (insider.client.get(path, headers={"Accept-Language": wish}) for wish in ("sv", "en"))
        if path.startswith(("/sv/", "/en/")) or swedish.mimetype != "text/html":
            assert swedish.headers.get("Content-Language") == english.headers.get("Content-Language"), path
            assert swedish.location == english.location, path
        else:
            assert "Accept-Language" in swedish.headers["Vary"], path
