"""Published files of draws, made by the rule alone: for checks that need no database."""

from __future__ import annotations

import random
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from iclei_events.models.types import REFERENCE_ALPHABET
from iclei_events.services import draw_file, drawing
from iclei_events.services.drawing import Entry

CLOSES_AT = datetime(2022, 5, 4, 15, 0, tzinfo=UTC)


def make_file(
    entries: Sequence[Entry], places: dict[str, int], *, secret: str = "5" * 64, **more: Any
) -> dict[str, Any]:
    """A file as a draw of these entries would publish it."""
    value = more.pop("public_value", "3 9 14 21 26 30 34")
    listed = draw_file.entry_list("draw", CLOSES_AT, entries, places)
    document: dict[str, Any] = {
        "format": draw_file.FORMAT,
        "list": listed,
        "list_sha256": drawing.hash_of(draw_file.canonical(listed)),
        "secret_sha256": drawing.hash_of(secret),
        "public_source": {"sv": "Lotto", "en": "Lotto"},
        "secret": secret,
        "public_value": value,
        "seed": drawing.seed_of(secret, value),
        "withdrawn": [],
        "called_off": [],
        **more,
    }
    return document | {"result": draw_file.result_of(draw_file.draw_lots(document))}


def random_file(number: int) -> dict[str, Any]:
    """One of as many files as one likes, the same for the same number; some with withdrawals and slots called off."""
    chance = random.Random(number)
    slots = [f"slot-{nth}" for nth in range(chance.randint(1, 5))]
    entries = [
        Entry(code, chance.randint(1, 6), tuple(chance.sample(slots, chance.randint(1, len(slots)))))
        for code in {"".join(chance.choices(REFERENCE_ALPHABET, k=10)) for _ in range(chance.randint(0, 60))}
    ]
    return make_file(
        entries,
        {slot: chance.randint(0, 30) for slot in slots},
        secret=f"{chance.getrandbits(256):064x}",
        public_value=f"värde {chance.random()}",
        withdrawn=[entry.pseudonym for entry in entries if chance.random() < 0.1],
        called_off=[slot for slot in slots if chance.random() < 0.1],
    )


def tampered(document: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """The file with one thing changed each, by what was changed."""
    listed, result = document["list"], document["result"]
    larger = [{**listed["entries"][0], "size": listed["entries"][0]["size"] + 1}, *listed["entries"][1:]]
    swapped = [{**result[0], "pseudonym": result[1]["pseudonym"]}, {**result[1], "pseudonym": result[0]["pseudonym"]}]
    twice = {**listed, "entries": [*listed["entries"], listed["entries"][0]]}
    return {
        "a party larger": document | {"list": {**listed, "entries": larger}},
        "a party fewer": document | {"list": {**listed, "entries": listed["entries"][1:]}},
        "a place more": document | {"list": {**listed, "places": {key: n + 1 for key, n in listed["places"].items()}}},
        "another secret": document | {"secret": "6" * 64},
        "another value": document | {"public_value": "1 2 3"},
        "another seed": document | {"seed": drawing.hash_of("chosen")},
        "two lots swapped": document | {"result": [*swapped, *result[2:]]},
        "a lot missing": document | {"result": result[:-1]},
        "a lot more": document | {"result": [*result, {"position": 99, "pseudonym": "FRIEND", "got": "slot-0"}]},
        "someone else withdrawn": document | {"withdrawn": ["NOBODY"]},
        "two chances for one": document | {"list": twice, "list_sha256": drawing.hash_of(draw_file.canonical(twice))},
    }


def whole_file() -> dict[str, Any]:
    """A file with enough in it that each tampering matters."""
    entries = [Entry(f"CODE{nth:02}", 1 + nth % 3, ("slot-0", "slot-1")) for nth in range(12)]
    return make_file(entries, {"slot-0": 8, "slot-1": 6})
