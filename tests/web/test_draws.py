"""A draw's pages: entering, changing, the page of the draw, and what a stranger learns nowhere."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
from flask import Flask

from iclei_events import clock
from iclei_events.db import transaction
from iclei_events.models import Activity, Draw
from iclei_events.services import draw_file, draws
from tests import draws as lots
from tests import letters, residents, scenes
from tests.clients import Visitor
from tests.draws import CLOSES_AT, DRAWN_AT, VALUE
from tests.proofs import solved, switch, task_of
from tests.residents import OUTCOME, REFERENCE, Resident
from tests.times import AppClock


@pytest.fixture
def draw(app: Flask) -> Draw:
    """A draw over two slots with three places each, open at the demo's time."""
    with app.app_context():
        return lots.make_draw([3, 3])


def address(draw: Draw, language: str = "sv") -> str:
    return f"/{language}/{draw.slots[0].activity.event.slug}/draws/{draw.slug}"


def link_to(app: Flask, reference: str) -> str:
    """The secret link of a booking, as its latest mail has it."""
    with app.app_context():
        booking = scenes.booking(reference)
        mail = letters.newest_about(booking)
        return letters.link_in(letters.written(mail))


def drawn(app: Flask, draw: Draw) -> None:
    with app.app_context():
        lots.run(draw)


@pytest.mark.parametrize("language", ["sv", "en"])
def test_the_form_of_a_drawn_slot_asks_for_wishes_and_answers_entered(app: Flask, draw: Draw, language: str) -> None:
    amira = Resident(app, language=language)
    form = amira.form_of(draw.slots[1])
    assert form.fields()["wish_1"] == draw.slots[1].slug
    answer = amira.send(form, adults="2", wish_2=draw.slots[0].slug)
    assert (answer.status_code, answer.headers[OUTCOME]) == (303, "entered")
    with app.app_context():
        entry = lots.entry(answer.headers[REFERENCE])
        assert [wish.slot_id for wish in entry.wishes] == [draw.slots[1].id, draw.slots[0].id]
    assert amira.open(answer.headers["Location"]).heading == {
        "sv": "Vi har fått din anmälan", "en": "Your entry is received",
    }[language]  # fmt: skip


def test_the_plain_fields_of_a_booking_are_enough_to_enter(app: Flask, draw: Draw) -> None:
    amira = Resident(app)
    form = amira.form_of(draw.slots[0])
    answer = amira.post(form, leave_out=["wish_1", "wish_2", "wait"], **amira.details)
    assert answer.headers[OUTCOME] == "entered"
    assert residents.booked(app, answer.headers[REFERENCE])["status"] == "entered"


def test_a_known_address_is_answered_like_an_unknown_one_and_opens_nothing(app: Flask, draw: Draw) -> None:
    first = Resident(app).book(draw.slots[0])
    stranger = Resident(app)
    again, other = stranger.book(draw.slots[0]), Resident(app, "Boris").book(draw.slots[0])
    assert again.headers[REFERENCE] == first.headers[REFERENCE]

    def told(response: object) -> tuple[object, ...]:
        headers = getattr(response, "headers")  # noqa: B009  any answer
        return headers["Location"], headers[OUTCOME], set(headers.keys())

    assert told(again) == told(other)
    stranger.open(f"/sv/bookings/{again.headers[REFERENCE]}", status=404)
    assert (residents.count_bookings(app), residents.mails(app, "draw_entered")) == (2, 3)


@pytest.mark.parametrize(("show", "kept"), [("time", "en"), ("form", "sv")])
def test_another_time_keeps_the_language_of_mails_and_another_language_of_the_page_does_not(
    app: Flask, draw: Draw, show: str, kept: str
) -> None:
    amira = Resident(app)
    page = amira.submit(amira.form_of(draw.slots[0]), language="en", show=show)
    assert page.fields()["language"] == kept


def guarded(app: Flask, draw: Draw) -> Draw:
    """The same draw; whoever enters is asked for a proof."""
    app.extensions.pop("proofs", None)  # what other tests have sent to this process
    switch(app, draw.slots[0], draw.opens_at)
    return draw


def test_unless_staff_switch_it_on_the_form_of_a_draw_asks_for_no_proof(app: Flask, draw: Draw) -> None:
    assert Resident(app).form_of(draw.slots[0]).all("[data-challenge], script") == []


