"""Where staff let clashes bind: nobody takes places at an event beside others of theirs that they could not keep.

Checked with the person locked, before the lock of any slot, so that of two forms sent at once one wins. Bookings that
hold places bind; a line is joined in spite of them only where nothing clashes, and an offer that has come may always be
taken: it is told beside it what it clashes with. The way counts by the quickest means there are: nobody is refused
who could make it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from sqlalchemy import select
from sqlalchemy.orm import Session

from iclei_events.models import HOLDING, Activity, Attendee, Booking, BookingStatus, ClashRule, Event, Slot
from iclei_events.services import clashes, log, own_times, person_limit, refusals, roads
from iclei_events.services.booking_rows import Contact
from iclei_events.services.clashes import Gap, InContact, People
from iclei_events.services.person_limit import Reachable


class Bound(Protocol):
    """A slot, or as much of one as the rush reads."""

    @property
    def event_id(self) -> int: ...
    @property
    def clashes(self) -> ClashRule: ...


@dataclass(frozen=True, slots=True)
class Binding:
    """The rule of an event as it holds for a person; ``people`` are those of the party who are known."""

    rule: ClashRule
    event_id: int
    contact: Reachable
    people: People

    @classmethod
    def of_newcomer(cls, slot: Bound, contact: InContact, by: log.Actor) -> Binding | None:
        """The rule that holds where somebody books, if there is one. Staff are not bound."""
        if slot.clashes is ClashRule.TOLD or by != log.ATTENDEE or not contact.comes_along:
            return None
        return cls(slot.clashes, slot.event_id, contact, clashes.people_of_contact(contact))

    @classmethod
    def of_booking(
        cls, slot: Bound, booking: Booking, by: log.Actor, contact: InContact | None = None
    ) -> Binding | None:
        """The rule that holds where a booking is changed to another time, or would get another ``contact``."""
        contact = contact or booking.attendee
        if slot.clashes is ClashRule.TOLD or by != log.ATTENDEE or contact is None:
            return None
        people = clashes.people_of_contact(contact) | clashes.people_named(booking)
        return cls(slot.clashes, slot.event_id, contact, people)

    def lock(self, session: Session) -> None:
        """Let nobody else book for this person until the transaction ends."""
        person_limit.lock_person(session, self.event_id, self.contact.email_key, self.contact.phone)

    def check(self, session: Session, stay: clashes.Stay, own: Booking | None = None) -> None:
        """Raise ``Clashes`` where the stay cannot be kept beside what the person has; ``own`` is being changed."""
        ways = roads.read(session)
        for other in own_times.of_contact(session, self.contact, self.event_id):
            if (own is None or other.id != own.id) and self.people & clashes.people_of(other):
                gap = clashes.between(stay, other.slot, ways, None)
                if refuses(self.rule, gap):
                    raise refusals.Clashes(other.reference)


def refuses(rule: ClashRule, gap: Gap) -> bool:
    """Whether the rule of an event forbids what has such a gap."""
    return (rule is not ClashRule.TOLD and gap.overlaps) or (rule is ClashRule.TRAVEL and gap.is_tight)


def lock_person(session: Session, reference: str, by: log.Actor) -> None:
    """Before the locks of slots: nobody books for the same person while this booking may change its time."""
    person = session.execute(
        select(Activity.event_id, Attendee.email_key, Attendee.phone)
        .join(Booking.attendee)
        .join(Booking.slot)
        .join(Slot.activity)
        .join(Activity.event)
        .where(Booking.reference == reference, Event.clashes != ClashRule.TOLD)
    ).first()
    if person is not None and by == log.ATTENDEE:
        person_limit.lock_person(session, person.event_id, person.email_key, person.phone)


def check_coming(session: Session, booking: Booking, by: log.Actor) -> None:
    """As ``check_change``, where whoever booked for others comes along from now on: the booking says so already."""
    if booking.status in HOLDING | {BookingStatus.WAITING}:
        session.flush()
        check_change(session, booking, booking.slot, by)


def check_naming(session: Session, booking: Booking, by: log.Actor) -> None:
    """As ``check_coming``, where whoever booked for others has written their own name on a place."""
    contact = booking.attendee
    if contact is None or contact.comes_along or booking.status not in HOLDING | {BookingStatus.WAITING}:
        return
    themselves = Contact(contact.name, contact.email, contact.email_key, contact.phone)
    bound = Binding.of_newcomer(booking.slot, themselves, by)
    if bound is not None and bound.people & clashes.people_named(booking):
        bound.check(session, booking.slot, booking)


def check_change(session: Session, booking: Booking, to: Slot, by: log.Actor) -> None:
    """Raise ``Clashes`` where the event lets clashes bind and the booking would come to stand in one."""
    bound = Binding.of_booking(to, booking, by)
    if bound is not None:
        bound.check(session, to, booking)


def try_lock(session: Session, booking: Booking, to: Slot) -> bool:
    """Lock the person where clashes bind; False if somebody else has it, since with slots locked nobody waits."""
    bound = Binding.of_booking(to, booking, log.ATTENDEE)
    contact = bound.contact if bound is not None else None
    return contact is None or person_limit.try_lock_person(session, to.event_id, contact.email_key, contact.phone)


def is_clash(session: Session, booking: Booking, to: Slot) -> bool:
    """Whether a booking that is changed without its party at hand would come to stand in a clash that binds."""
    try:
        check_change(session, booking, to, log.ATTENDEE)
    except refusals.Clashes:
        return True
    return False
