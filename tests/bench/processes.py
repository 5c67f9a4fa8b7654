"""What processes use, from /proc: CPU seconds and memory of a process with all it started."""

from __future__ import annotations

import os
import time
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

TICKS: Final = os.sysconf("SC_CLK_TCK")
PROC: Final = Path("/proc")


@dataclass(frozen=True, slots=True)
class Memory:
    """Mebibytes. ``rss`` counts shared pages once for each process, ``pss`` shares them out."""

    rss: float
    pss: float


def children(pid: int) -> list[int]:
    """The living children of a process, oldest first; of one that ends meanwhile those seen until then."""
    found: list[int] = []
    with suppress(FileNotFoundError, ProcessLookupError):
        for task in (PROC / str(pid) / "task").glob("*/children"):
            found += map(int, task.read_text().split())
    return sorted(found)


def tree(pid: int) -> list[int]:
    """A process and everything it started that still lives."""
    return [pid, *(one for child in children(pid) for one in tree(child))]


def cpu_seconds(pids: Iterable[int]) -> float:
    """User and system time of these processes and of children of theirs that have ended."""
    return sum(map(_ticks, pids)) / TICKS


def _ticks(pid: int) -> int:
    """Ticks of one process; of one that has just ended they stand with its parent."""
    try:
        after_name = (PROC / str(pid) / "stat").read_text().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return 0
    return sum(map(int, after_name[11:15]))  # utime, stime, cutime, cstime


def memory(pids: Iterable[int]) -> Memory:
    kibibytes = {"Rss": 0, "Pss": 0}
    for pid in pids:
        for line in (PROC / str(pid) / "smaps_rollup").read_text().splitlines():
            name, _, value = line.partition(":")
            if name in kibibytes:
                kibibytes[name] += int(value.split()[0])
    return Memory(rss=kibibytes["Rss"] / 1024, pss=kibibytes["Pss"] / 1024)


def pace() -> float:
    """CPU milliseconds of a fixed piece of Python work: says how busy neighbours stretch CPU figures just now."""
    start = time.thread_time()
    total = 0
    for number in range(1_000_000):
        total += number
    return 1000 * (time.thread_time() - start)


def machine() -> str:
    """The processor and how many of it there are."""
    names = [line for line in (PROC / "cpuinfo").read_text().splitlines() if line.startswith("model name")]
    return f"{len(names)} x {names[0].partition(':')[2].strip()}" if names else f"{os.cpu_count()} processors"
