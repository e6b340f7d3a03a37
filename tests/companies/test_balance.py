"""A balance pays at once or not at all, never goes below nothing, and the books say the same."""

from functools import partial

import pytest
from sqlalchemy import update

from app.balances import queries
from app.balances import service as balances
from app.balances.errors import InsufficientBalance, KnownTransfer, NothingToBook, TooMuch
from app.balances.models import Account, Movement, MovementKind
from app.companies import queries as firms
from app.companies import service as companies
from app.companies.errors import ClosedCompany
from app.companies.service import close
from app.entitlements import queries as entitled
from app.entitlements.models import State
from app.finance import queries as finance
from app.inventory.errors import OutOfStock
from app.kit import clock, db
from app.kit.errors import Invalid
from app.kit.events import SYSTEM, By
from app.kit.ids import new_id
from app.kit.listing import listed
from app.kit.money import Money
from app.ledger import queries as ledger
from app.orders import queries as orders
from app.orders.errors import BadQuantity
from app.orders.models import Order, Payment
from app.payments import queries as paying
from app.refunds import service as refunds
from app.refunds.errors import NoBalance
from tests.companies.firm import Firm, make_firm
from tests.make import Shop, at_once

PRICE = 1999


def movements(firm: Firm) -> list[Movement]:
    return list(firm.shop.read(lambda: listed(queries.movements_of(firm.id), {})).page.rows)


def books(shop: Shop) -> dict[str, int]:
    return {name: money.minor for name, money in shop.read(ledger.balances).items() if money.minor}


def faults(shop: Shop) -> list[object]:
    return shop.read(lambda: [*ledger.check(), *finance.check()])


def test_a_transfer_is_booked_once_for_each_reference(firm: Firm) -> None:
    firm.top_up(5000, "TT-1")

    with pytest.raises(Invalid) as refused:
        firm.top_up(5000, " tt-1 ")

    assert isinstance(refused.value.fields["reference"], KnownTransfer)
    assert firm.balance() == 5000
    assert [row.balance for row in movements(firm)] == [5000]
    assert faults(firm.shop) == []


@pytest.mark.parametrize("amount", [0, -1])
def test_a_transfer_of_nothing_is_refused(firm: Firm, amount: int) -> None:
    with pytest.raises(Invalid) as refused:
        firm.top_up(amount)

    assert isinstance(refused.value.fields["amount"], NothingToBook)


def test_an_order_is_paid_and_delivered_in_the_unit_that_places_it(firm: Firm) -> None:
    firm.shop.codes(3)
    firm.top_up(2 * PRICE + 1)

    order = firm.order(2)

    owned = firm.shop.read(lambda: entitled.list_of_order(order.id))
    assert order.payment is Payment.PAID
    assert [item.state for item in owned] == [State.READY, State.READY]
    assert firm.balance() == 1
    assert [(row.kind, row.amount, row.balance) for row in movements(firm)] == [
        (MovementKind.SPENT, -2 * PRICE, 1),
        (MovementKind.TOP_UP, 2 * PRICE + 1, 2 * PRICE + 1),
    ]


def test_it_is_paid_by_a_notice_as_any_other_order(firm: Firm) -> None:
    firm.shop.codes(1)
    firm.top_up(PRICE)

    order = firm.order()

    (tender,) = firm.shop.read(lambda: orders.list_tenders_of(order.id))
    (notice,) = firm.shop.read(lambda: paying.list_notices([tender.id]))
    assert (notice.amount, notice.state.name) == (PRICE, "APPLIED")
    assert tender.method_id not in {method.id for method in firm.shop.read(paying.list_methods)}


def test_the_books_of_an_order_balance_and_name_the_company(firm: Firm) -> None:
    firm.shop.codes(1)
    firm.top_up(5000)

    firm.order()

    said = books(firm.shop)
    account = next(name for name in said if name.startswith("liability:balance:com_"))
    assert said[account] == -(5000 - PRICE)
    assert said["asset:bank CNY"] == 5000
    assert said["income:sales CNY"] == -PRICE
    assert "asset:gateway CNY" not in said
    assert faults(firm.shop) == []


