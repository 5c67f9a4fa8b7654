"""The ground floor of persistence: the database, its two dialects, and ``transaction()``.

``commit`` and ``rollback`` stand here and nowhere else. SQLite is the embedded default, PostgreSQL the
production database; what differs between them is settled in this module so that no other has to know.
"""

from __future__ import annotations

import json
import sqlite3
import threading
import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

from flask import Flask
from flask_migrate import Migrate
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import Connection, Engine, MetaData, event
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlalchemy.orm import DeclarativeBase, Session, registry
from sqlalchemy.pool import ConnectionPoolEntry

WAIT_SECONDS: Final = 4.0
"""How long a request waits for the database before it answers 503 (fault plan: at most 5 s)."""

CONNECTIONS: Final = 6
"""Those a web worker keeps, about as many as work at once: who waits on SQLite for a common commit holds none. A
connection beyond these is made and lost each time."""

CACHE_KIBIBYTES: Final = 400
"""What a connection to SQLite keeps of the file in memory; the system keeps it too, once for all of them."""

PRIMARY_CODE: Final = 0xFF
"""The part of SQLite's error codes that tells what happened; the rest tells where."""

TRY_AGAIN_SECONDS: Final = 0.0005
"""How soon a process looks again whether another has done with SQLite's write lock."""

WRITES: Final = {"writes": True}
"""Marks a connection's transaction as one that writes: SQLite then takes its write lock at BEGIN, not halfway."""

SAFE_WAL: Final = ((3, 51, 3), (3, 50, 7), (3, 44, 6))
"""Releases from which SQLite's WAL no longer loses commits in its reset race, per branch."""


class Base(DeclarativeBase):
    registry = registry(
        metadata=MetaData(
            naming_convention={
                "ix": "ix_%(table_name)s_%(column_0_N_name)s",
                "uq": "uq_%(table_name)s_%(column_0_N_name)s",
                "ck": "ck_%(table_name)s_%(constraint_name)s",
                "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
                "pk": "pk_%(table_name)s",
            }
        )
    )


_json = json.JSONDecoder()
db = SQLAlchemy(model_class=Base)
migrate = Migrate()


class DatabaseBusyError(Exception):
    """The database could not be had in time; nothing was stored and the same request may be sent again."""


class _WriteLine:
    """A first-come line in front of SQLite's single write lock, whose own busy handler is unfair (1-4 s tails)."""

    def __init__(self) -> None:
        self._guard = threading.Lock()
        self._waiting: deque[threading.Event] = deque()
        self._taken = False

    def enter(self, seconds: float) -> None:
        turn = threading.Event()
        with self._guard:
            if not self._taken:
                self._taken = True
                return
            self._waiting.append(turn)
        if turn.wait(seconds):
            return
        with self._guard:
            if turn in self._waiting:
                self._waiting.remove(turn)
                raise DatabaseBusyError
        # The turn came in the very moment the wait ran out: it is ours.

    def leave(self) -> None:
        with self._guard:
            if self._waiting:
                self._waiting.popleft().set()
            else:
                self._taken = False


_write_line = _WriteLine()


def init_app(app: Flask) -> None:
    db.init_app(app)
    migrate.init_app(app, db, directory=app.config["MIGRATIONS_DIR"], render_as_batch=True, compare_type=True)
    with app.app_context():
        prepare(db.engine)


def prepare(engine: Engine) -> None:
    """Attach what a dialect needs to an engine: SQLite's pragmas and its own BEGIN."""
    if engine.dialect.name == "sqlite" and not event.contains(engine, "connect", _set_pragmas):
        event.listen(engine, "connect", _set_pragmas)
        event.listen(engine, "begin", _begin_sqlite)


def engine_options(url: str) -> dict[str, Any]:
    """Engine options for a database URL: few connections (queue in the app, not at the lock), short waits."""
    if url.startswith("sqlite"):
        return {
            "hide_parameters": True,  # what people wrote does not belong in a log of errors
            "json_deserializer": read_json,
            "pool_size": CONNECTIONS,
            "connect_args": {"timeout": WAIT_SECONDS, "check_same_thread": False},
        }
    milliseconds = int(WAIT_SECONDS * 1000)
    return {
        "hide_parameters": True,
        "json_deserializer": read_json,
        "pool_size": CONNECTIONS,
        "max_overflow": 4,
        "pool_timeout": WAIT_SECONDS,
        "pool_pre_ping": False,
        "pool_recycle": 1800,
        "connect_args": {
            "connect_timeout": 3,
            "options": f"-c lock_timeout={milliseconds} -c statement_timeout={milliseconds} -c timezone=UTC",
        },
    }


def read_json(document: str | bytes) -> Any:
    """Read JSON of our own writing, at half of what ``json.loads`` takes to look for white space and encodings."""
    return _json.raw_decode(document if isinstance(document, str) else document.decode())[0]


