"""Bad input to the booking form. Each test carries the row of the list of abuse cases that it holds."""

from __future__ import annotations

import io
import re
import unicodedata
from typing import Any

import pytest
from flask import Flask

from iclei_events.web.forms import LONGEST_NAME
from tests.clients import Page
from tests.residents import OUTCOME, REFERENCE, Resident, booked, count_bookings, counters, mails, make_slot
from tests.times import AppClock

SCRIPTS = ["<script>alert(1)</script>", '"><img src=x onerror=alert(1)>', "javascript:alert(1)", "{{ 7*7 }} %(x)s"]


NO_ADDRESS = "Vi kan inte skriva till den adressen. Skriv till exempel amira@exempel.se"
BAD_ADDRESSES = [
    "a b@example.org",
    "a@b@example.org",
    "a@example",
    ".a@example.org",
    '"a b"@example.org',
    "a@[1.2.3.4]",
]
NAMES = [
    "Ö",
    "O'Brien",
    "Nguyễn Thị Ánh",
    "Sukarno",
    "d'Arc-Å",
    "محمد علي",
    "می\u200cخواهم",
    "李小龍",
    "🎉 Åsa",
    "Jean–Luc ’t Hooft",
]
NO_SLOTS = ["abc", "-1", str(2**63), "1", "%00", "tour-1%0d%0aX: y", "..%2f..%2fadmin", "a" * 3000]

only_the_form = pytest.mark.database("sqlite")
"""For rules that are decided before the database is asked."""


@pytest.fixture
def amira(app: Flask) -> Resident:
    return Resident(app)


def stored(app: Flask, resident: Resident, **fields: Any) -> dict[str, Any]:
    answer = resident.book(make_slot(app, capacity=20), **fields)
    assert answer.status_code == 303, answer.get_data(as_text=True)
    return booked(app, answer.headers[REFERENCE])


def errors_of(app: Flask, resident: Resident, **fields: Any) -> list[str]:
    """The error summary; nothing may be stored or mailed."""
    answer = resident.book(make_slot(app, capacity=20), **fields)
    page = resident.refused(answer, 422)
    assert answer.headers[OUTCOME] == "refused"
    assert (count_bookings(app), mails(app)) == (0, 0)
    return page.texts(".ds-error-summary li")


# F01
@only_the_form
def test_empty_and_blank_fields_are_each_named(app: Flask, amira: Resident) -> None:
    assert errors_of(app, amira, name=" \u00a0\u2003 ", email="", adults="", language="") == [
        "Skriv ditt namn.",
        "Skriv hur många vuxna som kommer.",
        "Skriv din e-postadress.",
        "Välj svenska eller engelska.",
    ]


@only_the_form
@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        pytest.param("  anna@example.org\u00a0", "anna@example.org", id="F02-blanks"),
        pytest.param("Anna.B@Example.ORG", "Anna.B@example.org", id="F02-capitals"),
        pytest.param("anna@exämple.se", "anna@xn--exmple-cua.se", id="F05-domain"),
        pytest.param("an\u200bna@exam\ufeffple.org", "anna@example.org", id="N02"),
        pytest.param("anna\uff20example.org", "anna@example.org", id="N05-fullwidth"),
        pytest.param("anna\ufe6bexample.org", "anna@example.org", id="N05-small"),
        pytest.param("anna+tour@example.org", "anna+tour@example.org", id="plus"),
    ],
)
def test_an_address_is_cleaned_of_what_nobody_means(app: Flask, amira: Resident, typed: str, kept: str) -> None:
    found = stored(app, amira, email=typed)

    assert (found["email"], found["email_key"]) == (kept, kept.lower())


