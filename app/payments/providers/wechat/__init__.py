"""WeChat Pay (APIv3, public-key mode): a QR code for computers, H5 for phone browsers, JSAPI inside WeChat.

One payment is up to three orders there, one for each place it was started from, since WeChat takes the same number
again only with the same parameters: our number with `-N`, `-H` or `-J`. All three are asked about and closed.
"""

import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta, timezone
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

from app.kit import clock
from app.kit.crypto.rsa import sign
from app.kit.effects import Absent, Answer, Done, Refused, Temporary, Unknown
from app.kit.errors import words
from app.kit.http import Client
from app.kit.money import Money
from app.payments.providers.base import (
    Account,
    Closed,
    Forged,
    Hint,
    Opened,
    Paid,
    Payback,
    Reply,
    Scene,
    Start,
    Told,
    Trade,
    Unpaid,
    Way,
    Wire,
    raw,
)
from app.payments.providers.wechat import reading
from app.payments.providers.wechat.account import FIELDS, NO, PRIVATE, YES, check
from app.payments.providers.wechat.bills import fetch_bill
from app.payments.providers.wechat.buyers import authorise_url, buyer_of
from app.payments.providers.wechat.line import Line, Said, check_signature
from app.payments.providers.wechat.probing import findings

REAL = "https://api.mch.weixin.qq.com"
H5_PAGE = "https://wx.tenpay.com"
NAMES = "https://open.weixin.qq.com"  # where WeChat says who its user is, and where we then ask
OFFICE = "https://api.weixin.qq.com"
CHINA = timezone(timedelta(hours=8))
LEAST_SECONDS = 70  # an order must live for a minute
LONGEST_SUBJECT, LONGEST_NOTIFY, LONGEST_REASON = 127, 255, 80
ORDERS = "/v3/pay/transactions"
REFUNDS = "/v3/refund/domestic/refunds"


@dataclass(frozen=True)
class Product:
    """One of WeChat's ways to start an order: its path, our letter for it, and what the buyer does."""

    path: str
    letter: str
    way: Way


NATIVE = Product("native", "N", Way.SCAN)
H5 = Product("h5", "H", Way.GO)
JSAPI = Product("jsapi", "J", Way.IN_APP)
PRODUCTS = {Scene.DESKTOP: NATIVE, Scene.MOBILE: H5, Scene.WECHAT: JSAPI}


