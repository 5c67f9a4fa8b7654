"""Booking: a party's wish and what it leads to. What becomes of a booking later stands in ``services.changes``."""

from __future__ import annotations

import enum
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final, Protocol

from sqlalchemy import String, bindparam, exists, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session, joinedload

from iclei_events import clock
from iclei_events.db import db, transaction
from iclei_events.models import (
    Activity,
    Attendee,
    Booking,
    BookingStatus,
    ClashRule,
    LogEntry,
    MailKind,
    Slot,
    SlotMode,
)
from iclei_events.services import access_needs, confirming, log, outbox, person_limit, places, proofs, refusals, waiting
from iclei_events.services.binding import Binding
from iclei_events.services.booking_rows import (
    MAIL_KINDS,
    BookingRows,
    Contact,
    Party,
    insert_in_one_statement,
    insert_rows,
    insert_under_claim,
)
from iclei_events.services.confirming import Unproven
from iclei_events.services.person_limit import PersonLimit
from iclei_events.services.prepared import Prepared
from iclei_events.services.proofs import Proof

# A rush asks these over and over: written once, they are neither put together nor looked up anew.
_WITH_KEY: Final = Prepared(
    select(
        Booking.reference,
        Booking.salt,
        Booking.slot_id,
        Attendee.email_key,
        exists().where(LogEntry.booking_id == Booking.id, LogEntry.verb == "change_address").label("has_moved"),
    )
    .join(Attendee, isouter=True)
    .where(Booking.idempotency_key == bindparam("key", type_=String))
)
_SLOT_NOW: Final = select(Slot).where(Slot.id == bindparam("slot_id")).execution_options(populate_existing=True)
_BY_REFERENCE: Final = (
    select(Booking)
    .where(Booking.reference == bindparam("reference"))
    .options(
        joinedload(Booking.slot).joinedload(Slot.activity).joinedload(Activity.event),
        joinedload(Booking.slot).joinedload(Slot.venue),
        joinedload(Booking.slot).joinedload(Slot.room),
        joinedload(Booking.attendee),
        joinedload(Booking.access_needs),
        joinedload(Booking.address_change),
        joinedload(Booking.places),
    )
)


class Outcome(enum.StrEnum):
    """What a booking POST led to, as ``X-Booking-Outcome`` says it."""

    CONFIRMED = "confirmed"
    WAITING = "waiting"
    ENTERED = "entered"
    FULL = "full"
    CLOSED = "closed"
    REFUSED = "refused"
    DUPLICATE = "duplicate"


@dataclass(frozen=True, slots=True)
class Answer:
    """What became of a wish to book; ``salt`` makes the secret link to the booking (see services.links)."""

    outcome: Outcome
    reference: str
    salt: str


class Bookable(Protocol):
    """What decides about a party's wish: a ``Slot``, or as much of one as the rush reads (see services.slots)."""

    @property
    def id(self) -> int: ...
    @property
    def party_limit(self) -> int: ...
    @property
    def children_need_adult(self) -> bool: ...
    @property
    def event_id(self) -> int: ...
    @property
    def person_limit(self) -> int | None: ...
    @property
    def clashes(self) -> ClashRule: ...


