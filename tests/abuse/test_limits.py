"""Too often: first for an address, then for a network, and what everybody else gets meanwhile (T01, R01, R02, R05)."""

from __future__ import annotations

import secrets
from typing import Any, Final

import pytest
from flask import Flask
from flask.testing import FlaskClient

from iclei_events import create_app
from iclei_events.models import StaffRole
from iclei_events.models.types import REFERENCE_LENGTH
from iclei_events.services import allowances
from iclei_events.web import limits
from iclei_events.web.limits import COSTLY, FROM_NETWORK, From
from tests import queries, scenes, signers
from tests.clients import Page
from tests.conftest import settings_for
from tests.databases import Database
from tests.insider import Insider, make_insider
from tests.residents import OUTCOME, REFERENCE, Resident, at_once, count_bookings, counters, mails, make_slot
from tests.signers import City
from tests.staffing import hire
from tests.times import DEMO_TIME, AppClock

pytestmark = pytest.mark.database("sqlite")  # nothing here is counted in a database

LIBRARY: Final = "198.51.100.7"
HOME: Final = "203.0.113.9"


@pytest.fixture(autouse=True)
def _one_process(app: Flask) -> None:
    """What all processes give out together is what this one gives out."""
    app.config["WEB_WORKERS"] = 1


@pytest.fixture
def insider(app: Flask, summit: None) -> Insider:
    found = make_insider(app)
    found.client.environ_base["REMOTE_ADDR"] = HOME
    return found


def somebody_at(app: Flask, network: str, name: str = "Amira", language: str = "sv") -> Resident:
    return on(Resident(app, name, language), network)


def on(resident: Resident, network: str) -> Resident:
    resident.client.environ_base["REMOTE_ADDR"] = network
    return resident


def browser_at(app: Flask, network: str) -> FlaskClient:
    client = app.test_client()
    client.environ_base["REMOTE_ADDR"] = network
    return client


def many_people(form: Page, number: int) -> list[dict[str, Any]]:
    """The forms that so many people send, each with an address and a key of their own."""
    return [
        {**form.fields(), "name": f"Amira {n}", "email": f"amira.{n}@example.org", "idempotency_key": f"key-{n:08}"}
        for n in range(number)
    ]


def use_up(app: Flask, what: From, network: str = LIBRARY) -> None:
    """Let a network have done all it may do of that at once."""
    with app.test_request_context("/", environ_base={"REMOTE_ADDR": network}):
        for _ in range(int(FROM_NETWORK[what].at_once)):
            limits.check_network(what)


# R01
def test_five_hundred_addresses_in_a_minute_from_one_network_are_too_many(app: Flask, app_clock: AppClock) -> None:
    bot = somebody_at(app, LIBRARY)
    form = bot.form_of(make_slot(app, capacity=600))
    answers = []
    for fields in many_people(form, 500):
        app_clock.advance(seconds=60 / 500)
        answers.append(bot.client.post(form.path, data=fields))

    assert {answer.status_code for answer in answers} == {303, 429}
    assert count_bookings(app) == sum(answer.status_code == 303 for answer in answers) <= 300
    assert answers[-1].headers[OUTCOME] == "refused"
    assert 1 <= int(answers[-1].headers["Retry-After"]) <= 60


# R01
def test_two_hundred_people_behind_the_one_address_of_a_library_get_through(app: Flask, app_clock: AppClock) -> None:
    slot = make_slot(app, capacity=200)
    form = somebody_at(app, LIBRARY).form_of(slot)
    answers = []
    for fields in many_people(form, 200):
        app_clock.advance(seconds=0.5)
        someone = somebody_at(app, LIBRARY)
        fields["csrf_token"] = someone.form_of(slot).fields()["csrf_token"]
        answers.append(someone.client.post(form.path, data=fields))

    assert {answer.headers[OUTCOME] for answer in answers} == {"confirmed"}
    assert counters(app, slot) == (200, 0, 0)


# R01
def test_one_address_is_stopped_before_the_network_it_comes_from(app: Flask) -> None:
    slot = make_slot(app, capacity=60)
    amira, boris = somebody_at(app, LIBRARY), somebody_at(app, LIBRARY, "Boris")
    outcomes = [amira.book(slot).headers[OUTCOME] for _ in range(21)]

    assert outcomes == [*["confirmed"] * 20, "refused"]
    assert boris.book(slot).headers[OUTCOME] == "confirmed"
    assert on(amira, HOME).book(slot).headers[OUTCOME] == "refused"
    assert on(amira, HOME).book(slot, email="AMIRA@Example.Org").headers[OUTCOME] == "refused"


