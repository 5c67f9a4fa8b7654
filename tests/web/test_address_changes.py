"""Another e-mail address for a booking: what goes where, who can stop it, and which links open what."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from urllib.parse import urlsplit

import pytest
from flask import Flask
from sqlalchemy import select, update

from iclei_events import clock
from iclei_events.db import db, transaction
from iclei_events.models import AddressChange, Booking, BookingStatus, ClashRule, MailKind, OutboxMail
from iclei_events.services import data_export, my_bookings, privacy, receipts
from iclei_events.services.mail_letters import NoLongerTrueError
from iclei_events.services.personal_data import Until
from tests import draws as lots
from tests import letters, scenes
from tests.clients import Page
from tests.residents import REFERENCE, Resident, at_once, booked, mails, make_slot
from tests.times import AppClock

NEW = "amira@new.example"
SEND = "Skicka en länk"
YES = "Ja, skriv till den här adressen"


@dataclass
class Booked:
    """A booking of Amira's, and the browser she made it in."""

    app: Flask
    amira: Resident
    reference: str

    def page(self) -> Page:
        return self.amira.open(f"/sv/bookings/{self.reference}")

    def ask(self, email: str = NEW, status: int = 200) -> Page:
        return self.amira.submit(self.page(), SEND, status=status, new_email=email)

    def link(self, kind: MailKind = MailKind.ADDRESS_CONFIRM) -> str:
        """The secret link in the newest mail of a kind, as an address of the site."""
        with self.app.app_context():
            address = letters.link_in(letters.written(letters.newest(kind)))
        parts = urlsplit(address)
        return f"{parts.path}?{parts.query}"

    def opened(self) -> tuple[Page, tuple[str, str]]:
        """The page that the link leads to, and the cookie of the browser in which it was opened."""
        self.ask()
        reader = Resident(self.app, "Phone")
        page = reader.open(self.link())
        name = self.app.config["SESSION_COOKIE_NAME"]
        kept = reader.client.get_cookie(name)
        assert kept is not None
        return page, (name, kept.value)

    def confirm(self, resident: Resident | None = None, status: int = 200) -> Page:
        reader = resident or self.amira
        return reader.submit(reader.open(self.link()), YES, status=status)


@pytest.fixture
def own(app: Flask) -> Booked:
    amira = Resident(app)
    return Booked(app, amira, amira.book(make_slot(app, capacity=9), adults="2").headers[REFERENCE])


def recipients(app: Flask) -> list[tuple[str, str]]:
    with app.app_context():
        rows = db.session.scalars(select(OutboxMail).order_by(OutboxMail.id))
        return [(row.kind.value, row.recipient) for row in rows]


def test_until_the_new_address_is_confirmed_nothing_but_the_question_goes_there(app: Flask, own: Booked) -> None:
    page = own.ask()

    assert "Öppna nu mejlet som vi har skickat till den nya adressen." in page.source
    assert f"Vi har skickat en länk till {NEW}. Öppna den senast 3 maj klockan 09.05." in page.text
    assert "Till dess skriver vi till amira@example.org." in page.text
    assert booked(app, own.reference)["email"] == "amira@example.org"
    assert recipients(app) == [
        ("booking_confirmed", "amira@example.org"),
        ("address_confirm", NEW),
        ("address_notice", "amira@example.org"),
    ]
    own.amira.submit(own.page(), "Spara antalet", adults="1")
    assert recipients(app)[-1] == ("booking_changed", "amira@example.org")


def test_the_question_tells_a_stranger_nothing_of_the_booking(app: Flask, own: Booked) -> None:
    own.ask()
    with app.app_context():
        message = letters.written(letters.newest(MailKind.ADDRESS_CONFIRM))
    told = str(message["To"]) + letters.text_of(message) + letters.html_of(message)
    stranger = Resident(app, "Stranger")
    page = stranger.open(own.link())

    assert not [word for word in ("Amira", "Lindqvist", "Tour", "amira@example.org") if word in told]
    assert not [word for word in ("Amira", "Lindqvist", "Tour", "amira@example.org") if word in page.text]
    assert NEW in page.text
    stranger.open(f"/sv/bookings/{own.reference}", status=404)


