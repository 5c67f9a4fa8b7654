"""Tickets, the lot and the line of an opening, as the database keeps them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Final

import pytest
from flask import Flask
from sqlalchemy import func, select, update

from iclei_events import clock
from iclei_events.db import db, transaction
from iclei_events.models import LogEntry, Slot, WaitingRoom
from iclei_events.services import openings, waiting_rooms
from iclei_events.services.admission import Line, Ticket
from iclei_events.services.refusals import NotOpenYet, TooLarge
from tests import scenes
from tests.residents import at_once
from tests.times import AppClock

OPENS_AT: Final = datetime(2022, 5, 2, 10, 0, tzinfo=UTC)
pytestmark = pytest.mark.usefixtures("app_context")


@pytest.fixture
def slot(app_context: None, app_clock: AppClock) -> Slot:
    """A departure whose booking opens at noon; it is ten minutes before."""
    app_clock.stand_at(OPENS_AT - timedelta(minutes=10))
    return scenes.make_slot(opens_at=OPENS_AT)


def line(slot: Slot) -> Line | None:
    """The line of the slot's opening as any worker reads it now."""
    db.session.rollback()
    return next(one.line for one in openings.near(clock.now()) if slot.slug in {each.slug for each in one.slots})


def seen(slot: Slot) -> Line:
    found = line(slot)
    assert found is not None
    return found


def event_id(slot: Slot) -> int:
    activity_event: int = db.session.scalars(
        select(Slot).where(Slot.id == slot.id)
    ).one().activity.event_id  # fmt: skip
    return activity_event


def take(slot: Slot, known: Line | None = None) -> Ticket:
    return waiting_rooms.take_ticket(event_id(slot), OPENS_AT, known if known is not None else line(slot))


def log_of(verb: str) -> list[dict[str, object]]:
    db.session.rollback()
    found = db.session.scalars(select(LogEntry).where(LogEntry.verb == verb))
    return [{name: value for name, value in entry.details.items() if name != "event_id"} for entry in found]


def test_before_the_opening_tickets_are_early_and_after_it_late(slot: Slot, app_clock: AppClock) -> None:
    before = [take(slot), take(slot)]
    app_clock.stand_at(OPENS_AT)
    after = [take(slot), take(slot)]

    assert before == [Ticket(early=True, number=1), Ticket(early=True, number=2)]
    assert after == [Ticket(early=False, number=1), Ticket(early=False, number=2)]
    assert (seen(slot).early, seen(slot).late) == (2, 2)


def test_a_quarter_of_an_hour_before_the_opening_the_room_opens(slot: Slot, app_clock: AppClock) -> None:
    app_clock.stand_at(OPENS_AT - timedelta(minutes=15, seconds=1))

    with pytest.raises(NotOpenYet) as refusal:
        waiting_rooms.take_ticket(event_id(slot), OPENS_AT, None)

    assert refusal.value.opens_at == OPENS_AT - timedelta(minutes=15)
    assert openings.near(clock.now()) == []
    app_clock.advance(seconds=1)
    assert take(slot) == Ticket(early=True, number=1)


def test_the_lot_is_drawn_at_the_opening_and_never_again(slot: Slot, app_clock: AppClock) -> None:
    take(slot)
    assert waiting_rooms.open_due() == 0
    app_clock.stand_at(OPENS_AT)
    drawn = [waiting_rooms.open_due(), waiting_rooms.open_due()]
    seed = seen(slot).seed
    take(slot)

    assert drawn == [1, 0]
    assert seed is not None
    assert len(bytes.fromhex(seed)) == 16
    assert seen(slot).seed == seed
    assert log_of("open_waiting_room") == [{"opens_at": "2022-05-02T10:00:00+00:00", "early": 1}]


def test_once_the_lot_is_drawn_a_clock_that_is_behind_gives_no_early_ticket(slot: Slot, app_clock: AppClock) -> None:
    take(slot)
    known = seen(slot)
    app_clock.stand_at(OPENS_AT)
    waiting_rooms.open_due()
    app_clock.advance(seconds=-1)

    assert take(slot, known) == Ticket(early=False, number=1)
    assert seen(slot).early == 1


def test_two_rooms_draw_different_lots(slot: Slot, app_clock: AppClock) -> None:
    other = scenes.make_slot(opens_at=OPENS_AT)
    take(slot)
    take(other)
    app_clock.stand_at(OPENS_AT)
    waiting_rooms.open_due()

    assert seen(slot).seed != seen(other).seed


def test_two_workers_agree_on_every_place(slot: Slot, app_clock: AppClock) -> None:
    tickets = [take(slot) for _ in range(20)]
    app_clock.stand_at(OPENS_AT)
    waiting_rooms.open_due()
    one, other = seen(slot), seen(slot)

    assert one is not other
    assert [one.place_of(ticket) for ticket in tickets] == [other.place_of(ticket) for ticket in tickets]
    assert sorted(one.place_of(ticket) or 0 for ticket in tickets) == list(range(1, 21))


def test_slots_of_one_event_that_open_together_have_one_line(slot: Slot) -> None:
    with transaction() as session:
        twin = Slot(
            activity_id=slot.activity_id, slug="twin", starts_at=slot.starts_at, ends_at=slot.ends_at, languages=[],
            capacity=7, opens_at=OPENS_AT,
        )  # fmt: skip
        session.add(twin)

    (opening,) = openings.near(clock.now())

    assert {each.slug for each in opening.slots} == {slot.slug, "twin"}
    assert take(slot).number + 1 == take(twin).number


