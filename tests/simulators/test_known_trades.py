"""The gateway pays back what was paid before it began, once it is told."""

import json

from simulators.test_gateway.trades import Trades
from simulators.test_gateway.wire import Wish

PAID = {
    "merchant_no": "demo",
    "out_trade_no": "T1",
    "trade_no": "TG1",
    "amount": 1500,
    "currency": "CNY",
    "status": "paid",
    "paid_at": "2026-11-20T10:00:00Z",
}


def test_a_trade_that_it_was_told_of_is_paid_and_can_go_back():
    trades = Trades()

    trades.remember([PAID])

    known = trades.find_order("demo", "T1")
    assert known is not None
    assert (known.status, known.paid_at, known.amount) == ("paid", PAID["paid_at"], 1500)
    assert trades.repay(Wish("demo", "T1", "R1", 1500, "CNY"), at=1) is not None
    assert trades.repay(Wish("demo", "T1", "R2", 1, "CNY"), at=1) is None  # no more is there


def test_being_told_twice_changes_nothing(tmp_path):
    file = str(tmp_path / "gateway.db")
    Trades(file).remember([PAID])
    trades = Trades(file)
    trades.repay(Wish("demo", "T1", "R1", 1000, "CNY"), at=1)

    trades.remember(json.loads(json.dumps([PAID | {"amount": 9999}])))

    known = trades.find_order("demo", "T1")
    assert known is not None
    assert known.amount == 1500
    assert trades.count_refunded(known) == 1000
