"""What only the running server can show: bytes that no browser and no test client sends (rows U, H01 and S01)."""

from __future__ import annotations

import re
import socket
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

import pytest
from flask import Flask

from iclei_events.db import db
from tests.databases import Database
from tests.live_site import LiveSite

pytestmark = pytest.mark.database("sqlite")

FORM: Final = b"Content-Type: application/x-www-form-urlencoded\r\n"
CHUNKED: Final = FORM + b"Transfer-Encoding: chunked\r\n"
CHUNK: Final = b"10000\r\n" + b"a" * 0x10000 + b"\r\n"
HUNDRED_MEGABYTES: Final = FORM + b"Content-Length: 104857600\r\n"


@pytest.fixture
def site(app: Flask, summit: None, database: Database, tmp_path: Path) -> Iterator[LiveSite]:
    with LiveSite(tmp_path, DATABASE_URL=database.url) as site:
        yield site
    with app.app_context():
        db.engine.dispose()


def answer(site: LiveSite, head: bytes, body: Iterable[bytes] = ()) -> tuple[int, bytes]:
    """The status and the whole of what comes back; the server may hang up before all was sent."""
    with socket.create_connection(("127.0.0.1", site.port), timeout=5) as wire:
        received = b""
        try:
            for part in (head, *body):
                wire.sendall(part)
        except OSError:
            pass
        try:
            while part := wire.recv(65536):
                received += part
        except OSError:
            pass
    found = re.match(rb"HTTP/1\.[01] (\d{3})", received)
    return int(found[1]) if found else 0, received


def request(site: LiveSite, line: bytes, headers: bytes = b"", host: bytes | None = None) -> bytes:
    own = b"Host: 127.0.0.1:%d\r\n" % site.port
    return line + b" HTTP/1.1\r\n" + (own if host is None else host) + headers + b"Connection: close\r\n\r\n"


def memory(process: int) -> int:
    """What a process and its children hold, in bytes."""
    children = Path(f"/proc/{process}/task/{process}/children").read_text().split()
    return sum(int(Path(f"/proc/{one}/statm").read_text().split()[1]) * 4096 for one in (process, *children))


def test_the_server_refuses_what_no_browser_sends_and_stays_as_it_was(site: LiveSite) -> None:
    answer(site, request(site, b"GET /en/my"))
    before = memory(site.process.pid)

    def told(line: bytes, headers: bytes = b"", host: bytes | None = None, body: Iterable[bytes] = ()) -> int:
        start = time.monotonic()
        status, received = answer(site, request(site, line, headers, host), body)
        assert time.monotonic() - start < 4, line
        assert b"evil" not in received.lower(), line
        assert b"Traceback" not in received, line
        return status

    assert told(b"GET /en/my") == 200
    assert told(b"POST /en/my", HUNDRED_MEGABYTES) == 413
    assert told(b"POST /en/my", HUNDRED_MEGABYTES, body=[b"a" * 2**20] * 100) == 413
    assert told(b"POST /en/my", CHUNKED, body=[CHUNK] * 500) == 413
    assert told(b"POST /en/my", CHUNKED, body=[b"3\r\na=1\r\n0\r\n\r\n"]) == 403
    assert told(b"GET /en/my", host=b"Host: evil.example\r\n") == 400
    assert told(b"GET /en/my", host=b"") == 400
    assert told(b"GET /en/my", host=b"Host: 127.0.0.1\r\nHost: evil.example\r\n") == 400
    assert told(b"GET /en/my", host=b"Host: evil.example\r\nHost: 127.0.0.1\r\n") == 400
    assert told(b"GET http://evil.example/en/my") == 200  # the name in the line goes nowhere, the page is ours
    assert told(b"GET /en/my", b"X-Forwarded-Host: evil.example\r\nForwarded: host=evil.example\r\n") == 200
    assert told(b"GET //evil.example/%2e%2e") == 404
    assert told(b"GET /en/%ff") == 400
    assert told(b"GET /en/%00") == 400
    assert told(b"GET /en/\xff") == 400
    assert told(b"GET /" + b"a" * 16_000) == 414
    assert told(b"GET /en/?" + b"&".join(b"a%d" % number for number in range(1000))) in {400, 414}
    for method in (b"TRACE", b"CONNECT", b"FOO"):
        assert told(method + b" /en/", b"X-Mine: evil\r\n") == 405
    assert told(b"GET /en/my", b"Cookie: summit=\xff; summit=" + b"a" * 7000 + b"\r\n") == 200
    assert told(b"GET /en/my", b"Upgrade: websocket\r\n") in {200, 400}
    assert memory(site.process.pid) - before < 10 * 2**20
    assert "Traceback" not in site.said
    assert "rror" not in site.said
