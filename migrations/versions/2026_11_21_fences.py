"""fences: row level security, grants, insert-only tables"""

from alembic import op
from flask import current_app

from app.kit.fences import grant, lower_fence, raise_fence

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

OWNED = (
    "batch",
    "code",
    "data_key",
    "device",
    "entitlement",
    "import_chunk",
    "import_issue",
    "login_try",
    "merchant",
    "notice",
    "order",
    "order_line",
    "part",
    "payment_method",
    "product",
    "product_text",
    "sku",
    "sku_text",
    "stock",
    "tender",
)
SYSTEM_READS = ("membership", "outbox")
INSERT_ONLY = ("entry", "event", "ledger_tx")
OF_NOBODY = ("directory", "session", "user", "alembic_version")


def upgrade() -> None:
    connection, app_url = op.get_bind(), current_app.config["MIAOFA"].database_url
    for table in OWNED:
        raise_fence(connection, table, app_url=app_url)
    for table in SYSTEM_READS:
        raise_fence(connection, table, app_url=app_url, system_reads=True)
    for table in INSERT_ONLY:
        raise_fence(connection, table, app_url=app_url, insert_only=True)
    for table in OF_NOBODY:
        grant(connection, table, app_url=app_url)


def downgrade() -> None:
    connection = op.get_bind()
    for table in (*OWNED, *SYSTEM_READS):
        lower_fence(connection, table)
    for table in INSERT_ONLY:
        lower_fence(connection, table, insert_only=True)
