"""Somebody who may open every page there is, and the addresses of all of them, made from the app's own map.

A new page is in these lists as soon as it has an address, so a rule for all pages holds for it too.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from hashlib import sha256
from typing import Any, Final

from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select
from werkzeug.routing import Rule

from iclei_events.db import db
from iclei_events.models import (
    AddressChange,
    AidKind,
    Booking,
    CalendarFeed,
    Grant,
    KeptBack,
    MailKind,
    Signatory,
    Slot,
    StaffRole,
)
from iclei_events.services import address_changes, calendar_feeds, capacity, links, log, staff, tickets
from iclei_events.web import access, access_to_signings
from iclei_events.web import address_changes as address_changes_page
from iclei_events.web import calendar_feeds as calendar_feeds_page
from iclei_events.web.staff.access import INVITATION
from tests import letters, scenes, signers, staffing

SLOT: Final = "siptex-1030"
TOUR: Final = "siptex"
SESSION: Final = "opening-plenary"
ASSETS: Final = "/static/"
NOT_HERE: Final = {"bookings.change_entry", "draws.entries", "draws.published"}
"""What only a party in a draw has, or a draw that has closed: for the insider these addresses are not there."""
LAST: Final = ("bookings.keep_old_address", "bookings.erase", "staff.sign_in.sign_out")
"""Acts after which others could not be done."""


@dataclass
class Insider:
    """Has booked, has signed for a city, and is an administrator of the staff, all in one browser."""

    app: Flask
    client: FlaskClient
    booking: str
    signing: str
    arguments: dict[str, Any]
    secrets: dict[str, str]

    def address(self, rule: Rule, language: str = "sv") -> str:
        """The address of a rule, filled in with what there is."""
        values = {**self.arguments, "lang": language}
        if "reference" in rule.arguments:
            values["reference"] = self.signing if "sign" in rule.endpoint.rsplit(".", 1)[0] else self.booking
        if "activity_slug" in rule.arguments:
            values["activity_slug"] = TOUR if rule.endpoint.startswith("tours.") else SESSION
        given = {name: values[name] for name in rule.arguments}
        return self.app.url_map.bind("localhost").build(rule.endpoint, given)

    def pages(self, language: str = "sv") -> dict[str, str]:
        """The address of each endpoint that can be opened."""
        return {rule.endpoint: self.address(rule, language) for rule in self._rules if "GET" in methods(rule)}

    def acts(self, language: str = "sv") -> dict[str, str]:
        """The address of each endpoint that takes a form; the one that ends the sign-in comes last."""
        found = {rule.endpoint: self.address(rule, language) for rule in self._rules if "POST" in methods(rule)}
        return found | {endpoint: found.pop(endpoint) for endpoint in LAST}

    @cached_property
    def _rules(self) -> list[Rule]:
        return [rule for rule in self.app.url_map.iter_rules() if not rule.rule.startswith(ASSETS)]

    def token(self) -> str:
        """A form's token that is good in this browser."""
        page = self.client.get("/sv/my").get_data(as_text=True)
        return page.split('name="csrf_token"')[1].split('value="')[1].split('"')[0]


def methods(rule: Rule) -> set[str]:
    return rule.methods or set()


def make_insider(app: Flask) -> Insider:
    """On the Summit as its content pack tells it."""
    client = app.test_client()
    with app.app_context():
        slot = db.session.scalars(select(Slot).where(Slot.slug == SLOT)).one()
        reference = scenes.book(slot, "Amira", 2).reference
        capacity.keep_back(slot.id, 2, reason="Ledsagare", release_at=None, by=log.CLI)
        signing = signers.sign_and_confirm("Lund", challenges=("affordable-housing",))
        staff_id = staffing.hire(StaffRole.ADMIN)
        invited = staff.invite("new@malmo.example", StaffRole.VIEWER, None, by=log.CLI)
        own = db.session.scalars(select(Booking).where(Booking.reference == reference)).one()
        signed = db.session.scalars(select(Signatory).where(Signatory.reference == signing)).one()
        arguments = {
            "event_slug": "malmo-summit",
            "slot_slug": SLOT,
            "slug": "malmo",
            "staff_id": staff_id,
            "grant_id": db.session.scalars(select(Grant.id).where(Grant.staff_id == staff_id)).one(),
            "kept_back_id": db.session.scalars(select(KeptBack.id)).one(),
            "mail_id": _failed_mail(),
            "opening": 1651485600,
            "draw_slug": "siptex-evening",
            "code": tickets.code_of(own, app.config["SECRET_KEY"]),
            "kind": AidKind.WHEELCHAIR.value,
        }
        key = app.config["SECRET_KEY"]
        feed = db.session.scalars(select(CalendarFeed)).one()
        calendar_secret = calendar_feeds.secret_of(feed, key)
        arguments["secret"] = calendar_secret
        address_changes.ask(reference, "new@example.org")
        change = db.session.scalars(select(AddressChange)).one()
        secrets = {
            f"/sv/bookings/{reference}": links.secret_for("booking", own.salt, key),
            f"/sv/commitment/signings/{signing}": links.secret_for("signatory", signed.salt or "", key),
            "/sv/staff/set-up": invited.token,
            "/sv/my/calendar": calendar_secret,
            f"/sv/bookings/{reference}/address": address_changes.secret_of(change, key),
        }
        opened = {
            access.OPENED: [[reference, digest(own.salt)]],
            calendar_feeds_page.OPENED: feed.reference,
            address_changes_page.OPENED: [reference, digest(change.salt)],
            access_to_signings.OPENED: {signing: digest(signed.salt or "")},
            INVITATION: invited.token,
        }
    token = staffing.token_of(staffing.signed_in(app, staff_id))
    with client.session_transaction() as browser:
        browser.update({**opened, "staff": token, "signing_sent": signing})
    return Insider(app, client, reference, signing, arguments, secrets)


def _failed_mail() -> int:
    """The mail with the booking's calendar address, given up."""
    calendar_feeds.ask_for_address("amira@example.org", language="sv")
    return letters.fail(letters.newest(MailKind.MY_CALENDAR).id)


def digest(salt: str) -> str:
    return sha256(salt.encode()).hexdigest()[:12]


def everything_stored(app: Flask) -> dict[str, list[str]]:
    """Every row of every table, but for the note of who of the staff has looked at whom: it is made by looking."""
    with app.app_context():
        rows = {
            table.name: sorted(repr(tuple(row)) for row in db.session.execute(select(table)))
            for table in db.metadata.sorted_tables
            if table.name != "disclosure"
        }
        db.session.rollback()
        return rows
