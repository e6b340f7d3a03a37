"""risk rules: fences of the shop, what they caught, orders in review, where orders come from"""

import sqlalchemy as sa
from alembic import op
from flask import current_app

from app.kit.columns import Moment
from app.kit.fences import lower_fence, raise_fence
from app.kit.ids import Id

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None

OWNED = ("fence_rule", "review_policy", "fence_catch")
PARTIAL = {
    "ix_order_network": (["merchant_id", "network_index", "expires_at"], "network_index IS NOT NULL"),
    "ix_order_payer": (["merchant_id", "payer_index", "expires_at"], "payer_index IS NOT NULL"),
    "ix_order_review": (["merchant_id", "paid_at"], "review = 1 AND payment <> 0"),
}


def upgrade() -> None:
    with op.batch_alter_table("order", schema=None) as batch_op:
        batch_op.add_column(sa.Column("network_index", sa.LargeBinary(), nullable=True))
        batch_op.add_column(sa.Column("payer_index", sa.LargeBinary(), nullable=True))
        batch_op.add_column(sa.Column("refusals", sa.Integer(), nullable=False, server_default="0"))
    with op.batch_alter_table("order", schema=None) as batch_op:
        batch_op.alter_column("refusals", server_default=None)
    _allow_reviews(4)
    for name, (columns, where) in PARTIAL.items():
        op.create_index(
            name, "order", columns, unique=False, postgresql_where=sa.text(where), sqlite_where=sa.text(where)
        )
    _create_tables()
    app_url = current_app.config["MIAOFA"].database_url
    for table in OWNED:
        raise_fence(op.get_bind(), table, app_url=app_url)


def _create_tables() -> None:
    op.create_table(
        "fence_rule",
        sa.Column("merchant_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("mode", sa.SmallInteger(), nullable=False),
        sa.Column("most", sa.BigInteger(), nullable=False),
        sa.Column("minutes", sa.Integer(), nullable=False),
        sa.CheckConstraint("mode IN (0, 1, 2, 3)", name=op.f("ck_fence_rule_mode")),
        sa.CheckConstraint("most > 0 AND minutes >= 0", name=op.f("ck_fence_rule_most")),
        sa.PrimaryKeyConstraint("merchant_id", "name", name=op.f("pk_fence_rule")),
    )
    op.create_table(
        "review_policy",
        sa.Column("merchant_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("hours", sa.Integer(), nullable=False),
        sa.Column("releases", sa.Boolean(), nullable=False),
        sa.CheckConstraint("hours >= 0", name=op.f("ck_review_policy_hours")),
        sa.PrimaryKeyConstraint("merchant_id", name=op.f("pk_review_policy")),
    )
    op.create_table(
        "fence_catch",
        sa.Column("merchant_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("id", Id(), nullable=False),
        sa.Column("at", Moment(), nullable=False),
        sa.Column("rule", sa.Text(), nullable=False),
        sa.Column("mode", sa.SmallInteger(), nullable=False),
        sa.Column("order_id", Id(), nullable=True),
        sa.Column("who", sa.Text(), nullable=False),
        sa.Column("seen", sa.BigInteger(), nullable=False),
        sa.Column("most", sa.BigInteger(), nullable=False),
        sa.Column("minutes", sa.Integer(), nullable=False),
        sa.Column("times", sa.Integer(), nullable=False),
        sa.CheckConstraint("mode IN (0, 1, 2, 3)", name=op.f("ck_fence_catch_mode")),
        sa.PrimaryKeyConstraint("merchant_id", "id", name=op.f("pk_fence_catch")),
    )
    with op.batch_alter_table("fence_catch", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_fence_catch_merchant_id_at"), ["merchant_id", "at"], unique=False)
        batch_op.create_index(
            batch_op.f("ix_fence_catch_merchant_id_order_id"), ["merchant_id", "order_id"], unique=False
        )


def _allow_reviews(count: int) -> None:
    with op.batch_alter_table("order", schema=None) as batch_op:
        batch_op.drop_constraint(op.f("ck_order_review"), type_="check")
        among = ", ".join(map(str, range(count)))
        batch_op.create_check_constraint(op.f("ck_order_review"), f"review IN ({among})")


def downgrade() -> None:
    for table in reversed(OWNED):
        lower_fence(op.get_bind(), table)
        op.drop_table(table)
    for name in PARTIAL:
        op.drop_index(name, "order")
    op.execute('UPDATE "order" SET review = 0 WHERE review > 1')
    _allow_reviews(2)
    with op.batch_alter_table("order", schema=None) as batch_op:
        for name in ("refusals", "payer_index", "network_index"):
            batch_op.drop_column(name)
