"""The gateways whose notices are measured: an account at each, and notices as its simulator writes and signs them."""

import secrets
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit
from uuid import UUID

from app.kit import clock, db
from app.kit.events import SYSTEM
from app.kit.ids import base32
from app.kit.secret import Secret
from app.payments import service as payments
from app.payments.models import Method
from app.payments.providers import Account
from bench.requests import Owed, Request, plain_notice
from bench.stage import Stage
from simulators.alipay.notices import Sender
from simulators.alipay.trades import Trade as AlipayTrade
from simulators.epay.__main__ import serve
from simulators.epay.site import Merchant, Site
from simulators.epay.trades import PAID, UNPAID, Trades
from simulators.epay.trades import Trade as EpayTrade
from simulators.stripe import gateway as stripe
from simulators.stripe.book import Book as StripeBook
from simulators.stripe.events import Post
from simulators.stripe.faults import Faults as StripeFaults
from simulators.wechat.__main__ import make_gateway
from simulators.wechat.book import Book as WeChatBook
from simulators.wechat.faults import WeChatFaults
from simulators.wechat.notices import News
from tests.make import Shop
from tests.payments import alipay, epay, wechat
from tests.simulators.wechat_office import keys as wechat_keys

FORM = {"Content-Type": "application/x-www-form-urlencoded"}
NOWHERE = "http://127.0.0.1:9"  # nobody is asked there: these notices count by themselves
STRIPE_KEY = "sk_test_measured0001"
FIRST = "epay V1"

Write = Callable[[Owed], Request]


@dataclass(frozen=True)
class Desk:
    """A way to pay of the shop, and who writes its notices."""

    name: str
    method_id: UUID
    write: Write
    by_rsa: bool = False


@dataclass
class PatientSite(Site):
    """A site that says of no payment before its moment that it was made."""

    moments: dict[str, float] = field(default_factory=dict)

    def stand(self, trade: EpayTrade) -> dict[str, Any]:
        is_early = time.time() < self.moments.get(trade.out_trade_no, 0)
        return super().stand(replace(trade, status=UNPAID) if is_early else trade)


@contextmanager
def site() -> Iterator[tuple[PatientSite, str]]:
    """Serve a site of the epay protocol from a thread, and give its address."""
    mine, theirs = epay.pair()
    served = PatientSite(Merchant(epay.PID, epay.KEY, mine, theirs), Trades(), epay.Postbox())
    server = serve(served)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield served, f"http://127.0.0.1:{server.port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
        served.trades.close()


def addresses(epay_url: str) -> str:
    """Return GATEWAYS of an installation whose gateways are these."""
    return f"alipay={NOWHERE} wechat={NOWHERE} stripe={NOWHERE} epay={epay_url}"


def desks(stage: Stage, served: Site, url: str) -> list[Desk]:
    """Let the shop be paid through every gateway whose notices count by themselves; the test gateway comes first."""
    shop = stage.shop
    secret, write_stripe = _stripe()
    card = Account(stripe.account_of(STRIPE_KEY), {}, {"key": Secret(STRIPE_KEY), "webhook": Secret(secret)})
    return [
        Desk("test", shop.method_id, _to(shop, shop.method_id, lambda owed: plain_notice(shop, owed))),
        _not_offered(shop, _desk(shop, "alipay", "alipay", alipay.account(), _alipay, by_rsa=True)),
        _desk(shop, "alipay cert", "alipay", alipay.account(mode="cert"), _alipay, by_rsa=True),
        _desk(shop, "wechat", "wechat", wechat.account_of(), _wechat(), by_rsa=True),
        _desk(shop, "stripe", "stripe", card, write_stripe),
        _not_offered(
            shop, _desk(shop, "epay V2", "epay", epay.account(url, 2), lambda owed: _epay(served, owed, 2), by_rsa=True)
        ),
    ]


def first_desk(stage: Stage, served: Site, url: str) -> Desk:
    """Let the shop be paid through a site of the first version, whose notices only make us ask."""
    return _desk(stage.shop, FIRST, "epay", epay.account(url), lambda owed: _epay(served, owed, 1))


def pay_at(served: PatientSite, page: str, moment: float = 0.0) -> str:
    """Pay on the page that a buyer was sent to; before the moment the site says nothing of it. Returns our number."""
    trade = served.open(dict(parse_qsl(urlsplit(page).query)), 1)
    served.moments[trade.out_trade_no] = moment
    served.pay(trade)
    return trade.out_trade_no