def test_too_little_money_is_told_and_leaves_no_order_and_no_hold(firm: Firm) -> None:
    firm.shop.codes(3)
    firm.top_up(2 * PRICE)

    with pytest.raises(InsufficientBalance, match=r"19\.99 CNY short"):
        firm.order(3)

    assert firm.balance() == 2 * PRICE
    assert firm.shop.stock()["available"] == 3
    assert firm.shop.read(lambda: orders.latest(5)) == []


def test_too_few_codes_leave_the_money_where_it_is(firm: Firm) -> None:
    firm.shop.codes(1)
    firm.top_up(5 * PRICE)

    with pytest.raises(OutOfStock):
        firm.order(2)

    assert firm.balance() == 5 * PRICE


def test_the_same_form_makes_one_order_and_takes_the_money_once(firm: Firm) -> None:
    firm.shop.codes(2)
    firm.top_up(5 * PRICE)

    first, again = firm.order(idem="form"), firm.order(idem="form")

    assert first.id == again.id
    assert firm.balance() == 4 * PRICE


def test_a_transfer_pays_an_order_with_exactly_what_it_costs(firm: Firm) -> None:
    firm.shop.codes(3)

    firm.order(2, transfer="TT-9")

    assert firm.balance() == 0
    assert [row.amount for row in movements(firm)] == [-2 * PRICE, 2 * PRICE]
    with pytest.raises(Invalid):
        firm.order(1, transfer="TT-9")
    assert faults(firm.shop) == []


def test_a_refund_goes_back_to_the_balance(firm: Firm) -> None:
    firm.shop.codes(2)
    firm.top_up(2 * PRICE)
    order = firm.order(2)

    refund = firm.shop.write(lambda: refunds.refund(order.id, reason="", now=clock.now(), by=SYSTEM))
    assert faults(firm.shop) == []
    firm.shop.drain()
    firm.shop.drain()

    assert firm.balance() == 2 * PRICE
    assert movements(firm)[0].kind is MovementKind.RETURNED
    assert firm.shop.read(lambda: paying.list_paybacks_of(refund.id))[0].state.name == "DONE"
    assert faults(firm.shop) == []
    assert "asset:gateway CNY" not in books(firm.shop)


def test_pieces_of_an_order_go_back_to_the_balance_one_by_one(firm: Firm) -> None:
    firm.shop.codes(2)
    firm.top_up(2 * PRICE, "TT-1")
    order = firm.order(2)
    after = []
    for item in firm.shop.read(lambda: entitled.list_of_order(order.id)):
        wish = refunds.Wish(order.id, "", [item.id])
        firm.shop.write(lambda wish=wish: refunds.take_back(wish, now=clock.now(), by=SYSTEM))  # type: ignore[misc]
        firm.shop.drain()
        after.append((firm.balance(), firm.shop.order(order).payment))

    assert after == [(PRICE, Payment.PARTIALLY_REFUNDED), (2 * PRICE, Payment.REFUNDED)]
    assert faults(firm.shop) == []


def test_what_a_company_paid_through_a_gateway_may_go_back_to_its_balance(firm: Firm) -> None:
    shop = firm.shop
    firm.top_up(1, "TT-1")
    shop.codes(2)
    order, other = shop.place(), shop.place()
    assert shop.pay(order)
    assert shop.pay(other)
    shop.write(
        lambda: db.changed(update(Order).where(Order.id == order.id).values(company_id=firm.id, holder_id=firm.id))
    )

    with pytest.raises(NoBalance):
        shop.write(lambda: refunds.take_back(refunds.Wish(other.id, "", to_balance=True), now=clock.now(), by=SYSTEM))
    shop.write(lambda: refunds.take_back(refunds.Wish(order.id, "", to_balance=True), now=clock.now(), by=SYSTEM))
    shop.drain()

    assert firm.balance() == 1 + PRICE
    assert books(shop)["asset:gateway CNY"] == 2 * PRICE  # which keeps the money
    assert "liability:refunds CNY" not in books(shop)
    assert faults(shop) == []


def test_a_closed_company_orders_nothing_and_gets_its_refund_all_the_same(firm: Firm) -> None:
    firm.shop.codes(2)
    firm.top_up(2 * PRICE)
    order = firm.order()
    firm.shop.write(lambda: close(firm.id, now=clock.now(), by=SYSTEM))

    with pytest.raises(ClosedCompany):
        firm.order()
    firm.shop.write(lambda: refunds.refund(order.id, reason="", now=clock.now(), by=SYSTEM))
    firm.shop.drain()

    assert firm.balance() == 2 * PRICE


