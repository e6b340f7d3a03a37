"""What an order's page shows of exchanges: what can be exchanged, what was or waits, and the piece it came for."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from app.entitlements.queries import Entitlement, State
from app.exchanges import queries
from app.exchanges.queries import Exchange, ExchangeState
from app.kit import clock
from app.kit.ids import public
from app.kit.money import Money
from app.orders import queries as orders
from app.orders.queries import Order
from app.web.language import here
from app.web.shop.placing import token_of
from app.web.titles import titles_of


@dataclass(frozen=True)
class Free:
    """One thing that can be exchanged, and the page where it is."""

    title: str
    tail: str
    url: str


@dataclass(frozen=True)
class Gone:
    """One thing that became another, or waits to: the number of the order that has the other, and its page."""

    title: str
    waits: bool
    number: str
    url: str
    back: Money | None  # what went back as money


@dataclass(frozen=True)
class Exchanges:
    """What a buyer can exchange, what they did, and the order whose piece paid some of this one."""

    free: tuple[Free, ...] = ()
    gone: tuple[Gone, ...] = ()
    number: str = ""
    url: str = ""
    pays: Money | None = None
    only: bool = False  # all that was taken back of the order became something else

    @property
    def waits(self) -> bool:
        """Tell whether some piece stays closed until the difference is paid."""
        return any(piece.waits for piece in self.gone)

    def __bool__(self) -> bool:
        return bool(self.free or self.gone or self.number)


def exchanges_of(found: Order, owned: Sequence[Entitlement], token: str) -> Exchanges:
    """Return what an order has to do with exchanges, for its proven buyer; asks little where that is nothing."""
    touched = found.exchange_id or any(item.holder_id or item.state is State.REVOKED for item in owned)
    rows = queries.list_of_order(found.id) if touched else []
    numbers = orders.list_numbers(number for row in rows for number in (row.order_id, row.new_order_id))
    free = queries.list_exchangeable(found, owned, now=clock.now())
    titles = titles_of(found, {item.sku_id for item in owned})
    by_id = {item.id: titles.get(item.sku_id, "") for item in owned}
    came = next((row for row in rows if row.new_order_id == found.id), None)
    return Exchanges(
        tuple(Free(by_id[item.id], item.tail, _url(item, token)) for item in free),
        tuple(_gone(row, by_id, numbers[row.new_order_id]) for row in rows if row.order_id == found.id),
        numbers[came.order_id] if came else "",
        here(".order", token=token_of(came.order_id)) if came else "",
        came.pays if came else None,
        _only(owned, rows),
    )


def _only(owned: Sequence[Entitlement], rows: Sequence[Exchange]) -> bool:
    done = {row.entitlement_id for row in rows if row.state is ExchangeState.DONE}
    gone = {item.id for item in owned if item.state is State.REVOKED}
    return bool(gone) and gone <= done


def _url(item: Entitlement, token: str) -> str:
    return here(".exchange", token=token, entitlement=public("ent", item.id))


def _gone(row: Exchange, titles: Mapping[UUID, str], number: str) -> Gone:
    return Gone(
        title=titles.get(row.entitlement_id, ""),
        waits=row.state is ExchangeState.WAITING,
        number=number,
        url=here(".order", token=token_of(row.new_order_id)),
        back=Money(row.back, row.currency) if row.back and row.state is ExchangeState.DONE else None,
    )
