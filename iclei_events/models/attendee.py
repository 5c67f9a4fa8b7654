"""What identifies the person behind a booking, apart from the booking so that it can be erased on its day."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import ForeignKey, String, true
from sqlalchemy.orm import Mapped, mapped_column, relationship

from iclei_events.db import Base

if TYPE_CHECKING:
    from iclei_events.models.booking import Booking


class Attendee(Base):
    """Whoever books. ``email`` is kept as typed and written to; ``email_key`` is compared (see services.addresses)."""

    __tablename__ = "attendee"

    booking_id: Mapped[int] = mapped_column(ForeignKey("booking.id", ondelete="CASCADE"), primary_key=True)
    name: Mapped[str] = mapped_column(String(120))
    email: Mapped[str] = mapped_column(String(254))
    email_key: Mapped[str] = mapped_column(String(254), index=True)
    phone: Mapped[str | None] = mapped_column(String(40))
    comes_along: Mapped[bool] = mapped_column(default=True, server_default=true())
    """Whether the first place is for whoever books; else they book for others, such as a class or their parents."""

    booking: Mapped[Booking] = relationship(back_populates="attendee")
