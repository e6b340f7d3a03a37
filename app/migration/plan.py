"""What becomes of what was found: which product, which SKU, and why some of it stays behind. Reads, writes nothing."""

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

from app.catalog import queries as catalog
from app.catalog.queries import Kind, Source
from app.kit.errors import words
from app.kit.money import Money, NotMoney, parse
from app.migration.shapes import Goods, Shape, Variant
from app.migration.survey import Place, Survey, Tally

ENDLESS = words("sold again and again there; say how often each may be sold")
MIXED = words("sold again and again there, beside codes that are sold once")
NO_PRODUCT = words("of a product that is not in the file")
NOT_TAKEN = words("of a product that does not come")
NO_VARIANT = words("of a variant that the product here does not have")
NOT_POOLED = words("of a product that is not sold from stock here")
BAD_PRICE = words("with a price that is none in this shop's currency")
BAD_SKU = words("with a number that can be no SKU")
SKU = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")


@dataclass(frozen=True)
class Line:
    """A SKU that is to be, or is there already, and how many codes come for it."""

    sku: str
    name: str
    variant: str
    price: Money
    cost: Money
    kind: Kind
    source: Source
    is_there: bool
    codes: int
    uses: int = 0  # of each of its shared codes


@dataclass
class Plan:
    """Lines by their place in the other system, products in order, and what is left out."""

    lines: dict[Place, Line] = field(default_factory=dict)
    products: dict[str, list[Line]] = field(default_factory=dict)  # new ones alone
    abouts: dict[str, str] = field(default_factory=dict)
    left: Counter[tuple[str, str]] = field(default_factory=Counter)
    orders: int = 0
    counts: dict[str, int] = field(default_factory=dict)  # what an import would count

    @property
    def codes(self) -> int:
        return sum(line.codes for line in self.lines.values())


def plan_of(shape: Shape, found: Survey, *, currency: str, uses: int) -> Plan:
    """Return what would become of a survey in the shop of the running unit; shared codes are sold `uses` times."""
    return _Planner(shape, found, currency, uses).plan()


class _Planner:
    def __init__(self, shape: Shape, found: Survey, currency: str, uses: int) -> None:
        self._shape, self._found, self._currency, self._uses = shape, found, currency, uses
        self._plan = Plan(left=Counter(found.left), orders=found.orders)
        self._by_key: dict[str, list[Place]] = {}
        for place in found.tallies:
            self._by_key.setdefault(place[0], []).append(place)

    def plan(self) -> Plan:
        for goods in self._found.goods.values():
            self._add(goods)
        for key in self._by_key.keys() - self._found.goods.keys():
            self._add_unnamed(key)
        return self._plan

    def _add(self, goods: Goods) -> None:
        variants = list(self._variants(goods))
        why = BAD_SKU if not SKU.fullmatch(self._sku(goods.key, len(variants))) else ""
        try:
            prices = [parse(variant.price, self._currency) for variant in variants]
            cost = parse(goods.cost, self._currency)
        except NotMoney:
            why = why or BAD_PRICE
        if why:
            self._plan.left["product", why] += 1
            self._leave(self._by_key.get(goods.key, ()), NOT_TAKEN)
            return
        kind = goods.kind or self._kind(goods.key)
        lines = [
            self._line(goods, variant.name, self._sku(goods.key, number if variant.name else 0), kind, price, cost)
            for number, (variant, price) in enumerate(zip(variants, prices, strict=True), 1)
        ]
        self._settle(goods, lines)

    def _settle(self, goods: Goods, lines: list[Line]) -> None:
        there = any(line.is_there for line in lines)
        if not there:
            self._plan.products[goods.key] = lines
            self._plan.abouts[goods.key] = goods.about
        for line in lines:
            place = (goods.key, line.variant)
            if there and not line.is_there:
                self._leave([place], NO_VARIANT)
            else:
                self._take(place, line)

    def _variants(self, goods: Goods) -> Iterator[Variant]:
        """Yield the variants of a product, and those that only its codes know; one without a name only for codes."""
        met = [name for _, name in self._by_key.get(goods.key, ())]
        named = {variant.name for variant in goods.variants}
        for variant in goods.variants:
            if variant.name or not met or variant.name in met:
                yield variant
        for name in sorted(set(met) - named):
            yield Variant(name, goods.variants[0].price)

    def _sku(self, key: str, number: int) -> str:
        whole = f"{self._shape.prefix}-{key}" if self._shape.prefix else key
        return f"{whole}-{number}" if number and self._shape.prefix else whole

    def _kind(self, key: str) -> Kind:
        kinds = {self._found.tallies[place].kind for place in self._by_key.get(key, ())}
        return kinds.pop() if len(kinds) == 1 else Kind.CODE

    def _line(self, goods: Goods, variant: str, sku: str, kind: Kind, price: Money, cost: Money) -> Line:
        known = catalog.find_sku(sku)
        tally = self._found.tallies.get((goods.key, variant), Tally())
        if known is not None:
            return Line(sku, goods.name, variant, known.price, cost, known.kind, known.source, True, 0)
        source = Source.SHARED if tally.loops and not tally.codes else Source.POOL
        if goods.is_manual and not tally.codes and not tally.loops:
            source = Source.MANUAL
        return Line(sku, goods.name, variant, price, cost, kind, source, False, 0)

    def _add_unnamed(self, key: str) -> None:
        """Let codes come for a SKU that is here already, though the file does not name its product."""
        known = catalog.find_sku(self._sku(key, 0))
        for place in self._by_key[key]:
            if known is None or place[1]:
                self._leave([place], NO_PRODUCT)
            else:
                cost = Money(0, self._currency)
                self._take(
                    place, Line(known.code, known.code, "", known.price, cost, known.kind, known.source, True, 0)
                )

    def _take(self, place: Place, line: Line) -> None:
        tally = self._found.tallies.get(place, Tally())
        shared, pooled = line.source is Source.SHARED, line.source is Source.POOL
        self._plan.left["code", NOT_POOLED] += 0 if pooled else tally.codes
        self._plan.left["code", (ENDLESS if shared else MIXED)] += 0 if shared and self._uses else tally.loops
        codes = tally.codes if pooled else tally.loops if shared and self._uses else 0
        uses = self._uses if shared else 0
        said = {name: getattr(line, name) for name in ("sku", "name", "variant", "price", "cost", "kind", "source")}
        whole = Line(**said, is_there=line.is_there, codes=codes, uses=uses)
        self._plan.lines[place] = whole
        if place[0] in self._plan.products:
            self._plan.products[place[0]] = [
                whole if one.sku == whole.sku else one for one in self._plan.products[place[0]]
            ]

    def _leave(self, places: "list[Place] | tuple[Place, ...]", why: str) -> None:
        for place in places:
            tally = self._found.tallies.get(place, Tally())
            self._plan.left["code", why] += tally.codes + tally.loops
