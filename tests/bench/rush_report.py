"""What a rush came to, and how it is told."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from tests.bench.rush_client import Exchange


@dataclass(frozen=True, slots=True)
class Waits:
    """How long the answers of one kind took, in milliseconds from when they were due."""

    count: int
    p50: float
    p95: float
    p99: float
    longest: float

    @classmethod
    def of(cls, exchanges: Sequence[Exchange]) -> Waits:
        times = sorted(1000 * one.seconds for one in exchanges) or [0.0]

        def at(share: float) -> float:
            return times[min(len(times) - 1, int(share * len(times)))]

        return cls(len(exchanges), at(0.5), at(0.95), at(0.99), times[-1])


@dataclass(frozen=True, slots=True)
class RushResult:
    """``told_in_line``: who read in the waiting room that everything is taken. ``told_later``: pages given for others.

    CPU in processors.
    """

    people: int
    seconds: float
    places: int
    load_before: float
    load_after: float
    requests: int
    per_second: float
    busiest_second: int
    waits: dict[str, Waits]
    answers: dict[str, int]
    ends: dict[str, int]
    told_in_line: int
    told_later: int
    last_answer: float
    app_cpu: float
    database_cpu: float
    client_cpu: float
    violations: dict[str, list[str]]

    @property
    def held(self) -> bool:
        return not any(self.violations.values())


SHOWN: int = 5
"""Of each broken promise so many cases are printed."""


def lines(result: RushResult) -> Iterator[str]:
    """The result as text for people."""
    yield (
        f"rush: {result.people} people in {result.seconds:.0f} s for {result.places} places; "
        f"{result.requests} requests, {result.per_second:.0f} a second, {result.busiest_second} in the busiest; "
        f"the last answer after {result.last_answer:.0f} s"
    )
    yield (
        f"processors in use: app {result.app_cpu:.2f}, database {result.database_cpu:.2f}, the crowd itself "
        f"{result.client_cpu:.2f}; load of the machine before {result.load_before:.1f}, after {result.load_after:.1f}"
    )
    yield f"{'ms until the answer':<22}{'count':>8}{'50 %':>8}{'95 %':>8}{'99 %':>8}{'longest':>9}"
    for kind, waits in result.waits.items():
        yield f"{kind:<22}{waits.count:>8}{waits.p50:>8.0f}{waits.p95:>8.0f}{waits.p99:>8.0f}{waits.longest:>9.0f}"
    yield "answers: " + ", ".join(f"{count} x {status}" for status, count in result.answers.items())
    ends = ", ".join(f"{count} {end}" for end, count in result.ends.items())
    yield f"how it ended for people: {ends}; {result.told_in_line} were told in line"
    yield f"{result.told_later} times a page that asks again by itself was given instead of one that would have waited"
    for promise, broken in result.violations.items():
        yield f"{'ok  ' if not broken else 'FAIL'} {promise}" + (f" ({len(broken)})" if broken else "")
        yield from (f"       {case}" for case in broken[:SHOWN])
