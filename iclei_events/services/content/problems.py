"""What is wrong with a content pack, said so that whoever wrote it can mend it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

Location = tuple[str | int, ...]
"""Where in a document: keys and list positions from its top."""


@dataclass(frozen=True, slots=True, order=True)
class Problem:
    """``line`` counts from 1; ``path`` names the spot, such as ``activities.siptex.slots.siptex-1030.ends_at``."""

    line: int
    path: str
    message: str


class PackError(Exception):
    """A content pack that cannot be loaded, with everything that is wrong with it; nothing was stored."""

    def __init__(self, file: Path, problems: Sequence[Problem]) -> None:
        self.file = file
        self.problems = sorted(problems)
        super().__init__(str(self))

    def __str__(self) -> str:
        return "\n".join(f"{self.file}:{each.line}: {each.path}: {each.message}" for each in self.problems)
