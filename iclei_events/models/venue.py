"""Where things happen: venues and their rooms."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ForeignKey, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from iclei_events.db import Base
from iclei_events.i18n import Bilingual
from iclei_events.models.types import BilingualText, JsonDocument


class Venue(Base):
    """A place with an address; shared by all events, so a slug names one place. Coordinates are WGS 84 degrees."""

    __tablename__ = "venue"

    id: Mapped[int] = mapped_column(primary_key=True)
    slug: Mapped[str] = mapped_column(String(60), unique=True)
    name: Mapped[Bilingual] = mapped_column(BilingualText)
    address: Mapped[str | None] = mapped_column(String(200))
    latitude: Mapped[float | None]
    longitude: Mapped[float | None]
    directions: Mapped[Bilingual | None] = mapped_column(BilingualText)
    illustrative: Mapped[bool] = mapped_column(default=False)
    sources: Mapped[list[Any]] = mapped_column(JsonDocument, default=list)

    rooms: Mapped[list[Room]] = relationship(
        back_populates="venue", order_by="Room.position", cascade="all, delete-orphan"
    )


class Room(Base):
    __tablename__ = "room"
    __table_args__ = (UniqueConstraint("venue_id", "slug"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    venue_id: Mapped[int] = mapped_column(ForeignKey("venue.id", ondelete="CASCADE"))
    slug: Mapped[str] = mapped_column(String(60))
    position: Mapped[int] = mapped_column(default=0)
    name: Mapped[str] = mapped_column(String(80))
    seats: Mapped[int | None]
    illustrative: Mapped[bool] = mapped_column(default=False)

    venue: Mapped[Venue] = relationship(back_populates="rooms")
