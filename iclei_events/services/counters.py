"""A slot's lock and its counters: the hands of the seat engine (``services.places``).

The lock is taken by writing to the slot's row. On SQLite a writer has the whole database, so that every lock can be
had at once.
"""

from __future__ import annotations

from sqlalchemy import case, select, update
from sqlalchemy.orm import Session

from iclei_events.models import Slot
from iclei_events.services import line


def lock(session: Session, slot_id: int) -> Slot:
    """Take the slot's row lock by writing, then read it: a value read before the lock may be old."""
    session.execute(
        update(Slot)
        .where(Slot.id == slot_id)
        .values(revision=Slot.revision + 1)
        .execution_options(synchronize_session=False)
    )
    return session.scalars(select(Slot).where(Slot.id == slot_id).execution_options(populate_existing=True)).one()


def try_lock(session: Session, slot_id: int) -> Slot | None:
    """The slot as ``lock`` gives it, or None when somebody else has it: nothing is ever waited for out of order."""
    to_be_had = select(Slot.id).where(Slot.id == slot_id).with_for_update(skip_locked=True, key_share=True)
    return lock(session, slot_id) if session.scalar(to_be_had) is not None else None


def count(session: Session, slot: Slot, *, held: int = 0, kept_back: int = 0, waiting: int = 0) -> None:
    """Change a locked slot's counters by these differences; the excess over capacity only ever shrinks."""
    excess = Slot.held + Slot.kept_back + held + kept_back - Slot.capacity
    session.execute(
        update(Slot)
        .where(Slot.id == slot.id)
        .values(
            held=Slot.held + held,
            kept_back=Slot.kept_back + kept_back,
            waiting=Slot.waiting + waiting,
            out_of_reach=line.count_out_of_reach(Slot.capacity - Slot.kept_back - kept_back),
            over_capacity=case((excess <= 0, 0), (excess < Slot.over_capacity, excess), else_=Slot.over_capacity),
        )
        .execution_options(synchronize_session=False)
    )
    session.refresh(slot)
