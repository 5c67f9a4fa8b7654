"""How many places one person may have on an event's tours and party together.

A person is an e-mail address as it is compared, or a phone number where no address was left. On PostgreSQL the rush
counts within the statement that takes the places (see ``booking_rows``); SQLite lets one writer in at a time.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any, Final, Protocol

from sqlalchemy import ColumnElement, Connection, Integer, String, bindparam, func, select
from sqlalchemy.orm import Session

from iclei_events.db import db
from iclei_events.models import ACTIVE, RESIDENTS, Activity, Attendee, Booking, Slot
from iclei_events.services import refusals
from iclei_events.services.prepared import Prepared


class Limited(Protocol):
    """A slot, or as much of one as the rush reads."""

    @property
    def event_id(self) -> int: ...
    @property
    def person_limit(self) -> int | None: ...


class Reachable(Protocol):
    """Who books, as typed or as kept."""

    @property
    def email_key(self) -> str: ...
    @property
    def phone(self) -> str | None: ...


@dataclass(frozen=True, slots=True)
class PersonLimit:
    """At most ``places`` at an event for the person with this address, or with this phone where there is none."""

    event_id: int
    places: int
    email_key: str
    phone: str | None = None

    @classmethod
    def of(cls, slot: Limited, contact: Reachable) -> PersonLimit | None:
        """The limit that holds where this person books, if there is one."""
        if slot.person_limit is None:
            return None
        return cls(slot.event_id, slot.person_limit, contact.email_key, contact.phone)


def check(session: Session, limit: PersonLimit, more: int) -> None:
    """Raise ``TooManyPlaces`` when the person would have more than the limit with so many places more."""
    if places_of(session.connection(), limit) + more > limit.places:
        raise refusals.TooManyPlaces(limit.places)


def lock(session: Session, limit: PersonLimit) -> None:
    """Let nobody else book for this person until the transaction ends.

    Taken before the lock of any slot, as it is in the rush, so that the two never wait for each other.
    """
    lock_person(session, limit.event_id, limit.email_key, limit.phone)


def lock_person(session: Session, event_id: int, email_key: str, phone: str | None) -> None:
    """As ``lock``, for whatever is decided about a person at an event. SQLite lets one writer in at a time."""
    if session.get_bind().dialect.name == "postgresql":
        session.execute(select(func.pg_advisory_xact_lock(_lock_key(event_id, email_key, phone))))


def try_lock_person(session: Session, event_id: int, email_key: str, phone: str | None) -> bool:
    """As ``lock_person`` where it can be had at once: nothing is ever waited for out of order."""
    if session.get_bind().dialect.name != "postgresql":
        return True
    return bool(session.scalar(select(func.pg_try_advisory_xact_lock(_lock_key(event_id, email_key, phone)))))


def _lock_key(event_id: int, email_key: str, phone: str | None) -> ColumnElement[int]:
    key: ColumnElement[int] = func.hashtextextended(email_key or phone or "", event_id)
    return key


def places_of(connection: Connection, limit: PersonLimit) -> int:
    """How many places the person has or waits for."""
    values = {"event_id": limit.event_id, "key": limit.email_key or limit.phone or ""}
    count = _COUNT_BY_EMAIL if limit.email_key else _COUNT_BY_PHONE
    return int(count.execute(connection, values).scalar_one())


def bookings_of(limit: PersonLimit, references: Collection[str]) -> Sequence[Booking]:
    """The person's bookings among these that count towards the limit; whoever left no address has none here."""
    if not limit.email_key or not references:
        return []
    return db.session.scalars(
        select(Booking)
        .join(Booking.attendee)
        .join(Booking.slot)
        .join(Slot.activity)
        .where(Attendee.email_key == limit.email_key, Booking.reference.in_(references), Booking.status.in_(ACTIVE))
        .where(Activity.event_id == limit.event_id, Activity.kind.in_(RESIDENTS))
    ).all()


def _count_where(is_person: ColumnElement[bool]) -> Prepared:
    return Prepared(
        select(func.coalesce(func.sum(Booking.size), 0))
        .select_from(Attendee)
        .join(Booking, Booking.id == Attendee.booking_id)
        .join(Slot, Slot.id == Booking.slot_id)
        .join(Activity, Activity.id == Slot.activity_id)
        .where(is_person, Activity.event_id == bindparam("event_id", type_=Integer), Activity.kind.in_(RESIDENTS))
        .where(Booking.status.in_(ACTIVE))
    )


_KEY: Final = bindparam("key", type_=String)
_COUNT_BY_EMAIL: Final = _count_where(Attendee.email_key == _KEY)
_COUNT_BY_PHONE: Final = _count_where((Attendee.email_key == "") & (Attendee.phone == _KEY))


def is_within(size: ColumnElement[int]) -> ColumnElement[bool]:
    """For the one statement of PostgreSQL: whether so many places more are within the limit, the person locked.

    The function stands in the database (see the migrations). Asked in a query of its own, it counts once, even where
    the statement has to wait for its slot.
    """
    had = func.places_of_person(bindparam("person_event_id", type_=Integer), bindparam("person_key", type_=String))
    places: ColumnElement[int] = select(had).scalar_subquery() + size
    return places <= bindparam("person_places", type_=Integer)


def parameters(limit: PersonLimit) -> dict[str, Any]:
    """What ``is_within`` asks about."""
    return {"person_event_id": limit.event_id, "person_key": limit.email_key, "person_places": limit.places}
