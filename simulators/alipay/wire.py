"""What arrives over the wire: signed requests, checked before anything believes them."""

import json
import re
from collections.abc import Mapping, Set
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from ipaddress import ip_address
from typing import Any
from urllib.parse import parse_qsl

from simulators.alipay import keys
from simulators.alipay.keys import Keys
from simulators.test_gateway.wire import ADDRESS

CHINA = timezone(timedelta(hours=8))
STAMP = "%Y-%m-%d %H:%M:%S"
PAGES = {"alipay.trade.page.pay": "FAST_INSTANT_TRADE_PAY", "alipay.trade.wap.pay": "QUICK_WAP_PAY"}
CALLS = {
    "alipay.trade.precreate": "precreate",
    "alipay.trade.query": "query",
    "alipay.trade.close": "close",
    "alipay.trade.refund": "refund",
    "alipay.trade.fastpay.refund.query": "refund_query",
    "alipay.data.dataservice.bill.downloadurl.query": "bill",
}
MESSAGES = {
    "10000": "Success",
    "20000": "Service Currently Unavailable",
    "40001": "Missing Required Arguments",
    "40002": "Invalid Arguments",
    "40004": "Business Failed",
    "40006": "Insufficient Permissions",
}


class Problem(Exception):
    """A request that is not carried out; one of an unknown application is answered without a signature."""

    def __init__(self, code: str, sub_code: str, sub_msg: str, *, known: bool = True) -> None:
        super().__init__(sub_code)
        self.known = known
        self.told = {"code": code, "msg": MESSAGES[code], "sub_code": sub_code, "sub_msg": sub_msg}


def no(sub_code: str, sub_msg: str) -> Problem:
    """Return a refusal of the business."""
    return Problem("40004", f"ACQ.{sub_code}", sub_msg)


@dataclass(frozen=True)
class Request:
    """A verified request."""

    method: str
    wish: Mapping[str, Any]
    notify_url: str = ""
    return_url: str = ""
    certified: bool = False


@dataclass(frozen=True)
class Door:
    """Who may come in: one application with its keys."""

    app_id: str
    keys: Keys
    strict_seconds: float | None = None  # how far the shop's clock may be off; nothing is known of the real one
    allowed_hosts: Set[str] = frozenset()

    def read(self, query: bytes, body: bytes, now: float) -> Request:
        """Return what is asked for, or refuse it with the first thing that is wrong."""
        given = _parameters(query, body)
        if given.get("app_id") != self.app_id:
            raise Problem("40002", "isv.invalid-app-id", "无效的AppID参数", known=False)
        method = given.get("method", "")
        if method not in PAGES.keys() | CALLS.keys():
            raise Problem("40002", "isv.invalid-method", "不存在的方法名")
        self._check_signature(given)
        self._check_time(given.get("timestamp", ""), now)
        self._check_certificates(given)
        for name in ("notify_url", "return_url"):
            self._check_address(given.get(name, ""))
        pages = (given.get("notify_url", ""), given.get("return_url", ""))
        return Request(method, _wish(given.get("biz_content", "")), *pages, "app_cert_sn" in given)

    def _check_signature(self, given: Mapping[str, str]) -> None:
        if given.get("sign_type") != "RSA2":
            raise Problem("40002", "isv.invalid-signature-type", "无效的签名类型")
        # sign_type takes part in requests, empty values do not.
        text = "&".join(f"{name}={given[name]}" for name in sorted(given) if name != "sign" and given[name])
        if not keys.is_signed(self.keys.app_public, text.encode(), given.get("sign", "")):
            raise Problem("40002", "isv.invalid-signature", "验签出错，建议检查签名字符串或签名私钥与应用公钥是否匹配")
        if (given.get("charset", "").lower(), given.get("version")) != ("utf-8", "1.0"):
            raise Problem("40002", "isv.invalid-charset", "字符集错误")

    def _check_time(self, text: str, now: float) -> None:
        try:
            at = datetime.strptime(text, STAMP).replace(tzinfo=CHINA).timestamp()
        except ValueError as error:
            raise Problem("40002", "isv.invalid-timestamp", "非法的时间戳参数") from error
        if self.strict_seconds is not None and abs(now - at) > self.strict_seconds:
            raise Problem("40002", "isv.invalid-timestamp", "非法的时间戳参数")

    def _check_certificates(self, given: Mapping[str, str]) -> None:
        if "app_cert_sn" not in given:
            return
        mine = (keys.number(self.keys.app_cert), keys.root_number(self.keys.root_cert))
        if (given["app_cert_sn"], given.get("alipay_root_cert_sn")) != mine:
            raise Problem("40002", "isv.app-cert-sn-not-match", "应用公钥证书序列号不匹配")

    def _check_address(self, address: str) -> None:
        found = ADDRESS.fullmatch(address)
        if address and not (found and self._is_allowed(found["host"].strip("[]")) and len(address) <= 256):
            raise Problem(
                "40002", "isv.invalid-parameter", "通知地址或返回地址无效：模拟器只去本机，或 --allow-host 允许的主机"
            )

    def _is_allowed(self, host: str) -> bool:
        try:
            return host in self.allowed_hosts or host == "localhost" or ip_address(host).is_loopback
        except ValueError:
            return False


