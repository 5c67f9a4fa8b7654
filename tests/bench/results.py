"""Everything a run found out, and its file."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

from tests.bench.processes import Memory
from tests.bench.rush_report import RushResult
from tests.bench.samples import Summary
from tests.bench.weight import Weight

DATABASES: Final = ("sqlite", "postgresql")
FILE: Final = Path(__file__).with_name("results.json")


@dataclass(frozen=True, slots=True)
class Results:
    """``summaries``: measure, then database. Memory is that of the server and its two web workers.

    ``bookings``: how many were made, and how many POSTs were told to try again (503).
    """

    machine: str
    disk: str
    rounds: int
    pace_ms: float
    hello: Summary
    summaries: dict[str, dict[str, Summary]]
    mail_ms: dict[str, float]
    memory_fresh: dict[str, Memory]
    memory_after: dict[str, Memory]
    memory_of_mail_worker: dict[str, Memory]
    start_seconds: dict[str, float]
    first_views: list[Weight]
    bookings: dict[str, tuple[int, int]]
    rush: RushResult

    def write(self) -> None:
        FILE.write_text(json.dumps(asdict(self), indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
