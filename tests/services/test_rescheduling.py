"""A slot moves or is called off: nobody loses anything, and everybody is told once."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import select

from iclei_events import clock
from iclei_events.db import db, transaction
from iclei_events.i18n import Bilingual
from iclei_events.models import BookingStatus, MailKind, OutboxMail, Slot
from iclei_events.services import calling_off, capacity, changes, delivery, log, moving, refusals, rescheduling
from iclei_events.services.booking_rows import Party
from iclei_events.services.rescheduling import WhenAndWhere
from tests import aids, letters, scenes
from tests.post_office import PostOffice
from tests.residents import at_once
from tests.staffing import logged
from tests.times import AppClock

pytestmark = pytest.mark.usefixtures("app_context")

HOUR = timedelta(hours=1)
MOVED, CALLED_OFF = MailKind.SLOT_MOVED, MailKind.SLOT_CALLED_OFF


def move(slot: Slot, by: timedelta = HOUR, *, seen: int | None = None) -> None:
    now = scenes.slot_now(slot)
    to = WhenAndWhere.of(now)
    to = replace(to, starts_at=to.starts_at + by, ends_at=to.ends_at + by)
    rescheduling.move_slot(slot.id, to, seen=now.sequence if seen is None else seen, by=log.CLI)


def call_off(slot: Slot, **options: Bilingual) -> None:
    calling_off.call_off(slot.id, seen=scenes.slot_now(slot).sequence, by=log.CLI, **options)


def settle(app: Flask, app_clock: AppClock) -> None:
    """Send what is due once the mails about a move have waited."""
    app_clock.advance(minutes=2)
    while delivery.deliver_due(app.config["MAIL_URL"]).progressed:
        pass


def full_with_line() -> tuple[Slot, list[str]]:
    """Three places: one confirmed for two, one on offer, one waiting."""
    slot = scenes.make_slot(capacity=3)
    first = scenes.book(slot, "First", 2)
    gone = scenes.book(slot, "Gone")
    second, third = scenes.book(slot, "Second"), scenes.book(slot, "Third")
    changes.cancel(gone.reference)
    return slot, [first.reference, second.reference, third.reference]


def test_the_effect_of_a_move_is_told_without_changing_anything() -> None:
    slot, references = full_with_line()
    with transaction():
        attendee = scenes.booking(references[0]).attendee
        assert attendee is not None
        attendee.email = ""
    before = scenes.slot_now(slot).revision

    touched = rescheduling.touched(scenes.slot_now(slot))

    assert (touched.confirmed, touched.offered, touched.waiting, touched.entered) == (1, 1, 1, 0)
    assert (touched.parties, touched.mails, touched.without_address) == (3, 2, 1)
    assert scenes.slot_now(slot).revision == before


def test_a_moved_slot_keeps_its_bookings_its_offers_and_its_line() -> None:
    slot, references = full_with_line()

    move(slot)

    assert [scenes.booking(reference).status for reference in references] == [
        BookingStatus.CONFIRMED, BookingStatus.OFFERED, BookingStatus.WAITING,
    ]  # fmt: skip
    assert scenes.counters(slot) == (3, 0, 1)
    assert scenes.broken() == []
    now = scenes.slot_now(slot)
    assert (now.starts_at, now.sequence, now.moved_from) == (scenes.STARTS_AT + HOUR, 1, scenes.STARTS_AT)


def test_each_party_gets_one_mail_with_its_own_options(
    app: Flask, app_clock: AppClock, post_office: PostOffice
) -> None:
    slot, _ = full_with_line()
    later = letters.add_departure(slot)
    settle(app, app_clock)
    post_office.mails.clear()
    post_office.recipients.clear()
    move(slot)

    settle(app, app_clock)

    assert sorted(post_office.recipients) == ["first@example.org", "second@example.org", "third@example.org"]
    texts = dict(zip(post_office.recipients, map(letters.text_of, post_office.mails), strict=True))
    assert "Du behåller dina 2 platser." in texts["first@example.org"]
    assert "Vi håller fortfarande platserna åt dig." in texts["second@example.org"]
    assert "Du behåller din plats i kön." in texts["third@example.org"]
    for text in texts.values():
        assert "Innan: lördag 14 maj 2022, 10.30–12.00" in text
        assert "lördag 14 maj 2022, 11.30–13.00" in text
        assert "lördag 14 maj 2022, 13.30–15.00 (Engelska):" in text
        assert f"&to={later}" in text


def test_other_times_without_room_for_the_whole_party_are_not_offered(app_clock: AppClock) -> None:
    slot = scenes.make_slot()
    scenes.book(slot, "Amira", 3)
    later = letters.add_departure(slot)
    other = db.session.scalars(select(Slot).where(Slot.slug == later)).one()
    scenes.book(other, "Boris", 4)
    move(slot)

    text = letters.text_of(letters.written(letters.newest(MOVED)))

    assert "Ingen annan tid har plats för 3 personer just nu." in text


def test_the_mail_says_which_other_times_lack_what_the_party_was_promised(app_clock: AppClock) -> None:
    slot = aids.give(scenes.make_slot())
    aids.book(slot, "Amira")
    letters.add_departure(slot)
    move(slot)

    text = " ".join(letters.text_of(letters.written(letters.newest(MOVED))).split())

    assert "13.30–15.00 (Engelska). Har inte just nu: 1 plats för rullstol:" in text


def test_the_mail_waits_two_minutes_so_that_a_slip_can_be_corrected(
    app: Flask, app_clock: AppClock, post_office: PostOffice
) -> None:
    slot = scenes.make_slot()
    scenes.book(slot, "Amira")
    delivery.deliver_due(app.config["MAIL_URL"])
    move(slot)
    app_clock.advance(minutes=1, seconds=59)

    delivery.deliver_due(app.config["MAIL_URL"])

    assert len(post_office.mails) == 1


def test_several_moves_in_a_short_time_are_one_mail_that_tells_the_latest(
    app: Flask, app_clock: AppClock, post_office: PostOffice
) -> None:
    slot = scenes.make_slot()
    scenes.book(slot, "Amira")
    settle(app, app_clock)
    for _ in range(3):
        move(slot)
        app_clock.advance(minutes=1)

    settle(app, app_clock)

    assert scenes.mails(MOVED.value) == 1
    text = letters.text_of(post_office.mails[-1])
    assert "Innan: lördag 14 maj 2022, 10.30–12.00" in text
    assert "lördag 14 maj 2022, 13.30–15.00" in text


def test_a_slot_that_is_moved_back_at_once_sends_nothing(
    app: Flask, app_clock: AppClock, post_office: PostOffice
) -> None:
    slot = scenes.make_slot()
    scenes.book(slot, "Amira")
    settle(app, app_clock)
    move(slot)
    move(slot, -HOUR)

    settle(app, app_clock)

    assert len(post_office.mails) == 1
    assert scenes.slot_now(slot).moved_from is None


def test_a_mail_that_a_worker_has_taken_may_be_written_already_so_the_next_move_tells_anew() -> None:
    slot = scenes.make_slot()
    scenes.book(slot, "Amira")
    move(slot)
    with transaction():
        letters.newest(MOVED).claimed_until = clock.machine_time() + HOUR

    move(slot)

    assert scenes.mails(MOVED.value) == 2


def test_who_has_changed_to_another_time_meanwhile_is_not_told_of_the_one_they_left(
    app: Flask, app_clock: AppClock, post_office: PostOffice
) -> None:
    slot = scenes.make_slot()
    answer = scenes.book(slot, "Amira")
    settle(app, app_clock)
    move(slot)
    moving.move(answer.reference, letters.add_departure(slot))

    settle(app, app_clock)

    assert [str(mail["Subject"]).split(":")[0] for mail in post_office.mails[1:]] == ["Ny tid"]


def test_the_calendar_of_a_moved_booking_is_changed_by_the_mail() -> None:
    calendar = letters.calendars_of(letters.written(letters.promise(MOVED)))[0]

    assert "METHOD:REQUEST" in calendar
    assert "SEQUENCE:1" in calendar
    assert "DTSTART;TZID=Europe/Stockholm:20220514T113000" in calendar


def test_an_offer_never_lasts_past_the_new_start(app_clock: AppClock) -> None:
    slot, (_, offered, _) = full_with_line()
    move(slot, clock.now() + 3 * HOUR - scenes.STARTS_AT)

    assert scenes.booking(offered).offer_until == clock.now() + 3 * HOUR


def test_moving_a_slot_to_where_it_stands_changes_nothing() -> None:
    slot = scenes.make_slot()
    scenes.book(slot, "Amira")

    move(slot, timedelta())

    assert (scenes.slot_now(slot).sequence, scenes.mails(MOVED.value)) == (0, 0)


# C08
def test_of_two_who_move_a_slot_at_once_one_is_told_what_the_other_did(app: Flask) -> None:
    slot = scenes.make_slot()
    scenes.book(slot, "Amira")
    db.session.rollback()

    def act(hours: int) -> None:
        with app.app_context():
            move(slot, hours * HOUR, seen=0)

    results = at_once(lambda: act(1), lambda: act(2))

    refused = [result for result in results if result is not None]
    assert [type(result) for result in refused] == [refusals.ChangedMeanwhile]
    assert refused[0].current == WhenAndWhere.of(scenes.slot_now(slot))
    assert (scenes.slot_now(slot).sequence, scenes.mails(MOVED.value)) == (1, 1)


def test_a_slot_that_is_over_or_called_off_cannot_be_moved(app_clock: AppClock) -> None:
    over, off = scenes.make_slot(), scenes.make_slot()
    call_off(off)
    with pytest.raises(refusals.SlotCancelled):
        move(off)
    app_clock.stand_at(scenes.ENDS_AT)

    with pytest.raises(refusals.Closed):
        move(over)


def test_a_move_stands_in_the_log_with_its_mails() -> None:
    slot = scenes.make_slot()
    scenes.book(slot, "Amira")
    move(slot)

    (entry,) = logged("move_slot")
    before, after = scenes.STARTS_AT.isoformat(), (scenes.STARTS_AT + HOUR).isoformat()
    assert (entry.slot_id, entry.details) == (slot.id, {"before": before, "after": after, "mails": 1})


# Called off


def test_a_slot_that_is_called_off_keeps_its_bookings_withdraws_offers_and_offers_nothing() -> None:
    slot, references = full_with_line()

    call_off(slot)
    capacity.set_capacity(slot.id, 20, seen=3, by=log.CLI)

    assert [scenes.booking(reference).status for reference in references] == [
        BookingStatus.CONFIRMED, BookingStatus.WAITING, BookingStatus.WAITING,
    ]  # fmt: skip
    assert scenes.counters(slot) == (2, 0, 2)
    assert scenes.broken() == []
    assert scenes.mails("booking_offered") == 1  # the one from before


def test_each_party_is_told_once_with_the_reason_and_the_other_times(
    app: Flask, app_clock: AppClock, post_office: PostOffice
) -> None:
    slot, _ = full_with_line()
    letters.add_departure(slot)
    settle(app, app_clock)
    post_office.mails.clear()
    call_off(slot, reason=Bilingual("Anläggningen är stängd.", "The plant is closed."))
    call_off(slot)

    settle(app, app_clock)

    assert len(post_office.mails) == 3
    for mail in post_office.mails:
        text = letters.text_of(mail)
        assert str(mail["Subject"]).startswith("Inställt: 14 maj klockan 10.30")
        assert "Anläggningen är stängd." in text
        assert "lördag 14 maj 2022, 13.30–15.00 (Engelska):" in text


def test_a_party_moves_from_a_slot_that_was_called_off_in_one_step() -> None:
    slot, (first, _, third) = full_with_line()
    later = letters.add_departure(slot)
    call_off(slot)

    moving.move(first, later)
    moving.move(third, later)

    assert [scenes.booking(one).slot.slug for one in (first, third)] == [later, later]
    assert {scenes.booking(one).status for one in (first, third)} == {BookingStatus.CONFIRMED}
    assert scenes.counters(slot) == (0, 0, 1)
    assert scenes.broken() == []


def test_nobody_can_accept_an_offer_or_book_on_a_slot_that_was_called_off() -> None:
    slot, (_, offered, _) = full_with_line()
    call_off(slot)

    with pytest.raises(refusals.NotActive):
        changes.accept_offer(offered)
    with pytest.raises(refusals.SlotCancelled):
        scenes.book(slot, "Late")
    with pytest.raises(refusals.SlotCancelled):
        changes.change_size(scenes.booking(offered).reference, Party(2))


def test_a_mail_about_a_move_is_not_sent_once_the_slot_is_called_off(
    app: Flask, app_clock: AppClock, post_office: PostOffice
) -> None:
    slot = scenes.make_slot()
    scenes.book(slot, "Amira")
    settle(app, app_clock)
    move(slot)
    call_off(slot)

    settle(app, app_clock)

    assert [str(mail["Subject"]).split(":")[0] for mail in post_office.mails[1:]] == ["Inställt"]


def test_the_calendar_entry_is_taken_away_by_the_mail() -> None:
    calendar = letters.calendars_of(letters.written(letters.promise(CALLED_OFF)))[0]

    assert "METHOD:CANCEL" in calendar
    assert "STATUS:CANCELLED" in calendar
    assert "SEQUENCE:1" in calendar


def test_what_is_left_on_it_ends_without_a_word_when_its_time_is_over(app_clock: AppClock) -> None:
    slot, references = full_with_line()
    call_off(slot)
    mails = scenes.mails()
    early = calling_off.end_called_off()
    app_clock.stand_at(scenes.ENDS_AT)

    assert (early, calling_off.end_called_off(), calling_off.end_called_off()) == (0, 1, 0)

    assert {scenes.booking(reference).status for reference in references} == {BookingStatus.CANCELLED}
    assert scenes.counters(slot) == (0, 0, 0)
    assert scenes.broken() == []
    assert scenes.mails() == mails


def test_calling_off_something_that_was_moved_meanwhile_asks_again() -> None:
    slot = scenes.make_slot()
    move(slot)

    with pytest.raises(refusals.ChangedMeanwhile):
        calling_off.call_off(slot.id, seen=0, by=log.CLI)

    assert scenes.slot_now(slot).cancelled_at is None


def test_every_mail_is_promised_or_none(monkeypatch: pytest.MonkeyPatch) -> None:
    slot, _ = full_with_line()

    def fail(*_args: object, **_kwargs: object) -> None:
        raise RuntimeError

    monkeypatch.setattr(log, "record", fail)
    with pytest.raises(RuntimeError):
        call_off(slot)

    assert scenes.slot_now(slot).cancelled_at is None
    assert db.session.scalars(select(OutboxMail).where(OutboxMail.kind == CALLED_OFF)).all() == []
