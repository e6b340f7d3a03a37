"""cost per row: what a row of a file says its code cost, and how much such rows make of a batch"""

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None

COUNTS = {"own_costed": sa.Integer(), "own_costs": sa.BigInteger()}


def upgrade() -> None:
    op.add_column("code", sa.Column("own_cost", sa.Boolean(), nullable=True))  # so that no code is written anew
    with op.batch_alter_table("batch", schema=None) as batch_op:
        for name, kind in COUNTS.items():
            batch_op.add_column(sa.Column(name, kind, nullable=False, server_default="0"))
    with op.batch_alter_table("batch", schema=None) as batch_op:
        for name in COUNTS:
            batch_op.alter_column(name, server_default=None)


def downgrade() -> None:
    with op.batch_alter_table("batch", schema=None) as batch_op:
        for name in reversed(COUNTS):
            batch_op.drop_column(name)
    op.drop_column("code", "own_cost")