def test_opening_the_link_changes_nothing_and_the_button_does(app: Flask, own: Booked) -> None:
    own.ask()
    link = own.link()
    answer = app.test_client().get(link)
    assert (answer.status_code, answer.location) == (303, f"/sv/bookings/{own.reference}/address")
    for _scanner in range(3):
        app.test_client().get(link, follow_redirects=True)
        app.test_client().head(link, follow_redirects=True)
    assert booked(app, own.reference)["email"] == "amira@example.org"
    page = own.confirm(Resident(app, "Phone"))

    assert "Från och med nu skriver vi till din nya adress." in page.source
    assert (booked(app, own.reference)["email"], booked(app, own.reference)["email_key"]) == (NEW, NEW)
    assert recipients(app)[-1] == ("address_changed", NEW)


def test_links_in_the_old_mailbox_open_the_booking_no_more_and_the_new_one_does(app: Flask, own: Booked) -> None:
    own.ask()
    old, notice = own.link(MailKind.BOOKING_CONFIRMED), own.link(MailKind.ADDRESS_NOTICE)
    reader = Resident(app, "Phone")
    own.confirm(reader)

    for link in (old, notice):
        Resident(app, "Old").open(link, status=404)
    own.amira.open(f"/sv/bookings/{own.reference}", status=404)  # the browser that only asked
    reader.open(f"/sv/bookings/{own.reference}")
    Resident(app, "New").open(own.link(MailKind.ADDRESS_CHANGED))


def test_mails_about_the_booking_that_wait_go_to_the_new_address_and_those_about_others_do_not(
    app: Flask, own: Booked
) -> None:
    own.amira.submit(own.amira.open("/sv/my"), "Skicka mina bokningar", email="amira@example.org")
    own.ask()
    own.confirm()

    assert dict(recipients(app)) == {
        "booking_confirmed": NEW,
        "my_bookings": "amira@example.org",
        "address_confirm": NEW,
        "address_notice": "amira@example.org",
        "address_changed": NEW,
    }
    with app.app_context():
        with pytest.raises(NoLongerTrueError):
            letters.written(letters.newest(MailKind.MY_BOOKINGS))
        told = letters.text_of(letters.written(letters.newest(MailKind.ADDRESS_NOTICE)))
        assert "Den nya adressen är redan bekräftad." in told
        assert own.reference not in told


def test_a_mail_that_a_worker_took_before_is_not_written_to_the_old_mailbox_afterwards(app: Flask, own: Booked) -> None:
    own.ask()
    own.confirm()
    with app.app_context():
        row = letters.newest(MailKind.BOOKING_CONFIRMED)
        row.recipient = "amira@example.org"
        with pytest.raises(NoLongerTrueError):
            letters.written(row)


def test_the_link_is_good_for_a_day_and_says_afterwards_that_it_is_over(
    app: Flask, own: Booked, app_clock: AppClock
) -> None:
    own.ask()
    link = own.link()
    late = own.amira.open(link)
    app_clock.advance(hours=24)

    assert own.amira.submit(late, YES, status=410).heading == "Länken gäller inte längre"
    Resident(app, "Late").open(link, status=410)
    with app.app_context():
        assert privacy.purge()[Until.ADDRESS_UNCONFIRMED] == 1
        assert db.session.scalars(select(AddressChange)).one().email is None
    Resident(app, "Later").open(link, status=410)
    assert booked(app, own.reference)["email"] == "amira@example.org"
    assert "Bekräfta din nya e-postadress" not in own.page().text


def test_a_link_that_was_used_is_over(app: Flask, own: Booked) -> None:
    own.ask()
    link = own.link()
    own.amira.submit(own.amira.open(link), YES)

    own.amira.open(link, status=410)
    Resident(app, "Again").open(link, status=410)
    assert mails(app, "address_changed") == 1


# P01
def test_both_clicks_of_two_lead_to_the_booking_and_the_change_is_made_once(app: Flask, own: Booked) -> None:
    page, cookie = own.opened()
    reader = Resident(app, "Phone")
    reader.client.set_cookie(*cookie)
    reader.submit(page, YES)
    reader.client.set_cookie(*cookie)  # the answer to the first click never came
    second = reader.submit(page, YES)

    assert second.path == f"/sv/bookings/{own.reference}"
    assert "Från och med nu skriver vi till din nya adress." in second.source
    assert mails(app, "address_changed") == 1


