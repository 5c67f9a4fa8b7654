"""Access needs: what is promised with the places, what comes free, what staff answer; on both databases."""

from __future__ import annotations

from datetime import timedelta

import pytest
from flask import Flask

from iclei_events import clock
from iclei_events.db import db
from iclei_events.models import AidKind, BookingStatus, LogEntry, MailKind, NeedState
from iclei_events.services import (
    asking,
    bookings,
    calling_off,
    capacity,
    changes,
    log,
    moving,
    need_answers,
    privacy,
    refusals,
    slots,
    swaps,
)
from iclei_events.services.booking_rows import Party
from iclei_events.services.bookings import Answer
from tests import aids, draws, scenes
from tests.aids import COMPANION, INTERPRETER, LOOP, OTHER, WHEELCHAIR, book, counted, give, state, states
from tests.databases import Database
from tests.queries import noted
from tests.scenes import ORGANISER, broken, counters, mails, make_departures, make_slot, status
from tests.staffing import logged
from tests.times import AppClock

pytestmark = pytest.mark.usefixtures("app_context")


def test_what_is_free_is_promised_with_the_places() -> None:
    slot = give(make_slot())
    assert (state(book(slot, "Amira")), counted(slot), mails()) == ("promised", (1, 1, 0), 1)
    assert broken() == []


def test_what_is_not_free_is_asked_for_and_the_places_are_held_all_the_same() -> None:
    slot = give(make_slot())
    book(slot, "Amira")
    late = book(slot, "Boris")
    assert (status(late), state(late), counted(slot)) == (BookingStatus.CONFIRMED, "asked", (1, 1, 0))


def test_what_the_slot_has_not_thought_of_is_asked_for() -> None:
    assert state(book(make_slot(), "Amira")) == "asked"
    assert broken() == []


def test_what_comes_free_goes_to_who_asked_first_and_is_told_once(app_clock: AppClock) -> None:
    slot = give(make_slot())
    first = book(slot, "Amira")
    app_clock.advance(hours=1)
    second, third = book(slot, "Boris"), book(slot, "Chen")
    changes.cancel(first.reference)
    assert [state(answer) for answer in (first, second, third)] == ["asked", "promised", "asked"]
    assert mails(MailKind.NEEDS_ANSWERED) == 1
    assert broken() == []


def test_what_is_too_little_for_the_first_goes_to_the_next_it_is_enough_for() -> None:
    slot = give(make_slot(), capacity=2)
    first = book(slot, "Amira")
    book(slot, "Boris")
    two, one = book(slot, "Chen", (WHEELCHAIR, 2), adults=2), book(slot, "Dana")
    changes.cancel(first.reference)
    assert (state(two), state(one)) == ("asked", "promised")


def test_who_waits_only_asks_and_is_promised_it_with_the_places() -> None:
    slot = give(make_slot(capacity=1))
    holds = scenes.book(slot, "Amira")
    waits = book(slot, "Boris")
    assert (status(waits), state(waits), counted(slot)) == (BookingStatus.WAITING, "asked", (1, 0, 0))
    changes.cancel(holds.reference)
    assert (status(waits), state(waits), counted(slot)) == (BookingStatus.OFFERED, "promised", (1, 1, 0))
    assert broken() == []


def test_an_offer_that_runs_out_gives_back_what_was_promised(app_clock: AppClock) -> None:
    slot = give(make_slot(capacity=1))
    first, second, third = scenes.book(slot, "Amira"), book(slot, "Boris"), book(slot, "Chen")
    changes.cancel(first.reference)
    app_clock.advance(hours=25)
    capacity.tend_slots()
    assert [status(answer) for answer in (second, third)] == [BookingStatus.LAPSED, BookingStatus.OFFERED]
    assert [state(answer) for answer in (second, third)] == ["asked", "promised"]
    assert (counted(slot), broken()) == ((1, 1, 0), [])


def test_a_party_that_becomes_smaller_keeps_no_more_than_it_has_people() -> None:
    slot = give(make_slot(), capacity=2)
    pair, other = book(slot, "Amira", (WHEELCHAIR, 2), adults=2), book(slot, "Boris")
    assert state(other) == "asked"
    changes.change_size(pair.reference, Party(1))
    assert ([need.count for need in aids.needs(pair)], state(pair), state(other)) == ([1], "promised", "promised")
    assert broken() == []


