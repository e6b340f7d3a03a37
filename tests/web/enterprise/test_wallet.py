"""The wallet shows each batch with its states; every figure opens its rows, and the file says the same."""

import csv
import io
import re

import pytest

from app.companies.models import Role
from app.kit import clock, sheets
from app.kit.events import SYSTEM
from app.kit.ids import public
from app.refunds import service as refunds
from tests.companies.firm import Firm, make_firm
from tests.engines import on_one_engine
from tests.make import Browser, Shop


def text(browser: Browser, path: str, status: int = 200, **more: object) -> str:
    answer = browser.get(path, **more)
    assert answer.status_code == status, (path, answer.status_code, answer.get_data(as_text=True)[-2000:])
    return str(answer.get_data(as_text=True))


def home(firm: Firm) -> str:
    return f"/enterprise/{firm.shop.slug}"


@on_one_engine
@pytest.mark.parametrize("lang", ["zh", "en"])
def test_every_page_of_the_surface_opens_empty_and_full(firm: Firm, lang: str) -> None:
    member = firm.browser()
    pages = ["/", "/orders/new", "/balance", "/members", "/account", "/redeem", "/companies"]
    for path in pages:
        assert text(member, f"{home(firm)}{path}?lang={lang}").count("<h1") == 1, path
    firm.shop.codes(4)
    firm.top_up(10_000)
    order = firm.order(3)

    for path in [*pages, f"/batches/{public('ord', order.id)}"]:
        assert text(member, f"{home(firm)}{path}?lang={lang}").count("<h1") == 1, path


def test_the_wallet_counts_what_the_rows_show(firm: Firm) -> None:
    firm.shop.codes(5)
    firm.top_up(20_000)
    order = firm.order(4)
    batch = f"{home(firm)}/batches/{public('ord', order.id)}"
    member = firm.browser(Role.VIEWER)

    wallet = text(member, f"{home(firm)}/?lang=en")
    ready = text(member, f"{batch}?status=ready&lang=en")

    assert f'href="{batch}?status=ready"' in wallet
    assert ready.count("<tr>") == 4 + 1
    assert 'tally-value">4<' in wallet
    assert "No code matches" in text(member, f"{batch}?status=redeemed&lang=en")


def test_the_wallet_shows_nothing_of_another_company(firm: Firm) -> None:
    firm.shop.codes(3)
    firm.top_up(20_000)
    order = firm.order(2)
    stranger = make_firm(firm.shop, "Other").browser()

    assert order.number[:4] not in re.sub(r"\d{2}-\d{2}", "", text(stranger, f"/enterprise/{firm.shop.slug}/?lang=en"))
    for path in ("", "/export.csv", "/export.xlsx"):
        text(stranger, f"{home(firm)}/batches/{public('ord', order.id)}{path}", 404)


def test_what_was_taken_back_stands_in_the_wallet_as_that(firm: Firm) -> None:
    firm.shop.codes(3)
    firm.top_up(20_000)
    order = firm.order(2)
    firm.shop.write(lambda: refunds.refund(order.id, reason="", now=clock.now(), by=SYSTEM))

    page = text(firm.browser(), f"{home(firm)}/?lang=en")

    assert "status=revoked" in page
    assert "status=ready" not in page


@pytest.mark.parametrize("kind", ["csv", "xlsx"])
def test_a_file_holds_what_the_page_shows_and_no_code(firm: Firm, kind: str) -> None:
    codes = [f"ABCD{number:012d}" for number in range(450)]
    firm.shop.imports("\n".join(codes))
    firm.top_up(2_000_000)
    order = firm.order(430)

    answer = firm.browser().get(f"{home(firm)}/batches/{public('ord', order.id)}/export.{kind}?lang=en", buffered=True)

    content = answer.get_data()
    rows = (
        list(csv.reader(io.StringIO(content.decode("utf-8-sig")))) if kind == "csv" else list(sheets.read_xlsx(content))
    )
    assert answer.headers["Cache-Control"] == "no-store"
    assert len(rows) == 431
    assert rows[0][:3] == ["Product", "Code", "Status"]
    assert {row[2] for row in rows[1:]} == {"Ready"}
    assert len({row[1] for row in rows[1:]}) == 430
    assert not any(code.encode() in content for code in codes)


@on_one_engine
def test_what_an_order_comes_to_is_told_before_it_is_placed(firm: Firm) -> None:
    firm.shop.codes(3)
    firm.top_up(4000)
    member = firm.browser()

    def told(quantity: str) -> str:
        asked = member.get(
            f"{home(firm)}/orders/new?lang=en&sku={firm.shop.sku}&quantity={quantity}",
            headers={"HX-Request": "true", "HX-Target": "due"},
        )
        html = asked.get_data(as_text=True)
        assert "<html" not in html
        return " ".join(re.sub(r"<[^>]+>", " ", html).split())

    assert "CN¥39.98" in told("2")
    assert "Balance afterwards CN¥0.02" in told("2")
    assert "Short by CN¥19.97" in told("3")
    for odd in ("0", "x", "", "99999999"):
        assert "Balance afterwards CN¥20.01" in told(odd) if not odd else "This order –" in told(odd)


@on_one_engine
def test_ordering_from_the_balance(firm: Firm) -> None:
    firm.shop.codes(3)
    firm.top_up(4000)
    member = firm.browser()
    page = f"{home(firm)}/orders/new"
    form = {"sku": firm.shop.sku, "quantity": "2", "idem": "one", "company": public("com", firm.id)}

    taken = member.post(f"{home(firm)}/orders", form, page=page)
    again = member.post(f"{home(firm)}/orders", form, page=page)
    short = member.post(f"{home(firm)}/orders?lang=en", form | {"idem": "two", "quantity": "1"}, page=page)
    odd = member.post(f"{home(firm)}/orders?lang=en", form | {"idem": "three", "quantity": "0"}, page=page)

    assert (taken.status_code, again.status_code) == (303, 303)
    assert taken.location == again.location
    assert firm.balance() == 2
    assert (short.status_code, odd.status_code) == (409, 422)
    assert "19.97 CNY short" in short.get_data(as_text=True)
    assert firm.balance() == 2


@on_one_engine
def test_the_form_of_a_company_spends_no_other_companys_money(firm: Firm) -> None:
    firm.shop.codes(3)
    firm.top_up(4000)
    member = firm.browser()
    form = {"sku": firm.shop.sku, "quantity": "1", "idem": "one", "company": public("com", make_firm(firm.shop).id)}

    answer = member.post(f"{home(firm)}/orders", form, page=f"{home(firm)}/orders/new")

    assert answer.status_code == 409
    assert firm.balance() == 4000


@on_one_engine
def test_the_balance_lists_what_moved_it(firm: Firm, shop: Shop) -> None:
    firm.shop.codes(2)
    firm.top_up(4000, "TT 2026-7")
    order = firm.order()

    page = text(firm.browser(Role.FINANCE), f"{home(firm)}/balance?lang=en")

    assert "TT 2026-7" in page
    assert "+CN¥40.00" in page
    assert "−CN¥19.99" in page
    assert f"/batches/{public('ord', order.id)}" in page
    assert "CN¥20.01" in page
