"""The rule of the fair draw, as pure functions: the same list, secret and public value always give the same result.

    secret hash = SHA-256 of the secret's 64 characters, published before entries open
    seed        = SHA-256 of the secret's 64 characters followed by the public value in UTF-8
    order       = entries by HMAC-SHA256(key: the seed's 32 bytes, message: the pseudonym), smallest first
    result      = each entry in that order gets its best wish that has room for the whole party

Nobody gains by wishing for anything but what they want most (random serial dictatorship). Hashes are written in 64
small hexadecimal digits. ``static/src/js/draw.js`` computes the same in the reader's browser.
"""

from __future__ import annotations

import hmac
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from hashlib import sha256


@dataclass(frozen=True, slots=True)
class Entry:
    """A party under its pseudonym; ``wishes`` are slots by their slugs, the dearest first."""

    pseudonym: str
    size: int
    wishes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Lot:
    """What an entry drew: its ``position`` from 1, and the slot it ``got``, if any.

    ``seen`` is what it met: each wish it came to, in its own order, with the places left there at its turn.
    """

    entry: Entry
    position: int
    got: str | None
    seen: tuple[tuple[str, int], ...]


def hash_of(text: str) -> str:
    return sha256(text.encode()).hexdigest()


def tidy(public_value: str) -> str:
    """The public value as it is used: composed letters, single spaces, none at the ends."""
    return " ".join(unicodedata.normalize("NFC", public_value).split())


def seed_of(secret: str, public_value: str) -> str:
    return hash_of(secret + public_value)


def mark_of(pseudonym: str, seed: str) -> str:
    """What entries are ordered by."""
    return hmac.digest(bytes.fromhex(seed), pseudonym.encode(), sha256).hex()


def in_order(entries: Iterable[Entry], seed: str) -> list[Entry]:
    return sorted(entries, key=lambda entry: (mark_of(entry.pseudonym, seed), entry.pseudonym))


def draw(entries: Iterable[Entry], places: Mapping[str, int], seed: str) -> list[Lot]:
    """Give out ``places`` (by slot); every entry comes back with what it drew, in the drawn order."""
    left = dict(places)
    lots = []
    for position, entry in enumerate(in_order(entries, seed), 1):
        seen: list[tuple[str, int]] = []
        got = None
        for slot in entry.wishes:
            seen.append((slot, left.get(slot, 0)))
            if left.get(slot, 0) >= entry.size:
                got = slot
                left[slot] -= entry.size
                break
        lots.append(Lot(entry, position, got, tuple(seen)))
    return lots
