"""Checkout sessions: one payment page each, found again by the number that Stripe gave it.

Stripe cannot be asked by our number, so the session's number is kept with the attempt. Where we have none, Stripe's
answer never came, so no buyer was ever given the page: nobody can pay there.
"""

import hashlib
import re
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from app.kit.effects import Answer, Done, Refused, Temporary, Unknown
from app.kit.money import NotMoney
from app.payments.providers.base import Closed, Opened, Paid, Start, Told, Trade, Unpaid, Way
from app.payments.providers.stripe.amounts import from_stripe, to_stripe
from app.payments.providers.stripe.line import Ended, Line, form

SESSION = re.compile(r"cs_(?:test|live)_\w{1,200}")
PAYMENT = re.compile(r"pi_\w{1,200}")
# Stripe's page lives half an hour at least, so its own end is only a net below ours; counted from the order's time,
# which is the same however often a payment is started.
LONGER = timedelta(minutes=32)
LONGEST = timedelta(hours=23)
LONGEST_SUBJECT = 250
TRIES = 5
EXPAND = ("payment_intent.latest_charge.balance_transaction",)
FAILED = ("requires_payment_method", "canceled")
MANNERS: Mapping[str, Mapping[str, Any]] = {
    "card": {"payment_method_types": ("card",)},
    "wallets": {
        "payment_method_types": ("card", "alipay", "wechat_pay"),
        "payment_method_options": {"wechat_pay": {"client": "web"}},
    },
    "dashboard": {},  # what is switched on there
}

Session = Mapping[str, Any]


class Strange(Exception):
    """A session is not what it must be."""


def start(start: Start, line: Line) -> Answer:
    """Return a page to pay at: the one of before while it is open, else a new one."""
    if SESSION.fullmatch(start.trade_no):
        said = line.look(f"checkout/sessions/{start.trade_no}")
        if said.status == 200 and said.body.get("status") == "open":
            return _opened(said.body, line)
        if said.status == 200 and said.body.get("status") == "complete":
            return Done(Opened(Way.GO, start.return_url, start.trade_no))
    return _open(start, line)


def _open(start: Start, line: Line) -> Answer:
    """Ask for a new session, once; a try of which Stripe remembers an error is followed by another."""
    wish = _wish(start, line)
    about = hashlib.sha256(f"{start.trade_no}&{form(wish)}".encode()).hexdigest()[:16]
    for turn in range(TRIES):
        said = line.tell("checkout/sessions", wish, f"start-{start.trade}-{about}-{turn}")
        if said.status == 200:
            return _opened(said.body, line)
        if not said.replayed:
            return Refused(said.reason)
    return Refused(said.reason)


def _wish(start: Start, line: Line) -> dict[str, Any]:
    price = {
        "currency": start.due.currency.lower(),
        "unit_amount": to_stripe(start.due),
        "product_data": {"name": _subject(start.subject) or start.trade},
    }
    wish: dict[str, Any] = {
        "mode": "payment",
        "client_reference_id": start.trade,
        "metadata": {"trade": start.trade},
        "payment_intent_data": {"metadata": {"trade": start.trade}},
        "line_items": [{"quantity": 1, "price_data": price}],
        "adaptive_pricing": {"enabled": False},  # what comes is what is due, in the order's currency
        "success_url": start.return_url,
        "cancel_url": start.return_url,
    }
    return {**wish, **_end(start.at, start.expires_at), **MANNERS[line.account.setting("methods") or "card"]}


def _end(at: datetime, expires_at: datetime | None) -> dict[str, int]:
    if expires_at is None or expires_at - at > LONGEST:
        return {}  # a day, as Stripe has it
    return {"expires_at": int((expires_at + LONGER).timestamp())}


def _subject(text: str) -> str:
    return "".join(letter if letter.isprintable() else " " for letter in text)[:LONGEST_SUBJECT].strip()


