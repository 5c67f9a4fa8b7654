"""What every test may ask for: an app on each database, a visitor, the time and the post."""

from __future__ import annotations

import gc
import os
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from zlib import crc32

import pytest
from argon2 import PasswordHasher
from flask import Flask
from flask.testing import FlaskClient
from jinja2 import FileSystemBytecodeCache

from iclei_events import create_app, db
from iclei_events.config import ROOT
from iclei_events.services import demo, passwords
from iclei_events.services.content.loading import load_pack
from iclei_events.web import overload
from tests import databases, postgres
from tests.clients import Visitor
from tests.databases import Database, PostgresDatabase, SqliteDatabase
from tests.post_office import PostOffice
from tests.times import DEMO_TIME, AppClock

KINDS = ("sqlite", "postgresql")
RAM = Path("/dev/shm")
FILLED = {"summit", "all_events", "demonstration"}
"""Fixtures that put a snapshot of their own into the app's database."""

PACKS = ROOT / "iclei_events" / "content"


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--every-database", action="store_true", help="run tests marked either_database on both")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """A test that needs a database runs on both, or on those that ``@pytest.mark.database`` names.

    What a page says is no matter of the database: such a test, marked ``either_database``, runs on one of them. Which
    one follows from its name, so that it stays the same and each database has half of them. Tests of services, models,
    migrations and trips, of staff's changes, of places given out and of abuse never carry that mark.
    """
    if "database_kind" in metafunc.fixturenames:
        metafunc.parametrize("database_kind", _kinds_for(metafunc), scope="session")


def _kinds_for(metafunc: pytest.Metafunc) -> tuple[str, ...]:
    if marker := metafunc.definition.get_closest_marker("database"):
        return tuple(marker.args)
    either = metafunc.definition.get_closest_marker("either_database")
    if either is None or metafunc.config.getoption("every_database"):
        return KINDS
    return (KINDS[crc32(metafunc.function.__name__.encode()) % len(KINDS)],)


def pytest_collection_finish() -> None:
    """What is loaded now stays until the end: the garbage collector need not look through it with every test."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(100_000, 50, 100)


@pytest.fixture(scope="session", autouse=True)
def _cheap_passwords() -> Iterator[PasswordHasher]:
    """Passwords are hashed as ever, but at the lowest cost: hundreds of tests sign in. Yields the real cost."""
    with pytest.MonkeyPatch.context() as patch:
        costly = passwords._hasher
        patch.setattr(passwords, "_hasher", PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))
        yield costly


@pytest.fixture(scope="session", autouse=True)
def _patience() -> Iterator[None]:
    """A page waits for its turn as long as a busy machine needs; what a worker does in a rush sets its own patience."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(overload, "PAGE_SECONDS", 20.0)
        yield


@pytest.fixture
def password_costs(_cheap_passwords: PasswordHasher, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a hash cost what it costs in production, for a test that looks at just that."""
    monkeypatch.setattr(passwords, "_hasher", _cheap_passwords)


@pytest.fixture(scope="session")
def _worker() -> Iterator[ExitStack]:
    """Where a worker's databases and apps live until it is done."""
    with ExitStack() as until_done:
        yield until_done


@pytest.fixture(scope="session")
def _databases() -> dict[str, tuple[Flask, Database]]:
    return {}


