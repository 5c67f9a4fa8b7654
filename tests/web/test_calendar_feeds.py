"""The private calendar over the web: its answers, its cost, and how its owner ends it."""

from __future__ import annotations

import icalendar
import pytest
from flask import Flask
from sqlalchemy import select
from werkzeug.test import TestResponse

from iclei_events.db import db
from iclei_events.models import CalendarFeed, MailKind
from iclei_events.services import bookings, calendar_feeds, changes
from tests import letters, queries, scenes
from tests.clients import Page
from tests.residents import REFERENCE, Resident, mails, make_slot
from tests.times import AppClock

pytestmark = pytest.mark.either_database


@pytest.fixture
def amira(app: Flask) -> Resident:
    return Resident(app)


def address(app: Flask, email_key: str = "amira@example.org") -> str:
    """Where the feed of an address stands, as the mail says it."""
    with app.app_context():
        feed = db.session.scalars(select(CalendarFeed).where(CalendarFeed.email_key == email_key)).one()
        return f"/my/calendar/{calendar_feeds.secret_of(feed, app.config['SECRET_KEY'])}.ics"


def ask(resident: Resident, email: str) -> Page:
    return resident.submit(resident.open("/sv/my"), "Skicka min kalenderadress", email=email)


def subscribed(app: Flask, resident: Resident) -> str:
    resident.book(make_slot(app, capacity=6), adults="2")
    ask(resident, "amira@example.org")
    return address(app)


def events(answer: TestResponse) -> list[icalendar.Component]:
    return icalendar.Calendar.from_ical(answer.data).walk("VEVENT")


def test_the_address_comes_by_mail_and_opens_without_a_password(app: Flask, amira: Resident) -> None:
    path = subscribed(app, amira)
    with app.app_context():
        links = letters.Outline(letters.html_of(letters.written(letters.newest(MailKind.MY_CALENDAR)))).links

    answer = app.test_client().get(path)

    assert links[0] == f"http://localhost{path}"
    assert (answer.status_code, answer.content_type) == (200, "text/calendar; charset=utf-8")
    assert answer.headers["Cache-Control"] == "private, no-cache"
    assert answer.headers["X-Robots-Tag"] == "noindex"
    (one,) = events(answer)
    assert str(one["SUMMARY"]) == "Tour på svenska"
    assert str(one["URL"]).startswith("http://localhost/sv/")


def test_a_known_and_an_unknown_address_get_the_same_answer(app: Flask, amira: Resident) -> None:
    amira.book(make_slot(app))

    known, unknown = ask(amira, "amira@example.org"), ask(amira, "nobody@example.org")

    assert (known.path, known.text) == (unknown.path, unknown.text)
    assert mails(app, "my_calendar") == 1


# P07
def test_asking_fifty_times_sends_one_mail_in_five_minutes(app: Flask, amira: Resident, app_clock: AppClock) -> None:
    amira.book(make_slot(app))
    form = amira.open("/sv/my")
    answers = {amira.post(form, "Skicka min kalender", email="amira@example.org").location for _ in range(50)}

    assert answers == {"/sv/my/calendar/sent"}
    assert mails(app, "my_calendar") == 1
    app_clock.advance(minutes=5, seconds=1)
    ask(amira, "amira@example.org")
    assert mails(app, "my_calendar") == 2


# T01
@pytest.mark.parametrize("guess", ["x", "ABCDEFGH" + "a" * 24, "..", "a" * 500, "%C3%A5" * 30])
def test_an_address_that_nobody_was_given_is_not_found(app: Flask, amira: Resident, guess: str) -> None:
    subscribed(app, amira)

    assert app.test_client().get(f"/my/calendar/{guess}.ics").status_code == 404


def test_a_changed_sign_is_not_found(app: Flask, amira: Resident) -> None:
    path = subscribed(app, amira)
    other = "A" if path[-5] != "A" else "B"

    assert app.test_client().get(path[:-5] + other + path[-4:]).status_code == 404


# R05
def test_a_feed_that_is_asked_for_all_day_costs_two_short_queries(app: Flask, amira: Resident) -> None:
    path, client = subscribed(app, amira), app.test_client()
    first = client.get(path)

    with queries.noted(app) as asked:
        again = client.get(path)
        unchanged = client.get(path, headers={"If-None-Match": first.headers["ETag"]})

    assert len(asked) == 4
    assert (again.data, again.headers["ETag"]) == (first.data, first.headers["ETag"])
    assert (unchanged.status_code, unchanged.data) == (304, b"")


