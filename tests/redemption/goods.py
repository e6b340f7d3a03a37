"""What tests of redemption need: a shop that redeems its card itself, sold entitlements, and short ways to use them."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import partial
from typing import Any
from uuid import UUID

from sqlalchemy import select, update

from app.catalog import queries as catalog
from app.entitlements.models import Entitlement
from app.inventory.queries import Typed
from app.kit import clock, db
from app.kit.events import By, EventRow
from app.kit.ids import new_id
from app.kit.secret import Secret
from app.orders.models import Order
from app.redemption import service as redemption
from app.redemption.models import Channel, Redemption, Voucher
from app.redemption.rules import Rule
from app.redemption.service import Asked, Draft, Outcome, Redeemed, Use, Via
from tests.make import Shop, fresh_code

STAFF = By("user", new_id())
COUNTER = Via(Channel.COUNTER, STAFF)


def typed(text: str, pin: str | None = None) -> Typed:
    return Typed(Secret(text), Secret(pin) if pin is not None else None)


@dataclass
class Desk:
    """A shop with its counter."""

    shop: Shop
    codes: dict[UUID, str] = field(default_factory=dict)  # what was sold, by entitlement

    def sku_id(self, sku: str = "") -> UUID:
        return self.shop.read(lambda: catalog.get_sku(sku or self.shop.sku).id)

    def rule(self, sku: str = "", **known: Any) -> None:
        number = self.sku_id(sku)
        self.shop.write(lambda: redemption.set_rule(number, Rule(**known), now=clock.now(), by=STAFF))

    def sell(self, quantity: int = 1, *, sku: str = "", company_id: UUID | None = None) -> list[Entitlement]:
        """Sell fresh codes in one order and return what its buyer owns now."""
        texts = [fresh_code() for _ in range(quantity)]
        self.shop.imports("\n".join(texts), sku=sku)
        order = self.shop.place(quantity, sku=sku)
        assert self.shop.pay(order)
        if company_id:
            mine = (Order.merchant_id == self.shop.merchant_id, Order.id == order.id)
            self.shop.write(lambda: db.changed(update(Order).where(*mine).values(company_id=company_id)))
        owned = self.owned(order.id)
        by_tail = {text[-4:]: text for text in texts}
        self.codes |= {each.id: by_tail[each.tail] for each in owned}
        return owned

    def owned(self, order_id: UUID) -> list[Entitlement]:
        query = select(Entitlement).where(Entitlement.order_id == order_id).order_by(Entitlement.slot)
        return list(self.shop.read(lambda: db.session().scalars(query).all()))

    def use(self, owned: Entitlement, key: str = "", *, via: Via = COUNTER, count: int = 1, **known: Any) -> Outcome:
        return self.use_all([Use(owned.id, key or new_id().hex, count)], via=via, **known)[0]

    def use_all(self, uses: Sequence[Use], *, via: Via = COUNTER, now: datetime | None = None) -> list[Outcome]:
        return self.shop.write(lambda: redemption.redeem(uses, via, now=now or clock.now()))

    def redeemed(self, owned: Entitlement, key: str = "", **known: Any) -> Redeemed:
        outcome = self.use(owned, key, **known)
        assert outcome.redeemed, outcome.refusal
        return outcome.redeemed

    def refusal(self, owned: Entitlement, **known: Any) -> Any:
        outcome = self.use(owned, **known)
        assert outcome.refusal, outcome.redeemed
        return outcome.refusal

    def left(self, owned: Entitlement) -> int:
        query = select(Voucher.uses_left).where(Voucher.entitlement_id == owned.id)
        return self.shop.read(lambda: db.session().scalars(query).one())

    def used(self, owned: Entitlement) -> int:
        return self.shop.read(lambda: db.session().scalars(select(Entitlement.used).filter_by(id=owned.id)).one())

    def redemptions(self, *owned: Entitlement) -> list[Redemption]:
        query = select(Redemption).where(Redemption.entitlement_id.in_([each.id for each in owned]))
        return list(self.shop.read(lambda: db.session().scalars(query.order_by(Redemption.id)).all()))

    def events(self, name: str, owned: Entitlement) -> list[EventRow]:
        about = (EventRow.name == name, EventRow.subject_id == owned.id)
        return list(self.shop.read(lambda: db.session().scalars(select(EventRow).where(*about)).all()))


def redeem_a_list(shop: Shop) -> None:
    """Let a shop redeem its card itself at one place, sell one, and have it redeemed as a list."""
    desk, door = Desk(shop), Via(Channel.ENTERPRISE, STAFF)
    opened = partial(redemption.open_location, code="A1", name="Old Town", now=clock.now(), by=STAFF)
    place = shop.write(opened)
    desk.rule(places=(place,))
    (card,) = desk.sell()
    draft, rows = Draft(replace(door, location_id=place)), [Asked(entitlement_id=card.id)]
    bulk = redemption.draft_bulk(shop.merchant_id, draft, rows, now=clock.now())
    assert shop.write(lambda: redemption.confirm_bulk(bulk, count=1, now=clock.now(), by=STAFF)) is None
    assert shop.write(lambda: redemption.redeem_slice(bulk, now=clock.now())).done == 1
