"""sms: messages that were sent for a test, and how many one-time codes a number got"""

import sqlalchemy as sa
from alembic import op
from flask import current_app

from app.kit.columns import Moment
from app.kit.fences import lower_fence, raise_fence
from app.kit.ids import Id

revision = "0032"
down_revision = "0031"
branch_labels = None
depends_on = None

OWNED = ("carrier_trial", "digits_sent")


def upgrade() -> None:
    with op.batch_alter_table("carrier", schema=None) as batch_op:
        batch_op.add_column(sa.Column("receipts_url", sa.Text(), nullable=False, server_default=""))
    with op.batch_alter_table("carrier", schema=None) as batch_op:
        batch_op.alter_column("receipts_url", server_default=None)
    _create_trials()
    op.create_table(
        "digits_sent",
        sa.Column("merchant_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("id", Id(), nullable=False),
        sa.Column("to_index", sa.LargeBinary(), nullable=False),
        sa.Column("at", Moment(), nullable=False),
        sa.PrimaryKeyConstraint("merchant_id", "id", name=op.f("pk_digits_sent")),
    )
    op.create_index(op.f("ix_digits_sent_merchant_id_to_index"), "digits_sent", ["merchant_id", "to_index"])
    app_url = current_app.config["MIAOFA"].database_url
    for table in OWNED:
        raise_fence(op.get_bind(), table, app_url=app_url)


def _create_trials() -> None:
    op.create_table(
        "carrier_trial",
        sa.Column("merchant_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("id", Id(), nullable=False),
        sa.Column("carrier_id", Id(), nullable=False),
        sa.Column("about", sa.Text(), nullable=False),
        sa.Column("lang", sa.Text(), nullable=False),
        sa.Column("key_id", Id(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.Column("mask", sa.Text(), nullable=False),
        sa.Column("state", sa.SmallInteger(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("asked_at", Moment(), nullable=False),
        sa.Column("ended_at", Moment(), nullable=True),
        sa.CheckConstraint("state IN (0, 1, 2, 3, 4)", name=op.f("ck_carrier_trial_state")),
        sa.ForeignKeyConstraint(
            ["merchant_id", "carrier_id"],
            ["carrier.merchant_id", "carrier.id"],
            name=op.f("fk_carrier_trial_merchant_id_carrier_id"),
        ),
        sa.PrimaryKeyConstraint("merchant_id", "id", name=op.f("pk_carrier_trial")),
    )
    op.create_index(op.f("ix_carrier_trial_merchant_id_carrier_id"), "carrier_trial", ["merchant_id", "carrier_id"])


def downgrade() -> None:
    for table in OWNED:
        lower_fence(op.get_bind(), table)
        op.drop_table(table)
    with op.batch_alter_table("carrier", schema=None) as batch_op:
        batch_op.drop_column("receipts_url")
