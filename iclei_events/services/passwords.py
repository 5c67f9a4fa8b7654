"""Passwords: what is accepted, how they are kept, and that every check costs the same."""

from __future__ import annotations

import threading
from typing import Final

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

SHORTEST: Final = 12
LONGEST: Final = 200

COMMON: Final = frozenset({
    "123456789012", "1234567890123", "12345678901234", "123456123456", "123123123123", "121212121212",
    "qwertyuiop123", "qwertyuiopas", "qwertyuiopasdf", "1q2w3e4r5t6y", "1qaz2wsx3edc", "qwerty123456", "asdfghjkl123",
    "zxcvbnm12345", "password1234", "password12345", "password123456", "passwordpassword", "passw0rd1234",
    "p@ssw0rd1234", "adminadminadmin", "administrator", "administrator1", "letmeinletmein", "iloveyouiloveyou",
    "welcome12345", "changeme1234", "abcdefghijkl", "abcd12345678", "lösenord1234", "lösenord12345",
    "lösenordlösenord", "losenord1234", "losenord12345", "hejhejhejhej", "hej123456789", "sommar202212",
    "malmösummit2022", "malmosummit2022", "malmömalmömalmö", "malmomalmomalmo",
})  # fmt: skip
"""Very common passwords that are long enough, compared without case and blanks; the length keeps out the rest."""

_hasher = PasswordHasher(time_cost=3, memory_cost=19 * 1024, parallelism=1)
# A hash takes 19 MiB while it is made: many at once would be an easy way to fill the memory.
_at_once = threading.BoundedSemaphore(2)


class UnfitPassword(ValueError):  # noqa: N818  an answer, not a fault
    """The password is too short, too long or too common; ``reason`` says which."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


def check(password: str) -> None:
    """Raise ``UnfitPassword`` with reason short, long or common. Any characters are fine."""
    if len(password) < SHORTEST:
        raise UnfitPassword("short")
    if len(password) > LONGEST:
        raise UnfitPassword("long")
    plain = "".join(password.casefold().split())
    if plain in COMMON or len(set(plain)) <= 2:  # noqa: PLR2004  one or two signs over and over
        raise UnfitPassword("common")


def hashed(password: str) -> str:
    """The argon2id hash of a password; checks it first."""
    check(password)
    with _at_once:
        return _hasher.hash(_bytes(password))


def matches(password: str, password_hash: str | None) -> bool:
    """Whether the password is the hashed one. Without a hash a made-up one is checked, so that both take as long."""
    with _at_once:
        try:
            _hasher.verify(password_hash or _nobodys_hash(), _bytes(password[: LONGEST + 1]))
        except (VerificationError, InvalidHashError):
            return False
    return password_hash is not None


def _bytes(password: str) -> bytes:
    return password.encode("utf-8", "surrogatepass")


def _nobodys_hash() -> str:
    """A hash that no password has: its digest is all zeros, its costs are those of the real ones."""
    return f"$argon2id$v=19$m={_hasher.memory_cost},t={_hasher.time_cost},p=1${'A' * 22}${'A' * 43}"
