"""Event: a congress, a week, a sprint; its themes."""

from __future__ import annotations

import enum
from datetime import date, datetime, time, timedelta
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from sqlalchemy import CheckConstraint, ForeignKey, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from iclei_events.db import Base
from iclei_events.i18n import Bilingual
from iclei_events.models.types import BilingualText, JsonDocument, choice

if TYPE_CHECKING:
    from iclei_events.models.activity import Activity

RETENTION = timedelta(days=31)
"""How long after an event its bookings' personal data are kept: long enough to answer questions about the day."""


class ClashRule(enum.StrEnum):
    """What becomes of a booking that its person could hardly be at, for another that they have at the event."""

    TOLD = "told"
    OVERLAP = "overlap"
    TRAVEL = "travel"


class Event(Base):
    """``mode`` is in_person, virtual or hybrid. ``content_revision`` rises when texts change, for cached pages."""

    __tablename__ = "event"
    __table_args__ = (
        CheckConstraint("ends_on >= starts_on", name="ends_after_start"),
        CheckConstraint("max_party between 1 and 50", name="max_party"),
        CheckConstraint("max_places_per_person is null or max_places_per_person > 0", name="max_places_per_person"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    slug: Mapped[str] = mapped_column(String(60), unique=True)
    title: Mapped[Bilingual] = mapped_column(BilingualText)
    short_title: Mapped[Bilingual | None] = mapped_column(BilingualText)
    motto: Mapped[Bilingual | None] = mapped_column(BilingualText)
    summary: Mapped[Bilingual] = mapped_column(BilingualText)
    description: Mapped[Bilingual | None] = mapped_column(BilingualText)
    place: Mapped[Bilingual] = mapped_column(BilingualText)
    starts_on: Mapped[date]
    ends_on: Mapped[date]
    timezone: Mapped[str] = mapped_column(String(40), default="Europe/Stockholm")
    mode: Mapped[str] = mapped_column(String(12))
    max_party: Mapped[int] = mapped_column(default=6)
    max_places_per_person: Mapped[int | None]
    """How many places one person may have on the event's tours and party together; none: as many as there are."""
    clashes: Mapped[ClashRule] = mapped_column(
        choice(ClashRule), default=ClashRule.TOLD, server_default=ClashRule.TOLD.value
    )
    """Told and left to the person; or refused: what overlaps, or also what leaves too little time for the way."""
    contact_email: Mapped[str | None] = mapped_column(String(254))
    contact_phone: Mapped[str | None] = mapped_column(String(40))
    sources: Mapped[list[Any]] = mapped_column(JsonDocument, default=list)
    content_revision: Mapped[int] = mapped_column(default=1)

    themes: Mapped[list[Theme]] = relationship(
        back_populates="event", order_by="Theme.position", cascade="all, delete-orphan"
    )
    activities: Mapped[list[Activity]] = relationship(back_populates="event", cascade="all, delete-orphan")

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.timezone)

    @property
    def name(self) -> Bilingual:
        """The title that fits a heading or a mail's subject."""
        return self.short_title or self.title

    @property
    def erased_on(self) -> date:
        """The day on which the personal data of this event's bookings are erased."""
        return self.ends_on + RETENTION

    def is_over(self, moment: datetime) -> bool:
        """Whether the event's last day has passed in its own zone."""
        return moment >= datetime.combine(self.ends_on + timedelta(days=1), time(), self.zone)


class Theme(Base):
    """One of an event's themes; ``pictogram`` is climate, nature or people: hue, sign and words always go together."""

    __tablename__ = "theme"
    __table_args__ = (UniqueConstraint("event_id", "slug"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    event_id: Mapped[int] = mapped_column(ForeignKey("event.id", ondelete="CASCADE"))
    slug: Mapped[str] = mapped_column(String(60))
    position: Mapped[int] = mapped_column(default=0)
    pictogram: Mapped[str] = mapped_column(String(20))
    title: Mapped[Bilingual] = mapped_column(BilingualText)
    summary: Mapped[Bilingual | None] = mapped_column(BilingualText)

    event: Mapped[Event] = relationship(back_populates="themes")
