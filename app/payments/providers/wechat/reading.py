"""What WeChat Pay tells: opened messages, payments, paybacks, each compared with what is ours."""

import base64
import binascii
import json
from collections.abc import Mapping
from typing import Any

from app.kit.crypto.gcm import NotForUs, open_message
from app.kit.effects import Absent, Answer, Done, Refused, Temporary, Unknown
from app.kit.money import Money, NotMoney
from app.payments.providers.base import Account, Closed, Forged, Hint, Paid, Payback, Told, Unpaid
from app.payments.providers.wechat.account import SHARED
from app.payments.providers.wechat.line import Said

PAID = ("SUCCESS", "REFUND")  # REFUND: paid, and a part or all of it went back since
OPEN = ("NOTPAY", "USERPAYING", "ACCEPT", "PAYERROR")
OVER = ("CLOSED", "REVOKED")
UNSEEN = ("ORDER_NOT_EXIST", "RESOURCE_NOT_EXISTS")
ENDED_BADLY = {
    "ABNORMAL": "ABNORMAL: the payer's account cannot take it; deal with it in the merchant platform",
    "CLOSED": "CLOSED: WeChat closed this refund without paying it out",
}


def opened(body: bytes, account: Account) -> tuple[str, dict[str, Any]]:
    """Return what kind of thing a notice tells, and what it says once decrypted; raises Forged."""
    try:
        notice = json.loads(body)
        resource = notice["resource"]
        if resource["algorithm"] != "AEAD_AES_256_GCM":
            raise Forged("another kind of encryption")
        sealed = base64.b64decode(resource["ciphertext"], validate=True)
        nonce, associated = resource["nonce"].encode(), (resource.get("associated_data") or "").encode()
        said = json.loads(open_message(account.key(SHARED).expose().encode(), nonce, sealed, associated))
        if not isinstance(said, dict):
            raise Forged("not understood")
        return str(notice["event_type"]), said
    except NotForUs as error:
        raise Forged("not sealed with our APIv3 key") from error
    except (ValueError, KeyError, TypeError, AttributeError, binascii.Error) as error:
        raise Forged("not understood") from error


def noticed(event: str, said: Mapping[str, Any], account: Account) -> Told | Hint:
    """Return what an authentic notice means to us; of all events only a payment can pay."""
    check_merchant(said, account)
    if event == "TRANSACTION.SUCCESS" and said.get("trade_state") in PAID:
        return told(said, account)
    return Hint(trade=trade_of(said), payback=str(said.get("out_refund_no") or ""))


def check_merchant(said: Mapping[str, Any], account: Account) -> None:
    """Raise Forged for what was said of another merchant."""
    if said.get("mchid") != account.number:
        raise Forged("another merchant")


def told(said: Mapping[str, Any], account: Account) -> Told:
    """Return a payment; raises Forged for one to somebody else, and for one that is not whole."""
    check_merchant(said, account)
    if said.get("appid") != account.setting("appid"):
        raise Forged("another app")
    try:
        return Told(
            trade=trade_of(said),
            trade_no=_text(said["transaction_id"]),
            account=account.number,
            paid=Money(said["amount"]["total"], said["amount"]["currency"]),
            detail=str(said.get("bank_type") or ""),
            payer=str((said.get("payer") or {}).get("openid") or ""),
        )
    except (KeyError, TypeError, AttributeError, NotMoney) as error:
        raise Forged("not understood") from error


def _text(value: object) -> str:
    if not isinstance(value, str) or not value:
        raise Forged("not understood")
    return value


def trade_of(said: Mapping[str, Any]) -> str:
    """Return our number for a trade, without the letter of where it was started."""
    return str(said.get("out_trade_no") or "").partition("-")[0]


def standing(said: Said, account: Account, number: str) -> Answer:
    """Return how one order stands there: Done(Paid | Unpaid | Closed), or Absent."""
    if said.code in UNSEEN:
        return Absent()
    if said.code:
        return Temporary(said.reason)  # keys and clocks are mended; until then nobody may say it was not paid
    if said.content.get("out_trade_no") != number:
        raise Forged("another question")
    check_merchant(said.content, account)
    state = said.content.get("trade_state")
    if state in PAID:
        return Done(Paid(told(said.content, account)))
    if state in OVER:
        return Done(Closed())
    if state in OPEN:
        return Done(Unpaid())
    raise Forged("not understood")


def closed(said: Said) -> Answer:
    """Return how one order stands after it was to be closed; Absent where it was paid, so that it must be asked."""
    if said.code == "ORDER_PAID":
        return Absent()
    if said.code in ("", "ORDER_CLOSED", *UNSEEN):
        return Done(Closed())
    return Temporary(said.reason)


def went_back(said: Said, payback: Payback) -> Answer:
    """Return how the giving back of exactly this money stands."""
    amount = said.content.get("amount")
    if not isinstance(amount, dict):
        raise Forged("not understood")
    wanted = (payback.number, payback.amount.minor, payback.amount.currency)
    if (said.content.get("out_refund_no"), amount.get("refund"), amount.get("currency")) != wanted:
        return Refused("other_refund: the number was used for another payback")
    status = str(said.content.get("status"))
    if status == "SUCCESS":
        return Done(_text(said.content.get("refund_id")))
    if status == "PROCESSING":
        return Unknown("processing")
    if status in ENDED_BADLY:
        return Refused(ENDED_BADLY[status])
    raise Forged("not understood")
