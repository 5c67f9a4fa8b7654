"""A change of address confirmed as its owner stops it, on both databases, with its negative control."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Event
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select
from sqlalchemy.orm import Session

from iclei_events import clock
from iclei_events.db import db, transaction
from iclei_events.models import AddressChange, Attendee, Booking, LogEntry
from iclei_events.services import address_changes, attendees, log
from iclei_events.services.bookings import Answer
from iclei_events.services.deciding import Decision
from tests.databases import Database
from tests.scenes import book, booking, broken, mails, make_slot
from tests.services.test_races import PAUSE, at_once, kinds, nobody_kept_out

pytestmark = [pytest.mark.race, pytest.mark.usefixtures("app_context")]

OLD = "amira@example.org"
NEW = "thief@new.example"
OTHER = "amira@new.example"


def asked() -> tuple[Answer, str]:
    """A booking somebody wants another address for, and the salt of that change."""
    answer = book(make_slot(capacity=3), "Amira")
    address_changes.ask(answer.reference, NEW)
    change = address_changes.find(answer.reference)
    assert change is not None
    return answer, change.salt


def address(answer: Answer) -> str | None:
    contact = booking(answer).attendee
    return contact.email if contact is not None else None


def answered() -> list[str]:
    """What became of the change, as the log has it."""
    db.session.rollback()
    verbs = LogEntry.verb.in_(("change_address", "keep_old_address"))
    return list(db.session.scalars(select(LogEntry.verb).where(verbs).order_by(LogEntry.id)))


def held_open(monkeypatch: pytest.MonkeyPatch, name: str) -> Event:
    """Stop for a while within the decision where it calls ``name``; the event tells that it has come there."""
    there, real = Event(), getattr(address_changes, name)

    def pause(*given: Any) -> Any:
        there.set()
        time.sleep(10 * PAUSE)
        return real(*given)

    monkeypatch.setattr(address_changes, name, pause)
    return there


def after(there: Event, act: Callable[[], Any]) -> Callable[[], Any]:
    """Do it as soon as the other is in the midst of its decision."""

    def wait_and_act() -> Any:
        assert there.wait(5)
        return act()

    return wait_and_act


def test_a_change_stopped_while_it_is_confirmed_is_confirmed_alone(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    answer, salt = asked()
    there = held_open(monkeypatch, "_check_person")
    results = at_once(
        app,
        lambda: address_changes.confirm(answer.reference, salt),
        after(there, lambda: address_changes.stop(answer.reference)),
    )
    assert kinds(results) == {"NoneType": 1, "LinkOver": 1}
    assert (address(answer), answered(), broken()) == (NEW, ["change_address"], [])


def test_a_change_confirmed_while_it_is_stopped_is_stopped_alone(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    answer, salt = asked()
    there = held_open(monkeypatch, "end")
    results = at_once(
        app,
        lambda: address_changes.stop(answer.reference),
        after(there, lambda: address_changes.confirm(answer.reference, salt)),
    )
    assert kinds(results) == {"NoneType": 1, "LinkOver": 1}
    assert (address(answer), answered(), broken()) == (OLD, ["keep_old_address"], [])


def unlocked(session: Session, booking: Booking) -> AddressChange | None:
    """The negative control: the change is read, and nobody is kept out."""
    return session.get(AddressChange, booking.id, populate_existing=True)


def test_control_without_the_lock_a_change_that_was_stopped_is_made_all_the_same(
    app: Flask, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On SQLite the second writer is thrown out instead: what it read can no longer be written upon."""
    answer, salt = asked()
    there = held_open(monkeypatch, "_check_person")
    with nobody_kept_out(monkeypatch), monkeypatch.context() as patch:
        patch.setattr(address_changes, "_locked", unlocked)
        results = at_once(
            app,
            lambda: address_changes.confirm(answer.reference, salt),
            after(there, lambda: address_changes.stop(answer.reference)),
        )
    if database.name == "sqlite":
        assert kinds(results)["DatabaseBusyError"] > 0
    else:
        assert (address(answer), answered()) == (NEW, ["keep_old_address", "change_address"])


def test_one_address_asked_for_many_times_at_once_gets_one_mail(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    answer, _salt = asked()
    held_open(monkeypatch, "_check_rate")
    results = at_once(app, *[lambda: address_changes.ask(answer.reference, OTHER)] * 6)
    assert kinds(results) == {"NoneType": 6}
    assert (mails("address_confirm"), mails("address_notice"), broken()) == (2, 2, [])


@contextmanager
def held_by_nobody(reference: str, by: log.Actor) -> Iterator[tuple[Decision, Booking, Attendee]]:
    """The negative control: the booking is read, and its row is not locked."""
    with transaction() as session:
        found = session.scalars(select(Booking).where(Booking.reference == reference)).one()
        assert found.attendee is not None
        yield Decision(session, clock.now(), by), found, found.attendee


def test_control_without_the_lock_each_who_asks_at_once_causes_a_mail(
    app: Flask, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On SQLite the second writer is thrown out instead: what it read can no longer be written upon."""
    answer, _salt = asked()
    held_open(monkeypatch, "_check_rate")
    with nobody_kept_out(monkeypatch), monkeypatch.context() as patch:
        patch.setattr(attendees, "held", held_by_nobody)
        results = at_once(app, *[lambda: address_changes.ask(answer.reference, OTHER)] * 3)
    if database.name == "sqlite":
        assert kinds(results)["DatabaseBusyError"] > 0
    else:
        assert mails("address_confirm") > 2
