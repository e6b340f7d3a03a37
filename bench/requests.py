"""The requests of a sale, made before the clock starts: order forms with session and token, and signed notices."""

import secrets
from collections.abc import Mapping
from contextvars import Context
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from sqlalchemy import func, select
from werkzeug.test import Client

from app.catalog.models import Product
from app.kit import clock, db
from app.kit.ids import base32
from app.orders.models import Order, Tender, TenderState
from app.payments.models import Method
from bench.stage import SLUG, Stage
from tests.make import Notice, Shop

SESSIONS = 32  # as many browsers, so that no page is opened for each order


@dataclass(frozen=True)
class Request:
    """One request and the status of its right answer."""

    method: str
    path: str
    expect: int
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    says: str = ""  # what is in the body of a right answer, for whoever looks

    def raw(self) -> bytes:
        """Return the request as it goes over the wire."""
        lines = {"Host": "127.0.0.1", "Content-Length": str(len(self.body))} | dict(self.headers)
        head = "".join(f"{name}: {value}\r\n" for name, value in lines.items())
        return f"{self.method} {self.path} HTTP/1.1\r\n{head}\r\n".encode() + self.body


@dataclass(frozen=True)
class Owed:
    """What an order that is not paid yet waits for: a tender, and the order's number."""

    id: UUID
    amount: int
    currency: str
    number: str


def places(stage: Stage, count: int) -> list[Request]:
    """Return order forms, each by a new device: sessions and tokens are shared, contacts and `idem` are not."""
    slug = stage.shop.read(lambda: db.session().scalars(select(Product.slug)).one())
    sessions = [session(stage, slug) for _ in range(min(SESSIONS, count))]
    form = {"product": slug, "sku": stage.shop.sku, "quantity": 1}
    return [place(form, *sessions[number % len(sessions)]) for number in range(count)]


def place(form: Mapping[str, Any], cookies: str, token: str) -> Request:
    typed = dict(form) | {"csrf_token": token, "idem": secrets.token_hex(16)}
    typed["contact"] = f"{secrets.token_hex(6)}@example.com"
    headers = {"Cookie": cookies, "Content-Type": "application/x-www-form-urlencoded"}
    return Request("POST", f"/s/{SLUG}/orders", 303, headers, urlencode(typed).encode())


def session(stage: Stage, product: str) -> tuple[str, str]:
    """Open the page of a product as a new browser and return its cookies and the token of its form."""
    address = f"/s/{SLUG}/p/{product}"
    page = Context().run(Client(stage.shop.app).get, address, base_url="http://127.0.0.1/")  # with a `g` of its own
    cookies = [line.partition(";")[0] for line in page.headers.getlist("Set-Cookie")]
    return "; ".join(cookies), page.text.split('name="csrf_token" value="')[1].split('"')[0]


def notices(stage: Stage, count: int) -> list[Request]:
    """Return the notices that pay the oldest orders which are not paid yet, at most `count`."""
    hook = stage.shop.read(lambda: db.session().scalar(select(Method.hook_token).where(Method.provider == "test")))
    sent = [plain_notice(stage.shop, owed) for owed in list_owed(stage, count)]
    return [replace(request, path=f"/hooks/{hook}") for request in sent]


def count_due(stage: Stage) -> int:
    """Return how many orders are not paid yet."""
    due = select(func.count()).select_from(Tender).where(Tender.state == TenderState.DUE)
    return stage.shop.read(lambda: db.session().scalar(due) or 0)


def plain_notice(shop: Shop, owed: Owed) -> Request:
    """Return what the test gateway says of a payment, to nobody in particular."""
    said = {
        "merchant_no": shop.slug,
        "out_trade_no": base32(owed.id),
        "trade_no": f"TG{owed.number}",
        "amount": owed.amount,
        "currency": owed.currency,
        "status": "paid",
        "paid_at": clock.now().isoformat(),
    }
    notice = Notice(shop, said)
    headers = notice.headers() | {"Content-Type": "application/json"}
    return Request("POST", "", 200, headers, notice.body, says="success")


def list_owed(stage: Stage, count: int) -> list[Owed]:
    """List the oldest orders which are not paid yet, at most `count`."""
    query = (
        select(Tender.id, Tender.amount, Tender.currency, Order.number)
        .join(Order, (Order.merchant_id == Tender.merchant_id) & (Order.id == Tender.order_id))
        .where(Tender.state == TenderState.DUE)
        .order_by(Order.id)
        .limit(count)
    )
    return stage.shop.read(lambda: [Owed(*row) for row in db.session().execute(query)])
