"""The demo's bookings: believable, the same each time, and by the engine's rules."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import joinedload

from iclei_events import clock
from iclei_events.db import db
from iclei_events.models import Activity, ActivityKind, Attendee, Booking, BookingStatus, OutboxMail, Slot
from iclei_events.services import audit, demo, line

pytestmark = [pytest.mark.usefixtures("demonstration", "app_context"), pytest.mark.database("sqlite")]


def slot(slug: str) -> Slot:
    return db.session.scalars(select(Slot).where(Slot.slug == slug)).one()


def booked() -> Sequence[Booking]:
    query = select(Booking).options(
        joinedload(Booking.slot).joinedload(Slot.activity), joinedload(Booking.attendee), joinedload(Booking.places)
    )
    return db.session.scalars(query.order_by(Booking.created_at)).unique().all()


def test_every_invariant_holds() -> None:
    assert [check.name for check in audit.audit() if not check.holds] == []


def test_nobody_is_mailed() -> None:
    assert db.session.scalar(select(func.count()).select_from(OutboxMail)) == 0


def test_filling_again_changes_nothing() -> None:
    before = db.session.scalar(select(func.count()).select_from(Booking))

    assert demo.fill() == 0
    assert db.session.scalar(select(func.count()).select_from(Booking)) == before


def test_exactly_one_departure_is_full_and_six_parties_wait_for_it() -> None:
    now = clock.now()
    full = [
        one for one in db.session.scalars(select(Slot)) if one.capacity and one.takes_bookings(now) and not one.left
    ]

    assert [(one.slug, one.held, one.waiting) for one in full] == [("botildenborg-1400", 30, 6)]


def test_one_of_those_who_wait_would_come_in_part_and_one_holds_another_time() -> None:
    waits = line.everybody(db.session(), slot("botildenborg-1400"))

    assert [party.least for party in waits] == [None, None, None, None, 2, None]
    assert [party.wish_id is not None for party in waits] == [False] * 5 + [True]


def test_one_party_has_an_offer_that_still_stands() -> None:
    (offered,) = [one for one in booked() if one.status is BookingStatus.OFFERED]

    assert offered.slot.slug == "botildenborg-1400"
    assert offered.offer_until is not None
    assert offered.offer_until > clock.now()


def test_the_departure_that_opens_at_noon_is_empty() -> None:
    later = [one for one in db.session.scalars(select(Slot)) if one.opens_at and one.opens_at > clock.now()]

    assert [(one.slug, one.held, one.waiting) for one in later if one.slug.startswith("hyllie")] == [
        ("hyllie-1500", 0, 0)
    ]


def test_some_departures_have_three_places_left_and_most_have_plenty() -> None:
    tours = db.session.scalars(
        select(Slot).join(Activity).where(Activity.kind == ActivityKind.STUDY_TOUR, Slot.capacity > 0)
    ).all()
    left = [one.left for one in tours]

    assert left.count(3) == 3
    assert sum(free > 5 for free in left) >= 7


def test_the_party_is_two_fifths_booked() -> None:
    party = slot("party-1500")

    assert party.held * 5 == party.capacity * 2


def test_places_are_kept_back_with_a_reason_until_a_day() -> None:
    kept = slot("vastra-hamnen-0930").kept_back_places

    assert [(one.places, bool(one.reason), one.release_at is not None) for one in kept] == [(2, True, True)]


def test_residents_booked_in_the_five_minutes_since_the_opening() -> None:
    opened = datetime.fromisoformat("2022-05-02T09:00:00+02:00")
    residents = [one for one in booked() if one.slot.activity.kind is not ActivityKind.SESSION]

    assert all(opened <= one.created_at < clock.now() for one in residents)
    assert len(residents) > 80


def test_nobody_booked_before_opening_or_after_now() -> None:
    assert all(
        (one.slot.opens_at is None or one.slot.opens_at <= one.created_at) and one.created_at <= clock.now()
        for one in booked()
    )


def test_children_come_with_adults() -> None:
    with_children = [one for one in booked() if one.children]

    assert len(with_children) > 20
    assert all(one.adults for one in with_children if one.is_active)


def test_addresses_lead_to_nobody() -> None:
    addresses = db.session.scalars(select(Attendee.email)).all()

    assert {address.rpartition("@")[2] for address in addresses} == {"example.org", "example.com", ""}
    assert all(address.isascii() for address in addresses)


def test_the_clock_runs_on_as_before() -> None:
    before = clock.now()

    with clock.standing_at(datetime.fromisoformat("2022-05-01T00:00:00+02:00")):
        pass

    assert clock.now() == before
