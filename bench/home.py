"""How many home pages a shop serves a second, with 200 products on the shelf and a million codes behind them.

`kept`: everybody asks for the same page, as on a busy day. `live`: every request asks for no old copy, so that each
page is read from the database anew.
"""

from collections.abc import Iterator

from app.catalog import service as shelving
from app.catalog.models import Kind, ProductStatus
from app.kit import clock
from app.kit.events import SYSTEM
from app.kit.money import Money
from bench import profiling, seeder
from bench.cpu import Meter
from bench.figures import Figure, figure, judged
from bench.load import Run, fire
from bench.requests import Request
from bench.stage import SLUG, Stage
from tests.make import fresh_code

PRODUCTS = 200
CONNECTIONS = 16
SOLD = 0.9
LEAST = {"live": 700, "kept": 1500}  # pages a second
MOST_PER_SECOND = 6000
MOST_STATEMENTS = 3  # besides those of the guard
COUNTED = 20
WORDS = "云听 星野 蓝鲸 海茶 墨枢 飞屿 青团 萝卜".split()


def measure(stage: Stage) -> Iterator[Figure]:
    """Fill the shelf and the pool, then load the home page both ways."""
    seeder.fill(stage.shop, stage.env["DATABASE_OWNER_URL"], codes=stage.size.home_codes, sold=SOLD)
    stage.shop.write(stock)
    for number in range(1, PRODUCTS, 8):
        stage.shop.imports("\n".join(fresh_code() for _ in range(12)), sku=f"HOME-{number}")
    stage.tidy()
    stage.rest()
    stage.serve()
    statements = count(stage)
    for way in LEAST:
        yield told(stage, way, statements)


def told(stage: Stage, way: str, statements: int) -> Figure:
    load(stage, way, 1)
    meter = Meter().start()
    run = load(stage, way, stage.size.seconds)
    meter.stop()
    good = run.rate >= LEAST[way] and not run.wrong and statements <= MOST_STATEMENTS
    return figure(
        "home",
        engine=stage.engine,
        view=way,
        value=run.rate,
        unit="pages/s",
        floor=0,
        bar=LEAST[way],
        met=judged(good, meter.neighbours),
        p50_ms=run.p50_ms,
        p99_ms=run.p99_ms,
        connections=CONNECTIONS,
        products=PRODUCTS,
        codes=stage.size.home_codes,
        statements=statements,
        bar_statements=MOST_STATEMENTS,
        cpu_ms=meter.ms_each(run.answered),
        neighbours=meter.neighbours,
        **({"wrong": run.wrong, "first_wrong": run.first_wrong} if run.wrong else {}),
    )


def load(stage: Stage, way: str, seconds: float) -> Run:
    return fire(stage, requests(way, int(MOST_PER_SECOND * seconds)), connections=CONNECTIONS, seconds=seconds)


def requests(way: str, count: int) -> list[Request]:
    """Return so many requests of a browser that was here before."""
    headers = {"Accept-Language": "zh-CN"} | ({"Cache-Control": "no-cache"} if way == "live" else {})
    return [Request("GET", f"/s/{SLUG}/", 200, headers)] * count


def count(stage: Stage) -> int:
    """Return how many statements a live page takes once what hardly changes is remembered."""
    sent = requests("live", COUNTED + 5)
    profiling.play(stage, sent[:5])
    counted = profiling.count_statements(lambda: profiling.play(stage, sent[5:]))
    asked = sum(number for words, number in counted.items() if words.startswith(("SELECT", "WITH")))
    return round(asked / COUNTED)


def stock() -> None:
    """Put the other products on the shelf."""
    for number in range(1, PRODUCTS):
        shelve(number)


def shelve(number: int) -> None:
    name = f"{WORDS[number % len(WORDS)]}会员 {number} 号"
    shelving.create_product(
        slug=f"home-{number}",
        texts={
            "zh": shelving.Texts(name, "付款后立即到账，一码一用。", "打开应用，进入兑换，粘贴。"),
            "en": shelving.Texts(f"Membership No. {number}", "A code right after payment.", "Open the app and paste."),
        },
        skus=(shelving.SkuDraft(f"HOME-{number}", Kind.CODE, Money(990 + number, "CNY"), {}),),
        status=ProductStatus.LIVE,
        now=clock.now(),
        by=SYSTEM,
    )
