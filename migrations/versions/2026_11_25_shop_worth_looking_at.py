"""a shop worth looking at: its looks and words, categories, pictures, guides, variants off sale"""

import sqlalchemy as sa
from alembic import op
from flask import current_app

from app.kit.columns import Moment
from app.kit.fences import lower_fence, raise_fence
from app.kit.ids import Id

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

OWNED = ("picture", "shop_text", "category", "category_text", "guide_step")
EMPTY = sa.text("''")
NO, YES, ZERO = sa.false(), sa.true(), sa.text("0")
NEW = {
    "merchant": {
        "accent": (sa.Text(), EMPTY),
        "logo_id": (Id(), None),
        "licence": (sa.Text(), EMPTY),
        "tells_stock": (sa.Boolean(), NO),
        "is_closed": (sa.Boolean(), NO),
        "shelf_version": (sa.Integer(), ZERO),
    },
    "product": {
        "category_id": (Id(), None),
        "cover_id": (Id(), None),
        "tags": (sa.Text(), EMPTY),
        "redeem_url": (sa.Text(), EMPTY),
    },
    "product_text": {name: (sa.Text(), EMPTY) for name in ("about", "facts", "faq", "finds")},
    "sku": {"was_amount": (sa.BigInteger(), None), "on_sale": (sa.Boolean(), YES)},
}


def upgrade() -> None:
    _make_tables()
    _add_columns()
    with op.batch_alter_table("product", schema=None) as batch_op:
        batch_op.create_foreign_key(
            batch_op.f("fk_product_merchant_id_category_id"),
            "category",
            ["merchant_id", "category_id"],
            ["merchant_id", "id"],
        )
        batch_op.create_index(
            batch_op.f("ix_product_merchant_id_status_position"), ["merchant_id", "status", "position"], unique=False
        )
    with op.batch_alter_table("sku", schema=None) as batch_op:
        batch_op.create_check_constraint(batch_op.f("ck_sku_was"), "was_amount > price_amount")
        batch_op.create_index(batch_op.f("ix_sku_merchant_id_product_id"), ["merchant_id", "product_id"], unique=False)
    _fill_finds()
    app_url = current_app.config["MIAOFA"].database_url
    for table in OWNED:
        raise_fence(op.get_bind(), table, app_url=app_url)


def downgrade() -> None:
    with op.batch_alter_table("sku", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_sku_merchant_id_product_id"))
        batch_op.drop_constraint(batch_op.f("ck_sku_was"), type_="check")
    with op.batch_alter_table("product", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_product_merchant_id_status_position"))
        batch_op.drop_constraint(batch_op.f("fk_product_merchant_id_category_id"), type_="foreignkey")
    for table, columns in NEW.items():
        with op.batch_alter_table(table, schema=None) as batch_op:
            for name in columns:
                batch_op.drop_column(name)
    for table in reversed(OWNED):
        lower_fence(op.get_bind(), table)
        op.drop_table(table)


def _add_columns() -> None:
    """Add each column with what existing rows hold, and leave no default behind: the verbs say every value."""
    for table, columns in NEW.items():
        with op.batch_alter_table(table, schema=None) as batch_op:
            for name, (kind, default) in columns.items():
                batch_op.add_column(sa.Column(name, kind, nullable=default is None, server_default=default))
        with op.batch_alter_table(table, schema=None) as batch_op:
            for name, (_, default) in columns.items():
                if default is not None:
                    batch_op.alter_column(name, server_default=None)


def _fill_finds() -> None:
    """Let searches find what is there already by its name; pinyin comes when a product is saved next."""
    fenced = op.get_bind().dialect.name == "postgresql"  # whose fence holds the owner as well
    if fenced:
        op.execute("ALTER TABLE product_text NO FORCE ROW LEVEL SECURITY")
    op.execute("UPDATE product_text SET finds = lower(name || ' ' || summary)")
    if fenced:
        op.execute("ALTER TABLE product_text FORCE ROW LEVEL SECURITY")


def _make_tables() -> None:
    op.create_table(
        "picture",
        _merchant(),
        sa.Column("id", Id(), nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("media", sa.Text(), nullable=False),
        sa.Column("width", sa.Integer(), nullable=False),
        sa.Column("height", sa.Integer(), nullable=False),
        sa.Column("whole", sa.LargeBinary(), nullable=False),
        sa.Column("thumb", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", Moment(), nullable=False),
        sa.PrimaryKeyConstraint("merchant_id", "id", name=op.f("pk_picture")),
        sa.UniqueConstraint("merchant_id", "digest", name=op.f("uq_picture_merchant_id_digest")),
    )
    op.create_table(
        "shop_text",
        _merchant(),
        sa.Column("lang", sa.Text(), nullable=False),
        *(
            sa.Column(name, sa.Text(), nullable=False)
            for name in ("tagline", "notice", "contact", "hours", "promise", "closed")
        ),
        sa.PrimaryKeyConstraint("merchant_id", "lang", name=op.f("pk_shop_text")),
    )
    op.create_table(
        "category",
        _merchant(),
        sa.Column("id", Id(), nullable=False),
        sa.Column("slug", sa.Text(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("merchant_id", "id", name=op.f("pk_category")),
        sa.UniqueConstraint("merchant_id", "slug", name=op.f("uq_category_merchant_id_slug")),
    )
    op.create_table(
        "category_text",
        _merchant(),
        sa.Column("category_id", Id(), nullable=False),
        sa.Column("lang", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["merchant_id", "category_id"],
            ["category.merchant_id", "category.id"],
            name=op.f("fk_category_text_merchant_id_category_id"),
        ),
        sa.PrimaryKeyConstraint("merchant_id", "category_id", "lang", name=op.f("pk_category_text")),
    )
    op.create_table(
        "guide_step",
        _merchant(),
        sa.Column("product_id", Id(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("picture_id", Id(), nullable=False),
        sa.ForeignKeyConstraint(
            ["merchant_id", "product_id"],
            ["product.merchant_id", "product.id"],
            name=op.f("fk_guide_step_merchant_id_product_id"),
        ),
        sa.PrimaryKeyConstraint("merchant_id", "product_id", "position", name=op.f("pk_guide_step")),
    )


def _merchant() -> sa.Column[int]:
    return sa.Column("merchant_id", sa.BigInteger(), autoincrement=False, nullable=False)
