"""The log of decisions, written in the transaction that decides."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from iclei_events.models import LogEntry


@dataclass(frozen=True, slots=True)
class Actor:
    """Who decides: attendee, staff (then with ``staff_id``), worker, cli or demo."""

    kind: str
    staff_id: int | None = None


ATTENDEE = Actor("attendee")
WORKER = Actor("worker")
CLI = Actor("cli")
DEMO = Actor("demo")


def staff(staff_id: int) -> Actor:
    return Actor("staff", staff_id)


def record(  # noqa: PLR0913  a log line names everything it is about
    session: Session,
    verb: str,
    *,
    by: Actor,
    at: datetime,
    slot_id: int | None = None,
    booking_id: int | None = None,
    signatory_id: int | None = None,
    details: dict[str, Any] | None = None,
) -> None:
    """Note a decision; ``details`` holds numbers and codes, never what identifies an attendee."""
    session.add(
        LogEntry(
            at=at,
            actor=by.kind,
            staff_id=by.staff_id,
            verb=verb,
            slot_id=slot_id,
            booking_id=booking_id,
            signatory_id=signatory_id,
            details=details or {},
        )
    )
