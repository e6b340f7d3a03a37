"""The demo: a shop that looks alive, made by the verbs of real orders, the same however often it is loaded."""

from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from sqlalchemy import func, select

from app.accounts import service as accounts
from app.balances import queries as balances
from app.catalog import queries as catalog
from app.catalog.models import Product, ProductStatus, SkuText
from app.catalog.rules import facts_of, faq_of, lines_of
from app.commands.demo import company, shelf
from app.commands.demo.giving import CLAIMED
from app.commands.demo.novelties import BUYERS, HELD
from app.commands.demo.plan import ORDERS, ZONE, End, Plan
from app.commands.demo.told import STORY
from app.commands.demo.tutorials import STEPS, Scene, draw
from app.commands.demo.wallets import BOUGHT
from app.companies import queries as companies
from app.companies import service as firms
from app.delivery.models import Delivery
from app.delivery.models import State as MessageState
from app.entitlements.models import Entitlement
from app.gifting import queries as gifting
from app.kit import clock, db, effects, events, tasks
from app.kit.events import SYSTEM, EventRow, Outbox
from app.kit.listing import listed
from app.kit.tenancy import System
from app.merchants import queries as merchants
from app.orders import queries as orders
from app.orders.models import Closed, Fulfilment, Order, Payment
from app.payments.models import Payback, PaybackState
from app.risk import queries as risk
from app.web.dispatch import Miaofa
from tests.commands.test_commands import run

COVERS = sorted((Path(shelf.HERE) / "covers").glob("*.svg"))
OLD = {  # other tests, the README and people's habits hold on to these
    "yunting-month": "YT-MONTH",
    "xingye-quarter": "XY-QUARTER",
    "lanjing-points-500": "LJ-500",
    "haicha-coupon": "HC-COUPON",
    "moshu-suite": "MS-SUITE",
    "feiyu-cloud": "FY-CLOUD",
    "qingtuan-meal": "QT-MEAL",
    "luobo-card-100": "LB-100",
}
SHAPES = {"svg", "g", "path", "rect", "circle"}
LARGEST_COVER, LARGEST_STEP = 1536, 3072

COMPANY_ORDERS, LATER_ORDERS = 2, 4  # that the demo's company placed before anybody, and after everybody


def of_demo(fn: Any) -> Any:
    address = db.read(System("test"), lambda: merchants.find_address("slug", "demo"))
    assert address is not None
    return db.read(address.merchant_id, fn)


def counts() -> dict[str, int]:
    """Count the rows of everything that loading could add to."""
    tables = (Order, Entitlement, Payback, EventRow)
    return {table.__name__: db.session().scalar(select(func.count()).select_from(table)) or 0 for table in tables}


def get_haicha() -> Product:
    product = catalog.find_product("haicha-coupon")
    assert product is not None
    return product


def set_status(status: ProductStatus) -> None:
    get_haicha().status = status


def goods() -> list[shelf.Good]:
    return [good for department in shelf.read() for good in department.goods]


def test_loading_twice_changes_nothing_and_the_books_balance(fresh: Miaofa) -> None:
    first = run(fresh, "demo", "load")
    db.write(of_demo(db.merchant_id), lambda: set_status(ProductStatus.ARCHIVED))
    db.write(of_demo(db.merchant_id), order_as_the_company)
    stock, rows = run(fresh, "stock", "YT-MONTH")[1], of_demo(counts)

    second = run(fresh, "demo", "load")

    assert first == second
    assert of_demo(lambda: get_haicha().status) is ProductStatus.ARCHIVED  # what people changed stays
    assert first[0] == 0
    assert first[1]["products"] == len(goods()) >= 14
    assert first[1]["codes"] > 2000
    assert run(fresh, "stock", "YT-MONTH")[1] == stock
    assert of_demo(counts) == rows
    told = len(BUYERS) + len(HELD) + len(STORY) + len(CLAIMED) + len(BOUGHT)
    assert rows["Order"] == ORDERS + COMPANY_ORDERS + LATER_ORDERS + told
    assert stock["available"] == 1000  # contract.md promises so many
    assert run(fresh, "stock", "LJ-500")[1]["available"] == 200
    assert run(fresh, "stock", "LA-2D")[1]["available"] == 0
    named = of_demo(lambda: Counter(db.session().scalars(select(SkuText.sku_id))))
    assert set(named.values()) == {2}  # each variant that has a name has one in both languages
    books = run(fresh, "ledger", "check", "--shop", "demo")[1]
    assert books["ok"], books
    assert books["transactions"] > ORDERS


def order_as_the_company() -> None:
    """Let the latest orders of the shop be a company's: the demo is told all the same."""
    (number,) = [row.id for row in listed(companies.COMPANIES, {}).page.rows]
    for nth in range(LATER_ORDERS):
        firms.place(number, firms.Wanted([(company.SKU, 1)], "zh", f"later {nth}"), now=clock.now(), by=SYSTEM)


