"""What changes of capacity and kept-back places promise, on both databases."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from iclei_events import clock
from iclei_events.db import db
from iclei_events.models import HOLDING, Booking, BookingStatus, MailKind, Slot
from iclei_events.services import capacity, changes, refusals
from tests.scenes import ORGANISER, book, booking, broken, counters, mails, make_slot, pass_over, slot_now, status
from tests.times import DEMO_TIME, AppClock

pytestmark = pytest.mark.usefixtures("app_context")


def change(slot: Slot, places: int) -> None:
    capacity.set_capacity(slot.id, places, seen=slot_now(slot).capacity, by=ORGANISER)


def held_by_status(slot: Slot) -> Counter[BookingStatus]:
    db.session.rollback()
    return Counter(db.session.scalars(select(Booking.status).where(Booking.slot_id == slot.id)))


def test_lowering_capacity_below_what_is_held_takes_no_place_away() -> None:
    slot = make_slot(capacity=5)
    amira, boris = book(slot, "Amira", 3), book(slot, "Boris", 2)
    change(slot, 2)
    assert [status(answer) for answer in (amira, boris)] == [BookingStatus.CONFIRMED] * 2
    assert (slot_now(slot).held, slot_now(slot).over_capacity) == (5, 3)
    assert broken() == []


def test_nobody_new_gets_a_place_until_enough_have_been_given_back() -> None:
    slot = make_slot(capacity=5)
    book(slot, "Amira", 3)
    boris = book(slot, "Boris", 2)
    change(slot, 4)
    with pytest.raises(refusals.NoRoom):
        book(slot, "Ciro", 1, wait=False)
    changes.cancel(boris.reference)
    assert status(book(slot, "Dana", 1, wait=False)) is BookingStatus.CONFIRMED
    assert counters(slot) == (4, 0, 0)
    assert slot_now(slot).over_capacity == 0


def test_raising_capacity_offers_the_new_room_at_once_and_mails_it() -> None:
    slot = make_slot(capacity=2)
    book(slot, "Amira", 2)
    first, second = book(slot, "Boris", 2), book(slot, "Ciro", 1)
    change(slot, 4)
    assert (status(first), status(second)) == (BookingStatus.OFFERED, BookingStatus.WAITING)
    assert mails(MailKind.BOOKING_OFFERED) == 1
    assert counters(slot) == (4, 0, 1)


def test_a_head_of_the_line_that_kept_back_places_make_too_large_stops_nobody_behind_it() -> None:
    slot = make_slot(capacity=6)
    book(slot, "Amira", 1)
    large, small = book(slot, "Boris", 6), book(slot, "Ciro", 2)
    assert status(small) is BookingStatus.CONFIRMED
    pass_over(large, 3)
    waiting = book(slot, "Dana", 2)
    assert status(waiting) is BookingStatus.WAITING

    capacity.keep_back(slot.id, 1, reason="A guest", release_at=None, by=ORGANISER)

    assert (status(large), status(waiting)) == (BookingStatus.WAITING, BookingStatus.OFFERED)
    assert (counters(slot), broken()) == ((5, 1, 1), [])


def test_two_of_the_staff_at_once_the_second_is_told_what_stands_now() -> None:
    slot = make_slot(capacity=5)
    capacity.set_capacity(slot.id, 8, seen=5, by=ORGANISER)
    with pytest.raises(refusals.ChangedMeanwhile) as refused:
        capacity.set_capacity(slot.id, 6, seen=5, by=ORGANISER)
    assert refused.value.current == 8
    assert slot_now(slot).capacity == 8


@pytest.mark.parametrize("places", [-1, 10_001, 2**63])
def test_a_capacity_has_its_limits(places: int) -> None:
    slot = make_slot(capacity=5)
    with pytest.raises(refusals.TooLarge):
        change(slot, places)
    assert slot_now(slot).capacity == 5


def test_a_plan_changes_nothing() -> None:
    slot = make_slot(capacity=2)
    book(slot, "Amira", 2)
    book(slot, "Boris", 1)
    before = slot_now(slot).revision
    capacity.plan_capacity(slot_now(slot), 9)
    assert (slot_now(slot).revision, counters(slot)) == (before, (2, 0, 1))


def test_nothing_is_offered_after_the_start(app_clock: AppClock) -> None:
    slot = make_slot(capacity=1)
    book(slot, "Amira")
    book(slot, "Boris")
    app_clock.stand_at(slot.starts_at + timedelta(minutes=1))
    assert capacity.plan_capacity(slot_now(slot), 3).offers == ()
    change(slot, 3)
    assert counters(slot) == (1, 0, 1)


def test_a_plan_counts_offers_that_have_run_out_as_what_they_are(app_clock: AppClock) -> None:
    slot = make_slot(capacity=2)
    amira, boris, ciro = book(slot, "Amira", 2), book(slot, "Boris", 2), book(slot, "Ciro", 1)
    changes.cancel(amira.reference)
    app_clock.advance(hours=24)
    plan = capacity.plan_capacity(slot_now(slot), 2)
    assert (plan.offers, plan.still_waiting, plan.left) == ((1,), 0, 1)
    change(slot, 2)
    assert (status(boris), status(ciro), slot_now(slot).left) == (BookingStatus.LAPSED, BookingStatus.OFFERED, 1)


def test_a_plan_says_who_still_waits_though_the_slot_could_never_hold_them() -> None:
    slot = make_slot(capacity=5)
    book(slot, "Amira", 2)
    book(slot, "Boris", 5)
    plan = capacity.plan_capacity(slot_now(slot), 4)
    assert (plan.still_waiting, plan.left, plan.saved) == (1, 2, 0)
    change(slot, 4)
    assert (slot_now(slot).waiting, slot_now(slot).left) == (1, 2)


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    before=st.integers(1, 8),
    parties=st.lists(st.tuples(st.integers(1, 4), st.none() | st.integers(1, 4)), max_size=8),
    kept=st.integers(0, 3),
    passes=st.integers(0, 3),
    after=st.integers(0, 16),
    overdue=st.booleans(),
)
def test_what_the_plan_says_is_what_then_happens(
    app_clock: AppClock,
    before: int,
    parties: list[tuple[int, int | None]],
    kept: int,
    passes: int,
    after: int,
    overdue: bool,
) -> None:
    app_clock.stand_at(DEMO_TIME)
    slot = make_slot(capacity=before)
    if kept <= before - 1 and kept:
        capacity.keep_back(slot.id, kept, reason="a school class", release_at=None, by=ORGANISER)
    answers = []
    for number, (size, least) in enumerate(parties):
        try:
            answers.append(book(slot, f"Guest{number}", size, least=least))
        except refusals.NoRoom:
            continue
        if status(answers[-1]) is BookingStatus.WAITING:
            pass_over(answers[-1], passes)
    if overdue and answers:
        changes.cancel(answers[0].reference)
        app_clock.advance(hours=24)
    earlier = {booking(answer).id for answer in answers if status(answer) is BookingStatus.OFFERED and not overdue}
    was = held_by_status(slot)
    plan = capacity.plan_capacity(slot_now(slot), after)

    change(slot, after)

    now = slot_now(slot)
    found = db.session.execute(
        select(Booking.id, Booking.size).where(Booking.slot_id == slot.id, Booking.status == BookingStatus.OFFERED)
    )
    assert sorted(plan.offers) == sorted(size for booking_id, size in found if booking_id not in earlier)
    assert (plan.over, plan.left, plan.still_waiting) == (now.over_capacity, now.left, now.waiting)
    assert plan.saved == now.free - now.left
    assert held_by_status(slot)[BookingStatus.CONFIRMED] == was[BookingStatus.CONFIRMED]
    assert broken() == []


def test_kept_back_places_are_for_nobody_else_until_they_are_released() -> None:
    slot = make_slot(capacity=5)
    kept = capacity.keep_back(slot.id, 4, reason="a school class", release_at=None, by=ORGANISER)
    assert slot_now(slot).left == 1
    amira = book(slot, "Amira", 1)
    boris = book(slot, "Boris", 1)
    assert (status(amira), status(boris)) == (BookingStatus.CONFIRMED, BookingStatus.WAITING)
    capacity.release_kept_back(kept, by=ORGANISER)
    capacity.release_kept_back(kept, by=ORGANISER)
    assert status(boris) is BookingStatus.OFFERED
    assert counters(slot) == (2, 0, 0)
    assert broken() == []


def test_sixty_places_kept_back_and_dropped_move_the_line_by_exactly_sixty() -> None:
    slot = make_slot(capacity=60)
    kept = capacity.keep_back(slot.id, 60, reason="a delegation", release_at=None, by=ORGANISER)
    for number in range(12):
        book(slot, f"Waiting{number}", 6)
    assert counters(slot) == (0, 60, 12)
    capacity.release_kept_back(kept, by=ORGANISER)
    assert counters(slot) == (60, 0, 2)
    db.session.rollback()
    holding = db.session.scalars(select(Booking.size).where(Booking.slot_id == slot.id, Booking.status.in_(HOLDING)))
    assert sum(holding) == 60
    assert broken() == []


def test_only_free_places_can_be_kept_back() -> None:
    slot = make_slot(capacity=5)
    book(slot, "Amira", 3)
    with pytest.raises(refusals.NoRoom) as refused:
        capacity.keep_back(slot.id, 3, reason="a school class", release_at=None, by=ORGANISER)
    assert refused.value.left == 2


def test_kept_back_places_are_released_on_their_date(app_clock: AppClock) -> None:
    slot = make_slot(capacity=2)
    due = datetime(2022, 5, 10, 12, tzinfo=UTC)
    capacity.keep_back(slot.id, 2, reason="a school class", release_at=due, by=ORGANISER)
    app_clock.stand_at(due - timedelta(minutes=1))
    assert capacity.tend_slots() == 0
    app_clock.stand_at(due)
    assert capacity.tend_slots() == 1
    assert (slot_now(slot).left, capacity.tend_slots()) == (2, 0)
    assert clock.now() == due
