"""fees: what a gateway is reckoned to keep of a tender, and tenders that were replaced; channel bills"""

import sqlalchemy as sa
from alembic import op
from flask import current_app

from app.kit.columns import Moment
from app.kit.fences import lower_fence, raise_fence
from app.kit.ids import Id

revision = "0017"
down_revision = "0015"
branch_labels = None
depends_on = None


TABLES = ("bill", "bill_chunk", "bill_line")


def upgrade() -> None:
    with op.batch_alter_table("tender", schema=None) as batch_op:
        batch_op.add_column(sa.Column("kept", sa.BigInteger(), nullable=False, server_default="0"))
    with op.batch_alter_table("tender", schema=None) as batch_op:
        batch_op.alter_column("kept", server_default=None)
    _allow_states(4)
    op.create_table(
        "bill",
        sa.Column("id", Id(), nullable=False),
        sa.Column("method_id", Id(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("state", sa.SmallInteger(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("shape", sa.Text(), nullable=False),
        sa.Column("columns", sa.Text(), nullable=False),
        sa.Column("chunks", sa.Integer(), nullable=False),
        sa.Column("next_chunk", sa.Integer(), nullable=False),
        sa.Column("asked_at", Moment(), nullable=False),
        sa.Column("done_at", Moment(), nullable=True),
        sa.Column("merchant_id", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("state IN (0, 1, 2, 3)", name=op.f("ck_bill_state")),
        sa.PrimaryKeyConstraint("merchant_id", "id", name=op.f("pk_bill")),
        sa.UniqueConstraint("merchant_id", "method_id", "day", name=op.f("uq_bill_merchant_id_method_id_day")),
    )
    op.create_table(
        "bill_chunk",
        sa.Column("bill_id", Id(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("key_id", Id(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.Column("merchant_id", sa.BigInteger(), nullable=False),
        _of_bill("bill_chunk"),
        sa.PrimaryKeyConstraint("merchant_id", "bill_id", "number", name=op.f("pk_bill_chunk")),
    )
    _make_lines()
    for table in TABLES:
        raise_fence(op.get_bind(), table, app_url=current_app.config["MIAOFA"].database_url)


def _of_bill(table: str) -> sa.ForeignKeyConstraint:
    name = op.f(f"fk_{table}_merchant_id_bill_id")
    return sa.ForeignKeyConstraint(["merchant_id", "bill_id"], ["bill.merchant_id", "bill.id"], name=name)


def _make_lines() -> None:
    op.create_table(
        "bill_line",
        sa.Column("id", Id(), nullable=False),
        sa.Column("bill_id", Id(), nullable=False),
        sa.Column("method_id", Id(), nullable=False),
        sa.Column("ref", sa.Text(), nullable=False),
        sa.Column("kind", sa.SmallInteger(), nullable=False),
        sa.Column("trade_no", sa.Text(), nullable=False),
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("fee", sa.BigInteger(), nullable=True),
        sa.Column("at", Moment(), nullable=True),
        sa.Column("outcome", sa.SmallInteger(), nullable=False),
        sa.Column("subject_id", Id(), nullable=True),
        sa.Column("corrected", sa.BigInteger(), nullable=True),
        sa.Column("explained_at", Moment(), nullable=True),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("merchant_id", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("kind IN (0, 1, 2)", name=op.f("ck_bill_line_kind")),
        sa.CheckConstraint("outcome IN (0, 1, 2, 3, 4, 5)", name=op.f("ck_bill_line_outcome")),
        _of_bill("bill_line"),
        sa.PrimaryKeyConstraint("merchant_id", "id", name=op.f("pk_bill_line")),
        sa.UniqueConstraint("merchant_id", "method_id", "ref", name=op.f("uq_bill_line_merchant_id_method_id_ref")),
    )
    for columns in (["bill_id", "outcome"], ["subject_id"]):
        name = op.f("ix_bill_line_merchant_id_" + "_".join(columns))
        op.create_index(name, "bill_line", ["merchant_id", *columns])
    open_ones = sa.text("outcome IN (1, 2, 3) AND explained_at IS NULL")
    op.create_index(
        "ix_bill_line_open", "bill_line", ["merchant_id", "id"], postgresql_where=open_ones, sqlite_where=open_ones
    )


def _allow_states(count: int) -> None:
    with op.batch_alter_table("tender", schema=None) as batch_op:
        batch_op.drop_constraint(op.f("ck_tender_state"), type_="check")
        among = ", ".join(map(str, range(count)))
        batch_op.create_check_constraint(op.f("ck_tender_state"), f"state IN ({among})")


def downgrade() -> None:
    for table in reversed(TABLES):
        lower_fence(op.get_bind(), table)
        op.drop_table(table)
    fenced = op.get_bind().dialect.name == "postgresql"
    if fenced:
        op.execute("ALTER TABLE tender NO FORCE ROW LEVEL SECURITY")
    op.execute("UPDATE tender SET state = 2 WHERE state = 3")
    if fenced:
        op.execute("ALTER TABLE tender FORCE ROW LEVEL SECURITY")
    _allow_states(3)
    with op.batch_alter_table("tender", schema=None) as batch_op:
        batch_op.drop_column("kept")
