"""Moving to another time: one step that never leaves a party without what it has, on both databases."""

from __future__ import annotations

import time
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from iclei_events import clock
from iclei_events.db import db, transaction
from iclei_events.models import Activity, ActivityKind, BookingStatus, LogEntry, MailKind, OutboxMail, Place, Slot
from iclei_events.services import capacity, changes, delivery, line, log, mail, moving, places, refusals
from iclei_events.services.booking_rows import Party
from iclei_events.services.mail_letters import NoLongerTrueError
from tests.databases import Database
from tests.meetings import Meeting
from tests.scenes import (
    ORGANISER,
    book,
    booking,
    both,
    broken,
    counters,
    mails,
    make_departures,
    make_slot,
    pass_over,
    slot_now,
    status,
)
from tests.services.test_races import PAUSE, at_once, kinds, nobody_kept_out
from tests.times import AppClock

pytestmark = pytest.mark.usefixtures("app_context")


def test_a_party_changes_to_another_time_in_one_step_and_keeps_all_but_the_time() -> None:
    first, second = make_departures(5, 5)
    answer = book(first, "Amira", adults=2, children=1)
    before = booking(answer)
    kept = before.salt, before.size, before.adults, before.children, before.language, before.created_at
    moving.move(answer.reference, second.slug)

    now = booking(answer)
    assert (now.slot_id, now.status, now.sequence) == (second.id, BookingStatus.CONFIRMED, 1)
    assert (now.salt, now.size, now.adults, now.children, now.language, now.created_at) == kept
    assert (counters(first), counters(second), broken()) == ((0, 0, 0), (3, 0, 0), [])


def test_the_old_places_are_offered_to_the_old_line_in_the_same_breath() -> None:
    first, second = make_departures(2, 5)
    answer, waiting = book(first, "Amira", adults=2), book(first, "Boris", adults=2)
    moving.move(answer.reference, second.slug)

    assert status(waiting) is BookingStatus.OFFERED
    assert (counters(first), counters(second)) == ((2, 0, 0), (2, 0, 0))


def test_moving_to_where_one_is_already_is_done_and_says_nothing_twice() -> None:
    first, second = make_departures(5, 5)
    answer = book(first, "Amira")
    for _ in range(3):
        moving.move(answer.reference, second.slug, seen=0)

    assert (booking(answer).sequence, mails(MailKind.BOOKING_MOVED)) == (1, 1)
    assert (counters(first), counters(second)) == ((0, 0, 0), (1, 0, 0))


def test_without_room_for_the_whole_party_it_keeps_what_it_has() -> None:
    first, second = make_departures(5, 3)
    answer, _other = book(first, "Amira", adults=2), book(second, "Boris", adults=2)
    with pytest.raises(refusals.NoRoom) as refused:
        moving.move(answer.reference, second.slug)

    assert refused.value.left == 1
    assert (booking(answer).slot_id, booking(answer).sequence, mails(MailKind.BOOKING_MOVED)) == (first.id, 0, 0)
    assert (counters(first), counters(second)) == ((2, 0, 0), (2, 0, 0))


def test_nobody_moves_past_the_line_of_the_other_time() -> None:
    first, second = make_departures(5, 4)
    answer = book(first, "Amira")
    book(second, "Boris", adults=3)
    head = book(second, "Chen", adults=3)
    pass_over(head, 3)
    with pytest.raises(refusals.NoRoom):
        moving.move(answer.reference, second.slug)

    assert (counters(first), counters(second)) == ((1, 0, 0), (3, 0, 1))


def test_a_party_larger_than_the_other_time_is_told_how_many_it_takes() -> None:
    first, second = make_departures(5, 3)
    answer = book(first, "Amira", adults=4)
    with pytest.raises(refusals.LargerThanSlot) as refused:
        moving.move(answer.reference, second.slug, wait=True)

    assert refused.value.largest == 3


def test_who_has_places_never_stands_in_line_for_others_by_moving() -> None:
    first, second = make_departures(5, 1)
    answer, _other = book(first, "Amira"), book(second, "Boris")
    with pytest.raises(refusals.NoRoom):
        moving.move(answer.reference, second.slug, wait=True)

    assert status(answer) is BookingStatus.CONFIRMED


