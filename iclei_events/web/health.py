"""For those who watch over the server: is the process up, is the database there and migrated."""

from __future__ import annotations

from pathlib import Path

from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from flask import Blueprint, current_app
from werkzeug.wrappers import Response

from iclei_events.db import db

blueprint = Blueprint("health", __name__)


@blueprint.get("/healthz")
def process() -> Response:
    return Response("ok\n", mimetype="text/plain")


@blueprint.get("/readyz")
def database() -> Response:
    head = ScriptDirectory(Path(current_app.config["MIGRATIONS_DIR"])).get_current_head()
    current = MigrationContext.configure(db.session.connection()).get_current_revision()
    if current != head:
        return Response("the database is not migrated\n", 503, mimetype="text/plain")
    return Response("ok\n", mimetype="text/plain")
