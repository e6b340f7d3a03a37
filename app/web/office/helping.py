"""Help in the office: buyers who are stuck, what goes wrong with which product how often, what the shop says then."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from flask import request
from flask_babel import gettext as _

from app.catalog import queries as catalog
from app.catalog.queries import in_language
from app.kit import clock
from app.kit.errors import words
from app.kit.ids import from_public
from app.orders import queries as orders
from app.support import queries, service
from app.support.queries import HelpCall, Tally
from app.web.guard import actor, corrects, frame, needs
from app.web.language import LANGUAGES, here, lang
from app.web.office import bp
from app.web.problems import NAMES, PROBLEMS
from app.web.render import Page, Redirect, page

MOST, DAYS = 100, 30
ENDINGS = {
    "OPEN": (words("shown what to do"), "info"),
    "SOLVED": (words("solved"), "ok"),
    "STUCK": (words("stuck"), "warn"),
}
FACTS = {  # what of a code's state the staff are told, by the name it was written down under
    "is_ready": words("already delivered"),
    "is_frozen": words("frozen"),
    "is_revoked": words("taken back"),
    "in_review": words("in review"),
    "reveals": words("looked at: {value}"),
    "strangers": words("of them in other browsers: {value}"),
    "expired_on": words("good until {value}"),
    "used_at": words("redeemed: {value}"),
}


@dataclass(frozen=True)
class CallShown:
    """One buyer with one problem, for the people of the shop."""

    row: HelpCall
    number: str
    product: str
    problem: str
    ending: str
    tone: str
    facts: tuple[str, ...]


@bp.get("/<shop>/help")
@needs("orders.view")
def helping() -> Page:
    tallies = queries.list_tallies(since=clock.now() - timedelta(days=DAYS))
    return page(
        "office/help/help.html",
        fragments={"stuck": "office/help/_stuck.html"},
        stuck=calls_shown(queries.list_stuck(limit=MOST)),
        most=MOST,
        tallies=[(tally, _(NAMES[tally.problem][0])) for tally in tallies],
        products=_names([tally.product_id for tally in tallies]),
        days=DAYS,
    )


@bp.post("/<shop>/help/<call>/seen")
@needs("orders.fulfil")
def see_to_help(call: str) -> Redirect:
    service.see_to(from_public("hlp", call), now=clock.now(), by=actor().by)
    return Redirect(here(".helping"), toast=_("Seen to"))


@bp.get("/<shop>/products/<product>/help")
@needs("products.view")
def fix_steps(product: str) -> Page:
    found = catalog.get_whole(from_public("prd", product))
    return page(
        "office/help/steps.html",
        product=found,
        name=_names([found.id])[found.id],
        languages_of_texts=LANGUAGES,
        entries=[(key, _(NAMES[problem][0])) for key, problem in PROBLEMS.items()],
        said={problem.name.lower(): said for problem, said in queries.steps_of(found.id).items()},
        labels=_labels(),
        tallies=_tallies_of(found.id),
        days=DAYS,
    )


@bp.post("/<shop>/products/<product>/help")
@needs("products.edit")
@corrects(fix_steps)
def set_fix_steps(product: str) -> Redirect:
    found = catalog.get_whole(from_public("prd", product))
    said = {(what, code): request.form.get(f"{key}_{code}", "") for key, what in PROBLEMS.items() for code in LANGUAGES}
    service.set_steps(found.id, said, now=clock.now(), by=actor().by)
    return Redirect(here(".fix_steps", product=product), toast=_("Saved"))


def calls_shown(rows: Sequence[HelpCall]) -> list[CallShown]:
    """Return calls for help in the words of the staff."""
    numbers, products = orders.list_numbers({row.order_id for row in rows}), _names([row.product_id for row in rows])
    return [
        CallShown(
            row,
            numbers.get(row.order_id, ""),
            products.get(row.product_id, ""),
            _(NAMES[row.problem][0]),
            _(ENDINGS[row.ending.name][0]),
            ENDINGS[row.ending.name][1],
            tuple(str(_(FACTS[key])).format(value=value) for key, value in row.facts.items() if key in FACTS),
        )
        for row in rows
    ]


def _labels() -> dict[str, str]:
    """Return what the entries of the form are called."""
    titles = {key: _(NAMES[problem][0]) for key, problem in PROBLEMS.items()}
    return {f"{key}_{code}": f"{title} · {name}" for key, title in titles.items() for code, name in LANGUAGES.items()}


def _tallies_of(product_id: UUID) -> dict[str, Tally]:
    found = queries.list_tallies(since=clock.now() - timedelta(days=DAYS), products=[product_id])
    return {tally.problem.name.lower(): tally for tally in found}


def _names(product_ids: Sequence[UUID]) -> dict[UUID, str]:
    """Return what products are called, in the reader's language."""
    found = catalog.list_products_by_id(set(product_ids))
    return {
        number: in_language({text.lang: text.name for text in product.texts}, lang(), frame().lang)
        for number, product in found.items()
    }
