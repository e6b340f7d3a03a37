"""The shelf: home page and product pages."""

import uuid

from flask import request

from app.catalog import queries as catalog
from app.inventory import queries as stock
from app.kit.errors import NotFound
from app.web.forms import Form
from app.web.guard import frame
from app.web.language import here, lang, whereabouts
from app.web.render import Page, page
from app.web.shop import bp
from app.web.shown import product_shown


@bp.get("/")
def home() -> Page:
    after = Form(request.args).number("after", default=-1)
    found = catalog.list_live(after=after)
    products = found[: catalog.SHELF]
    counts = stock.stock_of(sku.id for product in products for sku in product.skus)
    shown = [product_shown(product, counts, lang(), frame().lang) for product in products]
    more = products[-1].position if len(found) > catalog.SHELF else None
    return page("shop/shelf/home.html", products=shown, more=more, first=after < 0)


@bp.get("/p/<slug>")
def product(slug: str) -> Page:
    found = catalog.find_live(slug)
    if found is None:
        raise NotFound
    counts = stock.stock_of(sku.id for sku in found.skus)
    shown = product_shown(found, counts, lang(), frame().lang)
    place = whereabouts(here(".product", slug=slug))
    return page("shop/shelf/product.html", product=shown, idem=str(uuid.uuid4()), **place)
