"""One history of the database that runs on SQLite and PostgreSQL, there and back."""

import pytest
from alembic.script import ScriptDirectory
from flask import Flask
from flask_migrate import check, downgrade, upgrade

from iclei_events.db import db
from tests import scenes
from tests.databases import Database

pytestmark = pytest.mark.check


def test_there_is_one_newest_migration(app: Flask) -> None:
    script = ScriptDirectory(app.config["MIGRATIONS_DIR"])

    assert len(script.get_heads()) == 1


def test_migrations_make_the_models_tables_and_can_be_undone(app: Flask, database: Database) -> None:
    with app.app_context():
        check()
        downgrade(revision="base")
        left = db.inspect(db.engine).get_table_names()
        upgrade()
        check()
        db.engine.dispose()

    assert left == ["alembic_version"]


def test_what_is_stored_survives_a_migration_that_copies_its_tables(app: Flask) -> None:
    with app.app_context():
        reference = scenes.book(scenes.make_slot(), "Amira").reference
        db.session.remove()
        downgrade(revision="0013")
        upgrade()
        assert scenes.booking(reference).slot.activity.slug == "tour"
        db.session.remove()
        db.engine.dispose()
