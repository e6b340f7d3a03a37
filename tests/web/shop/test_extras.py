"""What stands around a purchase: the code to scan, the way to redeem, help, and a shop that is closed."""

import pytest
from sqlalchemy import select

from app.catalog import service as shelving
from app.catalog.models import Kind, ProductStatus
from app.kit import clock, db, pictures
from app.kit.events import SYSTEM
from app.kit.money import Money
from app.merchants import queries as merchants
from app.merchants import service as changing
from app.orders.models import Order
from app.web.shop.placing import token_of
from tests.make import Browser, Shop, fresh_code

STEP = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 320 200"><path d="M0 0h9v9z"/></svg>'


def page_of(shop: Shop, order: Order, more: str = "") -> str:
    return f"/s/{shop.slug}/o/{token_of(order.id)}{more}"


def test_a_payment_can_be_scanned_only_while_it_waits(shop: Shop) -> None:
    shop.codes(1)
    order, ada = shop.place(), shop.client()
    assert ada.get(page_of(shop, order, "/qr.png")).status_code == 404
    assert "qr.png" not in ada.get(page_of(shop, order)).get_data(as_text=True)

    assert shop.start(order)

    answer = ada.get(page_of(shop, order, "/qr.png"))
    assert (answer.mimetype, answer.data[:4]) == ("image/png", b"\x89PNG")
    assert answer.headers["Cache-Control"] == "no-store"
    assert "qr.png" in ada.get(page_of(shop, order)).get_data(as_text=True)
    assert shop.pay(order)
    assert ada.get(page_of(shop, order, "/qr.png")).status_code == 404


def test_nobody_scans_what_he_has_no_token_for(shop: Shop) -> None:
    assert shop.client().get(f"/s/{shop.slug}/o/x/qr.png").status_code == 404


@pytest.fixture
def bought(shop: Shop) -> tuple[Browser, str]:
    """Return a browser that has its code in clear, and the page."""
    step = shop.write(lambda: pictures.keep_drawn(STEP, now=clock.now()))
    texts = {"en": shelving.Texts("Song", guide="Open the app\n\nPaste the code")}
    draft = shelving.SkuDraft("SONG-1", Kind.CODE, Money(900, "CNY"), {})
    shop.write(
        lambda: shelving.create_product(
            slug="song",
            texts=texts,
            skus=(draft,),
            status=ProductStatus.LIVE,
            redeem_url="https://redeem.example/now",
            steps=(step,),
            now=clock.now(),
            by=SYSTEM,
        )
    )
    shop.imports(fresh_code(), sku="SONG-1")
    ada, shelf = shop.client(), f"/s/{shop.slug}/p/song"
    form = {"idem": "1", "sku": "SONG-1", "product": "song", "contact": "ada@example.com", "lang": "en"}
    place = ada.post(f"/s/{shop.slug}/orders", form, page=shelf).headers["Location"]
    order = shop.read(_only)
    assert shop.pay(order)
    ada.get(place)
    return ada, ada.post(f"{place}/reveal", {}, page=place).get_data(as_text=True)


def _only() -> Order:
    return db.session().scalars(select(Order)).one()


def test_one_tap_copies_the_code_and_leads_to_where_it_is_redeemed(bought: tuple[Browser, str]) -> None:
    _, text = bought

    assert 'href="https://redeem.example/now" target="_blank" rel="noopener noreferrer"' in text
    assert text.index("data-field") < text.index("Open the app") < text.index("Paste the code")
    assert 'width="320" height="200"' in text


def test_a_closed_shop_shows_its_goods_and_takes_no_orders(shop: Shop) -> None:
    close(shop)
    ada = shop.client()
    text = ada.get(f"/s/{shop.slug}/p/{shop.sku.lower()}").get_data(as_text=True)

    assert 'id="closed"' in text
    assert 'name="contact"' not in text


def close(shop: Shop) -> None:
    def verb() -> None:
        now = merchants.current()
        changing.change_look(
            changing.Look(now.name, now.accent, now.licence, now.tells_stock, True), now=clock.now(), by=SYSTEM
        )

    shop.write(verb)


def test_help_stands_at_one_place_and_says_how_the_shop_is_reached(shop: Shop) -> None:
    words = changing.ShopWords(contact="help@shop.example", hours="9–18")
    shop.write(lambda: changing.change_texts({"en": words, "zh": words}, now=clock.now(), by=SYSTEM))
    ada = shop.client()

    for path in ("/", "/help", "/orders", "/lookup"):
        text = ada.get(f"/s/{shop.slug}{path}").get_data(as_text=True)
        assert "help@shop.example" in text, path
        assert f'href="/s/{shop.slug}/help"' in text, path
