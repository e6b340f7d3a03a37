"""Gifts from person to person: one hand at a time sees the code, whoever else knows the link."""

import json
from collections.abc import Callable
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from app.entitlements import queries as entitled
from app.entitlements.errors import CodesGiven, NothingToReveal, NotInHand
from app.gifting import queries, service
from app.gifting.errors import GiftEnded, GiftGone, GiftsOff, GiftTooEarly, NotAnAddress, SeenBefore
from app.gifting.models import Gift, Giving
from app.kit import clock, crypto, db, events
from app.kit.errors import Invalid
from app.kit.events import SYSTEM, By
from app.kit.ids import new_id
from app.kit.secret import Secret
from app.orders import queries as orders
from app.refunds import service as refunds
from tests.companies.firm import make_firm
from tests.engines import on_one_engine
from tests.gifting.giving import HERE, Giver, accept, make_giver, open_gift
from tests.mailbox import Mailbox, text_of
from tests.make import Shop, at_once

LATER = timedelta(days=31)


@pytest.fixture
def giver(shop: Shop) -> Giver:
    return make_giver(shop)


def test_a_gift_is_out_of_its_givers_sight_and_opens_for_who_claimed_it(giver: Giver) -> None:
    gift = giver.wrap()
    with pytest.raises(NothingToReveal):
        giver.look()

    lin = accept(giver.shop, gift)
    (opening,) = open_gift(giver.shop, gift, lin.device_id)

    (secret,) = crypto.open([opening.reveal], by=By("device", lin.device_id))
    assert gift_code(secret)
    with pytest.raises(NothingToReveal):
        giver.look()
    with pytest.raises(GiftGone):
        open_gift(giver.shop, gift, new_id())
    names = [row.name for row in giver.shop.read(lambda: events.timeline(order_id=giver.order.id))]
    assert [name for name in names if name.startswith("gift.")] == ["gift.made", "gift.claimed", "gift.opened"]


def gift_code(secret: Secret) -> str:
    code: str = json.loads(secret.expose())["code"]
    return code


def test_what_was_not_given_stays_with_its_buyer(shop: Shop) -> None:
    giver = make_giver(shop, 3)
    gift = giver.wrap(1)

    seen = giver.look()

    assert len(seen) == 2
    assert gift.entitlement_id not in seen
    held = shop.read(lambda: entitled.list_held(giver.order.id))
    assert {item.id for item in held} == set(seen)


def test_a_gift_is_taken_back_until_it_is_claimed(giver: Giver) -> None:
    gift = giver.wrap()
    giver.take_back(gift)

    assert giver.look() == [gift.entitlement_id]
    with pytest.raises(GiftGone):
        accept(giver.shop, gift)
    with pytest.raises(GiftEnded):
        giver.take_back(gift)


def test_what_is_claimed_stays_claimed(giver: Giver) -> None:
    gift = giver.wrap()
    accept(giver.shop, gift)

    for act in (giver.take_back, partial(accept, giver.shop)):
        with pytest.raises((GiftEnded, GiftGone)):
            act(gift)
    assert giver.given(gift).stands == "claimed"


def test_what_nobody_claims_is_its_givers_again(giver: Giver) -> None:
    gift = giver.wrap()

    with clock.running(lambda: clock._system() + LATER):
        assert giver.given(gift).stands == "returned"
        with pytest.raises(GiftGone):
            accept(giver.shop, gift)
        giver.shop.drain()
        giver.shop.write(lambda: service.lapse(gift.id, now=clock.now()))  # a second time changes nothing

        assert giver.look() == [gift.entitlement_id]
    names = [row.name for row in giver.shop.read(lambda: events.timeline(order_id=giver.order.id))]
    assert names.count("gift.returned") == 1


def test_a_gift_is_given_on_and_back_hand_by_hand(giver: Giver) -> None:
    first = giver.wrap()
    lin = accept(giver.shop, first)
    second = giver.wrap(from_id=first.id, giver="Lin")
    with pytest.raises(NothingToReveal):
        open_gift(giver.shop, first, lin.device_id)

    giver.take_back(second)
    assert len(open_gift(giver.shop, first, lin.device_id)) == 1
    giver.shop.write(lambda: service.set_giving(Giving.ALL, now=clock.now(), by=SYSTEM))
    third = giver.wrap(from_id=first.id, giver="Lin")
    mo = accept(giver.shop, third)

    assert len(open_gift(giver.shop, third, mo.device_id)) == 1
    assert third.seen_at is not None  # which its receiver is told
    with pytest.raises(NothingToReveal):
        open_gift(giver.shop, first, lin.device_id)
    with pytest.raises(NotInHand):
        giver.wrap()  # the buyer has it no more
    assert not giver.given(first).is_mine


