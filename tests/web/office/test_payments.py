"""Ways to be paid in the office: accounts are connected, tried out, ordered and changed; keys are never shown again."""

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from functools import partial
from typing import Any

import pytest
from sqlalchemy import select

from app.kit import clock, db
from app.kit.effects import Answer, Done, Refused
from app.kit.errors import words
from app.kit.events import SYSTEM, EventRow
from app.kit.http import Client
from app.kit.ids import public
from app.kit.reach import AT_HOME
from app.kit.secret import Secret
from app.payments import providers, service
from app.payments import queries as paying
from app.payments.errors import AlreadyConnected, NoSuchMethod
from app.payments.models import FeePayer, Method
from app.payments.providers import Account, BadAccount, Field, Finding, Kind
from app.payments.providers.test_gateway import TestGateway
from tests.engines import on_one_engine
from tests.make import GATEWAY, PASSWORD, Browser, Shop, at_once

KEY = "s3cret-key-0123456789"


class Wallet(TestGateway):
    """A gateway with a form of its own; its key must not be short."""

    __test__ = False
    name = "wallet"
    title = words("Wallet")
    numbered_by = "number"
    fields: tuple[Field, ...] = (
        Field("number", "Merchant number", pattern=r"[0-9]+"),
        Field("world", "World", kind=Kind.CHOICE, choices=(("live", "Live"), ("sandbox", "Sandbox"))),
        Field("key", "Key", kind=Kind.KEY),
        Field("more", "Another key", kind=Kind.PASSWORD, required=False),
    )
    asked: tuple[Account, ...] = ()

    def check(self, account: Account) -> None:
        if len(account.key("key").expose()) < 10:
            raise BadAccount("key", words("This cannot be used."))

    def probe(self, account: Account, http: Client) -> Answer:
        Wallet.asked += (account,)
        return Done((Finding("keys", well=True), Finding("query", well=False, message="No.", mend="Do it.")))

    def bill(self, day: date, account: Account, http: Client) -> Answer:
        return Refused("not offered")


@pytest.fixture(autouse=True)
def wallet(shop: Shop) -> Iterator[None]:
    Wallet.asked = ()
    secret = "the secret of the test gateway"
    providers.configure({"test": GATEWAY, "wallet": Wallet(GATEWAY.origin, secret)})
    yield
    providers.configure({"test": GATEWAY})


@pytest.fixture
def owner(shop: Shop) -> Browser:
    browser = shop.client()
    browser.sign_in(shop.owner)
    return browser


def home(shop: Shop) -> str:
    return f"/office/{shop.slug}/payments"


def form(**more: str) -> dict[str, str]:
    return {"number": "1001", "world": "live", "key": KEY, "more": "", "password": PASSWORD} | more


def connect(shop: Shop, owner: Browser, **more: str) -> Any:
    page = f"{home(shop)}/new/wallet"
    return owner.post(page, form(**more), page=page)


def methods(shop: Shop) -> list[Method]:
    return list(shop.read(paying.list_connected))


def wallets(shop: Shop) -> list[Method]:
    return [method for method in methods(shop) if method.provider == "wallet"]


def test_an_account_is_connected_and_its_keys_are_sealed_and_never_shown(shop: Shop, owner: Browser) -> None:
    answer = connect(shop, owner)

    method = wallets(shop)[0]
    assert answer.status_code == 303
    assert (method.account, method.settings, method.enabled) == ("1001", {"world": "live"}, True)
    assert KEY.encode() not in method.credentials
    assert shop.read(lambda: paying.get_channel(method.id)).account.key("key").expose() == KEY
    page = owner.get(answer.location).get_data(as_text=True)
    assert "1001" in page
    assert KEY not in page
    assert "hooks/" + method.hook_token in page


def test_a_key_that_cannot_work_is_refused_beside_its_field_and_nothing_is_kept(shop: Shop, owner: Browser) -> None:
    answer = connect(shop, owner, key="short")

    assert answer.status_code == 422
    assert 'href="#f-key"' in answer.get_data(as_text=True)
    assert "short" not in answer.get_data(as_text=True)
    assert wallets(shop) == []


