"""The bill of a day: yuan, each field behind a back-tick, packed, with its digest, to be had for thirty seconds."""

import gzip
import hashlib
import secrets
from collections.abc import Iterator
from datetime import date, datetime
from typing import Any

from simulators.wechat.book import Entry
from simulators.wechat.gateway import CHINA, Gateway
from simulators.wechat.refusals import Refusal

HEAD = (
    "交易时间,公众账号ID,商户号,特约商户号,设备号,微信订单号,商户订单号,用户标识,交易类型,交易状态,付款银行,货币种类,应结订单金额,"
    "代金券金额,微信退款单号,商户退款单号,退款金额,充值券退款金额,退款类型,退款状态,商品名称,商户数据包,手续费,费率,订单金额,"
    "申请退款金额,费率备注"
)
FOOT = "总交易单数,应结订单总金额,退款总金额,充值券退款总金额,手续费总金额,订单总金额,申请退款总金额"
SECONDS = 30
READY_HOUR = 10
KINDS = ("ALL", "SUCCESS", "REFUND")
TYPES = {"native": "NATIVE", "h5": "MWEB", "jsapi": "JSAPI"}


def ask(gateway: Gateway, asked: dict[str, str], origin: str) -> dict[str, Any]:
    """Return where the bill of a day can be had."""
    try:
        day = date.fromisoformat(asked.get("bill_date", ""))
    except ValueError:
        raise Refusal("PARAM_ERROR", "bill_date") from None
    if asked.get("bill_type", "ALL") not in KINDS or asked.get("tar_type", "") not in ("", "GZIP"):
        raise Refusal("PARAM_ERROR", "bill_type")
    now = datetime.fromtimestamp(gateway.clock(), CHINA)
    if (now.date() - day).days < 1 or ((now.date() - day).days == 1 and now.hour < READY_HOUR):
        raise Refusal("STATEMENT_CREATING")
    bill = written(gateway, day)
    if not bill:
        raise Refusal("NO_STATEMENT_EXIST")
    token = secrets.token_urlsafe(16)
    packed = "GZIP" if asked.get("tar_type") else ""
    gateway.book.put("bill", token, {"day": day.isoformat(), "at": gateway.clock(), "packed": packed})
    digest = hashlib.sha1(bill, usedforsecurity=False).hexdigest()
    url = f"{origin}/v3/billdownload/file?token={token}"
    return {"hash_type": "SHA1", "hash_value": digest, "download_url": url}


def fetch(gateway: Gateway, token: str) -> bytes:
    """Return the file behind an address, while it may be had."""
    entry = gateway.book.find("bill", token)
    if entry is None or gateway.clock() - entry["at"] > SECONDS:
        raise Refusal("INVALID_REQUEST", "下载地址已失效")
    bill = written(gateway, date.fromisoformat(entry["day"]))
    return gzip.compress(bill) if entry["packed"] else bill


def written(gateway: Gateway, day: date) -> bytes:
    """Return the bill of a day, or nothing when nothing happened then."""
    paid = [one for one in gateway.book.all("order") if "paid_at" in one and _day(one["paid_at"]) == day]
    back = [one for one in gateway.book.all("refund") if _day(one["asked_at"]) == day]
    if not paid and not back:
        return b""
    rows = [*map(_payment, paid), *(_refund(gateway, one) for one in back)]
    return "".join(f"{line}\r\n" for line in _lines(rows, paid, back)).encode("utf-8-sig")


def _lines(rows: list[list[str]], paid: list[Entry], back: list[Entry]) -> Iterator[str]:
    total = sum(one["wish"]["amount"]["total"] for one in paid)
    given = sum(one["wish"]["amount"]["refund"] for one in back)
    yield HEAD
    yield from (_ticked(row) for row in rows)
    yield FOOT
    yield _ticked([str(len(rows)), yuan(total), yuan(given), "0.00", "0.00000", yuan(total), yuan(given)])


def yuan(fen: int) -> str:
    """Return an amount as bills write it."""
    return f"{fen // 100}.{fen % 100:02d}"


def _ticked(row: list[str]) -> str:
    return ",".join(f"`{cell}" for cell in row)


def _day(at: float) -> date:
    return datetime.fromtimestamp(at, CHINA).date()


def _payment(order: Entry) -> list[str]:
    wish, total = order["wish"], yuan(order["wish"]["amount"]["total"])
    head = _head(order, order["paid_at"], wish["appid"], wish["mchid"])
    kind = [TYPES[order["product"]], "SUCCESS", order["bank_type"], "CNY", total, "0.00"]
    return [
        *head,
        *kind,
        "0",
        "0",
        "0.00",
        "0.00",
        "",
        "",
        wish["description"],
        "",
        "0.12000",
        "0.60%",
        total,
        "0.00",
        "",
    ]


def _refund(gateway: Gateway, refund: Entry) -> list[str]:
    order = gateway.book.find("order", refund["out_trade_no"])
    assert order
    wish, given = order["wish"], yuan(refund["wish"]["amount"]["refund"])
    head = _head(order, refund["asked_at"], wish["appid"], wish["mchid"])
    kind = [TYPES[order["product"]], "REFUND", order["bank_type"], "CNY", "0.00", "0.00"]
    numbers = [refund["refund_id"], refund["wish"]["out_refund_no"], given, "0.00", "ORIGINAL", refund["ends"]]
    return [*head, *kind, *numbers, wish["description"], "", "-0.12000", "0.60%", "0.00", given, ""]


def _head(order: Entry, at: float, appid: str, mchid: str) -> list[str]:
    when = datetime.fromtimestamp(at, CHINA).strftime("%Y-%m-%d %H:%M:%S")
    return [when, appid, mchid, "0", "", order["transaction_id"], order["out_trade_no"], order["openid"]]
