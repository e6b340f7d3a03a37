"""Makes what tests need: settings, shops, codes, orders, notices. Every shop is new, so tests share a database."""

import base64
import hashlib
import hmac
import json
import secrets
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, TypeVar
from uuid import UUID
from zoneinfo import ZoneInfo

from flask import current_app
from werkzeug.test import Client

from app.accounts import passwords
from app.catalog import queries as catalog
from app.catalog import service as shelving
from app.catalog.models import Kind, ProductStatus
from app.commands.shops import open_shop
from app.inventory import queries as inventory
from app.inventory import service as importing
from app.inventory.models import Batch
from app.kit import clock, db, effects, events
from app.kit.effects.runner import Runner
from app.kit.events import SYSTEM
from app.kit.ids import base32, new_id
from app.kit.money import Money
from app.kit.rounds import Turn
from app.kit.tasks import runner as tasks
from app.kit.tenancy import System
from app.merchants import queries as merchants
from app.orders import queries as orders
from app.orders import service as ordering
from app.orders.models import Order
from app.payments import queries as paying
from app.payments import service as payments
from app.payments.providers.test_gateway import TestGateway
from app.payments.queries import Wire
from app.settings import Settings
from app.web.dispatch import Miaofa
from app.web.guard import DEVICE_COOKIE

T = TypeVar("T")
PASSWORD = "a long enough password"
GATEWAY = TestGateway("http://127.0.0.1:9", "the secret of the test gateway")
MASTER = bytes(range(32))
SECRET = "tests sign with this text of more than 32 letters"
HASHER = passwords._hasher  # the shop's own; each test opens a shop, whose owner's password need not cost 25 ms
passwords._hasher = type(HASHER)(time_cost=1, memory_cost=8, parallelism=1)


def make_settings(folder: Path, url: str, owner_url: str, **changes: Any) -> Settings:
    """Return the settings of an installation under `folder`."""
    env = {
        "INSTANCE": str(folder),
        "DATABASE_URL": url,
        "DATABASE_OWNER_URL": owner_url,
        "SECRET_KEYS": SECRET,
        "MASTER_KEYS": base64.b64encode(MASTER).decode(),
        "TEST_GATEWAY_URL": GATEWAY.origin,
        "TEST_GATEWAY_SECRET": "the secret of the test gateway",
        "LOG_LEVEL": "WARNING",
    }
    return Settings.from_env(env | {name.upper(): str(value) for name, value in changes.items()})


@dataclass
class Shop:
    """A shop in a test, with short ways to do what people do there."""

    app: Miaofa
    slug: str
    merchant_id: int
    owner: str
    sku: str = ""
    method_id: UUID = field(default_factory=new_id)

    def read(self, fn: Callable[[], T]) -> T:
        return db.read(self.merchant_id, fn)

    def write(self, fn: Callable[[], T]) -> T:
        return db.write(self.merchant_id, fn)

    def codes(self, count: int, **known: Any) -> Batch:
        """Import `count` fresh codes of 16 letters."""
        return self.imports("\n".join(fresh_code() for _ in range(count)), **known)

    def imports(self, text: str | bytes, *, sku: str = "", cost: int = 1000, name: str = "batch") -> Batch:
        """Import a file and return its batch."""
        data = text.encode() if isinstance(text, str) else text
        now = clock.now()
        order = importing.ImportOrder(
            sku_code=sku or self.sku,
            name=name,
            file_name="codes.csv",
            supplier="Supplier",
            cost=Money(cost, "CNY"),
            expires_on=None,
            by=SYSTEM,
        )
        pieces = [data[at : at + 50_000] for at in range(0, len(data), 50_000)] or [b""]
        return importing.import_codes(self.merchant_id, order, pieces, now=now, today=now.date())

    def place(
        self, quantity: int = 1, *, idem: str = "", at: datetime | None = None, sku: str = "", contact: str = ""
    ) -> Order:
        """Place an order of the shop's product, by default of somebody new."""
        return self.place_lines((sku or self.sku, quantity), idem=idem, at=at, contact=contact)

    def place_lines(
        self, *lines: tuple[str, int], idem: str = "", at: datetime | None = None, contact: str = ""
    ) -> Order:
        """Place one order of several SKUs."""
        someone = contact or f"{secrets.token_hex(6)}@example.com"
        basket = ordering.Basket(lines, someone, "en", idem or secrets.token_hex(8))
        return self.write(lambda: ordering.place(basket, device_id=None, now=at or clock.now(), by=SYSTEM))

    def notice(self, order: Order, **changes: Any) -> "Notice":
        """Return the authentic notice that the gateway sends when `order` was paid; `changes` alter what it says."""
        tender = self.read(lambda: orders.list_tenders_of(order.id))[0]
        said = {
            "merchant_no": self.slug,
            "out_trade_no": base32(tender.id),
            "trade_no": f"TG{order.number}",
            "amount": order.total_amount,
            "currency": order.currency,
            "status": "paid",
            "paid_at": clock.now().isoformat(),
        }
        return Notice(self, said | changes)

    def pay(self, order: Order, **changes: Any) -> bool:
        """Let the gateway tell us that `order` was paid, and return whether it was believed."""
        return self.notice(order, **changes).arrive()

    def start(self, order: Order, method_id: UUID | None = None, *, subject: str = "Card") -> str:
        """Start the payment of an order and return where its buyer is sent; nothing when the gateway does not say."""
        number, now = method_id or self.method_id, clock.now()
        pages = payments.Pages("http://127.0.0.1:1/hooks/", "http://127.0.0.1:1/o/x?from=pay&n=1")
        begun = self.write(
            lambda: payments.start(orders.get(order.id), number, pages, subject=subject, now=now, by=SYSTEM)
        )
        effects.perform(self.merchant_id, [begun.effect_id], within=5)
        return self.read(lambda: paying.get_attempt(begun.attempt_id).url)

    def drain(self) -> None:
        """Hand out, call and do what is due for this shop, as workers do for all, until nothing is due now."""
        done = 1
        while done:
            turn = Turn(self.merchant_id, time.monotonic() + 60)
            with Runner(None) as runner:
                done = events._relay_one(turn) + runner.serve(turn) + tasks._serve(turn)

    def order(self, order: Order) -> Order:
        return self.read(lambda: orders.get(order.id))

    def stock(self, sku: str = "") -> dict[str, int]:
        """Count the codes by class."""
        today = clock.now().astimezone(ZoneInfo("Asia/Shanghai")).date()
        return self.read(
            lambda: inventory.count_by_class(catalog.get_sku(sku or self.sku).id, today=today),
        )

    def client(self) -> "Browser":
        return Browser(self.app.test_client(), self.slug)


