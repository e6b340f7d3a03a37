"""A buyer in the shop's mini program is told there: led by the page of an order, named by WeChat, asked there."""

import re
from collections.abc import Iterator
from functools import partial
from html import unescape
from typing import Any

import pytest
from sqlalchemy import delete, select

from app import logs
from app.delivery.models import State
from app.delivery.plan import Plan
from app.delivery.service import set_plan
from app.delivery.service.reaching import address_at, ways_of
from app.kit import clock, db, events
from app.kit.events import SYSTEM
from app.kit.ids import public
from app.kit.secret import Secret
from app.messages import connecting, consents, queries
from app.messages.models import Carrier, CarrierTemplate
from app.messages.providers import Channel, Template
from app.orders import queries as orders
from app.web.shop.placing import read_token
from simulators.chats import weixin
from tests import people
from tests.delivery.routes import later, rows
from tests.make import Browser, Shop, at_once
from tests.messages.chats import OPENID, Chats, running
from tests.web.shop.test_purchase import order_of

AGENT = {"headers": {"User-Agent": "Mozilla/5.0 (iPhone) MicroMessenger/8.0.44 miniProgram/wx0123456789abcdef"}}
TEMPLATE = "TM_ready_0001"
NUMBER = (("character_string1", "number"),)
READY = {("ready", "zh"): Template(TEMPLATE, NUMBER), ("refunded", "en"): Template("TM_back_0002", NUMBER)}
ANOTHER = "oSimulatedFriend000000000002"


@pytest.fixture
def chats(shop: Shop) -> Iterator[Chats]:
    with running() as chats:
        carrier = chats.connect(shop, "wechat_mini", asks="yes")
        shop.write(lambda: connecting.set_templates(carrier.id, READY))
        yield chats


def buy(shop: Shop) -> tuple[Browser, str]:
    """Let Dora order, unpaid yet; returns her browser and the order's page."""
    shop.codes(3)
    dora = shop.client().reads("en")
    return dora, str(order_of(shop, dora).location)


def offered(browser: Browser, order: str, agent: Any = AGENT) -> str:
    """Return the address that the page leads a mini program to, or nothing."""
    text = browser.get(order, **agent).get_data(as_text=True)
    found = re.search(r'href="([^"]*/mini-program/[^"]+)"', text)
    return found[1] if found else ""


def login(chats: Chats, openid: str = OPENID) -> str:
    return weixin.log_in(chats.desk, chats.keys["wechat_mini"]["appid"], openid)


def call(shop: Shop, address: str, code: Any) -> Any:
    """Call as wx.request does: no cookie, no token of a page, no word of what it accepts."""
    return shop.app.test_client().post(address, json={"code": code})


def told_by(shop: Shop, order: str) -> dict[Channel, str]:
    index = shop.read(lambda: orders.get(read_token(order.rpartition("/")[2])).contact_index)
    return shop.read(lambda: {way: address_at(row).expose() for way, row in ways_of(index).items()})


# The whole way ---------------------------------------------------------------------------------------------------


def test_a_delivery_is_told_in_the_mini_program_that_named_its_buyer(shop: Shop, chats: Chats) -> None:
    shop.write(lambda: set_plan(Plan(channels=(Channel.MINI, Channel.EMAIL)), now=clock.now(), by=SYSTEM))
    dora, order = buy(shop)
    address = offered(dora, order)
    assert dora.get(address, **AGENT).status_code == 200
    assert told_by(shop, order) == {}, "to open the page changes nothing"

    answer = call(shop, address, login(chats))

    assert (answer.status_code, answer.json) == (200, {"told": True, "templates": [TEMPLATE, "TM_back_0002"]})
    assert told_by(shop, order) == {Channel.MINI: OPENID}
    allow(shop, chats)
    found = shop.read(lambda: orders.get(read_token(order.rpartition("/")[2])))
    assert shop.pay(found)
    shop.drain()
    assert [(row.channel, row.state) for row in rows(shop, found)] == [(Channel.MINI, State.ACCEPTED)]
    (sent,) = chats.desk.sent_at("weixin.subscribe")
    assert (sent["to"], sent["template"]) == (OPENID, TEMPLATE)


def allow(shop: Shop, chats: Chats) -> None:
    """Let the buyer allow one message, and WeChat tell of it."""
    (carrier,) = [row for row in shop.read(queries.list_carriers) if row.provider == "wechat_mini"]
    signed = weixin.signed_query(chats.keys["wechat_mini"]["callback_token"], "1700000000", "n0nce")
    body = weixin.tapped(chats.desk, OPENID, {TEMPLATE: "accept"})
    url = f"/hooks/messages/{carrier.hook_token}"
    assert shop.app.test_client().post(url, query_string=signed, data=body).status_code == 200
    assert shop.read(lambda: consents.count(Secret(OPENID), TEMPLATE)) == 1


