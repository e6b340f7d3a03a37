"""The shelf: found by category, word, price and stock, a page at a time, in few requests."""

import re
from functools import partial
from io import BytesIO
from typing import Any
from uuid import UUID

import pytest
from PIL import Image

from app.catalog import queries as catalog
from app.catalog import service as shelving
from app.catalog.models import Kind, ProductStatus
from app.kit import clock, pictures
from app.kit.events import SYSTEM
from app.kit.money import Money
from app.merchants import service as merchants
from tests.make import Browser, Shop, fresh_code

DRAWN = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 160 160"><path d="M0 0h160v160H0z" fill="#abc"/></svg>'


def stock(shop: Shop, slug: str, *prices: int, codes: int = 0, name: str = "", **more: Any) -> None:
    """Put a product with a variant for each price on the shelf, and codes behind the first."""
    drafts = [
        shelving.SkuDraft(f"{slug}-{number}".upper(), Kind.CODE, Money(price, "CNY"), {"en": f"V{number}"})
        for number, price in enumerate(prices or (1000,), 1)
    ]
    known: dict[str, Any] = {"status": ProductStatus.LIVE, "now": clock.now(), "by": SYSTEM} | more
    texts = {"en": shelving.Texts(name or slug.title()), "zh": shelving.Texts(name or slug)}
    shop.write(lambda: shelving.create_product(slug=slug, texts=texts, skus=drafts, **known))
    if codes:
        shop.imports("\n".join(fresh_code() for _ in range(codes)), sku=drafts[0].code)
        shop.drain()


def shown(browser: Browser, path: str) -> list[str]:
    """Return the products of a shelf, by slug, in their order."""
    text = browser.get(f"/s/{browser.slug}{path}").get_data(as_text=True)
    return [slug for slug in re.findall(r'id="p-([a-z0-9-]+)"', text) if not slug.startswith("sku-")]


def department(shop: Shop, slug: str) -> UUID:
    made = partial(shelving.create_category, slug=slug, names={"en": slug}, now=clock.now(), by=SYSTEM)
    return shop.write(lambda: made().id)


@pytest.fixture
def full(shop: Shop) -> Shop:
    """Return a shop with three products in two categories."""
    music, games = department(shop, "music"), department(shop, "games")
    stock(shop, "lark", 3000, 9000, codes=2, name="Lark 云雀", category_id=music)
    stock(shop, "orchid", 1000, name="Orchid 兰花", category_id=games)
    stock(shop, "river", 2000, name="100% River_Song", category_id=games)
    return shop


def test_everything_is_shown_in_the_shops_order(full: Shop) -> None:
    assert shown(full.client(), "/") == ["lark", "orchid", "river"]


def test_a_category_shows_its_own(full: Shop) -> None:
    assert shown(full.client(), "/c/games") == ["orchid", "river"]
    assert full.client().get(f"/s/{full.slug}/c/nothing").status_code == 404


@pytest.mark.parametrize(("sort", "order"), [("cheap", "orchid river lark"), ("dear", "lark river orchid")])
def test_a_shelf_is_sorted_by_what_is_cheapest_of_each(full: Shop, sort: str, order: str) -> None:
    assert shown(full.client(), f"/?sort={sort}") == order.split()


def test_the_newest_come_first_where_that_is_asked(full: Shop) -> None:
    assert shown(full.client(), "/?sort=new") == ["river", "orchid", "lark"]


def test_only_what_is_in_stock_is_shown_where_that_is_asked(full: Shop) -> None:
    assert shown(full.client(), "/?stock=1") == ["lark"]


@pytest.mark.parametrize(
    ("words", "found"),
    [
        *((words, ["lark"]) for words in ("lark", "LARK", "yunque", "yq", "雀 lark")),
        *((words, ["river"]) for words in ("100%", "r_s", "%")),
        *((words, []) for words in ("lark orchid", "rxs", "nothing")),
    ],
)
def test_a_search_finds_words_pinyin_and_initials_and_takes_signs_as_they_are(
    full: Shop, words: str, found: list[str]
) -> None:
    assert shown(full.client(), "/?q=" + words.replace("%", "%25")) == found


def test_a_search_that_finds_nothing_says_so_and_leads_back(full: Shop) -> None:
    text = full.client().get(f"/s/{full.slug}/?q=zzz&lang=en").get_data(as_text=True)

    assert "Nothing matches that" in text
    assert f'href="/s/{full.slug}/"' in text


def test_htmx_gets_the_shelf_alone(full: Shop) -> None:
    answer = full.client().get(f"/s/{full.slug}/?q=lark", headers={"HX-Request": "true", "HX-Target": "shelf"})

    text = answer.get_data(as_text=True)
    assert text.lstrip().startswith('<div id="shelf"')
    assert "<html" not in text


