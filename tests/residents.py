"""A resident with a browser: opens a slot's booking form, fills it in as a family of one would, and sends it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from threading import Barrier, Thread
from typing import Any

from flask import Flask
from werkzeug.test import TestResponse

from iclei_events.db import db, transaction
from iclei_events.models import Booking, Slot
from tests import scenes
from tests.clients import Page, Visitor

OUTCOME = "X-Booking-Outcome"
REFERENCE = "X-Booking-Reference"


class Resident(Visitor):
    """Called ``name``; reads the pages in ``language``."""

    def __init__(self, app: Flask, name: str = "Amira", language: str = "sv") -> None:
        super().__init__(app)
        self.app = app
        self.language = language
        self.details = {"name": f"{name} Lindqvist", "email": f"{name.lower()}@example.org"}

    def form_of(self, slot: Slot, **options: Any) -> Page:
        return self.open(f"/{self.language}/slots/{slot.slug}/book", **options)

    def send(self, form: Page, **fields: Any) -> TestResponse:
        """Send an open form; ``wait=None`` unticks the box."""
        left_out = [name for name, value in fields.items() if value is None]
        given = {name: value for name, value in fields.items() if value is not None}
        return self.post(form, leave_out=[n for n in left_out if n in form.fields()], **{**self.details, **given})

    def book(self, slot: Slot, **fields: Any) -> TestResponse:
        return self.send(self.form_of(slot), **fields)

    def refused(self, response: TestResponse, status: int) -> Page:
        """The page that an answer shows, checked for the house rules."""
        return self._page(response, status)


def make_slot(app: Flask, **fields: Any) -> Slot:
    with app.app_context():
        return scenes.make_slot(**fields)


def make_departures(app: Flask, number: int) -> list[str]:
    """Slugs of so many departures of one tour, two hours apart, five places each."""
    first = make_slot(app)
    with app.app_context(), transaction() as session:
        for nth in range(1, number):
            later = timedelta(hours=2 * nth)
            session.add(
                Slot(
                    activity_id=first.activity_id,
                    slug=f"{first.slug}-{nth}",
                    starts_at=first.starts_at + later,
                    ends_at=first.ends_at + later,
                    languages=["en"],
                    capacity=5,
                )
            )
    return [first.slug, *(f"{first.slug}-{nth}" for nth in range(1, number))]


def booked(app: Flask, reference: str) -> dict[str, Any]:
    """What the database has of a booking."""
    with app.app_context():
        booking: Booking = scenes.booking(reference)
        contact = booking.attendee
        return {
            "name": contact and contact.name,
            "email": contact and contact.email,
            "email_key": contact and contact.email_key,
            "phone": contact and contact.phone,
            "adults": booking.adults,
            "children": booking.children,
            "language": booking.language,
            "status": booking.status.value,
            "access_need": booking.access_need and booking.access_need.description,
        }


def count_bookings(app: Flask) -> int:
    with app.app_context():
        return db.session.scalar(db.select(db.func.count()).select_from(Booking)) or 0


def mails(app: Flask, kind: str | None = None) -> int:
    with app.app_context():
        return scenes.mails(kind)


def counters(app: Flask, slot: Slot) -> tuple[int, int, int]:
    """Held places, kept-back places, waiting parties; every invariant checked on the way."""
    with app.app_context():
        assert scenes.broken() == []
        return scenes.counters(slot)


def at_once(*acts: Callable[[], Any]) -> list[Any]:
    """Start all acts at the same moment, each in a thread of its own; what each returned or raised."""
    barrier = Barrier(len(acts))
    results: list[Any] = [None] * len(acts)

    def run(number: int, act: Callable[[], Any]) -> None:
        barrier.wait()
        try:
            results[number] = act()
        except Exception as error:  # noqa: BLE001  the test looks at it
            results[number] = error

    threads = [Thread(target=run, args=pair) for pair in enumerate(acts)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results