def test_what_somebody_saw_is_given_only_where_the_shop_wants_that(giver: Giver) -> None:
    giver.look()
    with pytest.raises(SeenBefore):
        giver.wrap()

    giver.shop.write(lambda: service.set_giving(Giving.ALL, now=clock.now(), by=SYSTEM))
    assert giver.wrap().seen_at is not None
    giver.shop.write(lambda: service.set_giving(Giving.NOTHING, now=clock.now(), by=SYSTEM))
    with pytest.raises(GiftsOff):
        giver.wrap()


@on_one_engine
def test_what_a_company_bought_is_handed_out_and_not_given(shop: Shop) -> None:
    shop.codes(1)
    firm = make_firm(shop)
    firm.top_up(1999)

    with pytest.raises(GiftsOff):
        Giver(shop, firm.order(1)).wrap()


@on_one_engine
def test_a_gift_for_a_day_opens_on_that_day(giver: Giver) -> None:
    day = clock.now() + timedelta(days=5)
    gift = giver.wrap(opens_at=day)

    with pytest.raises(GiftTooEarly):
        accept(giver.shop, gift)
    with clock.running(lambda: clock._system() + LATER):
        accept(giver.shop, gift)  # its thirty days began on its day
    for wrong in (clock.now() - timedelta(days=1), clock.now() + timedelta(days=400)):
        with pytest.raises(Invalid):
            make_giver(giver.shop).wrap(opens_at=wrong)


@on_one_engine
def test_the_word_is_asked_for_where_the_giver_wants_that(giver: Giver) -> None:
    gift = giver.wrap(by_word=True)
    word = giver.shop.read(lambda: queries.given_word(gift))

    with pytest.raises(Invalid):
        accept(giver.shop, gift, word="ABCD-EFGH")
    accept(giver.shop, gift, word=word.lower().replace("-", " "))

    assert giver.given(gift).stands == "claimed"


@on_one_engine
def test_another_phone_of_who_claimed_it_needs_a_word_that_the_giver_does_not_know(giver: Giver) -> None:
    gift = giver.wrap(by_word=True)
    givers, mine = giver.shop.read(lambda: (queries.given_word(gift), queries.holder_word(gift)))
    first = accept(giver.shop, gift, word=givers)

    def prove(word: str) -> Any:
        now = clock.now()
        return giver.shop.write(
            lambda: service.prove_gift(db.get(Gift, gift.id), word, device_token="", browser=HERE, now=now)
        )

    assert isinstance(prove(givers), Invalid)
    second = prove(mine)
    assert len(open_gift(giver.shop, gift, second.device_id)) == 1
    with pytest.raises(GiftGone):
        open_gift(giver.shop, gift, first.device_id)


def test_a_refund_of_what_was_given_needs_a_person_who_means_it(giver: Giver) -> None:
    gift = giver.wrap()
    lin = accept(giver.shop, gift)
    assert giver.shop.read(lambda: entitled.list_seen([giver.order.id])) == {giver.order.id}
    with pytest.raises(CodesGiven):
        giver.shop.write(lambda: refunds.refund(giver.order.id, reason="", now=clock.now(), by=SYSTEM))

    wish = refunds.Wish(giver.order.id, "agreed with both", even_seen=True)
    made = giver.shop.write(lambda: refunds.take_back(wish, now=clock.now(), by=SYSTEM))

    assert made.money == giver.order.total  # to the buyer, who paid
    assert giver.given(gift).stands == "gone"
    with pytest.raises(NothingToReveal):
        open_gift(giver.shop, gift, lin.device_id)


def test_who_took_a_gift_by_mistake_or_by_machine_gives_it_back_through_the_shop(giver: Giver) -> None:
    gift = giver.wrap()
    accept(giver.shop, gift)

    giver.shop.write(lambda: service.give_back(gift.id, now=clock.now(), by=SYSTEM))
    assert giver.look() == [gift.entitlement_id]

    giver.shop.write(lambda: service.set_giving(Giving.ALL, now=clock.now(), by=SYSTEM))
    again = giver.wrap()
    open_gift(giver.shop, again, accept(giver.shop, again).device_id)
    with pytest.raises(GiftEnded):
        giver.shop.write(lambda: service.give_back(again.id, now=clock.now(), by=SYSTEM))


