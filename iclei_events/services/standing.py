"""The slot a booking stands on: its row, log and mail when that becomes another. Places are counted by the caller."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.orm import Session

from iclei_events.models import Booking, MailKind, Place, PlaceKind, Slot
from iclei_events.services import log, outbox


def stand_on(session: Session, booking: Booking, new: Slot, *, by: log.Actor, now: datetime) -> None:
    """Let the booking stand on another slot; a calendar takes a change over only if its number rises."""
    old = booking.slot
    _note(session, "move_away", booking, by, now, to=new.slug)
    booking.sequence += 1 + max(0, old.sequence - new.sequence)
    booking.slot = new
    booking.passed_over = 0
    session.flush()
    _note(session, "move_here", booking, by, now, **{"from": old.slug})
    outbox.tell_latest(session, MailKind.BOOKING_MOVED, booking, at=now, context={"from": old.id})
    session.flush()


def _note(session: Session, verb: str, booking: Booking, by: log.Actor, now: datetime, **details: str) -> None:
    log.record(
        session, verb, by=by, at=now, slot_id=booking.slot_id, booking_id=booking.id,
        details={**details, "size": booking.size},
    )  # fmt: skip


def keep_only(booking: Booking, size: int, *, now: datetime) -> None:
    """Make the party the part of it that can come; until it says who, adults first, so that children have one."""
    contacts = booking.contacts_place
    who = sorted(
        booking.current_places,
        key=lambda place: (place.kind is not PlaceKind.ADULT, place is not contacts, place.name is None, place.number),
    )
    for place in who[size:]:
        give_back(place, now)
    booking.wanted_size, booking.size, booking.least_size = booking.size, size, None
    booking.sequence += 1


def give_back(place: Place, now: datetime) -> None:
    place.given_back_at = now
    place.name = None
