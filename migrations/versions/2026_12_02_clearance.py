"""clearance: codes that expire soon go to another variant of their product, which has a price of its own"""

import sqlalchemy as sa
from alembic import op

from app.kit.ids import Id

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

CHECKS = {
    "clear_days": "clear_days > 0",
    "clear_rule": "(clear_days IS NULL) = (clear_sku_id IS NULL)",
    "clear_other": "clear_sku_id <> id",
}
KEY = ["merchant_id", "clear_sku_id"]


def upgrade() -> None:
    with op.batch_alter_table("sku", schema=None) as batch_op:
        batch_op.add_column(sa.Column("clear_days", sa.Integer(), nullable=True))
        batch_op.add_column(sa.Column("clear_sku_id", Id(), nullable=True))
    with op.batch_alter_table("sku", schema=None) as batch_op:
        for name, condition in CHECKS.items():
            batch_op.create_check_constraint(batch_op.f(f"ck_sku_{name}"), condition)
        batch_op.create_unique_constraint(batch_op.f("uq_sku_merchant_id_clear_sku_id"), KEY)
        batch_op.create_foreign_key(batch_op.f("fk_sku_merchant_id_clear_sku_id"), "sku", KEY, ["merchant_id", "id"])


def downgrade() -> None:
    with op.batch_alter_table("sku", schema=None) as batch_op:
        batch_op.drop_constraint(batch_op.f("fk_sku_merchant_id_clear_sku_id"), type_="foreignkey")
        batch_op.drop_constraint(batch_op.f("uq_sku_merchant_id_clear_sku_id"), type_="unique")
        for name in CHECKS:
            batch_op.drop_constraint(batch_op.f(f"ck_sku_{name}"), type_="check")
        batch_op.drop_column("clear_sku_id")
        batch_op.drop_column("clear_days")