def book(  # noqa: PLR0913  a booking is all of this
    slot: Bookable,
    *,
    party: Party,
    contact: Contact,
    language: str,
    key: str,
    wait: bool,
    by: log.Actor = log.ATTENDEE,
    mailed: bool = True,
    proof: Proof | None = None,
    unproven: bool = False,
) -> Answer:
    """Book ``slot`` for a whole party, or with ``wait`` put it in line when there is no room.

    The same ``key`` from the same address answers what was stored the first time. Staff may book before opening
    and after closing. Raises a ``Refusal`` that says why not; then nothing is stored.

    ``proof`` is used up by the booking. ``unproven``: one was asked for and none came, so that the places, or the turn
    in the line, have to be confirmed by way of a mail.
    """
    check_party(slot, party)
    binding = Binding.of_newcomer(slot, contact, by)
    limit = PersonLimit.of(slot, contact) if by == log.ATTENDEE else None
    rows = BookingRows.of(
        slot.id, party=party, contact=contact, language=language, key=key, by=by, now=clock.now(), mailed=mailed,
        limit=limit, proof=proof,
    )  # fmt: skip
    to_confirm = Unproven(slot.event_id, contact.email_key) if unproven else None
    try:
        if binding is not None:
            return _book_under_lock(rows, wait=wait, by=by, binding=binding, unproven=to_confirm)
        # Who needs something counted waits for the slot's lock, so that it is promised with the places or asked for.
        at_once = by == log.ATTENDEE and not unproven and not contact.aids
        status = _claim_at_once(rows, wait=wait) if at_once else None
        if status is not None:
            return _stored(rows, status)
        return _look_closer(rows, wait=wait, by=by) or _book_under_lock(rows, wait=wait, by=by, unproven=to_confirm)
    except IntegrityError:
        answer = _answered_before(db.session(), rows)
        if answer is None:
            _check_proof_is_new(rows)
            raise
        return answer


def _check_proof_is_new(rows: BookingRows) -> None:
    if rows.proof is not None and proofs.is_used(db.session(), rows.proof):
        raise refusals.ProofWorthless


def check_party(slot: Bookable, party: Party) -> None:
    """The rules a party must meet whatever room there is."""
    if not 1 <= party.size <= slot.party_limit:
        raise refusals.TooLarge(slot.party_limit)
    check_adult(slot, party)


def check_adult(slot: Bookable, party: Party) -> None:
    if party.children and not party.adults and slot.children_need_adult:
        raise refusals.AdultMissing


def _claim_at_once(rows: BookingRows, *, wait: bool) -> BookingStatus | None:
    """Take the places, else a turn in the line, deciding by the claim alone; None: look closer.

    Of a party that would come in part, some may fit at once: only the line's rule can tell.
    """
    store = insert_in_one_statement if db.engine.dialect.name == "postgresql" else insert_under_claim
    at_once = wait and rows.party.needs == rows.size
    wishes = [BookingStatus.CONFIRMED, BookingStatus.WAITING] if at_once else [BookingStatus.CONFIRMED]
    return next((status for status in wishes if store(rows, status)), None)


def _look_closer(rows: BookingRows, *, wait: bool, by: log.Actor) -> Answer | None:
    """Answer without the lock what needs none: a form sent before, a slot that is closed or plainly full."""
    session: Session = db.session()
    answer = _answered_before(session, rows)
    if answer is not None:
        return answer
    slot = session.scalars(_SLOT_NOW, {"slot_id": rows.slot_id}).one_or_none()
    if slot is None:  # a new content pack has just taken it away
        raise refusals.Closed
    check_open(slot, rows.now, by)
    _check_could_fit(slot, rows.party.needs if wait else rows.size)
    if not wait and slot.free < rows.size and not places.has_overdue_offers(session, slot, now=rows.now):
        raise refusals.NoRoom(slot.left, slot.waiting)
    if rows.limit is not None and (wait or slot.left >= rows.size):
        person_limit.check(session, rows.limit, rows.size)
    return None


def _check_could_fit(slot: Slot, size: int) -> None:
    if size > slot.capacity:
        raise refusals.LargerThanSlot(slot.capacity, slot.left, slot.waiting)


def _book_under_lock(
    rows: BookingRows,
    *,
    wait: bool,
    by: log.Actor,
    binding: Binding | None = None,
    unproven: Unproven | None = None,
) -> Answer:
    with transaction() as session:
        for person in (binding, unproven):
            if person is not None:
                person.lock(session)
        if rows.limit is not None:
            person_limit.lock(session, rows.limit)
        slot = places.locked(session, rows.slot_id, now=rows.now)
        answer = _answered_before(session, rows)
        if answer is not None:
            return answer
        check_open(slot, rows.now, by)
        has_room = _has_room(session, slot, rows, wait=wait)
        if unproven is not None:
            confirming.check_alone(session, unproven, rows.now)
            rows = replace(rows, confirm_by=unproven.until(rows.now, slot))
        if rows.limit is not None:
            person_limit.check(session, rows.limit, rows.size)
        if binding is not None:
            binding.check(session, slot)
        return _hold(session, slot, rows) if has_room else _queue(session, slot, rows)


