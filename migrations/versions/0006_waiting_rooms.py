"""Waiting rooms for the opening rush.

Revision: 0006, after 0005.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    moment = sa.DateTime(timezone=True)
    op.create_table(
        "waiting_room",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("event_id", sa.Integer(), nullable=False),
        sa.Column("opens_at", moment, nullable=False),
        sa.Column("seed", sa.String(length=32), nullable=True),
        sa.Column("early", sa.Integer(), nullable=False),
        sa.Column("late", sa.Integer(), nullable=False),
        sa.Column("per_second", sa.Integer(), nullable=False),
        sa.Column("let_in", sa.Integer(), nullable=False),
        sa.Column("counted_from", moment, nullable=False),
        sa.Column("paused_at", moment, nullable=True),
        sa.CheckConstraint(
            "early >= 0 and late >= 0 and let_in >= 0", name=op.f("ck_waiting_room_counters_not_negative")
        ),
        sa.CheckConstraint("per_second between 1 and 1000", name=op.f("ck_waiting_room_per_second")),
        sa.ForeignKeyConstraint(
            ["event_id"], ["event.id"], name=op.f("fk_waiting_room_event_id_event"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_waiting_room")),
        sa.UniqueConstraint("event_id", "opens_at", name=op.f("uq_waiting_room_event_id_opens_at")),
    )


def downgrade() -> None:
    op.drop_table("waiting_room")
