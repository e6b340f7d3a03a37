"""Help at the code: what is wrong, what to do about it as the code really stands, and telling the shop.

To look at these pages records nothing; to choose a problem, to say that it is solved, and to tell the shop are forms.
"""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from flask import request
from flask_babel import gettext

from app.catalog import queries as catalog
from app.catalog.queries import Product, facts_of, in_language, lines_of
from app.entitlements import queries as entitled
from app.entitlements.queries import Entitlement
from app.kit import clock
from app.kit.errors import NotFound
from app.kit.events import By
from app.kit.ids import from_public
from app.orders import queries as orders
from app.orders.queries import Order
from app.support import queries, service
from app.support.queries import MOST_WORDS, HelpCall, Problem
from app.web.forms import Form
from app.web.guard import corrects, frame
from app.web.language import here, lang, whereabouts
from app.web.problems import NAMES, PROBLEMS
from app.web.render import Page, Redirect, page
from app.web.shop import bp
from app.web.shop.fixing import Known, fixes_shown
from app.web.shop.placing import read_token
from app.web.shop.proof import is_mine, present_device
from app.web.titles import titles_of


@dataclass(frozen=True)
class Piece:
    """One thing of an order that its buyer needs help with."""

    order: Order
    item: Entitlement
    by: By

    @property
    def device_id(self) -> UUID | None:
        return self.by.id


@bp.get("/o/<token>/help/<entitlement>")
def trouble(token: str, entitlement: str) -> Page | Redirect:
    piece = _find(token, entitlement)
    if piece is None:
        return Redirect(here(".order", token=token))
    names = [(key, *(gettext(text) for text in NAMES[problem])) for key, problem in PROBLEMS.items()]
    return _page("choose", piece, token, names=names)


@bp.post("/o/<token>/help/<entitlement>")
@corrects(trouble)
def ask_help(token: str, entitlement: str) -> Redirect:
    """Say what is wrong, and be led to what helps."""
    piece, problem = _find(token, entitlement), _problem(request.form.get("problem", ""))
    if piece is None:
        return Redirect(here(".order", token=token))
    service.ask(piece.item, problem, now=clock.now(), by=piece.by)
    return Redirect(here(".fix", token=token, entitlement=entitlement, problem=problem.name.lower()))


@bp.get("/o/<token>/help/<entitlement>/<problem>")
def fix(token: str, entitlement: str, problem: str) -> Page | Redirect:
    piece, what = _find(token, entitlement), _problem(problem)
    call = queries.find_call(piece.item.id, what) if piece else None
    if piece is None or call is None:
        return Redirect(here(".trouble", token=token, entitlement=entitlement))
    shown = _fixes(piece, call)
    return _page(
        "fix", piece, token, problem=problem, name=gettext(NAMES[what][0]), call=call, most=MOST_WORDS, **shown
    )


def fix_or_choice(token: str, entitlement: str, problem: str) -> Page | Redirect:
    """Return the page of what helps, or, before anything was asked, the choice of what is wrong."""
    answer = fix(token, entitlement, problem)
    return answer if isinstance(answer, Page) else trouble(token, entitlement)


def _fixes(piece: Piece, call: HelpCall) -> dict[str, Any]:
    """Return what helps with a problem: as the code stands, as the product is, and as the shop says."""
    condition = queries.condition_of(piece.order, piece.item, piece.device_id, now=clock.now())
    product = catalog.list_products_by_id([call.product_id])[call.product_id]
    known = Known(condition, piece.order.contact_mask, product.redeem_url)
    return {
        "fixes": fixes_shown(call.problem, known),
        "own": _own_steps(product, call.problem),
        "facts": facts_of(_text(product, "facts")) if call.problem is Problem.PLACE else (),
    }


@bp.post("/o/<token>/help/<entitlement>/<problem>/solved")
@corrects(fix_or_choice)
def solve_trouble(token: str, entitlement: str, problem: str) -> Redirect:
    piece = _find(token, entitlement)
    if piece is not None:
        service.solve(piece.item.id, _problem(problem), now=clock.now(), by=piece.by)
    return Redirect(here(".order", token=token), toast=gettext("Good to hear"))


@bp.post("/o/<token>/help/<entitlement>/<problem>/stuck")
@corrects(fix_or_choice)
def tell_trouble(token: str, entitlement: str, problem: str) -> Redirect:
    """Tell the shop of a buyer who is stuck; how the code stands goes with it, the code does not."""
    piece, form = _find(token, entitlement), Form(request.form)
    said = form.text("words", most=MOST_WORDS)
    form.done()
    if piece is not None:
        condition = queries.condition_of(piece.order, piece.item, piece.device_id, now=clock.now())
        service.tell_shop(piece.item.id, _problem(problem), said, condition, now=clock.now(), by=piece.by)
    return Redirect(
        here(".fix", token=token, entitlement=entitlement, problem=problem), toast=gettext("The shop knows")
    )


def _find(token: str, entitlement: str) -> Piece | None:
    """Return a piece of an order; None for a browser that has not proved itself, which the order's page asks."""
    order, number, device = orders.get(read_token(token)), from_public("ent", entitlement), present_device()
    item = next((item for item in entitled.list_of_order(order.id) if item.id == number), None)
    if item is None:
        raise NotFound
    return Piece(order, item, By("device", device.id)) if device and is_mine(order) else None


def _problem(name: str) -> Problem:
    if name not in PROBLEMS:
        raise NotFound
    return PROBLEMS[name]


def _own_steps(product: Product, problem: Problem) -> tuple[str, ...]:
    """Return what the shop itself says about a problem of a product, in the reader's language."""
    said = queries.steps_of(product.id).get(problem, {})
    return tuple(lines_of(in_language(said, lang(), frame().lang)))


def _text(product: Product, field: str) -> str:
    return in_language({text.lang: getattr(text, field) for text in product.texts}, lang(), frame().lang)


def _page(kind: str, piece: Piece, token: str, **more: object) -> Page:
    number = request.view_args["entitlement"] if request.view_args else ""
    return page(
        f"shop/trouble/{kind}.html",
        fragments={"trouble": f"shop/trouble/_{kind}.html"},
        secret=True,
        token=token,
        piece=number,
        title=titles_of(piece.order, [piece.item.sku_id]).get(piece.item.sku_id, ""),
        tail=piece.item.tail,
        back=here(".order", token=token),
        **more,
        **whereabouts(request.path if request.method == "GET" else here(".trouble", token=token, entitlement=number)),
    )
