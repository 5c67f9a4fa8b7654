from __future__ import annotations

import json
from datetime import date, timedelta
from typing import Any

import pytest
from sqlalchemy import Enum, String, Table, func, select, update
from sqlalchemy.types import JSON, TypeDecorator

from iclei_events import clock
from iclei_events.db import Base, db, transaction
from iclei_events.models import (
    AccessNeed,
    Attendee,
    BookingStatus,
    Delegate,
    Event,
    KeptBack,
    LogEntry,
    MailKind,
    OutboxMail,
    Place,
    Signatory,
    SignatoryStatus,
    SignIn,
    Slot,
    Staff,
)
from iclei_events.services import bookings, data_export, log, outbox, privacy, verifying
from iclei_events.services.booking_rows import Party
from iclei_events.services.personal_data import ABOUT_NOBODY, FIELDS, KEPT, TABLES_ABOUT_NOBODY, UNTIL_TEXTS, Until
from iclei_events.services.retention import ERASED_TEXT, STEPS
from tests import scenes, signers
from tests.times import AppClock

pytestmark = pytest.mark.usefixtures("app_context")

PERSONAL: set[str] = {field.table for field in FIELDS}


def rows(model: type[Base]) -> int:
    db.session.rollback()
    return db.session.scalar(select(func.count()).select_from(model)) or 0


def booked(name: str = "Amira", **fields: Any) -> tuple[Slot, str]:
    """A booking with everything that can be known about somebody."""
    slot = scenes.make_slot(**fields)
    contact = scenes.contact(name, phone="+46 70 123 45 67", access_need="Kommer med rullstol")
    answer = bookings.book(
        scenes.slot_now(slot), party=Party(1), contact=contact, language="sv", key=f"key-of-{name}", wait=True
    )
    with transaction() as session:
        session.execute(update(Place).values(name="Noor"))
    return slot, answer.reference


# The table of fields


def text_columns(table: Table) -> set[str]:
    def holds_text(kind: Any) -> bool:
        stored = kind.impl if isinstance(kind, TypeDecorator) else kind
        return isinstance(stored, String | JSON) and not isinstance(stored, Enum)

    return {column.name for column in table.columns if holds_text(column.type)}


def test_every_table_is_said_to_hold_personal_data_or_none() -> None:
    assert {table.name for table in Base.metadata.sorted_tables} == PERSONAL | TABLES_ABOUT_NOBODY


@pytest.mark.parametrize("table", sorted(PERSONAL))
def test_no_text_column_of_a_personal_table_is_missing_from_the_field_table(table: str) -> None:
    named = {column for field in FIELDS if field.table == table for column in field.columns}

    assert text_columns(Base.metadata.tables[table]) - named == ABOUT_NOBODY[table]
    assert named <= {column.name for column in Base.metadata.tables[table].columns}


def test_each_deadline_has_a_sentence_and_each_but_those_kept_a_step() -> None:
    assert set(UNTIL_TEXTS) == set(Until)
    assert set(STEPS) == set(Until) - KEPT


def test_each_field_says_when_it_goes() -> None:
    assert all(field.until for field in FIELDS)


# The purge


def test_access_needs_go_at_the_midnight_after_the_slot_and_not_before(app_clock: AppClock) -> None:
    booked()

    app_clock.stand_at("2022-05-14T23:59:59+02:00")
    privacy.purge()
    kept = rows(AccessNeed)
    app_clock.stand_at("2022-05-15T00:00:00+02:00")
    erased = privacy.purge()

    assert (kept, rows(AccessNeed), erased[Until.DAY_AFTER_SLOT]) == (1, 0, 1)
    assert rows(Attendee) == 1


def test_a_slot_that_ends_after_midnight_belongs_to_the_next_day(app_clock: AppClock) -> None:
    booked(ends_at=clock.now().replace(month=5, day=14, hour=22, minute=30))

    app_clock.stand_at("2022-05-15T23:00:00+02:00")
    privacy.purge()

    assert rows(AccessNeed) == 1