def test_who_waits_leaves_the_line_for_places_on_another_time() -> None:
    first, second = make_departures(2, 5)
    book(first, "Boris", adults=2)
    answer, next_one = book(first, "Amira", adults=2), book(first, "Chen")
    moving.move(answer.reference, second.slug)

    assert (status(answer), booking(answer).confirmed_at) == (BookingStatus.CONFIRMED, clock.now())
    assert status(next_one) is BookingStatus.WAITING
    assert (counters(first), counters(second), broken()) == ((2, 0, 1), (2, 0, 0), [])


def test_who_waits_may_change_to_the_other_line_and_stands_last_there(app_clock: AppClock) -> None:
    first, second = make_departures(1, 1)
    book(first, "Boris"), book(second, "Chen")
    answer = book(first, "Amira")
    app_clock.advance(minutes=1)
    there = book(second, "Dana")
    app_clock.advance(minutes=1)
    with pytest.raises(refusals.NoRoom):
        moving.move(answer.reference, second.slug)
    moving.move(answer.reference, second.slug, wait=True)

    assert (counters(first), counters(second), broken()) == ((1, 0, 0), (1, 0, 2), [])
    assert [line.place_in_line(db.session(), booking(one)) for one in (there, answer)] == [1, 2]


def test_who_has_an_offer_gives_it_up_for_places_elsewhere_and_the_next_gets_it() -> None:
    first, second = make_departures(1, 5)
    held, answer, next_one = book(first, "Boris"), book(first, "Amira"), book(first, "Chen")
    changes.cancel(held.reference)
    moving.move(answer.reference, second.slug)

    assert (status(answer), booking(answer).offer_until) == (BookingStatus.CONFIRMED, None)
    assert status(next_one) is BookingStatus.OFFERED
    assert (counters(first), counters(second), broken()) == ((1, 0, 0), (1, 0, 0), [])


def test_an_offer_that_has_run_out_moves_nowhere(app_clock: AppClock) -> None:
    first, second = make_departures(1, 5)
    held, answer = book(first, "Boris"), book(first, "Amira")
    changes.cancel(held.reference)
    app_clock.advance(hours=24)
    with pytest.raises(refusals.OfferLapsed):
        moving.move(answer.reference, second.slug)

    assert (counters(first), counters(second)) == ((0, 0, 0), (0, 0, 0))


@pytest.mark.parametrize(
    ("fields", "refusal"),
    [
        ({"closes_at": "past"}, refusals.Closed),
        ({"opens_at": "future"}, refusals.NotOpenYet),
        ({"cancelled_at": "past"}, refusals.SlotCancelled),
        ({"mode": "open"}, refusals.NoBookingNeeded),
        ({"mode": "draw"}, refusals.Refusal),
    ],
)
def test_the_other_time_must_take_bookings(fields: dict[str, str], refusal: type[refusals.Refusal]) -> None:
    first, second = make_departures(5, 5)
    answer = book(first, "Amira")
    moments = {"past": clock.now() - timedelta(minutes=1), "future": clock.now() + timedelta(minutes=1)}
    with transaction() as session:
        values = {name: moments.get(value, value) for name, value in fields.items()}
        session.execute(update(Slot).where(Slot.id == second.id).values(**values))
    with pytest.raises(refusal):
        moving.move(answer.reference, second.slug)

    assert (counters(first), counters(second)) == ((1, 0, 0), (0, 0, 0))


def test_the_rules_of_the_other_activity_hold_for_the_party() -> None:
    first, second = make_departures(5, 5, children_need_adult=False)
    answer = book(first, "Amira", adults=0, children=2)
    with transaction() as session:
        session.get_one(Slot, second.id).activity.children_need_adult = True
    with pytest.raises(refusals.AdultMissing):
        moving.move(answer.reference, second.slug)


def test_nobody_moves_to_another_event_or_to_a_time_that_is_not_there() -> None:
    slot, elsewhere = make_slot(), make_slot()
    answer = book(slot, "Amira")
    for slug in (elsewhere.slug, "no-such-time", ""):
        with pytest.raises(refusals.NotPermitted):
            moving.move(answer.reference, slug)


