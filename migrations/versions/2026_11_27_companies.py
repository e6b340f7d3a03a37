"""companies: members, invites, balances with their movements"""

import sqlalchemy as sa
from alembic import op
from flask import current_app

from app.kit.columns import Moment
from app.kit.fences import lower_fence, raise_fence
from app.kit.ids import Id

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

OWNED = ("company", "company_member", "company_invite", "company_account")
INSERT_ONLY = "company_movement"


def upgrade() -> None:
    op.create_table(
        "company",
        sa.Column("merchant_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("id", Id(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("contact_sealed", sa.LargeBinary(), nullable=False),
        sa.Column("contact_key_id", Id(), nullable=False),
        sa.Column("contact_mask", sa.Text(), nullable=False),
        sa.Column("created_at", Moment(), nullable=False),
        sa.Column("closed_at", Moment(), nullable=True),
        sa.PrimaryKeyConstraint("merchant_id", "id", name=op.f("pk_company")),
    )
    op.create_table(
        "company_member",
        sa.Column("merchant_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("company_id", Id(), nullable=False),
        sa.Column("user_id", Id(), nullable=False),
        sa.Column("role", sa.SmallInteger(), nullable=False),
        sa.Column("created_at", Moment(), nullable=False),
        sa.Column("ended_at", Moment(), nullable=True),
        sa.CheckConstraint("role IN (0, 1, 2, 3)", name=op.f("ck_company_member_role")),
        _of_company("company_member"),
        sa.PrimaryKeyConstraint("merchant_id", "company_id", "user_id", name=op.f("pk_company_member")),
    )
    with op.batch_alter_table("company_member", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_company_member_merchant_id_user_id"), ["merchant_id", "user_id"], unique=False
        )
    op.create_table(
        "company_invite",
        sa.Column("merchant_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("id", Id(), nullable=False),
        sa.Column("company_id", Id(), nullable=False),
        sa.Column("email_sealed", sa.LargeBinary(), nullable=False),
        sa.Column("email_key_id", Id(), nullable=False),
        sa.Column("email_mask", sa.Text(), nullable=False),
        sa.Column("role", sa.SmallInteger(), nullable=False),
        sa.Column("lang", sa.Text(), nullable=False),
        sa.Column("created_at", Moment(), nullable=False),
        sa.Column("expires_at", Moment(), nullable=False),
        sa.Column("used_at", Moment(), nullable=True),
        sa.Column("revoked_at", Moment(), nullable=True),
        sa.CheckConstraint("role IN (0, 1, 2, 3)", name=op.f("ck_company_invite_role")),
        _of_company("company_invite"),
        sa.PrimaryKeyConstraint("merchant_id", "id", name=op.f("pk_company_invite")),
    )
    with op.batch_alter_table("company_invite", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_company_invite_merchant_id_company_id"), ["merchant_id", "company_id"], unique=False
        )
    op.create_table(
        "company_account",
        sa.Column("merchant_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("company_id", Id(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("amount >= 0", name=op.f("ck_company_account_amount")),
        _of_company("company_account"),
        sa.PrimaryKeyConstraint("merchant_id", "company_id", name=op.f("pk_company_account")),
    )
    _create_movements()
    app_url = current_app.config["MIAOFA"].database_url
    for table in OWNED:
        raise_fence(op.get_bind(), table, app_url=app_url)
    raise_fence(op.get_bind(), INSERT_ONLY, app_url=app_url, insert_only=True)


def _create_movements() -> None:
    op.create_table(
        "company_movement",
        sa.Column("merchant_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("id", Id(), nullable=False),
        sa.Column("company_id", Id(), nullable=False),
        sa.Column("kind", sa.SmallInteger(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("balance", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("order_id", Id(), nullable=True),
        sa.Column("reference", sa.Text(), nullable=False),
        sa.Column("at", Moment(), nullable=False),
        sa.Column("actor_type", sa.Text(), nullable=False),
        sa.Column("actor_id", Id(), nullable=True),
        sa.CheckConstraint("kind IN (0, 1, 2, 3)", name=op.f("ck_company_movement_kind")),
        sa.CheckConstraint("amount <> 0 AND (amount < 0) = (kind IN (1, 3))", name=op.f("ck_company_movement_amount")),
        sa.CheckConstraint("balance >= 0", name=op.f("ck_company_movement_balance")),
        _of_company("company_movement"),
        sa.PrimaryKeyConstraint("merchant_id", "id", name=op.f("pk_company_movement")),
        sa.UniqueConstraint(
            "merchant_id", "company_id", "source", name=op.f("uq_company_movement_merchant_id_company_id_source")
        ),
    )
    with op.batch_alter_table("company_movement", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_company_movement_merchant_id_company_id_id"),
            ["merchant_id", "company_id", "id"],
            unique=False,
        )


def _of_company(table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["merchant_id", "company_id"],
        ["company.merchant_id", "company.id"],
        name=op.f(f"fk_{table}_merchant_id_company_id"),
    )


def downgrade() -> None:
    lower_fence(op.get_bind(), INSERT_ONLY, insert_only=True)
    op.drop_table(INSERT_ONLY)
    for table in reversed(OWNED):
        lower_fence(op.get_bind(), table)
        op.drop_table(table)
