"""The sites that are measured: as ``serve`` starts them, with two web workers and the mail worker."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Final

from iclei_events.config import ROOT
from tests.bench import databases, load, processes
from tests.bench.databases import Postgres, Sqlite
from tests.live_site import LiveSite

HOT_SLOT: Final = "siptex-1030"
EVENT: Final = "malmo-summit"
START_PAGE: Final = f"/sv/{EVENT}/"
DRAIN_SECONDS: Final = 20.0
"""How long the mail worker may take for what a round left, so that it does not work on in the next."""


class BenchSite(LiveSite):
    """A live site whose parts can be asked for what they use."""

    def __init__(self, folder: Path, database: Sqlite | Postgres) -> None:
        super().__init__(folder, DATABASE_URL=database.url, WEB_WORKERS="2", LOG_FORMAT="text")
        self.database = database

    def prepare(self) -> None:
        """Fill the new database with the content of every event, and make one slot endless."""
        self.command("db", "upgrade")
        for pack in sorted((ROOT / "iclei_events" / "content").glob("*.yaml")):
            self.command("event", "load", str(pack))
        databases.ask(
            self.database.url,
            "UPDATE slot SET capacity = :capacity, opens_at = NULL, closes_at = NULL WHERE slug = :slug",
            capacity=databases.ENDLESS,
            slug=HOT_SLOT,
        )

    def start_seconds(self) -> float:
        """How long from nothing to the first page, in one start of its own."""
        start = time.monotonic()
        with self:
            answer = load.fetch(self.port, load.get(START_PAGE))
            seconds = time.monotonic() - start
        assert answer.status == 200, answer.head
        return seconds

    @property
    def web_pids(self) -> list[int]:
        """The server and its web workers; the mail worker, started before them, is no part of an answer."""
        return [pid for pid in processes.tree(self.process.pid) if pid != self.mail_worker]

    @property
    def mail_worker(self) -> int:
        return processes.children(self.process.pid)[0]

    @property
    def held(self) -> int:
        return int(databases.ask(self.database.url, "SELECT held FROM slot WHERE slug = :slug", slug=HOT_SLOT))

    @property
    def places_booked(self) -> int:
        """The places of the hot slot's confirmed bookings, counted one by one."""
        return int(
            databases.ask(
                self.database.url,
                "SELECT count(*) FROM place JOIN booking ON booking.id = place.booking_id"
                " JOIN slot ON slot.id = booking.slot_id WHERE slot.slug = :slug AND booking.status = 'confirmed'",
                slug=HOT_SLOT,
            )
        )

    def drain_mails(self) -> float:
        """Let the mail worker send what is due; returns its CPU milliseconds for each mail, 0 when there was none."""
        due, used, end = self._mails_due(), processes.cpu_seconds([self.mail_worker]), time.monotonic() + DRAIN_SECONDS
        left = due
        while left and time.monotonic() < end:
            time.sleep(0.2)
            left = self._mails_due()
        used = processes.cpu_seconds([self.mail_worker]) - used
        databases.ask(self.database.url, "DELETE FROM outbox_mail WHERE sent_at IS NULL")
        return 1000 * used / (due - left) if due > left else 0.0

    def _mails_due(self) -> int:
        return int(databases.ask(self.database.url, "SELECT count(*) FROM outbox_mail WHERE sent_at IS NULL"))


class HelloSite(LiveSite):
    """The bare page on the same server."""

    program = ("-m", "tests.bench.hello")
