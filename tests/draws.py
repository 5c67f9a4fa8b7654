"""Small draws for tests: a draw over a few slots of one tour, and parties that enter it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import undefer

from iclei_events import clock
from iclei_events.db import db, transaction
from iclei_events.models import BookingStatus, Draw, DrawEntry, Slot
from iclei_events.services import draw_entries, draw_file, draw_results, draw_setup, log
from iclei_events.services.booking_rows import Party
from iclei_events.services.draw_entries import Answer
from iclei_events.services.draw_results import Summary
from tests import scenes

_numbers = count(1)

OPENS_AT = datetime(2022, 5, 2, 7, 0, tzinfo=UTC)
CLOSES_AT = datetime(2022, 5, 4, 10, 0, tzinfo=UTC)
DRAWN_AT = CLOSES_AT + timedelta(hours=6)
VALUE = "3 14 15 92 65 35 8"


def make_draw(capacities: Sequence[int] = (5,), **fields: Any) -> Draw:
    """A draw that is open at the demo's time, over one slot for each capacity, two hours apart."""
    first = scenes.make_slot(capacity=capacities[0], **fields)
    number = next(_numbers)
    with transaction() as session:
        slot = session.get_one(Slot, first.id)
        draw = Draw(
            event_id=slot.activity.event_id, slug=f"draw-{number}", title=scenes.both("The draw"),
            public_source=scenes.both("Lotto of 4 May"), opens_at=OPENS_AT, closes_at=CLOSES_AT,
        )  # fmt: skip
        session.add(draw_setup.with_secret(draw, now=clock.now()))
        draw_setup.put_in(slot, draw)
        for nth, capacity in enumerate(capacities[1:], 1):
            later = timedelta(hours=2 * nth)
            other = Slot(
                activity=slot.activity, slug=f"{slot.slug}-{nth}", starts_at=slot.starts_at + later,
                ends_at=slot.ends_at + later, languages=["en"], capacity=capacity,
            )  # fmt: skip
            session.add(other)
            draw_setup.put_in(other, draw)
        session.flush()
        draw_id = draw.id
    return draw_now(draw_id)


def draw_now(draw: Draw | int) -> Draw:
    """The draw with its slots as the database has them now, detached so that threads may name it."""
    draw_id = draw if isinstance(draw, int) else draw.id
    db.session.rollback()
    db.session.expire_all()
    # Afresh: a draw that the session still knows would come without its large columns.
    large = [undefer(Draw.entry_list), undefer(Draw.published)]
    found = db.session.get_one(Draw, draw_id, options=large, populate_existing=True)
    for slot in found.slots:
        slot.activity.event.zone  # noqa: B018  loaded before it is let go
    db.session.expunge_all()
    db.session.rollback()
    return found


def enter(
    draw: Draw, name: str, adults: int = 1, children: int = 0, wishes: Sequence[int] = (0,), **options: Any
) -> Answer:
    """Enter as a resident called ``name``; ``wishes`` are numbers of the draw's slots, the dearest first."""
    options = {"language": "sv", "key": f"key-of-{name}-{next(_numbers)}", **options}
    contact = options.pop("contact", None) or scenes.contact(name)
    slugs = [draw.slots[number].slug for number in wishes]
    return draw_entries.enter(draw.id, slugs, party=Party(adults, children), contact=contact, **options)


def entry(answer: Answer | str) -> DrawEntry:
    booking = scenes.booking(answer if isinstance(answer, str) else answer.reference)
    return db.session.scalars(select(DrawEntry).where(DrawEntry.booking_id == booking.id)).one()


def status(answer: Answer) -> BookingStatus:
    return scenes.booking(answer.reference).status


def in_drawn_order(answers: Sequence[Answer]) -> list[Answer]:
    return sorted(answers, key=lambda answer: entry(answer).position or 0)


def run(draw: Draw, value: str = VALUE) -> Summary:
    """Draw the lots, some hours after closing."""
    if clock.now() < CLOSES_AT:
        clock.freeze(DRAWN_AT)
    return draw_results.run(draw.id, value, by=log.CLI)


def published(draw: Draw) -> dict[str, Any]:
    return draw_file.read(draw_now(draw).published or "")
