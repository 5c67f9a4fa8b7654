"""The line: a smaller part of a party, prolonged offers, standing swaps.

Revision: 0004, after 0003.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    with op.batch_alter_table("booking") as batch_op:
        batch_op.add_column(sa.Column("least_size", sa.Integer(), nullable=True))
        batch_op.add_column(sa.Column("wanted_size", sa.Integer(), nullable=True))
        batch_op.add_column(sa.Column("offer_prolonged_at", MOMENT, nullable=True))
        batch_op.create_check_constraint(
            op.f("ck_booking_least_size"), "least_size is null or least_size between 1 and size - 1"
        )
        batch_op.create_check_constraint(op.f("ck_booking_wanted_size"), "wanted_size is null or wanted_size > size")
    with op.batch_alter_table("slot") as batch_op:
        batch_op.add_column(sa.Column("out_of_reach", sa.Integer(), nullable=False, server_default=sa.text("0")))
        batch_op.create_check_constraint(op.f("ck_slot_out_of_reach_not_negative"), "out_of_reach >= 0")
    op.execute(
        "update slot set out_of_reach = (select count(*) from booking where booking.slot_id = slot.id"
        " and booking.status = 'waiting' and booking.size > slot.capacity - slot.kept_back)"
    )
    op.create_table(
        "swap_wish",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("booking_id", sa.Integer(), nullable=False),
        sa.Column("slot_id", sa.Integer(), nullable=False),
        sa.Column("held_slot_id", sa.Integer(), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("passed_over", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["booking_id"], ["booking.id"], name=op.f("fk_swap_wish_booking_id_booking"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["slot_id"], ["slot.id"], name=op.f("fk_swap_wish_slot_id_slot"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(
            ["held_slot_id"], ["slot.id"], name=op.f("fk_swap_wish_held_slot_id_slot"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_swap_wish")),
        sa.UniqueConstraint("booking_id", "slot_id", name=op.f("uq_swap_wish_booking_id_slot_id")),
    )
    with op.batch_alter_table("swap_wish") as batch_op:
        batch_op.create_index(op.f("ix_swap_wish_line"), ["slot_id", "created_at"])


def downgrade() -> None:
    op.drop_table("swap_wish")
    with op.batch_alter_table("slot") as batch_op:
        batch_op.drop_constraint(op.f("ck_slot_out_of_reach_not_negative"), type_="check")
        batch_op.drop_column("out_of_reach")
    with op.batch_alter_table("booking") as batch_op:
        batch_op.drop_constraint(op.f("ck_booking_wanted_size"), type_="check")
        batch_op.drop_constraint(op.f("ck_booking_least_size"), type_="check")
        batch_op.drop_column("offer_prolonged_at")
        batch_op.drop_column("wanted_size")
        batch_op.drop_column("least_size")
