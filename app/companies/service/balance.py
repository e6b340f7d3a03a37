"""The balance: what a company paid ahead. Each change is one guarded statement and one movement, or none."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select, update

from app.companies import queries
from app.companies.errors import InsufficientBalance, KnownTransfer, NothingToBook, TooMuch
from app.companies.events import BalancePaidOut, BalanceReturned, BalanceSpent, BalanceToppedUp
from app.companies.models import Account, Movement, MovementKind
from app.companies.rules import LONGEST_REFERENCE, same_reference
from app.companies.service.members import lock
from app.kit import db
from app.kit.errors import Invalid, Required, TooLong
from app.kit.events import SYSTEM, By, publish
from app.kit.ids import base32, new_id
from app.kit.money import Money
from app.orders import queries as orders
from app.orders import service as ordering
from app.orders.events import OrderCancelled, OrderExpired
from app.orders.queries import Order
from app.payments import queries as paying
from app.payments import service as payments
from app.payments.events import PaybackDone

ACCOUNT = Account.__table__.c


@dataclass(frozen=True)
class Change:
    """What is to happen to an account: money in, or out where it is negative; its `source` is counted once."""

    company_id: UUID
    kind: MovementKind
    money: Money
    source: str
    at: datetime
    by: By
    order_id: UUID | None = None
    reference: str = ""


def top_up(company_id: UUID, money: Money, reference: str, *, now: datetime, by: By) -> Movement:
    """Book a bank transfer of a company; the same reference counts once.

    Raises Invalid with NothingToBook, Required or KnownTransfer; ClosedCompany.
    """
    reference = reference.strip()
    company = lock(company_id)
    if money.minor <= 0:
        raise Invalid({"amount": NothingToBook()})
    if not reference or len(reference) > LONGEST_REFERENCE:
        raise Invalid({"reference": TooLong(LONGEST_REFERENCE) if reference else Required()})
    source = f"transfer:{same_reference(reference)}"
    moved = move(Change(company.id, MovementKind.TOP_UP, money, source, now, by, reference=reference))
    if moved is None:
        raise Invalid({"reference": KnownTransfer(reference)})
    publish(
        BalanceToppedUp(
            subject_id=company.id,
            movement_id=moved.id,
            amount=money.minor,
            currency=money.currency,
            reference=reference,
            at=now,
            by=by,
        )
    )
    return moved


def pay_out(company_id: UUID, money: Money, reason: str, *, key: str, now: datetime, by: By) -> None:
    """Take money off a balance, since it went back by bank or had been booked by mistake; the same `key` counts once.

    A closed company is paid out as well. Raises Invalid with NothingToBook, Required, TooLong or InsufficientBalance.
    """
    reason = reason.strip()
    if money.minor <= 0:
        raise Invalid({"out": NothingToBook()})
    if not reason or len(reason) > LONGEST_REFERENCE:
        raise Invalid({"reason": TooLong(LONGEST_REFERENCE) if reason else Required()})
    change = Change(company_id, MovementKind.PAID_OUT, -money, f"pay-out:{key}", now, by, reference=reason)
    try:
        moved = move(change)
    except InsufficientBalance:
        if is_counted(change):
            return
        raise Invalid({"out": TooMuch(queries.balance(company_id))}) from None
    if moved is not None:
        publish(
            BalancePaidOut(
                subject_id=company_id,
                movement_id=moved.id,
                amount=money.minor,
                currency=money.currency,
                reason=reason,
                at=now,
                by=by,
            )
        )


def hold_part(order: Order, company_id: UUID, *, now: datetime, by: By) -> bool:
    """Pay from a balance what it holds of an unpaid order; tells whether that was all of it.

    A part stays with the order until the rest is paid another way, and returns when it never is.
    """
    part = min(queries.balance(company_id), order.total, key=lambda money: money.minor)
    if part == order.total:
        spend(order, company_id, now=now, by=by)
        return True
    if part.minor:
        moved = move(Change(company_id, MovementKind.SPENT, -part, f"order:{order.id}", now, by, order.id))
        assert moved is not None  # its form made this order just now, see `place`
        _tell(BalanceSpent, moved, order.id, part, by)
        payments.pay_part_from_balance(order, part, trade_no=base32(order.id), now=now)
    return False


def release(closed: Sequence[OrderExpired | OrderCancelled]) -> None:
    """Put back on the balance what it held for orders that were closed unpaid; a reaction, which never refuses."""
    for event in closed:
        parts = ordering.end_parts(event.subject_id) if event.company_id else []
        for tender_id, part in parts:
            source = f"unpaid:{tender_id}"
            assert event.company_id is not None
            change = Change(event.company_id, MovementKind.RETURNED, part, source, event.at, SYSTEM, event.order_id)
            if (moved := move(change)) is not None:
                _tell(BalanceReturned, moved, event.order_id, part, SYSTEM)


def spend(order: Order, company_id: UUID, *, now: datetime, by: By) -> None:
    """Pay an order at once from a company's balance, as a notice of a gateway of ours would.

    Raises InsufficientBalance with what is missing; then the unit goes as a whole.
    """
    total = order.total
    if total.minor:
        moved = move(Change(company_id, MovementKind.SPENT, -total, f"order:{order.id}", now, by, order.id))
        assert moved is not None  # an order that is paid is not paid again, see `place`
        _tell(BalanceSpent, moved, order.id, total, by)
    payments.pay_from_balance(order, trade_no=base32(order.id), now=now)


def give_back(done: Sequence[PaybackDone]) -> None:
    """Put money back on the balance it came from; a reaction to paybacks, which never refuses."""
    owners = orders.list_companies(event.order_id for event in done if event.order_id)
    for event in done:
        company_id = owners.get(event.order_id) if event.order_id else None
        if company_id is None or event.by_hand or not paying.is_from_balance(paying.get_payback(event.subject_id)):
            continue
        money, source = Money(event.amount, event.currency), f"payback:{event.subject_id}"
        change = Change(company_id, MovementKind.RETURNED, money, source, event.at, SYSTEM, event.order_id)
        if (moved := move(change)) is not None:
            _tell(BalanceReturned, moved, event.order_id, money, SYSTEM)


def _tell(
    kind: type[BalanceSpent] | type[BalanceReturned], moved: Movement, order_id: UUID | None, money: Money, by: By
) -> None:
    publish(
        kind(
            subject_id=moved.company_id,
            order_id=order_id,
            movement_id=moved.id,
            amount=money.minor,
            currency=money.currency,
            at=moved.at,
            by=by,
        )
    )


def move(change: Change) -> Movement | None:
    """Change the balance by one guarded statement and write the movement; None when its source counted before.

    Raises InsufficientBalance.
    """
    delta = change.money.minor
    mine = (ACCOUNT.merchant_id == db.merchant_id(), ACCOUNT.company_id == change.company_id)
    enough = (ACCOUNT.currency == change.money.currency, ACCOUNT.amount + delta >= 0)
    moving = update(Account.__table__).where(*mine, *enough)  # type: ignore[arg-type]
    after = db.session().scalar(moving.values(amount=ACCOUNT.amount + delta).returning(ACCOUNT.amount))
    if after is None:
        raise InsufficientBalance(-change.money - queries.balance(change.company_id))
    row = _row(change, after)
    once = db.insert_or(Movement).on_conflict_do_nothing(index_elements=["merchant_id", "company_id", "source"])
    if db.changed(once, row):
        return Movement(**row)
    undoing = update(Account.__table__).where(*mine)  # type: ignore[arg-type]
    db.changed(undoing.values(amount=ACCOUNT.amount - delta))
    return None


def is_counted(change: Change) -> bool:
    """Tell whether the source of a change counted before."""
    same = (Movement.company_id == change.company_id, Movement.source == change.source)
    return db.session().scalar(select(Movement.id).where(*same)) is not None


def _row(change: Change, after: int) -> dict[str, Any]:
    return {
        "merchant_id": db.merchant_id(),
        "id": new_id(),
        "company_id": change.company_id,
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
