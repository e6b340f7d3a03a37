"""Aliyun's SMS service (dysmsapi): what the business refuses comes inside of a good answer.

Sending is not idempotent there, so each message carries our key as its OutId: by that it is found again after a cut
line, and that is its number, since every receipt hands it back.
"""

import json
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

from app.kit import clock
from app.kit.effects import Absent, Answer, Done, Refused, Temporary, Unknown
from app.kit.errors import words
from app.kit.http import Client, Response
from app.kit.party import Account, BadAccount, Field, Kind, Reply, Wire
from app.messages.providers import sms
from app.messages.providers.base import Carried, Channel, Later, Message, Receipt, Template
from app.messages.providers.signing import Sent, acs3, digest, query_of

REAL = "https://dysmsapi.aliyuncs.com"
VERSION = "2017-05-25"
FITS = sms.Fits(longest=35)
SETTLED = timedelta(minutes=1)  # what the records do not have by then was not taken
FORGET = timedelta(hours=1)
PAGE = "50"

# Which faults are the account's own, by code; a code ends where the table says * begins.
BROKEN: Mapping[str, str] = {
    "isv.AMOUNT_NOT_ENOUGH": sms.MONEY,
    "isv.OUT_OF_SERVICE": sms.CLOSED,
    "isv.ACCOUNT_NOT_EXISTS": sms.CLOSED,
    "isv.ACCOUNT_ABNORMAL": sms.CLOSED,
    "isv.PRODUCT_UN_SUBSCRIPT": sms.CLOSED,
    "isv.PRODUCT_UNSUBSCRIBE": sms.CLOSED,
    "isv.DAY_LIMIT_CONTROL": sms.DAY,
    "isv.SMS_SIGNATURE_ILLEGAL": sms.SIGNATURE,
    "isv.DENY_IP_RANGE": sms.PLACE,
    "isp.RAM_PERMISSION_DENY": sms.RIGHTS,
    "Forbidden": sms.RIGHTS,
    "NoPermission": sms.RIGHTS,
    "InvalidAccessKeyId": sms.KEY,
    "SignatureDoesNotMatch": sms.KEY,
    "IncompleteSignature": sms.KEY,
    "InvalidTimeStamp": sms.CLOCK,
}
LIMITED = "isv.BUSINESS_LIMIT_CONTROL"
DOUBTFUL = ("isp.", "ServiceUnavailable", "InternalError")
STATES = {1: None, 2: False, 3: True}  # of a message in the records: on its way, failed, arrived


