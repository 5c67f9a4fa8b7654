"""As much of a slot as deciding about a booking needs, asked of the database a few times a second at most.

In a rush hundreds book the same slot in one second. What is a moment old here decides nothing about its places: whether
the slot is open and has room is for the statement that takes them. How many one booking may hold, and whether clashes
bind, may have been otherwise a moment ago.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field

from flask import current_app

from iclei_events.services import slots
from iclei_events.services.slots import SlotToBook


@dataclass(slots=True)
class KeptSlots:
    """What one process knows of the slots that people book just now."""

    by_slug: dict[str, tuple[SlotToBook, float]] = field(default_factory=dict)

    def find(self, slug: str, seconds: float) -> SlotToBook | None:
        """The slot as it was so many seconds ago at most; one that does not exist is looked for each time."""
        # The time is taken before the answer: a change in between is then seen by the next asker.
        now = time.monotonic()
        kept = self.by_slug.get(slug)
        if kept is not None and now - kept[1] <= seconds:
            return kept[0]
        slot = slots.find_to_book(slug)
        if slot is not None:
            self.by_slug[slug] = slot, now
        return slot


def find(slug: str) -> SlotToBook | None:
    kept: KeptSlots = current_app.extensions.setdefault("kept_slots", KeptSlots())
    return kept.find(slug, current_app.config["PAGE_CACHE_SECONDS"])
