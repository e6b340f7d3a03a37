"""Rules of redemption in the office: which products the shop redeems itself, how, and where."""

from collections.abc import Sequence
from datetime import date
from uuid import UUID

from flask import request
from flask_babel import gettext as _

from app.catalog import queries as catalog
from app.catalog.queries import Sku
from app.kit import clock
from app.kit.errors import NotFound
from app.kit.ids import from_public
from app.redemption import queries, service
from app.redemption.queries import Rule
from app.web.forms import Form, NotADate
from app.web.guard import actor, corrects, frame, needs
from app.web.language import here, lang
from app.web.office import bp
from app.web.render import Page, Redirect, page


@bp.get("/<shop>/redemption/rules")
@needs("redemption.view")
def rules() -> Page:
    known, skus = queries.list_rules(), catalog.list_skus()
    names = {place.id: place.name for place in queries.list_locations(closed=True)}
    return page(
        "office/redemption/rules.html",
        rows=[(sku, known.get(sku.id)) for sku in sorted(skus, key=lambda sku: sku.id not in known)],  # ours first
        titles=_titles(skus),
        names=names,
    )


@bp.get("/<shop>/redemption/rules/<sku>")
@needs("redemption.view")
def rule(sku: str) -> Page:
    found = _sku(sku)
    return page(
        "office/redemption/rule.html",
        sku=found,
        title=_titles([found]).get(found.id, ""),
        rule=queries.find_rule(found.id) or Rule(),
        is_ours=queries.find_rule(found.id) is not None,
        places=queries.list_locations(),
        chosen={from_public("loc", text) for text in request.form.getlist("places")},
    )


@bp.post("/<shop>/redemption/rules/<sku>")
@needs("redemption.rules")
@corrects(rule)
def set_rule(sku: str) -> Redirect:
    service.set_rule(_sku(sku).id, _rule(), now=clock.now(), by=actor().by)
    return Redirect(here(".rules"), toast=_("Saved. What is delivered from now on follows it."))


@bp.post("/<shop>/redemption/rules/<sku>/end")
@needs("redemption.rules")
def drop_rule(sku: str) -> Redirect:
    service.drop_rule(_sku(sku).id, now=clock.now(), by=actor().by)
    return Redirect(here(".rules"), toast=_("From now on others redeem it; what was delivered stays good here."))


@bp.get("/<shop>/redemption/places")
@needs("redemption.view")
def places() -> Page:
    return page("office/redemption/places.html", places=queries.list_locations(closed=True))


@bp.post("/<shop>/redemption/places")
@needs("redemption.rules")
@corrects(places)
def open_place() -> Redirect:
    code, name = request.form.get("code", ""), request.form.get("name", "")
    service.open_location(code=code, name=name, now=clock.now(), by=actor().by)
    return Redirect(here(".places"), toast=_("Place added"))


@bp.post("/<shop>/redemption/places/<location>/end")
@needs("redemption.rules")
def close_place(location: str) -> Redirect:
    number = from_public("loc", location)
    if number is None:
        raise NotFound
    service.close_location(number, now=clock.now(), by=actor().by)
    return Redirect(here(".places"), toast=_("Nobody can redeem there any more; its history is kept."))


def _sku(name: str) -> Sku:
    number = from_public("sku", name)
    found = catalog.list_skus_by_id([number]) if number else {}
    if number not in found:
        raise NotFound
    return found[number]


def _rule() -> Rule:
    form = Form(request.form)
    uses = form.number("uses", default=1)
    days = form.number("valid_days", default=-1)
    first, last = form.date("valid_from"), form.date("valid_until")
    blackout = _days(form)
    form.done()
    chosen = [from_public("loc", text) for text in request.form.getlist("places")]
    return Rule(
        uses=uses,
        valid_days=None if days < 0 else days,
        valid_from=first,
        valid_until=last,
        blackout=blackout,
        places=tuple(sorted({number for number in chosen if number})),
        self_service=bool(request.form.get("self_service")),
    )


def _days(form: Form) -> tuple[date, ...]:
    """Return the days that are left out: one a line, or with commas between."""
    try:
        texts = form.fields.get("blackout", "").replace(",", " ").replace("，", " ").split()
        return tuple(sorted({date.fromisoformat(text) for text in texts}))
    except ValueError:
        form.faults["blackout"] = NotADate()
        return ()


def _titles(skus: Sequence[Sku]) -> dict[UUID, str]:
    return catalog.titles([sku.id for sku in skus], lang(), frame().lang)
