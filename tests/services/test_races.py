"""Many at once, on both databases, with a pause inside each critical section.

Every race has its negative control: the same race with the protection taken out must break an invariant,
else the test would prove nothing.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import timedelta
from threading import Barrier, Thread
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import Connection, func, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from iclei_events import db as ground
from iclei_events.db import DatabaseBusyError, db, short_transaction, transaction
from iclei_events.models import BookingStatus, LogEntry, MailKind, Slot
from iclei_events.services import (
    booking_rows,
    bookings,
    capacity,
    changes,
    moving,
    offers,
    places,
    refusals,
    serving,
    settling,
    swaps,
)
from iclei_events.services.booking_rows import BookingRows, Party, insert_rows
from iclei_events.services.bookings import Answer
from tests.databases import Database
from tests.scenes import (
    ORGANISER,
    book,
    booking,
    broken,
    counters,
    mails,
    make_departures,
    make_slot,
    slot_now,
    status,
)
from tests.times import AppClock

pytestmark = [pytest.mark.race, pytest.mark.usefixtures("app_context")]

PAUSE = 0.02


def at_once(app: Flask, *acts: Callable[[], Any]) -> list[Any]:
    """Start all acts at the same moment, each in a thread of its own; what each returned or refused with."""
    db.session.rollback()  # a reader left open would keep SQLite's writers waiting
    barrier = Barrier(len(acts))
    answers: list[Any] = [None] * len(acts)

    def run(number: int, act: Callable[[], Any]) -> None:
        with app.app_context():
            barrier.wait()
            try:
                answers[number] = act()
            except (refusals.Refusal, IntegrityError, DatabaseBusyError) as error:
                answers[number] = error
            finally:
                db.session.remove()

    threads = [Thread(target=run, args=pair) for pair in enumerate(acts)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return answers


def kinds(answers: list[Any]) -> Counter[str]:
    return Counter(getattr(answer, "outcome", None) or type(answer).__name__ for answer in answers)


@pytest.fixture(autouse=True)
def _pause_while_locked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(places, "in_critical_section", lambda _point: time.sleep(PAUSE))
    monkeypatch.setattr(serving, "in_critical_section", lambda _point: time.sleep(PAUSE))


def test_of_many_clients_for_the_last_place_one_gets_it(app: Flask) -> None:
    slot = make_slot(capacity=1)
    answers = at_once(app, *(lambda n=n: book(slot, f"P{n}", wait=False) for n in range(24)))
    assert kinds(answers) == {"confirmed": 1, "NoRoom": 23}
    assert (counters(slot), mails(), broken()) == ((1, 0, 0), 1, [])


def test_two_parties_for_three_places_never_share_them(app: Flask) -> None:
    slot = make_slot(capacity=3)
    answers = at_once(app, *(lambda n=n: book(slot, f"P{n}", adults=2, wait=False) for n in range(2)))
    assert kinds(answers) == {"confirmed": 1, "NoRoom": 1}
    assert [answer.left for answer in answers if isinstance(answer, refusals.NoRoom)] == [1]


def test_everybody_in_a_rush_holds_places_or_stands_in_line(app: Flask) -> None:
    slot = make_slot(capacity=7)
    answers = at_once(app, *(lambda n=n: book(slot, f"P{n}", adults=1 + n % 3) for n in range(20)))
    assert set(kinds(answers)) == {"confirmed", "waiting"}
    assert counters(slot)[2] + kinds(answers)["confirmed"] == 20
    assert broken() == []


@contextmanager
def a_check_before_the_write(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The negative control: look whether there is room, pause, then count, without the one guarded statement."""

    def look_then_count(rows: BookingRows, *, wait: bool) -> BookingStatus | None:
        free = slot_now(rows.slot_id).free
        time.sleep(PAUSE)
        if free < rows.size:
            raise refusals.NoRoom(free)
        with transaction() as session:
            session.execute(
                update(Slot)
                .where(Slot.id == rows.slot_id)
                .values(held=Slot.held + rows.size, over_capacity=Slot.held + rows.size)
            )
            insert_rows(session, rows, BookingStatus.CONFIRMED)
        return BookingStatus.CONFIRMED

    with monkeypatch.context() as patch:
        patch.setattr(bookings, "_claim_at_once", look_then_count)
        yield


