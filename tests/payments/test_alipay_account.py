"""An application at Alipay: what is checked of it, how it is tried out, and its bill."""

import io
import zipfile
from dataclasses import replace
from datetime import timedelta

import pytest

from app.kit import clock
from app.kit.effects import Done, Refused, Temporary
from app.kit.http import Client
from app.kit.secret import Secret
from app.payments.providers import (
    Account,
    BadAccount,
    Opened,
    Way,
)
from app.payments.providers.alipay import accounts, line
from simulators.alipay.keys import Keys
from tests.payments import alipay, alipay_talk
from tests.payments.alipay import Bank, account, keys
from tests.payments.alipay_talk import NUMBER, Talk
from tests.payments.gate import reachable

bank, client, talk = alipay.bank, alipay.client, alipay_talk.talk


# The clock -------------------------------------------------------------------------------------------------------


def test_a_clock_ten_minutes_off_is_told_and_moves_nothing(client: Client) -> None:
    bank = Bank(clock._system, strict_seconds=300)
    off = clock._system() + timedelta(minutes=10)
    with reachable(bank.url), clock.running(lambda: off):
        talk = Talk(bank, client)
        assert talk.query() == Temporary("40002 isv.invalid-timestamp: 非法的时间戳参数")
        assert isinstance(talk.close(), Temporary)
        probed = talk.probe()
    bank.close()

    assert not probed["clock"].well
    assert "NTP" in probed["clock"].mend


# The account -----------------------------------------------------------------------------------------------------


def test_keys_are_taken_as_the_console_hands_them_out() -> None:
    given = account()
    bare = {name: Secret(stripped(key.expose())) for name, key in given.keys.items()}

    accounts.check(given)
    accounts.check(account(mode="cert"))
    accounts.check(replace(given, keys=bare))


def stripped(pem: str) -> str:
    return "".join(part for part in pem.splitlines() if "-----" not in part)


@pytest.mark.parametrize(
    ("mode", "field", "text", "hint"),
    [
        ("key", "private_key", "nonsense", "private key"),
        ("key", "private_key", keys().app_public, "private key"),
        ("key", "alipay_public_key", "", "public key"),
        ("key", "alipay_public_key", keys().app_public, "your application's own"),
        ("key", "alipay_public_key", stripped(keys().app_public), "your application's own"),
        ("cert", "app_cert", "", "no certificate"),
        ("cert", "app_cert", keys().alipay_cert, "another private key"),
        ("cert", "alipay_cert", keys().app_cert, "own certificate"),
        ("cert", "root_cert", keys().alipay_public, "no certificate"),
        ("cert", "root_cert", keys().root_cert.split("\n\n")[-1], "RSA"),
    ],
)
def test_what_cannot_work_is_said_at_its_field(mode: str, field: str, text: str, hint: str) -> None:
    given = account(mode=mode)

    with pytest.raises(BadAccount, match=hint) as bad:
        accounts.check(replace(given, keys={**given.keys, field: Secret(text)}))

    assert bad.value.field == field
    assert text[:40] not in str(bad.value) or not text


@pytest.mark.parametrize(
    ("changed", "field"),
    [(replace(account(), number="abc"), "app_id"), (account(seller_id="12"), "seller_id")],
)
def test_a_number_that_is_none_is_said_at_its_field(changed: Account, field: str) -> None:
    with pytest.raises(BadAccount) as bad:
        accounts.check(changed)

    assert bad.value.field == field


def test_an_expired_certificate_is_named() -> None:
    later = clock.now() + timedelta(days=2000)
    with clock.running(lambda: later), pytest.raises(BadAccount, match="expired") as bad:
        accounts.check(account(mode="cert"))

    assert bad.value.field == "app_cert"


# Probe and bill --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("mode", ["key", "cert"])
def test_a_probe_of_a_good_account_finds_all_well_and_begins_no_trade(bank: Bank, client: Client, mode: str) -> None:
    probed = Talk(bank, client, mode=mode, desktop="qr").probe()

    assert set(probed) == {"keys", "clock", "query", "scan"} | ({"certificate"} if mode == "cert" else set())
    assert all(finding.well for finding in probed.values())
    assert bank.trades.list_paid() == []


def test_a_probe_says_that_alipays_key_is_wrong(talk: Talk) -> None:
    other = Keys.make()
    talk.account = replace(talk.account, keys={**talk.account.keys, "alipay_public_key": Secret(other.alipay_public)})

    assert "does not fit the Alipay key" in talk.probe()["keys"].message


def test_a_probe_says_which_right_is_missing(talk: Talk) -> None:
    talk.account = account(desktop="qr")
    talk.bank.ill("unsigned", on="precreate")
    assert "当面付" in talk.probe()["scan"].mend

    talk.bank.ill("unsigned", on="query")
    assert "not signed" in talk.probe()["rights"].message


def test_a_probe_says_that_nobody_answers_and_that_a_certificate_ends_soon(bank: Bank, client: Client) -> None:
    talk = Talk(bank, client, mode="cert")
    soon = clock.now() + timedelta(days=1800)
    with clock.running(lambda: soon):
        assert not talk.probe()["certificate"].well
    bank.ill("down", on="query")
    assert not talk.probe()["query"].well


def test_the_bill_of_a_day_comes_as_it_is(talk: Talk) -> None:
    talk.pay()
    talk.refund(100)
    day = clock.now().astimezone(line.CHINA).date()

    answer = talk.gateway.bill(day, talk.account, talk.http)

    assert isinstance(answer, Done)
    archive = zipfile.ZipFile(io.BytesIO(answer.value))
    detail = archive.read(archive.namelist()[0]).decode("gbk")
    assert len(archive.namelist()) == 2
    assert NUMBER in detail
    assert "19.90" in detail
    assert "-1.00" in detail
    assert isinstance(talk.gateway.bill(day - timedelta(days=1), talk.account, talk.http), Refused)


@pytest.mark.parametrize(("fault", "kind"), [("down", Temporary), ("lost", Temporary), ("unsigned", Refused)])
def test_a_bill_that_cannot_be_had_now_is_asked_again(talk: Talk, fault: str, kind: type) -> None:
    talk.pay()
    talk.bank.ill(fault, on="bill")

    assert isinstance(talk.gateway.bill(clock.now().date(), talk.account, talk.http), kind)


def test_opened_is_what_a_cashier_shows(talk: Talk) -> None:
    assert talk.start() == Done(Opened(Way.GO, talk.page()))
