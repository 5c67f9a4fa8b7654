"""Languages that nobody speaks, and texts that are missing or meant to act (rows G)."""

from __future__ import annotations

import re
from typing import Any, Final

import pytest
from babel.messages.pofile import read_po
from flask import Flask
from flask.testing import FlaskClient

from iclei_events.config import ROOT
from iclei_events.db import db
from iclei_events.i18n import Bilingual
from iclei_events.models import OutboxMail
from tests.clients import Page
from tests.insider import Insider, make_insider
from tests.residents import Resident, make_slot
from tests.signers import City

pytestmark = pytest.mark.database("sqlite")

SWEDISH: Final = ROOT / "iclei_events" / "translations" / "sv" / "LC_MESSAGES" / "messages.po"
PLACEHOLDER: Final = re.compile(r"%(?:%|\([a-z_]+\)[sd])")


@pytest.fixture
def insider(app: Flask, summit: None) -> Insider:
    return make_insider(app)


# G01
def test_a_text_that_is_missing_in_english_is_told_in_swedish() -> None:
    assert Bilingual("Hej", "").in_language("en") == "Hej"


# G02
def test_no_translation_holds_markup_or_a_format_of_another_kind() -> None:
    with SWEDISH.open("rb") as file:
        catalogue = read_po(file, locale="sv")
    for message in catalogue:
        several: Any = message.string if isinstance(message.string, tuple | list) else [message.string]
        for text in filter(None, several if message.id else []):
            rest = PLACEHOLDER.sub("", text)
            assert not set(rest) & set("<>{}%"), text


# G02
def test_what_fills_a_sentence_is_text_and_never_a_format(app: Flask) -> None:
    hostile = "{0.__class__} %(name)s %s <b>"
    with app.test_request_context("/sv/"):
        told = app.jinja_env.from_string("{{ _('Booked by %(name)s', name=x) }}").render(x=hostile)

    assert told.endswith("{0.__class__} %(name)s %s &lt;b&gt;")


# G04
@pytest.mark.parametrize(
    ("wish", "told"),
    [
        ("", "sv"), ("*", "sv"), ("q=NaN", "sv"), ("en;q=NaN", "sv"), ("en;q=-1", "sv"), ("en;q=0", "sv"),
        ("en" * 5000, "sv"), ("en," * 5000, "sv"), ("\xff", "sv"), (",;=;,,", "sv"), ("../en", "sv"), ("fi, de", "sv"),
        ("xx-en", "sv"), ("sv;q=0.5, en;q=0.9", "en"), ("en-GB", "en"), ("EN", "en"), ("de, en;q=0.1", "en"),
    ],
)  # fmt: skip
def test_an_odd_wish_for_a_language_gets_swedish(client: FlaskClient, summit: None, wish: str, told: str) -> None:
    answer = client.get("/", headers={"Accept-Language": wish})

    assert (answer.status_code, answer.location) == (302, f"/{told}/")
    assert "Accept-Language" in answer.headers["Vary"]


# G04
@pytest.mark.parametrize("code", ["xx", "sv-SE", "SV", "en_GB", "%00", "..", "fi", "svenska"])
def test_a_language_in_the_address_that_we_do_not_speak_is_no_page(
    client: FlaskClient, summit: None, code: str
) -> None:
    answer = client.get(f"/{code}/malmo-summit/tours")

    assert answer.status_code in {400, 404}
    assert Page(answer).language == "sv"


# G05
def test_every_answer_to_a_form_is_in_the_language_of_its_address(insider: Insider) -> None:
    headers = {"Accept-Language": "fi"}
    for language in ("sv", "en"):
        fields = {"csrf_token": insider.token(), "name": "<b>", "email": "nobody"}
        for endpoint, path in insider.acts(language).items():
            for sent in (fields, {"csrf_token": "dead", "name": "x"}):
                answer = insider.client.post(path, data=sent, headers=headers)
                if answer.status_code == 303:
                    assert str(answer.location).startswith(f"/{language}/"), endpoint
                else:
                    assert Page(answer).language == language, endpoint


# G05
def test_the_language_chosen_in_a_form_is_that_of_the_mails_whatever_the_page_speaks(app: Flask) -> None:
    Resident(app, language="sv").book(make_slot(app), language="en")
    with app.app_context():
        assert db.session.scalars(db.select(OutboxMail.language)).all() == ["en"]


# G05
def test_a_language_that_was_not_offered_is_refused_and_the_rest_is_kept(app: Flask, summit: None) -> None:
    city = City(app)
    page = city.refused(city.send(language="fi", name="Åbo"))

    assert page.fields()["name"] == "Åbo"
    resident = Resident(app)
    kept = resident.refused(resident.book(make_slot(app), language="sv'--"), 422)
    assert kept.fields()["name"] == "Amira Lindqvist"


# G05
def test_the_other_language_of_a_page_is_one_link_away_and_leads_back(insider: Insider) -> None:
    for path in insider.pages().values():
        answer = insider.client.get(path)
        if answer.status_code != 200 or answer.mimetype != "text/html":
            continue
        there = str(Page(answer).one("a.lang").get("href"))
        assert there == path.replace("/sv/", "/en/", 1)
        assert str(Page(insider.client.get(there)).one("a.lang").get("href")) == path
