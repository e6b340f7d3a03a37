"""Tables of gifting."""

from datetime import datetime
from enum import IntEnum
from uuid import UUID

from sqlalchemy import ForeignKeyConstraint, Index, Integer, LargeBinary, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, column_property, mapped_column

from app.kit.columns import Choice, Moment, choice_check
from app.kit.ids import Id
from app.kit.tenancy import Owned
from app.messages.queries import Channel

LIVING = text("entitlement_id IS NOT NULL AND revoked_at IS NULL")


class ProofKind(IntEnum):
    """By what a person proves to be the one a claim is for, beside the link."""

    REFERENCE = 0  # what the company knows them by: a staff number
    WORD = 1  # made by us, told by the company


class HandoutState(IntEnum):
    DRAFT = 0
    GIVEN = 1


class Handout(Owned):
    """A list of people that entitlements of one batch are given to."""

    __tablename__ = "handout"
    __table_args__ = (
        Index(None, "merchant_id", "company_id", "id"),
        Index(None, "merchant_id", "order_id"),
        choice_check("proof", ProofKind),
        choice_check("state", HandoutState),
    )

    id: Mapped[UUID] = mapped_column(Id, primary_key=True)
    company_id: Mapped[UUID] = mapped_column(Id)
    order_id: Mapped[UUID] = mapped_column(Id)
    name: Mapped[str] = mapped_column(Text)
    proof: Mapped[ProofKind] = mapped_column(Choice(ProofKind))
    lang: Mapped[str] = mapped_column(Text)
    state: Mapped[HandoutState] = mapped_column(Choice(HandoutState))
    key_id: Mapped[UUID] = mapped_column(Id)
    total: Mapped[int] = mapped_column(Integer)
    ready: Mapped[int] = mapped_column(Integer)  # rows that something can be given to
    created_at: Mapped[datetime] = mapped_column(Moment)
    actor_type: Mapped[str] = mapped_column(Text)
    actor_id: Mapped[UUID | None] = mapped_column(Id)
    given_at: Mapped[datetime | None] = mapped_column(Moment)
    expires_at: Mapped[datetime | None] = mapped_column(Moment)  # of its links


class HandoutRow(Owned):
    """A person of a handout, with what is given and what became of it; its link is signed and kept nowhere."""

    __tablename__ = "handout_row"
    __table_args__ = (
        ForeignKeyConstraint(["merchant_id", "handout_id"], ["handout.merchant_id", "handout.id"]),
        UniqueConstraint("merchant_id", "handout_id", "line"),
        Index(
            "ix_handout_row_living",
            "merchant_id",
            "entitlement_id",
            unique=True,
            postgresql_where=LIVING,
            sqlite_where=LIVING,
        ),
    )

    id: Mapped[UUID] = mapped_column(Id, primary_key=True)
    handout_id: Mapped[UUID] = mapped_column(Id)
    line: Mapped[int] = mapped_column(Integer)
    problem: Mapped[str] = mapped_column(Text)  # why nothing can be given; rules.PROBLEMS has words for it
    person: Mapped[str] = mapped_column(Text)
    reference: Mapped[str] = mapped_column(Text)
    contact_sealed: Mapped[bytes | None] = mapped_column(LargeBinary)
    contact_mask: Mapped[str] = mapped_column(Text)
    chat: Mapped[Channel | None] = mapped_column(Choice(Channel), default=None)  # by which they are told first
    chat_sealed: Mapped[bytes | None] = mapped_column(LargeBinary, default=None)  # their user ID there
    entitlement_id: Mapped[UUID | None] = mapped_column(Id)
    device_id: Mapped[UUID | None] = mapped_column(Id)  # the browser that proved itself last
    opened_at: Mapped[datetime | None] = mapped_column(Moment)
    revoked_at: Mapped[datetime | None] = mapped_column(Moment)
    told_at: Mapped[datetime | None] = mapped_column(Moment)  # when a letter was last asked for
    reminders: Mapped[int] = mapped_column(Integer)

    upwards: Mapped[int] = column_property(-line.column)  # type: ignore[attr-defined]  # lists run down, lines run up


class Extract(Owned):
    """Codes of a batch that a company took in clear, to use them elsewhere; they are handed out no more.

    `key` is of the form it came by, so that a form sent twice takes once; `times` is how often its file was made.
    """

    __tablename__ = "code_extract"
    __table_args__ = (
        UniqueConstraint("merchant_id", "company_id", "key"),
        Index(None, "merchant_id", "company_id", "last_at"),
        Index(None, "merchant_id", "order_id"),
    )

    id: Mapped[UUID] = mapped_column(Id, primary_key=True)
    company_id: Mapped[UUID] = mapped_column(Id)
    order_id: Mapped[UUID] = mapped_column(Id)
    key: Mapped[str] = mapped_column(Text)
    count: Mapped[int] = mapped_column(Integer)
    times: Mapped[int] = mapped_column(Integer)
    created_at: Mapped[datetime] = mapped_column(Moment)
    last_at: Mapped[datetime] = mapped_column(Moment)
    actor_type: Mapped[str] = mapped_column(Text)
    actor_id: Mapped[UUID | None] = mapped_column(Id)


class ExtractRow(Owned):
    """One of the entitlements of an extract; no entitlement is in two."""

    __tablename__ = "code_extract_row"
    __table_args__ = (
        ForeignKeyConstraint(["merchant_id", "extract_id"], ["code_extract.merchant_id", "code_extract.id"]),
        UniqueConstraint("merchant_id", "extract_id", "line"),
    )

    entitlement_id: Mapped[UUID] = mapped_column(Id, primary_key=True)
    extract_id: Mapped[UUID] = mapped_column(Id)
    line: Mapped[int] = mapped_column(Integer)
