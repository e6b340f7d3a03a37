"""Claim campaigns: so many pieces for whoever comes, never one more, and never two for one person."""

from collections import Counter
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select

from app.accounts import service as accounts
from app.entitlements import queries as entitled
from app.gifting import queries, service
from app.gifting.errors import (
    AllClaimed,
    CampaignClosed,
    CampaignEarly,
    CampaignOver,
    CampaignPaused,
    CampaignSoldOut,
    ClaimedBefore,
    NetworkFull,
)
from app.gifting.models import CampaignClaim
from app.kit import clock, db
from app.kit.errors import Invalid
from app.kit.events import SYSTEM
from app.kit.ids import new_id
from app.ledger import queries as ledger
from app.orders import queries as orders
from app.orders.models import Purpose
from tests.engines import on_one_engine
from tests.gifting.giving import come, launch
from tests.make import Shop, at_once


def taken(shop: Shop, campaign: UUID) -> int:
    return shop.read(lambda: queries.get_campaign(campaign)).taken


def claims(shop: Shop, campaign: UUID) -> list[CampaignClaim]:
    mine = select(CampaignClaim).where(CampaignClaim.campaign_id == campaign)
    return list(shop.read(lambda: db.session().scalars(mine).all()))


def steer(shop: Shop, campaign: UUID, what: str) -> None:
    shop.write(lambda: service.steer(campaign, what, now=clock.now(), by=SYSTEM))


def test_a_claim_is_an_order_that_costs_nothing_with_its_code(shop: Shop) -> None:
    shop.codes(2)
    campaign = launch(shop)

    order = shop.read(partial(orders.get, come(shop, campaign, "dora@example.com")))

    assert (order.purpose, order.total.minor, order.paid_at is not None) == (Purpose.GIFT, 0, True)
    (owned,) = shop.read(lambda: entitled.list_of_order(order.id))
    assert owned.state is entitled.State.READY
    assert shop.stock()["sold"] == 1
    assert taken(shop, campaign) == 1


def test_the_books_call_it_marketing_and_no_sale(shop: Shop) -> None:
    shop.codes(2)  # at 10.00 each
    order = shop.place()
    assert shop.pay(order)
    come(shop, launch(shop))

    balances = {name: money.minor for name, money in shop.read(ledger.balances).items()}

    assert balances["expense:marketing CNY"] == 1000
    assert (balances["income:sales CNY"], balances["expense:goods CNY"]) == (-1999, 1000)
    assert balances["asset:stock CNY"] == 0
    assert sum(balances.values()) == 0
    since = clock.now() - timedelta(hours=1)
    figures = shop.read(lambda: orders.figures(since=since, currency="CNY"))
    assert (figures.paid, figures.sales.minor) == (1, 1999)


def test_one_person_has_one_however_often_and_wherever_from(shop: Shop) -> None:
    shop.codes(9)
    campaign, device = launch(shop), device_of(shop)
    order = come(shop, campaign, "138 0013 8000", device_id=device)

    assert come(shop, campaign, "138 0013 8000", device_id=device) == order  # the form came twice
    with pytest.raises(ClaimedBefore):
        come(shop, campaign, "+86 13800138000")
    with pytest.raises(ClaimedBefore):
        come(shop, campaign, "somebody@example.com", device_id=device, idem="another form")
    assert (taken(shop, campaign), len(claims(shop, campaign))) == (1, 1)


def test_a_network_has_its_limit(shop: Shop) -> None:
    shop.codes(9)
    campaign = launch(shop, per_network=2)
    for _ in range(2):
        come(shop, campaign, network="203.0.113.0/24")

    with pytest.raises(NetworkFull):
        come(shop, campaign, network="203.0.113.0/24")
    come(shop, campaign, network="198.51.100.0/24")
    assert taken(shop, campaign) == 3


def test_a_campaign_ends_with_its_last_piece_and_goes_on_with_more(shop: Shop) -> None:
    shop.codes(9)
    campaign = launch(shop, cap=1)
    come(shop, campaign)
    with pytest.raises(AllClaimed):
        come(shop, campaign)

    shop.write(lambda: service.top_up(campaign, 1, now=clock.now(), by=SYSTEM))

    come(shop, campaign)
    assert taken(shop, campaign) == 2