def test_the_same_form_twice_is_one_method_and_the_same_account_again_is_refused_by_its_name(
    shop: Shop, owner: Browser
) -> None:
    page = f"{home(shop)}/new/wallet?lang=en"
    once = re.search('name="once" value="([^"]+)"', owner.get(page).get_data(as_text=True))
    assert once

    said = [connect(shop, owner, once=once[1]).location for _ in range(2)]
    other = connect(shop, owner, once=once[1], number="1002")  # gone back to, and used for another one
    again = connect(shop, owner)

    assert (said[0], other.status_code, again.status_code) == (said[1], 303, 409)
    assert "This account is connected already, as “1001”." in again.get_data(as_text=True)
    assert sorted(method.account for method in wallets(shop)) == ["1001", "1002"]


def test_an_account_connected_by_two_at_once_is_there_once_and_never_offered_twice(shop: Shop) -> None:
    def add() -> Method:
        account = Account("7", {}, {"key": Secret(KEY)})
        return shop.write(lambda: service.add_method(provider_name="wallet", account=account, now=clock.now()))

    answers = at_once([add] * 6)

    assert sum(isinstance(answer, Method) for answer in answers) == 1, answers
    assert sum(isinstance(answer, AlreadyConnected) for answer in answers) == 5
    (first,) = wallets(shop)
    known = {"now": clock.now(), "by": SYSTEM}
    shop.write(lambda: service.switch_method(first.id, on=False, **known))  # type: ignore[arg-type]
    second = add()
    switches = [partial(service.switch_method, number, on=True, **known) for number in (first.id, second.id)]  # type: ignore[arg-type]
    with pytest.raises(AlreadyConnected):
        shop.write(switches[0])
    shop.write(lambda: service.switch_method(second.id, on=False, **known))  # type: ignore[arg-type]
    told = at_once([partial(shop.write, switch) for switch in switches])
    assert sum(isinstance(answer, AlreadyConnected) for answer in told) == 1, told
    assert [method.enabled for method in wallets(shop)].count(True) == 1