# R01
def test_a_form_counts_once_however_often_it_is_sent(app: Flask) -> None:
    slot = make_slot(app, capacity=60)
    amira = somebody_at(app, LIBRARY)
    form = amira.form_of(slot)
    again = {amira.send(form).headers[OUTCOME] for _ in range(40)}

    assert again == {"confirmed", "duplicate"}
    assert [amira.book(slot).headers[OUTCOME] for _ in range(20)] == [*["confirmed"] * 19, "refused"]


@pytest.mark.parametrize(
    ("language", "said"),
    [
        ("sv", "Det har varit väldigt många försök från ditt nätverk eller med den här adressen, så inget är sparat."),
        ("en", "There have been very many tries from your network or with this address, so nothing was stored."),
    ],
)
def test_a_refused_form_keeps_what_was_typed_and_is_taken_after_the_wait(
    app: Flask, app_clock: AppClock, language: str, said: str
) -> None:
    with app.app_context():
        slot, _other = scenes.make_departures(5, 5)
    use_up(app, "book")
    amira = somebody_at(app, LIBRARY, language=language)
    answer = amira.book(slot, adults="2", access_needs="Rullstol", phone="070-123 45 67")
    page = amira.refused(answer, 429)

    assert said in page.text
    assert not page.all("#other-times, a[href='#other-times']")  # another time would be refused as well
    kept = page.fields()
    assert (kept["adults"], kept["access_needs"], kept["email"]) == ("2", "Rullstol", "amira@example.org")
    assert (answer.headers[OUTCOME], answer.headers["Retry-After"]) == ("refused", "1")
    assert (count_bookings(app), mails(app)) == (0, 0)
    app_clock.advance(seconds=1)
    assert amira.send(page).headers[OUTCOME] == "confirmed"


def test_another_network_books_as_ever(app: Flask) -> None:
    use_up(app, "book")
    use_up(app, "send")

    assert somebody_at(app, HOME).book(make_slot(app)).headers[OUTCOME] == "confirmed"


def test_the_wish_for_a_draw_is_counted_as_a_booking_is(app: Flask, summit: None) -> None:
    use_up(app, "book")
    amira = somebody_at(app, LIBRARY)
    form = amira.open("/sv/slots/siptex-1800/book")
    answer = amira.send(form, adults="3")

    assert answer.headers[OUTCOME] == "refused"
    assert amira.refused(answer, 429).fields()["adults"] == "3"


# R02
def test_a_made_up_forwarding_header_is_not_believed(app: Flask, caplog: pytest.LogCaptureFixture) -> None:
    slot = make_slot(app)
    use_up(app, "book")
    amira = somebody_at(app, LIBRARY)
    amira.headers = {"X-Forwarded-For": HOME}

    assert amira.book(slot).status_code == 429
    amira.headers = {"X-Forwarded-For": f"{HOME}, 127.0.0.1", "Forwarded": f"for={HOME}", "X-Real-IP": HOME}
    assert amira.book(slot).status_code == 429
    assert [record.getMessage() for record in caplog.records if record.levelname == "WARNING"] == [
        "X-Forwarded-For is not believed: TRUSTED_PROXIES is 0 (see README, Deploy)"
    ]


# R02
def test_of_a_named_proxy_only_what_it_says_itself_is_believed(
    app: Flask, database: Database, app_clock: AppClock
) -> None:
    slot = make_slot(app)
    behind = create_app(settings_for(database) | {"TRUSTED_PROXIES": 1, "WEB_WORKERS": 1})
    app_clock.stand_at(DEMO_TIME)
    use_up(behind, "book")
    amira = Resident(behind)  # the proxy stands on the machine itself

    amira.headers = {"X-Forwarded-For": f"{HOME}, {LIBRARY}"}
    assert amira.book(slot).status_code == 429
    amira.headers = {"X-Forwarded-For": f"{LIBRARY}, {HOME}"}
    assert amira.book(slot).headers[OUTCOME] == "confirmed"


def test_the_machine_itself_is_no_network(app: Flask) -> None:
    use_up(app, "book", "127.0.0.1")
    use_up(app, "send", "127.0.0.1")

    assert Resident(app).book(make_slot(app)).headers[OUTCOME] == "confirmed"


# T01
def test_guessed_secrets_open_nothing_and_are_slowed_down_while_a_right_one_opens(insider: Insider) -> None:
    thief = browser_at(insider.app, LIBRARY)
    (own, secret), *_ = insider.secrets.items()
    answers = [thief.get(f"{own}?key={secrets.token_urlsafe(18)}") for _ in range(40)]

    assert [answer.status_code for answer in answers] == [*[404] * 30, *[429] * 10]
    assert int(answers[-1].headers["Retry-After"]) == 6
    assert "Set-Cookie" not in answers[-1].headers
    for path, right in insider.secrets.items():
        assert browser_at(insider.app, LIBRARY).get(f"{path}?key={right}").status_code == 303
        assert browser_at(insider.app, HOME).get(f"{path}?key=x").status_code in {303, 404}
    assert len(secret) * 6 >= 128


