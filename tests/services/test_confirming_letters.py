"""The letters to who has booked without the proof that was asked for."""

from __future__ import annotations

import pytest

from iclei_events.models import MailKind
from iclei_events.services import capacity, confirming, mail
from iclei_events.services.mail_letters import NoLongerTrueError
from tests import draws, letters
from tests.letters import text_of
from tests.scenes import book, make_slot
from tests.times import AppClock

pytestmark = [pytest.mark.usefixtures("app_context"), pytest.mark.database("sqlite")]


def sent(kind: MailKind) -> str:
    return text_of(mail.render(letters.newest(kind)))


def test_it_says_until_when_the_places_are_held_and_leads_to_the_booking() -> None:
    slot = make_slot()
    reference = book(slot, "Amira", 2, unproven=True).reference
    text = sent(MailKind.BOOKING_TO_CONFIRM)

    assert "Vi håller 2 platser åt er till 2 maj klockan 09.35." in text
    assert "Öppna din bokning och tryck på knappen där." in text
    assert f"/sv/bookings/{reference}?key=" in text
    assert "Gör då ingenting. Om ingen bekräftar upphör bokningen av sig själv." in text


def test_who_stands_in_the_line_is_told_to_confirm_that() -> None:
    slot = make_slot(capacity=1)
    book(slot, "Boris")
    book(slot, "Amira", language="en", unproven=True)
    text = sent(MailKind.BOOKING_TO_CONFIRM)

    assert "It is full, and you stand in the queue." in text
    assert "by 2 May at 09:35, else you lose your place in the queue." in text


def test_an_offer_to_a_part_of_an_unconfirmed_party_promises_no_more_time() -> None:
    slot = make_slot(capacity=3)
    book(slot, "Boris", 2)
    book(slot, "Amira", 3, least=1, unproven=True)
    text = sent(MailKind.BOOKING_OFFERED)

    assert "Svara senast måndag 2 maj klockan 09.35." in text
    assert "mer tid" not in text


def test_it_is_not_sent_once_it_is_confirmed_or_too_late(app_clock: AppClock) -> None:
    slot = make_slot()
    confirming.confirm(book(slot, "Amira", unproven=True).reference)
    with pytest.raises(NoLongerTrueError):
        sent(MailKind.BOOKING_TO_CONFIRM)

    book(slot, "Boris", unproven=True)
    app_clock.advance(minutes=30)
    with pytest.raises(NoLongerTrueError):
        sent(MailKind.BOOKING_TO_CONFIRM)


def test_who_did_not_confirm_is_told_that_it_has_ended(app_clock: AppClock) -> None:
    book(make_slot(), "Amira", unproven=True)
    app_clock.advance(minutes=30)
    capacity.tend_slots()

    assert "Bokningen bekräftades inte i tid" in sent(MailKind.OFFER_LAPSED)
    assert "Därför har den upphört, och andra kan få platserna." in sent(MailKind.OFFER_LAPSED)


@pytest.mark.parametrize(
    ("language", "sentence"),
    [("sv", "Därför står du inte längre i kön."), ("en", "So you no longer stand in the queue.")],
)
def test_who_only_stood_in_the_queue_is_not_told_of_places(app_clock: AppClock, language: str, sentence: str) -> None:
    slot = make_slot(capacity=1)
    book(slot, "Boris")
    book(slot, "Amira", language=language, unproven=True)
    app_clock.advance(minutes=30)
    capacity.tend_slots()
    text = sent(MailKind.OFFER_LAPSED)

    assert sentence in text
    assert ("andra kan få platserna" in text, "others can have" in text) == (False, False)


@pytest.mark.parametrize(
    ("language", "said"),
    [
        ("sv", ["tryck på knappen där senast 4 maj klockan 12.00. Först då är den med i lottningen.", "Önskemål 1"]),
        ("en", ["press the button there by 4 May at 12:00. Only then does it take part in the draw.", "Wish 1"]),
    ],
)
def test_who_has_entered_a_draw_is_told_to_confirm_that(language: str, said: list[str]) -> None:
    answer = draws.enter(draws.make_draw([3]), "Amira", language=language, unproven=True)
    text = sent(MailKind.BOOKING_TO_CONFIRM)

    assert [words for words in said if words in text] == said
    assert f"/{language}/bookings/{answer.reference}?key=" in text
    confirming.confirm(answer.reference)
    with pytest.raises(NoLongerTrueError):
        sent(MailKind.BOOKING_TO_CONFIRM)
