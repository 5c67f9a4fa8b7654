"""What a mail says, in whose language, and when it is better not sent."""

from __future__ import annotations

import re
from datetime import timedelta
from functools import cache

import pytest
from babel.messages.pofile import read_po
from flask import Flask

from iclei_events import clock
from iclei_events.config import ROOT
from iclei_events.db import db, transaction
from iclei_events.models import Attendee, Booking, BookingStatus, MailKind, OutboxMail, Slot
from iclei_events.services import changes, mail, privacy
from iclei_events.services.booking_rows import Party
from iclei_events.services.mail_letters import NoLongerTrueError
from tests import letters, scenes
from tests.letters import Outline, calendars_of, html_of, promise, text_of, written
from tests.times import AppClock

pytestmark = [pytest.mark.usefixtures("app_context"), pytest.mark.database("sqlite")]

LANGUAGES = ("sv", "en")
OF_A_BOOKING = (
    MailKind.BOOKING_CONFIRMED,
    MailKind.BOOKING_WAITING,
    MailKind.BOOKING_OFFERED,
    MailKind.BOOKING_CHANGED,
    MailKind.BOOKING_CANCELLED,
    MailKind.OFFER_LAPSED,
    MailKind.REMINDER_DAYS,
    MailKind.REMINDER_HOURS,
    MailKind.SLOT_MOVED,
    MailKind.SLOT_CALLED_OFF,
)
LONGEST_OF_A_WORD = 12


@cache
def sentences(language: str) -> set[str]:
    """Whole pieces of text that stand in the catalogue in that language and not in the other."""
    with (ROOT / "iclei_events/translations/sv/LC_MESSAGES/messages.po").open("rb") as file:
        catalogue = read_po(file)
    pieces: dict[str, set[str]] = {"sv": set(), "en": set()}
    for message in catalogue:
        for code, texts in (("en", message.id), ("sv", message.string)):
            for text in texts if isinstance(texts, list | tuple) else (texts,):
                pieces[code] |= {piece.strip() for piece in re.split(r"%\(\w+\)s", text or "")}
    other = "en" if language == "sv" else "sv"
    return {piece for piece in pieces[language] - pieces[other] if len(piece) > LONGEST_OF_A_WORD}


@pytest.mark.parametrize("kind", MailKind)
def test_every_mail_is_in_one_language_alone(kind: MailKind) -> None:
    swedish, english = sentences("sv"), sentences("en")

    in_swedish = written(promise(kind, "sv"))
    in_english = written(promise(kind, "en"))

    for foreign, message in ((english, in_swedish), (swedish, in_english)):
        for text in (str(message["Subject"]), text_of(message), html_of(message)):
            assert [piece for piece in foreign if piece in text] == []
    assert "in English" not in text_of(in_swedish)
    assert "på svenska" not in text_of(in_english)
    assert [in_swedish["Content-Language"], in_english["Content-Language"]] == ["sv", "en"]


@pytest.mark.parametrize("kind", MailKind)
def test_both_languages_say_the_same_things_in_the_same_order(kind: MailKind) -> None:
    swedish = written(promise(kind, "sv"))
    privacy.erase("one@example.org")  # else the second booking clashes with the first, and its letter says so
    english = written(promise(kind, "en"))

    assert Outline(html_of(swedish)).elements == Outline(html_of(english)).elements
    assert len(text_of(swedish).splitlines()) == len(text_of(english).splitlines())


@pytest.mark.parametrize("kind", [MailKind.BOOKING_CONFIRMED, MailKind.BOOKING_OFFERED])
def test_what_clashes_is_said_with_a_link_to_it(kind: MailKind) -> None:
    alone = text_of(written(promise(kind, "en"))).count("key=")
    beside = text_of(written(promise(kind, "en")))

    assert "IT CLASHES WITH ANOTHER BOOKING OF YOURS" in beside
    assert "Tour in English, 14 May at 10:30 is at the same time." in " ".join(beside.split())
    assert beside.count("key=") == alone + 1


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("kind", MailKind)
def test_the_html_is_sound_and_asks_nothing_of_the_network(kind: MailKind, language: str) -> None:
    source = html_of(written(promise(kind, language)))
    outline = Outline(source)

    assert outline.unbalanced == []
    assert outline.language == language
    assert outline.elements.count("h1") == 1
    assert not {"img", "link", "script", "form", "iframe"} & set(outline.elements)
    assert not re.search(r"url\(|@import|src=", source)
    assert all(link.startswith("http://localhost/") for link in outline.links)


