"""What a visitor holds or waits for, to be told beside each slot of a public page."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import case, or_, select

from iclei_events.db import db
from iclei_events.i18n import Bilingual
from iclei_events.models import ACTIVE, HOLDING, Activity, Attendee, Booking, BookingStatus, Slot
from iclei_events.services import line


@dataclass(frozen=True, slots=True)
class OwnPlace:
    """A booking that still counts for something; ``turn`` is its place in line while it waits."""

    slot_id: int
    reference: str
    status: BookingStatus
    salt: str
    starts_at: datetime
    ends_at: datetime
    venue_id: int | None
    title: Bilingual
    comes_along: bool | None
    offer_until: datetime | None
    turn: int | None

    @property
    def is_offer(self) -> bool:
        """Whether the places are held for them and they have not answered yet."""
        return self.status is BookingStatus.OFFERED

    @property
    def is_kept(self) -> bool:
        """Whether the visitor is to be there: they hold places, and have not booked for others alone."""
        return self.status in HOLDING and self.comes_along is not False


def find(references: Collection[str]) -> list[OwnPlace]:
    """The active bookings among these references whose slot goes ahead: one query, whatever their number."""
    if not references:
        return []
    rows = db.session.execute(
        select(
            Booking.slot_id,
            Booking.reference,
            Booking.status,
            Booking.salt,
            Slot.starts_at,
            Slot.ends_at,
            Slot.venue_id,
            Activity.title,
            Attendee.comes_along,
            Booking.offer_until,
            case((Booking.status == BookingStatus.WAITING, line.place_of_booking())),
        )
        .join(Booking.slot)
        .join(Slot.activity)
        .outerjoin(Booking.attendee)
        .where(Booking.reference.in_(references), Booking.status.in_(ACTIVE), Slot.cancelled_at.is_(None))
        # An entry that nobody has confirmed takes part in no draw.
        .where(or_(Booking.status != BookingStatus.ENTERED, Booking.confirm_by.is_(None)))
        .order_by(Booking.id)
    )
    return [OwnPlace(*row) for row in rows]
