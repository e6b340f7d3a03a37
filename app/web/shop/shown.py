"""What a buyer is shown of orders and codes: plain values, so that a template can ask no database."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from app.catalog.queries import Product, in_language
from app.entitlements.queries import Entitlement, Look
from app.kit.money import Money
from app.kit.secret import Secret
from app.orders.queries import Line, Order, Purpose, status
from app.payments.queries import Attempt, Payback, PaybackKind, Way
from app.refunds.queries import Refund
from app.web.agents import name_of
from app.web.cashier import phase, state_of
from app.web.shop.parcels import CodeShown, GoodShown, Parcel, codes_shown, parcels_of

OPENS_ITSELF = timedelta(minutes=30)  # after the payment; later somebody else may sit before the same browser
FOLLOWED = frozenset({"started", "asking", "paid", "fulfilling", "in_review", "queued", "partially_delivered"})


def guide_of(product: Product, lang: str, fallback: str) -> str:
    """Return how a product is used, in the reader's language."""
    return in_language({text.lang: text.guide for text in product.texts}, lang, fallback)


@dataclass(frozen=True)
class RefundShown:
    """One refund as the buyer sees it: what was taken back, and how far the money is."""

    amount: Money
    goods: tuple[tuple[str, int], ...]  # title, how many
    state: str
    at: datetime
    done_at: datetime | None


@dataclass(frozen=True)
class MoneyShown:
    """How the money of an order stands: the payment that was started, and its refunds if there are any."""

    started: bool
    way: str  # what the buyer does to pay: go, scan, in_app, transfer
    call: str  # what the page asks the app with that it is open in, as JSON
    method_id: UUID | None  # of the payment that was started last
    until: datetime | None  # when it goes back by itself, for want of codes
    refund: str  # how far its refunds are: asked, done, stuck; "" without one
    given_back_at: datetime | None
    refunds: tuple[RefundShown, ...]
    refunded: Money
    kept: Money
    surplus: Money | None  # what came a second time
    release_at: datetime | None = None  # until when what was sold before its release waits
    by_hand: bool = False  # people deliver what is missing
    opens_at: datetime | None = None  # until when what was bought is kept closed
    opens_left: tuple[int, str] = (0, "")


def money_shown(
    order: Order,
    attempt: Attempt | None,
    refunds: Sequence[RefundShown],
    paybacks: Sequence[Payback],
    *,
    until: datetime | None,
    release_at: datetime | None = None,
    by_hand: bool = False,
) -> MoneyShown:
    """Return how the money of an order stands."""
    surplus = [payback.money for payback in paybacks if payback.kind is PaybackKind.SURPLUS]
    return MoneyShown(
        started=attempt is not None and bool(attempt.url),
        way=attempt.way.name.lower() if attempt else "",
        call=attempt.url if attempt and attempt.way is Way.IN_APP else "",
        method_id=attempt.method_id if attempt else None,
        until=until,
        refund=next((state for state in ("stuck", "asked", "done") if state in {row.state for row in refunds}), ""),
        given_back_at=refunds[-1].done_at if refunds else None,
        refunds=tuple(refunds),
        refunded=order.refunded,
        kept=order.kept,
        surplus=sum(surplus[1:], surplus[0]) if surplus else None,
        release_at=release_at,
        by_hand=by_hand,
    )


def refund_shown(row: Refund, goods: Iterable[str]) -> RefundShown:
    """Return a refund with what was taken back, by the titles of its pieces."""
    counted = tuple(Counter(goods).items())
    return RefundShown(row.money, counted, row.state.name.lower(), row.created_at, row.done_at)


@dataclass(frozen=True)
class OrderShown:
    """An order as its buyer sees it."""

    number: str
    status: str
    phase: str
    state: str
    total: Money
    contact: str
    placed_at: datetime
    expires_at: datetime
    paid_at: datetime | None
    lines: Sequence[Line]
    codes: tuple[CodeShown, ...]
    fee: Money | None = None  # what the buyer bore on top of the total
    redeem_url: str = ""  # where all its codes are used, if that is one place on the web
    redeem_label: str = ""
    ahead: bool = False  # a top-up of a wallet: no goods
    again: str = ""  # where the same can be ordered once more: the slug of a product that is still for sale

    @property
    def paid(self) -> Money:
        return self.total + self.fee if self.fee else self.total

    @property
    def waits(self) -> bool:
        return self.status == "pending"

    @property
    def follows(self) -> bool:
        """Tell whether news may come at any moment, without anybody doing anything on this page."""
        return self.state in FOLLOWED and not self.revealed

    @property
    def parcels(self) -> tuple[Parcel, ...]:
        return parcels_of(self.codes)

    @property
    def ready(self) -> bool:
        return any(code.ready for code in self.codes)

    @property
    def is_single(self) -> bool:
        return len(self.codes) == 1

    @property
    def reminds(self) -> bool:
        """Tell whether something of it runs out on a day to come, for a calendar to say so before."""
        return any(code.ready and code.until and not code.until.is_over for code in self.codes)

    @property
    def revealed(self) -> bool:
        return any(code.values for code in self.codes)


def opens_itself(order: OrderShown, *, now: datetime) -> bool:
    """Tell whether the browser that paid is shown the codes without a tap: once, when all of them have just come."""
    fresh = order.paid_at is not None and now - order.paid_at <= OPENS_ITSELF
    return fresh and order.status == "delivered" and not any(code.reveals for code in order.codes)


def order_shown(
    order: Order,
    entitlements: Sequence[Entitlement],
    goods: Mapping[UUID, GoodShown],
    *,
    now: datetime,
    opened: Mapping[UUID, Secret] | None = None,
    fee: Money | None = None,
) -> OrderShown:
    """Return an order with its codes masked, or open where `opened` has the plaintext."""
    return OrderShown(
        number=order.number,
        status=status(order, now=now),
        phase=phase(order, now=now),
        state=state_of(order, now=now),
        total=order.total,
        contact=order.contact_mask,
        placed_at=order.placed_at,
        expires_at=order.expires_at,
        paid_at=order.paid_at,
        lines=order.lines,
        ahead=order.purpose is Purpose.TOP_UP,
        codes=codes_shown(order, entitlements, goods, opened or {}, now=now),
        fee=fee,
        redeem_url=_one_place(goods),
        redeem_label=next((good.redeem_label for good in goods.values() if good.redeem_label), ""),
        again=next((good.slug for good in goods.values() if good.live), ""),
    )


def _one_place(goods: Mapping[UUID, GoodShown]) -> str:
    places = {good.redeem_url for good in goods.values()}
    return places.pop() if len(places) == 1 else ""


@dataclass(frozen=True)
class LookShown:
    """One look at the codes, as the buyer may recognise it; `here` is the browser that asks."""

    at: datetime
    browser: str
    network: str
    here: bool
    proof: str


def look_shown(look: Look, device_id: UUID | None) -> LookShown:
    """Return a look in words; `device_id` is the browser that asks."""
    here = look.actor_id is not None and look.actor_id == device_id
    return LookShown(look.at, name_of(look.agent), look.network, here, look.proof)
