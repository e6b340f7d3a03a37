"""Stripe's currencies, our account there, its self-test and its bill, against the running simulator."""

import csv
import io
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from app.kit.effects import Refused
from app.kit.http import Client
from app.kit.money import Money
from app.kit.secret import Secret
from app.payments.providers import Account, BadAccount, Finding, Scene, Way
from app.payments.providers.outside import outside
from app.payments.providers.stripe import REAL, Stripe
from app.payments.providers.stripe.amounts import LEAST, accepts, from_stripe, to_stripe
from tests.payments.stripe_side import KEY, TRADE, Side, Talk, stripe

HOOK = "http://127.0.0.1:9/hooks/x"


@pytest.fixture
def side() -> Iterator[Side]:
    with stripe() as side:
        side.listen(HOOK)
        yield side


@pytest.fixture
def talk(side: Side) -> Iterator[Talk]:
    with Client(timeout=2.0) as client:
        yield Talk(side, client)


# Currencies ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("currency", "ours", "theirs"),
    [
        ("CNY", 1999, 1999),
        ("USD", 1999, 1999),
        ("EUR", 50, 50),
        ("HKD", 400, 400),
        ("JPY", 500, 500),
        ("KRW", 9900, 9900),
        ("VND", 50000, 50000),
        ("ISK", 500, 50000),
        ("UGX", 5000, 500000),
        ("KWD", 5120, 5120),
    ],
)
def test_amounts_come_back_as_they_went_out(side: Side, talk: Talk, currency: str, ours: int, theirs: int) -> None:
    due = Money(ours, currency)
    assert (to_stripe(due), from_stripe(theirs, currency.lower())) == (theirs, due)

    _, number = talk.opened(talk.begin(due))
    assert side.sessions()[0]["amount_total"] == theirs
    payment = side.gateway.pay(number)["payment_intent"]

    answer: Any = talk.query(number)
    assert answer.value.told.paid == due
    payback = replace(talk.payback(payment), amount=due, paid=due)
    assert talk.refund(payback) == talk.refund_query(payback)
    assert side.refunds()[0]["amount"] == theirs


@pytest.mark.parametrize(
    "due",
    [
        Money(399, "CNY"),
        Money(49, "USD"),
        Money(49, "JPY"),
        Money(5125, "KWD"),
        Money(5000, "XXX"),
        Money(5000, "MGA"),
        Money(100_000_000, "CNY"),
        Money(1_000_000, "ISK"),
    ],
)
def test_what_stripe_would_refuse_is_not_offered(due: Money) -> None:
    assert Stripe().offers(Scene.DESKTOP, due, Account("")) is None


def test_every_currency_is_offered_from_its_least(talk: Talk) -> None:
    for currency, least in LEAST.items():
        assert accepts(Money(least, currency))
        assert not accepts(Money(least - 10, currency))


def test_it_is_offered_everywhere_but_inside_wechat() -> None:
    due, account = Money(1999, "CNY"), Account("acct_0000000000")

    ways = {scene: Stripe().offers(scene, due, account) for scene in Scene}

    assert ways.pop(Scene.WECHAT) is None
    assert set(ways.values()) == {Way.GO}


# The account -----------------------------------------------------------------------------------------------------


def test_an_account_is_a_test_by_its_key_or_its_address(side: Side) -> None:
    def account(key: str) -> Account:
        return Account("acct_0000000000", keys={"key": Secret(key)})

    assert [Stripe().is_test(account(f"{kind}_abcdefgh")) for kind in ("sk_test", "rk_test", "sk_live", "rk_live")] == [
        True,
        True,
        False,
        False,
    ]
    assert Stripe(side.url).is_test(account("sk_live_abcdefgh"))


def test_the_browser_is_sent_to_stripe_or_to_the_merchant_s_own_domain(side: Side) -> None:
    assert Stripe().origins(Account("")) == ("https://checkout.stripe.com",)
    own = Account("", {"page": "https://pay.example.com"})
    assert Stripe().origins(own) == ("https://checkout.stripe.com", "https://pay.example.com")
    assert Stripe(side.url).origins(Account("")) == (side.url,)


def test_an_installation_has_stripe_at_its_own_address_or_a_simulator_s() -> None:
    assert Stripe(REAL)._origin == outside({})["stripe"]._origin == "https://api.stripe.com"  # type: ignore[attr-defined]
    assert outside({"stripe": "http://127.0.0.1:8005"})["stripe"].origins(Account("")) == ("http://127.0.0.1:8005",)


