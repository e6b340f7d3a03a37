"""what was sold on days that are over, counted once; codes are found by their tails and their tags"""

import sqlalchemy as sa
from alembic import op
from flask import current_app

from app.kit.fences import lower_fence, raise_fence
from app.kit.ids import Id

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

OWNED = ("closed_day", "day_sales")


def upgrade() -> None:
    op.create_table(
        "closed_day",
        sa.Column("merchant_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("zone", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("merchant_id", "day", name=op.f("pk_closed_day")),
    )
    op.create_table(
        "day_sales",
        sa.Column("merchant_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("batch_id", Id(), nullable=False),
        sa.Column("sku_id", Id(), nullable=False),
        sa.Column("tags", sa.Text(), nullable=False),
        sa.Column("early", sa.Boolean(), nullable=False),
        sa.Column("codes", sa.Integer(), nullable=False),
        sa.Column("cost", sa.BigInteger(), nullable=False),
        sa.Column("revenue", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("merchant_id", "day", "batch_id", "sku_id", "tags", "early", name=op.f("pk_day_sales")),
    )
    _index_codes(
        ix_code_sku=(["sku_id", "id"], "status >= 0"),
        ix_code_tail=(["tail", "id"], "tail <> ''"),
        ix_code_tagged=(["tags", "id"], "tags <> ''"),
    )
    app_url = current_app.config["MIAOFA"].database_url
    for table in OWNED:
        raise_fence(op.get_bind(), table, app_url=app_url)


def _index_codes(**wanted: tuple[list[str], str]) -> None:
    """Let these be the indexes that lists of codes go by."""
    for name in ("ix_code_sku", "ix_code_tail", "ix_code_tagged"):
        op.drop_index(name, "code", if_exists=True)
    for name, (columns, condition) in wanted.items():
        where = sa.text(condition)
        op.create_index(name, "code", ["merchant_id", *columns], postgresql_where=where, sqlite_where=where)


def downgrade() -> None:
    _index_codes(ix_code_sku=(["sku_id", "id", "tail"], "status >= 0"))
    for table in reversed(OWNED):
        lower_fence(op.get_bind(), table)
        op.drop_table(table)
