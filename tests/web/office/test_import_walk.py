"""From a pasted list to its undoing, as somebody of the shop walks it: each page leads on, and none offers nothing."""

import io
import re
from typing import Any

import pytest
from sqlalchemy import select, update

from app.catalog import queries as catalog
from app.inventory import files, queries, service
from app.inventory.models import Code
from app.kit import clock, db
from app.kit.events import SYSTEM
from app.kit.ids import public
from tests import people
from tests.make import Browser, Shop, fresh_code

ENGLISH = {"Accept-Language": "en"}


def text(browser: Browser, path: str) -> str:
    answer = browser.get(path, headers=ENGLISH)
    assert answer.status_code == 200, path
    return str(answer.get_data(as_text=True))


def post(browser: Browser, path: str, form: dict[str, Any], page: str) -> str:
    """Send a form and return where it leads."""
    answer = browser.post(path, form, page=page, headers=ENGLISH)
    assert answer.status_code == 303, answer.get_data(as_text=True)
    return str(answer.location)


def paste(browser: Browser, shop: Shop, codes: str) -> str:
    """Paste a list and check it; returns the address of its numbers."""
    root = f"/office/{shop.slug}/imports"
    form = {"sku": shop.sku, "pasted": codes}
    answer = browser.post(f"{root}/staged", form, page=f"{root}/new", content_type="multipart/form-data")
    assert answer.status_code == 303
    return post(browser, f"{answer.location}/check", {}, answer.location)


def test_the_wizard_asks_for_a_lane_where_there_are_several(shop: Shop) -> None:
    alice = people.alice(shop)
    assert 'name="lane"' not in text(alice, paste(alice, shop, fresh_code()))
    sku = shop.read(lambda: catalog.get_sku(shop.sku).id)
    lane = shop.write(lambda: service.set_lane(sku, name="Agents", steer_days=None, now=clock.now(), by=SYSTEM)).number
    check = paste(alice, shop, fresh_code())
    assert re.search(
        rf'name="lane".*<option value="0" selected>Main pool<.*<option value="{lane}">Agents<', text(alice, check), re.S
    )

    begin = check.removesuffix("check") + "begin"
    assert alice.post(begin, {"lane": "x"}, page=check).status_code == 404
    batch = post(alice, begin, {"lane": lane}, check)

    assert "Agents" in text(alice, batch)
    assert shop.read(lambda: queries.count_by_lane(sku, today=clock.now().date())) == {lane: 1}


def test_an_import_that_was_taken_back_says_so_and_offers_nothing_more(shop: Shop) -> None:
    alice, batch = people.alice(shop), shop.codes(3)
    page = f"/office/{shop.slug}/stock/{public('bat', batch.id)}"
    assert "Undo the import: remove 3 codes" in text(alice, page)

    done = post(alice, f"{page}/undo", {"reason": "wrong file", "count": "3"}, page)

    assert re.search(rf'class="btn btn-primary" href="{page}"', text(alice, done))
    shown = text(alice, page)
    assert "The import was taken back" in shown
    assert 'id="batch-acts"' not in shown
    assert "Its codes now" not in shown
    assert "Read so far" not in shown


def test_a_recalled_batch_is_called_so_and_may_be_released(shop: Shop) -> None:
    alice, batch = people.alice(shop), shop.codes(3)
    page = f"/office/{shop.slug}/stock/{public('bat', batch.id)}"

    post(alice, f"{page}/recall", {"reason": "supplier", "count": "3"}, page)

    assert "Recalled" in text(alice, page)
    post(alice, f"{page}/release", {"reason": "all is well"}, page)
    assert "Recalled<" not in text(alice, page)


def test_a_change_of_many_codes_leads_back_to_the_list_it_was_asked_of(shop: Shop) -> None:
    shop.codes(4)
    shop.write(lambda: db.session().execute(update(Code).where(Code.line < 3).values(tags="vip")))
    alice, root = people.alice(shop), f"/office/{shop.slug}/codes"
    asked = f"{root}/changes/new?action=freeze&tag=vip&status=available"
    assert "This is done with 2 codes" in text(alice, asked)

    form = {"action": "freeze", "tag": "vip", "status": "available", "reason": "look", "count": "2"}
    done = post(alice, f"{root}/changes", form, asked)

    assert f'class="btn btn-primary" href="{root}?tag=vip"' in text(alice, done)
    assert [
        code.frozen for code in shop.read(lambda: db.session().scalars(select(Code).order_by(Code.line)).all())
    ] == [True, True, False, False]


def test_the_recycle_bin_says_what_it_is(shop: Shop) -> None:
    shop.codes(1)
    alice = people.alice(shop)
    assert "The recycle bin" in text(alice, f"/office/{shop.slug}/codes?status=void")
    assert "The recycle bin" not in text(alice, f"/office/{shop.slug}/codes")


def test_a_workbook_beyond_its_limit_is_refused_with_the_limit_that_the_page_says(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(files, "LARGEST_BOOK", 2**20)
    alice, root = people.alice(shop), f"/office/{shop.slug}/imports"
    assert "A workbook may have 64 MB" in text(alice, f"{root}/new")

    form = {"sku": shop.sku, "file": (b"PK\x03\x04" + bytes(2**20), "codes.xlsx")}
    answer = alice.post(f"{root}/staged", upload(form), page=f"{root}/new", headers=ENGLISH)

    assert answer.status_code == 422
    assert "more than 1 MB" in answer.get_data(as_text=True)
    assert "CSV UTF-8" in answer.get_data(as_text=True)


def upload(form: dict[str, Any]) -> dict[str, Any]:
    content, name = form["file"]
    return form | {"file": (io.BytesIO(content), name)}
