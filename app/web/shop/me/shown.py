"""What a member is shown of what they own: plain values, read for a whole page at once."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from app.catalog import queries as catalog
from app.catalog.queries import Product, ProductStatus, Sku
from app.entitlements.queries import Entitlement, State
from app.exchanges import queries as exchanges
from app.gifting import queries as gifting
from app.gifting.queries import Given
from app.inventory import queries as stock
from app.kit import clock
from app.kit.ids import public
from app.kit.secret import Secret
from app.members import queries as members
from app.members.queries import MemberSeen
from app.orders.queries import Order
from app.redemption import queries as redemption
from app.web.guard import frame
from app.web.language import lang
from app.web.shop.placing import token_of
from app.web.shop.proof import present_device, was_placed_by
from app.web.shown import plain_values
from app.web.times import business_day


@dataclass(frozen=True)
class OwnedShown:
    """One thing that was bought, as its owner sees it in a list or alone."""

    id: UUID
    title: str
    product: str  # what the product is called by itself
    place: int
    cover_id: UUID | None
    state: str  # a word of ui/status.html
    tail: str
    fields: tuple[str, ...]
    expires_on: date | None
    is_soon: bool
    order: Order
    token: str
    opens: bool  # one tap shows it here; otherwise its order asks for a proof
    ours: bool  # it is used here
    slug: str  # of its product
    live: bool
    became: str = ""  # the token of the order that has what it was exchanged for
    gift: str = ""  # how it stands, where it was given away: nobody sees it any more, its buyer neither
    receiver: str = ""
    values: Mapping[str, str] | None = None

    @property
    def public_id(self) -> str:
        return public("ent", self.id)

    @property
    def is_ready(self) -> bool:
        return self.state in ("ready", "redeemed", "expired")


@dataclass(frozen=True)
class Known:
    """What is read once for a whole page."""

    orders: Mapping[UUID, Order]
    skus: Mapping[UUID, Sku]
    products: Mapping[UUID, Product]
    titles: Mapping[UUID, str]
    expiries: Mapping[UUID, date]
    ours: set[UUID]
    became: Mapping[UUID, UUID]
    gifts: Mapping[UUID, Given]
    today: date


def owned_shown(
    items: Sequence[Entitlement], about: Mapping[UUID, Order], member: MemberSeen, opened: Mapping[UUID, Secret]
) -> list[OwnedShown]:
    """Return what is to be seen of entitlements, whose orders are given."""
    known = _known(items, about)
    allowed, device = members.ways_to_open(member), present_device()
    opens = {order.id: allowed(order) or was_placed_by(order, device) for order in about.values()}
    return [_shown(item, known, opens=opens[item.order_id], opened=opened.get(item.id)) for item in items]


def _known(items: Sequence[Entitlement], about: Mapping[UUID, Order]) -> Known:
    skus = catalog.list_skus_by_id({item.sku_id for item in items})
    gone = [item.id for item in items if item.state is State.REVOKED]
    return Known(
        orders=about,
        skus=skus,
        products=catalog.list_products_by_id({sku.product_id for sku in skus.values()}),
        titles=catalog.titles(skus, lang(), frame().lang),
        expiries=stock.list_expiries(item.code_id or item.shared_id for item in items),
        ours=set(redemption.which_ours(set(skus))),
        became=exchanges.list_became(gone) if gone else {},
        gifts=gifting.given_away([item.id for item in items if item.holder_id is not None], now=clock.now()),
        today=business_day(clock.now(), frame().zone),
    )


def _shown(item: Entitlement, known: Known, *, opens: bool, opened: Secret | None) -> OwnedShown:
    sku, order = known.skus[item.sku_id], known.orders[item.order_id]
    product, expires_on = known.products[sku.product_id], known.expiries.get(item.code_id or item.shared_id or item.id)
    state = state_of(item, expires_on, known.today)
    names = {text.lang: text.name for text in product.texts}
    given = known.gifts.get(item.id)
    return OwnedShown(
        id=item.id,
        title=known.titles.get(item.sku_id, ""),
        product=catalog.in_language(names, lang(), frame().lang),
        place=product.position,
        cover_id=product.cover_id,
        state="exchanged" if item.id in known.became else state,
        tail="" if given else item.tail,
        fields=sku.kind.fields,
        expires_on=expires_on if state not in ("revoked", "given") else None,
        is_soon=state == "ready" and expires_on is not None and expires_on <= known.today + members.SOON,
        order=order,
        token=token_of(order.id),
        opens=opens,
        ours=item.sku_id in known.ours and state == "ready",
        gift=given.stands if given else "",
        receiver=given.gift.receiver if given else "",
        slug=product.slug,
        live=product.status is ProductStatus.LIVE,
        became=token_of(known.became[item.id]) if item.id in known.became else "",
        values=plain_values(opened),
    )


def state_of(item: Entitlement, expires_on: date | None, today: date) -> str:
    """Return the word for how an entitlement stands; it agrees with the filters of the list."""
    if item.state is State.PROMISED:
        return "promised"
    if item.state is State.REVOKED:
        return "revoked"
    if item.holder_id is not None:
        return "given"
    if item.used:
        return "redeemed"
    return "expired" if expires_on and expires_on < today else "ready"