def test_a_part_of_a_party_is_promised_no_more_than_it_has_people() -> None:
    slot = give(make_slot(capacity=2), capacity=2)
    first, other = scenes.book(slot, "Amira"), scenes.book(slot, "Boris")
    waits = book(slot, "Chen", (WHEELCHAIR, 2), adults=2)
    changes.cancel(first.reference)
    assert status(waits) is BookingStatus.WAITING
    changes.cancel(other.reference)
    changes.accept_offer(waits.reference, party=Party(1))
    assert ([need.count for need in aids.needs(waits)], counted(slot), broken()) == ([1], (2, 1, 0), [])


def test_needs_go_along_to_another_time_and_are_claimed_there() -> None:
    old, new = make_departures(5, 5)
    give(old), give(new)
    amira, boris = book(old, "Amira", words="Ledarhund"), book(old, "Boris")
    moving.move(amira.reference, new.slug)
    assert states(amira) == {"wheelchair": "promised", "other": "asked"}
    assert (state(boris), counted(old), counted(new), broken()) == ("promised", (1, 1, 0), (1, 1, 0), [])


def test_needs_that_the_other_time_cannot_give_are_asked_for_there_and_never_lost() -> None:
    old, new = make_departures(5, 5)
    amira = book(give(old), "Amira")
    moving.move(amira.reference, new.slug)
    assert (state(amira), counted(old), broken()) == ("asked", (1, 0, 0), [])


def test_who_was_told_that_the_other_time_has_it_is_not_moved_without_it() -> None:
    old, new = make_departures(5, 5)
    amira = book(give(old), "Amira")
    with pytest.raises(refusals.NeedsUnmet):
        moving.move(amira.reference, new.slug, keep_promises=True)
    assert (scenes.booking(amira).slot_id, state(amira), counted(old)) == (old.id, "promised", (1, 1, 0))


def test_a_wish_never_moves_a_party_to_where_its_promise_cannot_be_kept(app_clock: AppClock) -> None:
    old, new = make_departures(5, 1)
    amira, holds = book(give(old), "Amira"), scenes.book(new, "Boris")
    swaps.ask(amira.reference, new.slug)
    app_clock.advance(hours=1)
    behind = scenes.book(new, "Chen")
    changes.cancel(holds.reference)
    assert (scenes.booking(amira).slot_id, state(amira)) == (old.id, "promised")
    assert (status(behind), counters(new), mails(MailKind.NEEDS_KEPT)) == (BookingStatus.OFFERED, (1, 0, 0), 1)
    assert broken() == []


def test_a_wish_moves_a_party_to_where_its_promise_can_be_kept() -> None:
    old, new = make_departures(5, 1)
    give(old), give(new)
    amira, holds, asks = book(old, "Amira"), scenes.book(new, "Boris"), book(old, "Chen")
    swaps.ask(amira.reference, new.slug)
    changes.cancel(holds.reference)
    assert (scenes.booking(amira).slot_id, state(amira), state(asks)) == (new.id, "promised", "promised")
    assert (counted(old), counted(new), broken()) == ((1, 1, 0), (1, 1, 0), [])


def test_a_circle_takes_no_promise_from_anybody() -> None:
    first, second = make_departures(1, 1)
    amira, boris = book(give(first), "Amira"), scenes.book(second, "Boris")
    swaps.ask(amira.reference, second.slug)
    swaps.ask(boris.reference, first.slug)
    assert [scenes.booking(answer).slot_id for answer in (amira, boris)] == [first.id, second.id]
    give(second)
    swaps.withdraw(boris.reference, first.slug)
    swaps.ask(boris.reference, first.slug)
    assert [scenes.booking(answer).slot_id for answer in (amira, boris)] == [second.id, first.id]
    assert (state(amira), counted(first), counted(second), broken()) == ("promised", (1, 0, 0), (1, 1, 0), [])


def test_a_companion_takes_no_place_and_is_bounded() -> None:
    slot = give(make_slot(capacity=2), COMPANION, 1)
    amira, boris = book(slot, "Amira", (COMPANION, 1)), book(slot, "Boris", (COMPANION, 1))
    assert (counters(slot), state(amira, COMPANION), state(boris, COMPANION)) == ((2, 0, 0), "promised", "asked")
    assert (scenes.booking(amira).companions, scenes.booking(boris).companions) == (1, 0)


def test_one_interpreter_is_enough_for_everybody() -> None:
    slot = give(make_slot(), INTERPRETER, None)
    first, second = (book(slot, name, (INTERPRETER, 1)) for name in ("Amira", "Boris"))
    assert [state(answer, INTERPRETER) for answer in (first, second)] == ["asked", "asked"]
    need_answers.promise(first.reference, INTERPRETER, by=ORGANISER)
    third = book(slot, "Chen", (INTERPRETER, 1))
    assert [state(answer, INTERPRETER) for answer in (first, second, third)] == ["promised"] * 3
    assert (counted(slot, INTERPRETER), broken()) == ((None, 3, 0), [])


