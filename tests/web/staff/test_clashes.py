"""How organisers let clashes bind: the effect first, then the choice, which stands in the log."""

from __future__ import annotations

import pytest
from flask import Flask

from iclei_events.db import db
from iclei_events.models import ClashRule, Event, StaffRole
from tests.clients import Page
from tests.web.staff.desks import Desk, make_desk


@pytest.fixture
def desk(app: Flask) -> Desk:
    """At an event where somebody has two bookings of one time."""
    made = make_desk(app)
    for _ in range(2):
        made.book("Amira")
    return made


def rules(desk: Desk) -> Page:
    return desk.visitor.open(f"/en/staff/{desk.event_slug}/clashes")


def rule_of(app: Flask, desk: Desk) -> ClashRule:
    with app.app_context():
        event = db.session.get(Event, desk.event_id)
        assert event is not None
        return event.clashes


def test_the_board_leads_to_the_rule_and_the_effect_of_each_choice(desk: Desk) -> None:
    page = desk.visitor.open(desk.open().link("Clashes"))

    assert page.texts(".choice b")[0] == "Tell them, and leave it to them"
    said = "One person now has places that could not have been booked with this choice. They keep them."
    assert page.text.count(said) == 2
    assert page.fields()["rule"] == "told"


def test_the_effect_is_told_in_swedish_as_what_could_not_have_been_booked(desk: Desk) -> None:
    said = desk.visitor.open(f"/sv/staff/{desk.event_slug}/clashes").text
    assert said.count("En person har i dag platser som då inte hade kunnat bokas. Personen behåller dem.") == 2


def test_an_organiser_lets_clashes_bind_and_it_stands_in_the_log(app: Flask, desk: Desk) -> None:
    page = desk.visitor.submit(rules(desk), "Save", rule="travel")

    assert "Saved. It holds for what is booked from now on." in page.text
    assert rule_of(app, desk) is ClashRule.TRAVEL
    assert page.texts("tbody td")[-1].startswith("Refuse what is at the same time, and what leaves too little time")


def test_a_form_that_was_open_while_somebody_else_changed_it_says_so(app: Flask, desk: Desk) -> None:
    opened = rules(desk)
    desk.visitor.submit(rules(desk), "Save", rule="overlap")
    page = desk.visitor.submit(opened, "Save", status=409, rule="travel")

    assert "Somebody else changed it meanwhile, to: Refuse what is at the same time." in page.text
    assert rule_of(app, desk) is ClashRule.OVERLAP
    assert page.fields()["rule"] == "travel"


@pytest.mark.parametrize("typed", ["", "always"])
def test_a_choice_that_is_none_is_asked_for_again(app: Flask, desk: Desk, typed: str) -> None:
    page = desk.visitor.submit(rules(desk), "Save", status=422, rule=typed)

    assert page.texts(".ds-validation-message") == ["Choose what happens."]
    assert rule_of(app, desk) is ClashRule.TOLD


def test_whoever_only_looks_on_may_not_change_it(app: Flask) -> None:
    viewer = make_desk(app, StaffRole.VIEWER)

    viewer.visitor.open(f"/en/staff/{viewer.event_slug}/clashes", status=403)
