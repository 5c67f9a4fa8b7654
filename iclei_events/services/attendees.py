"""Who comes and whom we write to: names, phone, the language of mails. Nothing here touches a slot's places."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from iclei_events import clock
from iclei_events.db import transaction
from iclei_events.models import Attendee, Booking, OutboxMail
from iclei_events.services import binding, log, refusals
from iclei_events.services.deciding import Decision


@dataclass(frozen=True, slots=True)
class Details:
    """What can be changed of a contact at once. Another address has to be confirmed: see ``address_changes``."""

    name: str
    phone: str | None
    language: str
    comes_along: bool


def name_places(reference: str, names: Mapping[int, str | None], *, by: log.Actor = log.ATTENDEE) -> None:
    """Give names to the party's places by their numbers; None takes one away. Places given back get none.

    Where clashes bind, raises ``Clashes`` for who booked for others, has places at that time and is one of the names.
    """
    with held(reference, by, first=partial(binding.lock_person, reference=reference, by=by)) as found:
        decision, booking, _attendee = found
        changed = 0
        for place in booking.current_places:
            if place.number in names and place is not booking.contacts_place and place.name != names[place.number]:
                place.name = names[place.number]
                changed += 1
        if changed:
            decision.session.flush()
            binding.check_naming(decision.session, booking, by)
            decision.note("name_places", booking, changed=changed)


def change_contact(reference: str, details: Details, *, by: log.Actor = log.ATTENDEE) -> None:
    """Change whom a booking is for and how we write; mail that waits to be sent goes out in the new language.

    Where clashes bind, raises ``Clashes`` for who would come along now, or whose new name is that of somebody who comes
    along, and has places at that time already.
    """
    with held(reference, by, first=partial(binding.lock_person, reference=reference, by=by)) as found:
        decision, booking, attendee = found
        before = Details(attendee.name, attendee.phone, booking.language, attendee.comes_along)
        if details == before:
            return
        attendee.name, attendee.phone = details.name, details.phone
        attendee.comes_along = details.comes_along
        if booking.contacts_place is not None:
            booking.contacts_place.name = None
        if details.comes_along and not before.comes_along:
            binding.check_coming(decision.session, booking, by)
        if details.name != before.name:
            binding.check_naming(decision.session, booking, by)
        if details.language != booking.language:
            booking.language = details.language
            waiting = OutboxMail.booking_id == booking.id, OutboxMail.sent_at.is_(None), OutboxMail.failed_at.is_(None)
            decision.session.execute(update(OutboxMail).where(*waiting).values(language=details.language))
        decision.note("change_contact", booking)


@contextmanager
def held(
    reference: str, by: log.Actor, *, first: Callable[[Session], None] | None = None
) -> Iterator[tuple[Decision, Booking, Attendee]]:
    """The booking with its row locked: what else changes it writes to that row first.

    ``first`` takes whatever lock must be had before that of the row.
    """
    with transaction() as session:
        if first is not None:
            first(session)
        booking = session.scalars(
            select(Booking)
            .where(Booking.reference == reference)
            .with_for_update()
            .execution_options(populate_existing=True)
        ).one_or_none()
        if booking is None or booking.attendee is None or not booking.is_active:
            raise refusals.NotActive
        yield Decision(session, clock.now(), by), booking, booking.attendee


def lock(session: Session, booking: Booking) -> None:
    """Keep out whoever has the booking as ``held``, for a decision under the lock of its slot; it is read afresh."""
    session.refresh(booking, with_for_update={"key_share": True})
