"""telling the buyer: deliveries, links, browsers that proved themselves"""

import sqlalchemy as sa
from alembic import op
from flask import current_app

from app.kit.columns import Moment
from app.kit.fences import lower_fence, raise_fence
from app.kit.ids import Id

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

OWNED = ("delivery", "link", "link_device")
STUCK = sa.text("state IN (2, 3)")


def upgrade() -> None:
    op.create_table(
        "delivery",
        sa.Column("merchant_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("id", Id(), nullable=False),
        sa.Column("order_id", Id(), nullable=False),
        sa.Column("source_id", Id(), nullable=False),
        sa.Column("about", sa.SmallInteger(), nullable=False),
        sa.Column("channel", sa.SmallInteger(), nullable=False),
        sa.Column("state", sa.SmallInteger(), nullable=False),
        sa.Column("link_id", Id(), nullable=True),
        sa.Column("to_mask", sa.Text(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("created_at", Moment(), nullable=False),
        sa.Column("sent_at", Moment(), nullable=True),
        sa.CheckConstraint("about IN (0, 1, 2)", name=op.f("ck_delivery_about")),
        sa.CheckConstraint("channel IN (0)", name=op.f("ck_delivery_channel")),
        sa.CheckConstraint("state IN (0, 1, 2, 3, 4)", name=op.f("ck_delivery_state")),
        sa.PrimaryKeyConstraint("merchant_id", "id", name=op.f("pk_delivery")),
        sa.UniqueConstraint("merchant_id", "source_id", name=op.f("uq_delivery_merchant_id_source_id")),
    )
    with op.batch_alter_table("delivery", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_delivery_merchant_id_order_id"), ["merchant_id", "order_id"], unique=False)
        batch_op.create_index(
            "ix_delivery_stuck", ["merchant_id", "id"], unique=False, postgresql_where=STUCK, sqlite_where=STUCK
        )
    op.create_table(
        "link",
        sa.Column("merchant_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("id", Id(), nullable=False),
        sa.Column("order_id", Id(), nullable=False),
        sa.Column("created_at", Moment(), nullable=False),
        sa.Column("expires_at", Moment(), nullable=False),
        sa.Column("revoked_at", Moment(), nullable=True),
        sa.Column("devices", sa.Integer(), nullable=False),
        sa.Column("most_devices", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("merchant_id", "id", name=op.f("pk_link")),
    )
    with op.batch_alter_table("link", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_link_merchant_id_order_id"), ["merchant_id", "order_id"], unique=False)
    op.create_table(
        "link_device",
        sa.Column("merchant_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("link_id", Id(), nullable=False),
        sa.Column("device_id", Id(), nullable=False),
        sa.Column("proved_at", Moment(), nullable=False),
        sa.Column("network", sa.Text(), nullable=False),
        sa.Column("agent", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["merchant_id", "link_id"], ["link.merchant_id", "link.id"], name=op.f("fk_link_device_merchant_id_link_id")
        ),
        sa.PrimaryKeyConstraint("merchant_id", "link_id", "device_id", name=op.f("pk_link_device")),
    )
    with op.batch_alter_table("device", schema=None) as batch_op:
        batch_op.add_column(sa.Column("forgotten_at", Moment(), nullable=True))
    with op.batch_alter_table("merchant", schema=None) as batch_op:
        batch_op.add_column(sa.Column("reply_to", sa.Text(), nullable=False, server_default=sa.text("''")))
    with op.batch_alter_table("order", schema=None) as batch_op:
        batch_op.add_column(sa.Column("notified_at", Moment(), nullable=True))
    with op.batch_alter_table("merchant", schema=None) as batch_op:
        batch_op.alter_column("reply_to", server_default=None)
    app_url = current_app.config["MIAOFA"].database_url
    for table in OWNED:
        raise_fence(op.get_bind(), table, app_url=app_url)


def downgrade() -> None:
    for table in reversed(OWNED):
        lower_fence(op.get_bind(), table)
        op.drop_table(table)
    with op.batch_alter_table("order", schema=None) as batch_op:
        batch_op.drop_column("notified_at")
    with op.batch_alter_table("merchant", schema=None) as batch_op:
        batch_op.drop_column("reply_to")
    with op.batch_alter_table("device", schema=None) as batch_op:
        batch_op.drop_column("forgotten_at")
