"""E-mail addresses: how they are kept and how they are compared."""

from __future__ import annotations

import unicodedata


def email_key(email: str) -> str:
    """The address as it is compared: lower case of ASCII letters only, so that no lookalike folds into another.

    The domain is already in its ASCII form (see web.forms); the local part keeps every other sign as it is.
    """
    return "".join(sign.lower() if sign.isascii() else sign for sign in unicodedata.normalize("NFC", email))
