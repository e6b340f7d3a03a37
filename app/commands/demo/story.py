"""The story of the demo's first month: the plan, told by the verbs that real orders go through, each at its time.

Orders are placed, and paid by notices that the demo's gateway signs; codes are looked at, money goes back, stock runs
out. Buyers gave telephone numbers, so no letters are written. A shop that had a buyer has a story of its own.
"""

import hashlib
import hmac
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from flask import current_app

from app.accounts import service as accounts
from app.catalog import queries as catalog
from app.commands.demo.opening import ACCOUNT, gateway
from app.commands.demo.plan import Deal, End, Plan
from app.entitlements import service as entitlements
from app.inventory import service as stock
from app.kit import db
from app.kit.events import SYSTEM, By
from app.kit.ids import base32
from app.orders import queries as orders
from app.orders import service as ordering
from app.orders.queries import Closed, Order
from app.payments import queries as paying
from app.payments import service as payments
from app.refunds import service as refunds

TRADES = "demo_trades.jsonl"  # in the instance; `deploy.local` shows it to the gateway
TOGETHER = 50  # orders of one unit
THINKING = timedelta(seconds=9)  # from the order to the gateway's page


@dataclass
class Told:
    """A deal as far as it was told."""

    deal: Deal
    order: Order

    @property
    def by(self) -> By:
        return By("device", self.order.device_id)


def tell(merchant_id: int, plan: Plan, *, now: datetime) -> None:
    """Tell the plan in a shop that has no order yet, and count its stock anew."""
    if not db.read(merchant_id, lambda: _is_untold(plan)):
        return
    teller = Teller(merchant_id)
    late: list[Told] = []
    for deals in _parts(plan.deals):
        late += teller.tell(deals)
    teller.pay_late(late)
    teller.leave_word()
    db.write(merchant_id, lambda: stock.recount([sku.id for sku in catalog.list_skus()], now=now))


def _is_untold(plan: Plan) -> bool:
    """Tell whether the shop has no order of a buyer yet, and sells all that the plan is about."""
    return not orders.has_buyers() and {deal.sku for deal in plan.deals} <= {sku.code for sku in catalog.list_skus()}


def _parts(deals: Sequence[Deal]) -> list[list[Deal]]:
    """Cut the story: what hangs on how others ended comes after them."""
    parts: list[list[Deal]] = [[]]
    for deal in deals:
        ends = parts[-1] and (deal.end is End.QUEUED) != (parts[-1][-1].end is End.QUEUED)
        if ends or len(parts[-1]) == TOGETHER:
            parts.append([])
        parts[-1].append(deal)
    return parts


