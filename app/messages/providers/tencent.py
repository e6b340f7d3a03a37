"""Tencent Cloud's SMS service: a whole request may be refused, or the one number in it; both with status 200.

It can be asked only about messages whose end it knows, by number. So what it does not list may still be on its way:
nothing is sent again because of that.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

from app.kit import clock
from app.kit.effects import Answer, Done, Refused, Temporary, Unknown
from app.kit.errors import words
from app.kit.http import Client, Response
from app.kit.party import Account, BadAccount, Field, Kind, Reply, Wire
from app.messages.providers import sms
from app.messages.providers.base import Carried, Channel, Later, Message, Receipt, Template
from app.messages.providers.signing import Sent, tc3

REAL = "https://sms.tencentcloudapi.com"
VERSION = "2021-01-11"
JSON = "application/json; charset=utf-8"
LONGEST = 12  # of a variable, unless the console says otherwise
BACK = timedelta(days=2)

BROKEN: Mapping[str, str] = {
    "FailedOperation.InsufficientBalanceInSmsPackage": sms.MONEY,
    "FailedOperation.SignatureIncorrectOrUnapproved": sms.SIGNATURE,
    "AuthFailure.SignatureExpire": sms.CLOCK,
    "AuthFailure.UnauthorizedOperation": sms.RIGHTS,
    "AuthFailure": sms.KEY,
    "UnauthorizedOperation.RequestIpNotInWhitelist": sms.PLACE,
    "UnauthorizedOperation.RequestPermissionDeny": sms.RIGHTS,
    "UnauthorizedOperation": sms.CLOSED,
    "LimitExceeded.AppMainlandChinaDailyLimit": sms.DAY,
    "LimitExceeded.AppGlobalDailyLimit": sms.DAY,
}
WAITS = ("LimitExceeded.PhoneNumberThirtySecondLimit", "LimitExceeded.DeliveryFrequencyLimit")  # of one number
DOUBTFUL = tuple(
    f"InternalError.{name}" for name in ("Timeout", "SendAndRecvFail", "RequestTimeException", "UnknownError")
)


@dataclass
class Tencent:
    """Speaks the SMS API of 2021-01-11."""

    address: str = REAL
    name = "tencent"
    title = words("Tencent Cloud SMS")
    channel = Channel.SMS
    numbered_by = "app_id"
    needs_template = True
    accepted = Reply(200, '{"result":0,"errmsg":"OK"}', "application/json; charset=utf-8")
    fields: tuple[Field, ...] = (
        Field("app_id", words("SDK AppID"), words("Ten digits; of the application in the SMS console.")),
        Field("secret_id", words("SecretId"), words("Of a sub-account that may do nothing but send SMS.")),
        Field("secret_key", words("SecretKey"), kind=Kind.PASSWORD),
        Field(
            "sign_name",
            words("Signature"),
            words("As it was approved there, without the brackets 【】; it stands before every text."),
            tells_apart=True,
        ),
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
        Field(
            "longest",
            words("Longest value of a variable"),
            words("As the console says; left empty, 12 characters. Longer ones are cut."),
            required=False,
        ),
    )

    def check(self, account: Account) -> None:
        """Raise BadAccount with the field and how to mend it."""
        if not _is_number(account.number, 6, 12):
            raise BadAccount("app_id", words("Digits only, as it stands there."))
        sms.check_secret(account, "secret_key")
        if not account.setting("sign_name") or set("【】[]") & set(account.setting("sign_name")):
            raise BadAccount("sign_name", words("Leave the brackets out."))
        if account.setting("longest") and not _is_number(account.setting("longest"), 1, 3):
            raise BadAccount("longest", words("Give a whole number."))

    def check_template(self, template: Template) -> None:
        """Raise BadAccount when a text cannot be one of theirs."""
        sms.check_code(template, r"[0-9]{1,12}")
        names = [theirs for theirs, _ in template.variables]
        if names != [str(place + 1) for place in range(len(names))]:
            raise BadAccount("variables", sms.NOT_IN_ORDER)

    # Sending -----------------------------------------------------------------------------------------------------

    def send(self, message: Message, template: Template | None, account: Account, http: Client) -> Answer:
        """Hand a text over."""
        number = sms.number_of(message.to.expose())
        if not number or template is None:
            return Refused(sms.NUMBER_ILLEGAL)
        try:
            values = sms.filled(message, template, sms.Fits(int(account.setting("longest") or LONGEST)))
        except sms.Unfit as fault:
            return Refused(str(fault))
        wish = {
            "PhoneNumberSet": [number],
            "SmsSdkAppId": account.number,
            "SignName": account.setting("sign_name"),
            "TemplateId": template.code,
            "TemplateParamSet": [value for _, value in values],
            "SessionContext": message.key.hex,
        }
        answer = self._ask("SendSms", wish, account, http)
        return _taken(answer) if isinstance(answer, dict) else answer

    def query(self, number: str, message: Message, account: Account, http: Client) -> Answer:
        """Look for the end of a message among those of its number."""
        answer = self._ends(sms.number_of(message.to.expose()), account, http, since=clock.now() - BACK)
        if not isinstance(answer, list):
            return sms.in_doubt(answer)
        for row in answer:
            if row.get("SessionContext") == message.key.hex or (number and row.get("SerialNo") == number):
                arrived = row.get("ReportStatus") == "SUCCESS"
                return Done(Receipt(str(row["SerialNo"]), arrived, "" if arrived else str(row.get("Description"))))
        return Temporary("nothing is known of it yet")

    def _ends(self, number: str, account: Account, http: Client, *, since: datetime) -> list[Any] | Answer:
        wish = {
            "BeginTime": int(since.timestamp()),
            "EndTime": int(clock.now().timestamp()),
            "Offset": 0,
            "Limit": 100,
            "PhoneNumber": number,
            "SmsSdkAppId": account.number,
        }
        answer = self._ask("PullSmsSendStatusByPhoneNumber", wish, account, http)
        if not isinstance(answer, dict):
            return answer
        return [row for row in answer.get("PullSmsSendStatusSet") or [] if isinstance(row, dict)]

    # Receipts, and looking after the account ---------------------------------------------------------------------

    def receipts(self, request: Wire, account: Account, now: datetime) -> Sequence[Receipt]:
        """Return what a push tells; it is not signed, so nobody but Tencent may know the address."""
        return [
            Receipt(str(row["sid"]), row.get("report_status") == "SUCCESS", str(row.get("errmsg") or ""))
            for row in sms.told_in(request)
            if row.get("sid") and row.get("report_status") in ("SUCCESS", "FAIL")
        ]

    def probe(self, account: Account, http: Client) -> Answer:
        """Ask about messages of a minute to a number that gets none."""
        answer = self._ends(sms.NOBODY, account, http, since=clock.now() - timedelta(minutes=1))
        return Done(sms.findings(None if isinstance(answer, list) else answer))

    # The line ----------------------------------------------------------------------------------------------------

    def _ask(self, action: str, wish: Mapping[str, Any], account: Account, http: Client) -> dict[str, Any] | Answer:
        """Return what an action gave, or how it failed."""
        body, now = json.dumps(wish, ensure_ascii=False).encode(), clock.now()
        signed = {"content-type": JSON, "host": urlsplit(self.address).netloc}
        heads = {
            "authorization": tc3(
                Sent(signed, body=body), account.setting("secret_id"), account.key("secret_key"), service="sms", at=now
            ),
            "x-tc-action": action,
            "x-tc-version": VERSION,
            "x-tc-timestamp": str(int(now.timestamp())),
            "x-tc-region": account.setting("region"),
        }
        answer = sms.asked(http, f"{self.address}/", body, heads, JSON)
        return _read(answer) if isinstance(answer, Response) else answer


def _is_number(text: str, least: int, most: int) -> bool:
    return text.isascii() and text.isdigit() and least <= len(text) <= most


def _read(answer: Response) -> dict[str, Any] | Answer:
    told = (sms.said(answer) or {}).get("Response")
    if not isinstance(told, dict):
        return Unknown(f"answered with status: {answer.status}")
    error = told.get("Error")
    return judged(str(error.get("Code") or "")) if isinstance(error, dict) else told


def _taken(told: Mapping[str, Any]) -> Answer:
    """Return what became of the one number of a request."""
    rows = told.get("SendStatusSet")
    row = rows[0] if isinstance(rows, list) and rows and isinstance(rows[0], dict) else {}
    code = str(row.get("Code") or "")
    if code == "Ok" and row.get("SerialNo"):
        return Done(Carried(str(row["SerialNo"])))
    return judged(code)


def judged(code: str) -> Answer:
    """Return what a refusal of theirs means to us."""
    family = code.partition(".")[0]
    if sentence := BROKEN.get(code) or BROKEN.get(family):
        return sms.broken(sentence, code)
    if code in WAITS:
        return Temporary(code)
    if family == "RequestLimitExceeded":
        return Later(code, sms.RESTS)
    if not code or code in DOUBTFUL:
        return Unknown(code or "answered with neither yes nor no")
    return Temporary(code) if family == "InternalError" else Refused(code)
