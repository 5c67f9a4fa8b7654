"""What the parties of a slot need, as its staff see and answer it."""

from __future__ import annotations

from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from iclei_events.db import db, transaction
from iclei_events.models import Attendee, Booking, Disclosed, Disclosure, StaffRole
from iclei_events.services import asking, changes, log, need_answers
from tests import aids, scenes
from tests.aids import LOOP, WHEELCHAIR
from tests.staffing import on_duty
from tests.web.staff.desks import Desk, make_desk


@pytest.fixture
def desk(app: Flask) -> Desk:
    """One place for a wheelchair user, whom Amira has; Boris asks for one more and has a dog."""
    made = make_desk(app)
    with app.app_context():
        slot = aids.give(made.slot())
        aids.book(slot, "Amira")
        aids.book(slot, "Boris", words="A guide dog")
    return made


def reference(desk: Desk, name: str) -> str:
    with desk.app.app_context():
        db.session.rollback()
        found = db.session.scalars(select(Booking).join(Attendee).where(Attendee.name == name)).one()
        return found.reference


def states(desk: Desk, name: str) -> dict[str, str]:
    found = reference(desk, name)
    with desk.app.app_context():
        assert scenes.broken() == []
        return aids.states(found)


def as_read(desk: Desk, name: str, kind: str) -> dict[str, str]:
    """The hidden fields of the page's forms about that need."""
    about = {"reference": reference(desk, name), "kind": kind}
    page = desk.open("needs")
    for form in page.all("form"):
        hidden = [field for field in form.iter("input") if field.get("type") == "hidden"]
        fields = {str(field.get("name")): str(field.get("value")) for field in hidden}
        if about.items() <= fields.items():
            return fields
    return {"csrf_token": page.all("form [name=csrf_token]")[0].get("value") or "", **about}


def act(desk: Desk, what: str, name: str, kind: str, status: int = 200, **more: str) -> object:
    fields = {**as_read(desk, name, kind), **more}
    answer = desk.visitor.client.post(desk.path(f"needs/{what}"), data=fields)
    return answer if status == 200 else desk.visitor._page(answer, status)


def test_the_page_counts_each_kind_and_names_each_party(desk: Desk) -> None:
    page = desk.open("needs")
    assert page.texts("#aid-wheelchair td")[:4] == ["1", "1", "0", "1"]
    assert page.texts("article h3") == ["Amira", "Boris"]
    assert page.texts("article .people li bdi") == [
        "1 place for a wheelchair user", "1 place for a wheelchair user", "A guide dog",
    ]  # fmt: skip


def test_what_has_no_answer_stands_on_the_board(desk: Desk) -> None:
    assert "Needs, 2 unanswered" in desk.open().text


def test_staff_promise_arrange_and_decline(desk: Desk) -> None:
    act(desk, "promise", "Boris", "other")
    act(desk, "arrange", "Boris", "other")
    act(desk, "decline", "Boris", "wheelchair", answer="The bus has one place only.")
    assert states(desk, "Boris") == {"other": "arranged", "wheelchair": "declined"}
    assert "Our answer: The bus has one place only." in desk.open("needs").text


@pytest.mark.parametrize(("what", "more"), [("promise", {}), ("decline", {"answer": "A long careful answer"})])
def test_what_the_party_has_changed_since_it_was_read_is_not_answered(
    desk: Desk, what: str, more: dict[str, str]
) -> None:
    read = as_read(desk, "Boris", "other")
    with desk.app.app_context():
        asking.ask(reference(desk, "Boris"), "A guide dog and an interpreter", [(WHEELCHAIR, 1)])
    page = act(desk, what, "Boris", "other", 409, seen=read["seen"], **more)

    assert "It has changed since you opened the page" in page.text  # type: ignore[attr-defined]
    assert states(desk, "Boris")["other"] == "asked"
    typed = [field.text for field in page.all("textarea") if field.text and field.text.strip()]  # type: ignore[attr-defined]
    assert typed == list(more.values())


TYPED = "The bus has one place only."


