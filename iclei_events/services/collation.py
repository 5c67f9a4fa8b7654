"""How names are put in order: å, ä and ö stand last in Swedish, and marks do not count in English."""

from __future__ import annotations

import unicodedata
from typing import Final

SWEDISH: Final = str.maketrans({"å": "{", "ä": "|", "æ": "|", "ö": "}", "ø": "}", "œ": "}", "ü": "y"})
"""Where Swedish puts these letters: the signs after z in ASCII stand in for the last three of its alphabet."""
PLAIN: Final = str.maketrans(
    {"æ": "ae", "ø": "o", "œ": "oe", "ß": "ss", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "ı": "i"}
)


def sort_key(text: str, language: str) -> tuple[str, str]:
    """Return what to sort ``text`` by in that language; the text itself settles what is otherwise alike."""
    letters = unicodedata.normalize("NFC", text).casefold()
    if language == "sv":
        letters = letters.translate(SWEDISH)
    return without_marks(letters), text


def without_marks(text: str) -> str:
    """Return casefolded text with Latin letters in their plain form: aburrá becomes aburra, łódź becomes lodz."""
    plain = unicodedata.normalize("NFKD", text).translate(PLAIN)
    return "".join(sign for sign in plain if not unicodedata.combining(sign))
