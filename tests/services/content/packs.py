"""A small pack for tests: valid as it stands, each fault one replaced line away."""

from __future__ import annotations

from pathlib import Path

SMALL = """\
event:
  slug: garden-week
  title: {sv: Trädgårdsveckan, en: Garden Week}
  summary: {sv: En vecka i det gröna., en: A week outdoors.}
  place: {sv: Malmö, en: Malmö}
  starts_on: 2022-06-01
  ends_on: 2022-06-03
  mode: in_person
themes:
  - {slug: soil, pictogram: nature, title: {sv: Jord, en: Soil}}
venues:
  - slug: greenhouse
    name: {sv: Växthuset, en: The greenhouse}
    rooms:
      - {slug: palm-room, name: Palmrummet, seats: 30}
speakers:
  - {slug: gardener, name: Gro Lind, role: {sv: Trädgårdsmästare, en: Gardener}}
activities:
  - slug: compost
    kind: session
    title: {sv: Kompost, en: Compost}
    summary: {sv: Så blir skal till jord., en: From peel to soil.}
    theme: soil
    format: workshop
    speakers:
      - {speaker: gardener, role: {sv: Leder, en: Leads}}
    slots:
      - slug: compost-1000
        starts_at: 2022-06-01T10:00
        ends_at: 2022-06-01T11:00
        venue: greenhouse
        room: palm-room
        languages: [sv]
        capacity: 20
        opens_at: 2022-05-01T09:00
        closes_at: 2022-06-01T08:00
      - slug: compost-1300
        starts_at: 2022-06-01T13:00
        ends_at: 2022-06-01T14:00
        venue: greenhouse
        languages: [en]
        capacity: 20
  - slug: open-house
    kind: session
    title: {sv: Öppet hus, en: Open house}
    summary: {sv: Titta in., en: Look in.}
    slots:
      - {slug: open-house-1500, starts_at: 2022-06-02T15:00, ends_at: 2022-06-02T17:00, mode: open}
commitment:
  version: garden-1
  title: {sv: Löftet, en: The promise}
  purpose: {sv: Mer grönt., en: More green.}
  elements:
    - {slug: trees, title: {sv: Träd, en: Trees}, text: {sv: Plantera., en: Plant.}}
  launched_on: 2022-06-01
signatories:
  - {slug: norge-by, name: Norge by, country: NO, kind: city, standing: reported}
"""


def write(folder: Path, text: str = SMALL) -> Path:
    file = folder / "garden-week.yaml"
    file.write_text(text, encoding="utf-8")
    return file


def changed(old: str, new: str) -> str:
    """The small pack with one passage replaced."""
    assert SMALL.count(old) == 1, f"{old!r} stands {SMALL.count(old)} times in the small pack"
    return SMALL.replace(old, new)


def line_of(passage: str, text: str) -> int:
    """The line on which the passage stands for the last time."""
    return max(number for number, line in enumerate(text.splitlines(), 1) if passage in line)


def first_difference(text: str) -> int:
    """The first line on which a changed pack is not the small pack."""
    pairs = enumerate(zip(SMALL.splitlines(), text.splitlines(), strict=False), 1)
    return next(number for number, (before, after) in pairs if before != after)
