"""Mails for tests: a promise of each kind, and what becomes of it."""

from __future__ import annotations

from datetime import date, timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage
from html.parser import HTMLParser
from typing import Final

from sqlalchemy import select, update

from iclei_events import clock
from iclei_events.db import db, transaction
from iclei_events.models import (
    Booking,
    BookingStatus,
    Commitment,
    MailKind,
    OutboxMail,
    Signatory,
    SignatoryKind,
    SignatoryStatus,
    Slot,
    Standing,
)
from iclei_events.services import bookings, capacity, changes, log, mail, outbox
from iclei_events.services.booking_rows import Contact, Party
from tests import scenes

SIGNINGS: Final = {
    MailKind.SIGNATORY_CONFIRM: SignatoryStatus.SUBMITTED,
    MailKind.SIGNATORY_PUBLISHED: SignatoryStatus.PUBLISHED,
    MailKind.SIGNATORY_DECLINED: SignatoryStatus.DECLINED,
}
CONTEXTS: Final[dict[MailKind, dict[str, object]]] = {
    MailKind.STAFF_INVITATION: {"link": "http://localhost/sv/staff/set-up?key=once"},
    MailKind.PROBLEM_REPORT: {"problem": "Menyn går inte att nå.", "page": "/sv/", "email": "me@example.org"},
}


def promise(kind: MailKind, language: str = "sv", *, name: str = "Eva Öberg") -> OutboxMail:
    """The newest promise of a mail of that kind, made the way the app makes it."""
    if kind in SIGNINGS:
        _promise_to_signer(kind, language, name)
    elif kind in CONTEXTS:
        with transaction() as session:
            outbox.mail(
                session, kind, recipient="one@example.org", language=language, at=clock.now(), context=CONTEXTS[kind]
            )
    else:
        _promise_to_attendee(kind, language, name)
    return newest(kind)


def newest(kind: MailKind | None = None) -> OutboxMail:
    query = select(OutboxMail).order_by(OutboxMail.id.desc()).limit(1)
    return db.session.scalars(query if kind is None else query.where(OutboxMail.kind == kind)).one()


def written(row: OutboxMail) -> EmailMessage:
    """The message as whoever receives it reads it."""
    return read(mail.render(row).as_bytes())


def read(source: bytes) -> EmailMessage:
    message = message_from_bytes(source, policy=policy.default)
    assert isinstance(message, EmailMessage)
    return message


def text_of(message: EmailMessage) -> str:
    return _part(message, "plain")


def html_of(message: EmailMessage) -> str:
    return _part(message, "html")


def calendars_of(message: EmailMessage) -> list[str]:
    return [part.get_content() for part in message.walk() if part.get_content_type() == "text/calendar"]


def _part(message: EmailMessage, subtype: str) -> str:
    part = message.get_body((subtype,))
    assert part is not None
    return str(part.get_content())


def book(slot: Slot, name: str, language: str = "sv", adults: int = 2, children: int = 1) -> str:
    """Book for a party; returns the reference."""
    contact = Contact(name, "one@example.org", "one@example.org", access_need="Rullstol")
    key = f"key-{next(scenes._numbers)}"
    party = Party(adults, children)
    return bookings.book(
        scenes.slot_now(slot), party=party, contact=contact, language=language, key=key, wait=True
    ).reference


def _promise_to_attendee(kind: MailKind, language: str, name: str) -> None:
    slot = scenes.make_slot(capacity=6)
    first = book(slot, name, language)
    if kind is MailKind.BOOKING_CANCELLED:
        changes.cancel(first)
    elif kind is MailKind.BOOKING_CHANGED:
        changes.change_size(first, Party(1, 1))
    elif kind is MailKind.MY_BOOKINGS:
        _promise_links(slot, language, name)
    elif kind is not MailKind.BOOKING_CONFIRMED:
        _promise_in_line(kind, slot, first, language, name)


def _promise_links(slot: Slot, language: str, name: str) -> None:
    book(slot, name, language, children=0)
    with transaction() as session:
        own = session.scalars(select(Booking).where(Booking.slot_id == slot.id)).all()
        ids = [booking.id for booking in own]
        outbox.mail(
            session, MailKind.MY_BOOKINGS, recipient="one@example.org", language=language, at=clock.now(),
            booking=own[0], context={"booking_ids": ids},
        )  # fmt: skip


def _promise_in_line(kind: MailKind, slot: Slot, first: str, language: str, name: str) -> None:
    capacity.set_capacity(slot.id, 3, seen=6, by=log.CLI)
    book(slot, name, language)
    if kind is MailKind.BOOKING_WAITING:
        return
    changes.cancel(first)
    if kind is MailKind.OFFER_LAPSED:
        clock.freeze(clock.now() + timedelta(hours=25))
        capacity.tend_slots()


def _promise_to_signer(kind: MailKind, language: str, name: str) -> None:
    status, now, number = SIGNINGS[kind], clock.now(), next(scenes._numbers)
    with transaction() as session:
        commitment = session.scalars(select(Commitment)).first() or Commitment(
            version="2022", title=scenes.both("Commitment"), purpose=scenes.both("Purpose"),
            launched_on=date(2022, 5, 12), digest="0" * 64,
        )  # fmt: skip
        signatory = Signatory(
            commitment=commitment, slug=f"city-{number}", name=f"Exempelstad {number}", country="SE",
            kind=SignatoryKind.CITY, standing=Standing.SIGNED_HERE, status=status, language=language, salt="salt",
            signer_name=name, signer_role="Mayor", mandate="KS 2022-12", submitted_at=now,
            published_at=now if status is SignatoryStatus.PUBLISHED else None, declined_because="KS 2021-99",
        )  # fmt: skip
        session.add(signatory)
        outbox.mail(session, kind, recipient="city@example.org", language=language, at=now, signatory=signatory)


def set_status(reference: str, status: BookingStatus) -> None:
    """As if the booking had come to be so by itself."""
    ended = {"ended_at": clock.now()} if status in {BookingStatus.CANCELLED, BookingStatus.LAPSED} else {}
    with transaction() as session:
        session.execute(
            update(Booking)
            .where(Booking.reference == reference)
            .values(status=status, queued_at=None, offer_until=None, **ended)
        )


class Outline(HTMLParser):
    """The elements of a page in order, their links, and those that were never closed."""

    VOID: Final = frozenset({"meta", "br", "img", "link", "hr", "input"})

    def __init__(self, source: str) -> None:
        super().__init__()
        self.elements: list[str] = []
        self.links: list[str] = []
        self.language = ""
        self.unbalanced: list[str] = []
        self._open: list[str] = []
        self.feed(source)
        self.close()
        self.unbalanced += self._open

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = dict(attrs)
        self.elements.append(tag)
        if tag == "html":
            self.language = values.get("lang") or ""
        if values.get("href"):
            self.links.append(str(values["href"]))
        if tag not in self.VOID:
            self._open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if not self._open or self._open.pop() != tag:
            self.unbalanced.append(tag)