@pytest.mark.parametrize("moment", [-60, 60])
def test_people_who_come_at_the_same_moment_get_a_ticket_each(
    app: Flask, slot: Slot, app_clock: AppClock, moment: int
) -> None:
    app_clock.stand_at(OPENS_AT + timedelta(seconds=moment))
    event = event_id(slot)
    db.session.rollback()

    def come() -> Ticket:
        with app.app_context():
            return waiting_rooms.take_ticket(event, OPENS_AT, None)

    tickets = at_once(*[come] * 8)

    assert sorted(ticket.number for ticket in tickets) == list(range(1, 9))
    assert {ticket.early for ticket in tickets} == {moment < 0}
    assert (seen(slot).early, seen(slot).late) == ((8, 0) if moment < 0 else (0, 8))
    assert db.session.scalar(select(func.count()).select_from(WaitingRoom)) == 1


def test_at_the_opening_a_ticket_is_either_in_the_lot_or_behind_it(app: Flask, slot: Slot, app_clock: AppClock) -> None:
    take(slot)
    known, event = seen(slot), event_id(slot)
    db.session.rollback()
    app_clock.stand_at(OPENS_AT)

    def draw() -> int:
        with app.app_context():
            return waiting_rooms.open_due()

    def come() -> Ticket:
        with app.app_context():
            return waiting_rooms.take_ticket(event, OPENS_AT, known)

    tickets = [found for found in at_once(draw, *[come] * 6, draw) if isinstance(found, Ticket)]
    places = [seen(slot).place_of(ticket) for ticket in [Ticket(early=True, number=1), *tickets]]

    assert sorted(place or 0 for place in places) == list(range(1, 8))


def test_a_paused_line_lets_nobody_in_and_keeps_every_place(slot: Slot, app_clock: AppClock) -> None:
    tickets = [take(slot) for _ in range(100)]
    app_clock.stand_at(OPENS_AT)
    waiting_rooms.open_due()
    event = event_id(slot)
    before = [seen(slot).place_of(ticket) for ticket in tickets]

    app_clock.advance(seconds=1)
    waiting_rooms.pause(event, OPENS_AT, by=scenes.ORGANISER)
    waiting_rooms.pause(event, OPENS_AT, by=scenes.ORGANISER)
    at_pause = seen(slot).let_in_by(clock.now())
    app_clock.advance(minutes=5)

    assert seen(slot).let_in_by(clock.now()) == at_pause == 80
    assert [seen(slot).place_of(ticket) for ticket in tickets] == before
    waiting_rooms.resume(event, OPENS_AT, by=scenes.ORGANISER)
    waiting_rooms.resume(event, OPENS_AT, by=scenes.ORGANISER)
    assert seen(slot).let_in_by(clock.now()) == 80
    app_clock.advance(seconds=0.5)
    assert seen(slot).let_in_by(clock.now()) == 100
    assert len(log_of("pause_waiting_room")) == len(log_of("resume_waiting_room")) == 1


def test_another_rate_takes_nothing_back(slot: Slot, app_clock: AppClock) -> None:
    for _ in range(3):
        take(slot)
    app_clock.stand_at(OPENS_AT)
    waiting_rooms.open_due()
    app_clock.advance(seconds=10)
    before = seen(slot).let_in_by(clock.now())
    waiting_rooms.set_rate(event_id(slot), OPENS_AT, 1, by=scenes.ORGANISER)

    assert seen(slot).let_in_by(clock.now()) == before
    app_clock.advance(seconds=3)
    assert seen(slot).let_in_by(clock.now()) == before + 3
    assert log_of("set_waiting_room_rate") == [{"opens_at": "2022-05-02T10:00:00+00:00", "before": 40, "after": 1}]


@pytest.mark.parametrize("per_second", [0, -1, 1001])
def test_a_rate_that_no_server_can_mean_is_refused(slot: Slot, per_second: int) -> None:
    with pytest.raises(TooLarge):
        waiting_rooms.set_rate(event_id(slot), OPENS_AT, per_second, by=scenes.ORGANISER)

    assert line(slot) is None


def test_no_place_is_lost_when_somebody_who_is_let_in_does_not_come(slot: Slot, app_clock: AppClock) -> None:
    take(slot)
    app_clock.stand_at(OPENS_AT)
    waiting_rooms.open_due()
    take(slot)
    app_clock.advance(minutes=1)

    scenes.book(slot, "Amira", adults=5)

    assert scenes.counters(slot) == (5, 0, 0)
    assert scenes.broken() == []


def test_after_two_hours_a_line_is_over_but_a_paused_one_waits_for_staff(slot: Slot, app_clock: AppClock) -> None:
    take(slot)
    app_clock.stand_at(OPENS_AT + timedelta(hours=2, seconds=1))
    assert openings.near(clock.now()) == []

    waiting_rooms.pause(event_id(slot), OPENS_AT, by=scenes.ORGANISER)

    assert [opening.is_paused() for opening in openings.near(clock.now())] == [True]


def test_quiet_seconds_do_not_let_a_crowd_in(slot: Slot, app_clock: AppClock) -> None:
    app_clock.stand_at(OPENS_AT)
    take(slot)
    app_clock.advance(minutes=1)
    for _ in range(100):
        take(slot)

    assert seen(slot).waiting(clock.now()) == 101 - 1 - 40
    with transaction() as session:
        session.execute(update(WaitingRoom).values(late=WaitingRoom.late + 1))
    assert seen(slot).waiting(clock.now()) == 101 - 40
