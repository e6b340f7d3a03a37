"""Lists of the office: kept as views, for oneself or for the shop, and saved as files that say what the page says."""

import csv
import io
import re
import tracemalloc
from contextvars import Context
from typing import Any

import pytest
from sqlalchemy import Table, insert, select, update
from werkzeug.test import Client

from app.inventory.models import Code
from app.kit import db, sheets, views
from app.kit.ids import new_id, public
from app.kit.views import SavedView
from tests import people
from tests.engines import on_one_engine
from tests.kit.depth import DEPTH
from tests.make import Browser, Shop

ENGLISH = {"Accept-Language": "en"}
MANY = 30_000 if DEPTH == 1 else 100_000
AT_ONCE = 2_000
WATCHED, LONG = (0, 50), 6  # where a stretch of pieces begins whose memory is counted, which makes it slow


def save(browser: Browser, shop: Shop, name: str, **said: str) -> Any:
    root = f"/office/{shop.slug}"
    form = {"listing": "codes", "name": name} | said
    return browser.post(f"{root}/views", form, page=f"{root}/codes")


def page(browser: Browser, shop: Shop, path: str = "codes") -> str:
    return str(browser.get(f"/office/{shop.slug}/{path}", headers=ENGLISH).get_data(as_text=True))


def saved_views(shop: Shop) -> list[tuple[str, str]]:
    return shop.read(lambda: [(row.name, row.query) for row in db.session().scalars(select(SavedView)).all()])


def drop(browser: Browser, shop: Shop, number: str) -> int:
    root = f"/office/{shop.slug}"
    return int(browser.post(f"{root}/views/{number}/drop", {}, page=f"{root}/codes").status_code)


def only_view(shop: Shop) -> str:
    return public("viw", shop.read(lambda: db.session().scalars(select(SavedView.id)).one()))


# Views -----------------------------------------------------------------------------------------------------------


def test_a_view_keeps_the_filters_under_a_name_and_leads_back_to_them(shop: Shop) -> None:
    alice = people.alice(shop)

    answer = save(alice, shop, "Void ones", **{"filter-status": "void", "filter-made-up": "1"})

    assert answer.status_code == 303
    assert answer.location.endswith(f"/office/{shop.slug}/codes?status=void")
    shown = page(alice, shop)
    assert f'<a class="chip" href="/office/{shop.slug}/codes?status=void">Void ones</a>' in shown
    assert 'aria-current="true">Void ones</a>' in page(alice, shop, "codes?status=void")