class WeChat:
    """Speaks WeChat Pay's APIv3."""

    name = "wechat"
    title = words("WeChat Pay")
    fields = FIELDS
    numbered_by = "mchid"
    accepted = Reply(200, '{"code":"SUCCESS"}', "application/json")
    refused = Reply(400, '{"code":"FAIL","message":"失败"}', "application/json; charset=utf-8")
    shows_wallets: tuple[str, ...] = ("wechat",)
    checks_referrer = True  # H5 pages look where a browser comes from

    def __init__(self, address: str = REAL) -> None:
        self.address = address
        self._is_real = address == REAL

    def confirms_first(self, account: Account) -> bool:
        """Tell that a notice counts by itself: WeChat Pay signs it by a key of its own."""
        return False

    def check(self, account: Account) -> None:
        """Raise BadAccount with the field and how to mend it."""
        check(account)

    def is_test(self, account: Account) -> bool:
        """Tell whether a simulator stands there; WeChat Pay itself has no sandbox."""
        return not self._is_real

    def offers(self, scene: Scene, due: Money, account: Account) -> Way | None:
        """Offer a code to computers, H5 to phones where it was granted, JSAPI inside WeChat where it is set up."""
        product = PRODUCTS.get(scene)
        granted = product is NATIVE or (product is H5 and account.setting("h5") != NO)
        if product is None or due.currency != "CNY" or due.minor < 1:
            return None
        return product.way if granted or (product is JSAPI and account.setting("jsapi") == YES) else None

    def origins(self, account: Account) -> tuple[str, ...]:
        """Return where H5 pays, and where WeChat says who its user is."""
        if not self._is_real:
            return (self.address,)
        h5 = (H5_PAGE,) if account.setting("h5") != NO else ()
        return (*h5, NAMES) if account.setting("jsapi") == YES else h5

    # Paying ------------------------------------------------------------------------------------------------------

    def start(self, start: Start, account: Account, http: Client) -> Answer:
        """Make the order there, or get the same one once more."""
        product = PRODUCTS.get(start.scene)
        if product is None or (product is JSAPI and not start.payer) or (product is H5 and not start.ip):
            return Refused("not possible where the page is open")
        wish = _wish(start, account, product)

        def read(said: Said) -> Answer:
            if said.code:
                return Refused(said.reason)
            return Done(Opened(product.way, _page(said, start, account, product)))

        return self._line(account, http).tell(f"{ORDERS}/{product.path}", wish, read)

    def verify(self, request: Wire, account: Account, now: datetime) -> Told | Hint:
        """Return what a notice says that WeChat Pay signed just now and sealed for us; raises Forged."""
        check_signature(request.headers, request.body, account, now)
        event, said = reading.opened(request.body, account)
        return reading.noticed(event, said, account)

    def kept(self, request: Wire) -> str:
        """Return a notice as it came: what it says of the buyer is sealed in it."""
        return raw(request)

    def query(self, trade: Trade, account: Account, http: Client) -> Answer:
        """Ask about all the orders of a payment; it is closed when those that were made are closed."""
        found = set()
        for number in _numbers(trade):
            answer = self._stands(number, account, http)
            if not isinstance(answer, Done | Absent) or (isinstance(answer, Done) and isinstance(answer.value, Paid)):
                return answer
            found.add(type(answer.value) if isinstance(answer, Done) else Absent)
        return Done(Closed() if Closed in found and Unpaid not in found else Unpaid())

    def close(self, trade: Trade, account: Account, http: Client) -> Answer:
        """Close all the orders of a payment; of one that was paid meanwhile the payment is told."""
        line = self._line(account, http)
        for number in _numbers(trade):
            path = f"{ORDERS}/out-trade-no/{number}/close"
            answer = line.tell(path, {"mchid": account.number}, reading.closed)
            if isinstance(answer, Absent):
                stands = self._stands(number, account, http)
                paid = isinstance(stands, Done) and isinstance(stands.value, Paid)
                return stands if paid else Unknown("paid, and not to be found")
            if not isinstance(answer, Done):
                return answer
        return Done(Closed())

    def _stands(self, number: str, account: Account, http: Client) -> Answer:
        path = f"{ORDERS}/out-trade-no/{number}?{urlencode({'mchid': account.number})}"
        return self._line(account, http).ask(path, lambda said: reading.standing(said, account, number))

    # Giving back -------------------------------------------------------------------------------------------------

    def refund(self, payback: Payback, account: Account, http: Client) -> Answer:
        """Have money given back; WeChat's yes means only that it is about to."""

        def read(said: Said) -> Answer:
            if said.code:
                return Refused(said.reason)
            return reading.went_back(said, payback)

        return self._line(account, http).tell(REFUNDS, _payback(payback), read)

    def refund_query(self, payback: Payback, account: Account, http: Client) -> Answer:
        """Ask how the giving back under a number stands."""

        def read(said: Said) -> Answer:
            if said.code in reading.UNSEEN:
                return Absent()
            answer = Temporary(said.reason) if said.code else reading.went_back(said, payback)
            return Temporary(answer.reason) if isinstance(answer, Unknown) else answer

        return self._line(account, http).ask(f"{REFUNDS}/{quote(payback.number, safe='')}", read)

    # Looking after the account -----------------------------------------------------------------------------------

    def probe(self, account: Account, http: Client) -> Answer:
        """Try keys and clock with an order that never was, and the app secret with a code that never was."""
        office = self._office if account.setting("jsapi") == YES else ""
        return Done(findings(self._line(account, http), office))

    def bill(self, day: date, account: Account, http: Client) -> Answer:
        """Fetch the bill of a day, ready after ten in the morning of the next: Done(CSV bytes in UTF-8)."""
        return fetch_bill(self._line(account, http), day)

    # Who pays ----------------------------------------------------------------------------------------------------

    def needs_payer(self, scene: Scene) -> bool:
        """Tell whether nobody can pay there before WeChat said who they are."""
        return PRODUCTS.get(scene) is JSAPI

    def identify_url(self, account: Account, back: str, state: str) -> str:
        """Return where WeChat says who its user is, without asking them, and comes back with a code."""
        return authorise_url(NAMES if self._is_real else self.address, account, back, state)

    def identify(self, code: str, account: Account, http: Client) -> Answer:
        """Return who somebody is for this app: Done(openid); a code is good once and for five minutes."""
        return buyer_of(self._office, code, account, http)

    @property
    def _office(self) -> str:
        return OFFICE if self._is_real else self.address

    def _line(self, account: Account, http: Client) -> Line:
        return Line(self.address, account, http)


