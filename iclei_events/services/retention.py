"""Retention by the clock: the steps that keep the promises of ``personal_data``, in batches that may be cut short."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date, datetime
from typing import Any, Final

from sqlalchemy import ColumnElement, Select, delete, exists, or_, select, update
from sqlalchemy.orm import InstrumentedAttribute, Session

from iclei_events import clock
from iclei_events.db import Base
from iclei_events.models import (
    AccessNeed,
    Activity,
    AddressChange,
    Attendee,
    Booking,
    CalendarFeed,
    Delegate,
    Disclosure,
    DrawEntry,
    Event,
    KeptBack,
    LogEntry,
    OutboxMail,
    Place,
    Signatory,
    SignatoryStatus,
    SignIn,
    Slot,
    Staff,
)
from iclei_events.models.address_change import OPEN_FOR
from iclei_events.services import aids, calendar_feeds, need_traces
from iclei_events.services.personal_data import (
    ACCOUNT_KEPT,
    DECLINED_KEPT,
    LOG_KEPT,
    MAIL_KEPT,
    SIGN_INS_KEPT,
    UNPUBLISHED_KEPT,
    Until,
)
from iclei_events.services.signing import UNCONFIRMED_FOR

Row = Delegate | KeptBack | LogEntry | OutboxMail | Place | Signatory | SignIn
ERASED_TEXT: Final = "–"
"""What stands where a text cannot be empty."""

Step = Callable[[Session, datetime, int], int]
"""Erases at most so many rows that are due at a moment; returns how many. Fewer than allowed: none are left."""


def _access_needs(session: Session, now: datetime, limit: int) -> int:
    """Erase access needs from the first midnight after the slot, in the event's zone."""
    needs = select(AccessNeed.id).join(Booking, Booking.id == AccessNeed.booking_id)
    due = need_traces.day_after(session, needs, now, limit)
    gone = _delete(session, AccessNeed, AccessNeed.id, list(due))
    aids.recount(session, set(due.values()))
    return gone


def _today(event: Event, now: datetime) -> date:
    return now.astimezone(event.zone).date()


def _erased_events(session: Session, now: datetime) -> list[int]:
    """Find the events whose day of erasure has come, in their own zone."""
    return [event.id for event in session.scalars(select(Event)) if _today(event, now) >= event.erased_on]


def _of_erased_events(query: Select[int], session: Session, now: datetime, limit: int) -> Sequence[int]:
    events = _erased_events(session, now)
    if not events:
        return []
    joined = query.join(Slot, Slot.id == Booking.slot_id).join(Activity, Activity.id == Slot.activity_id)
    # Nobody who is still to come is erased, should a slot lie after its event or the event's last day be wrong.
    return session.scalars(joined.where(Activity.event_id.in_(events), Slot.ends_at <= now).limit(limit)).all()


def _attendees(session: Session, now: datetime, limit: int) -> int:
    query = select(Attendee.booking_id).join(Booking, Booking.id == Attendee.booking_id)
    return _delete(session, Attendee, Attendee.booking_id, _of_erased_events(query, session, now, limit))


def _draw_entries(session: Session, now: datetime, limit: int) -> int:
    """Forget whose codes stood in the public list of a draw."""
    query = select(DrawEntry.booking_id).join(Booking, Booking.id == DrawEntry.booking_id)
    return _delete(session, DrawEntry, DrawEntry.booking_id, _of_erased_events(query, session, now, limit))


def _names_on_places(session: Session, now: datetime, limit: int) -> int:
    query = select(Place.id).join(Booking, Booking.id == Place.booking_id).where(Place.name.is_not(None))
    return _overwrite(session, Place, _of_erased_events(query, session, now, limit), {"name": None})


def _disclosures(session: Session, now: datetime, limit: int) -> int:
    query = select(Disclosure.id).join(Booking, Booking.id == Disclosure.booking_id)
    return _delete(session, Disclosure, Disclosure.id, _of_erased_events(query, session, now, limit))


def _mails_of_bookings(session: Session, now: datetime, limit: int) -> int:
    query = select(OutboxMail.id).join(Booking, Booking.id == OutboxMail.booking_id)
    return _delete(session, OutboxMail, OutboxMail.id, _of_erased_events(query, session, now, limit))


def _calendar_feeds(session: Session, _now: datetime, limit: int) -> int:
    """End the feeds of addresses that no booking is left of."""
    has_bookings = exists().where(Attendee.email_key == CalendarFeed.email_key)
    query = select(CalendarFeed).where(CalendarFeed.email_key.is_not(None), ~has_bookings)
    feeds = session.scalars(query.limit(limit)).all()
    for feed in feeds:
        calendar_feeds.forget(feed)
    return len(feeds)


def _delegates(session: Session, now: datetime, limit: int) -> int:
    return _delete_where(session, Delegate, Delegate.event_id.in_(_erased_events(session, now)), limit)


def _reasons_of_kept_back(session: Session, now: datetime, limit: int) -> int:
    query = (
        select(KeptBack.id)
        .join(Slot, Slot.id == KeptBack.slot_id)
        .join(Activity, Activity.id == Slot.activity_id)
        .where(Activity.event_id.in_(_erased_events(session, now)), KeptBack.reason != ERASED_TEXT)
        .limit(limit)
    )
    return _overwrite(session, KeptBack, session.scalars(query).all(), {"reason": ERASED_TEXT})


