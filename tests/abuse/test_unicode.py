"""Signs that are not what they seem (rows N), in every text field of every form and on every page that shows them."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from typing import Final

import pytest
from flask import Flask
from sqlalchemy import update
from werkzeug.datastructures import MultiDict

from iclei_events.db import transaction
from iclei_events.models import Attendee, Signatory
from iclei_events.web.contact_fields import EmailField
from iclei_events.web.forms import Form, KeyField, LineField, NameField, TextField, TypedField
from iclei_events.web.staff.fields import PasswordField
from tests.clients import Page
from tests.insider import make_insider
from tests.residents import Resident, mails, make_slot

pytestmark = pytest.mark.database("sqlite")

HEBREW: Final = "שרה כהן"
ARABIC: Final = "القدس"
FAMILY: Final = "👨‍👩‍👧‍👦"
FLAG: Final = "🇸🇪"
BIDI: Final = "\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
UNSEEN: Final = "\u200b\u2060\ufeff\xad\u180e\ufff9\U000e0041"
CONTROLS: Final = "".join(map(chr, (*range(32), *range(0x7F, 0xA0), 0x2028, 0x2029)))
HOSTILE: Final = {
    "bidi": f"A{BIDI}b",
    "unseen": f"A{UNSEEN}b",
    "controls": f"A{CONTROLS}b",
    "each control alone": "".join(f"A{sign}b " for sign in CONTROLS if sign not in "\r\n"),
    "marks": "e" + "\u0301" * 4000,
    "enclosing marks": "e" + "\u20dd" * 9,
    "long": "x" * 5000,
    "spaces": " \xa0\u2003\u3000\t",
    "replacement": "A\ufffdb",
    "last": "A\U0010ffff\ufdd0b",
}
ADDRESS: Final = "anna@example.org"


def all_forms(parent: type[Form] = Form) -> Iterator[type[Form]]:
    for form in parent.__subclasses__():
        if form.__module__.startswith("iclei_events."):
            yield form
            yield from all_forms(form)


def fields_of(kind: type[TypedField]) -> list[tuple[type[Form], str]]:
    """Every field of that kind on any form; keys and passwords are no text."""
    return [
        (form, name)
        for form in all_forms()
        for name in dir(form)
        if issubclass(field_class := getattr(getattr(form, name), "field_class", Form), kind)
        and not issubclass(field_class, KeyField | PasswordField)
    ]


def typed(app: Flask, form_class: type[Form], name: str, text: str) -> TypedField:
    """The field as it stands after somebody typed a text and sent the form."""
    with app.test_request_context("/sv/", method="POST"):
        form = form_class(formdata=MultiDict({name: text}), meta={"csrf": False})
        field: TypedField = form[name]
        field.validate(form)
        return field


def test_there_are_forms_with_fields_of_each_kind() -> None:
    assert all(fields_of(kind) for kind in (EmailField, NameField, LineField, TextField))


# N01, N02, N08, N10, N11
@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE.keys())
def test_what_a_field_takes_holds_nothing_that_acts_or_cannot_be_seen(app: Flask, text: str) -> None:
    for form, name in fields_of(TypedField):
        field = typed(app, form, name, text)
        if field.errors or not isinstance(field.data, str):
            continue
        lines = field.data.split("\n") if isinstance(field, TextField) else [field.data]
        kept = {unicodedata.category(sign) for line in lines for sign in line if sign != "\t"}
        assert kept.isdisjoint({"Cc", "Zl", "Zp", "Cs"}), (form, name)
        assert not set(field.data) & set(BIDI + UNSEEN), (form, name)
        assert len(field.data) <= 2000, (form, name)


# N10
def test_a_pile_of_marks_is_refused_by_every_field_that_a_page_shows(app: Flask) -> None:
    for form, name in [*fields_of(NameField), *fields_of(TextField)]:
        assert typed(app, form, name, "Ana" + "\u0301" * 60).errors, (form, name)


# N07
def test_emoji_and_every_script_stay_as_they_are_written(app: Flask) -> None:
    for form, name in [*fields_of(NameField), *fields_of(TextField)]:
        for text in (f"Åsa {FAMILY} {FLAG}", HEBREW, ARABIC, "Nguyễn Thị", "أمیر‌علی", "ශ්‍රී", "O'Brien", "王小明"):
            field = typed(app, form, name, text)
            assert (field.data, list(field.errors)) == (unicodedata.normalize("NFC", text), []), (form, name)


# N02
@pytest.mark.parametrize("sign", [*"\u200b\u200c\u200d\u2060\ufeff\xad\u200e\u202e", "\u00a0"])
def test_one_person_stays_one_whatever_cannot_be_seen_in_the_address(app: Flask, sign: str) -> None:
    for form, name in fields_of(EmailField):
        seen = sign if sign != "\u00a0" else ""
        field = typed(app, form, name, f"{sign}an{seen}na@exam{seen}ple.org{sign}")
        assert (field.data, list(field.errors)) == (ADDRESS, []), (form, name)


# N04
@pytest.mark.parametrize("lookalike", ["m\u0131ke", "mi\u212ae", "m\u0456ke", "\uff4dike", "stra\xdfe", "mike\u0301"])
def test_a_lookalike_of_an_address_is_refused_and_never_folded(app: Flask, lookalike: str) -> None:
    for form, name in fields_of(EmailField):
        assert typed(app, form, name, f"{lookalike}@example.org").errors, (form, name)


# N04
def test_a_domain_with_a_sharp_s_is_not_the_one_with_two(app: Flask) -> None:
    for form, name in fields_of(EmailField):
        sharp, double = (typed(app, form, name, f"anna@{domain}").data for domain in ("stra\xdfe.de", "strasse.de"))
        assert sharp != double, (form, name)


# N04
def test_mail_goes_to_the_stored_address_alone(app: Flask) -> None:
    amira = Resident(app, "Mike")
    amira.book(make_slot(app))
    form = amira.open("/sv/my")
    for lookalike in ("m\u0131ke@example.org", "mi\u212ae@example.org", "mike@ex\u0430mple.org"):
        amira.post(form, "Skicka mina", email=lookalike)

    assert mails(app, "my_bookings") == 0


# N05
@pytest.mark.parametrize("at", ["\uff20", "\ufe6b"])
def test_another_at_sign_is_an_at_sign_before_the_address_is_checked(app: Flask, at: str) -> None:
    for form, name in fields_of(EmailField):
        assert typed(app, form, name, f"anna{at}example.org").data == ADDRESS, (form, name)
        assert typed(app, form, name, f"anna@evil.example{at}example.org").errors, (form, name)


# N01
def test_a_name_written_from_right_to_left_is_set_apart_wherever_it_is_shown(app: Flask, summit: None) -> None:
    insider = make_insider(app)
    with app.app_context(), transaction() as session:
        session.execute(update(Attendee).values(name=HEBREW))
        session.execute(
            update(Signatory)
            .where(Signatory.reference == insider.signing)
            .values(name=ARABIC, signer_name=HEBREW, contact_name=HEBREW, signer_role=ARABIC, mandate=HEBREW)
        )
    shown, bare = 0, []
    for endpoint, path in insider.pages().items():
        answer = insider.client.get(path)
        if answer.mimetype != "text/html" or not answer.data:
            continue
        for element in Page(answer).tree.xpath("//body//*"):
            own_text = "".join(element.xpath("text()"))
            if HEBREW in own_text or ARABIC in own_text:
                shown += 1
                # What is only read out stands in a box of its own, at the end of its link.
                if not element.xpath("ancestor-or-self::bdi|self::*[@class='ds-sr-only']"):
                    bare.append((endpoint, element.tag, own_text.strip()[:60]))

    assert bare == [], "\n".join(map(str, bare))
    assert shown >= 6
