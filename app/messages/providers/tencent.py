"""Tencent Cloud SMS (2021-01-11), signed by TC3-HMAC-SHA256. (facts §6.2)

Sending twice is two messages. Whether one left whose answer was lost is known only once its status is there, so until
then it stays unknown, and is never sent again by itself.
"""

import hmac
import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from hashlib import sha256
from typing import Any
from urllib.parse import urlsplit

from app.kit import clock
from app.kit.effects import Answer, Done, Refused, Temporary, Unknown
from app.kit.errors import words
from app.kit.http import Client, Interrupted, Response, Unreachable
from app.kit.party import Account, BadAccount, Field, Finding, Forged, Kind, Reply, Wire
from app.messages.providers.base import Carried, Channel, Later, Message, OutOfOrder, Receipt, Wording
from app.messages.providers.sms import Unfit, filled, number_of
from app.messages.providers.zones import CHINA

URL, SERVICE, VERSION, ALGORITHM = "https://sms.tencentcloudapi.com", "sms", "2021-01-11", "TC3-HMAC-SHA256"
JSON = "application/json; charset=utf-8"
SIGNED = "content-type;host"
DAY_SECONDS = 86400
SOON = "LimitExceeded.PhoneNumberThirtySecondLimit"
PERHAPS = ("InternalError",)
BROKEN: Mapping[str, str] = {
    "FailedOperation.InsufficientBalanceInSmsPackage": words("Buy another package of messages at Tencent Cloud."),
    "FailedOperation.SignatureIncorrectOrUnapproved": words("The signature is not approved, or spelled otherwise."),
    "AuthFailure.SignatureExpire": words("The clock of this server is wrong: set it by NTP."),
    "AuthFailure.SecretIdNotFound": words("The secret ID does not exist: enter another."),
    "AuthFailure.SignatureFailure": words("The secret key does not belong to this secret ID: enter it anew."),
    "AuthFailure": words("Tencent Cloud does not accept these keys: enter them anew."),
    "UnauthorizedOperation": words("Give these keys the right QcloudSMSFullAccess."),
    "UnsupportedOperation": words("Look at the console of Tencent Cloud: this account cannot send."),
}


class Tencent:
    """Text messages by Tencent Cloud."""

    name, title = "tencent", "Tencent Cloud SMS"
    channel = Channel.SMS
    needs_wording = True
    numbered_by = "app_id"
    accepted = Reply(200, '{"result":0,"errmsg":"OK"}', "application/json; charset=utf-8")
    fields: tuple[Field, ...] = (
        Field("app_id", words("SDK app ID"), words("In the SMS console, beginning with 1400."), pattern=r"\d{6,12}"),
        Field("secret_id", words("Secret ID"), pattern=r"[A-Za-z0-9]{10,60}"),
        Field("secret_key", words("Secret key"), kind=Kind.PASSWORD),
        Field("sign_name", words("Signature"), words("As approved, without the brackets 【】.")),
        Field(
            "region",
            words("Region"),
            kind=Kind.CHOICE,
            choices=(
                ("ap-guangzhou", words("Guangzhou")),
                ("ap-beijing", words("Beijing")),
                ("ap-nanjing", words("Nanjing")),
            ),
        ),
    )

    def __init__(self, url: str = URL) -> None:
        self._url = url.rstrip("/")

    def check(self, account: Account) -> None:
        if set(account.setting("sign_name")) & set("【】[]"):
            raise BadAccount("sign_name", words("Leave the brackets away: Tencent puts them there."))

    def send(self, message: Message, wording: Wording | None, account: Account, http: Client) -> Answer:
        assert wording is not None
        try:
            number, values = number_of(message), filled(message, wording)
        except Unfit as fault:
            return Refused(str(fault))
        said = {
            "PhoneNumberSet": [number],
            "SmsSdkAppId": account.number,
            "SignName": account.setting("sign_name"),
            "TemplateId": wording.code,
            "TemplateParamSet": list(values.values()),
            "SessionContext": message.key.hex,
        }
        answer = self._ask("SendSms", said, account, http)
        return _sent(answer.value) if isinstance(answer, Done) else answer

    def query(self, number: str, message: Message, account: Account, http: Client) -> Answer:
        now = int(clock.now().timestamp())
        said = {
            "BeginTime": now - DAY_SECONDS,
            "EndTime": now,
            "Offset": 0,
            "Limit": 100,
            "PhoneNumber": number_of(message),
            "SmsSdkAppId": account.number,
        }
        answer = self._ask("PullSmsSendStatusByPhoneNumber", said, account, http)
        if not isinstance(answer, Done):
            return answer
        for status in answer.value.get("PullSmsSendStatusSet") or []:
            if status.get("SessionContext") == message.key.hex or (number and status.get("SerialNo") == number):
                arrived = status.get("ReportStatus") == "SUCCESS"
                reason = "" if arrived else str(status.get("Description", ""))[:160]
                return Done(Receipt(str(status["SerialNo"]), arrived, reason))
        return Done(Carried(number)) if number else Unknown("no status of this message yet")

    def probe(self, account: Account, http: Client) -> Answer:
        now = int(clock.now().timestamp())
        span = {"BeginTime": now - 60, "EndTime": now, "Offset": 0, "Limit": 1}
        said = span | {"PhoneNumber": "+8613800138000", "SmsSdkAppId": account.number}
        answer = self._ask("PullSmsSendStatusByPhoneNumber", said, account, http)
        if isinstance(answer, Done):
            return Done([Finding("keys", well=True)])
        mend = answer.mend if isinstance(answer, OutOfOrder) else words("Try again in a minute.")
        return Done([Finding("keys", well=False, message=getattr(answer, "reason", ""), mend=mend)])

    def receipts(self, request: Wire, account: Account, now: datetime) -> Sequence[Receipt]:
        try:
            return [_receipt(each) for each in json.loads(request.body)]
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            raise Forged("not a list of receipts") from error

    def _ask(self, action: str, said: Mapping[str, Any], account: Account, http: Client) -> Answer:
        """Ask, and return Done with what stands in `Response`, or what a refusal means."""
        body = json.dumps(said)
        headers = signed(self._url, action, body, account, clock.now())
        try:
            return _heard(http.post(self._url + "/", body, headers, JSON))
        except Unreachable as error:
            return Temporary(str(error))
        except Interrupted as error:
            return Unknown(str(error))


