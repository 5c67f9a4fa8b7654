"""Events, study tours and the Malmö Commitment: the only place that knows every part of the app."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import Flask
from werkzeug.middleware.proxy_fix import ProxyFix

from iclei_events import cli, clock, config, db, logs, web
from iclei_events import models as models  # makes every table known


def create_app(settings: Mapping[str, Any] | None = None) -> Flask:
    """The app with settings from the environment, overridden by ``settings`` (Flask's names)."""
    app = Flask(__name__, root_path=str(config.ROOT), template_folder="templates", static_folder=None)
    app.config.from_mapping(config.from_environment())
    app.config.from_mapping(settings or {})
    if not app.testing:
        logs.configure(app.config["LOG_FORMAT"])
    clock.start_at(app.config["CLOCK_STARTS_AT"])
    db.init_app(app)
    web.init_app(app)
    cli.init_app(app)
    if hops := app.config["TRUSTED_PROXIES"]:
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=hops, x_proto=hops, x_host=0)  # type: ignore[method-assign]
    return app
