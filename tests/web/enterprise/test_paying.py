"""A member tops the balance up, or pays what it lacks, at the same cashier as any buyer; the page follows by itself."""

import re
from typing import Any

import pytest

from app.companies.models import Role
from app.kit.ids import from_public, public
from app.orders import queries as orders
from app.orders.models import Order
from tests.companies.firm import Firm, make_firm
from tests.make import Browser
from tests.payments.market import Market
from tests.payments.market import market as market
from tests.people import signed_in

on_one_engine = pytest.mark.parametrize("engine", ["sqlite"], indirect=True)


def text(browser: Browser, path: str, status: int = 200, **more: object) -> str:
    answer = browser.get(path, **more)
    assert answer.status_code == status, (path, answer.status_code, answer.get_data(as_text=True)[-2000:])
    return str(answer.get_data(as_text=True))


def plain(html: str) -> str:
    """Return the words of a page, without its marks."""
    return " ".join(re.sub(r"<[^>]+>", "", html).split()).replace("+ ", "+")


def send(browser: Browser, path: str, form: dict[str, str] | None = None) -> Any:
    """Send a form with a token of a page of its surface."""
    surface, shop = path.split("/")[1:3]
    page = f"/enterprise/{shop}/balance/top-up" if surface == "enterprise" else path.rsplit("/", 1)[0]
    return browser.post(path, form or {}, page=page)


def home(firm: Firm) -> str:
    return f"/enterprise/{firm.shop.slug}"


def order_at(firm: Firm, url: str) -> Order:
    number = from_public("ord", url.rsplit("/", 1)[1])
    return firm.shop.read(lambda: orders.get(number))


@on_one_engine
def test_a_finance_member_tops_up_and_sees_the_balance_follow(market: Market, firm: Firm) -> None:
    member, stranger = firm.browser(Role.FINANCE), make_firm(firm.shop).browser()
    assert "Top up" in text(member, f"{home(firm)}/balance?lang=en")
    form = {"amount": "50.00", "idem": "form", "company": public("com", firm.id)}

    assert send(member, f"{home(firm)}/balance/top-ups", form | {"amount": "0"}).status_code == 422
    page = send(member, f"{home(firm)}/balance/top-ups", form).headers["Location"]
    assert send(member, f"{home(firm)}/balance/top-ups", form).headers["Location"] == page
    found = order_at(firm, page)
    asked = text(member, f"{page}?lang=en")
    assert 'name="method"' in asked
    assert "¥50.00" in asked
    assert text(stranger, page, 404)
    assert send(stranger, f"{page}/starts", {"method": public("pay", firm.shop.method_id)}).status_code == 404

    gone = send(member, f"{page}/starts", {"method": public("pay", firm.shop.method_id)})
    market.bank.visit(gone.headers["Location"])
    assert 'data-follow="often"' in text(member, page)
    assert member.get(f"{page}/qr.png").mimetype == "image/png"
    assert member.get(f"{page}/status?v=started").status_code == 204
    assert market.pay(gone.headers["Location"])
    market.bring()

    news = member.get(f"{page}/status?v=started&lang=en", headers={"HX-Request": "true", "HX-Target": "payment"})
    assert "On the balance" in news.get_data(as_text=True)
    said = text(member, f"{home(firm)}/balance?lang=en")
    assert "+CN¥50.00" in plain(said)
    assert "Test" in said
    assert page in said
    assert text(member, f"{home(firm)}/batches/{public('ord', found.id)}", 404)
    assert "Top-up of a balance" in text(
        signed_in(firm.shop, firm.shop.owner), f"/office/{firm.shop.slug}/orders?lang=en"
    )


@on_one_engine
def test_what_the_balance_lacks_is_paid_another_way(market: Market, firm: Firm) -> None:
    firm.shop.codes(3)
    firm.top_up(1000)
    member = firm.browser()
    form = {"sku": firm.shop.sku, "quantity": "1", "idem": "form", "company": public("com", firm.id)}

    assert send(member, f"{home(firm)}/orders", form | {"paid_by": "balance"}).status_code == 409
    page = send(member, f"{home(firm)}/orders", form | {"paid_by": "rest", "idem": "other"}).headers["Location"]
    asked = text(member, f"{page}?lang=en")
    assert "CN¥10.00 of CN¥19.99" in plain(asked)
    assert "CN¥9.99" in plain(asked)
    assert firm.balance() == 0

    assert send(member, f"{page}/cancellation").status_code == 303
    assert firm.balance() == 1000
    assert "back on it" in text(member, f"{page}?lang=en")
    page = send(member, f"{home(firm)}/orders", form | {"paid_by": "rest", "idem": "third"}).headers["Location"]
    gone = send(member, f"{page}/starts", {"method": public("pay", firm.shop.method_id)}).headers["Location"]
    market.bank.visit(gone)
    assert market.pay(gone)
    assert send(member, f"{page}/check").status_code == 303  # no notice was brought: the gateway is asked

    assert "in the wallet" in text(member, f"{page}?lang=en")
    assert text(member, page.replace("/payments/", "/batches/"))
    assert firm.balance() == 0


