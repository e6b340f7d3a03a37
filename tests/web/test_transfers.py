"""Bank transfers through their pages: a shop connects its account, a buyer tells, somebody looks and confirms."""

import html
import re
from io import BytesIO
from typing import Any

import pytest

from app.kit.ids import public
from app.orders.models import Order
from app.payments import queries as paying
from app.web.dispatch import Miaofa
from app.web.shop.placing import token_of
from tests import people
from tests.engines import on_one_engine
from tests.make import PASSWORD, Browser, Shop, make_shop
from tests.payments.transferring import PDF, Counter, connect, picture

EN = {"Accept-Language": "en"}
SETTINGS = {"holder": "Alice Ltd", "bank": "Bank of Alice", "number": "6222 0012 3456 7890", "hours": "48"}


def text_of(answer: Any) -> str:
    found: str = html.unescape(re.sub(r"<[^>]+>|\s+", " ", answer.get_data(as_text=True)))
    return re.sub(r" +", " ", found)


@pytest.fixture
def till(shop: Shop) -> Counter:
    shop.codes(3)
    return Counter(shop, connect(shop))


def page_of(order: Order, shop: Shop) -> str:
    return f"/s/{shop.slug}/o/{token_of(order.id)}"


def upload(browser: Browser, url: str, content: bytes, **more: str) -> Any:
    """Tell of a transfer by the form on the order's page."""
    form = {"csrf_token": browser.token(url), "amount": "19.99", "payer": "Dora", "sent_on": ""} | more
    proof = (BytesIO(content), "slip.png")
    return browser.client.post(f"{url}/transfer", data=form | {"proof": proof}, headers=EN)


@on_one_engine
def test_a_shop_is_paid_by_transfer_from_the_first_form_to_the_code(app: Miaofa) -> None:
    shop = make_shop(app, sandbox=False)
    shop.codes(1)
    alice, dora, office = people.alice(shop), people.dora(shop), f"/office/{shop.slug}"
    new = f"{office}/payments/new/transfer"
    assert alice.post(new, SETTINGS | {"password": PASSWORD}, page=new).status_code == 303
    (method,) = shop.read(paying.list_methods)
    order = shop.place()
    url = page_of(order, shop)

    assert dora.post(f"{url}/payments", {"method": public("pay", method.id)}, page=url).status_code == 303
    seen = text_of(dora.get(url, headers=EN))
    assert all(word in seen for word in ("Waiting for your transfer", "Alice Ltd", SETTINGS["number"], order.number))
    status = re.search(r'hx-get="([^"]*status[^"]*)"', dora.get(url).get_data(as_text=True))
    assert status
    follow = html.unescape(status[1])
    assert dora.get(follow).status_code == 204  # no news
    assert upload(dora, url, picture()).status_code == 303
    assert dora.get(follow).status_code == 200
    assert "The shop is checking your transfer" in text_of(dora.get(url, headers=EN))

    assert order.number in text_of(alice.get(f"{office}/transfers", headers=EN)).replace(" ", "")
    assert "to check" in text_of(alice.get(f"{office}/", headers=EN))
    here = alice.get(f"{office}/transfers?q={order.number}").location
    note = alice.get(f"{office}/notes", headers=EN).get_data(as_text=True)
    assert f'href="{here}"' in note
    seen = alice.get(here, headers=EN).get_data(as_text=True)
    (proof,) = re.findall(r'action="([^"]*/proofs/[^"]*)"', seen)
    (telling,) = set(re.findall(r'name="telling" value="([^"]*)"', seen))
    taken = alice.post(proof, {}, page=here)
    assert (taken.content_type, taken.data[:4], taken.data[8:12]) == ("image/webp", b"RIFF", b"WEBP")
    assert taken.headers["Content-Disposition"].startswith("attachment")
    assert taken.headers["X-Content-Type-Options"] == "nosniff"
    sight = {"amount": "19.99", "reference": "BANK-1", "seen": "0", "telling": telling}
    assert alice.post(f"{here}/confirmation", sight, page=here).status_code == 303
    shop.drain()

    assert "It has arrived" in text_of(dora.get(url, headers=EN))
    again = alice.post(f"{here}/confirmation", sight, page=here, headers=EN)
    assert (again.status_code, "somebody else has decided" in text_of(again)) == (409, True)
    assert "nothing any more" in text_of(alice.get(here, headers=EN))


