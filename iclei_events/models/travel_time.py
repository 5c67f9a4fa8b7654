"""TravelTime: how long the way from one venue to another takes, where somebody knows better than a calculation."""

from __future__ import annotations

import enum

from sqlalchemy import CheckConstraint, ForeignKey, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from iclei_events.db import Base
from iclei_events.models.types import choice


class Way(enum.StrEnum):
    FOOT = "foot"
    BICYCLE = "bicycle"
    BUS = "bus"
    WHEELCHAIR = "wheelchair"


class TravelTime(Base):
    """Holds in the other direction too, unless that has a row of its own."""

    __tablename__ = "travel_time"
    __table_args__ = (
        UniqueConstraint("from_venue_id", "to_venue_id", "way"),
        CheckConstraint("minutes between 0 and 1440", name="minutes"),
        CheckConstraint("from_venue_id <> to_venue_id", name="two_venues"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    from_venue_id: Mapped[int] = mapped_column(ForeignKey("venue.id", ondelete="CASCADE"))
    to_venue_id: Mapped[int] = mapped_column(ForeignKey("venue.id", ondelete="CASCADE"), index=True)
    way: Mapped[Way] = mapped_column(choice(Way))
    minutes: Mapped[int]
