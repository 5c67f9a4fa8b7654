"""What staff answer to access needs: promise, arrange, say no with a reason; and how much there is to give."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import contains_eager, joinedload, raiseload, selectinload

from iclei_events import clock
from iclei_events.db import db, transaction
from iclei_events.models import (
    ACTIVE,
    COUNTED,
    AccessNeed,
    AidKind,
    Booking,
    NeedState,
    Slot,
    SlotAid,
)
from iclei_events.services import access_needs, aids, log, places, refusals
from iclei_events.services.deciding import Decision, decide

Answering = Callable[[Decision, Slot, AccessNeed], None]


def promise(reference: str, kind: AidKind, *, by: log.Actor, seen: str | None = None) -> None:
    """Promise what a party asks for. Raises ``NoAidLeft`` where there is not so much. Twice is once."""

    def give(decision: Decision, slot: Slot, need: AccessNeed) -> None:
        if need.is_kept:
            return
        if need.is_counted and not aids.take(decision.session, slot.id, need.kind, need.count):
            raise refusals.NoAidLeft(aids.of_slot(slot.id)[need.kind].left or 0)
        _answer(decision, need, NeedState.PROMISED, "promise_need")
        access_needs.promise_next(decision.session, slot, now=decision.now)

    _decide(reference, kind, give, by=by, seen=seen)


def arrange(reference: str, kind: AidKind, *, by: log.Actor, seen: str | None = None) -> None:
    """Note that what was promised is in place. Twice is once."""

    def note(decision: Decision, _slot: Slot, need: AccessNeed) -> None:
        if need.state is NeedState.ARRANGED:
            return
        if need.state is not NeedState.PROMISED:
            raise refusals.ChangedMeanwhile(need.state)
        _answer(decision, need, NeedState.ARRANGED, "arrange_need")

    _decide(reference, kind, note, by=by, seen=seen)


def decline(reference: str, kind: AidKind, answer: str, *, by: log.Actor, seen: str | None = None) -> None:
    """Say that it cannot be given, and what instead; what was promised is free for who asks next."""

    def refuse(decision: Decision, slot: Slot, need: AccessNeed) -> None:
        if (need.state, need.answer) == (NeedState.DECLINED, answer):
            return
        was_kept = need.is_kept
        if need.is_counted and was_kept:
            aids.give_back(decision.session, slot.id, need.kind, need.count)
        _answer(decision, need, NeedState.DECLINED, "decline_need", answer)
        if was_kept:
            access_needs.promise_next(decision.session, slot, now=decision.now)

    _decide(reference, kind, refuse, by=by, seen=seen)


def _decide(reference: str, kind: AidKind, answering: Answering, *, by: log.Actor, seen: str | None) -> None:
    """``seen``: the need as whoever answers has read it (``AccessNeed.as_asked``); what has changed is not answered."""

    def on_need(decision: Decision, slot: Slot, booking: Booking) -> None:
        need = booking.need_of(kind)
        if need is None or not booking.is_active:
            raise refusals.NotActive
        if seen is not None and seen != need.as_asked:
            raise refusals.ChangedMeanwhile(need.state)
        if decision.now >= slot.ends_at:
            raise refusals.Closed
        if not booking.is_holding:
            raise refusals.HoldsNoPlaces
        answering(decision, slot, need)

    decide(reference, on_need, by=by)


def _answer(decision: Decision, need: AccessNeed, state: NeedState, verb: str, words: str | None = None) -> None:
    """The log says that there is an answer, not to what: what somebody needs is erased long before the log."""
    need.state, need.answer = state, words
    decision.note(verb, need.booking)
    decision.session.flush()
    access_needs.tell(decision.session, need.booking, now=decision.now)


@dataclass(frozen=True, slots=True)
class AidPlan:
    """What a new number would do. ``over``: so many more are promised; ``promised``: so many needs are met at once."""

    capacity: int | None
    over: int
    promised: int


def plan(slot: Slot, kind: AidKind, capacity: int | None) -> AidPlan:
    """The effect of a number on what is promised, without changing anything."""
    aid = aids.of_slot(slot.id).get(kind)
    as_if = SlotAid(slot_id=slot.id, kind=kind, capacity=capacity, held=aid.held if aid is not None else 0)
    over = 0 if capacity is None or as_if.is_sure else max(0, as_if.held - capacity)
    met = 0
    for need in access_needs.asking(db.session(), slot.id):
        if need.kind is kind and as_if.can_give(need.count):
            as_if.held, met = as_if.held + need.count, met + 1
    return AidPlan(capacity, over, met)


def set_aid(slot_id: int, kind: AidKind, capacity: int | None, *, seen: int | None, by: log.Actor) -> None:
    """Set how many a slot can give, or that staff answer each time (none); whoever waits for it is promised it.

    ``seen`` is the number its form showed: raises ``ChangedMeanwhile`` when somebody else changed it since.
    """
    now = clock.now()
    with transaction() as session:
        slot = places.locked(session, slot_id, now=now)
        aid = session.get(SlotAid, (slot_id, kind), populate_existing=True)
        before = aid.capacity if aid is not None else None
        if before != seen:
            raise refusals.ChangedMeanwhile(before)
        if aid is None:
            session.add(SlotAid(slot_id=slot_id, kind=kind, capacity=capacity))
            session.flush()
        aids.resize(session, slot_id, kind, capacity)
        log.record(session, "set_aid", by=by, at=now, slot_id=slot_id, details=_details(kind, before, capacity))
        access_needs.promise_next(session, slot, now=now)


def _details(kind: AidKind, before: int | None, after: int | None) -> dict[str, str | int | None]:
    return {"kind": kind.value, "before": before, "after": after}


def of_slot(slot: Slot) -> Sequence[AccessNeed]:
    """What the parties of a slot that still come have asked for, who asked first first."""
    return db.session.scalars(
        select(AccessNeed)
        .join(AccessNeed.booking)
        .where(Booking.slot_id == slot.id, Booking.status.in_(ACTIVE))
        .options(
            contains_eager(AccessNeed.booking).options(
                joinedload(Booking.attendee), selectinload(Booking.places), raiseload("*", sql_only=True)
            )
        )
        .order_by(AccessNeed.asked_at, AccessNeed.id)
    ).all()


def counts(needs: Sequence[AccessNeed]) -> dict[AidKind, dict[NeedState, int]]:
    """How many of each kind are asked for, promised, arranged and declined."""
    found = {kind: dict.fromkeys(NeedState, 0) for kind in (*COUNTED, AidKind.OTHER)}
    for need in needs:
        found[need.kind][need.state] += need.count
    return found
