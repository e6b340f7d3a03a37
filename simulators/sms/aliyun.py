"""Aliyun's face: dysmsapi 2017-05-25."""

import json
import re
import secrets
from datetime import datetime, timedelta, timezone
from typing import Any

from simulators.sms.book import Taken
from simulators.sms.keys import ALIYUN
from simulators.sms.service import Service, has_link
from simulators.sms.wire import Came, Refusal, check_acs3

CHINA = timezone(timedelta(hours=8))
PHONE = re.compile(r"(?:\+?86|0086)?(1[3-9]\d{9})|\d{8,15}")
LONGEST = 35
STATES = {None: 1, False: 2, True: 3}


class Aliyun:
    """Answers Aliyun's questions and writes its receipts."""

    def __init__(self, service: Service) -> None:
        self.service = service
        service.tellers[ALIYUN] = self

    def answer(self, came: Came) -> tuple[int, dict[str, Any]]:
        """Return status and answer of a request."""
        told = {"RequestId": secrets.token_hex(16).upper()}
        try:
            keys = self.service.keys
            check_acs3(came, keys.key_id, keys.key_secret, self.service.clock())
            return 200, told | {"Code": "OK", "Message": "OK"} | self._done(came)
        except Refusal as refusal:
            return refusal.status, told | {"Code": refusal.code, "Message": refusal.words or refusal.code}

    def _done(self, came: Came) -> dict[str, Any]:
        match came.headers.get("x-acs-action"):
            case "SendSms":
                self._ail("send")
                return {"BizId": f"{self._send(came.parameters).number}^0"}
            case "QuerySendDetails":
                self._ail("query")
                return self._details(came.parameters)
        raise Refusal("InvalidAction.NotFound", "Specified api is not found.", 404)

    def _ail(self, place: str) -> None:
        if self.service.faults.strike("throttled", place):
            raise Refusal("Throttling.User", "Request was denied due to user flow control.", 400)
        if self.service.faults.strike("poor", place):
            raise Refusal("isv.AMOUNT_NOT_ENOUGH", "账户余额不足")

    def _send(self, wish: dict[str, str]) -> Taken:
        phone = _phone(wish.get("PhoneNumbers", ""))
        if wish.get("SignName") != self.service.keys.sign_name:
            raise Refusal("isv.SMS_SIGNATURE_ILLEGAL", "短信签名不合法")
        text = self.service.text(ALIYUN, wish.get("TemplateCode", ""))
        if text is None:
            raise Refusal("isv.SMS_TEMPLATE_ILLEGAL", "短信模版不合法")
        values = _values(wish.get("TemplateParam", "{}"), text.slots(ALIYUN))
        if limit := self.service.limit(ALIYUN, phone, text):
            raise Refusal(limit.code, limit.words)
        return self.service.take(ALIYUN, phone, text, values, wish.get("OutId", ""))

    def _details(self, wish: dict[str, str]) -> dict[str, Any]:
        phone = _phone(wish.get("PhoneNumber", ""))
        rows = self.service.book.of_phone(ALIYUN, phone)
        number = wish.get("BizId", "").partition("^")[0]
        found = [
            row for row in rows if f"{_china(row.at):%Y%m%d}" == wish.get("SendDate") and number in ("", row.number)
        ]
        size, page = int(wish.get("PageSize", "10")), int(wish.get("CurrentPage", "1"))
        shown = [_detail(row) for row in found[(page - 1) * size : page * size]]
        return {"TotalCount": str(len(found)), "SmsSendDetailDTOs": {"SmsSendDetailDTO": shown}}

    def receipt(self, taken: Taken) -> bytes:
        """Return the report of a message that ended."""
        report = {
            "phone_number": taken.phone,
            "send_time": f"{_china(taken.at):%Y-%m-%d %H:%M:%S}",
            "report_time": f"{_china(taken.ended_at or taken.at):%Y-%m-%d %H:%M:%S}",
            "success": bool(taken.arrived),
            "err_code": "DELIVERED" if taken.arrived else "MOBILE_NOT_ON_SERVICE",
            "err_msg": "用户接收成功" if taken.arrived else "用户停机或关机",
            "sms_size": "1",
            "biz_id": f"{taken.number}^0",
            "out_id": taken.ours,
        }
        return json.dumps([report], ensure_ascii=False).encode()

    def is_had(self, answer: bytes) -> bool:
        """Tell whether a shop said code 0, as a number."""
        try:
            told = json.loads(answer)
        except ValueError:
            return False
        return isinstance(told, dict) and told.get("code") == 0 and not isinstance(told["code"], bool)


def _phone(text: str) -> str:
    found = PHONE.fullmatch(text)
    if not found:
        raise Refusal("isv.MOBILE_NUMBER_ILLEGAL", "号码格式错误")
    return found[1] or text


def _values(text: str, slots: list[str]) -> dict[str, str]:
    try:
        given = json.loads(text)
    except ValueError as error:
        raise Refusal("isv.INVALID_JSON_PARAM", "JSON参数不合法") from error
    if not isinstance(given, dict) or set(slots) - given.keys():
        raise Refusal("isv.TEMPLATE_MISSING_PARAMETERS", "模版缺少变量")
    for slot in slots:
        if not 1 <= len(str(given[slot])) <= LONGEST:
            raise Refusal("isv.PARAM_LENGTH_LIMIT", "参数超出长度限制")
        if has_link(str(given[slot])):
            raise Refusal("isv.PARAM_NOT_SUPPORT_URL", "变量不支持传入URL")
    return {slot: str(given[slot]) for slot in slots}


def _detail(row: Taken) -> dict[str, Any]:
    return {
        "PhoneNum": row.phone,
        "SendStatus": STATES[row.arrived],
        "ErrCode": "" if row.arrived is None else "DELIVERED" if row.arrived else "MOBILE_NOT_ON_SERVICE",
        "TemplateCode": row.text,
        "Content": row.said,
        "SendDate": f"{_china(row.at):%Y-%m-%d %H:%M:%S}",
        "ReceiveDate": f"{_china(row.ended_at):%Y-%m-%d %H:%M:%S}" if row.ended_at else "",
        "OutId": row.ours,
    }


def _china(at: float) -> datetime:
    return datetime.fromtimestamp(at, CHINA)
