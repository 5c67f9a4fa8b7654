"""How often what public pages show has changed: cheap to ask, and different after every change."""

from __future__ import annotations

from sqlalchemy import func, select

from iclei_events.db import db
from iclei_events.models import Event, Signatory, SignatoryStatus, Slot

Revision = tuple[int, ...]


def current() -> Revision:
    """Numbers that differ from those before as soon as a text, a counter or the register has changed; one query."""
    published = Signatory.status == SignatoryStatus.PUBLISHED
    row = db.session.execute(
        select(
            select(func.coalesce(func.sum(Slot.revision), 0)).scalar_subquery(),
            select(func.count(Slot.id)).scalar_subquery(),
            select(func.coalesce(func.sum(Event.content_revision), 0)).scalar_subquery(),
            select(func.count(Event.id)).scalar_subquery(),
            select(func.count(Signatory.id)).where(published).scalar_subquery(),
            select(func.coalesce(func.max(Signatory.id), 0)).where(published).scalar_subquery(),
        )
    ).one()
    return tuple(int(number) for number in row)
