"""The letters about a draw: entered, won, not won. Everybody gets an answer."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from flask import url_for
from flask_babel import gettext, ngettext

from iclei_events.db import db
from iclei_events.models import BookingStatus, DrawEntry, MailKind
from iclei_events.services.booking_writing import BookingLetter, BookingWriting, always
from iclei_events.services.letters import Fact, Letter, Section, party_of


def _entered(about: BookingWriting) -> Letter:
    entry = _entry(about)
    title = entry.draw.title.in_language(about.language)
    already = (
        gettext("Somebody has sent one more entry with this address. Each person counts once, so this one stands."),
    )
    return about.letter(
        subject=gettext("You are in the draw – %(title)s", title=title),
        heading=gettext("You are in the draw"),
        lead=(
            *(already if about.context.get("again") else ()),
            gettext(
                "Entries close on %(moment)s. Then the lots are drawn, and you get a mail whatever the result.",
                moment=about.writing.moment(entry.draw.closes_at),
            ),
            gettext("When you entered makes no difference."),
        ),
        facts=[*_wishes(about, entry), Fact(gettext("Who"), party_of(about.booking)), _code(entry), about.reference()],
        action=gettext("See or change your entry"),
        sections=[_rules(about, entry)],
    )


def to_confirm(about: BookingWriting) -> Letter:
    """To who has entered without the proof that was asked for."""
    entry = _entry(about)
    until = about.writing.moment(about.booking.confirm_by or entry.draw.closes_at)
    return about.letter(
        subject=gettext("Confirm your entry – %(title)s", title=entry.draw.title.in_language(about.language)),
        heading=gettext("Confirm your entry in the draw"),
        lead=(
            gettext(
                "Open your entry and press the button there by %(until)s. Only then does it take part in the draw.",
                until=until,
            ),
            gettext(
                "You get this mail because entries to this draw are checked, and your browser has not shown us that "
                "you are no bot."
            ),
        ),
        facts=[*_wishes(about, entry), Fact(gettext("Who"), party_of(about.booking)), about.reference()],
        action=gettext("Confirm your entry"),
        sections=[
            Section(
                gettext("Was it not you?"),
                (gettext("Then do nothing. Unless somebody confirms, the entry takes no part in the draw."),),
            ),
            _rules(about, entry),
        ],
    )


def _won(about: BookingWriting) -> Letter:
    entry = _entry(about)
    until = about.booking.offer_until or about.slot.starts_at
    return about.letter(
        subject=ngettext(
            "Answer by %(until)s: you have drawn one place – %(title)s",
            "Answer by %(until)s: you have drawn %(num)s places – %(title)s",
            about.size, until=about.writing.moment(until), title=about.title,
        ),
        heading=ngettext("You have drawn one place", "You have drawn %(num)s places", about.size),
        lead=(
            gettext(
                "Answer by %(until)s. After that the places go to the next in the queue.",
                until=about.writing.moment(until, "EEEE d MMMM"),
            ),
        ),
        facts=[*about.practical(), _code(entry), *_position(entry)],
        action=gettext("Answer yes or no"),
        sections=[_check(about, entry)],
    )  # fmt: skip


def _lost(about: BookingWriting) -> Letter:
    entry = _entry(about)
    waits = about.booking.status is BookingStatus.WAITING
    return about.letter(
        subject=(
            gettext("No places in the draw, but in the queue – %(title)s", title=about.title)
            if waits
            else gettext("No places in the draw – %(title)s", title=about.title)
        ),
        heading=gettext("You got no places in the draw"),
        lead=(
            gettext("At your turn there was no room for all of you in what you had wished for."),
            *(_what_the_queue_brings() if waits else [gettext("Your party is too large for the queue.")]),
        ),
        facts=[
            *([about.place_in_line()] if waits else []), *_wishes(about, entry), _code(entry), *_position(entry),
        ],
        action=gettext("See how it went"),
        sections=[_check(about, entry)],
    )  # fmt: skip


def _what_the_queue_brings() -> Iterator[str]:
    yield gettext("You now stand in the queue, in the drawn order.")
    yield gettext("As soon as there is room for your whole party we hold the places for you and write again.")


def _entry(about: BookingWriting) -> DrawEntry:
    return db.session.get_one(DrawEntry, about.booking.id)


def _wishes(about: BookingWriting, entry: DrawEntry) -> Iterator[Fact]:
    for wish in entry.wishes:
        yield Fact(
            gettext("Wish %(rank)s", rank=wish.rank),
            about.writing.moment(wish.slot.starts_at),
            wish.slot.activity.title.in_language(about.language),
        )


def _code(entry: DrawEntry) -> Fact:
    return Fact(gettext("Your code in the draw"), entry.pseudonym)


def _position(entry: DrawEntry) -> Iterator[Fact]:
    if entry.position is not None:
        yield Fact(gettext("Drawn as"), gettext("Number %(number)s", number=entry.position))


def _rules(about: BookingWriting, entry: DrawEntry) -> Section:
    return Section(
        gettext("How the draw works"),
        (gettext("The rules, and how anybody can check that nobody chose the result, stand on the page of the draw."),),
        gettext("Read about the draw"),
        _page(about, entry),
    )


def _check(about: BookingWriting, entry: DrawEntry) -> Section:
    return Section(
        gettext("How was it drawn?"),
        (gettext("Your page shows what happened at your turn. Anybody can run the whole draw again and compare."),),
        gettext("Check the draw"),
        _page(about, entry),
    )


def _page(about: BookingWriting, entry: DrawEntry) -> str:
    here = {"event_slug": about.event.slug, "draw_slug": entry.draw.slug}
    return url_for("draws.show", lang=about.language, **here, _external=True)


LETTERS: Final = {
    MailKind.DRAW_ENTERED: BookingLetter(_entered, frozenset({BookingStatus.ENTERED}), always, calendar=False),
    MailKind.DRAW_WON: BookingLetter(_won, frozenset({BookingStatus.OFFERED})),
    MailKind.DRAW_LOST: BookingLetter(
        _lost, frozenset({BookingStatus.WAITING, BookingStatus.LOST}), always, calendar=False
    ),
}
