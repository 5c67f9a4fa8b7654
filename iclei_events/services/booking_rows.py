"""The rows of a new booking, and the two ways to store them with the places they take.

PostgreSQL takes the places and stores every row in one statement, so that the slot's lock is held by the
database alone. SQLite, where a statement costs no round trip, stores the same rows one after another.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any, Final

from sqlalchemy import ARRAY, CTE, Connection, Integer, String, bindparam, column, func, insert, select
from sqlalchemy import cast as cast_sql
from sqlalchemy.orm import Session
from sqlalchemy.sql.dml import Insert, ReturningUpdate

from iclei_events.db import Base, one_statement
from iclei_events.models import (
    AccessNeed,
    AidKind,
    Attendee,
    Booking,
    BookingStatus,
    LogEntry,
    MailKind,
    OutboxMail,
    Place,
    PlaceKind,
    UsedProof,
)
from iclei_events.models.types import UtcDateTime, new_reference, new_secret
from iclei_events.services import access_needs, log, person_limit, places
from iclei_events.services.group_commit import Group
from iclei_events.services.outbox import new_message_id
from iclei_events.services.person_limit import PersonLimit
from iclei_events.services.prepared import Prepared
from iclei_events.services.proofs import Proof
from iclei_events.services.waiting import least_of


@dataclass(frozen=True, slots=True)
class Party:
    """Who comes: how many adults, how many children.

    ``least``: if there is no room for all, some of them would come, when at least so many can.
    """

    adults: int
    children: int = 0
    least: int | None = None

    @property
    def size(self) -> int:
        return self.adults + self.children

    @property
    def needs(self) -> int:
        """How many places it would wait for."""
        return least_of(self.size, self.least) or self.size


@dataclass(frozen=True, slots=True)
class Contact:
    """Who books and how to reach them; ``email_key`` is the address as it is compared (see services.addresses).

    ``comes_along``: the first of the party's places is theirs. ``aids``: how many of what can be counted they need.
    """

    name: str
    email: str
    email_key: str
    phone: str | None = None
    access_need: str | None = None
    comes_along: bool = True
    aids: tuple[tuple[AidKind, int], ...] = ()


@dataclass(frozen=True, slots=True)
class BookingRows:
    """Everything a new booking stores, but for the ids the database gives."""

    slot_id: int
    party: Party
    contact: Contact
    language: str
    key: str
    by: log.Actor
    now: datetime
    mailed: bool
    reference: str
    salt: str
    message_id: str
    limit: PersonLimit | None
    proof: Proof | None
    confirm_by: datetime | None

    @classmethod
    def of(  # noqa: PLR0913  see services.bookings.book
        cls,
        slot_id: int,
        *,
        party: Party,
        contact: Contact,
        language: str,
        key: str,
        by: log.Actor,
        now: datetime,
        mailed: bool,
        limit: PersonLimit | None = None,
        proof: Proof | None = None,
    ) -> BookingRows:
        mailed = mailed and bool(contact.email)
        reference, salt, message_id = new_reference(), new_secret(), new_message_id()
        return cls(
            slot_id, party, contact, language, key, by, now, mailed, reference, salt, message_id, limit, proof, None
        )  # fmt: skip

    @property
    def size(self) -> int:
        return self.party.size

    def kinds(self) -> list[str]:
        return [PlaceKind.ADULT.value] * self.party.adults + [PlaceKind.CHILD.value] * self.party.children

    def booking(self, status: BookingStatus) -> dict[str, Any]:
        return {
            "reference": self.reference,
            "slot_id": self.slot_id,
            "status": status,
            "size": self.size,
            "language": self.language,
            "salt": self.salt,
            "idempotency_key": self.key,
            "created_at": self.now,
            "confirmed_at": self.now if status is BookingStatus.CONFIRMED else None,
            "queued_at": self.now if status is BookingStatus.WAITING else None,
            "offer_until": self.confirm_by if status is BookingStatus.OFFERED else None,
            "confirm_by": self.confirm_by,
            "passed_over": 0,
            "sequence": 0,
            "staff_id": self.by.staff_id,
        }

    def attendee(self) -> dict[str, Any]:
        contact = self.contact
        return {
            "name": contact.name,
            "email": contact.email,
            "email_key": contact.email_key,
            "phone": contact.phone,
            "comes_along": contact.comes_along,
        }

    def needs(self) -> list[dict[str, Any]]:
        return access_needs.wish_rows(self.contact.access_need, self.contact.aids, self.now)

    def mail(self, status: BookingStatus) -> dict[str, Any]:
        return {
            "kind": MAIL_KINDS[status] if self.confirm_by is None else MailKind.BOOKING_TO_CONFIRM,
            "recipient": self.contact.email,
            "language": self.language,
            "context": {},
            "message_id": self.message_id,
            "created_at": self.now,
            "due_at": self.now,
            "attempts": 0,
        }

    def log_entry(self, status: BookingStatus) -> dict[str, Any]:
        return {
            "at": self.now,
            "actor": self.by.kind,
            "staff_id": self.by.staff_id,
            "verb": LOG_VERBS[status],
            "slot_id": self.slot_id,
            "details": {"adults": self.party.adults, "children": self.party.children},
        }


def insert_rows(session: Session, rows: BookingRows, status: BookingStatus, *, mailed: bool | None = None) -> int:
    """Store the rows one after another in the open transaction; returns the booking's id."""
    return store_rows(session.connection(), rows, status, mailed=rows.mailed if mailed is None else mailed)


