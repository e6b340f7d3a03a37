"""A kept page shows each visitor his own token, and nobody an old shelf."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace

import pytest
from flask.testing import FlaskClient

from app.catalog import queries as catalog
from app.catalog import service as shelving
from app.kit import clock
from app.kit.events import SYSTEM
from app.kit.money import Money
from app.web import kept, render
from app.web.guard import BUYER_COOKIE
from tests.make import Shop
from tests.members.people import Visitor

NONCE = re.compile(r"'nonce-([^']+)'")
FRESH = {"Cache-Control": "no-cache"}
ANY: Mapping[str, str] = {}


@pytest.fixture(autouse=True)
def nothing_kept() -> Iterator[None]:
    kept._pages.clear()
    yield
    kept._pages.clear()


@pytest.fixture
def drawn(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The templates that were drawn since."""
    names: list[str] = []
    real = render.respond

    def watched(answer):
        names.append(getattr(answer, "template", ""))
        return real(answer)

    monkeypatch.setattr(kept, "respond", watched)
    return names


def home(shop: Shop, visitor: FlaskClient | None = None, headers: Mapping[str, str] = ANY) -> str:
    answer = (visitor or shop.app.test_client()).get(f"/s/{shop.slug}/", headers=dict(headers))
    assert answer.status_code == 200
    return answer.text


def token_on(page: str) -> str:
    found = re.search(r'name="csrf-token" content="([^"]+)"', page)
    assert found
    return found[1]


def test_visitors_share_the_page_and_not_the_token(shop, drawn):
    alice, bob = shop.app.test_client(), shop.app.test_client()

    first, second = home(shop, alice), home(shop, bob)

    assert drawn == ["shop/shelf/home.html"]
    assert token_on(first) != token_on(second)
    form = {"theme": "dark", "next": "/", "csrf_token": token_on(second)}
    assert bob.post("/preferences", data=form).status_code == 303
    assert alice.post("/preferences", data=form).status_code == 409  # it is Bob's


def test_every_answer_has_the_nonce_of_its_own_policy(shop):
    client = shop.app.test_client()

    answers = [client.get(f"/s/{shop.slug}/") for _ in range(2)]

    nonces = {nonce for answer in answers for nonce in NONCE.findall(answer.headers["Content-Security-Policy"])}
    assert len(nonces) == 2
    assert all(set(re.findall(r'nonce="([^"]*)"', answer.text)) <= nonces for answer in answers)
    assert "\ue000" not in "".join(answer.text for answer in answers)


def test_a_changed_price_is_seen_at_once(shop):
    before = home(shop)

    shop.write(lambda: reprice(shop, Money(4242, "CNY")))

    assert "42.42" not in before
    assert "42.42" in home(shop)


def reprice(shop: Shop, price: Money) -> None:
    found = catalog.get_whole(catalog.get_sku(shop.sku).product_id)
    shelving.change_product(
        found,
        texts={text.lang: shelving.Texts(text.name) for text in found.texts},
        skus=[shelving.SkuDraft(sku.code, sku.kind, price, {}) for sku in found.skus],
        status=found.status,
        category_id=None,
        tags=(),
        redeem_url="",
        now=clock.now(),
        by=SYSTEM,
    )


def test_new_stock_is_seen_by_who_asks_for_no_old_copy(shop):
    assert "good-off" in home(shop)

    shop.codes(50)
    shop.drain()

    assert "good-off" not in home(shop, headers=FRESH)


def test_a_page_that_says_the_same_is_not_drawn_again(shop, drawn):
    for _ in range(3):
        home(shop, headers=FRESH)

    assert drawn == ["shop/shelf/home.html"]


def test_while_one_looks_anew_others_get_the_page_that_was(shop, drawn, monkeypatch):
    first = home(shop)
    for key, page in kept._pages.items():
        kept._pages[key] = replace(page, until=0.0)
    looked, other, real = 0, "", kept._keep

    def slowly(key, page, before):
        nonlocal looked, other
        looked += 1
        if looked == 1:
            other = home(shop)  # while this one has not been drawn yet
        return real(key, page, before)

    monkeypatch.setattr(kept, "_keep", slowly)
    home(shop)

    assert looked == 1, "the second one did not look anew as well"
    assert token_on(other) != token_on(first), "and got the page that was, with a token of its own"


def test_languages_and_themes_are_kept_apart(shop):
    english = home(shop, headers={"Accept-Language": "en"})
    chinese = home(shop, headers={"Accept-Language": "zh-CN"})
    dark = shop.app.test_client()
    dark.set_cookie("theme", "dark")

    assert 'lang="en"' in english[:200]
    assert 'lang="zh-CN"' in chinese[:200]
    assert 'data-theme="dark"' in home(shop, dark)[:200]
    assert 'data-theme="dark"' not in home(shop)[:200]


def test_another_shop_has_its_own_page(shop, other):
    home(shop)

    assert other.sku in home(other)
    assert shop.sku not in home(other)


def test_what_was_searched_for_is_kept_nowhere(shop):
    shop.app.test_client().get(f"/s/{shop.slug}/?q=secret")

    assert not kept._pages


def test_visitors_of_a_product_share_the_page_and_not_the_key_of_its_form(shop, drawn):
    slug = product_slug(shop)
    drawn.clear()
    pages = [shop.app.test_client().get(f"/s/{shop.slug}/p/{slug}").text for _ in range(3)]

    keys = [key for page in pages for key in re.findall(r'name="idem" value="([0-9a-f-]{36})"', page)]

    assert drawn == ["shop/shelf/product.html"]
    assert len(keys) == len(set(keys)) == 3, "two buyers with one key would have one order"


def product_slug(shop: Shop) -> str:
    page = home(shop)
    found = re.search(r'href="[^"]*/p/([^"]+)"', page)
    assert found
    kept._pages.clear()
    return found[1]


def test_a_members_page_is_kept_for_nobody(shop, drawn):
    stranger, member = shop.app.test_client(), shop.app.test_client()
    member.set_cookie(BUYER_COOKIE, Visitor(shop).signs_in().token)

    before = home(shop, stranger)
    mine = home(shop, member)
    after = home(shop, stranger)

    assert "/me/inbox" in mine
    assert "/me/inbox" not in before + after
    assert "/me/sign-in" in after
    assert drawn == ["shop/shelf/home.html"] * 2
    assert len(kept._pages) == 1
