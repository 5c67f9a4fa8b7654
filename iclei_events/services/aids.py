"""What slots can give to those who need it, counted: the only place where the counters of a ``SlotAid`` change.

The rule of places again: one conditional UPDATE decides and counts at once. Every function that changes something is
called with the slot's lock held, so that what comes free goes to whoever asked first.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Final

from sqlalchemy import ColumnElement, SQLColumnExpression, and_, bindparam, case, exists, func, or_, select, update
from sqlalchemy.orm import Session

from iclei_events.db import db
from iclei_events.models import COUNTED, KEPT, SHARED, AccessNeed, AidKind, Booking, SlotAid

_OF_SLOTS: Final = (
    select(SlotAid)
    .where(SlotAid.slot_id.in_(bindparam("slot_ids", expanding=True)))
    .execution_options(populate_existing=True)
)


def of_slot(slot_id: int) -> dict[AidKind, SlotAid]:
    """What the slot can give, in the order of the pages."""
    return of_slots([slot_id])[slot_id]


def of_slots(slot_ids: Collection[int]) -> dict[int, dict[AidKind, SlotAid]]:
    """As ``of_slot``, for many."""
    found: dict[int, dict[AidKind, SlotAid]] = {slot_id: {} for slot_id in slot_ids}
    of_them = db.session.scalars(_OF_SLOTS, {"slot_ids": list(found)})
    for aid in sorted(of_them, key=lambda aid: COUNTED.index(aid.kind)):
        found[aid.slot_id][aid.kind] = aid
    return found


def has_room(count: SQLColumnExpression[int] | int) -> ColumnElement[bool]:
    """Whether the ``SlotAid`` can give so many at once; never where staff answer each time."""
    is_sure = and_(SlotAid.kind == SHARED, or_(SlotAid.capacity > 0, SlotAid.held > 0))
    return or_(is_sure, and_(SlotAid.kind != SHARED, SlotAid.held + count <= SlotAid.capacity))


def claim(session: Session, slot_id: int, kind: AidKind, count: int) -> bool:
    """Take so many of a kind if there are as many; False: nothing was taken."""
    return _count(session, slot_id, kind, count, has_room(count))


def take(session: Session, slot_id: int, kind: AidKind, count: int) -> bool:
    """As ``claim``, for staff, who also give what is on request or was not thought of; False: there are too few."""
    if session.get(SlotAid, (slot_id, kind)) is None:
        session.add(SlotAid(slot_id=slot_id, kind=kind))
        session.flush()
    return _count(session, slot_id, kind, count, or_(SlotAid.capacity.is_(None), has_room(count)))


def give_back(session: Session, slot_id: int, kind: AidKind, count: int) -> None:
    """Count so many fewer as held; the excess over what there is only ever shrinks."""
    _count(session, slot_id, kind, -count)


def _count(session: Session, slot_id: int, kind: AidKind, more: int, *conditions: ColumnElement[bool]) -> bool:
    excess = SlotAid.held + more - SlotAid.capacity
    statement = (
        update(SlotAid)
        .where(SlotAid.slot_id == slot_id, SlotAid.kind == kind, *conditions)
        .values(
            held=SlotAid.held + more,
            over_capacity=case((_over(excess) < SlotAid.over_capacity, _over(excess)), else_=SlotAid.over_capacity),
        )
        .returning(SlotAid.held)
    )
    counted = session.execute(statement.execution_options(synchronize_session=False)).first()
    return counted is not None


def _over(excess: ColumnElement[int]) -> ColumnElement[int]:
    """The excess over what there is, as it stands after a change; none where one serves everybody."""
    too_many = and_(SlotAid.kind != SHARED, SlotAid.capacity.is_not(None), excess > 0)
    return case((too_many, excess), else_=0)


def resize(session: Session, slot_id: int, kind: AidKind, capacity: int | None) -> None:
    """Set how many there are. Below what is promised nobody loses a promise, and nobody new gets one."""
    session.execute(
        update(SlotAid)
        .where(SlotAid.slot_id == slot_id, SlotAid.kind == kind)
        .values(capacity=capacity, over_capacity=_over(SlotAid.held - capacity) if capacity is not None else 0)
        .execution_options(synchronize_session=False)
    )


def recount(session: Session, slot_ids: Collection[int]) -> None:
    """Count anew what is held, where needs were erased under it."""
    session.execute(
        update(SlotAid)
        .where(SlotAid.slot_id.in_(slot_ids))
        .values(held=held_by_needs(), over_capacity=_over(held_by_needs() - SlotAid.capacity))
        .execution_options(synchronize_session=False)
    )


def held_by_needs() -> ColumnElement[int]:
    """How many of the ``SlotAid`` around it the parties of its slot have been promised."""
    promised = (
        select(func.coalesce(func.sum(AccessNeed.count), 0))
        .join(AccessNeed.booking)
        .where(Booking.slot_id == SlotAid.slot_id, AccessNeed.kind == SlotAid.kind, AccessNeed.state.in_(KEPT))
    )
    return promised.correlate(SlotAid).scalar_subquery()


def could_give_all(
    booking_id: SQLColumnExpression[int] | int, slot_id: SQLColumnExpression[int] | int, *around: type[object]
) -> ColumnElement[bool]:
    """Whether a slot has at once what a party has been promised where it is; ``around``: the query's own tables."""
    missing = (
        select(AccessNeed.id)
        .outerjoin(SlotAid, and_(SlotAid.slot_id == slot_id, SlotAid.kind == AccessNeed.kind))
        .where(AccessNeed.booking_id == booking_id, AccessNeed.kind.in_(COUNTED), AccessNeed.state.in_(KEPT))
        .where(func.coalesce(has_room(AccessNeed.count), False) == False)  # noqa: E712  null: no such aid there
    )
    return ~exists(missing.correlate(*around)) if around else ~exists(missing)


def could_all_go_along(session: Session, booking_id: int, slot_id: int) -> bool:
    """As ``could_give_all``, asked of the database now."""
    return bool(session.scalar(select(could_give_all(booking_id, slot_id))))


def promised_missing_at(needs: Sequence[AccessNeed], slot_ids: Collection[int]) -> dict[int, list[AccessNeed]]:
    """What a party has been promised that each of these slots could not give it at once."""
    promised = [need for need in needs if need.is_counted and need.is_kept]
    there = of_slots(slot_ids) if promised else {slot_id: {} for slot_id in slot_ids}
    return {slot_id: missing_at(promised, of_slot) for slot_id, of_slot in there.items()}


def missing_at(needs: Sequence[AccessNeed], aids: Mapping[AidKind, SlotAid]) -> list[AccessNeed]:
    """Which of a party's counted needs another slot could not give at once."""
    return [
        need
        for need in needs
        if need.is_counted and (need.kind not in aids or not aids[need.kind].can_give(need.count))
    ]