@on_one_engine
def test_what_its_gateway_tells_only_later_is_the_last_step_and_until_then_nobody_is_offered_it(
    shop: Shop, owner: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    later = replace(Wallet.fields[3], later=True)
    monkeypatch.setattr(Wallet, "fields", (*Wallet.fields[:3], later))
    assert 'name="more"' not in owner.get(f"{home(shop)}/new/wallet").get_data(as_text=True)
    where = connect(shop, owner).location
    method = wallets(shop)[0]
    page = owner.get(f"{where}?lang=en").get_data(as_text=True)
    assert "One step is left" in page
    assert "hooks/" + method.hook_token in page
    assert "Not finished, so not offered" in page
    assert method.id not in {row.id for row in shop.read(paying.list_methods)}
    shop.codes(1)
    with pytest.raises(NoSuchMethod):
        shop.start(shop.place(), method.id)

    silent = owner.post(f"{where}/account", form(key=""), page=where)
    assert (silent.status_code, 'href="#f-more"' in silent.get_data(as_text=True)) == (422, True)

    answer = owner.post(f"{where}/account", form(key="", more="whsec_tell"), page=where)

    assert answer.status_code == 303
    assert method.id in {row.id for row in shop.read(paying.list_methods)}
    assert "One step is left" not in owner.get(where).get_data(as_text=True)


@pytest.mark.parametrize("missing", ["number", "key", "password"])
def test_what_is_left_out_is_named(shop: Shop, owner: Browser, missing: str) -> None:
    answer = connect(shop, owner, **{missing: ""})

    assert answer.status_code in (403, 422)
    assert re.search(f'href="#f-{missing}">[^<：]+：', answer.get_data(as_text=True))
    assert wallets(shop) == []


def test_a_wrong_password_changes_no_keys(shop: Shop, owner: Browser) -> None:
    connect(shop, owner)
    page = f"{home(shop)}/{paying_id(shop)}"

    refused = owner.post(f"{page}/account", form(key="another-key-0123", password="wrong"), page=page)

    assert refused.status_code in (403, 422)
    assert key_of(shop) == KEY


def paying_id(shop: Shop) -> str:
    return public("pay", wallets(shop)[0].id)


def key_of(shop: Shop, name: str = "key") -> str:
    number = wallets(shop)[0].id
    return shop.read(lambda: paying.get_channel(number)).account.key(name).expose()


def test_a_key_that_is_left_empty_stays_and_the_number_stays_whatever_is_sent(shop: Shop, owner: Browser) -> None:
    connect(shop, owner)
    page = f"{home(shop)}/{paying_id(shop)}"

    answer = owner.post(f"{page}/account", form(number="9", world="sandbox", key="", more="more-secret"), page=page)

    method = wallets(shop)[0]
    assert answer.status_code == 303
    assert (method.account, method.settings) == ("1001", {"world": "sandbox"})
    assert (key_of(shop), key_of(shop, "more")) == (KEY, "more-secret")


def test_terms_are_kept_and_nonsense_is_refused(shop: Shop, owner: Browser) -> None:
    connect(shop, owner)
    page = f"{home(shop)}/{paying_id(shop)}"
    terms = {"title": "星钱包", "least": "1", "most": "500.00", "fee_rate": "0.6", "fee_fixed": "0.10"}

    owner.post(f"{page}/terms", terms | {"fee_payer": "buyer"}, page=page)
    refused = owner.post(f"{page}/terms", terms | {"fee_rate": "0.666", "least": "x"}, page=page)

    method = wallets(shop)[0]
    assert (method.title, method.least, method.most) == ("星钱包", 100, 50000)
    assert (method.fee_rate, method.fee_fixed, method.fee_payer) == (60, 10, FeePayer.BUYER)
    assert refused.status_code == 422
    assert all(f'href="#f-{name}"' in refused.get_data(as_text=True) for name in ("fee_rate", "least"))


def test_the_self_test_tells_what_is_wrong_and_whether_notices_arrive(shop: Shop, owner: Browser) -> None:
    connect(shop, owner)
    page = f"{home(shop)}/{paying_id(shop)}"

    owner.post(f"{page}/test", {}, page=page)

    assert [account.number for account in Wallet.asked] == ["1001"]
    text = owner.get(page, headers={"Accept-Language": "en"}).get_data(as_text=True)
    assert "Do it." in text
    assert AT_HOME in text  # nobody outside reaches 127.0.0.1, and a test shop need not mind
    assert [finding["name"] for finding in wallets(shop)[0].findings] == ["keys", "query", "callback"]


def test_the_address_for_notices_answers_a_self_test_and_nobody_else(shop: Shop) -> None:
    method = methods(shop)[0]

    assert shop.client().get(f"/hooks/{method.hook_token}/probe").data == b"here"
    assert shop.client().get("/hooks/another/probe").status_code == 404


def test_what_is_offered_first_can_be_changed(shop: Shop, owner: Browser) -> None:
    connect(shop, owner)
    page = home(shop)
    assert [method.provider for method in methods(shop)] == ["test", "wallet"]

    owner.post(f"{page}/{paying_id(shop)}/up", {}, page=page)

    assert [method.provider for method in methods(shop)] == ["wallet", "test"]


def test_what_is_switched_off_is_offered_to_nobody_and_its_notices_still_count(shop: Shop, owner: Browser) -> None:
    connect(shop, owner)
    page = f"{home(shop)}/{paying_id(shop)}"

    owner.post(f"{page}/switch", {"on": "0"}, page=page)

    assert [method.provider for method in shop.read(paying.list_methods)] == ["test"]
    hook = shop.client().client.post(f"/hooks/{wallets(shop)[0].hook_token}", data=b"{}")
    assert (hook.status_code, hook.data) == (400, b"fail")


def test_only_an_owner_sees_the_accounts(shop: Shop) -> None:
    assert shop.client().get(home(shop)).status_code in (302, 303, 404)


def test_what_happened_is_told_without_any_key(shop: Shop, owner: Browser) -> None:
    connect(shop, owner)
    page = f"{home(shop)}/{paying_id(shop)}"
    owner.post(f"{page}/account", form(key="another-key-0123"), page=page)

    told = shop.read(lambda: [row.data for row in db.session().scalars(db_events()).all()])

    assert {"changed": ["key"]} in told
    assert not any(KEY in str(data) or "another-key" in str(data) for data in told)


def db_events() -> Any:
    return select(EventRow)
