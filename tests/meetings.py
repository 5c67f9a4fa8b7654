"""Threads that wait for each other: a race begins when all who run it have come, however slow the machine is."""

from __future__ import annotations

from threading import Condition
from typing import Final

PATIENCE: Final = 30.0


class Meeting:
    """Whoever comes stays until ``expected`` have come; from then on nobody is kept."""

    def __init__(self, expected: int) -> None:
        self._missing = expected
        self._came = Condition()

    def wait(self) -> None:
        """Raise ``TimeoutError`` when the others do not come."""
        with self._came:
            self._missing -= 1
            self._came.notify_all()
            if not self._came.wait_for(lambda: self._missing <= 0, PATIENCE):
                raise TimeoutError
