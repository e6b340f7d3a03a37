"""real money: what a merchant sets for a gateway, how a buyer pays, how a notice was paid"""

import sqlalchemy as sa
from alembic import op

from app.kit.columns import Moment

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

NEW = {
    "payment_method": {
        "title": (sa.Text(), "", False),
        "settings": (sa.JSON(), "{}", False),
        "least": (sa.BigInteger(), None, True),
        "most": (sa.BigInteger(), None, True),
        "fee_rate": (sa.Integer(), "0", False),
        "fee_fixed": (sa.BigInteger(), "0", False),
        "fee_payer": (sa.SmallInteger(), "0", False),
        "notify_url": (sa.Text(), "", False),
        "tested_at": (Moment(), None, True),
        "findings": (sa.JSON(), "[]", False),
    },
    "notice": {
        "detail": (sa.Text(), "", False),
        "payer_index": (sa.LargeBinary(), None, True),
        "fee": (sa.BigInteger(), None, True),
    },
    "payment_attempt": {
        "way": (sa.SmallInteger(), "0", False),
        "scene": (sa.SmallInteger(), "0", False),
        "payer": (sa.Text(), "", False),
        "ip": (sa.Text(), "", False),
        "asks": (sa.Integer(), "0", False),
        "number": (sa.Text(), "", False),
    },
    "tender": {"fee": (sa.BigInteger(), "0", False)},
}
CHECKS = {
    "payment_method": {
        "fee_payer": "fee_payer IN (0, 1)",
        "fee": "fee_rate >= 0 AND fee_rate < 10000 AND fee_fixed >= 0",
    },
    "payment_attempt": {"way": "way IN (0, 1, 2, 3)", "scene": "scene IN (0, 1, 2, 3)"},
}


def upgrade() -> None:
    for table, columns in NEW.items():
        with op.batch_alter_table(table, schema=None) as batch_op:
            for name, (kind, default, nullable) in columns.items():
                batch_op.add_column(sa.Column(name, kind, nullable=nullable, server_default=default))
        with op.batch_alter_table(table, schema=None) as batch_op:
            for name, (_, default, _nullable) in columns.items():
                if default is not None:
                    batch_op.alter_column(name, server_default=None)
            for name, condition in CHECKS.get(table, {}).items():
                batch_op.create_check_constraint(batch_op.f(f"ck_{table}_{name}"), condition)
    _allow_states(6)


def _allow_states(count: int) -> None:
    with op.batch_alter_table("notice", schema=None) as batch_op:
        batch_op.drop_constraint(op.f("ck_notice_state"), type_="check")
        among = ", ".join(map(str, range(count)))
        batch_op.create_check_constraint(op.f("ck_notice_state"), f"state IN ({among})")


def downgrade() -> None:
    _allow_states(4)
    for table, columns in NEW.items():
        with op.batch_alter_table(table, schema=None) as batch_op:
            for name in CHECKS.get(table, {}):
                batch_op.drop_constraint(batch_op.f(f"ck_{table}_{name}"), type_="check")
        with op.batch_alter_table(table, schema=None) as batch_op:
            for name in columns:
                batch_op.drop_column(name)
