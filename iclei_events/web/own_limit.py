"""How many places one person may still have, told from the bookings that this browser has opened and no others.

Anybody can write an address, and must not learn how many places its owner has.
"""

from __future__ import annotations

from typing import Any

from iclei_events.models import Slot
from iclei_events.services import person_limit
from iclei_events.services.booking_rows import Contact
from iclei_events.services.person_limit import PersonLimit
from iclei_events.services.refusals import Refusal, TooManyPlaces
from iclei_events.web import access


def shown(refusal: Refusal, slot: Slot | None, contact: Contact, size: int) -> dict[str, Any]:
    """What a form tells of the limit when it was refused."""
    over_limit = isinstance(refusal, TooManyPlaces)
    return {"over_limit": over_limit, "may_have": _left(slot, contact, size) if over_limit and slot else None}


def _left(slot: Slot, contact: Contact, size: int) -> int | None:
    """The most that can be left; none where what was opened here is not alone the reason for the refusal."""
    limit = PersonLimit.of(slot, contact)
    if limit is None:
        return None
    had = sum(one.size for one in person_limit.bookings_of(limit, access.remembered()) if access.may_open(one))
    return max(0, limit.places - had) if had and had + size > limit.places else None
