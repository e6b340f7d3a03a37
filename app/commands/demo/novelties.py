"""What the demo's shop tried out lately: goods from every source, papers of a batch, lanes, limits, a staged file.

All of it comes in one go with the goods; a shop that has one of them has a story of its own, and stays as it is.
"""

import random
from collections.abc import Callable
from datetime import datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from app.catalog import queries as catalog
from app.catalog import service as shelving
from app.commands.demo import shelf
from app.commands.demo.plan import AGENTS, NETWORKS, Deal, End
from app.commands.demo.shelf import CURRENCY, Department
from app.commands.demo.stock import LETTERS
from app.commands.demo.story import Teller
from app.inventory import queries as inventory
from app.inventory import service as stock
from app.kit import clock, db
from app.kit.events import SYSTEM
from app.kit.ids import public
from app.kit.listing import listed
from app.kit.money import Money
from app.orders import queries as orders
from app.orders import service as ordering

FOLDER = "goods/later"
PAPER_SKU, LANE_SKU, LOW_SKU, TROUBLED_SKU, STAGED_SKU = "SJ-YEAR", "XY-QUARTER", "ML-50", "HC-LARGE", "ZS-MONTH"
CLEAR_SKU, CLEAR_DAYS, CLEAR_PRICE, SHORT_DATED = "HC-COUPON", 30, 690, 14
BUNDLE, SHARED, MANUAL, PRESALE, MADE = "WEEKEND", "SQ-CLASS", "SQ-HOUR", "CR-ALBUM", "MF-PASS"
CONTENTS = (("YT-QUARTER", 1, 39), ("QT-MEAL", 1, 30), (MANUAL, 1, 199))
BUYERS = (  # minutes ago, what, who
    (340, BUNDLE, "12000000001"),
    (220, PRESALE, "12000000002"),
    (95, SHARED, "12000000003"),
    (50, MADE, "12000000004"),
    (25, MANUAL, "12000000005"),
)
HELD = (  # who was put off by a bank time and again, and soon bought once more: a fence holds that back
    (130, "HC-COUPON", "12000000006"),
    (105, "HC-COUPON", "12000000006"),
)
REFUSALS = 6
PAPER = b"%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n2 0 obj<</Type/Pages/Kids[]/Count 0>>endobj\n%%EOF\n"


def show(merchant_id: int, *, now: datetime) -> None:
    """Bring the novelties into a shop that has none of them."""
    departments = shelf.read(FOLDER)
    slugs = [good.slug for department in departments for good in department.goods]
    if db.read(merchant_id, lambda: any(catalog.find_product(slug) for slug in slugs)):
        return
    db.write(merchant_id, lambda: _shelve(departments, now))
    db.write(merchant_id, lambda: _tend(now))
    _stage(merchant_id, now)
    _clear(merchant_id, now)
    _sell(merchant_id, now)


def _shelve(departments: list[Department], now: datetime) -> None:
    shelf.shelve_missing(departments, now)
    db.session().flush()
    portions = [shelving.Portion(*portion) for portion in CONTENTS]
    shelving.set_components(catalog.get_sku(BUNDLE), portions, as_ready=True, now=now, by=SYSTEM)
    there = (now + timedelta(days=12)).astimezone(ZoneInfo("Asia/Shanghai"))
    release = there.replace(hour=10, minute=0, second=0, microsecond=0).astimezone(now.tzinfo)
    shelving.set_release(catalog.get_sku(PRESALE), release, 200, now=now, by=SYSTEM)
    link = stock.SharedDraft({"link": "https://class.example.com/join/6x9k"}, 300, Money(900, CURRENCY))
    stock.add_shared(catalog.get_sku(SHARED).id, link, now=now, today=now.date(), by=SYSTEM)


def _tend(now: datetime) -> None:
    """Look after some of the stock as people do in a busy shop."""
    _file(now)
    _split(now)
    low = shelving.Limits(low_stock=5, low_days=7, expiry_days=90)
    shelving.set_limits(catalog.get_sku(LOW_SKU).id, low, now=now, by=SYSTEM)
    stock.watch_now(now=now)
    _set_apart(now)


def _file(now: datetime) -> None:
    """Say all there is to say of a batch, and add the paper it came with."""
    rows = listed(inventory.BATCHES, {"sku": public("sku", catalog.get_sku(PAPER_SKU).id)}).page.rows
    if not rows:
        return
    batch = rows[0]
    bought = batch.created_at.date()
    facts = stock.BatchFacts(
        name=batch.name,
        supplier="松间软件总代理",
        cost_amount=batch.cost_amount,
        purchased_on=bought,
        expires_on=bought + timedelta(days=400),
        rank=10,
        tags="总代 含发票",
        note="季度框架合同第二批，发票已到。",
    )
    stock.change_batch(batch.id, facts, now=now, by=SYSTEM)
    stock.add_proof(batch.id, "授权书-松间软件.pdf", PAPER, now=now, by=SYSTEM)


