"""What the bills of the channels say: one shape for each, from the names of its columns to plain values."""

import csv
import unicodedata
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, timezone
from io import StringIO

from app.finance.errors import NotABill
from app.finance.models import LineKind
from app.kit.money import exponent

CHINA = timezone(timedelta(hours=8))  # all the year round
LONGEST = 128
Row = Mapping[str, str]


@dataclass(frozen=True)
class Told:
    """One line of a bill in plain values; amounts in minor units, `fee` below zero where some was given back."""

    ref: str
    kind: LineKind
    trade_no: str
    number: str
    amount: int
    currency: str
    fee: int | None = None
    at: datetime | None = None


@dataclass(frozen=True)
class Shape:
    """How the bills of one channel look: columns that must be there, and what a row says, if anything."""

    name: str
    columns: tuple[str, ...]
    read: Callable[[Row, str], Told | None]
    zone: timezone = CHINA
    by_number: bool = False  # its numbers of payments may be others than notices tell; ours decides then


def day_of(told: Told, shape: Shape) -> date | None:
    """Return the channel's day of a line."""
    return told.at.astimezone(shape.zone).date() if told.at else None


def shape_of(header: str, mapped: Mapping[str, str]) -> Shape | None:
    """Return the shape whose columns a line names; `mapped` says which column is what where none is known."""
    names = _names(header)
    known = next((shape for shape in SHAPES.values() if set(shape.columns) <= set(names)), None)
    return known or _plain(names, mapped)


def shape_named(name: str, header: str, mapped: Mapping[str, str]) -> Shape:
    """Return the shape of a bill that is being read."""
    shape = SHAPES.get(name) or _plain(_names(header), mapped)
    if shape is None:
        raise NotABill
    return shape


def entries(shape: Shape, header: str, text: str, currency: str) -> Iterator[Told]:
    """Yield what the records of a text say; sums at its end and remarks say nothing."""
    names = _names(header)
    for cells in csv.reader(StringIO(text), strict=False):
        row = dict.fromkeys(names, "") | dict(zip(names, (cell.strip(" \t`") for cell in cells), strict=False))
        if len(cells) >= len(shape.columns) and not cells[0].startswith("#"):
            told = shape.read(row, currency)
            if told is not None:
                yield told


def _names(header: str) -> list[str]:
    cells = next(csv.reader([header]), [])
    return [unicodedata.normalize("NFKC", cell).strip(" \t`\ufeff").casefold() for cell in cells]


def minor(text: str, currency: str) -> int | None:
    """Return an amount in minor units, rounded half up where it has more decimals; None for no amount."""
    plain = text.replace(",", "").replace("¥", "").strip()
    sign = -1 if plain.startswith("-") else 1
    whole, _, rest = plain.lstrip("+-").partition(".")
    if not (whole + rest).isascii() or not (whole + rest).isdigit() or len(whole) > 13 or not whole:
        return None
    places = exponent(currency)
    kept = int(whole + rest[:places].ljust(places, "0"))
    return sign * (kept + (rest[places : places + 1] >= "5"))


def _at(text: str, zone: timezone) -> datetime | None:
    try:
        return datetime.fromisoformat(text.strip().replace("/", "-")[:19]).replace(tzinfo=zone).astimezone(UTC)
    except ValueError:
        return None


def _fee(text: str, currency: str, kind: LineKind) -> int | None:
    """Return what a gateway kept: channels do not agree on its sign, but on a refund it only ever comes back."""
    fee = minor(text, currency)
    return None if fee is None else abs(fee) if kind is LineKind.PAYMENT else -abs(fee)


def _alipay(row: Row, currency: str) -> Told | None:
    kind = {"交易": LineKind.PAYMENT, "退款": LineKind.REFUND}.get(row["业务类型"])
    amount = minor(row["订单金额(元)"], "CNY")
    if kind is None or amount is None:
        return None
    trade, request = row["支付宝交易号"], row.get("退款批次号/请求号", "")
    number = request if kind is LineKind.REFUND else row["商户订单号"]
    fee = _fee(row.get("服务费(元)", ""), "CNY", kind)
    at = _at(row.get("完成时间", ""), CHINA)
    ref = _ref(kind, trade if kind is LineKind.PAYMENT else request or trade)
    return Told(ref, kind, trade, number, abs(amount), "CNY", fee, at)


