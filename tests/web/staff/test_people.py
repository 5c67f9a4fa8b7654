"""Inviting, giving and taking roles, disabling."""

from __future__ import annotations

from typing import Any

import pytest
from flask import Flask

from iclei_events.db import transaction
from iclei_events.models import Staff, StaffRole
from iclei_events.services import staff
from tests.clients import Visitor
from tests.staffing import hire, on_duty, person, signed_in
from tests.web.staff.desks import make_desk

PEOPLE = "/en/staff/people"


@pytest.fixture
def admin(app: Flask) -> Visitor:
    return on_duty(app, StaffRole.ADMIN)


def test_an_administrator_invites_and_sees_the_link_once(app: Flask, admin: Visitor) -> None:
    desk = make_desk(app)
    page = admin.submit(
        admin.open(PEOPLE), "Make a link", email="Vera@example.se", role="door", event_slug=desk.event_slug
    )
    base, _, token = page.texts("main code")[0].partition("/en/staff/set-up?key=")
    assert base == app.config["BASE_URL"]
    with app.app_context():
        invited = staff.invited(token)
        assert [(grant.role, grant.event_id) for grant in invited.grants] == [(StaffRole.DOOR, desk.event_id)]
    assert token not in admin.open(PEOPLE).source


def test_the_link_has_the_configured_address_whatever_host_was_asked(app: Flask, admin: Visitor) -> None:
    app.config["BASE_URL"] = "http://summit.example"
    page = admin.submit(admin.open(PEOPLE), "Make a link", email="vera@example.se")
    assert page.texts("main code")[0].startswith("http://summit.example/en/staff/set-up?key=")
    assert admin.client.get(PEOPLE, headers={"Host": "evil.example"}).status_code == 400


@pytest.mark.database("sqlite")
@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"email": ""}, "Write whom to invite."),
        ({"role": "king"}, "Choose one of the roles."),
        ({"event_slug": "no-such-event"}, "Choose one of the events."),
    ],
)
def test_an_invitation_that_lacks_something_says_what(
    app: Flask, admin: Visitor, fields: dict[str, str], said: str
) -> None:
    given: dict[str, Any] = {"email": "vera@example.se", "role": "door", "event_slug": "all", **fields}
    page = admin.submit(admin.open(PEOPLE), "Make a link", status=422, **given)
    assert page.texts(".ds-error-summary li") == [said]


def test_roles_are_given_and_taken(app: Flask, admin: Visitor) -> None:
    desk = make_desk(app, StaffRole.VIEWER)
    with app.app_context():
        vera = hire(StaffRole.VIEWER, desk.event_id, "vera@example.se")
    browser = signed_in(app, vera)
    browser.open(desk.path("book"), status=403)
    page = admin.submit(admin.open(f"{PEOPLE}/{vera}"), "Give the role", role="organiser", event_slug=desk.event_slug)
    assert "The role is given." in page.text
    browser.open(desk.path("book"))
    admin.submit(page, "Organiser")
    browser.open(desk.path("book"), status=403)


def test_a_disabled_account_is_signed_out_at_once(app: Flask, admin: Visitor) -> None:
    with app.app_context():
        vera = hire(StaffRole.VIEWER, email="vera@example.se")
    browser = signed_in(app, vera)
    assert browser.open("/en/staff/").heading == "Your events"
    page = admin.submit(admin.open(f"{PEOPLE}/{vera}"), "Disable the account")
    assert "The account is disabled and signed out everywhere." in page.text
    assert browser.open("/en/staff/").heading == "Sign in"
    page = admin.submit(admin.open(PEOPLE), "Make a link", status=409, email="vera@example.se")
    assert page.texts(".ds-error-summary li") == ["That account is disabled. Enable it first."]
    page = admin.submit(admin.open(f"{PEOPLE}/{vera}"), "Enable the account")
    assert "The account is enabled." in page.text
    assert browser.open("/en/staff/").heading == "Sign in"


def test_the_last_administrator_cannot_lock_everybody_out(app: Flask, admin: Visitor) -> None:
    with app.app_context():
        itself = next(one.id for one in staff.everybody())
    path = f"{PEOPLE}/{itself}"
    for button in ("Disable the account", "Take away"):
        page = admin.submit(admin.open(path), button, status=409)
        assert page.texts("main [role=alert] h2") == ["Somebody must manage the staff"]
    with app.app_context():
        assert person(itself).disabled_at is None


@pytest.mark.parametrize("odd", ["0", "999999", "-1", str(2**63), "abc", "1%00"])
def test_nobody_by_that_number_is_not_found(admin: Visitor, odd: str) -> None:
    assert admin.client.get(f"{PEOPLE}/{odd}").status_code in {400, 404}


def test_a_name_with_markup_is_shown_as_it_was_typed(app: Flask, admin: Visitor) -> None:
    name = '<script>alert(1)</script>"><img onerror=x>'
    with app.app_context():
        vera = hire(StaffRole.VIEWER, email="vera@example.se")
        with transaction() as session:
            session.get_one(Staff, vera).name = name
    assert name in admin.open(PEOPLE).texts("tbody th")
