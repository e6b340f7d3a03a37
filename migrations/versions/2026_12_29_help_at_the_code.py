"""help at the code: fix steps and help calls; how a shop shows codes again; when a claim was proved last"""

import sqlalchemy as sa
from alembic import op
from flask import current_app

from app.kit.columns import Moment
from app.kit.fences import lower_fence, raise_fence
from app.kit.ids import Id

revision = "0030"
down_revision = "0029"
branch_labels = None
depends_on = None

OWNED = ("fix_step", "help_call", "reveal_rule")
PROBLEMS, STUCK = "problem IN (0, 1, 2, 3, 4)", sa.text("ending = 2 AND seen_at IS NULL")


def upgrade() -> None:
    op.create_table(
        "fix_step",
        sa.Column("merchant_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("product_id", Id(), nullable=False),
        sa.Column("problem", sa.SmallInteger(), nullable=False),
        sa.Column("lang", sa.Text(), nullable=False),
        sa.Column("words", sa.Text(), nullable=False),
        sa.CheckConstraint(PROBLEMS, name=op.f("ck_fix_step_problem")),
        sa.PrimaryKeyConstraint("merchant_id", "product_id", "problem", "lang", name=op.f("pk_fix_step")),
    )
    _create_calls()
    op.create_table(
        "reveal_rule",
        sa.Column("merchant_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("link_hours", sa.Integer(), nullable=False),
        sa.Column("most_devices", sa.Integer(), nullable=False),
        sa.Column("fresh_minutes", sa.Integer(), nullable=False),
        sa.Column("hide_seconds", sa.Integer(), nullable=False),
        sa.CheckConstraint("link_hours > 0 AND most_devices > 0", name=op.f("ck_reveal_rule_link")),
        sa.CheckConstraint("fresh_minutes >= 0 AND hide_seconds >= 0", name=op.f("ck_reveal_rule_again")),
        sa.PrimaryKeyConstraint("merchant_id", name=op.f("pk_reveal_rule")),
    )
    op.add_column("handout_row", sa.Column("proved_at", Moment(), nullable=True))
    app_url = current_app.config["MIAOFA"].database_url
    for table in OWNED:
        raise_fence(op.get_bind(), table, app_url=app_url)


def _create_calls() -> None:
    op.create_table(
        "help_call",
        sa.Column("merchant_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("id", Id(), nullable=False),
        sa.Column("order_id", Id(), nullable=False),
        sa.Column("entitlement_id", Id(), nullable=False),
        sa.Column("product_id", Id(), nullable=False),
        sa.Column("problem", sa.SmallInteger(), nullable=False),
        sa.Column("ending", sa.SmallInteger(), nullable=False),
        sa.Column("times", sa.Integer(), nullable=False),
        sa.Column("asked_at", Moment(), nullable=False),
        sa.Column("ended_at", Moment(), nullable=True),
        sa.Column("words", sa.Text(), nullable=False),
        sa.Column("facts", sa.JSON(), nullable=False),
        sa.Column("seen_at", Moment(), nullable=True),
        sa.Column("seen_by", Id(), nullable=True),
        sa.CheckConstraint(PROBLEMS, name=op.f("ck_help_call_problem")),
        sa.CheckConstraint("ending IN (0, 1, 2)", name=op.f("ck_help_call_ending")),
        sa.PrimaryKeyConstraint("merchant_id", "id", name=op.f("pk_help_call")),
        sa.UniqueConstraint(
            "merchant_id", "entitlement_id", "problem", name=op.f("uq_help_call_merchant_id_entitlement_id_problem")
        ),
    )
    op.create_index(op.f("ix_help_call_merchant_id_order_id"), "help_call", ["merchant_id", "order_id"])
    op.create_index(op.f("ix_help_call_merchant_id_asked_at"), "help_call", ["merchant_id", "asked_at"])
    op.create_index(
        "ix_help_call_stuck",
        "help_call",
        ["merchant_id", "ended_at"],
        postgresql_where=STUCK,
        sqlite_where=STUCK,
    )


def downgrade() -> None:
    with op.batch_alter_table("handout_row", schema=None) as batch_op:
        batch_op.drop_column("proved_at")
    for table in reversed(OWNED):
        lower_fence(op.get_bind(), table)
        op.drop_table(table)
