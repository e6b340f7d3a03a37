"""Categories in the office, and the order in which buyers see categories and products."""

from flask import request
from flask_babel import gettext as _
from flask_babel import ngettext

from app.catalog import queries, service
from app.catalog.queries import Category, Product, in_language
from app.kit import clock, db
from app.kit.ids import from_public, public
from app.web.forms import Form
from app.web.guard import actor, corrects, frame, needs
from app.web.language import LANGUAGES, here, lang
from app.web.office import bp
from app.web.render import Page, Redirect, page


def category_choices() -> list[tuple[str, str]]:
    """Return the categories to choose from, in the reader's language."""
    return [(public("cat", category.id), name_of(category)) for category in queries.list_categories()]


def name_of(named: Category | Product) -> str:
    """Return what a category or a product is called in the reader's language."""
    return in_language({text.lang: text.name for text in named.texts}, lang(), frame().lang)


@bp.get("/<shop>/categories")
@needs("products.view")
def categories() -> Page:
    counts = queries.count_by_category()
    rows = [(row, name_of(row), counts.get(row.id, (0, 0))) for row in queries.list_categories()]
    return page(
        "office/categories/categories.html",
        fragments={"categories": "office/categories/_categories.html"},
        rows=rows,
        without=counts.get(None, (0, 0)),
        languages_of_texts=LANGUAGES,
    )


@bp.post("/<shop>/categories")
@needs("products.edit")
@corrects(categories)
def create_category() -> Redirect:
    form = Form(request.form)
    slug = form.fields.get("slug", "").strip()
    service.create_category(slug=slug, names=_names(form), now=clock.now(), by=actor().by)
    return Redirect(here(".categories"), toast=_("Category created"))


@bp.get("/<shop>/categories/<category>")
@needs("products.edit")
def category(category: str) -> Page:
    found = queries.get_category(from_public("cat", category))
    return page(
        "office/categories/category.html",
        category=found,
        name=name_of(found),
        names={text.lang: text.name for text in found.texts},
        count=queries.count_by_category().get(found.id, (0, 0)),
        languages_of_texts=LANGUAGES,
    )


@bp.post("/<shop>/categories/<category>")
@needs("products.edit")
@corrects(category)
def rename_category(category: str) -> Redirect:
    found = db.get(Category, from_public("cat", category))
    service.rename_category(found, names=_names(Form(request.form)), now=clock.now(), by=actor().by)
    return Redirect(here(".categories"), toast=_("Saved"))


@bp.post("/<shop>/categories/<category>/move")
@needs("products.edit")
def move_category(category: str) -> Redirect:
    found = db.get(Category, from_public("cat", category))
    service.move_category(found, up=request.form.get("way") == "up", now=clock.now(), by=actor().by)
    return Redirect(here(".categories", _anchor=public("cat", found.id)))


@bp.post("/<shop>/categories/<category>/drop")
@needs("products.edit")
def drop_category(category: str) -> Redirect:
    found = db.get(Category, from_public("cat", category))
    left = service.drop_category(found, now=clock.now(), by=actor().by)
    said = ngettext("%(num)s product has no category now", "%(num)s products have no category now", left)
    return Redirect(here(".categories"), toast=said if left else _("Category dropped"))


@bp.get("/<shop>/order")
@needs("products.view")
def shelf() -> Page:
    names = dict(category_choices())
    rows = [
        (row, name_of(row), names.get(public("cat", row.category_id), "") if row.category_id else "")
        for row in queries.list_in_order()
    ]
    return page("office/categories/shelf.html", fragments={"shelf": "office/categories/_shelf.html"}, rows=rows)


@bp.post("/<shop>/products/<product>/move")
@needs("products.edit")
def move_product(product: str) -> Redirect:
    found = db.get(Product, from_public("prd", product))
    service.move_product(found, up=request.form.get("way") == "up", now=clock.now(), by=actor().by)
    return Redirect(here(".shelf", _anchor=public("prd", found.id)))


def _names(form: Form) -> dict[str, str]:
    return {code: form.fields.get(f"name_{code}", "") for code in LANGUAGES}
