"""How Alembic reaches the app's database: one history for SQLite and PostgreSQL."""

from __future__ import annotations

from typing import Any, Literal

from alembic import context
from alembic.autogenerate.api import AutogenContext
from flask import current_app

from iclei_events.db import db, prepare
from iclei_events.models import types


def render_item(kind: str, item: Any, autogen: AutogenContext) -> str | Literal[False]:
    """Write our column types as the plain types they are kept as, so that old migrations never import the app."""
    if kind != "type":
        return False
    if isinstance(item, types.UtcDateTime):
        return "sa.DateTime(timezone=True)"
    if isinstance(item, types.BilingualText) or item is types.JsonDocument:
        autogen.imports.add("from sqlalchemy.dialects import postgresql")
        return 'sa.JSON().with_variant(postgresql.JSONB(), "postgresql")'
    return False


def run() -> None:
    engine = db.engine
    prepare(engine)
    with engine.connect() as connection:
        if engine.dialect.name == "sqlite":
            # Batch mode copies tables; with foreign keys on, dropping the old one would take its children along.
            # Past the engine, which would begin a transaction first: in one, SQLite takes no heed of it. And the
            # connection is not for anybody else afterwards.
            connection.detach()
            connection.connection.cursor().execute("PRAGMA foreign_keys=OFF")
        context.configure(
            connection=connection,
            target_metadata=db.metadata,
            render_item=render_item,
            render_as_batch=True,
            compare_type=True,
            **current_app.extensions["migrate"].configure_args.get("env", {}),
        )
        with context.begin_transaction():
            context.run_migrations()


run()
