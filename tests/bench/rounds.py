"""The measures, each taken once in every round, so that what disturbs one disturbs its reference too."""

from __future__ import annotations

import re
import secrets
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Final
from urllib.parse import urlencode

from tests.bench import load, processes
from tests.bench.load import Request, Tally
from tests.bench.samples import Sample
from tests.bench.sites import EVENT, HOT_SLOT, BenchSite

POST_CLIENTS: Final = 16
POST_SECONDS: Final = 4
MADE_BEFOREHAND: Final = 1000
"""Bookings that each client has ready in a round: more than the machine could answer, and none is made in its time."""

PAGE_CLIENTS: Final = 8
PAGE_SECONDS: Final = 1.5
PARTY: Final = {"adults": "1", "children": "1"}
PARTY_SIZE: Final = 2
FORM: Final = f"/sv/slots/{HOT_SLOT}/book"
PAGES: Final = {"programme": f"/sv/{EVENT}/programme", "tours": f"/sv/{EVENT}/tours"}
RENDERED: Final = "?rendered=anew"
"""A parameter no page knows: such a page is rendered for its visitor alone and not kept.

This is what a visitor gets whose page is not in memory, as after every booking: each place left is read afresh and the
whole page put together and compressed. Rows that say what they said before come from memory, where they are found by
what they say; in these rounds that is all of them, after a booking all but one. Only the very first page of a process
and the first after a change of the texts write every row.
"""

TOKEN: Final = re.compile(r'name="csrf_token"[^>]*value="([^"]+)"')


class BrokenError(AssertionError):
    """Something happened that must never happen: a wrong status, a place too many, a booking lost."""


def measure(
    port: int, request: Request, app: Callable[[], Iterable[int]], database: Callable[[], Iterable[int]],
    *, clients: int, seconds: float,
) -> tuple[Sample, Tally]:  # fmt: skip
    """Drive a server; ``app`` and ``database`` name the processes whose CPU counts."""
    before = processes.cpu_seconds(app()), processes.cpu_seconds(database())
    tally = load.drive(port, request, clients=clients, seconds=seconds)
    after = processes.cpu_seconds(app()), processes.cpu_seconds(database())
    app_ms, database_ms = (1000 * (end - start) / tally.count for start, end in zip(before, after, strict=True))
    return Sample(tally.rate, app_ms, database_ms, tally.milliseconds(0.5), tally.milliseconds(0.99)), tally


def page(site: BenchSite, path: str, *, seconds: float = PAGE_SECONDS) -> Sample:
    """A page as an anonymous browser asks for it."""
    request = load.get(path)
    taken, tally = measure(
        site.port, lambda _number: request, lambda: site.web_pids, lambda: site.database.pids,
        clients=PAGE_CLIENTS, seconds=seconds,
    )  # fmt: skip
    expect(tally.answers, 200)
    return taken


def hello(port: int, pid: int) -> Sample:
    request = load.get("/")
    taken, tally = measure(
        port, lambda _number: request, lambda: processes.tree(pid), lambda: (),
        clients=PAGE_CLIENTS, seconds=PAGE_SECONDS,
    )  # fmt: skip
    expect(tally.answers, 200)
    return taken


@dataclass(frozen=True, slots=True)
class Visitor:
    """Somebody with the booking form open: their cookie and the token in their form."""

    cookie: str
    token: str

    @classmethod
    def of(cls, site: BenchSite) -> Visitor:
        answer = load.fetch(site.port, load.get(FORM).replace(b"Accept-Encoding: gzip, br\r\n", b""))
        found = TOKEN.search(answer.body.decode())
        if answer.status != 200 or found is None:
            raise BrokenError(f"no booking form: {answer.head!r}")
        return cls(answer.header("Set-Cookie").partition(";")[0], found[1])

    def booking(self) -> bytes:
        """A booking nobody has made yet: its own key, its own address."""
        form = PARTY | {
            "csrf_token": self.token,
            "idempotency_key": secrets.token_urlsafe(16),
            "name": "Amira Lindström",
            "email": f"amira.{secrets.token_hex(6)}@example.se",
            "phone": "070-174 06 05",
            "access_needs": "",
            "language": "sv",
            "wait": "y",
        }
        return load.post(FORM, urlencode(form), cookie=self.cookie)


class Rush:
    """Booking POSTs on one slot, with everything on; keeps count so that nothing can be lost or made up.

    ``busy`` are those told to try again (503), as a database that cannot be had in time is allowed to.
    """

    def __init__(self, site: BenchSite) -> None:
        self.site = site
        self.confirmed = 0
        self.busy = 0

    def round(self, *, seconds: float = POST_SECONDS) -> Sample:
        site = self.site
        visitors = [Visitor.of(site) for _ in range(POST_CLIENTS)]
        ready = [[visitor.booking() for _ in range(MADE_BEFOREHAND)] for visitor in visitors]
        taken, tally = measure(
            site.port, lambda number: ready[number].pop(), lambda: site.web_pids, lambda: site.database.pids,
            clients=POST_CLIENTS, seconds=seconds,
        )  # fmt: skip
        confirmed, busy = tally.answers[303], tally.answers[503]
        if confirmed + busy != tally.count or tally.outcomes["confirmed"] != confirmed:
            raise BrokenError(f"bookings were answered {dict(tally.answers)}, their outcomes: {dict(tally.outcomes)}")
        self.confirmed += confirmed
        self.busy += busy
        return replace(taken, rate=confirmed / tally.seconds)

    def check(self) -> None:
        """Every answer is a booking, every booking its places, and the audit agrees."""
        wanted = self.confirmed * PARTY_SIZE
        found = self.site.held, self.site.places_booked
        if found != (wanted, wanted):
            raise BrokenError(f"{wanted} places were confirmed; held and counted are {found}")
        self.site.command("seats", "audit")


def expect(answers: Counter[int], status: int) -> None:
    if answers != Counter({status: answers.total()}):
        raise BrokenError(f"every answer should be {status}: {dict(answers)}")
