"""What the epay gateway signs and believes: both versions, and the forgery with the shared key (facts 4.2)."""

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from app.kit import clock
from app.kit.money import Money
from app.kit.secret import Secret
from app.payments.providers import Account, Forged, Hint, Told, Wire
from app.payments.providers.epay import signing as ours
from app.payments.providers.epay.gateway import Epay
from simulators.epay import signing
from tests.payments.epay import KEY, PID, Stand, account, encoded, pair, query_of
from tests.payments.epay import epay_running as epay_running
from tests.payments.epay import epay_stand as epay_stand

VECTORS: dict[str, Any] = json.loads((Path(__file__).parent / "vectors/vectors.json").read_text())
SITE = "https://pay.example.com"


def wire(fields: dict[str, str], *, post: bool = False) -> Wire:
    text = encoded(fields)
    return Wire({}, text.encode(), "", "POST") if post else Wire({}, b"", text, "GET")


def told(fields: dict[str, str], version: int = 1, **settings: str) -> Any:
    return Epay().verify(wire(fields), account(SITE, version, **settings), clock.now())


def notice(**changes: str) -> dict[str, str]:
    """Return the vector's notice with changes, signed anew."""
    fields = VECTORS["epay_v1_notify"]["params"] | changes
    return fields | {"sign": signing.md5(fields, KEY)}


def why(fields: dict[str, str], version: int = 1, **settings: str) -> str:
    with pytest.raises(Forged) as forged:
        told(fields, version, **settings)
    return str(forged.value)


# Signatures ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["epay_v1_submit", "epay_v1_notify"])
def test_the_vectors_of_the_first_version(name: str) -> None:
    vector = VECTORS[name]

    assert ours.text_of(vector["params"]) == vector["message"]
    assert ours.Style().sign(vector["params"], vector["key"]) == vector["md5"]


def test_the_vector_of_the_second_version_is_believed_in_its_time_only() -> None:
    vector = VECTORS["epay_v2_notify"]
    public = (Path(__file__).parent / "vectors/vectors_public_key.pem").read_text()
    given = Account(PID, {"version": "2", "url": SITE}, {"platform_key": Secret(public)})
    fields = vector["params"] | {"sign": vector["rsa_sha256_b64"]}
    at = clock.now().fromtimestamp(1721206072, clock.now().tzinfo)

    said = Epay().verify(wire(fields), given, at + timedelta(minutes=4))
    assert isinstance(said, Told)
    assert said.paid == Money(100, "CNY")
    for late in (timedelta(minutes=10), timedelta(minutes=-10)):
        with pytest.raises(Forged, match="too old"):
            Epay().verify(wire(fields), given, at + late)


def test_the_key_joined_by_and_in_capitals() -> None:
    fields = VECTORS["epay_v1_submit"]["params"]

    joined = ours.Style("&key=", True).sign(fields, KEY)
    assert joined == signing.md5(fields, KEY, joint="&key=").upper()


@pytest.mark.parametrize("post", [False, True])
def test_a_notice_comes_by_get_or_by_post(post: bool) -> None:
    said = Epay().verify(wire(notice(), post=post), account(SITE), clock.now())

    assert isinstance(said, Told)
    assert (said.trade, said.trade_no, said.paid) == ("20160806151343349", "20160806151343349021", Money(100, "CNY"))
    assert (said.account, said.detail) == (PID, "alipay")


def test_a_notice_in_capitals_with_signed_empty_fields_is_believed() -> None:
    fields = notice(param="")
    fields["sign"] = signing.md5(fields, KEY, empties=True).upper()

    assert told(fields).paid == Money(100, "CNY")


# The forgery with the shared key (facts 4.2) ------------------------------------------------------------------------


