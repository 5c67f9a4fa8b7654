"""The travel times of a content pack. Those that are gone from the pack stay: other events may use the venues too."""

from __future__ import annotations

from sqlalchemy import select

from iclei_events.models import TravelTime, Venue
from iclei_events.services.content.schema import Pack
from iclei_events.services.content.tally import Tally


def load_travel_times(tally: Tally, pack: Pack) -> None:
    """Store them; the venues stand in the session."""
    tally.session.flush()
    ids = {slug: number for number, slug in tally.session.execute(select(Venue.id, Venue.slug))}
    known = {(row.from_venue_id, row.to_venue_id, row.way): row for row in tally.session.scalars(select(TravelTime))}
    for part in pack.travel_times:
        trip = ids[part.start], ids[part.to], part.way
        values = {"from_venue_id": trip[0], "to_venue_id": trip[1], "way": part.way, "minutes": part.minutes}
        tally.put(known.get(trip) or TravelTime(), values)
