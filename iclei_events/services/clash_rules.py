"""What an event does about clashes: how many people have any now, and the rule that staff set."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import combinations

from sqlalchemy import select
from sqlalchemy.orm import joinedload

from iclei_events import clock
from iclei_events.db import db, transaction
from iclei_events.models import Booking, ClashRule, Event, LogEntry
from iclei_events.services import binding, clashes, log, own_times, refusals, roads
from iclei_events.services.travel import Roads

VERB = "set_clash_rule"
"""The verb in the log."""


@dataclass(frozen=True, slots=True)
class Effect:
    """How many people have places now that a rule would not give them; they keep them."""

    overlap: int
    travel: int


def effect_on(event: Event) -> Effect:
    """Whom each rule would have refused, without changing anything."""
    by_person: defaultdict[str, list[Booking]] = defaultdict(list)
    for booking in own_times.of_event(event.id):
        if booking.attendee is not None:
            by_person[booking.attendee.email_key or booking.attendee.phone or ""].append(booking)
    by_person.pop("", None)
    parties, ways = by_person.values(), roads.read(db.session())
    return Effect(_count(parties, ways, ClashRule.OVERLAP), _count(parties, ways, ClashRule.TRAVEL))


def _count(parties: Iterable[Sequence[Booking]], ways: Roads, rule: ClashRule) -> int:
    return sum(any(_is_refused(one, other, ways, rule) for one, other in combinations(own, 2)) for own in parties)


def _is_refused(one: Booking, other: Booking, ways: Roads, rule: ClashRule) -> bool:
    people = clashes.people_of(one) & clashes.people_of(other)
    return bool(people) and binding.refuses(rule, clashes.between(one.slot, other.slot, ways, None))


def set_rule(event_id: int, rule: ClashRule, *, seen: ClashRule, by: log.Actor) -> None:
    """From now on the event does so; what people have they keep. Setting it twice is setting it once.

    Raises ``ChangedMeanwhile`` where the rule is not the one that was ``seen``.
    """
    with transaction() as session:
        event = session.scalars(
            select(Event).where(Event.id == event_id).with_for_update().execution_options(populate_existing=True)
        ).one()
        if event.clashes is rule:
            return
        if event.clashes is not seen:
            raise refusals.ChangedMeanwhile(event.clashes)
        details = {"event": event.slug, "before": event.clashes.value, "after": rule.value}
        event.clashes = rule
        log.record(session, VERB, by=by, at=clock.now(), details=details)


def history(event: Event) -> Sequence[LogEntry]:
    """Who has set which rule, the latest first."""
    return db.session.scalars(
        select(LogEntry)
        .where(LogEntry.verb == VERB, LogEntry.details["event"].as_string() == event.slug)
        .options(joinedload(LogEntry.staff))
        .order_by(LogEntry.id.desc())
    ).all()
