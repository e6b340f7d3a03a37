"""What the test gateway refuses, each with words of its own."""

import hashlib
import hmac
import json
import re
import time
from urllib.parse import quote, urlencode

import pytest

from tests.simulators.till import KEY, MERCHANT, SECRET, Shop, Till, served, sign, signed


def test_a_changed_amount_or_currency_under_the_same_order_number_is_refused(till: Till) -> None:
    till.open()

    for change in ({"amount": "1"}, {"currency": "USD"}):
        page = till.open(**change)
        assert (page.status, page.refusal) == (409, "other_amount")
    assert "¥19.99" in till.open().text


@pytest.mark.parametrize("name", ["amount", "subject", "return_url", "out_trade_no", "merchant_no", "timestamp"])
def test_a_start_changed_after_signing_is_refused(till: Till, name: str) -> None:
    query = signed(till.wish())
    changed = re.sub(rf"(^|&){name}=[^&]*", rf"\g<1>{name}=1", query)

    page = till.get(f"/pay?{changed}")

    assert (page.status, page.refusal) == (403, "bad_signature")
    assert "签名" in page.text
    assert "The signature does not match" in page.text


@pytest.mark.parametrize("forged", ["", "0" * 64, "ü", KEY.decode()])
def test_a_made_up_signature_is_refused(till: Till, forged: str) -> None:
    assert till.get(f"/pay?{urlencode(till.wish() | {'sign': forged})}").refusal == "bad_signature"


@pytest.mark.parametrize("minutes", [-16, 16])
def test_a_start_from_another_time_is_refused(till: Till, minutes: int) -> None:
    page = till.open(timestamp=str(int(time.time()) + minutes * 60))

    assert (page.status, page.refusal) == (403, "stale_timestamp")
    assert "15 分钟" in page.text
    assert "15 minutes" in page.text


@pytest.mark.parametrize(
    ("name", "value", "refusal"),
    [
        *[("amount", value, "bad_amount") for value in ("0", "-1", "1.5", "", "01", "1e3", " 1", "１９", "9" * 13)],
        *[("currency", value, "unknown_currency") for value in ("cny", "XXX", "")],
        *[("out_trade_no", value, "bad_out_trade_no") for value in ("", "a" * 31, "a b", "订单", "a\n")],
        *[("merchant_no", value, "bad_merchant") for value in ("", "7 1", "7" * 65)],
        *[("timestamp", value, "bad_timestamp") for value in ("", "now", "1.5", "9" * 13)],
        *[("subject", value, "bad_subject") for value in ("", "   ", "a\nb", "长" * 257)],
    ],
)
def test_each_wrong_value_has_its_own_words(till: Till, name: str, value: str, refusal: str) -> None:
    wish = till.wish(**{name: value})
    key = hmac.new(SECRET.encode(), f"merchant:{wish['merchant_no']}".encode(), hashlib.sha256).hexdigest()
    text = "&".join(f"{name}={wish[name]}" for name in sorted(wish))

    page = till.get(f"/pay?{urlencode(wish | {'sign': sign(text.encode(), key.encode())})}")

    assert (page.status, page.refusal) == (400, refusal)
    assert re.search(r'lang="en">\s*<p><strong>\w', page.text)
    assert re.search(r"<strong>[^<]*[\u4e00-\u9fff]", page.text)


@pytest.mark.parametrize("name", ["notify_url", "return_url"])
@pytest.mark.parametrize(
    "address",
    [
        "",
        "/o/abc",
        "//127.0.0.1/o",
        "javascript:alert(1)",
        "ftp://127.0.0.1/o",
        "http://shop.example/o",
        "http://127.0.0.1@shop.example/o",
        "http://shop.example\\@127.0.0.1/o",
        "http://127.0.0.1.shop.example/o",
        "http://[::1]shop.example/o",
        "http://10.0.0.1/o",
        "http://127.0.0.1:99999/o",
        "http://127.0.0.1:0/o",
        "http://127.0.0.1/a\r\nX: y",
        "http://127.0.0.1/" + "a" * 2000,
    ],
)
def test_addresses_off_this_machine_are_refused(till: Till, name: str, address: str) -> None:
    page = till.open(**{name: address})

    assert (page.status, page.refusal) == (400, "address_refused")
    assert name in page.text
    assert "--allow-host" in page.text


