"""The public file of a draw: written once when the lots are drawn, and checked by anybody without our database.

The entry list is hashed as canonical JSON: keys in alphabetical order, no white space, in UTF-8; every key and value in
it is ASCII. Times are in UTC.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final

from iclei_events.services import drawing
from iclei_events.services.drawing import Entry, Lot

FORMAT: Final = "iclei-events-draw-1"


def canonical(document: Any) -> str:
    return json.dumps(document, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def written(document: Any) -> str:
    """The file as it is downloaded: for people too, one line for each part."""
    parts = (f"{json.dumps(key)}: {json.dumps(value, ensure_ascii=False)}" for key, value in document.items())
    return "{\n" + ",\n".join(parts) + "\n}\n"


def read(text: str) -> dict[str, Any]:
    document = json.loads(text)
    if not isinstance(document, dict):
        msg = f"got {type(document).__name__}; accepted: an object of JSON"
        raise TypeError(msg)
    return document


def entry_list(draw: str, closes_at: datetime, entries: Sequence[Entry], places: Mapping[str, int]) -> dict[str, Any]:
    """What is frozen at closing: who takes part under which pseudonym, sorted by it, and the places to be had."""
    return {
        "closes_at": closes_at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "draw": draw,
        "entries": [
            {"pseudonym": entry.pseudonym, "size": entry.size, "wishes": list(entry.wishes)}
            for entry in sorted(entries, key=lambda entry: entry.pseudonym)
        ],
        "places": dict(places),
    }


def entries_of(listed: Mapping[str, Any], withdrawn: Collection[str] = ()) -> list[Entry]:
    return [
        Entry(str(one["pseudonym"]), int(one["size"]), tuple(map(str, one["wishes"])))
        for one in listed["entries"]
        if one["pseudonym"] not in withdrawn
    ]


def draw_lots(document: Mapping[str, Any]) -> list[Lot]:
    """The draw of a file, computed anew from its list and seed.

    Who has withdrawn since closing is left out, and a slot called off since then has no places.
    """
    listed = document["list"]
    places = {slot: 0 if slot in document["called_off"] else int(left) for slot, left in listed["places"].items()}
    return drawing.draw(entries_of(listed, document["withdrawn"]), places, str(document["seed"]))


def result_of(lots: Sequence[Lot]) -> list[dict[str, Any]]:
    return [{"position": lot.position, "pseudonym": lot.entry.pseudonym, "got": lot.got} for lot in lots]


def faults(document: Mapping[str, Any]) -> list[str]:
    """Everything in a published file that does not agree with the rule; empty when all of it does."""
    try:
        return list(_faults(document))
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        return [f"the file is not a draw in the form {FORMAT}: {type(error).__name__} {error}"]


def _faults(document: Mapping[str, Any]) -> Iterator[str]:
    if document["format"] != FORMAT:
        yield f"the form is {document['format']!r}, not {FORMAT!r}"
        return
    if drawing.hash_of(canonical(document["list"])) != document["list_sha256"]:
        yield "the entry list does not have the hash that was published at closing"
    if drawing.hash_of(document["secret"]) != document["secret_sha256"]:
        yield "the secret does not have the hash that was published before entries opened"
    if drawing.seed_of(document["secret"], document["public_value"]) != document["seed"]:
        yield "the seed is not made of the secret and the public value"
    yield from _list_faults(document)
    expected, said = result_of(draw_lots(document)), document["result"]
    for right, wrong in zip(expected, said, strict=False):
        if right != wrong:
            yield f"position {right['position']}: the rule gives {canonical(right)}, the file says {canonical(wrong)}"
    if len(expected) != len(said):
        yield f"the rule gives {len(expected)} results, the file holds {len(said)}"


def _list_faults(document: Mapping[str, Any]) -> Iterator[str]:
    """What no hash shows: a pseudonym twice would be two chances for one party."""
    pseudonyms = [one["pseudonym"] for one in document["list"]["entries"]]
    if len(set(pseudonyms)) != len(pseudonyms):
        yield "a pseudonym is in the entry list more than once"
    if unknown := sorted(set(document["withdrawn"]) - set(pseudonyms)):
        yield f"withdrawn, but not in the entry list: {', '.join(unknown)}"
    if unknown := sorted(set(document["called_off"]) - set(document["list"]["places"])):
        yield f"called off, but not in the draw: {', '.join(unknown)}"