def test_an_interpreter_who_comes_anyway_is_promised_at_once() -> None:
    slot = give(make_slot(), INTERPRETER, 1)
    assert [state(book(slot, name, (INTERPRETER, 1)), INTERPRETER) for name in ("Amira", "Boris")] == ["promised"] * 2
    assert broken() == []


def test_what_is_on_request_waits_for_the_staff_who_promise_arrange_and_tell_it_once_each() -> None:
    slot = give(make_slot(), LOOP, None)
    amira = book(slot, "Amira", (LOOP, 1))
    seen = [state(amira, LOOP)]
    for verb in (need_answers.promise, need_answers.promise, need_answers.arrange, need_answers.arrange):
        verb(amira.reference, LOOP, by=ORGANISER)
        seen.append(state(amira, LOOP))
    assert seen == ["asked", "promised", "promised", "arranged", "arranged"]
    # One mail that still waits is enough: it tells what stands when it is sent.
    assert (mails(MailKind.NEEDS_ANSWERED), broken()) == (1, [])


def test_staff_say_no_in_their_own_words_and_what_was_promised_goes_on() -> None:
    slot = give(make_slot())
    amira, boris = book(slot, "Amira"), book(slot, "Boris")
    need_answers.decline(amira.reference, WHEELCHAIR, "Bussens ramp är trasig.", by=ORGANISER)
    assert [(need.state, need.answer) for need in aids.needs(amira)] == [
        (NeedState.DECLINED, "Bussens ramp är trasig.")
    ]
    assert (state(boris), broken()) == ("promised", [])


def test_staff_promise_no_more_than_there_is() -> None:
    slot = give(make_slot())
    book(slot, "Amira")
    boris = book(slot, "Boris")
    with pytest.raises(refusals.NoAidLeft):
        need_answers.promise(boris.reference, WHEELCHAIR, by=ORGANISER)
    assert (state(boris), counted(slot)) == ("asked", (1, 1, 0))


def test_staff_promise_nothing_to_who_has_no_places_and_arrange_only_what_is_promised() -> None:
    slot = give(make_slot(capacity=1), capacity=0)
    holds, waits = book(slot, "Amira"), book(slot, "Boris")
    with pytest.raises(refusals.HoldsNoPlaces):
        need_answers.promise(waits.reference, WHEELCHAIR, by=ORGANISER)
    with pytest.raises(refusals.ChangedMeanwhile):
        need_answers.arrange(holds.reference, WHEELCHAIR, by=ORGANISER)


def test_fewer_than_are_promised_takes_nothing_from_anybody_and_more_go_to_who_asks() -> None:
    slot = give(make_slot(), capacity=2)
    held, asks = [book(slot, name) for name in ("Amira", "Boris")], book(slot, "Chen")
    assert (need_answers.plan(slot, WHEELCHAIR, 1).over, need_answers.plan(slot, WHEELCHAIR, 3).promised) == (1, 1)
    need_answers.set_aid(slot.id, WHEELCHAIR, 1, seen=2, by=ORGANISER)
    assert ([state(answer) for answer in held], counted(slot)) == (["promised"] * 2, (1, 2, 1))
    changes.cancel(held[0].reference)
    assert (state(asks), counted(slot)) == ("asked", (1, 1, 0))
    need_answers.set_aid(slot.id, WHEELCHAIR, 2, seen=1, by=ORGANISER)
    assert (state(asks), counted(slot), broken()) == ("promised", (2, 2, 0), [])


def test_two_staff_do_not_overwrite_each_others_number() -> None:
    slot = give(make_slot(), capacity=2)
    with pytest.raises(refusals.ChangedMeanwhile):
        need_answers.set_aid(slot.id, WHEELCHAIR, 5, seen=1, by=ORGANISER)
    assert counted(slot) == (2, 0, 0)


def test_a_party_asks_for_something_else_and_keeps_what_stays() -> None:
    slot = give(give(make_slot(), capacity=2), LOOP, 1)
    amira, boris = book(slot, "Amira", (WHEELCHAIR, 1), (LOOP, 1), adults=2), book(slot, "Boris", (LOOP, 1))
    asking.ask(amira.reference, "Ledarhund", [(WHEELCHAIR, 2)])
    assert states(amira) == {"wheelchair": "promised", "other": "asked"}
    assert (state(boris, LOOP), counted(slot), broken()) == ("promised", (2, 2, 0), [])


