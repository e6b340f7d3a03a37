"""stock as a digital asset: sources, strategies, lanes, bundles, shared codes, papers of origin, exports, alerts"""

import sqlalchemy as sa
from alembic import op
from flask import current_app

from app.kit.columns import Moment
from app.kit.fences import lower_fence, raise_fence
from app.kit.ids import Id

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

OWNED = (
    "chore",
    "code_change",
    "code_changed",
    "code_export",
    "import_mapping",
    "lane",
    "lane_walk",
    "notes_seen",
    "presale",
    "presale_hold",
    "saved_view",
    "staff_note",
    "stock_alert",
    "proof",
    "shared_code",
    "shared_hold",
    "component",
)
EMPTY, ZERO, NO = sa.text("''"), sa.text("0"), sa.false()
NEW = {
    "batch": {
        "purchased_on": (sa.Date(), None),
        "tags": (sa.Text(), EMPTY),
        "note": (sa.Text(), EMPTY),
        "rank": (sa.Integer(), ZERO),
        "lane": (sa.SmallInteger(), ZERO),
        "recalled_at": (Moment(), None),
        "first_code": (Id(), None),
        "last_code": (Id(), None),
        "choices": (sa.Text(), EMPTY),
    },
    "code": {"tags": (sa.Text(), EMPTY)},
    "entitlement": {"shared_id": (Id(), None)},
    "sku": {
        "source": (sa.SmallInteger(), ZERO),
        "strategy": (sa.SmallInteger(), ZERO),
        "pattern": (sa.Text(), EMPTY),
        "as_ready": (sa.Boolean(), NO),
        "low_stock": (sa.Integer(), None),
        "low_days": (sa.Integer(), None),
        "expiry_days": (sa.Integer(), None),
        "release_at": (Moment(), None),
        "presale_cap": (sa.Integer(), None),
    },
}
CHOICES = {  # table, column: how many there are now, and were before
    ("sku", "kind"): (4, 3),
    ("part", "source"): (7, 1),
    ("batch", "state"): (6, 4),
    ("import_issue", "kind"): (4, 3),
}
CHECKS = {
    "sku": {
        "source": "source IN (0, 1, 2, 3, 4, 5, 6)",
        "strategy": "strategy IN (0, 1, 2, 3)",
        "presale_cap": "presale_cap > 0",
    },
    "entitlement": {"one_secret": "code_id IS NULL OR shared_id IS NULL"},
}
CODE_INDEXES = {
    "ix_code_apart": (["merchant_id", "sku_id"], "entitlement_id IS NULL AND (frozen OR status >= 3)"),
    "ix_code_offered": (["merchant_id", "id"], "status + 0 = 0 AND NOT frozen"),
    "ix_code_expiring": (
        ["merchant_id", "expires_on", "id"],
        "status + 0 = 0 AND NOT frozen AND expires_on IS NOT NULL",
    ),
    "ix_code_aside": (["merchant_id", "status", "id"], "status >= 3"),
    "ix_code_frozen": (["merchant_id", "id"], "frozen AND status <> 2"),
}


def upgrade() -> None:
    _make_tables()
    _add_columns()
    for (table, column), (now, _) in CHOICES.items():
        _allow(table, column, now)
    for table, checks in CHECKS.items():
        with op.batch_alter_table(table, schema=None) as batch_op:
            for name, condition in checks.items():
                batch_op.create_check_constraint(batch_op.f(f"ck_{table}_{name}"), condition)
    op.create_index(
        "ix_entitlement_shared",
        "entitlement",
        ["merchant_id", "shared_id"],
        postgresql_where=sa.text("shared_id IS NOT NULL"),
        sqlite_where=sa.text("shared_id IS NOT NULL"),
    )
    op.create_index(
        "ix_entitlement_late",
        "entitlement",
        ["merchant_id", "ready_at"],
        postgresql_where=sa.text("ready_at > granted_at"),
        sqlite_where=sa.text("ready_at > granted_at"),
    )
    for name, (columns, condition) in CODE_INDEXES.items():
        where = sa.text(condition)
        op.create_index(name, "code", columns, postgresql_where=where, sqlite_where=where)
    _index_tails(["merchant_id", "sku_id", "id", "tail"])
    app_url = current_app.config["MIAOFA"].database_url
    for table in OWNED:
        raise_fence(op.get_bind(), table, app_url=app_url)


def _index_tails(columns: list[str]) -> None:
    """Let the list of a SKU's codes know these columns."""
    where = sa.text("status >= 0")
    op.drop_index("ix_code_sku", "code")
    op.create_index("ix_code_sku", "code", columns, postgresql_where=where, sqlite_where=where)


