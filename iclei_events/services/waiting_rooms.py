"""The waiting rooms of openings: giving out tickets, drawing the lot, and what staff may do with the line.

A ticket is one number from one counter: one statement, whatever the rush. Being let in writes nothing at all.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import Integer, bindparam, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from iclei_events import clock
from iclei_events.db import db, one_statement, short_transaction, transaction
from iclei_events.models import ProofRule, WaitingRoom
from iclei_events.models.types import UtcDateTime
from iclei_events.services import log, refusals, waiting_room_log
from iclei_events.services.admission import SEED_BYTES, Line, Ticket
from iclei_events.services.prepared import Prepared
from iclei_events.services.waiting_room_log import OPEN, PAUSE, RESUME, SET_PROOF, SET_RATE

OPENS_BEFORE: Final = timedelta(minutes=15)
"""How long before booking opens its waiting room does."""

FEWEST_PER_SECOND: Final = 1
MOST_PER_SECOND: Final = 1000


def line_of(room: WaitingRoom) -> Line:
    """The room's counters as plain values."""
    return Line(
        room.opens_at, room.seed, room.early, room.late, room.per_second, room.let_in, room.counted_from, room.paused_at
    )


def take_ticket(event_id: int, opens_at: datetime, line: Line | None) -> Ticket:
    """The next ticket: early before the opening, late after it. Raises ``NotOpenYet`` before the room opens.

    ``line`` is the line as it was last seen: it tells whether one statement is enough.
    """
    now = clock.now()
    if now < opens_at - OPENS_BEFORE:
        raise refusals.NotOpenYet(opens_at - OPENS_BEFORE)
    found = _count_at_once(event_id, line, now) if line is not None else None
    return found or _count_under_lock(event_id, opens_at, now)


def _count_at_once(event_id: int, line: Line, now: datetime) -> Ticket | None:
    """One more ticket where nothing else has to change; None: look closer."""
    room = {"event_id": event_id, "opens_at": line.opens_at}
    if now < line.opens_at:
        number = _run(_ONE_MORE_EARLY, room)
    else:
        room |= {"counted_from": line.counted_from, "let_in": line.let_in_by(now)}
        number = _run(_ONE_MORE_LATE, room)
    return None if number is None else Ticket(now < line.opens_at, number)


_ROOM: Final = update(WaitingRoom).where(
    WaitingRoom.event_id == bindparam("event_id", type_=Integer),
    WaitingRoom.opens_at == bindparam("opens_at", type_=UtcDateTime),
)
_ONE_MORE_EARLY: Final = Prepared(
    _ROOM.where(WaitingRoom.seed.is_(None)).values(early=WaitingRoom.early + 1).returning(WaitingRoom.early)
)
_ONE_MORE_LATE: Final = Prepared(
    _ROOM.where(
        WaitingRoom.seed.is_not(None),
        WaitingRoom.counted_from == bindparam("counted_from", type_=UtcDateTime),
        # A line in which nobody has stood for a while is counted anew: see Line.without_savings.
        WaitingRoom.early + WaitingRoom.late + WaitingRoom.per_second >= bindparam("let_in", type_=Integer),
    )
    .values(late=WaitingRoom.late + 1)
    .returning(WaitingRoom.late)
)


def _run(statement: Prepared, values: dict[str, Any]) -> int | None:
    """A statement that returns one number, as a transaction of its own."""
    alone = one_statement if db.engine.dialect.name == "postgresql" else short_transaction
    with alone() as connection:
        row = statement.execute(connection, values).first()
    return int(row[0]) if row is not None else None


def _count_under_lock(event_id: int, opens_at: datetime, now: datetime) -> Ticket:
    with _locked(event_id, opens_at) as (session, room):
        early = now < opens_at and room.seed is None
        if early:
            room.early += 1
            return Ticket(early=True, number=room.early)
        _draw(session, room, now)
        _write(room, line_of(room).without_savings(now))
        room.late += 1
        return Ticket(early=False, number=room.late)


