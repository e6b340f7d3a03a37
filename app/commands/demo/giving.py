"""What the demo's shop and its buyers give away: a campaign that people come to, and gifts on their way and taken."""

from datetime import datetime, timedelta

from app.accounts import service as accounts
from app.accounts.service import Browser
from app.catalog import queries as catalog
from app.commands.demo.plan import AGENTS, NETWORKS
from app.entitlements import queries as entitled
from app.entitlements.queries import Entitlement, State
from app.gifting import queries, service
from app.kit import db
from app.kit.errors import Refusal
from app.kit.events import SYSTEM, By
from app.orders import queries as orders
from app.orders.queries import Order

SKU, NAME = "HC-COUPON", "见面礼 · A welcome gift"
THANKS = "谢谢你来。Thank you for coming."
CAP, DAYS = 60, 21
CLAIMED = (("12000000021", 190), ("12000000022", 122), ("12000000023", 47))  # who, minutes ago
REFUSED = {"person": 2, "early": 1}
GIFTS = (  # from whom, for whom, what they say, minutes ago, whether it was claimed
    ("小雨", "阿林", "生日快乐！", 300, True),
    ("Dora", "Mo", "For the long train ride.", 35, False),
)


def give(merchant_id: int, *, now: datetime) -> None:
    """Let the shop and its buyers give something away, in a shop where nobody did yet."""
    if db.read(merchant_id, lambda: bool(queries.list_campaigns()) or catalog.find_sku(SKU) is None):
        return
    db.write(merchant_id, lambda: _campaign(now))
    db.write(merchant_id, lambda: _gifts(now))


def _campaign(now: datetime) -> None:
    begun = now - timedelta(hours=4)
    ends = now.replace(hour=16, minute=0, second=0, microsecond=0) + timedelta(days=DAYS)
    plan = service.CampaignPlan(SKU, NAME, THANKS, "", CAP, 1, 10, begun, ends)
    number = service.launch(plan, now=begun, by=SYSTEM)
    db.session().flush()
    for place, (contact, minutes) in enumerate(CLAIMED):
        at = now - timedelta(minutes=minutes)
        ((device_id, _),) = accounts.remember_devices([""], now=at)
        coming = service.Coming(contact, "", "zh", f"demo claim {place}", device_id)
        service.claim(number, coming, browser=_browser(place), now=at, by=By("device", device_id))
    for reason, count in REFUSED.items():
        for _time in range(count):
            service.note_refused(number, reason)


def _gifts(now: datetime) -> None:
    """Wrap what buyers have not looked at; where the story left too little of that, fewer gifts are made."""
    fresh = [(order, item) for order in orders.latest(60) if (item := _unseen(order))]
    for place, (pair, (giver, receiver, message, minutes, claimed)) in enumerate(zip(fresh, GIFTS, strict=False)):
        order, item = pair
        at = max(now - timedelta(minutes=minutes), (item.ready_at or now) + timedelta(minutes=1))
        what = service.Wrapping(order.id, item.id, None, giver, receiver, message, order.lang)
        gift = service.wrap(what, now=at, by=By("device", order.device_id))
        if claimed:
            taking = service.Taking("", "", "zh")
            taken = at + timedelta(minutes=9)
            done = service.accept(gift, taking, device_token="", browser=_browser(place), now=taken)
            assert not isinstance(done, Refusal)
            service.open_gift(gift, device_id=done.device_id, browser=_browser(place), now=taken)


def _unseen(order: Order) -> Entitlement | None:
    """Return something that an order's buyer has and never looked at."""
    if order.company_id is not None or order.device_id is None or not order.total_amount:
        return None
    held = entitled.list_held(order.id)
    return next((item for item in held if item.state is State.READY and not item.reveals and not item.used), None)


def _browser(place: int) -> Browser:
    return Browser(NETWORKS[place % len(NETWORKS)], AGENTS[place % len(AGENTS)])
