"""Openings: which slots of an event open for booking at the same moment, and how their line stands."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import groupby
from typing import Any, Final

from sqlalchemy import Executable, and_, bindparam, or_, select

from iclei_events.db import at_once
from iclei_events.i18n import Bilingual
from iclei_events.models import Activity, ActivityKind, Event, ProofRule, Slot, SlotMode, SlotRules, WaitingRoom
from iclei_events.models.types import UtcDateTime
from iclei_events.services import confirming
from iclei_events.services.admission import Line
from iclei_events.services.waiting_rooms import OPENS_BEFORE

LASTS: Final = timedelta(hours=2)
"""How long after its opening a line may last; what is paused waits for staff, however long."""

_QUERY: Final = (
    select(
        Slot.slug, Slot.starts_at, Slot.ends_at, Slot.mode, Slot.opens_at, Slot.closes_at, Slot.cancelled_at,
        Slot.capacity, Slot.held, Slot.kept_back, Slot.waiting, Slot.out_of_reach,
        Activity.slug.label("activity_slug"), Activity.title, Activity.kind,
        Event.id.label("event_id"), Event.slug.label("event_slug"),
        WaitingRoom.id.label("room"), WaitingRoom.seed, WaitingRoom.early, WaitingRoom.late, WaitingRoom.per_second,
        WaitingRoom.let_in, WaitingRoom.counted_from, WaitingRoom.paused_at, WaitingRoom.proof,
    )
    .join(Activity, Activity.id == Slot.activity_id)
    .join(Event, Event.id == Activity.event_id)
    .outerjoin(WaitingRoom, and_(WaitingRoom.event_id == Event.id, WaitingRoom.opens_at == Slot.opens_at))
    .order_by(Event.id, Slot.opens_at, Slot.mode, Slot.starts_at, Slot.id)
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class OpeningSlot(SlotRules):
    """As much of a slot as its line tells of it."""

    slug: str
    activity_slug: str
    title: Bilingual
    kind: ActivityKind
    starts_at: datetime
    ends_at: datetime
    mode: SlotMode
    opens_at: datetime
    closes_at: datetime | None
    cancelled_at: datetime | None
    capacity: int
    held: int
    kept_back: int
    waiting: int
    out_of_reach: int


@dataclass(frozen=True, slots=True)
class Opening:
    """The slots of one event that open together; ``line`` is None as long as nobody has asked for a ticket.

    Those whose places are drawn by lot are an opening of their own: nobody stands in line for them.
    ``unconfirmed``: of the places held, how many nobody has confirmed; counted where pressure decides about proofs.
    """

    event_id: int
    event_slug: str
    opens_at: datetime
    slots: tuple[OpeningSlot, ...]
    line: Line | None
    proof: ProofRule = ProofRule.NEVER
    unconfirmed: int = 0

    @property
    def is_of_draw(self) -> bool:
        return self.slots[0].mode is SlotMode.DRAW

    @property
    def room_opens_at(self) -> datetime:
        return self.opens_at - OPENS_BEFORE

    def left(self, now: datetime) -> int:
        """Places that a newcomer can still have in one of its slots."""
        return sum(slot.left for slot in self.slots if slot.takes_bookings(now))

    def waiting(self, now: datetime) -> int:
        """How many stand in its line."""
        return self.line.waiting(now) if self.line is not None else 0

    def is_paused(self) -> bool:
        return self.line is not None and self.line.paused_at is not None


def near(now: datetime) -> list[Opening]:
    """The openings whose waiting room is open, that may still have a line, or where a proof may be asked for.

    Of draws those alone where a proof may be asked for.
    """
    found = _read(_NEAR, _moments(now))
    return [_counted(one) if one.proof is ProofRule.UNDER_PRESSURE else one for one in found]


_HAS_A_LINE: Final = or_(WaitingRoom.paused_at.is_not(None), Slot.opens_at >= bindparam("earliest", type_=UtcDateTime))
_IS_CHECKED: Final = and_(WaitingRoom.proof != ProofRule.NEVER, Slot.starts_at > bindparam("now", type_=UtcDateTime))
_IS_OF_INTEREST: Final = and_(Slot.mode == SlotMode.FIRST_COME, or_(_HAS_A_LINE, _IS_CHECKED))
_NEAR: Final = _QUERY.where(
    or_(_IS_OF_INTEREST, and_(Slot.mode == SlotMode.DRAW, _IS_CHECKED)),
    Slot.opens_at <= bindparam("latest", type_=UtcDateTime),
)
"""Written once: a rush asks it several times a second."""


def _moments(now: datetime) -> dict[str, datetime]:
    return {"now": now, "earliest": now - LASTS, "latest": now + OPENS_BEFORE}


def _counted(opening: Opening) -> Opening:
    slugs = [slot.slug for slot in opening.slots]
    with at_once() as connection:
        return replace(opening, unconfirmed=confirming.places_unconfirmed(connection, slugs))


def of_event(event: Event, now: datetime) -> list[Opening]:
    """An event's openings that staff may still have to do with: those to come, and those that may have a line."""
    found = _read(_QUERY.where(Event.id == event.id, _IS_OF_INTEREST), _moments(now))
    return [_counted(one) for one in found]


def _read(query: Executable, moments: dict[str, datetime]) -> list[Opening]:
    with at_once() as connection:
        rows = connection.execute(query, moments).all()
    groups = (list(group) for _, group in groupby(rows, key=lambda row: (row.event_id, row.opens_at, row.mode)))
    return [_opening(group) for group in groups]


def _opening(rows: Sequence[Any]) -> Opening:
    first = rows[0]
    slots = tuple(OpeningSlot(*(getattr(row, name) for name in OpeningSlot.__dataclass_fields__)) for row in rows)
    return Opening(
        first.event_id, first.event_slug, first.opens_at, slots, _line(first), first.proof or ProofRule.NEVER
    )


def _line(row: Any) -> Line | None:
    if row.room is None:
        return None
    return Line(
        row.opens_at, row.seed, row.early, row.late, row.per_second, row.let_in, row.counted_from, row.paused_at
    )
