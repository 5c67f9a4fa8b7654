"""The two databases every rule is tested on, and how a test gets one that is as good as new.

A worker migrates each database once. A *snapshot* is what stands in the tables; before a test it is put back, which is
a hundred times quicker than migrating and true for tests with many connections, since nothing hangs on a rollback.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any, Protocol

import psycopg
from flask import Flask
from flask_migrate import upgrade
from psycopg import sql
from sqlalchemy import URL, Engine, QueuePool, Table

from iclei_events.db import db
from iclei_events.services import listing_rows
from tests.postgres import libpq_url

EMPTY = "empty"


class Database(Protocol):
    """A migrated database whose contents can be saved under a name and put back."""

    name: str
    url: str

    def has(self, snapshot: str) -> bool: ...
    def save(self, snapshot: str) -> None: ...
    def restore(self, snapshot: str) -> None: ...
    def let_go(self, engine: Engine) -> None: ...


class SqliteDatabase:
    name = "sqlite"

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._file = folder / "test.sqlite3"
        self.url = f"sqlite:///{self._file}"

    def _kept(self, snapshot: str) -> Path:
        return self._folder / f"{snapshot}.snapshot"

    def has(self, snapshot: str) -> bool:
        return self._kept(snapshot).exists()

    def save(self, snapshot: str) -> None:
        shutil.copyfile(self._file, self._kept(snapshot))

    def restore(self, snapshot: str) -> None:
        for suffix in ("", "-journal", "-wal", "-shm"):
            self._file.with_name(self._file.name + suffix).unlink(missing_ok=True)
        shutil.copyfile(self._kept(snapshot), self._file)

    def let_go(self, engine: Engine) -> None:
        """No connection may outlive the file it has open."""
        engine.dispose()


class PostgresDatabase:
    name = "postgresql"

    def __init__(self, url: URL) -> None:
        self.url = url.render_as_string(hide_password=False)
        # Whoever still holds a row lock when the next test begins is found out instead of waited for.
        self._connection = psycopg.connect(libpq_url(url), autocommit=True, options="-c lock_timeout=5000")
        self._snapshots: dict[str, dict[str, list[bytes]]] = {}
        # What is put back was whole when it was saved: asking each row again whom it leans on takes most of the time.
        self._may_trust = self._connection.info.parameter_status("is_superuser") == "on"

    def has(self, snapshot: str) -> bool:
        return snapshot in self._snapshots

    def save(self, snapshot: str) -> None:
        self._snapshots[snapshot] = {
            table.name: rows for table in db.metadata.sorted_tables if (rows := self._copy_out(table))
        }

    def restore(self, snapshot: str) -> None:
        kept = self._snapshots[snapshot]
        with self._connection.transaction(), self._connection.cursor() as cursor:
            if self._may_trust:
                cursor.execute("SET LOCAL session_replication_role = replica")
            for table in self._filled(cursor):
                cursor.execute(sql.SQL("DELETE FROM {}").format(sql.Identifier(table)))
            for table, rows in kept.items():
                with cursor.copy(sql.SQL("COPY {} FROM STDIN (FORMAT binary)").format(sql.Identifier(table))) as copy:
                    for row in rows:
                        copy.write(row)
            if counted := [table for table in kept if "id" in db.metadata.tables[table].columns]:
                # A migration test may have begun the numbers anew since.
                count_on = "setval(pg_get_serial_sequence({}, 'id'), (SELECT max(id) FROM {}))"
                each = [sql.SQL(count_on).format(sql.Literal(table), sql.Identifier(table)) for table in counted]
                cursor.execute(sql.SQL("SELECT {}").format(sql.SQL(", ").join(each)))

    @staticmethod
    def _filled(cursor: psycopg.Cursor[Any]) -> list[str]:
        """The tables that hold anything, those first that lean on others."""
        tables, ask = _ask_which_are_filled()
        row = cursor.execute(ask).fetchone()
        assert row is not None
        return [table for table, filled in zip(tables, row, strict=True) if filled]

    def _copy_out(self, table: Table) -> list[bytes]:
        name = sql.Identifier(table.name)
        with self._connection.cursor() as cursor:
            cursor.execute(sql.SQL("SELECT EXISTS (SELECT FROM {})").format(name))
            if cursor.fetchone() == (False,):
                return []
            with cursor.copy(sql.SQL("COPY {} TO STDOUT (FORMAT binary)").format(name)) as copy:
                return [bytes(part) for part in copy]

    def let_go(self, engine: Engine) -> None:
        """Connections at rest are kept, with what they know; where one was not given back, all are given up."""
        if not isinstance(engine.pool, QueuePool) or engine.pool.checkedout():
            engine.dispose()

    def close(self) -> None:
        self._connection.close()


@cache
def _ask_which_are_filled() -> tuple[list[str], bytes]:
    """The tables, those first that lean on others, and the question that answers for each whether it holds anything."""
    tables = [table.name for table in reversed(db.metadata.sorted_tables)]
    holds = [sql.SQL("EXISTS (SELECT FROM {})").format(sql.Identifier(table)) for table in tables]
    return tables, sql.SQL("SELECT {}").format(sql.SQL(", ").join(holds)).as_bytes()


def migrate(app: Flask, database: Database) -> None:
    """Bring the app's new database to the newest migration and remember it empty."""
    with app.app_context():
        upgrade()
        db.engine.dispose()
    database.save(EMPTY)


def disconnect(app: Flask) -> None:
    with app.app_context():
        db.engine.dispose()


def restore(app: Flask, database: Database, snapshot: str = EMPTY, fill: Callable[[], Any] | None = None) -> None:
    """Put a snapshot back; one that is not there yet is made by ``fill`` on an empty database."""
    listing_rows.kept_texts.cache_clear()  # numbers begin anew, so another text could have the same
    with app.app_context():
        database.let_go(db.engine)
        if database.has(snapshot):
            database.restore(snapshot)
            return
        assert fill is not None, f"nobody knows how to make the snapshot {snapshot}"
        database.restore(EMPTY)
        fill()
        db.session.remove()
        db.engine.dispose()
        database.save(snapshot)