def test_stock_that_is_gone_is_told_and_nothing_is_counted(shop: Shop) -> None:
    shop.codes(1)
    campaign = launch(shop)
    come(shop, campaign)

    with pytest.raises(CampaignSoldOut):
        come(shop, campaign)

    assert (taken(shop, campaign), len(claims(shop, campaign))) == (1, 1)
    shop.codes(1)
    come(shop, campaign)


def test_nobody_is_served_before_after_or_between(shop: Shop) -> None:
    shop.codes(5)
    now = clock.now()
    early = launch(shop, starts_at=now + timedelta(hours=1), ends_at=now + timedelta(hours=2))
    campaign = launch(shop)

    with pytest.raises(CampaignEarly):
        come(shop, early)
    with clock.running(lambda: clock._system() + timedelta(hours=3)), pytest.raises(CampaignOver):
        come(shop, early)
    steer(shop, campaign, "paused")
    with pytest.raises(CampaignPaused):
        come(shop, campaign)
    steer(shop, campaign, "resumed")
    come(shop, campaign)
    steer(shop, campaign, "ended")
    with pytest.raises(CampaignOver):
        come(shop, campaign)
    for act in (partial(steer, shop, campaign, "resumed"), partial(more, shop, campaign)):
        with pytest.raises(CampaignClosed):
            act()


def more(shop: Shop, campaign: UUID) -> None:
    shop.write(lambda: service.top_up(campaign, 1, now=clock.now(), by=SYSTEM))


@on_one_engine
def test_the_word_of_a_campaign(shop: Shop) -> None:
    shop.codes(1)
    campaign = launch(shop, word="Spring")

    with pytest.raises(Invalid):
        come(shop, campaign, word="Winter")
    come(shop, campaign, word=" spring")


@on_one_engine
@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"sku": "nothing"}, "sku"),
        ({"name": ""}, "name"),
        ({"cap": 0}, "cap"),
        ({"per_person": 0}, "per_person"),
        ({"per_network": -1}, "per_network"),
        ({"ends_at": datetime(2026, 1, 1, tzinfo=UTC)}, "ends_on"),
    ],
)
def test_what_is_wrong_with_a_plan(shop: Shop, wrong: dict[str, Any], field: str) -> None:
    with pytest.raises(Invalid) as refused:
        launch(shop, **wrong)

    assert set(refused.value.fields) == {field}


@on_one_engine
def test_who_got_nothing_is_counted_by_why(shop: Shop) -> None:
    campaign = launch(shop)
    for reason in ("sold_out", "person", "sold_out"):
        shop.write(partial(service.note_refused, campaign, reason))

    assert shop.read(lambda: queries.count_refused(campaign)) == {"sold_out": 2, "person": 1}


def device_of(shop: Shop) -> UUID:
    return shop.write(lambda: accounts.remember_devices([""], now=clock.now()))[0][0]


# Races ------------------------------------------------------------------------------------------------------------


@pytest.mark.both_engines
def test_thirty_two_who_come_at_once_get_just_what_there_is(shop: Shop) -> None:
    shop.codes(110)
    campaign = launch(shop, cap=100)

    def come_again_and_again() -> Counter[str]:
        return Counter(_come(shop, campaign) for _ in range(4))

    answers: Counter[str] = Counter()
    for came in at_once([come_again_and_again] * 32):
        assert isinstance(came, Counter), came
        answers += came

    assert answers == {"claimed": 100, "AllClaimed": 28}
    assert (taken(shop, campaign), len(claims(shop, campaign))) == (100, 100)
    assert shop.stock()["sold"] == 100


@pytest.mark.both_engines
def test_one_person_who_comes_eight_times_at_once_has_one(shop: Shop) -> None:
    shop.codes(9)
    campaign, device = launch(shop), device_of(shop)

    answers = at_once([partial(come, shop, campaign, device_id=device, idem=str(n)) for n in range(8)])

    assert sum(isinstance(answer, UUID) for answer in answers) == 1
    assert all(isinstance(answer, UUID | ClaimedBefore) for answer in answers), answers
    assert taken(shop, campaign) == 1


def _come(shop: Shop, campaign: UUID) -> str:
    try:
        come(shop, campaign, f"{new_id().hex}@example.com", idem=new_id().hex)
    except AllClaimed:
        return "AllClaimed"
    return "claimed"
