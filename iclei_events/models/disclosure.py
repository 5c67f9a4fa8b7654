"""Disclosure: somebody of the staff has looked at what a party has told about itself."""

from __future__ import annotations

import enum
from datetime import datetime, timedelta

from sqlalchemy import ForeignKey, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from iclei_events.db import Base
from iclei_events.models.staff import Staff
from iclei_events.models.types import UtcDateTime, choice


class Disclosed(enum.StrEnum):
    """How much was seen: names, how to reach people too, or also what they need."""

    NAMES = "names"
    CONTACTS = "contacts"
    NEEDS = "needs"


class Disclosure(Base):
    """One row for a party, a person of the staff and an hour, however often they looked in it; ``at`` begins it."""

    __tablename__ = "disclosure"
    __table_args__ = (UniqueConstraint("booking_id", "staff_id", "at", "what"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    booking_id: Mapped[int] = mapped_column(ForeignKey("booking.id", ondelete="CASCADE"))
    staff_id: Mapped[int] = mapped_column(ForeignKey("staff.id", ondelete="CASCADE"))
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    what: Mapped[Disclosed] = mapped_column(choice(Disclosed))

    staff: Mapped[Staff] = relationship()

    @property
    def until(self) -> datetime:
        """The end of the hour."""
        return self.at + timedelta(hours=1)
