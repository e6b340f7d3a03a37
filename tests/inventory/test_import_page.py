"""What a merchant sees of an import: its progress while it runs, its numbers when it is done, words when it stopped."""

import re
from collections.abc import Iterator
from io import BytesIO
from typing import Any

import pytest

from app.inventory.models import Batch, BatchState
from app.inventory.service import imports as importing
from app.kit import db, tasks
from app.web.office import stock
from tests.engines import on_sqlite
from tests.inventory import pool
from tests.make import Browser, Shop

pytestmark = on_sqlite  # pages depend on no engine


@pytest.fixture
def office(shop: Shop) -> Browser:
    browser = shop.client()
    browser.sign_in(shop.owner)
    return browser


def upload(shop: Shop, office: Browser, text: str) -> Any:
    form = {"sku": shop.sku, "cost": "1", "file": (BytesIO(text.encode()), "codes.csv")}
    return office.post(f"/office/{shop.slug}/imports", form, page=f"/office/{shop.slug}/imports/new")


def look(office: Browser, url: str, **more: Any) -> str:
    return str(office.get(url, **more).get_data(as_text=True))


def numbers_on(page: str) -> list[str]:
    came = page.split('id="came"', 1)[1]  # what became of the lines of the file; how its codes stand comes before
    return re.findall(r'class="tally-value">([\d,]+)<', came)[:5]


def test_a_small_file_is_imported_when_the_page_comes(shop: Shop, office: Browser) -> None:
    answer = upload(shop, office, "code\nA1\nB2\nA1")

    assert answer.status_code == 303
    page = look(office, answer.location)
    assert numbers_on(page) == ["3", "2", "1", "0", "0"]
    assert "hx-trigger" not in page.split('id="batch"')[1].split(">")[0]
    assert 'http-equiv="refresh"' not in page


def test_a_large_file_shows_its_progress_until_it_is_done(
    shop: Shop, office: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stock, "SMALL_IMPORT", 0.0)
    monkeypatch.setattr(importing, "SLICE", 100)

    url = upload(shop, office, "\n".join(pool.fresh_codes(250))).location
    batch = shop.read(lambda: db.session().query(Batch).one())
    shop.write(lambda: importing.import_slice(batch.id, now=batch.created_at))

    page = look(office, url)
    assert 'http-equiv="refresh"' in page
    assert re.search(r'id="batch"[^>]*hx-trigger="every 1s"', page)
    assert '<progress class="w-100" value="100" max="250"' in page
    assert numbers_on(page) == ["100", "100", "0", "0", "0"]
    part = look(office, url, headers={"HX-Request": "true", "HX-Target": "batch"})
    assert part.lstrip().startswith('<div id="batch"')

    while tasks.drain():
        pass
    done = look(office, url, headers={"HX-Request": "true", "HX-Target": "batch"})
    assert numbers_on(done) == ["250", "250", "0", "0", "0"]
    assert "every 1s" not in done


def test_an_import_that_stopped_says_so_and_can_go_on(
    shop: Shop, office: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stock, "SMALL_IMPORT", 0.0)
    url = upload(shop, office, "A1\nB2").location
    batch = shop.read(lambda: db.session().query(Batch).one())
    shop.write(lambda: importing.stop_import(batch.id))
    assert "every 1s" not in look(office, url)

    answer = office.post(f"{url}/retry", {}, page=url)

    assert answer.status_code == 303
    while tasks.drain():
        pass
    batch = shop.read(lambda: db.session().query(Batch).one())
    assert (batch.state, batch.imported) == (BatchState.READY, 2)


def test_what_is_still_received_is_on_no_list(shop: Shop, office: Browser) -> None:
    meanwhile: list[str] = []

    def arriving() -> Iterator[bytes]:
        yield b"A1\n"
        meanwhile.append(look(office, f"/office/{shop.slug}/stock"))
        yield b"A2\n"

    batch = pool.bring(shop, arriving())

    assert ["batches-table" in page for page in meanwhile] == [False]
    assert re.search(re.escape(batch.name), look(office, f"/office/{shop.slug}/stock").split("<main")[1])


def test_the_limit_of_a_file_is_told_and_is_the_files_own(
    shop: Shop, office: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert stock.LARGEST_UPLOAD == 100
    assert "100 MB" in look(office, f"/office/{shop.slug}/imports/new", headers={"Accept-Language": "en"})
    monkeypatch.setattr(stock, "LARGEST_UPLOAD", 1)
    blank = "\n" * (1024 * 1024 - 5)

    fits, over = upload(shop, office, "CODE1" + blank), upload(shop, office, "CODE22" + blank)

    assert fits.status_code == 303
    assert over.status_code == 422
    assert "1 MB" in over.get_data(as_text=True)
