"""Moving in: what comes, what stays behind and why, on both engines, from dumps as the systems publish them."""

import csv
import logging
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest

from app.catalog import queries as catalog
from app.catalog.queries import Kind, ProductStatus, Source
from app.inventory import queries as inventory
from app.kit import sheets
from app.kit.ids import new_id
from app.kit.secret import Secret
from app.migration import service
from app.migration.service import SHAPES
from tests import people
from tests.commands.test_commands import run
from tests.engines import on_one_engine
from tests.make import Shop
from tests.migration.dumps import ACG, DUJIAOKA

ENGLISH = {"Accept-Language": "en"}

Write = Callable[[str, str], tuple[str, str]]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Write a file with a mark of its own in it, and return its name and the mark."""

    def write(name: str, text: str) -> tuple[str, str]:
        mark = new_id().hex[-10:].upper()
        (tmp_path / name).write_text(text.replace("{mark}", mark), "utf-8")
        return str(tmp_path / name), mark

    return write


def left(said: dict[str, Any]) -> dict[tuple[str, str], int]:
    return {(one["what"], one["why"]): one["count"] for one in said["left_out"]}


def counted(shop: Shop) -> tuple[int, ...]:
    return shop.read(lambda: (len(catalog.list_skus()), catalog.count_products()))


def test_a_dry_run_tells_all_and_writes_nothing(shop: Shop, write: Write, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    (file, mark), before = write("dump.sql", DUJIAOKA), counted(shop)

    code, said, stderr = run(shop.app, "migrate-in", "dujiaoka", file, "--shop", shop.slug, "--dry-run")

    assert code == 0, stderr
    assert (said["products"], said["orders_not_taken"]) == (4, 1)
    assert said["codes"] == {"total": 4, "shared": 0, "new": 3, "in_file": 1, "in_stock": 0, "invalid": 0}
    reasons = left(said)
    assert reasons["code", "sold already"] == 1
    assert reasons["code", "of several lines"] == 1
    assert reasons["code", "deleted there"] == 1
    assert reasons["code", "of a product that is not in the file"] == 1
    assert reasons["code", "sold again and again there; say how often each may be sold"] == 1
    assert reasons["product", "deleted there"] == 1
    assert counted(shop) == before
    assert mark not in caplog.text + stderr + str(said)


def test_dujiaoka_comes_in_by_the_normal_import(shop: Shop, write: Write, tmp_path: Path) -> None:
    file, mark = write("dump.sql", DUJIAOKA)
    orders = str(tmp_path / "orders.csv")
    arguments = ["migrate-in", "dujiaoka", file, "--shop", shop.slug, "--uses", "25"]

    code, said, stderr = run(shop.app, *arguments, "--orders", orders)

    assert code == 0, stderr
    assert said["codes"]["imported"] == 3
    assert (said["codes"]["duplicate_in_file"], said["codes"]["shared"]) == (1, 1)
    assert shop.stock("DJ-1")["available"] == 2
    kinds = shop.read(
        lambda: {sku.code: (sku.kind, sku.source) for sku in catalog.list_skus() if sku.code[:3] == "DJ-"}
    )
    assert kinds == {
        "DJ-1": (Kind.CODE, Source.POOL),
        "DJ-2": (Kind.ACCOUNT, Source.POOL),
        "DJ-3": (Kind.CODE, Source.SHARED),
        "DJ-4": (Kind.CODE, Source.MANUAL),
    }
    product = shop.read(lambda: catalog.find_product("dj-1"))
    assert product
    assert product.status is ProductStatus.DRAFT
    rows = list(csv.reader(Path(orders).read_text("utf-8-sig").splitlines()))
    assert rows == [["number", "total", "at"], [f"SN{mark}1", "19.90", "2024-02-03 04:05:06"]]

    code, again, _ = run(shop.app, *arguments)
    assert (code, again["products"], again["products_there"]) == (0, 0, 4)
    assert (again["codes"]["imported"], again["codes"]["duplicate_in_stock"]) == (0, 3)
    assert (again["codes"]["shared"], again["codes"]["shared_known"]) == (0, 1)


def test_codes_are_in_stock_as_they_were_written(shop: Shop, write: Write) -> None:
    file, mark = write("dump.sql", DUJIAOKA)
    run(shop.app, "migrate-in", "dujiaoka", file, "--shop", shop.slug)

    assert has(shop, "DJ-1", f"DJ-A'1-{mark}")
    assert has(shop, "DJ-1", f"DJ-A;2),(\\-{mark}")
    assert has(shop, "DJ-2", f"me{mark}@example.com", "pa'ss,1")
    assert not has(shop, "DJ-2", f"me{mark}@example.com", "pa''ss,1")


def test_acg_faka_comes_with_its_variants_and_what_they_cost(shop: Shop, write: Write) -> None:
    file, mark = write("acg.sql", ACG)

    code, said, stderr = run(shop.app, "migrate-in", "acg-faka", file, "--shop", shop.slug)

    assert code == 0, stderr
    assert (said["products"], said["skus"], said["orders_not_taken"], said["codes"]["imported"]) == (1, 2, 1, 2)
    assert left(said) == {("code", "of another merchant there"): 1, ("code", "locked for a buyer"): 1}
    prices = shop.read(lambda: [(sku.code, sku.price.major) for sku in catalog.list_skus() if sku.code[:4] == "ACG-"])
    assert prices == [("ACG-7-1", "9.00"), ("ACG-7-2", "88.00")]
    assert has(shop, "ACG-7-2", f"ACG-Y1-{mark}")


def test_tables_of_ones_own_come_as_csv_with_expiry_and_tags(shop: Shop, write: Write) -> None:
    goods, mark = write(
        "goods.csv", "商品编号,名称,价格,成本,类型\nS-{mark},礼品卡,100,91.5,卡号\nBAD NUMBER,x,1,0,\nS-9,y,free,0,\n"
    )
    codes = Path(goods).with_name("codes.csv")
    codes.write_text(f"sku,number,pin,expires,tags\nS-{mark},N-1-{mark},0042,2099-01-31,vip\nS-{mark},N-2-{mark},,,\n")

    files = [str(codes), goods]  # in any order
    code, said, stderr = run(shop.app, "migrate-in", "sheet", *files, "--shop", shop.slug)

    assert code == 0, stderr
    assert (said["codes"]["imported"], said["codes"]["invalid"]) == (1, 1)
    assert has(shop, f"S-{mark}", f"N-1-{mark}", "0042")
    assert left(said) == {
        ("product", "with a number that can be no SKU"): 1,
        ("product", "with a price that is none in this shop's currency"): 1,
    }


@pytest.mark.parametrize("text", ["hello\nworld\n", "", "\0\0\0", "CREATE TABLE `x` (\n `id` int\n);"])
@on_one_engine
def test_a_file_without_anything_known_is_refused_in_words(shop: Shop, write: Write, text: str) -> None:
    code, said, _ = run(shop.app, "migrate-in", "dujiaoka", write("x.sql", text)[0], "--shop", shop.slug)

    assert (code, said["error"]) in {(1, "nothing_known"), (1, "unreadable_table")}


@on_one_engine
def test_a_dump_that_is_cut_off_leaves_nothing_behind(shop: Shop, write: Write) -> None:
    file, _ = write("cut.sql", DUJIAOKA[: DUJIAOKA.index("DJ-LOOP")])
    before = counted(shop)

    code, said, stderr = run(shop.app, "migrate-in", "dujiaoka", file, "--shop", shop.slug)

    assert (code, said["error"]) == (1, "broken_dump")
    assert "DJ-A" not in stderr + str(said)
    assert counted(shop) == before


def test_the_page_looks_first_and_then_takes_over(shop: Shop) -> None:
    alice, root, mark = people.alice(shop), f"/office/{shop.slug}/migration", new_id().hex[-10:].upper()
    book = b"".join(sheets.xlsx_file(["sku", "name", "price"], [[f"X-{mark}", "Gift <b>", "5.00"]]))

    def send(path: str, content: bytes, **form: str) -> Any:
        typed = {"csrf_token": alice.token(root), "system": "sheet"} | form
        return alice.client.post(
            path,
            data=typed | {"file": (BytesIO(content), "x")},
            content_type="multipart/form-data",
            headers=ENGLISH,
        )

    looked = send(f"{root}/look", book)
    assert looked.status_code == 200
    text = looked.get_data(as_text=True)
    assert f"X-{mark}" in text
    assert "Gift &lt;b&gt;" in text
    assert shop.read(lambda: catalog.find_sku(f"X-{mark}")) is None
    assert send(root, book).status_code == 303
    codes = f"sku,code\nX-{mark},C1-{mark}\nX-{mark},C2-{mark}\nNONE,C3-{mark}\n".encode()
    page = send(f"{root}/look", codes).get_data(as_text=True)
    assert "of a product that is not in the file" in page
    assert f"C1-{mark}" not in page
    assert send(root, codes).status_code == 303
    shop.drain()
    assert has(shop, f"X-{mark}", f"C1-{mark}")
    assert has(shop, f"X-{mark}", f"C2-{mark}")
    refused = send(f"{root}/look", b"nothing of ours")
    assert refused.status_code == 422
    assert "holds no table" in refused.get_data(as_text=True)


@on_one_engine
def test_too_large_a_file_is_refused_in_words(shop: Shop) -> None:
    alice, root = people.alice(shop), f"/office/{shop.slug}/migration"
    form = {"csrf_token": alice.token(root), "system": "sheet", "file": (BytesIO(b"sku,code"), "x.csv")}
    large = {"CONTENT_LENGTH": str(100 * 1024 * 1024)}
    answer = alice.client.post(
        f"{root}/look", data=form, content_type="multipart/form-data", headers=ENGLISH, environ_overrides=large
    )
    assert answer.status_code == 422
    assert "The file is larger than 64 MB." in answer.get_data(as_text=True)


def has(shop: Shop, sku: str, *values: str) -> bool:
    """Tell whether a code is in stock for a SKU, with its PIN or password if it has one."""
    first, *pins = map(Secret, values)
    typed = inventory.Typed(first, *pins)
    number = shop.read(lambda: catalog.get_sku(sku).id)
    (standing,) = shop.read(lambda: inventory.list_typed([typed]))
    return (
        standing is not None and standing.sku_id == number and standing.proved is bool(pins or not standing.needs_pin)
    )


def test_an_upload_is_held_packed_and_can_be_read_twice() -> None:
    held = service.Held([b"a" * 3_000_000, b"b"])

    assert b"".join(held()) == b"".join(held()) == b"a" * 3_000_000 + b"b"
    assert SHAPES.keys() == {"dujiaoka", "acg-faka", "sheet"}
