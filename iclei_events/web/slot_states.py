"""What a page tells one visitor about a slot: its state, or what the visitor has there."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime
from itertools import groupby
from typing import Any, Final, NamedTuple

from flask import current_app, request, url_for

from iclei_events import clock
from iclei_events.models import Activity, BookingStatus, Slot, SlotMode, SlotState
from iclei_events.services import own_places
from iclei_events.services.clashes import Gap
from iclei_events.services.listed import ListedSlot
from iclei_events.services.own_days import OwnDay
from iclei_events.services.own_places import OwnPlace
from iclei_events.services.travel import USUAL_WAY
from iclei_events.services.waiting_rooms import OPENS_BEFORE
from iclei_events.web import access, ways

BOOKABLE: Final = frozenset({SlotState.MANY, SlotState.FEW, SlotState.FULL})
OWN_STATES: Final = {
    BookingStatus.CONFIRMED: "booked",
    BookingStatus.WAITING: "queue",
    BookingStatus.OFFERED: "offer",
    BookingStatus.ENTERED: "entered",
}


class Told(NamedTuple):
    """A state by the name that ``components/states.html`` has for it, and what goes with it.

    ``number`` is the visitor's place in line, ``until`` the end of an offer, ``own_href`` leads to their booking,
    ``gap`` is what lies between the slot and one of their bookings that it clashes with, and is told beside the state.
    """

    name: str
    number: int | None = None
    until: datetime | None = None
    own_href: str | None = None
    gap: Gap | None = None


PUBLIC: Final = {state: Told(state.value) for state in SlotState}
WAITING_ROOM: Final = Told("waiting_room")


AnySlot = Slot | ListedSlot


def tell(slots: Iterable[AnySlot], own: Own | None = None) -> dict[int, Told]:
    """What to say about each slot, by its id; for a visitor without bookings nothing is asked of the database."""
    now = clock.now()
    own = own or own_here()
    if not own.places:
        return {slot.id: _tell_all(slot, now) for slot in slots}
    by_slot = {place.slot_id: place for place in own.places}
    return {slot.id: _tell_one(slot, by_slot.get(slot.id), own.day, now) for slot in slots}


class Own(NamedTuple):
    """The visitor's places, from the bookings this browser has opened, and those among them that are to be kept."""

    places: list[OwnPlace]
    day: OwnDay


def own_here() -> Own:
    if current_app.config["SESSION_COOKIE_NAME"] not in request.cookies:
        return Own([], OwnDay.of([], USUAL_WAY))
    places = [place for place in own_places.find(access.remembered()) if access.may_open(place)]
    return Own(places, OwnDay.of([place for place in places if place.is_kept], ways.chosen()))


def _tell_one(slot: AnySlot, own: OwnPlace | None, day: OwnDay, now: datetime) -> Told:
    state = slot.state(now)
    if state in {SlotState.CANCELLED, SlotState.OVER}:
        return PUBLIC[state]
    if own is not None:
        href = url_for("bookings.show", reference=own.reference)
        return Told(OWN_STATES[own.status], number=own.turn, until=own.offer_until, own_href=href)
    if state in BOOKABLE and (found := day.clashes_with(slot)):
        return PUBLIC[state]._replace(gap=found[0].gap)
    return _tell_all(slot, now)


def _tell_all(slot: AnySlot, now: datetime) -> Told:
    """What everybody is told, whatever they have."""
    state = slot.state(now)
    if state is SlotState.NOT_YET and slot.mode is SlotMode.FIRST_COME and slot.opens_at is not None:
        return WAITING_ROOM if slot.opens_at - OPENS_BEFORE <= now else PUBLIC[state]
    return PUBLIC[state]


class Addresses(NamedTuple):
    """What makes the addresses of many rows out of their slugs; a slug needs no quoting."""

    before: str
    after: str

    def __call__(self, slug: str) -> str:
        return f"{self.before}{slug}{self.after}"


def addresses(endpoint: str, name: str) -> Addresses:
    """The addresses of an endpoint by that value: the router is asked once for all rows."""
    values: dict[str, Any] = {name: "-"}
    before, after = url_for(endpoint, **values).rsplit("-", 1)
    return Addresses(before, after)


def by_day(activity: Activity) -> list[tuple[date, list[Slot]]]:
    """The times of an activity under their days, in the zone of its event."""
    zone = activity.event.zone
    days = groupby(activity.slots, key=lambda slot: slot.starts_at.astimezone(zone).date())
    return [(day, list(slots)) for day, slots in days]
