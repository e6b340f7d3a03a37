"""redemption: rules, vouchers, redemptions, bulks; entitlements count their uses"""

import sqlalchemy as sa
from alembic import op
from flask import current_app

from app.kit.columns import Moment
from app.kit.fences import lower_fence, raise_fence
from app.kit.ids import Id

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

OWNED = ("bulk", "location", "redemption_rule", "voucher", "bulk_row", "redemption_place")
INSERT_ONLY = ("redemption",)


def upgrade() -> None:
    op.create_table(
        "bulk",
        sa.Column("merchant_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("id", Id(), nullable=False),
        sa.Column("company_id", Id(), nullable=True),
        sa.Column("channel", sa.SmallInteger(), nullable=False),
        sa.Column("location_id", Id(), nullable=True),
        sa.Column("network", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("state", sa.SmallInteger(), nullable=False),
        sa.Column("key_id", Id(), nullable=False),
        sa.Column("total", sa.Integer(), nullable=False),
        sa.Column("ready", sa.Integer(), nullable=False),
        sa.Column("done", sa.Integer(), nullable=False),
        sa.Column("failed", sa.Integer(), nullable=False),
        sa.Column("created_at", Moment(), nullable=False),
        sa.Column("actor_type", sa.Text(), nullable=False),
        sa.Column("actor_id", Id(), nullable=True),
        sa.Column("confirmed_at", Moment(), nullable=True),
        sa.Column("finished_at", Moment(), nullable=True),
        sa.CheckConstraint("state IN (0, 1, 2, 3, 4)", name=op.f("ck_bulk_state")),
        sa.CheckConstraint("channel IN (0, 1, 2, 3, 4)", name=op.f("ck_bulk_channel")),
        sa.PrimaryKeyConstraint("merchant_id", "id", name=op.f("pk_bulk")),
    )
    with op.batch_alter_table("bulk", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_bulk_merchant_id_company_id_id"), ["merchant_id", "company_id", "id"], unique=False
        )
        batch_op.create_index(
            batch_op.f("ix_bulk_merchant_id_state_created_at"), ["merchant_id", "state", "created_at"], unique=False
        )

    op.create_table(
        "location",
        sa.Column("merchant_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("id", Id(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("created_at", Moment(), nullable=False),
        sa.Column("closed_at", Moment(), nullable=True),
        sa.PrimaryKeyConstraint("merchant_id", "id", name=op.f("pk_location")),
        sa.UniqueConstraint("merchant_id", "code", name=op.f("uq_location_merchant_id_code")),
    )
    op.create_table(
        "redemption",
        sa.Column("merchant_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("id", Id(), nullable=False),
        sa.Column("entitlement_id", Id(), nullable=False),
        sa.Column("order_id", Id(), nullable=False),
        sa.Column("sku_id", Id(), nullable=False),
        sa.Column("at", Moment(), nullable=False),
        sa.Column("uses", sa.Integer(), nullable=False),
        sa.Column("uses_left", sa.Integer(), nullable=False),
        sa.Column("channel", sa.SmallInteger(), nullable=False),
        sa.Column("location_id", Id(), nullable=True),
        sa.Column("actor_type", sa.Text(), nullable=False),
        sa.Column("actor_id", Id(), nullable=True),
        sa.Column("network", sa.Text(), nullable=False),
        sa.Column("reference", sa.Text(), nullable=False),
        sa.Column("idem", sa.LargeBinary(), nullable=False),
        sa.Column("undoes_id", Id(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.CheckConstraint("channel IN (0, 1, 2, 3, 4)", name=op.f("ck_redemption_channel")),
        sa.CheckConstraint("uses <> 0 AND (uses < 0) = (undoes_id IS NOT NULL)", name=op.f("ck_redemption_uses")),
        sa.PrimaryKeyConstraint("merchant_id", "id", name=op.f("pk_redemption")),
        sa.UniqueConstraint("merchant_id", "idem", name=op.f("uq_redemption_merchant_id_idem")),
    )
    with op.batch_alter_table("redemption", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_redemption_merchant_id_at"), ["merchant_id", "at"], unique=False)
        batch_op.create_index(
            batch_op.f("ix_redemption_merchant_id_entitlement_id"), ["merchant_id", "entitlement_id"], unique=False
        )
        batch_op.create_index(
            "ix_redemption_undoes",
            ["merchant_id", "undoes_id"],
            unique=True,
            postgresql_where=sa.text("undoes_id IS NOT NULL"),
            sqlite_where=sa.text("undoes_id IS NOT NULL"),
        )
        batch_op.create_index(
            "ix_redemption_door",
            ["merchant_id", "channel", "location_id", "id"],
            unique=False,
            postgresql_where=sa.text("undoes_id IS NULL"),
            sqlite_where=sa.text("undoes_id IS NULL"),
        )

    op.create_table(
        "redemption_rule",
        sa.Column("merchant_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("sku_id", Id(), nullable=False),
        sa.Column("uses", sa.Integer(), nullable=False),
        sa.Column("valid_days", sa.Integer(), nullable=True),
        sa.Column("valid_from", sa.Date(), nullable=True),
        sa.Column("valid_until", sa.Date(), nullable=True),
        sa.Column("blackout", sa.JSON(), nullable=False),
        sa.Column("limited", sa.Boolean(), nullable=False),
        sa.Column("self_service", sa.Boolean(), nullable=False),
        sa.Column("changed_at", Moment(), nullable=False),
        sa.CheckConstraint("uses > 0", name=op.f("ck_redemption_rule_uses")),
        sa.CheckConstraint("valid_days >= 0", name=op.f("ck_redemption_rule_valid_days")),
        sa.PrimaryKeyConstraint("merchant_id", "sku_id", name=op.f("pk_redemption_rule")),
    )
    op.create_table(
        "voucher",
        sa.Column("merchant_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("entitlement_id", Id(), nullable=False),
        sa.Column("order_id", Id(), nullable=False),
        sa.Column("sku_id", Id(), nullable=False),
        sa.Column("code_id", Id(), nullable=True),
        sa.Column("uses", sa.Integer(), nullable=False),
        sa.Column("uses_left", sa.Integer(), nullable=False),
        sa.Column("valid_from", Moment(), nullable=False),
        sa.Column("valid_until", Moment(), nullable=True),
        sa.CheckConstraint("uses_left >= 0 AND uses_left <= uses", name=op.f("ck_voucher_uses_left")),
        sa.PrimaryKeyConstraint("merchant_id", "entitlement_id", name=op.f("pk_voucher")),
        postgresql_with={"fillfactor": 80},
    )
    op.create_table(
        "bulk_row",
        sa.Column("merchant_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("bulk_id", Id(), nullable=False),
        sa.Column("line", sa.Integer(), nullable=False),
        sa.Column("state", sa.SmallInteger(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=True),
        sa.Column("entitlement_id", Id(), nullable=True),
        sa.Column("redemption_id", Id(), nullable=True),
        sa.Column("tail", sa.Text(), nullable=False),
        sa.Column("reference", sa.Text(), nullable=False),
        sa.Column("done_at", Moment(), nullable=True),
        sa.CheckConstraint("state IN (0, 1, 2, 3, 4, 5, 6, 7)", name=op.f("ck_bulk_row_state")),
        sa.ForeignKeyConstraint(
            ["merchant_id", "bulk_id"], ["bulk.merchant_id", "bulk.id"], name=op.f("fk_bulk_row_merchant_id_bulk_id")
        ),
        sa.PrimaryKeyConstraint("merchant_id", "bulk_id", "line", name=op.f("pk_bulk_row")),
    )
    with op.batch_alter_table("bulk_row", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_bulk_row_merchant_id_bulk_id_state_line"),
            ["merchant_id", "bulk_id", "state", "line"],
            unique=False,
        )

    op.create_table(
        "redemption_place",
        sa.Column("merchant_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("sku_id", Id(), nullable=False),
        sa.Column("location_id", Id(), nullable=False),
        sa.ForeignKeyConstraint(
            ["merchant_id", "location_id"],
            ["location.merchant_id", "location.id"],
            name=op.f("fk_redemption_place_merchant_id_location_id"),
        ),
        sa.ForeignKeyConstraint(
            ["merchant_id", "sku_id"],
            ["redemption_rule.merchant_id", "redemption_rule.sku_id"],
            name=op.f("fk_redemption_place_merchant_id_sku_id"),
        ),
        sa.PrimaryKeyConstraint("merchant_id", "sku_id", "location_id", name=op.f("pk_redemption_place")),
    )
    with op.batch_alter_table("code", schema=None) as batch_op:
        batch_op.add_column(sa.Column("pin_fingerprint", sa.LargeBinary(), nullable=True))

    with op.batch_alter_table("entitlement", schema=None) as batch_op:
        batch_op.add_column(sa.Column("used", sa.Integer(), nullable=False, server_default=sa.text("0")))
        batch_op.add_column(sa.Column("last_used_at", Moment(), nullable=True))
    with op.batch_alter_table("entitlement", schema=None) as batch_op:
        batch_op.alter_column("used", server_default=None)
        batch_op.create_check_constraint(op.f("ck_entitlement_used"), "used >= 0")

    with op.batch_alter_table("order", schema=None) as batch_op:
        batch_op.add_column(sa.Column("company_id", Id(), nullable=True))
        batch_op.create_index(
            "ix_order_company",
            ["merchant_id", "company_id", "id"],
            unique=False,
            postgresql_where=sa.text("company_id IS NOT NULL"),
            sqlite_where=sa.text("company_id IS NOT NULL"),
        )
    app_url = current_app.config["MIAOFA"].database_url
    for table in OWNED:
        raise_fence(op.get_bind(), table, app_url=app_url)
    for table in INSERT_ONLY:
        raise_fence(op.get_bind(), table, app_url=app_url, insert_only=True)


def downgrade() -> None:
    for table in INSERT_ONLY:
        lower_fence(op.get_bind(), table, insert_only=True)
        op.drop_table(table)
    for table in reversed(OWNED):
        lower_fence(op.get_bind(), table)
        op.drop_table(table)
    with op.batch_alter_table("order", schema=None) as batch_op:
        batch_op.drop_index(
            "ix_order_company",
            postgresql_where=sa.text("company_id IS NOT NULL"),
            sqlite_where=sa.text("company_id IS NOT NULL"),
        )
        batch_op.drop_column("company_id")
    with op.batch_alter_table("entitlement", schema=None) as batch_op:
        batch_op.drop_constraint(op.f("ck_entitlement_used"), type_="check")
        batch_op.drop_column("last_used_at")
        batch_op.drop_column("used")
    with op.batch_alter_table("code", schema=None) as batch_op:
        batch_op.drop_column("pin_fingerprint")
