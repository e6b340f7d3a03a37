"""members: buyers with an account, their contacts, sessions, one-time codes and inbox"""

import sqlalchemy as sa
from alembic import op
from flask import current_app

from app.kit.columns import Moment
from app.kit.fences import lower_fence, raise_fence
from app.kit.ids import Id

revision = "0027"
down_revision = "0026"
branch_labels = None
depends_on = None

OWNED = ("member", "member_contact", "member_session", "member_code", "inbox_message")
CHANNELS = "channel IN (0, 1, 2, 3, 4, 5, 6, 7, 8)"


def upgrade() -> None:
    op.create_table(
        "member",
        _merchant(),
        sa.Column("id", Id(), nullable=False),
        sa.Column("lang", sa.Text(), nullable=False),
        sa.Column("created_at", Moment(), nullable=False),
        sa.Column("closed_at", Moment(), nullable=True),
        sa.PrimaryKeyConstraint("merchant_id", "id", name=op.f("pk_member")),
    )
    op.create_index(op.f("ix_member_merchant_id_created_at"), "member", ["merchant_id", "created_at"])
    _create_contacts()
    _create_sessions()
    _create_codes()
    _create_inbox()
    app_url = current_app.config["MIAOFA"].database_url
    for table in OWNED:
        raise_fence(op.get_bind(), table, app_url=app_url)


def _merchant() -> sa.Column[int]:
    return sa.Column("merchant_id", sa.BigInteger(), autoincrement=False, nullable=False)


def _of_member(table: str) -> sa.ForeignKeyConstraint:
    name = op.f(f"fk_{table}_merchant_id_member_id")
    return sa.ForeignKeyConstraint(["merchant_id", "member_id"], ["member.merchant_id", "member.id"], name=name)


def _create_contacts() -> None:
    op.create_table(
        "member_contact",
        _merchant(),
        sa.Column("id", Id(), nullable=False),
        sa.Column("member_id", Id(), nullable=False),
        sa.Column("channel", sa.SmallInteger(), nullable=False),
        sa.Column("address_index", sa.LargeBinary(), nullable=False),
        sa.Column("contact_index", sa.LargeBinary(), nullable=False),
        sa.Column("key_id", Id(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.Column("mask", sa.Text(), nullable=False),
        sa.Column("proved_at", Moment(), nullable=False),
        sa.CheckConstraint(CHANNELS, name=op.f("ck_member_contact_channel")),
        _of_member("member_contact"),
        sa.PrimaryKeyConstraint("merchant_id", "id", name=op.f("pk_member_contact")),
        sa.UniqueConstraint("merchant_id", "address_index", name=op.f("uq_member_contact_merchant_id_address_index")),
        sa.UniqueConstraint(
            "merchant_id", "member_id", "channel", name=op.f("uq_member_contact_merchant_id_member_id_channel")
        ),
    )
    op.create_index(
        op.f("ix_member_contact_merchant_id_contact_index"), "member_contact", ["merchant_id", "contact_index"]
    )


def _create_sessions() -> None:
    op.create_table(
        "member_session",
        _merchant(),
        sa.Column("id", Id(), nullable=False),
        sa.Column("member_id", Id(), nullable=False),
        sa.Column("token_hash", sa.LargeBinary(), nullable=False),
        sa.Column("channel", sa.SmallInteger(), nullable=False),
        sa.Column("proved_at", Moment(), nullable=False),
        sa.Column("created_at", Moment(), nullable=False),
        sa.Column("seen_at", Moment(), nullable=False),
        sa.Column("expires_at", Moment(), nullable=False),
        sa.Column("ended_at", Moment(), nullable=True),
        sa.Column("agent", sa.Text(), nullable=False),
        sa.Column("network", sa.Text(), nullable=False),
        sa.CheckConstraint(CHANNELS, name=op.f("ck_member_session_channel")),
        _of_member("member_session"),
        sa.PrimaryKeyConstraint("merchant_id", "id", name=op.f("pk_member_session")),
        sa.UniqueConstraint("merchant_id", "token_hash", name=op.f("uq_member_session_merchant_id_token_hash")),
    )
    op.create_index(op.f("ix_member_session_merchant_id_member_id"), "member_session", ["merchant_id", "member_id"])


def _create_codes() -> None:
    op.create_table(
        "member_code",
        _merchant(),
        sa.Column("id", Id(), nullable=False),
        sa.Column("device_id", Id(), nullable=False),
        sa.Column("contact_index", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", Moment(), nullable=False),
        sa.Column("expires_at", Moment(), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("used_at", Moment(), nullable=True),
        sa.Column("member_id", Id(), nullable=True),
        sa.Column("channel", sa.SmallInteger(), nullable=False),
        sa.Column("key_id", Id(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.Column("lang", sa.Text(), nullable=False),
        sa.Column("agent", sa.Text(), nullable=False),
        sa.Column("network", sa.Text(), nullable=False),
        sa.CheckConstraint(CHANNELS, name=op.f("ck_member_code_channel")),
        sa.PrimaryKeyConstraint("merchant_id", "id", name=op.f("pk_member_code")),
    )
    for columns in (["device_id"], ["contact_index", "created_at"], ["created_at"]):
        name = op.f("_".join(["ix_member_code_merchant_id", *columns]))
        op.create_index(name, "member_code", ["merchant_id", *columns])


def _create_inbox() -> None:
    op.create_table(
        "inbox_message",
        _merchant(),
        sa.Column("id", Id(), nullable=False),
        sa.Column("member_id", Id(), nullable=False),
        sa.Column("source_id", Id(), nullable=False),
        sa.Column("about", sa.Text(), nullable=False),
        sa.Column("order_id", Id(), nullable=True),
        sa.Column("facts", sa.JSON(), nullable=False),
        sa.Column("at", Moment(), nullable=False),
        sa.Column("read_at", Moment(), nullable=True),
        _of_member("inbox_message"),
        sa.PrimaryKeyConstraint("merchant_id", "id", name=op.f("pk_inbox_message")),
        sa.UniqueConstraint(
            "merchant_id", "member_id", "source_id", name=op.f("uq_inbox_message_merchant_id_member_id_source_id")
        ),
    )
    op.create_index(
        op.f("ix_inbox_message_merchant_id_member_id_id"), "inbox_message", ["merchant_id", "member_id", "id"]
    )
    op.create_index(
        "ix_inbox_message_unread",
        "inbox_message",
        ["merchant_id", "member_id"],
        postgresql_where=sa.text("read_at IS NULL"),
        sqlite_where=sa.text("read_at IS NULL"),
    )


def downgrade() -> None:
    for table in reversed(OWNED):
        lower_fence(op.get_bind(), table)
        op.drop_table(table)
