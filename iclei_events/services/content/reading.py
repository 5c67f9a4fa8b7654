"""YAML with line numbers: a document is plain data, and knows on which line each part of it stands.

Scalars follow YAML 1.2: only ``true`` and ``false`` are booleans, so that the country ``NO`` stays Norway and
``10:30`` stays a time. Dates stay text until the schema reads them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from iclei_events.services.content.problems import Location, PackError, Problem

_NOTHING = re.compile(r"~|null|Null|NULL|")
_INTEGER = re.compile(r"[-+]?[0-9]+")
_DECIMAL = re.compile(r"[-+]?[0-9]*\.[0-9]+")


@dataclass(slots=True)
class Document:
    """``data`` is made of dict, list, str, int, float, bool and None."""

    file: Path
    data: Any = None
    lines: dict[Location, int] = field(default_factory=dict)

    def line(self, location: Location) -> int:
        """Count from 1. Where the part is missing, it is the line of the nearest part around it."""
        while location and location not in self.lines:
            location = location[:-1]
        return self.lines.get(location, 1)

    def path(self, location: Location) -> str:
        """Write the location in words: a list's item goes by its slug where it has one."""
        return ".".join(self._words(location)) or "the file"

    def _words(self, location: Location) -> Iterator[str]:
        here = self.data
        for step in location:
            try:
                here = here[step]
            except (KeyError, IndexError, TypeError):
                here = None
            slug = here.get("slug") if isinstance(step, int) and isinstance(here, dict) else None
            yield slug if isinstance(slug, str) else str(step)

    def problem(self, location: Location, message: str) -> Problem:
        return Problem(self.line(location), self.path(location), message)


def read_document(file: Path) -> Document:
    """Read the file's one YAML document. Raises ``PackError`` for what is not YAML and for keys given twice."""
    try:
        root = yaml.compose(file.read_text(encoding="utf-8"), Loader=yaml.CSafeLoader)
    except UnicodeDecodeError as error:
        raise PackError(file, [Problem(1, "the file", f"is not UTF-8 text: {error.reason}")]) from error
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = mark.line + 1 if mark else 1
        raise PackError(file, [Problem(line, "the file", f"is not YAML: {error.problem or error.context}")]) from error
    except yaml.YAMLError as error:
        raise PackError(file, [Problem(1, "the file", f"is not YAML: {error}")]) from error
    document = Document(file)
    builder = _Builder(document)
    document.data = builder.build(root, ()) if root is not None else None
    if builder.problems:
        raise PackError(file, [document.problem(location, message) for location, message in builder.problems])
    return document


class _Builder:
    def __init__(self, document: Document) -> None:
        self._lines = document.lines
        self._seen: set[int] = set()
        self.problems: list[tuple[Location, str]] = []

    def build(self, node: yaml.Node, location: Location) -> object:
        self._lines.setdefault(location, node.start_mark.line + 1)
        if id(node) in self._seen:
            self.problems.append((location, "got an alias (*name); write the value out, aliases are not accepted"))
            return None
        self._seen.add(id(node))
        if isinstance(node, yaml.MappingNode):
            return self._mapping(node, location)
        if isinstance(node, yaml.SequenceNode):
            return [self.build(item, (*location, number)) for number, item in enumerate(node.value)]
        return _scalar(node)

    def _mapping(self, node: yaml.MappingNode, location: Location) -> dict[str, object]:
        found: dict[str, object] = {}
        for key_node, value_node in node.value:
            key = str(key_node.value)
            spot = (*location, key)
            if key in found:
                self._lines[spot] = key_node.start_mark.line + 1
                self.problems.append((spot, "the key stands twice; accepted: once"))
                continue
            self._lines[spot] = key_node.start_mark.line + 1
            found[key] = self.build(value_node, spot)
        return found


def _scalar(node: yaml.Node) -> str | int | float | bool | None:
    text = str(node.value)
    if getattr(node, "style", None):  # quoted or a block: text, whatever it looks like
        return text
    if _NOTHING.fullmatch(text):
        return None
    if text in {"true", "false"}:
        return text == "true"
    if _INTEGER.fullmatch(text):
        return int(text)
    return float(text) if _DECIMAL.fullmatch(text) else text