@pytest.mark.race
def test_clicks_at_once_all_lead_to_the_booking(app: Flask, own: Booked) -> None:
    page, cookie = own.opened()

    def click() -> str | None:
        browser = app.test_client()
        browser.set_cookie(*cookie)
        return browser.post(f"{page.path}/confirm", data=page.fields(YES)).location

    assert at_once(*[click] * 4) == [f"/sv/bookings/{own.reference}"] * 4
    assert mails(app, "address_changed") == 1


def test_a_page_left_open_opens_the_booking_no_longer_than_its_link_was_good(
    app: Flask, own: Booked, app_clock: AppClock
) -> None:
    own.ask()
    left_open = Resident(app, "Library")
    page = left_open.open(own.link())
    own.confirm(Resident(app, "Phone"))
    app_clock.advance(hours=24)

    left_open.submit(page, YES, status=410)
    left_open.open(f"/sv/bookings/{own.reference}", status=404)


def test_a_change_that_was_confirmed_is_not_said_to_be_stopped(app: Flask, own: Booked) -> None:
    own.ask()
    page = own.page()
    own.confirm()
    refused = own.amira.submit(page, "Stoppa ändringen", status=410)

    assert "Länken är redan använd, eller så har tiden gått ut." in refused.text
    assert "Vi fortsätter att skriva till den adress du hade." not in refused.source


def test_whoever_reads_the_old_address_can_stop_the_change(app: Flask, own: Booked) -> None:
    own.ask()
    link = own.link()
    owner = Resident(app, "Owner")
    page = owner.submit(owner.open(own.link(MailKind.ADDRESS_NOTICE)), "Stoppa ändringen")

    assert "Vi fortsätter att skriva till den adress du hade." in page.text
    assert "Bekräfta din nya e-postadress" not in page.text
    Resident(app, "Thief").open(link, status=410)
    with app.app_context(), pytest.raises(NoLongerTrueError):
        letters.written(letters.newest(MailKind.ADDRESS_CONFIRM))


def test_a_later_wish_makes_the_earlier_link_worthless(app: Flask, own: Booked) -> None:
    own.ask("wrong@new.example")
    wrong = own.link()
    opened = own.amira.open(wrong)
    own.ask()

    own.amira.submit(opened, YES, status=404)
    Resident(app, "Stranger").open(wrong, status=404)
    own.confirm()
    assert booked(app, own.reference)["email"] == NEW


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("", "Skriv din e-postadress."),
        ("amira", "Adressen saknar @. Skriv till exempel amira@exempel.se"),
        (" AMIRA@Example.org ", "Vi skriver redan till den här adressen. Skriv den nya."),
        ("a@b.se\r\nBcc: x@y.se", "Skriv det på en rad."),
    ],
)
def test_an_address_that_cannot_be_is_an_error_of_its_field(app: Flask, own: Booked, typed: str, said: str) -> None:
    page = own.ask(typed, status=422)

    assert page.texts(".ds-error-summary li") == [said]
    assert page.one(".ds-error-summary a").get("href") == "#new_email"
    assert page.one("#new_email").get("aria-invalid") == "true"
    assert (mails(app), mails(app, "address_confirm")) == (1, 0)


def test_a_booking_cannot_be_used_to_write_to_many_strangers(own: Booked, app: Flask, app_clock: AppClock) -> None:
    for number in range(5):
        app_clock.advance(minutes=10)
        own.ask(f"stranger.{number}@new.example")
    page = own.ask("stranger.5@new.example", status=429)

    assert "Det har varit väldigt många försök" in page.text
    assert page.fields(SEND)["new_email"] == "stranger.5@new.example"
    assert mails(app, "address_confirm") == 5
    assert page.headers["Retry-After"] == str(20 * 60)
    app_clock.advance(minutes=20)
    own.ask("stranger.5@new.example")
    assert mails(app, "address_confirm") == 6


def test_an_address_asked_for_again_right_away_gets_one_mail_and_its_link_stays_good(
    own: Booked, app: Flask, app_clock: AppClock
) -> None:
    own.ask()
    link = own.link()
    page = own.ask()

    assert "Öppna nu mejlet som vi har skickat till den nya adressen." in page.source
    assert (mails(app, "address_confirm"), mails(app, "address_notice")) == (1, 1)
    Resident(app, "Phone").open(link)
    app_clock.advance(minutes=5)
    own.ask(NEW.upper())
    assert mails(app, "address_confirm") == 2


