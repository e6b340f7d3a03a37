"""Saving: the codes of an order as a file, plain text or a workbook; to its record that is one more look."""

from collections.abc import Iterator, Sequence
from uuid import UUID

from flask import Response, request
from flask_babel import gettext

from app.entitlements import queries as entitled
from app.kit import clock, db
from app.kit.errors import words
from app.orders import queries as orders
from app.web.guard import corrects, frame, unit
from app.web.render import set_cookies
from app.web.saving import saved
from app.web.shop import bp
from app.web.shop.checkout import goods_of, order
from app.web.shop.opening import Opened, open_codes
from app.web.shop.parcels import CodeShown
from app.web.shop.placing import read_token
from app.web.shop.shown import OrderShown, order_shown

FIELDS = {  # by name: what the columns of a workbook are called
    "code": words("Code"),
    "number": words("Card number"),
    "pin": words("PIN"),
    "account": words("Account"),
    "password": words("Password"),
    "link": words("Link"),
}


@bp.post("/o/<token>/codes")
@unit(None)
@corrects(order)
def save(token: str) -> Response:
    """Give the codes of an order to whoever may see them, as a file."""
    order_id = read_token(token)
    opened = open_codes(lambda: orders.get(order_id))
    shown = db.read(frame().merchant_id, lambda: opened_order(order_id, opened))
    return set_cookies(codes_file(shown, request.form.get("kind", "")), opened.cookies)


def opened_order(order_id: UUID, opened: Opened) -> OrderShown:
    """Return an order with what was opened of it in clear."""
    found = orders.get(order_id)
    owned = entitled.list_held(order_id)
    return order_shown(found, owned, goods_of(found), now=clock.now(), opened=opened.codes)


def codes_file(order: OrderShown, kind: str) -> Response:
    """Return the open codes of an order as a file that is made while it leaves, in the order of the page."""
    codes = [code for parcel in order.parcels for item in parcel.items for code in item.codes if code.values]
    if kind != "xlsx":
        return saved("txt", order.number, (), _lines(codes))
    fields = list(dict.fromkeys(field for code in codes for field in code.good.fields))
    header = [gettext("Product"), *(gettext(FIELDS[field]) for field in fields), gettext("Good until")]
    return saved("xlsx", order.number, header, _rows(codes, fields))


def _lines(codes: Sequence[CodeShown]) -> Iterator[list[str]]:
    """Yield a line for each code, its fields apart by tabs; where there are several things, below what they are."""
    several = len({code.title for code in codes}) > 1
    title = ""
    for code in codes:
        if several and code.title != title:
            title = code.title
            yield [f"# {title}"]
        yield [*(code.values or {}).values()]


def _rows(codes: Sequence[CodeShown], fields: Sequence[str]) -> Iterator[list[str]]:
    for code in codes:
        name, values = code.good.name if code.good.bundle else "", code.values or {}
        title = f"{code.title} · {name}" if name else code.title
        yield [title, *(values.get(field, "") for field in fields), code.until.day.isoformat() if code.until else ""]
