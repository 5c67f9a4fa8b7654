"""How often something may be done: so many times at once, and so many more with each minute.

A key has one number, the moment at which its allowance is whole again. What is refused costs nothing, so that nobody
who keeps on trying makes the wait longer, and a key whose moment has passed is as good as none.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass
from itertools import islice
from socket import AF_INET, AF_INET6, inet_pton
from typing import Final

MOST_KEYS: Final = 20_000
"""What a process keeps count of at most, some 4 MB; beyond that the keys seen first are forgotten."""

NETWORK_BYTES: Final = 8
"""How much of an IPv6 address belongs to one customer: the rest they choose anew as often as they like."""

IPV4_BYTES: Final = 4
IPV4_IN_IPV6: Final = bytes(10) + b"\xff\xff"
LOOPBACK: Final = 127
LOOPBACK_IPV6: Final = bytes(15) + b"\x01"

A_MOMENT: Final = 1e-3
"""Seconds within which two moments are one: adding up hundreds of floating-point numbers loses as much."""


@dataclass(frozen=True, slots=True)
class Allowance:
    at_once: float
    a_minute: float

    def shared_by(self, processes: int) -> Allowance:
        """What each of so many processes may give out, where those who come are spread over all of them."""
        return Allowance(max(1.0, self.at_once / processes), self.a_minute / processes)


class Counts:
    """What is left of each key's allowance, in memory alone."""

    def __init__(self, most_keys: int = MOST_KEYS) -> None:
        self._guard = threading.Lock()
        self._whole_at: dict[bytes, float] = {}
        self._most_keys = most_keys

    def __len__(self) -> int:
        return len(self._whole_at)

    def take(self, key: bytes, allowance: Allowance, now: float) -> float:
        """Use the allowance once: 0 where there was some left, else the seconds until there is."""
        each = 60 / allowance.a_minute
        with self._guard:
            whole_at = max(self._whole_at.get(key, now), now) + each
            wait = whole_at - now - allowance.at_once * each
            if wait > A_MOMENT:
                return wait
            self._whole_at[key] = whole_at
            if len(self._whole_at) > self._most_keys:
                self._make_room(now)
        return 0.0

    def is_known(self, key: bytes, now: float) -> bool:
        """Whether something was taken under this key that has not come back yet."""
        return self._whole_at.get(key, now) > now

    def forget(self) -> None:
        with self._guard:
            self._whole_at.clear()

    def _make_room(self, now: float) -> None:
        """Half of the room at once, so that a flood of new keys pays for it once in thousands of requests."""
        kept = {key: whole_at for key, whole_at in self._whole_at.items() if whole_at > now}
        self._whole_at = dict(islice(kept.items(), max(0, len(kept) - self._most_keys // 2), None))


def network_of(address: str) -> bytes | None:
    """The network that is counted as one: an IPv4 address, a customer's part of an IPv6 address.

    None for the machine itself, which may be a proxy that nobody named, and for what is no address.
    """
    try:
        packed = inet_pton(AF_INET6 if ":" in address else AF_INET, address)
    except (OSError, ValueError):
        return None
    packed = packed.removeprefix(IPV4_IN_IPV6)
    if len(packed) == IPV4_BYTES:
        return None if packed[0] == LOOPBACK else packed
    return None if packed == LOOPBACK_IPV6 else packed[:NETWORK_BYTES]
