"""What the slots of a pack can give to those who need it. What anybody has asked for stays as it is.

What is new at a slot is promised at once to who has asked for it already, at another time or all the same.
"""

from __future__ import annotations

from sqlalchemy import select

from iclei_events import clock
from iclei_events.models import AccessNeed, AidKind, Booking, Slot, SlotAid
from iclei_events.services import access_needs
from iclei_events.services.content.access_parts import AidsPart
from iclei_events.services.content.tally import Tally


def load_aids(tally: Tally, slot: Slot, part: AidsPart | None) -> None:
    """Give a stored slot the aids that the pack names for it, but what parties have asked for stays with the staff.

    The slot is new, or its lock is held.
    """
    wanted = {AidKind(name): getattr(part, name) for name in sorted(part.model_fields_set)} if part else {}
    there = {aid.kind: aid for aid in tally.session.scalars(select(SlotAid).where(SlotAid.slot_id == slot.id))}
    for kind in sorted(wanted.keys() | there.keys()):
        aid = there.get(kind)
        if aid is None:
            tally.put(SlotAid(), {"slot_id": slot.id, "kind": kind, "capacity": wanted[kind]})
        elif kind in wanted and wanted[kind] == aid.capacity:
            tally.put(aid, {})
        elif _is_asked_for(tally, slot, kind):
            tally.kept.append(f"the aid {kind} of the slot {slot.slug} stays as it is, since somebody has asked for it")
        elif kind in wanted:
            tally.put(aid, {"capacity": wanted[kind]})
        else:
            tally.remove(aid)
    if wanted.keys() - there.keys():
        tally.session.flush()
        access_needs.promise_next(tally.session, slot, now=clock.now())


def _is_asked_for(tally: Tally, slot: Slot, kind: AidKind) -> bool:
    """Asked under the slot's lock, which whoever asks for something takes as well."""
    asked = select(AccessNeed.id).join(AccessNeed.booking).where(Booking.slot_id == slot.id, AccessNeed.kind == kind)
    return tally.session.scalar(asked.limit(1)) is not None
