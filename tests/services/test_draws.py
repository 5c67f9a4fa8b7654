"""What a fair draw promises to those who enter it."""

from __future__ import annotations

import json
import secrets
from datetime import timedelta

import pytest
from sqlalchemy import select

from iclei_events import clock
from iclei_events.db import db, transaction
from iclei_events.models import BookingStatus, DrawEntry, MailKind, Slot, SlotMode
from iclei_events.services import (
    bookings,
    capacity,
    changes,
    confirming,
    data_export,
    draw_entries,
    draw_file,
    draw_results,
    drawing,
    draws,
    privacy,
    refusals,
)
from iclei_events.services.booking_rows import Contact, Party
from iclei_events.services.bookings import Outcome
from iclei_events.services.proofs import Proof
from tests import letters, scenes
from tests.draws import (
    CLOSES_AT,
    DRAWN_AT,
    OPENS_AT,
    VALUE,
    draw_now,
    enter,
    entry,
    in_drawn_order,
    make_draw,
    published,
    run,
    status,
)
from tests.scenes import ORGANISER, broken, counters, mails
from tests.times import AppClock

pytestmark = pytest.mark.usefixtures("app_context")


def test_an_entry_holds_no_places_and_is_told_by_mail() -> None:
    draw = make_draw([2])
    answers = [enter(draw, f"P{number}", adults=2) for number in range(4)]
    assert [answer.outcome for answer in answers] == [Outcome.ENTERED] * 4
    assert {status(answer) for answer in answers} == {BookingStatus.ENTERED}
    assert (counters(draw.slots[0]), mails("draw_entered"), broken()) == ((0, 0, 0), 4, [])


def test_winners_get_an_offer_and_the_rest_wait_in_the_drawn_order() -> None:
    draw = make_draw([4])
    answers = [enter(draw, f"P{number}", adults=2) for number in range(5)]
    summary = run(draw)
    drawn = in_drawn_order(answers)
    assert (summary.entries, summary.won) == (5, 2)
    assert [status(answer) for answer in drawn] == [BookingStatus.OFFERED] * 2 + [BookingStatus.WAITING] * 3
    line = sorted(drawn[2:], key=lambda answer: scenes.booking(answer.reference).queued_at or DRAWN_AT)
    assert line == drawn[2:]
    assert (counters(draw.slots[0]), broken()) == ((4, 0, 3), [])
    assert (mails("draw_won"), mails("draw_lost")) == (2, 3)


def test_each_party_in_the_drawn_order_gets_its_best_wish_that_has_room_for_all_of_them() -> None:
    draw = make_draw([3, 3])
    answers = [enter(draw, f"P{number}", adults=1 + number % 2, wishes=(0, 1)) for number in range(6)]
    run(draw)
    left = {slot.id: 3 for slot in draw.slots}
    for answer in in_drawn_order(answers):
        booking = scenes.booking(answer.reference)
        fitting = [slot_id for slot_id in left if left[slot_id] >= booking.size]
        assert booking.status is (BookingStatus.OFFERED if fitting else BookingStatus.WAITING)
        assert booking.slot_id == (fitting[0] if fitting else draw.slots[0].id)
        if fitting:
            left[fitting[0]] -= booking.size
    assert draw_file.faults(published(draw)) == []


def test_who_wins_a_later_wish_holds_places_there() -> None:
    draw = make_draw([1, 1])
    answers = [enter(draw, f"P{number}", wishes=(0, 1)) for number in range(2)]
    run(draw)
    drawn = in_drawn_order(answers)
    assert [scenes.booking(answer.reference).slot_id for answer in drawn] == [slot.id for slot in draw.slots]
    assert [counters(slot) for slot in draw.slots] == [(1, 0, 0), (1, 0, 0)]


def test_a_party_too_large_for_anything_it_wished_for_loses_and_is_told() -> None:
    draw = make_draw([4])
    large = enter(draw, "Large", adults=4)
    capacity.keep_back(draw.slots[0].id, 1, reason="guide", release_at=None, by=ORGANISER)
    run(draw)
    assert status(large) is BookingStatus.LOST
    assert (mails("draw_lost"), counters(draw.slots[0]), broken()) == (1, (0, 1, 0), [])


