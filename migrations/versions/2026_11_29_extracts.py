"""extracts: codes that a company takes in clear, to use them elsewhere"""

import sqlalchemy as sa
from alembic import op
from flask import current_app

from app.kit.columns import Moment
from app.kit.fences import lower_fence, raise_fence
from app.kit.ids import Id

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

OWNED = ("code_extract", "code_extract_row")


def upgrade() -> None:
    op.create_table(
        "code_extract",
        sa.Column("merchant_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("id", Id(), nullable=False),
        sa.Column("company_id", Id(), nullable=False),
        sa.Column("order_id", Id(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.Column("times", sa.Integer(), nullable=False),
        sa.Column("created_at", Moment(), nullable=False),
        sa.Column("last_at", Moment(), nullable=False),
        sa.Column("actor_type", sa.Text(), nullable=False),
        sa.Column("actor_id", Id(), nullable=True),
        sa.PrimaryKeyConstraint("merchant_id", "id", name=op.f("pk_code_extract")),
        sa.UniqueConstraint(
            "merchant_id", "company_id", "key", name=op.f("uq_code_extract_merchant_id_company_id_key")
        ),
    )
    with op.batch_alter_table("code_extract", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_code_extract_merchant_id_company_id_last_at"),
            ["merchant_id", "company_id", "last_at"],
            unique=False,
        )
        batch_op.create_index(
            batch_op.f("ix_code_extract_merchant_id_order_id"), ["merchant_id", "order_id"], unique=False
        )
    op.create_table(
        "code_extract_row",
        sa.Column("merchant_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("entitlement_id", Id(), nullable=False),
        sa.Column("extract_id", Id(), nullable=False),
        sa.Column("line", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["merchant_id", "extract_id"],
            ["code_extract.merchant_id", "code_extract.id"],
            name=op.f("fk_code_extract_row_merchant_id_extract_id"),
        ),
        sa.PrimaryKeyConstraint("merchant_id", "entitlement_id", name=op.f("pk_code_extract_row")),
        sa.UniqueConstraint(
            "merchant_id", "extract_id", "line", name=op.f("uq_code_extract_row_merchant_id_extract_id_line")
        ),
    )
    app_url = current_app.config["MIAOFA"].database_url
    for table in OWNED:
        raise_fence(op.get_bind(), table, app_url=app_url)


def downgrade() -> None:
    for table in reversed(OWNED):
        lower_fence(op.get_bind(), table)
        op.drop_table(table)
