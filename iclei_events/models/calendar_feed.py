"""Calendar feed: the private address under which a person's calendar finds all their bookings."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import CheckConstraint, String
from sqlalchemy.orm import Mapped, mapped_column

from iclei_events.db import Base
from iclei_events.models.types import UtcDateTime


class CalendarFeed(Base):
    """At most one for an e-mail address. A revoked one names nobody any more; the row stays, to say that it is over.

    ``reference`` finds the row and opens nothing; ``salt`` makes the secret that does (see services.links).
    """

    __tablename__ = "calendar_feed"
    __table_args__ = (CheckConstraint("(email_key is null) = (revoked_at is not null)", name="revoked_names_nobody"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    email_key: Mapped[str | None] = mapped_column(String(254), unique=True)
    reference: Mapped[str] = mapped_column(String(12), unique=True)
    salt: Mapped[str] = mapped_column(String(32))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    revoked_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
