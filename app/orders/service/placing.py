"""Placing: an order with its lines, parts and tender, and its stock held, in one unit."""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import update

from app.catalog import queries as catalog
from app.catalog.queries import Offer
from app.inventory import service as inventory
from app.kit import crypto, db
from app.kit.errors import Invalid, Refusal
from app.kit.events import By, publish
from app.kit.ids import new_id
from app.kit.money import Money
from app.kit.secret import Secret
from app.merchants import queries as merchants
from app.orders import queries
from app.orders.contacts import contact_index, network_index
from app.orders.errors import BadContact, BadQuantity, NotForSale, ShopIsClosed, TooManyUnpaid
from app.orders.events import OrderPlaced, OrderSentAgain
from app.orders.models import Closed, Fulfilment, Line, Order, Part, Payment, Purpose, Review, Tender, TenderState
from app.orders.once import insert_once
from app.orders.parts import Piece, Recipe, cut_up, part_row
from app.orders.passwords import new_password
from app.orders.rules import LONGEST_CONTACT, MOST, MOST_OF_COMPANY, is_contact, mask_contact, merge_lines, new_number
from app.orders.service.reviewing import put_in_review
from app.orders.windows import count_lately
from app.pricing import service as pricing
from app.risk import queries as fences
from app.risk import service as risk
from app.risk.errors import TurnedAway

TIME_TO_PAY = timedelta(minutes=15)
CONTACT = "contact"
FRESH: Mapping[str, Any] = {  # of an order to which nothing has happened yet
    "payment": Payment.PENDING,
    "fulfilment": Fulfilment.NONE,
    "review": Review.NONE,
    "closed": Closed.OPEN,
    "started_at": None,
    "paid_at": None,
    "delivered_at": None,
    "notified_at": None,
    "payer_index": None,
    "refusals": 0,
    "refunded_amount": 0,
    "forgiven_amount": 0,
    "purpose": Purpose.SALE,
}


@dataclass(frozen=True)
class Basket:
    """What a buyer asks for, as parsed from a form or an API call."""

    lines: tuple[tuple[str, int], ...]  # SKU code, quantity
    contact: str
    lang: str
    idem: str


@dataclass(frozen=True)
class Wish:
    """A basket, the browser it comes from, and who asks."""

    basket: Basket
    device_id: UUID | None
    by: By
    company_id: UUID | None = None  # for whom it is; its limits are its balance and what it is offered
    network: str = ""  # where it comes from, if that tells one buyer from another
    exchange_id: UUID | None = None  # of a piece that pays some of it
    is_gift: bool = False  # the shop gives it away: it costs its buyer nothing, and who may have it was decided before

    @property
    def is_assessed(self) -> bool:
        """Tell whether the fences of the shop look at it."""
        return self.company_id is None and not self.is_gift

    @property
    def is_met_at_once(self) -> bool:
        """Tell whether some of it is paid in the unit that places it."""
        return bool(self.company_id or self.exchange_id or self.is_gift)

    @property
    def most(self) -> int:
        return MOST_OF_COMPANY if self.company_id else MOST


@dataclass(frozen=True)
class _Draft:
    """An order about to be placed: its row, and its lines as rows."""

    wish: Wish
    order: dict[str, Any]
    lines: list[dict[str, Any]]
    recipes: list[Recipe]  # of each line what it consists of
    quote: pricing.Quote


class Refused(TurnedAway):
    """A fence stands in the way of an order; the staff can read which, once `note_refused` wrote it down."""

    def __init__(self, hits: Sequence[risk.Hit], order: Mapping[str, Any], now: datetime) -> None:
        self._hits, self._now = hits, now
        self._who, self._mark = order["contact_mask"], order["contact_index"] + (order["network_index"] or b"")

    def note(self) -> None:
        """Write down what refused it, in a unit of its own: the one that was to place it leaves nothing."""
        risk.note_refused(self._hits, who=self._who, mark=self._mark, now=self._now)


def place(basket: Basket, *, device_id: UUID | None, now: datetime, by: By, network: str = "") -> Order:
    """Place one order, as `place_all` does."""
    return place_all([Wish(basket, device_id, by, network=network)], now=now)[0]


