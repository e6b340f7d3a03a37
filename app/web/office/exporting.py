"""Codes in clear for the shop's own people: asked for, allowed by somebody else, taken once as a marked file."""

from collections.abc import Iterator, Mapping
from functools import partial
from uuid import UUID

from flask import Response, request
from flask_babel import gettext as _

from app.accounts import queries as accounts
from app.inventory import queries, service
from app.inventory.queries import CODES
from app.inventory.service import Taking
from app.kit import clock, crypto, db
from app.kit.ids import from_public, public
from app.kit.listing import place
from app.web.forms import Form
from app.web.guard import actor, client_network, corrects, frame, needs, unit
from app.web.language import here
from app.web.office import bp
from app.web.office.proving import prove
from app.web.office.redemption import titles, written
from app.web.render import Page, Redirect, page
from app.web.saving import saved
from app.web.shown import plain_values

KINDS = ("xlsx", "txt")  # no CSV: a spreadsheet takes some codes in it for formulas and numbers
AT_ONCE, LISTED = 100, 100  # codes of one unit; exports of the page
FIRST, SECOND = ("code", "link", "number", "account"), ("pin", "password")


@bp.get("/<shop>/exports")
@needs("codes.export")
def exports() -> Page:
    rows = queries.list_exports(limit=LISTED)
    people = accounts.list_emails({number for row in rows for number in (row.asked_by, row.allowed_by) if number})
    return page("office/exports/exports.html", rows=rows, people=people, now=clock.now(), mine=actor().by.id)


@bp.get("/<shop>/exports/new")
@needs("codes.export")
def new_export() -> Page:
    filters = _filters(request.args if request.method == "GET" else request.form)
    count = service.count_exportable(filters)
    lately = service.asked_lately(clock.now())
    few = lately + count <= service.FREELY
    alone = not accounts.list_allowed("codes.allow_export") - {actor().by.id}
    return page("office/exports/new.html", filters=filters, count=count, few=few, alone=alone)


@bp.post("/<shop>/exports")
@needs("codes.export")
@unit(None)
@corrects(new_export)
def ask_export() -> Redirect:
    form = Form(request.form)
    reason = form.text("reason", most=300, required=True)
    form.done()
    prove()
    wish = service.ExportWish(_filters(request.form), reason, "keep" in request.form)
    db.write(frame().merchant_id, partial(_ask, wish))
    return Redirect(here(".exports"), toast=_("Asked for"))


def _ask(wish: service.ExportWish) -> UUID:
    others = accounts.list_allowed("codes.allow_export")
    return service.ask_export(wish, others=others, now=clock.now(), by=actor().by)


@bp.post("/<shop>/exports/<export>/decision")
@needs("codes.allow_export")
@unit(None)
@corrects(lambda export: exports())
def decide_export(export: str) -> Redirect:
    number = _admitted(export)
    allow = request.form.get("act") == "allow"
    decide = partial(service.decide_export, number, allow=allow, now=clock.now(), by=actor().by)
    db.write(frame().merchant_id, decide)
    return Redirect(here(".exports"), toast=_("Approved") if allow else _("Refused"))


@bp.post("/<shop>/exports/<export>/file")
@needs("codes.export")
@unit(None)
@corrects(lambda export: exports())
def take_export(export: str) -> Response:
    take = partial(service.take_export, _admitted(export), network=client_network(), now=clock.now(), by=actor().by)
    taking = db.write(frame().merchant_id, take)
    kind = request.form.get("kind", "")
    header = [_("Product"), _("Code, card number or account"), _("PIN or password"), _("Taken by")]
    return saved(kind if kind in KINDS else KINDS[0], f"codes-{public('exp', taking.row.id)}", header, _rows(taking))


def _rows(begun: Taking) -> Iterator[list[str]]:
    """Yield the marked rows of an export, some at a time: their reveals are committed, then they are opened."""
    merchant_id, by, network = frame().merchant_id, actor().by, client_network()
    mark = " · ".join((public("exp", begun.row.id), actor().email, written(begun.row.taken_at)))
    taking: Taking | None = begun
    while taking is not None:
        some = partial(service.export_some, taking, limit=AT_ONCE, network=network, by=by)
        taking, opened = db.write(merchant_id, lambda some=some: some(now=clock.now()))  # type: ignore[misc]
        named = db.read(merchant_id, lambda opened=opened: titles({one.sku_id for one in opened}))  # type: ignore[misc]
        for one, secret in zip(opened, crypto.open([each.reveal for each in opened], by=by), strict=True):
            values = plain_values(secret) or {}
            yield [named.get(one.sku_id, ""), _first_of(values, FIRST), _first_of(values, SECOND), mark]


def _first_of(values: Mapping[str, str], names: tuple[str, ...]) -> str:
    return next((str(values[name]) for name in names if name in values), "")


def _admitted(export: str) -> UUID:
    """Return the export of a form whose sender typed the password of the account; another shop's is not found."""
    number = db.read(frame().merchant_id, lambda: queries.get_export(from_public("exp", export)).id)
    prove()
    return number


def _filters(args: Mapping[str, str]) -> dict[str, str]:
    return {name: said[:200] for name, said in place(CODES, args).items() if name in CODES.filters}
