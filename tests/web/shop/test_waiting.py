"""The waiting page asks for news: nothing while there is none, then the page as it is, and the codes by themselves."""

import html
import re
from datetime import timedelta
from typing import Any

import pytest

from app.catalog.models import Kind
from app.entitlements import queries as entitled
from app.kit import clock, events
from app.orders import queries as orders
from tests.make import Browser, Shop, make_product
from tests.payments.market import Market
from tests.web.shop.doors import Linked
from tests.web.shop.test_purchase import happened, latest, order_of, paid_order, shown_codes

PART = {"HX-Request": "true", "HX-Target": "order"}
ITSELF = 'hx-trigger="submit, load"'


def look(browser: Browser, page: str, state: str, **more: Any) -> Any:
    """Ask as the page asks that knows its order in `state`."""
    return browser.get(f"{page}/status?v={state}", headers=PART, **more)


def known(browser: Browser, page: str) -> str:
    """Return the state that a page asks news of, or nothing when it asks for none."""
    asks = re.search(r'hx-get="[^"]*/status\?v=(\w+)"', browser.get(page).get_data(as_text=True))
    return asks[1] if asks else ""


def test_while_nothing_changes_the_answer_is_empty(shop: Shop) -> None:
    dora = shop.client()
    shop.codes(1)
    page = str(order_of(shop, dora).location)

    answer = look(dora, page, known(dora, page))

    assert (answer.status_code, answer.data) == (204, b"")
    assert "HX-Request" in answer.vary
    assert answer.headers["Cache-Control"] == "no-store"


def test_when_it_was_paid_the_browser_that_paid_gets_a_masked_card_that_opens_itself(shop: Shop) -> None:
    dora = shop.client()
    page = paid_order(shop, dora)

    answer = look(dora, page, "started")

    text = answer.get_data(as_text=True)
    assert answer.status_code == 286
    assert text.lstrip().startswith('<div id="order"')
    assert shown_codes(text) == []
    assert ITSELF in text
    assert f'action="{page}/reveal"' in text  # without JavaScript it is one tap
    assert "code.revealed" not in happened(shop)


def test_the_form_that_sends_itself_shows_the_code_in_place(shop: Shop) -> None:
    dora = shop.client()
    page = paid_order(shop, dora)

    answer = dora.post(f"{page}/reveal", {}, page=page, headers=PART)

    text = answer.get_data(as_text=True)
    assert answer.status_code == 200
    assert answer.headers["Cache-Control"] == "no-store"
    assert len(shown_codes(text)) == 1
    assert "<html" not in text
    assert ITSELF not in text


@pytest.mark.parametrize(
    ("headers", "form", "proof"),
    [(PART, {"by": "itself"}, "itself"), (PART, {}, "device"), ({}, {"by": "itself"}, "device")],
    ids=["sent by the page", "tapped", "tapped without JavaScript"],
)
def test_a_look_of_the_page_is_recorded_as_such(
    shop: Shop, headers: dict[str, str], form: dict[str, str], proof: str
) -> None:
    dora = shop.client()
    page = paid_order(shop, dora)

    dora.post(f"{page}/reveal", form, page=page, headers=headers)

    (order,) = shop.read(lambda: orders.latest(1))
    (seen,) = shop.read(lambda: entitled.list_looks(entitled.list_of_order(order.id)))
    assert seen.proof == proof


@pytest.mark.parametrize("minutes", [29, 31])
def test_it_opens_itself_for_half_an_hour_after_the_payment(shop: Shop, minutes: int) -> None:
    dora = shop.client()
    page = paid_order(shop, dora)

    with clock.running(lambda: clock._system() + timedelta(minutes=minutes)):
        text = dora.get(page).get_data(as_text=True)

    assert (ITSELF in text) is (minutes < 30)
    assert f'action="{page}/reveal"' in text


def test_it_opens_itself_once(shop: Shop) -> None:
    dora = shop.client()
    page = paid_order(shop, dora)
    dora.post(f"{page}/reveal", {}, page=page)

    assert ITSELF not in dora.get(page).get_data(as_text=True)


def test_a_form_that_was_refused_does_not_send_itself_again(shop: Shop) -> None:
    dora = shop.client()
    page = paid_order(shop, dora)

    refused = dora.post(f"{page}/payments", {"method": "pay_none"}, page=page)

    assert refused.status_code >= 400
    assert ITSELF not in refused.get_data(as_text=True)


def test_any_other_browser_gets_the_form_that_asks_for_proof(shop: Shop) -> None:
    dora, stranger = shop.client(), shop.client()
    page = paid_order(shop, dora)

    text = look(stranger, page, "started").get_data(as_text=True)

    assert 'name="password"' in text
    assert ITSELF not in text
    assert shown_codes(text) == []


def test_in_a_browser_that_proved_itself_at_a_link_it_is_one_tap(shop: Shop) -> None:
    bought, phone = Linked(shop), shop.client()
    bought.prove(phone)

    text = phone.get(bought.address).get_data(as_text=True)

    assert f'action="{bought.address}/reveal"' in text
    assert ITSELF not in text
    assert ITSELF in bought.dora.get(bought.address).get_data(as_text=True)


def test_while_a_part_is_still_to_come_nothing_opens_itself(market: Market) -> None:
    """A code that was looked at would cost its buyer the refund of the whole order."""
    dora = market.shop.client()
    market.shop.codes(2)
    page = str(order_of(market.shop, dora, quantity="2").location)
    order = latest(market.shop)
    market.wait(minutes=20)
    assert market.shop.pay(market.shop.place(1))
    assert market.shop.pay(order)
    assert market.word(order) == "partially_delivered"

    text = dora.get(page).get_data(as_text=True)

    assert "/reveal" in text
    assert ITSELF not in text
    assert known(dora, page) == "partially_delivered"


