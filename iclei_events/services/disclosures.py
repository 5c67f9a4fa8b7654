"""Who of the staff has looked at what a party has told about itself: noted, so that the party can see it."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Select, literal, select
from sqlalchemy.dialects.postgresql import insert as insert_postgresql
from sqlalchemy.dialects.sqlite import insert as insert_sqlite
from sqlalchemy.orm import joinedload

from iclei_events import clock
from iclei_events.db import db, transaction
from iclei_events.models import ACTIVE, Booking, Disclosed, Disclosure
from iclei_events.models.types import UtcDateTime, choice


def note_list(slot_id: int, what: Disclosed, *, staff_id: int, ended: bool = False) -> None:
    """Note that the list of a slot's parties was opened: those in force, or with ``ended`` those that are over."""
    active = Booking.status.in_(ACTIVE)
    _note(select(Booking.id).where(Booking.slot_id == slot_id, ~active if ended else active), what, staff_id)


def note_one(booking_id: int, what: Disclosed, *, staff_id: int) -> None:
    """Note that one party's ticket or booking was opened."""
    _note(select(Booking.id).where(Booking.id == booking_id), what, staff_id)


def _note(bookings: Select[int], what: Disclosed, staff_id: int) -> None:
    """One statement whatever the number of parties; what was noted in this hour already stays as it is."""
    insert = insert_postgresql if db.engine.dialect.name == "postgresql" else insert_sqlite
    hour = clock.now().replace(minute=0, second=0, microsecond=0)
    seen = bookings.add_columns(literal(staff_id), literal(hour, UtcDateTime()), literal(what, choice(Disclosed)))
    statement = insert(Disclosure).from_select(["booking_id", "staff_id", "at", "what"], seen)
    with transaction() as session:
        session.execute(statement.on_conflict_do_nothing())


def of_booking(booking: Booking) -> Sequence[Disclosure]:
    """Who has looked at the booking, the latest first, with the person's roles."""
    return db.session.scalars(
        select(Disclosure)
        .where(Disclosure.booking_id == booking.id)
        .options(joinedload(Disclosure.staff))
        .order_by(Disclosure.at.desc(), Disclosure.id.desc())
    ).all()
