"""Activity: what people can come to; who speaks at it."""

from __future__ import annotations

import enum
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, UniqueConstraint, false
from sqlalchemy.orm import Mapped, mapped_column, relationship

from iclei_events.db import Base
from iclei_events.i18n import Bilingual
from iclei_events.models.types import BilingualText, JsonDocument, choice

if TYPE_CHECKING:
    from iclei_events.models.event import Event, Theme
    from iclei_events.models.slot import Slot


class ActivityKind(enum.StrEnum):
    SESSION = "session"
    STUDY_TOUR = "study_tour"
    PARTY = "party"
    WEBINAR = "webinar"


RESIDENTS: Final = frozenset({ActivityKind.STUDY_TOUR, ActivityKind.PARTY})
"""What is for everybody who lives in the city; the rest is for delegates."""


class Audience(enum.StrEnum):
    EVERYONE = "everyone"
    DELEGATES = "delegates"
    MEMBERS = "members"
    PRESS = "press"


class Activity(Base):
    """``illustrative`` marks content of our own that stands in where public sources are silent.

    ``facts`` is a list of ``{"icon": …, "text": {"sv": …, "en": …}}``: short practical lines for the page.
    """

    __tablename__ = "activity"
    __table_args__ = (
        UniqueConstraint("event_id", "slug"),
        CheckConstraint("max_party is null or max_party between 1 and 50", name="max_party"),
        Index("ix_activity_event_kind", "event_id", "kind"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    event_id: Mapped[int] = mapped_column(ForeignKey("event.id", ondelete="CASCADE"))
    theme_id: Mapped[int | None] = mapped_column(ForeignKey("theme.id", ondelete="SET NULL"))
    slug: Mapped[str] = mapped_column(String(80))
    kind: Mapped[ActivityKind] = mapped_column(choice(ActivityKind))
    title: Mapped[Bilingual] = mapped_column(BilingualText)
    summary: Mapped[Bilingual] = mapped_column(BilingualText)
    description: Mapped[Bilingual | None] = mapped_column(BilingualText)
    format: Mapped[str | None] = mapped_column(String(30))
    mode: Mapped[str] = mapped_column(String(12), default="in_person")
    audience: Mapped[Audience] = mapped_column(choice(Audience), default=Audience.EVERYONE)
    max_party_size: Mapped[int | None] = mapped_column("max_party")
    min_age: Mapped[int | None]
    children_need_adult: Mapped[bool] = mapped_column(default=True)
    pictogram: Mapped[str | None] = mapped_column(String(20))
    facts: Mapped[list[Any]] = mapped_column(JsonDocument, default=list)
    route: Mapped[dict[str, Any]] = mapped_column(JsonDocument, default=dict, server_default="{}")
    """What is known of the way, in plain values: metres, steps, slope, surface, seats, toilet, ``step_free``."""
    step_free: Mapped[bool] = mapped_column(default=False, server_default=false())
    """As the route says, for the lists; a way of which nothing is known is not called step-free."""
    position: Mapped[int] = mapped_column(default=0)
    illustrative: Mapped[bool] = mapped_column(default=False)
    sources: Mapped[list[Any]] = mapped_column(JsonDocument, default=list)
    search_text: Mapped[str] = mapped_column(String(4000), default="")
    """Titles, summaries and speakers in both languages, casefolded: SQLite cannot match å, ä, ö without case."""

    event: Mapped[Event] = relationship(back_populates="activities")
    theme: Mapped[Theme | None] = relationship()
    slots: Mapped[list[Slot]] = relationship(
        back_populates="activity", order_by="Slot.starts_at", cascade="all, delete-orphan"
    )
    contributions: Mapped[list[Contribution]] = relationship(
        back_populates="activity", order_by="Contribution.position", cascade="all, delete-orphan"
    )

    @property
    def max_party(self) -> int:
        """How many places one booking may hold: the activity's own limit, else the event's."""
        return self.max_party_size or self.event.max_party

    @property
    def person_limit(self) -> int | None:
        """How many places one person may have on the event's tours and party together, if this is one of them."""
        return self.event.max_places_per_person if self.kind in RESIDENTS else None


class Speaker(Base):
    """A person who speaks, with the office held at the time of the event."""

    __tablename__ = "speaker"

    id: Mapped[int] = mapped_column(primary_key=True)
    slug: Mapped[str] = mapped_column(String(80), unique=True)
    name: Mapped[str] = mapped_column(String(120))
    role: Mapped[Bilingual | None] = mapped_column(BilingualText)
    organisation: Mapped[str | None] = mapped_column(String(200))
    sources: Mapped[list[Any]] = mapped_column(JsonDocument, default=list)


class Contribution(Base):
    """A speaker's part in an activity."""

    __tablename__ = "contribution"
    __table_args__ = (UniqueConstraint("activity_id", "speaker_id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    activity_id: Mapped[int] = mapped_column(ForeignKey("activity.id", ondelete="CASCADE"))
    speaker_id: Mapped[int] = mapped_column(ForeignKey("speaker.id", ondelete="CASCADE"), index=True)
    position: Mapped[int] = mapped_column(default=0)
    role: Mapped[Bilingual | None] = mapped_column(BilingualText)

    activity: Mapped[Activity] = relationship(back_populates="contributions")
    speaker: Mapped[Speaker] = relationship()
