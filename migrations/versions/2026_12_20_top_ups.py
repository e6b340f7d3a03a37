"""top-ups: what the money of an order is for, goods or a company's balance"""

import sqlalchemy as sa
from alembic import op

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("order", schema=None) as batch_op:
        batch_op.add_column(sa.Column("purpose", sa.SmallInteger(), nullable=False, server_default="0"))
    with op.batch_alter_table("order", schema=None) as batch_op:
        batch_op.alter_column("purpose", server_default=None)
        batch_op.create_check_constraint(batch_op.f("ck_order_purpose"), "purpose IN (0, 1)")


def downgrade() -> None:
    with op.batch_alter_table("order", schema=None) as batch_op:
        batch_op.drop_constraint(batch_op.f("ck_order_purpose"), type_="check")
        batch_op.drop_column("purpose")
