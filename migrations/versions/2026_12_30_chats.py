"""chats: access tokens of carriers, robots that tell the staff, user IDs of company members, consents of mini programs"""

import sqlalchemy as sa
from alembic import op
from flask import current_app

from app.kit.columns import Moment
from app.kit.fences import lower_fence, raise_fence
from app.kit.ids import Id

revision = "0031"
down_revision = "0030"
branch_labels = None
depends_on = None

OWNED = ("carrier_token", "robot", "robot_note", "company_member_way", "company_telling", "mini_consent")
CHANNELS = "channel IN (0, 1, 2, 3, 4, 5, 6, 7, 8)"
OF_CARRIER = ["merchant_id", "carrier_id"], ["carrier.merchant_id", "carrier.id"]


def upgrade() -> None:
    _create_tokens()
    _create_robots()
    _create_ways()
    _create_consents()
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


def _create_consents() -> None:
    op.create_table(
        "mini_consent",
        sa.Column("merchant_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("person", sa.LargeBinary(), nullable=False),
        sa.Column("template", sa.Text(), nullable=False),
        sa.Column("remaining", sa.Integer(), nullable=False),
        sa.CheckConstraint("remaining >= 0", name=op.f("ck_mini_consent_remaining")),
        sa.PrimaryKeyConstraint("merchant_id", "person", "template", name=op.f("pk_mini_consent")),
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


def _create_ways() -> None:
    with op.batch_alter_table("company_member", schema=None) as batch_op:
        batch_op.add_column(sa.Column("told_first", sa.SmallInteger(), nullable=True))
    with op.batch_alter_table("handout_row", schema=None) as batch_op:
        batch_op.add_column(sa.Column("chat", sa.SmallInteger(), nullable=True))
        batch_op.add_column(sa.Column("chat_sealed", sa.LargeBinary(), nullable=True))
    op.create_table(
        "company_member_way",
        sa.Column("merchant_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("id", Id(), nullable=False),
        sa.Column("company_id", Id(), nullable=False),
        sa.Column("user_id", Id(), nullable=False),
        sa.Column("channel", sa.SmallInteger(), nullable=False),
        sa.Column("key_id", Id(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.CheckConstraint(CHANNELS, name=op.f("ck_company_member_way_channel")),
        sa.ForeignKeyConstraint(
            ["merchant_id", "company_id", "user_id"],
            ["company_member.merchant_id", "company_member.company_id", "company_member.user_id"],
            name=op.f("fk_company_member_way_merchant_id_company_id_user_id"),
        ),
        sa.PrimaryKeyConstraint("merchant_id", "id", name=op.f("pk_company_member_way")),
        sa.UniqueConstraint(
            "merchant_id",
            "company_id",
            "user_id",
            "channel",
            name=op.f("uq_company_member_way_merchant_id_company_id_user_id_channel"),
        ),
    )
    op.create_table(
        "company_telling",
        sa.Column("merchant_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("id", Id(), nullable=False),
        sa.Column("company_id", Id(), nullable=False),
        sa.Column("user_id", Id(), nullable=False),
        sa.Column("order_id", Id(), nullable=False),
        sa.Column("channel", sa.SmallInteger(), nullable=False),
        sa.Column("then", sa.JSON(), nullable=False),
        sa.Column("asked_at", Moment(), nullable=False),
        sa.Column("told_at", Moment(), nullable=True),
        sa.CheckConstraint(CHANNELS, name=op.f("ck_company_telling_channel")),
        sa.ForeignKeyConstraint(
            ["merchant_id", "company_id"],
            ["company.merchant_id", "company.id"],
            name=op.f("fk_company_telling_merchant_id_company_id"),
        ),
        sa.PrimaryKeyConstraint("merchant_id", "id", name=op.f("pk_company_telling")),
        sa.UniqueConstraint(
            "merchant_id", "order_id", "user_id", name=op.f("uq_company_telling_merchant_id_order_id_user_id")
        ),
    )


def downgrade() -> None:
    for table in reversed(OWNED):
        lower_fence(op.get_bind(), table)
        op.drop_table(table)
    with op.batch_alter_table("company_member", schema=None) as batch_op:
        batch_op.drop_column("told_first")
    with op.batch_alter_table("handout_row", schema=None) as batch_op:
        batch_op.drop_column("chat_sealed")
        batch_op.drop_column("chat")
