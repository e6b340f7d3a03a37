"""The life of a code and of a batch in the office: found, told in one sentence, changed with a reason."""

import re
from io import BytesIO
from typing import Any

from app.entitlements.queries import list_of_order
from app.inventory.models import Batch, Code, Status
from app.kit import clock
from app.kit.events import SYSTEM
from app.kit.ids import public
from app.refunds import service as refunds
from app.web.dispatch import Miaofa
from tests import people
from tests.engines import on_one_engine
from tests.inventory.life import code as code_now
from tests.inventory.life import codes_of, counts, sold
from tests.make import Browser, Shop

WHOLE = "AB3D-7K2Q-9FHT-4MXC"
FOUND = re.compile(r"/codes/cod_\w+")


def at(shop: Shop, path: str = "") -> str:
    return f"/office/{shop.slug}{path}"


def of_code(shop: Shop, code: Code) -> str:
    return at(shop, f"/codes/{public('cod', code.id)}")


def of_batch(shop: Shop, batch: Batch) -> str:
    return at(shop, f"/stock/{public('bat', batch.id)}")


def page(browser: Browser, path: str) -> str:
    answer = browser.get(f"{path}{'&' if '?' in path else '?'}lang=en")
    assert answer.status_code == 200, answer.get_data(as_text=True)[-1500:]
    return " ".join(re.sub(r"<[^>]+>", " ", answer.get_data(as_text=True)).split())


def find(shop: Shop, browser: Browser, text: str) -> str:
    """Search for a text, and return where that led."""
    return str(browser.post(at(shop, "/codes/find"), {"q": text}, page=at(shop, "/codes")).headers["Location"])


def test_a_code_is_found_by_itself_however_it_is_spelled_and_stands_in_no_address(shop: Shop) -> None:
    (only,) = codes_of(shop, shop.imports(WHOLE))
    alice = people.alice(shop)

    for text in (WHOLE, WHOLE.lower(), WHOLE.replace("-", " ")):
        where = find(shop, alice, text)
        assert where == of_code(shop, only)
    assert WHOLE not in page(alice, where)


@on_one_engine
def test_codes_are_found_by_their_end_an_order_or_a_contact(shop: Shop) -> None:
    shop.imports(WHOLE)
    order = shop.place(contact="dora@example.com")
    assert shop.pay(order)
    shop.codes(2)
    alice = people.alice(shop)

    for text in ("4mxc", order.number, "Dora@example.com"):
        where = find(shop, alice, text)
        assert "dora" not in where
        assert len(set(FOUND.findall(alice.get(where).get_data(as_text=True)))) == 1
    page(alice, at(shop, "/codes"))  # in English from here on
    assert "No code, order or contact" in page(alice, find(shop, alice, "nobody@example.com"))


@on_one_engine
def test_one_sentence_says_how_a_code_stands_and_its_life_is_told(shop: Shop) -> None:
    shop.imports(WHOLE)
    order, owned = sold(shop)
    alice, here = people.alice(shop), at(shop, f"/codes/{public('cod', owned.code_id)}")  # type: ignore[arg-type]

    text = page(alice, here)

    assert f"Sold to {order.contact_mask} on" in text
    assert "Not opened yet · not redeemed." in text
    for step in ("Imported", "Order placed, stock held", "Payment arrived", "Codes delivered"):
        assert step in text
    assert WHOLE not in text


@on_one_engine
def test_a_code_is_frozen_unfrozen_void_and_restored_with_a_reason(shop: Shop) -> None:
    (only,) = codes_of(shop, shop.codes(1))
    alice, here = people.alice(shop), of_code(shop, only)

    refused = alice.post(f"{here}/freeze?lang=en", {"reason": ""}, page=here)
    assert (refused.status_code, code_now(shop, only.id).frozen) == (422, False)
    for verb, status in (("freeze", "Frozen"), ("unfreeze", "For sale"), ("void", "Void"), ("restore", "For sale")):
        assert alice.post(f"{here}/{verb}", {"reason": f"why {verb}"}, page=here).status_code == 303
        text = page(alice, here)
        assert status in text
        assert f"why {verb}" in text
    assert alice.post(f"{here}/restore", {"reason": "x"}, page=here).status_code == 409


