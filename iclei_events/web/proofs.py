"""When a form asks for a proof of work, and what it does with one: see services.proofs and services.pressure.

Only an opening whose staff have switched it on asks for any. Each process counts in memory the forms that it was sent
in the last minute; with the switch off nothing is counted, looked up or computed.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final, NamedTuple

from flask import current_app, request

from iclei_events import clock
from iclei_events.models import ProofRule
from iclei_events.models.waiting_room import PER_SECOND
from iclei_events.services import pressure, proofs
from iclei_events.services.openings import Opening
from iclei_events.services.pressure import Load
from iclei_events.services.proofs import Proof
from iclei_events.web import turnstile
from iclei_events.web.access import secret_keys

FIELD: Final = "proof"
WITHOUT: Final = "without_proof"
"""What the button sends that books without a proof."""

LATELY: Final = timedelta(minutes=1)
MOST_COUNTED: Final = 2000
"""Forms remembered of an opening: more of them in a minute are pressure at any rate."""

MOST_OPENINGS: Final = 4


@dataclass(slots=True)
class Tally:
    """When forms were sent to this process, and those with a worthless proof, by opening."""

    forms: dict[str, deque[datetime]] = field(default_factory=dict)
    worthless: dict[str, deque[datetime]] = field(default_factory=dict)


def _note(counted: dict[str, deque[datetime]], name: str, now: datetime) -> None:
    if name not in counted and len(counted) >= MOST_OPENINGS:
        counted.clear()
    counted.setdefault(name, deque(maxlen=MOST_COUNTED)).append(now)


def _lately(counted: dict[str, deque[datetime]], name: str, now: datetime) -> int:
    """How many in the last minute; a process has its share of all."""
    here = sum(now - LATELY < at <= now for at in list(counted.get(name, ())))
    return here * int(current_app.config["WEB_WORKERS"])


class Shown(NamedTuple):
    """What a form brought: a proof, or none although one was asked for."""

    proof: Proof | None = None
    unproven: bool = False


def challenge_for(slot_slug: str) -> str:
    """A task for the visitor's browser; empty where none is asked for."""
    opening = turnstile.opening_to_check(slot_slug)
    if opening is None or not _is_asked(opening):
        return ""
    return proofs.challenge_for(turnstile.name_of(opening), clock.now(), current_app.config["SECRET_KEY"])


def shown(slot_slug: str) -> Shown:
    """What the form that was just sent brought. Raises ``ProofWorthless``."""
    opening, now = turnstile.opening_to_check(slot_slug), clock.now()
    if opening is None or not is_asked_of_one_more(opening):
        return Shown()
    given = "" if WITHOUT in request.form else request.form.get(FIELD, "")
    proof = proofs.read(given, turnstile.name_of(opening), now, secret_keys()) if given else None
    return Shown(proof, unproven=proof is None)


def is_asked_of_one_more(opening: Opening) -> bool:
    """Count a form that was sent to the opening; whether a proof is asked for with it."""
    if opening.proof is ProofRule.NEVER:
        return False
    asked = _is_asked(opening)
    _note(_tally().forms, turnstile.name_of(opening), clock.now())
    return asked


def note_worthless(slot_slug: str) -> None:
    """Count that a form came with a proof that was refused."""
    opening = turnstile.opening_to_check(slot_slug)
    if opening is not None:
        _note(_tally().worthless, turnstile.name_of(opening), clock.now())


def _is_asked(opening: Opening) -> bool:
    if opening.proof is ProofRule.UNDER_PRESSURE:
        return pressure.is_high(_load(opening, clock.now()))
    return opening.proof is ProofRule.ALWAYS


def _load(opening: Opening, now: datetime) -> Load:
    """How the opening stands, as far as this process can tell."""
    tally, name = _tally(), turnstile.name_of(opening)
    return Load(
        in_line=opening.waiting(now) if now >= opening.opens_at else 0,
        per_second=opening.line.per_second if opening.line is not None else PER_SECOND,
        forms=_lately(tally.forms, name, now),
        worthless=_lately(tally.worthless, name, now),
        held=sum(slot.held for slot in opening.slots),
        unconfirmed=opening.unconfirmed,
    )


def _tally() -> Tally:
    found: Tally = current_app.extensions.setdefault("proofs", Tally())
    return found
