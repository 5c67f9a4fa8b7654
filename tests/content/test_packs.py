"""What the five packs promise: enough to come to, in both languages, and honest about what is an example."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from datetime import date, datetime
from itertools import combinations
from typing import Any

import pytest

from iclei_events.config import ROOT
from iclei_events.models import ActivityKind, Audience, SlotMode
from iclei_events.services.content.schema import ActivityPart, Pack, SlotPart
from iclei_events.services.content.validating import read_pack
from iclei_events.services.content.values import Part, Text

PACKS = {file.stem: read_pack(file) for file in sorted((ROOT / "iclei_events" / "content").glob("*.yaml"))}
SUMMIT = PACKS["malmo-summit"]
CONGRESS_DAYS = {date(2022, 5, 11), date(2022, 5, 12), date(2022, 5, 13)}
RESIDENTS_DAY = date(2022, 5, 14)
BESIDE_THE_PROGRAMME = {"mobile_workshop", "social", "networking"}
TOURS = {each.slug: each for each in SUMMIT.activities if each.kind is ActivityKind.STUDY_TOUR}

_MAY_BE_EQUAL = re.compile(
    r"ICLEI World Congress 2021–2022: (The Malmö Summit|Virtual Launch)|Malmö Summit|Sustainability\. Together\.|"
    r"Malmö( Live)?|Virtual Launch 2021|EcoProcura 2012|ALLIANCE|Malmö Commitment on Inclusive & Equitable Communities|"
    r"Botildenborg|Hyllie|Sege Park|Scaniaplatsen|Social integration|Panel"
)


def sessions_of_the_congress() -> list[ActivityPart]:
    return [
        each
        for each in SUMMIT.activities
        if each.kind is ActivityKind.SESSION
        and each.format not in BESIDE_THE_PROGRAMME
        and any(slot.starts_at.date() in CONGRESS_DAYS for slot in each.slots)
    ]


def texts(part: Any, path: str = "") -> Iterator[tuple[str, Text]]:
    if isinstance(part, Text):
        yield path, part
    elif isinstance(part, Part):
        for name, value in part:
            yield from texts(value, f"{path}.{name}")
    elif isinstance(part, tuple):
        for number, value in enumerate(part):
            yield from texts(value, f"{path}.{getattr(value, 'slug', number)}")


def slots(pack: Pack) -> list[tuple[ActivityPart, SlotPart]]:
    return [(activity, slot) for activity in pack.activities for slot in activity.slots]


def overlap(one: SlotPart, other: SlotPart) -> bool:
    return one.starts_at < other.ends_at and other.starts_at < one.ends_at


def test_there_is_a_pack_for_each_event() -> None:
    assert set(PACKS) == {"malmo-summit", "virtual-launch", "road-to-malmo", "ecoprocura-2012", "alliance-sprints"}
    assert all(pack.event.slug == name for name, pack in PACKS.items())


def test_the_congress_has_at_least_36_sessions_without_workshops_on_the_move() -> None:
    assert len(sessions_of_the_congress()) >= 36
    assert sum(each.format == "mobile_workshop" for each in SUMMIT.activities) == 7


def test_the_three_themes_are_roughly_balanced() -> None:
    count = Counter(each.theme for each in sessions_of_the_congress() if each.theme)
    assert set(count) == {"climate-neutral", "resilient-healthy", "equitable-inclusive"}
    assert max(count.values()) - min(count.values()) <= 2


def test_every_sourced_session_speaker_and_signatory_is_there() -> None:
    sourced = [each for each in SUMMIT.activities if each.kind is not ActivityKind.PARTY and not each.illustrative]
    assert len(sourced) == 24 + 7 + 4
    assert len({speaker.slug for pack in PACKS.values() for speaker in pack.speakers}) == 69
    assert Counter(each.standing for each in SUMMIT.signatories) == {
        "early_adopter": 8, "reported": 3, "announced_before": 2,
    }  # fmt: skip
    others = {name: len(pack.activities) for name, pack in PACKS.items() if pack is not SUMMIT}
    assert others == {"virtual-launch": 6, "road-to-malmo": 4, "ecoprocura-2012": 14 + 4, "alliance-sprints": 3}


@pytest.mark.parametrize("tour", ["vastra-hamnen", "botildenborg", "siptex", "hyllie"])
def test_a_tour_leaves_at_least_three_times_in_swedish_and_english(tour: str) -> None:
    residents = [slot for slot in TOURS[tour].slots if slot.starts_at.date() == RESIDENTS_DAY]
    departures = [slot for slot in residents if slot.mode is not SlotMode.DRAW]
    assert len(departures) >= 3
    assert {"sv", "en"} <= {code for slot in departures for code in slot.languages}
    assert all(slot.capacity is not None and 20 <= slot.capacity <= 30 for slot in departures)
    assert all(slot.meeting_point and slot.mode is SlotMode.FIRST_COME for slot in departures)


def test_booking_of_the_residents_day_opens_at_nine_but_for_one_departure_at_noon() -> None:
    residents = [slot for activity, slot in slots(SUMMIT) if activity.audience is Audience.EVERYONE]
    opening = {slot.slug: slot.opens_at for slot in residents if slot.mode is not SlotMode.DRAW}
    assert opening.pop("hyllie-1500") == datetime(2022, 5, 2, 12, 0)  # noqa: DTZ001  a pack's times are local
    assert set(opening.values()) == {datetime(2022, 5, 2, 9, 0)}  # noqa: DTZ001
    assert len(opening) == 12


def test_the_lots_of_the_evening_tours_are_drawn_from_a_source_that_nobody_knows_at_closing() -> None:
    (draw,) = SUMMIT.draws
    drawn = [slot for _, slot in slots(SUMMIT) if slot.mode is SlotMode.DRAW]
    assert {slot.draw for slot in drawn} == {draw.slug}
    assert [(slot.capacity, slot.illustrative) for slot in drawn] == [(20, True)] * 3
    assert draw.opens_at == datetime(2022, 5, 2, 9, 0)  # noqa: DTZ001  a pack's times are local
    assert draw.closes_at == datetime(2022, 5, 4, 17, 0)  # noqa: DTZ001  before that evening's numbers


def test_the_party_is_booked_like_a_tour_and_nothing_is_said_of_its_price() -> None:
    (party,) = [each for each in SUMMIT.activities if each.kind is ActivityKind.PARTY]
    (slot,) = party.slots
    assert (slot.capacity, slot.mode, party.max_party) == (400, SlotMode.FIRST_COME, 6)
    words = " ".join(f"{text.sv} {text.en}" for _, text in texts(party)).casefold()
    assert not re.search(r"gratis|kostnadsfri|free|pris|price|krona|kronor|cost", words)


def test_no_room_is_used_twice_at_the_same_time() -> None:
    for pack in PACKS.values():
        in_rooms = [slot for _, slot in slots(pack) if slot.room]
        twice = [
            (one.slug, other.slug)
            for one, other in combinations(in_rooms, 2)
            if (one.venue, one.room) == (other.venue, other.room) and overlap(one, other)
        ]
        assert twice == []


def test_a_room_has_a_seat_for_each_place() -> None:
    seats = {(venue.slug, room.slug): room.seats for venue in SUMMIT.venues for room in venue.rooms}
    for _, slot in slots(SUMMIT):
        most = seats.get((slot.venue or "", slot.room or ""))
        assert most is None or slot.capacity is None or slot.capacity <= most, slot.slug


def test_nothing_else_is_on_during_a_plenary_and_nothing_is_booked_over_lunch() -> None:
    programme = [(each, slot) for each in sessions_of_the_congress() for slot in each.slots]
    lunches = [slot for _, slot in slots(SUMMIT) if slot.slug.endswith("-1215")]
    assert len(lunches) == 3
    for activity, slot in programme:
        assert not any(overlap(slot, lunch) for lunch in lunches), slot.slug
        if activity.format == "plenary":
            assert [other.slug for _, other in programme if overlap(slot, other)] == [slot.slug]


def test_every_text_is_in_both_languages_and_translated() -> None:
    same = [
        f"{name}{path}: {text.sv}"
        for name, pack in PACKS.items()
        for path, text in texts(pack)
        if text.sv == text.en and not _MAY_BE_EQUAL.fullmatch(text.sv)
    ]
    assert same == []


def test_what_has_no_source_is_marked_as_an_example_and_names_nobody() -> None:
    for pack in PACKS.values():
        for activity in pack.activities:
            assert activity.illustrative == (not activity.sources), activity.slug
            if activity.illustrative:
                assert activity.speakers == ()
                assert all(slot.illustrative for slot in activity.slots)


def test_all_slots_of_the_summit_are_marked_since_no_source_gives_time_room_and_places() -> None:
    assert [slot.slug for _, slot in slots(SUMMIT) if not slot.illustrative] == []


def test_a_slot_of_another_event_is_marked_where_the_source_gives_no_start_or_no_end() -> None:
    marked = {
        slot.slug for name, pack in PACKS.items() if pack is not SUMMIT for _, slot in slots(pack) if slot.illustrative
    }
    assert marked == {
        "rtm-first-1500",
        "sw2012-clicc-17-0900", "sw2012-clicc-18-0900", "sw2012-co2ol-bricks-17-0900",
        "sw2012-covenant-capacity-18-0900", "sw2012-covenant-capacity-19-0900",
        "eco-s1-1350", "eco-reception-1700", "eco-s4-1115", "eco-b-social-1400", "eco-b-networks-1400",
        "eco-dinner-1930", "eco-s10-1130", "eco-visit-housing-1400",
        "alliance-sprint-2-08-0900", "alliance-sprint-2-09-0900",
    }  # fmt: skip


def test_rooms_are_marked_but_for_the_one_a_source_names() -> None:
    rooms = [room for venue in SUMMIT.venues for room in venue.rooms]
    assert [room.name for room in rooms if not room.illustrative] == ["High Live 4"]


def test_the_other_events_take_no_bookings() -> None:
    modes = {slot.mode for name, pack in PACKS.items() if pack is not SUMMIT for _, slot in slots(pack)}
    assert modes == {SlotMode.OPEN}


def test_who_and_where_is_the_same_in_every_pack() -> None:
    seen: dict[tuple[str, str], Any] = {}
    for pack in PACKS.values():
        for kind, entries in (("speaker", pack.speakers), ("venue", pack.venues)):
            for entry in entries:
                assert seen.setdefault((kind, entry.slug), entry) == entry
