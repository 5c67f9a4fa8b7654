"""What one measure gave in one round, and the middle of several."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields
from typing import NamedTuple


@dataclass(frozen=True, slots=True)
class Sample:
    """Answers a second; CPU milliseconds of app and database for each; how long half and 99 % of them took, in ms."""

    rate: float
    app_ms: float = 0.0
    database_ms: float = 0.0
    p50: float = 0.0
    p99: float = 0.0


class Summary(NamedTuple):
    """The median of each figure by itself, and between which rates the rounds lay."""

    median: Sample
    slowest: float
    fastest: float


def summary(samples: Sequence[Sample]) -> Summary:
    median = Sample(*(middle(getattr(sample, field.name) for sample in samples) for field in fields(Sample)))
    rates = [sample.rate for sample in samples]
    return Summary(median, min(rates), max(rates))


def middle(values: Iterable[float]) -> float:
    ordered = sorted(values)
    return ordered[len(ordered) // 2]