@only_the_form
@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        pytest.param("a" * 65 + "@example.org", "Delen före @ får ha högst 64 tecken.", id="F04-local"),
        pytest.param(
            "a" * 62 + "@" + ".".join(["b" * 62] * 3) + ".example", "Adressen får ha högst 254 tecken.", id="F04-whole"
        ),
        pytest.param(
            "åsa@exempel.se",
            "Vi kan bara skriva till adresser med bokstäverna a till z före @. Har du någon annan adress?",
            id="F05-local",
        ),
        pytest.param(
            "m\u0131ke@example.org",
            "Vi kan bara skriva till adresser med bokstäverna a till z före @. Har du någon annan adress?",
            id="N04-dotless",
        ),
        pytest.param(
            "\u212aate@example.org",
            "Vi kan bara skriva till adresser med bokstäverna a till z före @. Har du någon annan adress?",
            id="N04-kelvin",
        ),
        pytest.param(
            "stra\u00dfe@example.org",
            "Vi kan bara skriva till adresser med bokstäverna a till z före @. Har du någon annan adress?",
            id="N04-sharp-s",
        ),
        pytest.param("anna", "Adressen saknar @. Skriv till exempel amira@exempel.se", id="no-at"),
        pytest.param("anna@", "Adressen saknar något efter @. Skriv till exempel amira@exempel.se", id="nothing-after"),
        *(
            pytest.param(bad, "Vi kan inte skriva till den adressen. Skriv till exempel amira@exempel.se", id=f"bad{n}")
            for n, bad in enumerate(
                (
                    "a b@example.org",
                    "a@b@example.org",
                    "a@example",
                    ".a@example.org",
                    '"a b"@example.org',
                    "a@[1.2.3.4]",
                )
            )
        ),
        pytest.param("a@example.org\r\nBcc: all@example.org", "Skriv det på en rad.", id="M01"),
    ],
)
def test_an_address_that_no_mail_reaches_is_told_what_is_wrong(
    app: Flask, amira: Resident, typed: str, sentence: str
) -> None:
    assert errors_of(app, amira, email=typed) == [sentence]


# F07
@only_the_form
@pytest.mark.parametrize("typed", ["1_0", "\u0662", "\uff12", "2.0", "2e0", "+2", "-1", "two", "9" * 40, "0x2"])
def test_only_plain_digits_are_a_number_of_people(app: Flask, amira: Resident, typed: str) -> None:
    assert errors_of(app, amira, adults=typed) == ["Skriv ett antal med siffrorna 0 till 9."]


# F08
@only_the_form
def test_a_party_over_the_limit_of_a_booking_is_told_the_limit(app: Flask, amira: Resident) -> None:
    assert errors_of(app, amira, adults="5", children="2") == ["Du kan boka högst 6 platser."]


# F08
def test_a_party_over_the_places_left_is_told_how_many_are_left(app: Flask, amira: Resident) -> None:
    slot = make_slot(app, capacity=4)
    Resident(app, "Boris").book(slot, adults="2")
    answer = amira.book(slot, adults="3", wait=None)

    assert (answer.status_code, answer.headers[OUTCOME]) == (409, "full")
    assert "Bara 2 platser är kvar." in amira.refused(answer, 409).text


# F10, N07
@pytest.mark.parametrize(
    "name",
    [
        "Ö",
        "O'Brien",
        "Nguyễn Thị Ánh",
        "Sukarno",
        "d'Arc-Å",
        "محمد علي",
        "می\u200cخواهم",
        "李小龍",
        "🎉 Åsa",
        "Jean–Luc ’t Hooft",
    ],
)
def test_a_name_stays_as_its_owner_writes_it(app: Flask, amira: Resident, name: str) -> None:
    answer = amira.book(make_slot(app), name=name)

    assert booked(app, answer.headers[REFERENCE])["name"] == unicodedata.normalize("NFC", name)
    assert name in amira.open(answer.location).text


# N07
def test_a_family_emoji_and_a_flag_break_nothing(app: Flask, amira: Resident) -> None:
    answer = amira.book(make_slot(app), name="Åsa 👨‍👩‍👧 🇸🇪", access_needs="👩‍🦽 🏳️‍🌈")

    assert amira.open(answer.location).heading == "Din plats"
    assert booked(app, answer.headers[REFERENCE])["access_need"] == "👩‍🦽 🏳️‍🌈"


# F11
@pytest.mark.parametrize("text", SCRIPTS)
def test_markup_is_kept_as_text_and_escaped_wherever_it_is_shown(app: Flask, amira: Resident, text: str) -> None:
    answer = amira.book(make_slot(app), name=text, access_needs=text)
    found = booked(app, answer.headers[REFERENCE])
    page = Page(amira.client.get(answer.location))

    assert (found["name"], found["access_need"]) == (text, text)
    assert text in page.text
    assert not page.all("script:not([src]), main img")
    again = Page(amira.book(make_slot(app), name=text, phone=text, email=text, access_needs=text))
    assert again.fields()["name"] == text
    assert not again.all("main script, main img")


