"""The letters to who waits and to who is offered places."""

from __future__ import annotations

from datetime import timedelta

import pytest

from iclei_events.models import MailKind
from iclei_events.services import changes, mail, offers
from tests import letters, scenes
from tests.letters import text_of
from tests.scenes import book, make_slot
from tests.times import AppClock

pytestmark = [pytest.mark.usefixtures("app_context"), pytest.mark.database("sqlite")]


def sent(kind: MailKind) -> str:
    return text_of(mail.render(letters.newest(kind)))


def test_who_waits_is_told_how_long_an_offer_stands_and_where_to_leave() -> None:
    slot = make_slot(capacity=1)
    book(slot, "Amira")
    reference = book(slot, "Boris").reference
    text = sent(MailKind.BOOKING_WAITING)

    assert "Räcker det inte kan du få lika mycket tid till, en gång." in text
    assert "Att bara öppna länken ändrar ingenting." in text
    assert f"/sv/bookings/{reference}?key=" in text
    assert "#leave" in text


def test_who_would_come_in_part_is_told_what_is_awaited() -> None:
    slot = make_slot(capacity=4)
    book(slot, "Amira", adults=4)
    book(slot, "Boris", adults=4, least=2)

    assert "Så snart det är er tur och minst 2 av er får plats håller vi platserna" in sent(MailKind.BOOKING_WAITING)


def test_an_offer_to_a_part_of_a_party_says_who_is_left_out() -> None:
    slot = make_slot(capacity=5)
    first, _rest = book(slot, "Amira", adults=3), book(slot, "Boris", adults=2)
    book(slot, "Chen", adults=5, least=2)
    changes.cancel(first.reference)
    text = sent(MailKind.BOOKING_OFFERED)

    assert "Vi håller 3 av era 5 platser" in text
    assert "2 av er får ingen plats och står inte längre i kö." in text


def test_an_offer_says_that_more_time_can_be_had_once_and_then_that_it_has_been() -> None:
    slot = make_slot(capacity=1)
    first, waits = book(slot, "Amira"), book(slot, "Boris")
    changes.cancel(first.reference)
    assert "På bokningens sida kan du få mer tid en gång, till onsdag 4 maj klockan 09.05." in sent(
        MailKind.BOOKING_OFFERED
    )
    offers.prolong(waits.reference)
    text = sent(MailKind.BOOKING_OFFERED)

    assert "Svara senast onsdag 4 maj klockan 09.05." in text
    assert "Du har fått mer tid. Det går bara en gång." in text


def test_close_to_the_start_no_more_time_is_promised(app_clock: AppClock) -> None:
    app_clock.stand_at(scenes.STARTS_AT - timedelta(hours=3))
    slot = make_slot(capacity=1)
    first, _waits = book(slot, "Amira"), book(slot, "Boris")
    changes.cancel(first.reference)

    assert "mer tid" not in sent(MailKind.BOOKING_OFFERED)