def _wechat(row: Row, currency: str) -> Told | None:
    kind = {"SUCCESS": LineKind.PAYMENT, "REFUND": LineKind.REFUND}.get(row["交易状态"])
    if kind is None or row.get("退款状态") in ("FAIL", "CLOSED", "CHANGE"):
        return None
    coin = row.get("货币种类") or "CNY"
    paid = row.get("订单金额") or row["应结订单金额"]
    amount = minor(paid if kind is LineKind.PAYMENT else row.get("申请退款金额") or row["退款金额"], coin)
    if amount is None:
        return None
    trade, back = row["微信订单号"], row.get("商户退款单号", "")
    number = back if kind is LineKind.REFUND else row["商户订单号"]
    fee = _fee(row.get("手续费", ""), coin, kind)
    ref = _ref(kind, trade if kind is LineKind.PAYMENT else back or trade)
    return Told(ref, kind, trade, number, amount, coin, fee, _at(row["交易时间"], CHINA))


STRIPE_KINDS = {
    "charge": LineKind.PAYMENT,
    "payment": LineKind.PAYMENT,
    "refund": LineKind.REFUND,
    "payment_refund": LineKind.REFUND,
}


def _stripe(row: Row, currency: str) -> Told | None:
    """Read a line of Stripe's balance: as its page exports it, or as its itemised report says."""
    number = row.get("balance_transaction_id") or row.get("id", "")
    kind = STRIPE_KINDS.get((row.get("reporting_category") or row.get("type", "")).casefold(), LineKind.OTHER)
    settled = row["currency"].upper()
    coin = (row.get("customer facing currency") or row.get("customer_facing_currency") or settled).upper()
    facing = row.get("customer facing amount") or row.get("customer_facing_amount")
    amount = minor(facing or row.get("gross") or row.get("amount", ""), coin)
    if amount is None or not number:
        return None
    trade = row.get("payment_intent_id") or row.get("charge_id") or row.get("source_id") or row.get("source", "")
    ours = row.get("client_reference_id") or row.get("number (metadata)") or row.get("trade (metadata)") or ""
    fee = minor(row["fee"], settled) if coin == settled else None
    at = _at(row.get("created_utc") or row.get("created (utc)", ""), UTC)
    return Told(f"stripe:{number}"[:LONGEST], kind, trade, ours, abs(amount), coin, fee, at)


# What a plain table may call its columns; the shop can say it itself.
FIELDS: Mapping[str, tuple[str, ...]] = {
    "number": ("out_trade_no", "商户订单号", "商家订单号", "merchant order", "order"),
    "trade_no": ("trade_no", "平台订单号", "系统订单号", "交易号", "订单号", "trade number"),
    "amount": ("money", "金额", "订单金额", "支付金额", "实付金额", "amount"),
    "fee": ("fee", "手续费", "服务费"),
    "at": ("endtime", "addtime", "支付时间", "完成时间", "时间", "paid at", "time"),
    "kind": ("kind", "业务类型", "类型"),
    "refund_no": ("out_refund_no", "refund_no", "商户退款单号", "退款单号"),
}
REFUNDS = ("refund", "退款")
NEEDED = ("number", "amount")


def _plain(names: Sequence[str], mapped: Mapping[str, str]) -> Shape | None:
    """Return the shape of a table whose columns are named by somebody, or go by usual names."""
    found = {}
    for field, usual in FIELDS.items():
        said = unicodedata.normalize("NFKC", mapped.get(field, "")).strip().casefold()
        wanted = (said,) if said else usual
        name = next((one for one in wanted if one in names), None)
        if name is not None:
            found[field] = name
    if any(field not in found for field in NEEDED):
        return None

    def read(row: Row, currency: str) -> Told | None:
        def say(field: str) -> str:
            return row.get(found.get(field, ""), "")

        amount = minor(say("amount"), currency)
        if amount is None or not (say("number") or say("trade_no")):
            return None
        back = amount < 0 or any(word in say("kind").casefold() for word in REFUNDS)
        kind = LineKind.REFUND if back else LineKind.PAYMENT
        trade = say("trade_no") or say("number")
        number = say("refund_no") if back else say("number")
        fee = _fee(say("fee"), currency, kind)
        ref = _ref(kind, trade if kind is LineKind.PAYMENT else number or trade)
        return Told(ref, kind, trade, number, abs(amount), currency, fee, _at(say("at"), CHINA))

    return Shape("plain", NEEDED, read, by_number=True)


def _ref(kind: LineKind, number: str) -> str:
    return f"{kind.name.lower()}:{number}"[:LONGEST]


SHAPES: Mapping[str, Shape] = {
    shape.name: shape
    for shape in (
        Shape("alipay", ("支付宝交易号", "商户订单号", "业务类型", "订单金额(元)"), _alipay),
        Shape("wechat", ("交易时间", "微信订单号", "商户订单号", "交易状态", "应结订单金额"), _wechat),
        Shape(
            "stripe_report",
            ("balance_transaction_id", "reporting_category", "currency", "gross", "fee"),
            _stripe,
            UTC,
            True,
        ),
        Shape("stripe", ("id", "type", "source", "amount", "fee", "currency"), _stripe, UTC, True),
    )
}