class Teller:
    """Tells deals of one shop."""

    def __init__(self, merchant_id: int) -> None:
        self.merchant_id = merchant_id
        method = db.read(merchant_id, lambda: paying.list_methods()[0].id)
        self.method_id: UUID = method
        self.channel = db.read(merchant_id, lambda: paying.get_channel(method))
        self.gateway = gateway()
        self.key = self.gateway.credentials_of(ACCOUNT).expose().encode()
        self.notices: list[bytes] = []

    def tell(self, deals: Sequence[Deal]) -> list[Told]:
        """Tell some deals to their ends and return those whose money comes late."""
        told = db.write(self.merchant_id, lambda: self.place(deals))
        db.write(self.merchant_id, lambda: self._end_all(told))
        return [one for one in told if one.deal.end is End.QUEUED]

    def pay_late(self, late: Sequence[Told]) -> None:
        """Let money come for orders whose codes went to others since."""
        db.write(self.merchant_id, lambda: self._pay_all(late))

    def pay(self, one: Told) -> None:
        """Start the payment of something that was placed, and let the money come."""
        db.write(self.merchant_id, lambda: self._start(one))
        db.write(self.merchant_id, lambda: self._pay(one))

    def leave_word(self) -> None:
        """Tell the gateway that comes up later which trades it took part in, so that it can pay them back."""
        with (current_app.config["MIAOFA"].instance / TRADES).open("ab") as trades:
            trades.write(b"\n".join(self.notices) + b"\n")

    def place(self, deals: Sequence[Deal]) -> list[Told]:
        """Place orders, in the unit of who calls."""
        told = []
        for deal in deals:
            ((device_id, _),) = accounts.remember_devices([""], now=deal.at)
            idem = f"demo story {deal.number}"
            basket = ordering.Basket(((deal.sku, deal.quantity),), deal.contact, deal.lang, idem)
            order = ordering.place(basket, device_id=device_id, now=deal.at, by=By("device", device_id))
            told.append(Told(deal, order))
        return told

    def _start(self, one: Told) -> UUID:
        """Start the payment, and write down the gateway's answer as the call would that follows the commit."""
        base = current_app.config["MIAOFA"].base_url
        begun = payments.start(
            one.order,
            self.method_id,
            payments.Pages(f"{base}/hooks/", f"{base}/"),
            subject=one.deal.sku,
            now=one.deal.at + THINKING,
            by=one.by,
        )
        payments.record_start(begun.attempt_id, url=self.gateway.origin)
        return begun.attempt_id

    def _end_all(self, told: Sequence[Told]) -> None:
        for one in told:
            self._end(one)

    def _end(self, one: Told) -> None:
        deal, order = one.deal, one.order
        attempt_id = self._start(one) if deal.is_paid else None
        if attempt_id and deal.end is not End.QUEUED:
            self._pay(one)
        if deal.end is End.LOOKED:
            self._look(one)
        elif deal.end is End.REFUNDED:
            self._refund(one)
        elif deal.end is End.CANCELLED:
            ordering.cancel(order.id, now=deal.at + deal.paid_after, by=one.by)
        elif deal.end is End.EXPIRED:
            ordering.close_unpaid([order.id], how=Closed.EXPIRED, now=order.expires_at, unstarted=True)
        elif attempt_id and deal.end is End.QUEUED:
            payments.settle_closed(attempt_id, now=order.expires_at)

    def _pay_all(self, late: Sequence[Told]) -> None:
        for one in late:
            self._pay(one)

    def _pay(self, one: Told) -> None:
        """Let the gateway's notice come in."""
        at = one.deal.at + one.deal.paid_after
        body = self._notice(one, at)
        stamp = str(int(at.timestamp()))
        signature = hmac.new(self.key, stamp.encode() + b"\n" + body, hashlib.sha256).hexdigest()
        headers = {"Test-Gateway-Timestamp": stamp, "Test-Gateway-Signature": signature}
        payments.apply([payments.verify(self.channel, paying.Wire(headers, body), now=at)])
        self.notices.append(body)

    def _notice(self, one: Told, at: datetime) -> bytes:
        (tender,) = orders.list_tenders_of(one.order.id)
        said = {
            "merchant_no": ACCOUNT,
            "out_trade_no": base32(tender.id),
            "trade_no": f"TG{one.order.number}",
            "amount": one.order.total_amount,
            "currency": one.order.currency,
            "status": "paid",
            "paid_at": f"{at:%Y-%m-%dT%H:%M:%SZ}",
        }
        return json.dumps(said, separators=(",", ":")).encode()

    def _look(self, one: Told) -> None:
        at = one.deal.at + one.deal.paid_after + one.deal.later
        kind = "itself" if one.deal.later < timedelta(minutes=1) else "device"
        proof = entitlements.Proof(kind, one.by, one.deal.network, one.deal.agent)
        entitlements.reveal(one.order.id, proof=proof, now=at)

    def _refund(self, one: Told) -> None:
        """Give the money back, and let the gateway say a little later that it did."""
        at = one.deal.at + one.deal.paid_after + one.deal.later
        asked = refunds.refund(one.order.id, reason=one.deal.reason, now=at, by=SYSTEM)
        for payback in paying.list_paybacks_of(asked.id):
            done = at + timedelta(seconds=4)
            payments.record_payback(payback.id, paying.PaybackState.DONE, now=done)
