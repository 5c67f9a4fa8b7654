"""Addresses, forms, pages."""

from __future__ import annotations

from flask import Flask

from iclei_events.web import (
    assets,
    bookings,
    calendar,
    commitment,
    compression,
    errors,
    events,
    filters,
    health,
    languages,
    my,
    pages,
    programme,
    security,
    signing,
    sitemap,
    staff,
    tours,
)
from iclei_events.web import booking_form as booking_form  # adds the form to the bookings' addresses


def init_app(app: Flask) -> None:
    """Attach what all pages share, then the blueprints."""
    languages.init_app(app)
    filters.init_app(app)
    assets.init_app(app)
    security.init_app(app)
    errors.init_app(app)
    compression.init_app(app)
    for blueprint in (
        health.blueprint,
        bookings.blueprint,
        calendar.blueprint,
        my.blueprint,
        staff.blueprint,
        events.blueprint,
        programme.blueprint,
        tours.blueprint,
        sitemap.blueprint,
        commitment.blueprint,
        commitment.open_register,
        signing.blueprint,
        pages.blueprint,
    ):
        app.register_blueprint(blueprint)
