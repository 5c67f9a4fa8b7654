"""Loading a pack creates and updates by slug, and takes nothing from anybody."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Barrier, Thread

import pytest
from flask import Flask
from sqlalchemy import select

from iclei_events.config import ROOT
from iclei_events.db import db, transaction
from iclei_events.models import (
    Activity,
    ClashRule,
    Commitment,
    Event,
    LogEntry,
    MailKind,
    Signatory,
    SignatoryStatus,
    Slot,
    SlotMode,
    Speaker,
    StaffRole,
    Standing,
    TravelTime,
    Venue,
    Way,
)
from iclei_events.services import capacity, clash_rules, log, rescheduling
from iclei_events.services.content import loading
from iclei_events.services.content.loading import load_pack
from iclei_events.services.content.problems import PackError
from iclei_events.services.content.schema import RESERVED, Pack
from iclei_events.services.content.tally import Tally
from iclei_events.services.content.travel_times import load_travel_times
from iclei_events.services.rescheduling import WhenAndWhere
from iclei_events.web.languages import PREFIX
from tests import aids, scenes, staffing
from tests.services.content import packs

PACKS = sorted((ROOT / "iclei_events" / "content").glob("*.yaml"))

CHANGES = [("en: From peel to soil.", "en: From soil to peel."), ("en: Look in.", "en: Come in.")]
"""Two changes of the small pack that have nothing to do with each other."""

pytestmark = pytest.mark.usefixtures("app_context")


def load(folder: Path, text: str = packs.SMALL) -> tuple[int, int, int, int, tuple[str, ...]]:
    result = load_pack(packs.write(folder, text))
    return result.created, result.changed, result.removed, result.unchanged, result.kept


def slot(slug: str) -> Slot:
    db.session.expire_all()
    return db.session.scalars(select(Slot).where(Slot.slug == slug)).one()


def with_aids(**of_slots: str) -> str:
    """The small pack with what these slots of it can give."""
    text = packs.SMALL
    for slot_slug, given in of_slots.items():
        named = f"      - slug: {slot_slug.replace('_', '-')}\n"
        text = text.replace(named, f"{named}        aids: {given}\n")
    return text


@pytest.mark.parametrize("capacity", ["2", "on_request"])
def test_an_aid_that_is_new_at_a_slot_is_promised_to_who_has_asked_for_it(tmp_path: Path, capacity: str) -> None:
    load(tmp_path)
    first, second = (aids.book(slot("compost-1000"), name) for name in ("Amira", "Boris"))
    load(tmp_path, with_aids(compost_1000=f"{{wheelchair: {capacity}}}"))
    assert [aids.state(answer) for answer in (first, second)] == ["promised" if capacity == "2" else "asked"] * 2
    assert (scenes.mails(MailKind.NEEDS_ANSWERED), scenes.broken()) == (2 if capacity == "2" else 0, [])


def test_all_packs_load_and_the_second_time_nothing_changes() -> None:
    first = [load_pack(pack) for pack in PACKS]
    assert all(result.created and not result.kept for result in first)

    for pack, before in zip(PACKS, first, strict=True):
        again = load_pack(pack)
        assert (again.created, again.changed, again.removed, again.kept) == (0, 0, 0, ())
        assert again.unchanged == before.created + before.unchanged

    assert len(PACKS) == 5
    assert db.session.query(Event).count() == 5


def test_a_pack_becomes_rows(tmp_path: Path) -> None:
    assert load(tmp_path) == (13, 0, 0, 0, ())

    first = slot("compost-1000")
    assert first.starts_at == datetime(2022, 6, 1, 8, 0, tzinfo=UTC)
    assert first.opens_at == datetime(2022, 5, 1, 7, 0, tzinfo=UTC)
    assert (first.capacity, first.mode, first.languages) == (20, SlotMode.FIRST_COME, ["sv"])
    assert (first.venue and first.venue.slug, first.room and first.room.name) == ("greenhouse", "Palmrummet")
    assert (slot("open-house-1500").mode, slot("open-house-1500").capacity) == (SlotMode.OPEN, 0)

    compost = first.activity
    assert compost.theme is not None
    assert compost.theme.title.en == "Soil"
    assert [(each.speaker.name, each.role and each.role.sv) for each in compost.contributions] == [
        ("Gro Lind", "Leder")
    ]
    assert "trädgårdsmästare" not in compost.search_text
    assert {"kompost", "compost", "gro", "lind"} <= set(compost.search_text.split())

    signatory = db.session.scalars(select(Signatory)).one()
    assert (signatory.status, signatory.standing, signatory.country) == (
        SignatoryStatus.PUBLISHED,
        Standing.REPORTED,
        "NO",
    )
    assert signatory.has_signed


def test_an_update_changes_what_differs_and_lets_cached_pages_end(tmp_path: Path) -> None:
    load(tmp_path)
    revision = db.session.scalars(select(Event.content_revision)).one()

    result = load(tmp_path, packs.changed("en: From peel to soil.", "en: From apple peel to soil."))

    assert result == (0, 1, 0, 12, ())
    assert (
        db.session.scalars(select(Activity.summary).where(Activity.slug == "compost")).one().en.startswith("From apple")
    )
    assert db.session.scalars(select(Event.content_revision)).one() == revision + 1


def test_a_load_that_changes_something_is_logged_and_no_other(tmp_path: Path) -> None:
    load(tmp_path)
    load(tmp_path)
    entry = db.session.scalars(select(LogEntry)).one()
    assert (entry.actor, entry.verb) == ("cli", "load_event")
    assert entry.details == {"event": "garden-week", "created": 13, "changed": 0, "removed": 0}


def test_a_faulty_pack_stores_nothing(tmp_path: Path) -> None:
    with pytest.raises(PackError):
        load(tmp_path, packs.changed("country: NO", "country: Norway"))
    assert db.session.query(Event).count() == 0
    assert db.session.query(Venue).count() == 0


def test_a_new_time_raises_the_sequence_that_calendars_compare(tmp_path: Path) -> None:
    load(tmp_path)
    result = load(tmp_path, packs.changed("ends_at: 2022-06-01T14:00", "ends_at: 2022-06-01T14:30"))
    assert result == (0, 1, 0, 12, ())
    assert slot("compost-1300").sequence == 1


def test_a_slot_that_is_gone_from_the_pack_is_removed_when_nobody_booked_it(tmp_path: Path) -> None:
    load(tmp_path)
    assert load(tmp_path, without_the_second_slot()) == (0, 0, 1, 12, ())
    assert db.session.query(Slot).count() == 2


def test_a_slot_with_bookings_that_is_gone_from_the_pack_is_kept_and_reported(tmp_path: Path) -> None:
    load(tmp_path)
    scenes.book(slot("compost-1300"), "Amira")

    result = load(tmp_path, without_the_second_slot())

    assert result == (0, 0, 0, 12, ("the slot compost-1300 is not in the pack any more, but it has bookings",))
    assert slot("compost-1300").held > 0


LATER = ("ends_at: 2022-06-01T14:00", "ends_at: 2022-06-01T14:30")


def test_a_new_time_for_a_booked_slot_is_told_to_each_party_once_and_reported(tmp_path: Path) -> None:
    load(tmp_path)
    scenes.book(slot("compost-1300"), "Amira")
    result = load(tmp_path, packs.changed(*LATER))
    again = load(tmp_path, packs.changed(*LATER))
    told = "the bookings of the slot compost-1300: its time or place is new, and each party is told by mail"
    assert (result, again) == ((0, 1, 0, 12, (told,)), (0, 0, 0, 13, ()))
    assert scenes.mails("slot_moved") == 1
    assert slot("compost-1300").moved_from is None  # it starts when it did


def test_a_pack_does_not_move_back_what_staff_have_moved(tmp_path: Path) -> None:
    load(tmp_path)
    scenes.book(slot("compost-1300"), "Amira")
    now = slot("compost-1300")
    to = replace(WhenAndWhere.of(now), ends_at=now.ends_at + timedelta(minutes=45))
    rescheduling.move_slot(now.id, to, seen=0, by=log.staff(staffing.hire(StaffRole.ORGANISER)))

    result = load(tmp_path, packs.changed(*LATER))

    assert result == (0, 0, 0, 13, ("the slot compost-1300 stays where staff have moved it",))
    assert slot("compost-1300").ends_at == to.ends_at
    assert scenes.mails("slot_moved") == 1


def test_the_number_of_places_follows_the_pack_while_nobody_has_booked(tmp_path: Path) -> None:
    load(tmp_path)
    assert load(tmp_path, with_places(12)) == (0, 1, 0, 12, ())
    assert slot("compost-1300").capacity == 12


def test_the_number_of_places_of_a_booked_slot_is_kept_and_reported(tmp_path: Path) -> None:
    load(tmp_path)
    scenes.book(slot("compost-1300"), "Amira")

    result = load(tmp_path, with_places(1))

    told = "the slot compost-1300 stays first_come with 20 places, since it is booked; staff can change its capacity"
    assert result == (0, 0, 0, 13, (told,))
    assert slot("compost-1300").capacity == 20
    assert scenes.broken() == []


def test_what_staff_have_changed_on_a_booked_slot_stays(tmp_path: Path) -> None:
    load(tmp_path)
    scenes.book(slot("compost-1300"), "Amira")
    capacity.set_capacity(slot("compost-1300").id, 30, seen=20, by=log.CLI)
    load(tmp_path)
    assert slot("compost-1300").capacity == 30


def test_an_activity_that_the_pack_does_not_name_is_left_alone_and_reported(tmp_path: Path) -> None:
    load(tmp_path)
    start = packs.SMALL.index("  - slug: open-house")
    text = packs.SMALL[:start] + packs.SMALL[packs.SMALL.index("commitment:") :]
    assert load(tmp_path, text) == (0, 0, 0, 11, ("the activity open-house is not in the pack",))


def test_a_speaker_who_is_gone_from_an_activity_no_longer_stands_there(tmp_path: Path) -> None:
    load(tmp_path)
    text = packs.changed("    speakers:\n      - {speaker: gardener, role: {sv: Leder, en: Leads}}\n", "")
    assert load(tmp_path, text) == (0, 1, 1, 11, ())  # the activity is found by other words now
    assert slot("compost-1000").activity.contributions == []
    assert db.session.query(Speaker).count() == 1


def test_a_slot_of_another_event_cannot_be_taken_over(tmp_path: Path) -> None:
    load(tmp_path)
    text = packs.changed("slug: garden-week", "slug: other-week")

    with pytest.raises(PackError) as raised:
        load(tmp_path, text)

    problem = raised.value.problems[0]
    assert problem.line == packs.line_of("slug: compost-1000", text)
    assert problem.message == ("got 'compost-1000', a slot of the event garden-week; accepted: a slug of its own")
    assert db.session.query(Event).count() == 1


def test_the_text_of_the_commitment_follows_the_pack_until_somebody_signs_it_here(tmp_path: Path) -> None:
    load(tmp_path)
    before = db.session.scalars(select(Commitment.digest)).one()
    assert load(tmp_path, packs.changed("en: Plant.", "en: Plant trees.")) == (0, 1, 0, 12, ())
    assert db.session.scalars(select(Commitment.digest)).one() != before
    load(tmp_path)
    with transaction() as session:
        session.add(
            Signatory(
                commitment=session.scalars(select(Commitment)).one(), slug="lund", name="Lund", country="SE",
                kind="city", standing=Standing.SIGNED_HERE, status=SignatoryStatus.SUBMITTED,
            )
        )  # fmt: skip

    result = load(tmp_path, packs.changed("en: Plant.", "en: Plant trees."))

    told = "the text garden-1 of the commitment, since it has been signed; give a new version"
    assert result == (0, 0, 0, 12, (told,))
    assert db.session.scalars(select(Commitment.digest)).one() == before


def test_a_signatory_who_used_the_form_is_not_overwritten(tmp_path: Path) -> None:
    load(tmp_path)
    with transaction() as session:
        row = session.scalars(select(Signatory)).one()
        row.standing, row.name = Standing.SIGNED_HERE, "Norge kommune"
    assert load(tmp_path) == (0, 0, 0, 12, ("the signatory norge-by, who has used the form",))
    assert db.session.scalars(select(Signatory.name)).one() == "Norge kommune"


def test_the_command_loads_a_pack_and_says_what_it_did(app: Flask, tmp_path: Path) -> None:
    result = app.test_cli_runner().invoke(args=["event", "load", str(packs.write(tmp_path))])
    assert result.exit_code == 0
    assert result.output == "garden-week.yaml: 13 created, 0 changed, 0 removed, 0 unchanged\n"


def test_the_command_tells_the_faults_on_stderr_and_fails(app: Flask, tmp_path: Path) -> None:
    text = packs.changed("theme: soil", "theme: water")
    file = packs.write(tmp_path, text)
    result = app.test_cli_runner().invoke(args=["event", "load", str(file)])
    line = packs.first_difference(text)
    assert result.exit_code == 1
    assert result.stdout == ""
    assert result.stderr == f"{file}:{line}: activities.compost.theme: got 'water'; accepted: soil\n"


def without_the_second_slot() -> str:
    start = packs.SMALL.index("      - slug: compost-1300")
    return packs.SMALL[:start] + packs.SMALL[packs.SMALL.index("  - slug: open-house") :]


def with_places(number: int) -> str:
    return packs.changed("languages: [en]\n        capacity: 20", f"languages: [en]\n        capacity: {number}")


def test_no_event_may_take_the_address_of_a_page(app: Flask) -> None:
    prefix = f"{PREFIX}/"
    firsts = {rule.rule.removeprefix(prefix).split("/")[0] for rule in app.url_map.iter_rules() if prefix in rule.rule}
    in_staff = {rule.rule.split("/")[3] for rule in app.url_map.iter_rules() if rule.rule.startswith(f"{prefix}staff/")}

    assert {name for name in firsts | in_staff if name and "<" not in name} <= RESERVED


WITH_TRAVEL = packs.changed(
    "speakers:\n  - {slug: gardener",
    """  - {slug: pond, name: {sv: Dammen, en: The pond}}
