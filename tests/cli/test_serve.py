"""``serve`` starts everything, keeps the data, and leaves nothing behind."""

import json
import os
import re
import signal
import time
from collections import Counter
from collections.abc import Callable, Iterator
from http import HTTPStatus
from pathlib import Path
from urllib.request import urlopen

import pytest

from tests.live_site import LiveSite

PATIENCE = 60
"""Seconds until what should happen is given up: longer than a busy machine needs."""


@pytest.fixture(scope="module")
def served_before(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder in which the site has been started once; its database holds the demo."""
    folder = tmp_path_factory.mktemp("before")
    with LiveSite(folder):
        return folder


@pytest.fixture
def site(served_before: Path) -> Iterator[LiveSite]:
    """A site to be stopped."""
    with LiveSite(served_before) as site:
        yield site


@pytest.fixture(scope="module")
def lasting_site(served_before: Path) -> Iterator[LiveSite]:
    """A site that these tests leave as they find it."""
    with LiveSite(served_before) as site:
        yield site


def children(pid: int) -> list[int]:
    """The processes that a process started: first the mail worker, then the web workers."""
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def eventually(true: Callable[[], bool]) -> bool:
    give_up = time.monotonic() + PATIENCE
    while not true():
        if time.monotonic() > give_up:
            return False
        time.sleep(0.05)
    return True


@pytest.mark.parametrize("stop", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_when_it_is_stopped_nothing_keeps_running(site: LiveSite, stop: signal.Signals) -> None:
    everything = [site.process.pid, *children(site.process.pid)]

    site.process.send_signal(stop)
    site.process.wait(PATIENCE)

    assert len(everything) == 3
    assert eventually(lambda: not any(map(alive, everything)))


def test_an_empty_database_gets_the_demo_and_a_second_start_keeps_it(served_before: Path) -> None:
    before = LiveSite(served_before).command("seats", "dump")
    with LiveSite(served_before) as again:
        after = again.command("seats", "dump")

    assert Counter(json.loads(line)["type"] for line in before.splitlines()) > Counter(slot=40, booking=100)
    assert after == before


def test_it_says_where_it_serves_where_mails_go_and_how_staff_sign_in(lasting_site: LiveSite) -> None:
    site = lasting_site
    assert f"Serving at     {site.url}" in site.said
    assert f"Mails go to    file:{site.mail_folder}" in site.said
    assert re.search(rf"Staff sign in  {site.url}/sv/staff/\S+", site.said)


def test_a_taken_port_is_said_plainly(lasting_site: LiveSite, tmp_path: Path) -> None:
    with pytest.raises(AssertionError, match=rf"127.0.0.1:{lasting_site.port} is not free"):
        LiveSite(tmp_path / "other", PORT=str(lasting_site.port)).__enter__()


def test_what_serves_holds_nothing_that_only_loading_and_printing_need(lasting_site: LiveSite) -> None:
    """Pydantic checks content packs, Typst sets tickets; each would take its share of the memory of every process."""
    pids = [lasting_site.process.pid, *children(lasting_site.process.pid)]
    loaded = "".join(Path(f"/proc/{pid}/maps").read_text() for pid in pids)
    assert "_granian" in loaded
    assert re.findall(r"_typst|pydantic_core", loaded) == []


def test_a_database_that_cannot_be_prepared_stops_the_start(tmp_path: Path) -> None:
    (tmp_path / "site.sqlite3").write_text("no database" * 1000)
    with pytest.raises(AssertionError, match="file is not a database") as stopped:
        LiveSite(tmp_path).__enter__()
    assert "Serving at" not in str(stopped.value)


def test_a_web_worker_that_dies_is_replaced(lasting_site: LiveSite) -> None:
    site = lasting_site
    mail_worker, web_worker = children(site.process.pid)

    os.kill(web_worker, signal.SIGKILL)

    assert eventually(lambda: not alive(web_worker) and len(children(site.process.pid)) == 2)
    assert eventually(lambda: is_up(site))
    assert alive(mail_worker)


def is_up(site: LiveSite) -> bool:
    """Whether the site answers; where a worker was killed, its connections are lost and for a moment nobody listens."""
    try:
        with urlopen(f"{site.url}/healthz", timeout=PATIENCE) as answer:
            return bool(answer.status == HTTPStatus.OK)
    except OSError:  # refused, reset, or hung up on
        return False


def test_when_the_mail_worker_dies_the_server_stops_and_says_so(site: LiveSite) -> None:
    os.kill(children(site.process.pid)[0], signal.SIGKILL)

    assert site.process.wait(PATIENCE) == 1
    assert "The mail worker ended by itself" in site.said
