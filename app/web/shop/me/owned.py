"""My entitlements: all that was bought with a member's contacts, and opening one of them with one tap."""

from collections.abc import Mapping, Sequence
from uuid import UUID

from flask import request

from app.entitlements import queries as entitled
from app.entitlements.queries import Entitlement
from app.kit import clock, db
from app.kit.errors import NotFound
from app.kit.ids import from_public
from app.kit.listing import Listed, listed
from app.kit.secret import Secret
from app.members import queries
from app.members.queries import STATES, MemberSeen
from app.orders import queries as orders
from app.orders.queries import Order
from app.web.guard import corrects, frame, unit
from app.web.language import here
from app.web.render import Page, page
from app.web.shop import bp
from app.web.shop.me.present import me
from app.web.shop.me.presents import received_by
from app.web.shop.me.shown import OwnedShown, owned_shown
from app.web.shop.opening import open_codes
from app.web.shop.own import rows_shown
from app.web.times import business_day

RECEIVED = "received"
WAYS = ("", *STATES, RECEIVED)


@bp.get("/me", endpoint="me")
def list_owned() -> Page:
    member = me()
    today = business_day(clock.now(), frame().zone)
    found = listed(queries.entitlements_of(member.contact_indexes, today=today), request.args)
    received = received_by(member) if found.filters["state"] == RECEIVED else None
    rows = shown_of(found.page.rows, member) if received is None else []
    shown = {"listed": found, "rows": rows, "received": received, "ways": WAYS, "product": _product(found, rows)}
    return page("shop/me/owned.html", fragments={"owned": "shop/me/_owned.html"}, secret=True, **shown)


def _product(found: Listed, rows: Sequence[OwnedShown]) -> str:
    """Return what the product is called that the list is narrowed to."""
    return found.filters["product"] and next((row.product for row in rows), found.filters["product"])


@bp.get("/me/orders")
def my_orders() -> Page:
    member = me()
    found = listed(queries.orders_of(member.contact_indexes), request.args)
    theirs = queries.list_theirs(found.page.rows, member)
    rows = rows_shown([order for order in found.page.rows if order.id in theirs])
    return page("shop/me/orders.html", secret=True, listed=found, orders=rows)


@bp.get("/me/things/<entitlement>")
def thing(entitlement: str) -> Page:
    return _thing_page(_own(entitlement, me()))


@bp.post("/me/things/<entitlement>/reveal")
@unit(None)
@corrects(thing)
def reveal_thing(entitlement: str) -> Page:
    """Show one code to the member it is of; the look is committed before anything is opened."""
    member, merchant = me(), frame().merchant_id
    number, order_id = db.read(merchant, lambda: _ids(_own(entitlement, member)))
    opened = open_codes(lambda: orders.get(order_id), only=[number])
    answer = db.read(merchant, lambda: _thing_page(_own(entitlement, member), opened.codes))
    answer.cookies = opened.cookies
    return answer


def shown_of(
    items: Sequence[Entitlement], member: MemberSeen, opened: Mapping[UUID, Secret] | None = None
) -> list[OwnedShown]:
    """Return what is to be seen of entitlements, of those alone that were bought with a contact of the member."""
    about = orders.list_with_lines(item.order_id for item in items)
    theirs = queries.list_theirs(about.values(), member)
    return owned_shown([item for item in items if item.order_id in theirs], about, member, opened or {})


def _thing_page(item: Entitlement, opened: Mapping[UUID, Secret] | None = None) -> Page:
    (row,) = shown_of([item], me(), opened)
    fragments = {f"own-{row.id.hex}": "shop/me/_thing.html"}
    present = here(".thing", entitlement=row.public_id)
    return page("shop/me/thing.html", fragments=fragments, secret=True, row=row, present=present)


def _own(entitlement: str, member: MemberSeen) -> Entitlement:
    """Return an entitlement of the member; anybody else's does not exist for them."""
    number = from_public("ent", entitlement)
    item = entitled.list_by_id([number]).get(number) if number else None
    if item is None or not queries.is_theirs(_order_of(item), member):
        raise NotFound
    return item


def _order_of(item: Entitlement) -> Order:
    return orders.get(item.order_id)


def _ids(item: Entitlement) -> tuple[UUID, UUID]:
    return item.id, item.order_id
