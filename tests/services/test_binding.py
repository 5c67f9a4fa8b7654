"""Where clashes bind: nobody takes places beside others of theirs that they could not keep, on both databases."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask

from iclei_events.db import transaction
from iclei_events.models import ActivityKind, BookingStatus, ClashRule, MailKind, Slot, SwapWish, TravelTime, Venue, Way
from iclei_events.services import (
    attendees,
    binding,
    bookings,
    changes,
    clash_rules,
    log,
    mail,
    moving,
    own_times,
    person_limit,
    places,
    refusals,
    settling,
    swaps,
)
from iclei_events.services.booking_rows import Contact, Party
from iclei_events.services.bookings import Answer, Outcome
from iclei_events.services.clashes import Gap
from iclei_events.services.travel import Leg
from tests import letters, queries
from tests.meetings import Meeting
from tests.scenes import book, booking, both, broken, counters, mails, make_departures, make_slot, slot_now, status
from tests.services.test_races import PAUSE, at_once, kinds, nobody_kept_out
from tests.times import AppClock

pytestmark = pytest.mark.usefixtures("app_context")


def at_the_same_time(rule: ClashRule, *capacities: int, **fields: Any) -> list[Slot]:
    """Departures of one event that all begin together."""
    slots = make_departures(*capacities, clashes=rule, **fields)
    return [_at(slot, slots[0]) for slot in slots]


def _at(slot: Slot, first: Slot) -> Slot:
    with transaction() as session:
        row = session.get_one(Slot, slot.id)
        row.starts_at, row.ends_at = first.starts_at, first.ends_at
    return slot


def with_a_way_between(rule: ClashRule, minutes: int) -> list[Slot]:
    """Two departures half an hour apart, at venues so far from each other by each way."""
    first, second = make_departures(9, 9, clashes=rule)
    with transaction() as session:
        venues = [Venue(slug=f"{first.slug}-{nth}", name=both("Venue")) for nth in range(2)]
        session.add_all(venues)
        session.flush()
        for slot, venue in zip((first, second), venues, strict=True):
            session.get_one(Slot, slot.id).venue_id = venue.id
        for way in Way:
            ends = {"from_venue_id": venues[0].id, "to_venue_id": venues[1].id}
            session.add(TravelTime(**ends, way=way, minutes=minutes + (way is not Way.BUS) * 10))
    return [first, second]


def test_what_is_at_the_same_time_is_refused_and_nothing_is_stored() -> None:
    first, second = at_the_same_time(ClashRule.OVERLAP, 9, 9)
    held = book(first, "Amira")
    with pytest.raises(refusals.Clashes) as refused:
        book(second, "Amira")

    assert refused.value.reference == held.reference
    assert (counters(first), counters(second), broken()) == ((1, 0, 0), (0, 0, 0), [])
    assert book(second, "Boris").outcome is Outcome.CONFIRMED


def test_told_alone_refuses_nothing() -> None:
    first, second = at_the_same_time(ClashRule.TOLD, 9, 9)
    book(first, "Amira")

    assert book(second, "Amira").outcome is Outcome.CONFIRMED


def test_too_little_time_for_the_way_is_refused_only_where_the_way_counts() -> None:
    first, second = with_a_way_between(ClashRule.TRAVEL, 31)
    book(first, "Amira")
    with pytest.raises(refusals.Clashes):
        book(second, "Amira")
    first, second = with_a_way_between(ClashRule.OVERLAP, 31)
    book(first, "Amira")

    assert book(second, "Amira").outcome is Outcome.CONFIRMED


def test_nobody_is_refused_who_could_make_it_by_the_quickest_way() -> None:
    first, second = with_a_way_between(ClashRule.TRAVEL, 30)
    book(first, "Amira")

    assert book(second, "Amira").outcome is Outcome.CONFIRMED


def test_the_line_of_what_clashes_is_not_joined_either() -> None:
    first, full = at_the_same_time(ClashRule.OVERLAP, 9, 1)
    book(first, "Amira")
    book(full, "Boris")
    with pytest.raises(refusals.Clashes):
        book(full, "Amira", wait=True)

    assert counters(full) == (1, 0, 0)


@pytest.mark.parametrize("adults", [1, 2])
def test_where_nothing_can_be_had_the_answer_is_the_same_whether_the_address_has_a_clash_or_not(adults: int) -> None:
    first, full = at_the_same_time(ClashRule.OVERLAP, 9, 1)
    book(first, "Amira")
    book(full, "Boris")
    answers = []
    for name in ("Amira", "Chen"):
        with pytest.raises(refusals.NoRoom) as refused:
            book(full, name, adults, wait=False)
        answers.append((type(refused.value), str(refused.value)))

    assert answers[0] == answers[1]


def test_who_waits_may_book_something_else_and_take_the_offer_that_comes() -> None:
    first, full = at_the_same_time(ClashRule.OVERLAP, 9, 1)
    blocking, waiting = book(full, "Boris"), book(full, "Amira")
    assert book(first, "Amira").outcome is Outcome.CONFIRMED
    changes.cancel(blocking.reference)
    assert status(waiting) is BookingStatus.OFFERED
    changes.accept_offer(waiting.reference)

    assert status(waiting) is BookingStatus.CONFIRMED


def test_the_same_form_sent_again_is_the_same_answer_and_no_clash() -> None:
    slot = make_slot(clashes=ClashRule.OVERLAP)
    answer = book(slot, "Amira", key="one-form")

    assert book(slot, "Amira", key="one-form").reference == answer.reference


def test_a_second_booking_of_the_same_slot_is_refused_as_well() -> None:
    slot = make_slot(clashes=ClashRule.OVERLAP)
    book(slot, "Amira")
    with pytest.raises(refusals.Clashes):
        book(slot, "Amira")


def test_whoever_books_for_others_is_not_bound() -> None:
    first, second = at_the_same_time(ClashRule.OVERLAP, 9, 9)
    book(first, "Amira")
    teacher = Contact("Amira", "amira@example.org", "amira@example.org", comes_along=False)

    answer = bookings.book(slot_now(second), party=Party(2), contact=teacher, language="sv", key="class-7b", wait=False)
    assert answer.outcome is Outcome.CONFIRMED


def test_a_name_on_a_place_binds_whoever_books() -> None:
    first, second = at_the_same_time(ClashRule.OVERLAP, 9, 9)
    answer = book(first, "Amira", adults=2)
    attendees.name_places(answer.reference, {2: "Sami"})
    attendees.change_contact(answer.reference, attendees.Details("Amira", None, "sv", comes_along=False))
    sami = Contact("Sami", "amira@example.org", "amira@example.org")
    with pytest.raises(refusals.Clashes):
        bookings.book(slot_now(second), party=Party(1), contact=sami, language="sv", key="of-sami", wait=False)

    assert book(second, "Amira").outcome is Outcome.CONFIRMED


def for_others(slot: Slot, name: str) -> tuple[str, attendees.Details]:
    """A booking for others, and what makes its contact come along after all."""
    contact = Contact(name, f"{name.lower()}@example.org", f"{name.lower()}@example.org", comes_along=False)
    answer = bookings.book(slot_now(slot), party=Party(1), contact=contact, language="sv", key=slot.slug, wait=True)
    return answer.reference, attendees.Details(name, None, "sv", comes_along=True)


def test_whoever_booked_for_others_does_not_come_along_afterwards_to_what_clashes() -> None:
    first, second, full = at_the_same_time(ClashRule.OVERLAP, 9, 9, 1)
    book(full, "Boris")
    held = book(first, "Amira")
    booked = [for_others(slot, "Amira") for slot in (second, full)]
    for reference, along in booked:
        with pytest.raises(refusals.Clashes) as refused:
            attendees.change_contact(reference, along)
        assert refused.value.reference == held.reference
        assert _comes_along(reference) is False
    changes.cancel(held.reference)
    attendees.change_contact(*booked[0])

    assert _comes_along(booked[0][0]) is True


def test_whoever_booked_for_others_does_not_put_their_own_name_on_a_place_that_clashes() -> None:
    first, second, full = at_the_same_time(ClashRule.OVERLAP, 9, 9, 1)
    book(full, "Boris")
    held = book(first, "Amira")
    booked = [for_others(slot, "Amira")[0] for slot in (second, full)]
    for reference in booked:
        with pytest.raises(refusals.Clashes) as refused:
            attendees.name_places(reference, {1: " amira "})
        assert refused.value.reference == held.reference
        assert booking(reference).places[0].name is None
    attendees.name_places(booked[0], {1: "Sami"})
    attendees.name_places(booked[1], {1: "Amira"}, by=log.CLI)
    changes.cancel(held.reference)
    attendees.name_places(booked[0], {1: "Amira"})

    assert [booking(reference).places[0].name for reference in booked] == ["Amira", "Amira"]


def test_nor_do_they_take_the_name_of_who_stands_there_already() -> None:
    first, second = at_the_same_time(ClashRule.OVERLAP, 9, 9)
    held = book(first, "Amira")
    bob = Contact("Bob", "amira@example.org", "amira@example.org", comes_along=False)
    answer = bookings.book(slot_now(second), party=Party(1), contact=bob, language="sv", key="of-bob", wait=False)
    attendees.name_places(answer.reference, {1: "Amira"})
    with pytest.raises(refusals.Clashes) as refused:
        attendees.change_contact(answer.reference, attendees.Details("Amira", None, "sv", comes_along=False))

    assert refused.value.reference == held.reference
    attendee = booking(answer).attendee
    assert attendee is not None
    assert attendee.name == "Bob"
    attendees.change_contact(answer.reference, attendees.Details("Cleo", None, "sv", comes_along=False))


def test_where_clashes_are_told_alone_everybody_may_be_named() -> None:
    first, second = at_the_same_time(ClashRule.TOLD, 9, 9)
    book(first, "Amira")
    reference, _along = for_others(second, "Amira")
    attendees.name_places(reference, {1: "Amira"})

    assert booking(reference).places[0].name == "Amira"


def test_staff_may_let_somebody_come_along_to_what_clashes() -> None:
    first, second = at_the_same_time(ClashRule.OVERLAP, 9, 9)
    book(first, "Amira")
    reference, along = for_others(second, "Amira")
    attendees.change_contact(reference, along, by=log.CLI)

    assert _comes_along(reference) is True


def test_details_of_what_clashes_already_may_be_changed() -> None:
    first, second = at_the_same_time(ClashRule.OVERLAP, 9, 9)
    book(first, "Amira")
    answer = book(second, "Amira", by=log.CLI)
    attendees.change_contact(answer.reference, attendees.Details("Amira Berg", None, "en", comes_along=True))

    contact = booking(answer).attendee
    assert contact is not None
    assert contact.name == "Amira Berg"


def _comes_along(reference: str) -> bool:
    contact = booking(reference).attendee
    assert contact is not None
    return contact.comes_along


def test_staff_may_book_what_clashes() -> None:
    first, second = at_the_same_time(ClashRule.OVERLAP, 9, 9)
    book(first, "Amira")

    assert book(second, "Amira", by=log.CLI).outcome is Outcome.CONFIRMED


def test_another_event_does_not_bind() -> None:
    book(make_slot(clashes=ClashRule.OVERLAP), "Amira")

    assert book(make_slot(clashes=ClashRule.OVERLAP), "Amira").outcome is Outcome.CONFIRMED


def test_sessions_of_the_congress_bind_like_tours() -> None:
    first, second = at_the_same_time(ClashRule.OVERLAP, 9, 9)
    with transaction() as session:
        session.get_one(Slot, first.id).activity.kind = ActivityKind.SESSION
    book(first, "Amira")
    with pytest.raises(refusals.Clashes):
        book(second, "Amira")


def test_nobody_moves_into_a_clash_and_what_moves_is_no_clash_with_itself() -> None:
    first, beside, third = make_departures(9, 9, 9, clashes=ClashRule.OVERLAP)
    _at(beside, first)
    moving_one, kept = book(third, "Amira"), book(first, "Amira")
    with pytest.raises(refusals.Clashes):
        moving.move(moving_one.reference, beside.slug)
    assert (booking(moving_one).slot_id, counters(beside)) == (third.id, (0, 0, 0))
    moving.move(kept.reference, beside.slug)

    assert booking(kept).slot_id == beside.id


def test_nobody_asks_for_a_time_that_clashes_with_another_booking() -> None:
    own, wanted, beside = make_departures(9, 1, 9, clashes=ClashRule.OVERLAP)
    _at(beside, wanted)
    answer = book(own, "Amira")
    book(beside, "Amira")
    book(wanted, "Boris")
    with pytest.raises(refusals.Clashes):
        swaps.ask(answer.reference, wanted.slug)

    with transaction() as session:
        assert session.query(SwapWish).count() == 0


def test_a_wish_moves_nobody_into_a_clash_with_what_was_booked_since(app_clock: AppClock) -> None:
    own, wanted, beside = make_departures(9, 1, 9, clashes=ClashRule.OVERLAP)
    _at(beside, wanted)
    amira, holds = book(own, "Amira"), book(wanted, "Boris")
    swaps.ask(amira.reference, wanted.slug)
    app_clock.advance(hours=1)
    behind = book(wanted, "Chen")
    later = book(beside, "Amira")
    changes.cancel(holds.reference)

    assert (booking(amira).slot_id, status(later), status(behind)) == (
        own.id,
        BookingStatus.CONFIRMED,
        BookingStatus.OFFERED,
    )
    assert (counters(wanted), mails(MailKind.NEEDS_KEPT), broken()) == ((1, 0, 0), 1, [])
    letter = letters.text_of(mail.render(letters.newest(MailKind.NEEDS_KEPT)))
    assert "Men sedan du bad om den har du fått andra platser som krockar med den" in letter


def test_a_wish_without_a_clash_still_moves_its_party() -> None:
    own, wanted = make_departures(9, 1, clashes=ClashRule.OVERLAP)
    amira, holds = book(own, "Amira"), book(wanted, "Boris")
    swaps.ask(amira.reference, wanted.slug)
    changes.cancel(holds.reference)

    assert (booking(amira).slot_id, mails(MailKind.NEEDS_KEPT)) == (wanted.id, 0)


def test_a_circle_moves_nobody_into_a_clash_either() -> None:
    first, second, beside = make_departures(1, 1, 9, clashes=ClashRule.OVERLAP)
    _at(beside, second)
    amira, boris = book(first, "Amira"), book(second, "Boris")
    swaps.ask(amira.reference, second.slug)
    book(beside, "Amira")
    swaps.ask(boris.reference, first.slug)

    assert [booking(answer).slot_id for answer in (amira, boris)] == [first.id, second.id]
    assert (counters(second), counters(first), mails(MailKind.NEEDS_KEPT)) == ((1, 0, 0), (1, 0, 1), 1)
    assert broken() == []


def test_told_costs_the_booking_no_query(app: Flask) -> None:
    """The rush takes the way it took before."""
    told, bound = make_slot(), make_slot(clashes=ClashRule.OVERLAP)
    asked = []
    for slot in (told, bound):
        found = slot_now(slot)
        _ = found.activity.event, found.clashes, found.person_limit, found.party_limit
        with queries.noted(app) as statements:
            party, contact = Party(1), Contact("Amira", "a@example.org", "a@example.org")
            bookings.book(found, party=party, contact=contact, language="sv", key=f"key-of-{slot.slug}", wait=True)
        asked.append([text for text in statements if "travel_time" in text or "attendee.email_key =" in text])
    assert (asked[0], bool(asked[1])) == ([], True)


# The rule


def test_setting_the_rule_holds_from_then_on_and_takes_nothing() -> None:
    first, second, third = at_the_same_time(ClashRule.TOLD, 9, 9, 9)
    held = [book(slot, "Amira") for slot in (first, second)]
    event = slot_now(first).activity.event
    clash_rules.set_rule(event.id, ClashRule.OVERLAP, seen=ClashRule.TOLD, by=log.CLI)
    with pytest.raises(refusals.Clashes):
        book(third, "Amira")

    assert {status(answer) for answer in held} == {BookingStatus.CONFIRMED}


def test_the_effect_counts_people_and_not_bookings() -> None:
    first, second, third = at_the_same_time(ClashRule.TOLD, 9, 9, 9)
    for slot in (first, second, third):
        book(slot, "Amira")
    book(first, "Boris")

    effect = clash_rules.effect_on(slot_now(first).activity.event)
    assert (effect.overlap, effect.travel) == (1, 1)


def test_the_effect_tells_what_is_tight_from_what_overlaps() -> None:
    first, second = with_a_way_between(ClashRule.TOLD, 45)
    for slot in (first, second):
        book(slot, "Amira")

    effect = clash_rules.effect_on(slot_now(first).activity.event)
    assert (effect.overlap, effect.travel) == (0, 1)


def test_a_rule_that_somebody_else_has_changed_is_not_changed_over_their_head() -> None:
    event_id = slot_now(make_slot()).activity.event_id
    clash_rules.set_rule(event_id, ClashRule.OVERLAP, seen=ClashRule.TOLD, by=log.CLI)
    with pytest.raises(refusals.ChangedMeanwhile):
        clash_rules.set_rule(event_id, ClashRule.TRAVEL, seen=ClashRule.TOLD, by=log.CLI)
    clash_rules.set_rule(event_id, ClashRule.OVERLAP, seen=ClashRule.TOLD, by=log.CLI)


# At the same time


@pytest.fixture
def paused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(places, "in_critical_section", lambda _point: time.sleep(PAUSE))


def sent_at_once(app: Flask, slots: list[Slot]) -> list[Any]:
    acts: list[Callable[[], Any]] = [lambda slot=slot: book(slot, "Amira") for slot in slots]  # type: ignore[misc]
    return at_once(app, *acts)


@pytest.mark.race
@pytest.mark.usefixtures("paused")
def test_of_forms_sent_at_once_for_clashing_times_exactly_one_wins(app: Flask) -> None:
    slots = at_the_same_time(ClashRule.OVERLAP, 9, 9, 9, 9)
    answers = sent_at_once(app, slots)

    assert kinds(answers) == {"confirmed": 1, "Clashes": 3}
    assert (sum(counters(slot)[0] for slot in slots), broken()) == (1, [])


@pytest.mark.race
@pytest.mark.usefixtures("paused")
def test_booking_and_moving_at_once_into_one_hour_exactly_one_wins(app: Flask) -> None:
    first, beside, third = make_departures(9, 9, 9, clashes=ClashRule.OVERLAP)
    _at(beside, first)
    own = book(third, "Amira")
    answers = at_once(app, lambda: moving.move(own.reference, beside.slug), lambda: book(first, "Amira"))

    assert kinds(answers)["Clashes"] == 1
    assert (counters(first)[0] + counters(beside)[0], broken()) == (1, [])


@pytest.mark.race
@pytest.mark.usefixtures("paused")
def test_booking_while_a_wish_comes_true_leaves_nobody_in_a_clash(app: Flask) -> None:
    amira, wanted, beside, give_up = _a_wish_about_to_come_true()
    at_once(app, give_up, lambda: book(beside, "Amira"))
    settling.settle()

    assert (booking(amira).slot_id == wanted.id) + counters(beside)[0] == 1
    assert (counters(wanted)[1], broken()) == (0, [])


@pytest.mark.race
@pytest.mark.database("postgresql")
def test_control_without_the_persons_lock_a_wish_comes_true_beside_a_booking(
    app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    amira, wanted, beside, give_up = _a_wish_about_to_come_true()
    monkeypatch.setattr(person_limit, "try_lock_person", lambda *_arguments: True)
    look_together(monkeypatch, 2)
    at_once(app, give_up, lambda: book(beside, "Amira"))

    assert (booking(amira).slot_id, counters(beside)[0]) == (wanted.id, 1)


def _a_wish_about_to_come_true() -> tuple[Answer, Slot, Slot, Callable[[], None]]:
    own, wanted, beside = make_departures(9, 1, 9, clashes=ClashRule.OVERLAP)
    _at(beside, wanted)
    amira, holds = book(own, "Amira"), book(wanted, "Boris")
    swaps.ask(amira.reference, wanted.slug)
    return amira, wanted, beside, lambda: changes.cancel(holds.reference)


@pytest.mark.race
@pytest.mark.usefixtures("paused")
def test_booking_and_coming_along_at_once_exactly_one_wins(app: Flask) -> None:
    first, second = at_the_same_time(ClashRule.OVERLAP, 9, 9)
    reference, along = for_others(second, "Amira")
    answers = at_once(app, lambda: attendees.change_contact(reference, along), lambda: book(first, "Amira"))

    assert kinds(answers)["Clashes"] == 1
    assert (_comes_along(reference), counters(first)[0]) in {(True, 0), (False, 1)}


@pytest.mark.race
@pytest.mark.usefixtures("paused")
def test_booking_and_being_named_at_once_exactly_one_wins(app: Flask) -> None:
    first, second = at_the_same_time(ClashRule.OVERLAP, 9, 9)
    reference, _along = for_others(second, "Amira")
    named = lambda: attendees.name_places(reference, {1: "Amira"})  # noqa: E731
    answers = at_once(app, named, lambda: book(first, "Amira"))

    assert kinds(answers)["Clashes"] == 1
    assert (booking(reference).places[0].name, counters(first)[0]) in {("Amira", 0), (None, 1)}


@pytest.mark.race
@pytest.mark.database("postgresql")
def test_control_without_the_persons_lock_one_books_and_is_named(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    first, second = at_the_same_time(ClashRule.OVERLAP, 9, 9)
    reference, _along = for_others(second, "Amira")
    monkeypatch.setattr(person_limit, "lock_person", lambda *_arguments: None)
    look_together(monkeypatch, 2)
    at_once(app, lambda: attendees.name_places(reference, {1: "Amira"}), lambda: book(first, "Amira"))

    assert (booking(reference).places[0].name, counters(first)[0]) == ("Amira", 1)


@pytest.mark.race
@pytest.mark.database("postgresql")
def test_control_without_the_persons_lock_one_books_and_comes_along(
    app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = at_the_same_time(ClashRule.OVERLAP, 9, 9)
    reference, along = for_others(second, "Amira")
    monkeypatch.setattr(person_limit, "lock_person", lambda *_arguments: None)
    look_together(monkeypatch, 2)
    at_once(app, lambda: attendees.change_contact(reference, along), lambda: book(first, "Amira"))

    assert (_comes_along(reference), counters(first)[0]) == (True, 1)


def look_together(monkeypatch: pytest.MonkeyPatch, number: int) -> None:
    """So many have looked first, and only then does the first of them decide by it."""
    look, together = own_times.of_contact, Meeting(number)

    def looked(*arguments: Any) -> Any:
        found = look(*arguments)
        together.wait()
        return found

    monkeypatch.setattr(own_times, "of_contact", looked)


@pytest.mark.race
@pytest.mark.database("postgresql")
def test_control_without_the_persons_lock_both_win(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    slots = at_the_same_time(ClashRule.OVERLAP, 9, 9)
    monkeypatch.setattr(person_limit, "lock_person", lambda *_arguments: None)
    look_together(monkeypatch, 2)
    answers = sent_at_once(app, slots)

    assert kinds(answers) == {"confirmed": 2}


@pytest.mark.race
@pytest.mark.database("sqlite")
def test_control_without_the_one_writer_sqlite_looks_too_early(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    """A second writer is thrown out then: what it read can no longer be written upon."""
    slots = at_the_same_time(ClashRule.OVERLAP, 9, 9)
    with nobody_kept_out(monkeypatch):
        look_together(monkeypatch, 2)
        answers = sent_at_once(app, slots)

    assert kinds(answers) == {"confirmed": 1, "DatabaseBusyError": 1}


def test_the_rules_forbid_no_more_than_they_say() -> None:
    overlap, tight = Gap(None, None), Gap(5, Leg(6, Way.BUS))
    forbidden = {rule: [binding.refuses(rule, gap) for gap in (overlap, tight)] for rule in ClashRule}

    assert forbidden == {
        ClashRule.TOLD: [False, False],
        ClashRule.OVERLAP: [True, False],
        ClashRule.TRAVEL: [True, True],
    }


def test_times_apart_bind_nobody() -> None:
    first, second = make_departures(9, 9, clashes=ClashRule.TRAVEL)
    book(first, "Amira")

    assert slot_now(second).starts_at - slot_now(first).ends_at == timedelta(minutes=30)
    assert book(second, "Amira").outcome is Outcome.CONFIRMED
