"""Standing swaps: keep what one has, ask for another time, and change in one step, on both databases."""

from __future__ import annotations

from datetime import timedelta
from threading import Thread

import pytest
from flask import Flask
from sqlalchemy import func, select

from iclei_events.db import db, transaction
from iclei_events.models import BookingStatus, LogEntry, MailKind, Slot, SwapWish
from iclei_events.services import (
    capacity,
    changes,
    data_export,
    line,
    moving,
    places,
    refusals,
    serving,
    settling,
    swaps,
)
from iclei_events.services.booking_rows import Party
from iclei_events.services.bookings import Answer, Outcome
from tests.scenes import ORGANISER, book, booking, broken, counters, mails, make_departures, make_slot, slot_now, status
from tests.times import AppClock

pytestmark = pytest.mark.usefixtures("app_context")


def at(answer: Answer) -> int:
    return booking(answer).slot_id


def wishes() -> int:
    db.session.rollback()
    return db.session.scalar(select(func.count(SwapWish.id))) or 0


def test_who_asks_keeps_its_places_and_stands_in_line_for_the_others() -> None:
    first, second = make_departures(2, 2)
    answer, _held = book(first, "Amira", adults=2), book(second, "Boris", adults=2)
    swaps.ask(answer.reference, second.slug)

    assert (at(answer), status(answer)) == (first.id, BookingStatus.CONFIRMED)
    assert (counters(first), counters(second), broken()) == ((2, 0, 0), (2, 0, 1), [])
    assert [(wish.slot.id, wish.number) for wish in swaps.of_booking(booking(answer))] == [(second.id, 1)]


def test_when_there_is_room_the_change_is_made_in_the_transaction_that_made_it() -> None:
    first, second = make_departures(2, 2)
    answer, held = book(first, "Amira", adults=2), book(second, "Boris", adults=2)
    swaps.ask(answer.reference, second.slug)
    changes.cancel(held.reference)

    assert (at(answer), status(answer)) == (second.id, BookingStatus.CONFIRMED)
    assert (counters(first), counters(second), broken()) == ((0, 0, 0), (2, 0, 0), [])
    assert (mails(MailKind.BOOKING_MOVED), mails(MailKind.BOOKING_OFFERED), wishes()) == (1, 0, 0)


def test_a_change_is_noted_on_both_slots() -> None:
    first, second = make_departures(1, 1)
    answer, held = book(first, "Amira"), book(second, "Boris")
    swaps.ask(answer.reference, second.slug)
    changes.cancel(held.reference)

    own = select(LogEntry.verb, LogEntry.slot_id).where(LogEntry.booking_id == booking(answer).id)
    assert [tuple(row) for row in db.session.execute(own.order_by(LogEntry.id))] == [
        ("book", first.id),
        ("ask_swap", first.id),
        ("move_away", first.id),
        ("move_here", second.id),
    ]


def test_the_places_it_leaves_are_offered_in_the_same_breath() -> None:
    first, second = make_departures(1, 1)
    answer, held, waits = book(first, "Amira"), book(second, "Boris"), book(first, "Chen")
    swaps.ask(answer.reference, second.slug)
    changes.cancel(held.reference)

    assert (at(answer), status(waits)) == (second.id, BookingStatus.OFFERED)


def test_one_change_makes_room_for_the_next_and_that_for_another() -> None:
    first, second, third = make_departures(1, 1, 1)
    one, two, three = book(first, "Amira"), book(second, "Boris"), book(third, "Chen")
    swaps.ask(one.reference, second.slug)
    swaps.ask(two.reference, third.slug)
    changes.cancel(three.reference)

    assert (at(one), at(two)) == (second.id, third.id)
    assert ([counters(slot) for slot in (first, second, third)], broken()) == ([(0, 0, 0), (1, 0, 0), (1, 0, 0)], [])


def test_where_there_is_room_already_the_change_is_made_at_once() -> None:
    first, second = make_departures(1, 1)
    answer = book(first, "Amira")
    swaps.ask(answer.reference, second.slug)

    assert (at(answer), wishes()) == (second.id, 0)