@pytest.mark.parametrize("kind", MailKind)
def test_text_and_html_have_the_same_links(kind: MailKind) -> None:
    message = written(promise(kind))
    links = Outline(html_of(message)).links

    assert links != []
    assert [line for line in text_of(message).splitlines() if line.startswith("http")] == links


@pytest.mark.parametrize("kind", OF_A_BOOKING)
def test_the_link_of_a_booking_opens_it(kind: MailKind, app: Flask) -> None:
    row = promise(kind)
    reference = row.booking.reference if row.booking else ""
    link = Outline(html_of(written(row))).links[0]
    db.session.remove()

    answer = app.test_client().get(link)

    assert (answer.status_code, answer.location) == (303, f"/sv/bookings/{reference}")


def test_links_are_built_from_the_configured_address_alone(app: Flask) -> None:
    app.config["BASE_URL"] = "http://localhost:8123"

    message = written(promise(MailKind.BOOKING_CONFIRMED))

    assert all(link.startswith("http://localhost:8123/sv/") for link in Outline(html_of(message)).links)


def test_the_message_id_is_the_rows_own_at_the_sites_host() -> None:
    row = promise(MailKind.BOOKING_CONFIRMED)

    assert [written(row)["Message-ID"], written(row)["Message-ID"]] == [f"<{row.message_id}@localhost>"] * 2


def test_a_mail_tells_machines_that_nobody_waits_for_their_answer() -> None:
    message = written(promise(MailKind.BOOKING_CONFIRMED))

    assert message["Auto-Submitted"] == "auto-generated"
    assert message["X-Auto-Response-Suppress"] == "All"
    assert [name for name in message if name.lower().startswith("list-")] == []


def test_a_confirmation_has_what_one_needs_on_the_day() -> None:
    message = written(promise(MailKind.BOOKING_CONFIRMED))
    reference = letters.newest().booking

    assert message["Subject"] == "Du har 3 platser 14 maj klockan 10.30 – Tour på svenska"
    assert message["To"].addresses[0].display_name == "Eva Öberg"
    text = text_of(message)
    assert "lördag 14 maj 2022, 10.30–12.00" in text
    assert "Språk: Svenska" in text
    assert reference is not None
    assert f"Nummer: {reference.reference}" in text
    assert "Vilka: 2 vuxna och 1 barn" in text
    assert "Behov av stöd raderas den 15 maj 2022." in text
    assert "Ditt namn och dina kontaktuppgifter raderas den 14 juni 2022." in text


def test_a_confirmation_brings_the_calendar_entry_as_a_part_and_as_a_file() -> None:
    message = written(promise(MailKind.BOOKING_CONFIRMED))

    part, file = calendars_of(message)
    assert part == file
    assert "METHOD:REQUEST" in part
    assert [one.get_filename() for one in message.iter_attachments()] == ["malmo.ics"]
    assert "key=" not in part


def test_a_cancellation_takes_the_entry_out_of_the_calendar() -> None:
    confirmed = calendars_of(written(promise(MailKind.BOOKING_CONFIRMED)))[0]
    row = letters.newest()
    assert row.booking is not None
    changes.cancel(row.booking.reference)

    cancelled = calendars_of(written(letters.newest(MailKind.BOOKING_CANCELLED)))[0]

    assert "METHOD:CANCEL" in cancelled
    assert "STATUS:CANCELLED" in cancelled
    assert line(cancelled, "UID") == line(confirmed, "UID")
    assert int(line(cancelled, "SEQUENCE")) > int(line(confirmed, "SEQUENCE"))


def line(calendar: str, name: str) -> str:
    return next(text.partition(":")[2] for text in calendar.splitlines() if text.startswith(name))


@pytest.mark.parametrize("kind", [MailKind.BOOKING_WAITING, MailKind.BOOKING_OFFERED, MailKind.OFFER_LAPSED])
def test_what_is_not_yet_ones_own_comes_into_no_calendar(kind: MailKind) -> None:
    assert calendars_of(written(promise(kind))) == []


def test_an_offer_says_until_when_first() -> None:
    message = written(promise(MailKind.BOOKING_OFFERED))

    assert message["Subject"].startswith("Svara senast 3 maj klockan 09.05: dina 3 platser väntar")