@pytest.mark.parametrize(
    ("language", "said", "kept"),
    [
        ("en", "The booking was cancelled meanwhile. There is nothing left to answer.", "Nobody was sent what you had"),
        ("sv", "Bokningen är avbokad sedan dess. Det finns inget mer att svara på.", "Ingen har fått det du skrev:"),
    ],
)
@pytest.mark.parametrize("what", ["promise", "arrange", "decline"])
def test_an_answer_to_a_party_that_has_cancelled_meanwhile_is_told_so_and_keeps_its_words(
    desk: Desk, what: str, language: str, said: str, kept: str
) -> None:
    fields = {**as_read(desk, "Boris", "wheelchair"), **({"answer": TYPED} if what == "decline" else {})}
    with desk.app.app_context():
        changes.cancel(fields["reference"])
    answer = desk.visitor.client.post(desk.path(f"needs/{what}", language), data=fields)
    page = desk.visitor._page(answer, 409)

    assert said in page.text
    assert (kept in page.text, TYPED in page.text) == ((True, True) if what == "decline" else (False, False))
    assert "Boris" not in page.text


def test_an_answer_to_what_is_asked_for_no_more_is_told_so_and_keeps_its_words(desk: Desk) -> None:
    read = as_read(desk, "Boris", "other")
    with desk.app.app_context():
        asking.ask(reference(desk, "Boris"), None, [(WHEELCHAIR, 1)])
    page = act(desk, "decline", "Boris", "other", 409, seen=read["seen"], answer=TYPED)

    assert "The party does not ask for this here any more." in page.text  # type: ignore[attr-defined]
    assert TYPED in page.text  # type: ignore[attr-defined]