# T01
@pytest.mark.parametrize(
    "guessed",
    ["/sv/commitment/signings/ABCDEFGH?key=x", "/sv/my/calendar?key=x", "/my/calendar/x.ics", "/sv/bookings/X?key=x"],
)
def test_no_secret_can_be_guessed_at_leisure(insider: Insider, guessed: str) -> None:
    use_up(insider.app, "guess")

    assert browser_at(insider.app, LIBRARY).get(guessed).status_code == 429
    assert browser_at(insider.app, HOME).get(guessed).status_code == 404


# R05
def test_everything_made_for_one_reader_alone_has_its_limit(insider: Insider) -> None:
    kinds: set[From] = {"page", *COSTLY.values()}
    for what in kinds:
        use_up(insider.app, what, HOME)
    pages = insider.pages()
    asked = {endpoint: pages[endpoint] for endpoint in COSTLY if endpoint in pages}
    asked["search"] = "/sv/malmo-summit/programme?q=sten"

    assert set(COSTLY) - set(pages) == set()
    for endpoint, path in asked.items():
        answer = insider.client.get(path)
        assert (answer.status_code, answer.mimetype) == (429, "text/html"), endpoint
        assert int(answer.headers["Retry-After"]) >= 1, endpoint


# T01
def test_what_a_right_link_leads_to_opens_behind_a_network_that_has_used_up_its_pages(insider: Insider) -> None:
    kinds: set[From] = {"page", "guess", *COSTLY.values()}
    for what in kinds:
        use_up(insider.app, what)
    own = f"/sv/bookings/{insider.booking}"
    links = [f"{path}?key={secret}" for path, secret in insider.secrets.items()]
    to_another_time = f"{own}?key={insider.secrets[own]}&to=siptex-1330"

    for link in (*links, to_another_time, insider.pages()["calendar_feeds.feed"]):
        answer = browser_at(insider.app, LIBRARY).get(link, follow_redirects=True)
        assert answer.status_code == 200, link


# R05
def test_what_a_link_has_opened_has_a_limit_of_its_own(insider: Insider) -> None:
    pages = insider.pages()
    feed = pages["calendar_feeds.feed"]
    with insider.app.test_request_context("/"):
        for reference in (insider.booking, insider.arguments["secret"][:REFERENCE_LENGTH]):
            for _ in range(int(limits.OPENED.at_once)):
                limits.check_opened(reference)

    for path in (pages["bookings.show"], pages["bookings.new_address"], pages["bookings.move"], feed):
        answer = insider.client.get(path)
        assert (answer.status_code, answer.headers["Retry-After"]) == (429, "2"), path
    (own, secret), *_ = insider.secrets.items()
    assert browser_at(insider.app, HOME).get(f"{own}?key={secret}").status_code == 303
    other = somebody_at(insider.app, HOME, "Boris")
    other.open(other.book(make_slot(insider.app)).location)


# R05
@pytest.mark.parametrize(
    ("language", "heading"), [("sv", "För många försök på en gång"), ("en", "Too many tries at once")]
)
def test_the_page_that_says_so_is_a_whole_page_in_the_readers_language(
    app: Flask, summit: None, language: str, heading: str
) -> None:
    use_up(app, "page")
    page = somebody_at(app, LIBRARY).open(f"/{language}/malmo-summit/programme?q=x", status=429)

    assert (page.heading, page.language) == (heading, language)


# R05
def test_a_public_page_is_served_from_memory_however_often_it_is_asked_for(app: Flask, summit: None) -> None:
    app.config["PAGE_CACHE_SECONDS"] = 60
    use_up(app, "page")
    use_up(app, "read")
    visitor = browser_at(app, LIBRARY)
    visitor.get("/sv/malmo-summit/tours")
    with queries.noted(app) as statements:
        answers = {visitor.get("/sv/malmo-summit/tours").status_code for _ in range(250)}

    assert (answers, statements) == ({200}, [])


# R05
@pytest.mark.race
def test_while_search_and_feeds_are_hammered_bookings_are_made(app: Flask, summit: None) -> None:
    slot = make_slot(app, capacity=20)
    asked = ["/sv/malmo-summit/programme?q=sten", "/sv/malmo-summit/calendar.ics", "/commitment/signatories.csv"]

    def hammer(path: str) -> set[int]:
        bot = browser_at(app, LIBRARY)
        return {bot.get(path).status_code for _ in range(150)}

    def book(number: int) -> str:
        return somebody_at(app, HOME, f"Amira{number}").book(slot).headers[OUTCOME]

    use_up(app, "page")
    codes = at_once(*[lambda path=path: hammer(path) for path in asked], *[lambda n=n: book(n) for n in range(5)])
    assert codes[3:] == ["confirmed"] * 5
    assert set().union(*codes[:3]) == {200, 429}
    assert counters(app, slot) == (5, 0, 0)


