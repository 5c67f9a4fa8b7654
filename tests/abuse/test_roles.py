"""Who may open what of the staff's pages: every address, every kind of person, no row missing (A01)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

import pytest
from flask import Flask
from werkzeug.routing import Rule

from iclei_events import clock
from iclei_events.db import transaction
from iclei_events.models import Grant, Staff, StaffRole
from iclei_events.services import capacity, draw_setup, links, log, sign_in
from tests import letters, scenes, staffing
from tests.clients import Visitor

FOR_ALL: Final = {
    "staff.sign_in.start",
    "staff.sign_in.second_factor",
    "staff.sign_in.sign_out",
    "staff.set_up.account",
    "staff.set_up.confirm",
}
"""What somebody who is not signed in must reach; each asks for what it needs itself."""

ANY_ROLE: Final = {"staff.overview.events", "staff.tickets.look"}

WORK: Final = {
    "staff.slots.board": "viewer",
    "staff.bookings.index": "viewer",
    "staff.needs.index": "door",
    "staff.needs.promise": "door",
    "staff.needs.arrange": "door",
    "staff.needs.decline": "door",
    "staff.needs.aid": "door",
    "staff.slots.plan": "organiser",
    "staff.slots.change": "organiser",
    "staff.slots.log": "organiser",
    "staff.kept_back.index": "organiser",
    "staff.kept_back.keep": "organiser",
    "staff.kept_back.release": "organiser",
    "staff.waiting_rooms.index": "organiser",
    "staff.waiting_rooms.pause": "organiser",
    "staff.waiting_rooms.resume": "organiser",
    "staff.waiting_rooms.set_rate": "organiser",
    "staff.waiting_rooms.set_proof": "organiser",
    "staff.clashes.index": "organiser",
    "staff.clashes.save": "organiser",
    "staff.draws.index": "organiser",
    "staff.draws.create": "organiser",
    "staff.draws.show": "organiser",
    "staff.draws.choose": "organiser",
    "staff.draws.run": "organiser",
    "staff.draws.set_proof": "organiser",
    "staff.bookings.book": "organiser",
    "staff.bookings.cancel": "organiser",
    "staff.signatories.index": "organiser",
    "staff.signatories.signing_page": "organiser",
    "staff.signatories.verify": "organiser",
    "staff.signatories.publish": "organiser",
    "staff.signatories.decline": "organiser",
    "staff.rescheduling.plan": "organiser",
    "staff.rescheduling.move": "organiser",
    "staff.rescheduling.plan_call_off": "organiser",
    "staff.rescheduling.call_off": "organiser",
    "staff.failed_mails.of_event": "viewer",
    "staff.failed_mails.retry": "organiser",
    "staff.failed_mails.of_site": "organiser",
    "staff.failed_mails.retry_of_site": "organiser",
    "staff.people.index": "admin",
    "staff.people.invite": "admin",
    "staff.people.person": "admin",
    "staff.people.grant": "admin",
    "staff.people.revoke": "admin",
    "staff.people.disable": "admin",
    "staff.people.enable": "admin",
}
"""Whose work each page is. A new page of the staff has no row here, and the first test says so."""

DO: Final = {
    "admin": {"admin", "organiser", "door", "viewer"},
    "editor": {"organiser", "viewer"},
    "organiser": {"organiser", "door", "viewer"},
    "door": {"door", "viewer"},
    "viewer": {"viewer"},
}
"""Which of that work each role may do."""


@dataclass(frozen=True, slots=True)
class Office:
    """Two events, with one of everything that an address can name."""

    app: Flask
    here: int
    elsewhere: int
    arguments: dict[str, Any]


@pytest.fixture
def office(app: Flask) -> Office:
    with app.app_context():
        slot = scenes.slot_now(scenes.make_slot(capacity=5))
        here, event_slug, slot_slug = slot.activity.event.id, slot.activity.event.slug, slot.slug
        elsewhere = scenes.slot_now(scenes.make_slot()).activity.event.id
        kept = capacity.keep_back(slot.id, 1, reason="a school class", release_at=None, by=log.CLI)
        reference = scenes.book(slot, "Amira").reference
        drawn = draw_setup.create(
            here, title=scenes.both("Draw"), public_source=scenes.both("Lotto"), by=log.CLI,
            opens_at=clock.now() + timedelta(hours=1), closes_at=clock.now() + timedelta(hours=2),
        )  # fmt: skip
        mail = letters.fail(letters.newest().id)
        someone = staffing.hire(StaffRole.VIEWER, here, "someone@malmo.example")
        arguments = {
            "draw_slug": drawn, "lang": "en", "event_slug": event_slug, "slot_slug": slot_slug, "kept_back_id": kept,
            "reference": reference, "staff_id": someone, "grant_id": staffing.person(someone).grants[0].id,
            "mail_id": mail,
            "opening": 1651485600, "kind": "wheelchair", "code": "K7M2P9QX-of-nobody",
        }  # fmt: skip
    return Office(app, here, elsewhere, arguments)


def rules(app: Flask) -> Iterator[Rule]:
    return (rule for rule in app.url_map.iter_rules() if rule.endpoint.startswith("staff."))


def answers(office: Office, visitor: Visitor) -> dict[str, int | str]:
    """What the person gets at every address with every method: a status, or where they are sent."""
    found: dict[str, int | str] = {}
    token = visitor.open("/en/staff/").one("form input[name=csrf_token]").get("value")
    with office.app.test_request_context():
        addresses = [
            (rule, method, rule.build(office.arguments, append_unknown=False))
            for rule in rules(office.app)
            for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"})
        ]
    for rule, method, built in addresses:
        assert built is not None, f"{rule} names something that the office does not have"
        if rule.endpoint in FOR_ALL:
            continue
        form = {"csrf_token": token} if method == "POST" else None
        answer = visitor.client.open(built[1], method=method, data=form)
        sent = (answer.location or "").startswith("/en/staff/sign-in")
        found[f"{method} {rule.endpoint}"] = "sign in" if sent else answer.status_code
    return found


def allowed(key: str, role: str, *, at_all_events: bool) -> bool:
    endpoint = key.split()[1]
    if endpoint in ANY_ROLE:
        return True
    of_event = {
        "bookings", "clashes", "draws", "failed_mails", "kept_back", "needs", "rescheduling", "slots", "waiting_rooms",
    }  # fmt: skip
    has_event = endpoint.split(".")[1] in of_event and not endpoint.endswith("of_site")
    return WORK[endpoint] in DO[role] and (has_event or at_all_events)


def test_no_address_of_the_staff_is_missing_from_the_table(app: Flask) -> None:
    assert {rule.endpoint for rule in rules(app)} == FOR_ALL | ANY_ROLE | set(WORK)
    astray = [rule for rule in app.url_map.iter_rules() if "/staff" in rule.rule]
    assert {rule.endpoint for rule in astray} == {rule.endpoint for rule in rules(app)}


def test_nobody_gets_anything_but_the_sign_in(office: Office) -> None:
    assert set(answers(office, Visitor(office.app)).values()) == {"sign in"}


def test_a_resident_with_a_booking_gets_anything_but_the_sign_in(office: Office) -> None:
    visitor = Visitor(office.app)
    with office.app.app_context():
        booking = scenes.booking(office.arguments["reference"])
        key = links.secret_for("booking", booking.salt, office.app.config["SECRET_KEY"])
        own = f"/en/bookings/{booking.reference}"
    visitor.open(f"{own}?key={key}")
    assert visitor.open(own).path == own
    assert set(answers(office, visitor).values()) == {"sign in"}


@pytest.mark.parametrize("kept", ["forged", "ended", "half way", "disabled"])
def test_a_session_that_is_not_or_no_longer_signed_in_gets_the_sign_in(office: Office, kept: str) -> None:
    with office.app.app_context():
        visitor = staffing.signed_in(office.app, staff_id := staffing.hire(StaffRole.ADMIN))
        token = staffing.token_of(visitor)
        with transaction() as session:
            member = session.get_one(Staff, staff_id)
            if kept == "half way":
                token = sign_in.begin(session, member, clock.machine_time(), complete=False)
            elif kept == "disabled":
                member.disabled_at = clock.now()
        if kept == "ended":
            sign_in.end(token)
    with visitor.client.session_transaction() as browser:
        browser["staff"] = "forged" if kept == "forged" else token
    assert set(answers(office, visitor).values()) == {"sign in"}


@pytest.mark.parametrize("role", [role.value for role in StaffRole])
def test_staff_of_the_event_may_do_what_their_role_may(office: Office, role: str) -> None:
    found = answers(office, staffing.on_duty(office.app, StaffRole(role), office.here))
    assert_only_allowed(found, role, at_all_events=False)


@pytest.mark.parametrize("role", [role.value for role in StaffRole])
def test_staff_of_all_events_may_do_what_their_role_may(office: Office, role: str) -> None:
    found = answers(office, staffing.on_duty(office.app, StaffRole(role)))
    assert_only_allowed(found, role, at_all_events=True)


def test_staff_of_another_event_may_do_nothing_here_whatever_their_roles(office: Office) -> None:
    with office.app.app_context():
        staff_id = staffing.hire(StaffRole.ADMIN, office.elsewhere)
        with transaction() as session:
            lesser = set(StaffRole) - {StaffRole.ADMIN}
            session.add_all(Grant(staff_id=staff_id, event_id=office.elsewhere, role=role) for role in lesser)
    found = answers(office, staffing.signed_in(office.app, staff_id))
    assert {key: answer for key, answer in found.items() if answer != 403} == dict.fromkeys(
        [f"GET {endpoint}" for endpoint in ANY_ROLE], 200
    )


def assert_only_allowed(found: dict[str, int | str], role: str, *, at_all_events: bool) -> None:
    wrong = {
        key: answer
        for key, answer in found.items()
        if allowed(key, role, at_all_events=at_all_events) == (answer in {403, "sign in"})
    }
    assert wrong == {}
    assert not [answer for answer in found.values() if isinstance(answer, int) and answer >= 500]


def test_what_belongs_to_another_event_is_not_found_under_this_one(office: Office) -> None:
    with office.app.app_context():
        other = scenes.slot_now(scenes.make_slot(capacity=5))
        other_event, other_slot = other.activity.event.slug, other.slug
        kept = capacity.keep_back(other.id, 1, reason="somebody else", release_at=None, by=log.CLI)
        reference = scenes.book(other, "Boris").reference
        mail = letters.fail(letters.newest().id)
    visitor = staffing.on_duty(office.app, StaffRole.ORGANISER, office.here)
    mine = f"/en/staff/{office.arguments['event_slug']}"
    slot = office.arguments["slot_slug"]
    for path in ("bookings", "book", "kept-back", "capacity", "reschedule", "call-off"):
        assert visitor.client.get(f"{mine}/slots/{other_slot}/{path}").status_code == 404
        assert visitor.client.get(f"/en/staff/{other_event}/slots/{other_slot}/{path}").status_code == 403
    token = visitor.open("/en/staff/").one("form input[name=csrf_token]").get("value")

    def post(path: str) -> int:
        return visitor.client.post(path, data={"csrf_token": token}).status_code

    assert visitor.client.get(f"{mine}/bookings/{reference}/cancel").status_code == 404
    assert post(f"{mine}/bookings/{reference}/cancel") == 404
    assert post(f"{mine}/slots/{slot}/kept-back/{kept}/release") == 404
    assert post(f"{mine}/failed-mails/{mail}/retry") == 404
    assert visitor.client.get("/en/staff/no-such-event/slots").status_code == 404
    for odd in ("-1", str(2**63), "abc", "%00", "%ff"):
        assert visitor.client.get(f"{mine}/slots/{odd}/bookings").status_code in {400, 404}
        assert post(f"{mine}/slots/{slot}/kept-back/{odd}/release") in {400, 404}
