"""The demo's shop in every state a buyer can meet, served by a process in which the clock stands still.

What is shown is the same each time but for what is drawn by lot: numbers, tokens, passwords.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from itertools import count
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any
from uuid import UUID

from playwright.sync_api import Browser, BrowserContext, Page
from sqlalchemy import select
from werkzeug.serving import WSGIRequestHandler, make_server

from app import create_app
from app.accounts import service as accounts
from app.catalog.queries import Kind, ProductStatus
from app.commands.demo import company, opening, shelf, stock
from app.commands.demo.plan import Plan
from app.commands.demo.shelf import Good
from app.delivery import queries as links
from app.delivery import service as delivery
from app.entitlements import service as entitlements
from app.gifting import queries as gifts
from app.kit import clock, db, tokens
from app.kit.events import SYSTEM, By
from app.merchants import service as merchants
from app.merchants.service import Look
from app.orders import queries as orders
from app.orders import service as ordering
from app.orders.queries import Closed, Order
from app.payments import queries as paying
from app.payments import service as payments
from app.refunds import service as refunds
from app.web.dispatch import Miaofa
from app.web.guard import DEVICE_COOKIE, MEMBER_COOKIE, STAFF_COOKIE
from app.web.shop.placing import PASSWORD, token_of
from tests.conftest import watched
from tests.make import GATEWAY, Shop, make_product, make_settings, make_shop
from tests.processes import clean

NOW = datetime(2026, 11, 20, 12, 30, tzinfo=UTC)  # a Friday evening in the shop
SINGLE, CHOICE, SOLD_OUT, GONE = "lanjing-points-500", "xingye-quarter", "luan-cinema", "luyu-translate-2"
GOOD, PAIR, SCARCE = "YT-MONTH", "LJ-500", "ML-50"
PIECES, LAST = 25, 3  # codes of each variant, and of the scarce one
PARCELS = 24  # orders whose codes nobody has looked at: each look is recorded on the page
PATIENCE = 90.0
SPEAKS = {"zh": "zh-CN", "en": "en-US"}
AGENT = "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 Version/17.5 Mobile Safari/604.1"

PAGES = {
    "home": "/?view=grid",
    "home as a list": "/?view=list",
    "cheapest in stock": "/?sort=cheap&stock=1",
    "categories": "/c",
    "a category": "/c/games",
    "found": "/?q=yt",
    "nothing found": "/?q=qqqq",
    "product": f"/p/{CHOICE}",
    "product of one kind": f"/p/{SINGLE}",
    "sold out": f"/p/{SOLD_OUT}",
    "gone": f"/p/{GONE}",
    "look-up": "/lookup",
    "lost link": "/lookup/link",
    "link asked": "/lookup/sent",
    "dead link": "/r/nobody-made-this",
    "orders": "/orders",
    "no orders": "/s/empty/orders",
    "help": "/help",
    "not found": "/nowhere",
    "shop of one product": "/s/empty/",
    "closed": "/s/closed/",
    "closed product": "/s/closed/p/card",
}

OFFICES = {  # where people sign in: the office, and the companies' own place
    "redeem a code": "/redeem",
    "counter": "/office/demo/counter",
    "reconciliation": "/office/demo/redemption",
    "wallet": "/enterprise/demo/",
    "bulk redemption": "/enterprise/demo/redeem",
}
STATES = ("cashier", "waiting", "queued", "delivered", "refunded", "cancelled", "expired", "door", "claim")
OPEN, REFUSED = "delivered, code shown", "order form, refused"
NAMES = (*PAGES, *OFFICES, *STATES, OPEN, REFUSED)


@dataclass
class Gallery:
    """Where everything hangs."""

    base: str = ""
    cookies: dict[str, str] = field(default_factory=dict)  # of the browser that ordered
    cashier_cookie: str = ""  # lets the cashier's page show the order password
    pages: dict[str, str] = field(default_factory=dict)
    parcels: list[str] = field(default_factory=list)

    def open(self, browser: Browser, name: str, lang: str, **more: Any) -> Page:
        """Go to a page in a browser of its own."""
        tab = self.context(browser, name, lang, **more).new_page()
        self.go(tab, name)
        return tab

    def context(self, browser: Browser, name: str, lang: str, **more: Any) -> BrowserContext:
        """Return a browser that may see the page and was never here."""
        context = browser.new_context(base_url=self.base, locale=SPEAKS[lang], **more)
        context.add_cookies(self._cookies(name))
        return context

    def go(self, tab: Page, name: str) -> None:
        """Go to a page, and do there what brings it about."""
        tab.goto(self._path(name))
        if name == OPEN:
            tab.locator("#show button").click()
            tab.wait_for_selector("[data-field]")
        elif name == REFUSED:
            tab.locator("#order-form [type=submit]").click()
            tab.wait_for_selector("#f-contact[aria-invalid=true]")

    def _path(self, name: str) -> str:
        return self.parcels.pop() if name == OPEN else self.pages[{REFUSED: "product"}.get(name, name)]

    def _cookies(self, name: str) -> list[Any]:
        found = {} if name == "door" else dict(self.cookies)
        if name == "cashier":
            found[PASSWORD] = self.cashier_cookie
        return [{"name": key, "value": value, "url": self.base} for key, value in found.items()]


@contextmanager
def opened(folder: Path, urls: tuple[str, str]) -> Iterator[Gallery]:
    """Let the gallery be open inside the block."""
    here, there = clean().Pipe()
    process = clean().Process(target=serve, args=(there, folder, urls), daemon=True)
    process.start()
    there.close()
    if not here.poll(PATIENCE):
        raise AssertionError("the gallery did not open; what it printed stands above")
    yield here.recv()
    process.terminate()
    process.join()


class Quiet(WSGIRequestHandler):
    """Tells nobody of each request."""

    def log_request(self, *_: object) -> None:
        pass


def serve(pipe: Connection, folder: Path, urls: tuple[str, str]) -> None:
    """Hang everything and show it until the process is ended."""
    app = watched(create_app(make_settings(folder, *urls, demo="1")))
    with app.app_context(), clock.running(lambda: NOW):
        gallery = Curator(app).hang()
        server = make_server("127.0.0.1", 0, app, threaded=True, request_handler=Quiet)
        gallery.base = f"http://127.0.0.1:{server.port}"
        pipe.send(gallery)
        server.serve_forever()


class Curator:
    """Fills the shop by the verbs that fill real ones."""

    def __init__(self, app: Miaofa) -> None:
        self.app, self.gallery = app, Gallery()
        self.shop = Shop(app, opening.SLUG, opening.open_demo(NOW), opening.OWNER, GOOD)
        self.shop.method_id = self.shop.read(lambda: paying.list_methods()[0].id)
        ((self.device_id, token),) = self.shop.write(lambda: accounts.remember_devices([""], now=NOW))
        self.by, self.gallery.cookies = By("device", self.device_id), {DEVICE_COOKIE: token}
        self.numbers = count()

    def hang(self) -> Gallery:
        fill_shelf(self.shop)
        self.gallery.pages = PAGES | OFFICES | {name: address_of(order) for name, order in self.orders().items()}
        self.gallery.pages["door"] = f"/r/{self.door()}"
        self.gallery.pages["claim"] = f"/g/{self.claim()}"
        self.gallery.parcels = [address_of(self.paid(ago=45)) for _ in range(PARCELS)]
        make_shop(self.app, slug="empty")
        make_closed_shop(self.app)
        return self.gallery

    def claim(self) -> str:
        """Found the demo's company, sign its administrator and the owner in, and return the link of a hand-out."""
        company.found(self.shop.merchant_id, now=NOW)
        self.gallery.cookies |= {
            STAFF_COOKIE: sign_in(opening.OWNER, opening.PASSWORD),
            MEMBER_COOKIE: sign_in(company.ADMINISTRATOR, company.PASSWORD),
        }
        return self.shop.read(lambda: gifts.token_of(db.session().scalars(select(gifts.HandoutRow.id).limit(1)).one()))

    def orders(self) -> dict[str, Order]:
        """Place an order for each state."""
        found = {"queued": self.queued(), "delivered": self.paid(PAIR, 2, ago=60), "refunded": self.paid(ago=300)}
        self.look(found["delivered"], ago=50)
        self.refund(found["refunded"], ago=250)
        found |= {"cancelled": self.place(ago=70), "expired": self.place(ago=200)}
        self.cancel(found["cancelled"], ago=68)
        self.expire(found["expired"])
        found |= {"cashier": self.place(GOOD, 2, ago=3), "waiting": self.place(PAIR, ago=2)}
        self.gallery.cashier_cookie = tokens.sign(PASSWORD, found["cashier"].id.hex)
        self.start(found["waiting"])
        return found

    def queued(self) -> Order:
        """Place an order whose money comes late, when another has taken what it waits for."""
        late = self.place(SCARCE, LAST, ago=90)
        attempt_id = self.start(late)
        self.shop.write(lambda: payments.settle_closed(attempt_id, now=late.expires_at))
        self.paid(SCARCE, LAST, ago=40)
        self.pay(late, ago=30)
        return late

    def place(self, sku: str = GOOD, quantity: int = 1, *, ago: int = 5) -> Order:
        basket = ordering.Basket(((sku, quantity),), "dora@example.com", "zh", f"gallery {next(self.numbers)}")
        return self.shop.write(lambda: ordering.place(basket, device_id=self.device_id, now=before(ago), by=self.by))

    def paid(self, sku: str = GOOD, quantity: int = 1, *, ago: int = 5) -> Order:
        order = self.place(sku, quantity, ago=ago)
        self.start(order)
        self.pay(order, ago=ago)
        return order

    def start(self, order: Order) -> UUID:
        pages = payments.Pages("http://127.0.0.1:1/hooks/", "http://127.0.0.1:1/o/x")
        method_id, at, by = self.shop.method_id, order.placed_at, self.by

        def begin() -> UUID:
            begun = payments.start(orders.get(order.id), method_id, pages, subject="Card", now=at, by=by)
            payments.record_start(begun.attempt_id, url=f"{GATEWAY.origin}/pay?merchant_no=demo&amount=1500")
            return begun.attempt_id

        return self.shop.write(begin)

    def pay(self, order: Order, *, ago: int) -> None:
        with clock.running(lambda: before(ago) + timedelta(seconds=40)):
            assert self.shop.pay(order)

    def look(self, order: Order, *, ago: int) -> None:
        proof = entitlements.Proof("device", self.by, "192.0.2.0/24", AGENT)
        self.shop.write(lambda: entitlements.reveal(order.id, proof=proof, now=before(ago)))

    def refund(self, order: Order, *, ago: int) -> None:
        def give_back() -> None:
            asked = refunds.refund(order.id, reason="买错规格", now=before(ago), by=SYSTEM)
            for payback in paying.list_paybacks_of(asked.id):
                payments.record_payback(payback.id, paying.PaybackState.DONE, now=before(ago))

        self.shop.write(give_back)

    def cancel(self, order: Order, *, ago: int) -> None:
        self.shop.write(lambda: ordering.cancel(order.id, now=before(ago), by=self.by))

    def expire(self, order: Order) -> None:
        ids, then = [order.id], order.expires_at
        self.shop.write(lambda: ordering.close_unpaid(ids, how=Closed.EXPIRED, now=then, unstarted=True))

    def door(self) -> str:
        """Return the token of a link to an order of another browser."""
        order = self.shop.place(at=before(20))
        self.start(order)
        self.pay(order, ago=19)
        return links.token_of(self.shop.write(lambda: delivery.make_link(order.id, now=NOW)).id)