# P07, A05
def test_asked_too_often_a_known_and_an_unknown_address_get_the_same_answer(app: Flask) -> None:
    somebody_at(app, HOME).book(make_slot(app))
    asker = somebody_at(app, LIBRARY, "Boris")
    form = asker.open("/sv/my")

    def ask(email: str) -> tuple[int, str]:
        page = Page(asker.post(form, "Skicka mina", email=email))
        return page.status, page.text

    with queries.noted(app) as statements:
        use_up(app, "ask for links")
        known, unknown = ask("amira@example.org"), ask("nobody@example.org")
    assert known == unknown
    assert known[0] == 429
    assert not [one for one in statements if "attendee" in one]


def test_one_address_is_not_asked_for_without_end(app: Flask) -> None:
    form = Resident(app).open("/sv/my")
    sent = form.fields("Skicka mina")
    codes = []
    for number in range(61):
        asker = somebody_at(app, f"198.51.100.{number}")
        sent["csrf_token"] = asker.open("/sv/my").fields("Skicka mina")["csrf_token"]
        codes.append(asker.client.post("/sv/my", data={**sent, "email": "amira@example.org"}).status_code)

    assert codes == [*[303] * 60, 429]


def test_forms_for_one_city_are_counted_by_their_address(app: Flask, database: Database) -> None:
    signers.load_summit(app, database)
    use_up(app, "sign")
    city = City(app)
    city.client.environ_base["REMOTE_ADDR"] = LIBRARY
    answer = city.send()
    page = city.refused(answer, 429)

    assert "Det har varit väldigt många försök" in page.text
    assert page.fields()["contact_email"] == "nils.ek@lund.example"
    assert answer.headers["Retry-After"] == "3"


def test_one_network_cannot_use_up_the_reports_of_everybody(app: Flask, summit: None) -> None:
    reader, other = somebody_at(app, LIBRARY), somebody_at(app, HOME)

    def report(resident: Resident) -> int:
        form = resident.open("/sv/accessibility/report")
        return resident.post(form, problem="Knappen syns inte").status_code

    assert [report(reader) for _ in range(11)] == [*[303] * 10, 429]
    assert report(other) == 303


# A04
def test_one_password_for_many_accounts_is_slowed_down_and_the_owner_gets_in_from_elsewhere(app: Flask) -> None:
    with app.app_context():
        hire(StaffRole.ADMIN)
    thief = somebody_at(app, LIBRARY)
    form = thief.open("/sv/staff/sign-in")
    codes = [
        thief.post(form, "Fortsätt", email=f"staff{n}@malmo.example", password="spring2022").status_code
        for n in range(61)
    ]

    assert codes == [*[422] * 60, 429]
    owner = somebody_at(app, HOME)
    assert owner.post(owner.open("/sv/staff/sign-in"), "Fortsätt", email="a@b.se", password="x").status_code == 422


def test_whatever_is_sent_too_often_is_refused_before_any_work(app: Flask, summit: None) -> None:
    use_up(app, "send")
    amira = somebody_at(app, LIBRARY)
    form = amira.form_of(make_slot(app))
    with queries.noted(app) as statements:
        answer = amira.send(form)

    assert (answer.status_code, answer.headers[OUTCOME], statements) == (429, "refused", [])
    assert amira.refused(answer, 429).heading == "För många försök på en gång"


# T05
def test_what_is_counted_names_nobody(app: Flask, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("DEBUG")
    with app.test_request_context("/", environ_base={"REMOTE_ADDR": LIBRARY}), queries.noted(app) as statements:
        limits.check_form("book", "amira@example.org", "a-form-key")
        kept = limits._limits()
    parts = [LIBRARY.encode(), allowances.network_of(LIBRARY) or b"", b"amira"]

    assert statements == []
    assert len(kept.counts) == 3
    assert not [key for key in kept.counts._whole_at for part in parts if part in key]
    assert not caplog.text
    assert kept.key("book to ", b"amira") != limits.Limits().key("book to ", b"amira")


# T02
def test_a_booking_has_no_number_that_leads_to_the_next(app: Flask) -> None:
    slot = make_slot(app)
    first, second = (somebody_at(app, HOME, name).book(slot).headers[REFERENCE] for name in ("Amira", "Boris"))

    assert sum(one != other for one, other in zip(first, second, strict=True)) >= 3
    for path in (first, second, "1", "2", str(int(first, 36) + 1)):
        browser = browser_at(app, LIBRARY)
        for page in ("", ".ics", ".pdf", ".json", "/receipt", "/move"):
            assert browser.get(f"/sv/bookings/{path}{page}").status_code == 404
