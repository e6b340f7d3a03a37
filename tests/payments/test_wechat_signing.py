"""WeChat Pay's signatures and seals: the published vectors, the library on the other side, and what is refused."""

import base64
import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from wechatpayv3 import WeChatPay, WeChatPayType

from app.kit import clock
from app.kit.crypto.gcm import open_message
from app.kit.crypto.rsa import is_signed, public_of
from app.kit.money import Money
from app.payments.providers import Account, BadAccount, Forged, Hint, Told, Wire
from app.payments.providers.wechat import REAL, WeChat, invocation
from app.payments.providers.wechat.line import authorization
from app.payments.providers.wechat.reading import opened
from simulators.wechat.keys import make_keys
from tests.payments.wechat import NOTIFY, NUMBER, TRADE, account_of
from tests.simulators.wechat_office import Office, keys, served

FACTS = Path(__file__).parent / "vectors"
VECTORS = json.loads((FACTS / "vectors.json").read_text())
FIELDS_PUBLIC = (FACTS / "vectors_public_key.pem").read_text()
NONCE, AT = "593BEC0C930BF1AFEB40B4A08C8FB242", datetime.fromtimestamp(1554208460, UTC)


@pytest.fixture(scope="module")
def office() -> Iterator[Office]:
    with served(posts=False) as office:
        yield office


@pytest.fixture
def notice(office: Office) -> "Arriving":
    """The notice of a paid order, as it comes."""
    if not office.order(NUMBER):
        body = json.dumps(
            {
                "appid": keys().appid,
                "mchid": keys().mchid,
                "description": "Card",
                "out_trade_no": NUMBER,
                "notify_url": NOTIFY,
                "amount": {"total": 1999, "currency": "CNY"},
            }
        )
        office.gateway.order(body.encode(), "native")
        office.pay(NUMBER, "oBuyer", "ICBC_ECNY")
    office.faults.clear()
    return Arriving(office)


class Arriving:
    """A letter on its way, which somebody may change."""

    def __init__(self, office: Office) -> None:
        self.office = office

    def arrive(self, account: Account | None = None, /, *, body: bytes | None = None, **headers: str | None) -> Any:
        """Let a letter arrive, maybe changed, and return what is believed."""
        letter = self.office.letter(NUMBER)
        given: dict[str, str] = dict(letter.headers)
        for name, value in headers.items():
            given.pop(f"Wechatpay-{name.replace('_', '-').title()}")
            if value is not None:
                given[f"Wechatpay-{name.replace('_', '-').title()}"] = value
        wire = Wire(given, letter.body if body is None else body)
        return WeChat().verify(wire, account or account_of(), clock.now())


# Vectors and the other side --------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["wechat_request_get", "wechat_request_post"])
def test_the_message_we_sign_is_the_one_that_the_vectors_are_made_of(name: str) -> None:
    method, path, _, _, body, _ = VECTORS[name]["message"].split("\n")
    header = authorization(account_of(), method, path, body.encode(), at=AT, nonce=NONCE)
    given = dict(part.split("=", 1) for part in header.partition(" ")[2].split(","))

    assert header.startswith("WECHATPAY2-SHA256-RSA2048 ")
    signed = given["signature"].strip('"')
    assert is_signed(public_of(keys().private_key), VECTORS[name]["message"].encode(), signed)
    assert is_signed(FIELDS_PUBLIC, VECTORS[name]["message"].encode(), VECTORS[name]["rsa_sha256_b64"])


def test_the_call_of_a_page_is_signed_over_four_lines() -> None:
    account = account_of(appid="wx2421b1c4370ec43b")
    call = invocation(account, "wx201410272009395522657a690389285100", at=AT, nonce=NONCE)

    message = VECTORS["wechat_jsapi_paysign"]["message"].encode()
    assert is_signed(public_of(keys().private_key), message, call["paySign"])


def test_the_published_sealed_message_opens() -> None:
    sealed = (
        "4ouITzeV7GmUYUbi3WteHWDS5v8l/lpaFL7/KfnJu4UICxUYlpd6thSPCwTps0mN6y/f7fFCWwhRvp8neRdgu1rdLBiG7viC0LZu42gpIUH"
        "+3TW/O7Y2sDUrxsSBJza0AvIP3J0RfMJafYmXUcguIeg="
    )
    key = b"0123456789abcdef0123456789abcdef"

    text = open_message(key, b"0123456789ab", base64.b64decode(sealed), b"transaction")

    assert json.loads(text)["amount"] == {"total": 1990, "currency": "CNY"}


