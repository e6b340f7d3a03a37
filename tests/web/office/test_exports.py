"""Taking codes in clear, generating and moving them, as people of the shop do it."""

import pytest

from app.catalog import queries as catalog
from app.catalog.models import Kind
from app.inventory import queries
from app.kit import sheets
from app.kit.ids import public
from tests import people
from tests.make import PASSWORD, Shop, fresh_code, make_product

ENGLISH = {"Accept-Language": "en"}
on_one_engine = pytest.mark.parametrize("engine", ["sqlite"], indirect=True)


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
    again = alice.post(file, typed, page=root)
    assert code not in again.get_data(as_text=True)
    page = alice.get(root, headers=ENGLISH).get_data(as_text=True)
    assert "to print it" in page
    assert code not in page


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