def test_the_whole_party_moves_or_nobody() -> None:
    first, second = make_departures(2, 2)
    answer, held = book(first, "Amira", adults=2), book(second, "Boris", adults=2)
    swaps.ask(answer.reference, second.slug)
    changes.change_size(held.reference, Party(1))

    assert (at(answer), booking(answer).size, counters(second)) == (first.id, 2, (1, 0, 1))


def test_a_newcomer_does_not_pass_who_asks_for_the_time(app_clock: AppClock) -> None:
    first, second = make_departures(2, 3)
    answer, held = book(first, "Amira", adults=2), book(second, "Boris", adults=3)
    swaps.ask(answer.reference, second.slug)
    pass_over_the_wish(3)
    changes.change_size(held.reference, Party(2))
    app_clock.advance(minutes=1)

    assert slot_now(second).left == 0
    assert book(second, "Chen").outcome is Outcome.WAITING
    changes.change_size(held.reference, Party(1))
    assert (at(answer), broken()) == (second.id, [])


def pass_over_the_wish(times: int) -> None:
    """As if smaller parties had gone ahead of the only wish so often."""
    with transaction() as session:
        session.scalars(select(SwapWish)).one().passed_over = times


def test_a_smaller_party_that_goes_ahead_of_a_wish_at_the_head_counts_as_a_pass(app_clock: AppClock) -> None:
    first, second = make_departures(2, 3)
    answer, held = book(first, "Amira", adults=2), book(second, "Boris", adults=3)
    swaps.ask(answer.reference, second.slug)
    changes.change_size(held.reference, Party(2))
    app_clock.advance(minutes=1)

    assert book(second, "Chen").outcome is Outcome.CONFIRMED
    assert db.session.scalars(select(SwapWish.passed_over)).all() == [1]


@pytest.mark.parametrize("asks_first", [True, False])
def test_who_waits_and_who_asks_are_served_in_the_order_in_which_they_came(
    asks_first: bool, app_clock: AppClock
) -> None:
    first, second = make_departures(1, 1)
    answer, held = book(first, "Amira"), book(second, "Boris")
    if asks_first:
        swaps.ask(answer.reference, second.slug)
        app_clock.advance(minutes=1)
    waits = book(second, "Chen")
    app_clock.advance(minutes=1)
    if not asks_first:
        swaps.ask(answer.reference, second.slug)
    numbers = line.place_in_line(db.session(), booking(waits)), swaps.of_booking(booking(answer))[0].number
    assert numbers == ((2, 1) if asks_first else (1, 2))
    changes.cancel(held.reference)

    assert at(answer) == (second.id if asks_first else first.id)
    assert status(waits) is (BookingStatus.WAITING if asks_first else BookingStatus.OFFERED)


def test_two_full_times_are_swapped_between_those_who_want_each_others() -> None:
    first, second = make_departures(2, 2)
    one, two = book(first, "Amira", adults=2), book(second, "Boris", children=1)
    swaps.ask(one.reference, second.slug)
    swaps.ask(two.reference, first.slug)

    assert (at(one), at(two)) == (second.id, first.id)
    assert (counters(first), counters(second), broken()) == ((2, 0, 0), (2, 0, 0), [])
    assert mails(MailKind.BOOKING_MOVED) == 2


def test_a_circle_of_three_is_settled_though_all_is_full() -> None:
    slots = make_departures(1, 1, 1)
    parties = [book(slot, f"P{number}") for number, slot in enumerate(slots)]
    for number, party in enumerate(parties):
        swaps.ask(party.reference, slots[(number + 1) % 3].slug)

    assert [at(party) for party in parties] == [slots[1].id, slots[2].id, slots[0].id]
    assert ([counters(slot) for slot in slots], wishes(), broken()) == ([(1, 0, 0)] * 3, 0, [])


def test_a_circle_takes_nothing_from_those_who_wait() -> None:
    first, second = make_departures(1, 1)
    one, two = book(first, "Amira"), book(second, "Boris")
    waits = book(first, "Chen"), book(second, "Dana")
    swaps.ask(one.reference, second.slug)
    swaps.ask(two.reference, first.slug)

    assert (at(one), at(two)) == (second.id, first.id)
    assert [status(answer) for answer in waits] == [BookingStatus.WAITING] * 2
    assert [line.place_in_line(db.session(), booking(answer)) for answer in waits] == [1, 1]


