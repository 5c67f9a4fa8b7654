"""Entering a draw, and changing what one wishes for while it is open. When somebody enters makes no difference."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final, TypeVar

from sqlalchemy import select
from sqlalchemy.orm import Session

from iclei_events import clock
from iclei_events.db import transaction
from iclei_events.models import (
    Attendee,
    Booking,
    BookingStatus,
    Draw,
    DrawEntry,
    DrawWish,
    MailKind,
    Place,
    PlaceKind,
    Slot,
)
from iclei_events.services import bookings, draw_people, draws, log, outbox, person_limit, places, proofs, refusals
from iclei_events.services.booking_rows import BookingRows, Contact, Party, insert_rows
from iclei_events.services.bookings import Outcome
from iclei_events.services.person_limit import PersonLimit
from iclei_events.services.proofs import Proof

T = TypeVar("T")

MOST_WISHES: Final = 5


@dataclass(frozen=True, slots=True)
class Answer:
    """What became of an entry. ``counts`` is False where the same person's earlier entry stands instead.

    Only staff may be told which: everybody else is answered alike, and the address gets a mail.
    """

    outcome: Outcome
    reference: str
    counts: bool = True


def enter(  # noqa: PLR0913  an entry is all of this
    draw_id: int,
    wishes: Sequence[str],
    *,
    party: Party,
    contact: Contact,
    language: str,
    key: str,
    by: log.Actor = log.ATTENDEE,
    mailed: bool = True,
    proof: Proof | None = None,
    unproven: bool = False,
) -> Answer:
    """Enter a whole party for its ``wishes``: slots of the draw by slug, the dearest first.

    The same address (without one: the same phone) counts once: the first entry stands. Raises a ``Refusal``.

    ``proof`` is used up, whether this entry counts or an earlier one. ``unproven``: one was asked for and none came, so
    that the entry counts once it is confirmed by way of its mail.
    """

    def decide(session: Session, draw: Draw, now: datetime) -> Answer:
        earlier = _answered_before(session, draw, key, contact)
        if earlier is not None:
            return earlier
        slots = _wished(session, draw, wishes, party, now)
        rows = BookingRows.of(
            slots[0].id, party=party, contact=contact, language=language, key=key, by=by, now=now, mailed=False
        )
        rows = replace(rows, confirm_by=draw.closes_at) if unproven else rows
        person_key = draw_people.person_key(draw, contact)
        first = draw_people.standing(session, draw, person_key, proven=not unproven)
        if first is not None:
            proofs.use_up(session, proof)
            draw_people.remind(session, first, now)
            return Answer(Outcome.ENTERED, first.reference, counts=False)
        if by == log.ATTENDEE and slots[0].person_limit is not None:
            person = PersonLimit(draw.event_id, slots[0].person_limit, contact.email_key, contact.phone)
            person_limit.lock(session, person)
            person_limit.check(session, person, party.size)
        proofs.use_up(session, proof)
        draw_people.make_way(session, draw, person_key, now)
        booking_id = insert_rows(session, rows, BookingStatus.ENTERED)
        pseudonym = draw_people.new_pseudonym(session, draw)
        session.add(DrawEntry(booking_id=booking_id, draw_id=draw.id, person_key=person_key, pseudonym=pseudonym))
        session.flush()
        session.add_all(_wish_rows(booking_id, slots))
        if mailed:
            kind = MailKind.BOOKING_TO_CONFIRM if unproven else MailKind.DRAW_ENTERED
            outbox.mail_booking(session, kind, session.get_one(Booking, booking_id), at=now)
        return Answer(Outcome.ENTERED, rows.reference)

    return _decide(draw_id, decide)


def change(reference: str, wishes: Sequence[str], *, party: Party, by: log.Actor = log.ATTENDEE) -> None:
    """Wish for something else or come as another party, while entries are open."""
    draw_id = draws.draw_of(reference)
    if draw_id is None:
        raise refusals.NotActive

    def decide(session: Session, draw: Draw, now: datetime) -> None:
        slots = _wished(session, draw, wishes, party, now)
        booking = session.scalars(select(Booking).where(Booking.reference == reference)).one()
        places.lock(session, booking.slot_id)
        session.refresh(booking)
        if booking.status is not BookingStatus.ENTERED:
            raise refusals.NotActive
        if booking.confirm_by is not None:
            raise refusals.NotConfirmed
        entry = session.get_one(DrawEntry, booking.id)
        entry.wishes.clear()
        session.flush()
        session.add_all(_wish_rows(booking.id, slots))
        _set_party(session, booking, party)
        booking.slot_id, booking.size, booking.sequence = slots[0].id, party.size, booking.sequence + 1
        details = {"adults": party.adults, "children": party.children, "wishes": len(slots)}
        log.record(session, "change_entry", by=by, at=now, slot_id=slots[0].id, booking_id=booking.id, details=details)
        outbox.mail_booking(session, MailKind.DRAW_ENTERED, booking, at=now)

    _decide(draw_id, decide)


def _decide(draw_id: int, verb: Callable[[Session, Draw, datetime], T]) -> T:
    """Run a verb under the draw's lock. A refusal comes before any change; what closed on the way stays closed."""
    now = clock.now()
    refusal: refusals.Refusal | None = None
    with transaction() as session:
        draw = draws.locked(session, draw_id, now=now)
        try:
            return verb(session, draw, now)
        except refusals.Refusal as refused:
            refusal = refused
    raise refusal