def _set_pragmas(connection: DBAPIConnection, _entry: ConnectionPoolEntry) -> None:
    connection.isolation_level = None  # BEGIN is ours, see _begin_sqlite
    cursor = connection.cursor()
    safe = "foreign_keys=ON", f"journal_mode={journal_mode()}", "synchronous=FULL"
    # Without "cache_spill" what has outgrown the cache waits in memory: written out early, it would lock out readers.
    for pragma in (*safe, "temp_store=MEMORY", f"cache_size=-{CACHE_KIBIBYTES}", "cache_spill=OFF"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def journal_mode() -> str:
    """How SQLite keeps a commit safe: in a WAL where that can be trusted, else in a journal that keeps its blocks.

    A journal that is cut off or deleted instead has the file system write down each time that it grows and shrinks.
    """
    return "WAL" if wal_is_safe(sqlite3.sqlite_version_info) else "PERSIST"


def wal_is_safe(version: tuple[int, ...]) -> bool:
    """Whether this SQLite release has the WAL reset race (3.7.0 to 3.51.2) mended."""
    return version >= SAFE_WAL[0] or any(version[:2] == safe[:2] and version >= safe for safe in SAFE_WAL[1:])


def _begin_sqlite(connection: Connection) -> None:
    if not connection.get_execution_options().get("writes", False):
        connection.exec_driver_sql("BEGIN")
        return
    driver: sqlite3.Connection = connection.connection.driver_connection  # type: ignore[assignment]
    driver.execute("PRAGMA busy_timeout=0")
    try:
        if not _has_lock_in_time(driver):
            connection.exec_driver_sql("BEGIN IMMEDIATE")  # says in SQLAlchemy's words why not
    finally:
        driver.execute(f"PRAGMA busy_timeout={int(1000 * WAIT_SECONDS)}")


def _has_lock_in_time(driver: sqlite3.Connection) -> bool:
    """Begin to write as soon as no other process does; False: not within ``WAIT_SECONDS``, or not at all.

    SQLite itself sleeps longer each time it finds the lock taken, up to a tenth of a second. Of two web workers one
    would sleep through the turns of the other, and for a good part of the time nobody would write.
    """
    give_up = time.monotonic() + WAIT_SECONDS
    while True:
        try:
            driver.execute("BEGIN IMMEDIATE")
        except sqlite3.DatabaseError as error:
            is_taken = error.sqlite_errorcode & PRIMARY_CODE == sqlite3.SQLITE_BUSY
            if not is_taken or time.monotonic() > give_up:
                return False
        else:
            return True
        time.sleep(TRY_AGAIN_SECONDS)


@contextmanager
def transaction() -> Iterator[Session]:
    """One decision: everything in the block is stored together, or nothing is.

    Whatever was read before is read afresh inside, since it may be old by the time the lock is held. Raises
    ``DatabaseBusyError`` when the database cannot be had within ``WAIT_SECONDS``.
    """
    session: Session = db.session()
    if session.info.get("in_transaction"):
        msg = "a service verb is one transaction: do not call one from inside another"
        raise RuntimeError(msg)
    end_reading(session)
    with _turn_to_write():
        session.info["in_transaction"] = True
        try:
            with busy_as_such():
                session.connection(execution_options=WRITES)
                yield session
                session.commit()
        finally:
            session.info.pop("in_transaction", None)
            session.rollback()


@contextmanager
def short_transaction(seconds: float = WAIT_SECONDS) -> Iterator[Connection]:
    """As ``transaction()`` for whoever needs no objects: a connection without the session's bookkeeping.

    ``seconds``: how long to wait for this process's turn to write on SQLite.
    """
    session: Session = db.session()
    if session.info.get("in_transaction"):
        msg = "a service verb is one transaction: do not open one inside another"
        raise RuntimeError(msg)
    end_reading(session)
    with (
        _turn_to_write(seconds),
        busy_as_such(),
        db.engine.connect() as connection,
        connection.execution_options(**WRITES).begin(),
    ):
        yield connection


@contextmanager
def _turn_to_write(seconds: float = WAIT_SECONDS) -> Iterator[None]:
    """The turn in SQLite's line; it ends whatever happens, or it would stop every writer after this one."""
    if db.engine.dialect.name != "sqlite":
        yield
        return
    _write_line.enter(seconds)
    try:
        yield
    finally:
        _write_line.leave()


@contextmanager
def one_statement() -> Iterator[Connection]:
    """A connection on which each statement is its own transaction: for the one statement that takes a place.

    On PostgreSQL the row lock is then held by the database alone and never waits for Python.
    """
    end_reading(db.session())
    with busy_as_such(), db.engine.connect() as raw:
        yield raw.execution_options(isolation_level="AUTOCOMMIT")


@contextmanager
def at_once() -> Iterator[Connection]:
    """A connection to look one thing up, on PostgreSQL without the two round trips of a transaction around it."""
    if db.engine.dialect.name == "postgresql":
        with one_statement() as connection:
            yield connection
    else:
        end_reading(db.session())
        # Closed at once: a reading left open keeps SQLite's writers from their commit.
        with busy_as_such(), db.engine.connect() as connection:
            yield connection


def end_reading(session: Session) -> None:
    """End the reading transaction that a view may have begun, so that what follows reads what is true now.

    A reading left open would also keep SQLite's writer from its commit.
    """
    if session.new or session.dirty or session.deleted:
        msg = "unsaved changes outside a transaction; change models inside a service verb only"
        raise RuntimeError(msg)
    session.rollback()


@contextmanager
def busy_as_such() -> Iterator[None]:
    """Turn a database that cannot be had in time into ``DatabaseBusyError``."""
    try:
        yield
    except (OperationalError, PoolTimeoutError) as error:
        if isinstance(error, PoolTimeoutError) or is_busy(error):
            raise DatabaseBusyError from error
        raise


def is_busy(error: DBAPIError) -> bool:
    """Whether the driver says locked, timed out, deadlocked, out of connections or gone away."""
    sqlstate = getattr(error.orig, "sqlstate", None)
    if isinstance(error.orig, sqlite3.Error):
        return any(word in str(error.orig) for word in ("locked", "busy", "full", "disk I/O", "unable to open"))
    if sqlstate is None:  # it never reached the server: there was none, or what was asked could not be asked
        return error.connection_invalidated or isinstance(error, OperationalError | InterfaceError)
    return error.connection_invalidated or sqlstate[:2] in {"08", "40", "53", "55", "57"}
