"""The app's clock in the hands of a test."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from iclei_events import clock

DEMO_TIME: Final = "2022-05-02T09:05:00+02:00"
"""Five minutes after the booking of the Summit's tours has opened."""


class AppClock:
    def stand_at(self, moment: datetime | str) -> datetime:
        """Hold the clock still at a moment with a zone, such as ``2022-05-02T12:00:00+02:00``."""
        clock.freeze(datetime.fromisoformat(moment) if isinstance(moment, str) else moment)
        return clock.now()

    def advance(self, *, days: float = 0, hours: float = 0, minutes: float = 0, seconds: float = 0) -> datetime:
        return self.stand_at(clock.now() + timedelta(days=days, hours=hours, minutes=minutes, seconds=seconds))

    def run(self) -> None:
        """Let real time run again."""
        clock.start_at(None)