def place_all(wishes: Sequence[Wish], *, now: datetime) -> list[Order]:
    """Place orders and hold their stock, or refuse and leave none; the same `idem` gives the same order again."""
    merchant = merchants.current()
    drafts = [_draft(wish, merchant.lang, now) for wish in wishes]
    inserted = insert_once([draft.order for draft in drafts])
    fresh = [draft for draft in drafts if draft.order["id"] in inserted]
    if fresh:
        if merchant.is_closed:
            raise ShopIsClosed
        _assess([draft for draft in fresh if draft.wish.is_assessed], merchant.unpaid_orders, now)
        _insert_content(fresh, now, ZoneInfo(merchant.zone))
        publish(*(_placed(draft, now) for draft in fresh))
    return [Order(**draft.order) if draft.order["id"] in inserted else _sent_again(draft, now=now) for draft in drafts]


def _draft(wish: Wish, fallback: str, now: datetime) -> _Draft:
    """Work out an order from what is for sale, or refuse with Invalid."""
    basket = wish.basket
    wanted = merge_lines(basket.lines)
    offers = catalog.list_offers(wanted, basket.lang, fallback)
    _check(wish, wanted, offers)
    items = [pricing.Item(offers[code].sku_id, _price(wish, offers[code]), wanted[code]) for code in wanted]
    quote = pricing.quote(items)
    order = order_row(wish, quote.total, now)
    lines = _lines(order, items, quote, [offers[code].title for code in wanted])
    return _Draft(wish, order, lines, [offers[code].recipe for code in wanted], quote)


def _price(wish: Wish, offer: Offer) -> Money:
    return Money(0, offer.price.currency) if wish.is_gift else offer.price


def _placed(draft: _Draft, now: datetime) -> OrderPlaced:
    order, total = draft.order, draft.quote.total
    return OrderPlaced(
        subject_id=order["id"],
        order_id=order["id"],
        number=order["number"],
        amount=total.minor,
        currency=total.currency,
        skus=tuple(dict.fromkeys(one.sku_id for recipe in draft.recipes for one in recipe)),
        expires_at=order["expires_at"],
        at=now,
        by=draft.wish.by,
    )


def _check(wish: Wish, wanted: Mapping[str, int], offers: Mapping[str, Offer]) -> None:
    basket, faults = wish.basket, dict[str, Refusal]()
    if not is_contact(basket.contact):
        faults["contact"] = BadContact(LONGEST_CONTACT)
    if not wanted or min(quantity for _, quantity in basket.lines) < 1 or max(wanted.values()) > wish.most:
        faults["quantity"] = BadQuantity(wish.most)
    for code in wanted:
        if code not in offers:
            faults["sku"] = NotForSale(code[:64])
    if faults:
        raise Invalid(faults)


def order_row(wish: Wish, total: Money, now: datetime) -> dict[str, Any]:
    """Return the row of an order to which nothing has happened yet."""
    basket, number = wish.basket, new_id()
    idem = hashlib.sha256(basket.idem.encode()).digest()
    key = crypto.key_for(CONTACT, f"{now:%Y-%m}")
    return {
        "merchant_id": db.merchant_id(),
        "id": number,
        "number": new_number(now),
        "idem": idem,
        "device_id": wish.device_id,
        "network_index": network_index(wish.network) if wish.network else None,
        "company_id": wish.company_id,
        "holder_id": wish.company_id,
        "exchange_id": wish.exchange_id,
        "contact_sealed": key.seal("order", "contact", number, Secret(basket.contact)),
        "contact_key_id": key.id,
        "contact_mask": mask_contact(basket.contact),
        "contact_index": contact_index(basket.contact),
        "password_hash": new_password(idem)[1],
        "lang": basket.lang,
        "total_amount": total.minor,
        "currency": total.currency,
        "placed_at": now,
        "expires_at": now + TIME_TO_PAY,
        **FRESH,
        "purpose": Purpose.GIFT if wish.is_gift else Purpose.SALE,
    }


def _sent_again(draft: _Draft, *, now: datetime) -> Order:
    """Return the order that this form made before; unpaid, it belongs to the browser that asks for it now.

    A first-time buyer whose answer got lost has no cookie of the first try, and comes as another device. Only who has
    the form knows its mark.
    """
    found, device_id = queries.get_by_idem(draft.order["idem"]), draft.wish.device_id
    if device_id in (None, found.device_id):
        return found
    o = Order.__table__.c
    unpaid = (o.merchant_id == db.merchant_id(), o.id == found.id, o.payment == Payment.PENDING)
    if db.changed(update(Order.__table__).where(*unpaid).values(device_id=device_id)):  # type: ignore[arg-type]
        publish(OrderSentAgain(subject_id=found.id, order_id=found.id, at=now, by=draft.wish.by))
        found.device_id = device_id
    return found


