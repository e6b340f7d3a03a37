"""gifts: from person to person, and campaigns whose link or poster gives to whoever comes"""

import sqlalchemy as sa
from alembic import op
from flask import current_app

from app.kit.columns import Moment
from app.kit.fences import lower_fence, raise_fence
from app.kit.ids import Id

revision = "0029"
down_revision = "0028"
branch_labels = None
depends_on = None

OWNED = ("gift", "gift_rule", "claim_campaign", "campaign_claim", "campaign_refusal")
WAITING = sa.text("state = 0")


def upgrade() -> None:
    op.add_column("entitlement", sa.Column("holder_id", Id(), nullable=True))
    _allow_purposes("purpose IN (0, 1, 2)")
    _create_gifts()
    _create_campaigns()
    app_url = current_app.config["MIAOFA"].database_url
    for table in OWNED:
        raise_fence(op.get_bind(), table, app_url=app_url)


def _merchant() -> sa.Column[int]:
    return sa.Column("merchant_id", sa.BigInteger(), autoincrement=False, nullable=False)


def _create_gifts() -> None:
    op.create_table(
        "gift",
        _merchant(),
        sa.Column("id", Id(), nullable=False),
        sa.Column("order_id", Id(), nullable=False),
        sa.Column("entitlement_id", Id(), nullable=False),
        sa.Column("from_id", Id(), nullable=True),
        sa.Column("state", sa.SmallInteger(), nullable=False),
        sa.Column("giver", sa.Text(), nullable=False),
        sa.Column("receiver", sa.Text(), nullable=False),
        sa.Column("message", sa.Text(), nullable=False),
        sa.Column("by_word", sa.Boolean(), nullable=False),
        sa.Column("seen_at", Moment(), nullable=True),
        sa.Column("made_at", Moment(), nullable=False),
        sa.Column("opens_at", Moment(), nullable=True),
        sa.Column("expires_at", Moment(), nullable=False),
        sa.Column("ended_at", Moment(), nullable=True),
        sa.Column("opened_at", Moment(), nullable=True),
        sa.Column("device_id", Id(), nullable=True),
        sa.Column("key_id", Id(), nullable=True),
        sa.Column("contact_sealed", sa.LargeBinary(), nullable=True),
        sa.Column("contact_mask", sa.Text(), nullable=False),
        sa.Column("lang", sa.Text(), nullable=False),
        sa.CheckConstraint("state IN (0, 1, 2)", name=op.f("ck_gift_state")),
        sa.PrimaryKeyConstraint("merchant_id", "id", name=op.f("pk_gift")),
    )
    waiting = {"postgresql_where": WAITING, "sqlite_where": WAITING}
    op.create_index("ix_gift_waiting", "gift", ["merchant_id", "entitlement_id"], unique=True, **waiting)
    for column in ("order_id", "from_id", "device_id"):
        op.create_index(op.f(f"ix_gift_merchant_id_{column}"), "gift", ["merchant_id", column])
    op.create_table(
        "gift_rule",
        _merchant(),
        sa.Column("giving", sa.SmallInteger(), nullable=False),
        sa.CheckConstraint("giving IN (0, 1, 2)", name=op.f("ck_gift_rule_giving")),
        sa.PrimaryKeyConstraint("merchant_id", name=op.f("pk_gift_rule")),
    )


def _create_campaigns() -> None:
    op.create_table(
        "claim_campaign",
        _merchant(),
        sa.Column("id", Id(), nullable=False),
        sa.Column("sku_id", Id(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("message", sa.Text(), nullable=False),
        sa.Column("word", sa.Text(), nullable=False),
        sa.Column("cap", sa.Integer(), nullable=False),
        sa.Column("taken", sa.Integer(), nullable=False),
        sa.Column("per_person", sa.Integer(), nullable=False),
        sa.Column("per_network", sa.Integer(), nullable=False),
        sa.Column("starts_at", Moment(), nullable=False),
        sa.Column("ends_at", Moment(), nullable=False),
        sa.Column("state", sa.SmallInteger(), nullable=False),
        sa.Column("created_at", Moment(), nullable=False),
        sa.CheckConstraint("state IN (0, 1, 2)", name=op.f("ck_claim_campaign_state")),
        sa.CheckConstraint("taken >= 0 AND taken <= cap", name=op.f("ck_claim_campaign_taken")),
        sa.CheckConstraint("per_person > 0 AND per_network >= 0", name=op.f("ck_claim_campaign_limits")),
        sa.PrimaryKeyConstraint("merchant_id", "id", name=op.f("pk_claim_campaign")),
    )
    _create_claims()
    op.create_table(
        "campaign_refusal",
        _merchant(),
        sa.Column("campaign_id", Id(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        _of_campaign("campaign_refusal"),
        sa.PrimaryKeyConstraint("merchant_id", "campaign_id", "reason", name=op.f("pk_campaign_refusal")),
    )


def _create_claims() -> None:
    op.create_table(
        "campaign_claim",
        _merchant(),
        sa.Column("order_id", Id(), nullable=False),
        sa.Column("campaign_id", Id(), nullable=False),
        sa.Column("contact_index", sa.LargeBinary(), nullable=False),
        sa.Column("of_contact", sa.Integer(), nullable=False),
        sa.Column("device_id", Id(), nullable=False),
        sa.Column("of_device", sa.Integer(), nullable=False),
        sa.Column("idem", sa.LargeBinary(), nullable=False),
        sa.Column("at", Moment(), nullable=False),
        _of_campaign("campaign_claim"),
        sa.PrimaryKeyConstraint("merchant_id", "order_id", name=op.f("pk_campaign_claim")),
        *(
            sa.UniqueConstraint("merchant_id", "campaign_id", *who, name=op.f(f"uq_campaign_claim_merchant_id_{name}"))
            for who, name in (
                (("contact_index", "of_contact"), "campaign_id_contact_index_of_contact"),
                (("device_id", "of_device"), "campaign_id_device_id_of_device"),
                (("idem",), "campaign_id_idem"),
            )
        ),
    )


def _of_campaign(table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["merchant_id", "campaign_id"],
        ["claim_campaign.merchant_id", "claim_campaign.id"],
        name=op.f(f"fk_{table}_merchant_id_campaign_id"),
    )


def _allow_purposes(allowed: str) -> None:
    with op.batch_alter_table("order", schema=None) as batch_op:
        batch_op.drop_constraint(batch_op.f("ck_order_purpose"), type_="check")
        batch_op.create_check_constraint(batch_op.f("ck_order_purpose"), allowed)


def downgrade() -> None:
    for table in reversed(OWNED):
        lower_fence(op.get_bind(), table)
        op.drop_table(table)
    _allow_purposes("purpose IN (0, 1)")
    op.drop_column("entitlement", "holder_id")
