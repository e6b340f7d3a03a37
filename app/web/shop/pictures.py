"""Pictures of the shop by address: each alone, the covers of a shelf in one file, the mark of the shop."""

import base64
import re
from collections.abc import Iterable
from uuid import UUID

from flask import Response, request
from markupsafe import escape

from app.catalog import queries as catalog
from app.catalog.queries import ShelfProduct, Wanted
from app.kit import colours, pictures
from app.kit.errors import NotFound
from app.kit.pictures import Shown
from app.web.guard import frame
from app.web.language import lang
from app.web.render import A_MINUTE, FOR_EVER, fixed
from app.web.shop import bp
from app.web.shop.cards import mark_of

SIDE = pictures.THUMB
PROLOGUE = re.compile(rb"^(\s*<\?xml[^>]*>|\s*<!--.*?-->|\s*<!DOCTYPE[^>]*>)+", re.DOTALL)


@bp.get("/i/<uuid:picture>")
def picture(picture: UUID) -> Response:
    return _alone(pictures.find(picture, thumb=False))


@bp.get("/i/<uuid:picture>/small", endpoint="small_picture")
def small(picture: UUID) -> Response:
    return _alone(pictures.find(picture, thumb=True))


@bp.get("/covers.svg")
def covers() -> Response:
    """Give the covers of the first page of the shelf, or of a category, in one file: a column, a name for each."""
    departments = catalog.list_departments(lang(), frame().lang) if "category" in request.args else ()
    chosen = next((one for one in departments if one.slug == request.args["category"]), None)
    found = catalog.list_shelf(Wanted(category=chosen.id if chosen else None), lang(), frame().lang)
    return fixed(_sheet(found.products), pictures.DRAWN, FOR_EVER if _is_present() else A_MINUTE)


@bp.get("/mark.svg")
def mark() -> Response:
    """Give the first letter of the shop's name on its colour: what it shows where it has no logo."""
    letter = escape(next(iter(frame().merchant_name.strip()), "M").upper())
    colour = frame().accent or colours.HOUSE
    drawn = (
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32">'
        f'<rect width="32" height="32" rx="8" fill="{escape(colour)}"/><text x="16" y="16" fill="#fff" font-size="18"'
        ' font-weight="600" text-anchor="middle" dominant-baseline="central"'
        f" font-family=\"system-ui,'PingFang SC','Noto Sans SC','Microsoft YaHei',sans-serif\">{letter}</text></svg>"
    )
    return fixed(drawn.encode(), pictures.DRAWN, FOR_EVER if _is_present() else A_MINUTE)


def _is_present() -> bool:
    """Tell whether the address asks for the shop as it looks now, and so stands for this very answer."""
    return request.args.get("v") == str(frame().shelf_version)


def _alone(found: Shown | None) -> Response:
    if found is None:
        raise NotFound
    return fixed(found.dots, found.media, FOR_EVER)


def _sheet(products: Iterable[ShelfProduct]) -> bytes:
    with_cover = [product for product in products if product.cover_id]
    thumbs = pictures.thumbs([product.cover_id for product in with_cover if product.cover_id])
    shown = [(product, thumbs[product.cover_id]) for product in with_cover if product.cover_id in thumbs]
    parts = [_view(product, number) + _tile(cover, number) for number, (product, cover) in enumerate(shown)]
    height = SIDE * max(len(parts), 1)
    start = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {SIDE} {height}" width="{SIDE}" height="{height}">'
    return start.encode() + b"".join(parts) + b"</svg>"


def _view(product: ShelfProduct, number: int) -> bytes:
    return f'<view id="{mark_of(product.id)}" viewBox="0 {number * SIDE} {SIDE} {SIDE}"/>'.encode()


def _tile(cover: Shown, number: int) -> bytes:
    """Return one picture at its place on the sheet; a drawing is put in as it is, dots as they would be sent."""
    place = f'y="{number * SIDE}" width="{SIDE}" height="{SIDE}"'
    if cover.media == pictures.DRAWN:
        return f"<svg {place}>".encode() + PROLOGUE.sub(b"", cover.dots) + b"</svg>"
    dots = base64.b64encode(cover.dots).decode()
    return f'<image {place} preserveAspectRatio="xMidYMid slice" href="data:{cover.media};base64,{dots}"/>'.encode()
