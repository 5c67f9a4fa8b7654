"""Staff: who manages, what they may, and where they are signed in."""

from __future__ import annotations

import enum
from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from iclei_events.db import Base
from iclei_events.models.event import Event
from iclei_events.models.types import JsonDocument, UtcDateTime, choice


class StaffRole(enum.StrEnum):
    """From most to least: each may do what those after it may, except that door work is the door's and organisers'."""

    ADMIN = "admin"
    EDITOR = "editor"
    ORGANISER = "organiser"
    DOOR = "door"
    VIEWER = "viewer"


class Staff(Base):
    """A person of the staff. Without a password hash the invitation is still open; secrets are kept as hashes."""

    __tablename__ = "staff"

    id: Mapped[int] = mapped_column(primary_key=True)
    email: Mapped[str] = mapped_column(String(254))
    email_key: Mapped[str] = mapped_column(String(254), unique=True)
    name: Mapped[str | None] = mapped_column(String(120))
    language: Mapped[str] = mapped_column(String(2), default="sv")
    password_hash: Mapped[str | None] = mapped_column(String(200))
    totp_secret: Mapped[str | None] = mapped_column(String(64))
    totp_last_step: Mapped[int | None]
    """The last time step whose code was used: a code works once. Without one the second factor is not set up yet."""
    recovery_hashes: Mapped[list[Any]] = mapped_column(JsonDocument, default=list)
    invitation_hash: Mapped[str | None] = mapped_column(String(64), unique=True)
    invitation_until: Mapped[datetime | None] = mapped_column(UtcDateTime)
    failed_attempts: Mapped[int] = mapped_column(default=0)
    locked_until: Mapped[datetime | None] = mapped_column(UtcDateTime)
    disabled_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)

    grants: Mapped[list[Grant]] = relationship(back_populates="staff", cascade="all, delete-orphan")

    @property
    def label(self) -> str:
        return self.name or self.email

    @property
    def is_set_up(self) -> bool:
        """Whether the person can sign in: has a password and has shown a second factor."""
        return self.password_hash is not None and self.totp_last_step is not None


class Grant(Base):
    """A role, for one event or (without one) for all."""

    __tablename__ = "staff_grant"
    __table_args__ = (UniqueConstraint("staff_id", "event_id", "role"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    staff_id: Mapped[int] = mapped_column(ForeignKey("staff.id", ondelete="CASCADE"))
    event_id: Mapped[int | None] = mapped_column(ForeignKey("event.id", ondelete="CASCADE"))
    role: Mapped[StaffRole] = mapped_column(choice(StaffRole))

    staff: Mapped[Staff] = relationship(back_populates="grants")
    event: Mapped[Event | None] = relationship()


class SignIn(Base):
    """A staff member's signed-in browser; ended on the server, so that signing out or being disabled takes effect."""

    __tablename__ = "sign_in"
    __table_args__ = (CheckConstraint("length(token_hash) = 64", name="token_hash"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    staff_id: Mapped[int] = mapped_column(ForeignKey("staff.id", ondelete="CASCADE"), index=True)
    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    seen_at: Mapped[datetime] = mapped_column(UtcDateTime)
    second_factor_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    second_factor_failures: Mapped[int] = mapped_column(default=0)
    ended_at: Mapped[datetime | None] = mapped_column(UtcDateTime)

    staff: Mapped[Staff] = relationship()
