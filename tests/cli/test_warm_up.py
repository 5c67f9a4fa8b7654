"""What ``serve`` shows to nobody before its web workers part."""

from __future__ import annotations

import pytest
from flask import Flask

from iclei_events.cli import serve
from iclei_events.web import kept_parts
from tests.clients import Visitor

pytestmark = pytest.mark.usefixtures("all_events")


def test_it_shows_what_most_people_come_for(app: Flask) -> None:
    with app.app_context():
        *lists, form = serve._most_wanted_pages()
    assert lists == ["malmo-summit/", "malmo-summit/programme", "malmo-summit/tours"]
    assert form.startswith("slots/")


@pytest.mark.parametrize("page", ["", "/programme", "/tours"])
def test_each_language_keeps_its_own_words(app: Flask, visitor: Visitor, page: str) -> None:
    kept_parts._write.cache_clear()
    plain = visitor.open(f"/en/malmo-summit{page}").text
    kept_parts._write.cache_clear()
    with app.app_context():
        serve._warm_up()
    assert kept_parts._write.cache_info().currsize > 0
    assert visitor.open(f"/en/malmo-summit{page}").text == plain
