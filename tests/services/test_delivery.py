"""Sending: once, in order, again where it failed, never by two at a time."""

from __future__ import annotations

import stat
import threading
from datetime import timedelta
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.smtp import SMTP, Envelope, Session
from flask import Flask
from sqlalchemy import func, select, update

from iclei_events import clock
from iclei_events.db import db, transaction
from iclei_events.models import MailKind, OutboxMail
from iclei_events.services import changes, delivery, mail, refusals
from iclei_events.services.delivery import LONGEST_REST, Delivered, deliver_due
from tests import letters, scenes
from tests.letters import read
from tests.post_office import PostOffice
from tests.times import AppClock

pytestmark = pytest.mark.usefixtures("app_context")


class MoodyPostOffice(PostOffice):
    """Refuses recipients with ``rcpt_answer``; with ``hang_up`` takes a mail and goes away without saying so."""

    def __init__(self) -> None:
        super().__init__()
        self.rcpt_answer: str | None = None
        self.hang_up = False

    async def handle_RCPT(  # noqa: N802  aiosmtpd's name
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if self.rcpt_answer is not None:
            return self.rcpt_answer
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        answer = await super().handle_DATA(server, session, envelope)
        if self.hang_up and server.transport is not None:
            server.transport.close()
        return answer


@pytest.fixture
def moody(app: Flask) -> Any:
    with MoodyPostOffice() as office:
        app.config["MAIL_URL"] = office.url
        yield office


def promise(parties: int = 1) -> None:
    slot = scenes.make_slot(capacity=6 * parties)
    for number in range(parties):
        scenes.book(slot, f"Party{number}")


def deliver(app: Flask) -> Delivered:
    return deliver_due(app.config["MAIL_URL"])


def rows() -> list[OutboxMail]:
    db.session.rollback()
    return list(
        db.session.scalars(select(OutboxMail).order_by(OutboxMail.id).execution_options(populate_existing=True))
    )


def row() -> OutboxMail:
    return rows()[0]


def ids(messages: list[EmailMessage]) -> list[str]:
    return [str(message["Message-ID"]) for message in messages]


def test_what_is_promised_is_sent_to_whom_it_was_promised(app: Flask, post_office: PostOffice) -> None:
    promise()

    delivered = deliver(app)

    assert delivered == Delivered(sent=1)
    assert post_office.recipients == ["party0@example.org"]
    assert row().sent_at == clock.now()


def test_a_mail_is_sent_once(app: Flask, post_office: PostOffice) -> None:
    promise()

    deliver(app)
    again = deliver(app)

    assert again == Delivered()
    assert len(post_office.mails) == 1


@pytest.mark.parametrize(("took", "rest", "pause"), [(0.01, 0.0, 0.0), (0.01, 2.0, 0.02), (0.4, 2.0, LONGEST_REST)])
def test_where_mail_gives_way_it_rests_after_each_letter(
    app: Flask, post_office: PostOffice, monkeypatch: pytest.MonkeyPatch, took: float, rest: float, pause: float
) -> None:
    """So many times as long as the letter took, and not for the time that a slow mail server takes."""
    promise(3)
    pauses: list[float] = []
    now = 0.0

    def send(*_letter: Any) -> None:
        nonlocal now
        now += took

    monkeypatch.setattr(delivery, "_send", send)
    monkeypatch.setattr("time.monotonic", lambda: now)
    monkeypatch.setattr("time.sleep", pauses.append)

    deliver_due(app.config["MAIL_URL"], rest=rest)

    assert pauses == pytest.approx([pause] * 3)


def test_the_oldest_promise_goes_first(app: Flask, post_office: PostOffice) -> None:
    promise(5)

    deliver(app)

    assert post_office.recipients == [f"party{number}@example.org" for number in range(5)]


def test_a_booking_that_failed_promises_nothing(app: Flask, post_office: PostOffice) -> None:
    slot = scenes.make_slot(capacity=1)
    scenes.book(slot, "First")
    with pytest.raises(refusals.NoRoom):
        scenes.book(slot, "Second", wait=False)

    deliver(app)

    assert post_office.recipients == ["first@example.org"]


def test_the_same_form_sent_many_times_is_one_mail(app: Flask, post_office: PostOffice) -> None:
    slot = scenes.make_slot()
    for _ in range(20):
        scenes.book(slot, "Eva", key="one-form")

    deliver(app)

    assert len(post_office.mails) == 1


def test_a_mail_waits_for_its_time(app: Flask, post_office: PostOffice, app_clock: AppClock) -> None:
    promise()
    with transaction() as session:
        session.execute(update(OutboxMail).values(due_at=clock.now() + timedelta(hours=1)))

    early = deliver(app)
    app_clock.advance(hours=1)
    late = deliver(app)

    assert (early.sent, late.sent) == (0, 1)


def test_a_demo_clock_far_from_the_machines_does_not_hold_mail_up(
    app: Flask, post_office: PostOffice, app_clock: AppClock
) -> None:
    app_clock.stand_at("2051-05-02T09:05:00+02:00")
    promise_at_once = scenes.make_slot(
        starts_at=clock.now() + timedelta(days=1), ends_at=clock.now() + timedelta(days=1, hours=1)
    )
    scenes.book(promise_at_once, "Eva")

    assert deliver(app).sent == 1


def test_a_refused_recipient_is_given_up_and_shown(app: Flask, moody: MoodyPostOffice) -> None:
    promise()
    moody.rcpt_answer = "550 5.1.1 party0@example.org: no such mailbox"

    delivered = deliver(app)

    assert delivered == Delivered(failed=1)
    assert (row().failed_at, row().last_error) == (clock.now(), "refused with 550")
    assert deliver(app) == Delivered()


def test_a_refused_message_is_given_up(app: Flask, post_office: PostOffice) -> None:
    promise()
    post_office.refuse_with = "554 5.7.1 Message rejected"

    assert deliver(app).failed == 1


def test_a_recipient_put_off_is_tried_again_at_growing_distances(
    app: Flask, moody: MoodyPostOffice, app_clock: AppClock
) -> None:
    promise()
    moody.rcpt_answer = "451 4.7.1 try again later"
    waits = []

    for _ in range(9):
        assert deliver(app).deferred == 1
        waits.append(row().due_at - clock.now())
        app_clock.stand_at(row().due_at)

    assert [wait.total_seconds() / 60 for wait in waits[:7]] == [1, 5, 15, 60, 240, 720, 1440]
    assert waits[7:] == [timedelta(days=1)] * 2


def test_one_mailbox_that_puts_off_does_not_hold_up_the_next(app: Flask, post_office: PostOffice) -> None:
    promise(2)
    with transaction() as session:
        session.execute(
            update(OutboxMail)
            .where(OutboxMail.id == select(func.min(OutboxMail.id)).scalar_subquery())
            .values(due_at=clock.now() + timedelta(hours=1))
        )

    assert deliver(app).sent == 1
    assert post_office.recipients == ["party1@example.org"]


def test_after_five_days_a_mail_has_failed(app: Flask, moody: MoodyPostOffice, app_clock: AppClock) -> None:
    slot = scenes.make_slot()
    scenes.book(slot, "Eva")
    moody.rcpt_answer = "452 4.2.2 mailbox full"
    deliver(app)
    app_clock.advance(days=5)

    deliver(app)

    assert row().failed_at == clock.now()


def test_a_server_that_is_away_is_no_mails_fault(app: Flask, app_clock: AppClock) -> None:
    promise(3)
    app.config["MAIL_URL"] = "smtp://127.0.0.1:1"

    delivered = deliver(app)

    assert (delivered.sent, delivered.failed, delivered.away) == (0, 0, "ConnectionRefusedError")
    assert [one.claimed_until for one in rows()] == [None] * 3
    assert [one.due_at - clock.now() for one in rows()] == [timedelta(minutes=1), timedelta(0), timedelta(0)]


def test_once_the_server_is_back_everything_goes_within_minutes(
    app: Flask, post_office: PostOffice, app_clock: AppClock
) -> None:
    promise(3)
    back, app.config["MAIL_URL"] = app.config["MAIL_URL"], "smtp://127.0.0.1:1"
    for _ in range(60):
        deliver(app)
        app_clock.advance(minutes=1)
    app.config["MAIL_URL"] = back

    app_clock.advance(minutes=1)
    deliver(app)

    assert post_office.recipients == [f"party{number}@example.org" for number in range(3)]


def test_a_server_that_says_later_to_everything_is_away(app: Flask, post_office: PostOffice) -> None:
    promise(2)
    post_office.refuse_with = "451 4.3.0 queue full"

    assert deliver(app).away == "answered 451"


def test_a_connection_that_dies_after_the_mail_repeats_it_under_the_same_message_id(
    app: Flask, moody: MoodyPostOffice, app_clock: AppClock
) -> None:
    promise()
    moody.hang_up = True
    deliver(app)
    moody.hang_up = False
    app_clock.advance(minutes=2)

    deliver(app)

    assert len(moody.mails) == 2
    assert len(set(ids(moody.mails))) == 1
    assert row().sent_at is not None


def test_a_worker_killed_before_it_marked_leaves_the_mail_to_its_lease(
    app: Flask, post_office: PostOffice, monkeypatch: pytest.MonkeyPatch
) -> None:
    promise()

    class KilledError(BaseException):
        pass

    def die(*_: object, **__: object) -> None:
        raise KilledError

    mark = delivery._mark
    monkeypatch.setattr(delivery, "_mark", die)
    with pytest.raises(KilledError):
        deliver(app)
    monkeypatch.setattr(delivery, "_mark", mark)
    within_lease = deliver(app)
    run_out_leases()
    after_lease = deliver(app)

    assert (within_lease.sent, after_lease.sent) == (0, 1)
    assert len(post_office.mails) == 2
    assert len(set(ids(post_office.mails))) == 1


def run_out_leases() -> None:
    with transaction() as session:
        session.execute(update(OutboxMail).values(claimed_until=clock.machine_time() - timedelta(seconds=1)))


@pytest.mark.race
def test_workers_side_by_side_send_each_mail_once(app: Flask, post_office: PostOffice) -> None:
    promise(40)
    start = threading.Barrier(4)

    def work() -> None:
        with app.app_context():
            start.wait()
            while deliver(app).progressed:
                pass

    run_together(work, 4)

    assert len(post_office.mails) == 40
    assert len(set(ids(post_office.mails))) == 40


@pytest.mark.race
def test_without_the_claim_they_would_send_some_twice(
    app: Flask, post_office: PostOffice, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The negative control of the test above."""
    promise(10)
    together = threading.Barrier(4)
    until = clock.machine_time() + delivery.LEASE

    def take_all() -> delivery.Claim:
        found = delivery.Claim([one.id for one in rows()], until)
        together.wait()
        return found

    with transaction() as session:
        session.execute(update(OutboxMail).values(claimed_until=until))
    monkeypatch.setattr(delivery, "_claim", take_all)
    monkeypatch.setattr(delivery, "_anything_due", lambda: True)

    def work() -> None:
        with app.app_context():
            deliver(app)

    run_together(work, 4)

    assert len(post_office.mails) > 10


def run_together(work: Any, number: int) -> None:
    threads = [threading.Thread(target=work) for _ in range(number)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)


def test_a_lease_that_is_nearly_over_is_handed_back(
    app: Flask, post_office: PostOffice, monkeypatch: pytest.MonkeyPatch
) -> None:
    promise(2)
    monkeypatch.setattr(delivery, "LEASE", delivery.LEAST_LEASE_LEFT)

    deliver(app)

    assert post_office.mails == []
    assert [(one.claimed_until, one.attempts) for one in rows()] == [(None, 0)] * 2


def test_a_mail_that_is_no_longer_true_is_left_unsent_with_a_note(app: Flask, post_office: PostOffice) -> None:
    slot = scenes.make_slot()
    answer = scenes.book(slot, "Eva")
    changes.cancel(answer.reference)

    delivered = deliver(app)

    assert (delivered.skipped, delivered.sent) == (1, 1)
    assert [letter["Subject"][:7] for letter in post_office.mails] == ["Avbokat"]
    assert row().last_error == "not sent: the booking is cancelled"


def test_one_mail_that_cannot_be_written_does_not_hold_up_the_others(
    app: Flask, post_office: PostOffice, monkeypatch: pytest.MonkeyPatch
) -> None:
    promise(2)
    broken, write = row().id, mail.render

    def render(one: OutboxMail) -> EmailMessage:
        if one.id == broken:
            raise KeyError("party0@example.org")
        return write(one)

    monkeypatch.setattr(mail, "render", render)

    delivered = deliver(app)

    assert (delivered.sent, delivered.deferred) == (1, 1)
    assert row().last_error == "could not be written: KeyError"


def test_what_a_mail_carried_is_kept_no_longer_than_needed(app: Flask, post_office: PostOffice) -> None:
    letters.promise(MailKind.STAFF_INVITATION)

    deliver(app)

    assert "key=once" in letters.text_of(post_office.mails[0])
    assert row().context == {}


def test_the_demo_writes_whole_files_that_their_owner_alone_can_read(app: Flask, tmp_path: Path) -> None:
    folder = tmp_path / "box" / "mail"
    app.config["MAIL_URL"] = f"file:{folder}"
    promise()
    booking = row().booking
    assert booking is not None
    reference = booking.reference

    deliver(app)

    (file,) = folder.iterdir()
    assert file.name.startswith(f"20220502T070500Z-booking_confirmed-{reference}-")
    assert file.suffix == ".eml"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert read(file.read_bytes())["To"].addresses[0].addr_spec == "party0@example.org"


def test_no_transaction_is_open_while_a_server_is_spoken_to(
    app: Flask, post_office: PostOffice, monkeypatch: pytest.MonkeyPatch
) -> None:
    promise()
    open_meanwhile: list[bool] = []

    class Watching:
        def send(self, message: EmailMessage, recipient: str, name: str) -> None:
            open_meanwhile.append(db.session().in_transaction())

    monkeypatch.setattr(delivery, "connected", lambda _url: as_context(Watching()))
    deliver(app)

    assert open_meanwhile == [False]


class as_context:  # noqa: N801  used like a function
    def __init__(self, value: Any) -> None:
        self.value = value

    def __enter__(self) -> Any:
        return self.value

    def __exit__(self, *_: object) -> None:
        pass


def test_an_unknown_scheme_says_what_is_accepted(app: Flask) -> None:
    promise()
    app.config["MAIL_URL"] = "http://mail.example.org"

    with pytest.raises(ValueError, match="smtp://, smtps:// or file:"):
        deliver(app)

    assert row().claimed_until is None
