"""Clients that cost next to nothing: one thread, raw sockets, requests made beforehand as bytes."""

from __future__ import annotations

import re
import selectors
import socket
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

HOST: Final = "127.0.0.1"
PATIENCE: Final = 15.0
"""Seconds until an answer that does not come is a failure."""

LENGTH: Final = re.compile(rb"\r\ncontent-length: *([0-9]+)", re.IGNORECASE)
HEAD_ENDS: Final = b"\r\n\r\n"

Request = Callable[[int], bytes]
"""What client number n sends next."""


@dataclass(slots=True)
class Answer:
    status: int
    head: bytes
    body: bytes

    def header(self, name: str) -> str:
        """The value of a header, empty without one; of several, the first."""
        found = re.search(rf"\r\n{name}: *([^\r]*)".encode(), self.head, re.IGNORECASE)
        return found[1].decode() if found else ""


@dataclass(slots=True)
class Tally:
    """What was sent and answered in one round; every request sent was answered."""

    seconds: float = 0.0
    answers: Counter[int] = field(default_factory=Counter)
    outcomes: Counter[str] = field(default_factory=Counter)
    waits: list[float] = field(default_factory=list)

    @property
    def count(self) -> int:
        return len(self.waits)

    @property
    def rate(self) -> float:
        return self.count / self.seconds

    def milliseconds(self, share: float) -> float:
        """The wait that this share of the requests stayed under."""
        return 1000 * sorted(self.waits)[min(self.count - 1, int(share * self.count))]


class _Client:
    def __init__(self, number: int, port: int) -> None:
        self.number = number
        self.connection = socket.create_connection((HOST, port), timeout=PATIENCE)
        self.connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._got = b""
        self.sent_at = 0.0

    def send(self, request: bytes) -> None:
        self.sent_at = time.perf_counter()
        self.connection.sendall(request)

    def receive(self) -> Answer | None:
        """The answer once all of it has come."""
        part = self.connection.recv(262144)
        assert part, "the server hung up"
        self._got += part
        head, ends, body = self._got.partition(HEAD_ENDS)
        if not ends:
            return None
        length = LENGTH.search(head)
        assert length, f"an answer without length: {head!r}"
        if len(body) < int(length[1]):
            return None
        self._got = b""
        return Answer(int(head[9:12]), head, body)


def fetch(port: int, request: bytes) -> Answer:
    """One request, one answer."""
    client = _Client(0, port)
    with client.connection:
        client.send(request)
        while (answer := client.receive()) is None:
            pass
    return answer


def drive(port: int, request: Request, *, clients: int, seconds: float) -> Tally:
    """So many clients, each sending its next request when the last is answered, for so long."""
    tally = Tally()
    everybody = [_Client(number, port) for number in range(clients)]
    with selectors.DefaultSelector() as ready:
        for client in everybody:
            ready.register(client.connection, selectors.EVENT_READ, client)
        start = time.perf_counter()
        for client in everybody:
            client.send(request(client.number))
        while ready.get_map():
            events = ready.select(PATIENCE)
            assert events, "the server does not answer"
            for key, _ in events:
                _go_on(key.data, ready, tally, request, start + seconds)
        tally.seconds = time.perf_counter() - start
    for client in everybody:
        client.connection.close()
    return tally


def _go_on(client: _Client, ready: selectors.BaseSelector, tally: Tally, request: Request, until: float) -> None:
    answer = client.receive()
    if answer is None:
        return
    now = time.perf_counter()
    tally.waits.append(now - client.sent_at)
    tally.answers[answer.status] += 1
    if outcome := answer.header("X-Booking-Outcome"):
        tally.outcomes[outcome] += 1
    if now < until:
        client.send(request(client.number))
    else:
        ready.unregister(client.connection)


def get(path: str, *, cookie: str = "") -> bytes:
    """A GET as a browser sends it."""
    more = f"Cookie: {cookie}\r\n" if cookie else ""
    return f"GET {path} HTTP/1.1\r\nHost: {HOST}\r\nAccept-Encoding: gzip, br\r\n{more}\r\n".encode()


def post(path: str, form: str, *, cookie: str) -> bytes:
    """A form as a browser sends it."""
    return (
        f"POST {path} HTTP/1.1\r\nHost: {HOST}\r\nAccept-Encoding: gzip, br\r\nCookie: {cookie}\r\n"
        f"Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {len(form)}\r\n\r\n{form}"
    ).encode()
