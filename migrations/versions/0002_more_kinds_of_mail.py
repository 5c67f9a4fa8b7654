"""More kinds of mail, and mail that is promised only once.

Revision: 0002, after 0001.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

BEFORE = (
    "booking_confirmed",
    "booking_waiting",
    "booking_offered",
    "booking_changed",
    "booking_cancelled",
    "offer_lapsed",
    "my_bookings",
    "signatory_confirm",
    "signatory_published",
    "signatory_declined",
    "problem_report",
    "staff_invitation",
)
NEW = (
    "booking_moved",
    "reminder_days",
    "reminder_hours",
    "slot_moved",
    "slot_called_off",
    "draw_entered",
    "draw_won",
    "draw_lost",
)


def _kinds(names: tuple[str, ...]) -> str:
    return "kind in ({})".format(", ".join(f"'{name}'" for name in names))


def upgrade() -> None:
    with op.batch_alter_table("outbox_mail") as batch_op:
        batch_op.drop_constraint(op.f("ck_outbox_mail_mailkind"), type_="check")
        batch_op.create_check_constraint(op.f("ck_outbox_mail_mailkind"), _kinds(BEFORE + NEW))
        batch_op.add_column(sa.Column("once_key", sa.String(length=80), nullable=True))
        batch_op.create_unique_constraint(op.f("uq_outbox_mail_once_key"), ["once_key"])


def downgrade() -> None:
    op.execute("delete from outbox_mail where {}".format(_kinds(NEW)))
    with op.batch_alter_table("outbox_mail") as batch_op:
        batch_op.drop_constraint(op.f("uq_outbox_mail_once_key"), type_="unique")
        batch_op.drop_column("once_key")
        batch_op.drop_constraint(op.f("ck_outbox_mail_mailkind"), type_="check")
        batch_op.create_check_constraint(op.f("ck_outbox_mail_mailkind"), _kinds(BEFORE))