def test_control_without_the_guarded_statement_the_last_place_is_sold_twice(
    app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    slot = make_slot(capacity=1)
    with a_check_before_the_write(monkeypatch):
        at_once(app, *(lambda n=n: book(slot, f"P{n}", wait=False) for n in range(12)))
    assert counters(slot)[0] > 1
    assert broken() != []


def test_the_database_itself_refuses_to_oversell(app: Flask) -> None:
    slot = make_slot(capacity=1)
    with pytest.raises(IntegrityError), transaction() as session:
        session.execute(update(Slot).where(Slot.id == slot.id).values(held=2))
    assert counters(slot) == (0, 0, 0)


def test_one_form_sent_twenty_times_at_once_is_one_booking_and_one_mail(app: Flask) -> None:
    slot = make_slot(capacity=30)
    answers = at_once(app, *(lambda: book(slot, "Amira", adults=2, key="one-form") for _ in range(20)))
    assert kinds(answers) == {"confirmed": 1, "duplicate": 19}
    assert len({answer.reference for answer in answers}) == 1
    assert (counters(slot), mails()) == ((2, 0, 0), 1)


def test_a_booking_cancelled_many_times_at_once_is_freed_once(app: Flask) -> None:
    slot = make_slot(capacity=5)
    answer, _other = book(slot, "Amira", adults=2), book(slot, "Boris", adults=2)
    at_once(app, *(lambda: changes.cancel(answer.reference) for _ in range(8)))
    assert (counters(slot), broken()) == ((2, 0, 0), [])


def unlocked(session: Session, slot_id: int) -> Slot:
    """The negative control of every verb under the lock: the slot is read, and nobody is kept out."""
    return session.scalars(select(Slot).where(Slot.id == slot_id).execution_options(populate_existing=True)).one()


class NoLine:
    """A write line that lets everybody through."""

    def enter(self, _seconds: float) -> None: ...

    def leave(self) -> None: ...


class OneByOne:
    """Stores each decision by itself, as if there were no group."""

    def store(self, decide: Callable[[Connection], bool]) -> bool:
        with short_transaction() as connection:
            return decide(connection)


@contextmanager
def nobody_kept_out(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """No lock on the slot and, on SQLite, none on the database from the start."""
    with monkeypatch.context() as patch:
        patch.setattr(places, "lock", unlocked)
        patch.setattr(ground, "_write_line", NoLine())
        patch.setattr(ground, "WRITES", {"writes": False})
        patch.setattr(booking_rows, "ON_SQLITE", OneByOne())
        patch.setattr(places, "in_critical_section", lambda _point: time.sleep(5 * PAUSE))
        yield


def test_control_without_the_lock_a_booking_is_freed_twice(
    app: Flask, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On SQLite the second writer is thrown out instead: what it read can no longer be written upon."""
    slot = make_slot(capacity=9)
    answer, _other = book(slot, "Amira", adults=2), book(slot, "Boris", adults=6)
    with nobody_kept_out(monkeypatch):
        results = at_once(app, *(lambda: changes.cancel(answer.reference) for _ in range(3)))
    if database.name == "sqlite":
        assert kinds(results)["DatabaseBusyError"] > 0
    else:
        assert counters(slot)[0] < 6
        assert broken() != []


def test_a_freed_place_goes_to_one_of_the_line_and_the_newcomers(app: Flask) -> None:
    slot = make_slot(capacity=2)
    held = [book(slot, "Amira"), book(slot, "Boris")]
    line = [book(slot, "Chen"), book(slot, "Dana")]
    at_once(
        app,
        *(lambda a=a: changes.cancel(a.reference) for a in held),
        *(lambda n=n: book(slot, f"New{n}") for n in range(6)),
    )
    assert [status(answer) for answer in line] == [BookingStatus.OFFERED] * 2
    assert (counters(slot), broken()) == ((2, 0, 6), [])


def test_an_offer_taken_as_it_is_given_up_has_one_outcome(app: Flask) -> None:
    slot = make_slot(capacity=1)
    first, waiting = book(slot, "Amira"), book(slot, "Boris")
    changes.cancel(first.reference)
    at_once(
        app,
        lambda: changes.accept_offer(waiting.reference),
        lambda: changes.cancel(waiting.reference),
        capacity.tend_slots,
    )
    held = 1 if status(waiting) is BookingStatus.CONFIRMED else 0
    assert (counters(slot), broken()) == ((held, 0, 0), [])


def test_an_offer_prolonged_as_it_runs_out_has_one_outcome(app: Flask, app_clock: AppClock) -> None:
    slot = make_slot(capacity=1)
    first, waiting, behind = book(slot, "Amira"), book(slot, "Boris"), book(slot, "Chen")
    changes.cancel(first.reference)
    app_clock.advance(hours=24)
    results = at_once(
        app,
        lambda: offers.prolong(waiting.reference),
        lambda: changes.accept_offer(waiting.reference),
        capacity.tend_slots,
    )
    assert [type(result).__name__ for result in results[:2]] == ["OfferLapsed"] * 2
    assert (status(waiting), status(behind)) == (BookingStatus.LAPSED, BookingStatus.OFFERED)
    assert (counters(slot), broken()) == ((1, 0, 0), [])


def test_an_offer_prolonged_many_times_at_once_is_prolonged_once(app: Flask) -> None:
    slot = make_slot(capacity=1)
    first, waiting = book(slot, "Amira"), book(slot, "Boris")
    changes.cancel(first.reference)
    until = booking(waiting).offer_until
    at_once(app, *(lambda: offers.prolong(waiting.reference) for _ in range(6)))
    assert until is not None
    assert booking(waiting).offer_until == until + timedelta(hours=24)
    assert mails(MailKind.BOOKING_OFFERED) == 1


def where(*answers: Answer) -> list[int]:
    return [booking(answer).slot_id for answer in answers]


def moves() -> int:
    db.session.rollback()
    return db.session.scalar(select(func.count(LogEntry.id)).where(LogEntry.verb == "move_here")) or 0


def test_a_change_made_as_it_is_cancelled_never_leaves_two_places_or_holds_one_for_nobody(app: Flask) -> None:
    first, second = make_departures(1, 1)
    asks, held, behind = book(first, "Amira"), book(second, "Boris"), book(second, "Chen")
    swaps.ask(asks.reference, second.slug)
    at_once(
        app,
        lambda: changes.cancel(held.reference),
        lambda: changes.cancel(asks.reference),
        settling.settle,
        settling.settle,
    )
    settling.settle()
    assert (status(asks), status(behind)) == (BookingStatus.CANCELLED, BookingStatus.OFFERED)
    assert (counters(first), counters(second), broken()) == ((0, 0, 0), (1, 0, 0), [])


def test_a_change_by_hand_and_one_by_wish_at_once_are_one_place_in_the_end(app: Flask) -> None:
    first, second, third = make_departures(1, 1, 1)
    asks, held = book(first, "Amira"), book(second, "Boris")
    swaps.ask(asks.reference, second.slug)
    answers = at_once(
        app,
        lambda: changes.cancel(held.reference),
        lambda: moving.move(asks.reference, third.slug),
        settling.settle,
    )
    settling.settle()
    assert where(asks) == [third.id], answers
    assert ([counters(slot) for slot in (first, second, third)], broken()) == ([(0, 0, 0), (0, 0, 0), (1, 0, 0)], [])


@pytest.mark.database("postgresql")  # on SQLite nobody else writes while a line is run
def test_who_changes_by_hand_while_the_line_is_read_is_not_moved_on_by_the_wish(
    app: Flask, app_clock: AppClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second, third = make_departures(1, 1, 1)
    asks, held = book(first, "Amira"), book(second, "Boris")
    swaps.ask(asks.reference, second.slug)
    app_clock.advance(minutes=1)
    behind = book(second, "Chen")
    seen: list[str] = []

    def change_by_hand() -> None:
        with app.app_context():
            moving.move(asks.reference, third.slug)

    def meanwhile(point: str) -> None:
        seen.append(point)
        if seen == ["wish"]:
            with ThreadPoolExecutor() as elsewhere:
                elsewhere.submit(change_by_hand).result()

    with monkeypatch.context() as patch:
        patch.setattr(serving, "in_critical_section", meanwhile)
        changes.cancel(held.reference)
    settling.settle()

    assert (where(asks), status(behind)) == ([third.id], BookingStatus.OFFERED)
    assert ([counters(slot) for slot in (first, second, third)], broken()) == ([(0, 0, 0), (1, 0, 0), (1, 0, 0)], [])


def test_a_circle_settled_by_many_at_once_is_settled_once(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    slots = make_departures(1, 1, 1)
    parties = [book(slot, f"P{number}") for number, slot in enumerate(slots)]
    with monkeypatch.context() as patch:
        patch.setattr(settling, "settle_circles", lambda: 0)
        for number, party in enumerate(parties):
            swaps.ask(party.reference, slots[(number + 1) % 3].slug)
    settled = at_once(app, *(settling.settle for _ in range(4)))
    assert (sum(settled), moves()) == (1, 3)
    assert where(*parties) == [slots[1].id, slots[2].id, slots[0].id]
    assert (mails(MailKind.BOOKING_MOVED), broken()) == (3, [])


def test_those_who_ask_for_each_others_times_at_once_change_and_nobody_waits_for_ever(app: Flask) -> None:
    slots = make_departures(2, 2, 2)
    parties = [book(slot, f"P{number}-{one}") for number, slot in enumerate(slots) for one in range(2)]
    wanted = [slots[(number // 2 + 1 + number % 2) % 3] for number in range(6)]
    results = at_once(app, *(lambda n=n: swaps.ask(parties[n].reference, wanted[n].slug) for n in range(6)))
    settling.settle()
    assert kinds(results) == {"NoneType": 6}
    assert where(*parties) == [slot.id for slot in wanted]
    assert ([counters(slot) for slot in slots], broken()) == ([(2, 0, 0)] * 3, [])


def test_control_without_the_lock_a_circle_settled_by_two_moves_its_parties_twice(
    app: Flask, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On SQLite the second writer is thrown out instead: what it read can no longer be written upon."""
    first, second = make_departures(1, 1)
    parties = book(first, "Amira"), book(second, "Boris")
    with monkeypatch.context() as patch:
        patch.setattr(settling, "settle_circles", lambda: 0)
        swaps.ask(parties[0].reference, second.slug)
        swaps.ask(parties[1].reference, first.slug)
    with nobody_kept_out(monkeypatch):
        results = at_once(app, settling.settle, settling.settle, settling.settle)
    if database.name == "sqlite":
        assert kinds(results)["DatabaseBusyError"] > 0
    else:
        assert sum(results) > 1
        assert moves() > 2


def test_parties_that_grow_at_once_never_outgrow_the_slot(app: Flask) -> None:
    slot = make_slot(capacity=7)
    answers = [book(slot, name, adults=2) for name in ("Amira", "Boris")]
    results = at_once(app, *(lambda a=a: changes.change_size(a.reference, Party(5)) for a in answers))
    assert kinds(results) == {"NoneType": 1, "NoRoom": 1}
    assert (counters(slot), broken()) == ((7, 0, 0), [])


def test_capacity_lowered_while_people_book_never_oversells(app: Flask) -> None:
    slot = make_slot(capacity=8)
    at_once(
        app,
        lambda: capacity.set_capacity(slot.id, 4, seen=8, by=ORGANISER),
        *(lambda n=n: book(slot, f"P{n}", wait=False) for n in range(12)),
    )
    now = slot_now(slot)
    assert now.held <= now.capacity + now.over_capacity
    assert (now.capacity, broken()) == (4, [])


def test_two_staff_who_set_a_capacity_at_once_do_not_overwrite_each_other(app: Flask) -> None:
    slot = make_slot(capacity=8)
    results = at_once(app, *(lambda n=n: capacity.set_capacity(slot.id, n, seen=8, by=ORGANISER) for n in (10, 12)))
    assert kinds(results) == {"NoneType": 1, "ChangedMeanwhile": 1}


def test_sixty_places_kept_back_and_released_move_the_line_by_sixty(app: Flask) -> None:
    slot = make_slot(capacity=60)
    kept = capacity.keep_back(slot.id, 60, reason="A school", release_at=None, by=ORGANISER)
    line = [book(slot, f"P{n}") for n in range(62)]
    at_once(app, *(lambda: capacity.release_kept_back(kept, by=ORGANISER) for _ in range(3)))
    offered = [answer for answer in line if status(answer) is BookingStatus.OFFERED]
    assert offered == line[:60]
    assert (counters(slot), broken()) == ((60, 0, 2), [])


def test_a_database_that_stays_locked_is_said_to_be_busy_and_stores_nothing(
    app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    slot = make_slot(capacity=1)
    monkeypatch.setattr(ground, "WAIT_SECONDS", 0.2)
    answers: list[Any] = []

    def try_to_book() -> None:
        with app.app_context():
            try:
                answers.append(book(slot, "Amira", key="kept"))
            except DatabaseBusyError as error:
                answers.append(error)
            finally:
                db.session.remove()

    with transaction() as session:
        places.lock(session, slot.id)
        thread = Thread(target=try_to_book)
        thread.start()
        thread.join()
    assert kinds(answers) == {"DatabaseBusyError": 1}
    monkeypatch.undo()
    assert book(slot, "Amira", key="kept").outcome == "confirmed"