def test_winners_confirm_or_it_passes_on(app_clock: AppClock) -> None:
    draw = make_draw([1])
    answers = [enter(draw, f"P{number}") for number in range(3)]
    run(draw)
    first, second, third = in_drawn_order(answers)
    assert scenes.booking(first.reference).offer_until == DRAWN_AT + timedelta(hours=48)
    app_clock.stand_at(DRAWN_AT + timedelta(hours=49))
    capacity.tend_slots()
    changes.accept_offer(second.reference)
    assert [status(answer) for answer in (first, second, third)] == [
        BookingStatus.LAPSED, BookingStatus.CONFIRMED, BookingStatus.WAITING,
    ]  # fmt: skip
    assert (counters(draw.slots[0]), broken()) == ((1, 0, 1), [])


def test_nobody_has_longer_to_answer_than_until_the_start(app_clock: AppClock) -> None:
    draw = make_draw([1])
    answer = enter(draw, "Amira")
    late = scenes.STARTS_AT - timedelta(hours=1)
    app_clock.stand_at(late)
    run(draw)
    assert scenes.booking(answer.reference).offer_until == scenes.STARTS_AT


def test_the_same_person_twice_counts_once_and_the_first_stands() -> None:
    draw = make_draw([2, 2])
    first = enter(draw, "Amira", adults=2, wishes=(0,))
    again = Contact("Somebody Else", "AMIRA@Example.ORG", "amira@example.org")
    second = enter(draw, "Amira", adults=1, wishes=(1,), contact=again)
    assert (second.outcome, second.reference, second.counts) == (Outcome.ENTERED, first.reference, False)
    assert [wish.slot_id for wish in entry(first).wishes] == [draw.slots[0].id]
    assert mails("draw_entered") == 2
    enter(draw, "Amira")
    assert mails("draw_entered") == 2  # one reminder a day, whoever writes the address
    assert run(draw).entries == 1


def test_who_has_left_no_address_is_known_by_phone() -> None:
    draw = make_draw()
    first = enter(draw, "A", contact=Contact("A", "", "", phone="+46 70 174 06 05"), by=scenes.ORGANISER)
    second = enter(draw, "B", contact=Contact("B", "", "", phone="+46701740605"), by=scenes.ORGANISER)
    assert (second.reference, second.counts) == (first.reference, False)


def test_who_has_withdrawn_may_enter_again() -> None:
    draw = make_draw()
    first = enter(draw, "Amira")
    changes.cancel(first.reference)
    second = enter(draw, "Amira")
    assert (status(first), status(second)) == (BookingStatus.CANCELLED, BookingStatus.ENTERED)
    assert (counters(draw.slots[0]), run(draw).entries, broken()) == ((0, 0, 0), 1, [])


def test_one_form_sent_twice_is_one_entry_and_a_strangers_form_cannot_take_its_key() -> None:
    draw = make_draw()
    first = enter(draw, "Amira", key="one-form")
    assert enter(draw, "Amira", key="one-form").outcome is Outcome.DUPLICATE
    with pytest.raises(refusals.KeyTaken):
        enter(draw, "Boris", key="one-form")
    assert enter(draw, "Amira", key="one-form").reference == first.reference


def test_an_entry_can_be_changed_until_closing(app_clock: AppClock) -> None:
    draw = make_draw([3, 3])
    answer = enter(draw, "Amira", adults=1, wishes=(0,))
    slugs = [slot.slug for slot in draw.slots]
    draw_entries.change(answer.reference, [slugs[1], slugs[0], slugs[1]], party=Party(1, 2))
    booking = scenes.booking(answer.reference)
    assert (booking.slot_id, booking.size, booking.adults, booking.children) == (draw.slots[1].id, 3, 1, 2)
    assert [wish.slot_id for wish in entry(answer).wishes] == [draw.slots[1].id, draw.slots[0].id]
    app_clock.stand_at(CLOSES_AT)
    with pytest.raises(refusals.Closed):
        draw_entries.change(answer.reference, slugs, party=Party(1))
    assert draw_now(draw).closed_at == CLOSES_AT  # what was due has happened, though the wish was refused


