"""by which way a person of a hand-out is told just now, and which ways are left"""

import sqlalchemy as sa
from alembic import op

revision = "chat"
down_revision = "0035"
branch_labels = None
depends_on = None

EMAIL = 0


def upgrade() -> None:
    with op.batch_alter_table("handout_row", schema=None) as batch_op:
        batch_op.add_column(sa.Column("told_by", sa.SmallInteger(), nullable=True))
        batch_op.add_column(sa.Column("then", sa.JSON(), nullable=False, server_default="[]"))
    with op.batch_alter_table("handout_row", schema=None) as batch_op:
        batch_op.alter_column("then", server_default=None)
    _follow_chats()


def _follow_chats() -> None:
    """Let a letter follow the chats that are under way."""
    on_postgresql = op.get_bind().dialect.name == "postgresql"
    if on_postgresql:
        op.execute("ALTER TABLE handout_row NO FORCE ROW LEVEL SECURITY")
    op.execute(
        f"UPDATE handout_row SET told_by = chat, \"then\" = '[{EMAIL}]'"
        " WHERE chat IS NOT NULL AND contact_sealed IS NOT NULL AND told_at IS NOT NULL"
    )
    if on_postgresql:
        op.execute("ALTER TABLE handout_row FORCE ROW LEVEL SECURITY")


def downgrade() -> None:
    with op.batch_alter_table("handout_row", schema=None) as batch_op:
        batch_op.drop_column("then")
        batch_op.drop_column("told_by")
