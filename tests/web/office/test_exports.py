"""Taking codes in clear, generating and moving them, as people of the shop do it."""

from contextvars import Context

import pytest
from sqlalchemy import func, select
from werkzeug.test import Client

from app.catalog import queries as catalog
from app.catalog.models import Kind
from app.inventory import queries
from app.kit import db, sheets
from app.kit.events import EventRow
from app.kit.ids import public
from app.web.office import exporting
from tests import people
from tests.engines import on_one_engine
from tests.make import PASSWORD, Shop, fresh_code, make_product

ENGLISH = {"Accept-Language": "en"}


@pytest.mark.parametrize("kind", ["xlsx", "txt"])
def test_codes_are_asked_for_and_taken_with_a_password(shop: Shop, kind: str) -> None:
    code = fresh_code()
    shop.imports(code)
    alice, root = people.alice(shop), f"/office/{shop.slug}/exports"
    form = {"reason": "to print it", "password": "wrong password"}
    assert alice.post(root, form, page=f"{root}/new").status_code == 422
    assert alice.post(root, form | {"password": PASSWORD}, page=f"{root}/new").status_code == 303
    (row,) = shop.read(lambda: queries.list_exports(limit=9))
    file, typed = f"{root}/{public('exp', row.id)}/file", {"kind": kind, "password": PASSWORD}
    taken = alice.post(file, typed, page=root, buffered=True)
    assert taken.headers["Cache-Control"] == "no-store"
    rows = list(sheets.read_xlsx(taken.data)) if kind == "xlsx" else [taken.data.decode().split("\t")]
    assert code in rows[-1]
    assert any("alice@" in cell and public("exp", row.id) in cell for cell in rows[-1])
    again = alice.post(file, typed, page=root, buffered=True)
    same = list(sheets.read_xlsx(again.data)) if kind == "xlsx" else [again.data.decode().split("\t")]
    assert same == rows
    page = alice.get(root, headers=ENGLISH).get_data(as_text=True)
    assert "to print it" in page
    assert "Download interrupted?" in page
    assert code not in page


@on_one_engine
def test_a_download_that_is_cut_off_half_way_is_fetched_again(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exporting, "AT_ONCE", 3)
    monkeypatch.setattr(sheets, "ROWS_AT_ONCE", 3)
    ours = [fresh_code() for _ in range(20)]
    shop.imports("\n".join(ours))
    alice, root = people.alice(shop), f"/office/{shop.slug}/exports"
    alice.post(root, {"reason": "to print it", "password": PASSWORD}, page=f"{root}/new")
    (row,) = shop.read(lambda: queries.list_exports(limit=9))
    file, typed = f"{root}/{public('exp', row.id)}/file", {"kind": "txt", "password": PASSWORD}

    token = alice.token(root)
    kept = {"Cookie": "; ".join(f"{cookie.key}={cookie.value}" for cookie in (alice.client._cookies or {}).values())}
    got = Context().run(cut_off, shop, file, typed | {"csrf_token": token}, kept)
    assert 0 < got.count(b"\n") < 20
    assert 0 < reveals(shop) < 20

    whole = alice.post(file, typed, page=root, buffered=True).data

    assert whole.startswith(got)
    assert sorted(line.split("\t")[1] for line in whole.decode().splitlines()) == sorted(ours)
    assert reveals(shop) == 20
    assert alice.post(file, typed | {"password": "wrong password"}, page=root).status_code == 422


def cut_off(shop: Shop, url: str, form: dict[str, str], headers: dict[str, str]) -> bytes:
    """Send a form as a server's thread gets it, take two pieces of the answer, and hang up; return what came."""
    with Client(shop.app, use_cookies=False).post(url, data=form, headers=headers) as torn:
        pieces = torn.iter_encoded()
        return next(pieces) + next(pieces)


def reveals(shop: Shop) -> int:
    query = select(func.count()).select_from(EventRow).where(EventRow.name == "export.revealed")
    return shop.read(lambda: db.session().scalar(query)) or 0


@on_one_engine
def test_codes_are_generated_from_a_form(shop: Shop) -> None:
    alice, root = people.alice(shop), f"/office/{shop.slug}/codes/generation"
    form = {"sku": shop.sku, "pattern": "MF-####-C", "count": "3"}
    refused = alice.post(root, form, page=root)
    assert refused.status_code == 422
    assert alice.post(root, form | {"pattern": "MF-#############-C"}, page=root).status_code == 303
    shop.drain()
    assert shop.pay(shop.place(3))


@on_one_engine
def test_free_codes_are_moved_from_the_list(shop: Shop) -> None:
    other = make_product(shop, kind=Kind.CODE)
    batch = shop.codes(4)
    alice, root = people.alice(shop), f"/office/{shop.slug}/codes/move"
    named = public("bat", batch.id)
    to = sku_of(shop, other)
    form = {"batch": named, "to": to, "count": "4", "reason": "wrong SKU"}
    assert alice.post(root, form | {"count": "3"}, page=f"{root}?batch={named}").status_code == 422
    assert alice.post(root, form, page=f"{root}?batch={named}").status_code == 303
    shop.drain()
    assert shop.pay(shop.place(4, sku=other))


def sku_of(shop: Shop, code: str) -> str:
    return shop.read(lambda: public("sku", catalog.get_sku(code).id))
