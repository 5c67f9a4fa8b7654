"""What booking promises, on both databases."""

from __future__ import annotations

from datetime import timedelta

import pytest

from iclei_events import clock
from iclei_events.db import db, transaction
from iclei_events.models import BookingStatus, MailKind, Slot, SlotState
from iclei_events.services import capacity, changes, line, refusals
from iclei_events.services.booking_rows import Party
from iclei_events.services.bookings import Outcome
from tests import scenes
from tests.scenes import ORGANISER, book, booking, broken, counters, mails, make_slot, pass_over, slot_now, status
from tests.times import AppClock

pytestmark = pytest.mark.usefixtures("app_context")


def test_a_booking_holds_as_many_places_as_the_party_has_people() -> None:
    slot = make_slot(capacity=5)
    answer = book(slot, "Amira", adults=2, children=1)
    assert answer.outcome is Outcome.CONFIRMED
    assert counters(slot) == (3, 0, 0)
    assert [place.kind for place in booking(answer).places] == ["adult", "adult", "child"]


def test_a_booking_promises_one_mail_in_the_same_breath() -> None:
    book(make_slot(), "Amira")
    assert (mails(), mails(MailKind.BOOKING_CONFIRMED)) == (1, 1)


def test_the_same_form_sent_twice_is_one_booking_and_one_mail() -> None:
    slot = make_slot()
    first = book(slot, "Amira", key="one-form")
    second = book(slot, "Amira", key="one-form")
    assert (second.outcome, second.reference) == (Outcome.DUPLICATE, first.reference)
    assert counters(slot) == (1, 0, 0)
    assert mails() == 1


def test_the_same_form_is_answered_even_when_the_slot_has_filled_since() -> None:
    slot = make_slot(capacity=1)
    first = book(slot, "Amira", key="one-form")
    assert book(slot, "Amira", key="one-form", wait=False).reference == first.reference


def test_a_key_seen_by_somebody_else_opens_nothing_and_books_nothing() -> None:
    slot = make_slot()
    book(slot, "Amira", key="one-form")
    with pytest.raises(refusals.KeyTaken):
        book(slot, "Boris", key="one-form")
    assert counters(slot) == (1, 0, 0)


def test_a_party_larger_than_the_limit_is_told_the_limit() -> None:
    with pytest.raises(refusals.TooLarge) as refused:
        book(make_slot(capacity=50, max_party=6), "Amira", adults=7)
    assert refused.value.limit == 6


def test_children_need_an_adult_where_the_tour_says_so() -> None:
    with pytest.raises(refusals.AdultMissing):
        book(make_slot(), "Amira", adults=0, children=2)
    slot = make_slot(children_need_adult=False)
    assert book(slot, "Amira", adults=0, children=2).outcome is Outcome.CONFIRMED


def test_who_would_not_wait_is_told_how_many_places_are_left() -> None:
    slot = make_slot(capacity=3)
    book(slot, "Amira", adults=2)
    with pytest.raises(refusals.NoRoom) as refused:
        book(slot, "Boris", adults=2, wait=False)
    assert refused.value.left == 1
    assert counters(slot) == (2, 0, 0)


def test_being_full_is_a_place_in_line_for_who_would_wait() -> None:
    slot = make_slot(capacity=2)
    book(slot, "Amira", adults=2)
    answers = [book(slot, name) for name in ("Boris", "Chen")]
    assert [answer.outcome for answer in answers] == [Outcome.WAITING] * 2
    assert [line.place_in_line(db.session(), booking(answer)) for answer in answers] == [1, 2]
    assert mails(MailKind.BOOKING_WAITING) == 2


def test_a_party_that_the_slot_could_never_hold_is_not_put_in_line() -> None:
    slot = make_slot(capacity=4)
    with pytest.raises(refusals.NoRoom):
        book(slot, "Amira", adults=5)
    assert counters(slot) == (0, 0, 0)


