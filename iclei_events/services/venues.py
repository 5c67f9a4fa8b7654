"""The places where things happen, to choose from."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import joinedload

from iclei_events.db import db
from iclei_events.models import Venue


def all_with_rooms() -> list[Venue]:
    """Every venue with its rooms, by its name in Swedish."""
    found = db.session.scalars(select(Venue).options(joinedload(Venue.rooms))).unique().all()
    return sorted(found, key=lambda venue: venue.name.sv.casefold())
