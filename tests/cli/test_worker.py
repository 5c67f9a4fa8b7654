"""``worker``: a round at a time, until it is asked to stop, whatever is away meanwhile."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.smtp import SMTP, Envelope, Session
from flask import Flask
from sqlalchemy import create_engine, select, update
from sqlalchemy.exc import OperationalError

from iclei_events.cli.worker import Rounds
from iclei_events.config import ROOT
from iclei_events.db import DatabaseBusyError, db, transaction
from iclei_events.models import BookingStatus, OutboxMail
from iclei_events.services import capacity, changes, delivery
from tests import scenes
from tests.databases import Database
from tests.post_office import PostOffice
from tests.times import AppClock

PATIENCE = 60
"""Seconds until what should happen is given up: longer than a busy machine needs."""


def run_once(app: Flask) -> None:
    result = app.test_cli_runner().invoke(args=["worker", "--once"])
    assert result.exit_code == 0, result.output


def test_once_sends_what_is_due_and_stops(app: Flask, post_office: PostOffice) -> None:
    with app.app_context():
        scenes.book(scenes.make_slot(), "Eva")

    run_once(app)

    assert post_office.recipients == ["eva@example.org"]


@pytest.mark.database("sqlite")
def test_once_sends_more_than_one_batch(app: Flask, post_office: PostOffice) -> None:
    parties = delivery.BATCH + 5
    with app.app_context():
        slot = scenes.make_slot(capacity=parties)
        for number in range(parties):
            scenes.book(slot, f"Party{number}")

    run_once(app)

    assert len(post_office.mails) == parties


def test_a_round_lapses_offers_and_tells_both_parties(app: Flask, post_office: PostOffice, app_clock: AppClock) -> None:
    with app.app_context():
        slot = scenes.make_slot(capacity=1)
        first = scenes.book(slot, "First")
        second, third = scenes.book(slot, "Second"), scenes.book(slot, "Third")
        changes.cancel(first.reference)
        app_clock.advance(hours=24)

    run_once(app)

    with app.app_context():
        assert scenes.status(second) is BookingStatus.LAPSED
        assert scenes.status(third) is BookingStatus.OFFERED
    said = [(str(mail["To"]).split()[0], str(mail["Subject"]).split(":")[0]) for mail in post_office.mails]
    assert said == [
        ("First", "Avbokat"),
        ("Second", "Svarstiden har gått ut"),
        ("Third", "Svara senast 4 maj klockan 09.05"),
    ]


def test_a_round_releases_what_was_kept_back(app: Flask, post_office: PostOffice, app_clock: AppClock) -> None:
    with app.app_context():
        slot = scenes.make_slot(capacity=3)
        release_at = app_clock.advance(minutes=1)
        capacity.keep_back(slot.id, 2, reason="guide", release_at=release_at, by=scenes.ORGANISER)
        app_clock.advance(minutes=1)

    run_once(app)

    with app.app_context():
        assert scenes.counters(slot) == (0, 0, 0)


def test_a_mail_server_that_is_away_does_not_stop_the_rest(app: Flask, app_clock: AppClock) -> None:
    app.config["MAIL_URL"] = "smtp://127.0.0.1:1"
    with app.app_context():
        slot = scenes.make_slot(capacity=1)
        first = scenes.book(slot, "First")
        second = scenes.book(slot, "Second")
        changes.cancel(first.reference)
        app_clock.advance(hours=24)

    run_once(app)

    with app.app_context():
        assert scenes.status(second) is BookingStatus.LAPSED


def test_a_mail_server_that_is_away_is_left_alone_for_a_while(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []

    def away(_url: str, *, rest: float) -> delivery.Delivered:
        asked.append(1)
        return delivery.Delivered(away="TimeoutError")

    monkeypatch.setattr(delivery, "deliver_due", away)
    rounds = Rounds(app)

    for _ in range(5):
        rounds.work()

    assert len(asked) == 1


@pytest.mark.database("sqlite")
@pytest.mark.parametrize(
    "fault", [DatabaseBusyError(), OperationalError("select", {}, Exception("server closed")), RuntimeError("a bug")]
)
def test_the_worker_outlives_a_fault(app: Flask, monkeypatch: pytest.MonkeyPatch, fault: Exception) -> None:
    stop = threading.Event()
    seen: list[str] = []

    def tend() -> int:
        seen.append("round")
        if len(seen) == 1:
            raise fault
        stop.set()
        return 0

    monkeypatch.setattr(capacity, "tend_slots", tend)
    monkeypatch.setattr("iclei_events.cli.worker.DATABASE_AWAY_SECONDS", 0.01)

    Rounds(app).go_on_until(stop)

    assert seen == ["round", "round"]


@pytest.mark.database("postgresql")
def test_the_worker_outlives_a_restart_of_the_database(
    app: Flask, database: Database, post_office: PostOffice, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("iclei_events.cli.worker.DATABASE_AWAY_SECONDS", 0.05)
    monkeypatch.setattr("iclei_events.cli.worker.ROUND_SECONDS", 0.05)
    rounds, stop = Rounds(app), threading.Event()
    rounds.work()
    with app.app_context():
        scenes.book(scenes.make_slot(), "Eva")
    with app.app_context(), db.engine.connect() as one, db.engine.connect() as two:
        pids = [each.exec_driver_sql("select pg_backend_pid()").scalar_one() for each in (one, two)]
    administrator = create_engine(database.url)
    with administrator.connect() as connection:
        for pid in pids:
            connection.exec_driver_sql(f"select pg_terminate_backend({pid}, 5000)")
    administrator.dispose()

    worker = threading.Thread(target=rounds.go_on_until, args=[stop])
    worker.start()
    wait_until(lambda: post_office.mails, "the mail was sent")
    stop.set()
    worker.join(PATIENCE)

    assert post_office.recipients == ["eva@example.org"]


class SlowPostOffice(PostOffice):
    """Takes a mail and is slow to say so."""

    def __init__(self) -> None:
        super().__init__()
        self.taken = threading.Event()
        self.say = threading.Event()

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802  aiosmtpd's name
        answer = await super().handle_DATA(server, session, envelope)
        self.taken.set()
        await server.loop.run_in_executor(None, self.say.wait, PATIENCE)
        return answer


@pytest.fixture
def environment(app: Flask, database: Database) -> dict[str, str]:
    return os.environ | {
        "DATABASE_URL": database.url,
        "SECRET_KEY": app.config["SECRET_KEY"],
        "BASE_URL": "http://localhost",
        "CLOCK_STARTS_AT": "2022-05-02T09:05:00+02:00",
    }


def start_worker(environment: dict[str, str], log: Path) -> subprocess.Popen[str]:
    with log.open("w") as output:
        return subprocess.Popen(
            [sys.executable, "-m", "flask", "--app", "app", "worker"],
            cwd=ROOT,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            text=True,
        )


def wait_until(true: Any, what: str) -> None:
    give_up = time.monotonic() + PATIENCE
    while not true():
        assert time.monotonic() < give_up, f"waited in vain until {what}"
        time.sleep(0.05)


def test_asked_to_stop_it_finishes_what_is_under_way(app: Flask, environment: dict[str, str], tmp_path: Path) -> None:
    with app.app_context():
        scenes.book(scenes.make_slot(), "Eva")
    with SlowPostOffice() as office:
        process = start_worker(environment | {"MAIL_URL": office.url}, tmp_path / "log")
        assert office.taken.wait(PATIENCE), (tmp_path / "log").read_text()
        process.send_signal(signal.SIGTERM)
        office.say.set()

        assert process.wait(PATIENCE) == 0

    with app.app_context():
        assert db.session.scalars(select(OutboxMail.sent_at)).one() is not None


def test_killed_after_the_mail_it_sends_it_again_under_the_same_message_id(
    app: Flask, environment: dict[str, str], tmp_path: Path
) -> None:
    with app.app_context():
        scenes.book(scenes.make_slot(), "Eva")
    with SlowPostOffice() as office:
        environment = environment | {"MAIL_URL": office.url}
        process = start_worker(environment, tmp_path / "log")
        assert office.taken.wait(PATIENCE), (tmp_path / "log").read_text()
        process.kill()
        process.wait(PATIENCE)
        office.say.set()
        with app.app_context(), transaction() as session:
            session.execute(update(OutboxMail).values(claimed_until=None))

        second = start_worker(environment, tmp_path / "log")
        wait_until(lambda: len(office.mails) == 2, "the mail came again")
        second.terminate()
        second.wait(PATIENCE)

    assert len({str(mail["Message-ID"]) for mail in office.mails}) == 1


@pytest.mark.database("sqlite")
def test_ctrl_c_ends_it_without_a_traceback(app: Flask, environment: dict[str, str], tmp_path: Path) -> None:
    with app.app_context():
        scenes.book(scenes.make_slot(), "Eva")
    with PostOffice() as office:
        process = start_worker(environment | {"MAIL_URL": office.url}, tmp_path / "log")
        wait_until(lambda: office.mails, "the mail was sent")
        process.send_signal(signal.SIGINT)

        assert process.wait(PATIENCE) == 0

    assert "Traceback" not in (tmp_path / "log").read_text()


def test_it_gives_way_to_who_waits_for_a_page_as_each_database_needs_it(
    app: Flask, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is nice where it holds nobody's lock, and rests where it holds everybody's."""
    niceness: list[int] = []
    rests: list[float] = []
    monkeypatch.setattr(os, "nice", niceness.append)
    monkeypatch.setattr(signal, "signal", lambda *_: None)
    monkeypatch.setattr(Rounds, "go_on_until", lambda rounds, _stop: rests.append(rounds.rest))
    result = app.test_cli_runner().invoke(args=["worker"])
    assert result.exit_code == 0, result.output
    assert (niceness, rests) == {"sqlite": ([], [2.0]), "postgresql": ([10], [0.0])}[database.name]
