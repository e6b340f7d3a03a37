"""Paying at a gateway: a top-up, or what the balance does not pay of an order; the page follows the money by itself."""

import uuid
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from flask import Response, request

from app.balances import queries as balances
from app.balances.service import Ahead
from app.companies import service
from app.kit import clock, db
from app.kit.errors import NotFound
from app.kit.ids import from_public, public
from app.kit.money import Money
from app.orders import queries as orders
from app.orders.queries import Order, Payment, Purpose
from app.payments import queries as paying
from app.payments import service as payments
from app.web.cashier import (
    ask_gateways,
    attempt_of,
    cashier_of,
    end,
    lead,
    pages,
    pay_address,
    place,
    qr_picture,
    state_of,
    subject_of,
)
from app.web.enterprise import bp
from app.web.enterprise.acting import check_company, company_id
from app.web.forms import Form
from app.web.guard import actor, corrects, frame, needs, unit
from app.web.language import here, lang
from app.web.render import MINE, Page, Redirect, fixed, page, unchanged

FOLLOWED = frozenset({"started", "asking"})


@dataclass(frozen=True)
class PaymentShown:
    """What is to be paid, and how far it is."""

    number: str
    is_top_up: bool
    state: str
    total: Money
    held: Money | None  # of the balance, until the rest is paid
    expires_at: datetime
    started: bool
    way: str
    method_id: UUID | None

    @property
    def waits(self) -> bool:
        return self.state in {"pending", "started"}


@bp.get("/balance/top-up")
@needs("company.balance")
def top_up() -> Page:
    return page("enterprise/balance/top_up.html", balance=balances.balance(company_id()), idem=str(uuid.uuid4()))


@bp.post("/balance/top-ups")
@needs("company.balance")
@corrects(top_up)
def ask_top_up() -> Redirect:
    check_company(request.form.get("company", ""))
    form = Form(request.form)
    money, idem = form.money("amount", frame().currency), form.text("idem", most=64, required=True)
    form.done()
    asked = service.ask_top_up(company_id(), Ahead(money, lang(), idem), now=clock.now(), by=actor().by)
    return Redirect(here(".payment", order=public("ord", asked.id)))


@bp.get("/payments/<order>")
@needs("company.balance")
def payment(order: str) -> Page:
    return _page(find_payment(order))


@bp.get("/payments/<order>/status")
@needs("company.balance")
def payment_status(order: str) -> Page | Response:
    """Tell a page how its payment stands, or that nothing has changed since the state it names."""
    found = find_payment(order)
    if request.args.get("v") == state_of(found, now=clock.now()):
        return unchanged()
    answer = _page(found)
    answer.is_news = True
    return answer


@bp.get("/payments/<order>/qr.png")
@needs("company.balance")
def payment_qr(order: str) -> Response:
    return fixed(qr_picture(pay_address(find_payment(order))), "image/png", MINE)


@bp.post("/payments/<order>/starts")
@needs("company.balance")
@unit(None)
@corrects(payment)
def pay(order: str) -> Redirect:
    path = here(".payment", order=order)
    return lead(db.write(frame().merchant_id, lambda: _start(order, path)), path)


@bp.post("/payments/<order>/from-balance")
@needs("company.order")
@corrects(payment)
def pay_from_balance(order: str) -> Redirect:
    """Pay of an order what the balance has by now: all that is due, or a part more."""
    check_company(request.form.get("company", ""))
    service.pay_due(company_id(), find_payment(order).id, now=clock.now(), by=actor().by)
    return Redirect(here(".payment", order=order))


@bp.post("/payments/<order>/check")
@needs("company.balance")
@unit(None)
@corrects(payment)
def check_payment(order: str) -> Redirect:
    """Ask the gateways at once whether it was paid, and show how it stands."""
    order_id, asked = db.write(frame().merchant_id, lambda: _ask(order))
    return Redirect(here(".payment", order=order), toast=ask_gateways(order_id, asked), tone="info")


@bp.post("/payments/<order>/cancellation")
@needs("company.balance")
@unit(None)
@corrects(payment)
def cancel_payment(order: str) -> Redirect:
    """Cancel what is not paid; a part that the balance holds is back on it as soon as no other money can come."""
    order_id, asked = db.write(frame().merchant_id, lambda: _cancel(order))
    return Redirect(here(".payment", order=order), toast=end(order_id, asked), tone="info")


def find_payment(name: str) -> Order:
    """Return an order or a top-up of the company one acts for; anybody else's does not exist."""
    order = orders.get(from_public("ord", name))
    if order.company_id != company_id():
        raise NotFound
    return order


def _start(name: str, path: str) -> payments.Begun:
    found = find_payment(name)
    method_id = from_public("pay", request.form.get("method", ""))
    known = {"now": clock.now(), "by": actor().by}
    return payments.start(found, method_id, pages(path), subject=subject_of(found), place=place(), **known)  # type: ignore[arg-type]


def _ask(name: str) -> tuple[UUID, list[UUID]]:
    found = find_payment(name)
    return found.id, payments.ask(found.id, now=clock.now())


def _cancel(name: str) -> tuple[UUID, list[UUID]]:
    found = find_payment(name)
    return found.id, payments.cancel(found, now=clock.now(), by=actor().by)


def _page(found: Order) -> Page:
    cashier = cashier_of(found, plain=True)
    shown, number = _shown(found), public("ord", found.id)
    answer = page(
        "enterprise/payment/payment.html",
        fragments={"payment": "enterprise/payment/_payment.html"},
        order=number,
        shown=shown,
        money=shown,
        follows=shown.state in FOLLOWED,
        cashier=cashier,
        methods=cashier.shown,
        qr_url=here(".payment_qr", order=number),
        part=part_of(found, cashier.price),
        balance=balances.balance(company_id()),
    )
    answer.leads_to, answer.tells_origin = paying.origins(cashier.methods), paying.checks_referrer(cashier.methods)
    return answer


def part_of(found: Order, due: Money | None) -> Money | None:
    """Return what the balance can pay now of what is due of an order; None where that is nothing."""
    if found.purpose is Purpose.TOP_UP or due is None:
        return None
    part = min(due, balances.spendable(company_id(), due.currency), key=lambda money: money.minor)
    return part if part.minor else None


def _shown(found: Order) -> PaymentShown:
    attempt = attempt_of(found)
    return PaymentShown(
        found.number,
        found.purpose is Purpose.TOP_UP,
        state_of(found, now=clock.now()),
        found.total,
        orders.held_of(found.id) if found.payment is Payment.PENDING else None,
        found.expires_at,
        attempt is not None and bool(attempt.url),
        attempt.way.name.lower() if attempt else "",
        attempt.method_id if attempt else None,
    )
