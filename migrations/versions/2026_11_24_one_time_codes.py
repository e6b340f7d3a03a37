"""one-time codes by mail, the owners of contacts, and whether a shop takes them for a proof"""

import sqlalchemy as sa
from alembic import op
from flask import current_app

from app.kit.columns import Moment
from app.kit.fences import lower_fence, raise_fence
from app.kit.ids import Id

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

OWNED = ("one_time_code", "contact_owner")


def upgrade() -> None:
    op.create_table(
        "one_time_code",
        sa.Column("merchant_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("id", Id(), nullable=False),
        sa.Column("device_id", Id(), nullable=False),
        sa.Column("contact_index", sa.LargeBinary(), nullable=False),
        sa.Column("order_id", Id(), nullable=True),
        sa.Column("created_at", Moment(), nullable=False),
        sa.Column("expires_at", Moment(), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("used_at", Moment(), nullable=True),
        sa.PrimaryKeyConstraint("merchant_id", "id", name=op.f("pk_one_time_code")),
    )
    with op.batch_alter_table("one_time_code", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_one_time_code_merchant_id_device_id"), ["merchant_id", "device_id"], unique=False
        )
        batch_op.create_index(
            batch_op.f("ix_one_time_code_merchant_id_contact_index_created_at"),
            ["merchant_id", "contact_index", "created_at"],
            unique=False,
        )
    op.create_table(
        "contact_owner",
        sa.Column("merchant_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("device_id", Id(), nullable=False),
        sa.Column("contact_index", sa.LargeBinary(), nullable=False),
        sa.Column("proved_at", Moment(), nullable=False),
        sa.Column("expires_at", Moment(), nullable=False),
        sa.PrimaryKeyConstraint("merchant_id", "device_id", "contact_index", name=op.f("pk_contact_owner")),
    )
    with op.batch_alter_table("merchant", schema=None) as batch_op:
        batch_op.add_column(sa.Column("mail_proof", sa.Boolean(), nullable=False, server_default=sa.false()))
    with op.batch_alter_table("merchant", schema=None) as batch_op:
        batch_op.alter_column("mail_proof", server_default=None)
    _allow_about(3)
    app_url = current_app.config["MIAOFA"].database_url
    for table in OWNED:
        raise_fence(op.get_bind(), table, app_url=app_url)


def _allow_about(last: int) -> None:
    with op.batch_alter_table("delivery", schema=None) as batch_op:
        batch_op.drop_constraint(op.f("ck_delivery_about"), type_="check")
        batch_op.create_check_constraint(
            op.f("ck_delivery_about"), f"about IN ({', '.join(map(str, range(last + 1)))})"
        )


def downgrade() -> None:
    _forget_letters()
    _allow_about(2)
    with op.batch_alter_table("merchant", schema=None) as batch_op:
        batch_op.drop_column("mail_proof")
    for table in reversed(OWNED):
        lower_fence(op.get_bind(), table)
        op.drop_table(table)


def _forget_letters() -> None:
    """Delete the letters of codes that end with their table; of all merchants, so without the fence."""
    fenced = op.get_bind().dialect.name == "postgresql"
    for statement in (
        "ALTER TABLE delivery NO FORCE ROW LEVEL SECURITY" if fenced else "",
        "DELETE FROM delivery WHERE about = 3",
        "ALTER TABLE delivery FORCE ROW LEVEL SECURITY" if fenced else "",
    ):
        if statement:
            op.execute(sa.text(statement))