def test_a_cancelled_booking_moves_nowhere_and_a_changed_one_only_as_its_reader_saw_it() -> None:
    first, second = make_departures(5, 5)
    gone, changed = book(first, "Amira", adults=2), book(first, "Boris", adults=3)
    changes.cancel(gone.reference)
    with pytest.raises(refusals.NotActive):
        moving.move(gone.reference, second.slug)
    changes.change_size(changed.reference, Party(2))
    with pytest.raises(refusals.ChangedMeanwhile):
        moving.move(changed.reference, second.slug, seen=0)
    moving.move(changed.reference, second.slug, seen=1)

    assert (counters(first), counters(second)) == ((0, 0, 0), (2, 0, 0))


def test_once_somebody_has_been_checked_in_or_the_tour_is_over_nobody_moves(app_clock: AppClock) -> None:
    first, second = make_departures(5, 5)
    inside, late = book(first, "Amira"), book(first, "Boris")
    with transaction() as session:
        [place] = booking(inside).places
        session.execute(update(Place).where(Place.id == place.id).values(checked_in_at=clock.now()))
    with pytest.raises(refusals.Closed):
        moving.move(inside.reference, second.slug)
    app_clock.stand_at(slot_now(first).ends_at)
    with pytest.raises(refusals.Closed):
        moving.move(late.reference, second.slug)


def test_a_party_of_a_time_that_was_called_off_moves_with_one_press() -> None:
    first, second = make_departures(5, 5)
    answer = book(first, "Amira", adults=2)
    with transaction() as session:
        session.execute(update(Slot).where(Slot.id == first.id).values(cancelled_at=clock.now()))
    moving.move(answer.reference, second.slug)

    assert (counters(first), counters(second), broken()) == ((0, 0, 0), (2, 0, 0), [])


def test_staff_may_move_a_party_after_booking_has_closed() -> None:
    first, second = make_departures(5, 5)
    answer = book(first, "Amira")
    with transaction() as session:
        session.execute(update(Slot).where(Slot.id == second.id).values(closes_at=clock.now() - timedelta(minutes=1)))
    moving.move(answer.reference, second.slug, by=log.CLI)

    assert booking(answer).slot_id == second.id


def test_a_calendar_takes_the_new_time_over_even_if_the_old_one_had_been_moved_often() -> None:
    first, second = make_departures(5, 5)
    answer = book(first, "Amira")
    with transaction() as session:
        session.execute(update(Slot).where(Slot.id == first.id).values(sequence=4))
    moving.move(answer.reference, second.slug)

    now = booking(answer)
    assert now.sequence + now.slot.sequence > 4


def test_both_logs_tell_where_the_party_went_and_came_from() -> None:
    first, second = make_departures(5, 5)
    answer = book(first, "Amira", adults=2)
    moving.move(answer.reference, second.slug)

    told = db.session.execute(select(LogEntry.slot_id, LogEntry.verb, LogEntry.details).order_by(LogEntry.id)).all()
    assert [tuple(entry) for entry in told][-2:] == [
        (first.id, "move_away", {"to": second.slug, "size": 2}),
        (second.id, "move_here", {"from": first.slug, "size": 2}),
    ]


# What is mailed


def test_one_mail_tells_the_new_time_and_the_one_before_in_the_partys_language() -> None:
    first, second = make_departures(5, 5)
    answer = book(first, "Amira", adults=2)
    moving.move(answer.reference, second.slug)

    [row] = db.session.scalars(select(OutboxMail).where(OutboxMail.kind == MailKind.BOOKING_MOVED))
    message = mail.render(row)
    text = str(message.get_body(("plain",)).get_content())  # type: ignore[union-attr]
    assert message["Subject"] == "Ny tid: 14 maj klockan 12.30 – Tour på svenska"
    assert "Innan: 14 maj klockan 10.30" in text
    assert f"bookings/{answer.reference}?key=" in text
    assert [part.get_content_type() for part in message.walk()].count("text/calendar") == 2


