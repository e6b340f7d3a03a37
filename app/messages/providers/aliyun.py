"""Aliyun SMS (dysms 2017-05-25): one call to send, one to ask, signed by ACS3-HMAC-SHA256. (facts §6.1)

Sending twice is two messages, so after a lost answer the vendor is asked by our own number (OutId) before anything is
sent again. What it refuses comes with HTTP 200.
"""

import hmac
import json
import secrets
from collections.abc import Mapping, Sequence
from datetime import datetime
from hashlib import sha256
from typing import Any
from urllib.parse import quote, urlsplit

from app.kit import clock
from app.kit.effects import Absent, Answer, Done, Refused, Temporary, Unknown
from app.kit.errors import words
from app.kit.http import Client, Interrupted, Response, Unreachable
from app.kit.party import Account, BadAccount, Field, Finding, Forged, Kind, Reply, Wire
from app.messages.providers.base import Carried, Channel, Later, Message, OutOfOrder, Receipt, Wording
from app.messages.providers.sms import Unfit, filled, number_of
from app.messages.providers.zones import CHINA

URL, VERSION, ALGORITHM = "https://dysmsapi.aliyuncs.com", "2017-05-25", "ACS3-HMAC-SHA256"
LIMITED = "isv.BUSINESS_LIMIT_CONTROL"  # of one number, by the minute, the hour or the day
PERHAPS = ("isp.SYSTEM_ERROR", "ServiceUnavailable", "InternalError")
BROKEN: Mapping[str, str] = {
    "isv.AMOUNT_NOT_ENOUGH": words("Top up the account at Aliyun."),
    "isv.OUT_OF_SERVICE": words("Top up the account at Aliyun, then switch the service on there."),
    "isv.DAY_LIMIT_CONTROL": words("The day's limit set at Aliyun is reached: raise it there."),
    "isp.RAM_PERMISSION_DENY": words("Give this access key the right AliyunDysmsFullAccess."),
    "isv.DENY_IP_RANGE": words("Allow this server's address in the console of Aliyun."),
    "isv.SMS_SIGNATURE_ILLEGAL": words("The signature is not approved at Aliyun, or spelled otherwise there."),
    "InvalidAccessKeyId": words("The access key does not exist or is switched off: enter another."),
    "SignatureDoesNotMatch": words("The secret does not belong to this access key: enter it anew."),
    "InvalidTimeStamp": words("The clock of this server is wrong: set it by NTP."),
    "Forbidden": words("Aliyun does not allow this access key to send: give it the right."),
}


class Aliyun:
    """Text messages by Aliyun."""

    name, title = "aliyun", "Aliyun SMS"
    channel = Channel.SMS
    needs_wording = True
    numbered_by = "access_key_id"
    accepted = Reply(200, '{"code":0,"msg":"接收成功"}', "application/json; charset=utf-8")
    fields: tuple[Field, ...] = (
        Field("access_key_id", words("Access key ID"), pattern=r"[A-Za-z0-9]{10,40}"),
        Field("access_key_secret", words("Access key secret"), kind=Kind.PASSWORD),
        Field("sign_name", words("Signature"), words("As approved, without the brackets 【】.")),
    )

    def __init__(self, url: str = URL) -> None:
        self._url = url.rstrip("/")

    def check(self, account: Account) -> None:
        if set(account.setting("sign_name")) & set("【】[]"):
            raise BadAccount("sign_name", words("Leave the brackets away: Aliyun puts them there."))

    def send(self, message: Message, wording: Wording | None, account: Account, http: Client) -> Answer:
        assert wording is not None
        try:
            number, values = number_of(message), filled(message, wording)
        except Unfit as fault:
            return Refused(str(fault))
        said = {
            "PhoneNumbers": number.removeprefix("+86").removeprefix("+"),
            "SignName": account.setting("sign_name"),
            "TemplateCode": wording.code,
            "TemplateParam": json.dumps(values, ensure_ascii=False),
            "OutId": message.key.hex,
        }
        answer = self._ask("SendSms", said, account, http)
        return answer if not isinstance(answer, Done) else Done(Carried(message.key.hex))

    def query(self, number: str, message: Message, account: Account, http: Client) -> Answer:
        today = clock.now().astimezone(CHINA)
        said = {
            "PhoneNumber": number_of(message).removeprefix("+86").removeprefix("+"),
            "SendDate": f"{today:%Y%m%d}",
            "PageSize": "50",
            "CurrentPage": "1",
        }
        answer = self._ask("QuerySendDetails", said, account, http)
        if not isinstance(answer, Done):
            return answer
        found = (answer.value.get("SmsSendDetailDTOs") or {}).get("SmsSendDetailDTO") or []
        own = next((each for each in found if each.get("OutId") == message.key.hex), None)
        return Absent() if own is None else _stands(own, message.key.hex)

    def probe(self, account: Account, http: Client) -> Answer:
        today = clock.now().astimezone(CHINA)
        said = {"PhoneNumber": "13800138000", "SendDate": f"{today:%Y%m%d}", "PageSize": "1", "CurrentPage": "1"}
        answer = self._ask("QuerySendDetails", said, account, http)
        if isinstance(answer, Done):
            return Done([Finding("keys", well=True)])
        mend = answer.mend if isinstance(answer, OutOfOrder) else words("Try again in a minute.")
        return Done([Finding("keys", well=False, message=getattr(answer, "reason", ""), mend=mend)])

    def receipts(self, request: Wire, account: Account, now: datetime) -> Sequence[Receipt]:
        try:
            told = json.loads(request.body)
            return [_receipt(each) for each in told]
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            raise Forged("not a list of receipts") from error

    def _ask(self, action: str, said: Mapping[str, str], account: Account, http: Client) -> Answer:
        """Ask, and return Done with the whole answer, or what a refusal means."""
        query = canonical_query(said)
        headers = signed(self._url, action, query, account, clock.now())
        try:
            return _heard(http.post(f"{self._url}/?{query}", b"", headers, "application/json"))
        except Unreachable as error:
            return Temporary(str(error))
        except Interrupted as error:
            return Unknown(str(error))


