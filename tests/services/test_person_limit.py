"""How many places one person may have on an event's tours and party together, on both databases."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Event
from typing import Any

import pytest
from flask import Flask

from iclei_events.db import db, transaction
from iclei_events.models import ActivityKind, BookingStatus, Slot
from iclei_events.services import bookings, changes, log, moving, person_limit, places, refusals
from iclei_events.services.booking_rows import Contact, Party
from iclei_events.services.bookings import Outcome
from tests.meetings import Meeting
from tests.scenes import book, booking, broken, counters, make_departures, make_slot, slot_now, status
from tests.services.test_races import PAUSE, at_once, kinds, nobody_kept_out

pytestmark = pytest.mark.usefixtures("app_context")


def had(slot: Slot, address: str = "amira@example.org") -> int:
    """How many places the person has at the slot's event."""
    db.session.rollback()
    limit = person_limit.PersonLimit(slot_now(slot).activity.event_id, 10, address)
    return person_limit.places_of(db.session().connection(), limit)


def test_a_persons_places_count_together_over_all_times_of_the_event() -> None:
    first, second = make_departures(9, 9, max_places_per_person=5)
    book(first, "Amira", adults=3)
    with pytest.raises(refusals.TooManyPlaces) as refused:
        book(second, "Amira", adults=3)

    assert refused.value.limit == 5
    assert (counters(second), book(second, "Amira", adults=2).outcome) == ((0, 0, 0), Outcome.CONFIRMED)
    assert book(second, "Boris", adults=3).outcome is Outcome.CONFIRMED


def test_places_that_are_waited_for_count_and_those_given_back_do_not() -> None:
    first, second = make_departures(2, 9, max_places_per_person=4)
    held = book(first, "Amira", adults=2)
    waiting = book(first, "Amira", adults=2)
    assert waiting.outcome is Outcome.WAITING
    with pytest.raises(refusals.TooManyPlaces):
        book(second, "Amira")
    changes.cancel(held.reference)

    assert status(waiting) is BookingStatus.OFFERED
    assert book(second, "Amira", adults=2).outcome is Outcome.CONFIRMED


def test_nobody_joins_the_line_beyond_the_limit() -> None:
    first, second = make_departures(9, 1, max_places_per_person=3)
    book(first, "Amira", adults=3)
    book(second, "Boris")
    with pytest.raises(refusals.TooManyPlaces):
        book(second, "Amira", wait=True)

    assert counters(second) == (1, 0, 0)


def test_where_nothing_can_be_had_the_answer_is_the_same_whoever_has_reached_the_limit() -> None:
    first, full, saved = make_departures(9, 1, 2, max_places_per_person=3)
    for slot, name, adults in ((first, "Amira", 3), (full, "Boris", 1), (saved, "Boris", 1), (saved, "Dana", 2)):
        book(slot, name, adults=adults)
    assert slot_now(saved).free == 1  # and it is saved for who waits
    answers = []
    for slot in (full, saved):
        for name in ("Amira", "Chen"):
            with pytest.raises(refusals.NoRoom) as refused:
                book(slot, name, wait=False)
            answers.append(str(refused.value))

    assert answers[0::2] == answers[1::2]


def test_another_spelling_of_the_address_is_the_same_person() -> None:
    slot = make_slot(capacity=9, max_places_per_person=2)
    book(slot, "Amira", adults=2)
    again = Contact("Amira", "AMIRA@example.org", "amira@example.org")
    with pytest.raises(refusals.TooManyPlaces):
        bookings.book(slot_now(slot), party=Party(1), contact=again, language="sv", key="other", wait=True)


def test_a_party_grows_to_the_limit_and_not_beyond() -> None:
    first, second = make_departures(9, 9, max_places_per_person=5)
    answer, _other = book(first, "Amira", adults=2), book(second, "Amira", adults=2)
    with pytest.raises(refusals.TooManyPlaces):
        changes.change_size(answer.reference, Party(4))
    changes.change_size(answer.reference, Party(3))

    assert (counters(first), counters(second)) == ((3, 0, 0), (2, 0, 0))


def test_who_has_the_most_may_still_move_shrink_and_send_the_form_again() -> None:
    first, second = make_departures(9, 9, max_places_per_person=3)
    answer = book(first, "Amira", adults=3, key="one-form")
    assert book(first, "Amira", adults=3, key="one-form").outcome is Outcome.DUPLICATE
    moving.move(answer.reference, second.slug)
    changes.change_size(answer.reference, Party(2))

    assert (booking(answer).slot_id, booking(answer).size) == (second.id, 2)


def test_staff_may_go_beyond_the_limit() -> None:
    slot = make_slot(capacity=9, max_places_per_person=2)
    book(slot, "Amira", adults=2)
    answer = book(slot, "Amira", adults=2, by=log.CLI)
    changes.change_size(answer.reference, Party(4), by=log.CLI)

    assert counters(slot) == (6, 0, 0)


