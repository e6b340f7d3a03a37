"""Delivery texts: what the shop says beside the codes and in its letters, by product, language and medium."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from uuid import UUID

from flask import request
from flask_babel import gettext as _

from app.catalog import queries as catalog
from app.delivery import queries, service
from app.delivery.queries import WHOLE_SHOP, Medium, Place, Standing
from app.kit import clock, db
from app.kit.errors import NotFound
from app.kit.ids import from_public, public
from app.web.forms import Form
from app.web.guard import actor, corrects, frame, needs, streams, unit
from app.web.language import LANGUAGES, here, lang
from app.web.office import bp
from app.web.office.previewing import preview_of, words_in
from app.web.office.uploading import keep, picture_from, saved
from app.web.office.worded import MEDIA, SHOP, editor_of
from app.web.render import Page, Redirect, page


@dataclass(frozen=True)
class Cell:
    """One wording in the list: where it is written, and how far it is."""

    lang: str
    medium: Medium
    url: str
    standing: Standing | None


@dataclass(frozen=True)
class Row:
    """A product with its wordings; the first one is the whole shop."""

    name: str
    cells: Sequence[Cell]


@bp.get("/<shop>/wordings")
@needs("wordings.edit")
def wordings() -> Page:
    standing = queries.list_standing()
    named = [(SHOP, WHOLE_SHOP, _("Whole shop")), *_products()]
    rows = [Row(name, _cells(key, product, standing)) for key, product, name in named]
    media = {Medium.PAGE: _("Order page"), Medium.MAIL: _("Mail")}
    columns = [(f"{media[cell.medium]} · {LANGUAGES[cell.lang]}", "") for cell in rows[0].cells]
    return page("office/wordings/wordings.html", rows=rows, columns=columns)


@bp.get("/<shop>/wordings/<product>/<tongue>/<medium>")
@needs("wordings.edit")
def wording(product: str, tongue: str, medium: str) -> Page:
    return editor_of(place_in(product, tongue, medium))


@bp.post("/<shop>/wordings/<product>/<tongue>/<medium>")
@needs("wordings.edit")
@corrects(wording)
def save_wording(product: str, tongue: str, medium: str) -> Redirect:
    place, now, by = place_in(product, tongue, medium), clock.now(), actor().by
    Form(request.form).also(lambda: service.save_wording(place, words_in(request.form), now=now, by=by))
    if request.form.get("do") != "publish":
        return _back(place, _("Saved; buyers see it once it is published"))
    service.publish_wording(place, now=now, by=by)
    return _back(place, _("Published"))


@bp.post("/<shop>/wordings/<product>/<tongue>/<medium>/preview")
@needs("wordings.edit")
def preview_wording(product: str, tongue: str, medium: str) -> Page:
    answer = editor_of(place := place_in(product, tongue, medium))
    answer.context |= {"typed": request.form, "preview": preview_of(place, words_in(request.form))}
    return answer


@bp.post("/<shop>/wordings/<product>/<tongue>/<medium>/withdrawal")
@needs("wordings.edit")
def withdraw_wording(product: str, tongue: str, medium: str) -> Redirect:
    place = place_in(product, tongue, medium)
    service.withdraw_wording(place, now=clock.now(), by=actor().by)
    return _back(place, _("Withdrawn; buyers who have it already still see it"))


@bp.post("/<shop>/wordings/<product>/<tongue>/<medium>/versions/<int:version>")
@needs("wordings.edit")
def restore_wording(product: str, tongue: str, medium: str, version: int) -> Redirect:
    place = place_in(product, tongue, medium)
    service.restore_wording(place, version, now=clock.now(), by=actor().by)
    return _back(place, _("Taken over; publish it when it is right"))


@bp.post("/<shop>/wordings/<product>/<tongue>/<medium>/copy")
@needs("wordings.edit")
def copy_wording(product: str, tongue: str, medium: str) -> Redirect:
    place = place_in(product, tongue, medium)
    source = place_in(*[*request.form.get("source", "").split(" "), "", "", ""][:3])
    service.copy_wording(place, source, now=clock.now(), by=actor().by)
    return _back(place, _("Taken over; publish it when it is right"))


@bp.post("/<shop>/wordings/<product>/<tongue>/<medium>/trial")
@needs("wordings.edit")
def try_wording(product: str, tongue: str, medium: str) -> Redirect:
    place = place_in(product, tongue, medium)
    service.try_wording(place, now=clock.now(), by=actor().by)
    return _back(place, _("On its way to your own address"))


@bp.post("/<shop>/wordings/<product>/<tongue>/<medium>/pictures/<slot>")
@needs("wordings.edit")
@unit(None)
@streams
@corrects(lambda product, tongue, medium, slot: wording(product, tongue, medium))
def upload_wording_picture(product: str, tongue: str, medium: str, slot: str) -> Page | Redirect:
    made = picture_from(f"picture_{slot}", most=service.PICTURE_BYTES)
    db.write(frame().merchant_id, partial(_put, product, tongue, medium, slot, made))
    return _saved(product, tongue, medium)


@bp.post("/<shop>/wordings/<product>/<tongue>/<medium>/pictures/<slot>/remove")
@needs("wordings.edit")
@unit(None)
@corrects(lambda product, tongue, medium, slot: wording(product, tongue, medium))
def remove_wording_picture(product: str, tongue: str, medium: str, slot: str) -> Page | Redirect:
    db.write(frame().merchant_id, partial(_put, product, tongue, medium, slot, None))
    return _saved(product, tongue, medium)


def place_in(product: str, tongue: str, medium: str) -> Place:
    """Return which wording an address names, or refuse with NotFound."""
    if tongue not in LANGUAGES or medium not in MEDIA:
        raise NotFound
    number = WHOLE_SHOP if product == SHOP else catalog.get_whole(from_public("prd", product)).id
    return Place(number, tongue, MEDIA[medium])


def _saved(product: str, tongue: str, medium: str) -> Page | Redirect:
    """Return the pictures alone where that is enough; the phone is drawn anew with them."""
    answer = saved(partial(wording, product, tongue, medium), here(".wording", **_named(product, tongue, medium)))
    if isinstance(answer, Page):
        answer.context["redraws"] = True
    return answer


def _put(product: str, tongue: str, medium: str, slot: str, made: object) -> None:
    place = place_in(product, tongue, medium)
    service.put_picture(place, slot, keep(made), now=clock.now(), by=actor().by)  # type: ignore[arg-type]


def _products() -> list[tuple[str, UUID, str]]:
    found = catalog.list_in_order()
    names = {it.id: {text.lang: text.name for text in it.texts} for it in found}
    return [(public("prd", it.id), it.id, catalog.in_language(names[it.id], lang(), frame().lang)) for it in found]


def _cells(key: str, product: UUID, standing: Mapping[Place, Standing]) -> list[Cell]:
    return [
        Cell(code, medium, here(".wording", **_named(key, code, name)), standing.get(Place(product, code, medium)))
        for name, medium in MEDIA.items()
        for code in LANGUAGES
    ]


def _named(product: str, tongue: str, medium: str) -> dict[str, str]:
    return {"product": product, "tongue": tongue, "medium": medium}


def _back(place: Place, toast: str) -> Redirect:
    key = SHOP if place.product_id == WHOLE_SHOP else public("prd", place.product_id)
    return Redirect(here(".wording", **_named(key, place.lang, place.medium.name.lower())), toast=toast)
