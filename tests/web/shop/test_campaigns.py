"""The door of a claim campaign: one field, and an order with its code by the usual door."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from app.gifting import queries, service
from app.kit import clock
from app.kit.events import SYSTEM
from tests.engines import on_one_engine
from tests.gifting.giving import launch
from tests.make import Browser, Shop
from tests.web.shop.test_purchase import shown_codes


def address(shop: Shop, campaign: UUID) -> str:
    return f"/s/{shop.slug}/claim/{queries.campaign_token(campaign)}"


def come(browser: Browser, url: str, contact: str = "dora@example.com", **more: str) -> Any:
    text = browser.get(f"{url}?lang=en").get_data(as_text=True)
    idem = text.split('name="idem" value="')[1].split('"')[0]
    return browser.post(url, {"contact": contact, "idem": idem} | more, page=url)


def refused(shop: Shop, campaign: UUID) -> dict[str, int]:
    return shop.read(lambda: queries.count_refused(campaign))


def test_whoever_comes_has_an_order_and_sees_the_code_by_its_door(shop: Shop) -> None:
    shop.codes(1)
    campaign, dora = launch(shop, name="Opening day", message="Thank you"), shop.client()
    url = address(shop, campaign)
    assert "Opening day" in dora.get(url).get_data(as_text=True)

    came = come(dora, url)

    assert came.status_code == 303
    opened = dora.post(f"{came.location}/reveal", {}, page=came.location)
    assert len(shown_codes(opened.get_data(as_text=True))) == 1
    stranger = shop.client().get(came.location).get_data(as_text=True)
    assert shown_codes(stranger) == []


def test_the_second_time_is_refused_in_words_and_counted(shop: Shop) -> None:
    shop.codes(5)
    campaign, dora = launch(shop), shop.client().reads("en")
    come(dora, address(shop, campaign))

    again = come(dora, address(shop, campaign), "another@example.com")
    by_contact = come(shop.client(), address(shop, campaign), "Dora@Example.com ")

    assert (again.status_code, by_contact.status_code) == (409, 409)
    assert "1 per person" in again.get_data(as_text=True)
    assert refused(shop, campaign) == {"person": 2}


def test_an_empty_stock_and_an_odd_contact_give_nothing(shop: Shop) -> None:
    campaign, dora = launch(shop), shop.client()

    assert come(dora, address(shop, campaign)).status_code == 409
    odd = come(dora, address(shop, campaign), "x")

    assert odd.status_code == 422
    assert 'id="f-contact-error"' in odd.get_data(as_text=True)
    assert refused(shop, campaign) == {"sold_out": 1}
    assert shop.read(lambda: queries.get_campaign(campaign)).taken == 0


@on_one_engine
def test_the_word_that_is_asked_for(shop: Shop) -> None:
    shop.codes(1)
    campaign, dora = launch(shop, word="Spring"), shop.client()

    wrong = come(dora, address(shop, campaign), proof="Winter")

    assert wrong.status_code == 422
    assert refused(shop, campaign) == {"word": 1}
    assert come(dora, address(shop, campaign), proof="spring").status_code == 303


@on_one_engine
@pytest.mark.parametrize("lang", ["zh", "en"])
def test_its_page_says_how_it_stands(shop: Shop, lang: str) -> None:
    shop.codes(1)
    now = clock.now()
    early = launch(shop, starts_at=now + timedelta(days=1), ends_at=now + timedelta(days=2))
    paused, full = launch(shop), launch(shop, cap=1)
    shop.write(lambda: service.steer(paused, "paused", now=now, by=SYSTEM))
    come(shop.client(), address(shop, full))

    for campaign in (early, paused, full):
        page = shop.client().get(f"{address(shop, campaign)}?lang={lang}")
        assert page.status_code == 200
        assert 'name="contact"' not in page.get_data(as_text=True)
    assert shop.client().get(f"/s/{shop.slug}/claim/nothing").status_code == 404


def test_a_link_of_another_shop_is_none_of_ours(shop: Shop, other: Shop) -> None:
    theirs = queries.campaign_token(launch(other))

    assert shop.client().get(f"/s/{shop.slug}/claim/{theirs}").status_code == 404
