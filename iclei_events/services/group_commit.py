"""Short decisions that wait for SQLite's one writer anyway are stored together, by one commit for all of them.

To have a commit safe on disk takes longer than the rest of a booking, and the next must wait for it. Here whoever comes
meanwhile waits in a group; the first of them stores the whole group, each in a savepoint of its own: what one cannot
have is kept from nobody else. Nobody is answered before the commit is on disk. PostgreSQL needs none of this: its
transactions share a commit by themselves, and only those on the same slot wait for each other.
"""

from __future__ import annotations

import sqlite3
import threading
import time
from collections.abc import Callable
from typing import Final, Generic, TypeVar

from sqlalchemy import Connection

from iclei_events.db import WAIT_SECONDS, DatabaseBusyError, busy_as_such, db, end_reading, short_transaction

Answer = TypeVar("Answer")

MOST: Final = 16
"""Decisions in one commit: more would keep the first of them waiting for the last."""


class _Member(Generic[Answer]):
    """One decision on its way; ``turn`` is set when it is stored, has failed, or has to lead the next group."""

    def __init__(self, decide: Callable[[Connection], Answer]) -> None:
        self._decide = decide
        self._answers: list[Answer] = []
        self.error: Exception | None = None
        self.is_done = False
        self.turn = threading.Event()
        self.deadline = time.monotonic() + WAIT_SECONDS

    @property
    def seconds_left(self) -> float:
        return max(0.0, self.deadline - time.monotonic())

    def decide(self, connection: Connection) -> None:
        """Decide in a savepoint. What goes wrong there alone is this member's; what ends all of it is raised."""
        try:
            with busy_as_such(), connection.begin_nested():
                self._answers = [self._decide(connection)]
        except Exception as error:  # whatever it is, it belongs to whoever asked, and is raised there
            if not _goes_on(connection):
                # A full disk, say, ends SQLite's whole transaction: nothing of the group is stored, so nobody has it.
                raise DatabaseBusyError from error
            self.error = error

    def answer(self) -> Answer:
        if self.error is not None:
            raise self.error
        if not self._answers:
            raise DatabaseBusyError
        return self._answers[0]


def _goes_on(connection: Connection) -> bool:
    """Whether the transaction is still the one that was begun: SQLite ends it by itself where it cannot go on."""
    driver: sqlite3.Connection = connection.connection.driver_connection  # type: ignore[assignment]
    return driver.in_transaction


class Group:
    """Those of one process who wait; one at a time leads."""

    def __init__(self) -> None:
        self._guard = threading.Lock()
        self._waiting: list[_Member[object]] = []
        self._has_leader = False

    def store(self, decide: Callable[[Connection], Answer]) -> Answer:
        """What ``decide`` answers, its changes on disk. What it raises is raised here, and nothing of it is stored.

        ``decide`` may run in another thread than its caller's, so it uses nothing but the connection that it is given.
        Raises ``DatabaseBusyError`` when the database cannot be had in time.
        """
        end_reading(db.session())
        member: _Member[Answer] = _Member(decide)
        if not self._join(member) and not member.turn.wait(member.seconds_left):
            self._leave(member)
        if not member.is_done:
            self._lead(member.seconds_left)
        return member.answer()

    def _join(self, member: _Member[Answer]) -> bool:
        """Stand in line; True: nobody leads, so the newcomer does."""
        with self._guard:
            self._waiting.append(member)  # type: ignore[arg-type]  # its answer is for its own thread alone
            is_first, self._has_leader = not self._has_leader, True
            return is_first

    def _leave(self, member: _Member[Answer]) -> None:
        """Give up after too long a wait, unless the decision is being stored in this very moment."""
        with self._guard:
            if not member.turn.is_set() and member in self._waiting:
                self._waiting.remove(member)  # type: ignore[arg-type]
                raise DatabaseBusyError
        member.turn.wait()

    def _lead(self, seconds: float) -> None:
        """Store the group as it stands when the writer's turn has come, then let the next in line lead."""
        group: list[_Member[object]] = []
        try:
            with short_transaction(seconds) as connection:
                group = self._take(MOST)
                for member in group:
                    member.decide(connection)
        except Exception as error:  # noqa: BLE001  it belongs to those whose decisions these were
            # Without a commit nobody has anything. Whoever came later than the leader may still try.
            group = group or self._take(1)
            for member in group:
                member.error = member.error or error
        finally:
            self._hand_on(group)

    def _take(self, most: int) -> list[_Member[object]]:
        with self._guard:
            group, self._waiting = self._waiting[:most], self._waiting[most:]
            return group

    def _hand_on(self, group: list[_Member[object]]) -> None:
        with self._guard:
            for member in group:
                member.is_done = True
                member.turn.set()
            if self._waiting:
                self._waiting[0].turn.set()
            else:
                self._has_leader = False