def test_nobody_books_before_opening_and_everybody_is_told_when_it_is() -> None:
    opens_at = clock.now() + timedelta(minutes=1)
    with pytest.raises(refusals.NotOpenYet) as refused:
        book(make_slot(opens_at=opens_at), "Amira")
    assert refused.value.opens_at == opens_at


def test_nobody_books_after_closing_or_once_the_tour_has_left(app_clock: AppClock) -> None:
    closing = make_slot(closes_at=clock.now() + timedelta(minutes=1))
    leaving = make_slot()
    app_clock.advance(minutes=1)
    with pytest.raises(refusals.Closed):
        book(closing, "Amira")
    app_clock.stand_at(scenes.STARTS_AT)
    with pytest.raises(refusals.Closed):
        book(leaving, "Amira")


def test_a_freed_place_is_offered_to_the_head_of_the_line_in_the_same_breath() -> None:
    slot = make_slot(capacity=2)
    first = book(slot, "Amira", adults=2)
    waiting = book(slot, "Boris", adults=2)
    changes.cancel(first.reference)
    assert status(waiting) is BookingStatus.OFFERED
    assert booking(waiting).offer_until == clock.now() + timedelta(hours=24)
    assert counters(slot) == (2, 0, 0)
    assert mails(MailKind.BOOKING_OFFERED) == 1


def test_a_newcomer_does_not_take_what_is_saved_for_the_line() -> None:
    slot = make_slot(capacity=4)
    amira = book(slot, "Amira", adults=2)
    book(slot, "Boris", adults=2)
    waiting = book(slot, "Chen", adults=4)
    pass_over(waiting, 3)
    changes.cancel(amira.reference)
    newcomer = book(slot, "Dana", adults=1)
    assert newcomer.outcome is Outcome.WAITING
    with pytest.raises(refusals.NoRoom):
        book(slot, "Emil", adults=1, wait=False)


def test_a_small_newcomer_who_fits_beside_a_large_head_is_confirmed_and_counts_as_a_pass() -> None:
    slot = make_slot(capacity=5)
    book(slot, "Amira", adults=4)
    head = book(slot, "Boris", adults=3)
    newcomer = book(slot, "Chen", adults=1)
    assert newcomer.outcome is Outcome.CONFIRMED
    assert (status(newcomer), booking(head).passed_over) == (BookingStatus.CONFIRMED, 1)


def test_an_accepted_offer_is_a_confirmed_booking() -> None:
    slot, waiting = slot_with_an_offer()
    changes.accept_offer(waiting)
    changes.accept_offer(waiting)
    assert booking(waiting).status is BookingStatus.CONFIRMED
    assert mails(MailKind.BOOKING_CONFIRMED) == 2
    assert counters(slot) == (1, 0, 0)


def test_an_offer_that_runs_out_lapses_and_goes_to_the_next(app_clock: AppClock) -> None:
    slot, waiting = slot_with_an_offer()
    following = book(slot, "Chen")
    app_clock.advance(hours=24)
    with pytest.raises(refusals.OfferLapsed):
        changes.accept_offer(waiting)
    assert booking(waiting).status is BookingStatus.LAPSED
    assert status(following) is BookingStatus.OFFERED
    assert broken() == []


def test_the_worker_lapses_offers_that_nobody_touches(app_clock: AppClock) -> None:
    slot, waiting = slot_with_an_offer()
    app_clock.advance(hours=24)
    assert capacity.tend_slots() == 1
    assert booking(waiting).status is BookingStatus.LAPSED
    assert counters(slot) == (0, 0, 0)


def test_an_offer_on_the_last_day_stands_for_two_hours(app_clock: AppClock) -> None:
    app_clock.stand_at(scenes.STARTS_AT - timedelta(hours=10))
    _slot, waiting = slot_with_an_offer()
    assert booking(waiting).offer_until == clock.now() + timedelta(hours=2)


def test_nothing_is_offered_once_the_tour_has_started(app_clock: AppClock) -> None:
    slot = make_slot(capacity=1)
    first, waiting = book(slot, "Amira"), book(slot, "Boris")
    app_clock.stand_at(scenes.STARTS_AT)
    changes.cancel(first.reference)
    assert status(waiting) is BookingStatus.WAITING


