"""A draw in the staff's hands: made, filled with times, drawn with the public value, and nothing else."""

from __future__ import annotations

from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from iclei_events.db import db
from iclei_events.models import Draw, SlotMode, StaffRole
from iclei_events.services import draws
from tests import draws as lots
from tests import scenes
from tests.clients import Page, Visitor
from tests.draws import CLOSES_AT, DRAWN_AT
from tests.residents import Resident
from tests.staffing import on_duty
from tests.times import AppClock
from tests.web.staff.desks import Desk, make_desk

FILLED_IN: dict[str, Any] = {
    "title_sv": "Kvällsturerna",
    "title_en": "The evening tours",
    "source_sv": "Lotto den 4 maj",
    "source_en": "Lotto of 4 May",
    "opens_at": "2022-05-03T09:00",
    "closes_at": "2022-05-04T17:00",
}


@pytest.fixture
def draw(app: Flask) -> Draw:
    with app.app_context():
        return lots.make_draw([3, 3])


@pytest.fixture
def organiser(app: Flask, draw: Draw) -> Visitor:
    return on_duty(app, StaffRole.ORGANISER, draw.event_id)


def page_of(draw: Draw, visitor: Visitor) -> Page:
    return visitor.open(f"/en/staff/{draw.slots[0].activity.event.slug}/draws/{draw.slug}")


def make(desk: Desk, **fields: Any) -> Page:
    page = desk.visitor.open(f"/en/staff/{desk.event_slug}/draws")
    return desk.visitor.submit(page, "Make the draw", **{**FILLED_IN, **fields})


def test_a_draw_is_made_with_its_hash_and_filled_with_times(app: Flask) -> None:
    desk = make_desk(app)
    page = make(desk)
    assert page.heading == "The evening tours"
    page = desk.visitor.submit(page, "Draw lots for it")
    assert (desk.slot().mode, desk.slot().closes_at) == (SlotMode.DRAW, lots.CLOSES_AT.replace(hour=15))
    desk.visitor.submit(page, "Make it first come")
    assert (desk.slot().mode, desk.slot().draw_id, desk.slot().closes_at) == (SlotMode.FIRST_COME, None, None)
    with app.app_context():
        made = db.session.scalars(select(Draw)).one()
        assert made.secret_hash in Visitor(app).open(f"/en/{desk.event_slug}/draws/{made.slug}").text


def test_a_draw_opens_after_its_hash_is_public_and_closes_after_that(app: Flask) -> None:
    desk = make_desk(app)
    page = desk.visitor.open(f"/en/staff/{desk.event_slug}/draws")
    for wrong in ({"opens_at": "2022-05-01T09:00"}, {"closes_at": "2022-05-03T09:00"}, {"source_sv": ""}):
        fields: dict[str, Any] = {**FILLED_IN, **wrong}
        refused = desk.visitor.submit(page, "Make the draw", status=422, **fields)
        assert refused.fields()["title_sv"] == "Kvällsturerna"


def test_a_booked_time_cannot_be_drawn_and_an_entered_one_stays_drawn(app: Flask) -> None:
    desk = make_desk(app, capacity=5)
    page = make(desk)
    desk.book("Amira")
    refused = desk.visitor.submit(page, "Draw lots for it", status=422)
    assert desk.slot().mode is SlotMode.FIRST_COME
    assert "Choose one of the times." in refused.text


def test_once_somebody_has_entered_nothing_can_be_put_in_or_out(app: Flask, draw: Draw, organiser: Visitor) -> None:
    form = next(form for form in page_of(draw, organiser).tree.forms if "Make it first come" in form.text_content())
    Resident(app).book(draw.slots[0])
    sent = organiser.client.post(str(form.get("action")), data=dict(form.form_values()))
    assert sent.status_code == 409
    assert "Make it first come" not in page_of(draw, organiser).text
    with app.app_context():
        assert scenes.slot_now(draw.slots[0]).mode is SlotMode.DRAW


def test_the_lots_are_drawn_with_the_effect_shown_before(
    app: Flask, draw: Draw, organiser: Visitor, app_clock: AppClock
) -> None:
    Resident(app).book(draw.slots[0], adults="2")
    assert "Draw the lots" not in page_of(draw, organiser).texts("h2")
    app_clock.stand_at(CLOSES_AT)
    with app.app_context():
        draws.tend()
    app_clock.stand_at(DRAWN_AT)
    looked = organiser.submit(page_of(draw, organiser), "Show the effect", public_value="  1  2 3 ")
    assert "The value is used like this: 1 2 3" in looked.text
    with app.app_context():
        assert lots.draw_now(draw).drawn_at is None
    done = organiser.submit(looked, "Draw the lots now")
    assert "The lots are drawn. 1 party has drawn places." in done.text
    with app.app_context():
        now = lots.draw_now(draw)
        assert (now.public_value, now.drawn_at) == ("1 2 3", DRAWN_AT)


def test_somebody_who_calls_is_entered_with_the_same_chance(app: Flask, draw: Draw, organiser: Visitor) -> None:
    slot = draw.slots[0]
    path = f"/en/staff/{slot.activity.event.slug}/slots/{slot.slug}/book"
    button = "Book"
    page = organiser.submit(organiser.open(path), button, name="Bo", phone="070-174 06 05")
    again = organiser.submit(organiser.open(path), button, name="Bo", phone="0701740605")
    with app.app_context():
        assert draws.count_entries(draw) == 1
    assert ["is in the draw." in page.text, "The same person is in the draw already" in again.text] == [True, True]


def test_staff_choose_when_those_who_enter_are_checked(app: Flask, draw: Draw, organiser: Visitor) -> None:
    page = organiser.submit(page_of(draw, organiser), "Choose the check", proof="always")
    assert "Saved." in page.source
    assert page.fields("Choose the check")["proof"] == "always"
    Resident(app).book(draw.slots[0])
    page = page_of(draw, organiser)
    assert "Not confirmed yet" in page.text
    assert "Make it first come" not in page.text
    for wrong in ("sometimes", ""):
        refused = organiser.submit(page, "Choose the check", status=422, proof=wrong)
        assert refused.texts(".ds-error-summary li") == ["Choose when to check."]
    organiser.submit(page, "Choose the check", proof="never")
    assert Resident(app).form_of(draw.slots[0]).all("[data-challenge]") == []