def _has_room(session: Session, slot: Slot, rows: BookingRows, *, wait: bool) -> bool:
    """Whether the party can have its places now, or only a turn in the line.

    Refused here, before anything is asked about the person: where nothing can be had, a form would answer whoever types
    an address what else that address has, and no booking and no mail would tell its owner.
    """
    _check_could_fit(slot, rows.party.needs if wait else rows.size)
    has_room = slot.free >= rows.size and places.is_line_empty(session, slot)
    if not has_room and not wait:
        raise refusals.NoRoom(slot.left, slot.waiting)
    return has_room


def _hold(session: Session, slot: Slot, rows: BookingRows) -> Answer:
    status = BookingStatus.CONFIRMED if rows.confirm_by is None else BookingStatus.OFFERED
    places.hold(session, slot, rows.size)
    booking_id = insert_rows(session, rows, status)
    if rows.contact.aids:
        access_needs.claim_of(session, [booking_id])
    return _stored(rows, status)


def _queue(session: Session, slot: Slot, rows: BookingRows) -> Answer:
    booking_id = insert_rows(session, rows, BookingStatus.WAITING, mailed=False)
    places.join_line(session, slot)
    newcomer = session.get_one(Booking, booking_id)
    newcomer.least_size = waiting.least_of(rows.size, rows.party.least)
    places.run_line(session, slot, now=rows.now, newcomer=newcomer)
    # An offer of places has its own mail already.
    if rows.mailed and newcomer.status in MAIL_KINDS:
        kind = MAIL_KINDS[newcomer.status] if newcomer.confirm_by is None else MailKind.BOOKING_TO_CONFIRM
        outbox.mail_booking(session, kind, newcomer, at=rows.now)
    return _stored(rows, newcomer.status)


def _stored(rows: BookingRows, status: BookingStatus) -> Answer:
    # Whoever is offered places for a part of the party at once has yet to take them.
    outcome = Outcome.WAITING if status is BookingStatus.OFFERED else Outcome(status.value)
    return Answer(outcome, rows.reference, rows.salt)


def check_open(slot: Slot, now: datetime, by: log.Actor) -> None:
    if slot.cancelled_at is not None:
        raise refusals.SlotCancelled
    if slot.mode is SlotMode.OPEN:
        raise refusals.NoBookingNeeded
    if slot.mode is SlotMode.DRAW:
        raise refusals.InDraw
    if slot.starts_at <= now and by.kind != "staff":
        raise refusals.Closed
    if by != log.ATTENDEE:
        return
    if slot.opens_at is not None and now < slot.opens_at:
        raise refusals.NotOpenYet(slot.opens_at)
    if now >= slot.last_booking_at:
        raise refusals.Closed


def _answered_before(session: Session, rows: BookingRows) -> Answer | None:
    """The answer stored under this key. To anybody but who sent it first, the key is simply taken."""
    earlier = _WITH_KEY.execute(session.connection(), {"key": rows.key}).first()
    if earlier is None:
        return None
    # Once it is written to another address it may be somebody else's: the form that made it opens it no more.
    if earlier.has_moved or (earlier.slot_id, earlier.email_key) != (rows.slot_id, rows.contact.email_key):
        raise refusals.KeyTaken
    return Answer(Outcome.DUPLICATE, earlier.reference, earlier.salt)


def find(reference: str) -> Booking | None:
    """The booking with everything its page and mails show."""
    return db.session.scalars(_BY_REFERENCE, {"reference": reference}).unique().one_or_none()
