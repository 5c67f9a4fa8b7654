"""How the visitor goes from one place to the next: chosen on a page, and kept in this browser alone.

Going in a wheelchair may tell of somebody's health, so that the choice stands in no address and in no table of ours.
"""

from __future__ import annotations

from typing import Final

from flask import session

from iclei_events.models import Way
from iclei_events.services.travel import USUAL_WAY
from iclei_events.web import access

WAY: Final = "way"
"""The name of the choice in forms and in the session."""


def chosen() -> Way:
    kept = session.get(WAY)
    return Way(kept) if kept in set(Way) else USUAL_WAY


def choose(wish: str) -> None:
    """Keep the choice beside the bookings that this browser has opened; without any there is nothing to choose for."""
    if wish in set(Way) and access.remembered():
        session[WAY] = wish