def _wished(session: Session, draw: Draw, wishes: Sequence[str], party: Party, now: datetime) -> list[Slot]:
    """The slots wished for, each once; checks that entries are open and that the party may come."""
    if draw.closed_at is None and now < draw.opens_at:
        raise refusals.NotOpenYet(draw.opens_at)
    if not draw.takes_entries(now):
        raise refusals.Closed
    of_draw = {slot.slug: slot for slot in session.scalars(select(Slot).where(Slot.draw_id == draw.id))}
    slots = [of_draw[slug] for slug in dict.fromkeys(wishes) if slug in of_draw][:MOST_WISHES]
    if not slots or any(draws.is_off(slot, now) for slot in slots):
        raise refusals.SlotCancelled
    for slot in slots:
        bookings.check_party(slot, party)
    if party.size > (largest := max(slot.capacity for slot in slots)):
        raise refusals.TooLarge(largest)
    return slots


def _answered_before(session: Session, draw: Draw, key: str, contact: Contact) -> Answer | None:
    """The answer stored under this form's key. To anybody but who sent it first, the key is simply taken."""
    earlier = session.execute(
        select(Booking.reference, DrawEntry.draw_id, Attendee.email_key)
        .outerjoin(Attendee, Attendee.booking_id == Booking.id)
        .outerjoin(DrawEntry, DrawEntry.booking_id == Booking.id)
        .where(Booking.idempotency_key == key)
    ).first()
    if earlier is None:
        return None
    if (earlier.draw_id, earlier.email_key) != (draw.id, contact.email_key):
        raise refusals.KeyTaken
    return Answer(Outcome.DUPLICATE, earlier.reference)


def _wish_rows(booking_id: int, slots: Sequence[Slot]) -> list[DrawWish]:
    return [DrawWish(booking_id=booking_id, rank=rank, slot_id=slot.id) for rank, slot in enumerate(slots, 1)]


def _set_party(session: Session, booking: Booking, party: Party) -> None:
    """Make the places those of the party. Nobody holds anything yet, so that nothing is given back."""
    number = max((place.number for place in booking.places), default=0)
    for kind, wanted in ((PlaceKind.ADULT, party.adults), (PlaceKind.CHILD, party.children)):
        current = [place for place in booking.current_places if place.kind is kind]
        for place in current[wanted:]:
            session.delete(place)
        for _ in range(wanted - len(current)):
            number += 1
            session.add(Place(booking_id=booking.id, number=number, kind=kind))
    session.flush()
    session.expire(booking, ["places"])
