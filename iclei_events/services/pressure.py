"""Whether an opening is under pressure, so that a proof is asked for: a rule from plain numbers alone."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

FEWEST: Final = 10
"""So many places or forms at least before a share of them says anything."""

ONE_IN: Final = 5
"""The share that is too much."""


@dataclass(frozen=True, slots=True)
class Load:
    """How an opening stands: ``forms`` were sent in the last minute, ``worthless`` of them with a proof that is none.

    ``unconfirmed`` of the ``held`` places are held for who has not confirmed yet.
    """

    in_line: int
    per_second: int
    forms: int
    worthless: int
    held: int
    unconfirmed: int


def is_high(load: Load) -> bool:
    """Somebody stands in line, or more forms come in a minute than people are let in a second, or much is doubtful."""
    return (
        load.in_line > 0
        or load.forms > load.per_second
        or _is_much(load.worthless, load.forms)
        or _is_much(load.unconfirmed, load.held)
    )


def _is_much(part: int, whole: int) -> bool:
    return part >= FEWEST and part * ONE_IN >= whole