@pytest.mark.parametrize(
    "address", ["http://localhost:8000/o", "http://[::1]:8000/o", "https://127.0.0.2?o", "http://127.0.0.1"]
)
def test_every_loopback_address_is_welcome(till: Till, address: str) -> None:
    assert till.open(return_url=address).state == "waiting"


def test_an_allowed_host_is_welcome_and_no_other(shop: Shop) -> None:
    with served(shop, allowed_hosts=frozenset({"shop.test"})) as till:
        assert till.open(return_url="https://shop.test/o").state == "waiting"
        assert till.open(return_url="https://www.shop.test/o").refusal == "address_refused"


@pytest.mark.parametrize("name", ["merchant_no", "amount", "notify_url", "sign"])
def test_a_missing_parameter_is_named(till: Till, name: str) -> None:
    query = re.sub(rf"(^|&){name}=[^&]*", "", signed(till.wish()))

    page = till.get(f"/pay?{query}")

    assert (page.status, page.refusal) == (400, "missing_parameter")
    assert name in page.text


@pytest.mark.parametrize("tail", ["&amount=1", "&x=%ff", "&a=" * 40])
def test_a_query_with_two_readings_is_refused(till: Till, tail: str) -> None:
    page = till.get(f"/pay?{signed(till.wish())}{tail}")

    assert (page.status, page.refusal) == (400, "malformed")


def test_a_parameter_outside_the_protocol_is_refused(till: Till) -> None:
    assert till.open(extra="1").refusal == "unknown_parameter"


def test_percent_encoding_does_not_matter_to_the_signature(till: Till) -> None:
    wish = till.wish(subject="a b+c/é")
    given = dict(part.split("=", 1) for part in signed(wish).split("&"))

    query = "&".join(f"{name}={value}" for name, value in given.items()).replace("a+b", "a%20b")

    assert till.get(f"/pay?{query}").state == "waiting"
    assert till.get(f"/pay?{query.replace(quote('é'), '%c3%a9')}").state == "waiting"


@pytest.mark.parametrize("token", [None, "", "0" * 64, "ü"])
def test_the_form_needs_its_token(till: Till, shop: Shop, token: str | None) -> None:
    action, _ = till.open().form

    page = till.post(action, {"choice": "pay"} | ({} if token is None else {"token": token}))

    assert (page.status, page.refusal) == (403, "bad_token")
    assert till.ask()["status"] == "waiting"


def test_a_token_opens_only_its_own_trade(till: Till) -> None:
    _, token = till.open().form
    action, _ = till.open(out_trade_no="tdr_0002").form

    assert till.post(action, {"token": token, "choice": "pay"}).refusal == "bad_token"


def test_a_choice_outside_the_form_is_refused(till: Till) -> None:
    action, token = till.open().form

    assert till.post(action, {"token": token, "choice": "steal"}).refusal == "unknown_choice"
    assert till.post(action, {"token": token}).refusal == "unknown_choice"


def test_an_unknown_trade_is_refused_with_words(till: Till) -> None:
    page = till.post("/pay/TG0", {"token": "x", "choice": "pay"})

    assert (page.status, page.refusal) == (404, "unknown_trade")


@pytest.mark.parametrize(("path", "status"), [("/", 404), ("/pay/TG0", 405), ("/nowhere", 404)])
def test_strange_addresses_get_a_page_too(till: Till, path: str, status: int) -> None:
    page = till.get(path)

    assert page.status == status
    assert page.refusal in ("not_found", "not_understood")


def test_a_huge_form_is_refused(till: Till) -> None:
    action, token = till.open().form

    assert till.post(action, {"token": token, "choice": "pay", "x": "a" * 20_000}).status == 413


def test_a_forged_or_stale_query_gets_a_refusal_in_json(till: Till) -> None:
    wish = {"merchant_no": MERCHANT, "out_trade_no": "tdr_0001", "timestamp": str(int(time.time()))}

    forged = till.get(f"/query?{urlencode(wish | {'sign': '0'})}")
    stale = till.get(f"/query?{signed(wish | {'timestamp': '1700000000'})}")

    assert (forged.status, json.loads(forged.text)["error"]) == (403, "bad_signature")
    assert (stale.status, json.loads(stale.text)["error"]) == (403, "stale_timestamp")
    assert "Test-Gateway-Signature" not in forged.headers
