"""Text as people type it, and as it is kept."""

from __future__ import annotations

import re
import unicodedata
from typing import Final

MOST_STACKED_MARKS: Final = 4

LINE_BREAKS = re.compile("[\r\n]")
LINE_ENDS = re.compile("\r\n|[\r\x0b\x0c\x85\u2028\u2029]")
INVISIBLE = re.compile(
    "[\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f\xad\u061c\u180e\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f\ufeff"
    "\ufff9-\ufffb\U000e0000-\U000e007f]"
)
"""Control and zero-width characters and marks that turn the direction of what follows."""
STRAY_JOINER = re.compile("(?<![\u0300-\U0010ffff])[\u200c\u200d]|[\u200c\u200d](?![\u0300-\U0010ffff])")
"""A joiner that joins nothing: names in Persian or Sinhala need theirs, an address in Latin letters has none."""
WHITE_SPACE = re.compile(r"\s+")


def one_line(text: str) -> str:
    """Text of one line as it is kept: NFC, without what cannot be seen, single spaces, none around it."""
    seen = STRAY_JOINER.sub("", INVISIBLE.sub("", text))
    return WHITE_SPACE.sub(" ", unicodedata.normalize("NFC", seen)).strip()


def many_lines(text: str) -> str:
    """Text of several lines as it is kept: line feeds only, no other control characters."""
    lines = LINE_ENDS.sub("\n", text)
    return unicodedata.normalize("NFC", INVISIBLE.sub("", lines)).strip()


def is_piled_up(text: str) -> bool:
    """Whether more marks stand on one letter than any script needs: they would cover the lines around."""
    run = 0
    for sign in "" if text.isascii() else text:
        run = run + 1 if unicodedata.category(sign) in {"Mn", "Me"} else 0
        if run > MOST_STACKED_MARKS:
            return True
    return False
