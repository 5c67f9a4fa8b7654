"""When a slot's reminders are due: a pure rule, used when they are promised and again when they are sent."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from iclei_events.models import MailKind

DAYS: Final = timedelta(days=2)
HOURS: Final = timedelta(hours=2)
LONGEST_AHEAD: Final = DAYS + timedelta(hours=2)
"""No reminder is due earlier than this before a slot, whatever a zone does to its clocks."""

STILL_GOOD: Final = {MailKind.REMINDER_DAYS: timedelta(hours=24), MailKind.REMINDER_HOURS: timedelta(minutes=90)}
"""How late a reminder may come: one two days before on the day before at the latest, the other half an hour before."""

KINDS: Final = tuple(STILL_GOOD)


@dataclass(frozen=True, slots=True)
class Span:
    """From when a reminder is due, and until when it is still worth sending."""

    begins: datetime
    ends: datetime


def span(kind: MailKind, starts_at: datetime, zone: ZoneInfo) -> Span:
    """Two days are the same time on the clock two days before; two hours are hours as they pass.

    A time that clocks show twice that day is the first of the two; one they leave out is as much later as they jump.
    """
    if kind is MailKind.REMINDER_DAYS:
        begins = ((starts_at.astimezone(zone) - DAYS).replace(fold=0)).astimezone(UTC)
    else:
        begins = starts_at - HOURS
    return Span(begins, begins + STILL_GOOD[kind])


def is_time(kind: MailKind, starts_at: datetime, zone: ZoneInfo, now: datetime) -> bool:
    due = span(kind, starts_at, zone)
    return due.begins <= now < due.ends
