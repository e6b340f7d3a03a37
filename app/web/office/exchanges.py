"""Exchanges in the office: which pieces buyers may make into which, on which terms, and what they did."""

from typing import Any
from uuid import UUID

from flask import request
from flask_babel import gettext as _

from app.catalog import queries as catalog
from app.exchanges import queries, service
from app.exchanges.queries import ExchangeRule, Scope
from app.kit import clock
from app.kit.ids import from_public, public
from app.kit.listing import listed
from app.kit.money import Money
from app.orders import queries as orders
from app.web.forms import Form
from app.web.guard import actor, corrects, frame, needs
from app.web.language import here, lang
from app.web.office import bp
from app.web.render import Page, Redirect, page

PREFIXES = {Scope.SKU: "sku", Scope.PRODUCT: "prd", Scope.CATEGORY: "cat"}


@bp.get("/<shop>/exchanges")
@needs("products.view")
def exchanges() -> Page:
    found, names = listed(queries.EXCHANGES, request.args), _names()
    ids = {number for row in found.page.rows for number in (row.order_id, row.new_order_id)}
    return page(
        "office/exchanges/exchanges.html",
        fragments={"exchanges": "office/exchanges/_exchanges.html"},
        listed=found,
        numbers=orders.list_numbers(ids),
        rules=[_rule(rule, names) for rule in queries.list_rules()],
        things=list(names.items()),
        labels=_labels(),
        most_days=queries.MOST_DAYS,
    )


@bp.post("/<shop>/exchanges/rules")
@needs("exchanges.edit")
@corrects(exchanges)
def create_exchange_rule() -> Redirect:
    form = Form(request.form)
    days, fee = form.number("days", default=0), form.money("fee", frame().currency, default="0")
    old, new = (_named(form.fields.get(name, "")) for name in ("old", "new"))
    draft = service.RuleDraft(old, new, days, fee, "gives_back" in request.form)
    form.also(lambda: service.make_rule(draft, now=clock.now(), by=actor().by))
    return Redirect(here(".exchanges"), toast=_("Rule made"))


@bp.post("/<shop>/exchanges/rules/<rule>")
@needs("exchanges.edit")
@corrects(exchanges)
def switch_exchange_rule(rule: str) -> Redirect:
    enabled = request.form.get("enabled") == "1"
    service.switch_rule(from_public("exr", rule), enabled=enabled, now=clock.now(), by=actor().by)
    return Redirect(here(".exchanges"), toast=_("It applies from now on") if enabled else _("It no longer applies"))


def _rule(rule: ExchangeRule, names: dict[str, str]) -> dict[str, Any]:
    """Return a rule in words; what is no longer in the catalog stands by its id."""
    old, new = _key(rule.from_scope, rule.from_id), _key(rule.to_scope, rule.to_id)
    known = {"id": public("exr", rule.id), "old": names.get(old, old), "new": names.get(new, new)}
    fee = Money(rule.fee, frame().currency) if rule.fee else None
    return known | {"days": rule.days, "fee": fee, "gives_back": rule.gives_back, "enabled": rule.enabled}


def _key(scope: Scope, number: UUID) -> str:
    return public(PREFIXES[scope], number)


def _named(text: str) -> tuple[Scope, UUID] | None:
    """Return what was chosen from the list, or None."""
    for scope, prefix in PREFIXES.items():
        if number := from_public(prefix, text):
            return scope, number
    return None


def _names() -> dict[str, str]:
    """Return all that a rule can name, in words: categories, products, SKUs."""
    skus, own = catalog.list_skus_for_sale(), frame().lang
    products = catalog.list_products_by_id({sku.product_id for sku in skus})
    titles = catalog.titles({sku.id for sku in skus}, lang(), own) if skus else {}
    groups = catalog.list_categories()
    named = {group.id: {text.lang: text.name for text in group.texts} for group in groups}
    named |= {product.id: {text.lang: text.name for text in product.texts} for product in products.values()}
    said = {number: catalog.in_language(names, lang(), own) for number, names in named.items()}
    found = {_key(Scope.CATEGORY, row.id): _("All of category %(name)s", name=said[row.id]) for row in groups}
    found |= {_key(Scope.PRODUCT, number): _("All of %(name)s", name=said[number]) for number in products}
    return found | {_key(Scope.SKU, sku.id): f"{titles.get(sku.id, '')} · {sku.code}" for sku in skus}


def _labels() -> dict[str, str]:
    return {
        "old": _("What buyers have"),
        "new": _("Can be exchanged for"),
        "days": _("Days since delivery"),
        "fee": _("Fee"),
    }
