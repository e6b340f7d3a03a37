"""Aliyun's side: SendSms and QuerySendDetails, signed by ACS3; business refusals come with HTTP 200."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qsl

from simulators.sms import wire
from simulators.sms.book import Book, Unapproved
from simulators.sms.reports import CHINA, Reports

REFUSED = {
    "template": ("isv.SMS_TEMPLATE_ILLEGAL", "短信模版不合法"),
    "missing": ("isv.TEMPLATE_MISSING_PARAMETERS", "模版缺少变量"),
    "value": ("isv.PARAM_LENGTH_LIMIT", "参数超出长度限制"),
    "link": ("isv.PARAM_NOT_SUPPORT_URL", "不支持URL"),
}
LIMITED = {"minute": "触发分钟级流控Permits:1", "hour": "触发小时级流控Permits:5", "day": "触发天级流控Permits:10"}
SIGNED = {"host", *(f"x-acs-{name}" for name in ("action", "version", "date", "signature-nonce", "content-sha256"))}
STATUS = {"waiting": 1, "failed": 2, "delivered": 3}
Said = tuple[int, dict[str, Any]]


class Aliyun:
    """Answers for one access key and one approved signature."""

    def __init__(self, book: Book, reports: Reports, *, key_id: str, secret: str, sign: str) -> None:
        self._book, self._reports = book, reports
        self._key_id, self._secret, self._sign = key_id, secret, sign

    def answer(self, method: str, path: str, query: str, headers: Mapping[str, str], body: bytes) -> Said:
        """Answer a request as it came; raises ConnectionError where the answer is to be lost."""
        if refused := self._stranger(method, path, query, headers, body):
            return refused
        said = dict(parse_qsl(query, keep_blank_values=True))
        if self._book.goes_wrong("throttled"):
            return _error(400, "Throttling.User", "Request was denied due to user flow control.")
        return self._send(said) if headers["x-acs-action"] == "SendSms" else self._details(said)

    def _stranger(self, method: str, path: str, query: str, headers: Mapping[str, str], body: bytes) -> Said | None:
        found = wire.ALIYUN.fullmatch(headers.get("authorization", ""))
        if not found or found[1] != self._key_id:
            return _error(404, "InvalidAccessKeyId.NotFound", "Specified access key is not found.")
        if not set(found[2].split(";")) >= SIGNED:
            return _error(400, "IncompleteSignature", "The signed headers are incomplete.")
        if found[3] != wire.aliyun_signature(method, path, query, headers, found[2], body, self._secret):
            return _error(400, "SignatureDoesNotMatch", "Specified signature is not matched with our calculation.")
        at = datetime.strptime(headers["x-acs-date"], "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)
        if abs(at.timestamp() - self._book.clock()) > 900:
            return _error(400, "InvalidTimeStamp.Expired", "Specified time stamp is expired.")
        return None

    def _send(self, said: Mapping[str, str]) -> Said:
        if self._book.goes_wrong("out_of_money"):
            return _refusal("isv.AMOUNT_NOT_ENOUGH", "账户余额不足")
        if self._book.goes_wrong("no_permission"):
            return _refusal("isp.RAM_PERMISSION_DENY", "RAM权限DENY")
        if self._book.goes_wrong("busy"):
            return _refusal("isp.SYSTEM_ERROR", "isp.SYSTEM_ERROR")
        if said.get("SignName") != self._sign:
            return _refusal("isv.SMS_SIGNATURE_ILLEGAL", "短信签名不合法")
        phone = said.get("PhoneNumbers", "")
        if not phone.isdigit() or not 7 <= len(phone) <= 15:
            return _refusal("isv.MOBILE_NUMBER_ILLEGAL", "非法手机号")
        try:
            text = self._book.filled(said.get("TemplateCode", ""), json.loads(said.get("TemplateParam", "{}")))
        except Unapproved as fault:
            return _refusal(*REFUSED[str(fault)])
        if word := self._book.limit_of(phone, text):
            return _refusal("isv.BUSINESS_LIMIT_CONTROL", LIMITED[word])
        sent = self._book.take("aliyun", phone, text, said.get("OutId", ""))
        self._reports.expect(sent)
        if self._book.goes_wrong("lost_after"):
            raise ConnectionError
        if self._book.goes_wrong("busy_after"):
            return _refusal("isp.SYSTEM_ERROR", "isp.SYSTEM_ERROR")
        return 200, {"Code": "OK", "Message": "OK", "RequestId": sent.number, "BizId": sent.number}

    def _details(self, said: Mapping[str, str]) -> Said:
        found = [
            {
                "PhoneNum": sent.phone,
                "OutId": sent.reference,
                "SendStatus": STATUS[sent.state],
                "ErrCode": "DELIVERED" if sent.state == "delivered" else "MOBILE_NOT_ON_SERVICE",
                "Content": sent.text,
            }
            for sent in self._book.sent
            if sent.vendor == "aliyun"
            and sent.phone == said.get("PhoneNumber")
            and _day(sent.at) == said.get("SendDate")
        ]
        told = {"TotalCount": len(found), "SmsSendDetailDTOs": {"SmsSendDetailDTO": found}}
        return 200, {"Code": "OK", "Message": "OK", "RequestId": "details", **told}


def _day(at: float) -> str:
    return f"{datetime.fromtimestamp(at, UTC).astimezone(CHINA):%Y%m%d}"


def _error(status: int, code: str, text: str) -> Said:
    return status, {"Code": code, "Message": text, "RequestId": "refused"}


def _refusal(code: str, text: str) -> Said:
    return _error(200, code, text)
