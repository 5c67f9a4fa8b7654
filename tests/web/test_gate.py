"""Changing to a time, or asking for it, asks what its booking form asks: a turn in the line, and no bot."""

from __future__ import annotations

from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import select

from iclei_events.db import db, transaction
from iclei_events.models import ProofRule, Slot
from iclei_events.services.allowances import Allowance
from iclei_events.web import limits
from tests.clients import Page
from tests.post_office import PostOffice
from tests.proofs import switch
from tests.residents import Resident, counters, make_departures
from tests.times import AppClock
from tests.web.test_bookings import secret_of
from tests.web.test_proofs import deliver, link_in
from tests.web.test_waiting_room import OPENS_AT, enter, open_with

EARLIER = OPENS_AT - timedelta(minutes=10)


@pytest.fixture
def amira(app: Flask) -> Resident:
    return Resident(app, language="en")


@pytest.fixture
def times(app: Flask, app_clock: AppClock) -> list[Slot]:
    """Three departures of one tour: one that can be booked already, two that open at noon; it is ten minutes before."""
    app_clock.stand_at(EARLIER)
    app.extensions.pop("proofs", None)  # what other tests have sent to this process
    slugs = make_departures(app, 3)
    with app.app_context():
        with transaction() as session:
            for slot in session.scalars(select(Slot).where(Slot.slug.in_(slugs[1:]))):
                slot.opens_at = OPENS_AT
        return [db.session.scalars(select(Slot).where(Slot.slug == slug)).one() for slug in slugs]


def book(resident: Resident, slot: Slot) -> Page:
    return resident.open(resident.book(slot).location)


def send_move(resident: Resident, own: Page, to: Slot, status: int = 200) -> Page:
    form = resident.open(own.link("Change to another time"))
    return resident.submit(form, "Change time", status=status, to=to.slug)


def test_nobody_changes_past_the_line_to_a_time_that_has_one(
    app: Flask, amira: Resident, times: list[Slot], app_clock: AppClock
) -> None:
    own = book(amira, times[0])
    open_with(app, app_clock, times[1], 30)
    refused = send_move(amira, own, times[1], 409)

    assert "so there is a line" in refused.texts(".alert__h")[0]
    assert refused.link("To the waiting room").endswith(f"/slots/{times[1].slug}/waiting-room")
    assert (counters(app, times[0])[0], counters(app, times[1])[0]) == (1, 0)

    enter(amira, times[1], "Take a place in line")
    app_clock.advance(seconds=30)
    assert "You have changed from" in amira.submit(refused, "Change time", to=times[1].slug).text


def test_nobody_asks_past_the_line_for_a_time_that_has_one(
    app: Flask, amira: Resident, times: list[Slot], app_clock: AppClock
) -> None:
    own = book(amira, times[0])
    open_with(app, app_clock, times[1], 30)
    token = own.fields("Save the number")["csrf_token"]
    answer = amira.client.post(f"{own.path}/wishes", data={"csrf_token": token, "slot": times[1].slug})

    refused = amira.refused(answer, 409)
    assert "so there is a line" in refused.texts(".alert__h")[0]
    assert refused.link("To the waiting room").endswith(f"/slots/{times[1].slug}/waiting-room")
    assert (counters(app, times[0])[0], counters(app, times[1])[0]) == (1, 0)


def test_whoever_came_through_the_line_changes_within_the_opening(
    app: Flask, amira: Resident, times: list[Slot], app_clock: AppClock
) -> None:
    app_clock.stand_at(OPENS_AT)
    own = book(amira, times[1])
    open_with(app, app_clock, times[1], 300)
    reader, reference = Resident(app, language="en"), own.path.rsplit("/", 1)[1]  # another device, without a ticket
    reader.open(f"{own.path}?key={secret_of(app, reference)}")

    assert "You have changed from" in send_move(reader, reader.open(own.path), times[2]).text


@pytest.mark.parametrize("verb", ["move", "wishes"])
def test_where_forms_are_checked_for_bots_the_mail_is_what_shows_that_somebody_reads_it(
    app: Flask, amira: Resident, times: list[Slot], app_clock: AppClock, post_office: PostOffice, verb: str
) -> None:
    own = book(amira, times[0])
    switch(app, times[1], OPENS_AT)
    app_clock.stand_at(OPENS_AT + timedelta(minutes=5))
    fields = {
        "csrf_token": own.fields("Save the number")["csrf_token"], "to": times[1].slug, "slot": times[1].slug,
    }  # fmt: skip
    refused = amira.refused(amira.client.post(f"{own.path}/{verb}", data=fields), 409)

    assert "Open your booking with the link in our mail, then you can choose this time." in refused.text
    assert (counters(app, times[0])[0], counters(app, times[1])[0]) == (1, 0)

    deliver(app)
    amira.open(link_in(post_office))
    assert amira.client.post(f"{own.path}/{verb}", data=fields).status_code == 303
    assert (counters(app, times[0])[0], counters(app, times[1])[0]) == (0, 1)


def test_changes_count_as_forms_for_the_pressure(
    app: Flask, amira: Resident, times: list[Slot], app_clock: AppClock
) -> None:
    own = book(amira, times[0])
    switch(app, times[1], OPENS_AT, ProofRule.UNDER_PRESSURE)
    app_clock.stand_at(OPENS_AT + timedelta(minutes=5))
    send_move(amira, own, times[1])

    assert [len(sent) for sent in app.extensions["proofs"].forms.values()] == [1]


def test_changes_to_an_opening_are_limited_as_its_forms_are(
    app: Flask, amira: Resident, times: list[Slot], app_clock: AppClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = book(amira, times[0])
    app_clock.stand_at(OPENS_AT + timedelta(minutes=5))
    monkeypatch.setitem(limits.TO_ADDRESS, "book", Allowance(at_once=0, a_minute=1))
    refused = send_move(amira, own, times[1], 429)

    assert "very many tries" in refused.text
    assert int(refused.headers["Retry-After"]) > 0
    assert counters(app, times[1]) == (0, 0, 0)
