"""Rows of a listing: made into values once, and anew when the database says something else."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from iclei_events.db import transaction
from iclei_events.i18n import LANGUAGES, Bilingual
from iclei_events.models import Activity, ActivityKind, Audience, Event, Slot, SlotMode
from iclei_events.services import listing, programme
from iclei_events.services.listed import ListedSlot
from tests import scenes

pytestmark = pytest.mark.usefixtures("app_context")


def listed(slug: str = "malmo-summit") -> dict[str, ListedSlot]:
    event = programme.find_event(slug)
    assert event is not None
    return {slot.slug: slot for slot in listing.read(event, "sv").slots}


@pytest.mark.usefixtures("summit")
def test_a_row_holds_what_the_models_hold() -> None:
    slot = listed()["siptex-1030"]
    assert slot.starts_at == datetime(2022, 5, 14, 8, 30, tzinfo=UTC)
    assert slot.starts_at.tzinfo is UTC
    assert slot.day == datetime(2022, 5, 14, tzinfo=UTC).date()
    assert slot.mode is SlotMode.FIRST_COME
    assert slot.illustrative is True
    assert slot.closes_at == datetime(2022, 5, 14, 6, 30, tzinfo=UTC)
    assert slot.cancelled_at is None
    assert slot.activity.kind is ActivityKind.STUDY_TOUR
    assert slot.activity.audience is Audience.EVERYONE
    assert slot.activity.theme is not None
    assert slot.activity.theme.title == Bilingual(sv="En klimatneutral framtid", en="A climate neutral future")
    assert {type(fact.text) for fact in slot.activity.facts} == {Bilingual}


@pytest.mark.usefixtures("summit")
def test_what_says_the_same_is_not_made_anew() -> None:
    before, after = listed(), listed()
    assert {slug for slug in before if before[slug] is not after[slug]} == set()


def test_a_booking_shows_at_once_and_in_its_own_row_alone() -> None:
    slot = scenes.make_slot(capacity=3)
    event_slug, slug = scenes.slot_now(slot).activity.event.slug, slot.slug
    before = listed(event_slug)
    scenes.book(slot, "Amira", adults=2)
    after = listed(event_slug)
    assert (before[slug].left, after[slug].left) == (3, 1)
    assert {name for name in before if before[name] is not after[name]} == {slug}


@pytest.mark.usefixtures("summit")
def test_a_changed_text_or_time_shows_at_once() -> None:
    listed()
    later = datetime(2022, 5, 14, 9, 0, tzinfo=UTC)
    with transaction() as session:
        session.query(Slot).filter_by(slug="siptex-1030").one().starts_at = later
        session.query(Activity).filter_by(slug="siptex").one().title = Bilingual(sv="Siptex", en="")
        session.query(Event).filter_by(slug="malmo-summit").one().content_revision += 1  # as loading a pack does
    slot = listed()["siptex-1030"]
    assert (slot.starts_at, slot.activity.title) == (later, "Siptex")


def test_a_pack_loaded_between_the_texts_and_the_slots_is_read_whole() -> None:
    """Texts are kept by the revision of an event that was read a moment before its slots."""
    slot = scenes.make_slot()
    event_slug = scenes.slot_now(slot).activity.event.slug
    before = listed(event_slug)
    with transaction() as session:
        event = session.query(Event).filter_by(slug=event_slug).one()
        text = Bilingual(sv="Ny", en="New")
        activity = Activity(event=event, slug="new", kind=ActivityKind.SESSION, title=text, summary=text)
        session.add(Slot(activity=activity, slug="new", starts_at=slot.starts_at, ends_at=slot.ends_at))
    after = listed(event_slug)
    assert set(after) - set(before) == {"new"}
    assert after["new"].activity.title == "Ny"


@pytest.mark.usefixtures("summit")
def test_each_language_has_its_own_texts() -> None:
    event = programme.find_event("malmo-summit")
    assert event is not None
    in_swedish, in_english = (listing.read(event, language) for language in LANGUAGES)
    titles = {
        (swedish.activity.title, english.activity.title)
        for swedish, english in zip(in_swedish.slots, in_english.slots, strict=True)
    }
    assert all(swedish and english for swedish, english in titles)
    assert len([1 for swedish, english in titles if swedish != english]) > 30
