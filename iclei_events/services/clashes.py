"""When two times cannot both be kept: they overlap, or there is too little time for the way between them.

Pure rules, for pages, mails and the check that binds alike. ``services.own_times`` finds whose times they are.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol, TypeVar

from iclei_events.models import Booking, Way
from iclei_events.services.travel import Leg, Roads


class Stay(Protocol):
    """Being somewhere from one moment to another: a slot, or as much of one as a list shows."""

    @property
    def starts_at(self) -> datetime: ...
    @property
    def ends_at(self) -> datetime: ...
    @property
    def venue_id(self) -> int | None: ...


AnyStay = TypeVar("AnyStay", bound=Stay)


@dataclass(frozen=True, slots=True)
class Gap:
    """What lies between two stays: so many minutes, none where they overlap, and the way, where it is known.

    ``to_offer``: one of them is only on offer to the person.
    """

    minutes: int | None
    leg: Leg | None
    to_offer: bool = False

    @property
    def overlaps(self) -> bool:
        return self.minutes is None

    @property
    def is_tight(self) -> bool:
        """Whether there is less time than the way takes."""
        return self.minutes is not None and self.leg is not None and self.minutes < self.leg.minutes

    @property
    def is_clash(self) -> bool:
        return self.overlaps or self.is_tight


def between(one: Stay, other: Stay, roads: Roads, way: Way | None) -> Gap:
    """The gap between two stays, whichever comes first. ``way``: how the person goes; None: the quickest of all."""
    first, then = sorted((one, other), key=lambda stay: (stay.starts_at, stay.ends_at))
    if then.starts_at < first.ends_at:
        return Gap(None, None)
    minutes = (then.starts_at - first.ends_at) // timedelta(minutes=1)
    start, end = first.venue_id, then.venue_id
    return Gap(minutes, roads.quickest(start, end) if way is None else roads.leg(start, end, way))


def nearest_that_fits(
    wished: Stay, times: Iterable[AnyStay], kept: Iterable[Stay], roads: Roads, way: Way | None
) -> AnyStay | None:
    """The time nearest to the wished one that clashes with nothing that is kept."""
    stays = list(kept)
    fitting = (time for time in times if not any(between(time, stay, roads, way).is_clash for stay in stays))
    return min(fitting, key=lambda time: (abs(time.starts_at - wished.starts_at), time.starts_at), default=None)


class InContact(Protocol):
    """Whoever books, as typed or as kept."""

    @property
    def name(self) -> str: ...
    @property
    def email_key(self) -> str: ...
    @property
    def phone(self) -> str | None: ...
    @property
    def comes_along(self) -> bool: ...


People = frozenset[str]
"""Who comes, as far as it is known: whoever booked by the address or the phone number, all others by their names."""


def people_of(booking: Booking) -> People:
    if booking.attendee is None:
        return frozenset()
    return people_of_contact(booking.attendee) | people_named(booking)


def people_named(booking: Booking) -> People:
    """Those whose names stand on its places."""
    return frozenset(comparable(place.name) for place in booking.current_places if place.name)


def people_of_contact(contact: InContact) -> People:
    """Whoever books, if they come along."""
    if not contact.comes_along:
        return frozenset()
    return frozenset({comparable(contact.name), contact.email_key or contact.phone or ""} - {""})


def comparable(name: str) -> str:
    """A name as it is compared with others."""
    return " ".join(name.casefold().split())
