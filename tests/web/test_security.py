"""What every answer carries, whatever it is about: every address of the app is asked, and every error."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest
from flask import Flask, Response, abort, request, session
from flask.testing import FlaskClient
from flask_wtf.csrf import generate_csrf

from iclei_events import clock, config, create_app, db
from iclei_events.db import DatabaseBusyError
from iclei_events.web import calendar_feeds
from iclei_events.web.errors import KNOWN
from tests import house_rules
from tests.clients import Page
from tests.databases import Database
from tests.insider import Insider, make_insider
from tests.times import AppClock

only_sqlite = pytest.mark.database("sqlite")

PRODUCTION: Final = {
    "BASE_URL": "https://summit.example",
    "SECRET_KEY": "s" * 40,
    "MAIL_URL": "smtp://mail.example",
    "TRUSTED_PROXIES": "1",
}
HEADERS: Final = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
}
DIRECTIVES: Final = ("default-src 'none'", "base-uri 'none'", "form-action 'self'", "frame-ancestors 'none'")
HAVE_FORMS: Final = {"my.index", "bookings.book", "signing.sign", "pages.report_problem", "waiting_room.show"}
"""Pages whose form needs a token and so a cookie; with the staff's, all that may set one for a stranger."""


@pytest.fixture
def insider(app: Flask, summit: None) -> Insider:
    return make_insider(app)


@pytest.fixture
def production(app: Flask, database: Database, app_clock: AppClock) -> FlaskClient:
    """A browser behind the proxy of a site that is set up as README tells for production."""
    settings = config.from_environment({**PRODUCTION, "DATABASE_URL": database.url})
    behind = create_app({**settings, "TESTING": True})
    app_clock.stand_at(clock.now())
    client = behind.test_client()
    client.environ_base = {"HTTP_X_FORWARDED_PROTO": "https", "HTTP_X_FORWARDED_FOR": "203.0.113.9"}
    return client


def missing(headers: Any) -> list[str]:
    """What an answer should have said and did not."""
    policy = headers.get("Content-Security-Policy", "")
    return [
        *(f"{name}: {value}" for name, value in HEADERS.items() if headers.get(name) != value),
        *(directive for directive in DIRECTIVES if directive not in policy),
        *(["unsafe"] if "unsafe" in policy else []),
        *(["Cache-Control"] if not headers.get("Cache-Control") else []),
        *(["charset"] if headers.get("Content-Type", "text/").startswith("text/") and not has_charset(headers) else []),
    ]


def has_charset(headers: Any) -> bool:
    return "charset=utf-8" in headers.get("Content-Type", "charset=utf-8")


@only_sqlite
def test_every_page_and_every_answer_to_a_form_carries_the_headers(insider: Insider) -> None:
    token = insider.token()
    answers = {path: insider.client.get(path) for path in insider.pages().values()}
    answers |= {f"POST {path}": insider.client.post(path) for path in insider.acts().values()}
    answers |= {
        f"POST+ {path}": insider.client.post(path, data={"csrf_token": token}) for path in insider.acts().values()
    }

    assert {path: lacks for path, answer in answers.items() if (lacks := missing(answer.headers))} == {}


@only_sqlite
def test_pages_of_one_person_are_kept_by_nobody(insider: Insider) -> None:
    for endpoint, path in insider.pages().items():
        answer = insider.client.get(path)
        kept_for_all = "public" in answer.cache_control.to_header()
        assert kept_for_all == (endpoint in PUBLIC_FILES), endpoint
        if answer.mimetype == "text/html" and endpoint != "languages.choose":
            assert answer.headers["Cache-Control"] == "private, no-store", endpoint
            assert "Cookie" in answer.headers["Vary"], endpoint


PUBLIC_FILES: Final = {
    "calendar.event", "sitemap.robots", "sitemap.index", "open_register.as_json", "open_register.as_csv",
}  # fmt: skip


@only_sqlite
def test_a_stranger_gets_no_cookie_before_a_form_needs_one(insider: Insider) -> None:
    setting = set()
    for endpoint, path in insider.pages().items():
        stranger = insider.app.test_client()
        if "Set-Cookie" in stranger.get(path).headers:
            setting.add(endpoint)
    assert {endpoint for endpoint in setting if not endpoint.startswith("staff.sign_in.")} == HAVE_FORMS


