"""Offers of places for a part of a party, and more time to answer one, on both databases."""

from __future__ import annotations

from datetime import timedelta

import pytest

from iclei_events import clock
from iclei_events.models import BookingStatus, MailKind
from iclei_events.services import capacity, changes, offers, queueing, refusals
from iclei_events.services.booking_rows import Party
from iclei_events.services.bookings import Answer, Outcome
from tests import scenes
from tests.scenes import ORGANISER, book, booking, broken, counters, mails, make_slot, slot_now, status
from tests.times import AppClock

pytestmark = pytest.mark.usefixtures("app_context")


def offered_a_part(least: int = 2) -> tuple[Answer, Answer]:
    """A party of two adults and three children, three of whose places are on offer, and who holds the other two."""
    slot = make_slot(capacity=5)
    first, rest = book(slot, "Amira", adults=3), book(slot, "Boris", adults=2)
    waits = book(slot, "Chen", adults=2, children=3, least=least)
    assert status(waits) is BookingStatus.WAITING
    changes.cancel(first.reference)
    return waits, rest


def test_a_party_of_which_some_would_come_is_offered_what_is_free() -> None:
    waits, _rest = offered_a_part()
    now = booking(waits)

    assert (now.status, now.size, now.wanted_size, now.least_size) == (BookingStatus.OFFERED, 3, 5, None)
    assert (counters(now.slot), broken()) == ((5, 0, 0), [])
    assert mails(MailKind.BOOKING_OFFERED) == 1


def test_a_party_that_is_offered_room_for_all_has_no_least_number_any_more() -> None:
    slot = make_slot(capacity=5)
    first, waits = book(slot, "Amira", adults=5), book(slot, "Chen", adults=4, least=2)
    changes.cancel(first.reference)
    now = booking(waits)

    assert (now.status, now.size, now.wanted_size, now.least_size) == (BookingStatus.OFFERED, 4, None, None)


def test_until_the_party_says_who_comes_an_adult_is_among_them() -> None:
    waits, _rest = offered_a_part()
    assert (booking(waits).adults, booking(waits).children) == (2, 1)


def test_fewer_places_than_the_least_are_offered_to_the_next() -> None:
    slot = make_slot(capacity=5)
    first, _rest = book(slot, "Amira", adults=3), book(slot, "Boris", adults=2)
    waits, behind = book(slot, "Chen", adults=5, least=4), book(slot, "Dana", adults=3)
    changes.cancel(first.reference)

    assert (status(waits), status(behind)) == (BookingStatus.WAITING, BookingStatus.OFFERED)
    assert booking(waits).passed_over == 1


def test_the_party_says_who_comes_when_it_accepts_and_the_rest_is_dropped() -> None:
    waits, _rest = offered_a_part()
    changes.accept_offer(waits.reference, party=Party(1, 2))
    now = booking(waits)

    assert (now.status, now.adults, now.children, now.size, now.wanted_size) == (
        BookingStatus.CONFIRMED, 1, 2, 3, None,
    )  # fmt: skip
    assert (counters(now.slot), broken()) == ((5, 0, 0), [])


def test_places_that_a_party_leaves_when_it_accepts_go_to_the_next() -> None:
    waits, _rest = offered_a_part()
    behind = book(slot_now(booking(waits).slot_id), "Dana")
    changes.accept_offer(waits.reference, party=Party(1, 1))

    assert (booking(waits).size, status(behind), broken()) == (2, BookingStatus.OFFERED, [])


@pytest.mark.parametrize(("party", "refusal"), [(Party(0, 3), refusals.AdultMissing), (Party(2, 2), refusals.NoRoom)])
def test_a_part_that_cannot_come_so_keeps_its_offer(party: Party, refusal: type[refusals.Refusal]) -> None:
    waits, _rest = offered_a_part()
    with pytest.raises(refusal):
        changes.accept_offer(waits.reference, party=party)
    assert (status(waits), booking(waits).size, broken()) == (BookingStatus.OFFERED, 3, [])


def test_a_newcomer_of_whom_some_fit_at_once_gets_an_offer_and_is_not_confirmed_unasked() -> None:
    slot = make_slot(capacity=5)
    book(slot, "Amira", adults=2)
    answer = book(slot, "Boris", adults=4, least=2)

    assert (answer.outcome, status(answer), booking(answer).size) == (Outcome.WAITING, BookingStatus.OFFERED, 3)
    assert (mails(MailKind.BOOKING_OFFERED), mails(MailKind.BOOKING_WAITING)) == (1, 0)


def test_a_newcomer_of_whom_all_fit_is_confirmed_whole() -> None:
    answer = book(make_slot(capacity=5), "Amira", adults=4, least=2)
    assert (answer.outcome, booking(answer).size, booking(answer).least_size) == (Outcome.CONFIRMED, 4, None)


def test_a_party_larger_than_the_slot_may_wait_if_a_part_of_it_could_come() -> None:
    slot = make_slot(capacity=3, max_party=6)
    first = book(slot, "Amira", adults=3)
    answer = book(slot, "Boris", adults=5, least=2)
    changes.cancel(first.reference)

    assert (status(answer), booking(answer).size) == (BookingStatus.OFFERED, 3)
    with pytest.raises(refusals.LargerThanSlot):
        book(slot, "Chen", adults=5, least=4)


def test_who_waits_may_change_its_mind_about_how_many_would_come() -> None:
    slot = make_slot(capacity=4)
    book(slot, "Amira", adults=2)
    answer = book(slot, "Boris", adults=4)
    queueing.set_least_size(answer.reference, 3)
    assert (status(answer), booking(answer).least_size) == (BookingStatus.WAITING, 3)
    queueing.set_least_size(answer.reference, None)
    assert booking(answer).least_size is None
    queueing.set_least_size(answer.reference, 2)
    assert (status(answer), booking(answer).size, broken()) == (BookingStatus.OFFERED, 2, [])