@on_one_engine
def test_the_balance_pays_the_rest_as_soon_as_it_has_it(market: Market, firm: Firm) -> None:
    firm.shop.codes(3)
    firm.top_up(1000)
    member, finance = firm.browser(), firm.browser(Role.FINANCE)
    form = {"sku": firm.shop.sku, "quantity": "1", "idem": "form", "company": public("com", firm.id), "paid_by": "rest"}
    page = send(member, f"{home(firm)}/orders", form).headers["Location"]
    market.start(order_at(firm, page))
    own = {"company": public("com", firm.id)}
    assert send(member, f"{page}/from-balance", own).status_code == 409

    firm.top_up(400)
    assert "Take CN¥4.00 from the balance" in plain(text(member, f"{page}?lang=en"))
    firm.top_up(5000)
    assert "Pay CN¥9.99 from the balance" in plain(text(member, f"{page}?lang=en"))
    assert "from the balance</button>" not in text(finance, f"{page}?lang=en")
    assert send(finance, f"{page}/from-balance", own).status_code == 403
    assert send(member, f"{page}/from-balance", own).status_code == 303

    assert market.word(order_at(firm, page)) == "delivered"
    assert firm.balance() == 6400 - 1999


@on_one_engine
def test_the_office_says_where_the_parts_of_an_unpaid_order_are(market: Market, firm: Firm) -> None:
    firm.shop.codes(1)
    firm.top_up(1000)
    member, office = firm.browser(), signed_in(firm.shop, firm.shop.owner)
    form = {"sku": firm.shop.sku, "quantity": "1", "idem": "form", "company": public("com", firm.id), "paid_by": "rest"}
    split = order_at(firm, send(member, f"{home(firm)}/orders", form).headers["Location"])
    form = {"amount": "50.00", "idem": "form", "company": public("com", firm.id)}
    ahead = order_at(firm, send(member, f"{home(firm)}/balance/top-ups", form).headers["Location"])
    market.wait(minutes=16)

    page = f"/office/{firm.shop.slug}/orders"
    assert "is back on it; money that still arrives goes back" in text(
        office, f"{page}/{public('ord', split.id)}?lang=en"
    )
    assert "stock released" in text(office, f"{page}/{public('ord', split.id)}?lang=en")
    said = text(office, f"{page}/{public('ord', ahead.id)}?lang=en")
    assert "goes onto the balance" in said
    assert "stock" not in plain(said[said.index("What happened") :]).lower()


@on_one_engine
def test_staff_send_a_top_up_back(market: Market, firm: Firm) -> None:
    member, office = firm.browser(Role.FINANCE), signed_in(firm.shop, firm.shop.owner)
    form = {"amount": "50.00", "idem": "form", "company": public("com", firm.id)}
    found = order_at(firm, send(member, f"{home(firm)}/balance/top-ups", form).headers["Location"])
    page = f"/office/{firm.shop.slug}/orders/{public('ord', found.id)}"
    assert "not paid yet" in text(office, f"{page}?lang=en")
    market.buy(found)
    assert "on the balance" in text(office, f"{page}?lang=en")

    back = {"amount": "20.00", "reason": "asked for", "idem": "back"}
    assert send(office, f"{page}/top-up-refunds", back | {"amount": "60"}).status_code == 422
    assert send(office, f"{page}/top-up-refunds", back).status_code == 303
    assert send(office, f"{page}/top-up-refunds", back).status_code == 303
    market.work()

    assert (firm.balance(), market.kept) == (3000, 3000)
    assert "Partly refunded" in text(office, f"{page}?lang=en")
    assert "sent back" in text(member, f"{home(firm)}/balance?lang=en")
    market.assert_books()
