"""carriers: they are retired, their address for receipts changes, messages are asked about, consents come as events"""

import sqlalchemy as sa
from alembic import op
from flask import current_app

from app.kit.columns import Moment
from app.kit.fences import lower_fence, raise_fence
from app.kit.ids import Id

revision = "0034"
down_revision = "0033"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("carrier", schema=None) as batch_op:
        batch_op.add_column(sa.Column("former_token", sa.Text(), nullable=False, server_default=""))
        batch_op.add_column(sa.Column("former_until", Moment(), nullable=True))
        batch_op.add_column(sa.Column("retired_at", Moment(), nullable=True))
    with op.batch_alter_table("carrier", schema=None) as batch_op:
        batch_op.alter_column("former_token", server_default=None)
    with op.batch_alter_table("carrier_trial", schema=None) as batch_op:
        batch_op.add_column(sa.Column("asked_by", Id(), nullable=True))
        batch_op.create_index(op.f("ix_carrier_trial_merchant_id_asked_at"), ["merchant_id", "asked_at"])
    with op.batch_alter_table("mini_consent", schema=None) as batch_op:
        batch_op.add_column(sa.Column("told_at", Moment(), nullable=True))
    op.create_table(
        "carrier_inquiry",
        sa.Column("merchant_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("id", Id(), nullable=False),
        sa.Column("carrier_id", Id(), nullable=False),
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("asked_at", Moment(), nullable=False),
        sa.Column("teller", sa.Text(), nullable=False),
        sa.Column("subject_id", Id(), nullable=True),
        sa.ForeignKeyConstraint(
            ["merchant_id", "carrier_id"],
            ["carrier.merchant_id", "carrier.id"],
            name=op.f("fk_carrier_inquiry_merchant_id_carrier_id"),
        ),
        sa.PrimaryKeyConstraint("merchant_id", "id", name=op.f("pk_carrier_inquiry")),
        sa.UniqueConstraint(
            "merchant_id", "carrier_id", "number", name=op.f("uq_carrier_inquiry_merchant_id_carrier_id_number")
        ),
    )
    raise_fence(op.get_bind(), "carrier_inquiry", app_url=current_app.config["MIAOFA"].database_url)


def downgrade() -> None:
    lower_fence(op.get_bind(), "carrier_inquiry")
    op.drop_table("carrier_inquiry")
    with op.batch_alter_table("mini_consent", schema=None) as batch_op:
        batch_op.drop_column("told_at")
    with op.batch_alter_table("carrier_trial", schema=None) as batch_op:
        batch_op.drop_index(op.f("ix_carrier_trial_merchant_id_asked_at"))
        batch_op.drop_column("asked_by")
    with op.batch_alter_table("carrier", schema=None) as batch_op:
        batch_op.drop_column("retired_at")
        batch_op.drop_column("former_until")
        batch_op.drop_column("former_token")