@dataclass
class Notice:
    """What a gateway sends, signed as the gateway signs."""

    shop: Shop
    said: dict[str, Any]
    key: str = ""

    @property
    def body(self) -> bytes:
        return json.dumps(self.said).encode()

    def headers(self, at: datetime | None = None) -> dict[str, str]:
        """Return the signed headers, computed here, not by the code under test."""
        stamp = str(int((at or clock.now()).timestamp()))
        secret = b"the secret of the test gateway"
        key = self.key or hmac.new(secret, f"merchant:{self.shop.slug}".encode(), hashlib.sha256).hexdigest()
        sign = hmac.new(key.encode(), stamp.encode() + b"\n" + self.body, hashlib.sha256).hexdigest()
        return {"Test-Gateway-Timestamp": stamp, "Test-Gateway-Signature": sign}

    def arrive(self) -> bool:
        """Bring it to the shop's inbox without HTTP."""
        channel = self.shop.read(lambda: paying.get_channel(self.shop.method_id))
        arrived = payments.verify(channel, Wire(self.headers(), self.body), now=clock.now())
        return self.shop.write(lambda: payments.apply([arrived]))


def make_shop(app: Miaofa, *, slug: str = "", sandbox: bool = True) -> Shop:
    """Open a shop with a product of one SKU and, in a sandbox, the test payment."""
    slug = slug or f"shop-{secrets.token_hex(5)}"
    owner = f"alice@{slug}.example"
    open_shop(slug=slug, owner=owner, domain="", name="Alice's", currency="CNY", sandbox=sandbox, password=PASSWORD)
    address = db.read(System("test"), lambda: merchants.find_address("slug", slug))
    assert address is not None
    shop = Shop(app, slug, address.merchant_id, owner)
    shop.sku = make_product(shop, kind=Kind.CODE)
    if sandbox:
        shop.method_id = shop.write(
            lambda: payments.add_method(provider_name="test", account=GATEWAY.account_of(slug), now=clock.now())
        ).id
    return shop


def make_product(shop: Shop, *, kind: Kind, price: int = 1999, slug: str = "") -> str:
    """Put a product on the shelf and return the code of its SKU."""
    sku = f"SKU-{secrets.token_hex(4)}"
    draft = shelving.SkuDraft(sku, kind, Money(price, "CNY"), {})
    shop.write(
        lambda: shelving.create_product(
            slug=slug or sku.lower(),
            texts={"en": shelving.Texts("Card"), "zh": shelving.Texts("卡")},
            skus=(draft,),
            status=ProductStatus.LIVE,
            now=clock.now(),
            by=SYSTEM,
        )
    )
    return sku


def fresh_code() -> str:
    """Return a code nobody has seen."""
    return secrets.token_hex(8).upper()


class Browser:
    """A person's browser at one shop: keeps cookies, sends forms with their tokens."""

    def __init__(self, client: Client, slug: str) -> None:
        self.client = client
        self.slug = slug

    def get(self, path: str, **more: Any) -> Any:
        return self.client.get(path, **more)

    def post(self, path: str, form: dict[str, Any], *, page: str, **more: Any) -> Any:
        """Open `page`, take its CSRF token, and post `form` to `path`."""
        return self.client.post(path, data={"csrf_token": self.token(page)} | form, **more)

    def token(self, page: str) -> str:
        text = self.get(page).get_data(as_text=True)
        return text.split('name="csrf_token" value="')[1].split('"')[0]

    def reads(self, lang: str) -> "Browser":
        """Let the person read pages in this language, and return the browser."""
        self.client.set_cookie("lang", lang)
        return self

    def sign_in(self, email: str, password: str = PASSWORD) -> Any:
        return self.post("/office/login", {"email": email, "password": password}, page="/office/login")

    @property
    def device(self) -> str:
        cookie = self.client.get_cookie(DEVICE_COOKIE)
        return cookie.value if cookie else ""


def at_once(jobs: Sequence[Callable[[], T]]) -> list[T | BaseException]:
    """Run `jobs` at the same moment in threads of their own; a job's exception is its result."""
    app = current_app._get_current_object()  # type: ignore[attr-defined]
    barrier = threading.Barrier(len(jobs))
    results: list[Any] = [None] * len(jobs)

    def run(place: int, job: Callable[[], T]) -> None:
        with app.app_context():
            barrier.wait()
            try:
                results[place] = job()
            except BaseException as error:
                results[place] = error

    threads = [threading.Thread(target=run, args=item) for item in enumerate(jobs)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results
