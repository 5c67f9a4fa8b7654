"""``flask --app app worker``: sends mail and does what falls due."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable
from types import FrameType
from typing import Any, Final

import click
import structlog
from flask import Flask, current_app
from flask.cli import with_appcontext
from sqlalchemy.exc import DBAPIError

from iclei_events.db import DatabaseBusyError, db
from iclei_events.services import (
    calling_off,
    capacity,
    delivery,
    draws,
    privacy,
    proofs,
    reminders,
    settling,
    waiting_rooms,
)

ROUND_SECONDS: Final = 1.0
SERVER_AWAY_SECONDS: Final = 30.0
"""How long a mail server that is away is left alone."""

DATABASE_AWAY_SECONDS: Final = 5.0
REMINDER_SECONDS: Final = 60.0
"""How often reminders that are due are looked for."""

PURGE_SECONDS: Final = 3600.0
"""How often personal data that are due are looked for."""

NICENESS: Final = 10
"""Mail gives way: in a rush somebody waits for every page, and nobody for the second in which a mail arrives."""

REST_ON_SQLITE: Final = 2.0
"""There it gives way by resting after each mail, so many times as long as that took: a worker that is merely nice would
dawdle while it holds everybody's lock, and one that never rests has the lock half of the time."""

_log = structlog.get_logger()


@click.command("worker")
@click.option("--once", is_flag=True, help="Do what is due now, then stop.")
@with_appcontext
def worker(*, once: bool) -> None:
    """Send queued mail and reminders, lapse offers, release kept-back places, close draws, purge what is due."""
    rounds = Rounds(current_app._get_current_object())  # type: ignore[attr-defined]  # noqa: SLF001  werkzeug's documented way
    if once:
        while rounds.work():
            pass
        return
    if db.engine.dialect.name == "postgresql":
        os.nice(NICENESS)
    else:
        rounds.rest = REST_ON_SQLITE
    stop = threading.Event()

    def end(_signal: int, _frame: FrameType | None) -> None:
        stop.set()

    signal.signal(signal.SIGTERM, end)
    signal.signal(signal.SIGINT, end)
    rounds.go_on_until(stop)


class Rounds:
    """The worker's rounds: each job in a context of its own, so that it sees what is true now."""

    def __init__(self, app: Flask) -> None:
        self._app = app
        self.rest = 0.0
        self._mail_rests_until = 0.0
        self._remind_again_at = 0.0
        self._purge_again_at = 0.0

    def go_on_until(self, stop: threading.Event) -> None:
        """Work until asked to stop; what is under way is finished first. A database that is away is waited for."""
        pause = 0.0
        while not stop.wait(pause):
            try:
                more = self.work()
            except (DatabaseBusyError, DBAPIError) as error:
                _log.warning("database away", reason=type(error).__name__)
                pause = DATABASE_AWAY_SECONDS
            except Exception:  # noqa: BLE001  whatever went wrong, the next round must come
                _log.exception("a round failed")
                pause = DATABASE_AWAY_SECONDS
            else:
                pause = 0.0 if more else ROUND_SECONDS

    def work(self) -> bool:
        """One round; whether the next should follow at once."""
        slots = self._tend(waiting_rooms.open_due) + self._tend(capacity.tend_slots) + self._tend(draws.tend)
        slots += self._tend(settling.settle)
        reminded = self._remind()
        delivered = self._deliver()
        self._purge()
        if slots or reminded or delivered.progressed or delivered.away:
            _log.info(
                "worker round", slots=slots, reminded=reminded, sent=delivered.sent, skipped=delivered.skipped,
                deferred=delivered.deferred, failed=delivered.failed, away=delivered.away,
            )  # fmt: skip
        return delivered.progressed

    def _remind(self) -> int:
        """Look once a minute for reminders, and for what is over: slots that were called off, and used proofs."""
        if time.monotonic() < self._remind_again_at:
            return 0
        self._remind_again_at = time.monotonic() + REMINDER_SECONDS
        self._tend(calling_off.end_called_off)
        self._tend(proofs.forget_expired)
        return self._tend(reminders.promise_due)

    def _tend(self, job: Callable[[], int]) -> int:
        """A slot that cannot be tended must not keep everybody's mail back."""
        try:
            return int(self._do(job))
        except (DatabaseBusyError, DBAPIError):
            raise
        except Exception:  # noqa: BLE001  whatever went wrong with a slot, the mail goes out
            _log.exception("slots could not be tended")
            return 0

    def _deliver(self) -> delivery.Delivered:
        if time.monotonic() < self._mail_rests_until:
            return delivery.Delivered()
        delivered: delivery.Delivered = self._do(
            lambda: delivery.deliver_due(self._app.config["MAIL_URL"], rest=self.rest)
        )
        if delivered.away is not None:
            self._mail_rests_until = time.monotonic() + SERVER_AWAY_SECONDS
        return delivered

    def _purge(self) -> None:
        if time.monotonic() < self._purge_again_at:
            return
        erased = {until.value: rows for until, rows in self._do(privacy.purge).items() if rows}
        self._purge_again_at = time.monotonic() + PURGE_SECONDS
        if erased:
            _log.info("purged", **erased)

    def _do(self, job: Callable[[], Any]) -> Any:
        with self._app.app_context():
            return job()
