"""Gifts in the office: what buyers give to others, how it stands, and what they may give at all."""

from flask import request
from flask_babel import gettext as _

from app.catalog import queries as catalog
from app.gifting import queries, service
from app.gifting.queries import Giving
from app.kit import clock
from app.kit.errors import NotFound, words
from app.kit.ids import from_public
from app.kit.listing import listed
from app.orders import queries as orders
from app.web.guard import actor, corrects, frame, needs
from app.web.language import here, lang
from app.web.office import bp
from app.web.render import Page, Redirect, page

WAYS = {
    Giving.NOTHING: (words("Nothing can be given on"), words("Codes stay with who bought them.")),
    Giving.UNSEEN: (words("What nobody has viewed"), words("The recipient is the only one to know the code.")),
    Giving.ALL: (
        words("Everything that is unused"),
        words("If a code was viewed before, the recipient sees when; two people know it then."),
    ),
}


@bp.get("/<shop>/gifts")
@needs("gifts.view")
def gifts() -> Page:
    found = listed(queries.GIFTS, request.args)
    rows = queries.with_entitlements(found.page.rows)
    skus = {row.entitlement.sku_id for row in rows}
    return page(
        "office/gifts/gifts.html",
        fragments={"gifts": "office/gifts/_gifts.html"},
        listed=found,
        rows=rows,
        titles=catalog.titles(skus, lang(), frame().lang) if skus else {},
        numbers=orders.list_numbers(row.gift.order_id for row in rows),
        counts=queries.count_gifts(),
        ways=[(way.name.lower(), _(name), _(note)) for way, (name, note) in WAYS.items()],
        giving=queries.giving().name.lower(),
    )


@bp.post("/<shop>/gifts/rule")
@needs("gifts.edit")
@corrects(gifts)
def set_giving() -> Redirect:
    said = request.form.get("giving", "").upper()
    if said not in Giving.__members__:
        raise NotFound
    service.set_giving(Giving[said], now=clock.now(), by=actor().by)
    return Redirect(here(".gifts"), toast=_("Saved"))


@bp.post("/<shop>/gifts/<given>/return")
@needs("gifts.edit")
@corrects(gifts)
def give_back_gift(given: str) -> Redirect:
    """Let a gift be its giver's again that was claimed by mistake or by a machine, and never looked at."""
    found = queries.get_gift(from_public("gft", given), now=clock.now())
    service.give_back(found.gift.id, now=clock.now(), by=actor().by)
    return Redirect(here(".gifts"), toast=_("It is its giver's again"))