def test_who_allowed_nothing_is_told_by_the_next_way(shop: Shop, chats: Chats) -> None:
    shop.write(lambda: set_plan(Plan(channels=(Channel.MINI, Channel.EMAIL)), now=clock.now(), by=SYSTEM))
    dora, order = buy(shop)
    call(shop, offered(dora, order), login(chats))
    found = shop.read(lambda: orders.get(read_token(order.rpartition("/")[2])))

    assert shop.pay(found)
    shop.drain()

    ways = [(row.channel, row.state) for row in rows(shop, found)]
    assert ways[0] == (Channel.MINI, State.PASSED)
    assert ways[1][0] is Channel.EMAIL
    assert not chats.desk.sent_at("weixin.subscribe")


def test_the_page_says_so_and_its_owner_may_turn_it_off(shop: Shop, chats: Chats) -> None:
    dora, order = buy(shop)
    assert "We also tell you in the mini program." not in dora.get(order, **AGENT).get_data(as_text=True)
    call(shop, offered(dora, order), login(chats))

    text = dora.get(order, **AGENT).get_data(as_text=True)
    assert "We also tell you in the mini program." in text
    assert OPENID not in text
    way = re.search(r'href="([^"]*/ways/[^"]+)">Mini program', text)
    assert way, "outside of it, too, the order says by which ways it is told of"
    dora.post(way[1], {"wanted": "nothing"}, page=way[1])

    assert told_by(shop, order) == {}
    assert "We also tell you in the mini program." not in dora.get(order, **AGENT).get_data(as_text=True)


def test_the_newest_takes_the_place_of_the_one_before_and_both_stand_in_the_record(shop: Shop, chats: Chats) -> None:
    dora, order = buy(shop)
    address = offered(dora, order)

    for openid in (ANOTHER, OPENID):
        assert call(shop, address, login(chats, openid)).status_code == 200

    assert told_by(shop, order) == {Channel.MINI: OPENID}
    trail = shop.read(lambda: events.timeline(order_id=read_token(order.rpartition("/")[2])))
    learned = [row for row in trail if row.name == "telling.way_learned"]
    assert len(learned) == 2
    assert OPENID not in str([row.data for row in learned])


# Who may, and where ----------------------------------------------------------------------------------------------


def test_it_is_offered_to_the_owner_inside_a_mini_program_that_is_built_for_it(shop: Shop, chats: Chats) -> None:
    dora, order = buy(shop)
    assert offered(dora, order)
    assert not offered(dora, order, {}), "elsewhere nothing would open"
    assert not offered(shop.client(), order), "who holds the address of an order alone is not its owner"

    shop.write(lambda: _set(asks="no"))
    assert not offered(dora, order)


def test_where_it_could_tell_nothing_it_is_not_offered(shop: Shop, chats: Chats) -> None:
    dora, order = buy(shop)
    shop.write(lambda: db.session().execute(delete(CarrierTemplate)))
    assert not offered(dora, order)


@pytest.mark.both_engines
def test_two_who_come_with_one_pass_at_once_leave_one_way(shop: Shop, chats: Chats) -> None:
    dora, order = buy(shop)
    address, codes = offered(dora, order), [login(chats, one) for one in (OPENID, ANOTHER) * 4]
    answers = at_once([partial(call, shop, address, code) for code in codes])

    assert [getattr(answer, "status_code", answer) for answer in answers] == [200] * 8
    assert told_by(shop, order)[Channel.MINI] in {OPENID, ANOTHER}


def _set(**settings: str) -> None:
    carrier = db.session().scalars(select(Carrier).where(Carrier.channel == Channel.MINI)).one()
    carrier.settings = {**carrier.settings, **settings}


def test_the_address_of_an_order_is_no_pass(shop: Shop, chats: Chats) -> None:
    dora, order = buy(shop)
    address = offered(dora, order)
    forged = address.replace(address.rpartition("/")[2], order.rpartition("/")[2])

    answer = call(shop, forged, login(chats))

    assert (answer.status_code, answer.content_type) == (404, "application/problem+json")
    assert dora.get(forged).status_code == 404
    assert told_by(shop, order) == {}


def test_a_pass_of_another_shop_is_none_here(shop: Shop, other: Shop, chats: Chats) -> None:
    dora, order = buy(shop)
    elsewhere = offered(dora, order).replace(f"/s/{shop.slug}/", f"/s/{other.slug}/")

    assert call(shop, elsewhere, login(chats)).status_code == 404


