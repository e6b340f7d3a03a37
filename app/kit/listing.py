"""One declared list: what its page, its export, its saved views and the API agree on.

An area declares once what a list is: its rows, its order, its filters and its columns. Whoever shows it reads the
filters from a query string and takes a page; whoever saves it takes page after page, each in a read unit of its own.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import partial
from typing import Any
from urllib.parse import parse_qsl, urlencode

from sqlalchemy import Select

from app.kit import db, paging
from app.kit.money import Money
from app.kit.tenancy import Scope

Filter = Callable[[Select[Any], str], Select[Any]]


class Word(str):
    """A word for people, still to be translated."""


Value = str | int | Money | date | datetime | Word | None


@dataclass(frozen=True)
class Reader:
    """For whom a list is written: languages, the present moment, and the shop's day."""

    lang: str
    fallback: str
    now: datetime
    today: date


@dataclass(frozen=True)
class Column:
    """One column: its stable name, what people call it, and its value for a row; `about` is what the rows refer to."""

    name: str
    label: str
    value: Callable[[Any, Any], Value]


@dataclass(frozen=True)
class Listing:
    """What a list page, its export, its saved views and the API agree on."""

    query: Callable[[], Select[Any]]
    keys: tuple[paging.Key, ...]
    filters: Mapping[str, Filter] = field(default_factory=dict)
    name: str = ""
    columns: tuple[Column, ...] = ()
    about: Callable[[Sequence[Any], Reader], Any] = lambda rows, reader: reader
    private: frozenset[str] = frozenset()  # filters that may hold somebody's contact: no saved view keeps them


@dataclass(frozen=True)
class Listed:
    """A page of a list with the filters that made it."""

    page: paging.Page[Any]
    filters: Mapping[str, str]
    size: int
    place: Mapping[str, str] = field(default_factory=dict)

    @property
    def filtered(self) -> bool:
        return any(self.filters.values())

    @property
    def asked(self) -> Mapping[str, str]:
        """Return the parameters that ask for this list from its start."""
        return {name: value for name, value in self.place.items() if name != "cursor"}


def listed(listing: Listing, args: Mapping[str, str]) -> Listed:
    """Return the page that `args` ask for by `?cursor=`, `?size=` and the list's own filters; others are ignored."""
    chosen = {name: args.get(name, "").replace("\0", "").strip()[:200] for name in listing.filters}
    query = listing.query()
    for name, value in chosen.items():
        if value:
            query = listing.filters[name](query, value)
    size = int(args["size"]) if args.get("size") in {str(n) for n in paging.SIZES} else paging.SIZES[0]
    page = paging.page(query, listing.keys, cursor=args.get("cursor"), size=size)
    return Listed(page, chosen, size, place(listing, args))


def place(listing: Listing, args: Mapping[str, str]) -> Mapping[str, str]:
    """Return what of `args` leads back to the same page of the list; a detail page hands it on."""
    return {name: args[name] for name in (*listing.filters, "size", "cursor") if args.get(name)}


def values(listing: Listing, rows: Sequence[Any], reader: Reader) -> list[list[Value]]:
    """Return what each column says of each row; inside a unit."""
    about = listing.about(rows, reader)
    return [[column.value(row, about) for column in listing.columns] for row in rows]


def all_values(scope: Scope, listing: Listing, args: Mapping[str, str], reader: Reader) -> Iterator[list[Value]]:
    """Yield what the columns say of all rows that `args` ask for, a read unit each page; opens its own units."""
    cursor: str | None = ""
    asked = {name: args[name] for name in listing.filters if args.get(name)}
    while cursor is not None:
        here = {**asked, "cursor": cursor, "size": str(paging.SIZES[-1])}
        some, cursor = db.read(scope, partial(_values_of_page, listing, here, reader))
        yield from some


def _values_of_page(listing: Listing, args: Mapping[str, str], reader: Reader) -> tuple[list[list[Value]], str | None]:
    page = listed(listing, args).page
    return values(listing, page.rows, reader), page.next


def written(listing: Listing, args: Mapping[str, str]) -> str:
    """Return the filters of a list as a saved view keeps them: as in an address, without what is private."""
    return urlencode({name: args[name] for name in listing.filters if args.get(name) and name not in listing.private})


def read(listing: Listing, text: str) -> dict[str, str]:
    """Return the filters that a saved view keeps; one that the list no longer knows is left out."""
    return {name: value for name, value in parse_qsl(text) if name in listing.filters}
