"""Bookings for the demo: made-up people take places at the Malmö Summit, through the same engine as everybody else.

The same people book the same places each time; only references and secrets differ.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import joinedload

from iclei_events import clock
from iclei_events.db import db
from iclei_events.models import Activity, ActivityKind, Booking, Slot
from iclei_events.services import attendees, bookings, capacity, changes, demo_needs, draw_entries, draws, log, swaps
from iclei_events.services.addresses import email_key
from iclei_events.services.booking_rows import Contact, Party

FIRST_NAMES: Final = (
    "Amira", "Elis", "Fatima", "Jasmin", "Lars", "Maja", "Nermin", "Olof", "Parisa", "Rasmus", "Samira", "Tove",
    "Yusuf", "Zofia", "Ali", "Britta", "Dragan", "Emma", "Hodan", "Ingrid", "Karin", "Leila", "Mirela", "Noor",
    "Peter", "Sofie", "Tariq", "Ulla", "Viktor", "William",
)  # fmt: skip
FAMILY_NAMES: Final = (
    "Andersson", "Begović", "Cohen", "Dahl", "Ekström", "Farah", "Green", "Haddad", "Ibrahimi", "Jensen", "Khalil",
    "Lindqvist", "Mohamud", "Nowak", "Olsson", "Petrović", "Quist", "Rahimi", "Sjöberg", "Taylor", "Yılmaz", "Åberg",
    "Öhman",
)  # fmt: skip
PLAIN: Final = str.maketrans("ćåäöıćÖÅ", "caaoicoa")
GROUPS: Final = (Party(2, 2), Party(4), Party(2, 3), Party(3, 1), Party(4, 2), Party(2, 1))
"""Parties who come to celebrate are larger than those who come for a tour."""

PARTIES: Final = (Party(2), Party(1), Party(2, 1), Party(1, 2), Party(2, 2), Party(1), Party(3), Party(2), Party(1, 1))

RESIDENTS_SECONDS: Final = 290
"""Within so many seconds of the opening the residents' first bookings came: by then the demo's clock starts."""

TOURS: Final = {
    "vastra-hamnen-0930": 9, "vastra-hamnen-1100": 5, "vastra-hamnen-1330": 22,
    "botildenborg-1300": 27, "botildenborg-1500": 12,
    "siptex-1030": 13, "siptex-1230": 17, "siptex-1430": 4,
    "hyllie-1100": 7, "hyllie-1300": 15,
    "party-1500": 160,
}  # fmt: skip
"""How many places residents have taken in each departure; the one that opens at noon has none."""

FULL: Final = "botildenborg-1400"
LINE: Final = (Party(2), Party(2, 1), Party(1), Party(2), Party(1, 1), Party(2, 2, least=2))
"""The parties that came too late for the full departure. The first has an offer, for somebody gave two places back.
Of the last, two would come without the others."""

RATHER: Final = "botildenborg-1300"
"""Somebody who has two places here would rather come to the full departure."""

SESSIONS: Final = {
    "opening-plenary-0930": 12, "residents-budget-1330": 7, "climate-budget-1530": 5, "mw-vastra-hamnen-1330": 27,
    "mw-augustenborg-1330": 6,
}  # fmt: skip
"""How many delegates have booked each session."""

DRAW: Final = "siptex-evening"
FIRST_WITH_NEEDS: Final = 900
FIRST_IN_DRAW: Final = 1000
"""From which numbers on those with needs and those of the draw are counted: nobody else has theirs."""

ENTRIES: Final = 33
"""How many parties have entered the draw so far: more than it has places for."""

SESSION_DAYS: Final = 10
KEPT_BACK: Final = ("vastra-hamnen-0930", 2, "Ledsagare och teckenspråkstolk")
NEED: Final = "En av oss använder rullstol."
EVERY_WITH_NEED: Final = 17
EVERY_WITH_NAMES: Final = 5
EVERY_FOR_OTHERS: Final = 11
"""Which of the people book for their class or their parents and stay at home themselves."""


@dataclass(frozen=True, slots=True)
class Wish:
    """Who books what when."""

    at: datetime
    slot: Slot
    party: Party
    number: int


def fill() -> int:
    """Book for the demo's people; nothing where anybody has booked already. Returns how many booked."""
    if db.session.scalar(select(Booking.id).limit(1)) is not None:
        return 0
    slots = _slots()
    wishes = sorted(_wishes(slots), key=lambda wish: (wish.at, wish.number))
    for wish in wishes:
        _book(wish)
    if FULL in slots:
        _fill_up(slots[FULL], len(wishes))
        _ask_for(slots[FULL])
    _keep_back(slots)
    if demo_needs.DEPARTURE in slots:
        demo_needs.fill(slots[demo_needs.DEPARTURE], lambda number: _contact(number, by_phone=True), FIRST_WITH_NEEDS)
    _enter_draw(len(wishes) + FIRST_IN_DRAW)
    return len(wishes)


def _enter_draw(first: int) -> None:
    """Let parties wish for one to three of the drawn departures."""
    draw = draws.find(DRAW)
    if draw is None:
        return
    slugs = [slot.slug for slot in draw.slots]
    for number in range(first, first + ENTRIES):
        turn, most = _pick(len(slugs), "wish", number), 1 + _pick(len(slugs), "wishes", number)
        with clock.standing_at(draw.opens_at + timedelta(seconds=_pick(RESIDENTS_SECONDS, "moment", number))):
            draw_entries.enter(
                draw.id, (slugs[turn:] + slugs[:turn])[:most], party=PARTIES[_pick(len(PARTIES), "party", number)],
                contact=_contact(number, by_phone=False),
                language="en" if _pick(4, "language", number) == 0 else "sv",
                key=f"demo-draw-{number}", by=log.DEMO, mailed=False,
            )  # fmt: skip


