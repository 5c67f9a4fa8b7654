"""When two times cannot both be kept, and for whom."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from iclei_events.db import db, transaction
from iclei_events.models import Booking, Way
from iclei_events.services import attendees, changes, own_times
from iclei_events.services.booking_rows import Contact
from iclei_events.services.clashes import between, nearest_that_fits, people_of
from iclei_events.services.travel import Leg, Roads
from tests import scenes

HERE, THERE = 1, 2
ROADS = Roads({}, {(HERE, THERE, way): minutes for way, minutes in zip(Way, (60, 20, 30, 45), strict=True)})
STOCKHOLM = ZoneInfo("Europe/Stockholm")
NINE = datetime(2022, 5, 14, 9, 0, tzinfo=UTC)


class Stay(NamedTuple):
    starts_at: datetime
    ends_at: datetime
    venue_id: int | None


def stay(starts: datetime, minutes: int = 60, venue: int | None = HERE) -> Stay:
    return Stay(starts, starts + timedelta(minutes=minutes), venue)


def later(minutes: int) -> datetime:
    return NINE + timedelta(minutes=minutes)


def test_what_begins_before_the_other_ends_overlaps() -> None:
    gap = between(stay(NINE), stay(later(59), venue=THERE), ROADS, Way.BUS)
    assert (gap.overlaps, gap.is_tight, gap.is_clash, gap.minutes) == (True, False, True, None)


def test_less_time_than_the_way_takes_is_tight_and_says_both() -> None:
    gap = between(stay(NINE), stay(later(75), venue=THERE), ROADS, Way.BUS)
    assert (gap.is_tight, gap.minutes, gap.leg) == (True, 15, Leg(30, Way.BUS))


def test_just_as_much_time_as_the_way_takes_is_enough() -> None:
    assert not between(stay(NINE), stay(later(90), venue=THERE), ROADS, Way.BUS).is_clash
    assert between(stay(NINE), stay(later(89), venue=THERE), ROADS, Way.BUS).is_tight


@pytest.mark.parametrize(("way", "clashes_"), [(Way.FOOT, True), (Way.BICYCLE, False), (Way.WHEELCHAIR, True)])
def test_how_somebody_goes_decides(way: Way, clashes_: bool) -> None:
    roads = Roads({}, {(HERE, THERE, Way.FOOT): 60, (HERE, THERE, Way.BICYCLE): 20, (HERE, THERE, Way.WHEELCHAIR): 45})
    assert between(stay(NINE), stay(later(85), venue=THERE), roads, way).is_clash is clashes_


def test_without_a_way_of_ones_own_the_quickest_counts() -> None:
    assert between(stay(NINE), stay(later(80), venue=THERE), ROADS, None).leg == Leg(20, Way.BICYCLE)


def test_one_after_the_other_at_the_same_place_is_no_clash() -> None:
    assert not between(stay(NINE), stay(later(60)), ROADS, Way.FOOT).is_clash


@pytest.mark.parametrize("elsewhere", [None, 99])
def test_where_the_way_is_not_known_only_an_overlap_is_a_clash(elsewhere: int | None) -> None:
    assert not between(stay(NINE), stay(later(60), venue=elsewhere), ROADS, Way.FOOT).is_clash
    assert between(stay(NINE), stay(later(30), venue=elsewhere), ROADS, Way.FOOT).overlaps


def test_the_hour_that_clocks_leave_out_is_no_hour_of_time() -> None:
    """27 March 2022: clocks go from 02:00 to 03:00."""
    before = datetime(2022, 3, 27, 0, 50, tzinfo=STOCKHOLM)
    after = datetime(2022, 3, 27, 3, 10, tzinfo=STOCKHOLM)
    first = Stay(before.astimezone(UTC), before.astimezone(UTC) + timedelta(hours=1), HERE)
    gap = between(first, Stay(after.astimezone(UTC), after.astimezone(UTC) + timedelta(hours=1), THERE), ROADS, Way.BUS)
    assert (gap.minutes, gap.is_tight) == (20, True)


def test_the_hour_that_comes_twice_is_one_hour_more() -> None:
    """30 October 2022: 02:30 comes twice."""
    first = datetime(2022, 10, 30, 2, 0, tzinfo=STOCKHOLM).astimezone(UTC)
    again = datetime(2022, 10, 30, 2, 30, tzinfo=STOCKHOLM, fold=1).astimezone(UTC)
    assert between(stay(first, 30), stay(again, venue=THERE), ROADS, Way.BUS).minutes == 60


def test_midnight_is_a_moment_like_others() -> None:
    late = datetime(2022, 5, 14, 23, 30, tzinfo=STOCKHOLM).astimezone(UTC)
    assert between(stay(late, 45), stay(late + timedelta(minutes=40)), ROADS, Way.BUS).overlaps
    assert between(stay(late, 20), stay(late + timedelta(minutes=40), venue=THERE), ROADS, Way.BUS).minutes == 20


def test_the_nearest_time_that_fits_is_offered_the_earlier_of_two_alike() -> None:
    kept = [stay(NINE, venue=THERE)]
    times = [stay(later(minutes)) for minutes in (-240, -120, 60, 120, 240)]
    assert nearest_that_fits(stay(NINE), times, kept, ROADS, Way.BUS) == times[1]
    assert nearest_that_fits(stay(NINE), times[2:3], kept, ROADS, Way.BUS) is None


CLOCKS_GO_FORWARD = datetime(2022, 3, 27, 1, 0, tzinfo=UTC)

starts = st.integers(-1440, 1440).map(lambda minutes: CLOCKS_GO_FORWARD + timedelta(minutes=minutes))
stays = st.builds(stay, starts, st.integers(1, 300), st.sampled_from([None, HERE, THERE, 99]))
ways = st.sampled_from([None, *Way])


@given(stays, stays, ways)
def test_a_clash_is_one_whichever_of_the_two_is_asked_about(one: Stay, other: Stay, way: Way | None) -> None:
    assert between(one, other, ROADS, way) == between(other, one, ROADS, way)


@given(stays, stays, ways)
def test_it_is_never_tight_at_one_place_nor_where_nothing_is_known(one: Stay, other: Stay, way: Way | None) -> None:
    gap = between(one, other, ROADS, way)
    if one.venue_id == other.venue_id or {one.venue_id, other.venue_id} != {HERE, THERE}:
        assert not gap.is_tight
    assert gap.minutes is None or gap.minutes >= 0


@given(stays, st.lists(stays, max_size=6), st.lists(stays, max_size=3), ways)
def test_what_is_offered_instead_clashes_with_nothing(
    wished: Stay, times: list[Stay], kept: list[Stay], way: Way | None
) -> None:
    found = nearest_that_fits(wished, times, kept, ROADS, way)
    fitting = [time for time in times if not any(between(time, one, ROADS, way).is_clash for one in kept)]
    assert (found in fitting) if fitting else (found is None)


# Whose times they are


def two_bookings(*names: str) -> list[Booking]:
    """Of one slot each, at the same time, by the people named."""
    answers = [scenes.book(scenes.make_slot(), name, adults=2) for name in names]
    return [scenes.booking(answer) for answer in answers]


@pytest.mark.usefixtures("app_context")
class TestPeople:
    def test_whoever_booked_both_is_in_both(self) -> None:
        first, second = two_bookings("Amira", "Amira")
        assert people_of(first) & people_of(second)

    def test_different_people_are_no_clash_for_each_other(self) -> None:
        first, second = two_bookings("Amira", "Boris")
        assert not people_of(first) & people_of(second)

    def test_whoever_does_not_come_along_is_not_in_the_party(self) -> None:
        slot = scenes.make_slot()
        answer = scenes.book(slot, "Amira", adults=2)
        details = attendees.Details("Amira", None, "sv", comes_along=False)
        attendees.change_contact(answer.reference, details)
        assert people_of(scenes.booking(answer)) == frozenset()

    def test_the_same_name_on_a_place_is_the_same_person_however_it_is_written(self) -> None:
        answers = [scenes.book(scenes.make_slot(), name, adults=2) for name in ("Amira", "Boris")]
        for answer, name in zip(answers, ("Sami  Berg", "sami berg"), strict=True):
            attendees.name_places(answer.reference, {2: name})
        first, second = (scenes.booking(answer) for answer in answers)
        assert people_of(first) & people_of(second) == {"sami berg"}

    def test_a_place_that_was_given_back_is_nobodys(self) -> None:
        answer = scenes.book(scenes.make_slot(), "Amira", adults=2)
        attendees.name_places(answer.reference, {2: "Sami"})
        changes.give_back(answer.reference, 2)
        assert "sami" not in people_of(scenes.booking(answer))

    def test_only_what_holds_places_and_is_still_to_come_counts(self) -> None:
        held, cancelled = (scenes.book(scenes.make_slot(), "Amira") for _ in range(2))
        changes.cancel(cancelled.reference)
        full = scenes.make_slot(capacity=1)
        scenes.book(full, "Boris")
        waiting = scenes.book(full, "Amira")
        over = scenes.book(scenes.make_slot(), "Amira")
        with transaction() as session:
            slot = session.get_one(Booking, scenes.booking(over).id).slot
            slot.starts_at, slot.ends_at = (slot.starts_at - timedelta(days=60), slot.ends_at - timedelta(days=60))
        found = own_times.of_references([answer.reference for answer in (held, cancelled, waiting, over)])
        assert [booking.reference for booking in found] == [held.reference]

    def test_of_an_address_all_at_an_event_are_found_and_of_no_address_none(self) -> None:
        first, second = scenes.make_departures(5, 5)
        held = [scenes.book(slot, "Amira").reference for slot in (first, second)]
        for other, name in ((scenes.make_slot(), "Amira"), (first, "Boris")):
            scenes.book(other, name)
        session, event_id = db.session(), scenes.slot_now(first).event_id
        amira, nobody = scenes.contact("Amira"), Contact("Nobody", "", "")
        assert [one.reference for one in own_times.of_contact(session, amira, event_id)] == held
        assert own_times.of_contact(session, nobody, event_id) == []

    def test_near_a_booking_are_those_of_its_address_at_all_events_but_none_a_day_apart(self) -> None:
        own, near = scenes.make_slot(), scenes.make_slot()
        far = scenes.make_slot(starts_at=own.starts_at + timedelta(days=3), ends_at=own.ends_at + timedelta(days=3))
        answers = [scenes.book(slot, "Amira") for slot in (own, own, near, far)]
        scenes.book(near, "Boris")
        assert [one.reference for one in own_times.near(scenes.booking(answers[0]))] == [answers[2].reference]