# F14
def test_fields_that_no_form_has_are_ignored(app: Flask, amira: Resident) -> None:
    slot = make_slot(app, capacity=1)
    extra = {"is_staff": "1", "status": "confirmed", "capacity": "999", "size": "0", "reference": "AAAAAAAA"}
    amira.book(slot, **extra)
    waiting = amira.book(slot, **extra)

    assert waiting.headers[OUTCOME] == "waiting"
    assert counters(app, slot) == (1, 0, 1)


# F15
@only_the_form
def test_a_field_sent_twice_is_refused_whole(app: Flask, amira: Resident) -> None:
    assert amira.book(make_slot(app), adults=["1", "6"]).status_code == 400
    assert count_bookings(app) == 0


# F16
@pytest.mark.parametrize(
    "slug", ["abc", "-1", str(2**63), "1", "%00", "tour-1%0d%0aX: y", "..%2f..%2fadmin", "a" * 3000]
)
def test_a_slot_that_is_not_there_is_a_page_that_is_not_there(app: Flask, amira: Resident, slug: str) -> None:
    fields = amira.form_of(make_slot(app)).fields()
    answer = amira.client.post(f"/sv/slots/{slug}/book", data={**fields, **amira.details})

    assert answer.status_code in {400, 404}
    assert count_bookings(app) == 0


# F16, F17
@pytest.mark.parametrize("state", ["closed", "cancelled", "over"])
def test_a_slot_that_takes_no_bookings_refuses_and_keeps_what_was_typed(
    app: Flask, amira: Resident, app_clock: AppClock, state: str
) -> None:
    now = app_clock.stand_at("2022-05-02T09:05:00+02:00")
    fields = {"closed": {"closes_at": now}, "cancelled": {"cancelled_at": now}, "over": {"starts_at": now}}[state]
    form = amira.form_of(make_slot(app))
    slot = make_slot(app, **fields)
    answer = amira.client.post(f"/sv/slots/{slot.slug}/book", data={**form.fields(), **amira.details})
    page = amira.refused(answer, 409)

    assert answer.headers[OUTCOME] == "closed"
    assert page.fields()["name"] == "Amira Lindqvist"
    assert count_bookings(app) == 0


# F17
def test_before_opening_the_server_decides_and_says_the_opening_time(
    app: Flask, amira: Resident, app_clock: AppClock
) -> None:
    form = amira.form_of(make_slot(app))
    opens_at = app_clock.stand_at("2022-05-02T12:00:00+02:00")
    app_clock.stand_at("2022-05-02T11:59:59+02:00")
    slot = make_slot(app, opens_at=opens_at)
    early = {**form.fields(), **amira.details}
    answer = amira.client.post(
        f"/sv/slots/{slot.slug}/book", data=early, headers={"Date": "Mon, 02 May 2022 13:00:00 GMT"}
    )

    assert (answer.status_code, answer.headers[OUTCOME]) == (409, "closed")
    page = amira.refused(answer, 409)
    assert "Bokningen öppnar 2 maj klockan 12.00." in page.text
    app_clock.advance(seconds=1)
    assert amira.send(page).headers[OUTCOME] == "confirmed"


# F19
@only_the_form
@pytest.mark.parametrize(
    ("body", "content_type", "status"),
    [
        (b'{"name": "Amira"}', "application/json", 415),
        (b"name=Amira", "text/plain", 415),
        (b"<x/>", "application/xml", 415),
        (b"no boundary here", "multipart/form-data", 400),
        (b"--x\r\nbroken", "multipart/form-data; boundary=x", 400),
        (b"", "application/x-www-form-urlencoded", 422),
        (b"", "", 422),
    ],
)
def test_what_is_no_form_of_ours_is_refused_before_it_is_read(
    app: Flask, amira: Resident, body: bytes, content_type: str, status: int
) -> None:
    slot = make_slot(app)
    amira.form_of(slot)
    answer = amira.client.post(
        f"/sv/slots/{slot.slug}/book",
        input_stream=io.BytesIO(body),
        content_length=len(body),
        content_type=content_type,
    )

    assert answer.status_code == status
    assert answer.headers[OUTCOME] == "refused"
    assert count_bookings(app) == 0


