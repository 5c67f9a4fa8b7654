"""A city signs: from the form to the register, through mail and two of the staff, in both languages."""

from __future__ import annotations

import re
from email.message import EmailMessage
from urllib.parse import urlsplit

import pytest
from flask import Flask

from iclei_events.models import SignatoryStatus
from iclei_events.services import delivery
from tests import signers
from tests.clients import Visitor
from tests.databases import Database
from tests.post_office import PostOffice
from tests.signers import City
from tests.times import AppClock

WORDS = {
    "sv": {
        "sign": "Skriv under åtagandet", "sent": "Öppna nu länken i vårt mejl", "confirm": "Bekräfta",
        "checked": "Underskriften för Åmål kontrolleras", "verify": "Jag har kontrollerat", "publish": "Publicera",
        "register": "12 städer och regioner har skrivit under", "in_register": "står i registret",
        "country": "Sverige",
    },
    "en": {
        "sign": "Sign the commitment", "sent": "Now open the link in our mail", "confirm": "Confirm",
        "checked": "The signing of Åmål is being checked", "verify": "I have checked", "publish": "Publish",
        "register": "12 cities and regions have signed", "in_register": "is in the register",
        "country": "Sweden",
    },
}  # fmt: skip


def deliver(app: Flask, office: PostOffice) -> EmailMessage:
    """Let the worker deliver what is due; the last mail."""
    with app.app_context():
        delivery.deliver_due(app.config["MAIL_URL"])
    return office.mails[-1]


def link_in(mail: EmailMessage) -> str:
    """The first address in the mail's text, as a path."""
    body = mail.get_body(("plain",))
    assert body is not None
    found = re.search(r"http://localhost(/\S+)", body.get_content())
    assert found is not None
    parts = urlsplit(found.group(1))
    return f"{parts.path}?{parts.query}"


@pytest.mark.parametrize("language", ["sv", "en"])
def test_a_city_signs(
    app: Flask, database: Database, post_office: PostOffice, app_clock: AppClock, language: str
) -> None:
    signers.load_summit(app, database)
    words = WORDS[language]
    city = City(app, language)

    start = city.open(f"/{language}/commitment")
    form = city.open(start.link(words["sign"]))
    sent = city.submit(form, **{**signers.FORM, "name": "Åmål", "language": language})
    assert sent.heading == words["sent"]

    mail = deliver(app, post_office)
    assert post_office.recipients == ["nils.ek@lund.example"]
    assert "Åmål" in str(mail["Subject"])

    page = city.open(link_in(mail))
    assert "key=" not in page.path
    confirmed = city.submit(page, words["confirm"])
    assert confirmed.heading == words["checked"]

    app_clock.advance(hours=20)
    for name in ("Ada", "Bo"):
        member = signers.staff_member(app, name)
        board = member.open(f"/{language}/staff/signatories")
        signing = member.submit(member.open(board.link("Åmål")), words["verify"])
    member.submit(signing, words["publish"])

    mail = deliver(app, post_office)
    assert words["in_register"] in str(mail["Subject"])
    entry = Visitor(app).open(link_in(mail))
    assert (entry.heading, entry.path) == ("Åmål", f"/{language}/commitment/signatories/amal")
    assert words["country"] in entry.text
    register = Visitor(app).open(f"/{language}/commitment")
    assert words["register"] in register.texts("h2")

    published = city.open(page.path)
    assert published.link("")
    with app.app_context():
        one = signers.now(page.path.rsplit("/", 1)[1])
        assert (one.status, str(one.signed_on), len(one.verifications)) == (SignatoryStatus.PUBLISHED, "2022-05-02", 2)