def test_names_and_addresses_go_on_the_day_of_the_event_and_the_booking_stays(app_clock: AppClock) -> None:
    slot, reference = booked()
    assert scenes.mails() == 1

    app_clock.stand_at("2022-06-13T23:59:00+02:00")
    privacy.purge()
    before = rows(Attendee), scenes.booking(reference).places[0].name
    app_clock.stand_at("2022-06-14T00:00:00+02:00")
    privacy.purge()

    assert before == (1, "Noor")
    assert (rows(Attendee), scenes.mails(), scenes.booking(reference).places[0].name) == (0, 0, None)
    assert scenes.booking(reference).status is BookingStatus.CONFIRMED
    assert scenes.counters(slot) == (1, 0, 0)
    assert scenes.broken() == []


def test_the_purge_erases_on_the_day_that_the_notice_names(app_clock: AppClock) -> None:
    booked()
    event = db.session.scalars(select(Event)).one()

    assert event.erased_on == date(2022, 6, 14)


def test_delegates_and_reasons_of_kept_back_places_go_with_the_event(app_clock: AppClock) -> None:
    slot = scenes.make_slot()
    with transaction() as session:
        event_id = session.scalars(select(Event.id)).one()
        session.add(
            Delegate(
                event_id=event_id, name="Eva", email="eva@example.org", email_key="eva@example.org",
                organisation="Lund", country="SE", language="sv", registered_at=clock.now(),
            )
        )  # fmt: skip
        session.add(KeptBack(slot_id=slot.id, places=1, reason="För Eva Ek", created_at=clock.now()))
    app_clock.stand_at("2022-06-14T00:00:00+02:00")

    privacy.purge()

    assert rows(Delegate) == 0
    assert db.session.scalars(select(KeptBack.reason)).one() == ERASED_TEXT
    assert privacy.purge()[Until.AFTER_EVENT] == 0


def test_nobody_who_is_still_to_come_is_erased(app_clock: AppClock) -> None:
    after_the_event = scenes.STARTS_AT + timedelta(days=90)
    booked(starts_at=after_the_event, ends_at=after_the_event + timedelta(hours=1))
    app_clock.advance(days=60)
    assert (privacy.purge()[Until.AFTER_EVENT], rows(Attendee)) == (0, 1)
    app_clock.stand_at(after_the_event + timedelta(hours=1))
    privacy.purge()
    assert rows(Attendee) == 0


def test_another_events_bookings_stay(app_clock: AppClock) -> None:
    booked("Amira")
    later = scenes.make_slot()
    slug = scenes.slot_now(later).activity.event.slug
    with transaction() as session:
        session.execute(update(Event).where(Event.slug == slug).values(ends_on=date(2022, 9, 1)))
    scenes.book(later, "Bo")
    app_clock.stand_at("2022-06-14T00:00:00+02:00")

    privacy.purge()

    assert [one.name for one in db.session.scalars(select(Attendee))] == ["Bo"]


def test_unconfirmed_forms_go_after_thirty_days_and_confirmed_ones_stay(app_clock: AppClock) -> None:
    signers.sign("Lund")
    signers.sign_and_confirm("Eslöv")
    app_clock.advance(days=30)

    erased = privacy.purge()

    assert erased[Until.UNCONFIRMED] == 1
    assert [one.name for one in db.session.scalars(select(Signatory))] == ["Eslöv"]


def test_a_declined_signing_loses_its_people_and_keeps_its_city(app_clock: AppClock) -> None:
    reference = signers.sign_and_confirm()
    verifying.decline(reference, reason="Nils Ek hade ingen fullmakt.", by=log.CLI)
    app_clock.advance(days=31)

    privacy.purge()

    one = signers.now(reference)
    assert one.name == "Lund"
    personal = (one.contact_name, one.contact_email, one.contact_email_key, one.signer_name, one.declined_because)
    assert personal == (None,) * 5
    assert rows(OutboxMail) == 0


