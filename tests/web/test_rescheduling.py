"""From the mail about a moved or called-off time to another one."""

from __future__ import annotations

from datetime import timedelta

import pytest
from flask import Flask

from iclei_events.models import MailKind
from iclei_events.services import log, rescheduling
from iclei_events.services.rescheduling import WhenAndWhere
from tests import letters, scenes
from tests.residents import Resident, make_slot


@pytest.mark.parametrize(
    ("language", "said"),
    [
        ("sv", "Tiden har flyttats. Från början var den 14 maj klockan 10.30."),
        ("en", "The time has been changed. At first it was 14 May at 10:30."),
    ],
)
@pytest.mark.parametrize("capacity", [5, 1])
def test_the_page_of_a_booking_says_beside_the_time_that_it_was_moved(
    app: Flask, language: str, said: str, capacity: int
) -> None:
    slot = make_slot(app, capacity=capacity)
    with app.app_context():
        scenes.book(slot, "Boris")
    amira = Resident(app)
    path = amira.book(slot).location.replace("/sv/", f"/{language}/")
    assert said not in amira.open(path).text
    with app.app_context():
        to = WhenAndWhere(scenes.STARTS_AT + timedelta(hours=1), scenes.ENDS_AT + timedelta(hours=1))
        rescheduling.move_slot(slot.id, to, seen=0, by=log.CLI)
    assert said in amira.open(path).text


@pytest.mark.parametrize("kind", [MailKind.SLOT_MOVED, MailKind.SLOT_CALLED_OFF])
def test_from_the_mail_about_a_moved_or_called_off_time_one_press_changes_to_another(
    app: Flask, kind: MailKind
) -> None:
    with app.app_context():
        row = letters.promise(kind)
        reference = row.booking.reference if row.booking else ""
        link = next(link for link in letters.Outline(letters.html_of(letters.written(row))).links if "&to=" in link)
    reader = Resident(app, "Eva")

    page = reader.open(link.removeprefix("http://localhost"))
    page = reader.submit(page, "Byt")

    assert page.path == f"/sv/bookings/{reference}"
    with app.app_context():
        assert scenes.booking(reference).slot.slug.endswith("-later")
        assert scenes.broken() == []
