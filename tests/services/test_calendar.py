"""Calendar entries: what calendars need to show a time right, to change it and to take it away."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import icalendar
import pytest
from flask import Flask

from iclei_events import clock
from iclei_events.db import db, transaction
from iclei_events.models import Booking, BookingStatus, Slot
from iclei_events.services import calendar, changes, slots
from iclei_events.services.booking_rows import Party
from iclei_events.services.calendar import Invitation
from tests import letters, scenes

pytestmark = [pytest.mark.usefixtures("app_context"), pytest.mark.database("sqlite")]

PAGE = "https://summit.example/sv/malmo-summit/tours/tour"
STOCKHOLM = ZoneInfo("Europe/Stockholm")


def components(source: bytes, name: str) -> list[Any]:
    """The parts of a file by that name, without the library's long unions of types."""
    return list(icalendar.Calendar.from_ical(source).walk(name))


def entry(source: bytes) -> Any:
    (one,) = components(source, "VEVENT")
    return one


def of_slot(slot: Slot, language: str = "sv") -> bytes:
    return calendar.slot_calendar(scenes.slot_now(slot), url=PAGE, language=language)


def of_booking(booking: Booking, invitation: Invitation | None = None) -> bytes:
    with db.session.no_autoflush:
        return calendar.booking_calendar(booking, url=PAGE, language="sv", invitation=invitation)


@pytest.fixture
def in_page(app: Flask) -> Iterator[None]:
    with app.test_request_context("/sv/"):
        yield


@pytest.mark.parametrize(
    ("starts_at", "local"),
    [
        (datetime(2022, 5, 14, 7, 30, tzinfo=UTC), "20220514T093000"),
        (datetime(2022, 3, 26, 8, 30, tzinfo=UTC), "20220326T093000"),
        (datetime(2022, 3, 27, 7, 30, tzinfo=UTC), "20220327T093000"),
        (datetime(2022, 10, 30, 8, 30, tzinfo=UTC), "20221030T093000"),
        (datetime(2030, 12, 1, 8, 30, tzinfo=UTC), "20301201T093000"),
    ],
)
def test_times_are_malmos_with_the_rules_of_the_zone(starts_at: datetime, local: str) -> None:
    source = of_slot(scenes.make_slot(starts_at=starts_at, ends_at=starts_at + timedelta(hours=1)))

    assert f"DTSTART;TZID=Europe/Stockholm:{local}" in source.decode()
    zones = components(source, "VTIMEZONE")
    assert [zone["TZID"] for zone in zones] == ["Europe/Stockholm"]
    assert entry(source).start.astimezone(UTC) == starts_at


def test_the_files_own_rules_give_the_right_moment_without_a_zone_database() -> None:
    """A client that knows nothing of Europe/Stockholm reads the VTIMEZONE: as tried with times around both changes."""
    for starts_at in (datetime(2022, 3, 27, 7, 30, tzinfo=UTC), datetime(2022, 10, 30, 8, 30, tzinfo=UTC)):
        slot = scenes.make_slot(starts_at=starts_at, ends_at=starts_at + timedelta(hours=1))
        (zone,) = components(of_slot(slot), "VTIMEZONE")
        offsets = {
            part.name: part["TZOFFSETTO"].td for part in zone.subcomponents if part.name in {"STANDARD", "DAYLIGHT"}
        }
        assert offsets == {"STANDARD": timedelta(hours=1), "DAYLIGHT": timedelta(hours=2)}
        starts = sorted(
            moment
            for part in zone.subcomponents
            for moment in [part["DTSTART"].dt, *(rdate.dt for rdate in getattr(part.get("RDATE"), "dts", []))]
        )
        before = [moment for moment in starts if moment <= slot.starts_at.astimezone(STOCKHOLM).replace(tzinfo=None)]
        assert before[-1].hour == 3  # the last change before it was at three o'clock in the night


def test_a_slot_says_what_when_and_where() -> None:
    slot = scenes.make_slot(meeting_point=scenes.both("Gate"))

    one = entry(of_slot(slot))

    assert str(one["SUMMARY"]) == "Tour på svenska"
    assert one["SUMMARY"].params["LANGUAGE"] == "sv"
    assert str(one["LOCATION"]) == "Gate på svenska"
    assert one["URL"] == PAGE
    assert one["UID"] == f"{slot.slug}@summit.example"
    assert one["STATUS"] == "CONFIRMED"


def test_a_slot_is_told_in_the_language_of_the_page() -> None:
    assert str(entry(of_slot(scenes.make_slot(), "en"))["SUMMARY"]) == "Tour in English"


