"""Tickets of a waiting room as text: signed, so that an address may carry one, and without a word about a person."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime
from typing import Final

from iclei_events.services import links
from iclei_events.services.admission import Ticket

PURPOSE: Final = "waiting-room"
WRITTEN: Final = re.compile(r"([el])([1-9][0-9]{0,8})", re.ASCII)
LONGEST: Final = 60


def plain(ticket: Ticket) -> str:
    """The ticket as short text: ``e12`` is the twelfth of those who came early."""
    return f"{'e' if ticket.early else 'l'}{ticket.number}"


def read_plain(text: str) -> Ticket | None:
    found = WRITTEN.fullmatch(text)
    return Ticket(found[1] == "e", int(found[2])) if found else None


def signed(ticket: Ticket, event_id: int, opens_at: datetime, key: str) -> str:
    """The ticket with what proves that it is ours and for this opening."""
    text = plain(ticket)
    return f"{text}.{links.secret_for(PURPOSE, _salt(text, event_id, opens_at), key)}"


def read_signed(given: str, event_id: int, opens_at: datetime, keys: Sequence[str]) -> Ticket | None:
    """The ticket if it is ours and for this opening; one that was made up or altered is worth nothing."""
    text, _, secret = given[:LONGEST].partition(".")
    ticket = read_plain(text)
    if ticket is None or not links.opens(secret, PURPOSE, _salt(text, event_id, opens_at), keys):
        return None
    return ticket


def _salt(text: str, event_id: int, opens_at: datetime) -> str:
    return f"{event_id}:{int(opens_at.timestamp())}:{text}"
