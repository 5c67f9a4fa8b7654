"""``draw run`` and ``draw verify``: what acceptance runs and doubters use."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from flask import Flask

from iclei_events.models import Draw
from tests import draw_files
from tests import draws as lots
from tests.draws import DRAWN_AT, VALUE
from tests.times import AppClock


def run(app: Flask, *words: str) -> tuple[int, str]:
    result = app.test_cli_runner().invoke(args=["draw", *words])
    return result.exit_code, result.output


@pytest.fixture
def draw(app: Flask) -> Draw:
    with app.app_context():
        draw = lots.make_draw([2, 2])
        for number in range(5):
            lots.enter(draw, f"P{number}", wishes=(number % 2,))
        return draw


def test_the_lots_of_a_slots_draw_are_drawn_with_the_public_value(app: Flask, draw: Draw, app_clock: AppClock) -> None:
    app_clock.stand_at(DRAWN_AT)
    slugs = [slot.slug for slot in draw.slots]
    told = f"{draw.slug}: 5 parties entered, 4 drew places\n"
    assert run(app, "run", *slugs, "--seed", VALUE) == (0, told)
    assert run(app, "run", draw.slug, "--seed", VALUE) == (0, told)
    assert run(app, "run", draw.slug, "--seed", "other")[0] == 1


def test_before_closing_and_without_a_draw_nothing_is_drawn(app: Flask, draw: Draw) -> None:
    code, said = run(app, "run", draw.slots[0].slug, "--seed", VALUE)
    assert (code, "DrawStillOpen" in said) == (1, True)
    code, said = run(app, "run", "no-such-slot", "--seed", VALUE)
    assert (code, "accepted: the slug of either" in said) == (1, True)


def test_a_published_file_is_checked_by_itself(app: Flask, draw: Draw, app_clock: AppClock, tmp_path: Path) -> None:
    app_clock.stand_at(DRAWN_AT)
    run(app, "run", draw.slug, "--seed", VALUE)
    file = tmp_path / "draw.json"
    with app.app_context():
        file.write_text(lots.draw_now(draw).published or "", encoding="utf-8")
    assert run(app, "verify", str(file)) == (0, "ok    the list, the secret, the seed and all 5 results agree\n")


@pytest.mark.parametrize("what", draw_files.tampered(draw_files.whole_file()))
@pytest.mark.database("sqlite")
def test_a_mismatch_ends_with_1(app: Flask, tmp_path: Path, what: str) -> None:
    file = tmp_path / "draw.json"
    file.write_text(json.dumps(draw_files.tampered(draw_files.whole_file())[what]), encoding="utf-8")
    code, said = run(app, "verify", str(file))
    assert (code, said.startswith("FAIL")) == (1, True)


@pytest.mark.database("sqlite")
@pytest.mark.parametrize("text", ["", "[]", "nonsense", "{}"])
def test_a_file_that_is_no_draw_ends_with_1(app: Flask, tmp_path: Path, text: str) -> None:
    file = tmp_path / "draw.json"
    file.write_text(text, encoding="utf-8")
    assert run(app, "verify", str(file))[0] == 1
