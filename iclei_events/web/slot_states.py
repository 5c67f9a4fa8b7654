"""What a page tells one visitor about a slot: its state, or what the visitor has there."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date, datetime
from itertools import groupby
from typing import Any, Final

from flask import current_app, request, url_for

from iclei_events import clock
from iclei_events.models import Activity, BookingStatus, Slot, SlotState
from iclei_events.services import own_places
from iclei_events.services.listed import ListedSlot
from iclei_events.services.own_places import OwnPlace
from iclei_events.web import access

BOOKABLE: Final = frozenset({SlotState.MANY, SlotState.FEW, SlotState.FULL})
OWN_STATES: Final = {
    BookingStatus.CONFIRMED: "booked",
    BookingStatus.WAITING: "queue",
    BookingStatus.OFFERED: "offer",
    BookingStatus.ENTERED: "entered",
}


@dataclass(frozen=True, slots=True)
class Told:
    """A state by the name that ``components/states.html`` has for it, and what goes with it.

    ``number`` is the visitor's place in line, ``until`` the end of an offer, ``own_href`` leads to their booking.
    """

    name: str
    number: int | None = None
    until: datetime | None = None
    own_href: str | None = None


PUBLIC: Final = {state: Told(state.value) for state in SlotState}
CLASH: Final = Told("clash")


AnySlot = Slot | ListedSlot


def tell(slots: Iterable[AnySlot]) -> dict[int, Told]:
    """What to say about each slot, by its id; for a visitor without bookings nothing is asked of the database."""
    now = clock.now()
    own = _own_places()
    if not own:
        return {slot.id: PUBLIC[slot.state(now)] for slot in slots}
    by_slot = {place.slot_id: place for place in own}
    holding = [place for place in own if place.is_holding]
    return {slot.id: _tell_one(slot, by_slot.get(slot.id), holding, now) for slot in slots}


def _own_places() -> list[OwnPlace]:
    """The visitor's places, from the bookings this browser has opened."""
    if current_app.config["SESSION_COOKIE_NAME"] not in request.cookies:
        return []
    return [place for place in own_places.find(access.remembered()) if access.may_open(place)]


def _tell_one(slot: AnySlot, own: OwnPlace | None, holding: list[OwnPlace], now: datetime) -> Told:
    state = slot.state(now)
    if state in {SlotState.CANCELLED, SlotState.OVER}:
        return PUBLIC[state]
    if own is not None:
        href = url_for("bookings.show", reference=own.reference)
        return Told(OWN_STATES[own.status], number=own.turn, until=own.offer_until, own_href=href)
    if state in BOOKABLE and any(place.overlaps(slot) for place in holding):
        return CLASH
    return PUBLIC[state]


def addresses(endpoint: str, name: str) -> Callable[[str], str]:
    """Return what makes the addresses of many rows: the router is asked once, and a slug needs no quoting."""
    values: dict[str, Any] = {name: "-"}
    before, after = url_for(endpoint, **values).rsplit("-", 1)
    return lambda slug: f"{before}{slug}{after}"


def by_day(activity: Activity) -> list[tuple[date, list[Slot]]]:
    """The times of an activity under their days, in the zone of its event."""
    zone = activity.event.zone
    days = groupby(activity.slots, key=lambda slot: slot.starts_at.astimezone(zone).date())
    return [(day, list(slots)) for day, slots in days]
