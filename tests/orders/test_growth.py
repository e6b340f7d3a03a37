"""What one order costs does not grow with the orders before it.

Without statistics (until the first automatic ANALYZE, a minute after the first orders) PostgreSQL may take any index
of a wide table; here it has some.
"""

import secrets
from collections.abc import Callable

from sqlalchemy import create_engine, text

from app.accounts import service as accounts
from app.kit import clock, db
from app.kit.events import SYSTEM
from app.orders import service as ordering
from app.orders.models import Order
from app.payments import queries as paying
from app.payments import service as payments
from app.payments.queries import Wire
from tests.engines import on_postgresql
from tests.make import Shop

TOUCHED = text("SELECT relname, seq_tup_read + coalesce(idx_tup_fetch, 0) FROM pg_stat_xact_user_tables")
FEW, MANY, MOST = 10, 150, 20
STOCK = 3000  # a planner that takes the whole table for a page or two does not care which index it walks


def touched(shop: Shop, verb: Callable[[], object]) -> dict[str, int]:
    """Run a verb in a unit and return how many rows of each table PostgreSQL looked at for it."""

    def run() -> dict[str, int]:
        before = _counts()  # a connection counts on until it reports, a second later
        verb()
        db.session().flush()
        return {table: count - before.get(table, 0) for table, count in _counts().items()}

    return shop.write(run)


def _counts() -> dict[str, int]:
    return dict(db.session().execute(TOUCHED).all())


def place(shop: Shop) -> Order:
    device = accounts.remember_devices([""], now=clock.now())[0][0]
    basket = ordering.Basket(((shop.sku, 1),), f"{secrets.token_hex(6)}@example.com", "en", secrets.token_hex(8))
    return ordering.place(basket, device_id=device, now=clock.now(), by=SYSTEM)


def pay(shop: Shop, order: Order) -> Callable[[], object]:
    notice = shop.notice(order)
    channel = shop.read(lambda: paying.get_channel(shop.method_id))
    arrived = payments.verify(channel, Wire(notice.headers(), notice.body), now=clock.now())
    return lambda: payments.apply([arrived])


def cancel(order: Order) -> Callable[[], object]:
    return lambda: ordering.cancel(order.id, now=clock.now(), by=SYSTEM)


def analyze(shop: Shop) -> None:
    owner = create_engine(shop.app.config["MIAOFA"].database_owner_url, isolation_level="AUTOCOMMIT")
    with owner.connect() as connection:
        connection.execute(text("ANALYZE"))
    owner.dispose()


@on_postgresql
def test_an_order_is_placed_paid_and_cancelled_without_a_look_at_others(shop: Shop) -> None:
    shop.codes(STOCK)
    for count in (FEW, MANY - FEW):
        orders = [shop.write(lambda: place(shop)) for _ in range(count)]
        for order in orders[::2]:
            assert shop.pay(order)

    analyze(shop)

    looks = {
        "place": touched(shop, lambda: place(shop)),
        "pay": touched(shop, pay(shop, orders[1])),
        "cancel": touched(shop, cancel(orders[3])),
        "start": touched(shop, lambda: ordering.start_paying(orders[5], shop.method_id, now=clock.now())),
    }

    far = {verb: {table: n for table, n in tables.items() if n > MOST} for verb, tables in looks.items()}
    assert far == {verb: {} for verb in looks}, looks
