"""The draws of a content pack. What was promised to those who have entered stays as it was."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import select

from iclei_events import clock
from iclei_events.models import Draw, Event, Slot
from iclei_events.services import draw_setup
from iclei_events.services.content.schema import DrawPart, Pack, SlotPart
from iclei_events.services.content.tally import Tally, columns

_ANNOUNCED = ("public_source", "opens_at", "closes_at")


def load_draws(tally: Tally, event: Event, pack: Pack) -> dict[str | None, Draw]:
    """Store the draws of a pack; every draw of the event by its slug. Draws that are gone from the pack stay."""
    for part in pack.draws:
        _load_draw(tally, event, part)
    tally.session.flush()
    return {draw.slug: draw for draw in tally.session.scalars(select(Draw).where(Draw.event == event))}


def _load_draw(tally: Tally, event: Event, part: DrawPart) -> None:
    values = columns(part) | {"event": event}
    for name in ("opens_at", "closes_at"):
        values[name] = values[name].replace(tzinfo=event.zone)
    draw = tally.session.scalar(select(Draw).where(Draw.slug == part.slug))
    if draw is None:
        draw = draw_setup.with_secret(Draw(), now=clock.now())
    elif draw.closed_at is not None or draw_setup.has_entries(tally.session, draw):
        if any(getattr(draw, name) != values[name] for name in _ANNOUNCED):
            tally.kept.append(f"the draw {draw.slug} keeps its times and its public source, since it has entries")
        values = {name: value for name, value in values.items() if name not in _ANNOUNCED}
    tally.put(draw, values)


def window_of(part: SlotPart, slot: Slot | None, draws: Mapping[str | None, Draw]) -> dict[str, Any]:
    """What a draw says about its slot. Once the lots are drawn the slot is first come and stays as it is."""
    draw = draws.get(part.draw)
    if draw is None:
        return {"mode": part.mode, "draw": None}
    if slot is not None and slot.draw is draw and draw.drawn_at is not None:
        return {"mode": slot.mode, "draw": draw, "opens_at": slot.opens_at, "closes_at": slot.closes_at}
    return {"mode": part.mode, "draw": draw, "opens_at": draw.opens_at, "closes_at": draw.closes_at}
