"""Products in the office."""

from collections.abc import Mapping

from flask import request
from flask_babel import gettext as _

from app.catalog import queries, service
from app.catalog.queries import Kind, Product, ProductStatus
from app.inventory import queries as inventory
from app.kit import clock, db
from app.kit.ids import from_public, public
from app.kit.listing import listed, place
from app.kit.money import Money
from app.web.forms import Form
from app.web.guard import actor, corrects, frame, needs
from app.web.language import LANGUAGES, here, lang
from app.web.office import bp
from app.web.office.shown import kind_choices, kind_name
from app.web.render import Page, Redirect, page
from app.web.shown import product_shown


@bp.get("/<shop>/products")
@needs("products.view")
def products() -> Page:
    found = listed(queries.PRODUCTS, request.args)
    counts = inventory.stock_of(sku.id for product in found.page.rows for sku in product.skus)
    rows = [(product, product_shown(product, counts, lang(), frame().lang)) for product in found.page.rows]
    return page(
        "office/catalog/products.html",
        fragments={"products": "office/catalog/_products.html"},
        listed=found,
        rows=rows,
    )


@bp.get("/<shop>/products/new")
@needs("products.edit")
def new_product() -> Page:
    return page("office/catalog/new.html", kinds=kind_choices(), languages_of_texts=LANGUAGES)


@bp.post("/<shop>/products")
@needs("products.edit")
@corrects(new_product)
def create_product() -> Redirect:
    form = Form(request.form)
    price = form.money("price", frame().currency)
    kind = form.number("kind", default=0)
    form.done()
    made = service.create_product(
        slug=form.fields.get("slug", "").strip(),
        texts=_texts(form.fields),
        skus=(service.SkuDraft(form.fields.get("sku", "").strip(), _kind(kind), price, {}),),
        status=ProductStatus.LIVE if form.fields.get("live") else ProductStatus.DRAFT,
        now=clock.now(),
        by=actor().by,
    )
    return Redirect(here(".product", product=public("prd", made.id)), toast=_("Product created"))


@bp.get("/<shop>/products/<product>")
@needs("products.view")
def product(product: str) -> Page:
    found = queries.get_whole(from_public("prd", product))
    counts = inventory.stock_of(sku.id for sku in found.skus)
    return page(
        "office/catalog/product.html",
        product=found,
        shown=product_shown(found, counts, lang(), frame().lang),
        texts={text.lang: text for text in found.texts},
        kinds={sku.code: kind_name(sku.kind) for sku in found.skus},
        languages_of_texts=LANGUAGES,
        back=place(queries.PRODUCTS, request.args),
    )


@bp.post("/<shop>/products/<product>")
@needs("products.edit")
@corrects(product)
def change_product(product: str) -> Redirect:
    found = db.get(Product, from_public("prd", product))
    form = Form(request.form)
    prices: dict[str, Money] = {
        sku.code: form.money(f"price_{sku.code}", frame().currency, default=sku.price.major)
        for sku in queries.list_skus_of(found.id)
    }
    status = form.number("status", default=found.status)
    form.done()
    service.change_product(
        found, texts=_texts(form.fields), prices=prices, status=_status(status), now=clock.now(), by=actor().by
    )
    return Redirect(here(".product", product=public("prd", found.id)), toast=_("Saved"))


def _texts(fields: Mapping[str, str]) -> dict[str, service.Texts]:
    return {
        code: service.Texts(*(fields.get(f"{name}_{code}", "") for name in ("name", "summary", "guide")))
        for code in LANGUAGES
    }


def _kind(number: int) -> Kind:
    return Kind(number) if number in set(Kind) else Kind.CODE


def _status(number: int) -> ProductStatus:
    return ProductStatus(number) if number in set(ProductStatus) else ProductStatus.DRAFT
