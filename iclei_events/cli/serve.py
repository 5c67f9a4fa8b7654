"""``flask --app app serve``: the whole site from one command, web server and mail worker together."""

from __future__ import annotations

import ctypes
import gc
import os
import signal
import socket
import sys
import threading
from collections.abc import Iterator
from contextvars import Context
from datetime import datetime
from itertools import islice
from multiprocessing import get_context
from pathlib import Path
from typing import Final

import click
from flask import current_app
from flask.cli import with_appcontext
from flask_migrate import upgrade

from iclei_events import clock
from iclei_events.cli.web_server import LAST_SECONDS, web_server
from iclei_events.cli.worker import worker
from iclei_events.config import ROOT
from iclei_events.db import db
from iclei_events.i18n import LANGUAGES
from iclei_events.services import demo, programme, slots, staff

PACKS: Final = ROOT / "iclei_events" / "content"

DEMO_STARTS_AT: Final = "2022-05-02T09:05:00+02:00"
"""Five minutes after the booking of the Summit's tours has opened, so that the Summit lies ahead."""

YOUNG_OBJECTS: Final = 10_000
"""How many new objects Python's collector waits for before it looks through them. A list of slots makes a thousand that
need no collecting; at Python's own 700, looking took a tenth of the page."""

PR_SET_PDEATHSIG: Final = 1
M_ARENA_MAX: Final = -8
M_MMAP_THRESHOLD: Final = -3
M_TRIM_THRESHOLD: Final = -1
LARGE: Final = 64 * 1024
"""Bytes of memory that go back to the system as soon as they are free: a page as text, or compressed, is larger."""


class MailWorker:
    """The process beside the server that sends mail and does what is due. Should it die, the server stops too."""

    def __init__(self) -> None:
        self.died = False
        self._stopping = False
        # Forked, so that it shares the loaded app instead of loading its own.
        self._process = get_context("fork").Process(target=_work, name="mail-worker", daemon=True)
        self._watch = threading.Thread(target=self._wait, daemon=True)

    def start(self) -> None:
        self._process.start()
        self._watch.start()

    def stop(self) -> None:
        self._stopping = True
        self._process.terminate()
        self._watch.join(LAST_SECONDS)
        self._process.kill()

    def _wait(self) -> None:
        self._process.join()
        if not self._stopping:
            self.died = True
            os.kill(os.getpid(), signal.SIGTERM)


@click.command("serve")
@with_appcontext
def serve() -> None:
    """Serve the site and send its mail until Ctrl-C."""
    host, port = os.environ.get("HOST", "127.0.0.1"), int(os.environ.get("PORT", "8000"))
    _refuse_taken(host, port)
    if not current_app.config["PRODUCTION"] and clock.STARTS_AT not in os.environ:
        _start_demo_clock()
    _prepare_database()
    _announce(host, port)
    _warm_up()
    _forget_connections()
    _keep_little_freed_memory()
    mail_worker = MailWorker()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    try:
        mail_worker.start()
        web_server(host, port).serve()
    except KeyboardInterrupt:
        pass
    finally:
        mail_worker.stop()
    if mail_worker.died:
        click.echo("The mail worker ended by itself, so the server was stopped.", err=True)
        sys.exit(1)


def _refuse_taken(host: str, port: int) -> None:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            msg = f"{host}:{port} is not free ({error.strerror}): set PORT or HOST, or stop what is there"
            raise click.ClickException(msg) from error


def _start_demo_clock() -> None:
    """Let the demo's clock run from its moment, in this process and in every one it starts."""
    os.environ[clock.STARTS_AT] = DEMO_STARTS_AT
    os.environ[clock.STARTED] = clock.machine_time().isoformat()
    current_app.config["CLOCK_STARTS_AT"] = datetime.fromisoformat(DEMO_STARTS_AT)
    clock.start_at(current_app.config["CLOCK_STARTS_AT"])


def _prepare_database() -> None:
    """Do so in a process of its own: what that loads and leaves behind is then in none of those that serve."""
    process = get_context("fork").Process(target=_migrate_and_fill, name="prepare-database", daemon=True)
    process.start()
    process.join()
    if process.exitcode:
        if process.exitcode < 0:
            click.echo(f"Preparing the database was ended by signal {-process.exitcode}.", err=True)
        sys.exit(1)


def _migrate_and_fill() -> None:
    """Bring the database to the newest migration; an empty one gets the demo, but never in production."""
    _end_with_parent()
    Path(ROOT / "instance").mkdir(exist_ok=True)
    upgrade()
    if not current_app.config["PRODUCTION"] and not programme.events():
        from iclei_events.services.content.loading import load_pack  # noqa: PLC0415  Pydantic takes its share of memory

        click.echo("Filling the empty database with the demo ...")
        for pack in sorted(PACKS.glob("*.yaml")):
            load_pack(pack)
        demo.fill()


def _announce(host: str, port: int) -> None:
    where = f"[{host}]" if ":" in host else host
    click.echo(f"Serving at     http://{where}:{port}")
    if not current_app.config["PRODUCTION"]:
        click.echo(f"Staff sign in  {staff.demo_invitation(current_app.config['BASE_URL'])}")
    click.echo(f"Mails go to    {current_app.config['MAIL_URL']}")
    click.echo("Ctrl-C stops everything.")


def _warm_up() -> None:
    """Show the pages that most come for once, to nobody: what that takes the web workers then share, being forked.

    Templates, statements and words would else be made and held by each of them, a tenth of the whole server's memory.
    """
    visitor = current_app.test_client(use_cookies=False)
    for page in _most_wanted_pages():
        for language in LANGUAGES:
            # In a context of its own: in this command's, the words of the first page would be in force on all others.
            Context().run(visitor.get, f"/{language}/{page}", base_url=current_app.config["BASE_URL"])


def _most_wanted_pages() -> Iterator[str]:
    """Those of the event that ends next, or ended last, and the form for one of its slots that take bookings."""
    now, events = clock.now(), programme.events()
    event = min((event for event in events if not event.is_over(now)), key=lambda event: event.ends_on, default=None)
    for chosen in [event] if event is not None else events[:1]:
        yield from (f"{chosen.slug}/{page}" for page in ("", "programme", "tours"))
        bookable = (slot for slot in slots.of_event(chosen) if slot.takes_bookings(now))
        yield from (f"slots/{slot.slug}/book" for slot in islice(bookable, 1))


def _forget_connections() -> None:
    """Leave nothing that a forked child could share by mistake, nor memory it would copy just to count references."""
    db.session.remove()
    db.engine.dispose()
    os.register_at_fork(after_in_child=_depend_on_parent)
    gc.collect()
    gc.freeze()
    gc.set_threshold(YOUNG_OBJECTS)


def _keep_little_freed_memory() -> None:
    """Let glibc's allocator keep one pool of freed memory, not one for each thread, and no large pieces."""
    if sys.platform == "linux" and hasattr(ctypes.CDLL(None), "mallopt"):
        for option, value in ((M_ARENA_MAX, 1), (M_MMAP_THRESHOLD, LARGE), (M_TRIM_THRESHOLD, LARGE)):
            ctypes.CDLL(None).mallopt(option, value)


def _depend_on_parent() -> None:
    """Let only the parent stop this child: Ctrl-C does not reach it."""
    os.setpgrp()
    _end_with_parent()


def _end_with_parent() -> None:
    """Let Linux end this child should the parent be killed."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def _work() -> None:
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    worker.main([], standalone_mode=False)