def _split(now: datetime) -> None:
    """Keep a part of one SKU for companies, and sell the soonest to expire first."""
    sku_id = catalog.get_sku(LANE_SKU).id
    lane = stock.set_lane(sku_id, name="企业专供", steer_days=None, now=now, by=SYSTEM).number
    late = stock.set_lane(sku_id, name="临期", steer_days=30, now=now, by=SYSTEM).number
    stock.set_walks(sku_id, {"shop": (late, 0), "company": (lane, 0)}, now=now, by=SYSTEM)
    stock.move_codes(sku_id, source=0, target=lane, count=60, now=now, by=SYSTEM)
    stock.change_strategy(sku_id, catalog.Strategy.SOONEST, now=now, by=SYSTEM)


def _set_apart(now: datetime) -> None:
    """Freeze some codes that a buyer doubts, and void some that the supplier took back."""
    known = {"sku": public("sku", catalog.get_sku(TROUBLED_SKU).id), "status": "available"}
    ids: list[UUID] = [code.id for code in listed(inventory.CODES, known).page.rows[:5]]
    acts: list[tuple[Callable[..., None], str]] = [(stock.freeze, "买家反映无法兑换，待核实")] * 3
    acts += [(stock.void, "供应商收回")] * 2
    for number, (act, reason) in zip(ids, acts, strict=False):
        act(number, reason=reason, now=now, by=SYSTEM)


def _clear(merchant_id: int, now: datetime) -> None:
    """Sell vouchers that expire this month at a price of their own."""
    names = {"zh": "临期任意中杯", "en": "Any medium drink, short-dated"}
    new = shelving.NewVariant(names, Money(CLEAR_PRICE, CURRENCY))
    known = {"days": CLEAR_DAYS, "new": new, "now": now, "by": SYSTEM}
    db.write(merchant_id, lambda: stock.open_clearance(catalog.get_sku(CLEAR_SKU).id, **known))  # type: ignore[arg-type]
    draw, today = random.Random("short-dated"), now.astimezone(ZoneInfo("Asia/Shanghai")).date()
    lines = ["".join(draw.choices(LETTERS, k=16)) for _ in range(SHORT_DATED)]
    order = stock.ImportOrder(
        sku_code=CLEAR_SKU,
        name=f"{CLEAR_SKU}-{now:%m%d}",
        file_name="临期饮品券.csv",
        supplier="山海数字",
        cost=Money(300, CURRENCY),
        expires_on=today + timedelta(days=24),
        by=SYSTEM,
    )
    stock.import_codes(merchant_id, order, ["\n".join(lines).encode()], now=now, today=today)
    db.write(merchant_id, lambda: stock.clear_some(now=now, today=today))


def _stage(merchant_id: int, now: datetime) -> None:
    """Leave a supplier's file waiting for somebody's decision: fresh lines, one twice, one without a code."""
    draw = random.Random("staged")
    words = ["-".join("".join(draw.choices(LETTERS, k=4)) for _ in range(4)) for _ in range(24)]
    lines = ["序号,兑换码,备注", *(f"{place + 1},{word},第三批" for place, word in enumerate([*words, words[3], ""]))]
    order = stock.ImportOrder(
        sku_code=STAGED_SKU,
        name=f"{STAGED_SKU}-{now:%m%d}",
        file_name="知笋视频-第三批.csv",
        supplier="山海数字",
        cost=Money(900, CURRENCY),
        expires_on=None,
        by=SYSTEM,
    )
    then = now - timedelta(minutes=30)
    with clock.running(lambda: then):
        stock.stage(merchant_id, order, ["\n".join(lines).encode()], now=then, today=then.date())


def _sell(merchant_id: int, now: datetime) -> None:
    """Let somebody buy one of each novelty; what people of the staff have to do for them is left to do."""
    teller = Teller(merchant_id)
    teller.tell(
        [deal(10_000 + place, now - timedelta(minutes=back), *what) for place, (back, *what) in enumerate(BUYERS)]
    )
    for place, (back, sku, contact) in enumerate(HELD, len(BUYERS)):
        teller.tell([deal(10_000 + place, now - timedelta(minutes=back), sku, contact)])
        db.write(merchant_id, lambda: _refuse_payments(contact))  # noqa: B023
    teller.leave_word()


def _refuse_payments(contact: str) -> None:
    """Let it have taken several tries until somebody's first order was paid."""
    found = orders.list_of_contact(orders.contact_index(contact))
    for _ in range(REFUSALS if len(found) == 1 else 0):
        ordering.count_refusal(found[0].id)


def deal(number: int, at: datetime, sku: str, contact: str) -> Deal:
    """Return a deal that is paid and delivered at once."""
    return Deal(
        number=number,
        at=at,
        sku=sku,
        quantity=1,
        contact=contact,
        lang="zh",
        end=End.DELIVERED,
        paid_after=timedelta(seconds=40),
        later=timedelta(seconds=1),
        network=NETWORKS[0],
        agent=AGENTS[0],
        reason="",
    )
