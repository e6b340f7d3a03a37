"""The shelf: home page, categories, search, and product pages."""

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from flask import request

from app.catalog import queries as catalog
from app.catalog.queries import Department, Product, ProductStatus, Wanted
from app.inventory import queries as stock
from app.kit import pictures
from app.kit.errors import NotFound
from app.web.guard import frame
from app.web.kept import kept
from app.web.language import here, lang, whereabouts
from app.web.render import Cookie, Page, page
from app.web.shop import bp
from app.web.shop.cards import list_cards, list_goods
from app.web.shop.inside import contents_of
from app.web.shop.me.present import own_contact
from app.web.shop.short import list_gone, short_dated
from app.web.shown import ProductShown, product_shown, steps_shown

VIEWS = {"list", "grid"}
VIEW_COOKIE = "view"
YEAR = 365.0
LONGEST_SEARCH = 60


@dataclass(frozen=True)
class Asked:
    """What of the address of a shelf is understood: words, order, filter, and where the page begins."""

    q: str = ""
    sort: str = ""
    stock: str = ""
    after: str = ""


@bp.get("/")
@kept(cookies=(VIEW_COOKIE,), unless=("q",))
def home() -> Page:
    return shelf(catalog.list_departments(lang(), frame().lang), None)


@bp.get("/c/<slug>")
@kept(cookies=(VIEW_COOKIE,), unless=("q",))
def category(slug: str) -> Page:
    departments = catalog.list_departments(lang(), frame().lang)
    chosen = next((one for one in departments if one.slug == slug), None)
    if chosen is None:
        raise NotFound
    return shelf(departments, chosen)


@bp.get("/c", endpoint="departments")
def list_categories() -> Page:
    return page("shop/shelf/departments.html", departments=catalog.list_departments(lang(), frame().lang))


@bp.get("/p/<slug>")
@kept()
def product(slug: str) -> Page:
    found = catalog.find_product(slug)
    if found is None or found.status is ProductStatus.DRAFT:
        raise NotFound
    counts = stock.stock_of(sku.id for sku in found.skus)
    shown = product_shown(found, counts, lang(), frame().lang, short_dated(found, counts))
    is_live = found.status is ProductStatus.LIVE and bool(shown.for_sale)
    return _for_sale(found, shown) if is_live else _gone(shown)


def _for_sale(found: Product, shown: ProductShown) -> Page:
    guide = catalog.list_guides([found.id]).get(found.id, {})
    return page(
        "shop/shelf/product.html",
        product=shown,
        steps=steps_shown(shown.guide, guide, pictures.sizes(guide.values()) if guide else {}),
        picture=_raster(found),
        contents=contents_of(found),
        contact=own_contact(),
        **whereabouts(here(".product", slug=shown.slug)),
    )


def _gone(shown: ProductShown) -> Page:
    """Return the page of a product that was for sale: links to it are still about."""
    answer = page("shop/shelf/gone.html", product=shown)
    answer.status = 410
    return answer


def shelf(departments: tuple[Department, ...], chosen: Department | None) -> Page:
    """Return a page of the shelf: a category or everything, as it was searched, filtered and sorted."""
    asked = _asked()
    base = f"{request.script_root}{request.path}"
    found = list_cards(_wanted(asked, chosen), base, chosen.slug if chosen else None)
    answer = page(
        "shop/shelf/home.html",
        fragments={"shelf": "shop/shelf/_shelf.html", "more": "shop/shelf/_cards.html"},
        departments=departments,
        chosen=chosen,
        asked=asked,
        found=found,
        goods=list_goods(found),
        view=_view(),
        first=not asked.after,
        is_all=asked == Asked(),
        links=_links(base, asked),
    )
    if request.args.get("view") in VIEWS:
        answer.cookies = (Cookie(VIEW_COOKIE, request.args["view"], "/", YEAR),)
    return answer


def _asked() -> Asked:
    words = request.args.get("q", "").replace("\0", "").strip()[:LONGEST_SEARCH]
    sort = request.args.get("sort", "")
    return Asked(
        q=words,
        sort=sort if sort in catalog.SORTS else "",
        stock="1" if request.args.get("stock") else "",
        after=request.args.get("after", ""),
    )


def _wanted(asked: Asked, chosen: Department | None) -> Wanted:
    return Wanted(
        category=chosen.id if chosen else None,
        words=asked.q,
        sort=asked.sort,
        among=stock.list_in_stock() if asked.stock else None,
        after=asked.after,
        hidden=list_gone(),
    )


def _view() -> str:
    """Return list or grid as the visitor chose, or "" to let the width of the screen decide."""
    view = request.args.get("view") or request.cookies.get(VIEW_COOKIE, "")
    return view if view in VIEWS else ""


def _links(base: str, asked: Asked) -> dict[str, Any]:
    """Return where the links of a shelf lead: its start, the other view, the next page."""
    said = {name: value for name, value in vars(asked).items() if value}
    same = {name: value for name, value in said.items() if name != "after"}
    return {
        "base": base,
        "views": {view: f"{base}?{urlencode({**said, 'view': view})}" for view in ("list", "grid")},
        "next": f"{base}?{urlencode(same)}{'&' if same else ''}after=",
    }


def _raster(found: Product) -> str:
    """Return the whole address of a cover that other sites can show: they take no drawing."""
    cover = found.cover_id and pictures.thumbs([found.cover_id]).get(found.cover_id)
    if not cover or cover.media == pictures.DRAWN:
        return ""
    return here(".picture", picture=found.cover_id, _external=True)
