"""Slot: one time and place of an activity, with the counters the seat engine keeps; places kept back on it."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING

from sqlalchemy import JSON, CheckConstraint, ForeignKey, Index, String, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from iclei_events.db import Base
from iclei_events.i18n import Bilingual
from iclei_events.models.slot_rules import SlotMode, SlotRules
from iclei_events.models.types import BilingualText, UtcDateTime, choice

if TYPE_CHECKING:
    from iclei_events.models.activity import Activity
    from iclei_events.models.booking import Booking
    from iclei_events.models.draw import Draw
    from iclei_events.models.event import ClashRule
    from iclei_events.models.staff import Staff
    from iclei_events.models.venue import Room, Venue


class Slot(SlotRules, Base):
    """``held`` counts the places of confirmed and offered bookings, ``waiting`` the parties in line.

    In line stand those without a place and those who hold another time and would rather have this one. ``waiting``
    counts both; ``out_of_reach`` those of them who want more places than the slot could give: they keep nobody out.
    Only ``services.places`` changes the counters. ``over_capacity`` is how far staff have lowered ``capacity`` below
    what was already held: nobody loses a place, nobody new gets one.
    """

    __tablename__ = "slot"
    __table_args__ = (
        CheckConstraint("ends_at > starts_at", name="ends_after_start"),
        CheckConstraint("closes_at is null or opens_at is null or closes_at > opens_at", name="closes_after_opening"),
        CheckConstraint(
            "capacity >= 0 and held >= 0 and kept_back >= 0 and waiting >= 0 and over_capacity >= 0",
            name="counters_not_negative",
        ),
        CheckConstraint("held + kept_back <= capacity + over_capacity", name="never_oversold"),
        CheckConstraint("out_of_reach >= 0", name="out_of_reach_not_negative"),
        Index("ix_slot_activity_starts", "activity_id", "starts_at"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    activity_id: Mapped[int] = mapped_column(ForeignKey("activity.id", ondelete="CASCADE"))
    venue_id: Mapped[int | None] = mapped_column(ForeignKey("venue.id", ondelete="SET NULL"))
    room_id: Mapped[int | None] = mapped_column(ForeignKey("room.id", ondelete="SET NULL"))
    draw_id: Mapped[int | None] = mapped_column(ForeignKey("draw.id", ondelete="SET NULL"), index=True)
    """The draw that gives out its places, or has: once drawn, the slot's mode is first come for what is left."""
    slug: Mapped[str] = mapped_column(String(80), unique=True)
    starts_at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)
    ends_at: Mapped[datetime] = mapped_column(UtcDateTime)
    meeting_point: Mapped[Bilingual | None] = mapped_column(BilingualText)
    languages: Mapped[list[str]] = mapped_column(JSON, default=list)
    mode: Mapped[SlotMode] = mapped_column(choice(SlotMode), default=SlotMode.FIRST_COME)
    opens_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    closes_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    cancelled_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    illustrative: Mapped[bool] = mapped_column(default=False)
    sequence: Mapped[int] = mapped_column(default=0)
    """Rises with each change of time or place, so that calendars take over the new one (iCalendar SEQUENCE)."""
    moved_from: Mapped[datetime | None] = mapped_column(UtcDateTime)
    """The start that was announced first, while the slot starts at another."""
    capacity: Mapped[int] = mapped_column(default=0)
    held: Mapped[int] = mapped_column(default=0)
    kept_back: Mapped[int] = mapped_column(default=0)
    waiting: Mapped[int] = mapped_column(default=0)
    out_of_reach: Mapped[int] = mapped_column(default=0, server_default=text("0"))
    over_capacity: Mapped[int] = mapped_column(default=0)
    revision: Mapped[int] = mapped_column(default=0)
    """Rises with each change of a counter: cached pages and staff forms compare it."""

    activity: Mapped[Activity] = relationship(back_populates="slots")
    venue: Mapped[Venue | None] = relationship()
    room: Mapped[Room | None] = relationship()
    draw: Mapped[Draw | None] = relationship(back_populates="slots")
    bookings: Mapped[list[Booking]] = relationship(back_populates="slot", passive_deletes="all")
    kept_back_places: Mapped[list[KeptBack]] = relationship(
        back_populates="slot", order_by="KeptBack.id", cascade="all, delete-orphan"
    )

    @property
    def party_limit(self) -> int:
        return self.activity.max_party

    @property
    def event_id(self) -> int:
        return self.activity.event_id

    @property
    def person_limit(self) -> int | None:
        return self.activity.person_limit

    @property
    def clashes(self) -> ClashRule:
        return self.activity.event.clashes

    @property
    def children_need_adult(self) -> bool:
        return self.activity.children_need_adult

    @property
    def needs_erased_on(self) -> date:
        """The day after the slot, in the event's zone: what its parties said of their needs is erased then."""
        return self.ends_at.astimezone(self.activity.event.zone).date() + timedelta(days=1)


class KeptBack(Base):
    """Places of a slot that staff hold for someone, with a reason, until they are released."""

    __tablename__ = "kept_back"
    __table_args__ = (CheckConstraint("places > 0", name="places"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    slot_id: Mapped[int] = mapped_column(ForeignKey("slot.id", ondelete="CASCADE"), index=True)
    places: Mapped[int]
    reason: Mapped[str] = mapped_column(String(200))
    release_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    released_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    staff_id: Mapped[int | None] = mapped_column(ForeignKey("staff.id", ondelete="SET NULL"))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)

    slot: Mapped[Slot] = relationship(back_populates="kept_back_places")
    staff: Mapped[Staff | None] = relationship()
