"""``seats audit`` and ``seats dump``: what checks from outside rely on."""

from __future__ import annotations

import json

import pytest
from flask import Flask
from sqlalchemy import select, update

from iclei_events import clock
from iclei_events.db import transaction
from iclei_events.models import Booking, Slot, SwapWish
from iclei_events.services import capacity, changes, log
from tests import scenes


def run(app: Flask, *words: str) -> tuple[int, list[str]]:
    result = app.test_cli_runner().invoke(args=["seats", *words])
    return result.exit_code, result.output.splitlines()


@pytest.fixture
def busy_slot(app: Flask) -> Slot:
    """A slot with a confirmed, a waiting, an offered and a cancelled party and places kept back."""
    with app.app_context():
        slot = scenes.make_slot(capacity=6)
        first = scenes.book(slot, "First", 2)
        scenes.book(slot, "Second", 2)
        capacity.keep_back(slot.id, 1, reason="guide", release_at=None, by=log.CLI)
        scenes.book(slot, "Third", 2)
        scenes.book(slot, "Fourth", 3)
        changes.cancel(first.reference)
        return slot


def test_a_sound_database_passes(app: Flask, busy_slot: Slot) -> None:
    code, lines = run(app, "audit")

    assert code == 0
    assert lines[-1] == f"{len(lines) - 1} passed, 0 failed"
    assert all(line.startswith("ok ") for line in lines[:-1])


def test_a_wrong_counter_is_found_and_named(app: Flask, busy_slot: Slot) -> None:
    with app.app_context(), transaction() as session:
        session.execute(update(Slot).where(Slot.id == busy_slot.id).values(held=Slot.held - 1))

    code, lines = run(app, "audit")

    assert code == 1
    assert "FAIL  held is the sum of the places of confirmed and offered bookings" in lines
    assert f"      {busy_slot.slug}" in lines
    assert lines[-1].endswith(" passed, 1 failed")


def test_a_booking_of_the_wrong_size_is_found(app: Flask, busy_slot: Slot) -> None:
    with app.app_context(), transaction() as session:
        session.execute(update(Booking).where(Booking.status == "waiting").values(size=4))

    code, lines = run(app, "audit")

    assert code == 1
    assert "FAIL  a booking's size is the number of its places" in lines


def test_a_wish_that_nobody_counted_is_found(app: Flask, busy_slot: Slot) -> None:
    with app.app_context(), transaction() as session:
        booking_id = session.scalars(select(Booking.id).where(Booking.status == "confirmed").limit(1)).one()
        ids = {"booking_id": booking_id, "slot_id": busy_slot.id, "held_slot_id": busy_slot.id}
        session.add(SwapWish(**ids, created_at=clock.now()))

    code, lines = run(app, "audit")

    assert code == 1
    assert "FAIL  waiting is the number of parties in line, of those too who hold another time" in lines
    assert "FAIL  nobody asks for the time it holds" in lines


def test_a_wrong_count_of_those_out_of_reach_is_found(app: Flask, busy_slot: Slot) -> None:
    with app.app_context(), transaction() as session:
        session.execute(update(Slot).where(Slot.id == busy_slot.id).values(out_of_reach=1))

    code, lines = run(app, "audit")

    assert code == 1
    assert "FAIL  out of reach are those in line who need more places than the slot could give" in lines


def test_the_dump_lists_slots_then_bookings(app: Flask, busy_slot: Slot) -> None:
    code, lines = run(app, "dump")
    records = [json.loads(line) for line in lines]

    assert code == 0
    assert records[0] == {"type": "slot", "slot": busy_slot.slug, "capacity": 6, "taken": 4}
    assert [record["type"] for record in records] == ["slot"] + ["booking"] * 4
    assert {record["status"] for record in records[1:]} == {"cancelled", "confirmed", "offered", "waiting"}
    assert set(records[1]) == {"type", "ref", "slot", "places", "status", "client", "key"}
    held = sum(record["places"] for record in records[1:] if record["status"] in {"confirmed", "offered"})
    assert held == records[0]["taken"]