travel_times:
  - {from: greenhouse, to: pond, way: foot, minutes: 7}
speakers:
  - {slug: gardener""",
)


def test_travel_times_are_found_by_their_venues_and_way(tmp_path: Path) -> None:
    load(tmp_path, WITH_TRAVEL)
    assert load(tmp_path, WITH_TRAVEL)[:3] == (0, 0, 0)
    assert load(tmp_path, WITH_TRAVEL.replace("minutes: 7", "minutes: 9"))[:3] == (0, 1, 0)
    times = db.session.execute(select(TravelTime.way, TravelTime.minutes)).all()
    assert [tuple(row) for row in times] == [(Way.FOOT, 9)]


def test_a_new_event_takes_its_rule_for_clashes_from_the_pack_and_then_it_is_for_staff(tmp_path: Path) -> None:
    binding = packs.changed("mode: in_person", "mode: in_person\n  clashes: travel")
    load(tmp_path, binding)
    event = db.session.scalars(select(Event)).one()
    assert event.clashes is ClashRule.TRAVEL
    clash_rules.set_rule(event.id, ClashRule.TOLD, seen=ClashRule.TRAVEL, by=log.CLI)
    kept = load(tmp_path, binding)[-1]
    assert kept == ("the event garden-week keeps its rule for clashes, told; staff can change it",)
    assert load(tmp_path)[-1] == ()
    assert db.session.scalars(select(Event)).one().clashes is ClashRule.TOLD


@pytest.mark.database("postgresql")
def test_two_loads_at_once_raise_the_revision_twice(
    app: Flask, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Lists keep texts by that number: with one for both, those of the load that ended first would stay for good."""
    load(tmp_path)
    before = db.session.scalars(select(Event.content_revision)).one()
    both_have_read = Barrier(2, timeout=10)

    def held(tally: Tally, pack: Pack) -> None:
        both_have_read.wait()
        load_travel_times(tally, pack)

    monkeypatch.setattr(loading, "load_travel_times", held)

    def change(number: int) -> None:
        file = tmp_path / f"{number}.yaml"
        file.write_text(packs.SMALL.replace(*CHANGES[number]))
        with app.app_context():
            load_pack(file)
            db.session.remove()

    threads = [Thread(target=change, args=(number,)) for number in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    db.session.rollback()
    assert db.session.scalars(select(Event.content_revision)).one() == before + 2
