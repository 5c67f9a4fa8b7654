"""Where a party that asks for another time keeps its own instead, though it is its turn: nobody is moved to their loss.

The other time does not have what the party has been promised, or it clashes, where clashes bind, with what the party
has come to hold since it asked.
"""

from __future__ import annotations

import enum
from datetime import datetime

from sqlalchemy.orm import Session

from iclei_events.models import Booking, MailKind, Slot
from iclei_events.services import aids, binding, log, outbox


class Why(enum.StrEnum):
    """Why it stays, as the log has it."""

    NEEDS = "keep_time"
    CLASH = "keep_from_clash"


def why(session: Session, booking: Booking, wanted: Slot) -> Why | None:
    """Why the party must not be moved there; None: it may. The person is locked (``binding.try_lock``)."""
    if binding.is_clash(session, booking, wanted):
        return Why.CLASH
    return None if aids.could_all_go_along(session, booking.id, wanted.id) else Why.NEEDS


def tell(session: Session, booking: Booking, wanted: Slot, reason: Why, *, now: datetime) -> None:
    """Note and mail that the party keeps its time; its wish has been dropped."""
    log.record(
        session, reason.value, by=log.WORKER, at=now, slot_id=booking.slot_id, booking_id=booking.id,
        details={"to": wanted.slug, "size": booking.size},
    )  # fmt: skip
    context = {"wanted": wanted.id, "clash": reason is Why.CLASH}
    outbox.mail_booking(session, MailKind.NEEDS_KEPT, booking, at=now, context=context)
    session.flush()