def test_asking_for_the_same_once_more_changes_nothing() -> None:
    slot = give(make_slot())
    amira = book(slot, "Amira", words="Ledarhund")
    need_answers.promise(amira.reference, OTHER, by=ORGANISER)
    asking.ask(amira.reference, "Ledarhund", [(WHEELCHAIR, 1)])
    assert (states(amira), mails()) == ({"wheelchair": "promised", "other": "promised"}, 2)


def test_who_asks_for_more_than_there_is_keeps_what_is_promised() -> None:
    slot = give(make_slot())
    amira = book(slot, "Amira", adults=2)
    with pytest.raises(refusals.NoAidLeft):
        asking.ask(amira.reference, None, [(WHEELCHAIR, 2)])
    assert ([need.count for need in aids.needs(amira)], state(amira), counted(slot)) == ([1], "promised", (1, 1, 0))


def test_other_words_are_asked_anew_and_none_are_forgotten() -> None:
    amira = book(make_slot(), "Amira", words="Ledarhund")
    need_answers.decline(amira.reference, OTHER, "Inga hundar i hallen.", by=ORGANISER)
    asking.ask(amira.reference, "Rullator", [])
    assert states(amira) == {"other": "asked"}
    asking.ask(amira.reference, None, [])
    assert states(amira) == {}


def answered(answer: Answer) -> list[tuple[int, NeedState, str | None]]:
    return [(need.count, need.state, need.answer) for need in aids.needs(answer) if need.kind is WHEELCHAIR]


@pytest.mark.parametrize(("words", "more"), [(None, []), ("Ledarhund", []), (None, [(LOOP, 1)])])
def test_what_staff_said_no_to_stays_so_whatever_else_is_asked_for(
    words: str | None, more: list[tuple[AidKind, int]]
) -> None:
    slot = give(make_slot())
    amira = book(slot, "Amira")
    need_answers.decline(amira.reference, WHEELCHAIR, "Ramp saknas", by=ORGANISER)
    asking.ask(amira.reference, words, [(WHEELCHAIR, 1), *more])
    assert answered(amira) == [(1, NeedState.DECLINED, "Ramp saknas")]
    assert (counted(slot), len(logged("change_needs")), broken()) == ((1, 0, 0), bool(words or more), [])


def test_more_of_what_staff_said_no_to_is_theirs_to_answer_and_never_promised_by_itself() -> None:
    slot = give(make_slot(), capacity=2)
    amira = book(slot, "Amira", adults=2)
    need_answers.decline(amira.reference, WHEELCHAIR, "Ramp saknas", by=ORGANISER)
    asking.ask(amira.reference, None, [(WHEELCHAIR, 2)])
    need_answers.set_aid(slot.id, WHEELCHAIR, 4, seen=2, by=ORGANISER)
    assert answered(amira) == [(2, NeedState.ASKED, "Ramp saknas")]
    assert (need_answers.plan(slot, WHEELCHAIR, 5).promised, counted(slot), broken()) == (0, (4, 0, 0), [])
    need_answers.promise(amira.reference, WHEELCHAIR, by=ORGANISER)
    assert (answered(amira), counted(slot)) == ([(2, NeedState.PROMISED, None)], (4, 2, 0))


def test_what_staff_said_no_to_may_be_asked_for_at_another_time() -> None:
    old, new = make_departures(5, 5)
    give(old), give(new)
    amira = book(old, "Amira")
    need_answers.decline(amira.reference, WHEELCHAIR, "Ramp saknas", by=ORGANISER)
    moving.move(amira.reference, new.slug)
    assert (answered(amira), broken()) == ([(1, NeedState.PROMISED, None)], [])


def test_on_a_time_that_is_called_off_nothing_more_is_promised() -> None:
    slot = give(make_slot())
    first, second = book(slot, "Amira"), book(slot, "Boris")
    now = scenes.slot_now(slot)
    calling_off.call_off(now.id, seen=now.sequence, by=log.CLI)
    changes.cancel(first.reference)
    assert (state(second), mails(MailKind.NEEDS_ANSWERED), broken()) == ("asked", 0, [])


def test_when_a_time_that_was_called_off_is_over_all_is_given_back(app_clock: AppClock) -> None:
    slot = give(make_slot())
    book(slot, "Amira")
    now = scenes.slot_now(slot)
    calling_off.call_off(now.id, seen=now.sequence, by=log.CLI)
    app_clock.stand_at(slot.ends_at + timedelta(minutes=1))
    calling_off.end_called_off()
    assert (counted(slot), broken()) == ((1, 0, 0), [])


