"""Who is spoken to in Swedish on the pages of a booking: one person is "du", what a party has or does is "ni"."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

import pytest
from flask import Flask

from iclei_events.services import capacity, changes, log
from tests import scenes
from tests.clients import Page
from tests.residents import REFERENCE, Resident, make_slot

YOU_ALL: Final = re.compile(r"\b(ni|er|ert|era)\b", re.IGNORECASE)
YOU: Final = re.compile(r"\b(du|dig|din|ditt|dina)\b", re.IGNORECASE)
YOURS: Final = re.compile(
    r"\b(du (står|lämnar|behåller|behöver|har (en|\d+) plats)|(din|dina)( \d+)? plats|före dig)", re.IGNORECASE
)

pytestmark = pytest.mark.either_database


def pages_of_a_booking(app: Flask, adults: int) -> Iterator[str]:
    """What the pages say: of places, of waiting, of an offer and of having left, and those that lead on from there."""
    with app.app_context():
        first, full = scenes.make_departures(6, 3)
        scenes.book(full, "Boris", 3)
    resident = Resident(app)
    own = f"/sv/bookings/{resident.book(first, adults=str(adults)).headers[REFERENCE]}"
    for page in ("", "/move", "/receipt", "/erase"):
        yield said_on(resident.open(own + page))
    busy = make_slot(app, capacity=3)
    with app.app_context():
        scenes.book(busy, "Ciro", 3)
    reference = resident.book(busy, adults=str(adults)).headers[REFERENCE]
    for page in ("", "/move"):
        yield said_on(resident.open(f"/sv/bookings/{reference}{page}"))
    with app.app_context():
        capacity.set_capacity(busy.id, 9, seen=3, by=log.CLI)
    yield said_on(resident.open(f"/sv/bookings/{reference}"))
    with app.app_context():
        changes.cancel(reference)
    yield said_on(resident.open(f"/sv/bookings/{reference}"))


def said_on(page: Page) -> str:
    """Its words, each piece of markup on a line of its own."""
    return "\n".join(page.one("main").itertext())


def sentences(text: str) -> list[str]:
    return [part.strip() for part in re.split(r"[.?:\n]", text) if part.strip()]


def test_one_person_is_never_spoken_to_as_several(app: Flask) -> None:
    said = [part for page in pages_of_a_booking(app, 1) for part in sentences(page)]
    assert [part for part in said if YOU_ALL.search(part)] == []
    assert [part for part in said if YOURS.search(part)]


def test_what_a_party_has_is_never_called_the_readers_alone(app: Flask) -> None:
    said = [part for page in pages_of_a_booking(app, 3) for part in sentences(page)]
    assert [part for part in said if YOU.search(part) and YOU_ALL.search(part)] == []
    assert [part for part in said if YOURS.search(part)] == []
    assert [part for part in said if YOU_ALL.search(part)]
