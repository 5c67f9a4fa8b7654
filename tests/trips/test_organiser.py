"""An organiser's trip: from the invitation to a changed capacity, in both languages."""

from __future__ import annotations

import re

import pytest
from flask import Flask

from iclei_events.models import BookingStatus, MailKind, StaffRole
from iclei_events.services import log, programme, staff
from iclei_events.services.slots import find
from tests import scenes
from tests.clients import Visitor
from tests.staffing import PASSWORD, MachineClock, code_of

WORDS = {
    "sv": {
        "continue": "Fortsätt", "connect": "Koppla", "places": "Platser lördag 14 maj", "save": "Spara",
        "find": "Sök", "book": "Boka", "sign out": "Logga ut", "sign in": "Logga in", "waits": "Står i kö, nummer 1",
        "offered": "Har erbjudande", "freed": "är avbokad", "cancel": "Avboka",
    },
    "en": {
        "continue": "Continue", "connect": "Connect", "places": "Places on Saturday 14 May", "save": "Save",
        "find": "Find", "book": "Book", "sign out": "Sign out", "sign in": "Sign in",
        "waits": "Waits, number 1 in the queue", "offered": "Has an offer", "freed": "is cancelled", "cancel": "Cancel",
    },
}  # fmt: skip


@pytest.mark.parametrize("language", ["sv", "en"])
def test_an_organiser_is_invited_sees_a_full_tour_and_makes_room(
    app: Flask, summit: None, visitor: Visitor, monkeypatch: pytest.MonkeyPatch, language: str
) -> None:
    words, machine = WORDS[language], MachineClock(monkeypatch)
    with app.app_context():
        event = programme.find_event("malmo-summit")
        link = staff.invite("hanna@malmo.example", StaffRole.ORGANISER, event, by=log.CLI).link("", language)
        slot = find("siptex-1230")
        assert slot is not None
        slug, capacity, slot_id = slot.slug, slot.capacity, slot.id
        for number in range(capacity // 2):
            scenes.book(slot, f"Guest{number}", 2)
        if capacity % 2:
            scenes.book(slot, "Single", 1)
        waiting = scenes.book(slot, "Haddad", 2)

    # She sets her account up.
    page = visitor.submit(visitor.open(link), words["continue"], name="Hanna Berg", password=PASSWORD)
    secret = "".join(page.texts("main code"))
    page = visitor.submit(page, words["connect"], code=code_of(secret))
    assert len(page.texts("main li code")) == 8

    # She finds the full tour on the board and looks at what two more places would do.
    page = visitor.open(f"/{language}/staff/malmo-summit/slots?day=2022-05-14&kind=study_tour")
    assert page.heading == words["places"]
    assert page.texts(f"tr#{slug} td.n") == [str(capacity), str(capacity), "0", "0", "0", "1"]
    page = visitor.open(f"/{language}/staff/malmo-summit/slots/{slug}/capacity?capacity={capacity + 2}")
    assert status_of(app, waiting.reference) is BookingStatus.WAITING

    # She does it, and the party in line has an offer at once.
    page = visitor.submit(page, words["save"])
    assert page.texts(f"tr#{slug} td.n") == [str(capacity + 2), str(capacity), "2", "0", "0", "0"]
    assert status_of(app, waiting.reference) is BookingStatus.OFFERED
    with app.app_context():
        assert scenes.mails(MailKind.BOOKING_OFFERED) == 1

    # Somebody calls and wants to come too; somebody else calls and gives up.
    bookings_page = f"/{language}/staff/malmo-summit/slots/{slug}/bookings"
    page = visitor.open(f"/{language}/staff/malmo-summit/slots/{slug}/book")
    page = visitor.submit(page, words["book"], name="Olle Karlsson", adults="2", phone="070-123 45 67", email="")
    assert words["waits"] in page.texts("tbody td")
    page = visitor.submit(visitor.open(bookings_page), words["find"], q="guest0")
    page = visitor.open(page.link(f"{words['cancel']} Guest0"))
    page = visitor.submit(page, words["cancel"])
    assert words["freed"] in page.text
    page = visitor.submit(visitor.open(bookings_page), words["find"], q="olle")
    assert page.texts("tbody td")[3].startswith(words["offered"])

    # She signs out, and comes back with her password and her phone.
    page = visitor.submit(page, words["sign out"])
    assert visitor.open(bookings_page).heading == words["sign in"]
    machine.advance(minutes=1)
    page = visitor.submit(
        visitor.open(bookings_page), words["continue"], email="hanna@malmo.example", password=PASSWORD
    )
    page = visitor.submit(page, words["sign in"], code=code_of(secret))
    assert re.search(rf"/{slug}/bookings$", page.path)
    with app.app_context():
        assert scenes.broken() == []
        assert scenes.slot_now(slot_id).held == capacity + 2


def status_of(app: Flask, reference: str) -> BookingStatus:
    with app.app_context():
        return scenes.booking(reference).status
