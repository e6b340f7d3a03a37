"""The books follow what happened: events in, postings out."""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from app.balances.events import (
    BalanceCorrected,
    BalanceMoved,
    BalancePaidIn,
    BalancePaidOut,
    BalanceReturned,
    BalanceSentBack,
    BalanceSpent,
    BalanceToppedUp,
)
from app.entitlements.events import PromisesKept
from app.exchanges.events import ExchangeDone
from app.finance import fees, postings
from app.finance.bills import ask_bill as ask_bill
from app.finance.bills import fail_bill as fail_bill
from app.finance.bills import open_bill as open_bill
from app.finance.bills import read_some as read_some
from app.finance.bills import take_bill as take_bill
from app.finance.bills import take_fetched as take_fetched
from app.finance.days import close_after as close_after
from app.finance.days import forget_late as forget_late
from app.finance.days import forget_recosted as forget_recosted
from app.finance.days import forget_replaced as forget_replaced
from app.finance.differences import count_line as count_line
from app.finance.differences import explain_line as explain_line
from app.finance.differences import return_line as return_line
from app.finance.errors import NoDay as NoDay
from app.finance.events import FeeBilled
from app.inventory import queries as stock
from app.inventory.events import CodesImported, StockRevalued
from app.kit.money import Money
from app.ledger import service as ledger
from app.ledger.service import Posting
from app.merchants import queries as merchants
from app.orders import queries as orders
from app.orders.events import FeeTaken, OrderPaid
from app.payments.events import FeeTold, PaybackAsked, PaybackDone, ShortAccepted, TransferConfirmed
from app.refunds.events import OrderRefunded, TopUpRefunded


def post_sales(paid: Sequence[OrderPaid]) -> None:
    """Post revenue and cost of goods of orders in the unit that paid them."""
    costs: dict[UUID, int] = defaultdict(int)
    for part in orders.list_parts([event.subject_id for event in paid]):
        costs[part.order_id] += part.cost
    ledger.post(
        [
            _sale(event, Money(costs[event.subject_id], event.currency))
            for event in paid
            if event.amount or costs[event.subject_id]
        ]
    )


def _sale(paid: OrderPaid, cost: Money) -> Posting:
    """Return what is posted of a paid order: what nobody paid for is the shop's own expense, and no revenue."""
    about: dict[str, Any] = {"order_id": paid.subject_id, "cost": cost, "at": paid.at, "day": _day(paid.at)}
    if paid.given_away:
        return postings.giveaway(**about)
    return postings.sale(total=Money(paid.amount, paid.currency), **about)


def post_purchases(imported: Sequence[CodesImported]) -> None:
    """Post what imported codes cost, in the unit that finished the import."""
    for event in imported:
        cost = stock.get_batch(event.subject_id).cost_in_all
        if cost.minor:
            day = _day(event.at)
            ledger.post([postings.purchase(batch_id=event.subject_id, cost=cost, at=event.at, day=day)])


def post_revaluations(revalued: Sequence[StockRevalued]) -> None:
    """Post what stock is worth more or less without purchase or sale."""
    currency = merchants.current().currency
    ledger.post(
        [
            postings.revaluation(
                cause=event.cause,
                change_id=event.subject_id,
                amount=Money(event.amount, currency),
                at=event.at,
                day=_day(event.at),
            )
            for event in revalued
        ]
    )


def post_late_goods(kept: Sequence[PromisesKept]) -> None:
    """Post what codes cost that came after their order was paid."""
    currency = merchants.current().currency
    given_away = orders.list_given_away([event.subject_id for event in kept])
    ledger.post(
        [
            postings.late_goods(
                entitlement_id=event.first_id,
                cost=Money(event.cost, currency),
                given_away=event.subject_id in given_away,
                at=event.at,
                day=_day(event.at),
            )
            for event in kept
            if event.cost
        ]
    )


def post_refunds(refunded: Sequence[OrderRefunded]) -> None:
    """Reverse the sales of what was taken back, goods included."""
    made = [
        postings.refund(
            refund_id=event.subject_id,
            taken=postings.Taken(*(Money(part, event.currency) for part in (event.amount, event.forgiven, event.cost))),
            at=event.at,
            day=_day(event.at),
        )
        for event in refunded
    ]
    ledger.post([posting for posting in made if posting.legs])