@pytest.mark.parametrize(
    ("field", "changes"),
    [
        ("account", {"number": "merchant"}),
        ("key", {"key": "pk_live_publishable01"}),
        ("key", {"key": "whsec_thesecretofahook"}),
        ("key", {"key": "sk_test_with space"}),
        ("key", {"key": "sk_test_two\r\nX-Header: lines"}),
        ("key", {"key": ""}),
        ("webhook", {"webhook": "sk_test_abcdefghij"}),
        ("methods", {"methods": "gold"}),
        ("page", {"page": "http://pay.example.com/x"}),
    ],
)
def test_what_cannot_work_is_told_by_field(field: str, changes: dict[str, str]) -> None:
    given = {
        "number": "acct_0123456789",
        "key": "sk_test_0123456789",
        "webhook": "",
        "methods": "",
        "page": "",
    } | changes
    keys = {name: Secret(given[name]) for name in ("key", "webhook")}
    settings = {name: given[name] for name in ("methods", "page")}

    with pytest.raises(BadAccount) as refused:
        Stripe().check(Account(given["number"], settings, keys))

    assert refused.value.field == field


def test_a_good_account_passes(side: Side) -> None:
    Stripe().check(side.account(methods="card"))


def test_every_field_of_the_form_is_known_and_keys_are_secret() -> None:
    assert {field.name for field in Stripe.fields if field.is_secret} == {"key", "webhook"}
    assert Stripe.numbered_by in {field.name for field in Stripe.fields}


# The self-test ---------------------------------------------------------------------------------------------------


def found(talk: Talk) -> dict[str, Finding]:
    answer: Any = talk.gateway.probe(talk.account, talk.client)
    return {finding.name: finding for finding in answer.value}


def test_a_good_account_has_nothing_to_mend(talk: Talk) -> None:
    assert all(finding.well for finding in found(talk).values())


def test_the_self_test_says_what_is_wrong(side: Side, talk: Talk) -> None:
    talk.account = Account("acct_0000000000", keys={"key": Secret(KEY)})
    side.faults.cause("forbidden", on="refunds")

    findings = found(talk)

    assert {name for name, finding in findings.items() if not finding.well} == {"keys", "callback", "refunds"}
    assert all(finding.mend for finding in findings.values() if not finding.well)


def test_the_self_test_knows_a_dead_key(talk: Talk) -> None:
    talk.account = replace(talk.account, keys={"key": Secret("sk_test_nobodyknowsthis")})

    assert [(finding.name, finding.well) for finding in found(talk).values()] == [("keys", False)]


def test_the_self_test_sees_that_stripe_tells_nobody() -> None:
    with stripe() as side, Client(timeout=2.0) as client:
        side.secret = "whsec_fromsomewhere"

        assert not found(Talk(side, client))["callback"].well


def test_the_self_test_sees_a_clock_that_is_ten_minutes_off(side: Side, talk: Talk) -> None:
    side.pass_time(minutes=10)

    assert not found(talk)["clock"].well


# The bill --------------------------------------------------------------------------------------------------------


def test_the_bill_of_a_day_has_each_movement_once(side: Side, talk: Talk) -> None:
    payment = talk.paid()
    talk.refund(talk.payback(payment, 500))
    for _ in range(120):
        side.gateway._move(side.who, "adjustment", {"id": "adj", "currency": "cny"}, 1, 0)

    answer: Any = talk.gateway.bill(datetime.now(UTC).date(), talk.account, talk.client)

    rows = list(csv.DictReader(io.StringIO(answer.value.decode())))
    assert len(rows) == len({row["id"] for row in rows}) == 122
    charge, refund = (next(row for row in rows if row["type"] == kind) for kind in ("charge", "refund"))
    assert (charge["trade"], charge["trade_no"], charge["amount"], charge["fee"]) == (TRADE, payment, "1999", "87")
    assert (refund["payback"], refund["trade_no"], refund["amount"]) == ("ref_0001", payment, "-500")


def test_a_day_without_movements_is_an_empty_bill(talk: Talk) -> None:
    talk.paid()

    answer: Any = talk.gateway.bill(datetime(2020, 1, 1, tzinfo=UTC).date(), talk.account, talk.client)

    assert answer.value.decode().count("\n") == 1


def test_a_key_that_may_not_read_the_bill_is_told(side: Side, talk: Talk) -> None:
    side.faults.cause("forbidden", on="lists")

    assert isinstance(talk.gateway.bill(datetime.now(UTC).date(), talk.account, talk.client), Refused)
