"""Calendar files over the web: who may have them, and how long they may be kept."""

from __future__ import annotations

import icalendar
import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import update
from werkzeug.test import TestResponse

from iclei_events import clock
from iclei_events.db import db, transaction
from iclei_events.models import Slot
from iclei_events.services import bookings, links
from iclei_events.services.booking_rows import Contact, Party
from iclei_events.services.slots import find

pytestmark = [pytest.mark.usefixtures("summit"), pytest.mark.database("sqlite")]


def entries(answer: TestResponse) -> list[icalendar.Component]:
    return icalendar.Calendar.from_ical(answer.data).walk("VEVENT")


@pytest.fixture
def booked(app: Flask) -> str:
    """The secret link of a booking."""
    with app.app_context():
        slot = find("siptex-1030")
        assert slot is not None
        contact = Contact("Eva", "eva@example.org", "eva@example.org")
        answer = bookings.book(slot, party=Party(2), contact=contact, language="sv", key="k", wait=False)
        booking = bookings.find(answer.reference)
        assert booking is not None
        key = links.secret_for("booking", booking.salt, app.config["SECRET_KEY"])
        db.session.remove()
        return f"/sv/bookings/{answer.reference}?key={key}"


@pytest.mark.parametrize(("language", "title"), [("sv", "vad händer med"), ("en", "what happens to")])
def test_a_slot_as_a_file_in_the_pages_language(client: FlaskClient, language: str, title: str) -> None:
    answer = client.get(f"/{language}/slots/siptex-1030.ics")

    assert answer.content_type == "text/calendar; charset=utf-8"
    assert answer.headers["Content-Disposition"] == 'attachment; filename="siptex-1030.ics"'
    (entry,) = entries(answer)
    assert title in str(entry["SUMMARY"])
    assert "GEO" not in entry  # the bus leaves from elsewhere
    assert entry["URL"] == f"http://localhost/{language}/malmo-summit/tours/siptex"


@pytest.mark.parametrize(
    ("slot", "page"),
    [
        ("siptex-1030", "/sv/malmo-summit/tours/siptex"),
        ("party-1500", "/sv/malmo-summit/party"),
        ("opening-plenary-0930", "/sv/malmo-summit/programme/opening-plenary"),
    ],
)
def test_an_entry_leads_to_its_page(client: FlaskClient, slot: str, page: str) -> None:
    (entry,) = entries(client.get(f"/sv/slots/{slot}.ics"))

    assert str(entry["URL"]).removeprefix("http://localhost") == page
    assert client.get(page).status_code == 200


@pytest.mark.parametrize(
    "path", ["/sv/slots/none.ics", "/sv/none/calendar.ics", "/sv/bookings/NONE2345.ics", "/de/slots/siptex-1030.ics"]
)
def test_what_is_not_there_is_not_found(client: FlaskClient, path: str) -> None:
    assert client.get(path).status_code == 404


def test_a_booking_as_a_file_for_whoever_opened_it(client: FlaskClient, booked: str) -> None:
    path = booked.partition("?")[0] + ".ics"
    before = client.get(path)
    client.get(booked)

    after = client.get(path)

    assert (before.status_code, after.status_code) == (404, 200)
    (entry,) = entries(after)
    assert entry["STATUS"] == "CONFIRMED"
    assert after.headers["Cache-Control"] == "private, no-store"


def test_the_programme_to_subscribe_to(client: FlaskClient) -> None:
    answer = client.get("/en/malmo-summit/calendar.ics")

    found = entries(answer)
    assert len(found) > 60
    assert len({str(entry["UID"]) for entry in found}) == len(found)
    assert answer.headers["Cache-Control"] == "public, max-age=300"


def test_a_programme_that_is_the_same_is_not_sent_again(client: FlaskClient) -> None:
    first = client.get("/sv/malmo-summit/calendar.ics")

    second = client.get("/sv/malmo-summit/calendar.ics", headers={"If-None-Match": first.headers["ETag"]})

    assert (second.status_code, second.data) == (304, b"")


def test_a_kept_feed_is_made_anew_when_a_slot_is_called_off(app: Flask, client: FlaskClient) -> None:
    app.config["PAGE_CACHE_SECONDS"] = 1
    first = client.get("/sv/malmo-summit/calendar.ics")
    with app.app_context(), transaction() as session:
        session.execute(update(Slot).where(Slot.slug == "siptex-1030").values(cancelled_at=clock.now()))

    second = client.get("/sv/malmo-summit/calendar.ics")

    assert first.data.count(b"STATUS:CANCELLED") == 0
    assert second.data.count(b"STATUS:CANCELLED") == 1


def test_a_feed_that_everybody_may_keep_sets_no_cookie(client: FlaskClient) -> None:
    assert "Set-Cookie" not in client.get("/sv/malmo-summit/calendar.ics").headers


def test_the_feed_names_our_own_address_whatever_port_somebody_asks_by(client: FlaskClient) -> None:
    asked = {"HTTP_HOST": "localhost:81"}
    slot, feed = (
        client.get(path, environ_overrides=asked).get_data(as_text=True)
        for path in ("/sv/slots/siptex-1030.ics", "/sv/malmo-summit/calendar.ics")
    )

    assert "http://localhost/sv/malmo-summit/tours/siptex" in slot
    assert ":81" not in slot + feed
