"""A mini program: WeChat tells who allowed a message, each consent buys one, and WeChat tells what became of it."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from urllib.parse import urlencode

import pytest

from app.kit import clock
from app.kit.effects import Done, Refused, Unknown
from app.kit.party import Wire
from app.kit.secret import Secret
from app.messages import carrying, consents, providers, queries
from app.messages.providers import Channel, TellsReceipts, Template
from simulators.chats import weixin
from tests.engines import on_one_engine
from tests.make import Shop
from tests.messages.chats import OPENID, Chats, carry, message, running

pytestmark = on_one_engine

READY = {("ready", "zh"): Template("TM_ready_0001", (("character_string1", "number"), ("thing2", "title")))}


@pytest.fixture
def chats(shop: Shop) -> Iterator[Chats]:
    with running() as chats:
        yield chats


def test_each_consent_in_a_mini_program_buys_one_message(shop: Shop, chats: Chats) -> None:
    chats.connect_with(shop, "wechat_mini", READY)
    tap(shop, chats)

    assert isinstance(carry(shop, Channel.MINI, message()).answer, Done)
    answer = carry(shop, Channel.MINI, message()).answer

    assert answer == Refused(carrying.NO_CONSENT)
    assert len(chats.desk.sent_at("weixin.subscribe")) == 1
    assert chats.desk.calls["weixin.subscribe"] == 1, "WeChat is not asked for what nobody allowed"


def tap(shop: Shop, chats: Chats, at: int = 0, said: str = "accept", name: str = "popup") -> None:
    """Let the buyer allow a message, or not, and WeChat tell the shop."""
    (carrier,) = [row for row in shop.read(queries.list_carriers) if row.provider == "wechat_mini"]
    with moved(chats, at):
        push(shop, chats, carrier.hook_token, weixin.tapped(chats.desk, OPENID, {"TM_ready_0001": said}, name=name))


@contextmanager
def moved(chats: Chats, seconds: int) -> Iterator[None]:
    now = clock.now() + timedelta(seconds=seconds)
    with clock.running(lambda: now):
        yield


def push(shop: Shop, chats: Chats, token: str, body: bytes, times: int = 2) -> None:
    """Push an event; WeChat does so again when it believes that nobody heard."""
    signed = weixin.signed_query(chats.keys["wechat_mini"]["callback_token"], "1700000000", "n0nce")
    for _ in range(times):
        answer = shop.app.test_client().post(f"/hooks/messages/{token}", query_string=signed, data=body)
        assert (answer.status_code, answer.data) == (200, b"success")


def left(shop: Shop) -> int:
    return shop.read(lambda: consents.count(Secret(OPENID), "TM_ready_0001"))


def test_taps_are_counted_and_what_somebody_turns_off_is_gone(shop: Shop, chats: Chats) -> None:
    chats.connect_with(shop, "wechat_mini", READY)
    counted = []
    for second, (said, name) in enumerate(
        [("accept", "popup"), ("accept", "popup"), ("reject", "popup"), ("reject", "change"), ("accept", "popup")]
    ):
        tap(shop, chats, second, said, name)
        counted.append(left(shop))

    assert counted == [1, 2, 2, 0, 1]


@pytest.mark.parametrize(("code", "kept"), [(-1, 1), (47003, 1), (48001, 1), (45009, 1), (43101, 0)])
def test_a_message_that_did_not_go_costs_no_consent_but_where_wechat_knows_of_none(
    shop: Shop, chats: Chats, code: int, kept: int
) -> None:
    chats.connect_with(shop, "wechat_mini", READY)
    tap(shop, chats)
    chats.desk.ail("answer", "weixin.subscribe", code=code, times=1)

    carry(shop, Channel.MINI, message())

    assert left(shop) == kept


def test_a_message_that_may_have_gone_has_cost_its_consent(shop: Shop, chats: Chats) -> None:
    chats.connect_with(shop, "wechat_mini", READY)
    tap(shop, chats)
    chats.desk.ail("lost", "weixin.subscribe", times=1)

    assert isinstance(carry(shop, Channel.MINI, message()).answer, Unknown)
    assert left(shop) == 0


@pytest.mark.parametrize(("status", "arrived"), [("success", True), ("user block", False)])
def test_an_event_tells_what_became_of_a_subscribe_message(
    shop: Shop, chats: Chats, status: str, arrived: bool
) -> None:
    chats.connect_with(shop, "wechat_mini", READY)
    tap(shop, chats)
    number = carry(shop, Channel.MINI, message()).number
    signed = weixin.signed_query(chats.keys["wechat_mini"]["callback_token"], "1700000000", "n0nce")
    party = providers.provider("wechat_mini")
    assert isinstance(party, TellsReceipts)

    request = Wire({}, weixin.became(chats.desk.sent[-1], status), urlencode(signed))
    (told,) = party.receipts(request, chats.account("wechat_mini"), clock.now())

    assert (told.number, told.arrived, told.reason) == (number, arrived, "" if arrived else status)


def test_nobody_else_gives_consents_in_the_name_of_buyers(shop: Shop, chats: Chats) -> None:
    token = chats.connect_with(shop, "wechat_mini", READY).hook_token
    forged = weixin.signed_query("another", "1700000000", "n0nce")
    body = weixin.tapped(chats.desk, OPENID, {"TM_ready_0001": "accept"})

    assert shop.app.test_client().post(f"/hooks/messages/{token}", query_string=forged, data=body).status_code == 400
    assert left(shop) == 0
