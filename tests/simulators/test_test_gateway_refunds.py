"""The test gateway giving money back and closing trades: once for each number, never more than was paid."""

import sqlite3
import threading
import time
from pathlib import Path
from urllib.parse import urlencode

import pytest

from tests.simulators.till import MERCHANT, Shop, Till, served, signed


@pytest.fixture
def paid(till: Till) -> Till:
    assert till.pay(till.open()).status == 303
    return till


# Refunds ---------------------------------------------------------------------------------------------------------


def test_what_was_paid_goes_back_whole_or_in_parts(paid: Till) -> None:
    first, second = paid.refund(1000), paid.refund(999, "ref_0002")

    assert (first[0], second[0]) == (200, 200)
    said = first[1]
    assert said.pop("refund_no").startswith("TR")
    assert said.pop("refunded_at").endswith("Z")
    assert said == {
        "merchant_no": MERCHANT,
        "out_trade_no": "tdr_0001",
        "out_refund_no": "ref_0001",
        "status": "refunded",
        "amount": 1000,
        "currency": "CNY",
    }
    assert paid.ask()["status"] == "paid"


def test_the_same_refund_again_is_the_same_answer_and_no_more_money(paid: Till) -> None:
    once = paid.refund(1999)

    assert [paid.refund(1999) for _ in range(3)] == [once] * 3
    assert paid.refund(1, "ref_0002")[1]["error"] == "refund_too_large"


def test_twenty_refunds_at_once_under_one_number_are_one(paid: Till) -> None:
    answers: list[tuple[int, str]] = []

    def ask() -> None:
        status, said = paid.refund(700)
        answers.append((status, said["refund_no"]))

    shops = [threading.Thread(target=ask) for _ in range(20)]
    for shop in shops:
        shop.start()
    for shop in shops:
        shop.join()

    assert len(answers) == 20
    assert len(set(answers)) == 1
    assert paid.refund(1300, "ref_0002")[1]["error"] == "refund_too_large"
    assert paid.refund(1299, "ref_0002")[0] == 200


@pytest.mark.parametrize("amounts", [(2000,), (1000, 1000), (1999, 1)])
def test_never_more_than_was_paid_goes_back(paid: Till, amounts: tuple[int, ...]) -> None:
    *_, last = [paid.refund(amount, f"ref_{number}") for number, amount in enumerate(amounts)]

    assert (last[0], last[1]["error"]) == (409, "refund_too_large")
    assert paid.refund_query(f"ref_{len(amounts) - 1}")["status"] == "unknown"


@pytest.mark.parametrize("change", [{"amount": "999"}, {"currency": "USD"}, {"out_trade_no": "tdr_0002"}])
def test_another_refund_under_a_used_number_is_refused(paid: Till, change: dict[str, str]) -> None:
    paid.pay(paid.open(out_trade_no="tdr_0002"))
    paid.refund(1000)

    assert paid.refund(**{"amount": "1000"} | change)[1]["error"] == "other_refund"
    assert paid.refund_query()["amount"] == 1000


def test_what_was_not_paid_cannot_go_back(till: Till) -> None:
    assert till.refund()[1]["error"] == "not_paid"
    till.open()
    assert till.refund()[1]["error"] == "not_paid"


def test_a_refund_is_in_the_currency_of_the_payment(paid: Till) -> None:
    status, said = paid.refund(100, currency="USD")

    assert (status, said["error"]) == (409, "wrong_currency")
    assert said["out_refund_no"] == "ref_0001"
    assert "USD" in said["message"]
    assert "USD" in said["message_zh"]


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"amount": "0"}, "bad_amount"),
        ({"amount": "1.5"}, "bad_amount"),
        ({"out_refund_no": "a" * 31}, "bad_out_refund_no"),
        ({"out_refund_no": ""}, "bad_out_refund_no"),
        ({"out_trade_no": "a b"}, "bad_out_trade_no"),
        ({"currency": "XXX"}, "unknown_currency"),
    ],
)
def test_a_refund_of_a_wrong_shape_is_refused(paid: Till, change: dict[str, str], error: str) -> None:
    assert paid.refund(**change)[1]["error"] == error