@on_one_engine
def test_a_code_that_a_refund_set_aside_is_put_back_alone_or_with_its_list(shop: Shop) -> None:
    shop.codes(2)
    order = shop.place(2)
    assert shop.pay(order)
    shop.write(lambda: refunds.refund(order.id, reason="", now=clock.now(), by=SYSTEM))
    alice, bob = people.alice(shop), people.bob(shop)
    one, two = (item.code_id for item in shop.read(lambda: list_of_order(order.id)))
    here = at(shop, f"/codes/{public('cod', one)}")  # type: ignore[arg-type]
    assert "its buyer never saw it" in page(alice, here)

    assert bob.post(f"{here}/put-back", {"reason": "x"}, page=at(shop, "/codes")).status_code in (403, 404)
    assert alice.post(f"{here}/put-back", {"reason": ""}, page=here).status_code == 422
    assert alice.post(f"{here}/put-back", {"reason": "never seen"}, page=here).status_code == 303
    assert "Code back in stock" in page(alice, here)
    listed = at(shop, "/codes?status=quarantined")
    assert "action=restock" in alice.get(listed).get_data(as_text=True)
    said = {"action": "restock", "status": "quarantined", "count": "1", "reason": "all well"}
    assert "1 code" in page(alice, at(shop, "/codes/changes/new?action=restock&status=quarantined"))
    assert alice.post(at(shop, "/codes/changes"), said, page=listed).status_code == 303

    assert code_now(shop, two).status is Status.FREE  # type: ignore[arg-type]


@on_one_engine
def test_a_sold_code_is_replaced_and_each_tells_of_the_other_life(shop: Shop) -> None:
    shop.imports(WHOLE)
    _, owned = sold(shop)
    shop.codes(1)
    alice, here = people.alice(shop), at(shop, f"/codes/{public('cod', owned.code_id)}")  # type: ignore[arg-type]

    answer = alice.post(f"{here}/replace", {"reason": "does not work"}, page=here)

    assert answer.status_code == 303
    assert answer.headers["Location"] != here
    new = page(alice, answer.headers["Location"])
    assert "Sold to" in new
    assert "Given in place of another code" in new
    assert "The code it replaced" in new
    old = page(alice, here)
    assert "Set aside" in old
    assert "Code replaced by another" in old
    assert "The code its buyer has now" in old
    assert "does not work" in old


@on_one_engine
def test_a_list_is_changed_by_its_filter_after_its_count_was_confirmed(shop: Shop) -> None:
    one, two = shop.codes(3), shop.codes(2)
    alice = people.alice(shop)
    asked = at(shop, f"/codes/changes/new?action=freeze&batch={public('bat', one.id)}")
    assert "This is done with 3 codes" in page(alice, asked)
    form = {"action": "freeze", "batch": public("bat", one.id), "reason": "recall"}

    grown = alice.post(at(shop, "/codes/changes"), form | {"count": "2"}, page=asked)
    done = alice.post(at(shop, "/codes/changes"), form | {"count": "3"}, page=asked)

    assert (grown.status_code, done.status_code) == (409, 303)
    assert (counts(shop, one), counts(shop, two)) == ({"frozen": 3}, {"available": 2})
    assert "3 of 3 codes" in page(alice, done.headers["Location"])


@on_one_engine
def test_what_was_found_by_an_order_is_not_changed_by_a_list_that_is_wider(shop: Shop) -> None:
    shop.codes(2)
    order, _ = sold(shop)
    alice = people.alice(shop)

    answer = alice.get(at(shop, f"/codes/changes/new?action=freeze&order={public('ord', order.id)}"))

    assert answer.status_code == 404


@on_one_engine
def test_support_sees_the_life_of_a_code_and_changes_nothing(shop: Shop) -> None:
    (only,) = codes_of(shop, shop.codes(1))
    bob, here = people.bob(shop, "support"), of_code(shop, only)

    assert "What can be done" not in page(bob, here)
    assert bob.post(f"{here}/void", {"reason": "x"}, page=at(shop, "/codes")).status_code == 403