@only_sqlite
def test_the_one_cookie_is_for_the_browser_alone(client: FlaskClient, summit: None) -> None:
    first, *attributes = client.get("/sv/my").headers["Set-Cookie"].split("; ")

    assert first.startswith("summit=")
    assert attributes == ["HttpOnly", "Path=/", "SameSite=Lax"]


@only_sqlite
def test_in_production_the_cookie_is_bound_to_the_host_and_to_tls(production: FlaskClient, summit: None) -> None:
    answer = production.get("/sv/my", base_url="http://summit.example")
    first, *attributes = answer.headers["Set-Cookie"].split("; ")

    assert first.startswith("__Host-summit=")
    assert attributes == ["Secure", "HttpOnly", "Path=/", "SameSite=Lax"]
    assert answer.headers["Strict-Transport-Security"] == "max-age=63072000; includeSubDomains"


@only_sqlite
def test_in_production_forms_come_from_the_sites_own_address_only(production: FlaskClient, summit: None) -> None:
    page = Page(production.get("/sv/my", base_url="http://summit.example"))

    def send(origin: str) -> int:
        fields = {**page.fields(), "email": "amira@summit-guests.se"}
        headers = {"Origin": origin}
        return production.post("/sv/my", data=fields, headers=headers, base_url="http://summit.example").status_code

    assert send("https://summit.example") == 303
    assert [send(origin) for origin in ("http://summit.example", "https://localhost", "https://evil.example")] == [
        403
    ] * 3


# Error pages


@pytest.fixture
def faulty(app: Flask, database: Database, app_clock: AppClock) -> FlaskClient:
    """A browser at an app whose address /sv/break/CODE fails with that code."""
    broken = create_app({**app.config, "TESTING": True, "PROPAGATE_EXCEPTIONS": False})
    app_clock.stand_at(clock.now())

    @broken.route("/<any(sv, en):lang>/break/<int:code>", endpoint="break")
    def fail(code: int) -> Response:
        if code == 500:
            raise RuntimeError("amira@example.org must not be shown")
        if "busy" in request.args:
            raise DatabaseBusyError
        abort(code)

    return broken.test_client()


@only_sqlite
@pytest.mark.parametrize("language", ["sv", "en"])
@pytest.mark.parametrize("code", sorted({*KNOWN, 418, 501, 505}))
def test_every_error_is_a_whole_page_in_the_language_of_the_address(
    faulty: FlaskClient, code: int, language: str
) -> None:
    answer = faulty.get(f"/{language}/break/{code}", headers={"Accept-Language": "fi"})
    page = Page(answer)

    assert answer.status_code == code
    assert page.language == language
    assert page.heading
    assert missing(answer.headers) == []
    assert house_rules.broken(page.tree, dict(answer.headers), page.path) == []
    assert answer.headers["Cache-Control"] == "private, no-store"
    for never in ("Traceback", "RuntimeError", "amira", "werkzeug", "Flask"):
        assert never not in page.source
    assert answer.headers.get("Retry-After") == {429: "60", 503: "5"}.get(code)


@only_sqlite
def test_a_database_that_cannot_be_had_is_told_from_a_fault_and_asks_to_come_back(faulty: FlaskClient) -> None:
    answer = faulty.get("/sv/break/503?busy")
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "5")


@only_sqlite
def test_a_form_whose_token_is_lost_is_asked_for_again_and_not_for_a_sign_in(client: FlaskClient) -> None:
    page = Page(client.post("/en/my", data={"csrf_token": "lost", "email": "amira@example.org"}))

    assert (page.status, page.heading) == (403, "We could not read that")
    assert "Go back, load the page again and send it once more." in page.text


@only_sqlite
def test_an_error_at_an_address_without_a_language_is_told_in_the_readers(client: FlaskClient) -> None:
    told = {wish: client.get("/nowhere/to/be/found", headers={"Accept-Language": wish}) for wish in ("en", "sv", "fi")}

    assert {wish: Page(answer).language for wish, answer in told.items()} == {"en": "en", "sv": "sv", "fi": "sv"}
    assert all("Accept-Language" in answer.headers["Vary"] for answer in told.values())


@only_sqlite
def test_a_fault_is_logged_without_what_people_wrote(faulty: FlaskClient, caplog: pytest.LogCaptureFixture) -> None:
    @faulty.application.get("/en/break/query")
    def ask() -> str:
        db.db.session.execute(db.db.text("SELECT :name FROM nowhere"), {"name": request.args["name"]})
        return ""

    assert faulty.get("/en/break/query?key=the-secret-of-a-link&name=Amira").status_code == 500
    assert "fault at ask" in caplog.text
    assert "Amira" not in caplog.text
    assert "the-secret-of-a-link" not in caplog.text


