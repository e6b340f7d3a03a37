"""codes that are held leave the index of tails, so that a claim writes it no longer"""

import sqlalchemy as sa
from alembic import op

revision = "0037"
down_revision = "chat"
branch_labels = None
depends_on = None


def upgrade() -> None:
    _index_tails("tail <> '' AND status <> 1")


def _index_tails(condition: str) -> None:
    where = sa.text(condition)
    op.drop_index("ix_code_tail", "code")
    op.create_index("ix_code_tail", "code", ["merchant_id", "tail", "id"], postgresql_where=where, sqlite_where=where)


def downgrade() -> None:
    _index_tails("tail <> ''")
