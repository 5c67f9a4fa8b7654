"""Calling a slot off: done once, and each party told once.

The bookings stay on the slot until the party has chosen another time or the slot's own time is over: so the party moves
in one step, as it would from any slot. Offers are withdrawn, and nothing is offered there any more.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Final

from sqlalchemy import or_, select

from iclei_events import clock
from iclei_events.db import db, transaction
from iclei_events.i18n import Bilingual
from iclei_events.models import HOLDING, Booking, BookingStatus, MailKind, Slot
from iclei_events.services import access_needs, log, outbox, places, rescheduling

COUNTED: Final = HOLDING | {BookingStatus.WAITING}
"""Who has a claim on this slot alone: who is entered in a draw may have wished for others too."""


def call_off(slot_id: int, *, seen: int, by: log.Actor, reason: Bilingual | None = None) -> None:
    """Call a slot off and tell each of its parties once, with the ``reason`` if there is one.

    Calling it off twice is calling it off once. ``seen`` as in ``rescheduling.move_slot``.
    """
    now = clock.now()
    with transaction() as session:
        slot = places.lock(session, slot_id)
        if slot.cancelled_at is not None:
            return
        slot = rescheduling.changeable(session, slot_id, seen, now)
        slot.cancelled_at = now
        slot.sequence += 1
        session.flush()
        places.withdraw_offers(session, slot, now=now)
        context = {"reason": reason.as_dict()} if reason is not None else None
        parties = rescheduling.parties(session, slot)
        for booking in parties:
            outbox.mail_booking(session, MailKind.SLOT_CALLED_OFF, booking, at=now, context=context)
        log.record(session, "call_off", by=by, at=now, slot_id=slot_id, details={"parties": len(parties)})


def end_called_off() -> int:
    """End what is still booked on slots that were called off, once their time is over; returns how many slots.

    Nobody is told: they were when the slot was called off.
    """
    now = clock.now()
    over = select(Slot.id).where(
        Slot.cancelled_at.is_not(None), Slot.ends_at <= now, or_(Slot.held > 0, Slot.waiting > 0)
    )
    slot_ids = db.session.scalars(over.order_by(Slot.id)).all()
    for slot_id in slot_ids:
        with transaction() as session:
            slot = places.lock(session, slot_id)
            parties = [one for one in rescheduling.parties(session, slot) if one.status in COUNTED]
            _end(parties, now)
            access_needs.end_all(session, slot, parties)
            places.empty(session, slot)
    return len(slot_ids)


def _end(parties: Iterable[Booking], now: datetime) -> None:
    for booking in parties:
        booking.status, booking.ended_at = BookingStatus.CANCELLED, now
        booking.queued_at = booking.offer_until = None
