"""Access needs for the demo: made-up parties of one departure, so that each state of a need is there to be seen.

They left a phone number alone: so the demo begins without any mail.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from iclei_events import clock
from iclei_events.models import AidKind, Slot
from iclei_events.services import bookings, log, need_answers
from iclei_events.services.booking_rows import Contact, Party

DEPARTURE: Final = "vastra-hamnen-1100"
DOG: Final = "Jag har ledarhund."
CHAIRS: Final = "Can you bring folding chairs for all of the way?"
NO_CHAIRS: Final = "We have no chairs to bring. There is a bench every 250 metres, and the guide waits for you at each."


@dataclass(frozen=True, slots=True)
class Asking:
    """A party that asks for something."""

    party: Party
    aids: tuple[tuple[AidKind, int], ...] = ()
    words: str | None = None
    language: str = "sv"


PARTIES: Final = (
    Asking(Party(2), ((AidKind.WHEELCHAIR, 1), (AidKind.COMPANION, 1))),
    Asking(Party(1), ((AidKind.HEARING_LOOP, 1),)),
    Asking(Party(2), ((AidKind.WHEELCHAIR, 1),), DOG),
    Asking(Party(1), ((AidKind.WHEELCHAIR, 1),)),
    Asking(Party(2), ((AidKind.INTERPRETER, 1),)),
    Asking(Party(1), words=CHAIRS, language="en"),
)
"""The fourth asks for one more than there is, the fifth for what staff answer; the rest is promised."""


def fill(slot: Slot, contact_of: Callable[[int], Contact], first: int) -> None:
    """Book for these parties, from number ``first`` on; staff have arranged one thing and said no to another."""
    opened = slot.opens_at or slot.starts_at
    references = []
    for number, asking in enumerate(PARTIES, first):
        who = contact_of(number)
        with clock.standing_at(opened + timedelta(seconds=30 + 7 * (number - first))):
            answer = bookings.book(
                slot, party=asking.party, language=asking.language, key=f"demo-{number}", wait=False, by=log.DEMO,
                contact=Contact(who.name, "", "", phone=who.phone, access_need=asking.words, aids=asking.aids),
                mailed=False,
            )  # fmt: skip
        references.append(answer.reference)
    with clock.standing_at(opened + timedelta(seconds=240)):
        need_answers.arrange(references[0], AidKind.WHEELCHAIR, by=log.DEMO)
        need_answers.decline(references[-1], AidKind.OTHER, NO_CHAIRS, by=log.DEMO)