def test_with_its_proof_an_entry_counts_at_once_and_nobody_stands_in_line(app: Flask, draw: Draw) -> None:
    amira = Resident(app, language="en")
    form = amira.form_of(guarded(app, draw).slots[0])
    assert [script.get("type") for script in form.all("script")] == ["module"]
    assert form.texts("[data-challenge] [role=status]") == [
        (
            "There may be bots among those who enter. "
            "So your entry counts once you have confirmed it with the link in our mail."
        )
    ]
    answer = amira.send(form, proof=solved(form))
    assert (answer.status_code, answer.headers[OUTCOME]) == (303, "entered")
    assert (residents.mails(app, "draw_entered"), residents.mails(app, "booking_to_confirm")) == (1, 0)
    assert counted(app, draw) == (1, 0)
    assert "confirm" not in amira.open(answer.location).text


def test_each_form_of_a_draw_has_a_task_of_its_own_though_they_are_kept(app: Flask, draw: Draw) -> None:
    guarded(app, draw)
    tasks = [task_of(Resident(app).form_of(draw.slots[0])) for _ in range(3)]
    assert len(set(tasks)) == 3


@pytest.mark.parametrize(
    ("language", "told", "heading", "button", "done"),
    [
        ("sv", "Öppna vårt mejl nu och bekräfta", "Bekräfta din anmälan", "Bekräfta anmälan", "Med i lottningen"),
        ("en", "Open our mail now, and confirm", "Confirm your entry", "Confirm the entry", "You are in the draw"),
    ],
)
def test_without_proof_an_entry_counts_once_it_is_confirmed_by_way_of_the_mail(
    app: Flask, draw: Draw, language: str, told: str, heading: str, button: str, done: str
) -> None:
    amira = Resident(app, language=language)
    answer = amira.book(guarded(app, draw).slots[0], language=language)
    reference = answer.headers[REFERENCE]
    assert (answer.status_code, answer.headers[OUTCOME]) == (303, "entered")
    assert told in amira.open(answer.location).text
    assert counted(app, draw) == (0, 1)
    amira.open(f"/{language}/bookings/{reference}", status=404)

    page = amira.open(link_to(app, reference))
    assert page.heading == heading
    tours = f"/{language}/{draw.slots[0].activity.event.slug}/tours"
    assert done not in amira.open(tours).text
    assert {"sv": "Ska bekräftas senast 4 maj", "en": "To be confirmed by 4 May"}[language] in amira.open(
        f"/{language}/my"
    ).text
    assert amira.submit(page, button).heading == done
    assert done in amira.open(tours).text
    assert (counted(app, draw), residents.mails(app, "draw_entered")) == ((1, 0), 1)


def test_without_proof_a_known_address_is_answered_like_an_unknown_one(app: Flask, draw: Draw) -> None:
    Resident(app).book(draw.slots[0])
    guarded(app, draw)
    known, unknown = Resident(app).book(draw.slots[0]), Resident(app, "Boris").book(draw.slots[0])
    assert (known.status_code, known.location, known.headers[OUTCOME]) == (
        unknown.status_code, unknown.location, unknown.headers[OUTCOME],
    )  # fmt: skip
    assert Resident(app).open(known.location).text == Resident(app).open(unknown.location).text


@pytest.mark.parametrize(("language", "again"), [("sv", "Anmäl dig utan kontroll"), ("en", "Enter without the check")])
def test_a_worthless_proof_brings_the_form_back_with_a_way_without(
    app: Flask, draw: Draw, language: str, again: str
) -> None:
    amira = Resident(app, language=language)
    form = amira.form_of(guarded(app, draw).slots[0])
    page = amira.refused(amira.send(form, proof="no proof", wish_2=draw.slots[1].slug), 422)
    assert page.fields(again)["wish_2"] == draw.slots[1].slug
    assert task_of(page) != task_of(form)
    assert residents.count_bookings(app) == 0
    assert amira.post(page, again).headers[OUTCOME] == "entered"
    assert counted(app, draw) == (0, 1)


def test_who_did_not_confirm_in_time_is_told_so(app: Flask, draw: Draw, app_clock: AppClock) -> None:
    amira = Resident(app)
    reference = amira.book(guarded(app, draw).slots[0]).headers[REFERENCE]
    page = amira.open(link_to(app, reference))
    app_clock.stand_at(CLOSES_AT)
    late = amira.submit(page, "Bekräfta anmälan", status=409)
    assert late.heading == "Anmälan bekräftades inte i tid"
    assert "Därför är den inte med i lottningen." in late.text
    assert "Bekräftades inte i tid" in amira.open("/sv/my").text


def counted(app: Flask, draw: Draw) -> tuple[int, int]:
    """How many entries count, and how many wait to be confirmed."""
    with app.app_context():
        return draws.count_entries(draw), draws.count_unconfirmed(draw)