def test_many_bookings_cannot_be_used_to_write_to_one_stranger(app: Flask) -> None:
    slot = make_slot(app, capacity=9)
    codes = []
    for number in range(6):
        resident = Resident(app, f"Amira{number}")
        page = resident.open(resident.book(slot).location)
        codes.append(resident.post(page, SEND, new_email="stranger@new.example").status_code)

    assert codes == [*[303] * 5, 429]


def test_one_person_has_no_more_places_under_another_address(app: Flask) -> None:
    slot = make_slot(app, capacity=9, max_places_per_person=3)
    boris = Resident(app, "Boris")
    boris.book(slot, adults="2")
    amira = Resident(app)
    own = Booked(app, amira, amira.book(slot, adults="2").headers[REFERENCE])
    page = own.ask("boris@example.org")
    assert "Vi har skickat en länk till boris@example.org." in page.text
    refused = own.confirm(boris, status=409)

    assert "En person kan ha sammanlagt 3 platser" in refused.text
    assert booked(app, own.reference)["email"] == "amira@example.org"
    amira.submit(own.page(), "Spara antalet", adults="1")
    own.confirm(boris)
    assert booked(app, own.reference)["email"] == "boris@example.org"


@pytest.mark.race
def test_booking_and_confirming_at_once_do_not_exceed_the_limit_of_the_person(app: Flask) -> None:
    slot = make_slot(app, capacity=9, max_places_per_person=2)
    amira = Resident(app)
    own = Booked(app, amira, amira.book(slot, adults="2").headers[REFERENCE])
    own.ask("boris@example.org")
    boris = Resident(app, "Boris")
    form, page = boris.form_of(slot), boris.open(own.link())
    at_once(
        lambda: boris.send(form, adults="2"), lambda: boris.client.post(f"{page.path}/confirm", data=page.fields(YES))
    )

    with app.app_context():
        places = [own["size"] for own in data_export.export("boris@example.org")["bookings"]]
    assert sum(places) == 2


def test_an_entry_in_a_draw_keeps_its_address_until_the_lots_are_drawn(app: Flask) -> None:
    with app.app_context():
        draw = lots.make_draw([3])
    amira = Resident(app)
    reference = amira.book(draw.slots[0]).headers[REFERENCE]
    with app.app_context():
        link = letters.link_in(letters.written(letters.newest_about(scenes.booking(reference))))
    page = amira.open(link.removeprefix("http://localhost"))
    assert not page.all("#new-address")
    token = amira.open("/sv/my").fields("Skicka mina")["csrf_token"]
    answer = amira.client.post(f"/sv/bookings/{reference}/address", data={"csrf_token": token, "new_email": NEW})

    assert answer.status_code == 409
    assert mails(app, "address_confirm") == 0


def test_a_booking_that_was_given_up_has_no_address_to_change(app: Flask, own: Booked) -> None:
    own.ask()
    confirming, page = own.amira.open(own.link()), own.page()
    own.amira.submit(page, "Ja, avboka")

    own.amira.submit(confirming, YES, status=409)
    own.amira.submit(page, SEND, status=409, new_email="other@new.example")
    assert booked(app, own.reference)["email"] == "amira@example.org"


@pytest.mark.parametrize(
    ("language", "said"),
    [("sv", ["Bokningen är avbokad", "E-postadressen ändras därför inte"]), ("en", ["The booking is cancelled"])],
)
def test_the_link_of_a_booking_that_was_given_up_asks_nothing_and_says_so(
    app: Flask, own: Booked, language: str, said: list[str]
) -> None:
    own.ask()
    link = own.link().replace("/sv/", f"/{language}/", 1)
    open_before = own.amira.open(link)
    own.amira.submit(own.page(), "Ja, avboka")

    told = Resident(app, "Phone").open(link, status=410)
    sent = own.amira.submit(open_before, status=409)
    for page in (told, sent):
        assert not page.all("main form")
        assert NEW not in page.text
        assert [words for words in said if words in page.text] == said
    assert (booked(app, own.reference)["email"], mails(app, "address_changed")) == ("amira@example.org", 0)