def test_a_shop_may_ask_what_became_of_a_refund(paid: Till) -> None:
    assert paid.refund_query() == {"merchant_no": MERCHANT, "out_refund_no": "ref_0001", "status": "unknown"}

    _, said = paid.refund(500)

    assert paid.refund_query() == said


# Closing ---------------------------------------------------------------------------------------------------------


def test_a_waiting_trade_closes_for_good(till: Till, shop: Shop) -> None:
    page = till.open()

    assert till.close()["status"] == "closed"

    late, again = till.pay(page), till.open()
    assert (late.status, late.refusal) == (again.status, again.refusal) == (409, "trade_closed")
    assert "tdr_0001" in late.text
    assert f'href="{shop.url}/o/abc?from=pay&amp;n=1"' in late.text
    assert till.close()["status"] == till.ask()["status"] == "closed"
    assert shop.notices == []


def test_a_trade_nobody_saw_can_be_closed_and_never_opens(till: Till) -> None:
    assert till.close()["status"] == "closed"

    assert till.ask()["status"] == "closed"
    assert till.open().refusal == "trade_closed"
    assert till.close()["status"] == "closed"
    assert till.open(out_trade_no="tdr_0002").state == "waiting"


def test_a_cancelled_trade_closes_too(till: Till) -> None:
    till.pay(till.open(timestamp=str(int(time.time()) - 60)), "cancel")

    assert till.close()["status"] == "closed"
    assert till.open().refusal == "trade_closed"


def test_a_paid_trade_stays_paid_and_says_so(paid: Till) -> None:
    assert paid.close() == paid.ask()
    assert paid.ask()["status"] == "paid"
    assert paid.refund()[0] == 200


def test_of_a_payment_and_a_closing_at_once_one_wins(till: Till) -> None:
    for number in range(10):
        name = f"tdr_race_{number}"
        page = till.open(out_trade_no=name)
        payer = threading.Thread(target=till.pay, args=(page,))
        payer.start()
        said = till.close(name)
        payer.join()

        assert said["status"] == till.ask(name)["status"]


def test_refunds_and_closings_outlive_a_restart(shop: Shop, tmp_path: Path) -> None:
    path = str(tmp_path / "trades.db")
    with served(shop, path=path) as till:
        till.pay(till.open())
        refunded = till.refund(1000)
        till.close("tdr_0002")

    with served(shop, path=path) as till:
        assert till.refund(1000) == refunded
        assert till.ask("tdr_0002")["status"] == "closed"
        assert till.refund(1000, "ref_0002")[1]["error"] == "refund_too_large"


def test_a_file_of_an_older_gateway_is_understood(shop: Shop, tmp_path: Path) -> None:
    path = str(tmp_path / "trades.db")
    with served(shop, path=path) as till:
        till.pay(till.open())
    with sqlite3.connect(path) as old:
        old.executescript("DROP VIEW standing; DROP TABLE refund; DROP TABLE closing")
    old.close()

    with served(shop, path=path) as till:
        assert till.ask()["status"] == "paid"
        assert till.refund()[0] == 200


# Who asks --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("method", "path"), [("POST", "/refund"), ("GET", "/refund_query"), ("POST", "/close")])
def test_a_question_nobody_signed_is_refused_unsigned(paid: Till, method: str, path: str) -> None:
    wish = {"merchant_no": MERCHANT, "timestamp": str(int(time.time())), "out_trade_no": "tdr_0001"}
    wish |= {} if path == "/close" else {"out_refund_no": "ref_0001"}
    wish |= {"amount": "1", "currency": "CNY"} if path == "/refund" else {}
    wish = wish if path != "/refund_query" else {name: wish[name] for name in wish if name != "out_trade_no"}

    forged = paid.ask_raw(method, path, urlencode(wish | {"sign": "0" * 64}))
    stale = paid.ask_raw(method, path, signed(wish | {"timestamp": "1700000000"}))
    strange = paid.ask_raw(method, path, signed(wish | {"more": "1"}))

    assert [answer.status for answer in (forged, stale, strange)] == [403, 403, 400]
    assert ['"bad_signature"' in forged.text, '"stale_timestamp"' in stale.text] == [True, True]
    assert all("Test-Gateway-Signature" not in answer.headers for answer in (forged, stale, strange))
    assert paid.refund_query()["status"] == "unknown"
    assert paid.get(path).status == 405 if method == "POST" else True