def _old_mails(session: Session, now: datetime, limit: int) -> int:
    return _delete_where(session, OutboxMail, OutboxMail.due_at <= now - MAIL_KEPT, limit)


def _unconfirmed_signings(session: Session, now: datetime, limit: int) -> int:
    unconfirmed = (Signatory.status == SignatoryStatus.SUBMITTED) & (Signatory.submitted_at <= now - UNCONFIRMED_FOR)
    return _delete_where(session, Signatory, unconfirmed, limit)


def _address_changes(session: Session, now: datetime, limit: int) -> int:
    """Forget the new addresses that nobody has confirmed; what is left of the row says that its link is over."""
    due = (AddressChange.email.is_not(None)) & (AddressChange.asked_at <= now - OPEN_FOR)
    changes = session.scalars(select(AddressChange).where(due).limit(limit)).all()
    for change in changes:
        change.email = change.email_key = None
    return len(changes)


def _declined_signings(session: Session, now: datetime, limit: int) -> int:
    query = select(Signatory.id).where(
        Signatory.status == SignatoryStatus.DECLINED,
        Signatory.declined_at <= now - DECLINED_KEPT,
        or_(Signatory.contact_email_key.is_not(None), Signatory.signer_name.is_not(None)),
    )
    return _close_signings(session, session.scalars(query.limit(limit)).all(), {})


def _unpublished_signings(session: Session, now: datetime, limit: int) -> int:
    """End signings that were confirmed and then neither published nor declined, as if they had been declined now."""
    query = select(Signatory.id).where(
        Signatory.status == SignatoryStatus.CONFIRMED, Signatory.confirmed_at <= now - UNPUBLISHED_KEPT
    )
    ended = {"status": SignatoryStatus.DECLINED, "declined_at": now}
    return _close_signings(session, session.scalars(query.limit(limit)).all(), ended)


def _close_signings(session: Session, ids: Sequence[int], values: dict[str, Any]) -> int:
    session.execute(delete(OutboxMail).where(OutboxMail.signatory_id.in_(ids)))
    return _overwrite(session, Signatory, ids, values | dict.fromkeys((*SIGNATORY_CONTACT, *SIGNATORY_SIGNER)))


SIGNATORY_CONTACT: Final = ("contact_name", "contact_email", "contact_email_key")
SIGNATORY_SIGNER: Final = ("signer_name", "signer_role", "mandate", "declined_because")


def _sign_ins(session: Session, _now: datetime, limit: int) -> int:
    """Erase old sign-ins by the machine's time, by which they are kept."""
    return _delete_where(session, SignIn, SignIn.seen_at <= clock.machine_time() - SIGN_INS_KEPT, limit)


def _closed_accounts(session: Session, now: datetime, limit: int) -> int:
    """Take the person out of a closed account; the row stays, since decisions and verifications name it."""
    closed = select(Staff).where(Staff.disabled_at <= now - ACCOUNT_KEPT, ~Staff.email_key.like("erased-%@invalid"))
    accounts = session.scalars(closed.limit(limit)).all()
    for staff in accounts:
        staff.email = staff.email_key = f"erased-{staff.id}@invalid"
        staff.name = staff.password_hash = staff.totp_secret = staff.invitation_hash = None
        staff.recovery_hashes = []
    return len(accounts)


def _log_entries(session: Session, now: datetime, limit: int) -> int:
    """Erase old log lines but those about signings, which belong to the record of the commitment."""
    return _delete_where(session, LogEntry, (LogEntry.at <= now - LOG_KEPT) & LogEntry.signatory_id.is_(None), limit)


STEPS: Final[dict[Until, tuple[Step, ...]]] = {
    Until.DAY_AFTER_SLOT: (_access_needs, need_traces.forget_in_log, need_traces.erase_mails),
    Until.AFTER_EVENT: (
        _attendees,
        _draw_entries,
        _names_on_places,
        _disclosures,
        _mails_of_bookings,
        _calendar_feeds,
        _delegates,
        _reasons_of_kept_back,
    ),
    Until.AFTER_MAIL: (_old_mails,),
    Until.UNCONFIRMED: (_unconfirmed_signings,),
    Until.ADDRESS_UNCONFIRMED: (_address_changes,),
    Until.DECLINED: (_declined_signings,),
    Until.UNPUBLISHED: (_unpublished_signings,),
    Until.SIGNED_OUT: (_sign_ins,),
    Until.ACCOUNT_CLOSED: (_closed_accounts,),
    Until.LOG_GROWN_OLD: (_log_entries,),
}


def _delete_where(session: Session, model: type[Row], due: ColumnElement[bool], limit: int) -> int:
    return _delete(session, model, model.id, session.scalars(select(model.id).where(due).limit(limit)).all())


def _delete(session: Session, model: type[Base], key: InstrumentedAttribute[int], ids: Sequence[int]) -> int:
    if ids:
        session.execute(delete(model).where(key.in_(ids)).execution_options(synchronize_session=False))
    return len(ids)


def _overwrite(session: Session, model: type[Row], ids: Sequence[int], values: dict[str, Any]) -> int:
    if ids:
        changed = update(model).where(model.id.in_(ids)).values(**values)
        session.execute(changed.execution_options(synchronize_session=False))
    return len(ids)