@pytest.fixture(scope="session")
def _run_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What all workers of this run share."""
    root = tmp_path_factory.getbasetemp()
    return root.parent if "PYTEST_XDIST_WORKER" in os.environ else root


@pytest.fixture(scope="session")
def _templates(_run_folder: Path) -> FileSystemBytecodeCache:
    """Each template is compiled once in a run, not once in each app."""
    folder = _run_folder / "templates"
    folder.mkdir(exist_ok=True)
    return FileSystemBytecodeCache(str(folder))


@pytest.fixture(scope="session")
def postgres_server(_worker: ExitStack, _run_folder: Path) -> Any:
    """The address of the PostgreSQL server of this run; where none can be had the test is skipped, in CI it fails."""
    try:
        return _worker.enter_context(postgres.shared_server(_run_folder))
    except postgres.ServerMissingError as error:
        if os.environ.get("CI"):
            raise
        pytest.skip(f"no PostgreSQL: {error}")


@pytest.fixture
def _app_and_database(
    database_kind: str,
    request: pytest.FixtureRequest,
    _worker: ExitStack,
    _databases: dict[str, tuple[Flask, Database]],
    _templates: FileSystemBytecodeCache,
) -> tuple[Flask, Database]:
    if database_kind not in _databases:
        database = _make_database(database_kind, request, _worker)
        app = create_app(settings_for(database))
        app.jinja_env.bytecode_cache = _templates
        databases.migrate(app, database)
        _worker.callback(databases.disconnect, app)
        _databases[database_kind] = app, database
    return _databases[database_kind]


def _make_database(kind: str, request: pytest.FixtureRequest, worker: ExitStack) -> Database:
    if kind == "sqlite":
        # In memory where that can be had: each commit is synchronous, and a disk would be waited for.
        fast = RAM if os.access(RAM, os.W_OK) else None
        return SqliteDatabase(Path(worker.enter_context(TemporaryDirectory(dir=fast))))
    server = request.getfixturevalue("postgres_server")
    url = worker.enter_context(postgres.database(server, f"test_{os.getpid()}"))
    database = PostgresDatabase(url)
    worker.callback(database.close)
    return database


def settings_for(database: Database) -> dict[str, Any]:
    """The settings of a test's app, in Flask's names."""
    return {
        "TESTING": True,
        "SECRET_KEY": "test-only-" * 5,
        "SQLALCHEMY_DATABASE_URI": database.url,
        "SQLALCHEMY_ENGINE_OPTIONS": db.engine_options(database.url),
        "BASE_URL": "http://localhost",
        "CLOCK_STARTS_AT": None,
        "PAGE_CACHE_SECONDS": 0,
    }


@pytest.fixture
def database(_app_and_database: tuple[Flask, Database]) -> Database:
    """The database under the app: its ``name``, its ``url``, and ``restore("empty")`` for a fresh start in one test."""
    return _app_and_database[1]


@pytest.fixture
def database_url(database: Database, app: Flask) -> str:
    return database.url


@pytest.fixture(scope="session")
def _mail_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where mails go that no test looks at: one folder for all, since a folder for each test takes its time."""
    return tmp_path_factory.mktemp("mail")


@pytest.fixture
def app(
    _app_and_database: tuple[Flask, Database], app_clock: AppClock, _mail_folder: Path, request: pytest.FixtureRequest
) -> Iterator[Flask]:
    """The app on a migrated, empty database, at the demo's time. No context is pushed: pages would share it."""
    app, database = _app_and_database
    if FILLED.isdisjoint(request.fixturenames):
        databases.restore(app, database)
    changed = dict(app.config)
    app.config["MAIL_URL"] = f"file:{_mail_folder}"
    app.extensions.pop("limits", None)  # time stands still, so what one test has used up would stay so
    yield app
    app.config.clear()
    app.config.update(changed)


@pytest.fixture
def app_context(app: Flask) -> Iterator[None]:
    """An application context for a whole test of services or models; page tests do without."""
    with app.app_context():
        yield


@pytest.fixture
def summit(app: Flask, database: Database) -> None:
    """The Malmö Summit as its content pack tells it, with no bookings yet."""
    databases.restore(app, database, "summit", lambda: load_pack(PACKS / "malmo-summit.yaml"))


@pytest.fixture
def all_events(app: Flask, database: Database) -> None:
    """Every content pack, with no bookings yet."""
    databases.restore(app, database, "all events", lambda: [load_pack(pack) for pack in sorted(PACKS.glob("*.yaml"))])


@pytest.fixture
def demonstration(app: Flask, database: Database) -> None:
    """What ``make run`` shows: every content pack, and the demo's people in their places."""

    def fill() -> None:
        for pack in sorted(PACKS.glob("*.yaml")):
            load_pack(pack)
        demo.fill()

    databases.restore(app, database, "demonstration", fill)


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    return app.test_client()


@pytest.fixture
def visitor(app: Flask) -> Visitor:
    """Somebody with a browser without scripts, who checks the house rules on every page that opens."""
    return Visitor(app)


@pytest.fixture
def app_clock() -> Iterator[AppClock]:
    """The app's clock, still at the demo's moment until the test moves it."""
    clock = AppClock()
    clock.stand_at(DEMO_TIME)
    yield clock
    clock.run()


@pytest.fixture
def post_office(app: Flask) -> Iterator[PostOffice]:
    """A mail server the app sends to; what it got is in ``post_office.mails``."""
    with PostOffice() as office:
        app.config["MAIL_URL"] = office.url
        yield office
