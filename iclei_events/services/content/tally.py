"""What a load did, row by row, and the one way a row gets its values."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

from sqlalchemy import inspect
from sqlalchemy.orm import Session

from iclei_events.db import Base
from iclei_events.services import log
from iclei_events.services.content.values import Part, Text

Row = TypeVar("Row", bound=Base)


@dataclass(frozen=True, slots=True)
class LoadResult:
    """How many rows were new, different, the same and removed; ``kept`` tells what the load left as it was, and why."""

    created: int
    changed: int
    unchanged: int
    removed: int
    kept: tuple[str, ...]

    @property
    def is_change(self) -> bool:
        return bool(self.created or self.changed or self.removed)


@dataclass(slots=True)
class Tally:
    """Writes rows within one transaction and counts what that meant."""

    session: Session
    by: log.Actor = log.CLI
    created: int = 0
    changed: int = 0
    unchanged: int = 0
    removed: int = 0
    kept: list[str] = field(default_factory=list)

    def put(self, row: Row, values: Mapping[str, Any]) -> Row:
        """Give a row these values: a new one is stored, an old one changed only where it differs."""
        is_new = inspect(row).transient
        differing = {name: value for name, value in values.items() if is_new or getattr(row, name) != value}
        for name, value in differing.items():
            setattr(row, name, value)
        if is_new:
            self.session.add(row)
            self.created += 1
        elif differing:
            self.changed += 1
        else:
            self.unchanged += 1
        return row

    def remove(self, row: Base) -> None:
        self.session.delete(row)
        self.removed += 1

    def result(self) -> LoadResult:
        return LoadResult(self.created, self.changed, self.unchanged, self.removed, tuple(self.kept))


def columns(part: Part, without: Collection[str] = ()) -> dict[str, Any]:
    """Turn an entry's keys into a model's columns: texts become ``Bilingual``, lists of entries JSON."""
    return {name: _column(value) for name, value in part if name not in without}


def _column(value: object) -> object:
    if isinstance(value, Text):
        return value.both
    if isinstance(value, tuple):
        return [item.model_dump(mode="json") if isinstance(item, Part) else item for item in value]
    return value
