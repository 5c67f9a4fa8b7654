"""What has been decided about an event's waiting rooms: by staff, and by itself at the opening."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload

from iclei_events.db import db
from iclei_events.models import Event, LogEntry, WaitingRoom
from iclei_events.services import log

OPEN: Final = "open_waiting_room"
PAUSE: Final = "pause_waiting_room"
RESUME: Final = "resume_waiting_room"
SET_RATE: Final = "set_waiting_room_rate"
SET_PROOF: Final = "set_proof_rule"
VERBS: Final = (OPEN, PAUSE, RESUME, SET_RATE, SET_PROOF)
LATEST: Final = 100


@dataclass(frozen=True, slots=True)
class Line:
    """One decision, and the opening whose waiting room it was about."""

    entry: LogEntry
    opens_at: datetime


def record(
    session: Session, room: WaitingRoom, verb: str, *, by: log.Actor, at: datetime, **details: int | str
) -> None:
    about = {"event_id": room.event_id, "opens_at": room.opens_at.isoformat()}
    log.record(session, verb, by=by, at=at, details={**about, **details})


def latest(event: Event) -> list[Line]:
    """The latest decisions, the newest first; of openings that are long past, too."""
    found = db.session.scalars(
        select(LogEntry)
        .where(LogEntry.verb.in_(VERBS), LogEntry.details["event_id"].as_integer() == event.id)
        .options(joinedload(LogEntry.staff))
        .order_by(LogEntry.id.desc())
        .limit(LATEST)
    )
    return [Line(entry, datetime.fromisoformat(entry.details["opens_at"])) for entry in found]