# The database away


@pytest.fixture(params=["sqlite:////nowhere/at/all/x.sqlite3", "postgresql+psycopg://nobody@127.0.0.1:1/x"])
def away(app: Flask, app_clock: AppClock, request: pytest.FixtureRequest) -> Iterator[FlaskClient]:
    """A browser at an app whose database cannot be reached, on either kind of database."""
    url = request.param
    lonely = create_app(
        {**app.config, "SQLALCHEMY_DATABASE_URI": url, "SQLALCHEMY_ENGINE_OPTIONS": db.engine_options(url)}
    )
    app_clock.stand_at(clock.now())
    client = lonely.test_client()
    with client.session_transaction() as browser:
        browser.update({"staff": "token", "bookings": [["ABCDEFGH", "digest"]], "signings": {"ABCDEFGH": "digest"}})
        browser[calendar_feeds.OPENED] = "ABCDEFGH"
    yield client
    with lonely.app_context():
        db.db.engine.dispose()


ARGUMENTS: Final[dict[str, Any]] = {
    "lang": "en", "event_slug": "malmo-summit", "slot_slug": "siptex-1030", "slug": "malmo", "reference": "ABCDEFGH",
    "activity_slug": "siptex", "staff_id": 1, "grant_id": 1, "kept_back_id": 1,
    "draw_slug": "siptex-evening", "mail_id": 1, "opening": 1651485600, "secret": "A" * 24,
    "code": "ABCDEFGH-" + "A" * 24, "kind": "wheelchair",
}  # fmt: skip
NEED_NO_DATABASE: Final = {
    "languages.choose", "health.process", "sitemap.robots", "my.links_sent", "calendar_feeds.sent",
}  # fmt: skip


@only_sqlite
def test_with_the_database_away_every_page_says_so_and_asks_to_come_back(away: FlaskClient) -> None:
    told = {}
    for rule in away.application.url_map.iter_rules():
        path = away.application.url_map.bind("localhost").build(
            rule.endpoint, {name: ARGUMENTS[name] for name in rule.arguments}, method="GET" if opens(rule) else "POST"
        )
        if opens(rule):
            told[rule.endpoint] = away.get(path)
    plain = {endpoint for endpoint, answer in told.items() if answer.status_code in {200, 302}}

    assert plain == NEED_NO_DATABASE
    for endpoint, answer in told.items():
        if endpoint not in plain:
            assert (answer.status_code, answer.headers.get("Retry-After")) == (503, "5"), endpoint
            assert Page(answer).language == ("en" if answer.request.path.startswith("/en") else "sv"), endpoint


def opens(rule: Any) -> bool:
    return "GET" in (rule.methods or ())


@only_sqlite
def test_a_form_sent_while_the_database_is_away_is_answered_with_503(away: FlaskClient) -> None:
    logging.disable(logging.WARNING)
    try:
        fields = {"csrf_token": token_of(away), "email": "amira@example.org", "name": "Amira", "password": "p"}
        for path in ("/sv/my", "/sv/slots/siptex-1030/book", "/sv/commitment/sign", "/sv/staff/sign-out"):
            answer = away.post(path, data=fields)
            assert (answer.status_code, answer.headers["Retry-After"]) == (503, "5"), path
    finally:
        logging.disable(logging.NOTSET)


def token_of(client: FlaskClient) -> str:
    """A form's token, made as pages make it: the pages themselves are away."""
    with client.session_transaction() as browser:
        kept = dict(browser)
    with client.application.test_request_context():
        token = str(generate_csrf())
        kept["csrf_token"] = session["csrf_token"]
    with client.session_transaction() as browser:
        browser.update(kept)
    return token


@only_sqlite
def test_readiness_is_told_of_a_database_that_is_not_migrated(app: Flask, tmp_path: Path, app_clock: AppClock) -> None:
    url = f"sqlite:///{tmp_path / 'empty.sqlite3'}"
    new = create_app(
        {**app.config, "SQLALCHEMY_DATABASE_URI": url, "SQLALCHEMY_ENGINE_OPTIONS": db.engine_options(url)}
    )
    app_clock.stand_at(clock.now())

    assert new.test_client().get("/healthz").status_code == 200
    assert new.test_client().get("/readyz").status_code == 503
    with new.app_context():
        db.db.engine.dispose()
