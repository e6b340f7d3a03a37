"""What came of an order, as its buyer sees it: a parcel for each thing that was ordered, with the items inside."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from itertools import groupby
from uuid import UUID
from zoneinfo import ZoneInfo

from flask_babel import gettext, ngettext

from app.catalog.queries import Product, ProductStatus, Sku
from app.entitlements.queries import Entitlement, State
from app.inventory import queries as stock
from app.inventory.queries import Known
from app.kit.secret import Secret
from app.orders.queries import Order
from app.web.guard import frame
from app.web.shown import StepShown, plain_values

DAY, MINUTE = timedelta(days=1), timedelta(minutes=1)
COUNTED = 2 * DAY  # before its end a code's time is told in hours
SOON = 7 * DAY


@dataclass(frozen=True)
class GoodShown:
    """What an order page tells of a thing that was ordered: how it is used, and where it can be had again."""

    fields: tuple[str, ...]
    slug: str
    place: int
    live: bool
    steps: tuple[StepShown, ...] = ()
    redeem_url: str = ""
    cover_id: UUID | None = None
    bundle: str = ""  # what it was bought in, and what it is called there
    name: str = ""
    product_id: UUID | None = None
    redeem_label: str = ""  # what the shop calls the way to where it is used


def good_shown(
    sku: Sku, product: Product, steps: Sequence[StepShown] = (), *, bundle: str = "", name: str = ""
) -> GoodShown:
    """Return what an order page tells of a SKU; of the product it reads nothing but its own row."""
    return GoodShown(
        fields=sku.kind.fields,
        slug=product.slug,
        place=product.position,
        live=product.status is ProductStatus.LIVE,
        steps=tuple(steps),
        redeem_url=product.redeem_url,
        cover_id=product.cover_id,
        bundle=bundle,
        name=name,
        product_id=product.id,
    )


@dataclass(frozen=True)
class Until:
    """The last day of a code in the shop's zone, and how long that is from now."""

    day: date
    left: timedelta

    @property
    def is_over(self) -> bool:
        return self.left <= timedelta()

    @property
    def is_soon(self) -> bool:
        return not self.is_over and self.left <= SOON

    @property
    def is_counted(self) -> bool:
        """Tell whether a page counts its minutes down."""
        return not self.is_over and self.left < COUNTED

    @property
    def seconds(self) -> int:
        return round(self.left.total_seconds())

    @property
    def words(self) -> str:
        """Return how long it is still good."""
        if self.is_over:
            return str(gettext("time is up"))
        if not self.is_counted:
            return str(ngettext("%(num)s day left", "%(num)s days left", self.left // DAY))
        hours, minutes = divmod(self.left // MINUTE, 60)
        return str(gettext("%(hours)s h %(minutes)s min left", hours=hours, minutes=minutes))


def until_of(day: date | None, *, now: datetime) -> Until | None:
    """Return how long what is good through `day` is still good."""
    if day is None:
        return None
    return Until(day, datetime.combine(day + DAY, time(), ZoneInfo(frame().zone)) - now)


@dataclass(frozen=True)
class CodeShown:
    """One entitlement on an order page: its mask, and field by field what was revealed just now."""

    id: UUID
    title: str
    ready: bool
    tail: str
    reveals: int
    good: GoodShown
    there: bool  # has come, though it may not be shown yet
    values: Mapping[str, str] | None = None
    until: Until | None = None
    is_frozen: bool = False

    @property
    def is_plain(self) -> bool:
        """Tell whether it is one text, so that one tap copies all there is of it."""
        return len(self.good.fields) == 1


@dataclass(frozen=True)
class Item:
    """Codes of one kind: all of a parcel, or one component of a bundle."""

    name: str  # "" where the parcel's title says it
    codes: tuple[CodeShown, ...]
    start: int = 0  # how many codes of its parcel stand before it

    @property
    def ready(self) -> tuple[CodeShown, ...]:
        return tuple(code for code in self.codes if code.ready)

    @property
    def waiting(self) -> int:
        return len(self.codes) - len(self.ready)


@dataclass(frozen=True)
class Parcel:
    """One thing that was ordered, with all that came of it."""

    title: str
    items: tuple[Item, ...]

    @property
    def good(self) -> GoodShown:
        return self.items[0].codes[0].good

    @property
    def count(self) -> int:
        return sum(len(item.codes) for item in self.items)

    @property
    def there(self) -> int:
        return sum(code.there for item in self.items for code in item.codes)

    @property
    def waiting(self) -> int:
        return sum(item.waiting for item in self.items)

    @property
    def first_waiting(self) -> CodeShown:
        return next(code for item in self.items for code in item.codes if not code.ready)

    @property
    def is_held(self) -> bool:
        """Tell whether something has come that is shown only together with the rest."""
        return any(code.there and not code.ready for item in self.items for code in item.codes)


def parcels_of(codes: Sequence[CodeShown]) -> tuple[Parcel, ...]:
    """Return codes by what was ordered; of a bundle, each of its components is an item, in the order of the grants."""
    first: dict[str, int] = {}  # not by name: pages in two languages show the same code in the same place
    for code in codes:
        first.setdefault(_item_of(code), len(first))
    ordered = sorted(codes, key=lambda code: (code.title, first[_item_of(code)]))
    return tuple(_parcel(title, tuple(some)) for title, some in groupby(ordered, key=lambda code: code.title))


def _parcel(title: str, codes: Sequence[CodeShown]) -> Parcel:
    items, start = [], 0
    for name, some in groupby(codes, key=_item_of):
        items.append(Item(name, tuple(some), start))
        start += len(items[-1].codes)
    return Parcel(title, tuple(items))


def _item_of(code: CodeShown) -> str:
    return code.good.name if code.good.bundle else ""


def codes_shown(
    order: Order,
    entitlements: Sequence[Entitlement],
    goods: Mapping[UUID, GoodShown],
    opened: Mapping[UUID, Secret],
    *,
    now: datetime,
) -> tuple[CodeShown, ...]:
    """Return what is left of an order's entitlements, masked, or open where `opened` has the plaintext."""
    titles = {line.sku_id: line.title for line in order.lines}
    known = stock.list_known({number for item in entitlements if (number := item.code_id or item.shared_id)})
    return tuple(
        _code(item, titles.get(item.sku_id), goods[item.sku_id], known, plain_values(opened.get(item.id)), now)
        for item in entitlements
        if item.state is not State.REVOKED
    )


def _code(
    item: Entitlement,
    title: str | None,
    good: GoodShown,
    known: Mapping[UUID, Known],
    values: Mapping[str, str] | None,
    now: datetime,
) -> CodeShown:
    number = item.code_id or item.shared_id
    fact = known.get(number) if number else None
    return CodeShown(
        id=item.id,
        title=title or good.bundle,
        ready=item.state is State.READY,
        tail=item.tail,
        reveals=item.reveals,
        good=good,
        there=number is not None,
        values=values,
        until=until_of(fact.expires_on if fact else None, now=now),
        is_frozen=fact is not None and fact.frozen,
    )
