"""Exchanges: a piece becomes another one, the money fits to the cent, and nobody has both."""

from app.entitlements.models import State
from app.exchanges.models import ExchangeState
from app.finance import queries as finance
from app.kit.money import Money
from app.orders.models import Payment
from app.payments.models import PaybackState
from tests.exchanges.trading import make_trader
from tests.make import Shop

PRICE = 1999  # of what is exchanged


def sound(shop: Shop) -> bool:
    return shop.read(finance.check) == []


def test_a_piece_of_the_same_price_becomes_another_at_once(shop: Shop) -> None:
    dora = make_trader(shop, PRICE)

    new = dora.ask(dora.others[PRICE])

    assert new.payment is Payment.PAID
    assert dora.states(new) == [State.READY]
    assert dora.states() == [State.REVOKED]
    assert shop.order(dora.order).payment is Payment.REFUNDED
    assert not dora.paybacks()
    assert not dora.paybacks(new)
    assert sound(shop)


def test_a_dearer_piece_waits_for_the_difference(shop: Shop) -> None:
    dora = make_trader(shop, 2999)

    new = dora.ask(dora.others[2999])

    assert new.payment is Payment.PENDING
    assert dora.states() == [State.READY]
    assert dora.pay_rest(new)
    assert dora.states(new) == [State.READY]
    assert dora.states() == [State.REVOKED]
    assert [row.state for row in dora.exchanges(new)] == [ExchangeState.DONE]
    assert sound(shop)


def test_a_cheaper_piece_gives_the_difference_back(shop: Shop) -> None:
    dora = make_trader(shop, 999, fee=Money(100, "CNY"))

    dora.ask(dora.others[999])
    shop.drain()

    assert [(row.amount, row.state) for row in dora.paybacks()] == [(900, PaybackState.DONE)]
    assert sound(shop)


def test_a_refund_of_a_chain_goes_back_to_where_its_money_came_from(shop: Shop) -> None:
    dora = make_trader(shop, 2999)
    new = dora.ask(dora.others[2999])
    assert dora.pay_rest(new)

    dora.refund(new)

    assert sorted(row.amount for row in dora.paybacks(new)) == [1000, PRICE]
    assert all(row.method_id == shop.method_id for row in dora.paybacks(new))
    assert sound(shop)
