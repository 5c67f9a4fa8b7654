"""The bookings with which another one of the same person may clash: those that hold places and are still to come.

Whoever waits in line or has entered a draw keeps nobody from anything; once places are offered they count.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import timedelta
from typing import Any, Final

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session, contains_eager, object_session, selectinload

from iclei_events import clock
from iclei_events.db import db
from iclei_events.models import HOLDING, Activity, Attendee, Booking, Slot
from iclei_events.services.clashes import people_of
from iclei_events.services.person_limit import Reachable

FARTHEST: Final = timedelta(days=1)
"""The longest travel time that a table may hold."""


def of_references(references: Collection[str]) -> Sequence[Booking]:
    """Those among these bookings, the earliest first."""
    if not references:
        return []
    return db.session.scalars(_holding().where(Booking.reference.in_(references))).all()


def of_contact(session: Session, contact: Reachable, event_id: int) -> Sequence[Booking]:
    """Those at an event made with the same address, or where none was left with the same phone number."""
    if contact.email_key:
        is_theirs = Attendee.email_key == contact.email_key
    elif contact.phone:
        is_theirs = (Attendee.email_key == "") & (Attendee.phone == contact.phone)
    else:
        return []
    found = _holding().where(is_theirs, Activity.event_id == event_id)
    return session.scalars(found.execution_options(populate_existing=True)).all()


def near(own: Booking) -> Sequence[Booking]:
    """Those of the same address as ``own`` that its slot could clash with: no way takes longer than a day.

    Asked in the session that ``own`` comes from: a mail is written in a context of its own, and on SQLite a second
    reader would wait for a writer who waits for the first.
    """
    contact, slot, session = own.attendee, own.slot, object_session(own)
    if contact is None or not contact.email_key or session is None:
        return []
    found = _holding().where(Attendee.email_key == contact.email_key, Slot.id != slot.id)
    found = found.where(Slot.starts_at < slot.ends_at + FARTHEST, Slot.ends_at > slot.starts_at - FARTHEST)
    return session.scalars(found).all()


def of_event(event_id: int) -> Sequence[Booking]:
    """Those of everybody who has more than one at an event."""
    who = func.coalesce(func.nullif(Attendee.email_key, ""), Attendee.phone)
    several = (
        select(who)
        .join(Attendee.booking)
        .join(Booking.slot)
        .join(Slot.activity)
        .where(Activity.event_id == event_id, Booking.status.in_(HOLDING))
        .group_by(who)
        .having(func.count() > 1)
    )
    return db.session.scalars(_holding().where(Activity.event_id == event_id, who.in_(several))).all()


def besides(own: Booking, bookings: Sequence[Booking]) -> list[Booking]:
    """The others among these for somebody of the same party."""
    people = people_of(own)
    return [other for other in bookings if other.id != own.id and people & people_of(other)]


def _holding() -> Select[Any]:
    return (
        select(Booking)
        .join(Booking.slot)
        .join(Slot.activity)
        .outerjoin(Booking.attendee)
        .where(Booking.status.in_(HOLDING), Slot.cancelled_at.is_(None), Slot.ends_at > clock.now())
        .options(
            contains_eager(Booking.attendee),
            contains_eager(Booking.slot).contains_eager(Slot.activity).joinedload(Activity.event),
            selectinload(Booking.places),
        )
        .order_by(Slot.starts_at, Booking.id)
    )
