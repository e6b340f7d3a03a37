"""What both vendors keep: approved texts, messages, how many a number had, and what is to go wrong."""

import re
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from itertools import count

# By number: the text as it was approved. Aliyun names its variables, Tencent counts them.
TEXTS = {
    "SMS_1001": "您的验证码是${digits}，${minutes}分钟内有效。",
    "SMS_1002": "订单${number}已完成，请到网站查看。",
    "SMS_1003": "订单${number}正在处理，请稍候。",
    "SMS_1004": "订单${number}的退款${amount}已发出。",
    "2001": "您的验证码是{1}，{2}分钟内有效。",
    "2002": "订单{1}已完成，请到网站查看。",
    "2003": "订单{1}正在处理，请稍候。",
    "2004": "订单{1}的退款{2}已发出。",
}
LIMITS = ((60, 1), (3600, 5), (86400, 10))  # seconds, messages with a sign-in code to one number
FAULTS = {
    "down",  # 503
    "lost_before",  # the connection ends before anything happened
    "lost_after",  # … after the message was taken
    "busy",  # the vendor's own system error, nothing was taken
    "busy_after",  # … although the message was taken
    "throttled",
    "out_of_money",
    "no_permission",
    "no_report",
    "undelivered",
}
NAMED, COUNTED, LINK = re.compile(r"\$\{(\w+)\}"), re.compile(r"\{(\d+)\}"), re.compile(r"://|\bwww\.")


class Unapproved(Exception):
    """The text does not exist, or its variables do not fit; the argument is one of template, missing, value, link."""


@dataclass
class Sent:
    """One message that was taken."""

    vendor: str
    number: str
    phone: str
    text: str
    reference: str  # what the sender calls it
    at: float
    state: str = "waiting"  # | delivered | failed


@dataclass
class Book:
    """Everything that both vendors know; all of it may be asked by several threads."""

    clock: Callable[[], float] = time.time
    texts: dict[str, str] = field(default_factory=lambda: dict(TEXTS))
    sent: list[Sent] = field(default_factory=list)
    callbacks: dict[str, str] = field(default_factory=dict)
    faults: dict[str, int] = field(default_factory=dict)  # name: how often still
    limited: bool = True
    lock: threading.RLock = field(default_factory=threading.RLock)
    numbers: "count[int]" = field(default_factory=lambda: count(1))

    def goes_wrong(self, name: str) -> bool:
        """Tell whether something goes wrong now, and count it."""
        with self.lock:
            left = self.faults.get(name, 0)
            if left:
                self.faults[name] = left - 1
            return left > 0

    def filled(self, code: str, values: Mapping[str, str]) -> str:
        """Return an approved text with its variables filled in; raises Unapproved."""
        text = self.texts.get(code)
        if text is None:
            raise Unapproved("template")
        names = NAMED.findall(text) or COUNTED.findall(text)
        if set(names) != set(values):
            raise Unapproved("missing")
        for name, value in values.items():
            if not 1 <= len(value) <= 35:
                raise Unapproved("value")
            if LINK.search(value):
                raise Unapproved("link")
            text = text.replace(f"${{{name}}}", value).replace(f"{{{name}}}", value)
        return text

    def limit_of(self, phone: str, text: str) -> str:
        """Return minute, hour or day when a number had too many sign-in codes, or ""."""
        if not self.limited or "验证码" not in text:
            return ""
        now = self.clock()
        mine = [each.at for each in self.sent if each.phone == phone and "验证码" in each.text]
        for (seconds, most), word in zip(LIMITS, ("minute", "hour", "day"), strict=True):
            if sum(at > now - seconds for at in mine) >= most:
                return word
        return ""

    def take(self, vendor: str, phone: str, text: str, reference: str) -> Sent:
        """Take a message; twice is two messages."""
        with self.lock:
            taken = Sent(vendor, f"{vendor}-{next(self.numbers):08d}", phone, text, reference, self.clock())
            self.sent.append(taken)
            return taken