def test_entries_are_taken_between_opening_and_closing_only(app_clock: AppClock) -> None:
    draw = make_draw()
    for moment, refusal in ((OPENS_AT - timedelta(seconds=1), refusals.NotOpenYet), (CLOSES_AT, refusals.Closed)):
        app_clock.stand_at(moment)
        with pytest.raises(refusal):
            enter(draw, "Amira")
    app_clock.stand_at(CLOSES_AT - timedelta(seconds=1))
    assert enter(draw_now(make_draw()), "Amira").outcome is Outcome.ENTERED


def test_a_place_in_a_draw_cannot_be_booked_by_anybody() -> None:
    draw = make_draw()
    with pytest.raises(refusals.InDraw):
        scenes.book(draw.slots[0], "Amira")
    with pytest.raises(refusals.InDraw):
        scenes.book(draw.slots[0], "Amira", by=ORGANISER)


def test_parties_follow_the_rules_of_the_tour() -> None:
    draw = make_draw(max_party=4)
    with pytest.raises(refusals.TooLarge):
        enter(draw, "Amira", adults=5)
    with pytest.raises(refusals.AdultMissing):
        enter(draw, "Amira", adults=0, children=2)


def test_the_list_is_frozen_at_closing_and_tells_no_order_and_no_person(app_clock: AppClock) -> None:
    draw = make_draw([2])
    answers = [enter(draw, f"Person{number}") for number in range(6)]
    app_clock.stand_at(CLOSES_AT)
    assert draws.tend() == 1
    closed = draw_now(draw)
    listed = json.loads(closed.entry_list or "")
    pseudonyms = [one["pseudonym"] for one in listed["entries"]]
    assert drawing.hash_of(closed.entry_list or "") == closed.entry_list_hash
    assert pseudonyms == sorted(entry(answer).pseudonym for answer in answers)
    assert set(listed["entries"][0]) == {"pseudonym", "size", "wishes"}
    assert [answer.reference in (closed.entry_list or "") for answer in answers] == [False] * 6
    assert draws.tend() == 0


def test_staff_cannot_choose_the_seed() -> None:
    draw = make_draw()
    committed = draw.secret_hash
    enter(draw, "Amira")
    with pytest.raises(refusals.DrawStillOpen):
        draw_results.run(draw.id, VALUE, by=ORGANISER)
    run(draw)
    document = published(draw)
    assert (document["secret_sha256"], drawing.hash_of(document["secret"])) == (committed, committed)
    assert document["seed"] == drawing.hash_of(document["secret"] + VALUE)


def test_a_draw_is_drawn_once() -> None:
    draw = make_draw([2])
    for number in range(4):
        enter(draw, f"P{number}")
    first, before = run(draw), published(draw)
    assert (run(draw, f"  {VALUE.replace(' ', '  ')} "), published(draw)) == (first, before)
    with pytest.raises(refusals.AlreadyDrawn):
        run(draw, "another value")
    assert (published(draw), mails("draw_won"), counters(draw.slots[0])) == (before, 2, (2, 0, 2))


def test_without_the_public_value_nothing_is_drawn() -> None:
    draw = make_draw()
    with pytest.raises(refusals.ValueMissing):
        run(draw, "  ")


def test_places_of_a_frozen_list_stay_with_the_draw(app_clock: AppClock) -> None:
    draw = make_draw([4])
    enter(draw, "Amira", adults=2)
    slot = draw.slots[0]
    app_clock.stand_at(CLOSES_AT)
    draws.tend()
    with pytest.raises(refusals.DrawUnderWay):
        capacity.keep_back(slot.id, 1, reason="friend", release_at=None, by=ORGANISER)
    with pytest.raises(refusals.DrawUnderWay):
        capacity.set_capacity(slot.id, 1, seen=4, by=ORGANISER)
    capacity.set_capacity(slot.id, 6, seen=4, by=ORGANISER)
    run(draw)
    assert published(draw)["list"]["places"] == {slot.slug: 4}
    assert (counters(slot), broken()) == ((2, 0, 0), [])


