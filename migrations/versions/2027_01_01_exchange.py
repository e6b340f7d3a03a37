"""exchange: pieces that become others, with what they pay of those, and where that had come from"""

import sqlalchemy as sa
from alembic import op
from flask import current_app

from app.kit.columns import Moment
from app.kit.fences import lower_fence, raise_fence
from app.kit.ids import Id

revision = "0033"
down_revision = "0032"
branch_labels = None
depends_on = None

OWNED = ("exchange_rule", "exchange", "tender_origin")
WAITING = sa.text("state = 0")


def upgrade() -> None:
    op.add_column("order", sa.Column("exchange_id", Id(), nullable=True))
    op.add_column("refund", sa.Column("into_id", Id(), nullable=True))
    _create_rules()
    _create_exchanges()
    op.create_table(
        "tender_origin",
        _merchant(),
        sa.Column("tender_id", Id(), nullable=False),
        sa.Column("origin_id", Id(), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("returned", sa.BigInteger(), nullable=False),
        sa.CheckConstraint(
            "amount > 0 AND returned >= 0 AND returned <= amount", name=op.f("ck_tender_origin_returned")
        ),
        sa.PrimaryKeyConstraint("merchant_id", "tender_id", "origin_id", name=op.f("pk_tender_origin")),
    )
    app_url = current_app.config["MIAOFA"].database_url
    for table in OWNED:
        raise_fence(op.get_bind(), table, app_url=app_url)


def _merchant() -> sa.Column[int]:
    return sa.Column("merchant_id", sa.BigInteger(), autoincrement=False, nullable=False)


def _create_rules() -> None:
    op.create_table(
        "exchange_rule",
        _merchant(),
        sa.Column("id", Id(), nullable=False),
        sa.Column("from_scope", sa.SmallInteger(), nullable=False),
        sa.Column("from_id", Id(), nullable=False),
        sa.Column("to_scope", sa.SmallInteger(), nullable=False),
        sa.Column("to_id", Id(), nullable=False),
        sa.Column("days", sa.Integer(), nullable=False),
        sa.Column("fee", sa.BigInteger(), nullable=False),
        sa.Column("gives_back", sa.Boolean(), nullable=False),
        sa.Column("enabled", sa.Boolean(), nullable=False),
        sa.Column("created_at", Moment(), nullable=False),
        sa.CheckConstraint("from_scope IN (0, 1, 2)", name=op.f("ck_exchange_rule_from_scope")),
        sa.CheckConstraint("to_scope IN (0, 1, 2)", name=op.f("ck_exchange_rule_to_scope")),
        sa.CheckConstraint("days > 0 AND fee >= 0", name=op.f("ck_exchange_rule_terms")),
        sa.PrimaryKeyConstraint("merchant_id", "id", name=op.f("pk_exchange_rule")),
        sa.UniqueConstraint(
            "merchant_id",
            "from_scope",
            "from_id",
            "to_scope",
            "to_id",
            name=op.f("uq_exchange_rule_merchant_id_from_scope_from_id_to_scope_to_id"),
        ),
    )


def _create_exchanges() -> None:
    op.create_table(
        "exchange",
        _merchant(),
        sa.Column("id", Id(), nullable=False),
        sa.Column("rule_id", Id(), nullable=False),
        sa.Column("order_id", Id(), nullable=False),
        sa.Column("entitlement_id", Id(), nullable=False),
        sa.Column("new_order_id", Id(), nullable=False),
        sa.Column("tender_id", Id(), nullable=False),
        sa.Column("state", sa.SmallInteger(), nullable=False),
        sa.Column("moved", sa.BigInteger(), nullable=False),
        sa.Column("back", sa.BigInteger(), nullable=False),
        sa.Column("kept", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("asked_at", Moment(), nullable=False),
        sa.Column("ended_at", Moment(), nullable=True),
        sa.CheckConstraint("state IN (0, 1, 2)", name=op.f("ck_exchange_state")),
        sa.CheckConstraint("moved > 0 AND back >= 0 AND kept >= 0", name=op.f("ck_exchange_amounts")),
        sa.ForeignKeyConstraint(
            ["merchant_id", "rule_id"],
            ["exchange_rule.merchant_id", "exchange_rule.id"],
            name=op.f("fk_exchange_merchant_id_rule_id"),
        ),
        sa.PrimaryKeyConstraint("merchant_id", "id", name=op.f("pk_exchange")),
        sa.UniqueConstraint("merchant_id", "new_order_id", name=op.f("uq_exchange_merchant_id_new_order_id")),
    )
    waiting = {"postgresql_where": WAITING, "sqlite_where": WAITING}
    op.create_index("ix_exchange_waiting", "exchange", ["merchant_id", "entitlement_id"], unique=True, **waiting)
    op.create_index(op.f("ix_exchange_merchant_id_order_id"), "exchange", ["merchant_id", "order_id"])


def downgrade() -> None:
    for table in ("tender_origin", "exchange", "exchange_rule"):
        lower_fence(op.get_bind(), table)
        op.drop_table(table)
    op.drop_column("refund", "into_id")
    op.drop_column("order", "exchange_id")
