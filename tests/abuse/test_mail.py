"""Names, titles and addresses made to break a mail (rows M, N01, N07 and T05 of the abuse cases)."""

from __future__ import annotations

import re
from datetime import timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any

import pytest
from aiosmtpd.smtp import SMTP, Envelope, Session
from flask import Flask
from sqlalchemy import select, update

from iclei_events import clock
from iclei_events.db import db, transaction
from iclei_events.i18n import Bilingual
from iclei_events.models import Activity, Attendee, MailKind, OutboxMail, Place
from iclei_events.services import outbox
from iclei_events.services.delivery import deliver_due
from iclei_events.services.mail_headers import POLICY
from tests import letters
from tests.letters import calendars_of, html_of, newest, promise, text_of
from tests.post_office import PostOffice
from tests.times import AppClock

pytestmark = [pytest.mark.usefixtures("app_context"), pytest.mark.database("sqlite")]

FAMILY = "👨‍👩‍👧‍👦"
LINE_BREAKS = ("\r\n", "\n", "\r", "\u2028", "\u2029", "\x0b", "\x0c", "\x85")
ENCODED_BREAK = " =?utf-8?q?=0D=0ABcc:_thief=40example.org?= "


class RawPostOffice(PostOffice):
    """Keeps each mail as the bytes that came over the wire."""

    def __init__(self) -> None:
        super().__init__()
        self.sources: list[bytes] = []

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802  aiosmtpd's name
        source: Any = envelope.content
        self.sources.append(source)
        return await super().handle_DATA(server, session, envelope)


@pytest.fixture
def office(app: Flask) -> Any:
    with RawPostOffice() as office:
        app.config["MAIL_URL"] = office.url
        yield office


def send(app: Flask) -> Any:
    return deliver_due(app.config["MAIL_URL"])


def confirm(*, name: str = "Eva Öberg", title: str = "Tour", address: str = "one@example.org") -> None:
    """Promise a confirmation and then let the database hold what no form of ours would have let in."""
    promise(MailKind.BOOKING_CONFIRMED)
    with transaction() as session:
        session.execute(update(Attendee).values(name=name))
        session.execute(update(Place).where(Place.number == 2).values(name=name))
        session.execute(update(Activity).values(title=Bilingual(title, title), summary=Bilingual(title, title)))
        session.execute(update(OutboxMail).values(recipient=address))


def header_names(source: bytes) -> list[str]:
    head = source.split(b"\r\n\r\n")[0].decode("ascii")
    return re.findall(r"^([A-Za-z-]+):", head, re.MULTILINE)


USUAL = [
    "From", "To", "Subject", "Date", "Message-ID", "Auto-Submitted", "X-Auto-Response-Suppress", "MIME-Version",
    "Content-Type", "Content-Language",
]  # fmt: skip


@pytest.mark.parametrize("line_break", [*LINE_BREAKS, ENCODED_BREAK])
@pytest.mark.parametrize("where", ["name", "title"])
def test_no_text_becomes_a_header_or_a_recipient(
    app: Flask, office: RawPostOffice, where: str, line_break: str
) -> None:
    confirm(**{where: f"Eva{line_break}Bcc: thief@example.org{line_break}{line_break}Buy"})

    send(app)

    assert office.recipients == ["one@example.org"]
    assert sorted(header_names(office.sources[0])) == sorted([*USUAL, *received(office.sources[0])])
    assert len(office.mails) == 1


def received(source: bytes) -> list[str]:
    """What the test's own server puts in front."""
    return [name for name in header_names(source) if name in {"X-Peer", "X-MailFrom", "X-RcptTo"}]


@pytest.mark.parametrize(
    "address",
    [
        "one@example.org\r\nRCPT TO:<thief@example.org>",
        "one@example.org\nBcc: thief@example.org",
        "one@example.org>\r\nDATA",
        "one@example.org, thief@example.org",
        "<one@example.org>",
        '"a b"@example.org',
        "one@example.org thief@example.org",
        "ett@exämple.org",
        "one",
        "@example.org",
        "one@",
        f"{'a' * 65}@example.org",
        "",
    ],
)
def test_an_address_that_is_none_is_given_up_without_a_word_to_the_server(
    app: Flask, office: RawPostOffice, address: str
) -> None:
    confirm(address=address)

    assert send(app).failed == 1
    assert office.recipients == []
    assert newest().last_error == "the address is not one that mail can be sent to"


@pytest.mark.parametrize(
    "title",
    [
        "x" * 300,
        "ord " * 74 + "slut",
        "å" * 300,
        f"{FAMILY} " * 40 + "slut",
        "Öppning: vår vision – för en hållbar värld, " * 6 + "slut",
        "جولة في مالمو 🇸🇪 " * 15 + "slut",
        "Kelvin K ﬁ ß İ é",
    ],
)
def test_a_long_or_foreign_subject_arrives_whole(app: Flask, office: RawPostOffice, title: str) -> None:
    confirm(title=title)

    send(app)

    assert office.mails[0]["Subject"] == f"Du har 3 platser 14 maj klockan 10.30 – {title}"
    office.sources[0].split(b"\r\n\r\n")[0].decode("ascii")


@pytest.mark.parametrize(
    "name",
    [
        "Åsa Öberg Ängström",
        f"{FAMILY} {FAMILY} Öberg",
        "سارة خوري",
        'J.R. "Ewing" <x@y>, Jr; (c)',
        "ö" * 120,
        "a" * 120,
        "🇸🇪",
    ],
)
def test_any_name_arrives_whole(app: Flask, office: RawPostOffice, name: str) -> None:
    confirm(name=name)

    send(app)

    (recipient,) = office.mails[0]["To"].addresses
    # The standard library joins the words of a long encoded name with spaces when it reads them.
    assert recipient.display_name.replace(" ", "") == name.replace(" ", "")
    assert recipient.addr_spec == "one@example.org"
    assert office.recipients == ["one@example.org"]
    assert name in text_of(office.mails[0])


