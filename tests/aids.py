"""Slots that can give something to those who need it, and how needs stand, for tests."""

from __future__ import annotations

from sqlalchemy import select

from iclei_events.db import db, transaction
from iclei_events.models import AccessNeed, AidKind, Booking, Slot, SlotAid
from iclei_events.services import bookings
from iclei_events.services.booking_rows import Contact, Party
from iclei_events.services.bookings import Answer
from tests import scenes

WHEELCHAIR, LOOP, INTERPRETER, COMPANION, OTHER = (
    AidKind.WHEELCHAIR, AidKind.HEARING_LOOP, AidKind.INTERPRETER, AidKind.COMPANION, AidKind.OTHER,
)  # fmt: skip


def give(slot: Slot, kind: AidKind = WHEELCHAIR, capacity: int | None = 1) -> Slot:
    """Let the slot have so many of a kind; none: on request."""
    with transaction() as session:
        session.add(SlotAid(slot_id=slot.id, kind=kind, capacity=capacity))
    return slot


def book(
    slot: Slot, name: str, *aids: tuple[AidKind, int], words: str | None = None, adults: int = 1, wait: bool = True
) -> Answer:
    """Book as a resident who needs something; without ``aids``: one place for a wheelchair user."""
    who = Contact(
        name, f"{name.lower()}@example.org", f"{name.lower()}@example.org", access_need=words,
        aids=aids or ((WHEELCHAIR, 1),),
    )  # fmt: skip
    return bookings.book(
        scenes.slot_now(slot), party=Party(adults), contact=who, language="sv", key=f"needs-of-{name}", wait=wait
    )


def states(answer: Answer | str) -> dict[str, str]:
    """How each of a party's needs stands."""
    return {need.kind.value: need.state.value for need in needs(answer)}


def state(answer: Answer | str, kind: AidKind = WHEELCHAIR) -> str | None:
    return states(answer).get(kind.value)


def needs(answer: Answer | str) -> list[AccessNeed]:
    db.session.rollback()
    reference = answer if isinstance(answer, str) else answer.reference
    return list(
        db.session.scalars(
            select(AccessNeed)
            .join(Booking)
            .where(Booking.reference == reference)
            .order_by(AccessNeed.id)
            .execution_options(populate_existing=True)
        )
    )


def counted(slot: Slot, kind: AidKind = WHEELCHAIR) -> tuple[int | None, int, int]:
    """How many there are of a kind, how many are held, how many too many are promised."""
    db.session.rollback()
    aid = db.session.get_one(SlotAid, (slot.id, kind), populate_existing=True)
    return aid.capacity, aid.held, aid.over_capacity
