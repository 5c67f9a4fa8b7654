"""Private calendars, and slots that remember their first start.

Revision: 0007, after 0006.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
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
)
NEW = ("my_calendar",)


def _kinds(names: tuple[str, ...]) -> str:
    return "kind in ({})".format(", ".join(f"'{name}'" for name in names))


def _allow_kinds(names: tuple[str, ...]) -> None:
    with op.batch_alter_table("outbox_mail") as batch_op:
        batch_op.drop_constraint(op.f("ck_outbox_mail_mailkind"), type_="check")
        batch_op.create_check_constraint(op.f("ck_outbox_mail_mailkind"), _kinds(names))


def upgrade() -> None:
    _allow_kinds(BEFORE + NEW)
    op.add_column("slot", sa.Column("moved_from", sa.DateTime(timezone=True), nullable=True))
    op.create_table(
        "calendar_feed",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("email_key", sa.String(length=254), nullable=True),
        sa.Column("reference", sa.String(length=12), nullable=False),
        sa.Column("salt", sa.String(length=32), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "(email_key is null) = (revoked_at is not null)", name=op.f("ck_calendar_feed_revoked_names_nobody")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_calendar_feed")),
        sa.UniqueConstraint("email_key", name=op.f("uq_calendar_feed_email_key")),
        sa.UniqueConstraint("reference", name=op.f("uq_calendar_feed_reference")),
    )


def downgrade() -> None:
    op.drop_table("calendar_feed")
    op.drop_column("slot", "moved_from")
    op.execute("delete from outbox_mail where {}".format(_kinds(NEW)))
    _allow_kinds(BEFORE)