def _numbers(trade: Trade) -> list[str]:
    return [f"{trade.trade}-{product.letter}" for product in (NATIVE, H5, JSAPI)]


def _wish(start: Start, account: Account, product: Product) -> dict[str, Any]:
    """Return the order to make; the same start gives the same one."""
    ends = max(start.expires_at or start.at, start.at + timedelta(seconds=LEAST_SECONDS))
    wish: dict[str, Any] = {
        "appid": account.setting("appid"),
        "mchid": account.number,
        "description": _plain(start.subject)[:LONGEST_SUBJECT] or start.trade,
        "out_trade_no": f"{start.trade}-{product.letter}",
        "time_expire": ends.astimezone(CHINA).isoformat(timespec="seconds"),
        "notify_url": start.notify_url[:LONGEST_NOTIFY],
        "amount": {"total": start.due.minor, "currency": start.due.currency},
    }
    if product is H5:
        wish["scene_info"] = {"payer_client_ip": start.ip, "h5_info": {"type": "Wap"}}
    if product is JSAPI:
        wish["payer"] = {"openid": start.payer}
    return wish


def _page(said: Said, start: Start, account: Account, product: Product) -> str:
    """Return what the buyer's page needs: the text of a code, an address, or the parameters of a call."""
    if product is NATIVE:
        return _told(said.content, "code_url", ("weixin", "https", "http"))
    if product is H5:
        url = _told(said.content, "h5_url", ("https", "http"))
        return f"{url}{'&' if '?' in url else '?'}redirect_url={quote(start.return_url, safe='')}"
    prepared = said.content.get("prepay_id")
    if not isinstance(prepared, str) or not prepared:
        raise Forged("not understood")
    return json.dumps(invocation(account, prepared, at=clock.now(), nonce=secrets.token_hex(16)))


def invocation(account: Account, prepared: str, *, at: datetime, nonce: str) -> dict[str, str]:
    """Return what a page inside WeChat calls the payment with, signed by us."""
    appid, stamp, package = account.setting("appid"), str(int(at.timestamp())), f"prepay_id={prepared}"
    signed = sign(account.key(PRIVATE).expose(), f"{appid}\n{stamp}\n{nonce}\n{package}\n".encode())
    return {
        "appId": appid,
        "timeStamp": stamp,
        "nonceStr": nonce,
        "package": package,
        "signType": "RSA",
        "paySign": signed,
    }


def _told(content: Mapping[str, Any], name: str, schemes: tuple[str, ...]) -> str:
    url = content.get(name)
    if not isinstance(url, str) or urlsplit(url).scheme not in schemes:
        raise Forged("not understood")
    return url


def _payback(payback: Payback) -> dict[str, Any]:
    """Return the wish to give back; by WeChat's own number where it is known, since three of ours may be meant."""
    number = {"transaction_id": payback.trade_no} if payback.trade_no else {"out_trade_no": payback.trade}
    wish: dict[str, Any] = {
        **number,
        "out_refund_no": payback.number,
        "amount": {
            "refund": payback.amount.minor,
            "total": (payback.paid or payback.amount).minor,
            "currency": payback.amount.currency,
        },
    }
    more = {"reason": _plain(payback.reason)[:LONGEST_REASON], "notify_url": payback.notify_url}
    return wish | {name: text for name, text in more.items() if text}


def _plain(text: str) -> str:
    return "".join(letter if letter.isprintable() else " " for letter in text).strip()
