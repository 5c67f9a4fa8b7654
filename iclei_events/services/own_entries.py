"""What a party is told of its own entry in a draw: its code, its wishes, and what happened at its turn."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Final

from sqlalchemy import Integer, bindparam, select
from sqlalchemy.orm import joinedload, selectinload

from iclei_events.db import db
from iclei_events.models import Activity, Booking, Draw, DrawEntry, DrawWish, Slot
from iclei_events.services import draw_file
from iclei_events.services.prepared import Prepared

_ANY: Final = Prepared(
    select(DrawEntry.booking_id).where(DrawEntry.booking_id == bindparam("booking_id", type_=Integer))
)


@dataclass(frozen=True, slots=True)
class Step:
    """A wish as it was met at the party's turn: how many places were left there, and whether the party got them."""

    slot: Slot
    left: int
    got: bool


@dataclass(frozen=True, slots=True)
class OwnEntry:
    """An entry with its booking; ``steps`` are empty before the draw and for who withdrew before it."""

    booking: Booking
    draw: Draw
    pseudonym: str
    position: int | None
    wishes: tuple[Slot, ...]
    steps: tuple[Step, ...]

    @property
    def reference(self) -> str:
        return self.booking.reference

    @property
    def salt(self) -> str:
        return self.booking.salt


def of_booking(booking: Booking) -> OwnEntry | None:
    if _ANY.execute(db.session.connection(), {"booking_id": booking.id}).first() is None:
        return None
    return next(iter(_own(DrawEntry.booking_id == booking.id)), None)


def in_draw(draw: Draw, references: Collection[str]) -> list[OwnEntry]:
    """The entries in a draw that these bookings are."""
    if not references:
        return []
    return _own((DrawEntry.draw_id == draw.id) & Booking.reference.in_(references))


def _own(condition: object) -> list[OwnEntry]:
    found = db.session.scalars(
        select(DrawEntry)
        .join(DrawEntry.booking)
        .where(condition)  # type: ignore[arg-type]
        .options(
            joinedload(DrawEntry.booking),
            joinedload(DrawEntry.draw).joinedload(Draw.event),
            selectinload(DrawEntry.wishes)
            .joinedload(DrawWish.slot)
            .joinedload(Slot.activity)
            .joinedload(Activity.event),
        )
        .order_by(DrawEntry.booking_id)
    ).all()
    return [_told(entry) for entry in found]


def _told(entry: DrawEntry) -> OwnEntry:
    slots = tuple(wish.slot for wish in entry.wishes)
    return OwnEntry(entry.booking, entry.draw, entry.pseudonym, entry.position, slots, tuple(_steps(entry, slots)))


def _steps(entry: DrawEntry, slots: Sequence[Slot]) -> list[Step]:
    """Found by drawing again from the public file, so that the page can say nothing else than the file does."""
    if entry.draw.published is None or entry.position is None:
        return []
    by_slug = {slot.slug: slot for slot in slots}
    lots = draw_file.draw_lots(draw_file.read(entry.draw.published))
    lot = next((lot for lot in lots if lot.entry.pseudonym == entry.pseudonym), None)
    if lot is None:
        return []
    return [Step(by_slug[slug], left, slug == lot.got) for slug, left in lot.seen if slug in by_slug]