def test_a_circle_that_a_smaller_party_makes_possible_is_settled_by_the_worker() -> None:
    first, second = make_departures(3, 3)
    one, two, _other = book(first, "Amira", adults=3), book(second, "Boris", adults=2), book(second, "Chen")
    swaps.ask(one.reference, second.slug)
    swaps.ask(two.reference, first.slug)
    changes.change_size(one.reference, Party(2))
    assert (at(one), at(two)) == (first.id, second.id)

    assert (settling.settle(), settling.settle()) == (1, 0)
    assert (at(one), at(two), broken()) == (second.id, first.id, [])


def test_after_a_change_the_other_wishes_of_the_party_are_forgotten() -> None:
    first, second, third = make_departures(1, 1, 1)
    answer, held, _other = book(first, "Amira"), book(second, "Boris"), book(third, "Chen")
    swaps.ask(answer.reference, second.slug)
    swaps.ask(answer.reference, third.slug)
    changes.cancel(held.reference)

    assert (at(answer), wishes(), counters(third)) == (second.id, 0, (1, 0, 0))


def test_cancelling_takes_the_party_out_of_every_line_and_serves_who_stood_behind(app_clock: AppClock) -> None:
    first, second = make_departures(2, 3)
    answer, held = book(first, "Amira", adults=2), book(second, "Boris", adults=2)
    swaps.ask(answer.reference, second.slug)
    pass_over_the_wish(3)
    app_clock.advance(minutes=1)
    waits = book(second, "Chen")
    assert status(waits) is BookingStatus.WAITING
    changes.cancel(answer.reference)

    assert (status(waits), wishes(), counters(second), broken()) == (BookingStatus.OFFERED, 0, (3, 0, 0), [])
    assert status(held) is BookingStatus.CONFIRMED


def test_changing_by_hand_takes_the_party_out_of_every_line() -> None:
    first, second, third = make_departures(1, 1, 1)
    answer, _held = book(first, "Amira"), book(second, "Boris")
    swaps.ask(answer.reference, second.slug)
    moving.move(answer.reference, third.slug)

    assert (at(answer), wishes(), counters(second), broken()) == (third.id, 0, (1, 0, 0), [])


def test_a_wish_is_taken_back_and_asking_twice_is_asking_once() -> None:
    first, second = make_departures(1, 1)
    answer, held = book(first, "Amira"), book(second, "Boris")
    for _ in range(2):
        swaps.ask(answer.reference, second.slug)
    assert (wishes(), counters(second)) == (1, (1, 0, 1))
    for _ in range(2):
        swaps.withdraw(answer.reference, second.slug)
    changes.cancel(held.reference)

    assert (at(answer), wishes(), counters(second), broken()) == (first.id, 0, (0, 0, 0), [])


def test_only_who_has_places_can_ask() -> None:
    first, second = make_departures(1, 1)
    held, waits, _other = book(first, "Amira"), book(first, "Boris"), book(second, "Chen")
    with pytest.raises(refusals.HoldsNoPlaces):
        swaps.ask(waits.reference, second.slug)
    changes.cancel(held.reference)
    assert status(waits) is BookingStatus.OFFERED
    with pytest.raises(refusals.HoldsNoPlaces):
        swaps.ask(waits.reference, second.slug)
    with pytest.raises(refusals.NotActive):
        swaps.ask(held.reference, second.slug)


def test_only_a_time_of_the_same_activity_that_could_hold_the_party_can_be_asked_for(app_clock: AppClock) -> None:
    first, second = make_departures(2, 1)
    answer = book(first, "Amira", adults=2)
    with pytest.raises(refusals.LargerThanSlot):
        swaps.ask(answer.reference, second.slug)
    with pytest.raises(refusals.NotPermitted):
        swaps.ask(answer.reference, make_slot().slug)
    with pytest.raises(refusals.NotPermitted):
        swaps.ask(answer.reference, "no-such-time")
    app_clock.stand_at(first.starts_at)
    with pytest.raises(refusals.Closed):
        swaps.ask(answer.reference, second.slug)


