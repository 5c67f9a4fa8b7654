"""Booked without a proof: held for half an hour, confirmed from the mail, else free again and offered to the line."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from iclei_events import clock
from iclei_events.db import db
from iclei_events.models import ActivityKind, BookingStatus, Slot
from iclei_events.services import bookings, capacity, chances, changes, confirming, moving, offers, refusals
from iclei_events.services.bookings import Answer
from iclei_events.services.proofs import Proof
from tests.residents import at_once
from tests.scenes import book, booking, broken, counters, mails, make_departures, make_slot, slot_now, status
from tests.times import AppClock

pytestmark = pytest.mark.usefixtures("app_context")


def unproven(slot: Slot, name: str, adults: int = 1, **options: Any) -> Answer:
    return book(slot, name, adults, unproven=True, **options)


def tend() -> None:
    db.session.rollback()
    capacity.tend_slots()


def test_the_places_are_held_for_half_an_hour_and_a_mail_asks_to_confirm(app_clock: AppClock) -> None:
    slot = make_slot()

    answer = unproven(slot, "Amira", 2)

    held = booking(answer)
    assert (answer.outcome, held.status) == ("waiting", BookingStatus.OFFERED)
    assert held.confirm_by == held.offer_until == clock.now() + timedelta(minutes=30)
    assert (counters(slot), mails("booking_to_confirm"), mails()) == ((2, 0, 0), 1, 1)
    assert broken() == []


def test_confirmed_it_is_like_any_booking(app_clock: AppClock) -> None:
    slot = make_slot()
    answer = unproven(slot, "Amira", 2)

    confirming.confirm(answer.reference)
    confirming.confirm(answer.reference)

    held = booking(answer)
    assert (held.status, held.confirm_by, held.confirmed_at) == (BookingStatus.CONFIRMED, None, clock.now())
    assert (counters(slot), mails("booking_confirmed"), broken()) == ((2, 0, 0), 1, [])
    app_clock.advance(hours=1)
    tend()
    assert status(answer) is BookingStatus.CONFIRMED


def test_unconfirmed_it_lapses_and_the_places_go_to_the_line(app_clock: AppClock) -> None:
    slot = make_slot(capacity=3)
    bot, amira = unproven(slot, "Bot", 3), book(slot, "Amira", 2)
    app_clock.advance(minutes=29)
    tend()
    assert (status(bot), status(amira)) == (BookingStatus.OFFERED, BookingStatus.WAITING)

    app_clock.advance(minutes=1)
    tend()

    assert (status(bot), status(amira)) == (BookingStatus.LAPSED, BookingStatus.OFFERED)
    assert (counters(slot), broken()) == ((2, 0, 0), [])
    with pytest.raises(refusals.OfferLapsed):
        confirming.confirm(bot.reference)


def test_never_past_the_start(app_clock: AppClock) -> None:
    slot = make_slot(starts_at=clock.now() + timedelta(minutes=10), ends_at=clock.now() + timedelta(hours=1))

    assert booking(unproven(slot, "Amira")).confirm_by == slot.starts_at


def test_an_address_has_one_at_an_event_at_a_time(app_clock: AppClock) -> None:
    first, second = make_departures(5, 5)
    answer = unproven(first, "Amira")

    for slot in (first, second):
        with pytest.raises(refusals.ToConfirmFirst):
            unproven(slot, "Amira")
    assert counters(second) == (0, 0, 0)
    assert unproven(second, "Boris").outcome == unproven(make_slot(), "Amira").outcome == "waiting"
    assert book(second, "Amira").outcome == "confirmed"

    confirming.confirm(answer.reference)
    assert unproven(second, "Amira").outcome == "waiting"


def test_one_that_ran_out_keeps_nobody_from_the_next(app_clock: AppClock) -> None:
    first, second = make_departures(5, 5)
    unproven(first, "Amira")
    app_clock.advance(minutes=30)

    assert unproven(second, "Amira").outcome == "waiting"


@pytest.mark.race
def test_one_address_at_two_slots_at_once_has_one(app: Flask) -> None:
    slots = make_departures(*[5] * 6)
    db.session.rollback()

    def act(slot: Slot) -> Answer:
        with app.app_context():
            return unproven(slot, "Amira")

    answers = at_once(*(lambda slot=slot: act(slot) for slot in slots))

    assert sorted(type(answer).__name__ for answer in answers) == ["Answer", *["ToConfirmFirst"] * 5]
    assert sum(counters(slot)[0] for slot in slots) == 1


@pytest.mark.race
@pytest.mark.database("postgresql")
def test_control_without_the_lock_of_the_person_it_has_several(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    slots = make_departures(*[5] * 6)
    db.session.rollback()
    monkeypatch.setattr("iclei_events.services.person_limit.lock_person", lambda *_given: None)
    check = confirming.check_alone

    def slow_check(*given: Any) -> None:
        check(*given)
        time.sleep(0.3)

    monkeypatch.setattr(confirming, "check_alone", slow_check)

    def act(slot: Slot) -> Answer:
        with app.app_context():
            return unproven(slot, "Amira")

    at_once(*(lambda slot=slot: act(slot) for slot in slots))

    assert sum(counters(slot)[0] for slot in slots) > 1


def test_the_same_form_twice_is_one_booking(app_clock: AppClock) -> None:
    slot = make_slot()

    answers = [unproven(slot, "Amira", key="one-form") for _ in range(2)]

    assert [answer.outcome for answer in answers] == ["waiting", "duplicate"]
    assert counters(slot) == (1, 0, 0)


def test_until_it_is_confirmed_nothing_makes_it_last_longer(app_clock: AppClock) -> None:
    first, second = make_departures(5, 5)
    answer = unproven(first, "Amira", 2)

    with pytest.raises(refusals.NotConfirmed):
        changes.accept_offer(answer.reference)
    with pytest.raises(refusals.NotConfirmed):
        offers.prolong(answer.reference)
    with pytest.raises(refusals.NotConfirmed):
        moving.move(answer.reference, second.slug)
    assert status(answer) is BookingStatus.OFFERED


def test_it_can_be_given_up(app_clock: AppClock) -> None:
    slot = make_slot()
    answer = unproven(slot, "Amira")

    changes.cancel(answer.reference)

    assert (status(answer), counters(slot), broken()) == (BookingStatus.CANCELLED, (0, 0, 0), [])
    with pytest.raises(refusals.NotActive):
        confirming.confirm(answer.reference)


def test_a_turn_in_the_line_has_to_be_confirmed_too(app_clock: AppClock) -> None:
    slot = make_slot(capacity=2)
    book(slot, "Boris", 2)
    amira, bot = unproven(slot, "Amira"), unproven(slot, "Bot")

    confirming.confirm(amira.reference)
    app_clock.advance(minutes=30)
    tend()

    assert (status(amira), status(bot)) == (BookingStatus.WAITING, BookingStatus.LAPSED)
    assert (counters(slot), mails("booking_to_confirm"), mails("booking_waiting")) == ((2, 0, 1), 2, 1)
    assert broken() == []


def test_a_turn_that_nobody_confirmed_says_nothing_of_how_others_fared(app_clock: AppClock) -> None:
    slot = make_slot(capacity=1)
    book(slot, "Boris")
    confirming.confirm(unproven(slot, "Amira").reference)
    unproven(slot, "Bot")
    app_clock.stand_at(slot.ends_at)
    tend()

    waits = list(chances._waits(ActivityKind.STUDY_TOUR, clock.now()))

    assert [wait.got for wait in waits] == [False]


def test_places_that_come_free_for_an_unconfirmed_turn_are_held_no_longer_than_it_had(app_clock: AppClock) -> None:
    slot = make_slot(capacity=2)
    boris, amira = book(slot, "Boris", 2), unproven(slot, "Amira")
    until = booking(amira).confirm_by
    app_clock.advance(minutes=10)

    changes.cancel(boris.reference)

    assert (status(amira), booking(amira).offer_until) == (BookingStatus.OFFERED, until)
    assert mails("booking_to_confirm") == 2
    confirming.confirm(amira.reference)
    assert status(amira) is BookingStatus.CONFIRMED


def test_who_does_not_want_to_wait_is_told_that_there_is_no_room(app_clock: AppClock) -> None:
    slot = make_slot(capacity=2)
    book(slot, "Boris", 2)

    with pytest.raises(refusals.NoRoom):
        unproven(slot, "Amira", wait=False)
    assert counters(slot) == (2, 0, 0)


def test_a_part_of_the_party_is_offered_places_that_stand_as_long_as_any_once_confirmed(app_clock: AppClock) -> None:
    slot = make_slot(capacity=3)
    book(slot, "Boris", 2)
    amira = unproven(slot, "Amira", 3, least=1)
    assert (status(amira), booking(amira).size, booking(amira).confirm_by) == (
        BookingStatus.OFFERED, 1, clock.now() + confirming.TIME,
    )  # fmt: skip

    confirming.confirm(amira.reference)

    assert booking(amira).offer_until == clock.now() + timedelta(hours=24)
    changes.accept_offer(amira.reference)
    assert (status(amira), broken()) == (BookingStatus.CONFIRMED, [])


def test_a_proof_is_good_for_one_booking(app_clock: AppClock) -> None:
    slot, proof = make_slot(), Proof("a" * 64, clock.now() + timedelta(minutes=20))
    book(slot, "Amira", proof=proof)

    with pytest.raises(refusals.ProofWorthless):
        book(slot, "Boris", proof=proof)
    assert (counters(slot), broken()) == ((1, 0, 0), [])


def test_a_proof_is_good_for_one_turn_in_the_line_as_well(app_clock: AppClock) -> None:
    slot, proof = make_slot(capacity=1), Proof("b" * 64, clock.now() + timedelta(minutes=20))
    book(slot, "Boris")

    assert book(slot, "Amira", proof=proof).outcome == "waiting"
    with pytest.raises(refusals.ProofWorthless):
        book(slot, "Bot", proof=proof)


def test_a_booking_that_was_refused_leaves_the_proof_unused(app_clock: AppClock) -> None:
    slot, proof = make_slot(capacity=1), Proof("c" * 64, clock.now() + timedelta(minutes=20))
    with pytest.raises(refusals.NoRoom):
        book(slot, "Amira", 2, proof=proof, wait=False)

    assert book(slot, "Amira", 1, proof=proof).outcome == "confirmed"


def test_the_same_form_with_the_same_proof_is_one_booking(app_clock: AppClock) -> None:
    slot, proof = make_slot(), Proof("d" * 64, clock.now() + timedelta(minutes=20))

    answers = [book(slot, "Amira", key="one-form", proof=proof) for _ in range(2)]

    assert [answer.outcome for answer in answers] == ["confirmed", "duplicate"]


@pytest.mark.race
def test_confirmed_many_times_at_once_and_lapsing_in_the_same_moment_it_is_one_or_the_other(
    app: Flask, app_clock: AppClock
) -> None:
    slot = make_slot(capacity=2)
    amira, waits = unproven(slot, "Amira", 2), book(slot, "Boris", 2)
    app_clock.advance(minutes=30, seconds=-1)

    def act(verb: Callable[[], Any]) -> Any:
        with app.app_context():
            return verb()

    def late() -> int:
        app_clock.advance(seconds=1)
        return capacity.tend_slots()

    db.session.rollback()
    at_once(*(lambda: act(lambda: confirming.confirm(amira.reference)) for _ in range(5)), lambda: act(late))

    now = (status(amira), status(waits))
    assert now in {
        (BookingStatus.CONFIRMED, BookingStatus.WAITING), (BookingStatus.LAPSED, BookingStatus.OFFERED),
    }  # fmt: skip
    assert (counters(slot)[0], mails("booking_confirmed") <= 1, broken()) == (2, True, [])


@pytest.mark.race
def test_one_proof_with_many_forms_at_once_books_once(app: Flask) -> None:
    slot, proof = make_slot(capacity=20), Proof("e" * 64, clock.now() + timedelta(minutes=20))

    def act(number: int) -> Answer:
        with app.app_context():
            return book(slot, f"P{number}", proof=proof)

    db.session.rollback()
    answers = at_once(*(lambda n=n: act(n) for n in range(12)))

    assert sorted(type(answer).__name__ for answer in answers) == ["Answer", *["ProofWorthless"] * 11]
    assert (counters(slot), broken()) == ((1, 0, 0), [])


class BotAndResidents(RuleBasedStateMachine):
    """R04: a bot holds whatever it can get; half an hour later nothing of that is held any more."""

    def __init__(self) -> None:
        super().__init__()
        self.clock = AppClock()
        self.clock.stand_at(clock.now())
        self.slot = make_slot(capacity=6)
        self.bot: list[Answer] = []
        self.people: list[Answer] = []
        self.names = 0

    def _name(self) -> str:
        self.names += 1
        return f"N{self.names}"

    @rule(adults=st.integers(1, 6))
    def the_bot_takes_places(self, adults: int) -> None:
        self.bot.append(unproven(self.slot, self._name(), adults))

    @rule(adults=st.integers(1, 3))
    def somebody_books_with_a_proof(self, adults: int) -> None:
        name = self._name()
        proof = Proof(secrets.token_hex(32), clock.now() + timedelta(minutes=20))
        self.people.append(book(self.slot, name, adults, proof=proof))

    @rule(adults=st.integers(1, 3))
    def somebody_books_without_script_and_confirms(self, adults: int) -> None:
        answer = unproven(self.slot, self._name(), adults)
        confirming.confirm(answer.reference)
        self.people.append(answer)

    @rule()
    def somebody_takes_what_they_are_offered(self) -> None:
        for answer in self.people:
            if status(answer) is BookingStatus.OFFERED:
                changes.accept_offer(answer.reference)
                return

    @rule(minutes=st.sampled_from([5, 10, 30]))
    def time_passes(self, minutes: int) -> None:
        self.clock.advance(minutes=minutes)
        tend()

    @invariant()
    def what_is_overdue_is_held_by_nobody_once_the_worker_has_come(self) -> None:
        tend()
        for answer in self.bot:
            row = booking(answer)
            assert not row.is_active or (row.confirm_by is not None and row.confirm_by > clock.now())

    @invariant()
    def nothing_free_is_kept_from_the_line(self) -> None:
        now = slot_now(self.slot)
        line = [row for row in map(booking, self.people) if row.status is BookingStatus.WAITING]
        if line and not any(booking(answer).is_active for answer in self.bot):
            head = min(line, key=lambda row: (row.queued_at, row.id))
            assert head.size > now.free

    def teardown(self) -> None:
        self.clock.advance(minutes=30)
        tend()
        assert not any(booking(answer).is_active for answer in self.bot)
        assert all(booking(answer).is_active for answer in self.people)
        assert broken() == []


def test_r04_what_a_bot_holds_unconfirmed_is_free_after_half_an_hour_and_offered_to_the_line(
    app_clock: AppClock,
) -> None:
    run_state_machine_as_test(
        BotAndResidents,
        settings=settings(
            max_examples=12,
            stateful_step_count=12,
            deadline=None,
            suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
        ),
    )


def test_the_share_that_nobody_has_confirmed_is_counted(app_clock: AppClock) -> None:
    slot = make_slot(capacity=9)
    book(slot, "Boris", 3)
    unproven(slot, "Amira", 2)
    confirming.confirm(unproven(slot, "Chen", 1).reference)

    assert confirming.places_unconfirmed(db.session.connection(), [slot.slug]) == 2
    assert bookings.find(unproven(slot, "Dana").reference) is not None