@on_one_engine
def test_the_link_goes_to_the_receivers_mailbox_and_no_code_with_it(giver: Giver, tmp_path: Path) -> None:
    mailbox = Mailbox(tmp_path)
    gift = giver.wrap()
    with pytest.raises(Invalid) as refused:
        accept(giver.shop, gift, email="nobody")
    assert isinstance(refused.value.fields["email"], NotAnAddress)
    lin = accept(giver.shop, gift, email="Lin@Example.com")
    (opening,) = open_gift(giver.shop, gift, lin.device_id)
    (code,) = crypto.open([opening.reveal], by=By("device", lin.device_id))

    giver.shop.drain()

    (letter,) = mailbox.letters("lin@example.com")
    text = text_of(letter)
    assert queries.gift_token(gift.id).partition(".")[0] in text
    words = giver.shop.read(lambda: (queries.given_word(gift), queries.holder_word(gift)))
    assert not any(secret in text for secret in (gift_code(code), *words) if secret)
    stored = giver.shop.read(lambda: db.get(Gift, gift.id))
    assert b"lin@example.com" not in (stored.contact_sealed or b"")


# Races ------------------------------------------------------------------------------------------------------------


@pytest.mark.both_engines
@pytest.mark.parametrize("_round", range(5))
def test_of_claims_looks_and_taking_back_at_once_one_hand_has_the_code(giver: Giver, _round: int) -> None:
    gift = giver.wrap()
    acts: list[Callable[[], Any]] = [
        *(partial(accept, giver.shop, gift) for _ in range(3)),
        *(partial(giver.take_back, gift) for _ in range(2)),
        *(giver.look for _ in range(3)),
    ]

    claimed, back, looked = parted(at_once(acts), 3, 2, 3)

    assert len(claimed) + len(back) == 1
    stands = giver.given(gift)
    assert stands.stands == ("claimed" if claimed else "returned")
    if claimed:
        assert not looked
        assert stands.entitlement.reveals == 0
        assert len(open_gift(giver.shop, gift, claimed[0].device_id)) == 1
        with pytest.raises(NothingToReveal):
            giver.look()
    else:
        assert giver.look() == [gift.entitlement_id]


@pytest.mark.both_engines
def test_of_a_look_and_a_gift_at_once_one_comes_first(giver: Giver) -> None:
    acts: list[Callable[[], Any]] = [*(giver.look for _ in range(4)), *(giver.wrap for _ in range(4))]

    looked, wrapped = parted(at_once(acts), 4, 4)

    assert len(wrapped) <= 1
    assert bool(looked) != bool(wrapped)  # what was looked at is no gift, and what was given is not looked at
    assert giver.owned()[0].reveals == len(looked)


@pytest.mark.both_engines
def test_of_a_refund_and_a_claim_at_once_nobody_has_both_money_and_code(giver: Giver) -> None:
    gift = giver.wrap()
    wish = refunds.Wish(giver.order.id, "agreed", even_seen=True)
    give_money_back = partial(giver.shop.write, lambda: refunds.take_back(wish, now=clock.now(), by=SYSTEM))
    acts: list[Callable[[], Any]] = [*(partial(accept, giver.shop, gift) for _ in range(4)), give_money_back]

    claimed, returned = parted(at_once(acts), 4, 1)

    assert len(returned) == 1
    assert giver.shop.read(lambda: orders.get(giver.order.id)).kept.minor == 0
    for admitted in claimed:
        with pytest.raises(NothingToReveal):
            open_gift(giver.shop, gift, admitted.device_id)


def parted(results: list[Any], *sizes: int) -> list[list[Any]]:
    """Return what came of each kind of act, without refusals; anything else that was raised is a fault."""
    parts, at = [], 0
    for size in sizes:
        some = results[at : at + size]
        faults = (NothingToReveal, GiftGone, GiftEnded, NotInHand, SeenBefore)
        assert all(isinstance(one, faults) for one in some if isinstance(one, BaseException)), some
        parts.append([one for one in some if not isinstance(one, BaseException)])
        at += size
    return parts
