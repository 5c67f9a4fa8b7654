"""Travel times between venues, and what an event does about clashes.

Revision: 0010, after 0009.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    way = sa.Enum(
        "foot", "bicycle", "bus", "wheelchair", name="way", native_enum=False, create_constraint=True, length=24
    )
    op.create_table(
        "travel_time",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("from_venue_id", sa.Integer(), nullable=False),
        sa.Column("to_venue_id", sa.Integer(), nullable=False),
        sa.Column("way", way, nullable=False),
        sa.Column("minutes", sa.Integer(), nullable=False),
        sa.CheckConstraint("minutes between 0 and 1440", name=op.f("ck_travel_time_minutes")),
        sa.CheckConstraint("from_venue_id <> to_venue_id", name=op.f("ck_travel_time_two_venues")),
        sa.ForeignKeyConstraint(
            ["from_venue_id"], ["venue.id"], name=op.f("fk_travel_time_from_venue_id_venue"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["to_venue_id"], ["venue.id"], name=op.f("fk_travel_time_to_venue_id_venue"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_travel_time")),
        sa.UniqueConstraint(
            "from_venue_id", "to_venue_id", "way", name=op.f("uq_travel_time_from_venue_id_to_venue_id_way")
        ),
    )
    op.create_index(op.f("ix_travel_time_to_venue_id"), "travel_time", ["to_venue_id"])
    rule = sa.Enum("told", "overlap", "travel", name="clashrule", native_enum=False, length=24)
    with op.batch_alter_table("event") as batch_op:
        batch_op.add_column(sa.Column("clashes", rule, nullable=False, server_default="told"))
        batch_op.create_check_constraint(op.f("ck_event_clashrule"), "clashes in ('told', 'overlap', 'travel')")


def downgrade() -> None:
    with op.batch_alter_table("event") as batch_op:
        batch_op.drop_constraint(op.f("ck_event_clashrule"), type_="check")
        batch_op.drop_column("clashes")
    op.drop_index(op.f("ix_travel_time_to_venue_id"), table_name="travel_time")
    op.drop_table("travel_time")
