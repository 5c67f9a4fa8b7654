"""What deciding about a booking needs of a slot is asked a few times a second at most."""

from __future__ import annotations

import pytest
from flask import Flask
from sqlalchemy import select

from iclei_events.db import transaction
from iclei_events.models import Event
from iclei_events.services import slots
from iclei_events.services.slots import SlotToBook
from iclei_events.web import kept_slots
from tests import scenes

A_WHILE = 60


@pytest.fixture
def asked(app: Flask, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The slugs that the database was asked for, from here on."""
    app.extensions.pop("kept_slots", None)
    asked: list[str] = []
    find = slots.find_to_book

    def note(slug: str) -> SlotToBook | None:
        asked.append(slug)
        return find(slug)

    monkeypatch.setattr(slots, "find_to_book", note)
    return asked


def test_a_slot_is_asked_for_once_in_a_while(app: Flask, app_context: None, asked: list[str]) -> None:
    app.config["PAGE_CACHE_SECONDS"] = A_WHILE
    slug = scenes.make_slot().slug

    first, second = kept_slots.find(slug), kept_slots.find(slug)

    assert first is not None
    assert first == second
    assert asked == [slug]


def test_what_has_changed_is_seen_after_the_while(app: Flask, app_context: None) -> None:
    app.extensions.pop("kept_slots", None)
    slug = scenes.make_slot().slug
    before = kept_slots.find(slug)
    with transaction() as session:
        session.scalars(select(Event)).one().max_party = 3

    after = kept_slots.find(slug)

    assert before is not None
    assert after is not None
    assert (before.party_limit, after.party_limit) == (6, 3)


def test_what_does_not_exist_is_not_remembered(app: Flask, app_context: None, asked: list[str]) -> None:
    app.config["PAGE_CACHE_SECONDS"] = A_WHILE

    assert kept_slots.find("nowhere") is None
    assert kept_slots.find("nowhere") is None
    assert asked == ["nowhere", "nowhere"]