def store_rows(connection: Connection, rows: BookingRows, status: BookingStatus, *, mailed: bool) -> int:
    """As ``insert_rows``: rows that nobody holds as objects need none of the session's bookkeeping."""
    booking_id: int = INSERT_BOOKING.execute(connection, rows.booking(status)).scalar_one()
    of_booking = {"booking_id": booking_id}
    INSERT[Attendee].execute(connection, of_booking | rows.attendee())
    kinds = enumerate(map(PlaceKind, rows.kinds()), 1)
    INSERT[Place].execute(connection, [of_booking | {"number": number, "kind": kind} for number, kind in kinds])
    if needs := rows.needs():
        INSERT[AccessNeed].execute(connection, [of_booking | need for need in needs])
    if mailed:
        INSERT[OutboxMail].execute(connection, of_booking | rows.mail(status))
    INSERT[LogEntry].execute(connection, of_booking | rows.log_entry(status))
    if rows.proof is not None:
        INSERT_USED_PROOF.execute(connection, _used(rows.proof))
    return booking_id


def insert_under_claim(rows: BookingRows, status: BookingStatus) -> bool:
    """Claim the slot and store the rows in one short transaction of SQLite; False: nothing was taken or stored."""

    def decide(connection: Connection) -> bool:
        if rows.limit is not None and person_limit.places_of(connection, rows.limit) + rows.size > rows.limit.places:
            return False
        if _claim_alone(status).execute(connection, _claim_values(rows)).first() is None:
            return False
        store_rows(connection, rows, status, mailed=rows.mailed)
        return True

    return ON_SQLITE.store(decide)


def insert_in_one_statement(rows: BookingRows, status: BookingStatus) -> bool:
    """Claim the slot and store the rows in one PostgreSQL statement; False: nothing was taken or stored."""
    needs = rows.needs()
    statement = _one_statement(
        status, needs=bool(needs), mailed=rows.mailed, limited=rows.limit is not None, proven=rows.proof is not None
    )
    values = _claim_values(rows) | {"kinds": rows.kinds()}
    if rows.limit is not None:
        values |= person_limit.parameters(rows.limit)
    values |= _named("booking", rows.booking(status))
    values |= _named("attendee", rows.attendee())
    values |= _named("log_entry", rows.log_entry(status))
    for need in needs:  # in words alone: what is counted is booked under the lock
        values |= _named("access_need", need)
    if rows.mailed:
        values |= _named("outbox_mail", rows.mail(status))
    if rows.proof is not None:
        values |= _named("used_proof", _used(rows.proof))
    with one_statement() as connection:
        return statement.execute(connection, values).first() is not None


def _claim_values(rows: BookingRows) -> dict[str, Any]:
    return {"slot_id": rows.slot_id, "size": rows.size, "now": rows.now}


def _used(proof: Proof) -> dict[str, Any]:
    return {"challenge": proof.challenge, "expires_at": proof.expires_at}


def _named(table: str, columns: dict[str, Any]) -> dict[str, Any]:
    return {f"{table}_{name}": value for name, value in columns.items()}


ON_SQLITE: Final = Group()

