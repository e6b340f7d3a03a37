"""Tables of inventory."""

from datetime import date, datetime, timedelta
from enum import IntEnum
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
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

AGAIN = timedelta(hours=24)  # for so long a file of codes may be fetched again by who took it


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
    STAGED = 4  # uploaded; somebody looks at its preview and has not decided yet
    UNDONE = 5  # taken back whole, before the first sale


class IssueKind(IntEnum):
    """Why a row of a file did not become a code."""

    INVALID = 0
    IN_FILE = 1
    IN_STOCK = 2
    WAS_SOLD = 3


class ExportState(IntEnum):
    ASKED = 0
    ALLOWED = 1
    REFUSED = 2
    TAKEN = 3


MADE_HERE = "generated"  # the encoding of a batch that no file brought; its columns are the pattern


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
    purchased_on: Mapped[date | None] = mapped_column(Date)
    tags: Mapped[str] = mapped_column(Text)  # words, a space between them
    note: Mapped[str] = mapped_column(Text)
    rank: Mapped[int] = mapped_column(Integer)  # lower ones are sold first where the SKU's strategy asks for it
    lane: Mapped[int] = mapped_column(SmallInteger)  # where its codes come in
    recalled_at: Mapped[datetime | None] = mapped_column(Moment)
    first_code: Mapped[UUID | None] = mapped_column(Id)  # its codes have ids from this one to that one; none, no bound
    last_code: Mapped[UUID | None] = mapped_column(Id)

    encoding: Mapped[str] = mapped_column(Text)
    choices: Mapped[str] = mapped_column(Text)  # JSON: what to do with rows that are not plainly new
    columns: Mapped[str] = mapped_column(Text)  # field names in the file's order, "" until the first line is seen
    delimiter: Mapped[str] = mapped_column(Text)
    next_chunk: Mapped[int] = mapped_column(Integer)
    next_row: Mapped[int] = mapped_column(Integer)  # within that chunk
    lines: Mapped[int] = mapped_column(Integer)  # lines of the file read so far
    imported: Mapped[int] = mapped_column(Integer)
    duplicate_in_file: Mapped[int] = mapped_column(Integer)
    duplicate_in_stock: Mapped[int] = mapped_column(Integer)  # of the pool as it is, or of what was sold before
    invalid: Mapped[int] = mapped_column(Integer)
    own_costed: Mapped[int] = mapped_column(Integer)  # of the imported ones, how many said themselves what they cost
    own_costs: Mapped[int] = mapped_column(BigInteger)  # and how much, together

    @property
    def total(self) -> int:
        return self.imported + self.duplicate_in_file + self.duplicate_in_stock + self.invalid

    @property
    def is_in(self) -> bool:
        return self.state in (BatchState.READY, BatchState.FAILED, BatchState.UNDONE)

    @property
    def is_made_here(self) -> bool:
        return self.encoding == MADE_HERE

    @property
    def cost(self) -> Money:
        return Money(self.cost_amount, self.cost_currency)

    @property
    def cost_in_all(self) -> Money:
        """Return what its codes were bought for: each at its own cost, or at the batch's where it has none."""
        return Money(self.own_costs, self.cost_currency) + self.cost * (self.imported - self.own_costed)

    @property
    def mean_cost(self) -> Money:
        """Return what a code of it cost on the average, to the nearest minor unit."""
        count = self.imported if self.own_costed else 0
        return Money((2 * self.cost_in_all.minor + count) // (2 * count), self.cost_currency) if count else self.cost


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


def _partial(name: str, *columns: str, where: str) -> Index:
    """Return an index of the rows that fit a condition."""
    return Index(name, *columns, postgresql_where=text(where), sqlite_where=text(where))


class Code(Owned):
    __tablename__ = "code"
    __table_args__ = (
        ForeignKeyConstraint(["merchant_id", "batch_id"], ["batch.merchant_id", "batch.id"]),
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
        _partial("ix_code_free", "merchant_id", "sku_id", "lane", "pick", where="status = 0 AND NOT frozen"),
        _partial("ix_code_held", "merchant_id", "held_by", where="status = 1"),
        # What nobody owns and nobody can buy. A sale never touches it: it holds no code that is free or sold.
        _partial("ix_code_apart", "merchant_id", "sku_id", where="entitlement_id IS NULL AND (frozen OR status >= 3)"),
        # For lists, too: what is rare among a million codes. A sale only takes codes out of these, which costs nothing.
        # "status + 0" and "status >= 0" are other words than a claim's: no planner walks a claim along these. (B1.7)
        _partial("ix_code_offered", "merchant_id", "id", where="status + 0 = 0 AND NOT frozen"),
        _partial(
            "ix_code_expiring",
            "merchant_id",
            "expires_on",
            "id",
            where="status + 0 = 0 AND NOT frozen AND expires_on IS NOT NULL",
        ),
        _partial("ix_code_aside", "merchant_id", "status", "id", where="status >= 3"),
        _partial("ix_code_frozen", "merchant_id", "id", where="frozen AND status <> 2"),
        _partial("ix_code_sku", "merchant_id", "sku_id", "id", where="status >= 0"),
        _partial("ix_code_tail", "merchant_id", "tail", "id", where="tail <> '' AND status <> 1"),
        _partial("ix_code_tagged", "merchant_id", "tags", "id", where="tags <> ''"),
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
    held_by: Mapped[UUID | None] = mapped_column(Id)  # a part; of a code that was replaced, whose it had been
    held_until: Mapped[datetime | None] = mapped_column(Moment)
    entitlement_id: Mapped[UUID | None] = mapped_column(Id)
    sealed: Mapped[bytes] = mapped_column(LargeBinary)
    key_id: Mapped[UUID] = mapped_column(Id)
    fingerprint: Mapped[bytes] = mapped_column(LargeBinary)  # unique by its mark
    pin_fingerprint: Mapped[bytes | None] = mapped_column(LargeBinary)  # of both fields, where a code has two
    tail: Mapped[str] = mapped_column(Text)
    cost: Mapped[int] = mapped_column(BigInteger)  # minor units of the batch's currency
    own_cost: Mapped[bool | None] = mapped_column(Boolean)  # true when its row said it; none when it is the batch's
    expires_on: Mapped[date | None] = mapped_column(Date)
    line: Mapped[int] = mapped_column(Integer)
    tags: Mapped[str] = mapped_column(Text)  # its own, beside those of its batch


class Proof(Owned):
    """A paper that shows where a batch comes from (contract, authorisation, invoice), sealed."""

    __tablename__ = "proof"
    __table_args__ = (
        ForeignKeyConstraint(["merchant_id", "batch_id"], ["batch.merchant_id", "batch.id"]),
        Index(None, "merchant_id", "batch_id"),
    )

    id: Mapped[UUID] = mapped_column(Id, primary_key=True)
    batch_id: Mapped[UUID] = mapped_column(Id)
    name: Mapped[str] = mapped_column(Text)
    media: Mapped[str] = mapped_column(Text)
    size: Mapped[int] = mapped_column(Integer)
    key_id: Mapped[UUID] = mapped_column(Id)
    sealed: Mapped[bytes] = mapped_column(LargeBinary)
    added_at: Mapped[datetime] = mapped_column(Moment)
    added_by: Mapped[UUID | None] = mapped_column(Id)


class ImportMapping(Owned):
    """Which column of a supplier's file is what, as somebody chose it for a SKU the last time."""

    __tablename__ = "import_mapping"

    sku_id: Mapped[UUID] = mapped_column(Id, primary_key=True)
    header: Mapped[bytes] = mapped_column(LargeBinary, primary_key=True)  # digest of the first line, or of its shape
    columns: Mapped[str] = mapped_column(Text)
    used_at: Mapped[datetime] = mapped_column(Moment)


class Lane(Owned):
    """A share of a SKU's pool; lane 0 is always there and takes what is steered nowhere else."""

    __tablename__ = "lane"
    __table_args__ = (
        UniqueConstraint("merchant_id", "sku_id", "name"),
        CheckConstraint("number > 0", name="number"),
        CheckConstraint("steer_days > 0", name="steer_days"),
    )

    sku_id: Mapped[UUID] = mapped_column(Id, primary_key=True)
    number: Mapped[int] = mapped_column(SmallInteger, primary_key=True)
    name: Mapped[str] = mapped_column(Text)
    steer_days: Mapped[int | None] = mapped_column(Integer)  # codes that expire within so many days are moved here


class LaneWalk(Owned):
    """The lanes a channel sells from, in this order; a channel without any walks lane 0 alone."""

    __tablename__ = "lane_walk"

    sku_id: Mapped[UUID] = mapped_column(Id, primary_key=True)
    channel: Mapped[str] = mapped_column(Text, primary_key=True)
    position: Mapped[int] = mapped_column(SmallInteger, primary_key=True)
    lane: Mapped[int] = mapped_column(SmallInteger)


class SharedCode(Owned):
    """One sealed secret that many buyers use; its counter goes down with each, never below zero."""

    __tablename__ = "shared_code"
    __table_args__ = (
        ForeignKeyConstraint(["merchant_id", "batch_id"], ["batch.merchant_id", "batch.id"]),
        UniqueConstraint("merchant_id", "fingerprint"),
        Index(None, "merchant_id", "sku_id", "pick"),
        CheckConstraint("uses > 0", name="uses"),
        CheckConstraint("uses_left >= 0 AND uses_left <= uses", name="uses_left"),
    )

    id: Mapped[UUID] = mapped_column(Id, primary_key=True)
    sku_id: Mapped[UUID] = mapped_column(Id)
    batch_id: Mapped[UUID] = mapped_column(Id)
    uses: Mapped[int] = mapped_column(Integer)
    uses_left: Mapped[int] = mapped_column(Integer)  # neither held nor sold
    frozen: Mapped[bool] = mapped_column(Boolean)
    pick: Mapped[int] = mapped_column(BigInteger)
    sealed: Mapped[bytes] = mapped_column(LargeBinary)
    key_id: Mapped[UUID] = mapped_column(Id)
    fingerprint: Mapped[bytes] = mapped_column(LargeBinary)
    tail: Mapped[str] = mapped_column(Text)
    cost: Mapped[int] = mapped_column(BigInteger)  # of one use, minor units of the batch's currency
    expires_on: Mapped[date | None] = mapped_column(Date)


class SharedHold(Owned):
    """Uses of a shared code that are kept for a part of an order."""

    __tablename__ = "shared_hold"
    __table_args__ = (
        ForeignKeyConstraint(["merchant_id", "shared_id"], ["shared_code.merchant_id", "shared_code.id"]),
        Index(None, "merchant_id", "shared_id", "held_until"),
        CheckConstraint("uses > 0", name="uses"),
    )

    part_id: Mapped[UUID] = mapped_column(Id, primary_key=True)
    shared_id: Mapped[UUID] = mapped_column(Id, primary_key=True)
    uses: Mapped[int] = mapped_column(Integer)
    held_until: Mapped[datetime | None] = mapped_column(Moment)


class CodeExport(Owned):
    """Codes that somebody wants to take out in clear, and who allowed it."""

    __tablename__ = "code_export"
    __table_args__ = (choice_check("state", ExportState), Index(None, "merchant_id", "asked_at"))

    id: Mapped[UUID] = mapped_column(Id, primary_key=True)
    state: Mapped[ExportState] = mapped_column(Choice(ExportState))
    filters: Mapped[str] = mapped_column(Text)  # JSON: the list that was looked at
    count: Mapped[int] = mapped_column(Integer)
    reason: Mapped[str] = mapped_column(Text)
    asked_at: Mapped[datetime] = mapped_column(Moment)
    asked_by: Mapped[UUID] = mapped_column(Id)
    allowed_at: Mapped[datetime | None] = mapped_column(Moment)
    allowed_by: Mapped[UUID | None] = mapped_column(Id)
    ready_at: Mapped[datetime | None] = mapped_column(Moment)  # from when it may be taken; a sole owner waits
    taken_at: Mapped[datetime | None] = mapped_column(Moment)  # when it was taken for the first time

    @property
    def again_until(self) -> datetime | None:
        """Return until when who took it may take it again, where the download broke off."""
        return self.taken_at + AGAIN if self.taken_at else None

    def may_be_taken_again(self, now: datetime) -> bool:
        return self.again_until is not None and now <= self.again_until


class Presale(Owned):
    """How many of a SKU were sold before its release; the guard against more than its cap."""

    __tablename__ = "presale"
    __table_args__ = (CheckConstraint("taken >= 0", name="taken"),)

    sku_id: Mapped[UUID] = mapped_column(Id, primary_key=True)
    taken: Mapped[int] = mapped_column(Integer)


class PresaleHold(Owned):
    """Pieces of the cap that are kept for a part of an order that is not paid yet."""

    __tablename__ = "presale_hold"
    __table_args__ = (
        Index(None, "merchant_id", "sku_id", "held_until"),
        CheckConstraint("quantity > 0", name="quantity"),
    )

    part_id: Mapped[UUID] = mapped_column(Id, primary_key=True)
    sku_id: Mapped[UUID] = mapped_column(Id)
    quantity: Mapped[int] = mapped_column(Integer)
    held_until: Mapped[datetime | None] = mapped_column(Moment)


class Stock(Owned):
    """How many codes of a SKU a person is told; a roll-up, never the decision."""

    __tablename__ = "stock"

    sku_id: Mapped[UUID] = mapped_column(Id, primary_key=True)
    available: Mapped[int] = mapped_column(Integer)
    counted_at: Mapped[datetime] = mapped_column(Moment)