@dataclass
class Aliyun:
    """Speaks dysmsapi 2017-05-25."""

    address: str = REAL
    name = "aliyun"
    title = words("Aliyun SMS")
    channel = Channel.SMS
    numbered_by = "key_id"
    needs_template = True
    accepted = Reply(200, '{"code":0,"msg":"接收成功"}', "application/json; charset=utf-8")
    fields: tuple[Field, ...] = (
        Field("key_id", words("AccessKey ID"), words("Of a RAM user that may do nothing but send SMS.")),
        Field("key_secret", words("AccessKey secret"), kind=Kind.PASSWORD),
        Field(
            "sign_name",
            words("Signature"),
            words("As it was approved there, without the brackets 【】; it stands before every text."),
            tells_apart=True,
        ),
    )
    _missed: dict[str, datetime] = field(default_factory=dict)  # what the records did not have, and since when

    def check(self, account: Account) -> None:
        """Raise BadAccount with the field and how to mend it."""
        if not account.number.isalnum() or not account.number.isascii():
            raise BadAccount("key_id", words("Letters and digits only, as it stands there."))
        sms.check_secret(account, "key_secret")
        if not account.setting("sign_name") or set("【】[]") & set(account.setting("sign_name")):
            raise BadAccount("sign_name", words("Leave the brackets out."))

    def check_template(self, template: Template) -> None:
        """Raise BadAccount when a text cannot be one of theirs."""
        sms.check_code(template, r"SMS_[0-9]{1,20}")

    # Sending -----------------------------------------------------------------------------------------------------

    def send(self, message: Message, template: Template | None, account: Account, http: Client) -> Answer:
        """Hand a text over."""
        number = sms.number_of(message.to.expose())
        if not number or template is None:
            return Refused(sms.NUMBER_ILLEGAL)
        try:
            values = dict(sms.filled(message, template, FITS))
        except sms.Unfit as fault:
            return Refused(str(fault))
        wish = {
            "PhoneNumbers": _dialled(number),
            "SignName": account.setting("sign_name"),
            "TemplateCode": template.code,
            "TemplateParam": json.dumps(values, ensure_ascii=False, separators=(",", ":")),
            "OutId": message.key.hex,
        }
        answer = self._ask("SendSms", wish, account, http)
        return Done(Carried(message.key.hex)) if isinstance(answer, dict) else answer

    def query(self, number: str, message: Message, account: Account, http: Client) -> Answer:
        """Look a message up by its number and day; it is absent only a minute after the records first had none."""
        today = clock.now().astimezone(sms.CHINA).date()
        for day in (today, today - timedelta(days=1)):
            answer = self._records(message.to.expose(), f"{day:%Y%m%d}", account, http)
            if not isinstance(answer, list):
                return sms.in_doubt(answer)
            for row in answer:
                if row.get("OutId") == message.key.hex:
                    return _stands(row, message.key.hex)
        return self._absent(message.key.hex)

    def _absent(self, key: str) -> Answer:
        now = clock.now()
        since = self._missed.setdefault(key, now)
        if now - since < SETTLED:
            return Temporary("the records do not have it yet")
        self._missed = {name: at for name, at in self._missed.items() if name != key and now - at < FORGET}
        return Absent()

    def _records(self, to: str, day: str, account: Account, http: Client) -> list[Any] | Answer:
        wish = {"PhoneNumber": _dialled(sms.number_of(to)), "SendDate": day, "PageSize": PAGE, "CurrentPage": "1"}
        answer = self._ask("QuerySendDetails", wish, account, http)
        if not isinstance(answer, dict):
            return answer
        rows = (answer.get("SmsSendDetailDTOs") or {}).get("SmsSendDetailDTO") or []
        return [row for row in rows if isinstance(row, dict)]

    # Receipts, and looking after the account ---------------------------------------------------------------------

    def receipts(self, request: Wire, account: Account, now: datetime) -> Sequence[Receipt]:
        """Return what a push tells; it is not signed, so nobody but Aliyun may know the address."""
        return [
            Receipt(str(row["out_id"]), row.get("success") is True, str(row.get("err_code") or ""))
            for row in sms.told_in(request)
            if row.get("out_id")
        ]

    def probe(self, account: Account, http: Client) -> Answer:
        """Ask about a message that never was."""
        today = clock.now().astimezone(sms.CHINA).date()
        answer = self._records(sms.NOBODY, f"{today:%Y%m%d}", account, http)
        return Done(sms.findings(None if isinstance(answer, list) else answer))

    # The line ----------------------------------------------------------------------------------------------------

    def _ask(self, action: str, wish: Mapping[str, str], account: Account, http: Client) -> dict[str, Any] | Answer:
        """Return what an action gave, or how it failed."""
        query = query_of(wish)
        heads = {
            "host": urlsplit(self.address).netloc,
            "x-acs-action": action,
            "x-acs-version": VERSION,
            "x-acs-date": f"{clock.now():%Y-%m-%dT%H:%M:%SZ}",
            "x-acs-signature-nonce": secrets.token_hex(16),
            "x-acs-content-sha256": digest(b""),
        }
        signed = acs3(Sent(heads, query), account.number, account.key("key_secret"))
        heads = {**heads, "authorization": signed, "accept": "application/json"}
        answer = sms.asked(http, f"{self.address}/?{query}", b"", heads, "application/x-www-form-urlencoded")
        return _read(answer) if isinstance(answer, Response) else answer


def _dialled(number: str) -> str:
    """Return a number as Aliyun dials it: a mainland one bare, others with the country's code and without +."""
    return number.removeprefix("+86").removeprefix("+")


def _read(answer: Response) -> dict[str, Any] | Answer:
    told = sms.said(answer)
    code = str((told or {}).get("Code") or "")
    if told is not None and answer.status == 200 and code == "OK":
        return dict(told)
    return judged(code, str((told or {}).get("Message") or ""), answer.status)


def judged(code: str, message: str, status: int) -> Answer:
    """Return what a refusal of theirs means to us."""
    if sentence := next(
        (words for name, words in BROKEN.items() if code.partition(".")[0] == name or code == name), ""
    ):
        return sms.broken(sentence, code)
    if code == LIMITED:  # of one number: it is no reason to let everybody wait
        return Temporary(code) if "分钟" in message else Refused(code)
    if code.startswith("Throttling"):
        return Later(code, sms.RESTS)
    if not code or code.startswith(DOUBTFUL) or status >= 500:
        return Unknown(code or f"answered with status: {status}")
    return Refused(code)


def _stands(row: Mapping[str, Any], key: str) -> Answer:
    arrived = STATES.get(row.get("SendStatus"))  # type: ignore[arg-type]
    if arrived is None:
        return Done(Carried(key))
    return Done(Receipt(key, arrived, "" if arrived else str(row.get("ErrCode") or "")))
