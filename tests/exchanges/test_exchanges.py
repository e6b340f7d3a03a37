"""Exchanges: a piece becomes another one, the money fits to the cent, and nobody ever has both."""

import pytest

from app.entitlements.errors import CodesGiven, NothingToReveal
from app.entitlements.models import State
from app.exchanges import service
from app.exchanges.errors import NotExchangeable, TermsChanged
from app.exchanges.models import Exchange, ExchangeState
from app.exchanges.queries import list_rules
from app.inventory.errors import OutOfStock
from app.kit import clock
from app.kit.events import SYSTEM
from app.kit.money import Money
from app.merchants.queries import Returned
from app.orders.models import Closed, Order, Payment
from app.payments.models import PaybackState
from tests.balances.person import Person
from tests.exchanges.trading import Trader, make_rule, make_trader, stock
from tests.gifting.giving import Giver
from tests.make import at_once
from tests.payments.market import Market, rows
from tests.refunds.test_parts import keep

PRICE = 1999  # of what is exchanged


def test_a_piece_of_the_same_price_becomes_another_at_once(market: Market) -> None:
    dora = make_trader(market, PRICE)

    new = dora.ask(dora.others[PRICE])

    assert (new.payment, dora.states(new)) == (Payment.PAID, [State.READY])
    assert (dora.shop.order(dora.order).payment, dora.states()) == (Payment.REFUNDED, [State.REVOKED])
    market.work()
    assert not market.paybacks()
    assert market.kept == PRICE
    market.assert_books()


def test_a_dearer_piece_is_held_until_the_difference_is_paid(market: Market) -> None:
    dora = make_trader(market, 2999)

    new = dora.ask(dora.others[2999])

    assert (new.payment, dora.states()) == (Payment.PENDING, [State.READY])
    with pytest.raises(NothingToReveal):
        dora.look()
    dora.pay_rest(new)
    assert (dora.states(new), dora.states()) == ([State.READY], [State.REVOKED])
    market.work()
    assert market.kept == 2999
    market.assert_books()


def test_a_cheaper_piece_gives_the_difference_back_less_the_fee(market: Market) -> None:
    dora = make_trader(market, 999, fee=Money(100, "CNY"))

    dora.ask(dora.others[999])

    market.work()
    assert [(row.amount, row.state) for row in market.paybacks()] == [(900, PaybackState.DONE)]
    assert market.kept == 1099
    assert market.balance("income:fees") == -100
    market.assert_books()


def test_a_cheaper_piece_gives_nothing_back_where_the_shop_says_so(market: Market) -> None:
    dora = make_trader(market, 999, gives_back=False)

    new = dora.ask(dora.others[999])
    dora.refund(new)

    assert [row.amount for row in market.paybacks()] == [999]
    assert market.balance("income:fees") == -1000
    market.assert_books()


def test_an_exchange_that_is_not_paid_leaves_everything_as_it_was(market: Market) -> None:
    dora = make_trader(market, 2999)
    new = dora.ask(dora.others[2999])

    market.wait(minutes=16)

    assert dora.shop.order(new).closed is Closed.EXPIRED
    assert dora.look() == [dora.owned()[0].id]
    assert dora.shop.stock(dora.others[2999])["available"] == 2
    assert [row.state for row in dora.shop.read(lambda: rows(Exchange))] == [ExchangeState.ENDED]
    market.assert_books()


def test_money_for_an_exchange_that_has_ended_goes_back_by_itself(market: Market) -> None:
    dora = make_trader(market, 2999)
    new = dora.ask(dora.others[2999])
    url = market.start(new)
    dora.refund(dora.order, even_seen=True)  # the shop gives the old piece's money back while the buyer pays

    assert market.pay(url)
    market.work()

    assert dora.shop.order(new).closed is Closed.CANCELLED
    assert (dora.states(), dora.states(new)) == ([State.REVOKED], [])
    assert market.kept == 0
    market.assert_books()


def test_a_held_piece_is_not_refunded_silently(market: Market) -> None:
    dora = make_trader(market, 2999)
    dora.ask(dora.others[2999])

    with pytest.raises(CodesGiven):
        dora.refund(dora.order)


def test_of_a_chain_each_part_goes_back_to_where_it_came_from(market: Market) -> None:
    dora = make_trader(market, 2999)
    middle = dora.ask(dora.others[2999])
    dora.pay_rest(middle)
    make_rule(dora.shop, dora.others[2999], dora.shop.sku)
    stock(dora.shop, dora.shop.sku)

    last = dora.ask(dora.shop.sku, 0, middle)  # cheaper again: 10.00 go back, in proportion
    market.work()
    assert market.kept == PRICE
    market.assert_books()
    dora.refund(last)

    assert market.kept == 0
    by_trade: dict[str, int] = {}
    for row in market.paybacks():
        assert row.method_id == dora.shop.method_id
        by_trade[row.trade_no] = by_trade.get(row.trade_no, 0) + row.amount
    assert sorted(by_trade.values()) == [1000, PRICE]  # of each payment just what came by it
    market.assert_books()


def test_what_a_balance_paid_goes_back_on_it_at_the_end_of_a_chain(market: Market, dora: Person) -> None:
    shop = market.shop
    shop.codes(1)
    market.buy(dora.ask(5000))
    order = shop.place()
    dora.pay_rest(order)
    trader = Trader(market, order)
    trader.others[2999] = sku = catalog_sku(trader, 2999)
    new = trader.ask(sku)
    trader.pay_rest(new)

    trader.refund(new)

    assert dora.balance == 5000
    assert market.kept == 5000
    market.assert_books()


