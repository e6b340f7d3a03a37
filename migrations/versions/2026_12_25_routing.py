"""routing: by which channel a buyer is told, the next one when it fails, what carriers and buyers say to it"""

import sqlalchemy as sa
from alembic import op
from flask import current_app

from app.kit.columns import Moment
from app.kit.fences import lower_fence, raise_fence
from app.kit.ids import Id

revision = "0026"
down_revision = "0025"
branch_labels = None
depends_on = None

OWNED = ("telling_policy", "opt_out", "handover", "resend")
CHANNELS = "channel IN (0, 1, 2, 3, 4, 5, 6, 7, 8)"
STRANGERS = "delivery_id IS NULL"
FIGURES = ["merchant_id", "created_at", "channel", "state", "left_pace", "paid_pace"]


def upgrade() -> None:
    _widen_delivery()
    with op.batch_alter_table("reach", schema=None) as batch_op:
        batch_op.drop_column("opted_out_at")
    _create_policy()
    _create_handover()
    _create_resend()
    app_url = current_app.config["MIAOFA"].database_url
    for table in OWNED:
        raise_fence(op.get_bind(), table, app_url=app_url)


def _widen_delivery() -> None:
    is_sqlite = op.get_bind().dialect.name == "sqlite"
    nobody = sa.text(f"X'{0:032x}'" if is_sqlite else "'00000000-0000-0000-0000-000000000000'")
    with op.batch_alter_table("delivery", schema=None) as batch_op:
        batch_op.add_column(sa.Column("after_id", Id(), nullable=False, server_default=nobody))
        batch_op.add_column(sa.Column("asked", sa.Boolean(), nullable=False, server_default=sa.false()))
        batch_op.add_column(sa.Column("since", Moment(), nullable=True))
        batch_op.add_column(sa.Column("arrived_at", Moment(), nullable=True))
        batch_op.add_column(sa.Column("carrier_id", Id(), nullable=True))
        batch_op.add_column(sa.Column("number", sa.Text(), nullable=False, server_default=""))
        batch_op.add_column(sa.Column("left_pace", sa.SmallInteger(), nullable=True))
        batch_op.add_column(sa.Column("paid_pace", sa.SmallInteger(), nullable=True))
    with op.batch_alter_table("delivery", schema=None) as batch_op:
        for column in ("after_id", "asked", "number"):
            batch_op.alter_column(column, server_default=None)
        batch_op.drop_constraint(batch_op.f("uq_delivery_merchant_id_source_id"), type_="unique")
        for third in ("channel", "after_id"):
            columns = ["merchant_id", "source_id", third]
            batch_op.create_unique_constraint(batch_op.f(f"uq_delivery_merchant_id_source_id_{third}"), columns)
        batch_op.drop_constraint(batch_op.f("ck_delivery_state"), type_="check")
        batch_op.create_check_constraint(batch_op.f("ck_delivery_state"), "state IN (0, 1, 2, 3, 4, 5, 6, 7)")
    op.create_index("ix_delivery_figures", "delivery", FIGURES)


def _create_policy() -> None:
    op.create_table(
        "telling_policy",
        sa.Column("merchant_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("channels", sa.JSON(), nullable=False),
        sa.Column("off", sa.JSON(), nullable=False),
        sa.Column("quiet_from", sa.Integer(), nullable=False),
        sa.Column("quiet_to", sa.Integer(), nullable=False),
        sa.Column("waiting", sa.JSON(), nullable=False),
        sa.Column("silent", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("merchant_id", name=op.f("pk_telling_policy")),
    )
    op.create_table(
        "opt_out",
        sa.Column("merchant_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("contact_index", sa.LargeBinary(), nullable=False),
        sa.Column("channel", sa.SmallInteger(), nullable=False),
        sa.Column("everything", sa.Boolean(), nullable=False),
        sa.Column("at", Moment(), nullable=False),
        sa.CheckConstraint(CHANNELS, name=op.f("ck_opt_out_channel")),
        sa.PrimaryKeyConstraint("merchant_id", "contact_index", "channel", name=op.f("pk_opt_out")),
    )


def _create_handover() -> None:
    op.create_table(
        "handover",
        sa.Column("merchant_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("carrier_id", Id(), nullable=False),
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("delivery_id", Id(), nullable=True),
        sa.Column("arrived", sa.Boolean(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("at", Moment(), nullable=False),
        sa.PrimaryKeyConstraint("merchant_id", "carrier_id", "number", name=op.f("pk_handover")),
    )
    where = sa.text(STRANGERS)
    op.create_index(
        "ix_handover_strangers", "handover", ["merchant_id", "at"], postgresql_where=where, sqlite_where=where
    )


def _create_resend() -> None:
    op.create_table(
        "resend",
        sa.Column("merchant_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("id", Id(), nullable=False),
        sa.Column("state", sa.SmallInteger(), nullable=False),
        sa.Column("filters", sa.JSON(), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.Column("done", sa.Integer(), nullable=False),
        sa.Column("after", Id(), nullable=True),
        sa.Column("asked_at", Moment(), nullable=False),
        sa.Column("actor_type", sa.Text(), nullable=False),
        sa.Column("actor_id", Id(), nullable=True),
        sa.Column("finished_at", Moment(), nullable=True),
        sa.CheckConstraint("state IN (0, 1, 2, 3)", name=op.f("ck_resend_state")),
        sa.PrimaryKeyConstraint("merchant_id", "id", name=op.f("pk_resend")),
    )


def downgrade() -> None:
    for table in reversed(OWNED):
        lower_fence(op.get_bind(), table)
        op.drop_table(table)
    with op.batch_alter_table("reach", schema=None) as batch_op:
        batch_op.add_column(sa.Column("opted_out_at", Moment(), nullable=True))
    op.drop_index("ix_delivery_figures", "delivery")
    with op.batch_alter_table("delivery", schema=None) as batch_op:
        batch_op.drop_constraint(batch_op.f("ck_delivery_state"), type_="check")
        batch_op.create_check_constraint(batch_op.f("ck_delivery_state"), "state IN (0, 1, 2, 3, 4)")
        for third in ("channel", "after_id"):
            batch_op.drop_constraint(batch_op.f(f"uq_delivery_merchant_id_source_id_{third}"), type_="unique")
        batch_op.create_unique_constraint(batch_op.f("uq_delivery_merchant_id_source_id"), ["merchant_id", "source_id"])
        for column in ("after_id", "asked", "since", "arrived_at", "carrier_id", "number", "left_pace", "paid_pace"):
            batch_op.drop_column(column)
