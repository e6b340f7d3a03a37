"""Carriers tell what became of messages: at an address of their own, many at once, and nobody else is believed."""

import json
from typing import Any

import pytest
from sqlalchemy import select

from app.kit import clock, db, effects
from app.kit.events import SYSTEM, EventRow
from app.kit.party import Account, Reply, Wire
from app.kit.secret import Secret
from app.messages import providers, service, trying
from app.messages.models import Carrier, CarrierTrial, TrialState
from app.messages.providers import Channel
from app.messages.providers.aliyun import Aliyun
from app.messages.providers.fake import Fake
from tests.make import Shop
from tests.messages.carriers import connect
from tests.messages.sms_side import served
from tests.payments.gate import hook

ACCOUNT = Account(
    "LTAI5tTest0000000000", {"sign_name": "秒发"}, {"key_secret": Secret("Secret0Of0Measured0Length00000")}
)


@pytest.fixture
def carrier(shop: Shop) -> Carrier:
    return connect(shop, Aliyun(), ACCOUNT)


def told(*numbers: str, arrived: bool = True) -> bytes:
    rows = [
        {"phone_number": "13912345678", "success": arrived, "err_code": "DELIVERED", "biz_id": f"{n}^0", "out_id": n}
        for n in numbers
    ]
    return json.dumps(rows).encode()


def post(shop: Shop, token: str, body: bytes, **more: Any) -> Any:
    return shop.app.test_client().post(f"/hooks/messages/{token}", data=body, content_type="application/json", **more)


def events(shop: Shop) -> list[dict[str, Any]]:
    query = select(EventRow).where(EventRow.name == "carrier.receipt").order_by(EventRow.id)
    return [row.data for row in shop.read(lambda: list(db.session().scalars(query)))]


def test_a_receipt_is_taken_and_answered_in_the_carriers_words(shop: Shop, carrier: Carrier) -> None:
    answer = post(shop, carrier.hook_token, told("a1"))

    assert (answer.status_code, answer.get_json()) == (200, {"code": 0, "msg": "接收成功"})
    assert events(shop) == [{"number": "a1", "arrived": True, "reason": "DELIVERED"}]


def test_a_thousand_receipts_at_once_are_taken_in_one_unit(shop: Shop, carrier: Carrier) -> None:
    answer = post(shop, carrier.hook_token, told(*(f"n{number}" for number in range(1000))))

    assert answer.status_code == 200
    assert len(events(shop)) == 1000


@pytest.mark.parametrize("body", [b"", b"junk", b"{}", b"[1]", b'[{"out_id": 1}, 2]', b"\xff\xfe"])
def test_junk_is_refused_and_leaves_nothing(shop: Shop, carrier: Carrier, body: bytes) -> None:
    assert post(shop, carrier.hook_token, body).status_code == 400
    assert events(shop) == []


def test_an_empty_list_is_an_empty_list(shop: Shop, carrier: Carrier) -> None:
    assert post(shop, carrier.hook_token, b"[]").status_code == 200
    assert events(shop) == []


def test_a_body_that_is_too_large_is_not_read(shop: Shop, carrier: Carrier) -> None:
    assert post(shop, carrier.hook_token, b" " * (1024 * 1024 + 1)).status_code == 413


def test_nobody_guesses_the_address(shop: Shop, carrier: Carrier) -> None:
    for token in ("x", carrier.hook_token[:-1], carrier.hook_token.swapcase(), str(carrier.id)):
        assert post(shop, token, told("a1")).status_code == 404
        assert shop.app.test_client().get(f"/hooks/messages/{token}/probe").status_code == 404
    assert events(shop) == []


def test_the_address_of_a_carrier_is_none_for_payments_and_the_other_way_round(shop: Shop, carrier: Carrier) -> None:
    assert shop.app.test_client().post(f"/hooks/{carrier.hook_token}", data=b"{}").status_code == 404
    assert post(shop, hook(shop).rpartition("/")[2], told("a1")).status_code == 404


def test_a_self_test_sees_that_the_address_is_here(shop: Shop, carrier: Carrier) -> None:
    assert shop.app.test_client().get(f"/hooks/messages/{carrier.hook_token}/probe").data == b"here"


def test_a_carrier_that_tells_nothing_is_not_listened_to(shop: Shop) -> None:
    mute = connect(shop, Fake(Channel.SMS, name="mute"))

    assert post(shop, mute.hook_token, b"[]").status_code == 404


def test_a_carrier_that_calls_first_hears_its_own_word_back(shop: Shop) -> None:
    class Caller(Fake):
        accepted = Reply(200, "success")

        def greet(self, request: Wire, account: Account) -> Reply:
            return Reply(200, request.query.partition("=")[2])

        def receipts(self, request: Wire, account: Account, now: object) -> list[Any]:
            return []

    carrier = connect(shop, Caller(Channel.WECHAT, name="caller"))
    client = shop.app.test_client()

    assert client.get(f"/hooks/messages/{carrier.hook_token}?echostr=hello").data == b"hello"
    assert post(shop, carrier.hook_token, b"").data == b"success"


def test_a_message_for_a_test_ends_as_its_receipt_says(shop: Shop, carrier: Carrier) -> None:
    with served("aliyun") as side:
        providers.configure({"aliyun": side.party})
        carrier = connect(shop, side.party, side.account)
        wish: dict[str, Any] = {"about": "ready", "lang": "zh", "to": Secret("+8613912345678"), "mask": "139****5678"}
        known: dict[str, Any] = {"now": clock.now(), "by": SYSTEM}
        template = providers.Template("SMS_1002", (("number", "number"),))
        shop.write(lambda: service.set_template(carrier.id, "ready", "zh", template, **known))
        trial, effect = shop.write(lambda: trying.ask_trial(carrier.id, **wish, **known))
        effects.perform(shop.merchant_id, [effect], within=5)
        assert state(shop, trial) is TrialState.TAKEN

        side.service.callbacks["aliyun"] = ""
        taken = side.service.book.end(side.taken[0].number, arrived=True, at=1.0)
        body = side.service.tellers["aliyun"].receipt(taken)
        assert post(shop, carrier.hook_token, body).status_code == 200

    assert state(shop, trial) is TrialState.ARRIVED


def state(shop: Shop, trial: CarrierTrial) -> TrialState:
    return shop.read(lambda: db.get(CarrierTrial, trial.id)).state