def _parameters(query: bytes, body: bytes) -> dict[str, str]:
    """Return the parameters of address and form; one that is there twice says the same."""
    given: dict[str, str] = {}
    try:
        for raw in (query, body):
            for name, value in parse_qsl(raw.decode(), keep_blank_values=True, errors="strict", max_num_fields=40):
                if given.setdefault(name, value) != value:
                    raise ValueError(name)
    except ValueError as error:
        raise Problem("40002", "isv.invalid-parameter", "参数无效", known=False) from error
    return given


def _wish(text: str) -> Mapping[str, Any]:
    try:
        wish = json.loads(text)
    except ValueError as error:
        raise Problem("40002", "isv.invalid-json", "biz_content 不是 JSON") from error
    if not isinstance(wish, dict):
        raise Problem("40002", "isv.invalid-json", "biz_content 不是 JSON")
    return wish


# Fields of a wish ------------------------------------------------------------------------------------------------


def text_of(wish: Mapping[str, Any], name: str, pattern: str, *, needed: bool = True) -> str:
    """Return a text of a wish, or refuse its shape."""
    value = wish.get(name, "")
    if value == "" and not needed:
        return ""
    if value == "":
        raise Problem("40001", f"isv.missing-{name.replace('_', '-')}", f"缺少参数 {name}")
    if not isinstance(value, str) or not re.fullmatch(pattern, value):
        raise no("INVALID_PARAMETER", f"参数 {name} 无效")
    return value


def fen_of(wish: Mapping[str, Any], name: str) -> int:
    """Return an amount of a wish in fen."""
    whole, _, rest = text_of(wish, name, r"[0-9]{1,9}(\.[0-9]{1,2})?").partition(".")
    if not 1 <= (amount := int(whole) * 100 + int(rest.ljust(2, "0"))) <= 100_000_000_00:
        raise no("TOTAL_FEE_EXCEED", f"参数 {name} 超出范围")
    return amount


def moment_of(wish: Mapping[str, Any], name: str) -> float | None:
    """Return a time of a wish, written in China's time."""
    text = text_of(wish, name, r"[0-9]{4}-[0-9]{2}-[0-9]{2} [0-9]{2}:[0-9]{2}:[0-9]{2}", needed=False)
    return datetime.strptime(text, STAMP).replace(tzinfo=CHINA).timestamp() if text else None


def yuan(fen: int) -> str:
    """Return fen as Alipay writes money."""
    return f"{fen // 100}.{fen % 100:02}"


def china(at: float) -> str:
    """Return a moment as Alipay writes it."""
    return datetime.fromtimestamp(at, UTC).astimezone(CHINA).strftime(STAMP)
