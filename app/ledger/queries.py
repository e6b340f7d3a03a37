"""Questions to the books."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import func, select

from app.kit import db
from app.kit.money import Money
from app.ledger.models import Entry as Entry
from app.ledger.models import Transaction


def balances() -> dict[str, Money]:
    """Return the balance of each account of the running merchant, `account` → debit minus credit."""
    query = select(Entry.account, Entry.currency, func.sum(Entry.amount)).group_by(Entry.account, Entry.currency)
    return {
        f"{account} {currency}": Money(int(total), currency) for account, currency, total in db.session().execute(query)
    }


def list_entries(kind: str, subject_id: UUID) -> Sequence[Entry]:
    """List the entries of one transaction."""
    query = (
        select(Entry)
        .join(Transaction, (Transaction.merchant_id == Entry.merchant_id) & (Transaction.id == Entry.tx_id))
        .where(Transaction.kind == kind, Transaction.subject_id == subject_id)
        .order_by(Entry.line)
    )
    return db.session().scalars(query).all()
