"""Statements compiled once mean the same as those that SQLAlchemy executes; the short transaction is one like any."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from sqlalchemy import Integer, bindparam, insert, select
from sqlalchemy.exc import SQLAlchemyError

from iclei_events.db import at_once, db, short_transaction, transaction
from iclei_events.models import LogEntry
from iclei_events.models.types import UtcDateTime
from iclei_events.services.prepared import Prepared

pytestmark = pytest.mark.usefixtures("app_context")

NOON = datetime(2022, 5, 14, 12, 0, tzinfo=timezone(timedelta(hours=2)))
COLUMNS = ("at", "actor", "verb", "slot_id", "details")
STORE = Prepared(insert(LogEntry), COLUMNS)
FIND = Prepared(
    select(LogEntry.verb)
    .where(LogEntry.actor.in_(["cli", "demo"]), LogEntry.slot_id == bindparam("slot", type_=Integer))
    .where(LogEntry.at <= bindparam("moment", type_=UtcDateTime))
    .order_by(LogEntry.id)
)


def entry(verb: str, slot_id: int = 7, actor: str = "cli") -> dict[str, object]:
    return {"at": NOON, "actor": actor, "verb": verb, "slot_id": slot_id, "details": {"adults": 2}}


def found(slot: int, moment: datetime = NOON) -> list[str]:
    with at_once() as connection:
        return list(FIND.execute(connection, {"slot": slot, "moment": moment}).scalars())


def test_values_are_stored_as_the_model_reads_them() -> None:
    with short_transaction() as connection:
        STORE.execute(connection, entry("one"))
    stored = db.session.scalars(select(LogEntry)).one()
    assert (stored.at, stored.actor, stored.verb, stored.details) == (
        NOON.astimezone(UTC), "cli", "one", {"adults": 2},
    )  # fmt: skip


def test_several_values_are_stored_one_after_another() -> None:
    with short_transaction() as connection:
        STORE.execute(connection, [entry("one"), entry("two"), entry("three", slot_id=8)])
    assert (found(7), found(8)) == (["one", "two"], ["three"])


def test_lists_of_constants_and_moments_of_other_zones_are_compared_rightly() -> None:
    with short_transaction() as connection:
        STORE.execute(connection, [entry("ours"), entry("theirs", actor="staff"), entry("demo's", actor="demo")])
    assert found(7, NOON.astimezone(UTC)) == ["ours", "demo's"]
    assert found(7, NOON.astimezone(UTC) - timedelta(seconds=1)) == []


def test_a_value_that_is_missing_is_an_error_and_never_null() -> None:
    with pytest.raises((KeyError, SQLAlchemyError)), at_once() as connection:
        FIND.execute(connection, {"moment": NOON})


def test_a_short_transaction_that_fails_stores_nothing() -> None:
    def store_and_fail() -> None:
        with short_transaction() as connection:
            STORE.execute(connection, entry("one"))
            raise LookupError

    with pytest.raises(LookupError):
        store_and_fail()
    assert found(7) == []
    with short_transaction() as connection:
        STORE.execute(connection, entry("two"))
    assert found(7) == ["two"]


def test_a_transaction_is_never_opened_inside_another() -> None:
    def nest() -> None:
        with transaction(), short_transaction():
            """Never reached."""

    with pytest.raises(RuntimeError, match="one transaction"):
        nest()
