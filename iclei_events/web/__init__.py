"""Addresses, forms, pages."""

from __future__ import annotations

from flask import Flask

from iclei_events.web import address_changes as address_changes  # adds forms to the bookings' addresses
from iclei_events.web import (
    assets,
    bookings,
    calendar,
    calendar_feeds,
    commitment,
    compression,
    draws,
    errors,
    events,
    filters,
    health,
    kept_parts,
    languages,
    limits,
    my,
    overload,
    pages,
    programme,
    security,
    signing,
    sitemap,
    staff,
    tours,
    waiting_room,
)
from iclei_events.web import attendees as attendees  # so does this, and so do the next
from iclei_events.web import booking_form as booking_form
from iclei_events.web import entry_change as entry_change
from iclei_events.web import line as line
from iclei_events.web import moving as moving
from iclei_events.web import needs as needs
from iclei_events.web import receipts as receipts
from iclei_events.web import tickets as tickets


def init_app(app: Flask) -> None:
    """Attach what all pages share, then the blueprints."""
    languages.init_app(app)
    filters.init_app(app)
    kept_parts.init_app(app)
    overload.init_app(app)
    assets.init_app(app)
    security.init_app(app)
    limits.init_app(app)
    errors.init_app(app)
    compression.init_app(app)
    for blueprint in (
        health.blueprint,
        bookings.blueprint,
        calendar.blueprint,
        calendar_feeds.blueprint,
        my.blueprint,
        staff.blueprint,
        events.blueprint,
        programme.blueprint,
        tours.blueprint,
        draws.blueprint,
        waiting_room.blueprint,
        sitemap.blueprint,
        commitment.blueprint,
        commitment.open_register,
        signing.blueprint,
        pages.blueprint,
    ):
        app.register_blueprint(blueprint)
