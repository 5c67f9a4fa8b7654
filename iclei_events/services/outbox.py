"""Promising mail: a row in the transaction that decides; the worker sends it (see services.mail)."""

from __future__ import annotations

import secrets
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from iclei_events.models import Booking, MailKind, OutboxMail, Signatory


def new_message_id() -> str:
    """The part of a Message-ID before the @: fixed when the mail is promised, the same at every try."""
    return secrets.token_hex(16)


def mail_booking(  # noqa: PLR0913  as ``mail``
    session: Session,
    kind: MailKind,
    booking: Booking,
    *,
    at: datetime,
    due_at: datetime | None = None,
    context: dict[str, Any] | None = None,
    once_key: str | None = None,
) -> None:
    """Promise a mail about a booking in its own language; nothing where the contact is erased or left no address."""
    if booking.attendee is None or not booking.attendee.email:
        return
    mail(
        session, kind, recipient=booking.attendee.email, language=booking.language, at=at, due_at=due_at,
        booking=booking, context=context, once_key=once_key,
    )  # fmt: skip


def tell_latest(
    session: Session, kind: MailKind, booking: Booking, *, at: datetime, context: dict[str, Any] | None = None
) -> None:
    """As ``mail_booking``, but one such mail that still waits is enough: it tells what stands when it is sent."""
    waiting = select(OutboxMail.id).where(
        OutboxMail.booking_id == booking.id,
        OutboxMail.kind == kind,
        OutboxMail.sent_at.is_(None),
        OutboxMail.failed_at.is_(None),
        # One that a worker has taken may be written already.
        OutboxMail.claimed_until.is_(None),
    )
    # Locked, so that no worker takes it before this decision is stored.
    if session.scalars(waiting.with_for_update()).first() is None:
        mail_booking(session, kind, booking, at=at, context=context)


def mail(  # noqa: PLR0913  a mail is all of this
    session: Session,
    kind: MailKind,
    *,
    recipient: str,
    language: str,
    at: datetime,
    due_at: datetime | None = None,
    booking: Booking | None = None,
    signatory: Signatory | None = None,
    context: dict[str, Any] | None = None,
    once_key: str | None = None,
) -> None:
    """Promise a mail at a moment; with ``due_at`` it is sent no earlier than then."""
    session.add(
        OutboxMail(
            kind=kind,
            recipient=recipient,
            language=language,
            booking=booking,
            signatory=signatory,
            context=context or {},
            message_id=new_message_id(),
            once_key=once_key,
            created_at=at,
            due_at=due_at or at,
        )
    )
