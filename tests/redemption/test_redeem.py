"""An entitlement is used as often as it is good for, by whatever number of people at once."""

from datetime import timedelta
from functools import partial
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import update

from app.catalog.models import Source
from app.entitlements.errors import CodesUsed
from app.inventory import service as inventory
from app.inventory.models import Code
from app.kit import clock, db
from app.kit.errors import NotFound
from app.kit.events import SYSTEM
from app.kit.ids import new_id
from app.redemption import counting, queries
from app.redemption import service as redemption
from app.redemption.errors import (
    AlreadyRedeemed,
    Barred,
    KeyReused,
    NotTakenBack,
    ReasonNeeded,
    RedeemedElsewhere,
    TakenBackBefore,
    TooManyAtOnce,
    UnknownCode,
    UsedAtPlace,
    WasRefunded,
)
from app.redemption.models import Channel
from app.redemption.service import Use, Via
from app.refunds import service as refunds
from tests.engines import on_postgresql
from tests.inventory import goods
from tests.make import Shop, at_once
from tests.redemption.goods import COUNTER, STAFF, Desk

CROWD = 32


def test_a_use_is_counted_written_and_told(desk: Desk) -> None:
    desk.rule(uses=3)
    (card,) = desk.sell()

    made = desk.redeemed(card, count=2)

    assert (made.uses, made.uses_left, made.again) == (2, 1, False)
    assert (desk.left(card), desk.used(card)) == (1, 2)
    (row,) = desk.redemptions(card)
    assert (row.id, row.uses, row.uses_left, row.channel, row.actor_id) == (made.id, 2, 1, Channel.COUNTER, STAFF.id)
    (event,) = desk.events("entitlement.redeemed", card)
    assert (event.order_id, event.data["uses_left"], event.data["channel"]) == (card.order_id, 1, "counter")


@pytest.mark.parametrize("uses", [1, 5])
def test_of_32_at_once_just_as_many_use_it_as_it_is_good_for(desk: Desk, uses: int) -> None:
    desk.rule(uses=uses)
    (card,) = desk.sell()

    answers = at_once([partial(desk.use, card, f"{n}") for n in range(CROWD)])

    outcomes = [answer for answer in answers if not isinstance(answer, BaseException)]
    assert len(outcomes) == CROWD, [answer for answer in answers if isinstance(answer, BaseException)][:1]
    assert sum(outcome.redeemed is not None for outcome in outcomes) == uses
    assert {outcome.refusal.code for outcome in outcomes if outcome.refusal} == {"already_redeemed"}
    assert (desk.left(card), desk.used(card), len(desk.redemptions(card))) == (0, uses, uses)
    assert len(desk.events("entitlement.redeemed", card)) == uses


