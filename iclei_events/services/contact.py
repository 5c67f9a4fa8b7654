"""Whom people can ask when a page belongs to no event: those who hold the event that is on or comes next."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import raiseload

from iclei_events import clock
from iclei_events.db import db
from iclei_events.models import Event


def event_to_ask() -> Event | None:
    """Find the event with an address to write to that ends next; when all are over, the one that ended last."""
    with_contact = select(Event).where(Event.contact_email.is_not(None)).options(raiseload("*", sql_only=True)).limit(1)
    today = clock.now().date()
    to_come = db.session.scalars(with_contact.where(Event.ends_on >= today).order_by(Event.ends_on, Event.id)).first()
    return to_come or db.session.scalars(with_contact.order_by(Event.ends_on.desc(), Event.id)).first()
