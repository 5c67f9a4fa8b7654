"""Mails for tests: a promise of each kind, and what becomes of it."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage
from html.parser import HTMLParser
from typing import Final

from sqlalchemy import select, update

from iclei_events import clock
from iclei_events.db import db, transaction
from iclei_events.i18n import Bilingual
from iclei_events.models import (
    AidKind,
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
from iclei_events.services import (
    address_changes,
    asking,
    bookings,
    calendar_feeds,
    calling_off,
    capacity,
    changes,
    log,
    mail,
    moving,
    my_bookings,
    need_answers,
    outbox,
    reminders,
    rescheduling,
    swaps,
)
from iclei_events.services.booking_rows import Contact, Party
from iclei_events.services.rescheduling import WhenAndWhere
from tests import draws, scenes

SIGNINGS: Final = {
    MailKind.SIGNATORY_CONFIRM: SignatoryStatus.SUBMITTED,
    MailKind.SIGNATORY_PUBLISHED: SignatoryStatus.PUBLISHED,
    MailKind.SIGNATORY_DECLINED: SignatoryStatus.DECLINED,
}
CONTEXTS: Final[dict[MailKind, dict[str, object]]] = {
    MailKind.STAFF_INVITATION: {"link": "http://localhost/sv/staff/set-up?key=once"},
    MailKind.PROBLEM_REPORT: {"problem": "Menyn går inte att nå.", "page": "/sv/", "email": "me@example.org"},
}

OF_A_DRAW: Final = frozenset({MailKind.DRAW_ENTERED, MailKind.DRAW_WON, MailKind.DRAW_LOST})
OF_AN_ADDRESS: Final = frozenset({MailKind.ADDRESS_CONFIRM, MailKind.ADDRESS_NOTICE, MailKind.ADDRESS_CHANGED})
REMINDERS: Final = {MailKind.REMINDER_DAYS: timedelta(days=2), MailKind.REMINDER_HOURS: timedelta(hours=2)}


DRAWS: Final = frozenset({MailKind.DRAW_ENTERED, MailKind.DRAW_WON, MailKind.DRAW_LOST})


def promise(kind: MailKind, language: str = "sv", *, name: str = "Eva Öberg") -> OutboxMail:
    """The newest promise of a mail of that kind, made the way the app makes it."""
    if kind in SIGNINGS:
        _promise_to_signer(kind, language, name)
    elif kind in OF_AN_ADDRESS:
        _promise_about_address(kind, book(scenes.make_slot(), name, language))
    elif kind in OF_A_DRAW:
        _promise_to_entrants(kind, language)
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


def newest_about(booking: Booking) -> OutboxMail:
    query = select(OutboxMail).where(OutboxMail.booking_id == booking.id).order_by(OutboxMail.id.desc()).limit(1)
    return db.session.scalars(query).one()


def link_in(message: EmailMessage) -> str:
    """The secret link of a mail, as it stands in its text."""
    return next(word for word in text_of(message).split() if "/bookings/" in word and "key=" in word)


def fail(mail_id: int, reason: str = "550 5.1.1 no such user") -> int:
    """As if a server had refused the mail for good; returns its id."""
    with transaction() as session:
        row = session.get_one(OutboxMail, mail_id)
        row.failed_at, row.last_error = clock.now(), reason
    return mail_id


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


def _address(language: str) -> str:
    """Two people, so that the bookings of both languages are no clash."""
    return f"{'one' if language == 'sv' else 'two'}@example.org"


def book(
    slot: Slot, name: str, language: str = "sv", adults: int = 2, children: int = 1, *, unproven: bool = False
) -> str:
    """Book for a party; returns the reference."""
    address = _address(language)
    contact = Contact(name, address, address, access_need="Rullstol")
    key = f"key-{next(scenes._numbers)}"
    party = Party(adults, children)
    return bookings.book(
        scenes.slot_now(slot), party=party, contact=contact, language=language, key=key, wait=True,
        unproven=unproven,
    ).reference  # fmt: skip


def _promise_in_draw(kind: MailKind, language: str, name: str) -> None:
    """Enter a draw with room for one party: alone, or beside another that loses where this one wins."""
    draw = draws.make_draw([3])
    if kind is MailKind.DRAW_LOST:
        other = Contact("Other", "one@example.org", "two@example.org")
        draws.enter(draw, "Other", adults=3, contact=other, language=language)
    who = Contact(name, "one@example.org", "one@example.org", access_need="Rullstol")
    draws.enter(draw, name, adults=2, children=1, contact=who, language=language)
    if kind is not MailKind.DRAW_ENTERED:
        draws.run(draw)


def _promise_to_attendee(kind: MailKind, language: str, name: str) -> None:
    if kind in DRAWS:
        _promise_in_draw(kind, language, name)
        return
    slot = scenes.make_slot(capacity=6)
    first = book(slot, name, language, unproven=kind is MailKind.BOOKING_TO_CONFIRM)
    if kind is MailKind.BOOKING_CANCELLED:
        changes.cancel(first)
    elif kind is MailKind.BOOKING_CHANGED:
        changes.change_size(first, Party(1, 1))
    elif kind in {MailKind.MY_BOOKINGS, MailKind.MY_CALENDAR}:
        _promise_links(kind, slot, language, name)
    elif kind in REMINDERS:
        clock.freeze(slot.starts_at - REMINDERS[kind])
        reminders.promise_due()
    elif kind in {MailKind.SLOT_MOVED, MailKind.SLOT_CALLED_OFF}:
        _promise_news_of_slot(kind, slot)
    elif kind in {MailKind.NEEDS_ANSWERED, MailKind.NEEDS_KEPT}:
        _promise_about_needs(kind, slot, first, language)
    elif kind is MailKind.BOOKING_MOVED:
        moving.move(first, add_departure(slot))
    elif kind not in {MailKind.BOOKING_CONFIRMED, MailKind.BOOKING_TO_CONFIRM}:
        _promise_in_line(kind, slot, first, language, name)


def _promise_about_address(kind: MailKind, reference: str) -> None:
    address_changes.ask(reference, "new@example.org")
    change = address_changes.find(reference)
    if kind is MailKind.ADDRESS_CHANGED and change is not None:
        address_changes.confirm(reference, change.salt)


def add_departure(slot: Slot) -> str:
    """Another departure of the same tour, three hours later, with six places; returns its slug."""
    later = timedelta(hours=3)
    with transaction() as session:
        session.add(
            Slot(
                activity_id=slot.activity_id, slug=f"{slot.slug}-later", starts_at=slot.starts_at + later,
                ends_at=slot.ends_at + later, languages=["en"], capacity=6,
            )
        )  # fmt: skip
    return f"{slot.slug}-later"


def _promise_about_needs(kind: MailKind, slot: Slot, first: str, language: str) -> None:
    """An answer; or a full departure comes free that has nothing of what the party has been promised on its own."""
    if kind is MailKind.NEEDS_ANSWERED:
        need_answers.promise(first, AidKind.OTHER, by=log.CLI)
        return
    later = add_departure(slot)
    with transaction() as session:
        full = session.scalars(select(Slot).where(Slot.slug == later)).one()
    other = book(full, "Other", language, children=4)
    asking.ask(first, None, [(AidKind.WHEELCHAIR, 1)])
    need_answers.promise(first, AidKind.WHEELCHAIR, by=log.CLI)
    swaps.ask(first, later)
    changes.cancel(other)


def _promise_news_of_slot(kind: MailKind, slot: Slot) -> None:
    """With another departure that has room."""
    add_departure(slot)
    now = scenes.slot_now(slot)
    if kind is MailKind.SLOT_CALLED_OFF:
        reason = Bilingual("Anläggningen är stängd.", "The plant is closed.")
        calling_off.call_off(now.id, seen=now.sequence, by=log.CLI, reason=reason)
        return
    later = replace(
        WhenAndWhere.of(now), starts_at=now.starts_at + timedelta(hours=1), meeting_point=scenes.both("Gate")
    )
    rescheduling.move_slot(now.id, later, seen=now.sequence, by=log.CLI)


def _promise_links(kind: MailKind, slot: Slot, language: str, name: str) -> None:
    if kind is MailKind.MY_CALENDAR:
        clock.freeze(clock.now() + my_bookings.BETWEEN_MAILS)
        calendar_feeds.ask_for_address(_address(language), language=language)
        return
    book(slot, name, language, children=0)
    with transaction() as session:
        own = session.scalars(select(Booking).where(Booking.slot_id == slot.id)).all()
        ids = [booking.id for booking in own]
        outbox.mail(
            session, MailKind.MY_BOOKINGS, recipient=_address(language), language=language, at=clock.now(),
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


def _promise_to_entrants(kind: MailKind, language: str) -> None:
    """Two parties enter for the two places there are."""
    clock.freeze(draws.OPENS_AT)
    draw = draws.make_draw((2,))
    for name in ("Amira", "Boris"):
        draws.enter(draw, name, 2, language=language)
    if kind is not MailKind.DRAW_ENTERED:
        draws.run(draw)


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
