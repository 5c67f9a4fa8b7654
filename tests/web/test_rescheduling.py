"""From the mail about a moved or called-off time to another one."""

from __future__ import annotations

import pytest
from flask import Flask

from iclei_events.models import MailKind
from tests import letters, scenes
from tests.residents import Resident


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
