"""What tests of gifts and campaigns need: a buyer with something to give, and short ways to do what people do."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from app.accounts import service as accounts
from app.accounts.service import Browser
from app.entitlements import queries as entitled
from app.entitlements import service as entitlements
from app.entitlements.models import Entitlement
from app.entitlements.service import Opening, Proof
from app.gifting import queries, service
from app.gifting.models import Gift, Giving
from app.gifting.queries import Given
from app.gifting.service import Admitted, CampaignPlan, Coming, Taking, Wrapping
from app.kit import clock, db
from app.kit.errors import Refusal
from app.kit.events import SYSTEM
from app.kit.ids import new_id
from app.orders.models import Order
from tests.make import Shop

HERE = Browser("192.0.2.0/24", "a phone")
LOOK = Proof("device", SYSTEM, "192.0.2.0/24", "a phone")


@dataclass
class Giver:
    """A buyer with an order of so many pieces, and ways to give them."""

    shop: Shop
    order: Order

    def owned(self) -> Sequence[Entitlement]:
        return self.shop.read(lambda: entitled.list_of_order(self.order.id))

    def wrap(self, place: int = 0, *, from_id: UUID | None = None, **more: Any) -> Gift:
        """Give a piece to somebody."""
        said = {"giver": "Dora", "receiver": "Lin", "message": "Enjoy", "lang": "en"} | more
        what = Wrapping(self.order.id, self.owned()[place].id, from_id, **said)
        return self.shop.write(lambda: service.wrap(what, now=clock.now(), by=SYSTEM))

    def look(self, holder_id: UUID | None = None) -> list[UUID]:
        """Look at what is in one hand, and return what was opened."""
        opened = self.shop.write(
            lambda: entitlements.reveal(self.order.id, proof=LOOK, now=clock.now(), holder_id=holder_id)
        )
        return [opening.entitlement_id for opening in opened]

    def take_back(self, gift: Gift) -> None:
        self.shop.write(lambda: service.take_back(gift.id, now=clock.now(), by=SYSTEM))

    def given(self, gift: Gift) -> Given:
        return self.shop.read(lambda: queries.get_gift(gift.id, now=clock.now()))


def make_giver(shop: Shop, pieces: int = 1) -> Giver:
    shop.codes(pieces)
    order = shop.place(pieces)
    assert shop.pay(order)
    return Giver(shop, order)


def accept(shop: Shop, gift: Gift, *, word: str = "", email: str = "", token: str = "") -> Admitted:
    """Claim a gift with a phone of its own, or the one with this token; a wrong word is raised."""

    def take() -> Admitted | Refusal:
        mine = db.get(Gift, gift.id)
        taking = Taking(word, email, "en")
        return service.accept(mine, taking, device_token=token, browser=HERE, now=clock.now())

    taken = shop.write(take)
    if isinstance(taken, Refusal):
        raise taken
    return taken


def open_gift(shop: Shop, gift: Gift, device_id: UUID) -> Sequence[Opening]:
    """Look at the code of a gift with a phone that claimed it."""
    return shop.write(
        lambda: service.open_gift(db.get(Gift, gift.id), device_id=device_id, browser=HERE, now=clock.now())
    )


def launch(shop: Shop, *, sku: str = "", **more: Any) -> UUID:
    """Make a campaign that runs for a day."""
    now = clock.now()
    plan: dict[str, Any] = {
        "sku": sku or shop.sku,
        "name": "Opening",
        "message": "",
        "word": "",
        "cap": 5,
        "per_person": 1,
        "per_network": 0,
        "starts_at": now - timedelta(minutes=1),
        "ends_at": now + timedelta(days=1),
    }
    return shop.write(lambda: service.launch(CampaignPlan(**plan | more), now=now, by=SYSTEM))


def come(
    shop: Shop,
    campaign_id: UUID,
    contact: str = "",
    *,
    device_id: UUID | None = None,
    network: str = "",
    idem: str = "a form",
    word: str = "",
) -> UUID:
    """Come to a campaign, by default as somebody new, and return the order; a wrong word is raised."""

    def claim() -> UUID | Refusal:
        now = clock.now()
        device = device_id or accounts.remember_devices([""], now=now)[0][0]
        coming = Coming(contact or f"{new_id().hex}@example.com", word, "en", idem, device, network)
        return service.claim(campaign_id, coming, browser=HERE, now=now, by=SYSTEM)

    claimed = shop.write(claim)
    if isinstance(claimed, Refusal):
        raise claimed
    return claimed


def give_away(shop: Shop) -> None:
    """Let everything happen once: a rule, a gift, a campaign with a claim, and one who is given nothing."""
    shop.write(lambda: service.set_giving(Giving.ALL, now=clock.now(), by=SYSTEM))
    accept(shop, make_giver(shop).wrap(), email="lin@example.com")
    shop.codes(1)
    campaign = launch(shop)
    come(shop, campaign)
    shop.write(lambda: service.note_refused(campaign, "person"))
