"""Another e-mail address for a booking.

Revision: 0013, after 0012.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
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
    "my_calendar",
    "signatory_confirm",
    "signatory_published",
    "signatory_declined",
    "problem_report",
    "staff_invitation",
    "booking_to_confirm",
)
NEW = ("address_confirm", "address_notice", "address_changed")


def _kinds(names: tuple[str, ...]) -> str:
    return "kind in ({})".format(", ".join(f"'{name}'" for name in names))


def _allow_kinds(names: tuple[str, ...]) -> None:
    with op.batch_alter_table("outbox_mail") as batch_op:
        batch_op.drop_constraint(op.f("ck_outbox_mail_mailkind"), type_="check")
        batch_op.create_check_constraint(op.f("ck_outbox_mail_mailkind"), _kinds(names))


def upgrade() -> None:
    _allow_kinds(BEFORE + NEW)
    op.create_table(
        "address_change",
        sa.Column("booking_id", sa.Integer(), nullable=False),
        sa.Column("email", sa.String(length=254), nullable=True),
        sa.Column("email_key", sa.String(length=254), nullable=True),
        sa.Column("salt", sa.String(length=32), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "(email is null) = (email_key is null)", name=op.f("ck_address_change_whole_or_over")
        ),
        sa.ForeignKeyConstraint(
            ["booking_id"], ["booking.id"], name=op.f("fk_address_change_booking_id_booking"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("booking_id", name=op.f("pk_address_change")),
    )


def downgrade() -> None:
    op.drop_table("address_change")
    op.execute("delete from outbox_mail where {}".format(_kinds(NEW)))
    _allow_kinds(BEFORE)
