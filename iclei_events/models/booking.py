"""Booking: one party's claim on a slot; its places; who made it."""

from __future__ import annotations

import enum
from datetime import datetime
from typing import TYPE_CHECKING

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from iclei_events.db import Base
from iclei_events.models.access import AccessNeed, AidKind
from iclei_events.models.types import UtcDateTime, choice

if TYPE_CHECKING:
    from iclei_events.models.address_change import AddressChange
    from iclei_events.models.attendee import Attendee
    from iclei_events.models.slot import Slot
    from iclei_events.models.staff import Staff


class BookingStatus(enum.StrEnum):
    CONFIRMED = "confirmed"
    WAITING = "waiting"
    OFFERED = "offered"
    ENTERED = "entered"
    CANCELLED = "cancelled"
    LAPSED = "lapsed"
    LOST = "lost"


HOLDING = frozenset({BookingStatus.CONFIRMED, BookingStatus.OFFERED})
"""Statuses whose places count as held."""
ACTIVE = HOLDING | {BookingStatus.WAITING, BookingStatus.ENTERED}
"""Statuses in which the party still has something to gain or to give back."""


class PlaceKind(enum.StrEnum):
    ADULT = "adult"
    CHILD = "child"


class Booking(Base):
    """``size`` is the number of places the party wants or holds now; ``salt`` makes its secret link (see links)."""

    __tablename__ = "booking"
    __table_args__ = (
        CheckConstraint("size between 1 and 50", name="size"),
        CheckConstraint("(status = 'waiting') = (queued_at is not null)", name="waiting_has_its_turn"),
        CheckConstraint("(status = 'offered') = (offer_until is not null)", name="offer_has_its_end"),
        CheckConstraint("confirm_by is null or status <> 'confirmed'", name="confirmed_is_confirmed"),
        CheckConstraint("least_size is null or least_size between 1 and size - 1", name="least_size"),
        CheckConstraint("wanted_size is null or wanted_size > size", name="wanted_size"),
        # The line of a slot, shortest way to its head and to one's own place in it.
        Index(
            "ix_booking_line",
            "slot_id",
            "queued_at",
            "id",
            postgresql_where=text("status = 'waiting'"),
            sqlite_where=text("status = 'waiting'"),
        ),
        Index(
            "ix_booking_offers",
            "offer_until",
            postgresql_where=text("status = 'offered'"),
            sqlite_where=text("status = 'offered'"),
        ),
        Index(
            "ix_booking_to_confirm",
            "confirm_by",
            postgresql_where=text("confirm_by is not null"),
            sqlite_where=text("confirm_by is not null"),
        ),
        Index("ix_booking_slot_status", "slot_id", "status"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    reference: Mapped[str] = mapped_column(String(12), unique=True)
    slot_id: Mapped[int] = mapped_column(ForeignKey("slot.id", ondelete="RESTRICT"))
    status: Mapped[BookingStatus] = mapped_column(choice(BookingStatus))
    size: Mapped[int]
    language: Mapped[str] = mapped_column(String(2))
    salt: Mapped[str] = mapped_column(String(32))
    idempotency_key: Mapped[str] = mapped_column(String(64), unique=True)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    confirmed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    queued_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    passed_over: Mapped[int] = mapped_column(default=0)
    """How often a smaller party has gone ahead of this one while it stood at the head of the line."""
    least_size: Mapped[int | None]
    """While it waits: some of the party would come, if at least so many can; none: all of them or nobody."""
    wanted_size: Mapped[int | None]
    """How many the party was when only a part of it, now its ``size``, could be offered places."""
    offer_until: Mapped[datetime | None] = mapped_column(UtcDateTime)
    offer_prolonged_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    """When the party asked for more time to answer: it gets that once."""
    confirm_by: Mapped[datetime | None] = mapped_column(UtcDateTime)
    """Booked without the proof that was asked for: until when it has to be confirmed by way of its mail."""
    ended_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    sequence: Mapped[int] = mapped_column(default=0)
    staff_id: Mapped[int | None] = mapped_column(ForeignKey("staff.id", ondelete="SET NULL"))
    """Who booked on the party's behalf; none when they did it themselves."""

    slot: Mapped[Slot] = relationship(back_populates="bookings")
    attendee: Mapped[Attendee | None] = relationship(
        back_populates="booking", cascade="all, delete-orphan", passive_deletes=True
    )
    access_needs: Mapped[list[AccessNeed]] = relationship(
        back_populates="booking", order_by=AccessNeed.id, cascade="all, delete-orphan", passive_deletes=True
    )
    places: Mapped[list[Place]] = relationship(
        back_populates="booking", order_by="Place.number", cascade="all, delete-orphan", passive_deletes=True
    )
    staff: Mapped[Staff | None] = relationship()
    address_change: Mapped[AddressChange | None] = relationship(back_populates="booking", passive_deletes=True)

    @property
    def needs(self) -> int:
        """How many places must be free for the party to be offered any."""
        return self.least_size or self.size

    @property
    def is_holding(self) -> bool:
        return self.status in HOLDING

    @property
    def is_active(self) -> bool:
        return self.status in ACTIVE

    @property
    def current_places(self) -> list[Place]:
        return [place for place in self.places if place.given_back_at is None]

    @property
    def contacts_place(self) -> Place | None:
        """The place of whoever booked, if they come along themselves: the first adult's, else the first."""
        if self.attendee is None or not self.attendee.comes_along:
            return None
        places = self.current_places
        return next((place for place in places if place.kind is PlaceKind.ADULT), places[0] if places else None)

    @property
    def companions(self) -> int:
        """Personal assistants who come along without a place of their own, as far as that is promised."""
        return sum(need.count for need in self.access_needs if need.kind is AidKind.COMPANION and need.is_kept)

    def need_of(self, kind: AidKind) -> AccessNeed | None:
        return next((need for need in self.access_needs if need.kind is kind), None)

    @property
    def access_need(self) -> AccessNeed | None:
        """What the party needs in its own words."""
        return self.need_of(AidKind.OTHER)

    @property
    def adults(self) -> int:
        return sum(place.kind is PlaceKind.ADULT for place in self.current_places)

    @property
    def children(self) -> int:
        return sum(place.kind is PlaceKind.CHILD for place in self.current_places)


class Place(Base):
    """One person's room in a booking, given back or checked in one by one."""

    __tablename__ = "place"
    __table_args__ = (UniqueConstraint("booking_id", "number"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    booking_id: Mapped[int] = mapped_column(ForeignKey("booking.id", ondelete="CASCADE"))
    number: Mapped[int]
    kind: Mapped[PlaceKind] = mapped_column(choice(PlaceKind))
    name: Mapped[str | None] = mapped_column(String(120))
    given_back_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    checked_in_at: Mapped[datetime | None] = mapped_column(UtcDateTime)

    booking: Mapped[Booking] = relationship(back_populates="places")
