"""How fast a page of the office's list of codes comes, wherever in the list it is."""

from collections.abc import Mapping, Sequence
from urllib.parse import urlencode

import httpx
from sqlalchemy import select, update

from app.catalog import queries as catalog
from app.inventory.models import Batch, Code
from app.inventory.queries import CLASSES, CODES
from app.kit import db, paging
from app.kit.ids import public
from app.kit.listing import listed
from bench import client, seeder
from bench.cpu import Meter
from bench.figures import Figure, figure, percentile_ms
from bench.requests import Request
from bench.stage import SLUG, Stage
from tests.make import PASSWORD

MOST_MS = 200
SOLD, SMALL = 0.9, 50
PATH = f"/office/{SLUG}/codes"
WARM_UP = 10


def measure(stage: Stage) -> list[Figure]:
    """Return a figure for each view of the list."""
    cookies = sign_in(stage)
    bare = read(stage, "/healthz", cookies)
    return [measure_view(stage, name, args, cookies, bare) for name, args in views(stage).items()]


def measure_view(stage: Stage, name: str, args: Mapping[str, str], cookies: str, bare: Sequence[float]) -> Figure:
    path = f"{PATH}?{urlencode(args)}"
    check(stage, path, args, cookies)
    meter = Meter().start()
    laps = read(stage, path, cookies)
    meter.stop()
    value = percentile_ms(laps, 0.95)
    return figure(
        "codes_list",
        engine=stage.engine,
        view=name,
        value=value,
        unit="ms",
        floor=percentile_ms(bare, 0.95),
        bar=MOST_MS,
        met=value <= MOST_MS,
        p50_ms=percentile_ms(laps, 0.5),
        codes=stage.size.listed,
        neighbours=meter.neighbours,
    )


def fill(stage: Stage) -> None:
    """Bring the shop to its many codes, most of them sold, with a small batch after them."""
    seeder.fill(stage.shop, stage.env["DATABASE_OWNER_URL"], codes=stage.size.listed, sold=SOLD)
    stage.shop.codes(SMALL, name="small")
    stage.shop.write(tag_batches)
    stage.tidy()


def views(stage: Stage) -> dict[str, dict[str, str]]:
    """Return the views that are read: newest first, deep down, and each filter, also those that find little."""
    some = stage.shop.read(lambda: db.session().scalars(select(Code.tail).order_by(Code.id).offset(1).limit(1)).one())
    own = public("sku", stage.shop.read(lambda: catalog.get_sku(stage.shop.sku).id))
    number = stage.shop.read(lambda: db.session().scalars(select(Batch.id).where(Batch.name == "small")).one())
    sku, tail, batch = {"sku": own}, {"tail": some}, {"batch": public("bat", number)}
    found = {
        "first": {},
        "deep": {"cursor": stage.shop.read(lambda: deep_cursor(stage.size.listed * 19 // 20))},
        "sku": sku,
        "tail": tail,
        "no such tail": {"tail": "ZZZZ"},
        "batch": batch,
        **{name: {"status": name} for name in CLASSES},
        "void of sku": sku | {"status": "void"},
        "tail of sku, sold": sku | tail | {"status": "sold"},
        "tail in batch": tail | batch,
        "void in batch": batch | {"status": "void"},
    }
    tagged = {name: {"tag": name} for name in ("rare", "old", "wide", "narrow", "nope")}
    return found | tagged | {"rare, void": {"tag": "rare", "status": "void"}, "old in batch": {"tag": "old"} | batch}


def tag_batches() -> None:
    """Give a tag to the batch of most codes, and another to the small one."""
    db.session().execute(update(Batch).values(tags="wide").where(Batch.name != "small"))
    db.session().execute(update(Batch).values(tags="narrow").where(Batch.name == "small"))


def deep_cursor(depth: int) -> str:
    """Return the cursor that a reader has after leafing through `depth` codes."""
    below = db.session().scalars(select(Code.id).order_by(Code.id.desc()).offset(depth).limit(1)).one()
    cursor = paging.page(select(Code).where(Code.id <= below), CODES.keys, cursor=None, size=paging.SIZES[0]).next
    assert cursor is not None
    return cursor


def sign_in(stage: Stage) -> str:
    """Sign the owner in by the form, as a browser does, and return the cookies of the office."""
    with httpx.Client(base_url=f"http://127.0.0.1:{stage.port}") as browser:
        form = {"email": stage.shop.owner, "password": PASSWORD, "csrf_token": token_of(browser.get("/office/login"))}
        browser.post("/office/login", data=form)
        if browser.get(PATH).status_code != 200:
            raise RuntimeError("The owner could not sign in, so there is no list to read.")
        return cookies_of(browser)


def token_of(page: httpx.Response) -> str:
    """Return the CSRF token of the form on a page."""
    return page.text.split('name="csrf_token" value="')[1].split('"')[0]


def cookies_of(browser: httpx.Client) -> str:
    """Return the line that brings the browser's cookies."""
    return "; ".join(f"{cookie.name}={cookie.value}" for cookie in browser.cookies.jar)


def check(stage: Stage, path: str, args: Mapping[str, str], cookies: str) -> None:
    """Raise unless the page shows the codes it should."""
    page = httpx.get(f"http://127.0.0.1:{stage.port}{path}", headers={"Cookie": cookies}, timeout=60)
    wanted = stage.shop.read(lambda: [code.tail for code in listed(CODES, args).page.rows])
    if page.status_code != 200 or not all(tail in page.text for tail in wanted):
        raise RuntimeError(f"{path} answered {page.status_code} and does not show its codes.")


def read(stage: Stage, path: str, cookies: str) -> list[float]:
    """Read a page again and again over one connection, and return how long each time took."""
    request = Request("GET", path, 200, {"Cookie": cookies})
    client.send(stage.port, [request] * WARM_UP).check()
    return client.send(stage.port, [request] * stage.size.pages).check().laps
