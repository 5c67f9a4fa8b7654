"""The draw in a real browser: the reader's own machine draws again and finds out who has tampered."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Page, Route, expect

from iclei_events.config import ROOT
from iclei_events.services import draw_file
from iclei_events.web import assets
from tests import draw_files
from tests.browser import accessibility
from tests.browser.conftest import NewReader, in_swedish_on_a_phone
from tests.browser.reader import Reader
from tests.live_site import LiveSite

AFTER_CLOSING = "2022-05-04T22:00:00+02:00"
DRAW = "/malmo-summit/draws/siptex-evening"
CHECK = "([address, files]) => import(address).then(async (draw) => Promise.all(files.map((file) => draw.check(file))))"


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveSite]:
    """The demo after its draw has closed, with the lots drawn from the command line."""
    with LiveSite(tmp_path_factory.mktemp("drawn"), CLOCK_STARTS_AT=AFTER_CLOSING) as site:
        command = [sys.executable, "-m", "flask", "--app", "app", "draw", "run", "siptex-1630", "--seed", "3 9 14"]
        environment = {**site.environment, "CLOCK_STARTS_AT": "2022-05-04T22:05:00+02:00"}
        done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=True)
        assert "33 parties entered" in done.stdout
        yield site


@pytest.fixture
def reader(new_reader: NewReader) -> Reader:
    return new_reader()


def check_again(reader: Reader) -> str:
    """Press the button, and read what the browser found."""
    reader.press("Run the draw again here")
    said = reader.page.locator("[data-draw-file] [role=status]")
    expect(said).not_to_contain_text(reader.words("Drawing again …"))
    expect(said).not_to_be_empty()
    return said.inner_text()


def serve_instead(page: Page, document: dict[str, Any]) -> None:
    """As if somebody had put another file on the server."""

    def answer(route: Route) -> None:
        route.fulfill(status=200, content_type="application/json", body=json.dumps(document))

    page.route("**/draw.json", answer)


def published(reader: Reader) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(reader.page.request.get(f"/sv{DRAW}/draw.json").text())
    return document


@in_swedish_on_a_phone
def test_the_readers_browser_draws_again_and_finds_that_everything_agrees(reader: Reader) -> None:
    reader.open(DRAW)
    expect(reader.page.locator("[data-check]").first).to_be_hidden()
    everything = "Everything agrees: the list, the secret, the seed and all results, %(n)s of %(n)s."
    assert check_again(reader) == reader.words(everything, n=33)
    rows = reader.page.locator("[data-check]")
    assert rows.all_inner_texts() == [reader.words("agrees")] * 33


@pytest.mark.parametrize("language", ["en"], indirect=True)
@pytest.mark.parametrize("device", ["laptop"], indirect=True)
def test_a_file_that_was_tampered_with_is_found_out_line_by_line(reader: Reader) -> None:
    reader.open(DRAW)
    document = published(reader)
    first, second, *rest = document["result"]
    swapped = [{**first, "pseudonym": second["pseudonym"]}, {**second, "pseudonym": first["pseudonym"]}]
    serve_instead(reader.page, document | {"result": [*swapped, *rest]})
    assert reader.words("%(n)s results are not what the rule gives.", n=2) in check_again(reader)
    assert reader.page.locator("[data-check]").all_inner_texts()[:3] == ["differs", "differs", "agrees"]


@pytest.mark.parametrize("language", ["en"], indirect=True)
@pytest.mark.parametrize("device", ["laptop"], indirect=True)
def test_python_and_javascript_agree_on_fifty_draws_and_on_every_tampering(reader: Reader) -> None:
    reader.open(DRAW)
    files = [draw_files.random_file(number) for number in range(50)]
    tampered = list(draw_files.tampered(draw_files.whole_file()).values())
    found = reader.page.evaluate(CHECK, [assets.asset("draw.js"), [*files, *tampered]])
    assert [draw_file.result_of(draw_file.draw_lots(file)) for file in files] == [one["lots"] for one in found[:50]]
    assert [one["faults"] for one in found[:50]] == [[]] * 50
    assert [bool(draw_file.faults(file)) for file in tampered] == [bool(one["faults"]) for one in found[50:]]
    assert [bool(one["faults"]) for one in found[50:]] == [True] * len(tampered)


@pytest.mark.parametrize("device", ["phone"], indirect=True)
def test_without_script_the_page_offers_the_file_and_the_command(new_reader: NewReader) -> None:
    reader = new_reader(javascript=False)
    reader.open(DRAW)
    expect(reader.button("Run the draw again here")).to_be_hidden()
    expect(reader.page.get_by_text("draw verify siptex-evening.json")).to_be_visible()
    expect(reader.page.get_by_role("link", name=reader.words("Download the file"))).to_be_visible()
    assert draw_file.faults(published(reader)) == []


@pytest.mark.parametrize("device", ["laptop"], indirect=True)
def test_the_page_of_a_draw_is_accessible_with_its_result(reader: Reader) -> None:
    reader.open(DRAW)
    check_again(reader)
    assert accessibility.faults(reader.page, reader.language) == []
