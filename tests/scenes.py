"""Small worlds for tests of services: an event with one tour, parties with names, what the tables say afterwards."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from itertools import count
from typing import Any

from sqlalchemy import func, select, update

from iclei_events.db import db, transaction
from iclei_events.i18n import Bilingual
from iclei_events.models import (
    Activity,
    ActivityKind,
    Booking,
    BookingStatus,
    ClashRule,
    Event,
    OutboxMail,
    Slot,
)
from iclei_events.services import audit, bookings, log
from iclei_events.services.booking_rows import Contact, Party
from iclei_events.services.bookings import Answer

_numbers = count(1)

STARTS_AT = datetime(2022, 5, 14, 8, 30, tzinfo=UTC)
ENDS_AT = datetime(2022, 5, 14, 10, 0, tzinfo=UTC)


def both(text: str) -> Bilingual:
    return Bilingual(sv=f"{text} på svenska", en=f"{text} in English")


def make_slot(**fields: Any) -> Slot:
    """A departure of a tour of its own event; booking is open unless ``fields`` say otherwise."""
    number = next(_numbers)
    with transaction() as session:
        event = Event(
            slug=f"event-{number}",
            title=both("Summit"),
            summary=both("Days"),
            place=both("Malmö"),
            starts_on=date(2022, 5, 11),
            ends_on=date(2022, 5, 14),
            mode="hybrid",
            max_party=fields.pop("max_party", 6),
            max_places_per_person=fields.pop("max_places_per_person", None),
            clashes=fields.pop("clashes", ClashRule.TOLD),
            contact_email="summit@example.org",
        )
        activity = Activity(
            event=event,
            slug="tour",
            kind=ActivityKind.STUDY_TOUR,
            title=both("Tour"),
            summary=both("Walk"),
            children_need_adult=fields.pop("children_need_adult", True),
        )
        slot = Slot(activity=activity, slug=f"tour-{number}", languages=["sv"])
        for name, value in {"starts_at": STARTS_AT, "ends_at": ENDS_AT, "capacity": 5, **fields}.items():
            setattr(slot, name, value)
        session.add(slot)
        session.flush()
        slot_id = slot.id
    return _detached(slot_id)


def make_departures(*capacities: int, **fields: Any) -> list[Slot]:
    """Departures of one tour, two hours apart, with so many places each."""
    first = make_slot(capacity=capacities[0], **fields)
    with transaction() as session:
        for nth, capacity in enumerate(capacities[1:], 1):
            later = timedelta(hours=2 * nth)
            times = {"starts_at": first.starts_at + later, "ends_at": first.ends_at + later}
            slug = f"{first.slug}-{nth}"
            session.add(Slot(activity_id=first.activity_id, slug=slug, languages=["en"], capacity=capacity, **times))
    ids = db.session.scalars(select(Slot.id).where(Slot.activity_id == first.activity_id).order_by(Slot.id)).all()
    return [_detached(slot_id) for slot_id in ids]


def _detached(slot_id: int) -> Slot:
    """The slot, so that threads may name it without reading through the session of another."""
    slot = slot_now(slot_id)
    db.session.expunge(slot)
    db.session.rollback()
    return slot


def slot_now(slot: Slot | int) -> Slot:
    """The slot as the database has it now."""
    slot_id = slot if isinstance(slot, int) else slot.id
    db.session.rollback()
    return db.session.scalars(select(Slot).where(Slot.id == slot_id).execution_options(populate_existing=True)).one()


def contact(name: str, **fields: Any) -> Contact:
    address = f"{name.lower()}@example.org"
    return Contact(name=name, email=address, email_key=address, **fields)


def book(slot: Slot, name: str, adults: int = 1, children: int = 0, **options: Any) -> Answer:
    """Book as a resident called ``name``, ready to stand in line, with a form of its own."""
    party = Party(adults, children, options.pop("least", None))
    who = contact(name, aids=options.pop("aids", ()))
    options = {"language": "sv", "key": f"key-of-{name}-{next(_numbers)}", "wait": True, **options}
    return bookings.book(slot_now(slot), party=party, contact=who, **options)


def status(answer: Answer) -> BookingStatus:
    return booking(answer).status


def booking(answer: Answer | str) -> Booking:
    db.session.rollback()
    reference = answer if isinstance(answer, str) else answer.reference
    return db.session.scalars(
        select(Booking).where(Booking.reference == reference).execution_options(populate_existing=True)
    ).one()


def pass_over(answer: Answer, times: int) -> None:
    """As if smaller parties had gone ahead of this one so often."""
    with transaction() as session:
        session.execute(update(Booking).where(Booking.reference == answer.reference).values(passed_over=times))


def counters(slot: Slot) -> tuple[int, int, int]:
    """Held places, kept-back places, waiting parties."""
    now = slot_now(slot)
    return now.held, now.kept_back, now.waiting


def broken() -> list[str]:
    """The names of the invariants that do not hold."""
    db.session.rollback()
    return [check.name for check in audit.audit() if not check.holds]


def mails(kind: str | None = None) -> int:
    query = select(func.count()).select_from(OutboxMail)
    return db.session.scalar(query if kind is None else query.where(OutboxMail.kind == kind)) or 0


ORGANISER = log.CLI
