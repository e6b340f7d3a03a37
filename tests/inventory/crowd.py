"""A crowd of buyers in processes of their own, each with the whole application on the same database."""

from collections import Counter
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from app import create_app
from app.inventory.errors import OutOfStock
from app.kit import clock, db
from app.kit.errors import Busy
from app.kit.ids import base32
from app.orders import queries as orders
from app.orders.models import Order, Tender
from app.payments import queries as paying
from app.payments import service as payments
from app.payments.queries import Wire
from app.settings import Settings
from tests import processes as starting
from tests.inventory import unlocked
from tests.make import Notice, Shop

PATIENCE = 600
TOGETHER = 10
TRIES = 10


@dataclass(frozen=True)
class Errand:
    """What one process has to do, in values that travel between processes."""

    settings: Settings
    shop: tuple[str, int, str, str, UUID]  # slug, merchant, owner, SKU, method
    orders: int
    locks: bool


def buy_all(shop: Shop, *, processes: int, count: int, locks: bool = True) -> Counter[str]:
    """Let processes place and pay `count` orders as fast as they can, and return how they ended."""
    context = starting.clean()
    start, answers = context.Barrier(processes), context.Queue()
    who = (shop.slug, shop.merchant_id, shop.owner, shop.sku, shop.method_id)
    shares = [count // processes + (number < count % processes) for number in range(processes)]
    errands = [Errand(shop.app.config["MIAOFA"], who, share, locks) for share in shares]
    crowd = [context.Process(target=_run, args=(errand, start, answers)) for errand in errands]
    for process in crowd:
        process.start()
    ended: Counter[str] = Counter()
    for _ in crowd:
        ended += answers.get(timeout=PATIENCE)
    for process in crowd:
        process.join()
    return ended


def _run(errand: Errand, start: Any, answers: Any) -> None:
    """Place orders one after the other from the moment all processes are ready, and pay them ten at a time."""
    ended: Counter[str] = Counter()
    app = create_app(errand.settings)
    slug, merchant_id, owner, sku, method_id = errand.shop
    shop = Shop(app, slug, merchant_id, owner, sku, method_id)
    with app.app_context():
        if not errand.locks:
            unlocked.remove_locks(db.engine())
        start.wait(PATIENCE)
        for first in range(0, errand.orders, TOGETHER):
            placed = [_place(shop) for _ in range(first, min(first + TOGETHER, errand.orders))]
            held = [order for order in placed if isinstance(order, Order)]
            ended.update(order for order in placed if isinstance(order, str))
            ended[_pay(shop, held)] += len(held)
    if not errand.locks:
        ended["locks removed"] += bool(unlocked.removed)
    answers.put(ended)


def _place(shop: Shop) -> Order | str:
    """Place an order, and try again when the shop is busy, as people do."""
    for _ in range(TRIES):
        try:
            return shop.place()
        except Busy:
            continue
        except OutOfStock:
            return "sold out"
        except Exception as error:
            return repr(error)[:200]
    return "busy"


def _pay(shop: Shop, placed: list[Order]) -> str:
    """Bring the notices of several orders in one unit, as the busy paths do."""
    channel = shop.read(lambda: paying.get_channel(shop.method_id))
    tenders = shop.read(lambda: [orders.list_tenders_of(order.id)[0] for order in placed])
    notices = [Notice(shop, _said(shop, tender)) for tender in tenders]
    arrived = [payments.verify(channel, Wire(notice.headers(), notice.body), now=clock.now()) for notice in notices]
    for _ in range(TRIES):
        try:
            shop.write(lambda: payments.apply(arrived))
        except Busy:
            continue
        except Exception as error:
            return repr(error)[:200]
        return "paid"
    return "busy"


def _said(shop: Shop, tender: Tender) -> dict[str, Any]:
    number = base32(tender.id)
    said = {"merchant_no": shop.slug, "out_trade_no": number, "trade_no": f"TG{number}", "status": "paid"}
    return said | {"amount": tender.amount, "currency": tender.currency}