def slot_with_an_offer() -> tuple[Slot, str]:
    slot = make_slot(capacity=1)
    first, waiting = book(slot, "Amira"), book(slot, "Boris")
    changes.cancel(first.reference)
    assert status(waiting) is BookingStatus.OFFERED
    return slot, waiting.reference


@pytest.mark.parametrize("times", [1, 2])
def test_cancelling_frees_the_places_once_however_often_it_is_asked(times: int) -> None:
    slot = make_slot()
    answer = book(slot, "Amira", adults=3)
    for _ in range(times):
        changes.cancel(answer.reference)
    assert counters(slot) == (0, 0, 0)
    assert mails(MailKind.BOOKING_CANCELLED) == 1


def test_leaving_the_line_lets_the_next_one_up() -> None:
    slot = make_slot(capacity=3)
    book(slot, "Amira", adults=2)
    large = book(slot, "Boris", adults=3)
    pass_over(large, 3)
    small = book(slot, "Chen", adults=1)
    assert status(small) is BookingStatus.WAITING
    changes.cancel(large.reference)
    assert status(small) is BookingStatus.OFFERED


def test_one_place_of_several_can_be_given_back() -> None:
    slot = make_slot()
    answer = book(slot, "Amira", adults=2, children=2)
    changes.change_size(answer.reference, Party(2, 1))
    assert counters(slot) == (3, 0, 0)
    assert (booking(answer).adults, booking(answer).children) == (2, 1)
    assert mails(MailKind.BOOKING_CHANGED) == 1
    assert broken() == []


def test_a_party_that_cannot_grow_keeps_what_it_has() -> None:
    slot = make_slot(capacity=4)
    answer = book(slot, "Amira", adults=2)
    with pytest.raises(refusals.NoRoom) as refused:
        changes.change_size(answer.reference, Party(5))
    assert refused.value.left == 2
    assert (booking(answer).size, counters(slot)) == (2, (2, 0, 0))


def test_a_party_may_shrink_but_not_grow_once_booking_has_closed(app_clock: AppClock) -> None:
    slot = make_slot(closes_at=clock.now() + timedelta(minutes=1))
    answer = book(slot, "Amira", adults=2)
    app_clock.advance(minutes=1)
    with pytest.raises(refusals.Closed):
        changes.change_size(answer.reference, Party(3))
    changes.change_size(answer.reference, Party(1))
    assert counters(slot) == (1, 0, 0)


def test_a_cancelled_booking_cannot_be_changed() -> None:
    answer = book(make_slot(), "Amira")
    changes.cancel(answer.reference)
    with pytest.raises(refusals.NotActive):
        changes.change_size(answer.reference, Party(2))


def test_a_waiting_party_that_shrinks_keeps_its_turn_and_may_fit_at_once() -> None:
    slot = make_slot(capacity=4)
    book(slot, "Amira", adults=2)
    answer = book(slot, "Boris", adults=3)
    changes.change_size(answer.reference, Party(2))
    assert status(answer) is BookingStatus.CONFIRMED
    assert (mails(MailKind.BOOKING_CHANGED), mails(MailKind.BOOKING_OFFERED), mails()) == (0, 0, 3)
    assert broken() == []


def test_a_party_the_slot_can_no_longer_hold_keeps_nobody_out() -> None:
    with_line = make_slot(capacity=5)
    held = book(with_line, "Chen", adults=2)
    book(with_line, "Dana", adults=5)
    capacity.set_capacity(with_line.id, 4, seen=5, by=ORGANISER)
    assert book(with_line, "Emil", adults=1, wait=False).outcome is Outcome.CONFIRMED
    assert status(held) is BookingStatus.CONFIRMED
    assert broken() == []


def test_a_lower_limit_lets_an_older_party_shrink_but_not_grow() -> None:
    slot = make_slot(capacity=10, max_party=8)
    answer = book(slot, "Amira", adults=8)
    with transaction() as session:
        session.get_one(Slot, slot.id).activity.event.max_party = 6
    changes.change_size(answer.reference, Party(7))
    with pytest.raises(refusals.TooLarge):
        changes.change_size(answer.reference, Party(8))


