"""Uses in the office: every one, and every one that was taken back, as a list and as a file of it."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from flask import Response, request
from flask_babel import gettext as _

from app.accounts import queries as accounts
from app.entitlements import queries as entitled
from app.kit import db
from app.kit.listing import listed
from app.orders import queries as orders
from app.redemption import queries
from app.redemption.queries import Channel, Redemption
from app.web.guard import frame, needs, unit
from app.web.office import bp
from app.web.office.redemption import channel_title, kind_of_file, narrowed, titles, written
from app.web.render import Page, page
from app.web.saving import FORMATS, saved

PEOPLE = {"user", "member"}  # actors with an address of their own


@dataclass(frozen=True)
class UseShown:
    """One use, or the taking back of one, in words."""

    row: Redemption
    title: str
    tail: str
    number: str
    channel: str
    place: str
    operator: str  # who was signed in; "" where the buyer or a machine did it


@bp.get("/<shop>/redemption/uses")
@needs("redemption.view")
def uses() -> Page:
    found = listed(queries.REDEMPTIONS, request.args)
    return page(
        "office/redemption/uses.html",
        fragments={"uses": "office/redemption/_uses.html"},
        listed=found,
        narrowed=narrowed(found.filters),
        rows=_shown(found.page.rows),
        channels=[("", _("All")), *((channel.name.lower(), channel_title(channel)) for channel in Channel)],
        formats=list(FORMATS),
    )


@bp.get("/<shop>/redemption/uses/export")
@needs("redemption.view")
@unit(None)
def export_uses() -> Response:
    kind = kind_of_file()
    chosen = {name: request.args.get(name, "") for name in queries.REDEMPTIONS.filters}
    header = [_("Time"), _("Product"), _("Code"), _("Order"), _("Channel"), _("Place"), _("Operator"),
              _("How many uses"), _("Left"), _("Reference"), _("Reason")]  # fmt: skip
    return saved(kind, "uses", header, _file(frame().merchant_id, chosen))


def _shown(rows: Sequence[Redemption]) -> list[UseShown]:
    names, numbers = titles({row.sku_id for row in rows}), orders.list_numbers(row.order_id for row in rows)
    tails = entitled.tails({row.entitlement_id for row in rows})
    places = queries.names_of_places({row.location_id for row in rows})
    people = accounts.list_emails(row.actor_id for row in rows if row.actor_id and row.actor_type in PEOPLE)
    return [
        UseShown(
            row,
            names.get(row.sku_id, ""),
            tails.get(row.entitlement_id, ""),
            numbers.get(row.order_id, ""),
            channel_title(row.channel),
            places.get(row.location_id, "") if row.location_id else "",
            people.get(row.actor_id, "") if row.actor_id else "",
        )
        for row in rows
    ]


def _file(merchant_id: int, chosen: Mapping[str, str]) -> Iterator[list[str]]:
    """Yield the rows of a list page by page, a read unit each."""
    cursor: str | None = ""
    while cursor is not None:
        some, cursor = db.read(merchant_id, partial(_some, {**chosen, "cursor": cursor, "size": "200"}))
        yield from map(_cells, some)


def _some(args: Mapping[str, str]) -> tuple[list[UseShown], str | None]:
    found = listed(queries.REDEMPTIONS, args)
    return _shown(found.page.rows), found.page.next


def _cells(shown: UseShown) -> list[str]:
    row = shown.row
    words = [written(row.at), shown.title, f"…{shown.tail}", shown.number, shown.channel, shown.place, shown.operator]
    return [*words, str(row.uses), str(row.uses_left), row.reference, row.reason]