def test_who_left_a_phone_number_alone_is_known_by_it() -> None:
    first, second = make_departures(9, 9, max_places_per_person=4)
    by_phone = Contact("Amira", "", "", phone="+46 70 123 45 67")
    other = Contact("Boris", "", "", phone="+46 70 765 43 21")
    for nth, (slot, contact) in enumerate(((first, by_phone), (second, by_phone), (second, other))):
        answer = bookings.book(
            slot_now(slot), party=Party(2), contact=contact, language="sv", key=f"phone-{nth}", wait=True, by=log.CLI
        )
        if contact is by_phone:
            with pytest.raises(refusals.TooManyPlaces):
                changes.change_size(answer.reference, Party(5))
    changes.change_size(answer.reference, Party(4))

    assert counters(second) == (6, 0, 0)


def test_sessions_of_the_congress_do_not_count() -> None:
    slot = make_slot(capacity=9, max_places_per_person=2)
    with transaction() as session:
        session.get_one(Slot, slot.id).activity.kind = ActivityKind.SESSION
    book(slot, "Amira", adults=3)

    assert (book(slot, "Amira", adults=3).outcome, had(slot)) == (Outcome.CONFIRMED, 0)


def test_another_event_has_a_limit_of_its_own() -> None:
    book(make_slot(max_places_per_person=2), "Amira", adults=2)

    assert book(make_slot(max_places_per_person=2), "Amira", adults=2).outcome is Outcome.CONFIRMED


# At the same time


@pytest.fixture
def paused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(places, "in_critical_section", lambda _point: time.sleep(PAUSE))


@pytest.mark.race
@pytest.mark.usefixtures("paused")
def test_twenty_forms_of_one_person_at_once_never_go_beyond_the_limit(app: Flask) -> None:
    first, second = make_departures(60, 60, max_places_per_person=10)
    answers = at_once(
        app, *(lambda n=n: book((first, second)[n % 2], "Amira", adults=3, wait=bool(n % 3)) for n in range(20))
    )

    assert kinds(answers) == {"confirmed": 3, "TooManyPlaces": 17}
    assert (had(first), broken()) == (9, [])


@pytest.mark.race
@pytest.mark.usefixtures("paused")
def test_booking_growing_and_standing_in_line_at_once_never_go_beyond_the_limit(app: Flask) -> None:
    first, second, full = make_departures(60, 60, 1, max_places_per_person=9)
    book(full, "Boris")
    own = [book(slot, "Amira", adults=2) for slot in (first, second)]
    answers = at_once(
        app,
        *(lambda a=a: changes.change_size(a.reference, Party(5)) for a in own),
        *(lambda s=s: book(s, "Amira", adults=1) for s in (first, second, full, full, first)),
    )

    assert had(first) <= 9
    assert kinds(answers)["TooManyPlaces"] > 0
    assert not [answer for answer in answers if type(answer).__name__ == "DatabaseBusyError"]
    assert broken() == []


def count_together(monkeypatch: pytest.MonkeyPatch, number: int) -> None:
    """So many count first, and only then does the first of them decide by it."""
    count, together = person_limit.places_of, Meeting(number)

    def counted(*arguments: Any) -> int:
        found = count(*arguments)
        together.wait()
        return found

    monkeypatch.setattr(person_limit, "places_of", counted)


@pytest.mark.race
@pytest.mark.database("postgresql")
def test_control_counted_without_the_persons_lock_the_limit_is_broken(
    app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = make_departures(60, 60, max_places_per_person=4)
    own = [book(slot, "Amira") for slot in (first, second)]
    monkeypatch.setattr(person_limit, "lock", lambda _session, _limit: None)
    count_together(monkeypatch, 2)
    at_once(app, *(lambda a=a: changes.change_size(a.reference, Party(3)) for a in own))

    assert had(first) > 4


@contextmanager
def counting_as(volatility: str) -> Iterator[None]:
    """The database's function under another promise about what it sees."""
    for promised in (volatility, "volatile"):
        with transaction() as session:
            session.execute(db.text(f"alter function places_of_person(integer, text) {promised}"))
        if promised == volatility:
            yield


@pytest.mark.race
@pytest.mark.database("postgresql")
def test_control_with_a_count_of_what_stood_at_the_start_of_the_statement_the_limit_is_broken(
    app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    slot = make_slot(capacity=60, max_places_per_person=4)

    locked = Event()

    def keep_the_slot_until_both_wait() -> None:
        with transaction() as session:
            places.lock(session, slot.id)
            locked.set()
            waiting = db.text("select count(*) from pg_locks where not granted")
            until = time.monotonic() + 3
            while (session.scalar(waiting) or 0) < 2 and time.monotonic() < until:
                time.sleep(PAUSE)

    def book_meanwhile() -> None:
        locked.wait(3)
        book(slot, "Amira", adults=3)

    with counting_as("stable"):
        at_once(app, keep_the_slot_until_both_wait, book_meanwhile, book_meanwhile)

    assert had(slot) == 6


@pytest.mark.race
@pytest.mark.database("sqlite")
def test_control_without_the_one_writer_sqlite_counts_too_early(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    """A second writer is thrown out then: what it read can no longer be written upon."""
    slot = make_slot(capacity=60, max_places_per_person=4)
    with nobody_kept_out(monkeypatch):
        count_together(monkeypatch, 3)
        answers = at_once(app, *(lambda: book(slot, "Amira", adults=3) for _ in range(3)))

    assert kinds(answers)["DatabaseBusyError"] > 0
