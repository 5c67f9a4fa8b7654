"""A person's own calendar address: what stands in it, who gets it, and how it ends."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import icalendar
import pytest
from flask import Flask
from sqlalchemy import select

from iclei_events.db import db, transaction
from iclei_events.i18n import Bilingual
from iclei_events.models import Activity, CalendarFeed, MailKind, Slot
from iclei_events.services import (
    calendar,
    calendar_feeds,
    calling_off,
    changes,
    data_export,
    links,
    log,
    moving,
    privacy,
    rescheduling,
)
from iclei_events.services.booking_rows import Party
from iclei_events.services.rescheduling import WhenAndWhere
from tests import letters, scenes
from tests.times import AppClock

pytestmark = pytest.mark.usefixtures("app_context")

AMIRA = "amira@example.org"
KEY = "k" * 40
PAGE = "https://summit.example/sv/x"


@pytest.fixture(autouse=True)
def _in_page(app: Flask) -> Iterator[None]:
    with app.test_request_context("/sv/"):
        yield


def feed() -> CalendarFeed:
    """Amira's feed, asked for if there is none."""
    db.session.rollback()
    found = db.session.scalars(select(CalendarFeed).where(CalendarFeed.email_key == AMIRA)).one_or_none()
    if found is None:
        calendar_feeds.ask_for_address(AMIRA, language="sv")
        found = db.session.scalars(select(CalendarFeed).where(CalendarFeed.email_key == AMIRA)).one()
    return found


def source() -> bytes:
    shown = calendar_feeds.state(feed())
    bookings = calendar_feeds.bookings_of(shown)
    return calendar.person_calendar(bookings, url_of=lambda _slot: PAGE, language=shown.language)


def entries() -> list[Any]:
    return list(icalendar.Calendar.from_ical(source()).walk("VEVENT"))


def digest() -> str:
    return calendar_feeds.state(feed()).digest


def test_the_feed_holds_every_booking_of_the_address_and_nobody_elses() -> None:
    first, second = scenes.make_slot(), scenes.make_slot(capacity=1)
    mine = [scenes.book(first, "Amira", 2), scenes.book(second, "Amira")]
    scenes.book(first, "Boris")

    found = entries()

    assert sorted(str(one["UID"]).split("@")[0] for one in found) == sorted(f"booking-{one.reference}" for one in mine)
    assert {str(one["STATUS"]) for one in found} == {"CONFIRMED"}
    text = source().decode()
    assert "Boris" not in text
    assert "example.org" not in text
    assert "key=" not in text


def test_who_waits_reads_so_and_has_no_place_in_the_calendar() -> None:
    slot = scenes.make_slot(capacity=1)
    scenes.book(slot, "Boris")
    scenes.book(slot, "Amira")

    (one,) = entries()

    assert (one["STATUS"], one["TRANSP"]) == ("TENTATIVE", "TRANSPARENT")
    assert "Du står i kö och har ingen plats än." in str(one["DESCRIPTION"])


def test_what_was_given_up_is_cancelled_for_a_week_and_then_gone(app_clock: AppClock) -> None:
    slot = scenes.make_slot(
        starts_at=scenes.STARTS_AT + timedelta(days=60), ends_at=scenes.ENDS_AT + timedelta(days=60)
    )
    keeps, gives_up = scenes.book(slot, "Amira"), scenes.book(slot, "Amira")
    before = {str(one["UID"]): one["SEQUENCE"] for one in entries()}
    changes.cancel(gives_up.reference)

    after = {str(one["UID"]).split("@")[0]: (str(one["STATUS"]), one["SEQUENCE"]) for one in entries()}
    app_clock.advance(days=7, seconds=1)
    later = entries()

    assert after[f"booking-{gives_up.reference}"] == ("CANCELLED", 1)
    assert set(before.values()) == {0}
    assert [str(one["UID"]).split("@")[0] for one in later] == [f"booking-{keeps.reference}"]


