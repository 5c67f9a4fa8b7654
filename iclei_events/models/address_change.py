"""Address change: another e-mail address that a booking shall have once its reader has confirmed it."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import CheckConstraint, ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column, relationship

from iclei_events.db import Base
from iclei_events.models.booking import Booking
from iclei_events.models.types import UtcDateTime

OPEN_FOR: Final = timedelta(hours=24)


class AddressChange(Base):
    """The latest one of a booking. Once it is over it names nobody; the row stays, so that its link can say so.

    Each has a salt of its own (see services.links), so that a link confirms the one address it was sent to. Once
    confirmed, it is the booking's as well: no link that was sent before opens that any more.
    """

    __tablename__ = "address_change"
    __table_args__ = (CheckConstraint("(email is null) = (email_key is null)", name="whole_or_over"),)

    booking_id: Mapped[int] = mapped_column(ForeignKey("booking.id", ondelete="CASCADE"), primary_key=True)
    email: Mapped[str | None] = mapped_column(String(254))
    email_key: Mapped[str | None] = mapped_column(String(254))
    salt: Mapped[str] = mapped_column(String(32))
    asked_at: Mapped[datetime] = mapped_column(UtcDateTime)

    booking: Mapped[Booking] = relationship(back_populates="address_change")

    @property
    def open_until(self) -> datetime:
        return self.asked_at + OPEN_FOR

    def is_open(self, now: datetime) -> bool:
        return self.email is not None and now < self.open_until

    @property
    def is_confirmed(self) -> bool:
        return self.salt == self.booking.salt
