"""Turnover in the office: the page, its files and the codes behind each figure say the same."""

import csv
import io
import re

import pytest

from app.kit import sheets
from tests import people
from tests.make import Shop

ENGLISH = {"Accept-Language": "en"}
on_one_engine = pytest.mark.parametrize("engine", ["sqlite"], indirect=True)


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
    assert "Nothing lay in stock" in page(shop)
    assert "No code counts here" in page(shop, "/codes?moved=nonsense")


@on_one_engine
def test_days_that_are_none_are_the_last_month(busy: Shop) -> None:
    assert ">5<" in page(busy, "?first=yesterday&last=2999-01-01&by=nothing")
