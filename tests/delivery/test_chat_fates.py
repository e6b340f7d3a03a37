"""What became of a message in a chat: DingTalk is asked, a mini program needs a consent, and the next way follows."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
from sqlalchemy import func, select

from app.delivery.models import Channel, State
from app.kit import clock, db
from app.kit.events import SYSTEM
from app.kit.secret import Secret
from app.messages import consents, queries, service
from app.messages.models import CarrierInquiry, TrialState
from app.messages.providers import Template
from tests.delivery.routes import DORA, later, learn, plan, sell, states
from tests.make import Shop
from tests.messages.chats import OPENID, Chats, running
from tests.smtp import MailServer

DINGTALK, MINI, EMAIL = Channel.DINGTALK, Channel.MINI, Channel.EMAIL
TEMPLATE = "TM_ready_0001"
READY = {("ready", "zh"): Template(TEMPLATE, (("character_string1", "number"),))}


@pytest.fixture
def chats(shop: Shop) -> Iterator[Chats]:
    with running() as chats:
        yield chats


def reach(shop: Shop, channel: Channel, address: str) -> None:
    learn(shop, DORA, channel, address)
    plan(shop, channels=(channel, EMAIL))


def asked(chats: Chats) -> int:
    return chats.desk.calls["dingtalk.result"]


def open_ones(shop: Shop) -> int:
    return shop.read(lambda: db.session().scalar(select(func.count()).select_from(CarrierInquiry)) or 0)


def test_a_work_notice_is_delivered_when_dingtalk_says_so(shop: Shop, chats: Chats) -> None:
    chats.connect(shop, "dingtalk")
    reach(shop, DINGTALK, "zhangsan")
    chats.desk.fate_after = 30.0
    order = sell(shop, DORA)
    shop.drain()
    assert states(shop, order) == [(DINGTALK, State.ACCEPTED)]

    with later(seconds=6):
        shop.drain()
    assert (states(shop, order), asked(chats)) == ([(DINGTALK, State.ACCEPTED)], 1), "it does not know yet"

    with later(seconds=60):
        shop.drain()
        assert (states(shop, order), asked(chats)) == ([(DINGTALK, State.DELIVERED)], 2)
        assert open_ones(shop) == 0
    with later(hours=2):
        shop.drain()
    assert asked(chats) == 2, "nobody asks for what is known"


def test_a_notice_that_dingtalk_gave_to_nobody_is_followed_by_the_next_way(
    shop: Shop, chats: Chats, server: MailServer
) -> None:
    chats.connect(shop, "dingtalk")
    reach(shop, DINGTALK, "nobody")
    order = sell(shop, DORA)
    shop.drain()

    with later(seconds=6):
        shop.drain()

    assert states(shop, order) == [(DINGTALK, State.PASSED), (EMAIL, State.SENT)]


def test_what_dingtalk_never_knows_stays_accepted_and_is_asked_for_a_day(shop: Shop, chats: Chats) -> None:
    chats.connect(shop, "dingtalk")
    reach(shop, DINGTALK, "zhangsan")
    chats.desk.fate_after = 10**9
    order = sell(shop, DORA)
    shop.drain()
    start = clock.now()
    for hour in range(27):
        with later(start + timedelta(hours=hour, seconds=10)):
            shop.drain()

    assert states(shop, order) == [(DINGTALK, State.ACCEPTED)]
    assert 1 < asked(chats) < 40
    assert open_ones(shop) == 0


def test_one_to_oneself_ends_as_dingtalk_says(shop: Shop, chats: Chats) -> None:
    carrier = chats.connect(shop, "dingtalk")
    wish = {"about": "ready", "lang": "zh", "to": Secret("zhangsan"), "mask": "zh***", "now": clock.now(), "by": SYSTEM}
    shop.write(lambda: service.ask_trial(carrier.id, **wish))  # type: ignore[arg-type]
    shop.drain()
    with later(seconds=6):
        shop.drain()

    assert shop.read(lambda: queries.list_trials(carrier.id))[0].state is TrialState.ARRIVED


def test_one_consent_is_one_message_and_the_next_buys_a_letter(shop: Shop, chats: Chats, server: MailServer) -> None:
    chats.connect_with(shop, "wechat_mini", READY)
    reach(shop, MINI, OPENID)
    chats.desk.consents[OPENID, TEMPLATE] = 2
    shop.write(lambda: consents.grant_consent(Secret(OPENID), TEMPLATE, at=clock.now()))

    first, second = sell(shop, DORA), sell(shop, DORA)
    shop.drain()

    ways = sorted(states(shop, first) + states(shop, second))
    assert ways == [(EMAIL, State.SENT), (MINI, State.ACCEPTED), (MINI, State.PASSED)]
    assert len(chats.desk.sent_at("weixin.subscribe")) == 1