def _add_columns() -> None:
    for table, columns in NEW.items():
        with op.batch_alter_table(table, schema=None) as batch_op:
            for name, (kind, default) in columns.items():
                batch_op.add_column(sa.Column(name, kind, nullable=default is None, server_default=default))
        with op.batch_alter_table(table, schema=None) as batch_op:
            for name, (_, default) in columns.items():
                if default is not None:
                    batch_op.alter_column(name, server_default=None)


def _allow(table: str, column: str, count: int) -> None:
    """Let a choice be one of so many."""
    with op.batch_alter_table(table, schema=None) as batch_op:
        batch_op.drop_constraint(op.f(f"ck_{table}_{column}"), type_="check")
        among = ", ".join(map(str, range(count)))
        batch_op.create_check_constraint(op.f(f"ck_{table}_{column}"), f"{column} IN ({among})")


def downgrade() -> None:
    _index_tails(["merchant_id", "sku_id", "id"])
    for name in CODE_INDEXES:
        op.drop_index(name, "code")
    op.drop_index("ix_entitlement_late", "entitlement")
    op.drop_index("ix_entitlement_shared", "entitlement")
    for table, checks in CHECKS.items():
        with op.batch_alter_table(table, schema=None) as batch_op:
            for name in checks:
                batch_op.drop_constraint(batch_op.f(f"ck_{table}_{name}"), type_="check")
    for (table, column), (_, before) in CHOICES.items():
        _allow(table, column, before)
    for table, columns in NEW.items():
        with op.batch_alter_table(table, schema=None) as batch_op:
            for name in columns:
                batch_op.drop_column(name)
    for table in reversed(OWNED):
        lower_fence(op.get_bind(), table)
        op.drop_table(table)


