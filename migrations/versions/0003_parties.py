"""Parties: who does not come along, and how many places one person may have at an event.

Revision: 0003, after 0002.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

COUNT_PLACES = """
create function places_of_person(wanted_event integer, wanted_key text) returns bigint
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
"""Counts with the person locked until the transaction ends. A query of its own in a volatile function sees what
others have stored meanwhile, which the one statement around it would not. By its indexes alone, since a connection
keeps the plan that it made while the tables were small."""


def upgrade() -> None:
    with op.batch_alter_table("event") as batch_op:
        batch_op.add_column(sa.Column("max_places_per_person", sa.Integer(), nullable=True))
        batch_op.create_check_constraint(
            op.f("ck_event_max_places_per_person"), "max_places_per_person is null or max_places_per_person > 0"
        )
    with op.batch_alter_table("attendee") as batch_op:
        batch_op.add_column(sa.Column("comes_along", sa.Boolean(), nullable=False, server_default=sa.true()))
    if op.get_bind().dialect.name == "postgresql":
        op.execute(COUNT_PLACES)


def downgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        op.execute("drop function places_of_person(integer, text)")
    with op.batch_alter_table("attendee") as batch_op:
        batch_op.drop_column("comes_along")
    with op.batch_alter_table("event") as batch_op:
        batch_op.drop_constraint(op.f("ck_event_max_places_per_person"), type_="check")
        batch_op.drop_column("max_places_per_person")
