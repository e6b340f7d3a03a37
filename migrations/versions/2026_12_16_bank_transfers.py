"""bank transfers: what buyers told, with its proof, and what somebody saw in the bank"""

import sqlalchemy as sa
from alembic import op
from flask import current_app

from app.kit.columns import Moment
from app.kit.fences import lower_fence, raise_fence
from app.kit.ids import Id

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None

OWNED = ("transfer_telling", "transfer_piece")
WAITING, OPEN = "state = 0", "way = 3 AND state < 3"


def upgrade() -> None:
    _create_tellings()
    _create_pieces()
    op.create_index(
        "ix_payment_attempt_transfer",
        "payment_attempt",
        ["merchant_id", "started_at"],
        unique=False,
        postgresql_where=sa.text(OPEN),
        sqlite_where=sa.text(OPEN),
    )
    app_url = current_app.config["MIAOFA"].database_url
    for table in OWNED:
        raise_fence(op.get_bind(), table, app_url=app_url)


def _create_tellings() -> None:
    op.create_table(
        "transfer_telling",
        sa.Column("merchant_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("id", Id(), nullable=False),
        sa.Column("attempt_id", Id(), nullable=False),
        sa.Column("order_id", Id(), nullable=False),
        sa.Column("state", sa.SmallInteger(), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("sent_on", sa.Date(), nullable=True),
        sa.Column("media", sa.Text(), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("key_id", Id(), nullable=False),
        sa.Column("payer", sa.LargeBinary(), nullable=False),
        sa.Column("proof", sa.LargeBinary(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("at", Moment(), nullable=False),
        sa.Column("decided_at", Moment(), nullable=True),
        sa.CheckConstraint("amount > 0", name=op.f("ck_transfer_telling_amount")),
        sa.CheckConstraint("state IN (0, 1, 2, 3)", name=op.f("ck_transfer_telling_state")),
        sa.PrimaryKeyConstraint("merchant_id", "id", name=op.f("pk_transfer_telling")),
    )
    op.create_index(
        op.f("ix_transfer_telling_merchant_id_attempt_id_at"), "transfer_telling", ["merchant_id", "attempt_id", "at"]
    )
    op.create_index(
        "ix_transfer_telling_waiting",
        "transfer_telling",
        ["merchant_id", "attempt_id"],
        unique=True,
        postgresql_where=sa.text(WAITING),
        sqlite_where=sa.text(WAITING),
    )


def _create_pieces() -> None:
    op.create_table(
        "transfer_piece",
        sa.Column("merchant_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("id", Id(), nullable=False),
        sa.Column("attempt_id", Id(), nullable=False),
        sa.Column("order_id", Id(), nullable=False),
        sa.Column("method_id", Id(), nullable=False),
        sa.Column("reference", sa.Text(), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("at", Moment(), nullable=False),
        sa.Column("seen_by", Id(), nullable=True),
        sa.CheckConstraint("amount > 0", name=op.f("ck_transfer_piece_amount")),
        sa.PrimaryKeyConstraint("merchant_id", "id", name=op.f("pk_transfer_piece")),
        sa.UniqueConstraint(
            "merchant_id",
            "method_id",
            "reference",
            name=op.f("uq_transfer_piece_merchant_id_method_id_reference"),
        ),
    )
    op.create_index(op.f("ix_transfer_piece_merchant_id_order_id"), "transfer_piece", ["merchant_id", "order_id"])


def downgrade() -> None:
    op.drop_index("ix_payment_attempt_transfer", "payment_attempt")
    for table in reversed(OWNED):
        lower_fence(op.get_bind(), table)
        op.drop_table(table)