def _slots() -> dict[str, Slot]:
    """The slots to book by slug, with what the rules for a party read; detached, for each booking reads afresh."""
    wanted = {*TOURS, *SESSIONS, FULL, KEPT_BACK[0]}
    query = select(Slot).where(Slot.slug.in_(wanted))
    found = db.session.scalars(query.options(joinedload(Slot.activity).joinedload(Activity.event))).all()
    db.session.expunge_all()
    return {slot.slug: slot for slot in found}


def _wishes(slots: dict[str, Slot]) -> Iterator[Wish]:
    """Every party of the demo but those of the full departure, which come in their own order."""
    number = 0
    for slug, places in (*TOURS.items(), *SESSIONS.items()):
        slot, left = slots.get(slug), places
        while slot is not None and left > 0:
            number += 1
            party = _party(slot, number, left)
            left -= party.size
            yield Wish(_moment(slot, number), slot, party, number)


def _party(slot: Slot, number: int, most: int) -> Party:
    if slot.slug in SESSIONS:
        return Party(1)
    parties = GROUPS if slot.activity.kind is ActivityKind.PARTY else PARTIES
    party = parties[_pick(len(parties), "party", number)]
    return party if party.size <= most else Party(most)


def _moment(slot: Slot, number: int) -> datetime:
    opened = slot.opens_at or datetime.min.replace(tzinfo=UTC)
    span = SESSION_DAYS * 24 * 3600 if slot.slug in SESSIONS else RESIDENTS_SECONDS
    return opened + timedelta(seconds=_pick(span, "moment", number))


def _book(wish: Wish, *, by_phone: bool = False, wait: bool = False) -> str:
    """Book as the wish says, at its time; returns the reference."""
    with clock.standing_at(wish.at):
        answer = bookings.book(
            wish.slot,
            party=wish.party,
            contact=_contact(wish.number, by_phone=by_phone),
            language="en" if _pick(4, "language", wish.number) == 0 else "sv",
            key=f"demo-{wish.number}",
            wait=wait,
            by=log.DEMO,
            mailed=False,
        )
        if wish.number % EVERY_WITH_NAMES == 0:
            _name_party(answer.reference, wish)
    return answer.reference


def _name_party(reference: str, wish: Wish) -> None:
    """Names for those who come along; who books keeps their own."""
    names = {place: FIRST_NAMES[_pick(len(FIRST_NAMES), "along", wish.number + place)] for place in range(2, 9)}
    attendees.name_places(reference, names, by=log.DEMO)


def _fill_up(slot: Slot, number: int) -> None:
    """Fill a departure to its last place, let more parties stand in line and two places come back.

    Those who give back and who get the offer left a phone number alone, so that the demo begins without any mail.
    """
    opened = slot.opens_at or slot.starts_at
    left, seconds = slot.capacity - 2, 20
    gives_back = _book(Wish(opened + timedelta(seconds=seconds), slot, Party(2), number + 1), by_phone=True)
    while left > 0:
        number, seconds = number + 1, seconds + 9
        party = _party(slot, number, left)
        left -= party.size
        _book(Wish(opened + timedelta(seconds=seconds), slot, party, number + 1))
    for position, party in enumerate(LINE):
        number, seconds = number + 1, seconds + 11
        wish = Wish(opened + timedelta(seconds=seconds), slot, party, number + 1)
        _book(wish, by_phone=position == 0, wait=True)
    with clock.standing_at(opened + timedelta(seconds=RESIDENTS_SECONDS)):
        changes.cancel(gives_back, by=log.DEMO)


def _ask_for(slot: Slot) -> None:
    a_pair = Booking.size == Party(2).size
    held = select(Booking.reference).join(Booking.slot).where(Slot.slug == RATHER, a_pair)
    reference = db.session.scalar(held.order_by(Booking.id).limit(1))
    if reference is not None:
        with clock.standing_at((slot.opens_at or slot.starts_at) + timedelta(seconds=RESIDENTS_SECONDS + 4)):
            swaps.ask(reference, slot.slug, by=log.DEMO)


def _keep_back(slots: dict[str, Slot]) -> None:
    slug, places, reason = KEPT_BACK
    slot = slots.get(slug)
    if slot is not None:
        release_at = slot.starts_at - timedelta(days=2)
        capacity.keep_back(slot.id, places, reason=reason, release_at=release_at, by=log.DEMO)


def _contact(number: int, *, by_phone: bool) -> Contact:
    first = FIRST_NAMES[_pick(len(FIRST_NAMES), "first", number)]
    family = FAMILY_NAMES[_pick(len(FAMILY_NAMES), "family", number)]
    if by_phone:
        return Contact(f"{first} {family}", "", "", phone=f"+467017406{number % 95 + 5:02}")
    local = f"{first}.{family}".lower().translate(PLAIN)
    email = f"{local}.{number}@example.{'com' if number % 3 == 0 else 'org'}"
    need = NEED if number % EVERY_WITH_NEED == 0 else None
    comes_along = number % EVERY_FOR_OTHERS != 0
    return Contact(f"{first} {family}", email, email_key(email), access_need=need, comes_along=comes_along)


def _pick(below: int, what: str, number: int) -> int:
    """A number below a limit, the same at every start: believable variety, not chance."""
    return int.from_bytes(sha256(f"{what}:{number}".encode()).digest()[:8]) % below
