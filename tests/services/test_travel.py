"""How long the way takes: stated speeds, a table that knows better, and nothing where nothing is known."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from iclei_events.models import Way
from iclei_events.services.travel import BOARDING, Leg, Roads, distance

MALMO_LIVE, BOTILDENBORG, NEXT_DOOR, NOWHERE = 1, 2, 3, 4
POINTS = {MALMO_LIVE: (55.6075, 12.9935), BOTILDENBORG: (55.588, 13.04), NEXT_DOOR: (55.6085, 12.9935)}
ROADS = Roads(POINTS)

latitudes, longitudes = st.floats(-89, 89), st.floats(-180, 180)
points = st.tuples(latitudes, longitudes)


@pytest.mark.parametrize(
    ("way", "minutes"), [(Way.FOOT, 64), (Way.BICYCLE, 22), (Way.BUS, 28), (Way.WHEELCHAIR, 28 + BOARDING)]
)
def test_the_way_from_malmo_live_to_botildenborg_takes_what_the_stated_speeds_say(way: Way, minutes: int) -> None:
    leg = ROADS.leg(MALMO_LIVE, BOTILDENBORG, way)
    assert leg is not None
    assert (leg.minutes, leg.way) == (minutes, way)


def test_nobody_waits_for_a_bus_where_walking_is_quicker() -> None:
    assert ROADS.leg(MALMO_LIVE, NEXT_DOOR, Way.BUS) == Leg(2, Way.FOOT)


def test_a_wheelchair_rolls_where_that_is_quicker_than_the_bus() -> None:
    assert ROADS.leg(MALMO_LIVE, NEXT_DOOR, Way.WHEELCHAIR) == Leg(3, Way.WHEELCHAIR)


@pytest.mark.parametrize("way", list(Way))
def test_the_way_to_where_one_is_takes_no_time_even_without_coordinates(way: Way) -> None:
    assert ROADS.leg(NOWHERE, NOWHERE, way) == Leg(0, way if way is not Way.BUS else Way.BUS)


@pytest.mark.parametrize("trip", [(MALMO_LIVE, NOWHERE), (NOWHERE, MALMO_LIVE), (None, MALMO_LIVE), (None, None)])
def test_what_nobody_can_know_is_not_said(trip: tuple[int | None, int | None]) -> None:
    assert ROADS.leg(*trip, Way.FOOT) is None
    assert ROADS.quickest(*trip) is None


def test_the_table_overrides_the_distance_in_both_directions() -> None:
    roads = Roads(POINTS, {(MALMO_LIVE, BOTILDENBORG, Way.BUS): 25})
    assert roads.leg(MALMO_LIVE, BOTILDENBORG, Way.BUS) == Leg(25, Way.BUS)
    assert roads.leg(BOTILDENBORG, MALMO_LIVE, Way.BUS) == Leg(25, Way.BUS)
    assert roads.leg(BOTILDENBORG, MALMO_LIVE, Way.WHEELCHAIR) == Leg(25 + BOARDING, Way.WHEELCHAIR)


def test_a_direction_of_its_own_in_the_table_counts_for_itself() -> None:
    roads = Roads({}, {(MALMO_LIVE, NOWHERE, Way.FOOT): 10, (NOWHERE, MALMO_LIVE, Way.FOOT): 15})
    assert roads.leg(MALMO_LIVE, NOWHERE, Way.FOOT) == Leg(10, Way.FOOT)
    assert roads.leg(NOWHERE, MALMO_LIVE, Way.FOOT) == Leg(15, Way.FOOT)


def test_the_quickest_of_all_ways_is_what_nobody_can_beat() -> None:
    assert ROADS.quickest(MALMO_LIVE, BOTILDENBORG) == Leg(22, Way.BICYCLE)


@given(points, points)
def test_a_distance_is_the_same_there_and_back_and_never_more_than_half_round_the_earth(
    here: tuple[float, float], there: tuple[float, float]
) -> None:
    assert distance(here, there) == pytest.approx(distance(there, here))
    assert 0 <= distance(here, there) <= 20_016