@pytest.mark.parametrize(
    ("kind", "subject", "heading"),
    [
        (ActivityKind.STUDY_TOUR, "En annan tur: 14 maj klockan 12.30 – Annat", "Ni har 2 platser på en annan tur"),
        (ActivityKind.PARTY, "Din bokning är ändrad: 14 maj klockan 12.30 – Annat", "Din bokning gäller nu Annat"),
    ],
)
def test_the_mail_says_that_it_is_another_tour_and_not_only_another_time(
    kind: ActivityKind, subject: str, heading: str
) -> None:
    first, second = make_departures(5, 5)
    with transaction() as session:
        event_id = slot_now(first).activity.event_id
        other = Activity(event_id=event_id, slug="other", kind=kind, title=both("Annat"), summary=both("Annat"))
        session.get_one(Slot, second.id).activity = other
    answer = book(first, "Amira", adults=2)
    moving.move(answer.reference, second.slug)

    [row] = db.session.scalars(select(OutboxMail).where(OutboxMail.kind == MailKind.BOOKING_MOVED))
    message = mail.render(row)
    text = str(message.get_body(("plain",)).get_content())  # type: ignore[union-attr]
    assert message["Subject"].startswith(subject)
    assert heading in text
    assert "annan tid" not in text


def test_two_moves_before_the_mail_is_sent_are_one_mail_about_where_it_led() -> None:
    first, second, third = make_departures(5, 5, 5)
    answer = book(first, "Amira")
    moving.move(answer.reference, second.slug)
    moving.move(answer.reference, third.slug)

    [row] = db.session.scalars(select(OutboxMail).where(OutboxMail.kind == MailKind.BOOKING_MOVED))
    assert mail.render(row)["Subject"] == "Ny tid: 14 maj klockan 14.30 – Tour på svenska"


def test_there_and_back_before_the_mail_is_sent_needs_no_mail() -> None:
    first, second = make_departures(5, 5)
    answer = book(first, "Amira")
    for slug in (second.slug, first.slug):
        moving.move(answer.reference, slug)

    [row] = db.session.scalars(select(OutboxMail).where(OutboxMail.kind == MailKind.BOOKING_MOVED))
    with pytest.raises(NoLongerTrueError):
        mail.render(row)


def test_a_move_after_the_mail_was_taken_by_the_worker_has_a_mail_of_its_own() -> None:
    first, second, third = make_departures(5, 5, 5)
    answer = book(first, "Amira")
    moving.move(answer.reference, second.slug)
    delivery._claim()
    moving.move(answer.reference, third.slug)

    assert mails(MailKind.BOOKING_MOVED) == 2


def test_two_quick_changes_of_size_are_one_mail_about_what_stands() -> None:
    answer = book(make_slot(), "Amira", adults=4)
    changes.change_size(answer.reference, Party(3))
    changes.change_size(answer.reference, Party(2))

    assert mails(MailKind.BOOKING_CHANGED) == 1


# Where a booking could go


def test_the_other_times_of_the_tour_come_first_then_the_residents_other_activities(summit: None) -> None:
    slot = db.session.scalars(select(Slot).where(Slot.slug == "siptex-1230")).one()
    answer = book(slot, "Amira")
    found = [one.slug for one in moving.other_times(booking(answer))]

    assert found[:2] == ["siptex-1030", "siptex-1430"]
    assert {slug.rsplit("-", 1)[0] for slug in found[2:]} == {"vastra-hamnen", "botildenborg", "hyllie", "party"}
    moving.move(answer.reference, "party-1500")
    assert booking(answer).slot.slug == "party-1500"


def test_for_a_session_only_its_own_other_times_are_offered(summit: None) -> None:
    slot = db.session.scalars(select(Slot).where(Slot.slug == "climate-budget-1530")).one()

    assert moving.other_times(booking(book(slot, "Amira"))) == []


# At the same time


@pytest.fixture
def paused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(places, "in_critical_section", lambda _point: time.sleep(PAUSE))


@pytest.mark.race
@pytest.mark.usefixtures("paused")
def test_while_the_last_place_is_taken_a_party_has_the_old_or_the_new_place_and_never_none(app: Flask) -> None:
    first, second = make_departures(5, 1)
    answer = book(first, "Amira")
    results = at_once(
        app,
        lambda: moving.move(answer.reference, second.slug),
        *(lambda n=n: book(second, f"P{n}", wait=False) for n in range(6)),
    )

    moved = booking(answer).slot_id == second.id
    assert kinds(results[1:])["confirmed"] == (0 if moved else 1)
    assert status(answer) is BookingStatus.CONFIRMED
    assert (counters(first), counters(second), broken()) == ((0 if moved else 1, 0, 0), (1, 0, 0), [])


