"""What is wrong with a page as it looks now: by axe-core, too wide for the screen, targets too small."""

from __future__ import annotations

from collections.abc import Iterator
from importlib.resources import files
from typing import Any, Final, Literal

from playwright.sync_api import Page

AXE: Final = files("axe_playwright_python").joinpath("axe.min.js").read_text(encoding="utf-8")
EVERYTHING: Final[dict[str, Any]] = {
    "runOnly": {"type": "tag", "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]},
    "rules": {"target-size": {"enabled": True}},
    "resultTypes": ["violations"],
}
AS_DRAWN: Final[dict[str, Any]] = {
    "runOnly": {
        "type": "rule",
        "values": ["color-contrast", "link-in-text-block", "scrollable-region-focusable", "target-size"],
    },
    "resultTypes": ["violations"],
}
"""The rules that look at colours, sizes and places; what a page is made of is the same in the dark."""

Look = tuple[int, Literal["light", "dark"], dict[str, Any]]
LOOKS: Final[dict[str, tuple[Look, Look]]] = {
    "sv": ((320, "light", EVERYTHING), (1280, "dark", AS_DRAWN)),
    "en": ((320, "dark", AS_DRAWN), (1280, "light", EVERYTHING)),
}
"""Each page is looked at in both languages, so between them at both widths in light and dark."""

HEIGHT: Final = 800

SETTLED: Final = """async () => {
    await new Promise(shown => requestAnimationFrame(() => requestAnimationFrame(shown)));
    await Promise.all(document.getAnimations().map(animation => animation.finished.catch(() => null)));
}"""
"""Wait until colours have changed: axe would measure them half way."""

TOO_WIDE: Final = """() => {
    const right = document.documentElement.clientWidth;
    if (document.documentElement.scrollWidth <= right) return [];
    const reach = element => element.getBoundingClientRect().right;
    return [...document.querySelectorAll('body *')].filter(element => reach(element) > right + 0.5)
        .filter(element => ![...element.children].some(child => reach(child) > right + 0.5))
        .slice(-3).map(element => element.outerHTML.slice(0, 120));
}"""
"""The innermost elements that reach past the right edge, where the page has to be scrolled sideways."""


def faults(page: Page, language: str) -> list[str]:
    """A sentence for each fault, in the two looks of that language, first in the one that the page has already."""
    found: list[str] = []
    for width, scheme, rules in sorted(LOOKS[language], key=lambda look: look[0] != _width(page)):
        page.set_viewport_size({"width": width, "height": HEIGHT})
        page.emulate_media(color_scheme=scheme, reduced_motion="reduce")  # nothing to wait for while colours change
        page.evaluate(SETTLED)
        where = f"{page.url} at {width} px, {scheme}"
        found += [f"{where} must be scrolled sideways: {element}" for element in page.evaluate(TOO_WIDE)]
        found += [f"{where}: {sentence}" for sentence in _violations(page, rules)]
    return found


def _width(page: Page) -> int | None:
    return page.viewport_size and page.viewport_size["width"]


def _violations(page: Page, rules: dict[str, Any]) -> Iterator[str]:
    if not page.evaluate("typeof axe === 'object'"):
        page.evaluate(AXE)
    broken: list[dict[str, Any]] = page.evaluate("async rules => (await axe.run(document, rules)).violations", rules)
    for rule in broken:
        for node in rule["nodes"]:
            yield f"{rule['id']}: {rule['help']}\n    {node['html'][:200]}\n    {node.get('failureSummary', '')}"
