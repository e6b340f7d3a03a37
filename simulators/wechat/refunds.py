"""Giving back: taken at once, done later, once for each number."""

import secrets
from typing import Any

from simulators.wechat import wire
from simulators.wechat.book import Entry
from simulators.wechat.gateway import GAP_SECONDS, MOST_REFUNDS, YEAR_SECONDS, Gateway, moment
from simulators.wechat.notices import News
from simulators.wechat.refusals import Refusal

ENDS = {"abnormal": "ABNORMAL", "closed": "CLOSED", "pending": "PROCESSING"}
SUMMARIES = {"SUCCESS": "退款成功", "ABNORMAL": "退款异常", "CLOSED": "退款关闭"}


def repay(gateway: Gateway, body: bytes) -> dict[str, Any]:
    """Take a refund, or tell of the one that was asked for under this number."""
    wish = wire.read_refund(body)
    with gateway.book.page():
        known = gateway.book.find("refund", wish["out_refund_no"])
        if known:
            if known["wish"]["amount"] != wish["amount"]:
                raise Refusal("INVALID_REQUEST", "退款单号已用于另一笔退款")
            return stand(gateway, known)
        order = _order(gateway, wish)
        _check(gateway, order, wish)
        entry = _new(gateway, order, wish)
        gateway.book.put("refund", wish["out_refund_no"], entry)
        gateway.book.put("order", order["out_trade_no"], order | {"state": "REFUND"})
    if "notify_url" in wish and entry["ends"] != "PROCESSING":
        gateway.sender.send(lambda: _news(gateway, wish["out_refund_no"]), after=gateway.refund_seconds)
    return stand(gateway, entry)


def find(gateway: Gateway, number: str) -> dict[str, Any]:
    """Tell how a refund stands."""
    entry = gateway.book.find("refund", number)
    if entry is None:
        raise Refusal("RESOURCE_NOT_EXISTS")
    return stand(gateway, entry)


def stand(gateway: Gateway, entry: Entry) -> dict[str, Any]:
    """Return a refund as WeChat tells of it."""
    amount = {name: entry["wish"]["amount"][name] for name in ("total", "refund", "currency")}
    said = {
        "refund_id": entry["refund_id"],
        "out_refund_no": entry["wish"]["out_refund_no"],
        "transaction_id": entry["transaction_id"],
        "out_trade_no": entry["out_trade_no"],
        "channel": "ORIGINAL",
        "user_received_account": "支付用户零钱",
        "create_time": moment(entry["asked_at"]),
        "status": _status(gateway, entry),
        "amount": amount | {"payer_total": amount["total"], "payer_refund": amount["refund"]},
    }
    return said | ({"success_time": moment(entry["done_at"])} if said["status"] == "SUCCESS" else {})


def _status(gateway: Gateway, entry: Entry) -> str:
    ended: str = entry["ends"]
    return ended if gateway.clock() >= entry["done_at"] else "PROCESSING"


def _order(gateway: Gateway, wish: dict[str, Any]) -> Entry:
    if "transaction_id" in wish:
        found = gateway.book.find_by("order", "transaction_id", wish["transaction_id"])
    else:
        found = gateway.book.find("order", wish["out_trade_no"])
    if found is None or found["state"] not in ("SUCCESS", "REFUND"):
        raise Refusal("RESOURCE_NOT_EXISTS", "订单不存在")
    return found


def _check(gateway: Gateway, order: Entry, wish: dict[str, Any]) -> None:
    before = [one for one in gateway.book.all("refund") if one["out_trade_no"] == order["out_trade_no"]]
    alive = [one for one in before if one["ends"] != "CLOSED"]
    total, now = order["wish"]["amount"]["total"], gateway.clock()
    if wish["amount"]["total"] != total:
        raise Refusal("INVALID_REQUEST", "订单金额不一致")
    if sum(one["wish"]["amount"]["refund"] for one in alive) + wish["amount"]["refund"] > total:
        raise Refusal("INVALID_REQUEST", "退款金额大于支付金额")
    if now - order["paid_at"] > YEAR_SECONDS or len(before) >= MOST_REFUNDS:
        raise Refusal("INVALID_REQUEST", "订单已超过退款期限或次数")
    if any(now - one["asked_at"] < GAP_SECONDS * gateway.pace for one in before):
        raise Refusal("FREQUENCY_LIMITED", "同一订单退款间隔1分钟以上")
    if gateway.faults.strike("poor", "refund"):
        raise Refusal("NOT_ENOUGH")


def _new(gateway: Gateway, order: Entry, wish: dict[str, Any]) -> Entry:
    now = gateway.clock()
    return {
        "wish": wish,
        "out_trade_no": order["out_trade_no"],
        "transaction_id": order["transaction_id"],
        "refund_id": f"50{secrets.randbelow(10**26):026d}",
        "asked_at": now,
        "done_at": now + gateway.refund_seconds,
        "ends": next((end for fault, end in ENDS.items() if gateway.faults.strike(fault, "refund")), "SUCCESS"),
    }


def _news(gateway: Gateway, number: str) -> News | None:
    entry = gateway.book.find("refund", number)
    assert entry
    said = stand(gateway, entry) | {"mchid": gateway.keys.mchid}
    status = said.pop("status")
    if status == "PROCESSING":  # a clock that was stopped
        return None
    said["refund_status"] = status
    return News(f"RF-{number}", entry["wish"]["notify_url"], f"REFUND.{status}", SUMMARIES[status], said)
