"""Draw: places given out by lot over several slots; the entries, and what each party wishes for."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from sqlalchemy import CheckConstraint, ForeignKey, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from iclei_events.db import Base
from iclei_events.i18n import Bilingual
from iclei_events.models.types import BilingualText, UtcDateTime

if TYPE_CHECKING:
    from iclei_events.models.booking import Booking
    from iclei_events.models.event import Event
    from iclei_events.models.slot import Slot


class Draw(Base):
    """One draw of an event; ``services.drawing`` holds its rule.

    ``secret_hash`` is public from the first moment and commits to ``secret``, which is shown after the draw.
    ``public_source`` names beforehand where ``public_value`` comes from. ``entry_list`` is the frozen list as the
    very text whose SHA-256 is ``entry_list_hash``; ``published`` is the whole file that anybody can check the draw by.
    Both are long, and loaded only where they are asked for.
    """

    __tablename__ = "draw"
    __table_args__ = (
        CheckConstraint("closes_at > opens_at", name="closes_after_opening"),
        CheckConstraint("(closed_at is null) = (entry_list is null)", name="closed_with_its_list"),
        CheckConstraint("(drawn_at is null) = (published is null)", name="drawn_with_its_file"),
        CheckConstraint("drawn_at is null or closed_at is not null", name="drawn_after_closing"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    event_id: Mapped[int] = mapped_column(ForeignKey("event.id", ondelete="CASCADE"), index=True)
    slug: Mapped[str] = mapped_column(String(80), unique=True)
    title: Mapped[Bilingual] = mapped_column(BilingualText)
    public_source: Mapped[Bilingual] = mapped_column(BilingualText)
    opens_at: Mapped[datetime] = mapped_column(UtcDateTime)
    closes_at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    secret: Mapped[str] = mapped_column(String(64))
    secret_hash: Mapped[str] = mapped_column(String(64))
    closed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    entry_list: Mapped[str | None] = mapped_column(Text, deferred=True)
    entry_list_hash: Mapped[str | None] = mapped_column(String(64))
    public_value: Mapped[str | None] = mapped_column(String(200))
    seed: Mapped[str | None] = mapped_column(String(64))
    drawn_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    answer_until: Mapped[datetime | None] = mapped_column(UtcDateTime)
    published: Mapped[str | None] = mapped_column(Text, deferred=True)
    revision: Mapped[int] = mapped_column(default=0)
    """Rises whenever somebody takes the draw's lock by writing to it."""

    event: Mapped[Event] = relationship()
    slots: Mapped[list[Slot]] = relationship(back_populates="draw", order_by="(Slot.starts_at, Slot.id)")

    def takes_entries(self, moment: datetime) -> bool:
        return self.closed_at is None and self.opens_at <= moment < self.closes_at

    @property
    def is_under_way(self) -> bool:
        """Whether the list is frozen and the lots are not yet drawn: the places then stay as the list says."""
        return self.closed_at is not None and self.drawn_at is None


class DrawEntry(Base):
    """A booking's part in a draw.

    ``pseudonym`` is random and stands in the public list; without this row nobody can tell whose it was.
    ``person_key`` lets the same person count once and goes when the lots are drawn.
    """

    __tablename__ = "draw_entry"
    __table_args__ = (UniqueConstraint("draw_id", "person_key"), UniqueConstraint("draw_id", "pseudonym"))

    booking_id: Mapped[int] = mapped_column(ForeignKey("booking.id", ondelete="CASCADE"), primary_key=True)
    draw_id: Mapped[int] = mapped_column(ForeignKey("draw.id", ondelete="CASCADE"))
    person_key: Mapped[str | None] = mapped_column(String(64))
    pseudonym: Mapped[str] = mapped_column(String(12))
    position: Mapped[int | None]

    booking: Mapped[Booking] = relationship()
    draw: Mapped[Draw] = relationship()
    wishes: Mapped[list[DrawWish]] = relationship(
        back_populates="entry", order_by="DrawWish.rank", cascade="all, delete-orphan", passive_deletes=True
    )


class DrawWish(Base):
    """A slot that an entry wishes for; rank 1 is the dearest."""

    __tablename__ = "draw_wish"
    __table_args__ = (UniqueConstraint("booking_id", "slot_id"), CheckConstraint("rank >= 1", name="rank"))

    booking_id: Mapped[int] = mapped_column(ForeignKey("draw_entry.booking_id", ondelete="CASCADE"), primary_key=True)
    rank: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    slot_id: Mapped[int] = mapped_column(ForeignKey("slot.id", ondelete="RESTRICT"), index=True)

    entry: Mapped[DrawEntry] = relationship(back_populates="wishes")
    slot: Mapped[Slot] = relationship()
