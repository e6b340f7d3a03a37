"""Tables of inventory."""

from datetime import date, datetime
from enum import IntEnum
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    Boolean,
    Date,
    ForeignKeyConstraint,
    Index,
    Integer,
    LargeBinary,
    SmallInteger,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from app.kit.columns import Choice, Moment, choice_check
from app.kit.ids import Id
from app.kit.money import Money
from app.kit.tenancy import Owned


class Status(IntEnum):
    FREE = 0
    HELD = 1
    SOLD = 2
    QUARANTINED = 3
    VOID = 4


class BatchState(IntEnum):
    IMPORTING = 0
    READY = 1
    RECEIVING = 2
    FAILED = 3


class IssueKind(IntEnum):
    """Why a row of a file did not become a code."""

    INVALID = 0
    IN_FILE = 1
    IN_STOCK = 2


class Batch(Owned):
    __tablename__ = "batch"
    __table_args__ = (
        choice_check("state", BatchState),
        Index(None, "merchant_id", "sku_id"),
    )

    id: Mapped[UUID] = mapped_column(Id, primary_key=True)
    sku_id: Mapped[UUID] = mapped_column(Id)
    name: Mapped[str] = mapped_column(Text)
    supplier: Mapped[str] = mapped_column(Text)
    cost_amount: Mapped[int] = mapped_column(BigInteger)
    cost_currency: Mapped[str] = mapped_column(Text)
    expires_on: Mapped[date | None] = mapped_column(Date)
    file_name: Mapped[str] = mapped_column(Text)
    key_id: Mapped[UUID] = mapped_column(Id)
    state: Mapped[BatchState] = mapped_column(Choice(BatchState))
    created_at: Mapped[datetime] = mapped_column(Moment)
    created_by: Mapped[UUID | None] = mapped_column(Id)

    encoding: Mapped[str] = mapped_column(Text)
    columns: Mapped[str] = mapped_column(Text)  # field names in the file's order, "" until the first line is seen
    delimiter: Mapped[str] = mapped_column(Text)
    next_chunk: Mapped[int] = mapped_column(Integer)
    next_row: Mapped[int] = mapped_column(Integer)  # within that chunk
    lines: Mapped[int] = mapped_column(Integer)  # lines of the file read so far
    imported: Mapped[int] = mapped_column(Integer)
    duplicate_in_file: Mapped[int] = mapped_column(Integer)
    duplicate_in_stock: Mapped[int] = mapped_column(Integer)
    invalid: Mapped[int] = mapped_column(Integer)

    @property
    def total(self) -> int:
        return self.imported + self.duplicate_in_file + self.duplicate_in_stock + self.invalid

    @property
    def cost(self) -> Money:
        return Money(self.cost_amount, self.cost_currency)


class ImportChunk(Owned):
    """A piece of an uploaded file, sealed; it holds whole lines."""

    __tablename__ = "import_chunk"
    __table_args__ = (ForeignKeyConstraint(["merchant_id", "batch_id"], ["batch.merchant_id", "batch.id"]),)

    batch_id: Mapped[UUID] = mapped_column(Id, primary_key=True)
    number: Mapped[int] = mapped_column(Integer, primary_key=True)
    key_id: Mapped[UUID] = mapped_column(Id)
    sealed: Mapped[bytes] = mapped_column(LargeBinary)


class ImportIssue(Owned):
    """A row of a file that was not taken: which line and why, never what it said."""

    __tablename__ = "import_issue"
    __table_args__ = (
        ForeignKeyConstraint(["merchant_id", "batch_id"], ["batch.merchant_id", "batch.id"]),
        Index(None, "merchant_id", "batch_id", "fingerprint"),
        choice_check("kind", IssueKind),
    )

    batch_id: Mapped[UUID] = mapped_column(Id, primary_key=True)
    line: Mapped[int] = mapped_column(Integer, primary_key=True)
    kind: Mapped[IssueKind] = mapped_column(Choice(IssueKind))
    reason: Mapped[str] = mapped_column(Text)
    fingerprint: Mapped[bytes | None] = mapped_column(LargeBinary)


class Code(Owned):
    __tablename__ = "code"
    __table_args__ = (
        ForeignKeyConstraint(["merchant_id", "batch_id"], ["batch.merchant_id", "batch.id"]),
        UniqueConstraint("merchant_id", "fingerprint"),
        # One code an entitlement. Partial, so that the planner cannot walk a merchant's codes by it. (B1.7)
        Index(
            "uq_code_entitlement",
            "merchant_id",
            "entitlement_id",
            unique=True,
            postgresql_where=text("entitlement_id IS NOT NULL"),
            sqlite_where=text("entitlement_id IS NOT NULL"),
        ),
        choice_check("status", Status),
        # The free index: a claim walks it in `pick` order and never sees a sold row. (B1.7)
        Index(
            "ix_code_free",
            "merchant_id",
            "sku_id",
            "lane",
            "pick",
            postgresql_where=text("status = 0 AND NOT frozen"),
            sqlite_where=text("status = 0 AND NOT frozen"),
        ),
        Index(
            "ix_code_held",
            "merchant_id",
            "held_by",
            postgresql_where=text("status = 1"),
            sqlite_where=text("status = 1"),
        ),
        # For lists. Its condition is always true, and must be said to use it: no planner walks a sale along it. (B1.7)
        Index(
            "ix_code_sku",
            "merchant_id",
            "sku_id",
            "id",
            postgresql_where=text("status >= 0"),
            sqlite_where=text("status >= 0"),
        ),
        {
            "postgresql_with": {
                "fillfactor": 80,
                "autovacuum_vacuum_scale_factor": 0.01,
                "autovacuum_analyze_scale_factor": 0.01,
            }
        },
    )

    id: Mapped[UUID] = mapped_column(Id, primary_key=True)
    sku_id: Mapped[UUID] = mapped_column(Id)
    batch_id: Mapped[UUID] = mapped_column(Id)
    status: Mapped[Status] = mapped_column(Choice(Status))
    frozen: Mapped[bool] = mapped_column(Boolean)
    lane: Mapped[int] = mapped_column(SmallInteger)
    pick: Mapped[int] = mapped_column(BigInteger)
    held_by: Mapped[UUID | None] = mapped_column(Id)
    held_until: Mapped[datetime | None] = mapped_column(Moment)
    entitlement_id: Mapped[UUID | None] = mapped_column(Id)
    sealed: Mapped[bytes] = mapped_column(LargeBinary)
    key_id: Mapped[UUID] = mapped_column(Id)
    fingerprint: Mapped[bytes] = mapped_column(LargeBinary)
    pin_fingerprint: Mapped[bytes | None] = mapped_column(LargeBinary)  # of both fields, where a code has two
    tail: Mapped[str] = mapped_column(Text)
    cost: Mapped[int] = mapped_column(BigInteger)  # minor units of the batch's currency
    expires_on: Mapped[date | None] = mapped_column(Date)
    line: Mapped[int] = mapped_column(Integer)


class Stock(Owned):
    """How many codes of a SKU a person is told; a roll-up, never the decision."""

    __tablename__ = "stock"

    sku_id: Mapped[UUID] = mapped_column(Id, primary_key=True)
    available: Mapped[int] = mapped_column(Integer)
    counted_at: Mapped[datetime] = mapped_column(Moment)
