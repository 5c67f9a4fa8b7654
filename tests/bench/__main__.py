"""Run everything once: ``python -m tests.bench``. Ends with 1 only when something happened that must never happen."""

from __future__ import annotations

import sys
import tempfile
from collections import defaultdict
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from tests.bench import databases, processes, rounds, table, weight
from tests.bench import rush as opening_rush
from tests.bench.databases import Sqlite
from tests.bench.processes import Memory
from tests.bench.results import Results
from tests.bench.rounds import PAGES, RENDERED, BrokenError, Rush
from tests.bench.rush_report import RushResult
from tests.bench.samples import Sample, middle, summary
from tests.bench.sites import BenchSite, HelloSite

ROUNDS: Final = 3
WARM_UP_SECONDS: Final = 0.5
ON_DISK: Final = Path("/var/tmp")
"""Where temporary files stay on a disk even if /tmp is kept in memory."""

Series = dict[str, dict[str, list[Sample]]]
"""Measure, then database, then what each round gave."""


@dataclass(slots=True)
class Bench:
    """The sites under measure, one on each database, and what the rounds have given so far."""

    sites: list[BenchSite]
    hello: HelloSite
    series: Series = field(default_factory=lambda: defaultdict(lambda: defaultdict(list)))
    bare: list[Sample] = field(default_factory=list)
    paces: list[float] = field(default_factory=list)
    mails: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))

    def measure_pages(self) -> None:
        """Each page rendered and from cache, beside the bare page."""
        for site in self.sites:
            for path in PAGES.values():
                rounds.page(site, path, seconds=WARM_UP_SECONDS)
                rounds.page(site, path + RENDERED, seconds=WARM_UP_SECONDS)
        for _ in range(ROUNDS):
            self.bare.append(rounds.hello(self.hello.port, self.hello.process.pid))
            self.paces.append(processes.pace())
            for site in self.sites:
                for name, path in PAGES.items():
                    self._keep(f"{name} rendered", site, rounds.page(site, path + RENDERED))
                    self._keep(f"{name} from cache", site, rounds.page(site, path))

    def measure_bookings(self) -> dict[str, tuple[int, int]]:
        """The booking POST beside the database's own transaction; returns how many were made, and told to wait."""
        rushes = [Rush(site) for site in self.sites]
        for rush in rushes:
            rush.round(seconds=WARM_UP_SECONDS)
            rush.site.drain_mails()
        for _ in range(ROUNDS):
            for rush in rushes:
                self._keep("limit", rush.site, rush.site.database.limit(clients=rounds.POST_CLIENTS))
                self._keep("post", rush.site, rush.round())
                self.mails[rush.site.database.name].append(rush.site.drain_mails())
                self.paces.append(processes.pace())
        for rush in rushes:
            rush.check()
        return {rush.site.database.name: (rush.confirmed, rush.busy) for rush in rushes}

    def _keep(self, measure: str, site: BenchSite, sample: Sample) -> None:
        self.series[measure][site.database.name].append(sample)

    def memories(self) -> dict[str, Memory]:
        return {site.database.name: processes.memory(site.web_pids) for site in self.sites}

    def mail_worker_memories(self) -> dict[str, Memory]:
        return {site.database.name: processes.memory([site.mail_worker]) for site in self.sites}


def main() -> int:
    try:
        results = run()
    except BrokenError as broken:
        print(f"make bench: BROKEN: {broken}", file=sys.stderr)
        return 1
    results.write()
    table.show(results)
    return 0 if results.rush.held else 1


def run() -> Results:
    with ExitStack() as until_done:
        folder = Path(until_done.enter_context(tempfile.TemporaryDirectory(prefix="bench-", dir=ON_DISK)))
        folder.chmod(0o755)  # PostgreSQL may run as somebody else
        crowd = _rush(folder)
        postgres = until_done.enter_context(databases.durable_postgres(folder))
        sites = [BenchSite(folder / base.name, base) for base in (Sqlite(folder), postgres)]
        for site in sites:
            site.prepare()
        starts = start_in_turn(sites)
        hello = until_done.enter_context(HelloSite(folder / "hello", WEB_WORKERS="2"))
        for site in sites:
            until_done.enter_context(site)
        bench = Bench(sites, hello)
        fresh = bench.memories()
        first_views = weight.first_views(sites[0].port)
        bench.measure_pages()
        counts = bench.measure_bookings()
        return Results(
            machine=processes.machine(),
            disk=databases.kind_of_disk(folder),
            rounds=ROUNDS,
            pace_ms=middle(bench.paces),
            hello=summary(bench.bare),
            summaries={
                measure: {name: summary(samples) for name, samples in by_database.items()}
                for measure, by_database in bench.series.items()
            },
            mail_ms={name: middle(values) for name, values in bench.mails.items()},
            memory_fresh=fresh,
            memory_after=bench.memories(),
            memory_of_mail_worker=bench.mail_worker_memories(),
            start_seconds=starts,
            first_views=first_views,
            bookings=counts,
            rush=crowd,
        )


def _rush(folder: Path) -> RushResult:
    """The opening rush, alone on the machine, on a PostgreSQL server of its own."""
    home = folder / "rush"
    home.mkdir(mode=0o755)
    with databases.durable_postgres(home) as postgres:
        return opening_rush.run(home / "site", postgres.url, lambda: postgres.pids)


def start_in_turn(sites: list[BenchSite]) -> dict[str, float]:
    """How long each site takes from its start to its first page: the middle of several starts, taken in turn."""
    seconds: dict[str, list[float]] = defaultdict(list)
    for _ in range(ROUNDS):
        for site in sites:
            seconds[site.database.name].append(site.start_seconds())
    return {name: middle(values) for name, values in seconds.items()}


if __name__ == "__main__":
    sys.exit(main())