def test_a_mail_that_asks_is_not_sent_for_a_booking_that_was_given_up(app: Flask, own: Booked) -> None:
    own.ask()
    own.amira.submit(own.page(), "Ja, avboka")
    with app.app_context(), pytest.raises(NoLongerTrueError):
        letters.written(letters.newest(MailKind.ADDRESS_CONFIRM))


def test_nobody_else_can_ask_stop_or_confirm(app: Flask, own: Booked) -> None:
    own.ask()
    stranger = Resident(app, "Stranger")
    token = stranger.open("/sv/my").fields("Skicka mina")["csrf_token"]
    for act in ("address", "address/stop", "address/confirm"):
        answer = stranger.client.post(
            f"/sv/bookings/{own.reference}/{act}", data={"csrf_token": token, "new_email": "thief@new.example"}
        )
        assert answer.status_code == 404
    for key in ("", "x", "x" * 24, own.link(MailKind.BOOKING_CONFIRMED).partition("key=")[2]):
        stranger.open(f"/sv/bookings/{own.reference}/address?key={key}", status=404)
    stranger.open(f"/sv/bookings/{own.reference}/address", status=404)
    assert mails(app, "address_confirm") == 1


def test_links_to_my_bookings_go_to_the_address_that_stands(app: Flask, own: Booked) -> None:
    own.ask()
    own.confirm()
    with app.app_context():
        my_bookings.promise_links("amira@example.org", language="sv")
        assert scenes.mails("my_bookings") == 0
        my_bookings.promise_links(NEW, language="sv")
        assert letters.newest(MailKind.MY_BOOKINGS).recipient == NEW


def test_the_receipt_and_the_export_tell_the_new_address_as_long_as_it_waits(app: Flask, own: Booked) -> None:
    own.ask()
    page = own.amira.open(f"/sv/bookings/{own.reference}/receipt")
    assert "Ny e-post, tills du bekräftar den" in page.text
    assert NEW in page.text
    with app.app_context():
        [told] = data_export.export("amira@example.org")["bookings"]
        assert told["new_address"]["email"] == NEW
    own.amira.submit(own.page(), "Stoppa ändringen")

    with app.test_request_context("/sv/"):
        assert not [one for one in receipts.kept(scenes.booking(own.reference)) if NEW in one.value]
        assert data_export.export("amira@example.org")["bookings"][0]["new_address"] is None


def test_erasing_a_person_takes_the_wish_with_it_on_both_sides(app: Flask, own: Booked) -> None:
    own.ask()
    with app.app_context():
        privacy.erase(NEW)
        assert db.session.scalars(select(AddressChange.email)).one() is None
        assert scenes.mails("address_confirm") == 0
    own.ask("other@new.example")
    with app.app_context():
        privacy.erase("amira@example.org")
        assert db.session.scalars(select(AddressChange)).all() == []


def test_who_booked_by_phone_can_get_an_address(app: Flask, own: Booked) -> None:
    with app.app_context():
        attendee = scenes.booking(own.reference).attendee
        assert attendee is not None
        attendee.email = attendee.email_key = ""
        db.session.commit()
    own.ask()
    own.confirm()

    assert booked(app, own.reference)["email"] == NEW
    assert mails(app, "address_notice") == 0


def test_pages_and_mails_speak_english_too(app: Flask) -> None:
    boris = Resident(app, "Boris", "en")
    page = boris.open(boris.book(make_slot(app), language="en").location)
    page = boris.submit(page, "Send a link", new_email=NEW)
    assert f"We have sent a link to {NEW}. Open it by 3 May at 09:05." in page.text
    own = Booked(app, boris, page.path.rsplit("/", 1)[1])
    page = boris.submit(boris.open(own.link()), "Yes, write to this address")

    assert "From now on we write to your new address." in page.source
    with app.app_context():
        assert "We write to you here now" in letters.text_of(letters.written(letters.newest()))


def both_at_once(app: Flask, **fields: str) -> tuple[Booked, Resident]:
    """Amira's booking, and Boris, who has places at that time; clashes bind."""
    with app.app_context():
        first = scenes.make_slot(capacity=9, clashes=ClashRule.OVERLAP)
    amira, boris = Resident(app), Resident(app, "Boris")
    boris.book(first)
    return Booked(app, amira, amira.book(first, **fields).headers[REFERENCE]), boris


