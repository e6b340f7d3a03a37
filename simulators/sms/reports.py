"""Status reports: pushed after a moment, and again after one, five and ten minutes until somebody takes them."""

import json
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

from simulators.common.telling import SILENT, Schedule, send
from simulators.sms.book import Book, Sent

AGAIN = (60.0, 300.0, 600.0)
CHINA = timezone(timedelta(hours=8))


class Reports:
    """Pushes what became of messages to who wants to know; `pace` shortens every wait."""

    def __init__(self, book: Book, *, pace: float = 1.0, delay: float = 0.2) -> None:
        self._book, self._pace, self._delay = book, pace, delay
        self._schedule: Schedule[tuple[Sent, int]] = Schedule(self._tell, name="sms-reports", threads=2)

    def start(self) -> None:
        self._schedule.start()

    def stop(self) -> None:
        self._schedule.stop()

    def expect(self, sent: Sent) -> None:
        """Decide what becomes of a message, and have it told."""
        if self._book.goes_wrong("no_report"):
            return
        sent.state = "failed" if self._book.goes_wrong("undelivered") else "delivered"
        self._schedule.put((sent, 0), self._delay * self._pace)

    def _tell(self, due: tuple[Sent, int]) -> None:
        sent, tries = due
        url = self._book.callbacks.get(sent.vendor)
        if url and not self._is_taken(url, sent) and tries < len(AGAIN):
            self._schedule.put((sent, tries + 1), AGAIN[tries] * self._pace)

    def _is_taken(self, url: str, sent: Sent) -> bool:
        body = json.dumps([report(sent)], ensure_ascii=False).encode()
        try:
            status, said = send("POST", url, body, {"Content-Type": "application/json; charset=utf-8"})
            told = json.loads(said)
        except (*SILENT, ValueError):
            return False
        wanted = "code" if sent.vendor == "aliyun" else "result"
        return status == 200 and isinstance(told, dict) and told.get(wanted) == 0


def report(sent: Sent) -> dict[str, Any]:
    """Return what a vendor tells of a message."""
    well, at = sent.state == "delivered", datetime.fromtimestamp(sent.at, UTC).astimezone(CHINA)
    moment = f"{at:%Y-%m-%d %H:%M:%S}"
    if sent.vendor == "aliyun":
        return {
            "phone_number": sent.phone,
            "send_time": moment,
            "report_time": moment,
            "success": well,
            "err_code": "DELIVERED" if well else "MOBILE_NOT_ON_SERVICE",
            "err_msg": "用户接收成功" if well else "手机停机",
            "sms_size": "1",
            "biz_id": sent.number,
            "out_id": sent.reference,
        }
    return {
        "user_receive_time": moment,
        "nationcode": "86",
        "mobile": sent.phone.removeprefix("+86"),
        "report_status": "SUCCESS" if well else "FAIL",
        "errmsg": "DELIVRD" if well else "UNDELIV",
        "description": "用户短信送达成功" if well else "用户停机",
        "sid": sent.number,
    }
