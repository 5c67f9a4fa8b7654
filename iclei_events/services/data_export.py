"""Everything kept about one person, in plain values: what they may ask for (GDPR, articles 15 and 20)."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any, Final

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session, joinedload

from iclei_events.db import Base, db
from iclei_events.i18n import Bilingual
from iclei_events.models import (
    Activity,
    AddressChange,
    Attendee,
    Booking,
    CalendarFeed,
    Delegate,
    DrawEntry,
    OutboxMail,
    Signatory,
    SignIn,
    Slot,
    Staff,
)
from iclei_events.services import disclosures, swaps
from iclei_events.services.addresses import email_key
from iclei_events.services.personal_data import FIELDS

SECRETS: Final = frozenset({"password_hash", "totp_secret", "recovery_hashes", "invitation_hash", "token_hash"})
"""What an export leaves out: it would open an account, and tells nobody anything about themselves."""


def export(email: str) -> dict[str, Any]:
    """Everything kept about the person with this address, in plain values for JSON."""
    key = email_key(email)
    staff = db.session.scalars(select(Staff).where(Staff.email_key == key)).one_or_none()
    return {
        "email": email,
        "bookings": [_booking(attendee) for attendee in _attendees(db.session(), key)],
        "delegate": [_columns(one) | {"event": one.event.slug} for one in _all(Delegate, Delegate.email_key == key)],
        "signings": [_signing(one) for one in _all(Signatory, Signatory.contact_email_key == key)],
        "calendar": [_columns(one) | {"created_at": _plain(one.created_at)} for one in _calendar_feeds(key)],
        "mails": [_mail(one) for one in mails_to(db.session(), key)],
        "staff": _staff(staff) if staff else None,
    }


def export_booking(booking: Booking) -> dict[str, Any]:
    """Everything kept about the party of one booking, for whoever holds its link: nothing of their other bookings."""
    mails = _all(OutboxMail, OutboxMail.booking_id == booking.id)
    return {
        "booking": _booking(booking.attendee) if booking.attendee is not None else {"reference": booking.reference},
        "mails": [_mail(one) for one in mails],
    }


def _calendar_feeds(key: str) -> list[CalendarFeed]:
    return _all(CalendarFeed, CalendarFeed.email_key == key)


def is_staff(email: str) -> bool:
    return db.session.scalar(select(Staff.id).where(Staff.email_key == email_key(email))) is not None


def _all(model: type[Any], condition: ColumnElement[bool]) -> list[Any]:
    return list(db.session.scalars(select(model).where(condition).order_by(model.id)))


def _attendees(session: Session, key: str) -> list[Attendee]:
    to_slot = joinedload(Attendee.booking).joinedload(Booking.slot)
    return list(
        session.scalars(
            select(Attendee)
            .where(Attendee.email_key == key)
            .order_by(Attendee.booking_id)
            .options(to_slot.joinedload(Slot.activity).joinedload(Activity.event))
        )
    )


def mails_to(session: Session, key: str) -> list[OutboxMail]:
    """Mails to the address. The outbox keeps addresses as typed, so the database narrows down and Python decides."""
    alike = session.scalars(select(OutboxMail).where(func.lower(OutboxMail.recipient) == key.lower()))
    return [mail for mail in alike if email_key(mail.recipient) == key]


def _booking(attendee: Attendee) -> dict[str, Any]:
    booking = attendee.booking
    return _columns(attendee) | {
        "reference": booking.reference,
        "event": booking.slot.activity.event.slug,
        "activity": _plain(booking.slot.activity.title),
        "starts_at": _plain(booking.slot.starts_at),
        "status": booking.status.value,
        "size": booking.size,
        "language": booking.language,
        "created_at": _plain(booking.created_at),
        "places": [
            {"number": place.number, "kind": place.kind.value, "checked_in_at": _plain(place.checked_in_at)}
            | _columns(place)
            for place in booking.places
        ],
        "access_need": booking.access_need.description if booking.access_need else None,
        "access_needs": [_columns(need) for need in booking.access_needs],
        "looked_at": [{"from": _plain(one.at), "what": one.what.value} for one in disclosures.of_booking(booking)],
        "asks_for": [_plain(wish.slot.starts_at) for wish in swaps.of_booking(booking)],
        "new_address": _address_change(db.session.get(AddressChange, booking.id)),
        "draw": _draw_entry(db.session.get(DrawEntry, booking.id)),
    }


def _address_change(change: AddressChange | None) -> dict[str, Any] | None:
    if change is None or change.email is None:
        return None
    return _columns(change) | {"asked_at": _plain(change.asked_at)}


def _draw_entry(entry: DrawEntry | None) -> dict[str, Any] | None:
    if entry is None:
        return None
    wishes = [wish.slot.slug for wish in entry.wishes]
    return _columns(entry) | {"draw": entry.draw.slug, "wishes": wishes, "position": entry.position}


def _signing(signatory: Signatory) -> dict[str, Any]:
    return _columns(signatory) | {
        "name": signatory.name,
        "country": signatory.country,
        "status": signatory.status.value,
        "submitted_at": _plain(signatory.submitted_at),
        "confirmed_at": _plain(signatory.confirmed_at),
        "published_at": _plain(signatory.published_at),
    }


def _mail(mail: OutboxMail) -> dict[str, Any]:
    return _columns(mail) | {"kind": mail.kind.value, "due_at": _plain(mail.due_at), "sent_at": _plain(mail.sent_at)}


def _staff(staff: Staff) -> dict[str, Any]:
    sign_ins = _all(SignIn, SignIn.staff_id == staff.id)
    return _columns(staff) | {
        "roles": [grant.role.value for grant in staff.grants],
        "sign_ins": [{"from": _plain(one.created_at), "last_used": _plain(one.seen_at)} for one in sign_ins],
    }


def _columns(row: Base) -> dict[str, Any]:
    """Tell a row's personal columns as the field table lists them, without secrets."""
    names = (name for field in FIELDS if field.table == row.__tablename__ for name in field.columns)
    return {name: _plain(getattr(row, name)) for name in names if name not in SECRETS}


def _plain(value: object) -> object:
    if isinstance(value, Bilingual):
        return value.as_dict()
    return value.isoformat() if isinstance(value, date | datetime) else value