def test_what_cannot_be_a_proof_is_refused_beside_its_field(till: Counter) -> None:
    shop, dora = till.shop, people.dora(till.shop)
    order = shop.place()
    till.begin(order)
    url = page_of(order, shop)

    for content, more, field in (
        (b"MZ\x90\0" + b"\0" * 99, {}, "proof"),
        (PDF * 200_000, {}, "proof"),  # 7 MB
        (b"\0" * 50_000_000, {}, "proof"),
        (PDF, {"amount": "-1"}, "amount"),
        (PDF, {"amount": "0"}, "amount"),
        (PDF, {"amount": "999999"}, "amount"),
        (PDF, {"amount": "12 USD"}, "amount"),
        (PDF, {"sent_on": "9999-01-01"}, "sent_on"),
    ):
        answer = upload(dora, url, content, **more)
        assert answer.status_code == 422, (field, more, answer.status_code)
        assert f'id="f-{field}-error"' in answer.get_data(as_text=True), (field, more)
    assert till.waiting(order) is None

    form = {"csrf_token": "wrong", "amount": "19.99", "proof": (BytesIO(PDF), "slip.pdf")}
    assert dora.client.post(f"{url}/transfer", data=form).status_code == 409
    forged = url[:-3] + ("aaa" if not url.endswith("aaa") else "bbb")
    assert dora.client.post(f"{forged}/transfer", data=form | {"proof": (BytesIO(PDF), "x")}).status_code in (404, 409)
    assert till.waiting(order) is None


def test_a_buyer_reads_what_is_missing_and_why_a_word_was_rejected(till: Counter) -> None:
    shop, dora = till.shop, people.dora(till.shop)
    order = shop.place()
    till.begin(order)
    url = page_of(order, shop)
    till.confirm(order, 1500)
    seen = text_of(dora.get(url, headers=EN))
    assert "15.00 has come" in seen
    assert "4.99" in seen

    till.reject(order, till.tell(order), "no such money in the bank")

    assert "no such money in the bank" in text_of(dora.get(url, headers=EN))
    staff = people.alice(shop)
    here = f"/office/{shop.slug}/transfers/{public('transfer', till.transfer(order))}"
    seen = text_of(staff.get(here, headers=EN))
    assert "Accept as full payment, or send it back" in seen
    missing = staff.post(f"{here}/confirmation", {"amount": "", "reference": ""}, page=here, headers=EN)
    assert missing.status_code == 422
    assert 'id="f-reference-error"' in missing.get_data(as_text=True)
    till.confirm(order, 499, reference="USED")
    other = shop.place()
    till.begin(other)
    there = f"/office/{shop.slug}/transfers/{public('transfer', till.transfer(other))}"
    twice = staff.post(f"{there}/confirmation", {"amount": "19.99", "reference": "USED"}, page=there, headers=EN)
    assert (twice.status_code, "was confirmed before" in text_of(twice)) == (422, True)


@on_one_engine
def test_who_may_not_match_money_sees_no_transfer(till: Counter) -> None:
    order = till.shop.place()
    till.begin(order)
    telling = public("telling", till.tell(order))
    here = f"/office/{till.shop.slug}/transfers/{public('transfer', till.transfer(order))}"

    for role in ("viewer", "support"):
        bob = people.bob(till.shop, role)
        assert bob.get(here).status_code == 403
        assert bob.client.post(f"{here}/proofs/{telling}").status_code == 403
        assert "/transfers" not in bob.get(f"/office/{till.shop.slug}/").get_data(as_text=True)


@on_one_engine
def test_a_sandbox_has_no_account_that_money_could_be_sent_to(shop: Shop) -> None:
    new = f"/office/{shop.slug}/payments/new/transfer"

    answer = people.alice(shop).post(new, SETTINGS | {"password": PASSWORD}, page=new, headers=EN)

    assert (answer.status_code, "takes no real money" in text_of(answer)) == (403, True)
    assert all(method.provider != "transfer" for method in shop.read(paying.list_methods))