# F19
def test_a_whole_multipart_form_is_a_form(app: Flask, amira: Resident) -> None:
    slot = make_slot(app)
    fields = {**amira.form_of(slot).fields(), **amira.details}
    answer = amira.client.post(f"/sv/slots/{slot.slug}/book", data=fields, content_type="multipart/form-data")

    assert answer.headers[OUTCOME] == "confirmed"


# F20
@only_the_form
def test_a_choice_that_was_not_offered_is_refused(app: Flask, amira: Resident) -> None:
    assert errors_of(app, amira, language="xx") == ["Välj svenska eller engelska."]


# F20
def test_a_slot_cancelled_meanwhile_is_said_and_other_times_are_offered(app: Flask, amira: Resident) -> None:
    from_before = amira.form_of(make_slot(app))
    slot = make_slot(app, cancelled_at=make_slot(app).starts_at)
    answer = amira.client.post(f"/sv/slots/{slot.slug}/book", data={**from_before.fields(), **amira.details})

    assert "Den här tiden är inställd." in amira.refused(answer, 409).text


# F22
def test_a_need_of_support_is_kept_apart_and_never_on_pages_of_others(app: Flask, amira: Resident) -> None:
    found = stored(app, amira, access_needs="Rullstol\r\nHörslinga")

    assert found["access_need"] == "Rullstol\nHörslinga"
    assert errors_of_long_need(app) == ["Texten har 501 tecken. Skriv högst 500."]


def errors_of_long_need(app: Flask) -> list[str]:
    boris = Resident(app, "Boris")
    return boris.refused(boris.book(make_slot(app), access_needs="x" * 501), 422).texts(".ds-error-summary li")


# N01
def test_marks_that_turn_text_around_are_taken_out_of_names(app: Flask, amira: Resident) -> None:
    assert stored(app, amira, name="Amira\u202egnp.exe\u2066 \u200fLindqvist")["name"] == "Amiragnp.exe Lindqvist"


# N10
@only_the_form
@pytest.mark.parametrize(
    "name", ["x" * 121, "e" + "\u0301" * 4000, "e" + "\u0301" * 30], ids=["long", "marks-long", "marks"]
)
def test_a_name_that_would_burst_the_page_is_refused(app: Flask, amira: Resident, name: str) -> None:
    [sentence] = errors_of(app, amira, name=name)

    assert re.match(r"Namnet har \d+ tecken\. Skriv högst 120\.|Några tecken i namnet går inte att läsa\.", sentence)


# N10
def test_a_long_name_without_a_space_is_kept_and_may_break_anywhere(app: Flask, amira: Resident) -> None:
    answer = amira.book(make_slot(app), name="N" * LONGEST_NAME)

    assert amira.open(answer.location).one(".people li > span").get("class") == "break"


# N11
@only_the_form
@pytest.mark.parametrize("sign", ["\x00", "\x07", "\x1b", "\x7f", "\x9f", "\u2028", "\u2029", "\x0b", "\x85", "\t"])
def test_control_characters_are_taken_out_of_one_line_fields(app: Flask, amira: Resident, sign: str) -> None:
    assert stored(app, amira, name=f"Amira{sign} Lindqvist")["name"] == "Amira Lindqvist"


# N11, M01
@only_the_form
@pytest.mark.parametrize("field", ["name", "email", "phone"])
@pytest.mark.parametrize("breaks", ["\n", "\r\n", "\r"])
def test_a_line_break_in_a_one_line_field_is_refused(app: Flask, amira: Resident, field: str, breaks: str) -> None:
    typed = {"name": "Amira", "email": "amira@example.org", "phone": "070-1234567"}[field]

    assert errors_of(app, amira, **{field: f"{typed}{breaks}Bcc: all@example.org"}) == ["Skriv det på en rad."]


# N08: bytes that are no UTF-8 are what a lone surrogate becomes in a form
def test_bytes_that_are_no_text_are_refused(app: Flask, amira: Resident) -> None:
    slot = make_slot(app)
    fields = amira.form_of(slot).fields()
    token, key = fields["csrf_token"], fields["idempotency_key"]
    answer = amira.client.post(
        f"/sv/slots/{slot.slug}/book",
        data=f"name=A%ED%A0%80B&email=a@example.org&language=sv&csrf_token={token}&idempotency_key={key}",
        content_type="application/x-www-form-urlencoded",
    )

    assert answer.status_code == 400
    assert count_bookings(app) == 0


