"""What Stripe does, without HTTP: open and end sessions, take payments, give back, and tell of it all."""

import hashlib
import hmac
import secrets
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from simulators.stripe.book import Book, Thing
from simulators.stripe.events import Post
from simulators.stripe.faults import Faults
from simulators.stripe.wire import ZERO_DECIMAL, ApiError, check_amount, masked, need, only, whole

SESSION = (
    "mode line_items success_url cancel_url client_reference_id metadata payment_intent_data expires_at expand"
    " adaptive_pricing payment_method_types payment_method_options customer_email locale submit_type"
).split()
REFUND = "payment_intent charge amount metadata reason expand".split()
ENDPOINT = "url enabled_events description metadata expand".split()
HALF_HOUR, DAY = 1800, 24 * 3600
CARD = {"brand": "visa", "last4": "4242", "fingerprint": "simulatedcard42"}


def account_of(key: str) -> str:
    """Return the number of the account that a key opens."""
    return f"acct_{hashlib.sha256(key.encode()).hexdigest()[:16]}"


@dataclass(frozen=True)
class Caller:
    """Who asks: an account, in test or live mode, and where the pages are for it."""

    account: str
    live: bool
    base: str = ""


@dataclass(frozen=True)
class Gateway:
    """The verbs of Stripe over its book and its post."""

    keys: Mapping[str, str]  # account by key
    book: Book
    post: Post
    faults: Faults = field(default_factory=Faults)
    clock: Callable[[], float] = time.time

    def start(self) -> None:
        """Begin to tell, first what a former run could not."""
        self.post.start()
        for number, place, tries in self.book.untold():
            event = self.book.find(self.book.owner(number), "event", number)
            endpoint = self.book.find(self.book.owner(place), "webhook_endpoint", place)
            if event and endpoint:
                self.post.send(event, endpoint, tries)

    def caller(self, key: str, base: str) -> Caller:
        if key not in self.keys:
            raise ApiError(401, f"Invalid API Key provided: {masked(key)}")
        return Caller(self.keys[key], "_live_" in key, base)

    # Sessions ---------------------------------------------------------------------------------------------------

    def open_session(self, who: Caller, given: Mapping[str, Any]) -> Thing:
        """Open a payment page."""
        only(given, SESSION)
        item = self._item(given)
        price = need(item, "price_data")
        amount, currency = whole(need(price, "unit_amount"), "unit_amount"), str(need(price, "currency"))
        check_amount(amount * whole(item.get("quantity", "1"), "quantity"), currency)
        number = f"cs_{'live' if who.live else 'test'}_{secrets.token_hex(24)}"
        session = _new(number, given) | {
            "amount_total": amount,
            "currency": currency,
            "created": self.now,
            "expires_at": self._end(given),
            "livemode": who.live,
            "url": f"{who.base}/c/pay/{number}",
        }
        session["simulated"]["name"] = str(need(need(price, "product_data"), "name"))
        return self.book.put(who.account, "session", session)

    def _item(self, given: Mapping[str, Any]) -> dict[str, Any]:
        if need(given, "mode") != "payment":
            raise ApiError(400, "Invalid mode: only payment is simulated", param="mode")
        if given.get("client_reference_id") and len(given["client_reference_id"]) > 200:
            raise ApiError(400, "Invalid string: client_reference_id", param="client_reference_id")
        items = list(need(given, "line_items").values())
        if len(items) != 1 or not isinstance(items[0], dict):
            raise ApiError(400, "Invalid line_items", param="line_items")
        return items[0]

    def _end(self, given: Mapping[str, Any]) -> int:
        end = whole(given["expires_at"], "expires_at") if "expires_at" in given else self.now + DAY
        if not HALF_HOUR <= end - self.now <= DAY:
            message = "The `expires_at` timestamp must be at least 30 minutes and at most 24 hours from now."
            raise ApiError(400, message, param="expires_at")
        return end

    def session(self, who: Caller, number: str) -> Thing:
        """Return a session as it stands now."""
        with self.book.open():
            session = self.book.find(who.account, "session", number)
            if session is None or session["livemode"] is not who.live:
                raise ApiError(404, f"No such checkout.session: {number}", code="resource_missing", param="session")
            if session["status"] == "open" and session["expires_at"] <= self.now:
                self._expire(who, session)
            return session

    def expire(self, who: Caller, number: str) -> Thing:
        """Let an open session end."""
        with self.book.open():
            session = self.session(who, number)
            if session["status"] != "open":
                message = 'Only Checkout Sessions with a status in ["open"] can be expired.'
                raise ApiError(
                    400, f"{message} This Checkout Session has a status of `{session['status']}`.", kept=True
                )
            return self._expire(who, session)

    def _expire(self, who: Caller, session: Thing) -> Thing:
        session |= {"status": "expired", "url": None}
        self.book.put(who.account, "session", session)
        self._tell(who, "checkout.session.expired", session)
        return session

    # Paying -----------------------------------------------------------------------------------------------------

    def pay(self, number: str, *, later: bool = False, email: str = "buyer@example.com") -> Thing:
        """Let a buyer pay an open session: at once, or by something that takes days."""
        with self.book.open():
            who = self._owner(number)
            session = self.session(who, number)
            if session["status"] != "open":
                return session
            intent = self._intent(who, session, "processing" if later else "succeeded")
            session |= {"status": "complete", "url": None, "payment_intent": intent["id"]}
            session |= {"payment_status": "unpaid" if later else "paid"}
            session |= {"customer_details": {"email": email, "name": "Dora Buyer", "phone": "+8613800138000"}}
            self.book.put(who.account, "session", session)
            if not later:
                self._charge(who, intent)
            self._tell(who, "checkout.session.completed", session)
            return session

    def settle_later(self, number: str, *, paid: bool) -> Thing:
        """Let a payment that takes days end."""
        with self.book.open():
            who = self._owner(number)
            session = self.session(who, number)
            intent = self.book.find(who.account, "payment_intent", session["payment_intent"])
            if intent is None or intent["status"] != "processing":
                return session
            intent["status"] = "succeeded" if paid else "requires_payment_method"
            self.book.put(who.account, "payment_intent", intent)
            if paid:
                self._charge(who, intent)
                self.book.put(who.account, "session", session | {"payment_status": "paid"})
                session["payment_status"] = "paid"
            self._tell(who, f"checkout.session.async_payment_{'succeeded' if paid else 'failed'}", session)
            return session

    def _intent(self, who: Caller, session: Thing, status: str) -> Thing:
        intent = {
            "id": f"pi_{secrets.token_hex(12)}",
            "object": "payment_intent",
            "amount": session["amount_total"],
            "currency": session["currency"],
            "status": status,
            "metadata": session["simulated"]["intent_metadata"],
            "latest_charge": None,
            "created": self.now,
            "livemode": who.live,
        }
        return self.book.put(who.account, "payment_intent", intent)

    def _charge(self, who: Caller, intent: Thing) -> None:
        charge = {
            "id": f"ch_{secrets.token_hex(12)}",
            "object": "charge",
            "amount": intent["amount"],
            "amount_refunded": 0,
            "currency": intent["currency"],
            "payment_intent": intent["id"],
            "metadata": intent["metadata"],
            "status": "succeeded",
            "payment_method_details": {"type": "card", "card": CARD},
            "billing_details": {"email": "buyer@example.com", "name": "Dora Buyer"},
            "created": self.now,
            "livemode": who.live,
        }
        fixed = 0 if intent["currency"].upper() in ZERO_DECIMAL else 30
        moved = self._move(who, "charge", charge, charge["amount"], charge["amount"] * 29 // 1000 + fixed)
        self.book.put(who.account, "charge", charge | {"balance_transaction": moved["id"]})
        self.book.put(who.account, "payment_intent", intent | {"latest_charge": charge["id"]})
        self._tell(who, "charge.succeeded", charge)

    def _move(self, who: Caller, kind: str, source: Thing, amount: int, fee: int) -> Thing:
        moved = {
            "id": f"txn_{secrets.token_hex(12)}",
            "object": "balance_transaction",
            "type": kind,
            "amount": amount,
            "fee": fee,
            "net": amount - fee,
            "currency": source["currency"],
            "source": source["id"],
            "created": self.now,
        }
        return self.book.put(who.account, "balance_transaction", moved)

    # Giving back ------------------------------------------------------------------------------------------------

    def refund(self, who: Caller, given: Mapping[str, Any]) -> Thing:
        """Give money of a payment back."""
        only(given, REFUND)
        intent = self.book.find(who.account, "payment_intent", str(need(given, "payment_intent")))
        if intent is None:
            raise ApiError(404, f"No such payment_intent: {given['payment_intent']}", code="resource_missing")
        charge = self.book.find(who.account, "charge", intent["latest_charge"] or "")
        if charge is None:
            raise ApiError(400, "This PaymentIntent does not have a successful charge to refund.", kept=True)
        left = charge["amount"] - charge["amount_refunded"]
        amount = whole(given["amount"], "amount") if "amount" in given else left
        self._check_refund(charge, amount, left)
        status = "pending" if self.faults.strike("pending", "refund") else "succeeded"
        made: Thing = {"id": f"re_{secrets.token_hex(12)}", "object": "refund", "amount": amount, "status": status}
        made |= {"currency": charge["currency"], "charge": charge["id"], "payment_intent": intent["id"]}
        made |= {"metadata": dict(given.get("metadata") or {}), "created": self.now}
        charge = charge | {"amount_refunded": charge["amount_refunded"] + amount}
        self.book.put(who.account, "charge", charge)
        self.book.put(who.account, "refund", made)
        self._move(who, "refund", made, -amount, 0)
        self._tell(who, "refund.created", made)
        self._tell(who, "charge.refunded", charge)
        if self.faults.strike("failing", "refund"):
            self.settle_refund(made["id"], "failed")
        return made

    def _check_refund(self, charge: Thing, amount: int, left: int) -> None:
        if self.faults.strike("poor", "refund"):
            message = "Insufficient funds in your Stripe balance to refund this amount."
            raise ApiError(400, message, code="balance_insufficient", kept=True)
        if left == 0:
            message = f"Charge {charge['id']} has already been refunded."
            raise ApiError(400, message, code="charge_already_refunded", kept=True)
        if not 0 < amount <= left:
            message = f"Refund amount ({amount}) is greater than unrefunded amount on charge ({left})"
            raise ApiError(400, message, param="amount", kept=True)

    def settle_refund(self, number: str, status: str) -> Thing:
        """Let a refund end, or come back after it seemed to have ended."""
        with self.book.open():
            who = self._owner(number)
            refund = self.book.find(who.account, "refund", number)
            assert refund
            refund["status"] = status
            if status == "failed":
                refund["failure_reason"] = "expired_or_canceled_card"
                charge = self.book.find(who.account, "charge", refund["charge"])
                assert charge
                back = {"amount_refunded": charge["amount_refunded"] - refund["amount"]}
                self.book.put(who.account, "charge", charge | back)
                self._move(who, "refund_failure", refund, refund["amount"], 0)
            self.book.put(who.account, "refund", refund)
            self._tell(who, f"refund.{'failed' if status == 'failed' else 'updated'}", refund)
            return refund

    def dispute(self, payment: str) -> None:
        """Let a buyer's bank take a payment back."""
        who = self._owner(payment)
        intent = self.book.find(who.account, "payment_intent", payment)
        assert intent
        thing = {"id": f"dp_{secrets.token_hex(12)}", "object": "dispute", "metadata": {}, "status": "needs_response"}
        thing |= {name: intent[name] for name in ("amount", "currency")} | {"payment_intent": payment}
        self._tell(who, "charge.dispute.created", thing)

    def close_dispute(self, payment: str, *, status: str) -> None:
        """Let a dispute end: won, lost, or closed before it was one."""
        who = self._owner(payment)
        thing = {"id": f"dp_{secrets.token_hex(12)}", "object": "dispute", "metadata": {}, "status": status}
        self._tell(who, "charge.dispute.closed", thing | {"payment_intent": payment})

    # Telling ----------------------------------------------------------------------------------------------------

    def add_endpoint(self, who: Caller, given: Mapping[str, Any]) -> Thing:
        """Tell an address of the events it wants; its secret is shown this once."""
        only(given, ENDPOINT)
        wanted = list(need(given, "enabled_events").values())
        secret = f"whsec_{secrets.token_hex(16)}"
        endpoint: Thing = {"id": f"we_{secrets.token_hex(12)}", "object": "webhook_endpoint"}
        endpoint["url"] = str(need(given, "url"))
        endpoint |= {"enabled_events": wanted, "status": "enabled", "livemode": who.live, "secret": secret}
        return self.book.put(who.account, "webhook_endpoint", endpoint)

    def _tell(self, who: Caller, name: str, thing: Thing) -> None:
        said = {key: value for key, value in thing.items() if key != "simulated"}
        event: Thing = {"id": f"evt_{secrets.token_hex(12)}", "object": "event", "type": name, "created": self.now}
        event |= {"api_version": "2026-10-28.endive", "livemode": who.live, "data": {"object": said}}
        self.book.put(who.account, "event", event)
        for endpoint in self.book.list_of(who.account, "webhook_endpoint"):
            wanted = endpoint["enabled_events"]
            if endpoint["livemode"] is who.live and ("*" in wanted or name in wanted):
                self.book.tell(event["id"], endpoint["id"])
                self.post.send(event, endpoint)

    def _owner(self, number: str) -> Caller:
        """Return the account of a page's session; the number is a secret by its length."""
        account = self.book.owner(number)
        if not account:
            raise ApiError(404, "No such page.", code="resource_missing")
        kinds = (self.book.find(account, kind, number) for kind in ("session", "payment_intent", "refund"))
        live = any(thing and thing.get("livemode") for thing in kinds)
        return Caller(account, live)

    def token(self, number: str) -> str:
        """Return what the form on the page of a session carries."""
        return hmac.new(b"a form of this page", number.encode(), hashlib.sha256).hexdigest()

    @property
    def now(self) -> int:
        return int(self.clock())


def _new(number: str, given: Mapping[str, Any]) -> Thing:
    """Return a session that nobody has paid, with what was asked for that needs no look."""
    return {
        "id": number,
        "object": "checkout.session",
        "mode": "payment",
        "status": "open",
        "payment_status": "unpaid",
        "client_reference_id": given.get("client_reference_id"),
        "metadata": dict(given.get("metadata") or {}),
        "payment_intent": None,
        "payment_method_types": list((given.get("payment_method_types") or {"0": "card"}).values()),
        "success_url": str(need(given, "success_url")),
        "cancel_url": given.get("cancel_url"),
        "customer_details": None,
        "simulated": {"intent_metadata": dict((given.get("payment_intent_data") or {}).get("metadata") or {})},
    }
