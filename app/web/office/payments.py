"""Ways to be paid: the shop's accounts at gateways, their keys, their order, limits and fees, and whether they work."""

from functools import partial
from uuid import UUID

from flask import request, url_for
from flask_babel import gettext as _

from app.kit import clock, db, effects, events
from app.kit.errors import NotFound
from app.kit.ids import from_public, new_id, public
from app.payments import queries, service
from app.payments.queries import FeePayer, Method
from app.web.forms import Form, NotAnAmount
from app.web.guard import actor, corrects, frame, needs, settings, unit
from app.web.language import here
from app.web.office import bp
from app.web.office.changes import happened
from app.web.office.gateways import NAMES, gateway_shown, method_shown, methods_shown, percent_in
from app.web.office.parties import account_typed, finding_shown
from app.web.office.proving import prove
from app.web.render import Page, Redirect, page

WAIT = 8.0  # seconds somebody waits for a self-test


@bp.get("/<shop>/payments")
@needs("payments.edit")
def payments() -> Page:
    gateways = [gateway_shown(name) for name in queries.list_gateways()]
    methods = methods_shown(queries.list_connected())
    return page("office/payments/payments.html", methods=methods, gateways=gateways)


@bp.get("/<shop>/payments/new/<gateway>")
@needs("payments.edit")
def new_payment(gateway: str) -> Page:
    if gateway not in queries.list_gateways():
        raise NotFound
    once = request.form.get("once", "") or public("pay", new_id())
    return page("office/payments/new.html", gateway=gateway_shown(gateway), once=once)


@bp.post("/<shop>/payments/new/<gateway>")
@needs("payments.edit")
@unit(None)
@corrects(new_payment)
def add_payment(gateway: str) -> Redirect:
    if gateway not in queries.list_gateways():
        raise NotFound
    account = account_typed(queries.fields_of(gateway), queries.numbered_by(gateway), known=False)
    prove()
    known = {"now": clock.now(), "by": actor().by, "method_id": from_public("pay", request.form.get("once", ""))}
    add = partial(service.add_method, provider_name=gateway, account=account, **known)  # type: ignore[arg-type]
    added, lacks = db.write(frame().merchant_id, lambda: _named(add()))
    said = _("Connected: one step is left") if lacks else _("Connected: now try it out")
    return Redirect(here(".payment", method=added), toast=said)


def _named(method: Method) -> tuple[str, str]:
    return public("pay", method.id), method.lacks


@bp.get("/<shop>/payments/<method>")
@needs("payments.edit")
def payment(method: str) -> Page:
    found = _method(method)
    return page(
        "office/payments/payment.html",
        method=method_shown(found),
        number=method,
        gateway=gateway_shown(found.provider),
        settings=found.settings,
        findings=[finding_shown(finding, NAMES) for finding in found.findings],
        notify=_notify() + found.hook_token,
        trail=happened(events.timeline(subject=("payment_method", found.id))),
    )


@bp.post("/<shop>/payments/<method>/terms")
@needs("payments.edit")
@corrects(payment)
def change_payment_terms(method: str) -> Redirect:
    form = Form(request.form)
    currency = frame().currency
    terms = service.Terms(
        title=form.text("title", most=40),
        least=_amount(form, "least", currency),
        most=_amount(form, "most", currency),
        fee_rate=percent_in(form, "fee_rate"),
        fee_fixed=_amount(form, "fee_fixed", currency) or 0,
        fee_payer=FeePayer.BUYER if form.fields.get("fee_payer") == "buyer" else FeePayer.SHOP,
    )
    form.done()
    service.change_terms(_method(method).id, terms, now=clock.now(), by=actor().by)
    return _saved(method)


@bp.post("/<shop>/payments/<method>/account")
@needs("payments.edit")
@unit(None)
@corrects(payment)
def change_payment_account(method: str) -> Redirect:
    found = db.read(frame().merchant_id, lambda: _method(method))
    account = account_typed(
        queries.fields_of(found.provider), queries.numbered_by(found.provider), known=True, lacks=found.lacks
    )
    prove()
    change = partial(service.change_account, found.id, account, now=clock.now(), by=actor().by)
    db.write(frame().merchant_id, change)
    return _saved(method)


@bp.post("/<shop>/payments/<method>/switch")
@needs("payments.edit")
@corrects(lambda method: payment(method))
def switch_payment(method: str) -> Redirect:
    on = request.form.get("on") == "1"
    service.switch_method(_method(method).id, on=on, now=clock.now(), by=actor().by)
    return Redirect(here(".payment", method=method), toast=_("Offered now") if on else _("Not offered any more"))


@bp.post("/<shop>/payments/<method>/up")
@needs("payments.edit")
@corrects(lambda method: payments())
def raise_payment(method: str) -> Redirect:
    """Offer a way to pay one place earlier."""
    ids = [row.id for row in queries.list_connected()]
    place = ids.index(_method(method).id)
    ids.insert(max(place - 1, 0), ids.pop(place))
    service.order_methods(ids, now=clock.now(), by=actor().by)
    return Redirect(here(".payments"), toast=_("Saved"))


@bp.post("/<shop>/payments/<method>/test")
@needs("payments.edit")
@unit(None)
@corrects(lambda method: payment(method))
def try_payment(method: str) -> Redirect:
    """Try an account out while the person waits; what takes longer is on the page later."""
    merchant = frame().merchant_id
    asked = db.write(merchant, lambda: _ask_test(method))
    effects.perform(merchant, [asked], within=WAIT)
    return Redirect(here(".payment", method=method) + "#test")


def _ask_test(method: str) -> UUID:
    found = _method(method)
    return service.ask_test(found.id, notify_url=_notify() + found.hook_token, now=clock.now())


def _method(method: str) -> Method:
    return queries.get_method(from_public("pay", method))


def _notify() -> str:
    return settings().base_url + url_for("hooks.notice", token="")


def _saved(method: str) -> Redirect:
    return Redirect(here(".payment", method=method), toast=_("Saved"))


def _amount(form: Form, name: str, currency: str) -> int | None:
    if not form.fields.get(name, "").strip():
        return None
    amount = form.money(name, currency).minor
    if amount < 0:
        form.faults[name] = NotAnAmount()
    return amount