def _assess(drafts: Sequence[_Draft], most_unpaid: int, now: datetime) -> None:
    """Refuse with TooManyUnpaid when one of the buyers would hold too much stock, with Refused when a rule of the shop
    says no, and put in review what a rule wants looked at."""
    if not drafts:
        return
    beside = queries.count_unpaid_beside([draft.order for draft in drafts], most=most_unpaid, now=now)
    rules = [rule for rule in fences.current() if rule.whose is not fences.Whose.PAYER]
    counts = count_lately([draft.order for draft in drafts], rules, now=now)
    suspects = []
    for place, of_contact, of_device in beside:
        draft = drafts[place]
        pieces = sum(line["quantity"] for line in draft.lines)
        values = risk.Values(draft.quote.total, pieces, of_contact, of_device, most_unpaid, counts[place])
        if _decide(draft, risk.assess(values, rules), most_unpaid, now) is risk.Verdict.REVIEW:
            suspects.append(draft)
    if suspects:
        put_in_review([draft.order["id"] for draft in suspects])


def _decide(draft: _Draft, decision: risk.Decision, most_unpaid: int, now: datetime) -> risk.Verdict:
    """Refuse what is refused, and write down which rules caught what is placed."""
    if decision.too_many_unpaid:
        raise TooManyUnpaid(most_unpaid)
    if decision.verdict is risk.Verdict.REFUSE:
        raise Refused(decision.hits, draft.order, now)
    if decision.hits:
        risk.note_caught(decision.hits, order_id=draft.order["id"], who=draft.order["contact_mask"], now=now)
    if decision.verdict is risk.Verdict.REVIEW:
        draft.order["review"] = Review.WAITING
    return decision.verdict


def _cut(draft: _Draft, now: datetime) -> Iterator[Piece]:
    channel = inventory.channel_of(draft.wish.company_id)
    for line, recipe in zip(draft.lines, draft.recipes, strict=True):
        yield from cut_up(line, recipe, now, channel)


def _insert_content(drafts: Sequence[_Draft], now: datetime, zone: ZoneInfo) -> None:
    """Hold the stock of the lines, and write lines, parts and tenders; one statement a table."""
    lines = [line for draft in drafts for line in draft.lines]
    cut = [piece for draft in drafts for piece in _cut(draft, now)]
    wants = [piece.want for piece in cut]
    held = inventory.hold(wants, until=now + TIME_TO_PAY, now=now, today=now.astimezone(zone).date())
    costs = {part.part_id: part.cost for part in held}
    parts = [part_row(piece, costs[piece.want.part_id]) for piece in cut]
    tenders = [tender_row(draft.order) for draft in drafts]
    paid_at_once = any(draft.wish.is_met_at_once for draft in drafts)
    insert = db.insert if paid_at_once else db.insert_last
    insert((Line.__table__, lines), (Part.__table__, parts), (Tender.__table__, tenders))


def _lines(
    order: dict[str, Any], items: Sequence[pricing.Item], quote: pricing.Quote, titles: Sequence[str]
) -> list[dict[str, Any]]:
    return [
        {
            "merchant_id": order["merchant_id"],
            "id": new_id(),
            "order_id": order["id"],
            "position": position,
            "sku_id": item.sku_id,
            "title": title,
            "quantity": item.quantity,
            "price_amount": price.minor,
            "currency": price.currency,
        }
        for position, (item, price, title) in enumerate(zip(items, quote.prices, titles, strict=True))
    ]


def tender_row(order: dict[str, Any]) -> dict[str, Any]:
    """Return the one tender that an order begins with: all of it, any way."""
    return {
        "merchant_id": order["merchant_id"],
        "id": new_id(),
        "order_id": order["id"],
        "amount": order["total_amount"],
        "currency": order["currency"],
        "state": TenderState.DUE,
        "fee": 0,
        "refunded": 0,
        "kept": 0,
    }