def test_the_published_callback_is_believed_in_its_minute_and_by_its_merchant() -> None:
    vector = VECTORS["wechat_callback"]
    stamp, nonce, body = vector["message"].rstrip("\n").split("\n")
    headers = {
        "Wechatpay-Timestamp": stamp,
        "Wechatpay-Nonce": nonce,
        "Wechatpay-Signature": vector["rsa_sha256_b64"],
        "Wechatpay-Serial": "PUB_KEY_ID_1",
    }
    changes = {"public_key_id": "PUB_KEY_ID_1", "public_key": FIELDS_PUBLIC}
    account = account_of(api_v3_key="0123456789abcdef0123456789abcdef", **changes)
    _, said = opened(body.encode(), account)
    account = account_of(
        api_v3_key="0123456789abcdef0123456789abcdef", mchid=said["mchid"], appid=said["appid"], **changes
    )
    at = datetime.fromtimestamp(int(stamp) + 5, UTC)

    told = WeChat().verify(Wire(headers, body.encode()), account, at)

    assert isinstance(told, Told)
    assert (told.paid, told.account) == (Money(said["amount"]["total"], "CNY"), said["mchid"])
    with pytest.raises(Forged, match="seconds away"):
        WeChat().verify(Wire(headers, body.encode()), account, at + timedelta(days=1))


def library(office: Office) -> WeChatPay:
    """Return the library as a shop would use it, at our simulator."""
    known = keys()
    made = WeChatPay(
        WeChatPayType.NATIVE,
        known.mchid,
        known.private_key,
        known.serial,
        known.appid,
        known.api_v3_key,
        notify_url=NOTIFY,
        public_key=known.public_key,
        public_key_id=known.public_key_id,
        timeout=(5, 15),
    )
    made._core._gate_way = office.url
    return made


def test_the_library_and_we_read_the_same_notice_alike(notice: Arriving) -> None:
    letter = notice.office.letter(NUMBER)

    theirs = library(notice.office).callback(dict(letter.headers), letter.body)
    ours = WeChat().verify(Wire(letter.headers, letter.body), account_of(), clock.now())

    assert isinstance(ours, Told)
    said = theirs["resource"]
    assert (ours.trade_no, ours.paid.minor, ours.payer, ours.detail) == (
        said["transaction_id"],
        said["amount"]["total"],
        said["payer"]["openid"],
        said["bank_type"],
    )


def test_the_library_signs_a_page_call_as_we_do() -> None:
    call = invocation(account_of(), "wx1", at=AT, nonce=NONCE)
    lines = [call["appId"], call["timeStamp"], call["nonceStr"], call["package"]]

    with served(posts=False) as office:
        assert library(office).sign(lines) == call["paySign"]


def test_the_library_buys_queries_refunds_and_closes_at_our_simulator(office: Office) -> None:
    shop = library(office)

    status, said = shop.pay("Card", "LIBRARY0001", {"total": 1999})
    assert (status, json.loads(said)["code_url"][:9]) == (200, "weixin://")
    office.pay("LIBRARY0001")

    assert json.loads(shop.query(out_trade_no="LIBRARY0001")[1])["trade_state"] == "SUCCESS"
    assert shop.close("LIBRARY0001")[0] == 400
    amount = {"refund": 1999, "total": 1999, "currency": "CNY"}
    given = shop.refund("R0001", amount, out_trade_no="LIBRARY0001", notify_url=NOTIFY)
    assert (given[0], json.loads(given[1])["out_refund_no"]) == (200, "R0001")
    assert json.loads(shop.query_refund("R0001")[1])["status"] == "SUCCESS"


# What is believed, and what is not -------------------------------------------------------------------------------


def test_a_notice_tells_what_was_paid_how_and_by_whom(notice: Arriving) -> None:
    order = notice.office.order(NUMBER)
    assert order

    told = notice.arrive()

    paid = Money(1999, "CNY")
    assert told == Told(TRADE.trade, order["transaction_id"], keys().mchid, paid, "ICBC_ECNY", "oBuyer")


@pytest.mark.parametrize("missing", ["timestamp", "nonce", "signature", "serial"])
def test_a_notice_without_one_of_its_headers_is_refused(notice: Arriving, missing: str) -> None:
    with pytest.raises(Forged, match="not signed"):
        notice.arrive(**{missing: None})


