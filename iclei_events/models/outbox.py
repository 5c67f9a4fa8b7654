"""Outbox: mail that a decision has promised, kept in the same transaction and sent by the worker."""

from __future__ import annotations

import enum
from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, String, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from iclei_events.db import Base
from iclei_events.models.booking import Booking
from iclei_events.models.signatory import Signatory
from iclei_events.models.types import JsonDocument, UtcDateTime, choice


class MailKind(enum.StrEnum):
    BOOKING_CONFIRMED = "booking_confirmed"
    BOOKING_TO_CONFIRM = "booking_to_confirm"
    BOOKING_WAITING = "booking_waiting"
    BOOKING_OFFERED = "booking_offered"
    BOOKING_CHANGED = "booking_changed"
    BOOKING_CANCELLED = "booking_cancelled"
    BOOKING_MOVED = "booking_moved"
    OFFER_LAPSED = "offer_lapsed"
    REMINDER_DAYS = "reminder_days"
    REMINDER_HOURS = "reminder_hours"
    NEEDS_ANSWERED = "needs_answered"
    NEEDS_KEPT = "needs_kept"
    SLOT_MOVED = "slot_moved"
    SLOT_CALLED_OFF = "slot_called_off"
    DRAW_ENTERED = "draw_entered"
    DRAW_WON = "draw_won"
    DRAW_LOST = "draw_lost"
    MY_BOOKINGS = "my_bookings"
    MY_CALENDAR = "my_calendar"
    ADDRESS_CONFIRM = "address_confirm"
    ADDRESS_NOTICE = "address_notice"
    ADDRESS_CHANGED = "address_changed"
    SIGNATORY_CONFIRM = "signatory_confirm"
    SIGNATORY_PUBLISHED = "signatory_published"
    SIGNATORY_DECLINED = "signatory_declined"
    PROBLEM_REPORT = "problem_report"
    STAFF_INVITATION = "staff_invitation"


class OutboxMail(Base):
    """Rendered when it is sent, from what is true then, in ``language``.

    ``message_id`` never changes, so that a mail sent twice by a broken connection is one mail to the reader.
    ``claimed_until`` is the worker's lease by the machine's clock; ``attempts`` counts tries; ``failed_at`` means
    given up, for staff to see. ``once_key`` is set on what must be promised only once, such as a reminder.
    """

    __tablename__ = "outbox_mail"
    __table_args__ = (
        Index(
            "ix_outbox_due",
            "due_at",
            "id",
            postgresql_where=text("sent_at is null and failed_at is null"),
            sqlite_where=text("sent_at is null and failed_at is null"),
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[MailKind] = mapped_column(choice(MailKind))
    recipient: Mapped[str] = mapped_column(String(254))
    language: Mapped[str] = mapped_column(String(2))
    booking_id: Mapped[int | None] = mapped_column(ForeignKey("booking.id", ondelete="CASCADE"), index=True)
    signatory_id: Mapped[int | None] = mapped_column(ForeignKey("signatory.id", ondelete="CASCADE"), index=True)
    context: Mapped[dict[str, Any]] = mapped_column(JsonDocument, default=dict)
    message_id: Mapped[str] = mapped_column(String(120), unique=True)
    once_key: Mapped[str | None] = mapped_column(String(80), unique=True)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    due_at: Mapped[datetime] = mapped_column(UtcDateTime)
    claimed_until: Mapped[datetime | None] = mapped_column(UtcDateTime)
    attempts: Mapped[int] = mapped_column(default=0)
    last_error: Mapped[str | None] = mapped_column(String(200))
    sent_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    failed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)

    booking: Mapped[Booking | None] = relationship()
    signatory: Mapped[Signatory | None] = relationship()
