"""What every declared list of the office can do: leave as a file, and be kept under a name with its filters."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from flask import Response, request
from flask_babel import gettext as _

from app.finance import queries as finance
from app.inventory import queries as inventory
from app.kit import clock, views
from app.kit.errors import NotFound
from app.kit.ids import from_public
from app.kit.listing import Listed, Listing, Reader, Value, Word, all_values, read, written
from app.kit.money import Money
from app.orders import queries as orders
from app.web.forms import Form
from app.web.guard import actor, frame, needs, unit
from app.web.language import here, lang
from app.web.office import bp
from app.web.office.redemption import kind_of_file
from app.web.office.redemption import written as moment_written
from app.web.office.searching import CODES
from app.web.render import Redirect
from app.web.saving import FORMATS, saved
from app.web.times import business_day

# Each with the permission that its page asks for; the page's endpoint is the list's name.
LISTS: Mapping[str, tuple[Listing, str]] = {
    "batches": (inventory.BATCHES, "stock.view"),
    "bill_lines": (finance.BILL_LINES, "bills.view"),
    "codes": (CODES, "codes.view"),
    "orders": (orders.ORDERS, "orders.view"),
}


@dataclass(frozen=True)
class ViewShown:
    """A saved view: its name, where it leads, and whether it is what is shown."""

    id: UUID
    name: str
    filters: Mapping[str, str]
    is_shown: bool
    is_shared: bool


@dataclass(frozen=True)
class Tools:
    """What can be done with the list that a page shows."""

    name: str
    export: str
    asked: Mapping[str, str]
    formats: Sequence[str]
    views: Sequence[ViewShown]
    may_save: bool


def tools_of(listing: Listing, found: Listed) -> Tools:
    """Return what can be done with a list as it is shown."""
    asked = {name: value for name, value in found.asked.items() if name in listing.filters}
    shown = [
        ViewShown(view.id, view.name, filters := read(listing, view.query), filters == asked, view.is_shared)
        for view in views.list_views(actor().user_id, listing.name)
    ]
    export = f"export_{listing.name}"
    return Tools(listing.name, export, asked, list(FORMATS), shown, actor().can("views.save"))


@bp.post("/<shop>/views")
@needs("views.save")
def save_view() -> Redirect:
    form = Form(request.form)
    name = form.text("name", most=views.LONGEST_NAME, required=True)
    form.done()
    listing = _listing(form.text("listing", most=40))
    said = {key.removeprefix("filter-"): value[:200] for key, value in request.form.items() if key[:7] == "filter-"}
    if any(said.get(private) for private in listing.private):
        raise views.PrivateFilter
    kept, is_shared = written(listing, said), request.form.get("shared") == "1"
    views.save_view(actor().user_id, listing.name, name, kept, is_shared=is_shared, now=clock.now())
    return Redirect(here(f".{listing.name}", **read(listing, kept)), toast=_("View saved"))


@bp.post("/<shop>/views/<view>/drop")
@needs("views.save")
def drop_view(view: str) -> Redirect:
    gone = views.drop_view(from_public("viw", view), user_id=actor().user_id)
    return Redirect(here(f".{gone.listing}"), toast=_("View deleted"))


def _listing(name: str) -> Listing:
    if name not in LISTS:
        raise NotFound
    return LISTS[name][0]


# Files -----------------------------------------------------------------------------------------------------------


def _export(listing: Listing) -> Response:
    """Return all rows that the address asks for as a file, streamed page by page."""
    kind, now = kind_of_file(), clock.now()
    reader = Reader(lang(), frame().lang, now, business_day(now, frame().zone))
    header = [_(column.label) for column in listing.columns]
    rows = all_values(frame().merchant_id, listing, request.args.to_dict(), reader)
    return saved(kind, listing.name, header, _texts(rows))


def _texts(rows: Iterator[list[Value]]) -> Iterator[list[str]]:
    for row in rows:
        yield [_text(value) for value in row]


def _text(value: Value) -> str:
    """Return a value as files say it: amounts plain, so that a spreadsheet can add them up."""
    if isinstance(value, Word):
        return str(_(str(value)))
    if isinstance(value, Money):
        return value.major
    if isinstance(value, datetime):
        return moment_written(value)
    return "" if value is None else str(value)


def _exporter(listing: Listing, permission: str) -> Callable[[], Response]:
    def export() -> Response:
        return _export(listing)

    return needs(permission)(unit(None)(export))


for _name, (_list, _permission) in LISTS.items():
    bp.add_url_rule(f"/<shop>/lists/{_name}/export", f"export_{_name}", _exporter(_list, _permission))