def test_a_waiting_party_reads_its_number() -> None:
    assert "Kö: Nummer 1 (när mejlet skickades)" in text_of(written(promise(MailKind.BOOKING_WAITING)))


@pytest.mark.parametrize(
    ("kind", "became"),
    [
        (MailKind.BOOKING_CONFIRMED, BookingStatus.CANCELLED),
        (MailKind.BOOKING_WAITING, BookingStatus.CONFIRMED),
        (MailKind.BOOKING_OFFERED, BookingStatus.CONFIRMED),
        (MailKind.BOOKING_OFFERED, BookingStatus.LAPSED),
        (MailKind.BOOKING_CHANGED, BookingStatus.CANCELLED),
    ],
)
def test_a_mail_that_has_become_untrue_is_not_sent(kind: MailKind, became: BookingStatus) -> None:
    row = promise(kind)
    assert row.booking is not None
    letters.set_status(row.booking.reference, became)

    with pytest.raises(NoLongerTrueError, match=became.value):
        mail.render(letters.newest(kind))


def test_an_offer_that_has_run_out_is_not_sent(app_clock: AppClock) -> None:
    row = promise(MailKind.BOOKING_OFFERED)
    app_clock.advance(hours=25)

    with pytest.raises(NoLongerTrueError):
        mail.render(row)


def test_no_mail_confirms_a_place_on_a_tour_that_was_called_off() -> None:
    row = promise(MailKind.BOOKING_CONFIRMED)
    call_off(row)

    with pytest.raises(NoLongerTrueError):
        mail.render(letters.newest())


def test_a_booking_that_ends_with_its_tour_says_why() -> None:
    row = promise(MailKind.BOOKING_CANCELLED)
    call_off(row)

    message = written(letters.newest(MailKind.BOOKING_CANCELLED))

    assert message["Subject"].startswith("Inställt: 14 maj klockan 10.30")


def call_off(row: OutboxMail) -> None:
    assert row.booking is not None
    slot_id = row.booking.slot_id
    with transaction() as session:
        session.get_one(Slot, slot_id).cancelled_at = clock.now()


def test_nothing_is_sent_to_whoever_was_erased() -> None:
    row = promise(MailKind.BOOKING_CONFIRMED)
    booking_id = row.booking_id
    with transaction() as session:
        session.delete(session.get_one(Attendee, booking_id))

    with pytest.raises(NoLongerTrueError, match="erased"):
        mail.render(letters.newest())


def test_a_change_tells_of_what_stands_now() -> None:
    row = promise(MailKind.BOOKING_CHANGED)
    assert row.booking is not None
    changes.change_size(row.booking.reference, Party(4))

    earlier = db.session.get(OutboxMail, row.id)

    assert earlier is not None
    assert "Du har nu 4 platser" in written(earlier)["Subject"]


def test_my_bookings_lists_each_with_its_own_link() -> None:
    message = written(promise(MailKind.MY_BOOKINGS))
    references = db.session.scalars(db.select(Booking.reference).order_by(Booking.id)).all()

    links = Outline(html_of(message)).links

    assert len(set(links)) == 2
    assert all(any(f"/{reference}?key=" in link for link in links) for reference in references)


@pytest.mark.parametrize(("language", "heading"), [("sv", "Dina 2 bokningar"), ("en", "Your 2 bookings")])
def test_my_bookings_says_how_many_they_are(language: str, heading: str) -> None:
    assert heading in text_of(written(promise(MailKind.MY_BOOKINGS, language)))


def test_a_page_in_another_language_leaves_mails_alone(app: Flask) -> None:
    row = promise(MailKind.BOOKING_CONFIRMED, "en")

    with app.test_request_context("/sv/", headers={"Accept-Language": "sv"}):
        app.preprocess_request()
        message = written(row)

    assert message["Subject"].startswith("You have 3 places on 14 May at 10:30")


def test_the_hour_is_that_of_the_day_in_malmo() -> None:
    slot = scenes.make_slot(
        starts_at=scenes.STARTS_AT + timedelta(days=200), ends_at=scenes.ENDS_AT + timedelta(days=200)
    )
    letters.book(slot, "Eva")

    assert "onsdag 30 november 2022, 09.30–11.00" in text_of(written(letters.newest()))
