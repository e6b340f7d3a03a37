"""The test gateway as buyers and shops use it: page, payment, notice, query, restart."""

import hashlib
import hmac
import html
import json
import re
import threading
import time
from pathlib import Path
from urllib.parse import urlencode

import pytest

from simulators.test_gateway.notices import Notice, Posting
from tests.simulators.till import MERCHANT, SECRET, Shop, Till, served, sign


def test_a_signed_start_shows_a_marked_page_with_amount_subject_and_order(till: Till) -> None:
    page = till.open()

    assert page.status == 200
    assert page.state == "waiting"
    for words in ("测试支付", "Test payment", "¥19.99", "CNY", "tdr_0001", "确认支付 / Pay", "取消 / Cancel"):
        assert words in page.text
    assert html.escape("星幣 500 & <b>bonus</b> 50%") in page.text
    assert "<script" not in page.text
    assert "style=" not in page.text


def test_pages_are_closed_to_frames_scripts_and_caches(till: Till, shop: Shop) -> None:
    headers = till.open().headers

    policy = headers["Content-Security-Policy"]
    assert policy.startswith("default-src 'none'; style-src 'self'")
    assert "frame-ancestors 'none'" in policy
    assert policy.endswith(f"form-action 'self' {shop.url}")
    assert headers["Cache-Control"] == "no-store"
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert "'unsafe" not in policy
    style = till.get("/style.css")
    assert (style.status, style.headers["Content-Type"]) == (200, "text/css; charset=utf-8")


def test_paying_tells_the_shop_and_sends_the_buyer_back(till: Till, shop: Shop) -> None:
    back = till.pay(till.open())

    assert (back.status, back.headers["Location"]) == (303, f"{shop.url}/o/abc?from=pay&n=1")
    (notice,) = shop.told()
    trade_no, paid_at = notice.pop("trade_no"), notice.pop("paid_at")
    assert notice == {
        "merchant_no": MERCHANT,
        "out_trade_no": "tdr_0001",
        "amount": 1999,
        "currency": "CNY",
        "status": "paid",
    }
    assert re.fullmatch(r"TG[0-9A-F]{24}", trade_no)
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", paid_at)


def test_the_notice_is_tried_before_the_buyer_is_sent_back(shop: Shop) -> None:
    shop.slow = 0.2
    with served(shop, patience=30) as till:
        till.pay(till.open())

        assert len(shop.notices) == 1


def test_a_slow_shop_holds_the_buyer_300_ms_at_most(till: Till, shop: Shop) -> None:
    shop.slow = 3
    page = till.open()

    began = time.monotonic()
    back = till.pay(page)

    assert back.status == 303
    assert 0.25 < time.monotonic() - began < 2.5
    shop.told()


def test_paying_twice_is_one_trade_and_one_notice(till: Till, shop: Shop) -> None:
    page = till.open()

    first, second = till.pay(page), till.pay(page)

    assert (first.status, first.headers["Location"]) == (second.status, second.headers["Location"])
    time.sleep(0.1)
    assert len(shop.notices) == 1


def test_ten_hasty_clicks_are_one_notice(till: Till, shop: Shop) -> None:
    page = till.open()
    clicks = [threading.Thread(target=till.pay, args=(page,)) for _ in range(10)]

    for click in clicks:
        click.start()
    for click in clicks:
        click.join()

    time.sleep(0.1)
    assert len(shop.told()) == 1


def test_a_paid_trade_says_so_and_links_back(till: Till, shop: Shop) -> None:
    till.pay(till.open())

    page = till.open()

    assert (page.status, page.state) == (200, "paid")
    assert "已经付过" in page.text
    assert "Already paid" in page.text
    assert f'href="{html.escape(shop.url)}/o/abc?from=pay&amp;n=1"' in page.text
    assert "<form" not in page.text


def test_a_cancelled_trade_tells_nobody_and_cannot_be_paid_from_the_old_page(till: Till, shop: Shop) -> None:
    page = till.open()

    back = till.pay(page, "cancel")

    assert (back.status, back.headers["Location"]) == (303, f"{shop.url}/o/abc?from=pay&n=1")
    late = till.pay(page)
    assert (late.status, late.state) == (409, "cancelled")
    assert "Cancelled" in late.text
    assert till.ask()["status"] == "cancelled"
    assert shop.notices == []


def test_the_back_button_does_not_reopen_a_cancelled_trade_but_a_later_start_does(till: Till, shop: Shop) -> None:
    old = str(int(time.time()) - 60)
    till.pay(till.open(timestamp=old), "cancel")

    assert till.open(timestamp=old).state == "cancelled"
    again = till.open()

    assert again.state == "waiting"
    assert till.pay(again).status == 303
    assert len(shop.told()) == 1


