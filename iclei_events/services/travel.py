"""How long it takes from one venue to another: from a table, else from the distance and stated speeds.

Pure: ``services.roads`` reads what it needs. What nobody can know is None, so that nobody is warned without a reason.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from math import asin, ceil, cos, radians, sin, sqrt
from typing import Final

from iclei_events.models import Way

EARTH_KM: Final = 6371.0

STREET_FACTOR: Final = 1.3
"""Streets are so much longer than the straight line: between 1.2 and 1.4 in European cities."""

KM_PER_HOUR: Final[Mapping[Way, float]] = {
    Way.FOOT: 4.5,  # with children; a grown-up alone walks 5
    Way.BICYCLE: 15.0,  # everyday cycling in a city, crossings included
    Way.BUS: 18.0,  # a city bus with its stops
    Way.WHEELCHAIR: 4.0,  # by hand, kerbs and crossings included
}
MINUTES_BEFORE: Final[Mapping[Way, int]] = {
    Way.FOOT: 0,
    Way.BICYCLE: 3,  # to unlock it and to park it
    Way.BUS: 12,  # to the stop, half of a ten minutes' interval, from the stop
    Way.WHEELCHAIR: 0,
}
BOARDING: Final = 5
"""What a bus takes more in a wheelchair: the ramp, and now and then the next bus because the place is taken."""

USUAL_WAY: Final = Way.BUS
"""For who has not said how they go: by bus, or on foot where that is quicker."""


@dataclass(frozen=True, slots=True)
class Leg:
    """The way between two venues: so many minutes, going so."""

    minutes: int
    way: Way


Point = tuple[float, float]
"""Latitude and longitude in degrees."""


@dataclass(frozen=True, slots=True)
class Roads:
    """Where the venues are, by their ids, and the travel times that somebody has written down."""

    points: Mapping[int, Point] = field(default_factory=dict)
    table: Mapping[tuple[int, int, Way], int] = field(default_factory=dict)

    def leg(self, start: int | None, end: int | None, wish: Way) -> Leg | None:
        """The quickest way for who would rather go by ``wish``; None where it is not known.

        Nobody waits for a bus where walking is quicker, and a wheelchair may go by bus.
        """
        if start is None or end is None:
            return None
        legs = [self._plain(start, end, wish)]
        if wish is Way.BUS:
            legs.append(self._plain(start, end, Way.FOOT))
        if wish is Way.WHEELCHAIR:
            by_bus = self._plain(start, end, Way.BUS)
            legs.append(Leg(by_bus.minutes + BOARDING, wish) if by_bus is not None else None)
        return _quickest(legs)

    def quickest(self, start: int | None, end: int | None) -> Leg | None:
        """The quickest of all ways: who cannot make it by that cannot make it."""
        return _quickest([self.leg(start, end, way) for way in Way])

    def _plain(self, start: int, end: int, way: Way) -> Leg | None:
        if start == end:
            return Leg(0, way)
        known = self.table.get((start, end, way), self.table.get((end, start, way)))
        if known is not None:
            return Leg(known, way)
        if start not in self.points or end not in self.points:
            return None
        kilometres = distance(self.points[start], self.points[end]) * STREET_FACTOR
        return Leg(ceil(MINUTES_BEFORE[way] + kilometres / KM_PER_HOUR[way] * 60), way)


def _quickest(legs: list[Leg | None]) -> Leg | None:
    return min((leg for leg in legs if leg is not None), key=lambda leg: leg.minutes, default=None)


def distance(start: Point, end: Point) -> float:
    """Kilometres along the great circle (haversine)."""
    (south, west), (north, east) = ((radians(angle) for angle in point) for point in (start, end))
    half = sin((north - south) / 2) ** 2 + cos(south) * cos(north) * sin((east - west) / 2) ** 2
    return 2 * EARTH_KM * asin(sqrt(min(1.0, half)))