@pytest.mark.race
@pytest.mark.usefixtures("paused")
def test_there_and_back_at_once_blocks_nobody(app: Flask) -> None:
    first, second = make_departures(20, 20)
    there = [book(first, f"A{n}") for n in range(5)]
    back = [book(second, f"B{n}") for n in range(5)]
    results = at_once(
        app,
        *(lambda a=a: moving.move(a.reference, second.slug) for a in there),
        *(lambda a=a: moving.move(a.reference, first.slug) for a in back),
    )

    assert kinds(results) == {"NoneType": 10}
    assert (counters(first), counters(second), broken()) == ((5, 0, 0), (5, 0, 0), [])


@pytest.mark.race
@pytest.mark.database("postgresql")
def test_control_without_the_order_of_locks_there_and_back_block_each_other(
    app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = make_departures(20, 20)
    there, back = book(first, "Amira"), book(second, "Boris")
    orders = iter((sorted, lambda ids: sorted(ids, reverse=True)))
    both_have_one = Meeting(2)

    def locked_in_any_order(session: Session, slot_ids: set[int], **_now: Any) -> dict[int, Slot]:
        order: Any = next(orders, sorted)
        slots = {}
        for slot_id in order(slot_ids):
            slots[slot_id] = places.lock(session, slot_id)
            both_have_one.wait()
        return slots

    monkeypatch.setattr(places, "locked_all", locked_in_any_order)
    results = at_once(
        app, lambda: moving.move(there.reference, second.slug), lambda: moving.move(back.reference, first.slug)
    )

    assert kinds(results)["DatabaseBusyError"] == 1


@pytest.mark.race
@pytest.mark.usefixtures("paused")
def test_moved_while_it_is_cancelled_a_booking_frees_its_places_once_wherever_it_stood(app: Flask) -> None:
    first, second = make_departures(5, 5)
    answer = book(first, "Amira", adults=2)
    others = book(first, "Boris", adults=2), book(second, "Chen", adults=2)
    at_once(
        app,
        lambda: moving.move(answer.reference, second.slug),
        lambda: changes.cancel(answer.reference),
        lambda: changes.cancel(answer.reference),
    )

    assert status(answer) is BookingStatus.CANCELLED
    assert [status(one) for one in others] == [BookingStatus.CONFIRMED] * 2
    assert (counters(first), counters(second), broken()) == ((2, 0, 0), (2, 0, 0), [])


@pytest.mark.race
@pytest.mark.usefixtures("paused")
def test_one_booking_moved_many_times_at_once_has_its_places_on_one_time(app: Flask) -> None:
    first, second, third = make_departures(9, 9, 9)
    answer = book(first, "Amira", adults=2)
    at_once(
        app,
        *(lambda s=s: moving.move(answer.reference, s.slug) for s in (second, third, first, second, third)),
        lambda: changes.change_size(answer.reference, Party(3)),
        lambda: capacity.set_capacity(second.id, 4, seen=9, by=ORGANISER),
    )

    held = [counters(slot)[0] for slot in (first, second, third)]
    assert (sorted(held), broken()) == ([0, 0, 3], [])


@pytest.mark.race
def test_control_without_the_locks_a_moved_booking_is_counted_wrongly(
    app: Flask, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On SQLite the second writer is thrown out instead: what it read can no longer be written upon."""
    first, second = make_departures(9, 9)
    answer = book(first, "Amira", adults=2)
    book(first, "Boris", adults=4)
    with nobody_kept_out(monkeypatch):
        results = at_once(
            app,
            lambda: moving.move(answer.reference, second.slug),
            lambda: changes.cancel(answer.reference),
            lambda: moving.move(answer.reference, second.slug),
        )
    if database.name == "sqlite":
        assert kinds(results)["DatabaseBusyError"] > 0
    else:
        assert broken() != []
