"""A person's own calendar address: every booking of an e-mail address, under a secret that can be taken back.

A link to one booking opens only that booking, so the address goes by mail to who booked, and is shown to nobody else.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from hashlib import sha256
from typing import Final

from sqlalchemy import ColumnElement, and_, or_, select
from sqlalchemy.orm import Session, contains_eager, joinedload, raiseload

from iclei_events import clock
from iclei_events.db import db, transaction
from iclei_events.i18n import DEFAULT_LANGUAGE
from iclei_events.models import ACTIVE, Activity, Attendee, Booking, BookingStatus, CalendarFeed, Event, MailKind, Slot
from iclei_events.models.types import REFERENCE_LENGTH, new_reference, new_secret
from iclei_events.services import links, log, my_bookings, outbox

CANCELLED_SHOWN: Final = timedelta(days=7)
"""How long what is given up stands in the feed as cancelled, so that every calendar has taken it out."""

MOST: Final = 200
"""Bookings in one feed, the newest: more than anybody has, and few enough to make at once."""

PURPOSE: Final = "calendar"


def secret_of(feed: CalendarFeed, key: str) -> str:
    """What the address carries: the reference finds the feed, the rest opens it."""
    return feed.reference + links.secret_for(PURPOSE, feed.salt, key)


def find(secret: str, keys: Sequence[str]) -> CalendarFeed | None:
    """The feed that the secret opens under any of the keys, be it revoked."""
    reference, rest = secret[:REFERENCE_LENGTH], secret[REFERENCE_LENGTH:]
    feed = db.session.scalars(select(CalendarFeed).where(CalendarFeed.reference == reference)).one_or_none()
    return feed if feed is not None and links.opens(rest, PURPOSE, feed.salt, keys) else None


def find_by_reference(reference: str) -> CalendarFeed | None:
    return db.session.scalars(select(CalendarFeed).where(CalendarFeed.reference == reference)).one_or_none()


@dataclass(frozen=True, slots=True)
class State:
    """What a feed is made from, in few plain values: ``digest`` differs as soon as the feed would."""

    booking_ids: tuple[int, ...]
    language: str
    digest: str


def state(feed: CalendarFeed) -> State:
    """Read in one query what decides how the feed looks, without loading what it shows."""
    rows = db.session.execute(
        select(
            Booking.id, Booking.status, Booking.sequence, Booking.language, Slot.id, Slot.sequence, Slot.cancelled_at,
            Event.content_revision,
        )
        .join(Booking.attendee)
        .join(Booking.slot)
        .join(Slot.activity)
        .join(Activity.event)
        .where(Attendee.email_key == feed.email_key, _shown())
        .order_by(Booking.id.desc())
        .limit(MOST)
    ).all()  # fmt: skip
    language = rows[0].language if rows else DEFAULT_LANGUAGE
    plain = [feed.reference, *(tuple(map(str, row)) for row in rows)]
    return State(tuple(row.id for row in rows), language, sha256(repr(plain).encode()).hexdigest()[:20])


def _shown() -> ColumnElement[bool]:
    """Places one has or had, turns while there is something to wait for, and for a while what was given up."""
    now = clock.now()
    return or_(
        Booking.status == BookingStatus.CONFIRMED,
        and_(Booking.status.in_(ACTIVE), Slot.ends_at > now),
        Booking.ended_at > now - CANCELLED_SHOWN,
    )


def bookings_of(shown: State) -> Sequence[Booking]:
    """The bookings with what a calendar tells of them, by time."""
    return db.session.scalars(
        select(Booking)
        .join(Booking.slot)
        .where(Booking.id.in_(shown.booking_ids))
        .options(
            contains_eager(Booking.slot).options(
                joinedload(Slot.activity).joinedload(Activity.event), joinedload(Slot.venue), joinedload(Slot.room)
            ),
            raiseload("*", sql_only=True),
        )
        .order_by(Slot.starts_at, Booking.id)
    ).all()


def ask_for_address(email_key: str, *, language: str) -> None:
    """Promise one mail with the calendar address of an e-mail address; none where nobody has booked with it.

    Each wish is noted, so that both cases cost the same.
    """
    with transaction() as session:
        _promise(session, email_key, language)


def renew(email_key: str, *, language: str) -> None:
    """End the address there is, and promise a mail with a new one, even if the old one came just now."""
    with transaction() as session:
        _revoke(session, email_key)
        _promise(session, email_key, language, most=2)


def revoke(email_key: str) -> None:
    """End the address: calendars that ask for it are told that it is gone. Doing it twice is doing it once."""
    with transaction() as session:
        _revoke(session, email_key)


def forget(feed: CalendarFeed) -> None:
    """End a feed in the caller's transaction. What is left of it names nobody."""
    feed.email_key, feed.revoked_at = None, clock.now()


def _revoke(session: Session, email_key: str) -> None:
    feed = _of_address(session, email_key)
    if feed is not None:
        forget(feed)
        session.flush()
        log.record(session, "revoke_calendar", by=log.ATTENDEE, at=clock.now())


def _of_address(session: Session, email_key: str) -> CalendarFeed | None:
    return session.scalars(
        select(CalendarFeed).where(CalendarFeed.email_key == email_key).with_for_update()
    ).one_or_none()


def _promise(session: Session, email_key: str, language: str, *, most: int = 1) -> None:
    """Promise the mail, unless as many as ``most`` went to the same address within ``my_bookings.BETWEEN_MAILS``."""
    now = clock.now()
    found = my_bookings.of_address(session, email_key)
    recent = my_bookings.mailed_lately(session, found, MailKind.MY_CALENDAR) >= most
    log.record(session, "ask_for_calendar", by=log.ATTENDEE, at=now, details={"mailed": bool(found) and not recent})
    if not found or recent:
        return
    feed = _of_address(session, email_key)
    if feed is None:
        feed = CalendarFeed(email_key=email_key, reference=new_reference(), salt=new_secret(), created_at=now)
        session.add(feed)
        session.flush()
    newest = found[-1]
    assert newest.attendee is not None  # noqa: S101  selected by it
    outbox.mail(
        session, MailKind.MY_CALENDAR, recipient=newest.attendee.email, language=language, at=now, booking=newest,
        context={"feed_id": feed.id},
    )  # fmt: skip
