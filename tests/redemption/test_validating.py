"""Asking whether something is good uses nothing, and says just what using it would say."""

from datetime import timedelta
from functools import partial
from zoneinfo import ZoneInfo

import pytest

from app.kit import clock
from app.kit.errors import Invalid, NotFound
from app.kit.ids import new_id
from app.redemption import queries
from app.redemption import service as redemption
from app.redemption.errors import BadCount, BadLocation, LocationClosed, LocationTaken
from app.redemption.models import Channel
from app.redemption.queries import Verdict
from app.redemption.rules import Rule
from app.redemption.service import Use, Via
from tests.redemption.goods import COUNTER, STAFF, Desk

COMPANY = new_id()


def verdict(desk: Desk, number: object, **known: object) -> Verdict:
    asked = {"now": clock.now()} | known
    return desk.shop.read(lambda: queries.validate([number], **asked))[0]  # type: ignore[list-item, arg-type]


def test_a_good_one_stays_as_it_is(desk: Desk) -> None:
    desk.rule(uses=3, valid_days=30)
    (card,) = desk.sell()

    found = verdict(desk, card.id)  # there is no voucher yet: it stands as it would with one

    assert (found.is_good, found.reason, found.last_use) == (True, "", None)
    assert found.standing
    assert (found.standing.uses, found.standing.facts.uses_left, desk.used(card)) == (3, 3, 0)


def test_it_says_what_using_it_says(desk: Desk) -> None:
    desk.rule(uses=1, valid_days=1)
    fresh, used = desk.sell(2)
    made = desk.redeemed(used)
    late = clock.now() + timedelta(days=5)

    for card, count, now in ((used, 1, clock.now()), (fresh, 1, late), (fresh, 2, clock.now())):
        said = verdict(desk, card.id, count=count, now=now)
        refused = desk.refusal(card, count=count, now=now)
        assert said.refusal
        assert (type(said.refusal), str(said.refusal), said.reason) == (type(refused), str(refused), refused.code)
    last = verdict(desk, used.id).last_use
    assert last
    assert last.id == made.id


def test_an_unknown_one_and_one_of_another_company_look_the_same(desk: Desk) -> None:
    desk.rule()
    (mine,), (theirs,) = desk.sell(company_id=COMPANY), desk.sell(company_id=new_id())

    told = [verdict(desk, number, company_id=COMPANY) for number in (theirs.id, new_id(), None)]

    assert verdict(desk, mine.id, company_id=COMPANY).is_good
    assert {(each.standing, each.reason, str(each.refusal)) for each in told} == {
        (None, "unknown_code", "This code is unknown here, or it is not yours.")
    }


def test_places_and_days_are_looked_at_where_it_is_used(desk: Desk) -> None:
    now = clock.now()
    here, there = (
        desk.shop.write(partial(redemption.open_location, code=code, name=f"At {code}", now=now, by=STAFF))
        for code in ("here", "there")
    )
    desk.rule(places=(here,))
    (card,) = desk.sell()

    assert "At here" in str(desk.refusal(card, via=Via(Channel.COUNTER, STAFF, there)).places)
    assert verdict(desk, card.id).reason == "wrong_location"
    assert verdict(desk, card.id, location_id=here).is_good
    desk.shop.write(lambda: redemption.close_location(here, now=clock.now(), by=STAFF))
    with pytest.raises(LocationClosed):
        desk.use(card, via=Via(Channel.COUNTER, STAFF, here))
    assert [place.id for place in desk.shop.read(queries.list_locations)] == [there]


def test_a_rule_is_written_read_changed_and_dropped(desk: Desk) -> None:
    sku = desk.sku_id()
    assert desk.shop.read(lambda: queries.find_rule(sku)) is None
    today = clock.now().astimezone(ZoneInfo("Asia/Shanghai")).date()
    blackout = (today, today + timedelta(days=400))
    rule = Rule(3, 30, None, None, blackout, (), self_service=True)
    desk.shop.write(lambda: redemption.set_rule(sku, rule, now=clock.now(), by=STAFF))
    assert desk.shop.read(lambda: queries.find_rule(sku)) == rule

    (card,) = desk.sell()
    assert desk.shop.write(lambda: redemption.redeem([Use(card.id, "k")], COUNTER, now=clock.now()))[0].refusal
    desk.shop.write(lambda: redemption.drop_rule(sku, now=clock.now(), by=STAFF))
    assert desk.shop.read(queries.list_rules) == {}
    assert desk.redeemed(card).uses_left == 2  # its voucher stays good, and the days went with the rule
    with pytest.raises(NotFound):
        desk.shop.write(lambda: redemption.drop_rule(sku, now=clock.now(), by=STAFF))


def test_what_makes_no_sense_is_refused_at_its_field(desk: Desk) -> None:
    sku = desk.sku_id()
    with pytest.raises(Invalid) as refused:
        desk.shop.write(lambda: redemption.set_rule(sku, Rule(places=(new_id(),)), now=clock.now(), by=STAFF))
    assert list(refused.value.fields) == ["places"]
    with pytest.raises(NotFound):
        desk.shop.write(lambda: redemption.set_rule(new_id(), Rule(), now=clock.now(), by=STAFF))

    def place(code: str, name: str) -> object:
        return desk.shop.write(lambda: redemption.open_location(code=code, name=name, now=clock.now(), by=STAFF))

    assert place("A-1", "  Old  Town ")
    for code, name, kind in (("A-1", "x", LocationTaken), ("a b", "x", BadLocation), ("b", " ", BadLocation)):
        with pytest.raises(kind):
            place(code, name)
    with pytest.raises(BadCount):
        desk.use_all([Use(new_id(), "k", 0)])