# S08
@only_the_form
@pytest.mark.parametrize("field", ["name", "email", "phone", "adults", "access_needs", "idempotency_key"])
def test_no_pattern_is_slow(app: Flask, amira: Resident, field: str) -> None:
    answer = amira.book(make_slot(app), **{field: "a" * 50_000 + "!"})

    assert answer.status_code == 422


# X01
@only_the_form
@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Origin": "http://localhost", "Sec-Fetch-Site": "cross-site"},
    ],
)
def test_a_form_from_another_site_is_refused_and_says_nothing_of_what_it_held(
    app: Flask, amira: Resident, headers: dict[str, str]
) -> None:
    slot = make_slot(app)
    fields = {**amira.form_of(slot).fields(), **amira.details}
    answer = amira.client.post(f"/sv/slots/{slot.slug}/book", data=fields, headers=headers)

    assert answer.status_code == 403
    assert "Amira Lindqvist" not in answer.get_data(as_text=True)
    assert count_bookings(app) == 0


# X01
@pytest.mark.parametrize("token", ["", "forged", None], ids=["empty", "forged", "missing"])
def test_a_form_whose_token_died_keeps_what_was_typed_and_can_be_sent_again(
    app: Flask, amira: Resident, token: str | None
) -> None:
    form = amira.form_of(make_slot(app))
    answer = amira.send(form, csrf_token=token, access_needs="Rullstol")
    page = amira.refused(answer, 403)

    assert answer.headers[OUTCOME] == "refused"
    assert "Formuläret var öppet för länge" in page.text
    assert (page.fields()["name"], page.fields()["access_needs"].strip()) == ("Amira Lindqvist", "Rullstol")
    assert count_bookings(app) == 0
    assert amira.send(page).headers[OUTCOME] == "confirmed"


# X01
def test_the_token_of_another_session_is_no_token(app: Flask, amira: Resident) -> None:
    slot = make_slot(app)
    token = Resident(app, "Boris").form_of(slot).fields()["csrf_token"]

    assert amira.send(amira.form_of(slot), csrf_token=token).status_code == 403
    assert count_bookings(app) == 0


# X03, 3.5.3
def test_nothing_is_booked_changed_or_cancelled_by_get(app: Flask, amira: Resident) -> None:
    slot = make_slot(app)
    fields = {**amira.form_of(slot).fields(), **amira.details}
    amira.client.get(f"/sv/slots/{slot.slug}/book", query_string=fields)
    amira.client.head(f"/sv/slots/{slot.slug}/book", query_string=fields)

    assert count_bookings(app) == 0


# X01
@only_the_form
@pytest.mark.parametrize("verb", ["party", "accept", "cancel"])
def test_changes_to_a_booking_need_the_token_too(app: Flask, amira: Resident, verb: str) -> None:
    slot = make_slot(app)
    own = amira.book(slot).location
    answer = amira.client.post(f"{own}/{verb}", data={"adults": "3", "children": "0", "seen": "0"})

    assert answer.status_code == 403
    assert counters(app, slot) == (1, 0, 0)


# G05
def test_the_language_can_change_in_the_middle_of_a_form_and_nothing_typed_is_lost(app: Flask, amira: Resident) -> None:
    slot = make_slot(app)
    form = amira.form_of(slot)
    button = form.one("button[name=show]")
    typed = {**form.fields(), **amira.details, "adults": "2", "access_needs": "Rullstol", "show": button.get("value")}
    page = amira.refused(amira.client.post(button.get("formaction"), data=typed), 200)

    assert (page.language, page.path) == ("en", f"/en/slots/{slot.slug}/book")
    kept = page.fields()
    assert (kept["name"], kept["adults"], kept["access_needs"].strip()) == ("Amira Lindqvist", "2", "Rullstol")
    assert count_bookings(app) == 0
    answer = amira.post(page, "Book 10:30")
    assert booked(app, answer.headers[REFERENCE])["language"] == "en"