def test_nothing_is_given_up_or_changed_once_the_tour_is_over(app_clock: AppClock) -> None:
    answer = book(make_slot(), "Amira", adults=2)
    app_clock.stand_at(scenes.ENDS_AT)
    with pytest.raises(refusals.Closed):
        changes.cancel(answer.reference)
    with pytest.raises(refusals.Closed):
        changes.change_size(answer.reference, Party(1))
    assert status(answer) is BookingStatus.CONFIRMED


def test_lowering_capacity_below_what_is_held_takes_a_place_from_nobody() -> None:
    slot = make_slot(capacity=5)
    answer = book(slot, "Amira", adults=4)
    capacity.set_capacity(slot.id, 2, seen=5, by=ORGANISER)
    assert status(answer) is BookingStatus.CONFIRMED
    assert (slot_now(slot).over_capacity, slot_now(slot).left) == (2, 0)
    with pytest.raises(refusals.NoRoom):
        book(slot, "Boris", wait=False)
    changes.change_size(answer.reference, Party(3))
    assert slot_now(slot).over_capacity == 1
    changes.cancel(answer.reference)
    assert (slot_now(slot).over_capacity, slot_now(slot).left) == (0, 2)
    assert broken() == []


def test_raising_capacity_offers_the_new_room_at_once_and_as_planned() -> None:
    slot = make_slot(capacity=1)
    book(slot, "Amira")
    waiting = [book(slot, name, adults=size) for name, size in (("Boris", 1), ("Chen", 1), ("Dana", 1))]
    plan = capacity.plan_capacity(slot_now(slot), 3)
    capacity.set_capacity(slot.id, 3, seen=1, by=ORGANISER)
    assert plan.offers == (1, 1)
    assert [status(answer) for answer in waiting] == [
        BookingStatus.OFFERED,
        BookingStatus.OFFERED,
        BookingStatus.WAITING,
    ]


def test_a_capacity_somebody_else_has_changed_is_not_overwritten() -> None:
    slot = make_slot(capacity=5)
    capacity.set_capacity(slot.id, 6, seen=5, by=ORGANISER)
    with pytest.raises(refusals.ChangedMeanwhile) as refused:
        capacity.set_capacity(slot.id, 7, seen=5, by=ORGANISER)
    assert (refused.value.current, slot_now(slot).capacity) == (6, 6)


def test_kept_back_places_are_not_given_out_until_released() -> None:
    slot = make_slot(capacity=3)
    kept = capacity.keep_back(slot.id, 2, reason="The speakers", release_at=None, by=ORGANISER)
    waiting = book(slot, "Amira", adults=1), book(slot, "Boris", adults=1)
    assert [status(answer) for answer in waiting] == [BookingStatus.CONFIRMED, BookingStatus.WAITING]
    capacity.release_kept_back(kept, by=ORGANISER)
    capacity.release_kept_back(kept, by=ORGANISER)
    assert status(waiting[1]) is BookingStatus.OFFERED
    assert counters(slot) == (2, 0, 0)


def test_the_worker_releases_kept_back_places_on_their_date(app_clock: AppClock) -> None:
    slot = make_slot(capacity=2)
    capacity.keep_back(slot.id, 2, reason="Press", release_at=clock.now() + timedelta(days=1), by=ORGANISER)
    assert slot_now(slot).state(clock.now()) is SlotState.FULL
    app_clock.advance(days=1)
    capacity.tend_slots()
    assert slot_now(slot).left == 2


def test_more_cannot_be_kept_back_than_is_free() -> None:
    slot = make_slot(capacity=3)
    book(slot, "Amira", adults=2)
    with pytest.raises(refusals.NoRoom):
        capacity.keep_back(slot.id, 2, reason="Press", release_at=None, by=ORGANISER)
    assert counters(slot) == (2, 0, 0)
