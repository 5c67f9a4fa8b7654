"""Many at once for the last of what somebody needs, on both databases, each race with its negative control."""

from __future__ import annotations

import time
from collections import Counter
from contextlib import suppress
from pathlib import Path
from threading import Barrier, BrokenBarrierError, Event
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from iclei_events.db import DatabaseBusyError, db
from iclei_events.models import AidKind, Slot, SlotAid
from iclei_events.services import access_needs, aids, asking, changes, moving, need_answers, places, serving
from iclei_events.services.content import activities
from iclei_events.services.content.draws import load_draws
from iclei_events.services.content.loading import load_pack
from tests.aids import WHEELCHAIR, book, counted, give, state
from tests.databases import Database
from tests.scenes import ORGANISER, broken, make_departures, make_slot
from tests.services.content import packs
from tests.services.test_races import PAUSE, at_once, kinds, nobody_kept_out

pytestmark = [pytest.mark.race, pytest.mark.usefixtures("app_context")]


@pytest.fixture(autouse=True)
def _pause_while_locked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(places, "in_critical_section", lambda _point: time.sleep(PAUSE))
    monkeypatch.setattr(serving, "in_critical_section", lambda _point: time.sleep(PAUSE))


def test_of_twenty_clients_for_the_last_wheelchair_place_one_is_promised_it_at_once(app: Flask) -> None:
    slot = give(make_slot(capacity=40))
    answers = at_once(app, *(lambda n=n: book(slot, f"P{n}") for n in range(20)))
    assert kinds(answers) == {"confirmed": 20}
    assert Counter(state(answer) for answer in answers) == {"promised": 1, "asked": 19}
    assert (counted(slot), broken()) == ((1, 1, 0), [])


def look_then_count(session: Session, slot_id: int, kind: AidKind, count: int) -> bool:
    """The negative control of the one guarded statement: look whether there is one, pause, then count."""
    left = session.get_one(SlotAid, (slot_id, kind), populate_existing=True).left or 0
    time.sleep(5 * PAUSE)
    if left < count:
        return False
    session.execute(
        update(SlotAid)
        .where(SlotAid.slot_id == slot_id, SlotAid.kind == kind)
        .values(held=SlotAid.held + count, over_capacity=SlotAid.held + count)
        .execution_options(synchronize_session=False)
    )
    return True


