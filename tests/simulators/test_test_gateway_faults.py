"""The test gateway being ill: each fault as a shop meets it, set from inside, from outside and by flags."""

import argparse
import json
import time
from collections.abc import Callable
from http.client import RemoteDisconnected

import pytest

from simulators.test_gateway.__main__ import fault as flag
from simulators.test_gateway.faults import read_flag
from tests.simulators.till import Answer, Shop, Till, eventually, sign, signed

QUESTION = {"merchant_no": "7001", "out_trade_no": "tdr_0001"}


def query(till: Till) -> Answer:
    return till.get(f"/query?{signed(QUESTION | {'timestamp': str(int(time.time()))})}")


def is_authentic(answer: Answer) -> bool:
    stamp = answer.headers["Test-Gateway-Timestamp"]
    return answer.headers["Test-Gateway-Signature"] == sign(f"{stamp}\n{answer.text}".encode())


def pay(till: Till, *numbers: str) -> None:
    for number in numbers or ("tdr_0001",):
        assert till.pay(till.open(out_trade_no=number)).status == 303


# Notices ---------------------------------------------------------------------------------------------------------


def test_a_late_notice_comes_after_the_buyer(till: Till, shop: Shop) -> None:
    till.faults.cause("late", seconds=0.6)

    pay(till)

    assert shop.notices == []
    assert till.ask()["status"] == "paid"
    assert len(shop.told()) == 1


def test_a_notice_comes_twice(till: Till, shop: Shop) -> None:
    till.faults.cause("twice")

    pay(till)

    first, second = shop.told(2)
    assert first == second


def test_notices_overtake_each_other(till: Till, shop: Shop) -> None:
    till.faults.cause("out_of_order", seconds=1)

    pay(till, "tdr_0001", "tdr_0002")

    assert [told["out_trade_no"] for told in shop.told(2)] == ["tdr_0002", "tdr_0001"]


def test_a_silent_gateway_tells_only_who_asks(till: Till, shop: Shop) -> None:
    till.faults.cause("silent")

    pay(till)

    time.sleep(0.1)
    assert shop.notices == []
    assert till.ask()["status"] == "paid"


def test_what_is_told_is_a_cent_short(till: Till, shop: Shop) -> None:
    till.faults.cause("short")

    pay(till)

    assert shop.told()[0]["amount"] == 1998
    assert (till.ask()["amount"], till.close()["amount"]) == (1998, 1998)


def test_only_the_notice_is_short(till: Till, shop: Shop) -> None:
    till.faults.cause("short", on="notice")

    pay(till)

    assert shop.told()[0]["amount"] == 1998
    assert till.ask()["amount"] == 1999


def test_a_notice_under_another_key_is_no_notice(till: Till, shop: Shop) -> None:
    till.faults.cause("forged", on="notice", times=1)

    pay(till, "tdr_0001", "tdr_0002")

    eventually(lambda: len(shop.notices) == 2)
    (body, stamp, given), (body_2, stamp_2, given_2) = shop.notices
    assert given != sign(f"{stamp}\n".encode() + body)
    assert given_2 == sign(f"{stamp_2}\n".encode() + body_2)


# Answers ---------------------------------------------------------------------------------------------------------


def test_a_forged_answer_is_signed_under_another_key(till: Till) -> None:
    till.faults.cause("forged", on="query", times=1)

    assert [is_authentic(query(till)) for _ in range(2)] == [False, True]


def test_a_gateway_that_is_down_answers_503_to_shops_and_buyers(till: Till) -> None:
    page = till.open()
    till.faults.cause("down")

    assert (query(till).status, till.open().status, till.pay(page).status) == (503, 503, 503)
    assert json.loads(query(till).text)["error"] == "unavailable"
    assert till.open().refusal == "unavailable"

    till.faults.clear()
    assert till.pay(page).status == 303


def test_a_gateway_that_is_unreachable_refuses_connections_and_comes_back(till: Till) -> None:
    page = till.open()
    till.faults.cause("unreachable", seconds=1)

    eventually(lambda: not _reaches(till))
    eventually(lambda: _reaches(till))

    assert till.pay(page).status == 303


def _reaches(till: Till) -> bool:
    try:
        return till.get("/healthz").status == 200
    except ConnectionRefusedError:
        return False
    except ConnectionError:  # caught at the moment when the door shut
        return True