def test_a_signing_that_is_never_published_loses_its_people_after_a_year(app_clock: AppClock) -> None:
    reference = signers.sign_and_confirm()
    app_clock.advance(days=364)
    assert privacy.purge()[Until.UNPUBLISHED] == 0
    app_clock.advance(days=1)

    assert privacy.purge()[Until.UNPUBLISHED] == 1

    one = signers.now(reference)
    assert (one.name, one.status) == ("Lund", SignatoryStatus.DECLINED)
    assert (one.contact_name, one.contact_email, one.contact_email_key, one.signer_name) == (None,) * 4


def test_a_published_signing_stays_whole(app_clock: AppClock) -> None:
    reference = signers.published().reference
    app_clock.advance(days=4000)

    privacy.purge()

    assert signers.now(reference).contact_email == "nils.ek@lund.example"


def test_mails_go_thirty_one_days_after_they_were_sent(app_clock: AppClock) -> None:
    with transaction() as session:
        outbox.mail(session, MailKind.PROBLEM_REPORT, recipient="a@example.org", language="sv", at=clock.now())
    app_clock.advance(days=30)
    privacy.purge()
    assert rows(OutboxMail) == 1

    app_clock.advance(days=1)
    privacy.purge()

    assert rows(OutboxMail) == 0


def test_old_sign_ins_and_closed_accounts_lose_their_person(app_clock: AppClock) -> None:
    ada, bo = signers.make_staff("Ada"), signers.make_staff("Bo")
    long_ago = clock.machine_time() - timedelta(days=31)
    with transaction() as session:
        session.add(SignIn(staff_id=ada, token_hash="a" * 64, created_at=long_ago, seen_at=long_ago))
        session.get_one(Staff, bo).disabled_at = clock.now() - timedelta(days=365)

    privacy.purge()
    again = privacy.purge()

    assert rows(SignIn) == 0
    assert [staff.name for staff in db.session.scalars(select(Staff).order_by(Staff.id))] == ["ada", None]
    assert db.session.get_one(Staff, bo).email == f"erased-{bo}@invalid"
    assert sum(again.values()) == 0


def test_old_log_lines_go_but_those_of_signings_stay(app_clock: AppClock) -> None:
    booked()
    signers.sign_and_confirm()
    app_clock.advance(days=2 * 365)

    privacy.purge()

    verbs = set(db.session.scalars(select(LogEntry.verb).where(LogEntry.at < clock.now())))
    assert verbs == {"sign", "confirm_signing"}


def test_a_purge_in_small_batches_goes_on_to_the_end_and_once_more_does_nothing(app_clock: AppClock) -> None:
    slot = scenes.make_slot(capacity=20)
    for number in range(7):
        scenes.book(slot, f"Person{number}")
    app_clock.stand_at("2022-06-14T00:00:00+02:00")

    first = privacy.purge(batch=2)
    second = privacy.purge(batch=2)

    assert first[Until.AFTER_EVENT] == 14
    assert sum(second.values()) == 0
    assert rows(Attendee) == 0


def test_a_purge_that_is_killed_half_way_is_finished_by_the_next(app_clock: AppClock, monkeypatch: Any) -> None:
    slot = scenes.make_slot(capacity=20)
    for number in range(5):
        scenes.book(slot, f"Person{number}")
    app_clock.stand_at("2022-06-14T00:00:00+02:00")
    calls: list[int] = []

    def die(*args: Any, **kwargs: Any) -> None:
        calls.append(1)
        if len(calls) == 2:
            raise KeyboardInterrupt

    monkeypatch.setattr(log, "record", die)
    with pytest.raises(KeyboardInterrupt):
        privacy.purge(batch=2)
    assert rows(Attendee) == 3
    monkeypatch.undo()

    privacy.purge(batch=2)

    assert rows(Attendee) == 0