def post_allowances(accepted: Sequence[ShortAccepted]) -> None:
    """Post what the shop let off, in the unit that takes less for the whole."""
    ledger.post(
        [
            postings.allowance(
                order_id=event.order_id or event.subject_id,
                amount=Money(event.forgiven, event.currency),
                at=event.at,
                day=_day(event.at),
            )
            for event in accepted
            if event.forgiven
        ]
    )


def post_fees(taken: Sequence[FeeTaken]) -> None:
    """Post what buyers bore of fees, and what gateways are reckoned to keep, in the unit of the payment."""
    ledger.post(
        [
            posting(tender_id=event.subject_id, fee=Money(amount, event.currency), at=event.at, day=_day(event.at))
            for event in taken
            for posting, amount in ((postings.surcharge, event.fee), (postings.fee, event.kept))
            if amount
        ]
    )


def correct_fees(told: Sequence[FeeTold]) -> None:
    """Post by how much gateways keep more or less of payments than was reckoned."""
    ledger.post(
        [
            postings.fee_told(
                notice_id=event.subject_id,
                more=Money(event.fee - event.reckoned, event.currency),
                at=event.at,
                day=_day(event.at),
            )
            for event in told
        ]
    )


def post_billed_fees(billed: Sequence[FeeBilled]) -> None:
    """Post by how much bills tell of more or less fees than the books had."""
    ledger.post(
        [
            postings.fee_billed(
                line_id=event.subject_id, more=Money(event.more, event.currency), at=event.at, day=_day(event.at)
            )
            for event in billed
        ]
    )


def post_fees_back(refunded: Sequence[OrderRefunded | TopUpRefunded]) -> None:
    """Post the share of the buyers' fees that goes back with refunds, by difference."""
    made = []
    for event in refunded:
        back = fees.given_back(event.order_id, event.subject_id, event.amount) if event.order_id else None
        if back is not None and back.minor:
            made.append(postings.fee_back(refund_id=event.subject_id, fee=back, at=event.at, day=_day(event.at)))
    ledger.post(made)


def post_unasked(asked: Sequence[PaybackAsked]) -> None:
    """Post money that came and pays nothing; a refund's own money is posted with the refund."""
    ledger.post(
        [
            postings.unasked(
                payback_id=event.subject_id,
                amount=Money(event.amount, event.currency),
                at=event.at,
                day=_day(event.at),
            )
            for event in asked
            if event.kind != "refund"
        ]
    )


def post_paybacks(done: Sequence[PaybackDone]) -> None:
    """Post that gateways gave money back, or people did in their stead."""
    ledger.post(
        [
            (postings.payback_by_hand if event.by_hand else postings.payback)(
                payback_id=event.subject_id,
                amount=Money(event.amount, event.currency),
                at=event.at,
                day=_day(event.at),
            )
            for event in done
        ]
    )


def post_exchanges(done: Sequence[ExchangeDone]) -> None:
    """Post what exchanged pieces pay of other orders, and what the shop keeps of them."""
    ledger.post(
        [
            posting(exchange_id=event.subject_id, amount=Money(amount, event.currency), at=event.at, day=_day(event.at))
            for event in done
            for posting, amount in ((postings.exchange, event.amount), (postings.exchange_fee, event.kept))
            if amount
        ]
    )


def post_transfers(seen: Sequence[TransferConfirmed]) -> None:
    """Post that money of transfers is in the bank, whatever it is for."""
    ledger.post(
        [
            postings.transfer(
                piece_id=event.piece_id,
                amount=Money(event.amount, event.currency),
                at=event.at,
                day=_day(event.at),
            )
            for event in seen
        ]
    )


def post_balances(moved: Sequence[BalanceMoved]) -> None:
    """Post what holders of balances paid ahead, spent, got back and were paid out."""
    ledger.post(
        [
            BALANCES[type(event)](
                movement_id=event.movement_id,
                account=postings.balance_of(event.holder, event.subject_id),
                amount=Money(event.amount, event.currency),
                at=event.at,
                day=_day(event.at),
            )
            for event in moved
        ]
    )


BALANCES: Mapping[type[BalanceMoved], Callable[..., ledger.Posting]] = {
    BalanceToppedUp: postings.top_up,
    BalancePaidIn: postings.paid_in,
    BalanceSentBack: postings.sent_back,
    BalancePaidOut: postings.pay_out,
    BalanceCorrected: postings.correction,
    BalanceSpent: postings.spending,
    BalanceReturned: postings.returned,
}


def _day(at: datetime) -> date:
    """Return the business day of a moment in the shop's zone."""
    return at.astimezone(ZoneInfo(merchants.current().zone)).date()