def canonical_query(said: Mapping[str, str]) -> str:
    """Return a query as it is signed and sent: sorted, RFC 3986."""
    return "&".join(f"{quote(name, safe='~')}={quote(said[name], safe='~')}" for name in sorted(said))


def signed(url: str, action: str, query: str, account: Account, now: datetime) -> dict[str, str]:
    """Return the headers that sign a call with an empty body."""
    headers = {
        "host": urlsplit(url).netloc,
        "x-acs-action": action,
        "x-acs-content-sha256": sha256(b"").hexdigest(),
        "x-acs-date": f"{now:%Y-%m-%dT%H:%M:%SZ}",
        "x-acs-signature-nonce": secrets.token_hex(16),
        "x-acs-version": VERSION,
    }
    proof = authorization(headers, query, account)
    return {name: value for name, value in headers.items() if name != "host"} | {"Authorization": proof}


def authorization(headers: Mapping[str, str], query: str, account: Account) -> str:
    """Return the Authorization header for a POST to / with these headers, all of them signed."""
    names = ";".join(sorted(headers))
    lines = "".join(f"{name}:{headers[name]}\n" for name in sorted(headers))
    canonical = f"POST\n/\n{query}\n{lines}\n{names}\n{headers['x-acs-content-sha256']}"
    text = f"{ALGORITHM}\n{sha256(canonical.encode()).hexdigest()}"
    secret = account.key("access_key_secret").expose().encode()
    signature = hmac.new(secret, text.encode(), sha256).hexdigest()
    return f"{ALGORITHM} Credential={account.number},SignedHeaders={names},Signature={signature}"


def _heard(response: Response) -> Answer:
    try:
        said = json.loads(response.body)
        code, text = str(said["Code"]), str(said.get("Message", ""))
    except (ValueError, KeyError, TypeError, AttributeError):
        return Unknown(f"an answer nobody can read, HTTP {response.status}")
    return Done(said) if code == "OK" else _refusal(code, text)


def _refusal(code: str, text: str) -> Answer:
    reason = f"{code}: {text}"[:160]
    if code == LIMITED:  # of this number alone
        return Temporary(reason) if "分钟" in text or "minute" in text.lower() else Refused(reason)
    if code.startswith("Throttling"):
        return Later(reason, seconds=5.0)
    if code.startswith(PERHAPS):
        return Unknown(reason)
    mend = next((words for start, words in BROKEN.items() if code.startswith(start)), "")
    return OutOfOrder(reason, mend=mend) if mend else Refused(reason)


def _stands(detail: Mapping[str, Any], number: str) -> Answer:
    status = int(detail.get("SendStatus", 1))  # 1 on its way, 2 failed, 3 arrived
    if status == 1:
        return Done(Carried(number))
    return Done(Receipt(number, arrived=status == 3, reason="" if status == 3 else str(detail.get("ErrCode", ""))))


def _receipt(told: Mapping[str, Any]) -> Receipt:
    arrived = bool(told["success"])
    at = datetime.strptime(str(told["report_time"]), "%Y-%m-%d %H:%M:%S").replace(tzinfo=CHINA)
    reason = "" if arrived else f"{told.get('err_code', '')}: {told.get('err_msg', '')}"[:160]
    return Receipt(str(told.get("out_id") or told["biz_id"]), arrived, reason, at)