def test_control_without_lock_and_guarded_statement_the_last_one_is_promised_twice(
    app: Flask, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On SQLite the second writer is thrown out instead: what it read can no longer be written upon."""
    slot = give(make_slot(capacity=40))
    with nobody_kept_out(monkeypatch), monkeypatch.context() as patch:
        patch.setattr(aids, "claim", look_then_count)
        patch.setattr(places, "hold", lambda *_given: None)  # which writes to the slot too, and so locks it
        answers = at_once(app, *(lambda n=n: book(slot, f"P{n}") for n in range(6)))
    if database.name == "sqlite":
        assert kinds(answers)["DatabaseBusyError"] > 0
    else:
        assert counted(slot)[1] > 1


@pytest.mark.database("postgresql")
def test_the_guarded_statement_alone_promises_the_last_one_once(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    slot = give(make_slot(capacity=40))
    with nobody_kept_out(monkeypatch), monkeypatch.context() as patch:
        patch.setattr(places, "hold", lambda *_given: None)
        answers = at_once(app, *(lambda n=n: book(slot, f"P{n}") for n in range(8)))
    assert Counter(state(answer) for answer in answers) == {"promised": 1, "asked": 7}
    assert counted(slot) == (1, 1, 0)


def test_what_comes_free_as_others_book_goes_to_who_asked_first(app: Flask) -> None:
    slot = give(make_slot(capacity=40))
    first, asks = book(slot, "Amira"), book(slot, "Boris")
    new = at_once(
        app, lambda: changes.cancel(first.reference), *(lambda n=n: book(slot, f"P{n}") for n in range(6))
    )[1:]  # fmt: skip
    assert (state(asks), [state(answer) for answer in new]) == ("promised", ["asked"] * 6)
    assert (counted(slot), broken()) == ((1, 1, 0), [])


def test_a_promise_taken_back_as_its_party_leaves_and_asks_anew_is_counted_once(app: Flask) -> None:
    old, new = make_departures(5, 5)
    amira, asks = book(give(old), "Amira"), book(old, "Boris")
    give(new)
    at_once(
        app,
        lambda: need_answers.decline(amira.reference, WHEELCHAIR, "Nej", by=ORGANISER),
        lambda: moving.move(amira.reference, new.slug),
        lambda: asking.ask(amira.reference, None, [(WHEELCHAIR, 1)]),
        lambda: need_answers.set_aid(old.id, WHEELCHAIR, 2, seen=1, by=ORGANISER),
    )
    assert (state(asks), broken()) == ("promised", [])


def with_aids(capacity: int) -> str:
    """The small pack, of which each slot of the first activity can give so many."""
    return packs.changed("    theme: soil\n", f"    theme: soil\n    aids: {{wheelchair: {capacity}}}\n")


def other_way_round(pack: str) -> str:
    """The pack with the first two slots exchanged: they stand against the order of their ids."""
    first, second, end = (pack.index(f"  - slug: {name}\n") for name in ("compost-1000", "compost-1300", "open-house"))
    return pack[:first] + pack[second:end].rstrip(" ") + "    " + pack[first:second].rstrip(" ") + pack[end:]


def load_as_a_party_moves(app: Flask, monkeypatch: pytest.MonkeyPatch, folder: Path) -> list[Any]:
    """The party sets out when the pack is read and the load is about to lock its first slot."""
    load_pack(packs.write(folder, with_aids(1)))
    stored = db.session.scalars(select(Slot).where(Slot.slug.like("compost%")).order_by(Slot.id)).all()
    amira, _boris = (book(slot, name) for slot, name in zip(stored, ("Amira", "Boris"), strict=True))
    pack, lock, is_read = packs.write(folder, other_way_round(with_aids(2))), places.lock, Event()

    both_have_one = Barrier(2)

    def wait_for_the_other(session: Session, slot_id: int) -> Slot:
        slot = lock(session, slot_id)
        with suppress(BrokenBarrierError):
            both_have_one.wait(2)
        return slot

    def then_tell(*given: Any) -> Any:
        draws = load_draws(*given)
        is_read.set()
        return draws

    def move() -> None:
        assert is_read.wait(5)
        moving.move(amira.reference, "compost-1300")

    with monkeypatch.context() as patch:
        patch.setattr(places, "lock", wait_for_the_other)
        patch.setattr(activities, load_draws.__name__, then_tell)
        return at_once(app, lambda: load_pack(pack), move)


def test_a_load_and_a_move_never_wait_for_each_other_in_a_circle(
    app: Flask, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    answers = load_as_a_party_moves(app, monkeypatch, tmp_path)
    assert [answer for answer in answers if isinstance(answer, Exception)] == []
    assert broken() == []


@pytest.mark.database("postgresql")
def test_control_in_the_order_of_the_pack_one_of_them_is_thrown_out(
    app: Flask, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def in_order_of_the_pack(session: Session, _event: object) -> dict[str, Slot]:
        in_pack = select(Slot.id).where(Slot.slug.like("compost%")).order_by(Slot.id.desc())
        for slot_id in session.scalars(in_pack).all():
            places.lock(session, slot_id)
        return {slot.slug: slot for slot in session.scalars(select(Slot))}

    monkeypatch.setattr(activities, "locked_slots", in_order_of_the_pack)
    answers = load_as_a_party_moves(app, monkeypatch, tmp_path)
    assert [type(answer) for answer in answers if isinstance(answer, Exception)] == [DatabaseBusyError]


def test_the_control_finds_a_promise_that_nobody_counted(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    """The invariants would show it: a need that comes free and is not given on, a count that is not given back."""
    slot = give(make_slot())
    first, _asks = book(slot, "Amira"), book(slot, "Boris")
    with monkeypatch.context() as patch:
        patch.setattr(access_needs, "promise_next", lambda *_given, **_named: None)
        patch.setattr(aids, "give_back", lambda *_given: None)
        at_once(app, lambda: changes.cancel(first.reference))
    db.session.rollback()
    assert broken() == ["of an aid so many are held as parties have been promised"]
