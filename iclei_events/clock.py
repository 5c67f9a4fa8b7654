"""The application's clock: the only place that asks the machine for the time.

``CLOCK_STARTS_AT`` lets a demo or a test stand at another moment: the clock shows that moment when the
server starts and runs on from there. The server exports ``CLOCK_STARTED`` (the machine's time at that
moment) before it starts its children, so every process shows the same time.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Final

STARTS_AT: Final = "CLOCK_STARTS_AT"
STARTED: Final = "CLOCK_STARTED"

_offset = timedelta(0)
_frozen: datetime | None = None


def machine_time() -> datetime:
    """The machine's own time, in UTC: for durations and leases that no demo may shift."""
    return datetime.now(UTC)


def now() -> datetime:
    """The application's time, in UTC."""
    return _frozen if _frozen is not None else machine_time() + _offset


def start_at(starts_at: datetime | None) -> None:
    """Let the clock stand at ``starts_at`` (with zone) now, or where the server said it started; None: real time."""
    global _offset, _frozen  # noqa: PLW0603  the clock is one per process by design
    _frozen = None
    if starts_at is None:
        _offset = timedelta(0)
        return
    if starts_at.tzinfo is None:
        msg = f"{STARTS_AT} needs a zone, such as 2022-05-02T09:05:00+02:00; got {starts_at.isoformat()}"
        raise ValueError(msg)
    started = os.environ.get(STARTED)
    _offset = starts_at.astimezone(UTC) - (datetime.fromisoformat(started) if started else machine_time())


def freeze(moment: datetime | None) -> None:
    """Hold the clock still at ``moment`` (tests); None lets it run again."""
    global _frozen  # noqa: PLW0603  the clock is one per process by design
    _frozen = moment.astimezone(UTC) if moment is not None else None


@contextmanager
def standing_at(moment: datetime) -> Iterator[None]:
    """Hold the clock still at ``moment`` for a while: for what is to be dated earlier, such as the demo's bookings."""
    before = _frozen
    freeze(moment)
    try:
        yield
    finally:
        freeze(before)


def is_shifted() -> bool:
    """Whether pages must say that this is not the real time."""
    return _frozen is not None or _offset != timedelta(0)
