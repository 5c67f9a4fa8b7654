"""Keeping places back and releasing them."""

from __future__ import annotations

from typing import Any

import pytest
from flask import Flask

from tests.web.staff.desks import make_desk


def test_places_are_kept_back_with_a_reason_and_released_again(app: Flask) -> None:
    desk = make_desk(app, capacity=5)
    page = desk.visitor.submit(desk.open("kept-back"), "Keep back", places="2", reason="A school class")
    assert "2 places are kept back." in page.text
    assert page.texts("tbody th, tbody td")[:3] == ["2", "A school class", "By hand"]
    assert (desk.slot().kept_back, desk.slot().left) == (2, 3)
    page = desk.visitor.submit(page, "Release")
    assert "2 places are released." in page.text
    assert (desk.slot().kept_back, page.all("table")) == (0, [])


def test_released_places_go_to_the_line_first(app: Flask) -> None:
    desk = make_desk(app, capacity=3)
    desk.visitor.submit(desk.open("kept-back"), "Keep back", places="2", reason="A school class")
    desk.book("Amira", 2)
    desk.visitor.submit(desk.open("kept-back"), "Release")
    assert (desk.slot().held, desk.slot().waiting) == (2, 0)


def test_the_day_of_release_is_written_in_the_events_zone(app: Flask) -> None:
    desk = make_desk(app)
    form = desk.open("kept-back")
    page = desk.visitor.submit(form, "Keep back", places="1", reason="Press", release_at="2022-05-10T12:00")
    assert page.texts("tbody td")[1] == "10 May at 12:00"


def test_more_than_is_free_is_refused_with_what_is_free(app: Flask) -> None:
    desk = make_desk(app, capacity=5)
    desk.book("Amira", 3)
    page = desk.visitor.submit(desk.open("kept-back"), "Keep back", status=409, places="3", reason="Press")
    assert page.texts(".ds-validation-message") == ["Only 2 places are free."]
    assert page.fields("Keep back")["reason"] == "Press"


@pytest.mark.database("sqlite")
@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"places": ""}, "Write how many places to keep back."),
        ({"places": "0"}, "Write at least 1."),
        ({"places": "-3"}, "Write a number with the digits 0 to 9."),
        ({"reason": " "}, "Write why the places are kept back."),
        ({"reason": "x" * 201}, "The text has 201 characters. Write at most 200."),
        ({"release_at": "soon"}, "Write day and time like 2022-05-14T09:30."),
        ({"release_at": "2022-02-31T09:30"}, "Write day and time like 2022-05-14T09:30."),
        ({"release_at": "0001-01-01T00:00"}, "Write day and time like 2022-05-14T09:30."),
        ({"release_at": "9999-12-31T23:59"}, "Write day and time like 2022-05-14T09:30."),
        ({"release_at": "2022-05-01T09:30"}, "Choose a time from now until the start."),
        ({"release_at": "2022-05-15T09:30"}, "Choose a time from now until the start."),
    ],
)
def test_what_cannot_be_meant_is_said_beside_the_field(app: Flask, fields: dict[str, str], said: str) -> None:
    desk = make_desk(app, capacity=5)
    given: dict[str, Any] = {"places": "1", "reason": "Press", "release_at": "", **fields}
    page = desk.visitor.submit(desk.open("kept-back"), "Keep back", status=422, **given)
    assert page.texts(".ds-validation-message") == [said]
    assert page.texts(".ds-error-summary li") == [said]
    assert {name: page.fields("Keep back")[name] for name in given} == given
    assert desk.slot().kept_back == 0


def test_a_reason_with_markup_is_shown_as_it_was_typed(app: Flask) -> None:
    desk = make_desk(app)
    reason = '"><img src=x onerror=alert(1)><script>alert(1)</script>'
    page = desk.visitor.submit(desk.open("kept-back"), "Keep back", places="1", reason=reason)
    assert page.texts("tbody th") == [reason]