def move(slot: Slot) -> None:
    now = scenes.slot_now(slot)
    to = replace(
        WhenAndWhere.of(now), starts_at=now.starts_at + timedelta(hours=1), ends_at=now.ends_at + timedelta(hours=1)
    )
    rescheduling.move_slot(slot.id, to, seen=now.sequence, by=log.CLI)


def test_every_change_raises_the_number_by_which_calendars_take_it_over() -> None:
    slot = scenes.make_slot(capacity=6)
    answer = scenes.book(slot, "Amira")
    seen = [entries()[0]["SEQUENCE"]]

    move(slot)
    seen.append(entries()[0]["SEQUENCE"])
    changes.change_size(answer.reference, Party(2))
    seen.append(entries()[0]["SEQUENCE"])
    moving.move(answer.reference, letters.add_departure(slot))
    seen.append(entries()[0]["SEQUENCE"])
    calling_off.call_off(scenes.booking(answer).slot_id, seen=0, by=log.CLI)
    seen.append(entries()[0]["SEQUENCE"])

    assert seen == sorted(set(seen))
    assert entries()[0]["STATUS"] == "CANCELLED"


def test_the_feed_differs_exactly_when_something_in_it_does(app_clock: AppClock) -> None:
    slot, other = scenes.make_slot(capacity=3), scenes.make_slot()
    answer = scenes.book(slot, "Amira")
    seen = [digest()]
    scenes.book(other, "Boris")
    assert digest() == seen[0]

    move(slot)
    seen.append(digest())
    changes.change_size(answer.reference, Party(2))
    seen.append(digest())
    scenes.book(other, "Amira")
    seen.append(digest())
    calling_off.call_off(slot.id, seen=1, by=log.CLI)
    seen.append(digest())

    assert len(set(seen)) == 5


def test_the_feed_speaks_the_language_of_the_newest_booking() -> None:
    scenes.book(scenes.make_slot(), "Amira", language="sv")
    scenes.book(scenes.make_slot(), "Amira", language="en")

    assert "Tour in English" in source().decode()


def test_an_address_is_one_for_a_person_and_stays_the_same_when_it_is_asked_for_again(app_clock: AppClock) -> None:
    scenes.book(scenes.make_slot(), "Amira")
    first = calendar_feeds.secret_of(feed(), KEY)
    app_clock.advance(minutes=6)

    calendar_feeds.ask_for_address(AMIRA, language="sv")

    assert calendar_feeds.secret_of(feed(), KEY) == first
    assert scenes.mails("my_calendar") == 2


def test_the_mail_with_the_address_goes_to_who_booked_at_most_once_in_five_minutes() -> None:
    scenes.book(scenes.make_slot(), "Amira")
    for _ in range(20):
        calendar_feeds.ask_for_address(AMIRA, language="en")
    calendar_feeds.ask_for_address("nobody@example.org", language="en")

    assert scenes.mails("my_calendar") == 1
    row = letters.newest(MailKind.MY_CALENDAR)
    assert (row.recipient, row.language, row.context) == (AMIRA, "en", {"feed_id": feed().id})
    assert db.session.scalars(select(CalendarFeed)).all() == [feed()]


def test_a_copy_of_the_database_opens_nothing() -> None:
    scenes.book(scenes.make_slot(), "Amira")
    secret = calendar_feeds.secret_of(feed(), KEY)

    assert len(secret.removeprefix(feed().reference)) * 6 >= 128
    assert calendar_feeds.find(secret, [KEY]) is not None
    for guess in (feed().reference, feed().reference + feed().salt, secret[:-1] + "x", secret[8:], "", "å" * 40):
        assert calendar_feeds.find(guess, [KEY]) is None
    assert calendar_feeds.find(secret, ["another key" * 4]) is None
    assert calendar_feeds.find(secret, ["another key" * 4, KEY]) is not None
    assert links.secret_for("booking", feed().salt, KEY) not in secret