def test_an_answer_to_a_party_that_cancels_while_it_is_given_keeps_its_words(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = need_answers.decline

    def too_late(party: str, *given: Any, **more: Any) -> None:
        changes.cancel(party)
        real(party, *given, **more)

    monkeypatch.setattr(need_answers, "decline", too_late)
    page = act(desk, "decline", "Boris", "wheelchair", 409, answer=TYPED)
    assert "The booking was cancelled meanwhile." in page.text  # type: ignore[attr-defined]
    assert TYPED in page.text  # type: ignore[attr-defined]


def test_an_answer_to_a_booking_that_is_none_of_the_event_is_not_found(app: Flask, desk: Desk) -> None:
    elsewhere = make_desk(app).book("Chen")
    for named in (elsewhere, "2222-2222", ""):
        fields = {**as_read(desk, "Boris", "wheelchair"), "answer": TYPED, "reference": named}
        answer = desk.visitor.client.post(desk.path("needs/decline"), data=fields)
        assert answer.status_code == 404


def test_no_without_a_reason_is_asked_for_one(desk: Desk) -> None:
    page = act(desk, "decline", "Boris", "wheelchair", 422, answer=" ")
    assert "Write why it is not possible, and what is instead." in page.text  # type: ignore[attr-defined]
    assert page.all("details[open] #answer[aria-invalid=true]")  # type: ignore[attr-defined]
    assert states(desk, "Boris")["wheelchair"] == "asked"


@pytest.mark.parametrize(
    ("email", "phone", "told"),
    [
        ("boris@example.org", "070-174 06 05", "Den som bokade får ett mejl."),
        ("", "070-174 06 05", "Det finns ingen adress, så ingen får veta det: ring 070-174 06 05."),
        ("", None, "Det finns varken adress eller telefonnummer, så ingen får veta det."),
    ],
)
def test_staff_are_told_of_a_mail_only_where_one_goes_out(desk: Desk, email: str, phone: str | None, told: str) -> None:
    party = reference(desk, "Boris")
    with desk.app.app_context(), transaction() as session:
        contact = session.scalars(select(Attendee).where(Attendee.name == "Boris")).one()
        contact.email, contact.email_key, contact.phone = email, email, phone
    for what, said in (
        ("promise", "Det är lovat."),
        ("arrange", "Det är ordnat."),
        ("decline", "Ditt svar är sparat."),
    ):
        fields = {**as_read(desk, "Boris", "other"), "answer": "Nej"}
        answer = desk.visitor.client.post(desk.path(f"needs/{what}", "sv"), data=fields)
        after = desk.visitor.open(answer.headers["Location"])
        assert f"{said} {told}" in after.text
        assert (told in after.one(f"article[aria-labelledby=party-{party}]").text_content()) == (not email)


def test_more_than_there_are_cannot_be_promised(desk: Desk) -> None:
    page = act(desk, "promise", "Boris", "wheelchair", 409)
    assert "There is not so much of it left." in page.text  # type: ignore[attr-defined]


def test_the_effect_of_a_number_is_shown_first_and_then_saved(desk: Desk) -> None:
    page = desk.open("needs/aids/wheelchair")
    looked = desk.visitor.submit(page, "Show the effect", capacity="0")
    assert "One more than that is already promised." in looked.text
    assert states(desk, "Amira") == {"wheelchair": "promised"}
    more = desk.visitor.submit(looked, "Show the effect", capacity="2")
    assert "One party that has asked is promised it at once, and told by mail." in more.text
    desk.visitor.submit(more, "Save")
    assert states(desk, "Boris")["wheelchair"] == "promised"


def test_the_log_says_in_words_of_what_there_is_another_number(app: Flask, desk: Desk) -> None:
    with app.app_context():
        need_answers.set_aid(desk.slot_id, LOOP, 4, seen=None, by=log.CLI)
    seen = [desk.open("log"), desk.visitor.open(desk.path("log", "sv"))]
    assert [page.texts("tbody tr:first-child td")[1] for page in seen] == [
        "Changed what there is: Receivers for the hearing loop",
        "Ändrade vad som finns: Mottagare till hörslingan",
    ]


def test_a_number_that_somebody_else_changed_is_not_overwritten(desk: Desk) -> None:
    first = desk.visitor.submit(desk.open("needs/aids/wheelchair"), "Show the effect", capacity="3")
    second = desk.visitor.submit(desk.open("needs/aids/wheelchair"), "Show the effect", capacity="2")
    desk.visitor.submit(first, "Save")
    assert "Somebody else changed it meanwhile." in desk.visitor.submit(second, "Save", status=409).text


@pytest.mark.parametrize("typed", ["", "many", "1001"])
def test_a_number_that_is_none_is_told(desk: Desk, typed: str) -> None:
    page = desk.visitor.submit(desk.open("needs/aids/wheelchair"), "Show the effect", status=422, capacity=typed)
    assert page.all("#capacity[aria-invalid=true]")


def test_what_nobody_had_thought_of_can_be_given_on_request_or_by_number(desk: Desk) -> None:
    page = desk.visitor.submit(desk.open("needs/aids/hearing_loop"), "Show the effect", given="number", capacity="3")
    desk.visitor.submit(page, "Save")
    with desk.app.app_context():
        assert aids.counted(desk.slot(), LOOP) == (3, 0, 0)


@pytest.mark.database("sqlite")
@pytest.mark.parametrize(
    ("role", "status"),
    [
        (StaffRole.ADMIN, 200),
        (StaffRole.EDITOR, 403),
        (StaffRole.ORGANISER, 200),
        (StaffRole.DOOR, 200),
        (StaffRole.VIEWER, 403),
    ],
)
def test_needs_are_for_those_who_meet_the_party(app: Flask, role: StaffRole, status: int) -> None:
    other = make_desk(app, role)
    other.open("needs", status=status)
    other.open("needs/aids/wheelchair", status=status)


def test_the_log_tells_of_needs_only_those_who_meet_the_party(app: Flask, desk: Desk) -> None:
    party = reference(desk, "Boris")
    with app.app_context():
        need_answers.decline(party, WHEELCHAIR, "No", by=log.CLI)
    editor = on_duty(app, StaffRole.EDITOR, desk.event_id).open(desk.path("log"))
    assert desk.open("log").texts("tbody tr:first-child td") == [
        "The command line", "Said that something the party needs is not possible", party,
    ]  # fmt: skip
    assert editor.texts("tbody tr:first-child td") == ["The command line", "Changed the booking", party]
    assert "needs" not in editor.one("tbody").text_content()


def test_needs_of_another_event_are_not_there(app: Flask, desk: Desk) -> None:
    elsewhere = make_desk(app)
    path = desk.path("needs").replace(desk.event_slug, elsewhere.event_slug, 1)
    elsewhere.visitor.open(path, status=404)


def test_who_looks_is_noted(desk: Desk) -> None:
    desk.open("needs")
    with desk.app.app_context():
        assert {one.what for one in db.session.scalars(select(Disclosure))} == {Disclosed.NEEDS}
