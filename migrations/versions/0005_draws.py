"""Draws and their entries.

Revision: 0005, after 0004.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

TEXTS = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")
MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    _draw()
    op.create_table(
        "draw_entry",
        sa.Column("booking_id", sa.Integer(), nullable=False),
        sa.Column("draw_id", sa.Integer(), nullable=False),
        sa.Column("person_key", sa.String(length=64), nullable=True),
        sa.Column("pseudonym", sa.String(length=12), nullable=False),
        sa.Column("position", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(
            ["booking_id"], ["booking.id"], name=op.f("fk_draw_entry_booking_id_booking"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["draw_id"], ["draw.id"], name=op.f("fk_draw_entry_draw_id_draw"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("booking_id", name=op.f("pk_draw_entry")),
        sa.UniqueConstraint("draw_id", "person_key", name=op.f("uq_draw_entry_draw_id_person_key")),
        sa.UniqueConstraint("draw_id", "pseudonym", name=op.f("uq_draw_entry_draw_id_pseudonym")),
    )
    op.create_table(
        "draw_wish",
        sa.Column("booking_id", sa.Integer(), nullable=False),
        sa.Column("rank", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("slot_id", sa.Integer(), nullable=False),
        sa.CheckConstraint("rank >= 1", name=op.f("ck_draw_wish_rank")),
        sa.ForeignKeyConstraint(
            ["booking_id"],
            ["draw_entry.booking_id"],
            name=op.f("fk_draw_wish_booking_id_draw_entry"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(["slot_id"], ["slot.id"], name=op.f("fk_draw_wish_slot_id_slot"), ondelete="RESTRICT"),
        sa.PrimaryKeyConstraint("booking_id", "rank", name=op.f("pk_draw_wish")),
        sa.UniqueConstraint("booking_id", "slot_id", name=op.f("uq_draw_wish_booking_id_slot_id")),
    )
    with op.batch_alter_table("draw_wish") as batch_op:
        batch_op.create_index(op.f("ix_draw_wish_slot_id"), ["slot_id"])
    with op.batch_alter_table("slot") as batch_op:
        batch_op.add_column(sa.Column("draw_id", sa.Integer(), nullable=True))
        batch_op.create_foreign_key(op.f("fk_slot_draw_id_draw"), "draw", ["draw_id"], ["id"], ondelete="SET NULL")
        batch_op.create_index(op.f("ix_slot_draw_id"), ["draw_id"])


def _draw() -> None:
    op.create_table(
        "draw",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("event_id", sa.Integer(), nullable=False),
        sa.Column("slug", sa.String(length=80), nullable=False),
        sa.Column("title", TEXTS, nullable=False),
        sa.Column("public_source", TEXTS, nullable=False),
        sa.Column("opens_at", MOMENT, nullable=False),
        sa.Column("closes_at", MOMENT, nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("secret", sa.String(length=64), nullable=False),
        sa.Column("secret_hash", sa.String(length=64), nullable=False),
        sa.Column("closed_at", MOMENT, nullable=True),
        sa.Column("entry_list", sa.Text(), nullable=True),
        sa.Column("entry_list_hash", sa.String(length=64), nullable=True),
        sa.Column("public_value", sa.String(length=200), nullable=True),
        sa.Column("seed", sa.String(length=64), nullable=True),
        sa.Column("drawn_at", MOMENT, nullable=True),
        sa.Column("answer_until", MOMENT, nullable=True),
        sa.Column("published", sa.Text(), nullable=True),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.CheckConstraint("closes_at > opens_at", name=op.f("ck_draw_closes_after_opening")),
        sa.CheckConstraint("(closed_at is null) = (entry_list is null)", name=op.f("ck_draw_closed_with_its_list")),
        sa.CheckConstraint("(drawn_at is null) = (published is null)", name=op.f("ck_draw_drawn_with_its_file")),
        sa.CheckConstraint("drawn_at is null or closed_at is not null", name=op.f("ck_draw_drawn_after_closing")),
        sa.ForeignKeyConstraint(["event_id"], ["event.id"], name=op.f("fk_draw_event_id_event"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_draw")),
        sa.UniqueConstraint("slug", name=op.f("uq_draw_slug")),
    )
    with op.batch_alter_table("draw") as batch_op:
        batch_op.create_index(op.f("ix_draw_event_id"), ["event_id"])
        batch_op.create_index(op.f("ix_draw_closes_at"), ["closes_at"])


def downgrade() -> None:
    with op.batch_alter_table("slot") as batch_op:
        batch_op.drop_index(op.f("ix_slot_draw_id"))
        batch_op.drop_constraint(op.f("fk_slot_draw_id_draw"), type_="foreignkey")
        batch_op.drop_column("draw_id")
    op.drop_table("draw_wish")
    op.drop_table("draw_entry")
    op.drop_table("draw")
