"""Without a mouse, with less motion, with the reader's own colours."""

from __future__ import annotations

from typing import Any, Final

import pytest
from playwright.sync_api import Page, expect
from pytest_playwright.pytest_playwright import CreateContextCallback

from tests.browser.conftest import PHONE
from tests.browser.reader import Reader

MARKS: Final = """() => {
    const element = document.activeElement, style = getComputedStyle(element);
    const seen = [element, ...(element.matches('input') && element.parentElement ? [element.parentElement] : [])];
    const box = element.getBoundingClientRect();
    return {
        name: element.id || element.innerText || element.name, tag: element.tagName,
        ring: seen.some(one => parseFloat(getComputedStyle(one).outlineWidth) >= 2
            && getComputedStyle(one).outlineStyle !== 'none'),
        shown: box.width > 0 && box.bottom > 0 && box.top < innerHeight && style.visibility === 'visible',
    };
}"""
"""What has the focus, whether a ring shows it, and whether it stands on the screen."""

REACHABLE: Final = """() => [...document.querySelectorAll('a, button, input, select, textarea, summary, [tabindex]')]
    .filter(element => element.type !== 'hidden' && element.tabIndex >= 0 && element.checkVisibility())
    .filter((element, nth, all) => element.type !== 'radio'
        || element === (all.find(one => one.name === element.name && one.checked)
            ?? all.find(one => one.name === element.name))).length"""
"""How many stops there are: of a group of radio buttons, one."""

MOVING: Final = """() => [...document.querySelectorAll('*')].filter(element => {
    const style = getComputedStyle(element);
    return [style.transitionDuration, style.animationDuration].join().split(',').some(time => parseFloat(time) > 0.01);
}).length"""


@pytest.fixture
def reader(new_context: CreateContextCallback, language: str) -> Reader:
    return Reader(new_context(), language)


def walk(page: Page) -> list[dict[str, Any]]:
    """Press Tab until the focus has been everywhere; a field for a date has several stops of its own."""
    stops: list[dict[str, Any]] = []
    while True:
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement === document.body"):
            return stops
        stop = page.evaluate(MARKS)
        if not stops or stop["name"] != stops[-1]["name"]:
            stops.append(stop)
        assert len(stops) < 200


def test_the_first_stop_leads_past_the_menu(reader: Reader) -> None:
    reader.open("/malmo-summit/tours")
    reader.page.keyboard.press("Tab")
    skip = reader.page.get_by_role("link", name=reader.words("Skip to content"))
    expect(skip).to_be_focused()
    expect(skip).to_be_in_viewport()
    reader.page.keyboard.press("Enter")
    expect(reader.page.locator("main")).to_be_focused()


@pytest.mark.parametrize("path", ["/malmo-summit/", "/slots/botildenborg-1400/book", "/commitment/sign"])
def test_the_focus_goes_everywhere_in_order_and_is_seen(reader: Reader, path: str) -> None:
    reader.open(path)
    stops = walk(reader.page)
    assert len(stops) == reader.page.evaluate(REACHABLE)
    assert [stop for stop in stops if not stop["ring"] or not stop["shown"]] == []


def test_a_place_is_booked_by_keyboard_alone(reader: Reader) -> None:
    """The fields come in the order in which one thinks of them; Enter sends the form."""
    reader.open("/slots/party-1500/book")
    keyboard = reader.page.keyboard
    reader.page.locator("#name").focus()
    keyboard.type("Leila Haddad")
    keyboard.press("Tab")
    expect(reader.page.locator("#for_others")).to_be_focused()
    for text in ("2", "1", f"leila.{reader.language}@example.org"):
        keyboard.press("Tab")
        keyboard.press("ControlOrMeta+a")
        keyboard.type(text)
    keyboard.press("Enter")
    reader.reads("Done. You have one place.", "Done. You have %(num)s places.", 3)


def test_nothing_moves_for_those_who_want_less_motion(new_context: CreateContextCallback) -> None:
    reader = Reader(new_context(reduced_motion="reduce"), "sv")
    for path in ("/malmo-summit/", "/malmo-summit/programme?day=2022-05-12", "/slots/party-1500/book"):
        reader.open(path)
        assert reader.page.evaluate(MOVING) == 0, path


def test_forced_colours_keep_what_colour_tells(new_context: CreateContextCallback) -> None:
    """Buttons keep an edge, the chosen day and the page one is on keep a mark."""
    reader = Reader(new_context(**PHONE, forced_colors="active"), "sv")
    edges = """element => { const { borderBottomWidth, outlineStyle, outlineWidth } = getComputedStyle(element);
        return parseFloat(borderBottomWidth) + parseFloat(outlineWidth) * (outlineStyle !== 'none'); }"""
    reader.open("/slots/party-1500/book")
    assert reader.page.locator("main button[type=submit]:not(.ds-sr-only)").first.evaluate(edges) > 0
    reader.open("/malmo-summit/programme?day=2022-05-12")
    for marked in (".daytabs [aria-current]", ".nav [aria-current]"):
        assert reader.page.locator(marked).evaluate(edges) > 0, marked
