"""The privacy receipt of a booking: each detail kept about its party, why, and the day it is erased."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

from flask_babel import gettext
from flask_babel.speaklater import LazyString
from sqlalchemy import func, select

from iclei_events.db import db
from iclei_events.models import Booking, DrawEntry, OutboxMail
from iclei_events.services import address_changes, need_words
from iclei_events.services.letters import party_of
from iclei_events.services.personal_data import FIELDS, MAIL_KEPT

WHY: Final[dict[str, LazyString]] = {field.table: field.why for field in FIELDS}


@dataclass(frozen=True, slots=True)
class Kept:
    """One detail: what it is, what we have, why, and the day it goes; no day: it stays, and tells of nobody."""

    what: str
    value: str
    why: str
    until: date | None


def kept(booking: Booking) -> list[Kept]:
    """Everything kept about the party, what goes first first. In the language in force."""
    return [
        *_needs(booking),
        *_mails(booking),
        *_contact(booking),
        *_names(booking),
        *_draw(booking),
        *_number(booking),
    ]


def _needs(booking: Booking) -> Iterator[Kept]:
    until = booking.slot.needs_erased_on
    for need in booking.access_needs:
        yield Kept(gettext("Need of support"), need_words.in_words(need), str(WHY["access_need"]), until)
        if need.answer:
            yield Kept(gettext("Our answer to it"), need.answer, str(WHY["access_need"]), until)


def _mails(booking: Booking) -> Iterator[Kept]:
    latest = db.session.scalar(select(func.max(OutboxMail.due_at)).where(OutboxMail.booking_id == booking.id))
    if latest is not None:
        event = booking.slot.activity.event
        until = min((latest + MAIL_KEPT).astimezone(event.zone).date() + timedelta(days=1), event.erased_on)
        value = gettext("When we wrote to you, and whether it arrived")
        yield Kept(gettext("Our mails to you"), value, str(WHY["outbox_mail"]), until)


def _contact(booking: Booking) -> Iterator[Kept]:
    contact = booking.attendee
    if contact is None:
        return
    until, why = booking.slot.activity.event.erased_on, str(WHY["attendee"])
    yield Kept(gettext("Name"), contact.name, why, until)
    if contact.email:
        yield Kept(gettext("E-mail"), contact.email, why, until)
    if contact.phone:
        yield Kept(gettext("Mobile number"), contact.phone, why, until)
    change = address_changes.open_for(booking)
    if change is not None and change.email:
        until = change.open_until.astimezone(booking.slot.activity.event.zone).date()
        yield Kept(gettext("New e-mail, until you confirm it"), change.email, str(WHY["address_change"]), until)


def _names(booking: Booking) -> Iterator[Kept]:
    names = ", ".join(place.name for place in booking.current_places if place.name)
    if names:
        until = booking.slot.activity.event.erased_on
        yield Kept(gettext("Names of those who come along"), names, str(WHY["place"]), until)


def _draw(booking: Booking) -> Iterator[Kept]:
    entry = db.session.get(DrawEntry, booking.id)
    if entry is not None:
        until = booking.slot.activity.event.erased_on
        yield Kept(gettext("Your code in the draw"), entry.pseudonym, str(WHY["draw_entry"]), until)


def _number(booking: Booking) -> Iterator[Kept]:
    why = gettext("To count places, and to report how many came")
    yield Kept(gettext("Number and size of the booking"), f"{booking.reference}, {party_of(booking)}", why, None)
