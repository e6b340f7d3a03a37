"""a code by SMS as a proof, as the shop wants it; by which contact a gift was claimed, and when proved last"""

import sqlalchemy as sa
from alembic import op

from app.kit.columns import Moment

revision = "0035"
down_revision = "0034"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("reveal_rule", schema=None) as batch_op:
        batch_op.add_column(sa.Column("by_sms", sa.Boolean(), nullable=False, server_default=sa.true()))
    with op.batch_alter_table("reveal_rule", schema=None) as batch_op:
        batch_op.alter_column("by_sms", server_default=None)
    with op.batch_alter_table("gift", schema=None) as batch_op:
        batch_op.add_column(sa.Column("proved_at", Moment(), nullable=True))
        batch_op.add_column(sa.Column("contact_index", sa.LargeBinary(), nullable=True))
        batch_op.create_index(op.f("ix_gift_merchant_id_contact_index"), ["merchant_id", "contact_index"])


def downgrade() -> None:
    with op.batch_alter_table("gift", schema=None) as batch_op:
        batch_op.drop_index(op.f("ix_gift_merchant_id_contact_index"))
        batch_op.drop_column("contact_index")
        batch_op.drop_column("proved_at")
    with op.batch_alter_table("reveal_rule", schema=None) as batch_op:
        batch_op.drop_column("by_sms")
