"""Access needs as counted places and promises, and the facts of an activity's route.

Revision: 0014, after 0013.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

MAILS_BEFORE = (
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
    "address_confirm",
    "address_notice",
    "address_changed",
)
NEW_MAILS = ("needs_answered", "needs_kept")
OLD_NEEDS = "access_need_in_words"


def _kinds(names: tuple[str, ...]) -> str:
    return "kind in ({})".format(", ".join(f"'{name}'" for name in names))


def _allow_mails(names: tuple[str, ...]) -> None:
    with op.batch_alter_table("outbox_mail") as batch_op:
        batch_op.drop_constraint(op.f("ck_outbox_mail_mailkind"), type_="check")
        batch_op.create_check_constraint(op.f("ck_outbox_mail_mailkind"), _kinds(names))


def _aid_kind() -> sa.Enum:
    names = ("wheelchair", "hearing_loop", "interpreter", "companion", "other")
    return sa.Enum(*names, name="aidkind", native_enum=False, create_constraint=True, length=24)


def _need_state() -> sa.Enum:
    names = ("asked", "promised", "arranged", "declined")
    return sa.Enum(*names, name="needstate", native_enum=False, create_constraint=True, length=24)


def _set_words_aside() -> None:
    op.execute(f"create table {OLD_NEEDS} as select booking_id, description from access_need where description <> ''")
    op.drop_table("access_need")


def upgrade() -> None:
    _allow_mails(MAILS_BEFORE + NEW_MAILS)
    document = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")
    with op.batch_alter_table("activity") as batch_op:
        batch_op.add_column(sa.Column("route", document, nullable=False, server_default="{}"))
        batch_op.add_column(sa.Column("step_free", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.create_table(
        "slot_aid",
        sa.Column("slot_id", sa.Integer(), nullable=False),
        sa.Column("kind", _aid_kind(), nullable=False),
        sa.Column("capacity", sa.Integer(), nullable=True),
        sa.Column("held", sa.Integer(), nullable=False, server_default=sa.text("0")),
        sa.Column("over_capacity", sa.Integer(), nullable=False, server_default=sa.text("0")),
        sa.CheckConstraint("kind <> 'other'", name=op.f("ck_slot_aid_countable")),
        sa.CheckConstraint(
            "held >= 0 and over_capacity >= 0 and (capacity is null or capacity >= 0)",
            name=op.f("ck_slot_aid_counters_not_negative"),
        ),
        sa.CheckConstraint(
            "kind = 'interpreter' or capacity is null or held <= capacity + over_capacity",
            name=op.f("ck_slot_aid_never_overpromised"),
        ),
        sa.ForeignKeyConstraint(["slot_id"], ["slot.id"], name=op.f("fk_slot_aid_slot_id_slot"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("slot_id", "kind", name=op.f("pk_slot_aid")),
    )
    _set_words_aside()
    op.create_table(
        "access_need",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("booking_id", sa.Integer(), nullable=False),
        sa.Column("kind", _aid_kind(), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.Column("state", _need_state(), nullable=False),
        sa.Column("description", sa.String(length=500), nullable=True),
        sa.Column("answer", sa.String(length=500), nullable=True),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("count between 1 and 50", name=op.f("ck_access_need_count")),
        sa.CheckConstraint("(kind = 'other') = (description is not null)", name=op.f("ck_access_need_words")),
        sa.ForeignKeyConstraint(
            ["booking_id"], ["booking.id"], name=op.f("fk_access_need_booking_id_booking"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_access_need")),
        sa.UniqueConstraint("booking_id", "kind", name=op.f("uq_access_need_booking_id_kind")),
    )
    op.execute(
        "insert into access_need (booking_id, kind, count, state, description, asked_at)"
        " select booking.id, 'other', 1, 'asked', old.description, booking.created_at"
        f" from {OLD_NEEDS} old join booking on booking.id = old.booking_id order by booking.id"
    )
    op.drop_table(OLD_NEEDS)


def downgrade() -> None:
    _set_words_aside()
    op.create_table(
        "access_need",
        sa.Column("booking_id", sa.Integer(), nullable=False),
        sa.Column("description", sa.String(length=500), nullable=False),
        sa.ForeignKeyConstraint(
            ["booking_id"], ["booking.id"], name=op.f("fk_access_need_booking_id_booking"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("booking_id", name=op.f("pk_access_need")),
    )
    op.execute(f"insert into access_need (booking_id, description) select booking_id, description from {OLD_NEEDS}")
    op.drop_table(OLD_NEEDS)
    op.drop_table("slot_aid")
    with op.batch_alter_table("activity") as batch_op:
        batch_op.drop_column("step_free")
        batch_op.drop_column("route")
    op.execute("delete from outbox_mail where {}".format(_kinds(NEW_MAILS)))
    _allow_mails(MAILS_BEFORE)