def test_as_many_as_all_of_them_is_the_whole_party() -> None:
    slot = make_slot(capacity=2)
    book(slot, "Amira", adults=2)
    answer = book(slot, "Boris", adults=2, least=2)
    assert booking(answer).least_size is None


def test_a_party_that_shrinks_to_its_least_comes_whole() -> None:
    slot = make_slot(capacity=4)
    book(slot, "Amira", adults=4)
    answer = book(slot, "Boris", adults=4, least=2)
    changes.change_size(answer.reference, Party(2))
    assert (booking(answer).size, booking(answer).least_size, broken()) == (2, None, [])


def test_only_who_waits_says_how_many_would_come() -> None:
    answer = book(make_slot(), "Amira", adults=2)
    with pytest.raises(refusals.ChangedMeanwhile):
        queueing.set_least_size(answer.reference, 1)


def test_a_party_too_large_by_now_is_no_longer_out_of_reach_when_some_would_come() -> None:
    slot = make_slot(capacity=5)
    book(slot, "Amira", adults=2)
    large = book(slot, "Boris", adults=5)
    capacity.set_capacity(slot.id, 4, seen=5, by=ORGANISER)
    assert (slot_now(slot).out_of_reach, slot_now(slot).left) == (1, 2)
    queueing.set_least_size(large.reference, 3)
    assert (slot_now(slot).out_of_reach, slot_now(slot).left, broken()) == (0, 0, [])


def test_only_parties_the_slot_could_never_hold_in_line_leave_it_open_to_everybody() -> None:
    slot = make_slot(capacity=5)
    book(slot, "Amira", adults=2)
    book(slot, "Boris", adults=5)
    capacity.set_capacity(slot.id, 4, seen=5, by=ORGANISER)
    assert slot_now(slot).state(clock.now()) == "few"
    assert book(slot, "Chen", adults=2, wait=False).outcome is Outcome.CONFIRMED
    assert (counters(slot), broken()) == ((4, 0, 1), [])


def test_leaving_the_line_is_done_once_and_never_gives_up_an_offer() -> None:
    slot = make_slot(capacity=1)
    first, waits, behind = book(slot, "Amira"), book(slot, "Boris"), book(slot, "Chen")
    for _ in range(2):
        queueing.leave(behind.reference)
    assert (status(behind), mails(MailKind.BOOKING_CANCELLED)) == (BookingStatus.CANCELLED, 1)
    changes.cancel(first.reference)
    with pytest.raises(refusals.ChangedMeanwhile):
        queueing.leave(waits.reference)
    assert (status(waits), broken()) == (BookingStatus.OFFERED, [])


def with_an_offer() -> tuple[Answer, Answer]:
    """Who has an offer, and who stands behind."""
    slot = make_slot(capacity=1)
    first, waits, behind = book(slot, "Amira"), book(slot, "Boris"), book(slot, "Chen")
    changes.cancel(first.reference)
    return waits, behind


def test_more_time_is_as_much_again_and_given_once(app_clock: AppClock) -> None:
    waits, behind = with_an_offer()
    until = booking(waits).offer_until
    assert until is not None
    for _ in range(2):
        offers.prolong(waits.reference)
    assert booking(waits).offer_until == until + timedelta(hours=24)
    app_clock.stand_at(until + timedelta(hours=1))
    assert (capacity.tend_slots(), status(waits)) == (0, BookingStatus.OFFERED)
    app_clock.stand_at(until + timedelta(hours=24))
    assert (capacity.tend_slots(), status(waits), status(behind)) == (1, BookingStatus.LAPSED, BookingStatus.OFFERED)


def test_on_the_last_day_more_time_is_two_hours(app_clock: AppClock) -> None:
    app_clock.stand_at(scenes.STARTS_AT - timedelta(hours=10))
    waits, _behind = with_an_offer()
    offers.prolong(waits.reference)
    assert booking(waits).offer_until == clock.now() + timedelta(hours=4)


def test_more_time_never_reaches_past_the_start(app_clock: AppClock) -> None:
    app_clock.stand_at(scenes.STARTS_AT - timedelta(hours=3))
    waits, _behind = with_an_offer()
    until = booking(waits).offer_until
    with pytest.raises(refusals.NoMoreTime):
        offers.prolong(waits.reference)
    assert (booking(waits).offer_until, booking(waits).offer_prolonged_at) == (until, None)


def test_an_offer_that_has_run_out_gets_no_more_time(app_clock: AppClock) -> None:
    waits, behind = with_an_offer()
    app_clock.advance(hours=24)
    with pytest.raises(refusals.OfferLapsed):
        offers.prolong(waits.reference)
    assert (status(waits), status(behind)) == (BookingStatus.LAPSED, BookingStatus.OFFERED)


def test_asking_for_more_time_after_accepting_changes_nothing() -> None:
    waits, _behind = with_an_offer()
    changes.accept_offer(waits.reference)
    offers.prolong(waits.reference)
    assert (status(waits), booking(waits).offer_prolonged_at) == (BookingStatus.CONFIRMED, None)


def test_more_time_is_told_in_the_mail_about_the_offer() -> None:
    """One that has not been sent yet tells both at once."""
    waits, _behind = with_an_offer()
    offers.prolong(waits.reference)
    assert mails(MailKind.BOOKING_OFFERED) == 1
