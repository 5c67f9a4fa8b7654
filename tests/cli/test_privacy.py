from __future__ import annotations

import json

import pytest
from flask import Flask
from sqlalchemy import select

from iclei_events.db import db
from iclei_events.models import Attendee
from iclei_events.services import bookings, privacy
from iclei_events.services.booking_rows import Contact, Party
from tests import scenes, signers
from tests.times import AppClock


def run(app: Flask, *words: str) -> str:
    result = app.test_cli_runner().invoke(args=["privacy", *words])
    assert result.exit_code == 0, result.output
    return result.output


def book(app: Flask) -> None:
    with app.app_context():
        scenes.book(scenes.make_slot(), "Amira")


def test_export_prints_json(app: Flask) -> None:
    book(app)

    exported = json.loads(run(app, "export", " amira@example.org "))

    assert [booking["name"] for booking in exported["bookings"]] == ["Amira"]


def test_export_of_an_unknown_address_is_empty(app: Flask) -> None:
    assert json.loads(run(app, "export", "nobody@example.org"))["bookings"] == []


def test_erase_says_how_much_went(app: Flask) -> None:
    book(app)

    assert "bookings: 1" in run(app, "erase", "amira@example.org").splitlines()
    with app.app_context():
        assert db.session.scalars(select(Attendee)).all() == []


def test_erase_says_that_a_staff_account_is_closed_by_staff(app: Flask) -> None:
    with app.app_context():
        signers.make_staff("Ada")

    assert "staff account" in run(app, "erase", "ada@malmo.example")


def test_purge_says_how_much_went_at_each_deadline(app: Flask, app_clock: AppClock) -> None:
    book(app)
    app_clock.stand_at("2022-06-14T00:00:00+02:00")

    assert "after_event: 2" in run(app, "purge").splitlines()
    assert "after_event: 0" in run(app, "purge").splitlines()


@pytest.mark.parametrize("nobody", ["", " ", "@", "amira"])
@pytest.mark.parametrize("verb", ["export", "erase"])
def test_what_is_no_address_names_nobody_who_booked_by_phone(app: Flask, verb: str, nobody: str) -> None:
    with app.app_context():
        by_phone = Contact("Amira", "", "", phone="+46 70 123 45 67")
        slot = scenes.slot_now(scenes.make_slot())
        bookings.book(slot, party=Party(1), contact=by_phone, language="sv", key="by-phone", wait=False)

    result = app.test_cli_runner().invoke(args=["privacy", verb, nobody])

    assert (result.exit_code, "is not an e-mail address" in result.output) == (1, True)
    with app.app_context():
        assert db.session.scalars(select(Attendee.name)).all() == ["Amira"]


def test_nobodys_address_erases_nobody(app: Flask) -> None:
    with app.app_context(), pytest.raises(ValueError, match="got no address"):
        privacy.erase("")
