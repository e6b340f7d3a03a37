"""Turnover in the office: the page, its files and the codes behind each figure say the same."""

import csv
import io
import re
from datetime import timedelta

import pytest
from sqlalchemy import update

from app.catalog.queries import Source
from app.inventory.models import Batch
from app.kit import clock, db, sheets
from app.web.office.weeks import round_above
from tests import people
from tests.engines import on_one_engine
from tests.inventory.goods import share, variant
from tests.make import Shop

ENGLISH = {"Accept-Language": "en"}


@pytest.fixture
def busy(shop: Shop) -> Shop:
    shop.codes(5, cost=700)
    assert shop.pay(shop.place(2))
    return shop


def page(shop: Shop, path: str = "") -> str:
    answer = people.alice(shop).get(f"/office/{shop.slug}/turnover{path}", buffered=True, headers=ENGLISH)
    assert answer.status_code == 200
    return str(answer.get_data(as_text=True))


@pytest.mark.parametrize("by", ["sku", "batch", "supplier", "tag"])
def test_files_say_what_the_page_says(busy: Shop, by: str) -> None:
    text = page(busy, f"/export?kind=csv&by={by}").lstrip("\N{BYTE ORDER MARK}")
    rows = list(csv.reader(io.StringIO(text)))
    answer = people.alice(busy).get(
        f"/office/{busy.slug}/turnover/export?kind=xlsx&by={by}", buffered=True, headers=ENGLISH
    )
    assert list(sheets.read_xlsx(answer.data)) == rows
    total = dict(zip(rows[0], rows[-1], strict=True))
    assert (total["Came in"], total["Sold"], total["Closing stock"], total["Cost of goods"]) == ("5", "2", "3", "14.00")
    shown = page(busy, f"?by={by}")
    assert all(f">{cell}<" in shown for cell in ("5", "2", "3"))


@on_one_engine
def test_a_figure_opens_its_codes_and_their_orders(busy: Shop) -> None:
    (link,) = set(re.findall(r'href="[^"]*/turnover/codes\?([^"]*moved=sold[^"]*sku=[^"]*)"', page(busy)))
    rows = page(busy, f"/codes?{link.replace('&amp;', '&')}")
    assert rows.count("/orders/ord_") == 2


@on_one_engine
def test_an_empty_shop_says_so(shop: Shop) -> None:
    assert "Nothing was in stock" in page(shop)
    assert "No code counts here" in page(shop, "/codes?moved=nonsense")


@on_one_engine
def test_days_that_are_none_are_the_last_month(busy: Shop) -> None:
    assert ">5<" in page(busy, "?first=yesterday&last=2999-01-01&by=nothing")


@on_one_engine
def test_the_chart_stands_below_a_round_figure_and_says_its_weeks(busy: Shop) -> None:
    shown = page(busy)
    scale = re.search(r'<div class="chart-scale[^>]*>(.*?)</div>', shown, re.DOTALL)
    assert scale
    assert re.findall(r"\d+", scale.group(1)) == ["6", "3", "0"]
    assert ": 5 in, 2 sold</title>" in shown
    assert shown.count('<rect class="bar-in"') == shown.count('<th scope="row">2') >= 5


@on_one_engine
def test_weeks_without_anything_have_no_chart(shop: Shop) -> None:
    batch = shop.codes(5, cost=700)
    old = clock.now() - timedelta(days=90)
    shop.write(lambda: db.changed(update(Batch).where(Batch.id == batch.id).values(created_at=old)))
    shown = page(shop)
    assert ">5<" in shown
    assert "Nothing came in and nothing was sold" in shown
    assert "<rect" not in shown


@pytest.mark.parametrize(
    ("count", "top"),
    [(1, 2), (2, 2), (5, 6), (8, 8), (9, 10), (11, 12), (17, 20), (81, 100), (101, 120), (1003, 1200), (9999, 10000)],
)
def test_the_top_of_the_chart_is_round_and_so_is_its_half(count: int, top: int) -> None:
    assert round_above(count) == top


def test_no_round_figure_is_below_what_it_shows() -> None:
    tops = {count: round_above(count) for count in range(1, 20_000)}
    assert all(count <= top <= 2 * count and top % 2 == 0 for count, top in tops.items())


@on_one_engine
def test_a_figure_opens_the_uses_of_shared_codes(shop: Shop) -> None:
    sku = variant(shop, Source.SHARED)
    share(shop, sku, 7)
    assert shop.pay(shop.place(2, sku=sku))
    (link,) = set(re.findall(r'href="[^"]*/turnover/codes\?([^"]*moved=closing[^"]*sku=[^"]*)"', page(shop)))

    shown = page(shop, f"/codes?{link.replace('&amp;', '&')}")

    assert re.search(r"turnover-uses-table.*<td class=\"num\" data-label=\"Uses\">5</td>", shown, re.DOTALL)
    assert "No code counts here" not in shown