def test_without_javascript_the_waiting_page_loads_itself_again(market: Market) -> None:
    dora = market.shop.client()
    market.shop.codes(1)
    page = str(order_of(market.shop, dora).location)
    before = dora.get(page).get_data(as_text=True)
    market.start(latest(market.shop))

    waiting = dora.get(page).get_data(as_text=True)

    assert 'http-equiv="refresh"' not in before
    assert f'<noscript><meta http-equiv="refresh" content="3; url={page}"></noscript>' in waiting
    assert known(dora, page) == "started"
    assert 'data-follow="often"' in waiting
    assert 'data-follow="again"' in before  # it was opened at the gateway in another tab, perhaps


def test_nobody_waits_for_an_order_that_is_done(shop: Shop) -> None:
    dora = shop.client()
    page = paid_order(shop, dora)

    assert known(dora, page) == ""
    assert "data-follow" not in dora.get(page).get_data(as_text=True)


def test_asking_for_news_shows_nobody_a_code_and_is_no_look(shop: Shop) -> None:
    dora = shop.client()
    page = paid_order(shop, dora)

    for state in ("started", "pending", "nonsense", ""):
        assert shown_codes(look(dora, page, state).get_data(as_text=True)) == []

    assert "code.revealed" not in happened(shop)
    assert look(dora, page, "delivered").status_code == 204


# The codes as a file -----------------------------------------------------------------------------------------------


def test_many_codes_come_as_a_file_and_that_is_a_look(shop: Shop) -> None:
    dora = shop.client()
    page = paid_order(shop, dora, 3)
    shown = shown_codes(dora.post(f"{page}/reveal", {}, page=page).get_data(as_text=True))

    file = dora.post(f"{page}/codes", {}, page=page, buffered=True)

    assert file.get_data(as_text=True) == "".join(f"{code}\r\n" for code in shown)
    assert file.mimetype == "text/plain"
    assert file.headers["Content-Disposition"] == f"attachment; filename*=UTF-8''{latest(shop).number}.txt"
    assert file.headers["Cache-Control"] == "no-store"
    assert file.headers["Referrer-Policy"] == "no-referrer"
    assert "noindex" in file.headers["X-Robots-Tag"]
    assert "Content-Encoding" not in file.headers
    order_id = latest(shop).id
    looks = [row for row in shop.read(lambda: events.timeline(order_id=order_id)) if row.name == "code.revealed"]
    assert len(looks) == 6


def test_who_cannot_prove_the_order_gets_no_file(shop: Shop) -> None:
    dora, stranger = shop.client(), shop.client()
    page = paid_order(shop, dora, 2)

    for typed in ({}, {"password": "AAAA-AAAA-AAAA"}):
        answer = stranger.post(f"{page}/codes", typed, page=page)
        assert answer.status_code == 422
        assert answer.mimetype == "text/html"
        assert shown_codes(answer.get_data(as_text=True)) == []
    assert dora.get(f"{page}/codes").status_code == 405
    assert "code.revealed" not in happened(shop)


def test_who_proved_the_order_at_a_link_can_save_there_too(shop: Shop) -> None:
    bought, phone = Linked(shop), shop.client()
    shown = codes_of(bought.dora.post(f"{bought.address}/reveal", {}, page=bought.address))
    bought.prove(phone)

    file = phone.post(f"{bought.address}/codes", {}, page=bought.url, buffered=True)

    assert file.get_data(as_text=True) == f"{shown[0]}\r\n"


def codes_of(answer: Any) -> list[str]:
    return shown_codes(answer.get_data(as_text=True))


# The card knows what a code consists of ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "file", "fields"),
    [
        (Kind.CODE, "code\nABCD-EFGH-2345-7Q2F", {"code": "ABCD-EFGH-2345-7Q2F"}),
        (Kind.CARD, "number,pin\n6222020011112222,904117", {"number": "6222020011112222", "pin": "904117"}),
        (Kind.ACCOUNT, "account,password\ndora,<b>&amp; 'x'", {"account": "dora", "password": "<b>&amp;'x'"}),
    ],
)
def test_each_field_of_a_code_can_be_copied_on_its_own(
    shop: Shop, kind: Kind, file: str, fields: dict[str, str]
) -> None:
    shop.sku = make_product(shop, kind=kind)
    shop.imports(file)
    dora = shop.client()
    page = str(order_of(shop, dora).location)
    assert shop.pay(latest(shop))
    masked = dora.get(page).get_data(as_text=True)

    text = dora.post(f"{page}/reveal", {}, page=page).get_data(as_text=True)

    assert all(value not in masked for value in fields.values())
    assert re.findall(r'data-field="(\w+)"', text) == list(fields)
    assert [html.unescape(code) for code in shown_codes(text)] == list(fields.values())
    targets = [target for target in re.findall(r'data-copy="#([\w-]+)"', text) if target != "order-number"]
    assert all(text.count(f'id="{target}"') == 1 for target in targets)
    assert targets == (["c-1-1-code"] if kind is Kind.CODE else [*(f"c-1-1-{name}" for name in fields), "all-codes"])


def test_of_very_many_codes_fifty_are_shown_and_all_can_be_copied(shop: Shop) -> None:
    dora = shop.client()
    page = paid_order(shop, dora, 60)

    text = dora.post(f"{page}/reveal", {}, page=page).get_data(as_text=True)

    assert len(shown_codes(text)) == 50
    everything = re.search(r'<pre id="all-codes"[^>]*>([^<]*)</pre>', text)
    assert everything
    assert len(set(everything[1].split("\n"))) == 60
    assert set(shown_codes(text)) < set(everything[1].split("\n"))
