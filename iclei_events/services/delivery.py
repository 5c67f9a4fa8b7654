"""Sending what the outbox holds: claimed with a lease, sent outside any transaction, marked in one of its own.

A worker that dies between sending and marking leaves a mail that is sent again after its lease, under the same
Message-ID. Leases run by the machine's clock, since a demo's clock may stand anywhere; what is due, by the app's.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import datetime, timedelta
from email.message import EmailMessage
from typing import Any, Final

import structlog
from sqlalchemy import ColumnElement, or_, select, update
from sqlalchemy.orm import joinedload

from iclei_events import clock
from iclei_events.db import db, transaction
from iclei_events.models import Activity, Booking, OutboxMail, Slot
from iclei_events.services import mail
from iclei_events.services.mail_letters import NoLongerTrueError
from iclei_events.services.transports import DeferredError, RefusedError, ServerAwayError, Transport, connected

BATCH: Final = 20
LEASE: Final = timedelta(minutes=5)
LEAST_LEASE_LEFT: Final = timedelta(minutes=2)
"""A mail is begun only with this much of its lease left: longer than a server may keep one waiting."""

DELAYS: Final = tuple(timedelta(minutes=minutes) for minutes in (1, 5, 15, 60, 4 * 60, 12 * 60, 24 * 60))
"""How long a mail that was put off waits before each next try; the last one repeats."""

LONGEST_REST: Final = 0.05
"""Seconds of a rest: twice what the database has to do for a mail."""

SERVER_AWAY_DELAY: Final = timedelta(minutes=1)
"""The wait when the mail server itself is away: a short one, for once it is back all must be sent soon."""

GIVE_UP_AFTER: Final = timedelta(days=5)
"""How old a mail may grow unsent (RFC 5321 4.5.4.1) before it has failed."""

_log = structlog.get_logger()


@dataclass(slots=True)
class Delivered:
    """What a round did: mails sent, left unsent because no longer true, put off, given up; why the server was away."""

    sent: int = 0
    skipped: int = 0
    deferred: int = 0
    failed: int = 0
    away: str | None = None

    @property
    def progressed(self) -> bool:
        """Whether another round at once may find more to do."""
        return self.away is None and bool(self.sent + self.skipped + self.deferred + self.failed)


@dataclass(frozen=True, slots=True)
class Claim:
    """The rows this worker may send until ``until``, the oldest promise first."""

    row_ids: list[int]
    until: datetime


def deliver_due(mail_url: str, *, rest: float = 0.0) -> Delivered:
    """Send one batch of what is due. ``rest`` is how long to pause after each mail, in times of what it took.

    No pause is longer than ``LONGEST_REST``: what makes a mail take long is the mail server, and it holds no lock.
    """
    delivered = Delivered()
    if not _anything_due():
        return delivered
    with connected(mail_url) as transport:
        claim = _claim()
        for number, row_id in enumerate(claim.row_ids):
            if claim.until - clock.machine_time() < LEAST_LEASE_LEFT:
                _hand_back(claim, claim.row_ids[number:])
                break
            began = time.monotonic()
            try:
                _send(transport, claim, row_id, delivered)
            except ServerAwayError as error:
                delivered.away = str(error)
                _log.warning("mail server away", reason=delivered.away)
                _put_off(row_id, SERVER_AWAY_DELAY, delivered.away)
                _hand_back(claim, claim.row_ids[number + 1 :])
                break
            time.sleep(min(rest * (time.monotonic() - began), LONGEST_REST))
    return delivered


def _due() -> list[ColumnElement[bool]]:
    return [
        OutboxMail.sent_at.is_(None),
        OutboxMail.failed_at.is_(None),
        OutboxMail.due_at <= clock.now(),
        or_(OutboxMail.claimed_until.is_(None), OutboxMail.claimed_until <= clock.machine_time()),
    ]


def _anything_due() -> bool:
    """Look before taking the write lock: most rounds find nothing."""
    return db.session.scalar(select(OutboxMail.id).where(*_due()).limit(1)) is not None


def _claim() -> Claim:
    """Lease the oldest due rows. Two workers never get the same ones: the second skips what the first has locked."""
    until = clock.machine_time() + LEASE
    oldest = select(OutboxMail.id).where(*_due()).order_by(OutboxMail.id).limit(BATCH)
    # SQLite has no row locks and leaves the clause out; there the whole transaction holds the write lock.
    picked = oldest.with_for_update(skip_locked=True).cte("picked")
    statement = (
        update(OutboxMail)
        .where(OutboxMail.id.in_(select(picked.c.id)))
        .values(claimed_until=until, attempts=OutboxMail.attempts + 1)
        .returning(OutboxMail.id)
        .execution_options(synchronize_session=False)
    )
    with transaction() as session:
        return Claim(sorted(session.scalars(statement)), until)


def _send(transport: Transport, claim: Claim, row_id: int, delivered: Delivered) -> None:
    """Send one mail and note what became of it. Raises ``ServerAwayError``, having noted nothing."""
    row = _row(row_id)
    if row is None or row.sent_at is not None or row.claimed_until != claim.until:
        return
    delay = DELAYS[min(row.attempts, len(DELAYS)) - 1]
    try:
        message = mail.render(row)
        _post(transport, message, row)
    except NoLongerTrueError as reason:
        delivered.skipped += 1
        _mark(row_id, sent_at=clock.now(), last_error=f"not sent: {reason}", context={})
    except (mail.BadAddressError, RefusedError) as error:
        delivered.failed += 1
        _log.warning("mail failed", mail=row_id, reason=str(error))
        _mark(row_id, failed_at=clock.now(), last_error=str(error))
    except DeferredError as error:
        delivered.deferred += 1
        _put_off(row_id, delay, str(error))
    except ServerAwayError:
        raise
    except Exception as error:  # noqa: BLE001  one mail that cannot be written must not hold up the others
        delivered.deferred += 1
        fault = f"could not be written: {type(error).__name__}"
        _log.error("mail put off", mail=row_id, reason=fault)
        _put_off(row_id, delay, fault)
    else:
        delivered.sent += 1
        # What only the message needed, such as a link that opens something, is kept no longer.
        _mark(row_id, sent_at=clock.now(), last_error=None, context={})


def _post(transport: Transport, message: EmailMessage, row: OutboxMail) -> None:
    """Hand the message over with no transaction open: a slow server must not hold a lock of the database."""
    recipient, name = row.recipient, _file_name(row)
    db.session.remove()
    transport.send(message, recipient, name)


def _file_name(row: OutboxMail) -> str:
    reference = row.booking.reference if row.booking is not None else str(row.id)
    return f"{row.created_at:%Y%m%dT%H%M%SZ}-{row.kind.value}-{reference}-{row.message_id[:6]}"


def _row(row_id: int) -> OutboxMail | None:
    """The row with what most letters tell of."""
    slot = joinedload(OutboxMail.booking).joinedload(Booking.slot)
    return db.session.get(
        OutboxMail,
        row_id,
        options=[
            slot.joinedload(Slot.activity).joinedload(Activity.event),
            slot.joinedload(Slot.venue),
            slot.joinedload(Slot.room),
            joinedload(OutboxMail.booking).joinedload(Booking.attendee),
        ],
        populate_existing=True,
    )


def _mark(row_id: int, **values: Any) -> None:
    with transaction() as session:
        session.execute(
            update(OutboxMail)
            .where(OutboxMail.id == row_id, OutboxMail.sent_at.is_(None))
            .values(claimed_until=None, **values)
            .execution_options(synchronize_session=False)
        )


def _put_off(row_id: int, delay: timedelta, reason: str) -> None:
    now = clock.now()
    created_at = db.session.scalar(select(OutboxMail.created_at).where(OutboxMail.id == row_id))
    if created_at is not None and now - created_at >= GIVE_UP_AFTER:
        _mark(row_id, failed_at=now, last_error=reason)
    else:
        _mark(row_id, due_at=now + delay, last_error=reason)


def _hand_back(claim: Claim, row_ids: list[int]) -> None:
    """Let others have what was claimed and not begun."""
    with transaction() as session:
        session.execute(
            update(OutboxMail)
            .where(OutboxMail.id.in_(row_ids), OutboxMail.claimed_until == claim.until, OutboxMail.sent_at.is_(None))
            .values(claimed_until=None, attempts=OutboxMail.attempts - 1)
            .execution_options(synchronize_session=False)
        )