def test_header_lines_stay_short() -> None:
    message = EmailMessage(policy=POLICY)
    message["Subject"] = "Öppning: vår vision " * 15
    message["To"] = "Åsa Öberg Ängström Åberg Öhman Ärlig <a.rather.long.address.of.somebody@example.org>"

    lines = message.as_bytes().split(b"\r\n")

    assert max(map(len, lines)) <= 78
    assert b"\n" not in b"".join(lines)


@pytest.mark.parametrize("body", [".", "From here on", "..", ".\r\nQUIT", "-- "])
def test_a_line_that_servers_take_for_their_own_arrives_as_it_was(app: Flask, office: RawPostOffice, body: str) -> None:
    first = body.split("\r\n", maxsplit=1)[0].strip()
    with transaction() as session:
        outbox.mail(
            session, MailKind.PROBLEM_REPORT, recipient="one@example.org", language="sv", at=clock.now(),
            context={"problem": f"before\n{body}\nafter", "page": "", "email": ""},
        )  # fmt: skip

    send(app)

    lines = [line for line in text_of(office.mails[0]).splitlines() if line]
    assert first in lines
    assert lines.index("before") < lines.index(first) < lines.index("after")
    assert len(office.mails) == 1


def test_marks_that_turn_the_direction_are_taken_out(app: Flask, office: RawPostOffice) -> None:
    confirm(name="Eva \u202egro.elpmaxe\u202c \u2067x\u2069", title="Tour\u202e fdp.exe\u200f")

    send(app)

    message = office.mails[0]
    for text in (
        str(message["Subject"]),
        str(message["To"]),
        text_of(message),
        html_of(message),
        *calendars_of(message),
    ):
        assert not re.search("[\u200e\u200f\u202a-\u202e\u2066-\u2069]", text)


def test_foreign_text_stands_isolated_in_html(app: Flask, office: RawPostOffice) -> None:
    confirm(name="سارة خوري", title="جولة")

    send(app)

    source = html_of(office.mails[0])
    assert "<bdi>جولة</bdi>" in source
    assert "<bdi>سارة خوري, سارة خوري</bdi>" in source


@pytest.mark.parametrize(
    "text", ["<script>alert(1)</script>", '"><img src=x onerror=alert(1)>', "<!--", "</main></body>"]
)
@pytest.mark.parametrize("where", ["name", "title"])
def test_markup_stays_text(app: Flask, office: RawPostOffice, where: str, text: str) -> None:
    confirm(**{where: text})

    send(app)

    outline = letters.Outline(html_of(office.mails[0]))
    assert outline.unbalanced == []
    assert not {"script", "img"} & set(outline.elements)
    assert text in text_of(office.mails[0]).replace(text.upper(), text)


def test_half_a_surrogate_is_left_out_and_the_mail_sent(app: Flask, office: RawPostOffice) -> None:
    with transaction() as session:
        outbox.mail(
            session, MailKind.PROBLEM_REPORT, recipient="one@example.org", language="sv", at=clock.now(),
            context={"problem": "be\udc00fore", "page": "", "email": ""},
        )  # fmt: skip

    send(app)

    assert "before" in text_of(office.mails[0])


def test_a_mail_is_ascii_from_end_to_end(app: Flask, office: RawPostOffice) -> None:
    confirm(name=f"Åsa {FAMILY}", title="Öppning – جولة")

    send(app)

    source = office.sources[0]
    source.decode("ascii")
    assert b"\n" not in source.replace(b"\r\n", b"")
    assert max(map(len, source.split(b"\r\n"))) <= 998
    whole = message_from_bytes(source, policy=policy.default)
    assert whole.defects == []


def test_no_secret_and_no_address_stands_in_the_log(
    app: Flask, office: RawPostOffice, app_clock: AppClock, capfd: pytest.CaptureFixture[str]
) -> None:
    for kind in MailKind:
        promise(kind)
    office.refuse_with = "451 4.3.0 one@example.org: later"
    send(app)
    app.config["MAIL_URL"] = "smtp://user:pass%40word@127.0.0.1:1"
    app_clock.advance(minutes=2)
    send(app)
    app.config["MAIL_URL"], office.refuse_with = office.url, "550 5.7.1 one@example.org: no"
    app_clock.advance(minutes=2)
    send(app)

    said = "".join(capfd.readouterr())

    assert "away" in said
    for secret in ("key=", "example.org", "Eva", "pass@word", "pass%40word", "localhost/"):
        assert secret not in said
    db.session.rollback()
    errors = {row.last_error for row in db.session.scalars(select(OutboxMail))} - {None}
    assert not any("example.org" in str(error) for error in errors)


def test_an_answering_machine_is_not_answered(app: Flask, office: RawPostOffice) -> None:
    confirm()
    send(app)

    message = office.mails[0]

    assert message["Auto-Submitted"] == "auto-generated"
    assert send(app).sent == 0


def test_a_mail_put_off_for_an_hour_is_one_mail(app: Flask, office: RawPostOffice, app_clock: AppClock) -> None:
    confirm()
    office.refuse_with = "450 4.2.1 busy"
    for _ in range(60):
        send(app)
        app_clock.advance(minutes=1)
    office.refuse_with = None
    app_clock.stand_at(clock.now() + timedelta(minutes=1))

    send(app)

    assert len(office.mails) == 1
    assert len({read["Message-ID"] for read in map(message_from_bytes, office.sources)}) == 1