def test_places_that_come_free_while_lots_wait_go_to_the_line_after_the_draw(app_clock: AppClock) -> None:
    draw = make_draw([1])
    for number in range(3):
        enter(draw, f"P{number}")
    app_clock.stand_at(CLOSES_AT)
    draws.tend()
    capacity.set_capacity(draw.slots[0].id, 2, seen=1, by=ORGANISER)
    assert run(draw).won == 1
    assert (counters(draw.slots[0]), mails("draw_won"), mails("booking_offered")) == ((2, 0, 1), 1, 1)
    assert draw_file.faults(published(draw)) == []


def test_who_withdraws_after_closing_is_named_by_code_and_takes_no_place(app_clock: AppClock) -> None:
    draw = make_draw([1])
    stays, leaves = enter(draw, "Stays"), enter(draw, "Leaves")
    code = entry(leaves).pseudonym
    app_clock.stand_at(CLOSES_AT)
    draws.tend()
    changes.cancel(leaves.reference)
    run(draw)
    document = published(draw)
    assert document["withdrawn"] == [code]
    assert [one["pseudonym"] for one in document["result"]] == [entry(stays).pseudonym]
    assert (status(stays), status(leaves)) == (BookingStatus.OFFERED, BookingStatus.CANCELLED)
    assert (draw_file.faults(document), broken()) == ([], [])


def test_a_slot_that_is_called_off_before_the_draw_has_no_places() -> None:
    draw = make_draw([3, 3])
    answer = enter(draw, "Amira", wishes=(0, 1))
    with transaction() as session:
        session.get_one(Slot, draw.slots[0].id).cancelled_at = clock.now()
    run(draw)
    assert scenes.booking(answer.reference).slot_id == draw.slots[1].id
    assert published(draw)["list"]["places"] == {draw.slots[0].slug: 0, draw.slots[1].slug: 3}
    assert draw_file.faults(published(draw)) == []


def test_what_is_left_after_the_draw_is_first_come() -> None:
    draw = make_draw([3])
    enter(draw, "Amira")
    run(draw)
    slot = scenes.slot_now(draw.slots[0])
    assert (slot.mode, slot.draw_id) == (SlotMode.FIRST_COME, draw.id)
    assert scenes.book(slot, "Boris", adults=2).outcome is Outcome.CONFIRMED
    assert scenes.book(slot, "Cleo").outcome is Outcome.WAITING
    assert (counters(slot), broken()) == ((3, 0, 1), [])


def test_who_is_in_a_draw_changes_the_entry_and_not_the_booking() -> None:
    draw = make_draw()
    answer = enter(draw, "Amira")
    with pytest.raises(refusals.InDraw):
        changes.change_size(answer.reference, Party(2))
    with pytest.raises(refusals.NotActive):
        changes.accept_offer(answer.reference)
    assert bookings.find(answer.reference) is not None


def test_after_erasure_nobody_can_tell_whose_code_it_was() -> None:
    draw = make_draw([1])
    amira, boris = enter(draw, "Amira"), enter(draw, "Boris")
    codes = {entry(amira).pseudonym, entry(boris).pseudonym}
    run(draw)
    privacy.erase("amira@example.org")
    assert db.session.scalars(select(DrawEntry.booking_id)).all() == [scenes.booking(boris.reference).id]
    assert {one["pseudonym"] for one in published(draw)["result"]} == codes
    assert (draw_file.faults(published(draw)), broken()) == ([], [])


def test_who_is_erased_before_the_draw_takes_no_part_in_it(app_clock: AppClock) -> None:
    draw = make_draw([1])
    enter(draw, "Amira")
    boris = enter(draw, "Boris")
    app_clock.stand_at(CLOSES_AT)
    draws.tend()
    privacy.erase("amira@example.org")
    run(draw)
    assert (len(published(draw)["withdrawn"]), status(boris)) == (1, BookingStatus.OFFERED)


def test_once_drawn_nobody_is_compared_any_more_and_after_the_event_codes_are_forgotten(app_clock: AppClock) -> None:
    draw = make_draw([1])
    amira = enter(draw, "Amira")
    assert entry(amira).person_key is not None
    run(draw)
    assert entry(amira).person_key is None
    app_clock.stand_at("2022-06-14T00:00:00+02:00")
    privacy.purge()
    assert db.session.scalars(select(DrawEntry)).all() == []
    assert draw_now(draw).published is not None


