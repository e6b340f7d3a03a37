"""What Alipay tells us by itself: payments, and all else that comes to the same address."""

import json
import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl

from app.kit.money import Money, NotMoney, parse
from app.payments.providers.alipay import accounts
from app.payments.providers.base import Account, Forged, Hint, Told, Wire

PRIVATE: tuple[str, ...] = (
    "buyer_id",
    "buyer_open_id",
    "buyer_logon_id",
    "buyer_user_id",
    "open_id",
    "buyer_user_name",
)
MOST_FIELDS = 100
YUAN = re.compile(r"[0-9]{1,13}(\.[0-9]{1,2})?")
NUMBER = re.compile(r"[0-9A-Za-z_]{1,64}")
HIDDEN = re.compile(r"&[a-z_]+=")  # a field inside the value of another: the same signed text, read another way
PAID = ("TRADE_SUCCESS", "TRADE_FINISHED")


def read(request: Wire, account: Account) -> Told | Hint:
    """Return what an authentic notice says; raises Forged.

    Notices of refunds come to the same address, still saying TRADE_SUCCESS: what pays is only a notice of a payment.
    """
    said = _authentic(request, account)
    _check_account(said, account)
    if said.get("notify_type") != "trade_status_sync":
        return Hint()
    if _is_of_refund(said):
        return Hint(said.get("out_trade_no", ""), said.get("out_biz_no", ""))
    if said.get("trade_status") not in PAID:
        return Hint(said.get("out_trade_no", ""))
    return told(said, account)


def _authentic(request: Wire, account: Account) -> dict[str, str]:
    """Return the fields of a notice that Alipay signed, the empty ones left out; raises Forged."""
    given = _parsed(request)
    if given.get("sign_type") != "RSA2":
        raise Forged("not signed by RSA2")
    if any(HIDDEN.search(value) for value in given.values()):
        raise Forged("a field hides in another")
    signed = {name: value for name, value in given.items() if name not in ("sign", "sign_type")}
    filled = {name: value for name, value in signed.items() if value}
    # Alipay sends no empty fields; should one come, nobody knows whether it was signed with it.
    texts = [_text(filled)] if filled == signed else [_text(filled), _text(signed)]
    if not any(accounts.has_signed(account, text, given.get("sign", "")) for text in texts):
        raise Forged("wrong signature")
    return filled


def _parsed(request: Wire) -> dict[str, str]:
    if request.method != "POST":
        raise Forged("not posted")
    try:
        pairs = parse_qsl(request.body.decode(), keep_blank_values=True, errors="strict", max_num_fields=MOST_FIELDS)
    except ValueError as error:
        raise Forged("not understood") from error
    given = dict(pairs)
    if len(given) != len(pairs):
        raise Forged("a field is there twice")
    return given


def _text(fields: Mapping[str, str]) -> bytes:
    return "&".join(f"{name}={fields[name]}" for name in sorted(fields)).encode()


def _check_account(said: Mapping[str, str], account: Account) -> None:
    if said.get("app_id") != account.number:
        raise Forged("another application")
    seller = account.setting(accounts.SELLER)
    if seller and said.get("seller_id") != seller:
        raise Forged("another seller")


def _is_of_refund(said: Mapping[str, str]) -> bool:
    returned = said.get("refund_fee", "")
    return "out_biz_no" in said or "gmt_refund" in said or bool(returned.strip("0."))


def told(said: Mapping[str, Any], account: Account) -> Told:
    """Return the payment that a notice or an answer speaks of; raises Forged."""
    trade, trade_no = said.get("out_trade_no"), said.get("trade_no")
    if not all(isinstance(number, str) and NUMBER.fullmatch(number) for number in (trade, trade_no)):
        raise Forged("not understood")
    payer = said.get("buyer_open_id") or said.get("buyer_user_id") or said.get("buyer_id")
    return Told(
        trade=str(trade),
        trade_no=str(trade_no),
        account=account.number,
        paid=fen(said.get("total_amount")),
        detail=_channels(said.get("fund_bill_list")),
        payer=str(payer or ""),
    )


def fen(text: object) -> Money:
    """Return an amount written in yuan; raises Forged."""
    if not isinstance(text, str) or not YUAN.fullmatch(text):
        raise Forged("not understood")
    try:
        return parse(text, "CNY")
    except NotMoney as error:
        raise Forged("not understood") from error


def _channels(bills: object) -> str:
    """Return how it was paid, as Alipay names it: a list in an answer, its text in a notice."""
    try:
        found = json.loads(bills) if isinstance(bills, str) else bills
    except (ValueError, RecursionError):
        return ""
    parts = [part for part in found if isinstance(part, dict)] if isinstance(found, list) else []
    names = [str(part.get("fundChannel") or part.get("fund_channel") or "") for part in parts]
    return "+".join(name for name in names if name)
