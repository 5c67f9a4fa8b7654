"""Promising mail: a row in the transaction that decides; the worker sends it (see services.mail)."""

from __future__ import annotations

import secrets
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from iclei_events.models import Booking, MailKind, OutboxMail, Signatory


def new_message_id() -> str:
    """The part of a Message-ID before the @: fixed when the mail is promised, the same at every try."""
    return secrets.token_hex(16)


def mail_booking(session: Session, kind: MailKind, booking: Booking, *, at: datetime) -> None:
    """Promise a mail about a booking in its own language; nothing where the contact is erased or left no address."""
    if booking.attendee is None or not booking.attendee.email:
        return
    mail(session, kind, recipient=booking.attendee.email, language=booking.language, at=at, booking=booking)


def mail(  # noqa: PLR0913  a mail is all of this
    session: Session,
    kind: MailKind,
    *,
    recipient: str,
    language: str,
    at: datetime,
    booking: Booking | None = None,
    signatory: Signatory | None = None,
    context: dict[str, Any] | None = None,
) -> None:
    session.add(
        OutboxMail(
            kind=kind,
            recipient=recipient,
            language=language,
            booking=booking,
            signatory=signatory,
            context=context or {},
            message_id=new_message_id(),
            created_at=at,
            due_at=at,
        )
    )
