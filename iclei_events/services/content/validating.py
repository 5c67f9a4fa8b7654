"""From a document to a pack: every fault at once, each with its line."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from iclei_events.services.content.problems import Location, PackError
from iclei_events.services.content.reading import Document, read_document
from iclei_events.services.content.references import contradictions
from iclei_events.services.content.schema import Pack

_LONGEST_SHOWN = 60

_ACCEPTED = {
    "string_type": "text (put quotes around a number)",
    "string_too_short": "text that is not empty",
    "string_too_long": "at most {max_length} characters",
    "int_type": "a whole number",
    "float_type": "a number",
    "float_parsing": "a number",
    "bool_type": "true or false",
    "tuple_type": "a list",
    "model_type": "keys with values",
    "greater_than_equal": "{ge} or more",
    "less_than_equal": "{le} or less",
    "enum": "{expected}",
    "literal_error": "{expected}",
    "value_error": "{error}",
    "date_from_datetime_parsing": "a date such as 2022-05-14",
    "date_parsing": "a date such as 2022-05-14",
    "datetime_from_date_parsing": "a local date and time such as 2022-05-14T10:30",
    "datetime_parsing": "a local date and time such as 2022-05-14T10:30",
}
_PATTERNS = {
    r"\S": "text that is not empty",
    r"^[a-z]{2,3}$": "a language code such as sv, en, ar or swl",
    r"^[A-Z]{2}$": "a country code of two capitals such as SE",
    r"^[^@\s]+@[^@\s]+$": "an e-mail address",
    r"^[a-z0-9]+(-[a-z0-9]+)*$": "small letters a to z, digits and hyphens",
}


def read_pack(file: Path) -> Pack:
    """Read the pack in that file. Raises ``PackError`` with all that is wrong with it."""
    return check(read_document(file))


def check(document: Document) -> Pack:
    """Make a pack of a document. Raises ``PackError`` with all that is wrong with it."""
    problems = [document.problem(location, message) for location, message in contradictions(document.data)]
    try:
        pack = Pack.model_validate(document.data)
    except ValidationError as error:
        problems += [document.problem(tuple(fault["loc"]), _message(fault)) for fault in error.errors()]
    if problems:
        raise PackError(document.file, problems)
    return pack


def _message(fault: ErrorDetails) -> str:
    location = tuple(fault["loc"])
    if fault["type"] == "extra_forbidden":
        return f"the key is not known; accepted: {', '.join(_keys_at(location[:-1]))}"
    if fault["type"] == "missing" or fault["input"] is None:
        return f"missing; accepted: {_accepted(fault) if fault['type'] == 'value_error' else _missing(location)}"
    return f"got {_shown(fault['input'])}; accepted: {_accepted(fault)}"


def _missing(location: Location) -> str:
    if location and location[-1] in {"sv", "en"}:
        return "the text in both languages, sv and en"
    return f"a value for {location[-1] if location else 'the pack'}"


def _accepted(fault: ErrorDetails) -> str:
    context: dict[str, Any] = fault.get("ctx", {})
    if fault["type"] == "string_pattern_mismatch":
        return _PATTERNS[context["pattern"]]
    template = _ACCEPTED.get(fault["type"])
    return template.format(**context) if template else fault["msg"]


def _shown(value: object) -> str:
    if isinstance(value, dict | list):
        return "a list" if isinstance(value, list) else "keys with values"
    text = {True: "true", False: "false"}[value] if isinstance(value, bool) else repr(value)
    return text if len(text) <= _LONGEST_SHOWN else f"{text[:_LONGEST_SHOWN]}…"


def _keys_at(location: Location) -> list[str]:
    """List the keys that the schema knows at a place of the document."""
    part: type[BaseModel] = Pack
    for step in location:
        if isinstance(step, str):
            part = next(_parts_of(part.model_fields[step].annotation))
    return [field.alias or name for name, field in part.model_fields.items()]


def _parts_of(annotation: object) -> Iterator[type[BaseModel]]:
    """Find the entry classes inside an annotation such as ``list[SlotPart] | None``."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for inner in get_args(annotation):
        yield from _parts_of(inner)
