"""What is known of the ways between venues, read for one decision or page."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from iclei_events.models import TravelTime, Venue, Way
from iclei_events.services.travel import Point, Roads


def read(session: Session) -> Roads:
    """Every venue with coordinates, and every travel time: a city has a few dozen of them."""
    query = select(
        Venue.id, Venue.latitude, Venue.longitude, TravelTime.to_venue_id, TravelTime.way, TravelTime.minutes
    ).outerjoin(TravelTime, TravelTime.from_venue_id == Venue.id)
    points: dict[int, Point] = {}
    table: dict[tuple[int, int, Way], int] = {}
    for start, latitude, longitude, end, way, minutes in session.execute(query):
        if latitude is not None and longitude is not None:
            points[start] = (latitude, longitude)
        if end is not None:
            table[start, end, way] = minutes
    return Roads(points, table)
