"""chats: access tokens of carriers, robots that tell the staff, user IDs of company members, consents of mini programs"""

import sqlalchemy as sa
from alembic import op
from flask import current_app

from app.kit.columns import Moment
from app.kit.fences import lower_fence, raise_fence
from app.kit.ids import Id

revision = "st4wechat"
down_revision = "0024"
branch_labels = None
depends_on = None

OWNED = ("carrier_token", "robot", "robot_note")
OF_CARRIER = ["merchant_id", "carrier_id"], ["carrier.merchant_id", "carrier.id"]


def upgrade() -> None:
    _create_tokens()
    _create_robots()
    app_url = current_app.config["MIAOFA"].database_url
    for table in OWNED:
        raise_fence(op.get_bind(), table, app_url=app_url)


def _create_tokens() -> None:
    op.create_table(
        "carrier_token",
        sa.Column("merchant_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("carrier_id", Id(), nullable=False),
        sa.Column("edition", sa.Integer(), nullable=False),
        sa.Column("key_id", Id(), nullable=True),
        sa.Column("sealed", sa.LargeBinary(), nullable=True),
        sa.Column("fetched_at", Moment(), nullable=True),
        sa.Column("expires_at", Moment(), nullable=True),
        sa.Column("lease_until", Moment(), nullable=True),
        sa.ForeignKeyConstraint(*OF_CARRIER, name=op.f("fk_carrier_token_merchant_id_carrier_id")),
        sa.PrimaryKeyConstraint("merchant_id", "carrier_id", name=op.f("pk_carrier_token")),
    )


def _create_robots() -> None:
    op.create_table(
        "robot",
        sa.Column("merchant_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("carrier_id", Id(), nullable=False),
        sa.Column("silent", sa.JSON(), nullable=False),
        sa.Column("is_asked", sa.Boolean(), nullable=False),
        sa.Column("spent_until", Moment(), nullable=True),
        sa.Column("spoke_at", Moment(), nullable=True),
        sa.ForeignKeyConstraint(*OF_CARRIER, name=op.f("fk_robot_merchant_id_carrier_id")),
        sa.PrimaryKeyConstraint("merchant_id", "carrier_id", name=op.f("pk_robot")),
    )
    op.create_table(
        "robot_note",
        sa.Column("merchant_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("carrier_id", Id(), nullable=False),
        sa.Column("note_id", Id(), nullable=False),
        sa.ForeignKeyConstraint(
            ["merchant_id", "carrier_id"],
            ["robot.merchant_id", "robot.carrier_id"],
            name=op.f("fk_robot_note_merchant_id_carrier_id"),
        ),
        sa.ForeignKeyConstraint(
            ["merchant_id", "note_id"],
            ["staff_note.merchant_id", "staff_note.id"],
            name=op.f("fk_robot_note_merchant_id_note_id"),
        ),
        sa.PrimaryKeyConstraint("merchant_id", "carrier_id", "note_id", name=op.f("pk_robot_note")),
    )


def downgrade() -> None:
    for table in reversed(OWNED):
        lower_fence(op.get_bind(), table)
        op.drop_table(table)
