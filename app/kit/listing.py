"""One declared list: its order and filters, read from a query string. Its shape is settled in stage 2."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Select

from app.kit import paging

Filter = Callable[[Select[Any], str], Select[Any]]


@dataclass(frozen=True)
class Listing:
    """What a list page, and later its export and API, agree on."""

    query: Callable[[], Select[Any]]
    keys: tuple[paging.Key, ...]
    filters: Mapping[str, Filter] = field(default_factory=dict)


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
