"""What can be found on a programme, and what it costs to look."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from flask import Flask

from iclei_events import clock
from iclei_events.db import db, transaction
from iclei_events.i18n import Bilingual
from iclei_events.models import Activity, ActivityKind, Event, SlotState
from iclei_events.services import listing, own_places, programme, revisions, slots
from iclei_events.services.listing import SESSIONS, TOURS, Filters, Listing
from tests import queries, scenes

pytestmark = pytest.mark.usefixtures("app_context")

FIRST_SLOTS = {"vastra-hamnen-0930", "siptex-1030", "hyllie-1100", "botildenborg-1300"}


def read(words: str = "", slug: str = "malmo-summit") -> Listing:
    event = programme.find_event(slug)
    assert event is not None
    return listing.read(event, "sv", words)


def retitle(title: str, search_text: str) -> None:
    with transaction() as session:
        activity = session.query(Activity).filter_by(slug="localising-sdgs").one()
        activity.title = Bilingual(sv=title, en="")
        activity.search_text = search_text


@pytest.mark.usefixtures("summit")
def test_the_whole_programme_is_read_with_one_query_once_its_texts_are_known(app: Flask) -> None:
    event = programme.find_event("malmo-summit")
    assert event is not None
    with queries.noted(app) as first:
        listing.read(event, "sv")
    with queries.noted(app) as statements:
        everything = listing.read(event, "sv")
    assert (len(first), len(statements)) == (3, 1)
    assert len(everything.find(Filters(), SESSIONS)) > 60
    assert len(everything.find(Filters(), TOURS)) == 15


@pytest.mark.usefixtures("summit")
def test_the_summit_has_at_least_36_sessions_on_its_three_days() -> None:
    slots = read().find(Filters(), SESSIONS)
    three_days = {date(2022, 5, day) for day in (11, 12, 13)}
    assert len({slot.activity_id for slot in slots if slot.day in three_days and not slot.is_break}) >= 36


@pytest.mark.usefixtures("summit")
def test_filters_narrow_what_is_found() -> None:
    everything = read()
    for filters, rule in (
        (Filters(day=date(2022, 5, 12)), lambda slot: slot.day == date(2022, 5, 12)),
        (
            Filters(theme="climate-neutral"),
            lambda slot: slot.activity.theme and slot.activity.theme.pictogram == "climate",
        ),
        (Filters(format="workshop"), lambda slot: slot.activity.format == "workshop"),
        (Filters(language="sv"), lambda slot: "sv" in slot.languages),
        (Filters(mode="virtual"), lambda slot: slot.activity.mode in {"virtual", "hybrid"}),
        (Filters(mode="in_person"), lambda slot: slot.activity.mode in {"in_person", "hybrid"}),
    ):
        found = everything.find(filters, SESSIONS)
        assert found
        assert found == [slot for slot in everything.find(Filters(), SESSIONS) if rule(slot)]


@pytest.mark.usefixtures("summit")
def test_a_session_without_a_time_is_found_until_a_day_is_asked_for() -> None:
    everything = read()
    assert [activity.slug for activity in everything.find_timeless(Filters(), SESSIONS)] == ["member-1-to-1"]
    assert everything.find_timeless(Filters(day=date(2022, 5, 12)), SESSIONS) == []


@pytest.mark.usefixtures("summit")
@pytest.mark.parametrize("words", ["malmö commitment", "MALMÖ", "människan i CENTRUM", "dijksma"])
def test_search_finds_title_and_speaker_whatever_the_case(words: str) -> None:
    assert "putting-people-at-the-heart" in {slot.activity.slug for slot in read(words).find(Filters(), SESSIONS)}


@pytest.mark.usefixtures("summit")
@pytest.mark.parametrize("words", ["mobility", "mobilitet"])
def test_search_finds_what_only_the_keywords_name(words: str) -> None:
    found = {slot.activity.slug for slot in read(words).find(Filters(), SESSIONS)}

    assert {"a-city-to-get-around-in", "streets-for-people", "electric-buses", "the-way-to-school"} <= found


@pytest.mark.usefixtures("summit")
def test_search_finds_the_sessions_of_a_theme_by_its_name() -> None:
    found = read("klimatneutral framtid").find(Filters(), SESSIONS)

    assert {"heat-without-smoke", "electric-buses"} <= {slot.activity.slug for slot in found}


@pytest.mark.usefixtures("summit")
@pytest.mark.parametrize("words", ["'; DROP TABLE activity--", "%' OR 1=1", "%_", "_", "\\", '"'])
def test_search_takes_every_sign_literally(words: str) -> None:
    assert read(words).find(Filters(), SESSIONS) == []
    retitle("Femtio", f"femtio {words.casefold()} femtio")
    assert {slot.activity.slug for slot in read(words).find(Filters(), SESSIONS)} == {"localising-sdgs"}


@pytest.mark.usefixtures("summit")
def test_a_text_that_is_missing_in_english_is_shown_in_swedish() -> None:
    retitle("Bara på svenska", "")
    event = programme.find_event("malmo-summit")
    assert event is not None
    titles = {slot.activity.slug: slot.activity.title for slot in listing.read(event, "en").slots}
    assert titles["localising-sdgs"] == "Bara på svenska"
    assert titles["opening-plenary"] == "Opening plenary: our vision for a sustainable urban world"


@pytest.mark.usefixtures("summit")
def test_a_listed_slot_says_the_same_as_the_model() -> None:
    event = programme.find_event("malmo-summit")
    assert event is not None
    for hours in (0, 24 * 9, 24 * 12, 24 * 400):
        moment = clock.now() + timedelta(hours=hours)
        listed = {slot.slug: (slot.state(moment), slot.left) for slot in read().slots}
        assert listed == {slot.slug: (slot.state(moment), slot.left) for slot in slots.of_event(event)}


@pytest.mark.usefixtures("summit")
def test_the_next_departure_of_a_tour_is_its_first() -> None:
    assert {slot.slug for slot in programme.next_departures(read().find(Filters(), TOURS), clock.now())} == FIRST_SLOTS


def test_the_next_departure_is_one_with_room_where_there_is_one() -> None:
    full = scenes.make_slot(capacity=1)
    scenes.book(full, "Amira")
    event_slug = scenes.slot_now(full).activity.event.slug
    with transaction() as session:
        activity = session.get_one(Activity, full.activity_id)
        later = scenes.STARTS_AT + timedelta(hours=2)
        activity.slots.append(
            type(full)(slug="later", starts_at=later, ends_at=later + timedelta(hours=1), languages=[], capacity=3)
        )
    slots = read(slug=event_slug).slots
    assert [slot.state(clock.now()) for slot in slots] == [SlotState.FULL, SlotState.FEW]
    assert [slot.slug for slot in programme.next_departures(slots, clock.now())] == ["later"]
    assert programme.next_departures(slots, later) == []


def test_a_party_that_waits_is_told_its_place_in_line() -> None:
    slot = scenes.make_slot(capacity=2)
    answers = [scenes.book(slot, name, adults=2) for name in ("Amira", "Bo", "Cecilia")]
    places = own_places.find([answer.reference for answer in answers])
    assert [(place.turn, place.is_kept) for place in places] == [(None, True), (1, False), (2, False)]


def test_own_places_cost_one_query_and_none_without_bookings(app: Flask) -> None:
    slot = scenes.make_slot()
    references = [scenes.book(slot, name).reference for name in ("Amira", "Bo", "Cecilia")]
    with queries.noted(app) as statements:
        own_places.find([])
        own_places.find(references)
    assert len(statements) == 1


def test_the_revision_rises_with_every_booking_and_every_text() -> None:
    slot = scenes.make_slot()
    seen = {revisions.current()}
    scenes.book(slot, "Amira")
    seen.add(revisions.current())
    with transaction() as session:
        session.query(Event).one().content_revision += 1
    seen.add(revisions.current())
    db.session.rollback()
    assert len(seen) == 3
    assert revisions.current() in seen


@pytest.mark.usefixtures("summit")
def test_an_activity_is_found_only_among_its_kind() -> None:
    event = programme.find_event("malmo-summit")
    assert event is not None
    assert programme.find_activity(event, "siptex", kinds=TOURS) is not None
    assert programme.find_activity(event, "siptex", kinds=SESSIONS) is None
    party = programme.find_party(event)
    assert party is not None
    assert party.kind is ActivityKind.PARTY
