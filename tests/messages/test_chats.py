"""WeChat, WeCom and DingTalk, each against the simulator: what they take, what they refuse, and what we make of it."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode

import pytest

from app.kit import clock
from app.kit.effects import Absent, Done, Refused, Temporary, Unknown
from app.kit.events import SYSTEM
from app.kit.http import Client
from app.kit.party import Account, BadAccount, Forged, Wire
from app.messages import providers, queries, service
from app.messages.providers import Carried, Channel, Greets, Receipt, TellsReceipts, Template
from simulators.chats import weixin
from tests.engines import on_one_engine
from tests.make import Shop
from tests.messages.chats import Chats, ask, carry, message, running

pytestmark = on_one_engine

READY = {
    ("ready", "zh"): Template(
        "TM_ready_0001", (("character_string1", "number"), ("thing2", "title"), ("amount3", "amount"))
    )
}
PEOPLE = [("wecom", Channel.WECOM, "wecom.app"), ("dingtalk", Channel.DINGTALK, "dingtalk.app")]
ROBOTS = [
    ("wecom_robot", Channel.WECOM_ROBOT, "wecom.robot"),
    ("dingtalk_robot", Channel.DINGTALK_ROBOT, "dingtalk.robot"),
]


@pytest.fixture
def chats(shop: Shop) -> Iterator[Chats]:
    with running() as chats:
        yield chats


# WeChat ----------------------------------------------------------------------------------------------------------


def test_a_follower_gets_a_template_message_with_its_fields_filled(shop: Shop, chats: Chats) -> None:
    chats.connect_with(shop, "wechat_template", READY)

    trip = carry(shop, Channel.WECHAT, message())

    (sent,) = chats.desk.sent_at("weixin.template")
    assert trip.number == str(sent["number"])
    assert sent["values"] == {"character_string1": "42", "thing2": "Steam Card 50", "amount3": "¥19.99"}
    assert sent["url"] == "https://shop.example/o/x"


def test_the_same_template_message_sent_again_arrives_once(shop: Shop, chats: Chats) -> None:
    carrier, said = chats.connect_with(shop, "wechat_template", READY), message()
    chats.desk.ail("lost", "weixin.template", times=1)

    assert isinstance(carry(shop, Channel.WECHAT, said).answer, Unknown)
    assert isinstance(ask(shop, carrier, "", said), Absent), "it may be sent again, for it is known by its key"
    assert isinstance(carry(shop, Channel.WECHAT, said).answer, Done)
    assert len(chats.desk.sent_at("weixin.template")) == 1


@pytest.mark.parametrize(
    ("to", "code"), [("oStrangerWhoFollowsNobody01", 43004), ("oRefusesAllMessages00000001", 43101), ("nobody", 40003)]
)
def test_who_cannot_be_reached_is_refused_and_the_carrier_stays_in_order(
    shop: Shop, chats: Chats, to: str, code: int
) -> None:
    chats.connect_with(shop, "wechat_template", READY)

    trip = carry(shop, Channel.WECHAT, message(to))

    assert isinstance(trip.answer, Refused)
    assert trip.answer.reason.startswith(str(code))
    assert not trip.faults


@pytest.mark.parametrize("code", [40164, 48001])
def test_an_account_out_of_order_waits_for_somebody_to_mend_it(shop: Shop, chats: Chats, code: int) -> None:
    chats.connect_with(shop, "wechat_template", READY)
    chats.desk.ail("answer", "weixin.template", code=code)

    (fault,) = carry(shop, Channel.WECHAT, message()).faults

    assert fault.seconds is None
    assert fault.reason.startswith(str(code))


def test_the_quota_of_a_day_lasts_until_midnight_in_china(shop: Shop, chats: Chats) -> None:
    chats.connect_with(shop, "wechat_template", READY)
    chats.desk.ail("answer", "weixin.template", code=45009)
    late = datetime(2026, 11, 23, 15, 0, tzinfo=UTC)  # eleven in the evening there

    with clock.running(lambda: late):
        (fault,) = carry(shop, Channel.WECHAT, message()).faults

    assert fault.seconds == 3600


def test_a_busy_answer_is_tried_again_later(shop: Shop, chats: Chats) -> None:
    chats.connect_with(shop, "wechat_template", READY)
    chats.desk.ail("answer", "weixin.template", code=-1, times=1)

    assert isinstance(carry(shop, Channel.WECHAT, message()).answer, Temporary)
    assert isinstance(carry(shop, Channel.WECHAT, message()).answer, Done)


# What WeChat pushes ----------------------------------------------------------------------------------------------


def pushed(chats: Chats, body: bytes, *, token: str = "", method: str = "POST", **more: str) -> Wire:
    query = weixin.signed_query(token or chats.keys["wechat_template"]["callback_token"], "1700000000", "n0nce", **more)
    return Wire({}, body, urlencode(query), method)


def receipts(chats: Chats, request: Wire) -> list[Receipt]:
    party = providers.provider("wechat_template")
    assert isinstance(party, TellsReceipts)
    return list(party.receipts(request, chats.account("wechat_template"), clock.now()))


@pytest.mark.parametrize(
    ("status", "arrived", "reason"),
    [
        ("success", True, ""),
        ("failed:user block", False, "failed:user block"),
        ("failed: system failed", False, "failed: system failed"),
    ],
)
def test_an_event_tells_what_became_of_a_message(
    shop: Shop, chats: Chats, status: str, arrived: bool, reason: str
) -> None:
    chats.connect_with(shop, "wechat_template", READY)
    number = carry(shop, Channel.WECHAT, message()).number

    (told,) = receipts(chats, pushed(chats, weixin.event(chats.desk.sent[-1], status)))

    assert (told.number, told.arrived, told.reason) == (number, arrived, reason)


@pytest.mark.parametrize(
    "body",
    [b"<xml><Event>subscribe</Event></xml>", b"<xml></xml>", b"<xml><Event>TEMPLATESENDJOBFINISH</Event></xml>"],
)
def test_other_events_tell_nothing(shop: Shop, chats: Chats, body: bytes) -> None:
    assert receipts(chats, pushed(chats, body)) == []


@pytest.mark.parametrize(
    "body",
    [
        b'<!DOCTYPE xml [<!ENTITY a "b">]><xml><Event>&a;</Event></xml>',
        b"\xff\xfe",
        b"no xml",
        b"<xml>" + b"x" * 70_000 + b"</xml>",
    ],
)
def test_what_is_no_event_is_turned_away(shop: Shop, chats: Chats, body: bytes) -> None:
    with pytest.raises(Forged):
        receipts(chats, pushed(chats, body))


def test_who_does_not_know_the_token_is_turned_away_and_who_does_hears_the_echo(shop: Shop, chats: Chats) -> None:
    party = providers.provider("wechat_template")
    assert isinstance(party, Greets)
    account = chats.account("wechat_template")

    assert party.greet(pushed(chats, b"", method="GET", echostr="12345"), account).body == "12345"
    with pytest.raises(Forged):
        party.greet(pushed(chats, b"", token="another", method="GET", echostr="12345"), account)
    with pytest.raises(Forged):
        receipts(chats, pushed(chats, b"<xml></xml>", token="another"))


# People of a company ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("name", "channel", "place"), PEOPLE)
def test_a_person_of_a_company_gets_a_card_to_open(
    shop: Shop, chats: Chats, name: str, channel: Channel, place: str
) -> None:
    chats.connect(shop, name)

    assert isinstance(carry(shop, channel, message("zhangsan")).answer, Done)
    (said,) = chats.said(place)
    assert "订单 42 可以取码了" in said
    assert "https://shop.example/o/x" in said


@pytest.mark.parametrize(("name", "channel", "place"), PEOPLE)
def test_long_words_are_cut_by_bytes_and_not_within_a_letter(
    shop: Shop, chats: Chats, name: str, channel: Channel, place: str
) -> None:
    chats.connect(shop, name)

    for url in ("", "https://shop.example/o/x"):
        assert isinstance(carry(shop, channel, message("zhangsan", text="长" * 3000, url=url)).answer, Done)
    assert all("长…" in said for said in chats.said(place))


@pytest.mark.parametrize(("name", "channel", "place"), PEOPLE)
@pytest.mark.parametrize("several", ["zhangsan|lisi", "zhangsan,lisi", "@all ", ""])
def test_one_address_is_one_person(
    shop: Shop, chats: Chats, name: str, channel: Channel, place: str, several: str
) -> None:
    chats.connect(shop, name)

    assert isinstance(carry(shop, channel, message(several)).answer, Refused)
    assert not chats.said(place)


def test_wecom_does_not_know_everybody(shop: Shop, chats: Chats) -> None:
    chats.connect(shop, "wecom")

    answer = carry(shop, Channel.WECOM, message("nobody")).answer

    assert isinstance(answer, Refused)
    assert answer.reason.startswith("81013")


def test_dingtalk_says_afterwards_whom_it_does_not_know(shop: Shop, chats: Chats) -> None:
    carrier = chats.connect(shop, "dingtalk")
    fates = {}
    for person in ("zhangsan", "nobody"):
        said = message(person)
        fates[person] = ask(shop, carrier, carry(shop, Channel.DINGTALK, said).number, said)

    assert isinstance(fates["zhangsan"], Done)
    assert fates["zhangsan"].value.arrived
    assert isinstance(fates["nobody"], Done)
    assert (fates["nobody"].value.arrived, fates["nobody"].value.reason) == (False, "invalid")


def test_a_token_that_dingtalk_ended_is_known_by_the_number_behind_the_number(shop: Shop, chats: Chats) -> None:
    chats.connect(shop, "dingtalk")
    assert isinstance(carry(shop, Channel.DINGTALK, message("zhangsan")).answer, Done)
    chats.desk.rotate()

    assert isinstance(carry(shop, Channel.DINGTALK, message("lisi")).answer, Done)


@pytest.mark.parametrize(("name", "channel", "place"), PEOPLE[:1])
def test_the_same_words_sent_again_arrive_once(
    shop: Shop, chats: Chats, name: str, channel: Channel, place: str
) -> None:
    chats.connect(shop, name)
    said = message("zhangsan")
    chats.desk.ail("lost", place, times=1)

    assert isinstance(carry(shop, channel, said).answer, Unknown)
    assert isinstance(carry(shop, channel, said).answer, Done)
    assert len(chats.said(place)) == 1


# Robots ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("name", "channel", "place"), ROBOTS)
def test_a_robot_speaks_to_its_group(shop: Shop, chats: Chats, name: str, channel: Channel, place: str) -> None:
    chats.connect(shop, name)

    assert isinstance(carry(shop, channel, message("", url="")).answer, Done)
    assert chats.said(place) == ["订单 42 可以取码了\n三件商品已经准备好。"]


@pytest.mark.parametrize(("name", "channel", "place"), ROBOTS)
def test_a_robot_that_spoke_too_often_rests(shop: Shop, chats: Chats, name: str, channel: Channel, place: str) -> None:
    chats.connect(shop, name)
    still = clock.now()
    with clock.running(lambda: still):
        trips = [carry(shop, channel, message("")) for _ in range(21)]

    assert [isinstance(trip.answer, Done) for trip in trips] == [True] * 20 + [False]
    assert trips[-1].faults[0].seconds == (60 if channel is Channel.WECOM_ROBOT else 600)


@pytest.mark.parametrize(
    ("name", "channel", "changes"),
    [
        ("wecom_robot", Channel.WECOM_ROBOT, {"key": "0" * 32}),
        ("dingtalk_robot", Channel.DINGTALK_ROBOT, {"signing_secret": "SEC" + "0" * 40}),
        ("dingtalk_robot", Channel.DINGTALK_ROBOT, {"robot_token": "0" * 64}),
    ],
)
def test_a_robot_with_a_wrong_key_is_out_of_order(
    shop: Shop, chats: Chats, name: str, channel: Channel, changes: dict[str, str]
) -> None:
    chats.connect(shop, name, **changes)

    (fault,) = carry(shop, channel, message("")).faults

    assert fault.seconds is None


# Accounts --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "field", "value"),
    [
        ("wecom_robot", "key", "https://qyapi.weixin.qq.com/cgi-bin/webhook/send?key=0123456789abcdef"),
        ("wecom_robot", "key", "0123456789abcdef&debug=1"),
        ("wecom_robot", "group", " "),
        ("dingtalk_robot", "robot_token", "http://169.254.169.254/latest"),
        ("dingtalk_robot", "signing_secret", "no secret of theirs"),
        ("wecom", "agentid", "one"),
        ("wecom", "corpid", "../x"),
        ("wechat_template", "appid", "wx1"),
        ("wechat_template", "secret", ""),
        ("wechat_template", "callback_token", "has blanks"),
        ("wechat_mini", "page", "javascript:alert(1)"),
    ],
)
def test_what_cannot_work_is_refused_at_its_field(shop: Shop, chats: Chats, name: str, field: str, value: str) -> None:
    party = providers.provider(name)
    party.check(chats.account(name))

    with pytest.raises(BadAccount) as refused:
        party.check(chats.account(name, **{field: value}))

    assert refused.value.field == field
    assert refused.value.message


@pytest.mark.parametrize("name", ["wechat_template", "wechat_mini", "wecom", "dingtalk"])
def test_a_self_test_tries_the_keys(shop: Shop, chats: Chats, name: str) -> None:
    party, wrong = providers.provider(name), {"dingtalk": {"app_secret": "0" * 64}}
    with Client() as client:
        well: Any = party.probe(chats.account(name), client)
        bad = party.probe(chats.account(name, **wrong.get(name, {"secret": "0" * 32})), client)

    assert [finding.well for finding in well.value] == [True]
    assert isinstance(bad, Refused)


@pytest.mark.parametrize("name", ["wechat_template", "wechat_mini", "wecom", "dingtalk"])
def test_a_wrong_key_is_told_as_one_and_a_new_key_is_not_tried_out_yet(shop: Shop, chats: Chats, name: str) -> None:
    secret = "app_secret" if name == "dingtalk" else "secret"
    row = chats.connect(shop, name, **{secret: "0" * (64 if name == "dingtalk" else 32)})
    shop.write(lambda: service.ask_test(row.id, receipts_url="http://127.0.0.1:9/x", now=clock.now()))
    shop.drain()

    keys = shop.read(lambda: queries.get_connected(row.id)).findings[0]
    assert (keys["name"], keys["well"]) == ("keys", False)
    assert keys["mend"]

    shop.write(lambda: service.change_carrier(row.id, chats.account(name), now=clock.now(), by=SYSTEM))
    after = shop.read(lambda: queries.get_connected(row.id))
    assert (after.findings, after.tested_at) == ([], None)


def test_an_answer_that_is_no_answer_leaves_the_message_in_doubt(shop: Shop, chats: Chats) -> None:
    account = Account("group", {"group": "x"}, chats.account("wecom_robot").keys)
    party = providers.provider("wecom_robot")
    chats.desk.ail("lost", "wecom.robot", times=1)
    with Client() as client:
        assert isinstance(party.send(message(""), None, account, client), Unknown)
        assert isinstance(party.send(message(""), None, account, client).value, Carried)  # type: ignore[union-attr]
