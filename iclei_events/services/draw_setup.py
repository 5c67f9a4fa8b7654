"""Setting up a draw before anybody can enter: its secret, its window, its public source, its slots."""

from __future__ import annotations

import secrets
from datetime import datetime
from typing import Final

from sqlalchemy import exists, select
from sqlalchemy.orm import Session

from iclei_events import clock
from iclei_events.db import transaction
from iclei_events.i18n import Bilingual
from iclei_events.models import ACTIVE, Booking, Draw, DrawEntry, DrawWish, Slot, SlotMode
from iclei_events.models.types import REFERENCE_ALPHABET
from iclei_events.services import drawing, draws, log, places, refusals

SECRET_BYTES: Final = 32


def with_secret(draw: Draw, *, now: datetime) -> Draw:
    """A new draw with a secret nobody has chosen, and the hash that commits to it from now on."""
    draw.secret = secrets.token_hex(SECRET_BYTES)
    draw.secret_hash = drawing.hash_of(draw.secret)
    draw.created_at = now
    return draw


def create(  # noqa: PLR0913  a draw is all of this
    event_id: int,
    *,
    title: Bilingual,
    public_source: Bilingual,
    opens_at: datetime,
    closes_at: datetime,
    by: log.Actor,
) -> str:
    """A draw without slots as yet; returns its slug. Raises ``Closed`` where it would have opened before its hash."""
    now = clock.now()
    if not now < opens_at < closes_at:
        raise refusals.Closed
    with transaction() as session:
        draw = with_secret(
            Draw(
                event_id=event_id,
                slug=f"draw-{''.join(secrets.choice(REFERENCE_ALPHABET) for _ in range(8)).lower()}",
                title=title,
                public_source=public_source,
                opens_at=opens_at,
                closes_at=closes_at,
            ),
            now=now,
        )
        session.add(draw)
        details = {"draw": draw.slug, "secret_sha256": draw.secret_hash}
        log.record(session, "create_draw", by=by, at=now, details=details)
        return draw.slug


def choose(slot_id: int, draw_id: int | None, *, by: log.Actor) -> None:
    """Let a draw give out the slot's places, or with None who comes first.

    Raises ``Taken`` once anybody has booked the slot or entered the draw, and ``Closed`` where it is too late.
    """
    now = clock.now()
    with transaction() as session:
        current = session.scalar(select(Slot.draw_id).where(Slot.id == slot_id))
        ids = sorted(one for one in {current, draw_id} if one is not None)
        involved = [draws.locked(session, one, now=now) for one in ids]
        slot = places.lock(session, slot_id)
        if (slot.draw_id, slot.mode is SlotMode.DRAW) == (draw_id, draw_id is not None):
            return
        if slot.mode is SlotMode.OPEN:
            raise refusals.NoBookingNeeded
        if is_taken(session, slot) or any(has_entries(session, draw) for draw in involved):
            raise refusals.Taken
        new = next((draw for draw in involved if draw.id == draw_id), None)
        if draws.is_off(slot, now) or any(draw.closed_at for draw in involved):
            raise refusals.Closed
        if new is not None and slot.starts_at <= new.closes_at:
            raise refusals.Closed
        put_in(slot, new)
        details = {"draw": new.slug if new is not None else ""}
        log.record(session, "choose_mode", by=by, at=now, slot_id=slot_id, details=details)


def put_in(slot: Slot, draw: Draw | None) -> None:
    """A slot of a draw opens and closes with it."""
    slot.draw, slot.mode = draw, SlotMode.FIRST_COME if draw is None else SlotMode.DRAW
    slot.closes_at = draw.closes_at if draw is not None else None
    if draw is not None:
        slot.opens_at = draw.opens_at


def is_taken(session: Session, slot: Slot) -> bool:
    booked = exists().where(Booking.slot_id == slot.id, Booking.status.in_(ACTIVE))
    wished = exists().where(DrawWish.slot_id == slot.id)
    return bool(session.scalar(select(booked | wished)))


def has_entries(session: Session, draw: Draw) -> bool:
    return bool(session.scalar(select(exists().where(DrawEntry.draw_id == draw.id))))