def catalog_sku(trader: Trader, price: int) -> str:
    """Put another product on the shelf that the shop's first may become."""
    from app.catalog.models import Kind
    from tests.make import make_product

    sku = make_product(trader.shop, kind=Kind.CODE, price=price)
    stock(trader.shop, sku)
    make_rule(trader.shop, trader.shop.sku, sku)
    return sku


def test_a_balance_pays_the_rest_and_has_it_back_when_that_is_not_all(market: Market, dora: Person) -> None:
    trader = make_trader(market, 2999)
    market.buy(dora.ask(500))
    new = trader.ask(trader.others[2999])
    dora.pay_part(new)

    market.wait(minutes=16)

    assert trader.shop.order(new).closed is Closed.EXPIRED
    assert dora.balance == 500
    assert trader.look()
    market.assert_books()


def test_one_of_several_pieces_is_exchanged_and_the_others_stay(market: Market) -> None:
    dora = make_trader(market, PRICE, pieces=3)

    dora.ask(dora.others[PRICE], place=1)

    assert dora.states() == [State.READY, State.REVOKED, State.READY]
    assert dora.shop.order(dora.order).payment is Payment.PARTIALLY_REFUNDED
    dora.refund(dora.order)
    assert market.kept == PRICE
    market.assert_books()


# What is refused ----------------------------------------------------------------------------------------------------


def test_what_was_looked_at_given_or_used_is_not_exchanged(market: Market) -> None:
    dora = make_trader(market, PRICE, pieces=2)
    wishes = [dora.wish(dora.others[PRICE], place) for place in (0, 1)]
    Giver(dora.shop, dora.order).wrap(1)
    dora.look()

    for wish in wishes:
        with pytest.raises(NotExchangeable):
            dora.send(wish)


def test_a_rule_holds_so_many_days_and_as_long_as_it_is_switched_on(market: Market) -> None:
    dora = make_trader(market, PRICE, 2999, days=7)
    rules = dora.shop.read(list_rules)
    off = {"enabled": False, "now": clock.now(), "by": SYSTEM}
    dora.shop.write(lambda: service.switch_rule(rules[0].id, **off))  # type: ignore[arg-type]

    assert [option.sku.code for option in dora.options()] == [dora.others[2999]]
    market.pass_time(days=7)
    assert dora.options() == []


def test_another_difference_than_the_buyer_read_is_asked_anew(market: Market) -> None:
    dora = make_trader(market, PRICE)

    with pytest.raises(TermsChanged):
        dora.ask(dora.others[PRICE], difference=-100)

    assert dora.look()


def test_without_stock_nothing_happens(market: Market) -> None:
    dora = make_trader(market, PRICE)
    wish = dora.wish(dora.others[PRICE])
    market.buy(dora.shop.place(2, sku=dora.others[PRICE]))

    with pytest.raises(OutOfStock):
        dora.send(wish)

    assert dora.look()


def test_a_piece_that_is_worth_no_more_than_the_fee_becomes_nothing(market: Market) -> None:
    dora = make_trader(market, PRICE, fee=Money(PRICE, "CNY"))

    assert dora.options() == []


# Codes --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("returned", "free"), [(Returned.STOCK, 1), (Returned.ASIDE, 0), (Returned.VOID, 0)])
def test_the_old_code_goes_where_the_shop_wants_it(market: Market, returned: Returned, free: int) -> None:
    dora = make_trader(market, PRICE)
    shop = dora.shop
    keep(shop, returned)

    dora.ask(dora.others[PRICE])

    assert shop.stock()["available"] == free
    market.work()
    market.assert_books()
    market.assert_no_code_twice()


# At once ------------------------------------------------------------------------------------------------------------


def test_of_looks_and_exchanges_at_once_one_comes_first(market: Market) -> None:
    dora = make_trader(market, PRICE, 2999)
    for place in range(3):
        dora.shop.codes(1)
        dora.order = dora.shop.place()
        market.buy(dora.order)
        wishes = [dora.wish(dora.others[price]) for price in (PRICE, 2999)]
        stock(dora.shop, dora.others[PRICE])
        asking = [lambda wish=wish: dora.send(wish) for wish in wishes * 2]

        said = at_once([*asking, *([dora.look] * 4)])

        looked = [one for one in said if isinstance(one, list)]
        won = {one.id for one in said if isinstance(one, Order)}
        assert (len(won) == 1) != bool(looked), (place, said)
        assert all(isinstance(one, list | Order | NotExchangeable | NothingToReveal) for one in said), said
    market.work()
    market.assert_books()
    market.assert_no_code_twice()


def test_of_payment_and_refund_at_once_one_counts(market: Market) -> None:
    for _ in range(3):
        dora = make_trader(market, 2999)
        new = dora.ask(dora.others[2999])
        url = market.start(new)
        assert market.pay(url)

        at_once([market.bring, lambda: dora.refund(dora.order, even_seen=True)])  # noqa: B023
        market.work()

        assert sorted((*dora.states(), *dora.states(new))) in (
            [State.REVOKED],
            [State.READY, State.REVOKED],
        )
        market.assert_books()