def test_the_same_name_again_means_the_new_filters_even_when_there_is_no_room(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(views, "MOST", 1)
    alice = people.alice(shop)
    save(alice, shop, "Mine", **{"filter-status": "void"})

    assert save(alice, shop, "Mine", **{"filter-status": "held"}).status_code == 303
    assert save(alice, shop, "Another").status_code == 409
    assert saved_views(shop) == [("Mine", "status=held")]


def test_a_view_is_its_owners_until_it_is_shared(shop: Shop) -> None:
    alice, bob = people.alice(shop), people.bob(shop, "support")
    save(alice, shop, "Alice only")

    assert "Alice only" not in page(bob, shop)
    assert drop(bob, shop, only_view(shop)) == 404
    save(alice, shop, "Alice only", shared="1")
    assert ">Alice only</a>" in page(bob, shop)
    assert ">Alice only</a>" not in page(bob, shop, "stock")
    assert drop(bob, shop, only_view(shop)) == 303
    assert saved_views(shop) == []


def test_a_view_of_another_shop_is_not_there(shop: Shop, other: Shop) -> None:
    save(people.alice(shop), shop, "Ours", shared="1")
    charlie = people.charlie(other)

    assert drop(charlie, other, only_view(shop)) == 404
    assert charlie.get(f"/office/{shop.slug}/codes").status_code == 404
    assert "Ours" not in page(charlie, other)
    assert len(saved_views(shop)) == 1


def test_a_view_keeps_nobodys_contact_and_says_so(shop: Shop) -> None:
    alice, root = people.alice(shop), f"/office/{shop.slug}"
    form = {"listing": "orders", "name": "Dora", "filter-q": "dora@example.com"}

    answer = alice.post(f"{root}/views", form, page=f"{root}/orders", headers=ENGLISH)

    assert answer.status_code == 422
    assert "never store contacts" in answer.get_data(as_text=True)
    assert saved_views(shop) == []


def test_a_list_that_nobody_knows_and_an_empty_name_are_refused(shop: Shop) -> None:
    alice = people.alice(shop)

    assert save(alice, shop, "x", listing="users").status_code == 404
    assert save(alice, shop, "").status_code == 422
    assert people.bob(shop).post(f"/office/{shop.slug}/views", {}, page=f"/office/{shop.slug}/codes").status_code == 403


# Files -----------------------------------------------------------------------------------------------------------


def file(browser: Browser, shop: Shop, said: str, kind: str = "csv", name: str = "codes") -> list[list[str]]:
    path = f"/office/{shop.slug}/lists/{name}/export?kind={kind}&{said}"
    content = browser.get(path, headers=ENGLISH, buffered=True).data
    if kind == "xlsx":
        return list(sheets.read_xlsx(content))[1:]
    return list(csv.reader(io.StringIO(content.decode("utf-8-sig"), newline="")))[1:]


@pytest.mark.parametrize("kind", ["csv", "xlsx"])
@pytest.mark.parametrize("said", ["", "status=sold", "tag=vip", "size=50"])
def test_a_file_has_the_rows_of_the_page_in_their_order(shop: Shop, said: str, kind: str) -> None:
    shop.codes(230)
    assert shop.pay(shop.place(3))
    shop.write(lambda: db.session().execute(update(Code).where(Code.line % 9 == 1).values(tags="vip")))
    alice, seen = people.alice(shop), list[str]()
    path: str | None = f"/office/{shop.slug}/codes?{said}"
    while path:
        text = alice.get(path, headers=ENGLISH).get_data(as_text=True)
        seen += re.findall(r'class="mask[^>]*>.*?(\w{4})</', text)
        found = re.search(r'<a[^>]*rel="next"[^>]*href="([^"]*)"|href="([^"]*)"[^>]*rel="next"', text)
        path = next(filter(None, found.groups())).replace("&amp;", "&") if found else None

    rows = file(alice, shop, said, kind)

    assert [row[0][-4:] for row in rows] == seen
    assert len(seen) == {"": 230, "status=sold": 3, "tag=vip": 26, "size=50": 230}[said]


def test_what_was_found_by_an_order_is_what_the_file_holds(shop: Shop) -> None:
    shop.codes(5)
    order = shop.place(2)
    assert shop.pay(order)
    alice, said = people.alice(shop), f"order={public('ord', order.id)}"

    assert len(file(alice, shop, said)) == 2
    assert {row[1] for row in file(alice, shop, said)} == {"Sold"}


@pytest.mark.parametrize("kind", ["csv", "xlsx"])
def test_no_cell_of_a_file_is_a_formula(shop: Shop, kind: str) -> None:
    odd = ["=HYPERLINK(1)", "+1", "-1+2", "@SUM(1)", "\t=1", "＝1", "＠x"]
    for name in odd:
        shop.codes(1, name=name)

    rows = file(people.alice(shop), shop, "", kind, "batches")

    mark = "'" if kind == "csv" else ""
    assert [row[0].strip() for row in rows] == [f"{mark}{name}".strip() for name in reversed(odd)]


def test_a_file_of_another_shop_is_not_there_and_one_without_the_permission_is_refused(shop: Shop, other: Shop) -> None:
    path = f"/office/{shop.slug}/lists/codes/export?kind=csv"

    assert people.charlie(other).get(path).status_code == 404
    assert people.bob(shop, "nobody").get(path).status_code == 403
    assert people.alice(shop).get(path.replace("csv", "exe")).status_code == 404


@on_one_engine
def test_many_rows_leave_piece_by_piece(shop: Shop) -> None:
    multiply(shop, MANY)
    alice, root = people.alice(shop), f"/office/{shop.slug}/"
    assert alice.get(f"{root}codes").status_code == 200
    cookies = "; ".join(f"{cookie.key}={cookie.value}" for cookie in (alice.client._cookies or {}).values())

    content, peak = Context().run(taken, shop, f"{root}lists/codes/export?kind=csv", cookies)

    assert content.count(b"\r\n") == MANY + 1
    assert peak < 3_000_000, peak


def taken(shop: Shop, path: str, cookies: str) -> tuple[bytes, int]:
    """Take a file as a server's thread does; return it and the most memory that was taken beside it."""
    content, peak = list[bytes](), 0
    tracemalloc.start()
    with Client(shop.app, use_cookies=False).get(path, headers={"Cookie": cookies}) as answer:
        assert answer.status_code == 200
        assert "Content-Length" not in answer.headers
        for place, piece in enumerate(answer.iter_encoded()):
            if tracemalloc.is_tracing():
                peak = max(peak, tracemalloc.get_traced_memory()[1])
            if place in WATCHED:
                tracemalloc.start()
            elif place - LONG in WATCHED:
                tracemalloc.stop()
            content.append(piece)
    return b"".join(content), peak


def multiply(shop: Shop, count: int) -> None:
    """Bring the shop to so many codes, copies of one."""
    shop.codes(1)
    table: Table = Code.__table__  # type: ignore[assignment]
    mine = Code.merchant_id == shop.merchant_id
    first = shop.read(lambda: dict(db.session().execute(select(table).where(mine)).mappings().one()))
    for start in range(1, count, AT_ONCE):
        some = range(start, min(start + AT_ONCE, count))
        rows = [first | {"id": new_id(), "fingerprint": new_id().bytes, "pick": place, "line": place} for place in some]
        shop.write(lambda rows=rows: db.session().execute(insert(table), rows))  # type: ignore[misc]
