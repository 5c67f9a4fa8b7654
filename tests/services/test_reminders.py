"""Reminders: two days and two hours before, each once, right over the change of the clocks, and never a lie."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from threading import Barrier, get_ident
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from iclei_events import clock
from iclei_events.db import db, transaction
from iclei_events.models import Booking, MailKind, OutboxMail, Slot
from iclei_events.services import calling_off, capacity, changes, delivery, log, reminders, rescheduling
from iclei_events.services.outbox import new_message_id
from iclei_events.services.rescheduling import WhenAndWhere
from tests import letters, queries, scenes
from tests.post_office import PostOffice
from tests.residents import at_once
from tests.staffing import logged
from tests.times import AppClock

pytestmark = pytest.mark.usefixtures("app_context")

DAYS, HOURS = MailKind.REMINDER_DAYS, MailKind.REMINDER_HOURS
STARTS = scenes.STARTS_AT  # Saturday 14 May 2022, 10:30 in Malmö


def promised(kind: MailKind) -> int:
    return scenes.mails(kind.value)


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)


def starting(text: str) -> dict[str, datetime]:
    return {"starts_at": utc(text), "ends_at": utc(text) + timedelta(hours=1)}


def test_two_days_and_two_hours_before_each_party_with_places_gets_one_mail(app_clock: AppClock) -> None:
    slot = scenes.make_slot(capacity=3)
    for name in ("Amira", "Boris", "Ciro"):
        scenes.book(slot, name)

    seen = []
    for moment in ("2022-05-12T10:29:59", "2022-05-12T10:30:00", "2022-05-14T08:29:59", "2022-05-14T08:30:00"):
        app_clock.stand_at(f"{moment}+02:00")
        reminders.promise_due()
        seen.append((promised(DAYS), promised(HOURS)))

    assert seen == [(0, 0), (3, 0), (3, 0), (3, 3)]


def test_however_often_the_job_runs_each_reminder_is_one_mail(app_clock: AppClock) -> None:
    scenes.book(scenes.make_slot(), "Amira")
    app_clock.stand_at(STARTS - timedelta(days=2))

    runs = [reminders.promise_due() for _ in range(3)]
    app_clock.stand_at(STARTS - timedelta(days=1, minutes=1))
    runs.append(reminders.promise_due())

    assert runs == [1, 0, 0, 0]
    assert promised(DAYS) == 1


# D10
@pytest.mark.parametrize(
    ("starts", "due"),
    [
        ("2022-03-27T10:00+02:00", "2022-03-25T10:00+01:00"),  # clocks go forward in between
        ("2022-03-29T02:30+02:00", "2022-03-27T03:30+02:00"),  # 02:30 is left out two days before
        ("2022-10-30T10:00+01:00", "2022-10-28T10:00+02:00"),  # clocks go back in between
        ("2022-11-01T02:30+01:00", "2022-10-30T02:30+02:00"),  # 02:30 comes twice two days before: the first
        ("2022-05-14T09:00+02:00", "2022-05-12T09:00+02:00"),
    ],
)
def test_two_days_before_is_the_same_time_on_the_clock(starts: str, due: str, app_clock: AppClock) -> None:
    app_clock.stand_at(utc(due) - timedelta(days=5))
    scenes.book(scenes.make_slot(**starting(starts)), "Amira")

    app_clock.stand_at(utc(due) - timedelta(seconds=1))
    reminders.promise_due()
    before = promised(DAYS)
    for minutes in range(0, 181, 30):
        app_clock.stand_at(utc(due) + timedelta(minutes=minutes))
        reminders.promise_due()

    assert (before, promised(DAYS)) == (0, 1)


# D10
@pytest.mark.parametrize("starts", ["2022-10-30T03:30+01:00", "2022-03-27T04:00+02:00", "2022-10-30T02:30+01:00"])
def test_two_hours_before_are_hours_as_they_pass(starts: str, app_clock: AppClock) -> None:
    app_clock.stand_at(utc(starts) - timedelta(days=5))
    scenes.book(scenes.make_slot(**starting(starts)), "Amira")

    seen = []
    for seconds in (7201, 7200, 3600, 60):
        app_clock.stand_at(utc(starts) - timedelta(seconds=seconds))
        reminders.promise_due()
        seen.append(promised(HOURS))

    assert seen == [0, 1, 1, 1]


def test_who_booked_after_the_moment_of_the_reminder_gets_none(app_clock: AppClock) -> None:
    slot = scenes.make_slot(capacity=2)
    app_clock.stand_at(STARTS - timedelta(days=2) + timedelta(seconds=1))
    scenes.book(slot, "Late")
    app_clock.stand_at(STARTS - timedelta(days=1, hours=12))

    assert reminders.promise_due() == 0

    app_clock.stand_at(STARTS - timedelta(hours=2))
    assert reminders.promise_due() == 1
    assert (promised(DAYS), promised(HOURS)) == (0, 1)


def test_who_got_a_place_from_the_line_after_that_moment_gets_none(app_clock: AppClock) -> None:
    slot = scenes.make_slot(capacity=1)
    first, second = scenes.book(slot, "First"), scenes.book(slot, "Second")
    app_clock.stand_at(STARTS - timedelta(days=2) + timedelta(minutes=1))
    changes.cancel(first.reference)
    changes.accept_offer(second.reference)

    assert reminders.promise_due() == 0


def test_who_waits_or_has_an_offer_or_left_no_address_gets_none(app_clock: AppClock) -> None:
    slot = scenes.make_slot(capacity=2)
    first = scenes.book(slot, "First")
    scenes.book(slot, "Second")
    scenes.book(slot, "Third")
    scenes.book(slot, "Fourth")
    app_clock.stand_at(STARTS - timedelta(days=2, hours=1))
    changes.cancel(first.reference)
    with transaction() as session:
        second = session.scalars(select(Booking).where(Booking.status == "confirmed")).one()
        assert second.attendee is not None
        second.attendee.email = ""
    app_clock.stand_at(STARTS - timedelta(days=2))

    assert reminders.promise_due() == 0


@pytest.mark.parametrize("late", [timedelta(hours=24), timedelta(hours=40)])
def test_a_worker_that_was_away_sends_no_reminder_that_comes_too_late(late: timedelta, app_clock: AppClock) -> None:
    scenes.book(scenes.make_slot(), "Amira")
    app_clock.stand_at(STARTS - timedelta(days=2) + late)

    assert reminders.promise_due() == 0


def test_none_comes_within_the_last_half_hour_or_after_the_start(app_clock: AppClock) -> None:
    scenes.book(scenes.make_slot(), "Amira")

    promised_at = []
    for minutes in (-30, 0, 10):
        app_clock.stand_at(STARTS + timedelta(minutes=minutes))
        promised_at.append(reminders.promise_due())

    assert promised_at == [0, 0, 0]


def test_a_slot_that_was_called_off_is_not_reminded_of(app_clock: AppClock) -> None:
    slot = scenes.make_slot()
    scenes.book(slot, "Amira")
    calling_off.call_off(slot.id, seen=0, by=log.CLI)
    app_clock.stand_at(STARTS - timedelta(days=2))

    assert reminders.promise_due() == 0


def move(slot: Slot, by: timedelta) -> None:
    now = scenes.slot_now(slot)
    to = replace(WhenAndWhere.of(now), starts_at=now.starts_at + by, ends_at=now.ends_at + by)
    rescheduling.move_slot(slot.id, to, seen=now.sequence, by=log.CLI)


def test_a_slot_that_has_moved_is_reminded_of_at_its_new_time(app_clock: AppClock) -> None:
    slot = scenes.make_slot()
    scenes.book(slot, "Amira")
    app_clock.stand_at(STARTS - timedelta(days=2))
    reminders.promise_due()
    move(slot, timedelta(days=3))

    app_clock.stand_at(STARTS - timedelta(hours=2))
    at_the_old_time = reminders.promise_due()
    app_clock.stand_at(STARTS + timedelta(days=1))
    at_the_new_time = reminders.promise_due()

    assert (at_the_old_time, at_the_new_time, promised(DAYS)) == (0, 1, 2)


def test_who_has_just_been_told_that_it_moved_needs_no_reminder_as_well(app_clock: AppClock) -> None:
    slot = scenes.make_slot()
    scenes.book(slot, "Amira")
    app_clock.stand_at(STARTS - timedelta(days=3))
    move(slot, timedelta(days=-1, hours=-3))

    assert reminders.promise_due() == 0


def test_a_reminder_promised_before_a_move_is_not_sent_for_the_old_time(
    app: Flask, app_clock: AppClock, post_office: PostOffice
) -> None:
    slot = scenes.make_slot()
    scenes.book(slot, "Amira")
    delivery.deliver_due(app.config["MAIL_URL"])
    app_clock.stand_at(STARTS - timedelta(days=2))
    reminders.promise_due()
    move(slot, timedelta(days=5))

    delivery.deliver_due(app.config["MAIL_URL"])

    assert [mail["Subject"].split()[0] for mail in post_office.mails] == ["Du"]
    assert letters.newest(DAYS).last_error == "not sent: the booking is confirmed"


def test_a_reminder_that_could_not_be_sent_in_time_is_not_sent(
    app: Flask, app_clock: AppClock, post_office: PostOffice
) -> None:
    scenes.book(scenes.make_slot(), "Amira")
    delivery.deliver_due(app.config["MAIL_URL"])
    app_clock.stand_at(STARTS - timedelta(hours=2))
    reminders.promise_due()
    app_clock.stand_at(STARTS - timedelta(minutes=5))

    delivery.deliver_due(app.config["MAIL_URL"])

    assert len(post_office.mails) == 1


def test_a_party_given_up_after_the_promise_gets_no_reminder(
    app: Flask, app_clock: AppClock, post_office: PostOffice
) -> None:
    answer = scenes.book(scenes.make_slot(), "Amira")
    delivery.deliver_due(app.config["MAIL_URL"])
    app_clock.stand_at(STARTS - timedelta(days=2))
    reminders.promise_due()
    changes.cancel(answer.reference)

    delivery.deliver_due(app.config["MAIL_URL"])

    assert [str(mail["Subject"]).split(":")[0] for mail in post_office.mails[1:]] == ["Avbokat"]


@pytest.mark.database("sqlite")
def test_a_reminder_says_when_where_how_to_get_there_and_who(app_clock: AppClock) -> None:
    message = letters.written(letters.promise(DAYS))

    text = letters.text_of(message)
    assert message["Subject"] == "Påminnelse: 14 maj klockan 10.30 – Tour på svenska"
    assert text.splitlines()[0] == "Vi ses lördag 14 maj"
    assert "Vilka: 2 vuxna och 1 barn" in text
    assert "Lämna tillbaka en plats" in text
    assert letters.calendars_of(message) == []


def test_many_parties_are_reminded_in_small_batches(app_clock: AppClock) -> None:
    slot = scenes.make_slot(capacity=7)
    for number in range(7):
        scenes.book(slot, f"Party{number}")
    app_clock.stand_at(STARTS - timedelta(days=2))

    assert reminders.promise_due(batch=3) == 7
    assert [entry.details for entry in logged("reminder_days")] == [{"mails": 3}, {"mails": 3}, {"mails": 1}]


def test_a_job_killed_between_batches_goes_on_where_it_stopped(
    app_clock: AppClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    slot = scenes.make_slot(capacity=4)
    for number in range(4):
        scenes.book(slot, f"Party{number}")
    app_clock.stand_at(STARTS - timedelta(days=2))
    promise, calls = reminders._promise, []

    def die(*args: Any) -> int:
        calls.append(1)
        if len(calls) == 2:
            raise KeyboardInterrupt
        return promise(*args)

    monkeypatch.setattr(reminders, "_promise", die)
    with pytest.raises(KeyboardInterrupt):
        reminders.promise_due(batch=2)
    monkeypatch.setattr(reminders, "_promise", promise)
    reminders.promise_due(batch=2)

    assert promised(DAYS) == 4
    assert len(set(db.session.scalars(select(OutboxMail.booking_id).where(OutboxMail.kind == DAYS)))) == 4


def both_workers(app: Flask, monkeypatch: pytest.MonkeyPatch, *, with_key: bool) -> None:
    """Two workers have both seen that the reminder is due before either promises it."""
    scenes.book(scenes.make_slot(), "Amira")
    clock.freeze(STARTS - timedelta(days=2))
    both, due = Barrier(2), reminders._due
    looked: Counter[int] = Counter()

    def look(*args: Any) -> list[Any]:
        looked[get_ident()] += 1
        if looked[get_ident()] > 1:
            return []
        found = due(*args)
        db.session.rollback()
        both.wait(10)
        return found if with_key else [one._replace(once_key=new_message_id()) for one in found]

    monkeypatch.setattr(reminders, "_due", look)

    def work() -> int:
        with app.app_context():
            return reminders.promise_due()

    assert all(isinstance(answer, int) for answer in at_once(work, work))


@pytest.mark.race
def test_two_workers_at_once_promise_each_reminder_once(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    both_workers(app, monkeypatch, with_key=True)

    assert promised(DAYS) == 1


@pytest.mark.race
def test_without_its_key_two_workers_would_promise_it_twice(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    both_workers(app, monkeypatch, with_key=False)

    assert promised(DAYS) == 2


def test_the_cost_does_not_grow_with_the_number_of_parties(app: Flask, app_clock: AppClock) -> None:
    slot = scenes.make_slot(capacity=30)
    for number in range(30):
        scenes.book(slot, f"Party{number}")
    app_clock.stand_at(STARTS - timedelta(days=2))
    reminders.promise_due()

    with queries.noted(app) as statements:
        reminders.promise_due()

    assert len(statements) <= 3


def test_offers_of_the_last_day_are_no_reminders(app_clock: AppClock) -> None:
    slot = scenes.make_slot(capacity=1)
    scenes.book(slot, "First")
    scenes.book(slot, "Second")
    capacity.set_capacity(slot.id, 2, seen=1, by=log.CLI)
    app_clock.stand_at(STARTS - timedelta(days=2))

    reminders.promise_due()

    recipients = db.session.scalars(select(OutboxMail.recipient).where(OutboxMail.kind == DAYS)).all()
    assert recipients == ["first@example.org"]
