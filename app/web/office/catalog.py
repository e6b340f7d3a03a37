"""Products in the office."""

from typing import Any
from uuid import UUID

from flask import request
from flask_babel import gettext as _

from app.catalog import queries, service
from app.catalog.queries import TAGS, Product, ProductStatus, lines_of
from app.inventory import queries as inventory
from app.kit import clock, db, events, pictures
from app.kit.ids import from_public, public
from app.kit.listing import listed, place
from app.web.forms import Form
from app.web.guard import actor, corrects, frame, needs
from app.web.language import LANGUAGES, here, lang
from app.web.office import bp
from app.web.office.categories import category_choices
from app.web.office.changes import happened
from app.web.office.drafts import TEXTS, labels, new_sku_in, skus_in, status_in, texts_in
from app.web.office.shown import kind_choices, kind_name
from app.web.office.sources import source_choices, source_name
from app.web.render import Page, Redirect, page
from app.web.shown import product_shown

STATES = ("", "live", "draft", "archived")


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
        states=STATES,
        categories=category_choices(),
    )


@bp.get("/<shop>/products/new")
@needs("products.edit")
def new_product() -> Page:
    return page(
        "office/catalog/new.html",
        kinds=kind_choices(),
        sources=source_choices(),
        languages_of_texts=LANGUAGES,
        categories=category_choices(),
        labels=labels(()),
    )


@bp.post("/<shop>/products")
@needs("products.edit")
@corrects(new_product)
def create_product() -> Redirect:
    form = Form(request.form)
    (made,) = form.also(lambda: _create(form))
    return Redirect(here(".product", product=public("prd", made.id)), toast=_("Product created"))


def _create(form: Form) -> Product:
    return service.create_product(
        slug=form.fields.get("slug", "").strip(),
        texts=texts_in(form),
        skus=(new_sku_in(form, frame().currency),),
        status=ProductStatus.LIVE if form.fields.get("live") else ProductStatus.DRAFT,
        category_id=from_public("cat", form.fields.get("category", "")),
        now=clock.now(),
        by=actor().by,
    )


@bp.get("/<shop>/products/<product>")
@needs("products.view")
def product(product: str) -> Page:
    found = queries.get_whole(from_public("prd", product))
    return page(
        "office/catalog/product.html",
        fragments={"pictures": "office/catalog/_pictures.html"},
        languages_of_texts=LANGUAGES,
        back=place(queries.PRODUCTS, request.args),
        **_content(found),
    )


def _content(found: Product) -> dict[str, Any]:
    """Return all there is to say about a product."""
    counts = inventory.stock_of(sku.id for sku in found.skus)
    texts = {name: {text.lang: getattr(text, name) for text in found.texts} for name in TEXTS}
    names = [{text.lang: text.name for text in sku.texts} for sku in found.skus]
    return {
        "product": found,
        "shown": product_shown(found, counts, lang(), frame().lang),
        "texts": texts,
        "variants": list(zip(found.skus, names, (counts.get(sku.id, 0) for sku in found.skus), strict=True)),
        "kinds": {sku.code: kind_name(sku.kind) for sku in found.skus},
        "kind_choices": kind_choices(),
        "sources": source_choices(),
        "supplied": {sku.code: source_name(sku.source) for sku in found.skus},
        "categories": category_choices(),
        "tags": TAGS,
        "labels": labels(found.skus),
        "guide": _guide(found),
        "sizes": pictures.sizes(step.picture_id for step in found.steps),
        "timeline": happened(events.timeline(subject=("product", found.id))),
    }


def _guide(found: Product) -> list[tuple[int, str, UUID | None]]:
    """Return the steps of the guide: number, line in the reader's language, picture; also pictures left over."""
    lines = lines_of(product_shown(found, {}, lang(), frame().lang).guide)
    shown = {step.position: step.picture_id for step in found.steps}
    return [
        (number, lines[number - 1] if number <= len(lines) else "", shown.get(number))
        for number in sorted({*range(1, len(lines) + 1), *shown})
    ]


@bp.post("/<shop>/products/<product>")
@needs("products.edit")
@corrects(product)
def change_product(product: str) -> Redirect:
    found = db.get(Product, from_public("prd", product))
    form = Form(request.form)
    form.also(lambda: _change(found, form))
    return Redirect(here(".product", product=public("prd", found.id)), toast=_("Saved"))


def _change(found: Product, form: Form) -> None:
    service.change_product(
        found,
        texts=texts_in(form),
        skus=skus_in(form, queries.list_skus_of(found.id), frame().currency),
        status=status_in(form, default=found.status),
        category_id=from_public("cat", form.fields.get("category", "")),
        tags=request.form.getlist("tag"),
        redeem_url=form.fields.get("redeem_url", "").strip(),
        now=clock.now(),
        by=actor().by,
    )
