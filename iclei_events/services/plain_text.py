"""Text on its way to where signs can act: mail headers, calendar lines, file names."""

from __future__ import annotations

import unicodedata
from typing import Final

BIDI_CONTROLS: Final = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
"""Marks that turn the direction of what follows, so that a text can pose as another. Joiners inside emoji may stay."""

BREAKS: Final = frozenset({"Cc", "Zl", "Zp"})
HALF: Final = "Cs"
"""Half of a surrogate pair: no sign at all, and nothing that can be encoded."""


def one_line(text: str) -> str:
    """The text on one line: breaks and control characters become spaces, what turns its direction is taken out."""
    return " ".join("".join(map(_sign, text)).split())


def lines(text: str) -> str:
    """The text with its own line breaks and no other sign that acts."""
    return "\n".join(one_line(line) for line in text.splitlines()).strip()


def _sign(sign: str) -> str:
    category = unicodedata.category(sign)
    if category in BREAKS:
        return " "
    return "" if sign in BIDI_CONTROLS or category == HALF else sign
