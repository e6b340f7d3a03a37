"""wording: a shop's own words about its deliveries, by version; when what was paid is handed over"""

import sqlalchemy as sa
from alembic import op
from flask import current_app

from app.kit.columns import Moment
from app.kit.fences import lower_fence, raise_fence
from app.kit.ids import Id

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None

OWNED = ("wording", "wording_version")
IN_FORCE = sa.text("published_at IS NOT NULL AND ended_at IS NULL")
CLOSED = sa.text("state = 0 AND opens_at IS NOT NULL")


def upgrade() -> None:
    op.create_table(
        "wording",
        sa.Column("merchant_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("id", Id(), nullable=False),
        sa.Column("product_id", Id(), nullable=False),
        sa.Column("lang", sa.Text(), nullable=False),
        sa.Column("medium", sa.SmallInteger(), nullable=False),
        sa.Column("versions", sa.Integer(), nullable=False),
        sa.Column("created_at", Moment(), nullable=False),
        sa.CheckConstraint("medium IN (0, 1)", name=op.f("ck_wording_medium")),
        sa.PrimaryKeyConstraint("merchant_id", "id", name=op.f("pk_wording")),
        sa.UniqueConstraint(
            "merchant_id", "product_id", "lang", "medium", name=op.f("uq_wording_merchant_id_product_id_lang_medium")
        ),
    )
    _create_versions()
    app_url = current_app.config["MIAOFA"].database_url
    for table in OWNED:
        raise_fence(op.get_bind(), table, app_url=app_url)
    op.add_column("sku", sa.Column("open_minutes", sa.Integer(), nullable=True))
    op.add_column("entitlement", sa.Column("opens_at", Moment(), nullable=True))
    op.create_index(
        "ix_entitlement_closed",
        "entitlement",
        ["merchant_id", "opens_at"],
        postgresql_where=CLOSED,
        sqlite_where=CLOSED,
    )


def _create_versions() -> None:
    op.create_table(
        "wording_version",
        sa.Column("merchant_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("id", Id(), nullable=False),
        sa.Column("wording_id", Id(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        *(sa.Column(name, sa.Text(), nullable=False) for name in ("title", "tips")),
        sa.Column("steps", sa.JSON(), nullable=False),
        *(sa.Column(name, sa.Text(), nullable=False) for name in ("button", "button_url", "invite", "footer")),
        sa.Column("logo_id", Id(), nullable=True),
        sa.Column("invite_picture_id", Id(), nullable=True),
        sa.Column("made_at", Moment(), nullable=False),
        sa.Column("made_by", Id(), nullable=True),
        sa.Column("published_at", Moment(), nullable=True),
        sa.Column("ended_at", Moment(), nullable=True),
        sa.ForeignKeyConstraint(
            ["merchant_id", "wording_id"],
            ["wording.merchant_id", "wording.id"],
            name=op.f("fk_wording_version_merchant_id_wording_id"),
        ),
        sa.PrimaryKeyConstraint("merchant_id", "id", name=op.f("pk_wording_version")),
        sa.UniqueConstraint(
            "merchant_id", "wording_id", "number", name=op.f("uq_wording_version_merchant_id_wording_id_number")
        ),
    )
    op.create_index(
        "uq_wording_version_in_force",
        "wording_version",
        ["merchant_id", "wording_id"],
        unique=True,
        postgresql_where=IN_FORCE,
        sqlite_where=IN_FORCE,
    )


def downgrade() -> None:
    op.drop_index("ix_entitlement_closed", table_name="entitlement")
    op.drop_column("entitlement", "opens_at")
    op.drop_column("sku", "open_minutes")
    for table in reversed(OWNED):
        lower_fence(op.get_bind(), table)
        op.drop_table(table)
