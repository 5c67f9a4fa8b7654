"""The waiting room of one opening: those slots of an event that open for booking at the same published moment.

No row tells of a visitor. A ticket is a signed number; the room keeps the counters that the numbers come from.
"""

from __future__ import annotations

import enum
from datetime import datetime
from typing import TYPE_CHECKING

from sqlalchemy import CheckConstraint, ForeignKey, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from iclei_events.db import Base
from iclei_events.models.types import UtcDateTime, choice

if TYPE_CHECKING:
    from iclei_events.models.event import Event

PER_SECOND = 40
"""How many people a second are let in unless staff say otherwise; see README for what the server stands."""


class ProofRule(enum.StrEnum):
    """When whoever books one of the opening's slots is asked for a proof of work."""

    NEVER = "never"
    UNDER_PRESSURE = "under_pressure"
    ALWAYS = "always"


class WaitingRoom(Base):
    """``early`` and ``late`` count the tickets given out before and after the opening.

    ``let_in`` is how many had been let in at ``counted_from``; since then ``per_second`` more have come in each
    second, or none while ``paused_at`` is set. Nothing is written when somebody is let in: the clock decides.
    """

    __tablename__ = "waiting_room"
    __table_args__ = (
        UniqueConstraint("event_id", "opens_at"),
        CheckConstraint("early >= 0 and late >= 0 and let_in >= 0", name="counters_not_negative"),
        CheckConstraint("per_second between 1 and 1000", name="per_second"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    event_id: Mapped[int] = mapped_column(ForeignKey("event.id", ondelete="CASCADE"))
    opens_at: Mapped[datetime] = mapped_column(UtcDateTime)
    seed: Mapped[str | None] = mapped_column(String(32))
    """Drawn at random when booking opens, in the moment after which no early ticket is given out any more."""
    early: Mapped[int] = mapped_column(default=0)
    late: Mapped[int] = mapped_column(default=0)
    per_second: Mapped[int] = mapped_column(default=PER_SECOND)
    let_in: Mapped[int] = mapped_column(default=0)
    counted_from: Mapped[datetime] = mapped_column(UtcDateTime)
    paused_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    proof: Mapped[ProofRule] = mapped_column(choice(ProofRule), default=ProofRule.NEVER)

    event: Mapped[Event] = relationship()