def sign_in(email: str, password: str) -> str:
    where = accounts.Browser("192.0.2.0/24", AGENT)
    return accounts.sign_in(email=email, password=password, browser=where, now=NOW)


def before(minutes: int) -> datetime:
    return NOW - timedelta(minutes=minutes)


def address_of(order: Order) -> str:
    return f"/o/{token_of(order.id)}"


def fill_shelf(shop: Shop) -> None:
    """Put the demo's goods on the shelf, each twice, so that there are more than one page shows, with a few codes."""
    departments = [replace(one, goods=tuple(map(with_few, doubled(one.goods)))) for one in shelf.read()]
    shelf.fill(shop.merchant_id, departments, now=NOW)
    goods = [good for department in departments for good in department.goods]
    plan = Plan(goods, NOW)
    plan.pieces.clear()  # nobody has bought anything yet
    stock.fill(shop.merchant_id, goods, plan, now=NOW)


def doubled(goods: Sequence[Good]) -> list[Good]:
    """Return goods and twins of some of them, of which one was taken off the shelf."""
    return [*goods, *map(twin, goods[::-1][:3])]


def twin(good: Good) -> Good:
    variants = (replace(good.variants[0], code=f"{good.variants[0].code}-2"),)
    status = ProductStatus.ARCHIVED if f"{good.slug}-2" == GONE else good.status
    return replace(good, slug=f"{good.slug}-2", variants=variants, tags=(), status=status)


def with_few(good: Good) -> Good:
    most = {GOOD: PARCELS + 9, company.SKU: company.PIECES + company.LAPSED + 1}
    few = (replace(one, free=min(one.free, most.get(one.code, PIECES))) for one in good.variants)
    return replace(good, variants=tuple(few))


def make_closed_shop(app: Miaofa) -> None:
    """Open a shop of another colour that takes no orders."""
    shop = make_shop(app, slug="closed")
    make_product(shop, kind=Kind.CODE, slug="card")
    look = Look(name="Alice's", accent="#1f5fbf", licence="ICP 2026-1", tells_stock=True, is_closed=True)
    shop.write(lambda: merchants.change_look(look, now=NOW, by=SYSTEM))
    shop.write(lambda: merchants.change_texts(opening.WORDS, now=NOW, by=SYSTEM))