def test_winners_of_a_draw_are_promised_what_they_asked_for_in_the_drawn_order() -> None:
    clock.freeze(draws.OPENS_AT)
    draw = draws.make_draw((2,))
    slot = give(draw.slots[0])
    for name in ("Amira", "Boris", "Chen"):
        who = scenes.contact(name, aids=((WHEELCHAIR, 1),))
        draws.enter(draw, name, contact=who)
    assert counted(slot) == (1, 0, 0)
    draws.run(draw)
    assert (counted(slot), broken()) == ((1, 1, 0), [])


def test_the_day_after_nothing_of_it_is_left(app_clock: AppClock) -> None:
    slot = give(make_slot())
    amira = book(slot, "Amira", words="Ledarhund")
    app_clock.stand_at(slot.ends_at + timedelta(days=1))
    privacy.purge()
    assert (states(amira), counted(slot), broken()) == ({}, (1, 0, 0), [])


def test_the_day_after_neither_log_nor_outbox_tells_who_needed_something(app_clock: AppClock) -> None:
    old, new = make_departures(5, 1)
    amira, boris = book(give(old), "Amira"), scenes.book(new, "Boris")
    need_answers.arrange(amira.reference, WHEELCHAIR, by=ORGANISER)
    asking.ask(amira.reference, "Ledarhund", [(WHEELCHAIR, 1)])
    swaps.ask(amira.reference, new.slug)
    changes.cancel(boris.reference)
    about_needs = {"arrange_need", "change_needs", "keep_time"}
    app_clock.stand_at("2022-05-14T23:59:59+02:00")
    privacy.purge()
    assert (named_in_log() >= about_needs, needs_mails()) == (True, 2)
    app_clock.stand_at("2022-05-15T00:00:00+02:00")
    privacy.purge(batch=2)
    assert (named_in_log() & about_needs, "book" in named_in_log(), needs_mails()) == (set(), True, 0)
    assert all(logged(verb) for verb in about_needs)


def named_in_log() -> set[str]:
    """What the log tells of that names a booking."""
    db.session.rollback()
    return set(db.session.scalars(db.select(LogEntry.verb).where(LogEntry.booking_id.is_not(None))))


def needs_mails() -> int:
    return mails(MailKind.NEEDS_ANSWERED) + mails(MailKind.NEEDS_KEPT)


@pytest.mark.parametrize("days", [0, 1])
def test_who_is_erased_gives_back_what_was_promised(app_clock: AppClock, days: int) -> None:
    slot = give(make_slot())
    amira = book(slot, "Amira")
    app_clock.stand_at(slot.ends_at + timedelta(hours=1) if days else clock.now())
    privacy.erase("amira@example.org")
    assert (states(amira), counted(slot), broken()) == ({}, (1, 0, 0), [])


def test_the_log_never_tells_what_somebody_needs() -> None:
    slot = give(make_slot(), capacity=0)
    amira = book(slot, "Amira", words="Ledarhund")
    need_answers.promise(amira.reference, OTHER, by=ORGANISER)
    need_answers.decline(amira.reference, WHEELCHAIR, "Nej", by=ORGANISER)
    asking.ask(amira.reference, None, [])
    about = db.session.query(LogEntry).where(LogEntry.booking_id.is_not(None)).all()
    assert {entry.verb for entry in about} == {"book", "promise_need", "decline_need", "change_needs"}
    assert not [entry for entry in about if "wheelchair" in str(entry.details) or "other" in str(entry.details)]


@pytest.mark.parametrize("words", [None, "Ledarhund"])
def test_a_booking_without_counted_needs_asks_the_database_nothing_about_them(
    app: Flask, database: Database, words: str | None
) -> None:
    slot = give(make_slot())
    slot_to_book = slots.find_to_book(slot.slug)
    assert slot_to_book is not None
    with noted(app) as statements:
        bookings.book(
            slot_to_book, party=Party(1), contact=scenes.contact("Amira", access_need=words), language="sv",
            key="words", wait=True,
        )  # fmt: skip
    assert not [statement for statement in statements if "slot_aid" in statement]
    assert database.name != "postgresql" or len(statements) == 1
    assert counted(slot) == (1, 0, 0)


def test_the_same_no_said_twice_is_one_mail() -> None:
    slot = give(make_slot())
    amira = book(slot, "Amira")
    for _ in range(2):
        need_answers.decline(amira.reference, WHEELCHAIR, "Ramp saknas", by=ORGANISER)

    assert mails(MailKind.NEEDS_ANSWERED) == 1