def test_our_own_signature_of_a_submit_is_no_notice_however_the_borders_are_shifted() -> None:
    submit = VECTORS["epay_v1_submit"]["params"] | {
        "param": "x&pid=1001&trade_no=9&trade_status=TRADE_SUCCESS&type=alipay",
        "return_url": "https://s.example/r",
        "notify_url": "https://s.example/n",
    }
    forged = {name: submit[name] for name in ("money", "name", "notify_url", "out_trade_no")} | {
        "param": "x",
        "pid": "1001",
        "trade_no": "9",
        "trade_status": "TRADE_SUCCESS",
        "type": "alipay&pid=1001&return_url=https://s.example/r&type=alipay",
        "sign": ours.Style().sign(submit, KEY),
    }
    assert ours.text_of(forged) == ours.text_of(submit)
    assert ours.Style().is_signed(forged, KEY)  # the signature does fit: the shape alone can tell

    assert why(forged) == "other fields than a notice has"


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"type": "alipay&x=y"}, "a value that shifts the borders of others"),
        ({"name": "a=b"}, "a value that shifts the borders of others"),
        ({"param": "x"}, "other fields than a notice has"),
        ({"notify_url": "https://s.example"}, "other fields than a notice has"),
        ({"return_url": "https://s.example"}, "other fields than a notice has"),
        ({"type": "wxpay"}, "another way to pay"),
        ({"pid": "1002"}, "another merchant"),
        ({"trade_no": ""}, "no trade number"),
        ({"trade_no": "?9"}, "no trade number"),
        ({"out_trade_no": ""}, "no trade number"),
        ({"trade_status": "TRADE_CLOSED"}, "not a payment"),
        ({"trade_status": ""}, "not a payment"),
        ({"money": "1"}, ""),
        ({"money": "1.001"}, "no amount"),
        ({"money": "-1.00"}, "no amount"),
        ({"money": "1e2"}, "no amount"),
        ({"money": "１.00"}, "no amount"),
    ],
)
def test_each_shape_that_is_no_notice_is_refused_though_it_is_signed(changes: dict[str, str], reason: str) -> None:
    if reason:
        assert why(notice(**changes)) == reason
    else:
        assert told(notice(**changes)).paid == Money(100, "CNY")


@pytest.mark.parametrize("name", ["pid", "trade_no", "trade_status", "money", "type", "out_trade_no"])
def test_a_signed_notice_that_lacks_a_field_is_refused(name: str) -> None:
    fields = {key: value for key, value in notice().items() if key not in (name, "sign")}

    assert why(fields | {"sign": signing.md5(fields, KEY)}) == "other fields than a notice has"


@pytest.mark.parametrize("sign", ["", "0" * 32, "é" * 16, "c0fd3049d153641b068be460dc00eff4"])
def test_a_wrong_signature_is_refused(sign: str) -> None:
    assert why(notice() | {"sign": sign}) == "wrong signature"


@pytest.mark.parametrize("query", ["", "a", "%ff=1", "pid=1&pid=2", "&".join(f"a{n}=1" for n in range(50))])
def test_what_is_no_form_is_refused(query: str) -> None:
    with pytest.raises(Forged):
        Epay().verify(Wire({}, b"", query, "GET"), account(SITE), clock.now())


def test_a_name_in_the_address_and_again_in_the_body_is_refused() -> None:
    fields = notice()
    with pytest.raises(Forged, match="not understood"):
        Epay().verify(Wire({}, encoded(fields).encode(), "money=0.01", "POST"), account(SITE), clock.now())


def test_nothing_a_buyer_wrote_is_signed(stand: Stand) -> None:
    sent = query_of(stand.start().value.page)

    assert (sent["name"], "param" in sent) == ("订单", False)  # the subject was "Card"


# The second version -------------------------------------------------------------------------------------------------


def second(**changes: str) -> dict[str, str]:
    fields = VECTORS["epay_v2_notify"]["params"] | {"timestamp": str(int(clock.now().timestamp()))} | changes
    return fields | {"sign": signing.sign(pair()[1], fields)}


def test_a_notice_of_the_second_version_needs_the_platforms_key() -> None:
    assert told(second(buyer="2088"), 2).payer == "2088"
    fields = second()
    assert why(fields | {"sign": signing.sign(pair()[0], fields)}, 2) == "wrong signature"
    assert why(fields | {"money": "0.01"}, 2) == "wrong signature"


@pytest.mark.parametrize(("seconds", "is_believed"), [(-290, True), (-600, False), (600, False)])
def test_a_clock_off_by_ten_minutes_believes_no_notice(seconds: int, is_believed: bool) -> None:
    fields = second(timestamp=str(int(clock.now().timestamp()) + seconds))

    if is_believed:
        assert told(fields, 2).paid == Money(100, "CNY")
    else:
        assert why(fields, 2) == "too old"


def test_a_notice_of_something_else_makes_us_ask() -> None:
    assert told(second(trade_status="TRADE_CLOSED"), 2) == Hint("20160806151343349")


def test_only_the_first_version_is_confirmed_first() -> None:
    assert [Epay().confirms_first(account(SITE, version)) for version in (1, 2)] == [True, False]


def test_who_paid_and_the_signature_are_not_kept() -> None:
    fields = second(buyer="2088123412341234", clientip="1.2.3.4")

    for post in (False, True):
        kept = Epay().kept(wire(fields, post=post))
        assert "2088123412341234" not in kept
        assert fields["sign"][:20] not in kept
        assert "out_trade_no=20160806151343349" in kept
    as_json = Epay().kept(Wire({}, b'{"buyer": "20\\"88", "key":7, "name":"x"}'))
    assert as_json == '{"buyer": "…", "key":"…", "name":"x"}'
