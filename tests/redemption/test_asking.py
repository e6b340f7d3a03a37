"""What people type: staff find a code by its spelling, buyers prove it whole, and guesses are counted."""

from datetime import timedelta
from functools import partial

import pytest
from sqlalchemy import select

from app.catalog.models import Kind
from app.inventory.models import Code
from app.kit import clock, db
from app.kit.errors import Invalid
from app.kit.throttle import TooManyTries
from app.orders import queries as orders
from app.redemption import queries
from app.redemption import service as redemption
from app.redemption.errors import NotByOneself
from app.redemption.models import Channel
from app.redemption.service import Via
from app.redemption.service.asking import PER_NETWORK, PER_TEXT
from tests.make import Shop, fresh_code, make_product
from tests.redemption.goods import STAFF, Desk, typed

HOME, AWAY = "192.0.2.0/24", "198.51.100.0/24"


@pytest.fixture
def card(desk: Desk) -> tuple[str, str]:
    """The number and PIN of a card that was sold."""
    number, pin = fresh_code(), fresh_code().lower()
    sku = make_product(desk.shop, kind=Kind.CARD)
    desk.shop.imports(f"{number},{pin}", sku=sku)
    assert desk.shop.pay(desk.shop.place(sku=sku))
    return number, pin


def find_own(desk: Desk, text: str, pin: str | None = None, network: str = HOME) -> object:
    now = clock.now()
    return desk.shop.write(lambda: redemption.find_own(typed(text, pin), network=network, now=now))


def test_a_code_is_found_however_it_is_spelled(desk: Desk) -> None:
    (sold,) = desk.sell()
    code = desk.codes[sold.id]

    for spelled in (code, code.lower(), f" {code[:8]}-{code[8:]} ", f"{code[:4]} {code[4:]}"):
        assert desk.shop.read(partial(queries.find_typed, [typed(spelled)])) == [sold.id]
        assert find_own(desk, spelled) == sold.id


def test_a_code_of_another_shop_and_one_that_was_never_sold_are_not_found(desk: Desk, other: Shop) -> None:
    (theirs,) = Desk(other).sell()
    unsold = fresh_code()
    desk.shop.imports(unsold)
    texts = [typed(unsold), typed("NO-SUCH-CODE"), typed(theirs.tail)]

    assert desk.shop.read(lambda: queries.find_typed(texts)) == [None, None, None]
    assert isinstance(find_own(desk, unsold), Invalid)


def test_a_shop_without_codes_knows_none_and_makes_no_key_by_looking(desk: Desk) -> None:
    assert desk.shop.read(lambda: queries.find_typed([typed("ANY")])) == [None]


def test_a_card_is_proved_by_number_and_pin_together(desk: Desk, card: tuple[str, str]) -> None:
    number, pin = card

    found = find_own(desk, number.lower(), f" {pin} ")
    assert found == desk.shop.read(lambda: queries.find_typed([typed(number)]))[0] is not None
    for wrong in (None, "", pin.upper(), fresh_code()):
        assert isinstance(find_own(desk, number, wrong, AWAY), Invalid)
    assert desk.shop.read(lambda: queries.find_typed([typed(number, "wrong")])) == [None]


def test_the_pin_lies_in_the_database_as_a_keyed_mark_only(desk: Desk, card: tuple[str, str]) -> None:
    query = select(Code.pin_fingerprint, Code.fingerprint, Code.tail)
    mark, number, tail = desk.shop.read(lambda: db.session().execute(query).one())

    assert mark
    assert len(mark) == 32
    assert mark != number
    assert card[1] not in str((mark, tail))


def test_guesses_from_one_network_come_to_an_end_and_others_go_on(desk: Desk) -> None:
    (sold,) = desk.sell()
    said = [find_own(desk, fresh_code()) for _ in range(PER_NETWORK - 1)]
    assert {type(each) for each in said} == {Invalid}
    assert isinstance(find_own(desk, fresh_code()), TooManyTries)

    with pytest.raises(TooManyTries):
        find_own(desk, desk.codes[sold.id])
    assert find_own(desk, desk.codes[sold.id], network=AWAY) == sold.id
    later = clock.now() + timedelta(minutes=31)
    with clock.running(lambda: later):
        assert find_own(desk, desk.codes[sold.id]) == sold.id


def test_guesses_at_one_card_come_to_an_end_from_everywhere(desk: Desk, card: tuple[str, str]) -> None:
    for place in range(PER_TEXT):
        assert not isinstance(find_own(desk, card[0], "wrong", f"203.0.113.{place}/24"), type(None))

    with pytest.raises(TooManyTries):
        find_own(desk, *card, network="203.0.113.99/24")


def test_an_order_is_found_by_its_number_and_password(desk: Desk) -> None:
    (sold,) = desk.sell()
    order = desk.shop.read(lambda: orders.get(sold.order_id))
    password = desk.shop.read(lambda: orders.password_of(order)).expose()

    def ask(number: str, word: str) -> object:
        now = clock.now()
        return desk.shop.write(lambda: redemption.find_own_order(number, word, network=HOME, now=now))

    assert ask(order.number, password.lower()) == order.id
    assert isinstance(ask(order.number, "WRONG"), Invalid)
    assert isinstance(ask("1", password), Invalid)


def test_a_buyer_redeems_by_himself_only_where_the_rule_says_so(desk: Desk) -> None:
    desk.rule()
    (sold,) = desk.sell()
    buyer = Via(Channel.SELF, STAFF, network=HOME)

    assert isinstance(desk.refusal(sold, via=buyer), NotByOneself)
    desk.rule(self_service=True)
    assert desk.redeemed(sold, via=buyer).uses_left == 0
