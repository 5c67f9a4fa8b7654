"""Swap wish: a party with places at one time asks for another, and keeps what it has until it can have that."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from sqlalchemy import ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from iclei_events.db import Base
from iclei_events.models.types import UtcDateTime

if TYPE_CHECKING:
    from iclei_events.models.booking import Booking
    from iclei_events.models.slot import Slot


class SwapWish(Base):
    """Stands in the line of ``slot`` by its time, like everybody who waits there, and counts in its ``waiting``.

    It lives for as long as the party is confirmed on ``held_slot_id``, where it held its places when it asked. The row
    is changed under the lock of ``slot`` alone: a wish that has ended leaves the line at once where that lock can be
    had, else a moment later.
    """

    __tablename__ = "swap_wish"
    __table_args__ = (UniqueConstraint("booking_id", "slot_id"), Index("ix_swap_wish_line", "slot_id", "created_at"))

    id: Mapped[int] = mapped_column(primary_key=True)
    booking_id: Mapped[int] = mapped_column(ForeignKey("booking.id", ondelete="CASCADE"))
    slot_id: Mapped[int] = mapped_column(ForeignKey("slot.id", ondelete="CASCADE"))
    held_slot_id: Mapped[int] = mapped_column(ForeignKey("slot.id", ondelete="CASCADE"))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    passed_over: Mapped[int] = mapped_column(default=0)
    """How often a smaller party has gone ahead of this one while it stood at the head of the line."""

    booking: Mapped[Booking] = relationship()
    slot: Mapped[Slot] = relationship(foreign_keys=slot_id)
