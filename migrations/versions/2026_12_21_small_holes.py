"""codes that were set aside can be put back in stock; an account at a gateway is offered once, and when it is finished"""

import json

import sqlalchemy as sa
from alembic import op

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None


APART = {"epay": ("url", "types")}
INDEX = "uq_payment_method_identity"


def upgrade() -> None:
    _allow_actions(10)
    with op.batch_alter_table("payment_method", schema=None) as batch_op:
        for name in ("identity", "lacks"):
            batch_op.add_column(sa.Column(name, sa.Text(), nullable=False, server_default=""))
    _tell_apart()
    with op.batch_alter_table("payment_method", schema=None) as batch_op:
        for name in ("identity", "lacks"):
            batch_op.alter_column(name, server_default=None)
    enabled = sa.text("enabled")
    columns = ["merchant_id", "provider", "identity"]
    op.create_index(INDEX, "payment_method", columns, unique=True, postgresql_where=enabled, sqlite_where=enabled)


def _tell_apart() -> None:
    """Name the account of each way to pay; of those that are connected twice, all but the first keep a name apart."""
    fenced = op.get_bind().dialect.name == "postgresql"
    if fenced:
        op.execute("ALTER TABLE payment_method NO FORCE ROW LEVEL SECURITY")
    rows = op.get_bind().execute(
        sa.text("SELECT merchant_id, id, provider, account, settings, enabled FROM payment_method ORDER BY id")
    )
    known: set[tuple[object, ...]] = set()
    naming = sa.text("UPDATE payment_method SET identity = :identity WHERE merchant_id = :merchant AND id = :id")
    for row in rows.all():
        settings = json.loads(row.settings) if isinstance(row.settings, str) else row.settings
        apart = [str(settings.get(name, "")).strip().rstrip("/").lower() for name in APART.get(row.provider, ())]
        identity = "\n".join([row.account, *apart])
        place = (row.merchant_id, row.provider, identity)
        if place in known:
            identity += f"\n{row.id}"
        if row.enabled:
            known.add(place)
        op.get_bind().execute(naming, {"identity": identity, "merchant": row.merchant_id, "id": row.id})
    if fenced:
        op.execute("ALTER TABLE payment_method FORCE ROW LEVEL SECURITY")


def _allow_actions(count: int) -> None:
    with op.batch_alter_table("code_change", schema=None) as batch_op:
        batch_op.drop_constraint(op.f("ck_code_change_action"), type_="check")
        among = ", ".join(map(str, range(count)))
        batch_op.create_check_constraint(op.f("ck_code_change_action"), f"action IN ({among})")


def downgrade() -> None:
    op.drop_index(INDEX, "payment_method")
    with op.batch_alter_table("payment_method", schema=None) as batch_op:
        batch_op.drop_column("lacks")
        batch_op.drop_column("identity")
    _allow_actions(9)
