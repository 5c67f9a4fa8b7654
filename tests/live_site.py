"""The whole site as ``make run`` starts it, on a free port with a database and a post box of its own."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from contextlib import suppress
from email import message_from_bytes, policy
from email.message import EmailMessage
from itertools import count
from pathlib import Path
from typing import Final, Self
from urllib.error import URLError
from urllib.request import urlopen

from iclei_events.config import ROOT

PATIENCE: Final = 60
"""Seconds until a site that does not do what it should is given up: longer than a busy machine needs."""

_ports: Final = count(os.getpid() * 37)
"""Elsewhere in each worker."""

OURS: Final = {"DATABASE_URL", "SECRET_KEY", "BASE_URL", "MAIL_URL", "MAIL_FROM", "CLOCK_STARTS_AT", "CLOCK_STARTED"}


class LiveSite:
    """``with LiveSite(folder) as site:`` serves the demo at ``site.url`` until the block ends.

    ``settings`` are environment variables on top of those; the files of the site lie in ``folder``.
    """

    program: tuple[str, ...] = ("-m", "flask", "--app", "app", "serve")

    def __init__(self, folder: Path, **settings: str) -> None:
        self.port = _free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        folder.mkdir(parents=True, exist_ok=True)
        self.mail_folder = folder / "mail"
        self._log = folder / f"serve-{self.port}.log"  # sites one after another may share the folder
        self._read: dict[Path, EmailMessage] = {}
        kept = {name: value for name, value in os.environ.items() if name not in OURS}
        self.environment = {
            **kept,
            "DATABASE_URL": f"sqlite:///{folder / 'site.sqlite3'}",
            "MAIL_URL": f"file:{self.mail_folder}",
            "HOST": "127.0.0.1",
            "PORT": str(self.port),
            "WEB_WORKERS": "1",
            **settings,
        }

    def __enter__(self) -> Self:
        with self._log.open("w") as log:
            self.process = subprocess.Popen(
                [sys.executable, *self.program],
                cwd=ROOT,
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        give_up = time.monotonic() + PATIENCE
        while not self._answers():
            assert self.process.poll() is None, f"the site did not start:\n{self.said}"
            assert time.monotonic() < give_up, f"the site does not answer:\n{self.said}"
            time.sleep(0.05)
        return self

    def __exit__(self, *_: object) -> None:
        self.process.terminate()
        try:
            self.process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    @property
    def said(self) -> str:
        """What the site wrote on the terminal."""
        return self._log.read_text()

    def _answers(self) -> bool:
        try:
            with urlopen(f"{self.url}/healthz", timeout=5) as answer:
                return bool(answer.status == 200)
        except (URLError, OSError):
            return False

    def command(self, *words: str) -> str:
        """What ``flask --app app WORDS`` prints, run beside the site on the same database."""
        done = subprocess.run(
            [sys.executable, "-m", "flask", "--app", "app", *words],
            check=False,
            cwd=ROOT,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, f"{' '.join(words)} failed:\n{done.stdout}{done.stderr}"
        return done.stdout

    def mails_to(self, recipient: str, *, at_least: int = 1, seconds: float = PATIENCE) -> list[EmailMessage]:
        """The mails to somebody, oldest first; waits until there are that many."""
        give_up = time.monotonic() + seconds
        while True:
            found = [mail for mail in self._mails() if recipient in str(mail["To"])]
            if len(found) >= at_least:
                return found
            assert time.monotonic() < give_up, f"{len(found)} mails to {recipient}, {at_least} were awaited"
            time.sleep(0.1)

    def _mails(self) -> list[EmailMessage]:
        files = sorted(self.mail_folder.glob("*.eml"), key=lambda file: (file.stat().st_mtime_ns, file.name))
        for file in files:
            if file not in self._read:
                self._read[file] = message_from_bytes(file.read_bytes(), policy=policy.default)
        return [self._read[file] for file in files]


def _free_port() -> int:
    """A port that nothing else takes before the site does: the machine itself gives away those from 32768 on."""
    while True:
        port = 20000 + next(_ports) % 12000
        with socket.socket() as free, suppress(OSError):
            free.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            free.bind(("127.0.0.1", port))
            return port