def test_a_form_that_is_sent_again_is_answered_as_a_duplicate_with_its_reference(app: Flask, draw: Draw) -> None:
    amira = Resident(app)
    form = amira.form_of(draw.slots[0])
    first, again = amira.send(form), amira.send(form)
    assert (again.status_code, again.headers[OUTCOME]) == (303, "duplicate")
    assert again.headers[REFERENCE] == first.headers[REFERENCE]
    assert again.location == first.location
    drawn(app, draw)
    late = amira.send(form)
    assert (late.status_code, late.headers[OUTCOME]) == (303, "duplicate")
    assert late.headers[REFERENCE] == first.headers[REFERENCE]
    assert residents.count_bookings(app) == 1


def test_mistakes_keep_what_was_typed(app: Flask, draw: Draw) -> None:
    amira = Resident(app, language="en")
    page = amira.refused(amira.book(draw.slots[0], email="nowhere", wish_2=draw.slots[1].slug), 422)
    assert (page.fields()["email"], page.fields()["wish_2"]) == ("nowhere", draw.slots[1].slug)
    wrong = amira.refused(amira.book(draw.slots[0], wish_2="no-such-slot"), 422)
    assert "Choose one of the times." in wrong.text


@pytest.mark.parametrize(
    ("language", "told"),
    [
        ("sv", "Den tiden har du redan valt. Välj en annan, eller inga fler önskemål."),
        ("en", "You have chosen this time already. Choose another, or no more wishes."),
    ],
)
def test_a_time_that_is_wished_for_twice_is_an_error_of_the_later_wish(
    app: Flask, draw: Draw, language: str, told: str
) -> None:
    amira = Resident(app, language=language)
    twice = draw.slots[0].slug
    page = amira.refused(amira.book(draw.slots[0], wish_2=twice), 422)
    assert page.texts(".ds-error-summary li") == [told]
    assert [field.get("name") for field in page.all("select[aria-invalid=true]")] == ["wish_2"]
    assert (page.fields()["wish_2"], residents.count_bookings(app)) == (twice, 0)
    reference = amira.book(draw.slots[0], wish_2=draw.slots[1].slug, language=language).headers[REFERENCE]
    amira.open(link_to(app, reference))
    change = amira.open(f"/{language}/bookings/{reference}/entry")
    button = {"sv": "Spara anmälan", "en": "Save the entry"}[language]
    refused = amira.submit(change, button, status=422, wish_2=twice)
    assert refused.texts(".ds-error-summary li") == [told]
    with app.app_context():
        assert [wish.slot_id for wish in lots.entry(reference).wishes] == [slot.id for slot in draw.slots]


def test_a_draw_that_is_not_open_takes_no_entry_and_says_when(app: Flask, draw: Draw, app_clock: AppClock) -> None:
    amira = Resident(app, language="en")
    form = amira.form_of(draw.slots[0])
    app_clock.stand_at(lots.OPENS_AT - timedelta(hours=1))
    assert "You can enter the draw from 2 May at 09:00" in amira.form_of(draw.slots[0]).text
    app_clock.stand_at(CLOSES_AT)
    late = amira.send(form)
    assert (late.status_code, late.headers[OUTCOME]) == (409, "closed")
    assert "Entries to the draw have closed" in amira.form_of(draw.slots[0]).text


def test_the_link_in_the_mail_opens_the_entry_to_change_and_withdraw_it(app: Flask, draw: Draw) -> None:
    amira = Resident(app, language="en")
    reference = amira.book(draw.slots[0], language="en").headers[REFERENCE]
    page = amira.open(link_to(app, reference))
    assert page.heading == "You are in the draw"
    form = amira.open(page.link("Change the entry"))
    assert (form.fields()["wish_1"], form.fields()["adults"]) == (draw.slots[0].slug, "1")
    amira.submit(form, "Save the entry", adults="2", wish_1=draw.slots[1].slug)
    booked = residents.booked(app, reference)
    assert (booked["adults"], booked["status"]) == (2, "entered")
    refused = amira.submit(form, "Save the entry", status=422, adults="70")
    assert refused.fields()["adults"] == "70"
    gone = amira.submit(amira.open(f"/en/bookings/{reference}"), "Yes, withdraw")
    assert residents.booked(app, reference)["status"] == "cancelled"
    assert gone.status == 200


