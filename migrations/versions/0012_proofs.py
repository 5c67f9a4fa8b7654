"""Proofs of work, and bookings made without one.

Revision: 0012, after 0010.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0010"
branch_labels = None
depends_on = None

BEFORE = (
    "booking_confirmed",
    "booking_waiting",
    "booking_offered",
    "booking_changed",
    "booking_cancelled",
    "booking_moved",
    "offer_lapsed",
    "reminder_days",
    "reminder_hours",
    "slot_moved",
    "slot_called_off",
    "draw_entered",
    "draw_won",
    "draw_lost",
    "my_bookings",
    "signatory_confirm",
    "signatory_published",
    "signatory_declined",
    "problem_report",
    "staff_invitation",
    "my_calendar",
)
NEW = ("booking_to_confirm",)
RULES = ("never", "under_pressure", "always")


def _kinds(names: tuple[str, ...]) -> str:
    return "kind in ({})".format(", ".join(f"'{name}'" for name in names))


def _allow_kinds(names: tuple[str, ...]) -> None:
    with op.batch_alter_table("outbox_mail") as batch_op:
        batch_op.drop_constraint(op.f("ck_outbox_mail_mailkind"), type_="check")
        batch_op.create_check_constraint(op.f("ck_outbox_mail_mailkind"), _kinds(names))


def upgrade() -> None:
    moment = sa.DateTime(timezone=True)
    op.create_table(
        "used_proof",
        sa.Column("challenge", sa.String(length=64), nullable=False),
        sa.Column("expires_at", moment, nullable=False),
        sa.PrimaryKeyConstraint("challenge", name=op.f("pk_used_proof")),
    )
    op.create_index("ix_used_proof_expires_at", "used_proof", ["expires_at"])
    with op.batch_alter_table("booking") as batch_op:
        batch_op.add_column(sa.Column("confirm_by", moment, nullable=True))
        batch_op.create_check_constraint(
            op.f("ck_booking_confirmed_is_confirmed"), "confirm_by is null or status <> 'confirmed'"
        )
    op.create_index(
        "ix_booking_to_confirm",
        "booking",
        ["confirm_by"],
        postgresql_where=sa.text("confirm_by is not null"),
        sqlite_where=sa.text("confirm_by is not null"),
    )
    with op.batch_alter_table("waiting_room") as batch_op:
        rule = sa.Enum(*RULES, name="proofrule", native_enum=False, create_constraint=False, length=24)
        batch_op.add_column(sa.Column("proof", rule, nullable=False, server_default="never"))
        batch_op.create_check_constraint(
            op.f("ck_waiting_room_proofrule"), "proof in ({})".format(", ".join(f"'{name}'" for name in RULES))
        )
    with op.batch_alter_table("waiting_room") as batch_op:
        batch_op.alter_column("proof", server_default=None)
    _allow_kinds(BEFORE + NEW)


def downgrade() -> None:
    op.execute("delete from outbox_mail where {}".format(_kinds(NEW)))
    _allow_kinds(BEFORE)
    with op.batch_alter_table("waiting_room") as batch_op:
        batch_op.drop_constraint(op.f("ck_waiting_room_proofrule"), type_="check")
        batch_op.drop_column("proof")
    op.drop_index("ix_booking_to_confirm", "booking")
    with op.batch_alter_table("booking") as batch_op:
        batch_op.drop_constraint(op.f("ck_booking_confirmed_is_confirmed"), type_="check")
        batch_op.drop_column("confirm_by")
    op.drop_table("used_proof")