@on_postgresql
def test_without_the_lock_the_counter_alone_lets_no_more_through(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(counting, "_locking", counting._seen)
    desk.rule(uses=3)
    (card,) = desk.sell()
    desk.shop.drain()

    answers = at_once([partial(desk.use, card, f"{n}") for n in range(CROWD)])

    assert not [answer for answer in answers if isinstance(answer, BaseException)]
    assert sum(answer.redeemed is not None for answer in answers if not isinstance(answer, BaseException)) == 3
    assert (desk.left(card), desk.used(card), len(desk.redemptions(card))) == (0, 3, 3)


def test_the_same_key_at_once_is_one_use_and_one_answer(desk: Desk) -> None:
    desk.rule(uses=5)
    (card,) = desk.sell()

    answers = at_once([lambda: desk.redeemed(card, "the same") for _ in range(8)])

    assert len({answer.id for answer in answers if not isinstance(answer, BaseException)}) == 1
    assert not [answer for answer in answers if isinstance(answer, BaseException)]
    assert (desk.left(card), desk.used(card), len(desk.redemptions(card))) == (4, 1, 1)


def test_the_same_key_answers_the_same_also_when_nothing_is_left(desk: Desk) -> None:
    desk.rule(uses=1)
    (card,) = desk.sell()
    first = desk.redeemed(card, "key")

    again = desk.redeemed(card, "key", now=clock.now() + timedelta(days=400))

    assert (again.id, again.at, again.uses_left, again.again) == (first.id, first.at, 0, True)
    assert desk.used(card) == 1


def test_keys_of_different_people_are_different_keys(desk: Desk) -> None:
    desk.rule(uses=2)
    (card,) = desk.sell()
    somebody = Via(Channel.API, SYSTEM, principal="somebody else")

    assert desk.redeemed(card, "key").id != desk.redeemed(card, "key", via=somebody).id


def test_a_key_is_for_one_act(desk: Desk) -> None:
    desk.rule(uses=2)
    first, second = desk.sell(2)
    desk.redeemed(first, "key")

    assert isinstance(desk.refusal(second, key="key"), KeyReused)
    assert isinstance(desk.refusal(first, key="key", count=2), KeyReused)
    assert [(desk.left(card), desk.used(card)) for card in (first, second)] == [(1, 1), (2, 0)]


def test_each_of_many_uses_has_its_own_answer(desk: Desk, other: Shop) -> None:
    desk.rule(uses=2)
    first, second, refunded = (*desk.sell(2), *desk.sell())
    desk.shop.write(lambda: refunds.refund(refunded.order_id, reason="", now=clock.now(), by=SYSTEM))
    strange = Desk(other)
    strange.rule()
    (theirs,) = strange.sell()
    ids = [first.id, theirs.id, first.id, second.id, refunded.id, first.id, new_id()]

    outcomes = desk.use_all([Use(number, f"{place}") for place, number in enumerate(ids)])

    assert [type(outcome.refusal) for outcome in outcomes] == [
        type(None),
        UnknownCode,
        type(None),
        type(None),
        WasRefunded,
        type(outcomes[5].refusal),
        UnknownCode,
    ]
    assert isinstance(outcomes[5].refusal, AlreadyRedeemed)
    assert [desk.left(card) for card in (first, second)] == [0, 1]
    assert strange.redemptions(theirs) == []


def test_more_than_is_left_is_refused_whole(desk: Desk) -> None:
    desk.rule(uses=3)
    (card,) = desk.sell()
    desk.redeemed(card)

    refusal = desk.refusal(card, count=3)

    assert (type(refusal), refusal.left, desk.left(card)) == (TooManyAtOnce, 2, 2)


def test_a_refusal_says_when_where_and_how_it_was_used(desk: Desk) -> None:
    desk.rule()
    (card,) = desk.sell()
    now = clock.now()
    place = desk.shop.write(lambda: redemption.open_location(code="A1", name="Old Town", now=now, by=STAFF))
    made = desk.redeemed(card, via=Via(Channel.COUNTER, STAFF, place, "192.0.2.0/24"))

    refusal = desk.refusal(card)

    assert isinstance(refusal, UsedAtPlace)
    assert (refusal.code, refusal.at, refusal.channel) == ("already_redeemed", made.at, Channel.COUNTER)
    assert (refusal.place, refusal.location_id, refusal.redemption_id) == ("Old Town", place, made.id)
    assert "Old Town" in str(refusal)


def test_without_a_rule_only_third_parties_redeem(desk: Desk) -> None:
    (card,) = desk.sell()

    assert isinstance(desk.refusal(card), RedeemedElsewhere)


def test_a_frozen_code_is_refused(desk: Desk) -> None:
    desk.rule()
    (card,) = desk.sell()
    mine = (Code.merchant_id == desk.shop.merchant_id, Code.id == card.code_id)
    desk.shop.write(lambda: db.changed(update(Code).where(*mine).values(frozen=True)))

    assert isinstance(desk.refusal(card), Barred)
    assert desk.used(card) == 0


@pytest.mark.parametrize("issued", [True, False], ids=["", "before its voucher was issued"])
def test_a_share_in_a_frozen_code_is_refused_until_it_is_unfrozen(desk: Desk, issued: bool) -> None:
    sku = goods.variant(desk.shop, Source.SHARED)
    number = goods.share(desk.shop, sku, 5)
    desk.rule(sku, uses=2)
    order = desk.shop.place(sku=sku)
    assert desk.shop.pay(order)
    (card,) = desk.owned(order.id)
    if issued:
        desk.redeemed(card)
    freeze(desk, number, frozen=True)

    assert isinstance(desk.refusal(card), Barred)
    (verdict,) = desk.shop.read(lambda: queries.validate([card.id], now=clock.now()))
    assert (verdict.reason, desk.used(card)) == ("barred", int(issued))

    freeze(desk, number, frozen=False)
    desk.redeemed(card)


def freeze(desk: Desk, number: UUID, *, frozen: bool) -> None:
    desk.shop.write(lambda: inventory.freeze_shared(number, frozen=frozen, now=clock.now(), by=STAFF))


# Taking back ------------------------------------------------------------------------------------------------------


def take_back(desk: Desk, number: Any, reason: str = "wrong guest") -> Any:
    return desk.shop.write(lambda: redemption.roll_back(number, reason=reason, now=clock.now(), by=STAFF))


def test_a_redemption_is_taken_back_once_whoever_tries_at_once(desk: Desk) -> None:
    desk.rule(uses=3)
    (card,) = desk.sell()
    made = desk.redeemed(card, count=2)

    answers = at_once([lambda: take_back(desk, made.id) for _ in range(8)])

    refused = [answer for answer in answers if isinstance(answer, BaseException)]
    assert (len(refused), {type(answer) for answer in refused}) == (7, {TakenBackBefore})
    assert (desk.left(card), desk.used(card)) == (3, 0)
    assert sorted(row.uses for row in desk.redemptions(card)) == [-2, 2]
    assert [event.data["reason"] for event in desk.events("redemption.rolled_back", card)] == ["wrong guest"]


def test_what_was_taken_back_can_be_used_again_but_not_by_the_old_key(desk: Desk) -> None:
    desk.rule()
    (card,) = desk.sell()
    made = desk.redeemed(card, "key")
    take_back(desk, made.id)

    assert desk.redeemed(card, "key").id == made.id
    assert desk.left(card) == 1
    assert desk.redeemed(card).id != made.id


def test_taking_back_needs_a_reason_and_a_redemption(desk: Desk, other: Shop) -> None:
    desk.rule()
    (card,) = desk.sell()
    made = desk.redeemed(card)

    with pytest.raises(ReasonNeeded):
        take_back(desk, made.id, "  ")
    with pytest.raises(NotFound):
        take_back(Desk(other), made.id)
    back = take_back(desk, made.id)
    with pytest.raises(NotTakenBack):
        take_back(desk, back)


# Refunds ----------------------------------------------------------------------------------------------------------


def test_what_was_used_is_not_refunded_silently(desk: Desk) -> None:
    desk.rule()
    (card,) = desk.sell()
    made = desk.redeemed(card)

    def refund() -> object:
        return desk.shop.write(lambda: refunds.refund(card.order_id, reason="", now=clock.now(), by=SYSTEM))

    with pytest.raises(CodesUsed):
        refund()
    take_back(desk, made.id)
    assert refund()


def test_what_was_refunded_says_so(desk: Desk) -> None:
    desk.rule()
    (card,) = desk.sell()
    desk.shop.drain()  # it has its voucher, which knows nothing of refunds
    desk.shop.write(lambda: refunds.refund(card.order_id, reason="", now=clock.now(), by=SYSTEM))

    assert isinstance(desk.use(card).refusal, WasRefunded)
    assert desk.left(card) == 1


def test_of_a_refund_and_a_use_at_once_one_wins(desk: Desk) -> None:
    desk.rule()
    for card in [desk.sell()[0] for _ in range(6)]:

        def refund(order_id: Any = card.order_id) -> Any:
            return desk.shop.write(lambda: refunds.refund(order_id, reason="", now=clock.now(), by=SYSTEM))

        jobs: list[Any] = [partial(desk.use, card), refund]
        outcome, refunded = at_once(jobs)

        assert not isinstance(outcome, BaseException)
        if outcome.redeemed:
            assert isinstance(refunded, CodesUsed)
            assert (desk.used(card), desk.left(card)) == (1, 0)
        else:
            assert isinstance(outcome.refusal, WasRefunded)
            assert not isinstance(refunded, BaseException)
            assert desk.used(card) == 0
            assert desk.redemptions(card) == []


def test_vouchers_are_issued_after_delivery_and_keep_their_window(desk: Desk) -> None:
    desk.rule(valid_days=10)
    (card,) = desk.sell()
    desk.shop.drain()
    assert desk.left(card) == 1

    desk.rule(uses=9, valid_days=0)

    assert desk.redeemed(card, via=COUNTER, now=clock.now() + timedelta(days=9)).uses_left == 0