def test_the_counts_of_a_batch_open_just_those_codes(shop: Shop) -> None:
    batch = shop.codes(3)
    sold(shop)
    alice = people.alice(shop)

    text = alice.get(of_batch(shop, batch)).get_data(as_text=True)
    opened = alice.get(at(shop, f"/codes?batch={public('bat', batch.id)}&status=available")).get_data(as_text=True)

    assert f"batch={public('bat', batch.id)}&amp;status=available" in text
    assert len(set(FOUND.findall(opened))) == 2


@on_one_engine
def test_a_batch_is_corrected_and_its_codes_follow(shop: Shop) -> None:
    batch = shop.codes(2)
    alice, here = people.alice(shop), f"{of_batch(shop, batch)}/edit"
    form = {"name": "Spring", "supplier": "Wei", "cost": "12.50", "expires": "2031-01-31", "rank": "2", "tags": "vip"}

    odd = alice.post(here, form | {"cost": "much", "name": ""}, page=here)
    saved = alice.post(here, form, page=here)

    assert (odd.status_code, saved.status_code) == (422, 303)
    assert {(code.cost, str(code.expires_on)) for code in codes_of(shop, batch)} == {(1250, "2031-01-31")}
    text = page(alice, of_batch(shop, batch))
    assert "Spring" in text
    assert "Wei" in text
    assert "Facts of the batch changed" in text
    assert "Spring" in page(alice, at(shop, "/stock?supplier=Wei&tag=vip"))
    alice.post(here, form | {"cost": "12"}, page=here)
    assert "CN¥12.50 → CN¥12.00" in page(alice, of_batch(shop, batch))


@on_one_engine
def test_a_batch_is_recalled_released_and_undone(shop: Shop) -> None:
    batch = shop.codes(2)
    alice, here = people.alice(shop), of_batch(shop, batch)

    assert "Recall: freeze 2 codes" in page(alice, here)
    alice.post(f"{here}/recall", {"reason": "stolen", "count": "2"}, page=here)
    assert counts(shop, batch) == {"frozen": 2}
    assert "Release the recall" in page(alice, here)
    alice.post(f"{here}/release", {"reason": "not stolen", "count": "0"}, page=here)
    assert counts(shop, batch) == {"available": 2}
    alice.post(f"{here}/undo", {"reason": "wrong file", "count": "2"}, page=here)

    assert counts(shop, batch) == {}
    assert "Import undone" in page(alice, here)


def test_a_paper_is_filed_and_downloaded_by_whoever_may(shop: Shop) -> None:
    batch = shop.codes(1)
    alice, bob, here = people.alice(shop), people.bob(shop), of_batch(shop, batch)

    def send(content: bytes, name: str = "合同.pdf") -> Any:
        form = {"csrf_token": alice.token(here), "paper": (BytesIO(content), name)}
        return alice.client.post(f"{here}/proofs", data=form, content_type="multipart/form-data")

    assert send(b"<html>").status_code == 422
    assert send(b"%PDF-1.7 " + b"x" * 6_000_000).status_code == 422
    assert send(b"%PDF-1.7 paper").status_code == 303
    paper = re.findall(r"/proofs/prf_\w+", alice.get(here).get_data(as_text=True))[0]
    taken = alice.post(f"{here}{paper}", {}, page=here)

    assert (taken.get_data(), taken.mimetype) == (b"%PDF-1.7 paper", "application/pdf")
    assert "no-store" in taken.headers["Cache-Control"]
    assert "attachment" in taken.headers["Content-Disposition"]
    assert "Document of origin downloaded" in page(alice, here)
    assert bob.post(f"{here}{paper}", {}, page="/office/account").status_code == 403


@on_one_engine
def test_a_frozen_code_is_not_shown_to_its_buyer(shop: Shop, app: Miaofa) -> None:
    (only,) = codes_of(shop, shop.imports(WHOLE))
    sold(shop)
    alice, here = people.alice(shop), of_code(shop, only)

    alice.post(f"{here}/freeze", {"reason": "stolen"}, page=here)

    assert "its buyer cannot open it" in page(alice, here)
