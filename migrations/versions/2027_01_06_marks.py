"""fingerprints are unique in a table of their own, so that no sale writes their index"""

import sqlalchemy as sa
from alembic import op
from flask import current_app

from app.kit.fences import lower_fence, raise_fence
from app.kit.ids import Id

revision = "0038"
down_revision = "0037"
branch_labels = None
depends_on = None

UNIQUE = "uq_code_merchant_id_fingerprint"


def upgrade() -> None:
    op.create_table(
        "code_mark",
        sa.Column("merchant_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("fingerprint", sa.LargeBinary(), nullable=False),
        sa.Column("code_id", Id(), nullable=False),
        sa.PrimaryKeyConstraint("merchant_id", "fingerprint", name=op.f("pk_code_mark")),
        sqlite_with_rowid=False,
    )
    fenced = op.get_bind().dialect.name == "postgresql"
    if fenced:
        op.execute("ALTER TABLE code NO FORCE ROW LEVEL SECURITY")
    op.execute(
        "INSERT INTO code_mark (merchant_id, fingerprint, code_id) SELECT merchant_id, fingerprint, id FROM code"
    )
    if fenced:
        op.execute("ALTER TABLE code FORCE ROW LEVEL SECURITY")
    with op.batch_alter_table("code", schema=None) as batch_op:
        batch_op.drop_constraint(UNIQUE, type_="unique")
    raise_fence(op.get_bind(), "code_mark", app_url=current_app.config["MIAOFA"].database_url)


def downgrade() -> None:
    lower_fence(op.get_bind(), "code_mark")
    with op.batch_alter_table("code", schema=None) as batch_op:
        batch_op.create_unique_constraint(UNIQUE, ["merchant_id", "fingerprint"])
    op.drop_table("code_mark")