def test_the_kind_of_signature_may_be_unsaid_but_not_another(notice: Arriving) -> None:
    assert isinstance(notice.arrive(signature_type=None), Told)
    with pytest.raises(Forged, match="another kind"):
        notice.arrive(signature_type="WECHATPAY2-SM2-WITH-SM3")


def test_a_probe_with_a_false_signature_is_refused(notice: Arriving) -> None:
    with pytest.raises(Forged, match="probe"):
        notice.arrive(signature="WECHATPAY/SIGNTEST/abc")


@pytest.mark.parametrize("serial", ["PUB_KEY_ID_0000000000", "5157F09EFDC096DE15EBE81A47057A7232F1B8E1", "é\n"])
def test_a_serial_we_do_not_know_is_refused_and_nothing_is_fetched(notice: Arriving, serial: str) -> None:
    with pytest.raises(Forged, match="another key than the one entered"):
        notice.arrive(serial=serial)


@pytest.mark.parametrize("signature", ["", "AAAA", "not base64", "é" * 300])
def test_a_wrong_signature_is_refused(notice: Arriving, signature: str) -> None:
    with pytest.raises(Forged):
        notice.arrive(signature=signature)


@pytest.mark.parametrize(("seconds", "believed"), [(-299, True), (299, True), (-302, False), (302, False)])
def test_five_minutes_either_way_are_believed_and_no_more(notice: Arriving, seconds: int, believed: bool) -> None:
    letter = notice.office.letter(NUMBER)
    at = datetime.fromtimestamp(int(letter.headers["Wechatpay-Timestamp"]) + seconds, UTC)

    if believed:
        assert isinstance(WeChat().verify(Wire(letter.headers, letter.body), account_of(), at), Told)
    else:
        with pytest.raises(Forged, match="away from our clock"):
            WeChat().verify(Wire(letter.headers, letter.body), account_of(), at)


@pytest.mark.parametrize("stamp", ["", "yesterday", "9" * 30, "-1", "٣"])
def test_a_time_that_is_none_is_refused(notice: Arriving, stamp: str) -> None:
    with pytest.raises(Forged):
        notice.arrive(timestamp=stamp)


def test_a_changed_body_no_longer_fits(notice: Arriving) -> None:
    letter = notice.office.letter(NUMBER)

    with pytest.raises(Forged, match="wrong signature"):
        notice.arrive(body=letter.body.replace(b"TRANSACTION", b"TRANSACTIOM"))


@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        ("missealed", "not sealed with our APIv3 key"),
        ("other_merchant", "another merchant"),
        ("other_app", "another app"),
        ("forged", "wrong signature"),
        ("stale", "away from our clock"),
    ],
)
def test_what_is_not_meant_for_us_is_refused(notice: Arriving, fault: str, reason: str) -> None:
    notice.office.ill(fault, on="notice", times=1)

    with pytest.raises(Forged, match=reason):
        notice.arrive()


@pytest.mark.parametrize("event", ["REFUND.SUCCESS", "REFUND.ABNORMAL", "REFUND.CLOSED"])
def test_news_of_a_refund_pays_nothing_and_makes_us_ask(event: str) -> None:
    said = {"mchid": keys().mchid, "out_trade_no": NUMBER, "out_refund_no": "BACK1", "refund_status": event[7:]}

    assert sealed(event, said) == Hint(trade=TRADE.trade, payback="BACK1")


def test_news_we_do_not_know_pays_nothing() -> None:
    assert sealed("PAPAY.SIGN", {"mchid": keys().mchid}) == Hint()


@pytest.mark.parametrize("state", ["NOTPAY", "CLOSED", "PAYERROR", None])
def test_a_payment_that_did_not_succeed_pays_nothing(state: str | None) -> None:
    said = {"mchid": keys().mchid, "appid": keys().appid, "out_trade_no": NUMBER, "trade_state": state}

    assert sealed("TRANSACTION.SUCCESS", said) == Hint(trade=TRADE.trade)


@pytest.mark.parametrize(
    "amount", [None, {}, {"total": "1999", "currency": "CNY"}, {"total": 19.99, "currency": "CNY"}, {"total": 1999}]
)
def test_a_payment_of_no_amount_is_refused(amount: object) -> None:
    said = {"mchid": keys().mchid, "appid": keys().appid, "out_trade_no": NUMBER, "trade_state": "SUCCESS"}

    with pytest.raises(Forged, match="not understood"):
        sealed("TRANSACTION.SUCCESS", said | {"transaction_id": "42", "amount": amount})


