"""A resident's whole way, in both languages: from the tour to the door, with a full slot on the way."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
from flask import Flask

from iclei_events.services import changes
from tests.residents import OUTCOME, REFERENCE, Resident, booked, counters, mails, make_slot


@dataclass(frozen=True)
class Words:
    """What a resident looks for on the pages of one language."""

    code: str
    join: str
    waits: str
    offered: str
    accept: str
    has_three: str
    give_back: str
    has_two: str
    cancel: str
    cancelled: str


SWEDISH = Words(
    code="sv",
    join="Ställ dig i kö",
    waits="I kö",
    offered="3 platser är lediga åt er",
    accept="Ja, ta de 3 platserna",
    has_three="Klart. Ni har 3 platser.",
    give_back="Person 3",
    has_two="Klart. Ni har 2 platser.",
    cancel="Ja, avboka de 2 platserna",
    cancelled="Bokningen är avbokad",
)
ENGLISH = Words(
    code="en",
    join="Join the queue",
    waits="You are in the queue",
    offered="3 places are free for you",
    accept="Yes, take the 3 places",
    has_three="Done. You have 3 places.",
    give_back="Person 3",
    has_two="Done. You have 2 places.",
    cancel="Yes, cancel the 2 places",
    cancelled="The booking is cancelled",
)


@pytest.mark.parametrize("words", [SWEDISH, ENGLISH], ids=lambda words: words.code)
def test_a_family_books_gives_one_place_back_and_cancels(app: Flask, words: Words) -> None:
    slot = make_slot(app)
    family = Resident(app, "Amira", words.code)

    answer = family.book(slot, adults="2", children="1", access_needs="Barnvagn")
    page = family.open(answer.location)
    assert words.has_three in page.text
    page = family.submit(page, words.give_back)
    assert words.has_two in page.text
    page = family.submit(page, words.cancel)

    assert page.heading == words.cancelled
    assert counters(app, slot) == (0, 0, 0)
    assert booked(app, answer.headers[REFERENCE])["language"] == words.code
    assert [mails(app, kind) for kind in ("booking_confirmed", "booking_changed", "booking_cancelled")] == [1, 1, 1]


@pytest.mark.parametrize("words", [SWEDISH, ENGLISH], ids=lambda words: words.code)
def test_a_family_waits_gets_an_offer_when_somebody_cancels_and_takes_it(app: Flask, words: Words) -> None:
    slot = make_slot(app, capacity=4)
    boris = Resident(app, "Boris")
    taken = boris.book(slot, adults="4").headers[REFERENCE]
    family = Resident(app, "Amira", words.code)

    form = family.form_of(slot)
    answer = family.post(form, words.join, **family.details, adults="2", children="1")
    assert answer.headers[OUTCOME] == "waiting"
    page = family.open(answer.location)
    assert (page.heading, page.texts(".queue__n")) == (words.waits, ["1"])

    boris.submit(boris.open(f"/sv/bookings/{taken}"), "Ja, avboka")
    page = family.open(page.path)
    assert page.heading == words.offered
    page = family.submit(page, words.accept)
    assert words.has_three in page.text
    page = family.submit(page, words.give_back)
    assert words.has_two in page.text
    page = family.submit(page, words.cancel)
    assert page.heading == words.cancelled
    assert counters(app, slot) == (0, 0, 0)


def test_a_smaller_party_passes_a_larger_one_three_times_and_then_waits_for_it(app: Flask) -> None:
    slot = make_slot(app, capacity=6)
    held = [Resident(app, f"Holder{n}").book(slot).headers[REFERENCE] for n in range(6)]
    family = Resident(app, "Amira")
    waiting = family.open(family.book(slot, adults="3").location)
    others = [Resident(app, f"Single{n}") for n in range(5)]
    turns = [one.open(one.book(slot).location) for one in others]

    def standing() -> list[str]:
        return [one.open(page.path).heading for one, page in zip(others, turns, strict=True)]

    for reference in held[:5]:
        with app.app_context():
            changes.cancel(reference)
    assert standing() == ["En plats är ledig åt dig"] * 3 + ["I kö"] * 2
    assert family.open(waiting.path).heading == "I kö"
    with app.app_context():
        changes.cancel(held[5])
    assert family.open(waiting.path).heading == "3 platser är lediga åt er"
