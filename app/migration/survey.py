"""What files of another system hold, counted before anything is written; codes are looked at and not kept. Pure."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from app.catalog.queries import Kind
from app.kit.errors import words
from app.migration.errors import NothingKnown, TooManyGoods
from app.migration.shapes import Card, Find, Goods, Left, OldOrder, Shape
from app.migration.tables import Pieces, read_rows

MOST_GOODS = 20_000
SEVERAL = words("of several lines")
PAIR = "----"  # between account and password, as most sellers write it

Place = tuple[str, str]  # a product's number there, and the name of its variant


@dataclass
class Tally:
    """How many unsold codes of one variant there are, and what they look like."""

    codes: int = 0
    loops: int = 0
    pairs: int = 0
    links: int = 0

    def add(self, card: Card) -> None:
        self.loops += card.is_loop
        self.codes += not card.is_loop
        first = card.values[0]
        self.pairs += len(card.values) == 1 and len([part for part in first.split(PAIR) if part.strip()]) == 2
        self.links += first.startswith(("http://", "https://")) and not any(map(str.isspace, first))

    @property
    def kind(self) -> Kind:
        """Return what all of the codes look like."""
        whole = self.codes + self.loops
        if whole and self.links == whole:
            return Kind.LINK
        return Kind.ACCOUNT if whole and self.pairs == whole else Kind.CODE


@dataclass
class Survey:
    """Products, counts of codes by variant, counts of what does not come, and how many orders there are."""

    goods: dict[str, Goods] = field(default_factory=dict)
    tallies: dict[Place, Tally] = field(default_factory=dict)
    left: Counter[tuple[str, str]] = field(default_factory=Counter)
    orders: int = 0

    def add(self, found: Find) -> None:
        if isinstance(found, Goods):
            self.goods[found.key] = found
        elif isinstance(found, Card):
            self._count(found)
        elif isinstance(found, Left):
            self.left[found.what, found.why] += 1
        else:
            self.orders += 1
        if max(len(self.goods), len(self.tallies)) > MOST_GOODS:
            raise TooManyGoods(MOST_GOODS)

    def _count(self, card: Card) -> None:
        if has_several_lines(card):
            self.left["code", SEVERAL] += 1
        else:
            self.tallies.setdefault((card.key, card.variant), Tally()).add(card)


def survey(shape: Shape, files: Sequence[Pieces]) -> Survey:
    """Return what files hold; refuses with NothingKnown where there is nothing that the shape knows."""
    found = Survey()
    for one in finds_in(shape, files):
        found.add(one)
    if not (found.goods or found.tallies or found.left or found.orders):
        raise NothingKnown(shape.name)
    return found


def finds_in(shape: Shape, files: Sequence[Pieces]) -> Iterator[Find]:
    """Yield what there is in the files, in their order."""
    for pieces in files:
        for _table, row in read_rows(pieces, shape.is_wanted):
            if (found := shape.find(row)) is not None:
                yield found


def cards_in(shape: Shape, files: Sequence[Pieces]) -> Iterator[Card]:
    """Yield the unsold codes of the files that a line can hold."""
    cards = (found for found in finds_in(shape, files) if isinstance(found, Card))
    return (card for card in cards if not has_several_lines(card))


def orders_in(shape: Shape, files: Sequence[Pieces]) -> Iterator[OldOrder]:
    """Yield the orders of the files."""
    return (found for found in finds_in(shape, files) if isinstance(found, OldOrder))


def has_several_lines(card: Card) -> bool:
    return any(len(value.splitlines()) > 1 for value in card.values)


def cells_of(card: Card, kind: Kind) -> tuple[str, ...]:
    """Return the row of a code: its fields, then its expiry and tags."""
    values: Iterable[str] = card.values
    if len(card.values) == 1 and len(kind.fields) == 2 and PAIR in card.values[0]:
        values = card.values[0].split(PAIR, 1)
    return (*(value.strip() for value in values), card.expires, card.tags)


def in_parts(cards: Iterable[Card], size: int, each: Callable[[list[Card]], None]) -> None:
    """Give cards to `each`, so many at a time."""
    part: list[Card] = []
    for card in cards:
        part.append(card)
        if len(part) == size:
            each(part)
            part = []
    each(part)