def test_a_moved_slot_replaces_the_one_in_the_calendar() -> None:
    slot = scenes.make_slot()
    first = entry(of_slot(slot))
    with transaction() as session:
        moved = session.get_one(Slot, slot.id)
        moved.ends_at += timedelta(hours=1)
        moved.sequence += 1

    second = entry(of_slot(slot))

    assert second["UID"] == first["UID"]
    assert second["SEQUENCE"] == first["SEQUENCE"] + 1


def test_a_slot_that_was_called_off_says_so() -> None:
    slot = scenes.make_slot()
    with transaction() as session:
        session.get_one(Slot, slot.id).cancelled_at = clock.now()

    assert entry(of_slot(slot))["STATUS"] == "CANCELLED"


@pytest.mark.usefixtures("in_page")
@pytest.mark.parametrize(
    ("status", "shown", "transparent"),
    [
        (BookingStatus.CONFIRMED, "CONFIRMED", "OPAQUE"),
        (BookingStatus.WAITING, "TENTATIVE", "TRANSPARENT"),
        (BookingStatus.OFFERED, "TENTATIVE", "TRANSPARENT"),
        (BookingStatus.ENTERED, "TENTATIVE", "TRANSPARENT"),
        (BookingStatus.CANCELLED, "CANCELLED", "TRANSPARENT"),
        (BookingStatus.LAPSED, "CANCELLED", "TRANSPARENT"),
        (BookingStatus.LOST, "CANCELLED", "TRANSPARENT"),
    ],
)
def test_a_booking_stands_in_the_calendar_as_it_stands(status: BookingStatus, shown: str, transparent: str) -> None:
    answer = scenes.book(scenes.make_slot(), "Eva")
    booking = scenes.booking(answer)
    db.session.expunge_all()
    booking = scenes.booking(answer)
    with db.session.no_autoflush:
        booking.status = status
        one = entry(of_booking(booking))
        db.session.expire(booking)

    assert (one["STATUS"], one["TRANSP"]) == (shown, transparent)


@pytest.mark.usefixtures("in_page")
def test_every_change_of_a_booking_raises_its_sequence() -> None:
    answer = scenes.book(scenes.make_slot(), "Eva")
    first = entry(of_booking(scenes.booking(answer)))["SEQUENCE"]
    changes.change_size(answer.reference, Party(2))
    second = entry(of_booking(scenes.booking(answer)))["SEQUENCE"]
    changes.cancel(answer.reference)
    third = entry(of_booking(scenes.booking(answer)))["SEQUENCE"]

    assert first < second < third


@pytest.mark.usefixtures("in_page")
def test_an_invitation_asks_for_no_answer() -> None:
    booking = scenes.booking(scenes.book(scenes.make_slot(), "Eva"))

    source = of_booking(booking, Invitation("summit@example.org", "eva@example.org"))

    one = entry(source)
    assert "METHOD:REQUEST" in source.decode()
    assert str(one["ORGANIZER"]) == "mailto:summit@example.org"
    assert (one["ATTENDEE"].params["RSVP"], one["ATTENDEE"].params["PARTSTAT"]) == ("FALSE", "ACCEPTED")


@pytest.mark.usefixtures("in_page")
def test_a_download_is_published_and_names_nobody() -> None:
    booking = scenes.booking(letters.book(scenes.make_slot(), "Eva Öberg"))

    source = of_booking(booking).decode()

    assert "METHOD:PUBLISH" in source
    assert "Eva" not in source
    assert "example.org" not in source
    assert booking.salt not in source


def test_a_programme_is_one_calendar_with_one_zone() -> None:
    event = scenes.slot_now(scenes.make_slot()).activity.event

    source = calendar.event_calendar(event, slots.of_event(event), url_of=lambda _slot: PAGE, language="en")

    (feed,) = components(source, "VCALENDAR")
    assert str(feed["X-WR-CALNAME"]) == "Summit in English"
    assert "X-PUBLISHED-TTL:PT1H" in source.decode()
    assert len(components(source, "VEVENT")) == 1
    assert len(components(source, "VTIMEZONE")) == 1


def test_a_programme_without_times_is_an_empty_calendar() -> None:
    event = scenes.slot_now(scenes.make_slot()).activity.event

    source = calendar.event_calendar(event, [], url_of=lambda _slot: PAGE, language="sv")

    assert components(source, "VEVENT") == []


def test_a_feed_is_the_same_until_something_changes() -> None:
    slot = scenes.slot_now(scenes.make_slot())
    event = slot.activity.event

    def feed() -> bytes:
        return calendar.event_calendar(event, [slot], url_of=lambda _slot: PAGE, language="sv")

    first = feed()
    clock.freeze(clock.now() + timedelta(minutes=20))

    assert feed() == first