def test_a_paid_trade_cannot_be_cancelled(till: Till) -> None:
    page = till.open()
    till.pay(page)

    late = till.pay(page, "cancel")

    assert (late.status, late.state) == (409, "paid")
    assert till.ask()["status"] == "paid"


def test_merchants_do_not_share_order_numbers(till: Till) -> None:
    till.open()
    other = till.wish(merchant_no="7002", amount="500")
    key = hmac.new(SECRET.encode(), b"merchant:7002", hashlib.sha256).hexdigest().encode()
    text = "&".join(f"{name}={other[name]}" for name in sorted(other))

    page = till.get(f"/pay?{urlencode(other | {'sign': sign(text.encode(), key)})}")

    assert page.status == 200
    assert "¥5.00" in page.text


@pytest.mark.parametrize(
    "answer", [(500, b"success"), (200, b"success\n"), (200, b"SUCCESS"), (200, b""), (204, b""), (302, b"success")]
)
def test_the_notice_comes_again_until_the_shop_says_success(till: Till, shop: Shop, answer: tuple[int, bytes]) -> None:
    shop.answers = [answer, answer]

    assert till.pay(till.open()).status == 303

    notices = shop.told(3)
    time.sleep(0.1)
    assert len(shop.notices) == 3
    assert notices[0] == notices[1] == notices[2]


def test_ten_tries_are_the_last(till: Till, shop: Shop) -> None:
    shop.answers = [(500, b"no")] * 20

    till.pay(till.open())

    shop.told(10)
    time.sleep(0.2)
    assert len(shop.notices) == 10


def test_a_shop_that_is_down_still_gets_its_buyer_back(till: Till, shop: Shop) -> None:
    back = till.pay(till.open(notify_url="http://127.0.0.1:9/hooks"))

    assert (back.status, back.headers["Location"]) == (303, f"{shop.url}/o/abc?from=pay&n=1")
    assert till.ask()["status"] == "paid"


def test_the_query_follows_the_trade(till: Till) -> None:
    assert till.ask() == {
        "merchant_no": MERCHANT,
        "out_trade_no": "tdr_0001",
        "status": "unknown",
        "trade_no": None,
        "amount": None,
        "currency": None,
        "paid_at": None,
    }
    page = till.open()
    assert (till.ask()["status"], till.ask()["paid_at"]) == ("waiting", None)

    till.pay(page)

    answer = till.ask()
    assert (answer["status"], answer["amount"], answer["currency"]) == ("paid", 1999, "CNY")
    assert answer["trade_no"] in page.form[0]
    assert answer["paid_at"].endswith("Z")


def test_the_process_says_it_is_alive(till: Till) -> None:
    answer = till.get("/healthz")

    assert (answer.status, json.loads(answer.text)) == (200, {"status": "ok"})


def test_a_faulty_gateway_is_only_another_plan(shop: Shop) -> None:
    def twice_and_short(notice: Notice) -> list[Posting]:
        short = Notice(notice.trade_no, notice.url, notice.key, notice.body.replace(b"1999", b"1"))
        return [Posting(0.1, notice), Posting(0, short), Posting(0.2, notice)]

    with served(shop, plan=twice_and_short) as till:
        till.pay(till.open())

        assert [notice["amount"] for notice in shop.told(3)] == [1, 1999, 1999]


def test_a_silent_gateway_still_sends_the_buyer_back(shop: Shop) -> None:
    with served(shop, plan=lambda notice: []) as till:
        assert till.pay(till.open()).status == 303

        assert shop.notices == []


def test_a_restart_keeps_the_trades_and_goes_on_telling(shop: Shop, tmp_path: Path) -> None:
    path = str(tmp_path / "trades.db")
    shop.answers = [(500, b"no")]
    with served(shop, path=path, delays=(60,)) as till:
        till.pay(till.open())
        till.open(out_trade_no="tdr_0002")

    with served(shop, path=path) as till:
        notices = shop.told(2)

        assert notices[0] == notices[1]
        assert till.open().state == "paid"
        assert till.pay(till.open(out_trade_no="tdr_0002")).status == 303


def test_an_acknowledged_notice_is_not_told_again_after_a_restart(shop: Shop, tmp_path: Path) -> None:
    path = str(tmp_path / "trades.db")
    with served(shop, path=path) as till:
        till.pay(till.open())

    with served(shop, path=path):
        time.sleep(0.2)

    assert len(shop.notices) == 1
