"""lanes: what waits for one channel waits by itself"""

import sqlalchemy as sa
from alembic import op

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None

LANES = range(4)
ALIVE = "state IN (0, 1, 2)"


def upgrade() -> None:
    op.drop_index("ix_effect_due", "effect")
    with op.batch_alter_table("effect", schema=None) as batch_op:
        batch_op.add_column(sa.Column("lane", sa.SmallInteger(), nullable=False, server_default="0"))
    with op.batch_alter_table("effect", schema=None) as batch_op:
        batch_op.alter_column("lane", server_default=None)
        batch_op.create_check_constraint(batch_op.f("ck_effect_lane"), "lane IN (0, 1, 2, 3)")
    for lane in LANES:
        where = sa.text(f"{ALIVE} AND lane = {lane}")
        _create_due(f"ix_effect_due_{lane}", where)


def _create_due(name: str, where: sa.TextClause) -> None:
    op.create_index(name, "effect", ["merchant_id", "due_at"], postgresql_where=where, sqlite_where=where)


def downgrade() -> None:
    for lane in LANES:
        op.drop_index(f"ix_effect_due_{lane}", "effect")
    with op.batch_alter_table("effect", schema=None) as batch_op:
        batch_op.drop_constraint(batch_op.f("ck_effect_lane"), type_="check")
        batch_op.drop_column("lane")
    _create_due("ix_effect_due", sa.text(ALIVE))
