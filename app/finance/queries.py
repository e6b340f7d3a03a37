"""Questions of finance: whether the books tell what the business did."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, FromClause, Select, Table, and_, case, exists, func, or_, select, true
from sqlalchemy.sql.selectable import Subquery

from app.balances.queries import Account, HolderKind, Movement, MovementKind
from app.exchanges.queries import Exchange, ExchangeState
from app.finance.fees import misgiven
from app.finance.models import Bill as Bill
from app.finance.models import BillLine as BillLine
from app.finance.models import BillState as BillState
from app.finance.models import LineKind as LineKind
from app.finance.models import Outcome as Outcome
from app.finance.paid_ahead import uncredited
from app.finance.postings import BALANCES
from app.finance.sold import NARROWING as NARROWING
from app.finance.spans import Span as Span
from app.finance.spans import span_of as span_of
from app.finance.statements import BILL_LINES as BILL_LINES
from app.finance.statements import Total as Total
from app.finance.statements import get_bill as get_bill
from app.finance.statements import get_line as get_line
from app.finance.statements import list_bills as list_bills
from app.finance.statements import list_totals as list_totals
from app.finance.turnover import MOVED as MOVED
from app.finance.turnover import WHATS as WHATS
from app.finance.turnover import Group as Group
from app.finance.turnover import Sums as Sums
from app.finance.turnover import UsesShown as UsesShown
from app.finance.turnover import groups as groups
from app.finance.turnover import sold_of as sold_of
from app.finance.turnover import uses_of as uses_of
from app.kit import db
from app.kit.ids import public
from app.kit.money import Money
from app.ledger.queries import MOST, Entry, Fault, Transaction
from app.orders.queries import Order, Purpose, Tender
from app.payments.queries import Notice, NoticeState, Payback, PaybackKind, PaybackState, Piece
from app.refunds.queries import Refund

GATEWAY, SALES, OWED, BANK = "asset:gateway", "income:sales", "liability:refunds", "asset:bank"
PREFIXES = {HolderKind.COMPANY: "com", HolderKind.MEMBER: "mem"}  # of whose id is whose balance
GOODWILL = "expense:goodwill"
INCOME, DISCOUNTS, KEPT, FEES = "income:", "income:discounts", "expense:fees", "income:fees"


@dataclass(frozen=True)
class Rule:
    """What must be in the books: for each of these rows one transaction that moves its amount, and no other."""

    kind: str  # of the transaction
    name: str
    debit: str
    credit: str  # with a colon at its end all accounts that begin so
    table: FromClause
    amount: str  # the column that tells how much
    true: ColumnElement[bool]  # which rows
    prefix: str  # of their ids, as people see them
    nobody: str  # what a transaction without its row is called


def check() -> list[Fault]:
    """Return where the books do not tell what was sold and given back; see its four parts."""
    return check_sales() + check_refunds() + check_balances() + check_fees()


def check_sales() -> list[Fault]:
    """Return paid orders without their one sale of just their total, and sales of orders that nobody paid.

    At most MOST faults of each kind; one statement each, so that no order is paid between order and books.
    """
    return _check(_sales())


def check_refunds() -> list[Fault]:
    """Return refunds and paybacks without their one transaction, and transactions without them, at most MOST each.

    A refund is booked when it is asked for, a payback when it is done, and money nobody asked for when it goes back.
    """
    rules = (_refunds(), _paybacks(), _paybacks_by_hand(), _unasked(), _allowances(), _transfers(), *_exchanges())
    faults = [fault for rule in rules for fault in _check(rule)]
    for order, total, currency, refunded in db.session().execute(_misrefunded().limit(MOST)):
        found, expected = (f"{Money(int(sum), currency).major} {currency}" for sum in (total, refunded or 0))
        faults.append(Fault("refunded is not its refunds", public("ord", order), found, expected))
    return faults


def _misrefunded() -> Select[Any]:
    """Orders that say otherwise than their refunds, or than their tenders, how much of their money went back."""
    o, r, t = Order.__table__.c, Refund.__table__.c, Tender.__table__.c
    mine = db.merchant_id()
    refunds = select(r.order_id, func.sum(r.amount).label("amount")).where(r.merchant_id == mine).group_by(r.order_id)
    tenders = select(t.order_id, func.sum(t.refunded).label("amount")).where(t.merchant_id == mine, t.refunded > 0)
    asked, taken = refunds.subquery(), tenders.group_by(t.order_id).subquery()
    both = Order.__table__.outerjoin(asked, asked.c.order_id == o.id).outerjoin(taken, taken.c.order_id == o.id)
    differs = or_(*(func.coalesce(sum.c.amount, 0) != o.refunded_amount for sum in (asked, taken)))
    query = select(o.id, o.refunded_amount, o.currency, asked.c.amount).select_from(both)
    return query.where(o.merchant_id == mine, differs).order_by(o.id)


def check_balances() -> list[Fault]:
    """Return movements of balances without their one transaction, and balances that are not their sum."""
    faults = [fault for rule in _movements() for fault in _check(rule)]
    for kind, holder, amount, currency, moved in db.session().execute(_misbalanced().limit(MOST)):
        said = (Money(int(sum), currency).major for sum in (amount, moved or 0))
        found, expected = (f"{sum} {currency}" for sum in said)
        faults.append(Fault("balance is not its movements", public(PREFIXES[kind], holder), found, expected))
    return faults + uncredited()


def check_fees() -> list[Fault]:
    """Return payments whose fees are not in the books as buyers bore and gateways kept them, and refunds likewise."""
    faults = [
        fault for rule in (_surcharges(), _reckoned_fees(), _told_fees(), _billed_fees()) for fault in _check(rule)
    ]
    for order, currency, expected, found in misgiven():
        said = (f"{Money(amount, currency).major} {currency}" for amount in (found, expected))
        faults.append(Fault("fee given back of a wrong total", public("ord", order), *said))
    return faults


def _surcharges() -> Rule:
    table: Table = Tender.__table__  # type: ignore[assignment]
    met = table.c.met_at.is_not(None)
    return Rule("surcharge", "surcharge", GATEWAY, FEES, table, "fee", met, "tnd", "surcharge that nobody paid")


def _reckoned_fees() -> Rule:
    table: Table = Tender.__table__  # type: ignore[assignment]
    met = table.c.met_at.is_not(None)
    return Rule("fee", "fee", KEPT, GATEWAY, table, "kept", met, "tnd", "fee of no payment")


def _told_fees() -> Rule:
    """By how much each fee that a gateway told differs from what was reckoned; of surplus nothing was."""
    n, t = Notice.__table__.c, Tender.__table__.c
    counts = n.state == NoticeState.APPLIED
    more = n.fee - case((counts, func.coalesce(t.kept, 0)), else_=0)
    both = Notice.__table__.outerjoin(Tender.__table__, (t.merchant_id == n.merchant_id) & (t.id == n.tender_id))
    told = n.fee.is_not(None) & (counts | (n.state == NoticeState.SURPLUS))
    table = select(n.id, n.merchant_id, n.currency, more.label("more")).select_from(both).where(told).subquery()
    every = table.c.id.is_not(None)
    return Rule("fee_told", "fee told", KEPT, GATEWAY, table, "more", every, "ntc", "fee nobody told")


def _billed_fees() -> Rule:
    table: Table = BillLine.__table__  # type: ignore[assignment]
    moved = table.c.corrected.is_not(None)
    return Rule("fee_billed", "fee billed", KEPT, GATEWAY, table, "corrected", moved, "bln", "fee of no bill")


def _misbalanced() -> Select[Any]:
    """Accounts whose amount is not the sum of what moved them."""
    a, m = Account.__table__.c, Movement.__table__.c
    sums = select(m.holder_id, func.sum(m.amount).label("moved")).where(m.merchant_id == db.merchant_id())
    moved = sums.group_by(m.holder_id).subquery()
    both = Account.__table__.outerjoin(moved, moved.c.holder_id == a.holder_id)
    query = select(a.holder_kind, a.holder_id, a.amount, a.currency, moved.c.moved).select_from(both)
    return query.where(a.merchant_id == db.merchant_id(), a.amount != func.coalesce(moved.c.moved, 0))


def _movements() -> tuple[Rule, ...]:
    table: Table = Movement.__table__  # type: ignore[assignment]

    def rule(kind: str, name: str, debit: str, moved: MovementKind, *more: ColumnElement[bool]) -> Rule:
        which = and_(table.c.kind == moved, *more)
        return Rule(kind, name, debit, BALANCES, table, "amount", which, "mov", f"{name} of nobody")

    by_bank, by_gateway = table.c.order_id.is_(None), table.c.order_id.is_not(None)
    return (
        rule("top_up", "top-up", BANK, MovementKind.TOP_UP, by_bank),
        rule("paid_in", "payment onto a balance", GATEWAY, MovementKind.TOP_UP, by_gateway),
        rule("pay_out", "pay-out", BANK, MovementKind.PAID_OUT, by_bank),
        rule("sent_back", "top-up sent back", OWED, MovementKind.PAID_OUT, by_gateway),
        rule("correction", "correction", GOODWILL, MovementKind.CORRECTED),
        rule("spending", "spending", GATEWAY, MovementKind.SPENT),
        rule("returned", "return to a balance", GATEWAY, MovementKind.RETURNED),
    )


def _sales() -> Rule:
    table: Table = Order.__table__  # type: ignore[assignment]
    paid = table.c.paid_at.is_not(None) & (table.c.purpose == Purpose.SALE)
    return Rule("sale", "sale", GATEWAY, SALES, table, "total_amount", paid, "ord", "sale without paid order")


def _refunds() -> Rule:
    table: Table = Refund.__table__  # type: ignore[assignment]
    o = Order.__table__.c
    ahead = exists().where(o.merchant_id == table.c.merchant_id, o.id == table.c.order_id, o.purpose == Purpose.TOP_UP)
    return Rule("refund", "refund", INCOME, OWED, table, "amount", ~ahead, "rfd", "refund nobody asked for")


def _paybacks() -> Rule:
    table: Table = Payback.__table__  # type: ignore[assignment]
    done = (table.c.state == PaybackState.DONE) & ~table.c.by_hand
    return Rule("payback", "payback", OWED, GATEWAY, table, "amount", done, "pbk", "payback that was not made")


def _paybacks_by_hand() -> Rule:
    table: Table = Payback.__table__  # type: ignore[assignment]
    return Rule(
        "payback_by_hand", "payback by hand", OWED, BANK, table, "amount", table.c.by_hand, "pbk", "payback not made"
    )


def _transfers() -> Rule:
    table: Table = Piece.__table__  # type: ignore[assignment]
    return Rule("transfer", "transfer", BANK, GATEWAY, table, "amount", true(), "piece", "transfer nobody saw")


def _allowances() -> Rule:
    table: Table = Order.__table__  # type: ignore[assignment]
    some = table.c.forgiven_amount > 0
    return Rule(
        "allowance", "allowance", DISCOUNTS, GATEWAY, table, "forgiven_amount", some, "ord", "allowance of nobody"
    )


def _exchanges() -> tuple[Rule, Rule]:
    table: Table = Exchange.__table__  # type: ignore[assignment]
    done = table.c.state == ExchangeState.DONE
    return (
        Rule("exchange", "exchange", OWED, GATEWAY, table, "moved", done, "exc", "exchange of nobody"),
        Rule("exchange_fee", "exchange fee", OWED, FEES, table, "kept", done, "exc", "fee of no exchange"),
    )


def _unasked() -> Rule:
    table: Table = Payback.__table__  # type: ignore[assignment]
    other = table.c.kind != PaybackKind.REFUND
    return Rule("unasked", "unasked money", GATEWAY, OWED, table, "amount", other, "pbk", "unasked money kept")


def _check(rule: Rule) -> list[Fault]:
    faults = [_fault(rule, *row) for row in db.session().execute(_misbooked(rule).limit(MOST))]
    for subject, amount, currency in db.session().execute(_unfounded(rule).limit(MOST)):
        found = f"a {rule.name} of {Money(int(amount), currency).major} {currency}"
        faults.append(Fault(rule.nobody, public(rule.prefix, subject), found, "none"))
    return faults


def _misbooked(rule: Rule) -> Select[Any]:
    """Rows whose transaction is missing, posted twice, or of another amount or currency."""
    row, booked = rule.table.c, _booked(rule)
    amount = row[rule.amount]
    found = booked.c.times, booked.c.debit, booked.c.credit, booked.c.currency
    # What costs nothing moves nothing, so it needs no transaction.
    missing = booked.c.times.is_(None) & (amount != 0)
    wrong = or_(
        booked.c.times != 1,
        booked.c.debit != amount,
        booked.c.credit != -amount,
        booked.c.currency != row.currency,
        booked.c.currencies != 1,
    )
    both = rule.table.outerjoin(booked, booked.c.subject_id == row.id)
    query = select(row.id, amount, row.currency, *found).select_from(both)
    return query.where(row.merchant_id == db.merchant_id(), rule.true, missing | wrong).order_by(row.id)


def _unfounded(rule: Rule) -> Select[Any]:
    """Transactions whose row is not as it must be, or not there."""
    row, booked = rule.table.c, _booked(rule)
    founded = exists().where(row.merchant_id == db.merchant_id(), row.id == booked.c.subject_id, rule.true)
    return select(booked.c.subject_id, booked.c.debit, booked.c.currency).where(~founded).order_by(booked.c.subject_id)


def _booked(rule: Rule) -> Subquery:
    """What the books hold of a kind, one row a subject, with the legs that carry the price."""
    t, e = Transaction.__table__.c, Entry.__table__.c

    def leg(account: str) -> Any:
        is_it = e.account.startswith(account, autoescape=True) if account.endswith(":") else e.account == account
        return func.sum(case((is_it, e.amount), else_=0))

    both = Transaction.__table__.join(Entry.__table__, (e.merchant_id == t.merchant_id) & (e.tx_id == t.id))
    return (
        select(
            t.subject_id.label("subject_id"),
            func.count(t.id.distinct()).label("times"),
            leg(rule.debit).label("debit"),
            leg(rule.credit).label("credit"),
            func.min(e.currency).label("currency"),
            func.count(e.currency.distinct()).label("currencies"),
        )
        .select_from(both)
        .where(t.merchant_id == db.merchant_id(), t.kind == rule.kind)
        .group_by(t.subject_id)
        .subquery()
    )


def _fault(rule: Rule, row: Any, amount: int, currency: str, times: int | None, *found: Any) -> Fault:
    where, expected = public(rule.prefix, row), f"one {rule.name} of {Money(amount, currency).major} {currency}"
    if times is None:
        return Fault(f"{rule.name} missing", where, "none", expected)
    if times > 1:
        return Fault(f"{rule.name} posted twice", where, f"{times} times", expected)
    debit, credit, booked = found
    said = f"{rule.debit} {int(debit)}, {rule.credit} {int(credit)}, in minor units of {booked}"
    return Fault(f"{rule.name} of a wrong total", where, said, expected)