def test_a_revoked_address_names_nobody_and_is_never_opened_again() -> None:
    scenes.book(scenes.make_slot(), "Amira")
    old = calendar_feeds.secret_of(feed(), KEY)

    calendar_feeds.revoke(AMIRA)
    calendar_feeds.revoke(AMIRA)

    found = calendar_feeds.find(old, [KEY])
    assert found is not None
    assert (found.email_key, found.revoked_at is None) == (None, False)
    assert calendar_feeds.state(found).booking_ids == ()


def test_a_renewed_address_is_another_one() -> None:
    scenes.book(scenes.make_slot(), "Amira")
    old = calendar_feeds.secret_of(feed(), KEY)

    calendar_feeds.renew(AMIRA, language="sv")

    found = calendar_feeds.find(old, [KEY])
    assert found is not None
    assert found.revoked_at is not None
    assert calendar_feeds.secret_of(feed(), KEY) != old
    assert scenes.mails("my_calendar") == 2
    for _ in range(5):
        calendar_feeds.renew(AMIRA, language="sv")
    assert scenes.mails("my_calendar") == 2


def test_a_mail_with_an_address_that_was_ended_meanwhile_is_not_sent(app: Flask) -> None:
    scenes.book(scenes.make_slot(), "Amira")
    feed()
    calendar_feeds.revoke(AMIRA)

    with pytest.raises(Exception, match="revoked"):
        letters.written(letters.newest(MailKind.MY_CALENDAR))


def test_it_is_exported_and_ends_when_its_owner_is_erased() -> None:
    scenes.book(scenes.make_slot(), "Amira")
    feed()
    assert [one["email_key"] for one in data_export.export(AMIRA)["calendar"]] == [AMIRA]

    erased = privacy.erase(AMIRA)

    assert erased["calendar"] == 1
    assert [one.email_key for one in db.session.scalars(select(CalendarFeed))] == [None]
    assert data_export.export(AMIRA)["calendar"] == []


def test_it_ends_by_the_clock_with_the_last_booking_of_its_owner(app_clock: AppClock) -> None:
    scenes.book(scenes.make_slot(), "Amira")
    feed()
    privacy.purge()
    kept = db.session.scalars(select(CalendarFeed.email_key)).all()

    app_clock.stand_at("2022-06-14T00:00:00+02:00")
    privacy.purge()

    assert (kept, db.session.scalars(select(CalendarFeed.email_key)).all()) == ([AMIRA], [None])


# L01, L02
@pytest.mark.parametrize(
    "text", ["Tour\r\nBEGIN:VEVENT\r\nATTACH:http://evil.example/", "a;b,c\\d", "å" * 300, "👨‍👩‍👧‍👦🇸🇪" * 40]
)
def test_no_title_breaks_the_feed(text: str) -> None:
    slot = scenes.make_slot()
    scenes.book(slot, "Amira")
    with transaction() as session:
        session.get_one(Activity, slot.activity_id).title = Bilingual(text, text)

    raw = source()

    assert max(map(len, raw.split(b"\r\n"))) <= 75
    (one,) = icalendar.Calendar.from_ical(raw).walk("VEVENT")
    assert str(one["SUMMARY"]) == " ".join(text.split())
    assert "ATTACH" not in one


# L04, D05
def test_times_after_a_change_of_the_clocks_are_malmos_own() -> None:
    winter = scenes.STARTS_AT + timedelta(days=200)
    scenes.book(scenes.make_slot(), "Amira")
    scenes.book(scenes.make_slot(starts_at=winter, ends_at=winter + timedelta(hours=1)), "Amira")

    text = source().decode()

    assert "DTSTART;TZID=Europe/Stockholm:20220514T103000" in text
    assert "DTSTART;TZID=Europe/Stockholm:20221130T093000" in text
    assert text.count("BEGIN:VTIMEZONE") == 1
