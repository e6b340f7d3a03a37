"""gifting: what a company hands out to people, one claim link each"""

import sqlalchemy as sa
from alembic import op
from flask import current_app

from app.kit.columns import Moment
from app.kit.fences import lower_fence, raise_fence
from app.kit.ids import Id

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

OWNED = ("handout", "handout_row")
LIVING = "entitlement_id IS NOT NULL AND revoked_at IS NULL"


def upgrade() -> None:
    op.create_table(
        "handout",
        sa.Column("merchant_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("id", Id(), nullable=False),
        sa.Column("company_id", Id(), nullable=False),
        sa.Column("order_id", Id(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("proof", sa.SmallInteger(), nullable=False),
        sa.Column("lang", sa.Text(), nullable=False),
        sa.Column("state", sa.SmallInteger(), nullable=False),
        sa.Column("key_id", Id(), nullable=False),
        sa.Column("total", sa.Integer(), nullable=False),
        sa.Column("ready", sa.Integer(), nullable=False),
        sa.Column("created_at", Moment(), nullable=False),
        sa.Column("actor_type", sa.Text(), nullable=False),
        sa.Column("actor_id", Id(), nullable=True),
        sa.Column("given_at", Moment(), nullable=True),
        sa.Column("expires_at", Moment(), nullable=True),
        sa.CheckConstraint("proof IN (0, 1)", name=op.f("ck_handout_proof")),
        sa.CheckConstraint("state IN (0, 1)", name=op.f("ck_handout_state")),
        sa.PrimaryKeyConstraint("merchant_id", "id", name=op.f("pk_handout")),
    )
    with op.batch_alter_table("handout", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_handout_merchant_id_company_id_id"), ["merchant_id", "company_id", "id"], unique=False
        )
        batch_op.create_index(batch_op.f("ix_handout_merchant_id_order_id"), ["merchant_id", "order_id"], unique=False)
    op.create_table(
        "handout_row",
        sa.Column("merchant_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("id", Id(), nullable=False),
        sa.Column("handout_id", Id(), nullable=False),
        sa.Column("line", sa.Integer(), nullable=False),
        sa.Column("problem", sa.Text(), nullable=False),
        sa.Column("person", sa.Text(), nullable=False),
        sa.Column("reference", sa.Text(), nullable=False),
        sa.Column("contact_sealed", sa.LargeBinary(), nullable=True),
        sa.Column("contact_mask", sa.Text(), nullable=False),
        sa.Column("entitlement_id", Id(), nullable=True),
        sa.Column("device_id", Id(), nullable=True),
        sa.Column("opened_at", Moment(), nullable=True),
        sa.Column("revoked_at", Moment(), nullable=True),
        sa.Column("told_at", Moment(), nullable=True),
        sa.Column("reminders", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["merchant_id", "handout_id"],
            ["handout.merchant_id", "handout.id"],
            name=op.f("fk_handout_row_merchant_id_handout_id"),
        ),
        sa.PrimaryKeyConstraint("merchant_id", "id", name=op.f("pk_handout_row")),
        sa.UniqueConstraint(
            "merchant_id", "handout_id", "line", name=op.f("uq_handout_row_merchant_id_handout_id_line")
        ),
    )
    with op.batch_alter_table("handout_row", schema=None) as batch_op:
        batch_op.create_index(
            "ix_handout_row_living",
            ["merchant_id", "entitlement_id"],
            unique=True,
            postgresql_where=sa.text(LIVING),
            sqlite_where=sa.text(LIVING),
        )
    app_url = current_app.config["MIAOFA"].database_url
    for table in OWNED:
        raise_fence(op.get_bind(), table, app_url=app_url)


def downgrade() -> None:
    for table in reversed(OWNED):
        lower_fence(op.get_bind(), table)
        op.drop_table(table)
