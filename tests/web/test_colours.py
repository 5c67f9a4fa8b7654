"""The contrast of every pair of colours that the design puts together, light and dark (WCAG 2.2: 1.4.3 and 1.4.11)."""

from __future__ import annotations

import re

import pytest

from iclei_events.config import ROOT

TEXT, EDGE = 4.5, 3.0
TEXT_ON = {
    "paper": "ink ink-soft sund tegel lov few",
    "surface": "ink ink-soft sund tegel lov few",
    "sund-mist": "ink ink-soft sund lov",
    "tegel-mist": "ink ink-soft tegel lov few",
    "lov-mist": "ink ink-soft lov",
    "raps-mist": "ink ink-soft tegel few",
    "few-mist": "ink",
    "full-mist": "ink",
    "ink": "paper",
    "sund": "on-sund",
    "sund-hover": "on-sund",
    "hero-bg": "hero-ink hero-soft",
    "brick-bg": "brick-ink brick-soft",
    "foot-bg": "foot-ink foot-soft",
}
EDGE_ON = {"paper": "rule-strong focus", "surface": "rule-strong focus", "hero-bg": "focus"}
PAIRS = [(ink, ground, TEXT) for ground, inks in TEXT_ON.items() for ink in inks.split()]
PAIRS += [(edge, ground, EDGE) for ground, edges in EDGE_ON.items() for edge in edges.split()]


def palette(scheme: str) -> dict[str, str]:
    """Name to #rrggbb for ``light`` or ``dark``, as the stylesheet's own cascade gives it."""
    tokens = (ROOT / "static" / "src" / "css" / "tokens.css").read_text(encoding="utf-8")
    light, dark = tokens.split("@media (prefers-color-scheme: dark)")
    dark = dark.split("/* hand our tokens")[0]
    values = dict(re.findall(r"--([\w-]+): (#[0-9a-f]+|var\(--[\w-]+\));", light))
    if scheme == "dark":
        values |= dict(re.findall(r"--([\w-]+): (#[0-9a-f]+|var\(--[\w-]+\));", dark))
    return {name: resolve(value, values) for name, value in values.items()}


def resolve(value: str, values: dict[str, str]) -> str:
    while value.startswith("var("):
        value = values[value[6:-1]]
    return value if len(value) > 4 else "#" + "".join(digit * 2 for digit in value[1:])


def luminance(colour: str) -> float:
    channels = [int(colour[start : start + 2], 16) / 255 for start in (1, 3, 5)]
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    darker, lighter = sorted((luminance(one), luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize(("ink", "ground", "least"), PAIRS)
def test_colours_that_meet_can_be_told_apart(scheme: str, ink: str, ground: str, least: float) -> None:
    colours = palette(scheme)
    assert contrast(colours[ink], colours[ground]) >= least
