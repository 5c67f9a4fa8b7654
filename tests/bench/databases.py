"""The databases under the site, and what each can do by itself: take a place, over and over, on one hot slot."""

from __future__ import annotations

import os
import re
import sqlite3
import subprocess
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from multiprocessing import get_context
from pathlib import Path
from typing import Any, Final

import psycopg
from sqlalchemy import URL, create_engine, text

from iclei_events.db import journal_mode
from tests import postgres
from tests.bench import processes
from tests.bench.samples import Sample

ENDLESS: Final = 1_000_000_000
"""A capacity that no round uses up."""

LIMIT_SECONDS: Final = 3

DURABLE: Final = ("fsync=on", "synchronous_commit=on", "shared_buffers=128MB", "max_connections=60")
"""PostgreSQL as in production: a commit is on disk before it is answered."""

PAIR: Final = f"""
CREATE TABLE slot (id integer PRIMARY KEY, capacity integer NOT NULL, held integer NOT NULL, CHECK (held <= capacity));
CREATE TABLE booking (id {{key}}, slot_id integer NOT NULL REFERENCES slot, reference varchar(12) NOT NULL,
  created_at {{moment}} NOT NULL DEFAULT current_timestamp);
INSERT INTO slot VALUES (1, {ENDLESS}, 0);
"""
TAKE: Final = "UPDATE slot SET held = held + 1 WHERE id = 1 AND held + 1 <= capacity"
STORE: Final = "INSERT INTO booking (slot_id, reference) VALUES (1, 'BENCHMRK')"
TRANSACTION: Final = f"BEGIN;\n{TAKE};\n{STORE};\nCOMMIT;\n"


class Postgres:
    name = "postgresql"

    def __init__(self, server: URL) -> None:
        self.url = server.set(database="bench").render_as_string(hide_password=False)
        self._server = server
        self._home = Path(str(server.query["host"]))
        with psycopg.connect(postgres.libpq_url(server), autocommit=True) as connection:
            for name in ("bench", "bare"):
                connection.execute(f"CREATE DATABASE {name} TEMPLATE template0 ENCODING 'UTF8' LOCALE 'C'")
        with psycopg.connect(postgres.libpq_url(server.set(database="bare"))) as connection:
            connection.execute(PAIR.format(key="serial PRIMARY KEY", moment="timestamptz"))
        self._script = self._home.parent / "take_a_place.sql"
        self._script.write_text(TRANSACTION)

    @property
    def pids(self) -> list[int]:
        postmaster = int((self._home / "data" / "postmaster.pid").read_text().split()[0])
        return processes.tree(postmaster)

    def limit(self, *, clients: int, seconds: int = LIMIT_SECONDS) -> Sample:
        """``pgbench`` with so many clients on one row."""
        before = processes.cpu_seconds(self.pids)
        done = subprocess.run(
            [
                postgres.program("pgbench"), "--no-vacuum", "--protocol=prepared", f"--client={clients}", "--jobs=2",
                f"--time={seconds}", f"--file={self._script}", "--username=postgres", f"--host={self._home}", "bare",
            ],
            check=True, capture_output=True, text=True, stdin=subprocess.DEVNULL,
        )  # fmt: skip
        used = processes.cpu_seconds(self.pids) - before
        count = int(_found(r"transactions actually processed: ([0-9]+)", done.stdout))
        return Sample(float(_found(r"tps = ([0-9.]+)", done.stdout)), database_ms=1000 * used / count)


class Sqlite:
    name = "sqlite"
    pids: tuple[int, ...] = ()

    def __init__(self, folder: Path) -> None:
        self.url = f"sqlite:///{folder / 'site.sqlite3'}"
        self._bare = folder / "bare.sqlite3"
        with _connect(self._bare) as connection:
            connection.executescript(PAIR.format(key="integer PRIMARY KEY", moment="text"))

    def limit(self, *, clients: int, seconds: int = LIMIT_SECONDS) -> Sample:
        """As many processes as the site has, since SQLite has one writer at a time; ``clients`` adds nothing."""
        with ProcessPoolExecutor(2, mp_context=get_context("fork")) as pool:
            counts = list(pool.map(_take_places, [self._bare] * 2, [float(seconds)] * 2))
        return Sample(sum(counts) / seconds)


def _connect(file: Path) -> sqlite3.Connection:
    """A connection with the promises of the app's own (see iclei_events.db)."""
    connection = sqlite3.connect(file, timeout=10, isolation_level=None)
    for pragma in ("foreign_keys=ON", f"journal_mode={journal_mode()}", "synchronous=FULL"):
        connection.execute(f"PRAGMA {pragma}")
    return connection


def _take_places(file: Path, seconds: float) -> int:
    connection = _connect(file)
    count, end = 0, time.monotonic() + seconds
    while time.monotonic() < end:
        connection.execute("BEGIN IMMEDIATE")
        connection.execute(TAKE)
        connection.execute(STORE)
        connection.execute("COMMIT")
        count += 1
    connection.close()
    return count


@contextmanager
def durable_postgres(folder: Path) -> Iterator[Postgres]:
    with postgres.own_server(folder, DURABLE) as server:
        yield Postgres(server)


def ask(url: str, statement: str, **values: Any) -> Any:
    """The first value a statement gives on the site's database, None for a change; what it changes is stored."""
    engine = create_engine(url)
    try:
        with engine.begin() as connection:
            result = connection.execute(text(statement), values)
            return result.scalar() if result.returns_rows else None
    finally:
        engine.dispose()


def kind_of_disk(folder: Path) -> str:
    """The file system a folder is on, such as ``ext4 on /dev/vda``."""
    device = folder.stat().st_dev
    wanted = f"{os.major(device)}:{os.minor(device)}"
    for line in Path("/proc/self/mountinfo").read_text().splitlines():
        mount, _, source = line.partition(" - ")
        if mount.split()[2] == wanted:
            return "{} on {}".format(*source.split()[:2])
    return "unknown"


def _found(pattern: str, text_: str) -> str:
    found = re.search(pattern, text_)
    assert found, f"pgbench said:\n{text_}"
    return found[1]
