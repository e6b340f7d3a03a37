"""Tencent Cloud's face: SMS 2021-01-11."""

import json
import re
import secrets
from datetime import datetime, timedelta, timezone
from typing import Any

from simulators.sms.book import Taken
from simulators.sms.keys import TENCENT, Text
from simulators.sms.service import Service, has_link
from simulators.sms.wire import Came, Refusal, check_tc3

CHINA = timezone(timedelta(hours=8))
PHONE = re.compile(r"\+\d{8,15}")
LONGEST = 12
VERSION = "2021-01-11"


class Tencent:
    """Answers Tencent Cloud's questions and writes its receipts."""

    def __init__(self, service: Service) -> None:
        self.service = service
        service.tellers[TENCENT] = self

    def answer(self, came: Came) -> tuple[int, dict[str, Any]]:
        """Return status and answer of a request."""
        told: dict[str, Any] = {"RequestId": secrets.token_hex(16)}
        try:
            keys = self.service.keys
            check_tc3(came, keys.secret_id, keys.secret_key, self.service.clock())
            return 200, {"Response": self._done(came) | told}
        except Refusal as refusal:
            error = {"Code": refusal.code, "Message": refusal.words or refusal.code}
            return 200, {"Response": {"Error": error} | told}

    def _done(self, came: Came) -> dict[str, Any]:
        action = came.headers.get("x-tc-action")
        if came.headers.get("x-tc-version") != VERSION:
            raise Refusal("NoSuchVersion", "接口版本不存在")
        try:
            wish = json.loads(came.body)
        except ValueError as error:
            raise Refusal("InvalidParameter", "JSON") from error
        if wish.get("SmsSdkAppId") != self.service.keys.app_id:
            raise Refusal("UnauthorizedOperation.SmsSdkAppIdVerifyFail", "SmsSdkAppId 校验失败")
        if action == "SendSms":
            self._ail("send")
            return {"SendStatusSet": [self._sent(wish, phone) for phone in wish.get("PhoneNumberSet", [])]}
        if action == "PullSmsSendStatusByPhoneNumber":
            self._ail("query")
            return {"PullSmsSendStatusSet": self._ends(wish)}
        raise Refusal("InvalidAction", "接口不存在")

    def _ail(self, place: str) -> None:
        if self.service.faults.strike("throttled", place):
            raise Refusal("RequestLimitExceeded", "请求的次数超过了频率限制。")

    def _sent(self, wish: dict[str, Any], phone: str) -> dict[str, Any]:
        """Take a message to one number; what is wrong with it stands in its own code."""
        status = {"SerialNo": "", "PhoneNumber": phone, "Fee": 0, "SessionContext": "", "IsoCode": ""}
        try:
            taken = self._take(wish, phone)
        except Refusal as refusal:
            return status | {"Code": refusal.code, "Message": refusal.words or refusal.code}
        more = {"SerialNo": f"2:{taken.number}", "Fee": 1, "SessionContext": taken.ours, "IsoCode": "CN"}
        return status | more | {"Code": "Ok", "Message": "send success"}

    def _take(self, wish: dict[str, Any], phone: str) -> Taken:
        if self.service.faults.strike("poor", "send"):
            raise Refusal("FailedOperation.InsufficientBalanceInSmsPackage", "套餐包余量不足")
        if not PHONE.fullmatch(phone):
            raise Refusal("InvalidParameterValue.IncorrectPhoneNumber", "手机号格式错误")
        if wish.get("SignName") != self.service.keys.sign_name:
            raise Refusal("FailedOperation.SignatureIncorrectOrUnapproved", "签名未审批或格式错误")
        text = self.service.text(TENCENT, str(wish.get("TemplateId", "")))
        if text is None:
            raise Refusal("FailedOperation.TemplateIncorrectOrUnapproved", "模版未审批或内容不匹配")
        values = _values(wish.get("TemplateParamSet", []), text)
        if limit := self.service.limit(TENCENT, phone, text):
            raise Refusal(limit.code)
        return self.service.take(TENCENT, phone, text, values, str(wish.get("SessionContext", "")))

    def _ends(self, wish: dict[str, Any]) -> list[dict[str, Any]]:
        """Return the messages to a number that have ended; those under way are not told of."""
        rows = self.service.book.of_phone(TENCENT, str(wish.get("PhoneNumber", "")))
        found = [row for row in rows if row.ended_at and wish["BeginTime"] <= row.at <= wish["EndTime"] + 1]
        return [_end(row) for row in found[: wish.get("Limit", 100)]]

    def receipt(self, taken: Taken) -> bytes:
        """Return the report of a message that ended."""
        report = {
            "user_receive_time": f"{_china(taken.ended_at or taken.at):%Y-%m-%d %H:%M:%S}",
            "nationcode": "86",
            "mobile": taken.phone.removeprefix("+86"),
            "report_status": "SUCCESS" if taken.arrived else "FAIL",
            "errmsg": "DELIVRD" if taken.arrived else "UNDELIV",
            "description": "用户短信送达成功" if taken.arrived else "用户未收到",
            "sid": f"2:{taken.number}",
        }
        return json.dumps([report], ensure_ascii=False).encode()

    def is_had(self, answer: bytes) -> bool:
        """Tell whether a shop said result 0."""
        try:
            told = json.loads(answer)
        except ValueError:
            return False
        return isinstance(told, dict) and told.get("result") == 0


def _values(given: Any, text: Text) -> dict[str, str]:
    slots = text.slots(TENCENT)
    if not isinstance(given, list) or len(given) != len(slots):
        raise Refusal("FailedOperation.TemplateParamSetNotMatchApprovedTemplate", "模版参数个数不匹配")
    for value in map(str, given):
        if text.for_codes and not (value.isdigit() and len(value) <= 6):
            raise Refusal("InvalidParameterValue.TemplateParameterFormatError", "验证码模版参数格式错误")
        if len(value) > LONGEST:
            raise Refusal("InvalidParameterValue.TemplateParameterLengthLimit", "单个模版变量字符数超过规定限制")
        if has_link(value):
            raise Refusal("FailedOperation.ContainSensitiveWord", "短信内容含有敏感词")
    return dict(zip(slots, map(str, given), strict=True))


def _end(row: Taken) -> dict[str, Any]:
    return {
        "UserReceiveTime": int(row.ended_at or row.at),
        "CountryCode": "86",
        "SubscriberNumber": row.phone.removeprefix("+86"),
        "PhoneNumber": row.phone,
        "SerialNo": f"2:{row.number}",
        "ReportStatus": "SUCCESS" if row.arrived else "FAIL",
        "Description": "用户短信送达成功" if row.arrived else "用户未收到",
        "SessionContext": row.ours,
    }


def _china(at: float) -> datetime:
    return datetime.fromtimestamp(at, CHINA)