def test_the_log_of_a_purge_holds_counts_only(app_clock: AppClock) -> None:
    booked()
    app_clock.stand_at("2022-06-14T00:00:00+02:00")

    privacy.purge()

    lines = db.session.scalars(select(LogEntry).where(LogEntry.verb == "purge")).all()
    assert {"due": "after_event", "rows": 1} in [line.details for line in lines]
    assert all(set(line.details) == {"due", "rows"} for line in lines)


# A person's own data


def test_an_export_holds_everything_known_and_no_secret() -> None:
    _, reference = booked()

    exported = data_export.export("Amira@EXAMPLE.org")
    text = json.dumps(exported)

    (booking,) = exported["bookings"]
    assert booking["reference"] == reference
    assert (booking["name"], booking["phone"], booking["access_need"]) == (
        "Amira", "+46 70 123 45 67", "Kommer med rullstol",
    )  # fmt: skip
    assert booking["places"][0]["name"] == "Noor"
    assert [mail["kind"] for mail in exported["mails"]] == ["booking_confirmed"]
    assert "salt" not in text
    assert "key-of" not in text


def test_an_export_of_a_signer_and_of_staff() -> None:
    signers.sign_and_confirm()
    signers.make_staff("Ada")

    signing = data_export.export("nils.ek@lund.example")["signings"][0]
    staff = data_export.export("ada@malmo.example")["staff"]

    assert (signing["contact_name"], signing["name"], signing["status"]) == ("Nils Ek", "Lund", "confirmed")
    assert staff["roles"] == ["organiser"]
    assert not {"password_hash", "totp_secret", "recovery_hashes"} & set(staff)


def test_an_unknown_address_has_nothing() -> None:
    exported = data_export.export("nobody@example.org")

    assert not any(value for name, value in exported.items() if name != "email")


def test_erasing_gives_the_places_to_whoever_waits_and_leaves_nothing_of_the_person() -> None:
    slot = scenes.make_slot(capacity=1)
    amira, bo = scenes.book(slot, "Amira"), scenes.book(slot, "Bo")

    erased = privacy.erase("AMIRA@example.org")

    assert (erased["cancelled"], erased["bookings"]) == (1, 1)
    assert (scenes.status(amira), scenes.status(bo)) == (BookingStatus.CANCELLED, BookingStatus.OFFERED)
    assert not any(value for name, value in data_export.export("amira@example.org").items() if name != "email")
    assert scenes.broken() == []


def test_erasing_sends_no_mail_to_the_person() -> None:
    slot, _ = booked()

    privacy.erase("amira@example.org")

    assert rows(OutboxMail) == 0
    assert scenes.counters(slot) == (0, 0, 0)


def test_erasing_takes_only_that_person() -> None:
    slot = scenes.make_slot()
    scenes.book(slot, "Amira")
    scenes.book(slot, "Bo")

    privacy.erase("amira@example.org")

    assert [one.name for one in db.session.scalars(select(Attendee))] == ["Bo"]


def test_erasing_twice_finds_nothing_the_second_time() -> None:
    booked()
    privacy.erase("amira@example.org")

    assert sum(privacy.erase("amira@example.org").values()) == 0


def test_erasing_a_contact_takes_unconfirmed_forms_and_leaves_the_register() -> None:
    one = signers.published("Lund")
    signers.sign("Eslöv")

    erased = privacy.erase("nils.ek@lund.example")

    assert (erased["unconfirmed_signings"], erased["contacts"]) == (1, 1)
    kept = signers.now(one.reference)
    assert (kept.name, kept.has_signed, kept.contact_email, kept.signer_name) == ("Lund", True, None, "Åsa Öberg")


def test_the_log_of_an_erasure_names_nobody() -> None:
    booked()
    privacy.erase("amira@example.org")

    line = db.session.scalars(select(LogEntry).where(LogEntry.verb == "erase")).one()
    assert all(isinstance(value, int) for value in line.details.values())
