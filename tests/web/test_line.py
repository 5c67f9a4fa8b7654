"""The pages of who waits, who is offered places, and who would rather have another time."""

from __future__ import annotations

from typing import Any

import pytest
from flask import Flask

from iclei_events.models import Slot
from iclei_events.services import chances, changes, queueing
from iclei_events.services.chances import Chance
from tests import scenes
from tests.clients import Page
from tests.residents import OUTCOME, Resident, booked, counters, mails, make_slot
from tests.times import AppClock


@pytest.fixture
def amira(app: Flask) -> Resident:
    return Resident(app)


def own_page(resident: Resident, slot: Slot, **fields: str) -> Page:
    answer = resident.book(slot, **fields)
    assert answer.status_code == 303
    return resident.open(answer.location)


def reference_of(page: Page) -> str:
    return page.path.rsplit("/", 1)[1]


def cancel(app: Flask, page: Page) -> None:
    with app.app_context():
        changes.cancel(reference_of(page))


def two_times(app: Flask, *capacities: int) -> list[Slot]:
    with app.app_context():
        return scenes.make_departures(*capacities)


def test_leaving_the_line_is_one_press_and_the_page_offers_to_join_again(app: Flask, amira: Resident) -> None:
    slot = make_slot(app, capacity=1)
    own_page(Resident(app, "Boris"), slot)
    waiting = own_page(amira, slot)
    left = amira.submit(waiting, "Lämna kön")

    assert left.heading == "Du har lämnat kön"
    assert left.link("Ställ dig i kö igen") == f"/sv/slots/{slot.slug}/book"
    assert amira.submit(waiting, "Lämna kön").heading == "Du har lämnat kön"
    assert (counters(app, slot), mails(app, "booking_cancelled")) == ((1, 0, 0), 1)


def test_opening_the_addresses_of_the_line_changes_nothing(app: Flask, amira: Resident) -> None:
    slot = make_slot(app, capacity=1)
    own_page(Resident(app, "Boris"), slot)
    waiting = own_page(amira, slot)
    for verb in ("leave", "least", "more-time", "accept-some", "wishes", "wishes/withdraw"):
        assert amira.client.get(f"{waiting.path}/{verb}").status_code in {404, 405}
        assert Resident(app, "Chen").client.post(f"{waiting.path}/{verb}").status_code in {403, 404}

    assert (amira.open(waiting.path).heading, counters(app, slot)) == ("I kö", (1, 0, 1))


def test_who_presses_leave_when_places_are_held_meanwhile_is_told_and_keeps_the_offer(
    app: Flask, amira: Resident
) -> None:
    slot = make_slot(app, capacity=1)
    first, waiting = own_page(Resident(app, "Boris"), slot), own_page(amira, slot)
    cancel(app, first)
    kept = amira.submit(waiting, "Lämna kön", status=409)

    assert kept.heading == "En plats är ledig åt dig"
    assert "Något har ändrats sedan du öppnade sidan" in kept.text


def test_who_waits_reads_the_whole_rule(app: Flask, amira: Resident) -> None:
    slot = make_slot(app, capacity=3)
    own_page(Resident(app, "Boris"), slot, adults="3")
    page = own_page(amira, slot, adults="2")

    times = "Sedan finns 24 timmar att säga ja, och 2 timmar sista dygnet. Vi håller platserna så länge. "
    passes = "Ett mindre sällskap kan gå före ett större som inte får plats, högst tre gånger. "
    assert page.texts("ol.steps > li") == [
        "När 2 platser blir lediga mejlar vi. Vi delar aldrig på sällskapet.",
        times + "Räcker det inte går det att få lika mycket tid till, en gång.",
        passes + "Sedan sparar vi platser till den som står först.",
        "Den som har platser på en annan tid och hellre vill ha den här står i samma kö.",
        "Utan svar i tid får nästa i kön erbjudandet.",
    ]


def test_who_waits_is_told_an_honest_chance_only_where_there_is_one(
    app: Flask, amira: Resident, monkeypatch: pytest.MonkeyPatch
) -> None:
    slot = make_slot(app, capacity=1)
    own_page(Resident(app, "Boris"), slot)
    page = own_page(amira, slot)
    assert "tidigare turer" not in page.text
    monkeypatch.setattr(chances, "of_number", lambda _kind, number, _now: Chance(13, 20) if number == 1 else None)

    said = "På tidigare turer fick ungefär 6 av 10 sällskap som ställde sig som nummer 1 eller senare ett erbjudande"
    assert said in amira.open(page.path).text


