"""A desk in the staff's office: somebody on duty at an event with one slot."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from flask import Flask

from iclei_events.models import Slot, StaffRole
from tests import scenes
from tests.clients import Page, Visitor
from tests.staffing import on_duty


@dataclass(frozen=True, slots=True)
class Desk:
    app: Flask
    visitor: Visitor
    event_id: int
    event_slug: str
    slot_id: int
    slot_slug: str

    def path(self, page: str = "", language: str = "en") -> str:
        """The address of a page of the desk's slot; without one, of the board."""
        board = f"/{language}/staff/{self.event_slug}/slots"
        return f"{board}/{self.slot_slug}/{page}" if page else board

    def open(self, page: str = "", **options: Any) -> Page:
        return self.visitor.open(self.path(page), **options)

    def slot(self) -> Slot:
        """The slot as the database has it now; its counters only."""
        with self.app.app_context():
            return scenes.slot_now(self.slot_id)

    def book(self, name: str, adults: int = 1, children: int = 0, **options: Any) -> str:
        """A resident books; returns the reference."""
        with self.app.app_context():
            return scenes.book(self.slot(), name, adults, children, **options).reference


def make_desk(app: Flask, role: StaffRole = StaffRole.ORGANISER, *, everywhere: bool = False, **fields: Any) -> Desk:
    """``fields`` are the slot's."""
    with app.app_context():
        slot = scenes.slot_now(scenes.make_slot(**fields))
        event, slot_id, slot_slug = slot.activity.event, slot.id, slot.slug
        event_id, event_slug = event.id, event.slug
    return Desk(app, on_duty(app, role, None if everywhere else event_id), event_id, event_slug, slot_id, slot_slug)