@contextmanager
def _locked(event_id: int, opens_at: datetime) -> Iterator[tuple[Session, WaitingRoom]]:
    """The room, made if there is none, locked for one decision."""
    _make(event_id, opens_at)
    with transaction() as session:
        yield (
            session,
            session.scalars(
                select(WaitingRoom)
                .where(WaitingRoom.event_id == event_id, WaitingRoom.opens_at == opens_at)
                .with_for_update()
                .execution_options(populate_existing=True)
            ).one(),
        )


def _make(event_id: int, opens_at: datetime) -> None:
    here = select(WaitingRoom.id).where(WaitingRoom.event_id == event_id, WaitingRoom.opens_at == opens_at)
    if db.session.scalar(here) is not None:
        return
    try:
        with transaction() as session:
            session.add(WaitingRoom(event_id=event_id, opens_at=opens_at, counted_from=opens_at))
    except IntegrityError:
        if db.session.scalar(here) is None:  # not just somebody who was quicker
            raise


def _draw(session: Session, room: WaitingRoom, now: datetime) -> None:
    """Open the locked room: the lot is drawn once, under a seed that nobody has known before."""
    if room.seed is not None or now < room.opens_at:
        return
    _write(room, line_of(room).drawn(secrets.token_hex(SEED_BYTES)))
    waiting_room_log.record(session, room, OPEN, by=log.WORKER, at=now, early=room.early)


def _write(room: WaitingRoom, line: Line) -> None:
    room.seed, room.let_in, room.counted_from, room.per_second = (
        line.seed, line.let_in, line.counted_from, line.per_second,
    )  # fmt: skip


def open_due() -> int:
    """The worker's round: draw the lot of every room whose moment has come; returns how many."""
    now = clock.now()
    due = db.session.execute(
        select(WaitingRoom.event_id, WaitingRoom.opens_at).where(
            WaitingRoom.seed.is_(None), WaitingRoom.opens_at <= now
        )
    ).all()
    for event_id, opens_at in due:
        with _locked(event_id, opens_at) as (session, room):
            _draw(session, room, now)
    return len(due)


def pause(event_id: int, opens_at: datetime, *, by: log.Actor) -> None:
    """Let nobody in until ``resume``; whoever is in line keeps the place. Doing it twice is doing it once."""
    now = clock.now()
    with _locked(event_id, opens_at) as (session, room):
        if room.paused_at is None:
            _write(room, line_of(room).counted(now))
            room.paused_at = now
            waiting_room_log.record(session, room, PAUSE, by=by, at=now)


def resume(event_id: int, opens_at: datetime, *, by: log.Actor) -> None:
    """Go on where the line stood."""
    now = clock.now()
    with _locked(event_id, opens_at) as (session, room):
        if room.paused_at is not None:
            _write(room, line_of(room).counted(now))
            room.paused_at = None
            waiting_room_log.record(session, room, RESUME, by=by, at=now)


def is_rate(per_second: int) -> bool:
    return FEWEST_PER_SECOND <= per_second <= MOST_PER_SECOND


def set_rate(event_id: int, opens_at: datetime, per_second: int, *, by: log.Actor) -> None:
    """Let in so many a second from now on; who has been let in stays so."""
    if not is_rate(per_second):
        raise refusals.TooLarge(MOST_PER_SECOND)
    now = clock.now()
    with _locked(event_id, opens_at) as (session, room):
        _write(room, line_of(room).counted(now))
        waiting_room_log.record(session, room, SET_RATE, by=by, at=now, before=room.per_second, after=per_second)
        room.per_second = per_second


def proof_rule(event_id: int, opens_at: datetime) -> ProofRule:
    room = select(WaitingRoom.proof).where(WaitingRoom.event_id == event_id, WaitingRoom.opens_at == opens_at)
    return db.session.scalar(room) or ProofRule.NEVER


def set_proof(event_id: int, opens_at: datetime, rule: ProofRule, *, by: log.Actor) -> None:
    """From now on ask for a proof of work never, under pressure or always. Doing it twice is doing it once."""
    now = clock.now()
    with _locked(event_id, opens_at) as (session, room):
        if room.proof is not rule:
            room.proof = rule
            waiting_room_log.record(session, room, SET_PROOF, by=by, at=now, rule=rule.value)
