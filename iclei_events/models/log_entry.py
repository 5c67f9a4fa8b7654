"""Log entry: who decided what and when, without personal data of attendees."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column, relationship

from iclei_events.db import Base
from iclei_events.models.staff import Staff
from iclei_events.models.types import JsonDocument, UtcDateTime


class LogEntry(Base):
    """``actor`` is attendee, staff, worker, cli or demo; ``details`` holds numbers and codes only."""

    __tablename__ = "log_entry"
    __table_args__ = (Index("ix_log_entry_slot", "slot_id", "id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    actor: Mapped[str] = mapped_column(String(12))
    staff_id: Mapped[int | None] = mapped_column(ForeignKey("staff.id", ondelete="SET NULL"))
    verb: Mapped[str] = mapped_column(String(40))
    slot_id: Mapped[int | None]
    booking_id: Mapped[int | None] = mapped_column(index=True)
    signatory_id: Mapped[int | None]
    details: Mapped[dict[str, Any]] = mapped_column(JsonDocument, default=dict)

    staff: Mapped[Staff | None] = relationship()
