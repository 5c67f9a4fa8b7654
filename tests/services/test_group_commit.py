"""Decisions that wait for SQLite's one writer are stored together, and each is answered for itself."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Event, Thread
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import Connection, event, text
from sqlalchemy.exc import IntegrityError, OperationalError

from iclei_events import db as ground
from iclei_events.db import DatabaseBusyError, db, short_transaction
from iclei_events.services import group_commit
from iclei_events.services.group_commit import Group
from tests.meetings import Meeting

pytestmark = [pytest.mark.database("sqlite"), pytest.mark.usefixtures("app_context")]

HOW_MANY = 6


def add(number: int) -> Callable[[Connection], int]:
    """Store a number that may stand there once."""

    def decide(connection: Connection) -> int:
        connection.execute(
            text(
                "INSERT INTO calendar_feed (email_key, reference, salt, created_at) VALUES (:n, :n, :n, '2022-05-02')"
            ),
            {"n": str(number)},
        )
        return number

    return decide


def stored() -> list[int]:
    with db.engine.connect() as connection:
        return [int(row[0]) for row in connection.execute(text("SELECT email_key FROM calendar_feed ORDER BY 1"))]


@pytest.fixture
def commits(app: Flask) -> Iterator[list[str]]:
    seen: list[str] = []

    def note(_connection: Connection) -> None:
        seen.append("commit")

    event.listen(db.engine, "commit", note)
    yield seen
    event.remove(db.engine, "commit", note)


class Crowd:
    """Threads that each store something in one group; what each was answered, or what was raised."""

    def __init__(self, app: Flask, group: Group) -> None:
        self._app, self._group = app, group
        self._threads: list[Thread] = []
        self.answers: dict[int, Any] = {}

    def come(self, number: int, decide: Callable[[Connection], int]) -> None:
        def run() -> None:
            with self._app.app_context():
                try:
                    self.answers[number] = self._group.store(decide)
                except (DatabaseBusyError, IntegrityError, OperationalError) as error:
                    self.answers[number] = type(error).__name__

        thread = Thread(target=run)
        self._threads.append(thread)
        thread.start()

    def wait_until_all_stand_in_line(self, how_many: int) -> None:
        while len(self._group._waiting) < how_many:
            Event().wait(0.001)

    def leave(self) -> None:
        for thread in self._threads:
            thread.join()


@contextmanager
def a_writer_at_work() -> Iterator[None]:
    """Somebody else in this process has the turn to write."""
    ground._write_line.enter(1)
    try:
        yield
    finally:
        ground._write_line.leave()


def gathered(app: Flask, *decisions: Callable[[Connection], int]) -> dict[int, Any]:
    """What is answered to those who come while somebody else writes."""
    group = Group()
    crowd = Crowd(app, group)
    with a_writer_at_work():
        for number, decide in enumerate(decisions):
            crowd.come(number, decide)
        crowd.wait_until_all_stand_in_line(len(decisions))
    crowd.leave()
    return crowd.answers


def test_who_comes_while_another_writes_is_stored_by_one_commit_for_all(app: Flask, commits: list[str]) -> None:
    answers = gathered(app, *(add(number) for number in range(HOW_MANY)))

    assert answers == {number: number for number in range(HOW_MANY)}
    assert stored() == list(range(HOW_MANY))
    assert commits == ["commit"]


def test_one_commit_stores_no_more_than_a_group(
    app: Flask, commits: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(group_commit, "MOST", 2)
    answers = gathered(app, *(add(number) for number in range(5)))

    assert answers == {number: number for number in range(5)}
    assert len(commits) == 3


def test_what_one_cannot_have_is_kept_from_nobody_else(app: Flask) -> None:
    answers = gathered(app, add(1), add(1), add(2))

    assert sorted(map(str, answers.values())) == ["1", "2", "IntegrityError"]
    assert stored() == [1, 2]


def test_nobody_is_told_yes_when_the_commit_fails(app: Flask) -> None:
    def fail(_connection: Connection) -> None:
        raise OperationalError("COMMIT", {}, sqlite3.OperationalError("disk I/O error"))

    event.listen(db.engine, "commit", fail)
    try:
        answers = gathered(app, *(add(number) for number in range(3)))
    finally:
        event.remove(db.engine, "commit", fail)

    assert answers == dict.fromkeys(range(3), "DatabaseBusyError")
    assert stored() == []


def fill_the_disk(connection: Connection) -> int:
    """SQLite ends the whole transaction by itself then, not only the savepoint."""
    connection.exec_driver_sql("PRAGMA max_page_count=1")  # no more than there are
    connection.exec_driver_sql(
        "INSERT INTO calendar_feed (email_key, reference, salt, created_at)"
        " VALUES ('7', '7', hex(zeroblob(4000000)), '2022-05-02')"
    )
    return 7


def test_a_disk_that_is_full_halfway_leaves_nobody_with_a_yes(app: Flask) -> None:
    answers = gathered(app, add(1), fill_the_disk, add(2))
    db.engine.dispose()

    assert answers == dict.fromkeys(range(3), "DatabaseBusyError")
    assert stored() == []


def test_whoever_comes_after_one_who_could_not_write_is_stored(app: Flask) -> None:
    group = Group()
    crowd = Crowd(app, group)
    with a_writer_at_work():
        crowd.come(0, fill_the_disk)
        crowd.wait_until_all_stand_in_line(1)
    crowd.leave()
    db.engine.dispose()

    assert crowd.answers == {0: "DatabaseBusyError"}
    assert group.store(add(1)) == 1


def test_after_a_failure_the_next_is_stored(app: Flask) -> None:
    group = Group()
    with pytest.raises(ZeroDivisionError):
        group.store(lambda _connection: 1 // 0)

    assert group.store(add(1)) == 1
    assert stored() == [1]


def test_whoever_waits_too_long_is_told_and_nothing_of_it_is_stored(
    app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ground, "WAIT_SECONDS", 0.05)
    monkeypatch.setattr(group_commit, "WAIT_SECONDS", 0.05)
    group = Group()
    crowd = Crowd(app, group)
    with a_writer_at_work():
        crowd.come(0, add(0))
        crowd.come(1, add(1))
        crowd.leave()

    assert crowd.answers == {0: "DatabaseBusyError", 1: "DatabaseBusyError"}
    assert group.store(add(2)) == 2
    assert stored() == [2]


def test_a_writer_elsewhere_that_does_not_end_is_not_waited_for_longer_than_promised(
    app: Flask, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ground, "WAIT_SECONDS", 0.05)
    elsewhere = sqlite3.connect(database_url.removeprefix("sqlite:///"), isolation_level=None)
    elsewhere.execute("BEGIN IMMEDIATE")
    began = time.monotonic()
    try:
        with pytest.raises(DatabaseBusyError):
            Group().store(add(0))
    finally:
        elsewhere.close()

    assert time.monotonic() - began < 2  # SQLite itself would wait for four seconds
    assert Group().store(add(1)) == 1
    assert stored() == [1]


def test_whoever_only_reads_waits_as_long_as_ever_once_the_lock_was_had(app: Flask) -> None:
    Group().store(add(0))
    with db.engine.connect() as connection:
        assert connection.execute(text("PRAGMA busy_timeout")).scalar() == 1000 * ground.WAIT_SECONDS


def test_a_reading_left_open_by_one_keeps_no_commit_waiting(app: Flask) -> None:
    """Each of those who wait has ended its own reading: SQLite's commit waits for every reader."""
    group, meeting = Group(), Meeting(2)
    answers: list[int] = []

    def read_and_store(number: int) -> None:
        with app.app_context():
            db.session.execute(text("SELECT count(*) FROM calendar_feed"))
            meeting.wait()
            answers.append(group.store(add(number)))

    threads = [Thread(target=read_and_store, args=(number,)) for number in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(answers) == [0, 1]


def test_control_one_by_one_there_is_a_commit_for_each(app: Flask, commits: list[str]) -> None:
    for number in range(3):
        with short_transaction() as connection:
            add(number)(connection)

    assert len(commits) == 3


def test_a_lock_that_another_process_gives_up_is_taken_at_once(app: Flask, database_url: str) -> None:
    """SQLite itself would look again only after a tenth of a second by then."""
    elsewhere = sqlite3.connect(database_url.removeprefix("sqlite:///"), isolation_level=None, check_same_thread=False)
    given_up: list[float] = []

    def give_up() -> None:
        time.sleep(0.5)
        elsewhere.close()
        given_up.append(time.monotonic())

    elsewhere.execute("BEGIN IMMEDIATE")
    other = Thread(target=give_up)
    other.start()
    with short_transaction():
        taken = time.monotonic()
    other.join()
    assert taken - given_up[0] < 0.04


def test_what_outgrows_the_cache_locks_nobody_out_before_its_commit(app: Flask, database_url: str) -> None:
    elsewhere = sqlite3.connect(database_url.removeprefix("sqlite:///"), isolation_level=None, timeout=0)
    with short_transaction() as connection:
        connection.execute(text("CREATE TABLE much (words TEXT)"))
        connection.execute(text("INSERT INTO much VALUES (:words)"), [{"words": "x" * 1000}] * 3000)
        assert elsewhere.execute("SELECT count(*) FROM event").fetchone() == (0,)
        connection.rollback()
    elsewhere.close()
