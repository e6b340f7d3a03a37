"""Questions to the books; `check` asks whether they are whole."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CTE, Select, exists, func, literal, select, text, union_all

from app.kit import db
from app.kit.ids import public
from app.kit.money import Money
from app.ledger.models import Balance
from app.ledger.models import Entry as Entry
from app.ledger.models import Transaction as Transaction

MOST = 100  # faults told of one kind: enough to see what happened, few enough to read


def balances() -> dict[str, Money]:
    """Return the balance of each account of the running merchant, `account` → debit minus credit.

    Reads the rolled days and the entries of the days after them, never all entries.
    """
    rolled = select(Balance.account, Balance.currency, func.sum(Balance.amount), func.max(Balance.day))
    days = db.session().execute(rolled.group_by(Balance.account, Balance.currency)).all()
    sums = {(account, currency): int(amount) for account, currency, amount, _ in days}
    later = select(Entry.account, Entry.currency, func.sum(Entry.amount)).where(Entry.account.in_(list_accounts()))
    if days:
        later = later.where(Entry.day > max(day for *_, day in days))
    for account, currency, amount in db.session().execute(later.group_by(Entry.account, Entry.currency)):
        sums[account, currency] = sums.get((account, currency), 0) + int(amount)
    return {f"{account} {currency}": Money(amount, currency) for (account, currency), amount in sorted(sums.items())}


def list_entries(kind: str, subject_id: UUID) -> Sequence[Entry]:
    """List the entries of one transaction."""
    query = (
        select(Entry)
        .join(Transaction, (Transaction.merchant_id == Entry.merchant_id) & (Transaction.id == Entry.tx_id))
        .where(Transaction.kind == kind, Transaction.subject_id == subject_id)
        .order_by(Entry.line)
    )
    return db.session().scalars(query).all()


def list_entries_about(subject_ids: Iterable[UUID]) -> Sequence[tuple[str, datetime, Entry]]:
    """List the entries of all transactions about these subjects with their kind and time, oldest first."""
    query = (
        select(Transaction.kind, Transaction.at, Entry)
        .join(Entry, (Transaction.merchant_id == Entry.merchant_id) & (Transaction.id == Entry.tx_id))
        .where(Transaction.subject_id.in_(list(subject_ids)))
        .order_by(Transaction.at, Transaction.id, Entry.line)
    )
    return [(kind, at, entry) for kind, at, entry in db.session().execute(query)]


def list_accounts() -> Sequence[str]:
    """List the accounts that have entries; one step into the index for each."""
    accounts = _accounts()
    return db.session().scalars(select(accounts.c.account).where(accounts.c.account.is_not(None))).all()


def rolled_through() -> date:
    """Return the last day that is rolled up; each day before it is as well."""
    return db.session().scalar(select(func.max(Balance.day))) or date.min


def next_day(*, after: date) -> date | None:
    """Return the next day with entries."""
    e, accounts = Entry.__table__.c, _accounts()
    first = select(func.min(e.day)).where(
        e.merchant_id == db.merchant_id(), e.account == accounts.c.account, e.day > after
    )
    day: date | None = db.session().scalar(select(func.min(first.scalar_subquery())).select_from(accounts))
    return day


def _accounts() -> CTE:
    """Walk from account to account, since grouping would read every entry."""
    e, merchant = Entry.__table__.c, db.merchant_id()
    lowest = select(func.min(e.account).label("account")).where(e.merchant_id == merchant)
    accounts = lowest.cte("accounts", recursive=True)
    higher = select(func.min(e.account)).where(e.merchant_id == merchant, e.account > accounts.c.account)
    return accounts.union_all(select(higher.scalar_subquery()).where(accounts.c.account.is_not(None)))


# The check -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Fault:
    """Something in the books that cannot be: what, where, what is there and what should be."""

    what: str
    where: str
    found: str
    expected: str


@dataclass(frozen=True)
class Size:
    """How much there is in the books."""

    transactions: int
    entries: int


def size() -> Size:
    """Count what is in the books."""
    count = [select(func.count()).select_from(table) for table in (Transaction, Entry)]
    return Size(*(db.session().scalar(query) or 0 for query in count))


def check() -> list[Fault]:
    """Return what is wrong in the books of the running merchant, at most MOST faults of each kind.

    The database sums up and tells only what does not fit, so the memory this takes does not grow with the books.
    """
    if not db.is_sqlite():  # without statistics PostgreSQL would compare each entry with each
        db.session().execute(text("SET LOCAL enable_nestloop = off"))
    faults = []
    for question, name in QUESTIONS:
        faults += [name(*row) for row in db.session().execute(question().limit(MOST))]
    return faults


def _unbalanced() -> Select[Any]:
    """Transactions whose legs do not sum to zero in each currency."""
    e = Entry.__table__.c
    sums = (
        select(e.tx_id, e.currency, func.sum(e.amount).label("amount"))
        .where(e.merchant_id == db.merchant_id())
        .group_by(e.tx_id, e.currency)
        .having(func.sum(e.amount) != 0)
        .subquery()
    )
    currencies = func.min(sums.c.currency), func.max(sums.c.currency), func.count()
    return select(sums.c.tx_id, func.sum(sums.c.amount), *currencies).group_by(sums.c.tx_id).order_by(sums.c.tx_id)


def _few() -> Select[Any]:
    """Transactions without entries, or with a single one."""
    t, e = Transaction.__table__.c, Entry.__table__.c
    both = Transaction.__table__.outerjoin(Entry.__table__, (e.merchant_id == t.merchant_id) & (e.tx_id == t.id))
    query = select(t.id, t.kind, func.count(e.line)).select_from(both).where(t.merchant_id == db.merchant_id())
    return query.group_by(t.id, t.kind).having(func.count(e.line) < 2).order_by(t.id)


def _orphans() -> Select[Any]:
    """Entries without their transaction."""
    t, e = Transaction.__table__.c, Entry.__table__.c
    theirs = exists().where(t.merchant_id == e.merchant_id, t.id == e.tx_id)
    query = select(e.tx_id, func.count()).where(e.merchant_id == db.merchant_id(), ~theirs)
    return query.group_by(e.tx_id).order_by(e.tx_id)


def _repeated() -> Select[Any]:
    """Subjects that were posted more than once under one kind."""
    t = Transaction.__table__.c
    query = select(t.kind, t.subject_id, func.count()).where(t.merchant_id == db.merchant_id())
    return query.group_by(t.kind, t.subject_id).having(func.count() > 1).order_by(t.kind, t.subject_id)


def _misrolled() -> Select[Any]:
    """Rolled days that are not the sums of their entries, read in one statement so that no rolling comes between."""
    e, b, merchant = Entry.__table__.c, Balance.__table__.c, db.merchant_id()
    through = select(func.max(b.day)).where(b.merchant_id == merchant).scalar_subquery()
    rebuilt = (
        select(e.account, e.currency, e.day, func.sum(e.amount).label("amount"), func.count().label("entries"))
        .add_columns(literal(0).label("rolled"), literal(0).label("rolled_entries"))
        .where(e.merchant_id == merchant, e.day <= through)
        .group_by(e.account, e.currency, e.day)
    )
    rolled = select(b.account, b.currency, b.day, literal(0), literal(0), b.amount, b.entries)
    both = union_all(rebuilt, rolled.where(b.merchant_id == merchant)).subquery().c
    key = (both.account, both.currency, both.day)
    sums = [func.sum(column) for column in (both.amount, both.entries, both.rolled, both.rolled_entries)]
    differ = (sums[0] != sums[2]) | (sums[1] != sums[3])
    return select(*key, *sums).group_by(*key).having(differ).order_by(*key)


def _name_unbalanced(tx: UUID, amount: int, lowest: str, highest: str, currencies: int) -> Fault:
    if currencies > 1 and not amount:
        found = f"only {lowest} and {highest} together sum to 0"
        return Fault("currencies mixed", public("tx", tx), found, "a sum of 0 in each currency")
    found = f"a sum of {amount} {lowest}" if currencies == 1 else f"{currencies} currencies that do not sum to 0"
    return Fault("unbalanced", public("tx", tx), found, "a sum of 0 in each currency")


def _name_few(tx: UUID, kind: str, entries: int) -> Fault:
    return Fault("entries missing", f"{kind} {public('tx', tx)}", f"{entries} entries", "2 or more")


def _name_orphans(tx: UUID, entries: int) -> Fault:
    return Fault("transaction missing", public("tx", tx), f"{entries} entries without their transaction", "none")


def _name_repeated(kind: str, subject: UUID, times: int) -> Fault:
    return Fault("posted twice", f"{kind} of {subject}", f"{times} transactions", "1")


def _name_misrolled(account: str, currency: str, day: date, *sums: int) -> Fault:
    amount, entries, rolled, rolled_entries = map(int, sums)
    where = f"{account} {currency} {day}"
    found = f"{rolled} of {rolled_entries} entries"
    return Fault("rolled balance wrong", where, found, f"{amount} of {entries} entries")


QUESTIONS: Sequence[tuple[Callable[[], Select[Any]], Callable[..., Fault]]] = (
    (_unbalanced, _name_unbalanced),
    (_few, _name_few),
    (_orphans, _name_orphans),
    (_repeated, _name_repeated),
    (_misrolled, _name_misrolled),
)
