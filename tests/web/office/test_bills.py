"""The page of channel bills: upload, sums that open their lines, one thing to do about each difference."""

from io import BytesIO
from typing import Any

import pytest

from app.kit import clock
from app.kit.ids import public
from tests.finance.bills import Billed, Item, alipay_zip, wechat_csv
from tests.finance.test_bills import gateway as gateway
from tests.finance.test_bills import lines, sell, today
from tests.make import Browser, Shop


@pytest.fixture
def alice(shop: Shop) -> Browser:
    browser = shop.client()
    browser.sign_in(shop.owner)
    return browser


def bills(shop: Shop) -> str:
    return f"/office/{shop.slug}/bills"


def upload(shop: Shop, browser: Browser, data: bytes, **more: str) -> Any:
    form = {"of_method": public("pay", shop.method_id), "of_day": "", **more, "file": (BytesIO(data), "bill.zip")}
    return browser.post(f"{bills(shop)}/upload", form, page=bills(shop), content_type="multipart/form-data")


def text(answer: Any) -> str:
    found: str = answer.get_data(as_text=True)
    return found


def test_a_bill_is_uploaded_read_and_its_sums_open_their_lines(shop: Shop, alice: Browser) -> None:
    _, item = sell(shop, "T1")
    strange = Item("STRANGE-9", "0" * 26, 500, 3, clock.now())

    answer = upload(shop, alice, alipay_zip([item, strange]))
    assert answer.status_code == 303
    shown = text(alice.get(answer.location))
    assert "outcome=matched" in shown
    assert "outcome=theirs_only" in shown
    assert "STRANGE-9" in text(alice.get(f"{answer.location}&outcome=theirs_only"))
    assert "STRANGE-9" not in text(alice.get(f"{answer.location}&outcome=matched"))
    assert "STRANGE-9" in text(alice.get(f"/office/{shop.slug}/lists/bill_lines/export?kind=csv&open=1", buffered=True))


@pytest.mark.parametrize("data", [b"\x89PNG\r\n", b"name,price\n", b""])
def test_a_wrong_file_is_refused_beside_its_field(shop: Shop, alice: Browser, data: bytes) -> None:
    answer = upload(shop, alice, data)

    assert answer.status_code == 422
    assert 'id="file-error"' in text(answer) or "file" in text(answer)
    assert "Traceback" not in text(answer)


def test_a_bill_of_another_day_says_its_own(shop: Shop, alice: Browser) -> None:
    _, item = sell(shop, "T1")
    answer = upload(shop, alice, wechat_csv([item]), of_day="2026-01-05")

    assert answer.status_code == 422
    assert today().isoformat() in text(answer)


def test_a_difference_is_let_count_or_explained(shop: Shop, alice: Browser) -> None:
    upload(shop, alice, alipay_zip([Item("T8", "0" * 26, 500, 3, clock.now()), Item("T9", "", 700, 0, clock.now())]))
    first, second = lines(shop)
    here = f"{bills(shop)}/lines"

    empty = alice.post(f"{here}/{public('bln', first.id)}/explain", {"note": ""}, page=here)
    assert empty.status_code == 422
    said = alice.post(f"{here}/{public('bln', first.id)}/explain", {"note": "cash"}, page=here)
    back = alice.post(f"{here}/{public('bln', second.id)}/return", {}, page=here)
    again = alice.post(f"{here}/{public('bln', first.id)}/count", {}, page=here)

    assert (said.status_code, back.status_code, again.status_code) == (303, 303, 409)
    assert [line.is_open for line in lines(shop)] == [False, False]
    assert "cash" in text(alice.get(here))


def test_a_gateway_is_asked_for_a_bill_while_somebody_waits(shop: Shop, alice: Browser, gateway: Any) -> None:
    billed: Billed = gateway("not offered")
    form = {"method": public("pay", shop.method_id), "day": "2026-01-05"}
    answer = alice.post(f"{bills(shop)}/fetch", form, page=bills(shop))

    assert answer.status_code == 303
    assert [day.isoformat() for day in billed.asked] == ["2026-01-05"]
    assert "2026-01-05" in text(alice.get(bills(shop)))
    late = alice.post(f"{bills(shop)}/fetch", form | {"day": "2099-01-01"}, page=bills(shop))
    assert late.status_code == 422
