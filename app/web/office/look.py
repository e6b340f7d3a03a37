"""How the shop presents itself: name, logo, colour, what it says in each language, and whether it is open."""

from dataclasses import dataclass
from functools import partial
from uuid import UUID

from flask import request
from flask_babel import gettext as _

from app.kit import clock, colours, db, events, pictures
from app.merchants import queries
from app.merchants import service as merchants
from app.merchants.queries import Returned
from app.web.errors import say_all
from app.web.forms import Form
from app.web.guard import actor, corrects, frame, needs, streams, unit
from app.web.language import LANGUAGES, here
from app.web.office import bp
from app.web.office.changes import happened
from app.web.office.uploading import keep, picture_from, saved
from app.web.render import Page, Redirect, page

RETURNED = {choice.name.lower(): choice for choice in Returned}


@dataclass(frozen=True)
class Sample:
    """A colour tried on: what it makes of both themes, or why it cannot be worn and which one can."""

    accent: str
    palette: colours.Palette
    problem: str = ""
    nearest: str = ""


@bp.get("/<shop>/look")
@needs("shop.edit")
def look() -> Page:
    shop = queries.get_current()
    return page(
        "office/look/look.html",
        fragments={"logo": "office/look/_logo.html", "sample": "office/look/_sample.html"},
        shop_now=shop,
        logo=pictures.find(shop.logo_id),
        said=_said(),
        sample=sample_of(_tried(shop.accent)),
        labels=labels(),
        languages_of_texts=LANGUAGES,
        timeline=happened(events.timeline(subject=("merchant", UUID(int=shop.merchant_id)))),
    )


@bp.post("/<shop>/look")
@needs("shop.edit")
@corrects(look)
def change_look() -> Redirect:
    form, now, by = Form(request.form), clock.now(), actor().by
    form.also(
        lambda: merchants.change_look(_look(form), now=now, by=by),
        lambda: merchants.change_texts(_words(form), now=now, by=by),
    )
    return Redirect(here(".look"), toast=_("Saved"))


@bp.post("/<shop>/look/logo")
@needs("shop.edit")
@unit(None)
@streams
@corrects(look)
def upload_logo() -> Page | Redirect:
    made = picture_from("logo")
    db.write(frame().merchant_id, partial(_put_logo, made))
    return saved(look, here(".look"))


@bp.post("/<shop>/look/logo/remove")
@needs("shop.edit")
@unit(None)
@corrects(look)
def remove_logo() -> Page | Redirect:
    db.write(frame().merchant_id, partial(_put_logo, None))
    return saved(look, here(".look"))


def _tried(accent: str) -> str:
    """Return the colour that is tried on or was just refused, else the shop's; an upload has no form to read."""
    is_form = request.mimetype == "application/x-www-form-urlencoded"
    return (request.form if is_form else request.args).get("accent", accent)


def labels() -> dict[str, str]:
    """Return what the fields are called, for the summary of what is wrong."""
    said = {
        "tagline": _("Tagline"),
        "notice": _("Notice"),
        "contact": _("Contact"),
        "hours": _("Hours"),
        "promise": _("After-sales promise"),
        "closed": _("What buyers read while it is closed"),
    }
    plain = {"name": _("Name"), "accent": _("Colour"), "licence": _("Licence number"), "logo": _("Logo")}
    return plain | {f"{name}_{code}": f"{said[name]} · {LANGUAGES[code]}" for name in said for code in LANGUAGES}


def sample_of(typed: str) -> Sample:
    """Return what a typed colour looks like, or the nearest one that works; nothing typed is the house's own."""
    colour = colours.normal(typed)
    fault = merchants.check_accent(typed)
    nearest = colours.nearest_good(colour) if fault and colour else ""
    worn = nearest or colour or colours.HOUSE
    return Sample(worn, colours.palette(worn), say_all(fault) if fault else "", nearest)


def _put_logo(made: pictures.Remade | None) -> None:
    merchants.change_logo(keep(made), now=clock.now(), by=actor().by)


def _look(form: Form) -> merchants.Look:
    return merchants.Look(
        name=form.fields.get("name", ""),
        accent=form.fields.get("accent", ""),
        licence=form.fields.get("licence", ""),
        tells_stock=form.fields.get("tells_stock") == "1",
        is_closed=form.fields.get("is_closed") == "1",
        returned=RETURNED.get(form.fields.get("returned", ""), Returned.ASIDE),
    )


def _said() -> dict[str, dict[str, str]]:
    """Return what the shop says, by entry and language."""
    said = queries.list_shop_words()
    return {name: {code: getattr(words, name) for code, words in said.items()} for name in queries.SAYINGS}


def _words(form: Form) -> dict[str, merchants.ShopWords]:
    return {
        code: merchants.ShopWords(**{name: form.fields.get(f"{name}_{code}", "") for name in queries.SAYINGS})
        for code in LANGUAGES
    }
