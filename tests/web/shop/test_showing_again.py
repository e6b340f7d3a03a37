"""How a shop shows codes again holds at the door itself: whoever goes past the page is refused all the same."""

import re
from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from sqlalchemy import select

from app.delivery import queries as delivering
from app.delivery import service as delivery
from app.delivery.models import OneTimeCode
from app.entitlements import service as entitlements
from app.entitlements.errors import NotFresh
from app.gifting import queries as gifts
from app.gifting.models import HandoutRow
from app.kit import clock, db
from app.kit.errors import Invalid
from app.kit.events import SYSTEM, By
from app.kit.onetime import digits_of
from app.merchants import queries
from app.merchants import service as merchants
from app.merchants.queries import Reveals
from app.messages.queries import Channel
from app.web.language import LANG_COOKIE
from tests.companies.firm import make_busy_firm
from tests.gifting.gifts import hand_out
from tests.make import Browser, Shop
from tests.messages.carriers import connect_fake
from tests.people import alice, bob
from tests.web.shop.doors import Linked, from_network, later
from tests.web.shop.test_purchase import latest, order_of, shown_codes


def rules(shop: Shop, **wanted: Any) -> None:
    shop.write(lambda: merchants.change_reveals(Reveals(**wanted), now=clock.now(), by=SYSTEM))


def codes(answer: Any) -> list[str]:
    return shown_codes(answer.get_data(as_text=True))


def reveal(linked: Linked, browser: Browser, **form: str) -> Any:
    return browser.post(f"{linked.address}/reveal", form, page=linked.address)


@pytest.fixture
def strict(shop: Shop) -> Linked:
    """Return an order of a shop that shows codes again only within ten minutes of a fresh proof."""
    rules(shop, fresh_minutes=10)
    return Linked(shop)


def test_the_first_look_is_free_and_the_next_takes_a_fresh_proof(strict: Linked) -> None:
    assert len(codes(reveal(strict, strict.dora))) == 1

    again = reveal(strict, strict.dora)

    assert (again.status_code, codes(again)) == (409, [])
    assert strict.used() == (0, 1)


@pytest.mark.parametrize("what", ["codes", "voucher"])
def test_neither_a_file_nor_a_paper_is_a_way_around(strict: Linked, what: str) -> None:
    (code,) = codes(reveal(strict, strict.dora))

    answer = strict.dora.post(f"{strict.address}/{what}", {"kind": "xlsx"}, page=strict.address)

    assert answer.status_code == 409
    assert code not in answer.get_data(as_text=True)
    assert strict.used() == (0, 1)


def test_the_verb_refuses_whatever_the_page_says(strict: Linked) -> None:
    reveal(strict, strict.dora)
    stale = clock.now() - timedelta(minutes=11)

    for fresh_at in (None, stale):
        proof = entitlements.Proof("device", By("device"), "192.0.2.0/24", "a browser", fresh_at)
        with pytest.raises(NotFresh):
            strict.shop.write(partial(entitlements.reveal, strict.order.id, proof=proof, now=clock.now()))


def test_where_no_code_can_be_sent_the_password_is_the_fresh_proof_and_holds_its_minutes(strict: Linked) -> None:
    reveal(strict, strict.dora)
    assert 'name="password"' in strict.dora.get(strict.address).get_data(as_text=True)

    assert len(codes(reveal(strict, strict.dora, password=strict.password))) == 1
    assert len(codes(reveal(strict, strict.dora))) == 1
    with later(minutes=11):
        assert reveal(strict, strict.dora).status_code == 409


def test_where_codes_are_mailed_the_password_alone_is_not_fresh(strict: Linked) -> None:
    strict.shop.write(lambda: merchants.change_mail_proof(True, now=clock.now(), by=SYSTEM))
    reveal(strict, strict.dora)

    assert reveal(strict, strict.dora, password=strict.password).status_code == 409
    assert "lookup/code" in strict.dora.get(strict.address).get_data(as_text=True)


def test_the_door_of_a_mailed_link_is_no_way_around(strict: Linked) -> None:
    reveal(strict, strict.dora)
    phone = strict.shop.client()
    strict.prove(phone, **from_network(4))

    assert len(codes(strict.reveal(phone, **from_network(4)))) == 1  # the password was typed just now
    with later(minutes=11):
        assert strict.reveal(phone, **from_network(4)).status_code == 409


def test_a_gift_is_shown_again_only_after_the_reference_is_given_again(shop: Shop) -> None:
    rules(shop, fresh_minutes=10)
    hand_out(make_busy_firm(shop))
    person = shop.read(lambda: db.session().scalars(select(HandoutRow).order_by(HandoutRow.id)).first())
    assert person
    url, wei = f"/s/{shop.slug}/g/{gifts.token_of(person.id)}", shop.client()

    def see() -> Any:
        return wei.post(f"{url}/reveal", {}, page=url)

    wei.post(f"{url}/proof", {"proof": "E-1"}, page=url)
    assert [len(codes(see())) for _ in range(2)] == [1, 1]
    with later(minutes=11):
        assert see().status_code == 409
        assert 'name="proof"' in wei.get(url).get_data(as_text=True)
        wei.post(f"{url}/proof", {"proof": "E-1"}, page=url)
        assert len(codes(see())) == 1