def test_a_change_is_there_the_next_time_a_calendar_asks(app: Flask, amira: Resident) -> None:
    path, client = subscribed(app, amira), app.test_client()
    first = client.get(path)
    with app.app_context():
        reference = bookings.find(str(events(first)[0]["UID"]).split("@")[0].removeprefix("booking-"))
        assert reference is not None
        changes.cancel(reference.reference)

    second = client.get(path, headers={"If-None-Match": first.headers["ETag"]})

    assert second.status_code == 200
    assert str(events(second)[0]["STATUS"]) == "CANCELLED"


def manage(app: Flask, path: str) -> tuple[Resident, Page]:
    """The owner's page in a browser that came by the mail."""
    owner = Resident(app, "Elsewhere")
    secret = path.removeprefix("/my/calendar/").removesuffix(".ics")
    first = owner.client.get(f"/sv/my/calendar?key={secret}")
    assert (first.status_code, first.location) == (303, "/sv/my/calendar")
    return owner, owner.open("/sv/my/calendar")


def test_the_owner_sees_the_address_and_ends_it(app: Flask, amira: Resident) -> None:
    path = subscribed(app, amira)
    owner, page = manage(app, path)
    assert page.link("my/calendar") == f"http://localhost{path}"

    page = owner.submit(page, "Bara avsluta den")

    assert page.texts("h2")[0] == "Den här kalenderadressen är avslutad"
    assert app.test_client().get(path).status_code == 410


def test_a_new_address_goes_by_mail_and_is_not_shown_to_whoever_has_the_old_one(app: Flask, amira: Resident) -> None:
    path = subscribed(app, amira)
    owner, page = manage(app, path)

    page = owner.submit(page, "Avsluta den och skicka en ny")

    assert page.path == "/sv/my/calendar/sent"
    assert app.test_client().get(path).status_code == 410
    assert address(app) != path
    assert address(app) not in owner.open("/sv/my/calendar").source
    assert app.test_client().get(address(app)).status_code == 200


def test_the_owners_page_opens_for_nobody_else(app: Flask, amira: Resident) -> None:
    subscribed(app, amira)

    assert amira.client.get("/sv/my/calendar").status_code == 404
    assert amira.client.get("/sv/my/calendar?key=guess").status_code == 404


def test_opening_the_mails_links_changes_nothing(app: Flask, amira: Resident) -> None:
    path = subscribed(app, amira)
    before = mails(app)

    for _ in range(2):
        app.test_client().get(path)
        app.test_client().head(path)
        manage(app, path)

    assert mails(app) == before
    assert app.test_client().get(path).status_code == 200


def test_from_a_bookings_page_the_address_goes_to_that_bookings_own_address(app: Flask, amira: Resident) -> None:
    reference = amira.book(make_slot(app)).headers[REFERENCE]

    page = amira.submit(amira.open(f"/sv/bookings/{reference}"), "Skicka adressen till mig")

    assert "Adressen till din kalender är på väg med mejl." in page.text
    assert address(app).removesuffix(".ics") not in page.source
    with app.app_context():
        assert letters.newest(MailKind.MY_CALENDAR).recipient == "amira@example.org"


def test_a_booking_of_somebody_else_sends_nothing(app: Flask, amira: Resident) -> None:
    reference = amira.book(make_slot(app)).headers[REFERENCE]
    boris = Resident(app, "Boris")
    token = boris.open("/sv/my").one("input[name=csrf_token]").get("value")

    answer = boris.client.post(f"/sv/bookings/{reference}/calendar", data={"csrf_token": token})

    assert answer.status_code == 404
    assert mails(app, "my_calendar") == 0


# T05
def test_a_fault_names_no_secret_in_the_log(
    app: Flask, amira: Resident, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    path = subscribed(app, amira)

    def fail(_feed: CalendarFeed) -> None:
        raise RuntimeError("a bug")

    monkeypatch.setattr(calendar_feeds, "state", fail)
    answer = app.test_client().get(path)

    assert answer.status_code == 500
    assert "fault at calendar_feeds.feed" in caplog.text
    assert path.split("/")[-1].removesuffix(".ics") not in caplog.text


def test_the_address_opens_after_the_key_was_changed_as_long_as_the_old_key_is_kept(
    app: Flask, amira: Resident
) -> None:
    path = subscribed(app, amira)
    app.config["SECRET_KEY_FALLBACKS"] = [app.config["SECRET_KEY"]]
    app.config["SECRET_KEY"] = "another-key-" * 5

    assert app.test_client().get(path).status_code == 200
    with app.app_context():
        assert scenes.broken() == []
