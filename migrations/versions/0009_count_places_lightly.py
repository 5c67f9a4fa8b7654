"""A person's places are counted without looking further when the address is new.

Revision: 0009, after 0008.
"""

from __future__ import annotations

from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

COUNT_BEFORE = """
create or replace function places_of_person(wanted_event integer, wanted_key text) returns bigint
language plpgsql volatile set enable_seqscan to off as $$
begin
    perform pg_advisory_xact_lock(hashtextextended(wanted_key, wanted_event));
    return (
        select coalesce(sum(booking.size), 0)
        from attendee
        join booking on booking.id = attendee.booking_id
        join slot on slot.id = booking.slot_id
        join activity on activity.id = slot.activity_id
        where attendee.email_key = wanted_key
            and activity.event_id = wanted_event
            and activity.kind in ('study_tour', 'party')
            and booking.status in ('confirmed', 'offered', 'waiting', 'entered')
    );
end $$
"""

COUNT = """
create function count_places_of_person(wanted_event integer, wanted_key text) returns bigint
language plpgsql volatile set enable_seqscan to off as $$
begin
    return (
        select coalesce(sum(booking.size), 0)
        from attendee
        join booking on booking.id = attendee.booking_id
        join slot on slot.id = booking.slot_id
        join activity on activity.id = slot.activity_id
        where attendee.email_key = wanted_key
            and activity.event_id = wanted_event
            and activity.kind in ('study_tour', 'party')
            and booking.status in ('confirmed', 'offered', 'waiting', 'entered')
    );
end $$
"""
"""By its indexes alone, since a connection keeps the plan that it made while the tables were small. Saying so costs
each call more than all the rest of it."""

COUNT_IF_KNOWN = """
create or replace function places_of_person(wanted_event integer, wanted_key text) returns bigint
language plpgsql volatile as $$
declare
    nearest text;
begin
    perform pg_advisory_xact_lock(hashtextextended(wanted_key, wanted_event));
    select email_key into nearest from attendee where email_key >= wanted_key order by email_key limit 1;
    if nearest is distinct from wanted_key then
        return 0;
    end if;
    return count_places_of_person(wanted_event, wanted_key);
end $$
"""
"""Counts with the person locked until the transaction ends. A query of its own in a volatile function sees what
others have stored meanwhile, which the one statement around it would not.

Most who book are new, so that one step into the index is all it takes. ``order by`` and ``limit`` have it taken
whatever the size of the table was when the plan was made.
"""


def upgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        op.execute(COUNT)
        op.execute(COUNT_IF_KNOWN)


def downgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        op.execute(COUNT_BEFORE)
        op.execute("drop function count_places_of_person(integer, text)")
