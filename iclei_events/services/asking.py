"""What a party itself changes about its access needs: ask for more, less or something else, or for nothing any more."""

from __future__ import annotations

from collections.abc import Iterable

from iclei_events.models import COUNTED, AccessNeed, AidKind, Booking, NeedState, Slot
from iclei_events.services import access_needs, aids, log, refusals
from iclei_events.services.deciding import Decision, decide


def ask(
    reference: str, words: str | None, counted: Iterable[tuple[AidKind, int]], *, by: log.Actor = log.ATTENDEE
) -> None:
    """Let the party need just this. What was promised and is asked for still stays promised.

    What staff have said no to stays so, unless more of it is asked for; then staff answer once more.
    Raises ``NoAidLeft`` where more is asked for of what was promised than there is; then nothing is changed.
    """
    wanted = dict(counted)

    def change(decision: Decision, slot: Slot, booking: Booking) -> None:
        _check(decision, slot, booking)
        wishes = {kind: min(wanted.get(kind, 0), booking.size) for kind in COUNTED}
        _check_more(slot, booking, wishes)
        if _is_said(booking, wishes, words):
            return
        freed = [_ask_for(decision, booking, kind, count) for kind, count in wishes.items()]
        _say(decision, booking, words)
        decision.session.flush()
        decision.note("change_needs", booking)
        if booking.is_holding:
            access_needs.claim(decision.session, booking)
        if any(freed):
            access_needs.promise_next(decision.session, slot, now=decision.now)

    decide(reference, change, by=by)


def _check(decision: Decision, slot: Slot, booking: Booking) -> None:
    if not booking.is_active:
        raise refusals.NotActive
    if decision.now >= slot.ends_at or slot.cancelled_at is not None:
        raise refusals.Closed


def _check_more(slot: Slot, booking: Booking, wishes: dict[AidKind, int]) -> None:
    """Nobody gives up what is promised for more that is not there."""
    there = aids.of_slot(slot.id)
    for kind, count in wishes.items():
        need = booking.need_of(kind)
        more = count - need.count if need is not None and need.is_kept else 0
        aid = there.get(kind)
        if more > 0 and (aid is None or not aid.can_give(more)):
            raise refusals.NoAidLeft((aid.left if aid is not None else None) or 0)


def _is_said(booking: Booking, wishes: dict[AidKind, int], words: str | None) -> bool:
    """Whether the party asks for just this already."""
    said = {need.kind: need.count for need in booking.access_needs if need.is_counted}
    own_words = booking.access_need.description if booking.access_need is not None else None
    return said == {kind: count for kind, count in wishes.items() if count} and own_words == (words or None)


def _ask_for(decision: Decision, booking: Booking, kind: AidKind, count: int) -> bool:
    """Ask for so many of a kind from now on; whether that frees any."""
    need, session = booking.need_of(kind), decision.session
    if need is None:
        if count:
            booking.access_needs.append(
                AccessNeed(kind=kind, count=count, state=NeedState.ASKED, asked_at=decision.now)
            )
        return False
    more = count - need.count
    if need.is_kept and more < 0:
        aids.give_back(session, booking.slot_id, kind, -more)
    elif need.is_kept and more > 0:
        aids.claim(session, booking.slot_id, kind, more)
        need.state = NeedState.PROMISED
    elif more > 0:
        need.state, need.asked_at = NeedState.ASKED, decision.now
    freed = need.is_kept and more < 0
    if count:
        need.count = count
    else:
        booking.access_needs.remove(need)
    return freed


def _say(decision: Decision, booking: Booking, words: str | None) -> None:
    """Keep the party's own words; other words are asked anew."""
    need = booking.access_need
    if need is not None and need.description == words:
        return
    if need is not None and not words:
        booking.access_needs.remove(need)
    elif need is not None:
        need.description, need.state, need.answer, need.asked_at = words, NeedState.ASKED, None, decision.now
    elif words:
        booking.access_needs.append(
            AccessNeed(kind=AidKind.OTHER, count=1, state=NeedState.ASKED, description=words, asked_at=decision.now)
        )