@pytest.mark.parametrize("place", ["refund", "close", "query", "refund_query"])
def test_an_answer_gets_lost_after_the_work_is_done(till: Till, place: str) -> None:
    pay(till, "tdr_0001")
    till.faults.cause("lost", on=place, times=1)
    questions: dict[str, Callable[[], object]] = {
        "refund": till.refund,
        "close": lambda: till.close("tdr_0002"),
        "query": till.ask,
        "refund_query": till.refund_query,
    }
    ask = questions[place]

    with pytest.raises((RemoteDisconnected, ConnectionResetError)):
        ask()

    assert till.refund_query()["status"] == ("refunded" if place == "refund" else "unknown")
    assert till.ask("tdr_0002")["status"] == ("closed" if place == "close" else "unknown")
    ask()


def test_a_slow_answer_comes_in_the_end(till: Till) -> None:
    till.faults.cause("slow", seconds=0.5, times=1)

    began = time.monotonic()

    assert till.ask()["status"] == "unknown"
    assert time.monotonic() - began >= 0.5


def test_the_payment_page_shows_nothing_of_it(till: Till) -> None:
    well = till.open().text
    for name in ("late", "twice", "out_of_order", "silent", "short", "forged", "lost", "slow"):
        till.faults.cause(name)

    assert till.open().text == well


def test_a_fault_by_chance_happens_now_and_then(till: Till) -> None:
    till.faults.cause("forged", on="query", chance=0.5)

    assert {is_authentic(query(till)) for _ in range(60)} == {True, False}


# Asking for them -------------------------------------------------------------------------------------------------


def test_faults_are_set_from_outside_used_up_and_taken_away(till: Till) -> None:
    answer = till.ill({"name": "forged", "on": ["query"], "times": 2}, {"name": "slow", "seconds": 0})

    assert answer.status == 200
    assert not is_authentic(query(till))
    left = json.loads(till.get("/faults").text)["faults"]
    assert left[0] == {"name": "forged", "on": ["query"], "times": 1, "seconds": 2.0, "chance": 1.0}
    assert left[1]["on"] == ["close", "query", "refund", "refund_query"]

    assert json.loads(till.ill().text) == {"faults": []}
    assert is_authentic(query(till))


@pytest.mark.parametrize(
    "wish",
    [
        {"name": "tired"},
        {},
        "late",
        None,
        {"name": "late", "on": ["query"]},
        {"name": "late", "on": "refund"},
        {"name": "late", "on": None},
        {"name": "late", "on": [["notice"]]},
        {"name": "late", "seconds": -1},
        {"name": "late", "seconds": "5"},
        {"name": "late", "seconds": 1e9},
        {"name": "late", "times": 0},
        {"name": "late", "times": 1.5},
        {"name": "late", "times": True},
        {"name": "late", "chance": 2},
        {"name": "late", "often": 1},
    ],
)
def test_a_fault_that_does_not_exist_is_refused_and_changes_nothing(till: Till, wish: object) -> None:
    till.faults.cause("silent")

    answer = till.ill({"name": "twice"}, wish)  # type: ignore[arg-type]

    assert (answer.status, json.loads(answer.text)["error"]) == (400, "bad_fault")
    assert [fault.name for fault in till.faults.left] == ["silent"]


@pytest.mark.parametrize(
    "headers",
    [
        {"Content-Type": "text/plain"},
        {"Origin": "http://evil.example"},
        {"Host": "evil.example"},
        {"X-Forwarded-For": "127.0.0.1"},
    ],
)
def test_faults_are_not_for_pages_strangers_and_proxies(till: Till, headers: dict[str, str]) -> None:
    assert till.ill({"name": "silent"}, **headers).status in (400, 403)
    assert till.faults.left == ()


def test_a_flag_asks_for_a_fault() -> None:
    fault = read_flag("lost:on=refund+close,times=2,seconds=1.5")

    assert (fault.name, sorted(fault.on), fault.times, fault.seconds) == ("lost", ["close", "refund"], 2, 1.5)
    assert read_flag("late").on == {"notice"}
    with pytest.raises(argparse.ArgumentTypeError, match=r"out_of_order"):
        flag("tired")