def _opened(session: Session, line: Line) -> Answer:
    number, page = session.get("id"), session.get("url")
    if not isinstance(number, str) or not SESSION.fullmatch(number) or not isinstance(page, str) or not page:
        return Unknown("answer not understood")
    if session.get("livemode") is not line.is_live:
        return Unknown("another mode")
    return Done(Opened(Way.GO, page, number))


def query(trade: Trade, line: Line) -> Answer:
    """Return how a session stands."""
    if not trade.trade_no:
        return Done(Unpaid())
    return _standing(_session(trade, line), trade, line)


def close(trade: Trade, line: Line) -> Answer:
    """Let a session expire unless it was paid; while a bank still thinks about it nobody can tell."""
    if not trade.trade_no:
        return Done(Closed())
    said = line.tell(f"checkout/sessions/{_number(trade)}/expire", {})
    answer = _standing(said.body if said.status == 200 else _session(trade, line), trade, line)
    is_open = isinstance(answer, Done) and isinstance(answer.value, Unpaid)
    return Temporary(f"processing: {said.reason}" if said.status != 200 else "processing") if is_open else answer


def _session(trade: Trade, line: Line) -> Session:
    return line.ask(f"checkout/sessions/{_number(trade)}", {"expand": EXPAND}).body


def _number(trade: Trade) -> str:
    if not SESSION.fullmatch(trade.trade_no):
        raise Ended(Temporary("this is no number of a session"))
    return trade.trade_no


def _standing(session: Session, trade: Trade, line: Line) -> Answer:
    if session.get("id") != trade.trade_no or session.get("client_reference_id") != trade.trade:
        return Unknown("answer not understood")
    if session.get("payment_status") == "paid":
        try:
            return Done(Paid(told(session, line.account.number, is_live=line.is_live)))
        except Strange as strange:
            return Unknown(str(strange))
    if session.get("status") == "expired" or _has_failed(session):
        return Done(Closed())
    return Done(Unpaid()) if session.get("status") in ("open", "complete") else Unknown("answer not understood")


def _has_failed(session: Session) -> bool:
    """Tell whether a payment that took days did not come about; its page takes no other."""
    intent = session.get("payment_intent")
    return session.get("status") == "complete" and isinstance(intent, Mapping) and intent.get("status") in FAILED


def told(session: Session, account: str, *, is_live: bool) -> Told:
    """Return the payment that a paid session tells of; raises Strange."""
    intent = session.get("payment_intent")
    number = intent.get("id") if isinstance(intent, Mapping) else intent
    trade = session.get("client_reference_id")
    if session.get("livemode") is not is_live:
        raise Strange("another mode")
    if not isinstance(number, str) or not PAYMENT.fullmatch(number) or not isinstance(trade, str):
        raise Strange("not understood")
    try:
        paid = from_stripe(session.get("amount_total"), session.get("currency"))
    except NotMoney as error:
        raise Strange("not understood") from error
    charge = _within(intent, "latest_charge")
    return Told(trade, number, account, paid, _detail(session, charge), _payer(session), _fee(charge, paid.currency))


def _detail(session: Session, charge: Session) -> str:
    """Return how it was paid: `card visa`, `alipay`; a notice tells no more than what was offered."""
    how = _within(charge, "payment_method_details")
    offered = session.get("payment_method_types")
    if kind := how.get("type"):
        card = _within(how, "card")
        words = (kind, card.get("brand"), _within(card, "wallet").get("type"))
        return " ".join(str(word) for word in words if word)
    return str(offered[0]) if isinstance(offered, list) and len(offered) == 1 else ""


def _payer(session: Session) -> str:
    email = _within(session, "customer_details").get("email")
    return email.strip().lower() if isinstance(email, str) else ""


def _fee(charge: Session, currency: str) -> int | None:
    """Return what Stripe kept, where it settles in the currency of the order."""
    line = _within(charge, "balance_transaction")
    try:
        fee = from_stripe(line.get("fee"), line.get("currency"))
    except NotMoney:
        return None
    return fee.minor if fee.currency == currency else None


def _within(thing: Any, name: str) -> Session:
    found = thing.get(name) if isinstance(thing, Mapping) else None
    return found if isinstance(found, Mapping) else {}