@pytest.mark.parametrize("language", ["sv", "en"])
def test_the_page_of_a_draw_tells_its_story_from_opening_to_result(
    app: Flask, draw: Draw, visitor: Visitor, app_clock: AppClock, language: str
) -> None:
    page = address(draw, language)
    assert draw.secret_hash in visitor.open(page).text
    assert visitor.client.get(f"{page}/entries.json").status_code == 404
    Resident(app).book(draw.slots[0])
    app_clock.stand_at(CLOSES_AT)
    with app.app_context():
        draws.tend()
        closed = lots.draw_now(draw)
    after_closing = visitor.open(page)
    assert (closed.entry_list_hash or "") in after_closing.text
    assert (draw.secret in after_closing.source, visitor.client.get(f"{page}/draw.json").status_code) == (False, 404)
    assert visitor.client.get(f"{page}/entries.json").get_data(as_text=True) == closed.entry_list
    app_clock.stand_at(DRAWN_AT)
    drawn(app, draw)
    result = visitor.open(page)
    assert [draw.secret in result.text, VALUE in result.text] == [True, True]
    assert len(result.all("tbody tr")) == 1


def test_the_published_file_holds_no_personal_data_and_passes_the_check(
    app: Flask, draw: Draw, visitor: Visitor
) -> None:
    answers = [Resident(app, name).book(draw.slots[0]) for name in ("Amira", "Boris", "Cleo")]
    drawn(app, draw)
    text = visitor.client.get(f"{address(draw)}/draw.json").get_data(as_text=True)
    assert draw_file.faults(json.loads(text)) == []
    hidden = ["Amira", "amira", "Lindqvist", "example.org", *(answer.headers[REFERENCE] for answer in answers)]
    assert [word for word in hidden if word in text] == []


def test_who_came_by_the_link_finds_the_own_line_and_why(app: Flask, draw: Draw, visitor: Visitor) -> None:
    amira = Resident(app, language="en")
    reference = amira.book(draw.slots[0], language="en", adults="3").headers[REFERENCE]
    drawn(app, draw)
    own = amira.open(link_to(app, reference))
    assert "You were number 1 in the drawn order." in own.text
    with app.app_context():
        code = lots.entry(reference).pseudonym
    page = amira.open(own.link("Check the draw"))
    assert len(page.all("tr.is-own")) == 1
    assert code in page.one("tr.is-own").text_content()
    assert visitor.open(address(draw, "en")).all("tr.is-own") == []


def test_long_results_come_in_pages(app: Flask, visitor: Visitor) -> None:
    with app.app_context():
        draw = lots.make_draw([3])
        for number in range(101):
            lots.enter(draw, f"P{number}")
    drawn(app, draw)
    assert len(visitor.open(address(draw)).all("tbody tr")) == 100
    assert len(visitor.open(f"{address(draw)}?page=2").all("tbody tr")) == 1
    odd = [visitor.open(f"{address(draw)}?page={number}") for number in ("0", "9", "x", "²")]
    assert [len(page.all("tbody tr")) for page in odd] == [100] * 4


def test_a_draw_of_another_event_is_not_found_here(app: Flask, draw: Draw, visitor: Visitor) -> None:
    with app.app_context():
        other = scenes.slot_now(scenes.make_slot()).activity.event.slug
    visitor.open(f"/sv/{other}/draws/{draw.slug}", status=404)
    visitor.open("/sv/nowhere/draws/none", status=404)
    assert clock.now() < CLOSES_AT


@pytest.mark.parametrize(
    ("language", "told", "my_places"),
    [
        ("sv", "Med bokningarna som du har öppnat här kan du få högst en plats till.", "Mina platser"),
        ("en", "With the bookings you have opened here, you can have at most one more place.", "My places"),
    ],
)
def test_an_entry_beyond_the_limit_of_a_person_is_led_to_what_they_have(
    app: Flask, language: str, told: str, my_places: str
) -> None:
    with app.app_context():
        draw = lots.make_draw([3, 3], max_places_per_person=4)
        event_id = draw.slots[0].activity.event_id
        other = scenes.make_slot()
        with transaction() as session:
            moved = session.get_one(Activity, other.activity_id)
            moved.event_id, moved.slug = event_id, "other"
    amira = Resident(app, language=language)
    assert amira.book(other, adults="3").headers[OUTCOME] == "confirmed"
    page = amira.refused(amira.book(draw.slots[0], adults="2"), 409)
    notice = page.one("[role=alert]")
    assert told in notice.text_content()
    assert [link.text_content() for link in notice.cssselect("a")] == [my_places]
    stranger = Resident(app, "Boris", language=language)
    blank = stranger.refused(stranger.book(draw.slots[0], adults="2", email="amira@example.org"), 409)
    assert told not in blank.text
    assert [link.text_content() for link in blank.one("[role=alert]").cssselect("a")] == [my_places]