LOG_VERBS = {
    BookingStatus.CONFIRMED: "book",
    BookingStatus.WAITING: "join_line",
    BookingStatus.ENTERED: "enter_draw",
    BookingStatus.OFFERED: "hold",
}
MAIL_KINDS = {
    BookingStatus.CONFIRMED: MailKind.BOOKING_CONFIRMED,
    BookingStatus.WAITING: MailKind.BOOKING_WAITING,
}
BOOKING_COLUMNS = (
    "reference", "status", "size", "language", "salt", "idempotency_key", "created_at", "confirmed_at", "queued_at",
    "offer_until", "confirm_by", "passed_over", "sequence", "staff_id",
)  # fmt: skip
ATTENDEE_COLUMNS = ("name", "email", "email_key", "phone", "comes_along")
MAIL_COLUMNS = ("kind", "recipient", "language", "context", "message_id", "created_at", "due_at", "attempts")
PROOF_COLUMNS = ("challenge", "expires_at")
NEED_COLUMNS = ("kind", "count", "state", "description", "asked_at")
LOG_COLUMNS = ("at", "actor", "staff_id", "verb", "slot_id", "details")

INSERT_BOOKING: Final = Prepared(insert(Booking).returning(Booking.id), (*BOOKING_COLUMNS, "slot_id"))
INSERT_USED_PROOF: Final = Prepared(insert(UsedProof), PROOF_COLUMNS)
INSERT: Final = {
    model: Prepared(insert(model), ("booking_id", *columns))
    for model, columns in {
        Attendee: ATTENDEE_COLUMNS,
        Place: ("number", "kind"),
        AccessNeed: NEED_COLUMNS,
        OutboxMail: MAIL_COLUMNS,
        LogEntry: LOG_COLUMNS,
    }.items()
}


@cache
def _claim(status: BookingStatus, *, limited: bool = False) -> ReturningUpdate[tuple[int]]:
    size = bindparam("size", type_=Integer)
    claim = places.claim(bindparam("slot_id", type_=Integer), size, bindparam("now", type_=UtcDateTime), to=status)
    return claim.where(person_limit.is_within(size)) if limited else claim


@cache
def _claim_alone(status: BookingStatus) -> Prepared:
    return Prepared(_claim(status))


@cache
def _one_statement(status: BookingStatus, *, needs: bool, mailed: bool, limited: bool, proven: bool) -> Prepared:
    """``WITH taken AS (UPDATE slot …), booked AS (INSERT …), … SELECT id FROM booked``, built once and kept."""
    taken = _claim(status, limited=limited).cte("taken")
    booked = _insert_from(Booking, BOOKING_COLUMNS, slot_id=taken.c.id).returning(Booking.id).cte("booked")
    booking_id = booked.c.id
    parts = [
        _insert_places(booked),
        _insert_from(Attendee, ATTENDEE_COLUMNS, booking_id=booking_id),
        _insert_from(LogEntry, LOG_COLUMNS, booking_id=booking_id),
    ]
    if needs:
        parts.append(_insert_from(AccessNeed, NEED_COLUMNS, booking_id=booking_id))
    if mailed:
        parts.append(_insert_from(OutboxMail, MAIL_COLUMNS, booking_id=booking_id))
    if proven:
        parts.append(_insert_from(UsedProof, PROOF_COLUMNS, of=booked))
    return Prepared(select(booking_id).add_cte(*(part.cte(f"part_{number}") for number, part in enumerate(parts))))


def _insert_from(model: type[Base], columns: tuple[str, ...], *, of: CTE | None = None, **known: Any) -> Insert:
    """``INSERT INTO model SELECT …`` of parameters named ``table_column`` and of ids from an earlier part.

    ``of``: the earlier part, where no id of it is kept.
    """
    table = model.__table__
    given = [bindparam(f"{table.name}_{name}", type_=table.c[name].type) for name in columns]  # type: ignore[attr-defined]
    values = select(*given, *known.values())
    rows = values.select_from(of) if of is not None else values
    return insert(model).from_select([*columns, *known], rows, include_defaults=False)


def _insert_places(booked: CTE) -> Insert:
    kinds = (
        func.unnest(bindparam("kinds", type_=ARRAY(String)))
        .table_valued(column("kind", String), with_ordinality="number", joins_implicitly=True)
        .render_derived(name="kinds")
    )
    return insert(Place).from_select(
        ["booking_id", "number", "kind"],
        select(booked.c.id, cast_sql(kinds.c.number, Integer), kinds.c.kind).select_from(booked, kinds),
        include_defaults=False,
    )