def signed(url: str, action: str, body: str, account: Account, now: datetime) -> dict[str, str]:
    """Return the headers that sign a call."""
    host, at = urlsplit(url).netloc, int(now.timestamp())
    return {
        "Authorization": authorization(SERVICE, host, JSON, body, at, now, account),
        "X-TC-Action": action,
        "X-TC-Version": VERSION,
        "X-TC-Timestamp": str(at),
        "X-TC-Region": account.setting("region") or "ap-guangzhou",
    }


def authorization(service: str, host: str, kind: str, body: str, at: int, day: datetime, account: Account) -> str:
    """Return the Authorization header for a POST to /; `day` is in UTC, `at` its seconds since 1970."""
    hashed = sha256(body.encode()).hexdigest()
    canonical = f"POST\n/\n\ncontent-type:{kind}\nhost:{host}\n\n{SIGNED}\n{hashed}"
    date = f"{day:%Y-%m-%d}"
    scope = f"{date}/{service}/tc3_request"
    text = f"{ALGORITHM}\n{at}\n{scope}\n{sha256(canonical.encode()).hexdigest()}"
    key = f"TC3{account.key('secret_key').expose()}".encode()
    for step in (date, service, "tc3_request"):
        key = hmac.new(key, step.encode(), sha256).digest()
    signature = hmac.new(key, text.encode(), sha256).hexdigest()
    return (
        f"{ALGORITHM} Credential={account.setting('secret_id')}/{scope}, SignedHeaders={SIGNED}, Signature={signature}"
    )


def _heard(response: Response) -> Answer:
    try:
        said = json.loads(response.body)["Response"]
        fault = said.get("Error")
    except (ValueError, KeyError, TypeError, AttributeError):
        return Unknown(f"an answer nobody can read, HTTP {response.status}")
    return _refusal(str(fault.get("Code")), str(fault.get("Message", ""))) if fault else Done(said)


def _sent(said: Mapping[str, Any]) -> Answer:
    """Return what became of the one number; its refusal stands inside an answer that is well."""
    try:
        (status,) = said["SendStatusSet"]
        code = str(status["Code"])
    except (KeyError, TypeError, ValueError):
        return Unknown("an answer without the status of its number")
    return Done(Carried(str(status["SerialNo"]))) if code == "Ok" else _refusal(code, str(status.get("Message", "")))


def _refusal(code: str, text: str) -> Answer:
    reason = f"{code}: {text}"[:160]
    if code == SOON:
        return Temporary(reason)
    if code in ("RequestLimitExceeded", "LimitExceeded.DeliveryFrequencyLimit"):
        return Later(reason, seconds=5.0)
    if code.startswith(PERHAPS):
        return Unknown(reason)
    mend = next((words for start, words in BROKEN.items() if code.startswith(start)), "")
    return OutOfOrder(reason, mend=mend) if mend else Refused(reason)


def _receipt(told: Mapping[str, Any]) -> Receipt:
    arrived = told["report_status"] == "SUCCESS"
    at = datetime.strptime(str(told["user_receive_time"]), "%Y-%m-%d %H:%M:%S").replace(tzinfo=CHINA)
    reason = "" if arrived else f"{told.get('errmsg', '')}: {told.get('description', '')}"[:160]
    return Receipt(str(told["sid"]), arrived, reason, at)