def test_the_month_has_all_kinds_of_ends_and_nothing_of_it_is_left_to_do(fresh: Miaofa) -> None:
    run(fresh, "demo", "load")

    work_off()

    ends = of_demo(
        lambda: Counter((row.payment, row.fulfilment, row.closed) for row in db.session().scalars(select(Order)))
    )
    assert ends[Payment.PAID, Fulfilment.DONE, Closed.OPEN] >= ORDERS * 0.8
    assert ends[Payment.PAID, Fulfilment.QUEUED, Closed.OPEN] == 2 + 2  # and two who bought what comes later
    assert ends[Payment.PENDING, Fulfilment.NONE, Closed.OPEN] == 2
    assert ends[Payment.PENDING, Fulfilment.NONE, Closed.EXPIRED] >= 5
    assert ends[Payment.PENDING, Fulfilment.NONE, Closed.CANCELLED] >= 2
    refunded = sum(number for (payment, _, _), number in ends.items() if payment is Payment.REFUNDED)
    assert refunded >= 5
    states = of_demo(lambda: [row.state for row in db.session().scalars(select(Payback))])
    assert states == [PaybackState.DONE] * refunded
    looked = of_demo(lambda: db.session().scalar(select(func.count()).where(Entitlement.reveals > 0)))
    assert looked > ORDERS * 0.6
    told = of_demo(lambda: set(db.session().scalars(select(Delivery.state))))
    assert told == set(MessageState) - {MessageState.QUEUED}
    assert of_demo(lambda: db.session().scalar(select(func.count()).select_from(Outbox))) == 0
    assert run(fresh, "ledger", "check", "--shop", "demo")[1]["ok"]
    (held,) = of_demo(lambda: orders.list_in_review(limit=9))
    assert [row.rule for row in of_demo(lambda: risk.list_caught([held.id]))[held.id]] == ["contact.refused"]


def test_the_company_has_something_to_show_and_its_administrator_can_sign_in(fresh: Miaofa) -> None:
    told = run(fresh, "demo", "load")[1]

    work_off()

    tallies, balance, handouts = of_demo(company_shown)
    counts = {state: sum(tally[state] for tally in tallies) for state in companies.STATES}
    assert (counts["ready"], counts["redeemed"], counts["expired"]) == (280, 120, 100)
    assert sum(counts.values()) == 500
    assert balance == company.LEFT
    assert handouts == [{"new": 6, "opened": 0, "redeemed": 0, "revoked": 0}]
    (login,) = [one for one in told["logins"] if one["role"] == "company"]
    assert login["enterprise"] == "/enterprise/demo/"
    where = accounts.Browser("127.0.0.0/24", "tests")
    assert accounts.sign_in(email=login["email"], password=login["password"], browser=where, now=clock.now())


def company_shown() -> tuple[Any, int, list[dict[str, int]]]:
    """Return the tallies of the company's batches, its balance, and how its hand-outs stand."""
    (row,) = listed(companies.COMPANIES, {}).page.rows
    batches = [order.id for order in listed(companies.batches_of(row.id), {}).page.rows]
    tallies = companies.tallies(batches, now=clock.now()).values()
    given = [one.id for one in listed(gifting.handouts_of(row.id), {}).page.rows]
    return tallies, balances.balance(row.id).minor, list(gifting.count_states(given).values())


def work_off() -> None:
    """Do what workers do first when they find a demo that was just loaded."""
    done = 1
    while done:
        done = events.drain(seconds=60) + effects.drain(seconds=60)
    tasks.drain(seconds=20)
    events.drain(seconds=60)


def test_the_goods_keep_their_names_and_say_everything_in_both_languages() -> None:
    known = {good.slug: good for good in goods()}
    codes = [variant.code for good in goods() for variant in good.variants]

    assert all(known[slug].variants[0].code == code or code in codes for slug, code in OLD.items())
    assert len(codes) == len(set(codes))
    for good in goods():
        lengths = set()
        for text in good.texts.values():
            assert all(vars(text).values()), good.slug
            assert all(term and value for term, value in facts_of(text.facts))
            assert all(answer for _, answer in faq_of(text.faq))
            lengths.add((len(facts_of(text.facts)), len(faq_of(text.faq)), len(lines_of(text.guide))))
        assert len(lengths) == 1, f"{good.slug} says more in one language than in the other"
        assert len(good.steps) <= lengths.pop()[2]
        assert all(bool(variant.zh) == bool(variant.en) for variant in good.variants)
        assert all(variant.zh or len(good.variants) == 1 for variant in good.variants)


@pytest.mark.parametrize("path", COVERS, ids=lambda path: path.stem)
def test_a_cover_is_a_small_square_of_plain_shapes(path: Path) -> None:
    drawn = path.read_text("utf-8")

    assert 'viewBox="0 0 160 160"' in drawn
    check_drawing(drawn, LARGEST_COVER)


@pytest.mark.parametrize("step", STEPS)
def test_a_step_is_a_small_picture_of_plain_shapes(step: str) -> None:
    check_drawing(draw(step, Scene("#cfe5dd", "#0b6e5f")), LARGEST_STEP)


def check_drawing(drawn: str, most: int) -> None:
    """No script, style, text, link, id: it stands inside a page's one picture of all covers."""
    assert len(drawn.encode()) <= most
    for element in ElementTree.fromstring(drawn).iter():
        assert element.tag.rpartition("}")[2] in SHAPES
        assert not {
            name for name in element.attrib if name.startswith("on") or name in {"id", "style", "class", "href"}
        }


def test_every_good_has_its_cover_and_every_cover_its_good() -> None:
    assert {good.cover for good in goods()} == {path.stem for path in COVERS}


@pytest.mark.parametrize("day", range(7))
def test_the_plan_is_the_same_each_time_and_never_ahead_of_time(day: int) -> None:
    now = datetime(2026, 11, 23 + day, 3 * day, 7, tzinfo=UTC)
    plan = Plan(goods(), now)

    assert plan.deals == Plan(goods(), now).deals
    assert len(plan.deals) == ORDERS
    assert [deal.at for deal in plan.deals] == sorted(deal.at for deal in plan.deals)
    assert max(deal.at + deal.paid_after + deal.later for deal in plan.deals if deal.is_paid) <= now
    assert min(deal.at for deal in plan.deals) > now - timedelta(days=31)
    assert {deal.end for deal in plan.deals} == set(End)
    hours = Counter(deal.at.astimezone(ZONE).hour for deal in plan.deals)
    assert sum(hours[hour] for hour in range(19, 23)) > 2 * sum(hours[hour] for hour in range(1, 7))
