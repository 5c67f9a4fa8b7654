"""One process that is thousands of browsers: a connection each, requests as bytes, every answer timed."""

from __future__ import annotations

import asyncio
import re
import time
from dataclasses import dataclass, field
from typing import Final

HOST: Final = "127.0.0.1"
PATIENCE: Final = 30.0
"""Seconds until an answer that does not come is a failure."""

LENGTH: Final = re.compile(rb"\r\ncontent-length: *([0-9]+)", re.IGNORECASE)
COOKIE: Final = re.compile(rb"\r\nset-cookie: *([^;\r]+)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    head: bytes
    body: bytes

    def header(self, name: str) -> str:
        found = re.search(rf"\r\n{name}: *([^\r]*)".encode(), self.head, re.IGNORECASE)
        return found[1].decode() if found else ""


LATER: Final = "later"


def is_told_later(answer: Answer) -> bool:
    """Whether it is the page that a server with too much to do gives instead: it asks again by itself."""
    return bool(answer.header("X-Robots-Tag") and answer.header("Refresh"))


@dataclass(frozen=True, slots=True)
class Exchange:
    """One request and what came of it. Times are seconds of the run; ``status`` 0: no answer came."""

    person: int
    kind: str
    due: float
    done: float
    status: int
    outcome: str = ""
    slot: str = ""
    reference: str = ""

    @property
    def seconds(self) -> float:
        return self.done - self.due


@dataclass(slots=True)
class History:
    """Everything that was sent, and how each person's visit ended."""

    began: float = field(default_factory=time.monotonic)
    exchanges: list[Exchange] = field(default_factory=list)
    refused_connections: int = 0
    ends: dict[int, str] = field(default_factory=dict)
    told_gone: list[Exchange] = field(default_factory=list)
    """Pages of the waiting room that said that everything is taken."""

    @property
    def now(self) -> float:
        return time.monotonic() - self.began


class Connection(asyncio.Protocol):
    """One request at a time; the answer is whole when its length has come."""

    def __init__(self) -> None:
        self._got = bytearray()
        self._answer: asyncio.Future[Answer] | None = None
        self._transport: asyncio.Transport | None = None

    @property
    def is_open(self) -> bool:
        return self._transport is not None and not self._transport.is_closing()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def connection_lost(self, _reason: Exception | None) -> None:
        self._transport = None
        if self._answer is not None and not self._answer.done():
            self._answer.set_exception(ConnectionResetError())

    def ask(self, request: bytes) -> asyncio.Future[Answer]:
        assert self._transport is not None
        self._got.clear()
        self._answer = asyncio.get_running_loop().create_future()
        self._transport.write(request)
        return self._answer

    def data_received(self, data: bytes) -> None:
        self._got += data
        end = self._got.find(b"\r\n\r\n")
        if end < 0 or self._answer is None or self._answer.done():
            return
        head = bytes(self._got[:end])
        length = LENGTH.search(head)
        wanted = int(length[1]) if length else 0
        if len(self._got) - end - 4 >= wanted:
            self._answer.set_result(Answer(int(head[9:12]), head, bytes(self._got[end + 4 :])))

    def close(self) -> None:
        if self._transport is not None:
            self._transport.close()


@dataclass(slots=True)
class Browser:
    """Somebody's browser: one connection kept open, and the cookies it was given."""

    port: int
    person: int
    history: History
    cookies: dict[str, str] = field(default_factory=dict)
    connection: Connection | None = None

    async def get(self, kind: str, path: str, *, due: float, coded: bool = False, slot: str = "") -> Answer:
        """A page; ``coded``: compressed, as browsers ask for what nobody here has to read."""
        coding = "Accept-Encoding: gzip, br\r\n" if coded else ""
        head = f"GET {path} HTTP/1.1\r\nHost: {HOST}\r\nAccept: text/html\r\n{coding}{self._cookie()}\r\n"
        return await self._send(kind, head.encode(), due, slot)

    async def post(self, kind: str, path: str, form: str, *, due: float, slot: str = "") -> Answer:
        head = (
            f"POST {path} HTTP/1.1\r\nHost: {HOST}\r\nAccept: text/html\r\n{self._cookie()}"
            f"Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {len(form)}\r\n\r\n{form}"
        )
        return await self._send(kind, head.encode(), due, slot)

    async def _send(self, kind: str, request: bytes, due: float, slot: str) -> Answer:
        answer = Answer(0, b"", b"")
        try:
            connection = await self._connected()
            answer = await asyncio.wait_for(connection.ask(request), PATIENCE)
        except ConnectionRefusedError:
            self.history.refused_connections += 1
        except (OSError, TimeoutError):
            self._hang_up()
        for cookie in COOKIE.findall(answer.head):
            name, _, value = cookie.decode().partition("=")
            self.cookies[name] = value
        self.history.exchanges.append(
            Exchange(
                self.person, kind, due, self.history.now, answer.status,
                LATER if is_told_later(answer) else answer.header("X-Booking-Outcome"), slot,
                answer.header("X-Booking-Reference"),
            )
        )  # fmt: skip
        return answer

    async def _connected(self) -> Connection:
        if self.connection is None or not self.connection.is_open:
            loop = asyncio.get_running_loop()
            _, made = await asyncio.wait_for(loop.create_connection(Connection, HOST, self.port), PATIENCE)
            self.connection = made
        return self.connection

    def _cookie(self) -> str:
        pairs = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        return f"Cookie: {pairs}\r\n" if pairs else ""

    def _hang_up(self) -> None:
        if self.connection is not None:
            self.connection.close()
        self.connection = None

    def leave(self) -> None:
        self._hang_up()
