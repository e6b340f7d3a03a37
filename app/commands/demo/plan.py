"""The plan of the demo's story: who buys what and when in the last thirty days, and how it ends. Pure.

The same each time on the same day of the week; all moments are counted back from the present one.
"""

import random
from bisect import bisect
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum
from itertools import accumulate
from zoneinfo import ZoneInfo

from app.catalog.queries import ProductStatus
from app.commands.demo.shelf import Good

ZONE = ZoneInfo("Asia/Shanghai")
DAYS, ORDERS = 30, 200
HOURS = (3, 2, 1, 1, 1, 1, 2, 4, 6, 8, 9, 10, 13, 11, 8, 8, 9, 11, 14, 18, 24, 26, 20, 9)  # how busy each of a day is
WEEK = (1.0, 0.95, 1.0, 1.05, 1.3, 1.75, 1.6)  # Monday first
AGENTS = (
    "Mozilla/5.0 (Linux; Android 14; Pixel 8) AppleWebKit/537.36 Chrome/124.0 Mobile Safari/537.36",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 17_4 like Mac OS X) AppleWebKit/605.1.15 MicroMessenger/8.0.49",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 Version/17.5 Mobile Safari/604.1",
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/125.0 Safari/537.36 Edg/125.0",
    "Mozilla/5.0 (Phone; OpenHarmony 5.0) AppleWebKit/537.36 Chrome/114.0 Mobile Safari/537.36",
)
NETWORKS = ("192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24")  # kept for examples: nobody has them
REASONS = ("买错规格", "改变主意", "重复下单")
WANTED = "LA-2D"  # sold out: its last codes are fought over


class End(Enum):
    """How an order ends."""

    LOOKED = "delivered and looked at"
    DELIVERED = "delivered, nobody looked yet"
    REFUNDED = "refunded"
    CANCELLED = "cancelled by its buyer"
    EXPIRED = "never paid"
    UNPAID = "at the cashier now"
    QUEUED = "paid too late, and its codes went to others"


@dataclass(frozen=True)
class Deal:
    """One order of the story."""

    number: int
    at: datetime
    sku: str
    quantity: int
    contact: str
    lang: str
    end: End
    paid_after: timedelta
    later: timedelta  # from the money to the look, or to the refund
    network: str
    agent: str
    reason: str

    @property
    def is_paid(self) -> bool:
        return self.end in (End.LOOKED, End.DELIVERED, End.REFUNDED, End.QUEUED)

    @property
    def keeps_codes(self) -> bool:
        """Tell whether its codes are not free when the story has been told."""
        return self.end in (End.LOOKED, End.DELIVERED, End.REFUNDED, End.UNPAID)


class Plan:
    """Draws the story when it is made."""

    def __init__(self, goods: Sequence[Good], now: datetime) -> None:
        self._draw = random.Random("the first month")
        self._goods, self._now = [good for good in goods if good.status is ProductStatus.LIVE], now
        self.deals = self._draw_deals()
        self.pieces: Counter[str] = Counter()
        for deal in self.deals:
            self.pieces[deal.sku] += deal.quantity if deal.keeps_codes else 0

    def _draw_deals(self) -> list[Deal]:
        ends = [End.EXPIRED] * 11 + [End.CANCELLED] * 4 + [End.REFUNDED] * 6
        last = self._last_scene()
        ends += [End.LOOKED] * (ORDERS - len(ends) - len(last))
        self._draw.shuffle(ends)
        moments = self._moments(len(ends))
        deals = [self._deal(number, at, end) for number, (at, end) in enumerate(zip(moments, ends, strict=True))]
        return [*deals, *(self._deal(len(deals) + place, *scene) for place, scene in enumerate(last))]

    def _last_scene(self) -> list[tuple[datetime, End, str]]:
        """Two hours ago: two hesitate over the last tickets, two others take them; some are at the cashier now."""
        scene = [(130, End.QUEUED, WANTED), (126, End.QUEUED, WANTED), (104, End.LOOKED, WANTED)]
        scene += [(101, End.DELIVERED, WANTED), (76, End.LOOKED, "YT-MONTH"), (49, End.LOOKED, "HC-COUPON")]
        scene += [(31, End.LOOKED, "XY-QUARTER"), (14, End.DELIVERED, "LJ-500")]
        scene += [(7, End.UNPAID, "LB-200"), (3, End.UNPAID, "SD-SEASON")]
        return [(self._now - timedelta(minutes=minutes, seconds=17), end, sku) for minutes, end, sku in scene]

    def _moments(self, count: int) -> list[datetime]:
        """Return moments of the last days: more in the evening, at the end of the week, and lately."""
        latest = self._now - timedelta(minutes=140)
        this_hour = latest.astimezone(ZONE).replace(minute=0, second=0, microsecond=0)
        hours = [this_hour - timedelta(hours=back) for back in reversed(range(DAYS * 24))]
        busy = [HOURS[hour.hour] * WEEK[hour.weekday()] * (1 + place / len(hours)) for place, hour in enumerate(hours)]
        room = list(accumulate(busy))
        found = []
        for place in range(count):  # one in each share of all that happens, so that no day is left out by chance
            reached = (place + self._draw.random()) / count * room[-1]
            at = hours[bisect(room, reached)] + timedelta(seconds=self._draw.randrange(3600))
            found.append(min(at.astimezone(self._now.tzinfo), latest))
        return sorted(found)

    def _deal(self, number: int, at: datetime, end: End, sku: str = "") -> Deal:
        draw = self._draw
        sku = sku or self._choose(at, end)
        if end is End.LOOKED and draw.random() < 0.09:
            end = End.DELIVERED
        paid_after = timedelta(minutes=38) if end is End.QUEUED else timedelta(seconds=draw.randrange(14, 160))
        at_once = end is End.LOOKED and draw.random() < 0.8
        later = timedelta(seconds=1 if at_once else draw.randrange(240, 9000))
        return Deal(
            number=number,
            at=at,
            sku=sku,
            quantity=1 if sku == WANTED else draw.choices((1, 2, 3, 5), (80, 13, 5, 2))[0],
            contact=self._contact(),
            lang="en" if draw.random() < 0.1 else "zh",
            end=end,
            paid_after=paid_after,
            later=min(later, self._now - at - paid_after),
            network=draw.choice(NETWORKS),
            agent=draw.choice(AGENTS),
            reason=draw.choice(REASONS),
        )

    def _choose(self, at: datetime, end: End) -> str:
        """Choose something that stood on the shelf by then; what is never paid is nothing scarce."""
        days = (self._now - at) / timedelta(days=1)
        shelf = [
            (variant.code, variant.weight)
            for good in self._goods
            for variant in good.variants
            if days < good.age - 1 and (end is End.LOOKED or variant.free > 10)
        ]
        return self._draw.choices([code for code, _ in shelf], [weight for _, weight in shelf])[0]

    def _contact(self) -> str:
        """Return a telephone number that nobody has: none begins with 12. It is no address, so no letter goes there."""
        return f"12{self._draw.randrange(10**9):09d}"
