"""carriers: the parties that carry messages, and the texts that they approved; more ways to reach a buyer"""

import sqlalchemy as sa
from alembic import op
from flask import current_app

from app.kit.columns import Moment
from app.kit.fences import lower_fence, raise_fence
from app.kit.ids import Id

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None

OWNED = ("carrier", "carrier_wording", "reach")
CHANNELS = "channel IN (0, 1, 2, 3, 4, 5, 6, 7, 8)"


def upgrade() -> None:
    _create_carriers()
    _create_ways()
    op.create_table(
        "carrier_wording",
        sa.Column("merchant_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("carrier_id", Id(), nullable=False),
        sa.Column("about", sa.Text(), nullable=False),
        sa.Column("lang", sa.Text(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("variables", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(
            ["merchant_id", "carrier_id"],
            ["carrier.merchant_id", "carrier.id"],
            name=op.f("fk_carrier_wording_merchant_id_carrier_id"),
        ),
        sa.PrimaryKeyConstraint("merchant_id", "carrier_id", "about", "lang", name=op.f("pk_carrier_wording")),
    )
    app_url = current_app.config["MIAOFA"].database_url
    for table in OWNED:
        raise_fence(op.get_bind(), table, app_url=app_url)


def _create_carriers() -> None:
    op.create_table(
        "carrier",
        sa.Column("merchant_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("id", Id(), nullable=False),
        sa.Column("channel", sa.SmallInteger(), nullable=False),
        sa.Column("provider", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("enabled", sa.Boolean(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("account", sa.Text(), nullable=False),
        sa.Column("settings", sa.JSON(), nullable=False),
        sa.Column("credentials", sa.LargeBinary(), nullable=False),
        sa.Column("key_id", Id(), nullable=False),
        sa.Column("hook_token", sa.Text(), nullable=False),
        sa.Column("created_at", Moment(), nullable=False),
        sa.Column("tested_at", Moment(), nullable=True),
        sa.Column("findings", sa.JSON(), nullable=False),
        sa.Column("alarm", sa.Text(), nullable=False),
        sa.Column("rests_until", Moment(), nullable=True),
        sa.CheckConstraint(CHANNELS, name=op.f("ck_carrier_channel")),
        sa.PrimaryKeyConstraint("merchant_id", "id", name=op.f("pk_carrier")),
    )
    op.create_index(op.f("ix_carrier_merchant_id_channel"), "carrier", ["merchant_id", "channel"])


def _create_ways() -> None:
    _allow_channels(CHANNELS)
    op.create_table(
        "reach",
        sa.Column("merchant_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("id", Id(), nullable=False),
        sa.Column("contact_index", sa.LargeBinary(), nullable=False),
        sa.Column("channel", sa.SmallInteger(), nullable=False),
        sa.Column("key_id", Id(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.Column("mask", sa.Text(), nullable=False),
        sa.Column("learned_at", Moment(), nullable=False),
        sa.Column("opted_out_at", Moment(), nullable=True),
        sa.CheckConstraint(CHANNELS, name=op.f("ck_reach_channel")),
        sa.PrimaryKeyConstraint("merchant_id", "id", name=op.f("pk_reach")),
        sa.UniqueConstraint(
            "merchant_id", "contact_index", "channel", name=op.f("uq_reach_merchant_id_contact_index_channel")
        ),
    )


def _allow_channels(allowed: str) -> None:
    with op.batch_alter_table("delivery", schema=None) as batch_op:
        batch_op.drop_constraint(batch_op.f("ck_delivery_channel"), type_="check")
        batch_op.create_check_constraint(batch_op.f("ck_delivery_channel"), allowed)


def downgrade() -> None:
    _allow_channels("channel IN (0)")
    for table in reversed(OWNED):
        lower_fence(op.get_bind(), table)
        op.drop_table(table)
