"""The secret that opens one booking or one signing: derived from its salt and the app's key, never stored.

A copy of the database alone opens nothing; a new salt makes every old link of that booking dead. Old keys
(``SECRET_KEY_FALLBACKS``) keep opening what was sent before a key was changed.
"""

from __future__ import annotations

import hmac
from base64 import urlsafe_b64encode
from collections.abc import Sequence
from hashlib import sha256
from typing import Final

SECRET_BYTES: Final = 18  # 144 bits of the MAC: beyond guessing, and no padding in base64


def secret_for(purpose: str, salt: str, key: str) -> str:
    """The secret of ``salt`` (128 random bits) for one purpose, such as ``booking``."""
    mac = hmac.digest(key.encode(), f"{purpose}:{salt}".encode(), sha256)
    return urlsafe_b64encode(mac[:SECRET_BYTES]).decode()


def opens(given: str, purpose: str, salt: str, keys: Sequence[str]) -> bool:
    """Whether ``given`` is the secret under any of the keys, compared in constant time."""
    given_bytes = given.encode("utf-8", "replace")
    return any(hmac.compare_digest(given_bytes, secret_for(purpose, salt, key).encode()) for key in keys)
