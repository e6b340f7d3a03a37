"""What is shown and done at a code that somebody needs help with, whether they bought it or were given it."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from flask import request
from flask_babel import gettext

from app.catalog import queries as catalog
from app.catalog.queries import Product, facts_of, in_language, lines_of
from app.entitlements.queries import Entitlement
from app.kit import clock
from app.kit.errors import NotFound
from app.kit.events import By
from app.orders.queries import Order
from app.support import queries, service
from app.support.queries import MOST_WORDS, HelpCall, Problem
from app.web.forms import Form
from app.web.guard import frame
from app.web.language import lang, whereabouts
from app.web.problems import NAMES, PROBLEMS
from app.web.render import Page, Redirect, page
from app.web.shop.fixing import Known, fixes_shown
from app.web.titles import titles_of


@dataclass(frozen=True)
class Piece:
    """One thing that somebody needs help with: who they are, where its page of help is, and where its code is."""

    order: Order
    item: Entitlement
    by: By
    contact: str  # the mask of where they are written to
    url: str
    back: str
    problems: Collection[Problem] = tuple(Problem)
    is_gift: bool = False

    def at(self, problem: Problem) -> str:
        return f"{self.url}/{problem.name.lower()}"


def choice(piece: Piece) -> Page:
    """Return the page that asks what is wrong."""
    names = [
        (key, *(gettext(text) for text in NAMES[what])) for key, what in PROBLEMS.items() if what in piece.problems
    ]
    return _page("choose", piece, names=names)


def name_problem(piece: Piece) -> Redirect:
    """Note what is wrong, and lead to what helps."""
    what = problem_of(request.form.get("problem", ""))
    service.ask(piece.item, what, now=clock.now(), by=piece.by)
    return Redirect(piece.at(what))


def steps(piece: Piece, what: Problem) -> Page | Redirect:
    """Return what helps with a problem that was named before; otherwise lead to the choice."""
    call = queries.find_call(piece.item.id, what)
    if call is None:
        return Redirect(piece.url)
    known = _known(piece, call)
    return _page(
        "fix", piece, problem=piece.at(what), name=gettext(NAMES[what][0]), call=call, most=MOST_WORDS, **known
    )


def steps_or_choice(piece: Piece, what: Problem) -> Page:
    """Return the page of what helps, or, before anything was asked, the choice of what is wrong."""
    answer = steps(piece, what)
    return answer if isinstance(answer, Page) else choice(piece)


def solve(piece: Piece, what: Problem) -> Redirect:
    service.solve(piece.item.id, what, now=clock.now(), by=piece.by)
    return Redirect(piece.back, toast=gettext("Good to hear"))


def tell(piece: Piece, what: Problem) -> Redirect:
    """Tell the shop of who is stuck; how the code stands goes with it, the code does not."""
    form = Form(request.form)
    said = form.text("words", most=MOST_WORDS)
    form.done()
    condition = queries.condition_of(piece.order, piece.item, piece.by.id, now=clock.now())
    service.tell_shop(piece.item.id, what, said, condition, now=clock.now(), by=piece.by)
    return Redirect(piece.at(what), toast=gettext("The shop knows"))


def problem_of(name: str) -> Problem:
    if name not in PROBLEMS:
        raise NotFound
    return PROBLEMS[name]


def _known(piece: Piece, call: HelpCall) -> dict[str, Any]:
    """Return what helps with a problem: as the code stands, as the product is, and as the shop says."""
    condition = queries.condition_of(piece.order, piece.item, piece.by.id, now=clock.now())
    product = catalog.list_products_by_id([call.product_id])[call.product_id]
    known = Known(condition, piece.contact, product.redeem_url, is_gift=piece.is_gift)
    return {
        "fixes": fixes_shown(call.problem, known),
        "own": _own_steps(product, call.problem),
        "facts": facts_of(_text(product, "facts")) if call.problem is Problem.PLACE else (),
    }


def _own_steps(product: Product, problem: Problem) -> tuple[str, ...]:
    """Return what the shop itself says about a problem of a product, in the reader's language."""
    said = queries.steps_of(product.id).get(problem, {})
    return tuple(lines_of(in_language(said, lang(), frame().lang)))


def _text(product: Product, field: str) -> str:
    return in_language({text.lang: getattr(text, field) for text in product.texts}, lang(), frame().lang)


def _page(kind: str, piece: Piece, **more: object) -> Page:
    return page(
        f"shop/trouble/{kind}.html",
        fragments={"trouble": f"shop/trouble/_{kind}.html"},
        secret=True,
        piece=piece,
        title=titles_of(piece.order, [piece.item.sku_id]).get(piece.item.sku_id, ""),
        **more,
        **whereabouts(request.path if request.method == "GET" else piece.url),
    )
