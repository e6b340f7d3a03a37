"""Using by oneself: from the order's page or by typing the code; to look uses nothing, and a use counts once."""

import re
from datetime import timedelta
from typing import Any

import pytest

from app.kit import clock
from app.kit.ids import public
from app.web.shop.placing import token_of
from tests.engines import on_one_engine
from tests.make import Browser, Shop
from tests.redemption.goods import Desk
from tests.web.shop.doors import from_network, in_one_window
from tests.web.shop.test_order_password import Bought
from tests.web.shop.test_purchase import latest


@pytest.fixture
def desk(shop: Shop) -> Desk:
    return Desk(shop)


def text(answer: Any) -> str:
    return str(answer.get_data(as_text=True))


def look(browser: Browser, desk: Desk, code: str, pin: str = "", **more: Any) -> Any:
    url = f"/s/{desk.shop.slug}/redeem"
    return browser.post(url, {"code": code, "pin": pin}, page=url, **more)


def use(browser: Browser, url: str, idem: str = "", **form: str) -> Any:
    page = text(browser.get(url))
    key = re.search(r'name="idem" value="([^"]+)"', page)
    return browser.post(url, {"idem": idem or (key[1] if key else "")} | form, page=url)


# By typing the code -----------------------------------------------------------------------------------------------


def test_a_typed_code_shows_what_it_is_good_for_and_is_used_on_confirming(desk: Desk) -> None:
    desk.rule(uses=2, valid_days=30, self_service=True)
    (owned,) = desk.sell()
    dora = desk.shop.client()

    found = look(dora, desk, desk.codes[owned.id])

    assert found.status_code == 303
    assert desk.codes[owned.id] not in found.location
    assert "Card" in text(dora.get(found.location)) or "卡" in text(dora.get(found.location))
    assert desk.used(owned) == 0
    done = use(dora, found.location)
    assert done.status_code == 200
    assert "tone-ok" in text(done)
    assert (desk.used(owned), desk.left(owned)) == (1, 1)
    assert done.headers["Cache-Control"] == "no-store"
    assert desk.codes[owned.id] not in text(done)


def test_the_same_confirmation_sent_twice_counts_once(desk: Desk) -> None:
    desk.rule(uses=5, self_service=True)
    (owned,) = desk.sell()
    dora = desk.shop.client()
    url = look(dora, desk, desk.codes[owned.id]).location

    assert [use(dora, url, idem="one tap").status_code for _ in range(3)] == [200] * 3
    assert desk.used(owned) == 1


def test_what_was_used_says_when_and_by_whom(desk: Desk) -> None:
    desk.rule(self_service=True)
    (owned,) = desk.sell()
    dora = desk.shop.client()
    url = look(dora, desk, desk.codes[owned.id]).location
    use(dora, url)
    made = desk.redemptions(owned)[0].at

    page, again = text(dora.get(f"{url}?lang=en")), use(dora, url)

    assert f"Its owner used this on {made.astimezone(desk_zone(desk)):%Y-%m-%d %H:%M}." in page
    assert 'name="idem"' not in page
    assert again.status_code == 409
    assert desk.used(owned) == 1


def desk_zone(desk: Desk) -> Any:
    from zoneinfo import ZoneInfo

    from app.merchants import queries as merchants

    return ZoneInfo(desk.shop.read(lambda: merchants.current().zone))


def test_what_is_redeemed_at_the_counter_only_is_not_used_here(desk: Desk) -> None:
    desk.rule(self_service=False)
    (owned,) = desk.sell()
    dora = desk.shop.client()
    url = look(dora, desk, desk.codes[owned.id]).location

    assert 'name="idem"' not in text(dora.get(url))
    assert use(dora, url).status_code == 409
    assert desk.used(owned) == 0


@on_one_engine
def test_wrong_codes_are_told_with_the_tries_left_and_then_throttled(desk: Desk) -> None:
    desk.rule(self_service=True)
    (owned,) = desk.sell()
    dora = desk.shop.client()
    with in_one_window():
        told = [look(dora, desk, "WRONG-CODE-1") for _ in range(8)]
        assert [answer.status_code for answer in told] == [422] * 7 + [429]
        assert [re.findall(r"还可以试 (\d+) 次", text(answer))[0] for answer in told[:7]] == list("7654321")
        assert look(dora, desk, "WRONG-CODE-1", **from_network(9)).status_code == 429  # the same text from elsewhere
        assert look(dora, desk, desk.codes[owned.id]).status_code == 303  # another code of the same network


@on_one_engine
def test_a_page_that_was_found_by_typing_ends_after_a_quarter_of_an_hour(desk: Desk) -> None:
    desk.rule(self_service=True)
    (owned,) = desk.sell()
    dora = desk.shop.client()
    url = look(dora, desk, desk.codes[owned.id]).location
    assert dora.get(url).status_code == 200

    with clock.running(lambda: clock._system() + timedelta(minutes=16)):
        assert dora.get(url).status_code == 303
    assert dora.get(url[:-3] + "abc").status_code == 404


def test_a_ticket_of_one_shop_opens_nothing_in_another(desk: Desk, other: Shop) -> None:
    desk.rule(self_service=True)
    (owned,) = desk.sell()
    url = look(desk.shop.client(), desk, desk.codes[owned.id]).location.replace(desk.shop.slug, other.slug)
    stranger = other.client()

    assert stranger.get(url).status_code == 404
    page = f"/s/{other.slug}/redeem"
    assert stranger.post(url, {}, page=page).status_code == 404
    assert desk.used(owned) == 0


# From the order's page --------------------------------------------------------------------------------------------


def test_the_buyer_uses_it_from_the_orders_page_and_nobody_else_does(desk: Desk) -> None:
    desk.rule(uses=2, self_service=True)
    bought = Bought(desk.shop)
    order = latest(desk.shop)
    (owned,) = desk.owned(order.id)
    url = f"{bought.address}/uses/{public('ent', owned.id)}"
    stranger = desk.shop.client()

    assert url in text(bought.dora.get(bought.address))
    assert url not in text(stranger.get(bought.address))
    assert stranger.get(url).status_code == 303
    assert stranger.post(url, {"idem": "x"}, page=f"/s/{desk.shop.slug}/redeem").status_code == 303
    assert desk.used(owned) == 0
    assert use(bought.dora, url).status_code == 200
    assert desk.used(owned) == 1
    (made,) = desk.redemptions(owned)
    assert made.actor_type == "device"


def test_a_piece_of_another_order_is_not_found_under_ones_own(desk: Desk) -> None:
    desk.rule(self_service=True)
    bought = Bought(desk.shop)
    (theirs,) = desk.sell()

    assert bought.dora.get(f"{bought.address}/uses/{public('ent', theirs.id)}").status_code == 404
    assert token_of(theirs.order_id) not in bought.address


def test_an_order_of_what_others_redeem_says_nothing_of_using_it_here(shop: Shop) -> None:
    bought = Bought(shop)

    assert 'id="uses"' not in text(bought.dora.get(bought.address))
