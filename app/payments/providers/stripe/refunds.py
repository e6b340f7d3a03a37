"""Giving money back: our number is the idempotency key, and is written on each refund, so that it is found again.

Stripe keeps the answers to a key for a day. So a repeated yes is looked up anew, and a repeated no, of a try that
certainly failed, makes room for another try under a key of its own.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from app.kit.effects import Absent, Answer, Done, Refused, Temporary, Unknown
from app.payments.providers.base import Payback
from app.payments.providers.stripe.amounts import to_stripe
from app.payments.providers.stripe.line import LONGEST_REASON, Ended, Line
from app.payments.providers.stripe.sessions import PAYMENT

TRIES = 8
MOST_PAGES = 10
ENDED = ("failed", "canceled")
BEST = ("succeeded", "pending", "requires_action")  # of several refunds of one number the first of these counts

Refund = Mapping[str, Any]


def refund(payback: Payback, line: Line) -> Answer:
    """Give money back, once for each number."""
    if not PAYMENT.fullmatch(payback.trade_no):
        return Refused("this is no number of a payment at Stripe")
    wish = {
        "payment_intent": payback.trade_no,
        "amount": to_stripe(payback.amount),
        "metadata": {"payback": payback.number, "trade": payback.trade},
    }
    for turn in range(TRIES):
        said = line.tell("refunds", wish, f"refund-{payback.number}" + (f"-{turn}" if turn else ""))
        if said.status >= 500:
            return Unknown(f"status {said.status}")
        if said.status != 200:
            if not said.replayed:
                return Refused(said.reason)
            continue
        if not said.replayed:
            return _standing(said.body, payback, Unknown)
        now = _now(said.body, line)
        if now.get("status") not in ENDED:
            return _standing(now, payback, Unknown) if now else Unknown("not known how it stands now")
    return Refused(said.reason if said.status != 200 else _reason(said.body))


def _now(refund: Refund, line: Line) -> Refund:
    """Return how a refund stands of which Stripe repeated what it said when it was made; empty when it does not say."""
    try:
        return line.ask(f"refunds/{refund.get('id')}").body
    except Ended:
        return {}


def refund_query(payback: Payback, line: Line) -> Answer:
    """Ask whether money went back under a number."""
    if not PAYMENT.fullmatch(payback.trade_no):
        return Refused("this is no number of a payment at Stripe")
    found = [refund for refund in _refunds(payback.trade_no, line) if _number(refund) == payback.number]
    if not found:
        return Absent()
    best = min(found, key=lambda refund: BEST.index(refund["status"]) if refund.get("status") in BEST else len(BEST))
    return _standing(best, payback, Temporary)


def _refunds(payment: str, line: Line) -> Iterator[Refund]:
    """List the refunds of a payment, newest first."""
    after: dict[str, str] = {}
    for _ in range(MOST_PAGES):
        page = line.ask("refunds", {"payment_intent": payment, "limit": 100} | after).body
        rows = page.get("data")
        refunds = [row for row in rows if isinstance(row, Mapping)] if isinstance(rows, list) else []
        yield from refunds
        if not page.get("has_more") or not refunds:
            return
        after = {"starting_after": str(refunds[-1].get("id"))}


def _number(refund: Refund) -> object:
    known = refund.get("metadata")
    return known.get("payback") if isinstance(known, Mapping) else None


def _standing(refund: Refund, payback: Payback, waiting: type[Unknown] | type[Temporary]) -> Answer:
    """Return whether exactly this money went back."""
    wanted = (to_stripe(payback.amount), payback.amount.currency.lower(), payback.number)
    if (refund.get("amount"), refund.get("currency"), _number(refund)) != wanted:
        return Refused("the number was used for another refund")
    match refund.get("status"):
        case "succeeded":
            return Done(str(refund.get("id")))
        case "failed" | "canceled":
            return Refused(_reason(refund))
        case "pending" | "requires_action":
            return waiting("processing")
    return waiting("answer not understood")


def _reason(refund: Refund) -> str:
    return f"{refund.get('status')}: {refund.get('failure_reason') or 'no reason given'}"[:LONGEST_REASON]
