"""The opening rush: thousands of people in a minute, by the clock, on the site as ``serve`` starts it."""

from __future__ import annotations

import asyncio
import os
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from sqlalchemy import Connection, create_engine, text

from iclei_events.config import ROOT
from tests.bench import load, processes, rush_checker, rush_people
from tests.bench.rush_checker import Seats
from tests.bench.rush_client import LATER, History
from tests.bench.rush_people import Departure, Person
from tests.bench.rush_report import RushResult, Waits
from tests.bench.rush_visit import Visit
from tests.live_site import LiveSite

PEOPLE: Final = 5000
SECONDS: Final = 60.0
LONGEST: Final = 240.0
"""How many seconds the last of them may wait for a definite answer; how long they did is measured."""

MORNING: Final = datetime(2022, 5, 2, 9, 0, tzinfo=UTC)
"""Where the app's clock stands when the site is made: a day on which the tours lie ahead."""

WARM_UP: Final = 12
"""How often each page is opened before the crowd comes, so that no worker meets it for the first time."""


class RushSite(LiveSite):
    """The Summit, whose tours all open for booking at one moment."""

    opening = MORNING

    def __init__(self, folder: Path, url: str) -> None:
        self._url = url
        self._started = datetime.now(UTC)
        clock = {"CLOCK_STARTS_AT": MORNING.isoformat(), "CLOCK_STARTED": self._started.isoformat()}
        super().__init__(folder, DATABASE_URL=url, WEB_WORKERS="2", LOG_FORMAT="text", **clock)

    def prepare(self) -> list[Departure]:
        """Fill the new database with the Summit; returns the departures of its tours."""
        self.command("db", "upgrade")
        self.command("event", "load", str(ROOT / "iclei_events" / "content" / "malmo-summit.yaml"))
        with self._connected() as connection:
            tours = connection.execute(
                text("SELECT slot.slug, activity.slug FROM slot JOIN activity ON activity.id = slot.activity_id"
                     " WHERE activity.kind = 'study_tour' AND slot.mode = 'first_come' ORDER BY slot.slug")
            )  # fmt: skip
            return [Departure(slug, tour) for slug, tour in tours]

    def warm_up(self, departures: Sequence[Departure]) -> None:
        """Open each kind of page a few times, as visitors of the days before have."""
        one = departures[0]
        for path in (rush_people.LIST, one.page, one.form, one.room) * WARM_UP:
            load.fetch(self.port, load.get(path))

    def open_in(self, seconds: float, departures: Sequence[Departure], per_second: int | None) -> None:
        """Let every departure open so many seconds from now, and so many people a second come in."""
        self.opening = MORNING + (datetime.now(UTC) - self._started) + timedelta(seconds=seconds)
        self.opens_at = time.monotonic() + seconds
        with self._connected() as connection:
            for departure in departures:
                connection.execute(
                    text(
                        "UPDATE slot SET opens_at = :at, closes_at = NULL, revision = revision + 1 WHERE slug = :slug"
                    ),
                    {"at": self.opening, "slug": departure.slot},
                )
            if per_second is not None:
                connection.execute(
                    text("INSERT INTO waiting_room"
                         " (event_id, opens_at, early, late, per_second, let_in, counted_from, proof)"
                         " SELECT id, :at, 0, 0, :rate, 0, :at, 'never' FROM event WHERE slug = :event"),
                    {"at": self.opening, "rate": per_second, "event": rush_people.EVENT},
                )  # fmt: skip

    def seats(self, began: float) -> Seats:
        """What is stored, with the moments at which it was made in seconds of the run."""
        opens = self.opens_at - began
        with self._connected() as connection:
            rows = connection.execute(text("SELECT reference, created_at FROM booking")).all()
        made = {reference: opens + (at - self.opening).total_seconds() for reference, at in rows}
        return Seats.of(self.command("seats", "dump"), made)

    @contextmanager
    def _connected(self) -> Iterator[Connection]:
        engine = create_engine(self._url)
        try:
            with engine.begin() as connection:
                yield connection
        finally:
            engine.dispose()


def run(
    folder: Path, url: str, pids: Callable[[], Iterable[int]] = tuple, *,
    people: int = PEOPLE, seconds: float = SECONDS, per_second: int | None = None,
) -> RushResult:  # fmt: skip
    """One rush on an empty database; ``pids`` are the database's processes, whose CPU is counted."""
    site = RushSite(folder, url)
    departures = site.prepare()
    crowd, opens_after = rush_people.crowd(people, seconds, departures), rush_people.opens_after(seconds)
    load_before = os.getloadavg()[0]
    with site:
        site.warm_up(departures)
        site.open_in(opens_after + 1, departures, per_second)
        time.sleep(max(0.0, site.opens_at - opens_after - time.monotonic()))

        def cpu() -> list[float]:
            return [processes.cpu_seconds(processes.tree(site.process.pid)), processes.cpu_seconds(pids()),
                    time.process_time()]  # fmt: skip

        history, before = History(), cpu()
        asyncio.run(_let_come(crowd, site.port, history, seconds))
        used = [(after - start) / history.now for start, after in zip(before, cpu(), strict=True)]
        seats = site.seats(history.began)
        audit = site.command("seats", "audit").splitlines()[-1]
    broken = rush_checker.violations(history, crowd, seats, [one.slot for one in departures])
    broken["the audit holds"] = [] if audit.endswith(" 0 failed") else [audit]
    places = sum(seats.capacity[one.slot] for one in departures)
    return _result(history, crowd, seconds, broken, places, (load_before, os.getloadavg()[0]), used)


async def _let_come(crowd: Sequence[Person], port: int, history: History, seconds: float) -> None:
    opens, give_up = rush_people.opens_after(seconds), seconds + LONGEST
    await asyncio.gather(*(Visit(person, port, history, opens, give_up).make() for person in crowd))


def _result(
    history: History, crowd: Sequence[Person], seconds: float, violations: dict[str, list[str]], places: int,
    loads: tuple[float, float], cpus: Sequence[float],
) -> RushResult:  # fmt: skip
    exchanges = history.exchanges
    kinds = sorted({one.kind for one in exchanges})
    waits = {kind: Waits.of([one for one in exchanges if one.kind == kind]) for kind in kinds}
    return RushResult(
        people=len(crowd),
        seconds=seconds,
        places=places,
        load_before=loads[0],
        load_after=loads[1],
        requests=len(exchanges),
        per_second=sum(one.due < seconds for one in exchanges) / seconds,
        busiest_second=max(Counter(int(one.due) for one in exchanges).values()),
        waits=waits | {"all": Waits.of(exchanges)},
        answers={str(status): count for status, count in sorted(Counter(one.status for one in exchanges).items())},
        ends=dict(Counter(history.ends.values()).most_common()),
        told_in_line=len(history.told_gone),
        told_later=sum(one.outcome == LATER for one in exchanges),
        last_answer=max(one.done for one in exchanges),
        app_cpu=cpus[0],
        database_cpu=cpus[1],
        client_cpu=cpus[2],
        violations=violations,
    )
