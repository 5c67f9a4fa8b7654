"""Deciding about a booking under the lock of its slot, or of the two slots it moves between."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from iclei_events import clock
from iclei_events.db import transaction
from iclei_events.models import Booking, Slot
from iclei_events.services import log, places, refusals


@dataclass(frozen=True, slots=True)
class Decision:
    """A decision being made: its open transaction, its moment, and who makes it."""

    session: Session
    now: datetime
    by: log.Actor

    def note(self, verb: str, booking: Booking, **details: int | str) -> None:
        """Log what was decided, on the slot the booking stands on."""
        log.record(
            self.session, verb, by=self.by, at=self.now, slot_id=booking.slot_id, booking_id=booking.id,
            details=dict(details),
        )  # fmt: skip


Verb = Callable[[Decision, Slot, Booking], None]
VerbOnTwo = Callable[[Decision, Slot, Slot, Booking], None]
First = Callable[[Session], None]


def decide(reference: str, verb: Verb, *, by: log.Actor, first: First | None = None) -> None:
    """Run a verb on a booking under its slot's lock, with booking and slot read after the lock was had.

    ``first`` takes whatever lock must be had before that of the slot.
    """

    def on_one(decision: Decision, slot: Slot, _slot: Slot, booking: Booking) -> None:
        verb(decision, slot, booking)

    decide_on_two(reference, None, on_one, by=by, first=first)


def decide_on_two(
    reference: str, other_id: int | None, verb: VerbOnTwo, *, by: log.Actor, first: First | None = None
) -> None:
    """As ``decide``, with the lock of another slot as well: ``verb`` gets the booking's own slot, then the other."""
    while not _try_to_decide(reference, other_id, verb, by, first):
        continue  # it moved to another slot while we waited for the lock of the one it stood on


def _try_to_decide(reference: str, other_id: int | None, verb: VerbOnTwo, by: log.Actor, first: First | None) -> bool:
    now = clock.now()
    refusal: refusals.Refusal | None = None
    with transaction() as session:
        own_id = session.scalar(select(Booking.slot_id).where(Booking.reference == reference))
        if own_id is None:
            raise refusals.NotActive
        if first is not None:
            first(session)
        slots = places.locked_all(session, {own_id, other_id or own_id}, now=now)
        booking = session.scalars(
            select(Booking).where(Booking.reference == reference).execution_options(populate_existing=True)
        ).one()
        if booking.slot_id != own_id:
            return False
        places.in_critical_section("read")
        try:
            verb(Decision(session, now, by), slots[own_id], slots[other_id or own_id], booking)
        except refusals.Refusal as refused:
            # A verb refuses before it changes anything; what lapsed on the way here stays lapsed.
            refusal = refused
    if refusal is not None:
        raise refusal
    return True
