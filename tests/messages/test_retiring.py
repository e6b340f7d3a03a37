"""Removing an account: nothing new goes by it, what it has it still tells for a month, and then it is forgotten."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select

from app.kit import clock, db, effects
from app.kit.errors import Invalid
from app.kit.events import SYSTEM
from app.kit.secret import Secret
from app.merchants import queries as merchants
from app.merchants import service as addresses
from app.messages import carrying, connecting, queries, service, trying
from app.messages.errors import LastOfChannel, Retired
from app.messages.models import Carrier, StaffNote, TrialState
from app.messages.providers import Channel
from tests.make import Shop
from tests.messages.carriers import connect, connect_fake
from tests.messages.sms_side import READY, Side, served

DAY = timedelta(days=1)
BY: dict[str, Any] = {"by": SYSTEM}


@pytest.fixture
def side() -> Iterator[Side]:
    with served("aliyun") as side:
        side.service.callbacks["aliyun"] = ""
        yield side


def carrier_of(shop: Shop, side: Side) -> Carrier:
    carrier = connect(shop, side.party, side.account, template=False)
    shop.write(lambda: service.set_templates(carrier.id, {("ready", "zh"): READY["aliyun"]}))
    return carrier


def retire(shop: Shop, carrier: Carrier, *, even_last: bool = True) -> None:
    shop.write(lambda: service.retire_carrier(carrier.id, even_last=even_last, now=clock.now(), **BY))


def found(shop: Shop, carrier: Carrier) -> Carrier:
    return shop.read(lambda: queries.get_carrier(carrier.id))


def sent_one(shop: Shop, side: Side, carrier: Carrier) -> tuple[Any, bytes]:
    """Have a message sent for a test and return it with the receipt that its service is going to push."""
    wish: dict[str, Any] = {"about": "ready", "lang": "zh", "to": Secret("+8613912345678"), "mask": "139****5678"}
    trial, effect = shop.write(lambda: trying.ask_trial(carrier.id, **wish, now=clock.now(), **BY))
    effects.perform(shop.merchant_id, [effect], within=5)
    taken = side.service.book.end(side.taken[0].number, arrived=True, at=1.0)
    return trial, side.service.tellers["aliyun"].receipt(taken)


def push(shop: Shop, token: str, body: bytes, at: datetime | None = None) -> int:
    now = at or clock.now()
    with clock.running(lambda: now):
        client = shop.app.test_client()
        answer = client.post(f"/hooks/messages/{token}", data=body, content_type="application/json")
    return int(answer.status_code)


def state(shop: Shop, carrier: Carrier) -> TrialState:
    return shop.read(lambda: queries.list_trials(carrier.id))[0].state


def test_nothing_new_goes_by_it_and_what_it_has_it_still_tells(shop: Shop, side: Side) -> None:
    carrier = carrier_of(shop, side)
    _, receipt = sent_one(shop, side, carrier)
    retire(shop, carrier)

    assert shop.read(lambda: carrying.lines(Channel.SMS, now=clock.now())) == []
    assert not shop.read(queries.carried_channels)
    assert shop.read(queries.list_carriers) == []
    assert push(shop, carrier.hook_token, receipt) == 200
    assert state(shop, carrier) is TrialState.ARRIVED


def test_who_may_have_a_message_is_asked_about_it_for_a_month(shop: Shop, side: Side) -> None:
    carrier = carrier_of(shop, side)
    retire(shop, carrier)

    for days, known in ((29, 1), (31, 0)):
        now = clock.now() + days * DAY
        lines = shop.read(lambda now=now: carrying.all_lines(Channel.SMS, now=now))  # type: ignore[misc]
        assert len(lines) == known


def test_after_a_month_it_tells_nothing_and_its_keys_are_gone(shop: Shop, side: Side) -> None:
    carrier = carrier_of(shop, side)
    _, receipt = sent_one(shop, side, carrier)
    retire(shop, carrier)
    late = clock.now() + 30 * DAY + timedelta(seconds=1)

    assert push(shop, carrier.hook_token, receipt, late) == 404, "the watch that tidies up may be late"
    with clock.running(lambda: late):
        shop.drain()

    row = found(shop, carrier)
    assert row.hook_token == ""
    assert not shop.read(lambda: carrying.line(row)).account.keys
    assert shop.read(lambda: queries.templates_of(carrier.id)) == {}
    assert shop.read(lambda: merchants.find_address("receipts", carrier.hook_token)) is None


def test_nobody_is_called_to_mend_what_was_removed(shop: Shop, side: Side) -> None:
    carrier = carrier_of(shop, side)
    retire(shop, carrier)

    shop.write(lambda: service.record_faults([service.Fault(carrier.id, "wrong key")], now=clock.now()))
    shop.drain()

    assert found(shop, carrier).alarm == ""
    assert not shop.read(lambda: db.session().scalars(select(StaffNote.id)).all())


def test_the_last_of_a_channel_goes_only_when_that_is_meant(shop: Shop) -> None:
    connect_fake(shop, Channel.SMS)
    (carrier,) = shop.read(queries.list_carriers)

    with pytest.raises(Invalid) as refused:
        retire(shop, carrier, even_last=False)
    assert isinstance(refused.value.fields["even_last"], LastOfChannel)

    connect_fake(shop, Channel.SMS, "other")
    retire(shop, carrier, even_last=False)
    assert [row.provider for row in shop.read(queries.list_carriers)] == ["other"]


@pytest.mark.parametrize("before", ["off", "broken", "robot"])
def test_what_carries_nothing_to_buyers_goes_without_a_question(shop: Shop, before: str) -> None:
    connect_fake(shop, Channel.WECOM_ROBOT if before == "robot" else Channel.SMS)
    (carrier,) = shop.read(queries.list_carriers)
    if before == "off":
        shop.write(lambda: service.switch_carrier(carrier.id, on=False, now=clock.now(), **BY))
    if before == "broken":
        shop.write(lambda: service.record_faults([service.Fault(carrier.id, "money")], now=clock.now()))

    retire(shop, carrier, even_last=False)
    assert shop.read(queries.list_carriers) == []


def test_it_is_removed_once_and_for_good(shop: Shop, side: Side) -> None:
    carrier = carrier_of(shop, side)
    retire(shop, carrier)
    known: dict[str, Any] = {"now": clock.now(), **BY}

    for verb in (
        lambda: service.retire_carrier(carrier.id, even_last=True, **known),
        lambda: service.switch_carrier(carrier.id, on=True, **known),
        lambda: service.rename_carrier(carrier.id, "A", **known),
        lambda: service.change_carrier(carrier.id, side.account, **known),
        lambda: service.mend(carrier.id, **known),
        lambda: service.raise_carrier(carrier.id, **known),
        lambda: service.change_hook(carrier.id, **known),
        lambda: service.set_template(carrier.id, "ready", "zh", None, **known),
        lambda: service.ask_test(carrier.id, receipts_url="", now=known["now"]),
    ):
        with pytest.raises(Retired):
            shop.write(verb)


def test_the_same_account_can_be_connected_again(shop: Shop, side: Side) -> None:
    carrier = carrier_of(shop, side)
    retire(shop, carrier)

    again = shop.write(
        lambda: connecting.add_carrier(provider_name="aliyun", account=side.account, now=clock.now(), title="Again")
    )
    assert [row.id for row in shop.read(queries.list_carriers)] == [again.id]


# The address for receipts ----------------------------------------------------------------------------------------


def change(shop: Shop, carrier: Carrier) -> str:
    shop.write(lambda: service.change_hook(carrier.id, now=clock.now(), **BY))
    return found(shop, carrier).hook_token


def test_both_addresses_work_for_a_day_and_then_the_new_one_alone(shop: Shop, side: Side) -> None:
    carrier = carrier_of(shop, side)
    _, receipt = sent_one(shop, side, carrier)
    fresh = change(shop, carrier)
    now, day = clock.now(), clock.now() + DAY + timedelta(seconds=1)

    assert fresh != carrier.hook_token
    assert push(shop, fresh, receipt, now) == push(shop, carrier.hook_token, receipt, now) == 200
    assert state(shop, carrier) is TrialState.ARRIVED
    assert push(shop, carrier.hook_token, receipt, day) == 404
    with clock.running(lambda: day):
        shop.drain()
    assert push(shop, carrier.hook_token, receipt) == 404, "the watch has forgotten it"
    assert push(shop, fresh, receipt, day) == 200


def test_a_second_change_and_a_click_end_the_address_before_at_once(shop: Shop, side: Side) -> None:
    carrier = carrier_of(shop, side)
    second = change(shop, carrier)
    third = change(shop, carrier)
    assert [push(shop, token, b"[]") for token in (carrier.hook_token, second, third)] == [404, 200, 200]

    shop.write(lambda: service.end_former_hook(carrier.id, now=clock.now(), **BY))
    assert [push(shop, token, b"[]") for token in (second, third)] == [404, 200]


def test_an_address_of_one_shop_is_not_taken_away_by_another(shop: Shop, side: Side, other: Shop) -> None:
    carrier = carrier_of(shop, side)

    other.write(lambda: addresses.delist_address("receipts", carrier.hook_token))

    assert push(shop, carrier.hook_token, b"[]") == 200
