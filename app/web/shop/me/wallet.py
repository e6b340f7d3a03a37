"""A member's wallet: what is in it, all that moved it, topping it up; and paying an order from it."""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from flask import request
from flask_babel import gettext

from app.balances import queries, service
from app.balances.queries import Movement, MovementKind
from app.kit import clock
from app.kit.listing import listed
from app.kit.money import Money
from app.orders import queries as orders
from app.orders.queries import Order
from app.payments import queries as paying
from app.web.cashier import titles_of_ways
from app.web.forms import Form
from app.web.guard import corrects, frame
from app.web.language import here, lang
from app.web.render import Page, Redirect, page
from app.web.shop import bp
from app.web.shop.checkout import order as order_of
from app.web.shop.me.present import me, own_contact
from app.web.shop.placing import read_token, token_of

MOST_SHOWN = 10  # of what waits for its payment


@dataclass(frozen=True)
class MovementShown:
    """One change of the wallet as its owner reads it."""

    words: str
    token: str  # of the page of its order; "" without one
    number: str
    note: str
    money: Money
    left: Money
    at: datetime


@bp.get("/me/wallet")
def my_wallet() -> Page:
    member = me()
    found = listed(queries.movements_of(member.id), request.args)
    return page(
        "shop/me/wallet.html",
        fragments={"movements": "shop/me/_movements.html"},
        secret=True,
        balance=queries.balance(member.id),
        listed=found,
        moved=_moved(found.page.rows),
        waiting=[(token_of(row.id), row, _due(row)) for row in _waiting(member.id)],
        **_form(frame().currency),
    )


def _form(currency: str) -> dict[str, object]:
    """Return what the form of a top-up offers, nothing where nobody could pay one; and its mark."""
    return {
        "suggested": [Money(amount, currency) for amount in queries.SUGGESTED] if paying.list_methods() else (),
        "least": Money(queries.LEAST_OF_MEMBER, currency),
        "most": Money(queries.MOST_OF_MEMBER, currency),
        "idem": str(uuid.uuid4()),
    }


@bp.post("/me/wallet/top-ups")
@corrects(my_wallet)
def top_wallet_up() -> Redirect:
    """Place a top-up and lead to its cashier; a suggested amount is a button of its own."""
    member, sent = me(), request.form.to_dict()
    form = Form(sent | ({"amount": sent["quick"]} if sent.get("quick") else {}))
    money, idem = form.money("amount", frame().currency), form.text("idem", most=64, required=True)
    form.done()
    wish = service.Ahead(money, lang(), f"{idem}:{money.minor}")
    asked = service.ask_top_up(member.id, wish, own_contact(), now=clock.now(), by=member.by)
    return Redirect(here(".order", token=token_of(asked.id)))


@bp.post("/o/<token>/wallet")
@corrects(order_of)
def pay_from_wallet(token: str) -> Redirect:
    """Pay of an order what the wallet has: all that is due, or a part that waits for the rest."""
    member, order_id = me(), read_token(token)
    part = service.pay_part(order_id, member.id, now=clock.now(), by=member.by)
    left = orders.find_due(order_id)
    said = gettext("Taken from your balance") if left and part.minor else gettext("Paid from your balance")
    return Redirect(here(".order", token=token), toast=said)


def _waiting(member_id: UUID) -> Sequence[Order]:
    return orders.list_waiting_of(member_id, now=clock.now(), limit=MOST_SHOWN)


def _due(order: Order) -> Money:
    """Return what is still to be paid of an order, of which the wallet may hold a part already."""
    tender = orders.find_due(order.id) if order.is_split else None
    return tender.price if tender else order.total


def _moved(rows: Sequence[Movement]) -> list[MovementShown]:
    numbers = orders.list_numbers(row.order_id for row in rows if row.order_id)
    ahead = [row.order_id for row in rows if row.order_id and row.kind is MovementKind.TOP_UP]
    ways = titles_of_ways(ahead) if ahead else {}
    return [_shown(row, numbers, ways) for row in rows]


def _shown(row: Movement, numbers: Mapping[UUID, str], ways: Mapping[UUID, str]) -> MovementShown:
    way = ways.get(row.order_id, "") if row.order_id else ""
    return MovementShown(
        words=_words(row),
        token=token_of(row.order_id) if row.order_id else "",
        number=numbers.get(row.order_id, "") if row.order_id else "",
        note=row.reference if row.kind is MovementKind.CORRECTED else way,
        money=row.money,
        left=row.left,
        at=row.at,
    )


def _words(row: Movement) -> str:
    words = {
        MovementKind.TOP_UP: gettext("Top-up"),
        MovementKind.SPENT: gettext("Paid for an order"),
        MovementKind.RETURNED: gettext("Back from an order"),
        MovementKind.PAID_OUT: gettext("Top-up sent back") if row.order_id else gettext("Paid out"),
        MovementKind.CORRECTED: gettext("Corrected by the shop"),
    }
    return str(words[row.kind])
