"""Tencent Cloud's side: SendSms and PullSmsSendStatusByPhoneNumber, signed by TC3; every refusal comes with 200."""

import json
from collections.abc import Mapping
from typing import Any

from simulators.sms import wire
from simulators.sms.book import Book, Unapproved
from simulators.sms.reports import Reports

REFUSED = {
    "template": ("FailedOperation.TemplateIncorrectOrUnapproved", "template is not approved"),
    "missing": ("FailedOperation.TemplateParamSetNotMatchApprovedTemplate", "parameters do not match"),
    "value": ("InvalidParameterValue.TemplateParameterLengthLimit", "parameter is too long"),
    "link": ("InvalidParameterValue.ProhibitedUseUrlInTemplateParameter", "no link in a parameter"),
}
LIMITED = {
    "minute": "LimitExceeded.PhoneNumberThirtySecondLimit",
    "hour": "LimitExceeded.PhoneNumberOneHourLimit",
    "day": "LimitExceeded.PhoneNumberDailyLimit",
}
Said = tuple[int, dict[str, Any]]


class Tencent:
    """Answers for one pair of keys, one application and one approved signature."""

    def __init__(
        self, book: Book, reports: Reports, *, secret_id: str, secret_key: str, app_id: str, sign: str
    ) -> None:
        self._book, self._reports = book, reports
        self._secret_id, self._secret_key, self._app_id, self._sign = secret_id, secret_key, app_id, sign

    def answer(self, headers: Mapping[str, str], body: bytes) -> Said:
        """Answer a request as it came; raises ConnectionError where the answer is to be lost."""
        if refused := self._stranger(headers, body):
            return refused
        if self._book.goes_wrong("throttled"):
            return _error("RequestLimitExceeded", "too many requests")
        said = json.loads(body)
        if said.get("SmsSdkAppId") != self._app_id:
            return _error("UnauthorizedOperation.SmsSdkAppIdVerifyFail", "unknown application")
        return self._send(said) if headers["x-tc-action"] == "SendSms" else self._statuses(said)

    def _stranger(self, headers: Mapping[str, str], body: bytes) -> Said | None:
        found = wire.TENCENT.fullmatch(headers.get("authorization", ""))
        at = headers.get("x-tc-timestamp", "")
        if not found or found[1] != self._secret_id:
            return _error("AuthFailure.SecretIdNotFound", "the secret id does not exist")
        _, date, service, names, signature = found.groups()
        own = wire.tencent_signature(headers, names, body, self._secret_key, at=at, date=date, service=service)
        if service != "sms" or signature != own:
            return _error("AuthFailure.SignatureFailure", "the signature is not ours")
        if not at.isdigit() or abs(int(at) - self._book.clock()) > 300:
            return _error("AuthFailure.SignatureExpire", "the signature has expired")
        if headers.get("x-tc-version") != "2021-01-11" or not headers.get("x-tc-region"):
            return _error("InvalidParameter", "version or region is missing")
        return None

    def _send(self, said: Mapping[str, Any]) -> Said:
        if self._book.goes_wrong("busy"):
            return _error("InternalError.Timeout", "timeout")
        (phone,) = said["PhoneNumberSet"]
        code, text = self._judged(phone, said)
        if code:
            return _status({"SerialNo": "", "PhoneNumber": phone, "Fee": 0, "Code": code, "Message": text})
        sent = self._book.take("tencent", phone, text, said.get("SessionContext", ""))
        self._reports.expect(sent)
        if self._book.goes_wrong("lost_after"):
            raise ConnectionError
        if self._book.goes_wrong("busy_after"):
            return _error("InternalError.Timeout", "timeout")
        return _status(
            {"SerialNo": sent.number, "PhoneNumber": phone, "Fee": 1, "Code": "Ok", "Message": "send success"}
        )

    def _judged(self, phone: str, said: Mapping[str, Any]) -> tuple[str, str]:
        """Return the code and words of a refusal, or "" and the text."""
        if self._book.goes_wrong("out_of_money"):
            return "FailedOperation.InsufficientBalanceInSmsPackage", "no message left in the package"
        if self._book.goes_wrong("no_permission"):
            return "UnauthorizedOperation.IndividualUserMarketingSmsPermissionDeny", "not allowed"
        if said.get("SignName") != self._sign:
            return "FailedOperation.SignatureIncorrectOrUnapproved", "signature is not approved"
        if not phone.startswith("+") or not phone[1:].isdigit():
            return "InvalidParameterValue.IncorrectPhoneNumber", "no phone number"
        try:
            values = {str(place): value for place, value in enumerate(said.get("TemplateParamSet", []), start=1)}
            text = self._book.filled(str(said.get("TemplateId")), values)
        except Unapproved as fault:
            return REFUSED[str(fault)]
        word = self._book.limit_of(phone, text)
        return (LIMITED[word], "too many to this number") if word else ("", text)

    def _statuses(self, said: Mapping[str, Any]) -> Said:
        found = [
            {
                "PhoneNumber": sent.phone,
                "SerialNo": sent.number,
                "ReportStatus": "SUCCESS" if sent.state == "delivered" else "FAIL",
                "Description": "DELIVRD" if sent.state == "delivered" else "UNDELIV",
                "SessionContext": sent.reference,
            }
            for sent in self._book.sent
            if sent.vendor == "tencent" and sent.phone == said["PhoneNumber"] and sent.state != "waiting"
        ]
        return 200, {"Response": {"PullSmsSendStatusSet": found, "RequestId": "statuses"}}


def _status(status: Mapping[str, Any]) -> Said:
    told = {"SessionContext": "", "IsoCode": "CN", **status}
    return 200, {"Response": {"SendStatusSet": [told], "RequestId": status["SerialNo"] or "refused"}}


def _error(code: str, text: str) -> Said:
    return 200, {"Response": {"Error": {"Code": code, "Message": text}, "RequestId": "refused"}}