@pytest.mark.parametrize(
    ("language", "said"),
    [
        (
            "sv",
            "Med den här adressen finns redan platser: Tour på svenska 10.30. De går inte ihop med den här",
        ),
        ("en", "With this address there are places already: Tour in English 10:30. They cannot be kept beside this"),
    ],
)
def test_where_clashes_bind_another_address_is_no_way_around_them(app: Flask, language: str, said: str) -> None:
    own, boris = both_at_once(app)
    asked = own.ask("boris@example.org")
    page = boris.open(own.link().replace("/sv/", f"/{language}/", 1))
    refused = boris.submit(page, YES if language == "sv" else "Yes, write to this address", status=409)

    assert said in refused.text
    assert "Vi har skickat en länk till boris@example.org." in asked.text
    assert "platser:" not in asked.text
    assert booked(app, own.reference)["email"] == "amira@example.org"


def test_where_clashes_bind_those_named_on_a_booking_for_others_count_as_well(app: Flask) -> None:
    own, boris = both_at_once(app, adults="2", for_others="1")
    own.amira.submit(own.page(), "Spara namnen", name_1="boris  lindqvist")
    own.ask("boris@example.org")
    refused = own.confirm(boris, status=409)

    assert "Därför ändrades inte adressen." in refused.text
    own.amira.submit(own.page(), "Spara namnen", name_1="Sami")
    own.confirm(boris)
    assert booked(app, own.reference)["email"] == "boris@example.org"


def test_a_booking_that_waits_to_be_confirmed_is_confirmed_at_its_own_address_first(app: Flask, own: Booked) -> None:
    page = own.page()
    with app.app_context(), transaction() as session:
        half_an_hour = clock.now() + timedelta(minutes=30)
        values = {"status": BookingStatus.OFFERED, "offer_until": half_an_hour, "confirm_by": half_an_hour}
        session.execute(update(Booking).values(**values))
    own.amira.submit(page, SEND, status=409, new_email=NEW)

    assert not own.page().all("#new-address")
    assert mails(app, "address_confirm") == 0


def test_the_form_says_that_other_bookings_keep_their_address(own: Booked) -> None:
    swedish = own.page().one("#new-address").text_content()
    english = own.amira.open(f"/en/bookings/{own.reference}").one("#new-address").text_content()
    assert "alla mejl om den här bokningen" in swedish
    assert "Har du andra bokningar behåller de sin adress." in swedish
    assert "If you have other bookings, they keep their address." in english


def test_a_link_that_was_replaced_is_answered_like_one_that_never_was_and_names_the_latest_mail(own: Booked) -> None:
    old = own.link(MailKind.BOOKING_CONFIRMED)
    own.ask()
    own.confirm()
    stranger = Resident(own.app, "Stranger")
    pages = [
        stranger.open(old, status=404),
        stranger.open(f"/sv/bookings/{own.reference}", status=404),
        stranger.open("/sv/bookings/2222-2222", status=404),
    ]
    assert len({page.one("main").text_content() for page in pages}) == 1
    assert "med länken i vårt senaste mejl om den. En tidigare länk kan ha slutat gälla." in pages[0].text
    assert "an earlier link may no longer work" in stranger.open(old.replace("/sv/", "/en/", 1), status=404).text


def test_the_form_that_made_it_opens_it_no_more_once_it_is_written_elsewhere(app: Flask) -> None:
    """It may be somebody else's now, and the form's key lies in the history of the browser it was made in."""
    amira, slot = Resident(app), make_slot(app, capacity=9)
    form = amira.form_of(slot)
    reference = amira.send(form, adults="2").headers[REFERENCE]
    assert amira.send(form, adults="2").headers[REFERENCE] == reference
    own = Booked(app, amira, reference)
    own.ask()
    own.confirm(Resident(app, "Phone"))

    for email in (NEW, "amira@example.org"):
        again = amira.send(form, adults="2", email=email)
        assert (again.status_code, again.headers.get(REFERENCE)) == (409, None)

    amira.open(f"/sv/bookings/{reference}", status=404)
    assert mails(app) == 4
