"""What somebody is to be at, and how another time, or one after the other, goes with that."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import NamedTuple, Protocol, TypeVar

from sqlalchemy.orm import Session, object_session

from iclei_events.db import db
from iclei_events.i18n import Bilingual
from iclei_events.models import Booking, BookingStatus, ClashRule, Way
from iclei_events.services import binding, clashes, own_times, roads
from iclei_events.services.clashes import Gap, Stay
from iclei_events.services.travel import USUAL_WAY, Roads


class Kept(Stay, Protocol):
    """A time somebody has a booking for."""

    @property
    def reference(self) -> str: ...
    @property
    def salt(self) -> str: ...
    @property
    def slot_id(self) -> int: ...
    @property
    def title(self) -> Bilingual: ...
    @property
    def is_offer(self) -> bool: ...


class Timed(Stay, Protocol):
    @property
    def id(self) -> int: ...


AnyTimed = TypeVar("AnyTimed", bound=Timed)


class KeptBooking(NamedTuple):
    """As much of a booking that holds places as a clash with it shows."""

    reference: str
    salt: str
    slot_id: int
    title: Bilingual
    starts_at: datetime
    ends_at: datetime
    venue_id: int | None
    is_offer: bool

    @classmethod
    def of(cls, booking: Booking) -> KeptBooking:
        slot = booking.slot
        when = slot.starts_at, slot.ends_at, slot.venue_id
        return cls(
            booking.reference,
            booking.salt,
            slot.id,
            slot.activity.title,
            *when,
            booking.status is BookingStatus.OFFERED,
        )


class Clash(NamedTuple):
    """What cannot be kept beside a time; ``goes_there``: the way leads from what is kept to that time."""

    kept: Kept
    gap: Gap
    goes_there: bool


@dataclass(frozen=True, slots=True)
class OwnDay:
    """The times somebody keeps, all of them of people of one party, and how they go."""

    times: Sequence[Kept]
    roads: Roads
    way: Way

    @classmethod
    def of(cls, times: Sequence[Kept], way: Way, session: Session | None = None) -> OwnDay:
        """Nothing is asked of the database for who keeps no time."""
        return cls(times, roads.read(session or db.session()) if times else Roads(), way)

    @classmethod
    def beside(cls, own: Booking, others: Sequence[Booking], way: Way) -> OwnDay:
        """What somebody of a booking's party keeps beside it, among these others."""
        kept = [KeptBooking.of(other) for other in own_times.besides(own, others)]
        return cls.of(kept, way, object_session(own))

    @classmethod
    def beside_by_address(cls, own: Booking) -> OwnDay:
        """As ``beside``, among all bookings of the same address: for whoever reads its mail."""
        return cls.beside(own, own_times.near(own), USUAL_WAY)

    def clashes_with(self, slot: Timed) -> list[Clash]:
        """What overlaps first, then what leaves too little time for the way. Another booking there is no clash."""
        found = [
            Clash(kept, replace(gap, to_offer=kept.is_offer), kept.starts_at < slot.starts_at)
            for kept in self.times
            if kept.slot_id != slot.id
            if (gap := clashes.between(slot, kept, self.roads, self.way)).is_clash
        ]
        return sorted(found, key=lambda clash: not clash.gap.overlaps)

    def is_refused(self, rule: ClashRule, slot: Timed) -> bool:
        """Whether a rule that binds would refuse the slot beside these times."""
        beside = [kept for kept in self.times if kept.slot_id != slot.id]
        return any(binding.refuses(rule, clashes.between(slot, kept, self.roads, None)) for kept in beside)

    def nearest_that_fits(self, wished: Timed, times: Iterable[AnyTimed]) -> AnyTimed | None:
        return clashes.nearest_that_fits(wished, times, self.times, self.roads, self.way)


class Line(NamedTuple):
    """A booking in the order of the day: whether it clashes, with which later ones, and the gap to the next if not."""

    booking: Booking
    is_in_clash: bool
    ahead: list[Clash]
    next: Gap | None


def in_order(bookings: Sequence[Booking], kept: Sequence[Booking], way: Way) -> list[Line]:
    """A line for each of the bookings, which stand by time; ``kept`` are those among them that hold places."""
    ways = roads.read(db.session()) if len(kept) > 1 else Roads()
    return [_line(booking, kept if booking in kept else [], ways, way) for booking in bookings]


def _line(booking: Booking, kept: Sequence[Booking], ways: Roads, way: Way) -> Line:
    others = own_times.besides(booking, kept)
    later = [other for other in others if kept.index(other) > kept.index(booking)]
    ahead = OwnDay([KeptBooking.of(other) for other in later], ways, way).clashes_with(booking.slot)
    found = OwnDay([KeptBooking.of(other) for other in others], ways, way).clashes_with(booking.slot)
    following = next((other for other in later if _is_same_day(other, booking)), None)
    gap = clashes.between(booking.slot, following.slot, ways, way) if following is not None else None
    return Line(booking, bool(found), ahead, gap if gap is not None and not gap.is_clash else None)


def _is_same_day(other: Booking, booking: Booking) -> bool:
    zone = booking.slot.activity.event.zone
    return len({one.slot.starts_at.astimezone(zone).date() for one in (other, booking)}) == 1
