"""E-mail addresses: how they are kept and how they are compared."""

from __future__ import annotations

import unicodedata
from string import ascii_lowercase, ascii_uppercase
from typing import Final

ASCII_LOWER: Final = str.maketrans(ascii_uppercase, ascii_lowercase)


def email_key(email: str) -> str:
    """The address as it is compared: lower case of ASCII letters only, so that no lookalike folds into another.

    The domain is already in its ASCII form (see web.forms); the local part keeps every other sign as it is.
    """
    return unicodedata.normalize("NFC", email).translate(ASCII_LOWER)
