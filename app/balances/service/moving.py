"""Moving money: each change of an account is one guarded statement and one movement, or none."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select, update

from app.balances import queries
from app.balances.errors import InsufficientBalance
from app.balances.events import BalanceMoved
from app.balances.models import Account, HolderKind, Movement, MovementKind
from app.kit import db
from app.kit.events import By, publish
from app.kit.ids import new_id
from app.kit.money import Money
from app.merchants import queries as merchants

ACCOUNT = Account.__table__.c


@dataclass(frozen=True)
class Change:
    """What is to happen to an account: money in, or out where it is negative; its `source` is counted once."""

    holder_id: UUID
    kind: MovementKind
    money: Money
    source: str
    at: datetime
    by: By
    order_id: UUID | None = None
    reference: str = ""


@dataclass(frozen=True)
class Moved:
    """A change that happened: its movement, and of which kind its holder is."""

    id: UUID
    holder: HolderKind
    change: Change


def open_account(holder_id: UUID, kind: HolderKind) -> None:
    """Let somebody have a balance in the shop's currency; one that is there stays as it is."""
    row = {"merchant_id": db.merchant_id(), "holder_id": holder_id, "holder_kind": kind, "amount": 0}
    row |= {"currency": merchants.current().currency}
    db.changed(db.insert_or(Account).on_conflict_do_nothing(index_elements=["merchant_id", "holder_id"]), row)


def lock(holder_id: UUID) -> Money:
    """Return a balance that nobody else changes until the commit."""
    query = select(Account).where(Account.holder_id == holder_id).with_for_update()
    found = db.session().scalar(query.execution_options(populate_existing=True))
    return found.money if found else queries.balance(holder_id)


def move(change: Change) -> Moved | None:
    """Change the balance by one guarded statement and write the movement; None when its source counted before.

    Raises InsufficientBalance.
    """
    delta = change.money.minor
    mine = (ACCOUNT.merchant_id == db.merchant_id(), ACCOUNT.holder_id == change.holder_id)
    enough = (ACCOUNT.currency == change.money.currency, ACCOUNT.amount + delta >= 0)
    moving = update(Account.__table__).where(*mine, *enough)  # type: ignore[arg-type]
    moving = moving.values(amount=ACCOUNT.amount + delta).returning(ACCOUNT.amount, ACCOUNT.holder_kind)
    after = db.session().execute(moving).first()
    if after is None:
        raise InsufficientBalance(-change.money - queries.spendable(change.holder_id, change.money.currency))
    row = _row(change, after.amount)
    once = db.insert_or(Movement).on_conflict_do_nothing(index_elements=["merchant_id", "holder_id", "source"])
    if db.changed(once, row):
        return Moved(row["id"], after.holder_kind, change)
    undoing = update(Account.__table__).where(*mine)  # type: ignore[arg-type]
    db.changed(undoing.values(amount=ACCOUNT.amount - delta))
    return None


def is_counted(change: Change) -> bool:
    """Tell whether the source of a change counted before."""
    same = (Movement.holder_id == change.holder_id, Movement.source == change.source)
    return db.session().scalar(select(Movement.id).where(*same)) is not None


def tell(kind: type[BalanceMoved], moved: Moved, amount: Money, **facts: Any) -> None:
    """Publish that a balance moved by so much, in the words of its kind."""
    change = moved.change
    publish(
        kind(
            subject_id=change.holder_id,
            holder=moved.holder.name.lower(),
            order_id=change.order_id,
            movement_id=moved.id,
            amount=amount.minor,
            currency=amount.currency,
            at=change.at,
            by=change.by,
            **facts,
        )
    )


def _row(change: Change, after: int) -> dict[str, Any]:
    return {
        "merchant_id": db.merchant_id(),
        "id": new_id(),
        "holder_id": change.holder_id,
        "kind": change.kind,
        "source": change.source,
        "amount": change.money.minor,
        "balance": after,
        "currency": change.money.currency,
        "order_id": change.order_id,
        "reference": change.reference,
        "at": change.at,
        "actor_type": change.by.type,
        "actor_id": change.by.id,
    }
