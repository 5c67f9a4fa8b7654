"""The parties of one slot as its staff see them: who comes, who waits and where in line, who gave up."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import joinedload, raiseload, selectinload

from iclei_events.db import db
from iclei_events.models import ACTIVE, Booking, BookingStatus, KeptBack, Slot
from iclei_events.services import line

ORDER = (
    BookingStatus.CONFIRMED, BookingStatus.OFFERED, BookingStatus.WAITING, BookingStatus.ENTERED,
    BookingStatus.CANCELLED, BookingStatus.LAPSED, BookingStatus.LOST,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class PartyOfSlot:
    """A booking with, for who waits, the number in line."""

    booking: Booking
    number: int | None

    def is_named(self, words: str) -> bool:
        """Whether name or reference contain the words, literally and without regard to case."""
        name = self.booking.attendee.name if self.booking.attendee else ""
        return words.casefold() in f"{name} {self.booking.reference}".casefold()


def parties(slot: Slot, *, words: str = "", ended: bool = False) -> list[PartyOfSlot]:
    """The slot's bookings that are in force, or with ``ended`` those that are over; narrowed to ``words``.

    Names are compared here and not by the database: SQLite does not know that Å is å.
    """
    found = _bookings(slot, ended=ended)
    in_line = enumerate(line.everybody(db.session(), slot), 1)
    numbers = {party.booking_id: number for number, party in in_line if party.wish_id is None}
    everybody = [PartyOfSlot(booking, numbers.get(booking.id)) for booking in found]
    everybody.sort(key=lambda party: (ORDER.index(party.booking.status), party.number or 0, party.booking.id))
    return [party for party in everybody if not words or party.is_named(words)]


def _bookings(slot: Slot, *, ended: bool) -> Sequence[Booking]:
    active = Booking.status.in_(ACTIVE)
    return db.session.scalars(
        select(Booking)
        .where(Booking.slot_id == slot.id, ~active if ended else active)
        .options(
            joinedload(Booking.attendee),
            joinedload(Booking.staff),
            selectinload(Booking.access_needs),
            selectinload(Booking.places),
            raiseload("*", sql_only=True),
        )
    ).all()


def kept_back(slot: Slot) -> Sequence[KeptBack]:
    """What staff keep back on the slot now, the oldest first."""
    return db.session.scalars(
        select(KeptBack)
        .where(KeptBack.slot_id == slot.id, KeptBack.released_at.is_(None))
        .options(joinedload(KeptBack.staff))
        .order_by(KeptBack.id)
    ).all()


def find_kept_back(kept_back_id: int, slot: Slot) -> KeptBack | None:
    """That entry, if it is one of the slot's."""
    return db.session.scalars(
        select(KeptBack).where(KeptBack.id == kept_back_id, KeptBack.slot_id == slot.id)
    ).one_or_none()