def test_an_export_tells_the_code_and_the_wishes() -> None:
    draw = make_draw([2, 2])
    amira = enter(draw, "Amira", wishes=(1, 0))
    run(draw)
    told = data_export.export("amira@example.org")["bookings"][0]["draw"]
    assert (told["pseudonym"], told["position"], told["draw"]) == (entry(amira).pseudonym, 1, draw.slug)
    assert told["wishes"] == [draw.slots[1].slug, draw.slots[0].slug]


def test_a_withdrawn_entry_is_told_so_by_mail() -> None:
    draw = make_draw([2])
    answer = enter(draw, "Amira", language="en")
    changes.cancel(answer.reference)
    assert "You have left the draw" in letters.text_of(letters.written(letters.newest(MailKind.BOOKING_CANCELLED)))


# Entered without the proof that was asked for


def test_an_unproven_entry_counts_once_it_is_confirmed(app_clock: AppClock) -> None:
    draw = make_draw([5])
    confirmed, left_alone = (enter(draw, name, unproven=True) for name in ("Amira", "Boris"))
    assert (draws.count_entries(draw), draws.count_unconfirmed(draw), draws.demand(draw)[0][1:]) == (0, 2, (0, 0))
    assert (mails("booking_to_confirm"), mails("draw_entered")) == (2, 0)
    for _twice in range(2):
        confirming.confirm(confirmed.reference)
    assert (draws.count_entries(draw), draws.count_unconfirmed(draw), mails("draw_entered")) == (1, 1, 1)

    app_clock.stand_at(CLOSES_AT)
    draws.tend()
    listed = json.loads(draw_now(draw).entry_list or "")["entries"]
    assert [one["pseudonym"] for one in listed] == [entry(confirmed).pseudonym]
    assert status(left_alone) is BookingStatus.LAPSED
    run(draw)
    assert (status(confirmed), status(left_alone)) == (BookingStatus.OFFERED, BookingStatus.LAPSED)
    assert broken() == []


def test_an_entry_is_not_confirmed_after_closing(app_clock: AppClock) -> None:
    draw = make_draw([5])
    answer = enter(draw, "Amira", unproven=True)
    app_clock.stand_at(CLOSES_AT)
    with pytest.raises(refusals.OfferLapsed):  # the worker has not come by yet
        confirming.confirm(answer.reference)
    draws.tend()
    with pytest.raises(refusals.OfferLapsed):
        confirming.confirm(answer.reference)


def test_an_unconfirmed_entry_is_not_changed_and_may_be_withdrawn() -> None:
    draw = make_draw([5])
    answer = enter(draw, "Amira", unproven=True)
    with pytest.raises(refusals.NotConfirmed):
        draw_entries.change(answer.reference, [draw.slots[0].slug], party=Party(2))
    changes.cancel(answer.reference)
    assert (draws.count_unconfirmed(draw), status(answer)) == (0, BookingStatus.CANCELLED)


def test_who_enters_again_with_a_proof_counts_at_once_and_what_was_unconfirmed_is_over() -> None:
    draw = make_draw([5])
    unproven = enter(draw, "Amira", unproven=True)
    again = enter(draw, "Amira", unproven=True)
    assert (again.reference, again.counts, mails("booking_to_confirm")) == (unproven.reference, False, 2)
    proven = enter(draw, "Amira", proof=a_proof())
    assert (proven.counts, status(proven), status(unproven)) == (True, BookingStatus.ENTERED, BookingStatus.LAPSED)
    assert (draws.count_entries(draw), draws.count_unconfirmed(draw)) == (1, 0)
    with pytest.raises(refusals.OfferLapsed):
        confirming.confirm(unproven.reference)
    assert enter(draw, "Amira", unproven=True).reference == proven.reference


def test_a_proof_is_good_for_one_entry_whether_the_address_is_known_or_not() -> None:
    draw = make_draw([5])
    enter(draw, "Amira")
    for known in ("Amira", "Boris"):
        used = a_proof()
        enter(draw, known, proof=used)
        for name in ("Amira", "Chen"):
            with pytest.raises(refusals.ProofWorthless):
                enter(draw, name, proof=used)
    assert draws.count_entries(draw) == 2


def a_proof() -> Proof:
    return Proof(secrets.token_hex(32), clock.now() + timedelta(minutes=20))