def test_more_pieces_than_a_shop_sells_at_once_and_no_more_than_ten_thousand(firm: Firm) -> None:
    firm.shop.codes(1001)
    firm.top_up(1001 * PRICE)

    order = firm.order(1001)

    assert len(firm.shop.read(lambda: entitled.list_of_order(order.id))) == 1001
    with pytest.raises(Invalid) as refused:
        firm.order(10_001)
    assert isinstance(refused.value.fields["quantity"], BadQuantity)


def test_unpaid_orders_of_strangers_under_the_companys_address_do_not_stand_in_its_way(firm: Firm) -> None:
    firm.shop.codes(9)
    firm.top_up(PRICE)
    company = firm.shop.read(lambda: firms.contact_of(db.get(firms.Company, firm.id)).expose())
    for _ in range(3):
        firm.shop.place(contact=company)

    assert firm.order().payment is Payment.PAID


def test_two_members_spend_the_same_balance_at_once_and_one_order_is_made(firm: Firm) -> None:
    firm.shop.codes(9)
    firm.top_up(PRICE + 1)
    people = [By("member", new_id()) for _ in range(6)]

    told = at_once([partial(firm.order, by=by) for by in people])

    paid = [each for each in told if not isinstance(each, BaseException)]
    assert len(paid) == 1, told
    assert {type(each) for each in told if isinstance(each, BaseException)} == {InsufficientBalance}
    assert firm.balance() == 1
    assert firm.shop.stock()["sold"] == 1
    assert faults(firm.shop) == []


def test_a_transfer_that_two_people_book_at_once_counts_once(firm: Firm) -> None:
    told = at_once([partial(firm.top_up, 700, "TT-2") for _ in range(6)])

    assert sum(not isinstance(each, BaseException) for each in told) == 1, told
    assert firm.balance() == 700


def test_the_database_itself_keeps_a_balance_above_nothing(firm: Firm) -> None:
    def take() -> None:
        db.session().get_one(Account, (db.merchant_id(), firm.id)).amount = -1

    with pytest.raises(Exception, match=r"ck_balance_account_amount|CHECK"):
        firm.shop.write(take)


def test_the_check_sees_a_balance_that_is_not_its_movements(firm: Firm) -> None:
    firm.top_up(700)
    account = (firm.shop.merchant_id, firm.id)

    firm.shop.write(lambda: setattr(db.session().get_one(Account, account), "amount", 900))

    (fault,) = faults(firm.shop)
    assert (fault.what, fault.found, fault.expected) == ("balance is not its movements", "9.00 CNY", "7.00 CNY")  # type: ignore[attr-defined]


def pay_out(firm: Firm, amount: int, key: str = "once", reason: str = "booked twice") -> None:
    money = Money(amount, "CNY")
    firm.shop.write(lambda: balances.pay_out(firm.id, money, reason, key=key, now=clock.now(), by=SYSTEM))


def test_money_goes_back_once_and_no_more_than_there_is(firm: Firm) -> None:
    firm.top_up(700)
    pay_out(firm, 500)
    pay_out(firm, 500)

    assert firm.balance() == 200
    assert [row.money.minor for row in movements(firm)] == [-500, 700]
    assert faults(firm.shop) == []
    with pytest.raises(Invalid) as refused:
        pay_out(firm, 201, "another")
    assert isinstance(refused.value.fields["out"], TooMuch)
    with pytest.raises(Invalid):
        pay_out(firm, 100, "another", reason=" ")
    assert firm.balance() == 200


def test_a_closed_company_is_paid_out(firm: Firm) -> None:
    firm.top_up(700)
    firm.shop.write(lambda: companies.close(firm.id, now=clock.now(), by=SYSTEM))

    pay_out(firm, 700)

    assert firm.balance() == 0
    assert faults(firm.shop) == []


def test_companies_do_not_share_money(firm: Firm) -> None:
    other = make_firm(firm.shop)
    firm.shop.codes(1)
    firm.top_up(5000)

    with pytest.raises(InsufficientBalance):
        other.order()

    assert (firm.balance(), other.balance()) == (5000, 0)
    assert Money(5000, "CNY") == firm.shop.read(lambda: queries.balances([firm.id, other.id]))[firm.id]
