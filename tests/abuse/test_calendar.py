"""Titles made to break a calendar file (rows L of the abuse cases)."""

from __future__ import annotations

import icalendar
import pytest

from iclei_events.db import transaction
from iclei_events.i18n import Bilingual
from iclei_events.models import Activity, Slot
from iclei_events.services import calendar
from tests import scenes

pytestmark = [pytest.mark.usefixtures("app_context"), pytest.mark.database("sqlite")]

FAMILY = "👨‍👩‍👧‍👦"


def file_with(text: str) -> bytes:
    """The calendar file of a tour whose every text is this."""
    slot = scenes.make_slot()
    both = Bilingual(text, text)
    with transaction() as session:
        one = session.get_one(Slot, slot.id)
        one.meeting_point = both
        activity = session.get_one(Activity, one.activity_id)
        activity.title = activity.summary = both
    return calendar.slot_calendar(scenes.slot_now(slot), url="http://localhost/sv/x/tours/tour", language="sv")


def properties(source: bytes) -> list[str]:
    """The names of all lines, folded ones joined."""
    lines = source.decode().replace("\r\n ", "").splitlines()
    return [line.partition(":")[0].partition(";")[0] for line in lines]


@pytest.mark.parametrize("line_break", ["\r\n", "\n", "\r", "\x85", "\u2028", "\x0b"])
@pytest.mark.parametrize("line", ["BEGIN:VEVENT", "END:VCALENDAR", "ATTACH:http://evil.example/", "X-ALT-DESC:x"])
def test_no_text_becomes_a_line_of_its_own(line_break: str, line: str) -> None:
    plain = file_with("Tour")

    source = file_with(f"Tour{line_break}{line}{line_break}")

    assert properties(source) == properties(plain)
    assert len(icalendar.Calendar.from_ical(source).walk("VEVENT")) == 1


@pytest.mark.parametrize("text", ["a;b,c\\d", "a\\nb", "a:b;TZID=x", '"quoted"', "a\\", ";LANGUAGE=en:x", "^n ^'"])
def test_signs_with_a_meaning_are_escaped_and_come_back(text: str) -> None:
    (entry,) = icalendar.Calendar.from_ical(file_with(text)).walk("VEVENT")

    assert str(entry["SUMMARY"]) == text
    assert str(entry["LOCATION"]) == text
    assert str(entry["DESCRIPTION"]) == text


def test_a_description_keeps_its_own_lines() -> None:
    (entry,) = icalendar.Calendar.from_ical(file_with("first\r\n\r\nsecond\rthird")).walk("VEVENT")

    assert str(entry["DESCRIPTION"]) == "first\n\nsecond\nthird"
    assert str(entry["SUMMARY"]) == "first second third"


@pytest.mark.parametrize("text", ["å" * 300, "x" * 74 + "å" * 80, f"{FAMILY}🇸🇪" * 40, "جولة في مالمو " * 30])
def test_lines_are_folded_between_characters(text: str) -> None:
    source = file_with(text)

    folded = source.split(b"\r\n")
    assert max(map(len, folded)) <= 75
    for line in folded:
        line.decode()
    (entry,) = icalendar.Calendar.from_ical(source).walk("VEVENT")
    assert str(entry["SUMMARY"]) == text.strip()


def test_marks_that_turn_the_direction_are_taken_out() -> None:
    assert "\u202e" not in file_with("Tour\u202e fdp.exe").decode()


def test_control_characters_are_taken_out() -> None:
    source = file_with("Tour\x00\x07\x1b[31m")

    assert not any(sign < 32 and sign not in b"\r\n" for sign in source)