def test_a_pass_is_good_for_half_an_hour(shop: Shop, chats: Chats) -> None:
    dora, order = buy(shop)
    address = offered(dora, order)

    with later(minutes=31):
        answer = call(shop, address, login(chats))
        back = dora.get(address)

    assert (answer.status_code, answer.json["code"]) == (409, "pass_over")
    assert back.status_code == 303
    assert dora.get(back.location).status_code == 200, "it leads back to the order"
    assert told_by(shop, order) == {}


# What does not work ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("code", [None, "", "  ", 7, ["x"], "x" * 129])
def test_a_call_without_a_login_code_is_told_what_is_missing(shop: Shop, chats: Chats, code: Any) -> None:
    dora, order = buy(shop)

    answer = call(shop, offered(dora, order), code)

    assert (answer.status_code, answer.json["errors"][0]["field"]) == (422, "code")
    assert chats.desk.calls["weixin.session"] == 0


def test_a_login_code_is_good_once_and_for_five_minutes(shop: Shop, chats: Chats) -> None:
    dora, order = buy(shop)
    address, used, old = offered(dora, order), login(chats), login(chats)
    assert call(shop, address, used).status_code == 200

    again = call(shop, address, used)
    with later(minutes=6):
        late = call(shop, address, old)
    never = call(shop, address, "made-up")

    for answer in (again, late, never):
        assert (answer.status_code, answer.json["code"]) == (422, "login_code_refused")
        assert "wx.login" in answer.json["detail"]


@pytest.mark.parametrize(
    ("number", "status", "said"),
    [
        (-1, 503, "nobody_named"),
        (40226, 422, "person_blocked"),
        (45011, 429, "too_many_logins"),
        (40029, 422, "login_code_refused"),
        (40125, 503, "nobody_named"),
    ],
)
def test_each_no_of_wechat_is_told_as_what_it_is(shop: Shop, chats: Chats, number: int, status: int, said: str) -> None:
    dora, order = buy(shop)
    chats.desk.ail("answer", "weixin.session", code=number, times=1)

    answer = call(shop, offered(dora, order), login(chats))

    assert (answer.status_code, answer.json["code"]) == (status, said)
    assert told_by(shop, order) == {}
    (carrier,) = shop.read(queries.list_carriers)
    assert bool(carrier.alarm) is (number == 40125), "a wrong secret is the staff's to mend"


def test_a_lost_answer_is_told_as_one_to_ask_again_with_a_new_code(shop: Shop, chats: Chats) -> None:
    dora, order = buy(shop)
    address = offered(dora, order)
    chats.desk.ail("lost", "weixin.session", times=1)
    assert call(shop, address, login(chats)).status_code == 503

    assert call(shop, address, login(chats)).status_code == 200


def test_wechat_is_not_asked_without_end_for_one_order(shop: Shop, chats: Chats) -> None:
    dora, order = buy(shop)
    address = offered(dora, order)
    now = clock.now()
    with clock.running(lambda: now):
        said = [call(shop, address, "made-up").status_code for _ in range(11)]

    assert said == [422] * 10 + [429]
    assert chats.desk.calls["weixin.session"] == 10


def test_neither_secret_nor_person_nor_pass_stands_in_the_log(
    shop: Shop, chats: Chats, capsys: pytest.CaptureFixture[str]
) -> None:
    dora, order = buy(shop)
    address, code = offered(dora, order), login(chats)
    logs.configure("DEBUG")
    try:
        answer = call(shop, address, code)
    finally:
        with capsys.disabled():  # else the log would go on to a file that ends with this test
            logs.configure("WARNING")

    lines = capsys.readouterr().err
    assert '"/s/<shop>/mini-program/<token>"' in lines
    for secret in (chats.keys["wechat_mini"]["secret"], OPENID, code, address.rpartition("/")[2]):
        assert secret not in lines
    assert OPENID not in answer.get_data(as_text=True)
    assert answer.headers["Cache-Control"] == "no-store"


def test_the_office_gives_the_files_to_build_in_and_counts_who_is_told(shop: Shop, chats: Chats) -> None:
    dora, order = buy(shop)
    call(shop, offered(dora, order), login(chats))
    number = shop.read(lambda: db.session().scalars(select(Carrier.id).where(Carrier.channel == Channel.MINI)).one())
    page = people.alice(shop).get(
        f"/office/{shop.slug}/channels/{public('carrier', number)}", headers={"Accept-Language": "en"}
    )
    text = unescape(page.get_data(as_text=True))

    assert "1 buyer is told here." in text
    assert f'address: "{shop.app.config["MIAOFA"].base_url}/s/{shop.slug}/"' in text
    assert "wx.login(" in text
    assert "wx.requestSubscribeMessage(" in text