def test_some_of_a_party_that_waits_would_come(app: Flask, amira: Resident) -> None:
    slot = make_slot(app, capacity=5)
    boris = own_page(Resident(app, "Boris"), slot, adults="3")
    own_page(Resident(app, "Chen"), slot, adults="2")
    waiting = own_page(amira, slot, adults="2", children="3")
    wrong = amira.submit(waiting, "Spara valet", status=422, least="6")
    assert wrong.texts(".ds-error-summary li") == ["Skriv ett antal från 1 till 5, eller lämna fältet tomt."]
    said = amira.submit(waiting, "Spara valet", least="2")
    assert "När minst 2 platser blir lediga och det är er tur mejlar vi." in said.text
    cancel(app, boris)
    offered = amira.open(waiting.path)

    assert offered.heading == "3 av era 5 platser är lediga"
    assert "Vi håller 3 av era 5 platser åt er till 3 maj klockan 09.05." in offered.text
    assert "2 av er får ingen plats och står inte längre i kö." in offered.text
    assert offered.fields("Ja, ta platserna åt dem")["coming_adults"] == "2"
    refused = amira.submit(offered, "Ja, ta platserna åt dem", status=422, coming_adults="0", coming_children="3")
    assert refused.texts(".ds-error-summary li") == [
        "Barn kommer med minst en vuxen. Skriv hur många vuxna som kommer."
    ]
    many = amira.submit(offered, "Ja, ta platserna åt dem", status=422, coming_adults="2", coming_children="3")
    assert many.texts(".ds-error-summary li") == ["Bara 3 platser är kvar."]
    taken = amira.submit(offered, "Ja, ta platserna åt dem", coming_adults="1", coming_children="2")
    assert taken.heading == "Era platser"
    assert (booked(app, reference_of(taken))["adults"], booked(app, reference_of(taken))["children"]) == (1, 2)
    assert counters(app, slot) == (5, 0, 0)


def test_the_form_of_a_full_time_asks_whether_some_would_come(app: Flask, amira: Resident) -> None:
    slot = make_slot(app, capacity=2)
    assert "least" not in amira.form_of(slot).fields("Boka 10.30")
    own_page(Resident(app, "Boris"), slot, adults="2")
    form = amira.form_of(slot)
    assert form.fields("Ställ dig i kö")["least"] == ""
    wrong = amira.refused(amira.send(form, adults="2", least="3"), 422)
    assert wrong.texts(".ds-error-summary li") == ["Skriv ett antal från 1 till 2, eller lämna fältet tomt."]
    answer = amira.send(form, adults="2", least="1")

    assert answer.headers[OUTCOME] == "waiting"
    assert "När minst en plats blir ledig och det är er tur" in amira.open(answer.location).text


def test_a_party_of_whom_some_fit_at_once_is_asked_who_comes(app: Flask, amira: Resident) -> None:
    slot = make_slot(app, capacity=3)
    own_page(Resident(app, "Boris"), slot, adults="2")
    refused = amira.refused(amira.send(amira.form_of(slot), adults="3", wait=None), 409)
    answer = amira.post(refused, "Ställ dig i kö", **amira.details, adults="3", least="1")

    assert answer.headers[OUTCOME] == "waiting"
    assert amira.open(answer.location).heading == "En av era 3 platser är ledig"


def test_more_time_is_told_before_and_given_once(app: Flask, amira: Resident) -> None:
    slot = make_slot(app, capacity=1)
    first, waiting = own_page(Resident(app, "Boris"), slot), own_page(amira, slot)
    cancel(app, first)
    offered = amira.open(waiting.path)
    assert "Då gäller erbjudandet till 4 maj klockan 09.05. Det går att be om en gång." in offered.text
    for _ in range(2):
        longer = amira.submit(offered, "Ge oss mer tid")
        assert "Vi håller platsen åt dig till 4 maj klockan 09.05." in longer.text
        assert "Svarstiden är förlängd. Det går bara en gång." in longer.text


def test_an_offer_that_ran_out_gets_no_more_time_and_says_so(app: Flask, amira: Resident, app_clock: AppClock) -> None:
    slot = make_slot(app, capacity=1)
    first, waiting = own_page(Resident(app, "Boris"), slot), own_page(amira, slot)
    cancel(app, first)
    offered = amira.open(waiting.path)
    app_clock.advance(hours=24)
    late = amira.submit(offered, "Ge oss mer tid", status=409)

    assert (late.heading, "Tiden att svara har gått ut." in late.text) == ("Erbjudandet har gått ut", True)


