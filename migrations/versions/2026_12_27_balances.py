"""balances: what companies paid ahead becomes what any holder paid ahead; orders say whose balance pays some of them"""

import sqlalchemy as sa
from alembic import op
from flask import current_app

from app.kit.columns import Moment
from app.kit.fences import lower_fence, raise_fence
from app.kit.ids import Id

revision = "0028"
down_revision = "0027"
branch_labels = None
depends_on = None

MOVED = "kind, source, amount, balance, currency, order_id, reference, at, actor_type, actor_id"

KINDS, OLD_KINDS = "kind IN (0, 1, 2, 3, 4)", "kind IN (0, 1, 2, 3)"
SIGNS = "amount <> 0 AND (kind = 4 OR (amount < 0) = (kind IN (1, 3)))"
OLD_SIGNS = "amount <> 0 AND (amount < 0) = (kind IN (1, 3))"


def upgrade() -> None:
    op.create_table(
        "balance_account",
        sa.Column("merchant_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("holder_id", Id(), nullable=False),
        sa.Column("holder_kind", sa.SmallInteger(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("holder_kind IN (0, 1)", name=op.f("ck_balance_account_holder_kind")),
        sa.CheckConstraint("amount >= 0", name=op.f("ck_balance_account_amount")),
        sa.PrimaryKeyConstraint("merchant_id", "holder_id", name=op.f("pk_balance_account")),
    )
    op.create_index(
        op.f("ix_balance_account_merchant_id_holder_kind_holder_id"),
        "balance_account",
        ["merchant_id", "holder_kind", "holder_id"],
    )
    _create_movements("balance", "holder_id", "balance_account", "holder_id", signs=SIGNS, kinds=KINDS)
    _copy(
        "company_account",
        "INSERT INTO balance_account (merchant_id, holder_id, holder_kind, currency, amount)"
        " SELECT merchant_id, company_id, 0, currency, amount FROM company_account",
    )
    _copy(
        "company_movement",
        f"INSERT INTO balance_movement (merchant_id, id, holder_id, {MOVED})"
        f" SELECT merchant_id, id, company_id, {MOVED} FROM company_movement",
    )
    _drop("company")
    _fence("balance")
    _let_orders_name_holders()


def _let_orders_name_holders() -> None:
    with op.batch_alter_table("order", schema=None) as batch_op:
        batch_op.add_column(sa.Column("holder_id", Id(), nullable=True))
    _copy("order", 'UPDATE "order" SET holder_id = company_id WHERE company_id IS NOT NULL')
    open_ones = sa.text("payment = 0 AND closed = 0 AND holder_id IS NOT NULL")
    op.create_index(
        "ix_order_ahead",
        "order",
        ["merchant_id", "holder_id"],
        postgresql_where=open_ones,
        sqlite_where=open_ones,
    )


def _create_movements(prefix: str, holder: str, owner: str, owner_id: str, *, signs: str, kinds: str) -> None:
    table = f"{prefix}_movement"
    op.create_table(
        table,
        sa.Column("merchant_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("id", Id(), nullable=False),
        sa.Column(holder, Id(), nullable=False),
        sa.Column("kind", sa.SmallInteger(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("balance", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("order_id", Id(), nullable=True),
        sa.Column("reference", sa.Text(), nullable=False),
        sa.Column("at", Moment(), nullable=False),
        sa.Column("actor_type", sa.Text(), nullable=False),
        sa.Column("actor_id", Id(), nullable=True),
        sa.CheckConstraint(kinds, name=op.f(f"ck_{table}_kind")),
        sa.CheckConstraint(signs, name=op.f(f"ck_{table}_amount")),
        sa.CheckConstraint("balance >= 0", name=op.f(f"ck_{table}_balance")),
        sa.ForeignKeyConstraint(
            ["merchant_id", holder],
            [f"{owner}.merchant_id", f"{owner}.{owner_id}"],
            name=op.f(f"fk_{table}_merchant_id_{holder}"),
        ),
        sa.PrimaryKeyConstraint("merchant_id", "id", name=op.f(f"pk_{table}")),
        sa.UniqueConstraint("merchant_id", holder, "source", name=op.f(f"uq_{table}_merchant_id_{holder}_source")),
    )
    op.create_index(op.f(f"ix_{table}_merchant_id_{holder}_id"), table, ["merchant_id", holder, "id"])


def _copy(fenced: str, statement: str) -> None:
    """Run a statement over the rows of all merchants in a table behind its fence."""
    on_postgresql = op.get_bind().dialect.name == "postgresql"
    if on_postgresql:
        op.execute(f'ALTER TABLE "{fenced}" NO FORCE ROW LEVEL SECURITY')
    op.execute(statement)
    if on_postgresql:
        op.execute(f'ALTER TABLE "{fenced}" FORCE ROW LEVEL SECURITY')


def _fence(prefix: str) -> None:
    app_url = current_app.config["MIAOFA"].database_url
    raise_fence(op.get_bind(), f"{prefix}_account", app_url=app_url)
    raise_fence(op.get_bind(), f"{prefix}_movement", app_url=app_url, insert_only=True)


def _drop(prefix: str) -> None:
    lower_fence(op.get_bind(), f"{prefix}_movement", insert_only=True)
    op.drop_table(f"{prefix}_movement")
    lower_fence(op.get_bind(), f"{prefix}_account")
    op.drop_table(f"{prefix}_account")


def downgrade() -> None:
    """Give companies their balances back; what members have is not known any more."""
    op.drop_index("ix_order_ahead", "order")
    with op.batch_alter_table("order", schema=None) as batch_op:
        batch_op.drop_column("holder_id")
    op.create_table(
        "company_account",
        sa.Column("merchant_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("company_id", Id(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("amount >= 0", name=op.f("ck_company_account_amount")),
        sa.ForeignKeyConstraint(
            ["merchant_id", "company_id"],
            ["company.merchant_id", "company.id"],
            name=op.f("fk_company_account_merchant_id_company_id"),
        ),
        sa.PrimaryKeyConstraint("merchant_id", "company_id", name=op.f("pk_company_account")),
    )
    _create_movements("company", "company_id", "company", "id", signs=OLD_SIGNS, kinds=OLD_KINDS)
    _copy(
        "balance_account",
        "INSERT INTO company_account (merchant_id, company_id, currency, amount)"
        " SELECT merchant_id, holder_id, currency, amount FROM balance_account WHERE holder_kind = 0",
    )
    _copy(
        "balance_movement",
        f"INSERT INTO company_movement (merchant_id, id, company_id, {MOVED})"
        f" SELECT m.merchant_id, m.id, m.holder_id, {MOVED} FROM balance_movement m WHERE EXISTS (SELECT 1 FROM"
        " company_account c WHERE c.merchant_id = m.merchant_id AND c.company_id = m.holder_id)",
    )
    _drop("balance")
    _fence("company")
