"""Taking codes in clear: a company gets codes of a batch as a file, for use elsewhere; password, budget, record."""

from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from typing import Any
from uuid import UUID, uuid4

from flask import Response, request
from flask_babel import gettext as _

from app.accounts import queries as accounts
from app.accounts import service as proving
from app.entitlements import queries as entitled
from app.entitlements.service import Proof
from app.gifting import queries, service
from app.gifting.queries import Extract
from app.kit import clock, crypto, db
from app.kit.ids import from_public
from app.orders.queries import Order
from app.web.asking import browser
from app.web.enterprise import bp
from app.web.enterprise.acting import check_company, company_id
from app.web.enterprise.batches import find_batch
from app.web.forms import Form
from app.web.guard import actor, client_network, corrects, frame, needs, unit
from app.web.render import Page, page
from app.web.saving import saved
from app.web.shown import plain_values
from app.web.titles import titles_of

KINDS = ("xlsx", "txt")  # no CSV: a spreadsheet takes some codes in it for formulas and numbers
AT_ONCE = 100  # codes of one unit; each look is on record before its code leaves
FIRST, SECOND = ("code", "number", "account"), ("pin", "password")


@bp.get("/batches/<order>/codes")
@needs("company.reveal")
def codes(order: str) -> Page:
    bought = find_batch(order)
    shown = _room(bought) | _made(bought)
    return page("enterprise/wallet/codes.html", order=bought, idem=uuid4().hex, secret=True, **shown)


def _room(bought: Order) -> dict[str, Any]:
    """Return how many codes can be taken: what is free, and what the company may still take today."""
    free, left = queries.count_free(bought.id, now=clock.now()), queries.left_today(company_id(), now=clock.now())
    return {"free": free, "left": left, "most_now": min(free, left), "most": queries.MOST_A_DAY}


def _made(bought: Order) -> dict[str, Any]:
    """Return what was taken before, and by whom."""
    made = queries.list_extracts(bought.id)
    people = accounts.list_emails(row.actor_id for row in made if row.actor_id)
    return {"made": made, "people": people, "files": queries.MOST_FILES}


@bp.post("/batches/<order>/codes")
@needs("company.reveal")
@unit(None)
@corrects(codes)
def extract_codes(order: str) -> Response:
    form = Form(request.form)
    quantity, key = form.number("quantity", default=0), form.text("idem", most=64, required=True)
    form.done()
    bought = _admitted(order)
    wanted = service.Wanted(company_id(), bought.id, quantity, key)
    return _file(bought, partial(service.extract, wanted))


@bp.post("/batches/<order>/codes/<extract>")
@needs("company.reveal")
@unit(None)
@corrects(lambda order, extract: codes(order))
def extract_again(order: str, extract: str) -> Response:
    """Make the file of an extract once more."""
    bought = _admitted(order)
    return _file(bought, partial(service.again, from_public("ext", extract), company_id=company_id()))


def _admitted(order: str) -> Order:
    """Return the batch of a form whose sender typed the password of the account."""
    check_company(request.form.get("company", ""))
    bought = db.read(frame().merchant_id, partial(find_batch, order))
    typed = request.form.get("password", "")
    proving.prove_password(actor().user_id, typed, "password", network=client_network(), now=clock.now())
    return bought


def _file(bought: Order, take: Any) -> Response:
    """Take codes, and return the file that opens them some at a time while it leaves."""
    merchant_id, now, by = frame().merchant_id, clock.now(), actor().by
    number: UUID = db.write(merchant_id, lambda: take(network=client_network(), now=now, by=by))
    made = db.read(merchant_id, lambda: queries.get_extract(number, company_id=company_id()))
    kind = request.form.get("kind", "")
    return saved(kind if kind in KINDS else KINDS[0], bought.number, _header(), _rows(merchant_id, bought, made))


def _header() -> list[str]:
    return [_("Product"), _("Code, card number or account"), _("PIN or password")]


def _rows(merchant_id: int, bought: Order, made: Extract) -> Iterator[list[str]]:
    """Yield the codes of an extract, some at a time: their look is committed, then they are opened."""
    titles: dict[UUID, str] = {}
    proof = Proof("company", actor().by, client_network(), browser().agent)
    line = 0
    while True:  # the password was typed for the whole file, however long it takes to leave
        now = clock.now()
        fresh = replace(proof, fresh_at=now)
        ask = partial(service.open_some, made, after_line=line, limit=AT_ONCE, proof=fresh, now=now)
        line, opened = db.write(merchant_id, ask)
        if not line:
            return
        ids = [opening.entitlement_id for opening in opened]
        owned = db.read(merchant_id, partial(entitled.list_by_id, ids))
        if missing := {row.sku_id for row in owned.values()} - set(titles):
            titles |= db.read(merchant_id, partial(titles_of, bought, missing))
        secrets = crypto.open([opening.reveal for opening in opened], by=proof.by)
        for number, secret in zip(ids, secrets, strict=True):
            values = plain_values(secret) or {}
            yield [titles.get(owned[number].sku_id, ""), _first_of(values, FIRST), _first_of(values, SECOND)]


def _first_of(values: Any, names: tuple[str, ...]) -> str:
    return next((str(values[name]) for name in names if name in values), "")