def _make_tables() -> None:
    op.create_table(
        "chore",
        sa.Column("merchant_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("entitlement_id", Id(), nullable=False),
        sa.Column("sku_id", Id(), nullable=False),
        sa.Column("order_id", Id(), nullable=False),
        sa.Column("asked_at", Moment(), nullable=False),
        sa.Column("taken_at", Moment(), nullable=True),
        sa.Column("taken_by", Id(), nullable=True),
        sa.Column("done_at", Moment(), nullable=True),
        sa.Column("done_by", Id(), nullable=True),
        sa.PrimaryKeyConstraint("merchant_id", "entitlement_id", name=op.f("pk_chore")),
    )
    with op.batch_alter_table("chore", schema=None) as batch_op:
        batch_op.create_index(
            "ix_chore_open",
            ["merchant_id", "asked_at"],
            unique=False,
            postgresql_where=sa.text("done_at IS NULL"),
            sqlite_where=sa.text("done_at IS NULL"),
        )

    op.create_table(
        "code_export",
        sa.Column("merchant_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("id", Id(), nullable=False),
        sa.Column("state", sa.SmallInteger(), nullable=False),
        sa.Column("filters", sa.Text(), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("asked_at", Moment(), nullable=False),
        sa.Column("asked_by", Id(), nullable=False),
        sa.Column("allowed_at", Moment(), nullable=True),
        sa.Column("allowed_by", Id(), nullable=True),
        sa.Column("ready_at", Moment(), nullable=True),
        sa.Column("taken_at", Moment(), nullable=True),
        sa.CheckConstraint("state IN (0, 1, 2, 3)", name=op.f("ck_code_export_state")),
        sa.PrimaryKeyConstraint("merchant_id", "id", name=op.f("pk_code_export")),
    )
    with op.batch_alter_table("code_export", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_code_export_merchant_id_asked_at"), ["merchant_id", "asked_at"], unique=False
        )

    op.create_table(
        "import_mapping",
        sa.Column("merchant_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("sku_id", Id(), nullable=False),
        sa.Column("header", sa.LargeBinary(), nullable=False),
        sa.Column("columns", sa.Text(), nullable=False),
        sa.Column("used_at", Moment(), nullable=False),
        sa.PrimaryKeyConstraint("merchant_id", "sku_id", "header", name=op.f("pk_import_mapping")),
    )
    op.create_table(
        "lane",
        sa.Column("merchant_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("sku_id", Id(), nullable=False),
        sa.Column("number", sa.SmallInteger(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("steer_days", sa.Integer(), nullable=True),
        sa.CheckConstraint("number > 0", name=op.f("ck_lane_number")),
        sa.CheckConstraint("steer_days > 0", name=op.f("ck_lane_steer_days")),
        sa.PrimaryKeyConstraint("merchant_id", "sku_id", "number", name=op.f("pk_lane")),
        sa.UniqueConstraint("merchant_id", "sku_id", "name", name=op.f("uq_lane_merchant_id_sku_id_name")),
    )
    op.create_table(
        "lane_walk",
        sa.Column("merchant_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("sku_id", Id(), nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("position", sa.SmallInteger(), nullable=False),
        sa.Column("lane", sa.SmallInteger(), nullable=False),
        sa.PrimaryKeyConstraint("merchant_id", "sku_id", "channel", "position", name=op.f("pk_lane_walk")),
    )
    op.create_table(
        "notes_seen",
        sa.Column("merchant_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("user_id", Id(), nullable=False),
        sa.Column("at", Moment(), nullable=False),
        sa.PrimaryKeyConstraint("merchant_id", "user_id", name=op.f("pk_notes_seen")),
    )
    op.create_table(
        "presale",
        sa.Column("merchant_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("sku_id", Id(), nullable=False),
        sa.Column("taken", sa.Integer(), nullable=False),
        sa.CheckConstraint("taken >= 0", name=op.f("ck_presale_taken")),
        sa.PrimaryKeyConstraint("merchant_id", "sku_id", name=op.f("pk_presale")),
    )
    op.create_table(
        "presale_hold",
        sa.Column("merchant_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("part_id", Id(), nullable=False),
        sa.Column("sku_id", Id(), nullable=False),
        sa.Column("quantity", sa.Integer(), nullable=False),
        sa.Column("held_until", Moment(), nullable=True),
        sa.CheckConstraint("quantity > 0", name=op.f("ck_presale_hold_quantity")),
        sa.PrimaryKeyConstraint("merchant_id", "part_id", name=op.f("pk_presale_hold")),
    )
    with op.batch_alter_table("presale_hold", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_presale_hold_merchant_id_sku_id_held_until"),
            ["merchant_id", "sku_id", "held_until"],
            unique=False,
        )

    op.create_table(
        "saved_view",
        sa.Column("merchant_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("id", Id(), nullable=False),
        sa.Column("user_id", Id(), nullable=False),
        sa.Column("listing", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("query", sa.Text(), nullable=False),
        sa.Column("is_shared", sa.Boolean(), nullable=False),
        sa.Column("created_at", Moment(), nullable=False),
        sa.PrimaryKeyConstraint("merchant_id", "id", name=op.f("pk_saved_view")),
        sa.UniqueConstraint(
            "merchant_id", "user_id", "listing", "name", name=op.f("uq_saved_view_merchant_id_user_id_listing_name")
        ),
    )
    op.create_table(
        "staff_note",
        sa.Column("merchant_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("id", Id(), nullable=False),
        sa.Column("at", Moment(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("subject_type", sa.Text(), nullable=False),
        sa.Column("subject_id", Id(), nullable=False),
        sa.Column("facts", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("merchant_id", "id", name=op.f("pk_staff_note")),
    )
    with op.batch_alter_table("staff_note", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_staff_note_merchant_id_at"), ["merchant_id", "at"], unique=False)

    op.create_table(
        "stock_alert",
        sa.Column("merchant_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("sku_id", Id(), nullable=False),
        sa.Column("kind", sa.SmallInteger(), nullable=False),
        sa.Column("raised_at", Moment(), nullable=False),
        sa.CheckConstraint("kind IN (0, 1, 2)", name=op.f("ck_stock_alert_kind")),
        sa.PrimaryKeyConstraint("merchant_id", "sku_id", "kind", name=op.f("pk_stock_alert")),
    )
    op.create_table(
        "code_change",
        sa.Column("merchant_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("id", Id(), nullable=False),
        sa.Column("action", sa.SmallInteger(), nullable=False),
        sa.Column("state", sa.SmallInteger(), nullable=False),
        sa.Column("batch_id", Id(), nullable=True),
        sa.Column("filters", sa.Text(), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.Column("done", sa.Integer(), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("after", Id(), nullable=True),
        sa.Column("asked_at", Moment(), nullable=False),
        sa.Column("actor_type", sa.Text(), nullable=False),
        sa.Column("actor_id", Id(), nullable=True),
        sa.Column("finished_at", Moment(), nullable=True),
        sa.CheckConstraint("action IN (0, 1, 2, 3, 4, 5, 6, 7, 8)", name=op.f("ck_code_change_action")),
        sa.CheckConstraint("state IN (0, 1, 2, 3)", name=op.f("ck_code_change_state")),
        sa.PrimaryKeyConstraint("merchant_id", "id", name=op.f("pk_code_change")),
    )
    with op.batch_alter_table("code_change", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_code_change_merchant_id_batch_id"), ["merchant_id", "batch_id"], unique=False
        )

    op.create_table(
        "code_changed",
        sa.Column("merchant_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("code_id", Id(), nullable=False),
        sa.Column("change_id", Id(), nullable=False),
        sa.PrimaryKeyConstraint("merchant_id", "code_id", "change_id", name=op.f("pk_code_changed")),
    )
    op.create_table(
        "proof",
        sa.Column("merchant_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("id", Id(), nullable=False),
        sa.Column("batch_id", Id(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("media", sa.Text(), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("key_id", Id(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.Column("added_at", Moment(), nullable=False),
        sa.Column("added_by", Id(), nullable=True),
        sa.ForeignKeyConstraint(
            ["merchant_id", "batch_id"], ["batch.merchant_id", "batch.id"], name=op.f("fk_proof_merchant_id_batch_id")
        ),
        sa.PrimaryKeyConstraint("merchant_id", "id", name=op.f("pk_proof")),
    )
    with op.batch_alter_table("proof", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_proof_merchant_id_batch_id"), ["merchant_id", "batch_id"], unique=False)

    op.create_table(
        "shared_code",
        sa.Column("merchant_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("id", Id(), nullable=False),
        sa.Column("sku_id", Id(), nullable=False),
        sa.Column("batch_id", Id(), nullable=False),
        sa.Column("uses", sa.Integer(), nullable=False),
        sa.Column("uses_left", sa.Integer(), nullable=False),
        sa.Column("frozen", sa.Boolean(), nullable=False),
        sa.Column("pick", sa.BigInteger(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.Column("key_id", Id(), nullable=False),
        sa.Column("fingerprint", sa.LargeBinary(), nullable=False),
        sa.Column("tail", sa.Text(), nullable=False),
        sa.Column("cost", sa.BigInteger(), nullable=False),
        sa.Column("expires_on", sa.Date(), nullable=True),
        sa.CheckConstraint("uses > 0", name=op.f("ck_shared_code_uses")),
        sa.CheckConstraint("uses_left >= 0 AND uses_left <= uses", name=op.f("ck_shared_code_uses_left")),
        sa.ForeignKeyConstraint(
            ["merchant_id", "batch_id"],
            ["batch.merchant_id", "batch.id"],
            name=op.f("fk_shared_code_merchant_id_batch_id"),
        ),
        sa.PrimaryKeyConstraint("merchant_id", "id", name=op.f("pk_shared_code")),
        sa.UniqueConstraint("merchant_id", "fingerprint", name=op.f("uq_shared_code_merchant_id_fingerprint")),
    )
    with op.batch_alter_table("shared_code", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_shared_code_merchant_id_sku_id_pick"), ["merchant_id", "sku_id", "pick"], unique=False
        )

    op.create_table(
        "shared_hold",
        sa.Column("merchant_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("part_id", Id(), nullable=False),
        sa.Column("shared_id", Id(), nullable=False),
        sa.Column("uses", sa.Integer(), nullable=False),
        sa.Column("held_until", Moment(), nullable=True),
        sa.CheckConstraint("uses > 0", name=op.f("ck_shared_hold_uses")),
        sa.ForeignKeyConstraint(
            ["merchant_id", "shared_id"],
            ["shared_code.merchant_id", "shared_code.id"],
            name=op.f("fk_shared_hold_merchant_id_shared_id"),
        ),
        sa.PrimaryKeyConstraint("merchant_id", "part_id", "shared_id", name=op.f("pk_shared_hold")),
    )
    with op.batch_alter_table("shared_hold", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_shared_hold_merchant_id_shared_id_held_until"),
            ["merchant_id", "shared_id", "held_until"],
            unique=False,
        )

    op.create_table(
        "component",
        sa.Column("merchant_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("sku_id", Id(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("component_id", Id(), nullable=False),
        sa.Column("quantity", sa.Integer(), nullable=False),
        sa.Column("share", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("quantity > 0", name=op.f("ck_component_quantity")),
        sa.CheckConstraint("share >= 0", name=op.f("ck_component_share")),
        sa.CheckConstraint("sku_id <> component_id", name=op.f("ck_component_other")),
        sa.ForeignKeyConstraint(
            ["merchant_id", "component_id"],
            ["sku.merchant_id", "sku.id"],
            name=op.f("fk_component_merchant_id_component_id"),
        ),
        sa.ForeignKeyConstraint(
            ["merchant_id", "sku_id"], ["sku.merchant_id", "sku.id"], name=op.f("fk_component_merchant_id_sku_id")
        ),
        sa.PrimaryKeyConstraint("merchant_id", "sku_id", "position", name=op.f("pk_component")),
        sa.UniqueConstraint(
            "merchant_id", "sku_id", "component_id", name=op.f("uq_component_merchant_id_sku_id_component_id")
        ),
    )
    with op.batch_alter_table("component", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_component_merchant_id_component_id"), ["merchant_id", "component_id"], unique=False
        )