def test_links_live_as_long_and_let_as_many_browsers_in_as_the_shop_says(shop: Shop) -> None:
    rules(shop, link_hours=6, most_devices=1)
    linked = Linked(shop)

    assert linked.link.expires_at - linked.link.created_at == timedelta(hours=6)
    assert linked.prove(shop.client(), **from_network(1)).status_code == 303
    assert linked.prove(shop.client(), **from_network(2)).status_code == 409
    with later(hours=7):
        assert shop.client().get(linked.url).status_code == 404


def test_a_page_is_told_when_to_hide_codes_and_only_while_they_are_open(shop: Shop) -> None:
    rules(shop, hide_seconds=30)
    linked = Linked(shop)
    assert "data-hides" not in linked.dora.get(linked.address).get_data(as_text=True)

    assert 'data-hides="30"' in reveal(linked, linked.dora).get_data(as_text=True)


@pytest.mark.parametrize(
    "wrong", [{"link_hours": 0}, {"link_hours": 2161}, {"most_devices": 0}, {"fresh_minutes": -1}, {"hide_seconds": 4}]
)
def test_rules_that_nobody_can_mean_are_refused_and_change_nothing(shop: Shop, wrong: dict[str, int]) -> None:
    with pytest.raises(Invalid):
        rules(shop, **wrong)

    assert shop.read(queries.reveals) == Reveals()


def test_a_shop_that_wants_no_codes_by_sms_takes_none_for_a_proof(shop: Shop) -> None:
    connect_fake(shop, Channel.SMS)
    assert shop.read(delivering.proving_channels) == {Channel.SMS}

    rules(shop, by_sms=False)

    assert shop.read(delivering.proving_channels) == set()
    assert 'name="name"' not in shop.client().get(f"/s/{shop.slug}/lookup/code").get_data(as_text=True)


def test_the_choice_of_sms_stands_on_the_page_and_is_grey_without_a_carrier(shop: Shop) -> None:
    url, boss = f"/office/{shop.slug}/showing?lang=en", alice(shop)
    form = {"link_hours": "6", "most_devices": "2", "fresh_minutes": "5"}

    def box() -> str:
        return re.search(r'<input[^>]*name="by_sms"[^>]*>', boss.get(url).get_data(as_text=True))[0]  # type: ignore[index]

    assert "disabled" in box()
    assert "no working SMS carrier" in boss.get(url).get_data(as_text=True)
    boss.post(url, form, page=url)
    assert shop.read(queries.reveals).by_sms  # what nobody could tick says nothing

    connect_fake(shop, Channel.SMS)
    assert "disabled" not in box()
    boss.post(url, form, page=url)
    assert not shop.read(queries.reveals).by_sms
    boss.post(url, form | {"by_sms": "1"}, page=url)
    assert shop.read(queries.reveals).by_sms


def test_who_proves_by_sms_is_led_back_and_sees_the_code_again(shop: Shop) -> None:
    connect_fake(shop, Channel.SMS)
    rules(shop, fresh_minutes=10)
    shop.codes(1)
    phone = shop.client()
    phone.client.set_cookie(LANG_COOKIE, "en")
    placed = order_of(shop, phone, contact="13800138000").location
    assert shop.pay(latest(shop))
    url = placed.partition("?")[0]
    assert len(codes(phone.post(f"{url}/reveal", {}, page=url))) == 1
    page = phone.get(url).get_data(as_text=True)
    assert "Text me a code" in page
    assert f'name="next" value="{url}"' in page

    lookup = f"/s/{shop.slug}/lookup/code"
    asked = phone.post(lookup, {"name": latest(shop).number, "next": url}, page=lookup)
    newest = select(OneTimeCode.id).order_by(OneTimeCode.id.desc()).limit(1)
    digits = digits_of(shop.read(lambda: db.session().scalars(newest).one())).expose()
    entered = phone.post(f"{lookup}/enter", {"digits": digits, "next": url}, page=asked.location)

    assert entered.location == url
    assert len(codes(phone.post(f"{url}/reveal", {}, page=url))) == 1


def test_who_runs_the_shop_sets_them_and_others_only_look(shop: Shop) -> None:
    url, form = f"/office/{shop.slug}/showing", {"link_hours": "6", "most_devices": "2", "fresh_minutes": "5"}
    boss = alice(shop)

    assert boss.post(url, form, page=url).status_code == 303
    assert shop.read(queries.reveals) == Reveals(6, 2, 5, 0)
    assert boss.post(url, form | {"link_hours": "many"}, page=url).status_code == 422
    reader = bob(shop)
    assert reader.get(url).status_code == 200
    assert reader.post(url, form, page=f"/office/{shop.slug}/").status_code == 403


def test_a_link_made_by_hand_keeps_what_was_asked(shop: Shop) -> None:
    linked = Linked(shop)

    made = shop.write(
        lambda: delivery.make_link(linked.order.id, now=clock.now(), life=timedelta(hours=1), most_devices=3)
    )

    assert (made.expires_at - made.created_at, made.most_devices) == (timedelta(hours=1), 3)
