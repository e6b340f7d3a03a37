"""refunds in parts: what of an order and of each of its tenders went back, and which entitlements it was for"""

import sqlalchemy as sa
from alembic import op
from flask import current_app

from app.kit.fences import lower_fence, raise_fence
from app.kit.ids import Id

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

ZERO, NO = "0", sa.false()
NEW = {
    "order": {"refunded_amount": (sa.BigInteger(), ZERO), "forgiven_amount": (sa.BigInteger(), ZERO)},
    "tender": {"refunded": (sa.BigInteger(), ZERO)},
    "payback": {"by_hand": (sa.Boolean(), NO)},
    "merchant": {"returned": (sa.SmallInteger(), ZERO)},
    "refund": {
        "forgiven": (sa.BigInteger(), ZERO),
        "cost": (sa.BigInteger(), ZERO),
        "actor_type": (sa.Text(), "system"),
        "actor_id": (Id(), None),
        "to_balance": (sa.Boolean(), NO),
    },
}
CHECKS = {
    "order": {
        "refunded": "refunded_amount >= 0 AND forgiven_amount >= 0 AND refunded_amount + forgiven_amount <= total_amount"
    },
    "tender": {"refunded": "refunded >= 0 AND refunded <= amount"},
    "merchant": {"returned": "returned IN (0, 1, 2)"},
    "refund": {"amount": "amount >= 0 AND forgiven >= 0"},
}
BEFORE = {"refund": {"amount": "amount >= 0"}}
OWED = "payment IN (1, 2) AND fulfilment <> 2"
OWED_BEFORE = "payment = 1 AND fulfilment <> 2"
# What was refunded before, was refunded whole.
KNOWN = (
    'UPDATE "order" SET refunded_amount = total_amount WHERE payment = 3',
    "UPDATE tender SET refunded = amount WHERE state = 2",
    (
        "INSERT INTO refund_part (merchant_id, entitlement_id, refund_id, part_id, amount, seen)"
        " SELECT e.merchant_id, e.id, r.id, e.part_id,"
        " (p.price_share * (e.slot + 1)) / p.quantity - (p.price_share * e.slot) / p.quantity, e.reveals > 0 OR e.used > 0"
        " FROM refund r JOIN entitlement e ON e.merchant_id = r.merchant_id AND e.order_id = r.order_id AND e.state = 2"
        " JOIN part p ON p.merchant_id = e.merchant_id AND p.id = e.part_id"
    ),
)
TOUCHED = ("order", "tender", "refund", "refund_part", "entitlement", "part")


def upgrade() -> None:
    for table, columns in NEW.items():
        _add(table, columns)
    _make_table()
    _fill()
    _watch_owed(OWED)
    _make_payback_unique(
        ["merchant_id", "source_id", "method_id", "trade_no"], ["merchant_id", "source_id", "trade_no"]
    )


def _add(table: str, columns: dict[str, tuple[sa.types.TypeEngine[object], object]]) -> None:
    with op.batch_alter_table(table, schema=None) as batch_op:
        for name, (kind, default) in columns.items():
            batch_op.add_column(sa.Column(name, kind, nullable=default is None, server_default=default))
    with op.batch_alter_table(table, schema=None) as batch_op:
        for name, (_, default) in columns.items():
            if default is not None:
                batch_op.alter_column(name, server_default=None)
        for name in BEFORE.get(table, {}):
            batch_op.drop_constraint(batch_op.f(f"ck_{table}_{name}"), type_="check")
        for name, condition in CHECKS.get(table, {}).items():
            batch_op.create_check_constraint(batch_op.f(f"ck_{table}_{name}"), condition)


def _make_table() -> None:
    op.create_table(
        "refund_part",
        sa.Column("entitlement_id", Id(), nullable=False),
        sa.Column("refund_id", Id(), nullable=False),
        sa.Column("part_id", Id(), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("seen", sa.Boolean(), nullable=False),
        sa.Column("merchant_id", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("amount >= 0", name=op.f("ck_refund_part_amount")),
        sa.ForeignKeyConstraint(
            ["merchant_id", "refund_id"],
            ["refund.merchant_id", "refund.id"],
            name=op.f("fk_refund_part_merchant_id_refund_id"),
        ),
        sa.PrimaryKeyConstraint("merchant_id", "entitlement_id", name=op.f("pk_refund_part")),
    )
    op.create_index(op.f("ix_refund_part_merchant_id_refund_id"), "refund_part", ["merchant_id", "refund_id"])
    raise_fence(op.get_bind(), "refund_part", app_url=current_app.config["MIAOFA"].database_url)


def _fill() -> None:
    fenced = op.get_bind().dialect.name == "postgresql"
    for table in TOUCHED if fenced else ():
        op.execute(f'ALTER TABLE "{table}" NO FORCE ROW LEVEL SECURITY')
    for statement in KNOWN:
        op.execute(statement)
    for table in TOUCHED if fenced else ():
        op.execute(f'ALTER TABLE "{table}" FORCE ROW LEVEL SECURITY')


def _watch_owed(condition: str) -> None:
    op.drop_index("ix_order_owed", table_name="order")
    where = sa.text(condition)
    op.create_index("ix_order_owed", "order", ["merchant_id", "paid_at"], postgresql_where=where, sqlite_where=where)


def _make_payback_unique(columns: list[str], before: list[str]) -> None:
    with op.batch_alter_table("payback", schema=None) as batch_op:
        batch_op.drop_constraint(batch_op.f("uq_payback_" + "_".join(before)), type_="unique")
        batch_op.create_unique_constraint(batch_op.f("uq_payback_" + "_".join(columns)), columns)


def downgrade() -> None:
    _make_payback_unique(
        ["merchant_id", "source_id", "trade_no"], ["merchant_id", "source_id", "method_id", "trade_no"]
    )
    _watch_owed(OWED_BEFORE)
    lower_fence(op.get_bind(), "refund_part")
    op.drop_table("refund_part")
    for table, columns in reversed(NEW.items()):
        with op.batch_alter_table(table, schema=None) as batch_op:
            for name in CHECKS.get(table, {}):
                batch_op.drop_constraint(batch_op.f(f"ck_{table}_{name}"), type_="check")
            for name, condition in BEFORE.get(table, {}).items():
                batch_op.create_check_constraint(batch_op.f(f"ck_{table}_{name}"), condition)
        with op.batch_alter_table(table, schema=None) as batch_op:
            for name in columns:
                batch_op.drop_column(name)