def test_who_has_set_out_already_is_not_moved_any_more_and_keeps_nobody_out(app_clock: AppClock) -> None:
    first, second = make_departures(1, 1)
    answer, held = book(first, "Amira"), book(second, "Boris")
    swaps.ask(answer.reference, second.slug)
    app_clock.stand_at(first.starts_at + timedelta(minutes=1))
    changes.cancel(held.reference)

    assert (at(answer), counters(second), broken()) == (first.id, (0, 0, 0), [])


def test_a_lowered_capacity_moves_nobody_and_a_raised_one_as_planned() -> None:
    first, second = make_departures(2, 2)
    answer, _held = book(first, "Amira", adults=2), book(second, "Boris", adults=2)
    swaps.ask(answer.reference, second.slug)
    plan = capacity.plan_capacity(slot_now(second), 4)
    assert (plan.moves, plan.offers, plan.still_waiting) == ((2,), (), 0)
    capacity.set_capacity(second.id, 4, seen=2, by=ORGANISER)

    assert (at(answer), broken()) == (second.id, [])


def test_what_is_kept_about_a_person_tells_what_they_ask_for() -> None:
    first, second = make_departures(1, 1)
    answer, _held = book(first, "Amira"), book(second, "Boris")
    swaps.ask(answer.reference, second.slug)

    told = data_export.export("amira@example.org")["bookings"]
    assert [one["asks_for"] for one in told] == [[second.starts_at.isoformat()]]


@pytest.mark.database("postgresql")
def test_while_the_slot_it_leaves_is_busy_the_new_places_are_saved_and_the_worker_moves_it(app: Flask) -> None:
    """On SQLite whoever writes has every slot, so that nothing is ever busy."""
    first, second = make_departures(1, 1)
    answer, held = book(first, "Amira"), book(second, "Boris")
    swaps.ask(answer.reference, second.slug)
    _cancel_while_locked(app, held, first)

    assert (at(answer), counters(second), slot_now(second).left, broken()) == (first.id, (0, 0, 1), 0, [])
    assert (settling.settle(), at(answer), counters(first), broken()) == (1, second.id, (0, 0, 0), [])


@pytest.mark.database("postgresql")
def test_a_wish_in_the_line_of_a_busy_slot_ends_there_as_soon_as_it_can(app: Flask) -> None:
    first, second = make_departures(1, 1)
    answer, held = book(first, "Amira"), book(second, "Boris")
    swaps.ask(answer.reference, second.slug)
    _cancel_while_locked(app, answer, second)

    assert (counters(second), swaps.of_booking(booking(answer))) == ((1, 0, 1), [])
    assert (settling.settle(), counters(second), broken()) == (1, (1, 0, 0), [])
    assert status(held) is BookingStatus.CONFIRMED


@pytest.mark.database("postgresql")
def test_who_changed_by_hand_can_ask_again_where_an_ended_wish_is_not_swept_up_yet(
    app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second, third = make_departures(1, 1, 1)
    answer = book(first, "Amira")
    book(second, "Boris")
    swaps.ask(answer.reference, second.slug)
    with monkeypatch.context() as busy:
        busy.setattr(serving, "try_lock", lambda _session, _slot_id: None)
        moving.move(answer.reference, third.slug)
    assert (wishes(), swaps.of_booking(booking(answer))) == (1, [])

    swaps.ask(answer.reference, second.slug)

    assert [(wish.slot.id, wish.number) for wish in swaps.of_booking(booking(answer))] == [(second.id, 1)]
    assert (wishes(), counters(second), broken()) == (1, (1, 0, 1), [])


def _cancel_while_locked(app: Flask, held: Answer, busy: Slot) -> None:
    def cancel() -> None:
        with app.app_context():
            changes.cancel(held.reference)
            db.session.remove()

    with transaction() as session:
        places.lock(session, busy.id)
        thread = Thread(target=cancel)
        thread.start()
        thread.join()
