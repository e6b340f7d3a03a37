"""The clearance of a variant in the office: which of its codes go, before they expire, to be sold at another price."""

from datetime import timedelta
from typing import Any

from flask_babel import gettext as _

from app.catalog import queries as catalog
from app.catalog import service as shelving
from app.catalog.queries import Clearance, Sku, Source
from app.inventory import queries, service
from app.kit import clock
from app.kit.errors import Denied
from app.kit.ids import from_public, public
from app.web.forms import Form
from app.web.guard import actor, frame
from app.web.language import lang
from app.web.times import business_day

NEW = "new"
LATELY = timedelta(days=30)
MOST = 1_000_000


def change(sku: Sku, form: Form) -> None:
    """Set, change or end the clearance of a variant as a form says it; refuses with Denied, Invalid."""
    if not actor().can("products.edit"):
        raise Denied("products.edit")
    chosen, now, by = form.fields.get("into", ""), clock.now(), actor().by
    if not chosen:
        service.drop_clearance(sku.id, now=now, by=by)
        return
    days = form.number("clear_days", default=0)
    if chosen != NEW:
        service.set_clearance(sku.id, days, from_public("sku", chosen), now=now, by=by)
        return
    price = form.money("clear_price", frame().currency)
    names = {frame().lang: form.fields.get("clear_name", "").strip()}
    service.open_clearance(sku.id, days, shelving.NewVariant(names, price), now=now, by=by)


def facts_of(sku: Sku) -> dict[str, Any]:
    """Return what there is to tell and to choose about the clearance of a variant."""
    rule = catalog.find_clearance(sku.id)
    return {
        "clearance": rule if rule and rule.sku_id == sku.id else None,
        "cleared_from": rule if rule and rule.into_id == sku.id else None,
        "clearing": _figures(rule) if rule else {},
        "clear_choices": _choices(sku),
    }


def _figures(rule: Clearance) -> dict[str, Any]:
    now = clock.now()
    today = business_day(now, frame().zone)
    return {
        "soon": queries.count_expiring(rule.sku_id, today=today, days=rule.days, most=MOST),
        "moved": queries.count_cleared(rule.product_id, rule.sku_id, since=now - LATELY),
        "left": queries.stock_of([rule.into_id]).get(rule.into_id, 0),
        "until": queries.good_until(rule.into_id, today),
    }


def _choices(sku: Sku) -> list[tuple[str, str]]:
    """Return where the codes of a variant may go."""
    others = [one for one in catalog.list_skus_of(sku.product_id) if one.id != sku.id and one.kind is sku.kind]
    pools = [one for one in others if one.source is Source.POOL]
    titles = catalog.titles([one.id for one in pools], lang(), frame().lang)
    known = [(public("sku", one.id), f"{titles.get(one.id, one.code)} · {one.code}") for one in pools]
    return [("", _("Nowhere")), *known, (NEW, _("A new variant, made now"))]
