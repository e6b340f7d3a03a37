"""Telling the shop: sealed and signed notices, posted until it says 200 or 204, fifteen times after the first."""

import json
import logging
import secrets
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from simulators.common.telling import SILENT, Schedule, send
from simulators.wechat.faults import WeChatFaults
from simulators.wechat.keys import Keys

RETRY_DELAYS = (15, 15, 30, 180, 600, 1200, 1800, 1800, 1800, 3600, 10800, 10800, 10800, 21600, 21600)
PATIENCE = 5.0
PROBE = "WECHATPAY/SIGNTEST/"
STALE_SECONDS = 600
log = logging.getLogger(__name__)


@dataclass(frozen=True)
class News:
    """What a shop is to be told: an event, and what it says in clear."""

    id: str
    url: str
    event: str
    summary: str
    said: dict[str, Any]

    @property
    def kind(self) -> str:
        return "refund" if self.event.startswith("REFUND") else "transaction"


@dataclass(frozen=True)
class Letter:
    """One posting, signed for its moment."""

    url: str
    headers: dict[str, str]
    body: bytes


class Due(NamedTuple):
    """A posting that waits for its moment."""

    make: Callable[[], News | None]
    tried: int
    first_try: threading.Event


class Writer:
    """Seals and signs letters, wrongly where that is asked for."""

    def __init__(self, keys: Keys, faults: WeChatFaults, clock: Callable[[], float]) -> None:
        self.keys, self.faults, self.clock = keys, faults, clock

    def write(self, news: News) -> Letter:
        """Return one letter about the news with whatever goes wrong in it."""
        said = self._altered(news.said)
        nonce, wrong = secrets.token_hex(6), self.faults.strike("missealed", "notice") is not None
        text = json.dumps(said, ensure_ascii=False, separators=(",", ":")).encode()
        resource = {
            "original_type": news.kind,
            "algorithm": "AEAD_AES_256_GCM",
            "ciphertext": self.keys.seal(text, nonce.encode(), news.kind.encode(), wrong=wrong),
            "associated_data": news.kind,
            "nonce": nonce,
        }
        told = {
            "id": news.id,
            "create_time": time.strftime("%Y-%m-%dT%H:%M:%S+08:00", time.gmtime(self.clock() + 28800)),
            "resource_type": "encrypt-resource",
            "event_type": news.event,
            "summary": news.summary,
            "resource": resource,
        }
        body = json.dumps(told, ensure_ascii=False, separators=(",", ":")).encode()
        stale = STALE_SECONDS if self.faults.strike("stale", "notice") else 0
        return Letter(news.url, self.signed(body, place="notice", ahead=-stale), body)

    def signed(self, body: bytes, *, place: str, ahead: float = 0.0, probe: bool = False) -> dict[str, str]:
        """Return the headers that WeChat's answers and notices carry."""
        stamp, nonce = str(int(self.clock() + ahead)), secrets.token_hex(16)
        forged = b"!" if self.faults.strike("forged", place) else b""
        signature = self.keys.sign(f"{stamp}\n{nonce}\n".encode() + body + forged + b"\n")
        return {
            "Content-Type": "application/json; charset=utf-8",
            "Wechatpay-Timestamp": stamp,
            "Wechatpay-Nonce": nonce,
            "Wechatpay-Signature": PROBE + signature[len(PROBE) :] if probe else signature,
            "Wechatpay-Signature-Type": "WECHATPAY2-SHA256-RSA2048",
            "Wechatpay-Serial": self.keys.public_key_id,
        }

    def _altered(self, said: dict[str, Any]) -> dict[str, Any]:
        if "trade_state" in said and self.faults.strike("short", "notice"):
            said = said | {"amount": said["amount"] | {"total": said["amount"]["total"] - 1}}
        if self.faults.strike("other_app", "notice"):
            said = said | {"appid": "wx0000000000000000"}
        return said | {"mchid": "1900000001"} if self.faults.strike("other_merchant", "notice") else said


def post(letter: Letter) -> int:
    """Post a letter and return the status of the answer; follow no redirect."""
    return send("POST", letter.url, letter.body, letter.headers, timeout=PATIENCE)[0]


class Sender:
    """Posts news in time order; what is not taken comes again on the documented schedule, times `pace`."""

    def __init__(self, writer: Writer, record: Callable[[str, bool], None], *, pace: float = 1.0) -> None:
        self.writer, self._record = writer, record
        self._delays: Sequence[float] = [delay * pace for delay in RETRY_DELAYS]
        self.schedule = Schedule(self._tell, name="wechat")

    def start(self) -> None:
        """Start posting."""
        self.schedule.start()

    def stop(self) -> None:
        """Stop posting; what was not told stays untold."""
        self.schedule.stop()

    def send(self, make: Callable[[], News | None], *, after: float = 0.0, tried: int = 0) -> threading.Event:
        """Have news told, made at the moment it is posted; the event is set after the first try, or without one."""
        first_try, faults = threading.Event(), self.writer.faults
        if faults.strike("silent", "notice"):
            first_try.set()
            return first_try
        copies = 2 if faults.strike("twice", "notice") else 1
        for _ in range(copies):
            self.schedule.put(Due(make, tried, first_try), after + faults.delay())
        return first_try

    def _tell(self, due: Due) -> None:
        taken = self._try(due)
        due.first_try.set()
        if not taken and due.tried < len(self._delays):
            self.schedule.put(due._replace(tried=due.tried + 1), self._delays[due.tried])

    def _try(self, due: Due) -> bool:
        news = due.make()
        if news is None:
            return True
        letter = self.writer.write(news)
        if self.writer.faults.strike("probe", "notice"):
            self._post(Letter(letter.url, self.writer.signed(letter.body, place="probe", probe=True), letter.body))
        status = self._post(letter)
        self._record(news.id, status in (200, 204))
        log.info("%s, try %d: %s", news.event, due.tried + 1, status or "no answer")
        return status in (200, 204)

    def _post(self, letter: Letter) -> int:
        try:
            return post(letter)
        except SILENT:
            return 0
