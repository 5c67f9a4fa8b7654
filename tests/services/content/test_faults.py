"""A faulty pack names each fault with its line, what was got and what is accepted."""

from __future__ import annotations

from pathlib import Path

import pytest

from iclei_events.services.content.problems import PackError
from iclei_events.services.content.validating import read_pack
from tests.services.content import packs


def faults(folder: Path, text: str) -> list[str]:
    """The messages, without the file's name."""
    file = packs.write(folder, text)
    with pytest.raises(PackError) as raised:
        read_pack(file)
    lines = str(raised.value).splitlines()
    assert all(line.startswith(f"{file}:") for line in lines)
    return [line.removeprefix(f"{file}:") for line in lines]


ONE_FAULT = {
    "an unknown theme": (
        "theme: soil", "theme: water",
        "activities.compost.theme: got 'water'; accepted: soil",
    ),
    "an unknown speaker": (
        "- {speaker: gardener, role", "- {speaker: baker, role",
        "activities.compost.speakers.0.speaker: got 'baker'; accepted: gardener",
    ),
    "an unknown venue": (
        "        venue: greenhouse\n        languages", "        venue: barn\n        languages",
        "activities.compost.slots.compost-1300.venue: got 'barn'; accepted: greenhouse",
    ),
    "an unknown room": (
        "room: palm-room", "room: fern-room",
        "activities.compost.slots.compost-1000.room: got 'fern-room'; accepted: palm-room",
    ),
    "a way to a venue that is not there": (
        "\nthemes:", "\ntravel_times: [{from: greenhouse, to: barn, way: foot, minutes: 7}]\nthemes:",
        "travel_times.0.to: got 'barn'; accepted: greenhouse",
    ),
    "a way to where it begins": (
        "\nthemes:", "\ntravel_times: [{from: greenhouse, to: greenhouse, way: foot, minutes: 7}]\nthemes:",
        "travel_times.0.to: got 'greenhouse'; accepted: another venue than the one in from",
    ),
    "a room without its venue": (
        "mode: open}", "mode: open, room: palm-room}",
        "activities.open-house.slots.open-house-1500.room: got a room without a venue; accepted: the venue as well",
    ),
    "the same activity twice": (
        "slug: open-house\n", "slug: compost\n",
        "activities.compost.slug: got 'compost' a second time; accepted: each slug once",
    ),
    "the same slot twice": (
        "slug: compost-1300", "slug: compost-1000",
        "activities.compost.slots.compost-1000.slug: got 'compost-1000' a second time; accepted: each slug once",
    ),
    "a slot that ends before it starts": (
        "ends_at: 2022-06-01T14:00", "ends_at: 2022-06-01T12:00",
        ("activities.compost.slots.compost-1300.ends_at: got '2022-06-01T12:00'; "
        "accepted: a time after the start, 2022-06-01T13:00"),
    ),
    "booking that closes before it opens": (
        "closes_at: 2022-06-01T08:00", "closes_at: 2022-04-01T08:00",
        ("activities.compost.slots.compost-1000.closes_at: got '2022-04-01T08:00'; "
        "accepted: a time after opens_at, 2022-05-01T09:00"),
    ),
    "an event that ends before it starts": (
        "ends_on: 2022-06-03", "ends_on: 2022-05-31",
        "event.ends_on: got '2022-05-31'; accepted: the day the event starts, 2022-06-01, or a later one",
    ),
    "an event at the address of another page": (
        "slug: garden-week", "slug: staff",
        "event.slug: got 'staff'; accepted: a slug that is not an address of another page",
    ),
    "a missing language": (
        "title: {sv: Kompost, en: Compost}", "title: {sv: Kompost}",
        "activities.compost.title.en: missing; accepted: the text in both languages, sv and en",
    ),
    "an empty language": (
        "title: {sv: Kompost, en: Compost}", "title: {sv: Kompost, en: ''}",
        "activities.compost.title.en: got ''; accepted: text that is not empty",
    ),
    "a missing key": (
        "    kind: session\n    title: {sv: Kompost", "    title: {sv: Kompost",
        "activities.compost.kind: missing; accepted: a value for kind",
    ),
    "an unknown key": (
        "theme: soil", "theme: soil\n    colour: green",
        ("activities.compost.colour: the key is not known; accepted: slug, kind, title, summary, description, "
        "keywords, theme, format, mode, audience, max_party, min_age, children_need_adult, pictogram, facts, route, "
        "aids, speakers, illustrative, sources, slots"),
    ),
    "an unknown choice": (
        "format: workshop", "format: lecture",
        ("activities.compost.format: got 'lecture'; accepted: 'plenary', 'high_level_dialogue', 'session', 'workshop', "
        "'mobile_workshop', 'side_meeting', 'research_symposium', 'market_place', 'governance_meeting', 'press', "
        "'social', 'networking', 'webinar', 'contribution', 'tour' or 'party'"),
    ),
    "a slot without places": (
        "        languages: [en]\n        capacity: 20\n", "        languages: [en]\n",
        ("activities.compost.slots.compost-1300.capacity: missing; "
        "accepted: a number of places, or mode: open for what needs no booking"),
    ),
    "places where no booking is needed": (
        "mode: open}", "mode: open, capacity: 5}",
        ("activities.open-house.slots.open-house-1500.capacity: got 5; "
        "accepted: no capacity, since the slot's mode is open: it needs no booking"),
    ),
    "no places at all": (
        "        languages: [en]\n        capacity: 20\n", "        languages: [en]\n        capacity: 0\n",
        "activities.compost.slots.compost-1300.capacity: got 0; accepted: 1 or more",
    ),
    "a time without its day": (
        "starts_at: 2022-06-01T13:00", "starts_at: 13:00",
        ("activities.compost.slots.compost-1300.starts_at: got '13:00'; "
        "accepted: a local date and time such as 2022-05-14T10:30"),
    ),
    "a day that does not exist": (
        "ends_on: 2022-06-03", "ends_on: 2022-06-31",
        "event.ends_on: got '2022-06-31'; accepted: a date such as 2022-05-14",
    ),
    "a moment that does not exist": (
        "starts_at: 2022-06-01T13:00", "starts_at: 2022-06-01T25:00",
        ("activities.compost.slots.compost-1300.starts_at: got '2022-06-01T25:00'; "
        "accepted: a local date and time such as 2022-05-14T10:30"),
    ),
    "an unknown time zone": (
        "  mode: in_person\nthemes", "  mode: in_person\n  timezone: Europe/Malmoe\nthemes",
        "event.timezone: got 'Europe/Malmoe'; accepted: a zone of the IANA database such as Europe/Stockholm",
    ),
    "a slug with capitals": (
        "slug: open-house\n", "slug: Open House\n",
        "activities.Open House.slug: got 'Open House'; accepted: small letters a to z, digits and hyphens",
    ),
    "a number for a name": (
        "name: Palmrummet", "name: 101",
        "venues.greenhouse.rooms.palm-room.name: got 101; accepted: text (put quotes around a number)",
    ),
    "a country by name": (
        "country: NO", "country: Norway",
        "signatories.norge-by.country: got 'Norway'; accepted: a country code of two capitals such as SE",
    ),
    "a signatory who is said to have used the form": (
        "standing: reported", "standing: signed_here",
        "signatories.norge-by.standing: got 'signed_here'; accepted: 'early_adopter', 'reported' or 'announced_before'",
    ),
    "a day of signing for somebody who was only announced": (
        "standing: reported", "standing: announced_before, signed_on: 2022-06-01",
        ("signatories.norge-by.signed_on: got '2022-06-01'; "
        "accepted: no day, since the standing announced_before says that nothing was signed"),
    ),
    "a list that is not one": (
        "languages: [en]", "languages: en",
        "activities.compost.slots.compost-1300.languages: got 'en'; accepted: a list",
    ),
    "a language by name": (
        "languages: [en]", "languages: [English]",
        ("activities.compost.slots.compost-1300.languages.0: got 'English'; "
        "accepted: a language code such as sv, en, ar or swl"),
    ),
    "yes for true": (
        "    theme: soil", "    theme: soil\n    illustrative: yes",
        "activities.compost.illustrative: got 'yes'; accepted: true or false",
    ),
    "an aid that is neither a number nor on request": (
        "theme: soil", "theme: soil\n    aids: {wheelchair: many}",
        "activities.compost.aids.wheelchair: got 'many'; accepted: a number from 0 to 1000, or on_request",
    ),
    "two interpreters": (
        "theme: soil", "theme: soil\n    aids: {interpreter: 2}",
        (
            "activities.compost.aids.interpreter: got 2; "
            "accepted: 1 where there is one, which is enough for everybody, 0, or on_request"
        ),
    ),
    "a way without steps that has steps": (
        "theme: soil", "theme: soil\n    route: {steps: 3, step_free: true}",
        (
            "activities.compost.route.step_free: got true; "
            "accepted: false, since the way has steps; steps are those that nobody can go around"
        ),
    ),
    "a key that stands twice": (
        "theme: soil", "theme: soil\n    theme: soil",
        "activities.compost.theme: the key stands twice; accepted: once",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", ONE_FAULT)
def test_a_fault_is_told_with_its_line_and_what_is_accepted(name: str, tmp_path: Path) -> None:
    old, new, message = ONE_FAULT[name]
    text = packs.changed(old, new)

    (fault,) = faults(tmp_path, text)

    line, _, told = fault.partition(": ")
    assert told == message
    if "missing" not in message:
        assert int(line) == packs.first_difference(text)


def test_a_missing_key_is_told_on_the_line_of_what_misses_it(tmp_path: Path) -> None:
    text = packs.changed("title: {sv: Kompost, en: Compost}", "title: {sv: Kompost}")
    (fault,) = faults(tmp_path, text)
    assert int(fault.partition(":")[0]) == packs.line_of("title: {sv: Kompost}", text)


def test_all_faults_are_told_at_once_in_the_order_of_their_lines(tmp_path: Path) -> None:
    text = packs.SMALL.replace("theme: soil", "theme: water").replace("mode: in_person", "mode: somewhere")
    text = text.replace("en: Look in.", "en: ''").replace("country: NO", "country: Norway")

    lines = [int(fault.partition(":")[0]) for fault in faults(tmp_path, text)]

    assert lines == [
        packs.line_of(passage, text) for passage in ("mode: somewhere", "theme: water", "Titta in.", "country: Norway")
    ]


@pytest.mark.parametrize(
    ("text", "line", "message"),
    [
        ("event: [1, 2\n", 2, "the file: is not YAML: did not find expected ',' or ']'"),
        ("event: {}\n---\nevent: {}\n", 2, "the file: is not YAML: but found another document"),
        (
            "event: &a {slug: x}\nthemes: *a\n",
            2,
            "themes: got an alias (*name); write the value out, aliases are not accepted",
        ),
        ("", 1, "the file: missing; accepted: a value for the pack"),
        ("just words\n", 1, "the file: got 'just words'; accepted: keys with values"),
    ],
)
def test_what_is_not_a_pack_at_all_is_refused(tmp_path: Path, text: str, line: int, message: str) -> None:
    assert faults(tmp_path, text)[0] == f"{line}: {message}"


def test_a_file_that_is_not_utf8_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "latin.yaml"
    file.write_bytes("event: Malmö".encode("latin-1"))
    with pytest.raises(PackError, match="is not UTF-8 text"):
        read_pack(file)


def test_norway_is_a_country_and_not_a_no(tmp_path: Path) -> None:
    assert read_pack(packs.write(tmp_path)).signatories[0].country == "NO"
