"""Access: what a slot can give to those who need it, counted; what a party has asked for and what became of it."""

from __future__ import annotations

import enum
from datetime import datetime
from hashlib import sha256
from typing import TYPE_CHECKING, Final

from sqlalchemy import CheckConstraint, ForeignKey, String, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from iclei_events.db import Base
from iclei_events.models.types import UtcDateTime, choice

if TYPE_CHECKING:
    from iclei_events.models.booking import Booking


class AidKind(enum.StrEnum):
    WHEELCHAIR = "wheelchair"
    HEARING_LOOP = "hearing_loop"
    INTERPRETER = "interpreter"
    COMPANION = "companion"
    OTHER = "other"


COUNTED: Final = (AidKind.WHEELCHAIR, AidKind.HEARING_LOOP, AidKind.INTERPRETER, AidKind.COMPANION)
"""What can be counted, in the order of the pages; the rest is told in words."""
SHARED: Final = AidKind.INTERPRETER
"""One of it serves everybody who asks."""
MOST_AIDS: Final = 1_000
"""How many of one aid a slot may have."""


class NeedState(enum.StrEnum):
    ASKED = "asked"
    PROMISED = "promised"
    ARRANGED = "arranged"
    DECLINED = "declined"


KEPT: Final = (NeedState.PROMISED, NeedState.ARRANGED)
"""States in which the party can rely on it, and in which it counts as held."""


class SlotAid(Base):
    """What a slot can give of one kind. ``capacity`` none: on request, staff answer each time.

    ``held`` counts what parties with places have been promised; only ``services.aids`` changes it. ``over_capacity`` is
    how far staff have lowered ``capacity`` below that: nobody loses a promise, nobody new gets one.
    """

    __tablename__ = "slot_aid"
    __table_args__ = (
        CheckConstraint("kind <> 'other'", name="countable"),
        CheckConstraint(
            "held >= 0 and over_capacity >= 0 and (capacity is null or capacity >= 0)", name="counters_not_negative"
        ),
        CheckConstraint(
            f"kind = '{SHARED}' or capacity is null or held <= capacity + over_capacity", name="never_overpromised"
        ),
    )

    slot_id: Mapped[int] = mapped_column(ForeignKey("slot.id", ondelete="CASCADE"), primary_key=True)
    kind: Mapped[AidKind] = mapped_column(choice(AidKind), primary_key=True)
    capacity: Mapped[int | None]
    held: Mapped[int] = mapped_column(default=0, server_default=text("0"))
    over_capacity: Mapped[int] = mapped_column(default=0, server_default=text("0"))

    @property
    def left(self) -> int | None:
        """How many can be had at once; none where staff answer, or where one serves everybody."""
        return None if self.capacity is None or self.kind is SHARED else max(0, self.capacity - self.held)

    @property
    def is_sure(self) -> bool:
        """Whether whoever asks for it has it, however many ask: an interpreter who comes anyway."""
        return self.kind is SHARED and bool(self.capacity or self.held)

    def can_give(self, count: int) -> bool:
        """Whether so many could be promised at once."""
        return self.is_sure or count <= (self.left or 0)


class AccessNeed(Base):
    """One thing that a party needs to take part. May tell of health: for that tour's staff only, erased the day after.

    ``description`` is the party's own words, with ``AidKind.OTHER`` alone; ``answer`` those of staff who say no. What
    is asked for with an answer was asked for again after that no: staff promise it, and it is never promised by itself.
    """

    __tablename__ = "access_need"
    __table_args__ = (
        UniqueConstraint("booking_id", "kind"),
        CheckConstraint("count between 1 and 50", name="count"),
        CheckConstraint("(kind = 'other') = (description is not null)", name="words"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    booking_id: Mapped[int] = mapped_column(ForeignKey("booking.id", ondelete="CASCADE"))
    kind: Mapped[AidKind] = mapped_column(choice(AidKind))
    count: Mapped[int]
    state: Mapped[NeedState] = mapped_column(choice(NeedState), default=NeedState.ASKED)
    description: Mapped[str | None] = mapped_column(String(500))
    answer: Mapped[str | None] = mapped_column(String(500))
    asked_at: Mapped[datetime] = mapped_column(UtcDateTime)

    booking: Mapped[Booking] = relationship(back_populates="access_needs")

    @property
    def as_asked(self) -> str:
        """What is asked for, in short: another text where the party has changed it."""
        words = sha256((self.description or "").encode()).hexdigest()[:12]
        return f"{self.count}-{words}"

    @property
    def is_kept(self) -> bool:
        return self.state in KEPT

    @property
    def is_counted(self) -> bool:
        return self.kind is not AidKind.OTHER
