"""What comes over the wire: the signature of a request, and the shape of what it asks for."""

import json
import re
import threading
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import urlsplit

from simulators.wechat.keys import Keys
from simulators.wechat.refusals import Refusal

SCHEME = "WECHATPAY2-SHA256-RSA2048"
FIELD = re.compile(r'(mchid|nonce_str|signature|timestamp|serial_no)="([^"]*)"')
TRADE_NO = re.compile(r"[0-9A-Za-z_\-|*]{6,32}")
REFUND_NO = re.compile(r"[0-9A-Za-z_\-|*@]{1,64}")
SKEW_SECONDS = 300


class Wire:
    """Believes requests: each signature by the merchant's key, each nonce once."""

    def __init__(self, keys: Keys, clock: Callable[[], float]) -> None:
        self._keys, self._clock = keys, clock
        self._nonces: set[str] = set()
        self._lock = threading.Lock()

    def check(self, method: str, target: str, headers: Mapping[str, str], body: bytes, *, ahead: float = 0.0) -> None:
        """Refuse a request that the merchant did not sign just now; `ahead` is how wrong our clock goes."""
        scheme, _, rest = headers.get("Authorization", "").partition(" ")
        given = dict(FIELD.findall(rest))
        if scheme != SCHEME or len(given) != 5:
            raise Refusal("SIGN_ERROR", "Authorization不合法")
        if not headers.get("User-Agent") or "application/json" not in headers.get("Accept", ""):
            raise Refusal("PARAM_ERROR", "请设置User-Agent和Accept")
        if (given["mchid"], given["serial_no"]) != (self._keys.mchid, self._keys.serial):
            raise Refusal("SIGN_ERROR", "商户号或证书序列号有误")
        if not given["timestamp"].isdigit() or abs(self._clock() + ahead - int(given["timestamp"])) > SKEW_SECONDS:
            raise Refusal("SIGN_ERROR", "时间戳与微信支付服务器相差超过5分钟")
        lines = (method, target, given["timestamp"], given["nonce_str"])
        message = "".join(f"{line}\n" for line in lines).encode() + body + b"\n"
        if not self._keys.is_merchants(message, given["signature"]):
            raise Refusal("SIGN_ERROR", "验签失败")
        self._use(given["nonce_str"])

    def _use(self, nonce: str) -> None:
        with self._lock:
            if nonce in self._nonces:
                raise Refusal("SIGN_ERROR", "nonce_str重复")
            self._nonces.add(nonce)


def read_json(body: bytes) -> dict[str, Any]:
    """Return the object that a request carries, or refuse."""
    try:
        content = json.loads(body)
    except ValueError:
        content = None
    if not isinstance(content, dict):
        raise Refusal("PARAM_ERROR", "请求体不是JSON对象")
    return content


def read_order(body: bytes, product: str, keys: Keys, now: float, moment: Callable[[str], float]) -> dict[str, Any]:
    """Return the order that is asked for, or refuse what is not as documented."""
    wish = read_json(body)
    if wish.get("mchid") != keys.mchid or wish.get("appid") != keys.appid:
        raise Refusal("APPID_MCHID_NOT_MATCH")
    _need(isinstance(wish.get("description"), str) and 1 <= len(wish["description"]) <= 127, "description")
    _need(bool(TRADE_NO.fullmatch(str(wish.get("out_trade_no", "")))), "out_trade_no")
    _need(is_notify_url(wish.get("notify_url")), "notify_url")
    amount = wish.get("amount")
    _need(isinstance(amount, dict) and is_fen(amount.get("total")) and amount.get("currency", "CNY") == "CNY", "amount")
    if "time_expire" in wish:
        _need(moment(wish["time_expire"]) >= now + 60, "time_expire")
    if product == "h5":
        scene = wish.get("scene_info") or {}
        known = isinstance(scene.get("payer_client_ip"), str) and scene.get("h5_info", {}).get("type")
        _need(bool(known), "scene_info")
    if product == "jsapi":
        _need(bool((wish.get("payer") or {}).get("openid")), "payer.openid")
    return wish


def read_refund(body: bytes) -> dict[str, Any]:
    """Return the refund that is asked for, or refuse."""
    wish = read_json(body)
    _need(bool(wish.get("transaction_id")) != bool(wish.get("out_trade_no")), "transaction_id")
    _need(bool(REFUND_NO.fullmatch(str(wish.get("out_refund_no", "")))), "out_refund_no")
    amount = wish.get("amount")
    _need(isinstance(amount, dict) and is_fen(amount.get("refund")) and is_fen(amount.get("total")), "amount")
    _need(wish["amount"].get("currency") == "CNY", "amount.currency")
    _need(len(wish.get("reason", "")) <= 80, "reason")
    _need("notify_url" not in wish or is_notify_url(wish["notify_url"]), "notify_url")
    return wish


def is_fen(amount: object) -> bool:
    """Tell whether this is a sum of money as WeChat counts it."""
    return type(amount) is int and 0 < amount < 10**10


def is_notify_url(url: object) -> bool:
    """Tell whether notices can go there: an address without query; plain HTTP on this machine alone."""
    if not isinstance(url, str) or len(url) > 255:
        return False
    parts = urlsplit(url)
    near = parts.hostname in ("127.0.0.1", "localhost", "::1")
    return (parts.scheme == "https" or (parts.scheme == "http" and near)) and not parts.query


def _need(holds: bool, name: str) -> None:
    if not holds:
        raise Refusal("PARAM_ERROR", name)