def test_close_to_the_start_there_is_no_more_time_to_ask_for(app: Flask, amira: Resident, app_clock: AppClock) -> None:
    slot = make_slot(app, capacity=1)
    first, waiting = own_page(Resident(app, "Boris"), slot), own_page(amira, slot)
    app_clock.stand_at("2022-05-14T07:30:00+02:00")
    cancel(app, first)

    assert "Ge oss mer tid" not in amira.open(waiting.path).texts("main button")


def test_who_has_places_asks_for_a_full_time_and_takes_it_back(app: Flask, amira: Resident) -> None:
    first, second = two_times(app, 2, 2)
    own_page(Resident(app, "Boris"), second, adults="2")
    page = own_page(amira, first)
    asked = amira.submit(page, "Önska den och behåll din plats")

    assert "Önskad tid, nummer 1 i kön" in asked.text
    assert (asked.heading, counters(app, first), counters(app, second)) == ("Din plats", (1, 0, 0), (2, 0, 1))
    back = amira.submit(asked, "Ta tillbaka önskan")
    assert "Du önskar inte den tiden längre. Du behåller din plats." in back.source
    assert counters(app, second) == (2, 0, 0)


def test_two_who_want_each_others_times_have_changed_at_once(app: Flask, amira: Resident) -> None:
    first, second = two_times(app, 1, 1)
    boris = Resident(app, "Boris")
    theirs, mine = own_page(boris, second), own_page(amira, first)
    amira.submit(mine, "Önska den och behåll din plats")
    changed = boris.submit(boris.open(theirs.path), "Önska den och behåll din plats")

    assert changed.texts(".ticket__time") == ["10.30"]
    assert "Klart. Du har bytt från Tour på svenska 12.30 till Tour på svenska 10.30." in changed.source
    assert amira.open(mine.path).texts(".ticket__time") == ["12.30"]


def test_who_cannot_have_the_time_asked_for_is_told_why(app: Flask, amira: Resident) -> None:
    first, second = two_times(app, 1, 1)
    own_page(Resident(app, "Boris"), second)
    page = own_page(amira, first)
    cancel(app, page)
    gone = amira.submit(page, "Önska den och behåll din plats", status=409)
    assert "Bokningen gäller inte längre" in gone.text


@pytest.mark.parametrize("fields", [{"slot": ""}, {"slot": "x" * 81}, {"slot": "no-such-time"}])
def test_a_wish_for_no_time_at_all_changes_nothing(app: Flask, amira: Resident, fields: dict[str, Any]) -> None:
    first, second = two_times(app, 1, 1)
    own_page(Resident(app, "Boris"), second)
    page = own_page(amira, first)
    amira.submit(
        page, "Önska den och behåll din plats", status=403 if fields["slot"] == "no-such-time" else 422, **fields
    )
    assert counters(app, second) == (1, 0, 0)


def test_the_pages_of_the_line_exist_in_english(app: Flask) -> None:
    slot = make_slot(app, capacity=2)
    boris = own_page(Resident(app, "Boris"), slot, adults="2")
    reader = Resident(app, "Emil", "en")
    waiting = own_page(reader, slot, adults="2", least="1")
    assert "When at least one place comes free and it is your turn, we write to you." in waiting.text
    with app.app_context():
        queueing.set_least_size(reference_of(waiting), None)
        changes.give_back(reference_of(boris), 2)
        queueing.set_least_size(reference_of(waiting), 1)
    offered = reader.open(waiting.path)
    assert (offered.heading, "Give us more time" in offered.texts("main button")) == (
        "One of your 2 places is free",
        True,
    )


def test_a_mistake_in_a_form_of_a_state_that_has_passed_is_told_by_what_happened_since(
    app: Flask, amira: Resident
) -> None:
    slot = make_slot(app, capacity=3)
    own_page(Resident(app, "Boris"), slot, adults="2")
    refused = amira.refused(amira.send(amira.form_of(slot), adults="3", wait=None), 409)
    offered = amira.open(amira.post(refused, "Ställ dig i kö", **amira.details, adults="3", least="1").location)
    with app.app_context():
        changes.cancel(offered.path.rpartition("/")[2])
    late = amira.submit(offered, "Ja, ta platserna åt dem", status=409, coming_adults="x")

    assert "Bokningen gäller inte längre, så ingenting ändrades." in late.text