@pytest.mark.parametrize(
    "body", [b"", b"{", b"[]", b"null", b'{"resource":{}}', b'{"resource":{"algorithm":"AEAD_AES"}}']
)
def test_a_signed_body_that_is_no_notice_is_refused(notice: Arriving, body: bytes) -> None:
    headers = notice.office.gateway.sender.writer.signed(body, place="x")

    with pytest.raises(Forged):
        WeChat().verify(Wire(headers, body), account_of(), clock.now())


def sealed(event: str, said: dict[str, Any]) -> Told | Hint:
    """Let WeChat say something, and return what we make of it."""
    nonce, kind = b"0123456789ab", "transaction"
    resource = {
        "algorithm": "AEAD_AES_256_GCM",
        "ciphertext": keys().seal(json.dumps(said).encode(), nonce, b""),
        "nonce": nonce.decode(),
        "associated_data": "",
        "original_type": kind,
    }
    body = json.dumps({"id": "EV-1", "event_type": event, "resource": resource}).encode()
    stamp = str(int(clock.now().timestamp()))
    headers = {
        "wechatpay-timestamp": stamp,
        "wechatpay-nonce": "n",
        "wechatpay-signature": keys().sign(f"{stamp}\nn\n".encode() + body + b"\n"),
        "wechatpay-serial": keys().public_key_id,
    }
    return WeChat().verify(Wire(headers, body), account_of(), clock.now())


# What a merchant enters ------------------------------------------------------------------------------------------


def test_what_was_copied_rightly_is_taken_also_as_bare_base64() -> None:
    known = keys()
    for changes in (
        {},
        {"certificate": "", "serial": known.serial.lower()},
        {"serial": known.serial},
        {"private_key": bare(known.private_key), "public_key": bare(known.public_key)},
        {"jsapi": "no", "app_secret": ""},
    ):
        WeChat(REAL).check(account_of(**changes))


def bare(pem: str) -> str:
    return "".join(pem.strip().splitlines()[1:-1])


OTHER = make_keys()


@pytest.mark.parametrize(
    ("changes", "field", "word"),
    [
        ({"mchid": "12345"}, "mchid", "8 to 10 digits"),
        ({"appid": "1900007291"}, "appid", "wx"),
        ({"public_key_id": "5157F09EFDC096DE15EBE81A47057A7232F1B8E1"}, "public_key_id", "PUB_KEY_ID_"),
        ({"api_v3_key": "short"}, "api_v3_key", "exactly 32"),
        ({"api_v3_key": "é" * 32}, "api_v3_key", "exactly 32"),
        ({"private_key": "nonsense"}, "private_key", "apiclient_key.pem"),
        ({"private_key": keys().certificate}, "private_key", "apiclient_key.pem"),
        ({"private_key": OTHER.private_key}, "private_key", "does not belong to the certificate"),
        ({"certificate": "nonsense"}, "certificate", "apiclient_cert.pem"),
        ({"certificate": "", "serial": ""}, "serial", "serial number here"),
        ({"serial": OTHER.serial}, "serial", "another certificate"),
        ({"public_key": "nonsense"}, "public_key", "pub_key.pem"),
        ({"public_key": public_of(keys().private_key)}, "public_key", "your own key"),
        ({"public_key": keys().certificate}, "public_key", "your own key"),
        ({"public_key": OTHER.certificate}, "public_key", "certificate"),
        ({"app_secret": ""}, "app_secret", "needs the app secret"),
    ],
)
def test_a_field_that_cannot_work_is_named_and_how_to_mend_it(changes: dict[str, str], field: str, word: str) -> None:
    with pytest.raises(BadAccount) as refused:
        WeChat(REAL).check(account_of(**changes))

    assert refused.value.field == field
    assert word in refused.value.message


def test_an_expired_certificate_is_refused() -> None:
    with clock.running(lambda: clock._system() + timedelta(days=2000)), pytest.raises(BadAccount) as refused:
        WeChat(REAL).check(account_of())

    assert refused.value.field == "certificate"


def test_every_secret_field_is_sealed_and_every_word_is_said() -> None:
    secret = {field.name for field in WeChat.fields if field.is_secret}

    assert secret == {"certificate", "private_key", "public_key", "api_v3_key", "app_secret"}
    assert all(field.label and field.help for field in WeChat.fields)
