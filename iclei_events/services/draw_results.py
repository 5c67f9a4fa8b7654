"""Drawing the lots, once, with the public value, and the file by which anybody can check it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from iclei_events import clock
from iclei_events.db import transaction
from iclei_events.models import Booking, BookingStatus, Draw, DrawEntry, Slot
from iclei_events.services import draw_fates, draw_file, drawing, draws, log, places, refusals
from iclei_events.services.drawing import Lot


@dataclass(frozen=True, slots=True)
class Summary:
    """How a draw ended: how many parties took part, and how many of them won places."""

    entries: int
    won: int


def run(draw_id: int, public_value: str, *, by: log.Actor) -> Summary:
    """Draw the lots with the value that was named beforehand; done twice with the same value it is done once.

    Raises ``DrawStillOpen`` before closing, ``ValueMissing`` without a value, ``AlreadyDrawn`` with another one.
    """
    value = drawing.tidy(public_value)
    if not 1 <= len(value) <= Draw.__table__.c.public_value.type.length:  # type: ignore[attr-defined]
        raise refusals.ValueMissing
    now = clock.now()
    with transaction() as session:
        draw = draws.locked(session, draw_id, now=now)
        if draw.drawn_at is not None:
            if draw.public_value != value:
                raise refusals.AlreadyDrawn
            return _summary(draw)
        if draw.entry_list is None:
            raise refusals.DrawStillOpen(draw.closes_at)
        slots = {slot.slug: slot for slot in draws.locked_slots(session, draw)}
        places.in_critical_section("draw locked")
        lots = _publish(session, draw, slots, value, now)
        draw_fates.settle(session, draw, slots, lots, now=now)
        details = {"draw": draw.slug, "seed": draw.seed, "public_value": value}
        log.record(session, "draw", by=by, at=now, details=details)
        session.flush()
        return _summary(draw)


def _publish(session: Session, draw: Draw, slots: Mapping[str, Slot], value: str, now: datetime) -> list[Lot]:
    """Make the seed, draw, and write the file by which anybody can check it."""
    listed = draw_file.read(draw.entry_list or "")
    still_in = set(
        session.scalars(
            select(DrawEntry.pseudonym)
            .join(DrawEntry.booking)
            .where(DrawEntry.draw_id == draw.id, Booking.status == BookingStatus.ENTERED)
        )
    )
    draw.public_value, draw.seed = value, drawing.seed_of(draw.secret, value)
    document: dict[str, Any] = {
        "format": draw_file.FORMAT,
        "list": listed,
        "list_sha256": draw.entry_list_hash,
        "secret_sha256": draw.secret_hash,
        "public_source": draw.public_source.as_dict(),
        "secret": draw.secret,
        "public_value": value,
        "seed": draw.seed,
        "withdrawn": [one["pseudonym"] for one in listed["entries"] if one["pseudonym"] not in still_in],
        "called_off": sorted(slug for slug in listed["places"] if slug not in slots or draws.is_off(slots[slug], now)),
    }
    lots = draw_file.draw_lots(document)
    draw.published = draw_file.written(document | {"result": draw_file.result_of(lots)})
    draw.drawn_at, draw.answer_until = now, now + draw_fates.ANSWER_TIME
    return lots


def _summary(draw: Draw) -> Summary:
    """Counted from the file, so that it says the same at any later time."""
    result = draw_file.read(draw.published or "")["result"]
    return Summary(len(result), sum(one["got"] is not None for one in result))
