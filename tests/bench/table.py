"""The results as a table: each measure on both databases, its reference beside it, its target and whether it is met."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from operator import ge, le
from typing import Final

from tests.bench import rush_report
from tests.bench.results import DATABASES, Results
from tests.bench.weight import Weight

HEADINGS: Final = ("measure", "SQLite", "PostgreSQL", "reference", "ratio", "target", "met")
KILOBYTE: Final = 1024


@dataclass(frozen=True, slots=True)
class Target:
    """At most or at least so much, in the unit of its line; ``of_ratio``: the ratio must reach it, not the value."""

    reaches: Callable[[float, float], bool]
    limit: float
    unit: str = ""
    of_ratio: bool = False

    def __str__(self) -> str:
        sign = "≥" if self.reaches is ge else "≤"
        return f"{sign} {self.limit:.0%}" if self.of_ratio else f"{sign} {self.limit:g}{self.unit}"


@dataclass(frozen=True, slots=True)
class Line:
    """A measure on SQLite and PostgreSQL; references and ratios likewise, where there are any."""

    name: str
    values: tuple[float, float]
    target: Target | None = None
    references: tuple[float, ...] = ()
    digits: int = 1

    @property
    def ratios(self) -> list[float]:
        if not self.references:
            return []
        pairs = zip(self.values, self.references * (len(self.values) // len(self.references)), strict=True)
        return [value / reference for value, reference in pairs]

    def cells(self) -> tuple[str, ...]:
        references = " / ".join(f"{value:.{self.digits}f}" for value in self.references)
        ratios = " / ".join(f"{ratio:.0%}" if ratio < 1 else f"{ratio:.1f}x" for ratio in self.ratios)
        one, other = (f"{value:.{self.digits}f}" for value in self.values)
        return self.name, one, other, references, ratios, str(self.target or ""), self._met()

    def _met(self) -> str:
        if self.target is None:
            return ""
        given = self.ratios if self.target.of_ratio else self.values
        said = ["yes" if self.target.reaches(value, self.target.limit) else "NO" for value in given]
        return said[0] if len(set(said)) == 1 else " / ".join(said)


def show(results: Results) -> None:
    """Print everything: the measures, the first views, and what was measured on."""
    print(f"\n{results.machine}; data on {results.disk}; {results.rounds} interleaved rounds, medians;")
    print(f"meanwhile a million additions took {results.pace_ms:.0f} ms of CPU; busy neighbours stretch CPU figures\n")
    _print([HEADINGS, *(line.cells() for line in _lines(results))])
    print()
    views = [(view.path, str(view.requests), *(f"{part / KILOBYTE:.1f}" for part in (view.size, view.page)))
             for view in heaviest_of_each_kind(results.first_views)]  # fmt: skip
    _print([("heaviest first view of its kind (≤ 70 KB, ≤ 6 requests)", "requests", "KB", "of it page"), *views])
    print()
    for database, (made, busy) in results.bookings.items():
        print(f"{database}: {made} bookings confirmed and found again, {busy} told to try again; the audit holds.")
    print("", *rush_report.lines(results.rush), sep="\n")


def _lines(results: Results) -> Iterator[Line]:
    def both(name: str, figure: str) -> tuple[float, float]:
        one, other = (getattr(results.summaries[name][database].median, figure) for database in DATABASES)
        return one, other

    hello = results.hello.median
    yield Line("booking POST, a second (reference: take-a-place transactions)", both("post", "rate"),
               Target(ge, 0.25, of_ratio=True), both("limit", "rate"), digits=0)  # fmt: skip
    yield Line("booking POST, app CPU ms", both("post", "app_ms"), Target(le, 4), digits=2)
    yield Line("booking POST, database CPU ms", both("post", "database_ms"), None, digits=2)
    yield Line("booking POST, half within ms", both("post", "p50"), digits=0)
    yield Line("booking POST, 99 % within ms", both("post", "p99"), digits=0)
    one, other = (results.mail_ms[database] for database in DATABASES)
    yield Line("its confirmation mail, worker CPU ms", (one, other), digits=2)
    for page, most in (("programme rendered", 6), ("tours rendered", 6), ("programme from cache", 1.5),
                       ("tours from cache", 1.5)):  # fmt: skip
        yield Line(f"{page}, a second (reference: bare page)", both(page, "rate"), None, (hello.rate,), digits=0)
        yield Line(f"{page}, app CPU ms", both(page, "app_ms"), Target(le, most), (hello.app_ms,), digits=2)
    for moment, memories in (("fresh", results.memory_fresh), ("after the load", results.memory_after)):
        pss = memories[DATABASES[0]].pss, memories[DATABASES[1]].pss
        rss = memories[DATABASES[0]].rss, memories[DATABASES[1]].rss
        yield Line(f"memory with 2 workers, {moment}, MiB (shared pages once)", pss, Target(le, 200), digits=0)
        yield Line("  the same with shared pages in each process (RSS)", rss, None, digits=0)
    one, other = (results.memory_of_mail_worker[database].pss for database in DATABASES)
    yield Line("  beside it the mail worker, MiB (shared pages once)", (one, other), digits=0)
    one, other = (results.start_seconds[database] for database in DATABASES)
    yield Line("first page after start, s", (one, other), Target(le, 2.5))
    largest = max(view.size for view in results.first_views) / KILOBYTE
    yield Line("heaviest first view, KB", (largest, largest), Target(le, 70))
    most_requests = float(max(view.requests for view in results.first_views))
    yield Line("most requests of a first view", (most_requests, most_requests), Target(le, 6), digits=0)


def heaviest_of_each_kind(views: Iterable[Weight]) -> list[Weight]:
    """Of pages that differ only in what they are about, the heaviest."""
    kinds: dict[str, Weight] = {}
    for view in sorted(views, key=lambda view: -view.size):
        kinds.setdefault(view.kind, view)
    return list(kinds.values())


def _print(rows: Sequence[Sequence[str]]) -> None:
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    for row in rows:
        cells = [cell.ljust(width) if column == 0 else cell.rjust(width)
                 for column, (cell, width) in enumerate(zip(row, widths, strict=True))]  # fmt: skip
        print("  ".join(cells).rstrip())