@pytest.mark.parametrize("sort", catalog.SORTS)
def test_pages_of_every_order_hold_each_product_once(shop: Shop, sort: str) -> None:
    for number in range(2 * catalog.SHELF):
        stock(shop, f"thing-{number}", 1000 + number % 3)
    ada, seen, path = shop.client(), [], f"/?sort={sort}"
    while path:
        seen += shown(ada, path)
        text = ada.get(f"/s/{shop.slug}{path}").get_data(as_text=True)
        further = re.search(r'rel="next" href="/s/[^/]+([^"]+)"', text)
        path = further[1].replace("&amp;", "&") if further else ""

    assert sorted(seen) == sorted(f"thing-{number}" for number in range(2 * catalog.SHELF))


@pytest.mark.parametrize("after", ["x", "1", "1~", "~" + "0" * 32, "9" * 30 + "~" + "0" * 32, "²~" + "0" * 32])
def test_a_place_that_we_did_not_write_begins_at_the_start(full: Shop, after: str) -> None:
    assert shown(full.client(), f"/?after={after}") == ["lark", "orchid", "river"]


def test_a_product_off_sale_says_so_and_a_draft_is_not_there(full: Shop) -> None:
    stock(full, "gone", status=ProductStatus.ARCHIVED)
    stock(full, "later", status=ProductStatus.DRAFT)
    ada = full.client()

    assert ada.get(f"/s/{full.slug}/p/gone").status_code == 410
    assert ada.get(f"/s/{full.slug}/p/later").status_code == 404
    assert not {"gone", "later"} & set(shown(ada, "/"))


def test_a_variant_off_sale_is_offered_to_nobody(shop: Shop) -> None:
    drafts = [
        shelving.SkuDraft("ON-1", Kind.CODE, Money(900, "CNY"), {"en": "One"}),
        shelving.SkuDraft("OFF-1", Kind.CODE, Money(100, "CNY"), {"en": "Other"}, on_sale=False),
    ]
    texts = {"en": shelving.Texts("Pair")}
    shop.write(
        lambda: shelving.create_product(
            slug="pair", texts=texts, skus=drafts, status=ProductStatus.LIVE, now=clock.now(), by=SYSTEM
        )
    )
    text = shop.client().get(f"/s/{shop.slug}/p/pair").get_data(as_text=True)

    assert "ON-1" in text
    assert "OFF-1" not in text
    assert "1.00" not in text


def test_the_view_is_remembered_without_scripts(full: Shop) -> None:
    ada = full.client()
    assert 'class="goods"' in ada.get(f"/s/{full.slug}/").get_data(as_text=True)

    ada.get(f"/s/{full.slug}/?view=grid")

    assert 'class="goods goods-grid"' in ada.get(f"/s/{full.slug}/").get_data(as_text=True)


def test_the_covers_of_a_shelf_come_in_one_file(shop: Shop) -> None:
    drawn = shop.write(lambda: pictures.keep_drawn(DRAWN, now=clock.now()))
    taken = shop.write(lambda: pictures.store(photo(), now=clock.now()))
    stock(shop, "drawn", cover_id=drawn)
    stock(shop, "taken", cover_id=taken)
    ada = shop.client()
    places = re.findall(
        r'src="([^"]+covers.svg[^"]+)#(c[0-9a-f]{12})"', ada.get(f"/s/{shop.slug}/").get_data(as_text=True)
    )

    assert len(places) == 2
    assert len({url for url, _ in places}) == 1
    answer = ada.get(places[0][0])
    text = answer.get_data(as_text=True)
    assert all(f'<view id="{mark}"' in text for _, mark in places)
    assert "data:image/webp;base64," in text
    assert "immutable" in answer.headers["Cache-Control"]
    assert "sandbox" in answer.headers["Content-Security-Policy"]


def test_a_picture_is_kept_for_ever_and_asked_for_once(shop: Shop) -> None:
    taken = shop.write(lambda: pictures.store(photo(), now=clock.now()))
    ada = shop.client()
    answer = ada.get(f"/s/{shop.slug}/i/{taken}")

    assert (answer.mimetype, "immutable" in answer.headers["Cache-Control"]) == ("image/webp", True)
    again = ada.get(f"/s/{shop.slug}/i/{taken}", headers={"If-None-Match": answer.headers["ETag"]})
    assert (again.status_code, again.data) == (304, b"")


def test_a_notice_that_was_put_away_stays_away_until_it_says_something_else(shop: Shop) -> None:
    ada, home = shop.client(), f"/s/{shop.slug}/"
    tell(shop, "Closed on Monday")
    assert "Closed on Monday" in ada.get(home).get_data(as_text=True)

    ada.post(f"/s/{shop.slug}/notice", {"next": home}, page=home)

    assert "Closed on Monday" not in ada.get(home).get_data(as_text=True)
    tell(shop, "Open again")
    assert "Open again" in ada.get(home).get_data(as_text=True)


def photo() -> bytes:
    written = BytesIO()
    Image.new("RGB", (300, 200), "red").save(written, "PNG")
    return written.getvalue()


def tell(shop: Shop, notice: str) -> None:
    words = merchants.ShopWords(notice=notice)
    shop.write(lambda: merchants.change_texts({"en": words, "zh": words}, now=clock.now(), by=SYSTEM))
