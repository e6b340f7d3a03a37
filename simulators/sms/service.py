"""What both services do, without HTTP: they take messages within limits, let them end, and tell the shop."""

import logging
import re
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol

from simulators.common.telling import SILENT, Schedule, send
from simulators.sms.book import DAY, HOUR, MINUTE, Book, Taken
from simulators.sms.faults import SmsFaults
from simulators.sms.keys import ALIYUN, TENCENT, TEXTS, Keys, Text

RETRY_MINUTES = (1, 5, 10)
JOURNEY_SECONDS = 1.0  # between taking a message and its end
LINK = re.compile(r"https?:|www\.|[a-z0-9-]\.(?:com|cn|net|org|io|top|xyz|cc|shop)\b", re.IGNORECASE)
UNHEARD = "0000"  # numbers that end so are switched off
JSON = "application/json; charset=utf-8"
log = logging.getLogger(__name__)


class Limit(NamedTuple):
    """So many messages to a number in so many seconds, and the code of who wants more."""

    most: int
    seconds: float
    code: str
    words: str = ""


BUSINESS = "isv.BUSINESS_LIMIT_CONTROL"
LIMITS = {
    (ALIYUN, True): (
        Limit(1, MINUTE, BUSINESS, "触发分钟级流控Permits:1"),
        Limit(5, HOUR, BUSINESS, "触发小时级流控Permits:5"),
        Limit(10, DAY, BUSINESS, "触发天级流控Permits:10"),
    ),
    (ALIYUN, False): (Limit(50, DAY, BUSINESS, "触发天级流控Permits:50"),),
    (TENCENT, True): (
        Limit(1, 30, "LimitExceeded.PhoneNumberThirtySecondLimit"),
        Limit(5, HOUR, "LimitExceeded.PhoneNumberOneHourLimit"),
        Limit(10, DAY, "LimitExceeded.PhoneNumberDailyLimit"),
    ),
    (TENCENT, False): (Limit(50, DAY, "LimitExceeded.PhoneNumberDailyLimit"),),
}


class Due(NamedTuple):
    """A message that is to end, or a receipt that is to be posted."""

    number: str
    tried: int
    ended: bool


class Teller(Protocol):
    """How one of the two tells shops what became of a message."""

    def receipt(self, taken: Taken) -> bytes:
        """Return the receipt of a message that ended."""

    def is_had(self, answer: bytes) -> bool:
        """Tell whether a shop's answer says that it has a receipt."""


@dataclass
class Service:
    """The two services over one book."""

    keys: Keys
    book: Book
    faults: SmsFaults = field(default_factory=SmsFaults)
    clock: Callable[[], float] = time.time
    pace: float = 1.0
    callbacks: dict[str, str] = field(default_factory=dict)  # where each tells the shop
    tellers: dict[str, Teller] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.schedule: Schedule[Due] = Schedule(self.tell, name="sms-receipts")

    def start(self) -> None:
        """Start telling, first of all what a former run could not tell."""
        self.schedule.start()
        for taken in self.book.untold():
            self.schedule.put(Due(taken.number, 0, taken.arrived is not None))

    def limit(self, vendor: str, phone: str, text: Text) -> Limit | None:
        """Return the limit that a further message to a number would break."""
        now = self.clock()
        for limit in LIMITS[vendor, text.for_codes]:
            sent = self.book.count(vendor, phone, for_codes=text.for_codes, since=now - limit.seconds)
            if sent >= limit.most:
                return limit
        return None

    def take(self, vendor: str, phone: str, text: Text, values: dict[str, str], ours: str) -> Taken:
        """Take a message, which ends in a moment."""
        number = secrets.token_hex(9)
        said = f"【{self.keys.sign_name}】{text.said(vendor, values)}"
        taken = Taken(number, vendor, phone, ours, text.code, said, text.for_codes, self.clock())
        self.book.add(taken)
        log.info("%s to %s…%s: %s", vendor, phone[:3], phone[-2:], text.code)
        late = self.faults.strike("late", "receipt")
        wait = JOURNEY_SECONDS * self.pace + (late.seconds if late else 0)
        for _ in range(2 if self.faults.strike("twice", "receipt") else 1):
            self.schedule.put(Due(number, 0, ended=False), wait)
        return taken

    def text(self, vendor: str, code: str) -> Text | None:
        """Return an approved text."""
        return TEXTS[vendor].get(code)

    # Telling -----------------------------------------------------------------------------------------------------

    def tell(self, due: Due) -> None:
        """Let a message end and post its receipt; one that is not taken comes again after 1, 5 and 10 minutes."""
        failed = not due.ended and self.faults.strike("failed", "receipt") is not None
        arrived = not failed and not self.book.get(due.number).phone.endswith(UNHEARD)
        taken = self.book.end(due.number, arrived=arrived, at=self.clock())
        url = self.callbacks.get(taken.vendor, "")
        if not url or self.faults.strike("silent", "receipt"):
            return
        if self._post(url, taken):
            self.book.mark_told(taken.number)
        elif due.tried < len(RETRY_MINUTES):
            self.schedule.put(Due(due.number, due.tried + 1, ended=True), RETRY_MINUTES[due.tried] * 60 * self.pace)

    def _post(self, url: str, taken: Taken) -> bool:
        teller = self.tellers[taken.vendor]
        try:
            status, answer = send("POST", url, teller.receipt(taken), {"Content-Type": JSON}, timeout=5)
        except SILENT:
            status, answer = 0, b""
        log.info("receipt of %s: %s", taken.number, status or "no answer")
        return status == 200 and teller.is_had(answer)


def has_link(value: str) -> bool:
    return LINK.search(value) is not None