def mixed(all_desks: Sequence[Desk], owed: Sequence[Owed]) -> list[tuple[Desk, Owed]]:
    """Let the gateways take turns; which of them begins a round moves on, so that none always comes after another."""
    count = len(all_desks)
    return [(all_desks[(place + place // count) % count], each) for place, each in enumerate(owed)]


def _not_offered(shop: Shop, desk: Desk) -> Desk:
    """Let the same account be connected once more: what is offered is no account twice, what is told counts anyway."""
    shop.write(lambda: payments.switch_method(desk.method_id, on=False, now=clock.now(), by=SYSTEM))
    return desk


# How each writes -------------------------------------------------------------------------------------------------


def _desk(
    shop: Shop, name: str, provider: str, account: Account, write: Callable[[Owed], Request], *, by_rsa: bool = False
) -> Desk:
    now = clock.now()
    method = shop.write(lambda: payments.add_method(provider_name=provider, account=account, now=now))
    return Desk(name, method.id, _to(shop, method.id, write), by_rsa)


def _to(shop: Shop, method_id: UUID, write: Write) -> Write:
    """Address what a gateway writes to the hook of this way to pay; what it has of an address is the query."""
    method: Method = shop.read(lambda: db.get(Method, method_id))
    hook = f"/hooks/{method.hook_token}"

    def addressed(owed: Owed) -> Request:
        request = write(owed)
        return replace(request, path=hook + request.path)

    return addressed


def _alipay(owed: Owed) -> Request:
    now = time.time()
    numbers = {"trade_no": f"2026{owed.number}", "out_trade_no": base32(owed.id), "subject": "卡"}
    times = {"created_at": now - 20, "paid_at": now, "closed_at": None}
    rest = {"status": "TRADE_SUCCESS", "tries": 0, "notify_url": "", "return_url": "", "refunded": 0}
    known: Any = numbers | times | rest
    trade = AlipayTrade(amount=owed.amount, **known)
    voice = Sender(alipay.APP_ID, alipay.SELLER, alipay.keys().alipay_private)
    said = voice.payment(trade, now) | {"buyer_id": f"2088{secrets.randbelow(10**12):012}"}
    return Request("POST", "", 200, FORM, voice.compose(said, trade).body, says="success")


def _wechat() -> Write:
    gateway = make_gateway(wechat_keys(), WeChatBook(":memory:"), WeChatFaults())

    def write(owed: Owed) -> Request:
        number, known = f"{base32(owed.id)}-N", wechat_keys()
        wish = {"appid": known.appid, "mchid": known.mchid, "amount": {"total": owed.amount, "currency": "CNY"}}
        paid = {"transaction_id": f"42{secrets.randbelow(10**26):026}", "paid_at": time.time(), "bank_type": "OTHERS"}
        entry: Any = {"wish": wish, "out_trade_no": number, "state": "SUCCESS", "product": "native", **paid}
        said = gateway.stand(entry | {"openid": f"o{secrets.token_urlsafe(20)}"})
        news = News(f"EV-{number}", NOWHERE, "TRANSACTION.SUCCESS", "支付成功", said)
        letter = gateway.sender.writer.write(news)
        return Request("POST", "", 200, letter.headers, letter.body, says='"SUCCESS"')

    return write


def _stripe() -> tuple[str, Write]:
    """Return the secret that the events are signed with, and who writes them."""
    book, account = StripeBook(), stripe.account_of(STRIPE_KEY)
    post = Post(book, StripeFaults())
    gateway, who = stripe.Gateway({STRIPE_KEY: account}, book, post), stripe.Caller(account, False, NOWHERE)
    secret: str = gateway.add_endpoint(who, {"url": NOWHERE, "enabled_events": {"0": "checkout.session.completed"}})[
        "secret"
    ]

    def write(owed: Owed) -> Request:
        trade = base32(owed.id)
        price = {"unit_amount": str(owed.amount), "currency": "cny", "product_data": {"name": "卡"}}
        wish = {"mode": "payment", "client_reference_id": trade, "metadata": {"trade": trade}, "success_url": NOWHERE}
        session = gateway.open_session(who, wish | {"line_items": {"0": {"price_data": price, "quantity": "1"}}})
        gateway.pay(session["id"], email=f"{secrets.token_hex(6)}@example.com")
        letter = post.take()
        assert letter is not None
        return Request("POST", "", 200, letter.headers(time.time()), letter.body, says="ok")

    return secret, write


def _epay(served: Site, owed: Owed, version: int) -> Request:
    now = int(time.time())
    told: Any = {"notify_url": "", "return_url": "", "param": "", "tries": 0, "acknowledged": 0, "version": version}
    trade = served.trades.find("", base32(owed.id)) or EpayTrade(
        trade_no=f"2026{owed.number}",
        out_trade_no=base32(owed.id),
        type="alipay",
        name="订单",
        fen=owed.amount,
        status=PAID,
        added_at=now - 20,
        ended_at=now,
        **told,
    )
    said = {name: text for name, text in served.notice(trade).items() if not name.startswith("sign")}
    if version == 2:
        said["buyer"] = f"2088{secrets.randbelow(10**12):012}"
    return Request("GET", f"?{urlencode(served.signed(said, version))}", 200, says="success")
