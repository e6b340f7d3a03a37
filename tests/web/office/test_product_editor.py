"""Merchants write, price, picture and order their products on one page; what they typed stays when it is refused."""

import re
from io import BytesIO
from typing import Any
from uuid import UUID

import pytest

from app.catalog import queries
from app.catalog.models import Product, ProductStatus
from app.kit.ids import public
from tests import people
from tests.catalog.shelf import told, whole
from tests.engines import on_one_engine
from tests.kit.test_pictures import SVG, drawn
from tests.make import Browser, Shop, fresh_code


def number_of(shop: Shop) -> UUID:
    return shop.read(lambda: queries.get_sku(shop.sku)).product_id


def page_of(shop: Shop, number: UUID | None = None) -> str:
    return f"/office/{shop.slug}/products/{public('prd', number or number_of(shop))}"


def product(shop: Shop) -> Product:
    return whole(shop, number_of(shop))


def form_of(shop: Shop) -> dict[str, Any]:
    """Return the form as the page of the shop's product shows it."""
    form: dict[str, Any] = {"name_zh": "卡", "name_en": "Card", "status": "1"}
    for sku in product(shop).skus:
        form |= {f"price_{sku.code}": sku.price.major, f"on_sale_{sku.code}": "1"}
    return form


def save(shop: Shop, *, by: Any = None, **changes: Any) -> Any:
    form = {name: value for name, value in (form_of(shop) | changes).items() if value is not None}
    return (by or people.alice(shop)).post(f"{page_of(shop)}?lang=en", form, page=page_of(shop))


def look(shop: Shop, by: Browser | None = None) -> str:
    return str((by or people.alice(shop)).get(f"{page_of(shop)}?lang=en").get_data(as_text=True))


def upload(shop: Shop, part: str, raw: bytes, headers: dict[str, str] | None = None) -> Any:
    form = {"picture": (BytesIO(raw), "picture.jpg")}
    return people.alice(shop).post(f"{page_of(shop)}/{part}?lang=en", form, page=page_of(shop), headers=headers)


# Texts and sale --------------------------------------------------------------------------------------------------


def test_everything_that_is_typed_is_saved_and_shown_again(shop: Shop) -> None:
    alice = people.alice(shop)
    listed = f"/office/{shop.slug}/categories"
    alice.post(listed, {"name_zh": "音乐", "slug": "music"}, page=listed)
    (category,) = shop.read(queries.list_categories)
    texts = {
        "summary_zh": "听歌",
        "about_en": "All of it.",
        "facts_en": "Valid: 12 months\r\nRegion: everywhere",
        "guide_zh": "打开\r\n输入",
        "faq_en": "How long?\r\nA year.",
        "redeem_url": "https://music.example/redeem",
        "category": public("cat", category.id),
        "tag": ["hot", "pick", "odd"],
    }

    assert save(shop, by=alice, **texts).status_code == 303

    found = product(shop)
    en, zh = found.texts
    assert (en.about, en.facts, en.faq) == ("All of it.", "Valid: 12 months\nRegion: everywhere", "How long?\nA year.")
    assert (zh.summary, zh.guide) == ("听歌", "打开\n输入")
    assert (found.redeem_url, found.category_id, found.tags) == (
        "https://music.example/redeem",
        category.id,
        "hot pick",
    )
    page = look(shop, alice)
    assert "Region: everywhere" in page
    assert re.search(rf'value="{public("cat", category.id)}" selected', page)
    assert page.count('name="tag"') == 3
    assert len(re.findall(r'name="tag" value="\w+" checked', page)) == 2
    said = page.split("What happened")[1]
    for words in ("category", "tags", "redeem address", "texts (中文)", "texts (English)"):
        assert words in said


@on_one_engine
def test_what_is_refused_stays_in_its_field(shop: Shop) -> None:
    answer = save(shop, name_en="Other", facts_zh="没有冒号", redeem_url="http://x.example", tag=["new"])
    page = answer.get_data(as_text=True)

    assert answer.status_code == 422
    for field, words in (("facts_zh", "“没有冒号” has no colon."), ("redeem_url", "begins with https://")):
        assert f'id="f-{field}-error"' in page
        assert words in page
    assert 'value="Other"' in page
    assert 'value="http://x.example"' in page
    assert re.search(r'value="new" checked', page)
    assert "is-changed" in page
    assert (product(shop).tags, product(shop).texts[0].name) == ("", "Card")


@on_one_engine
@pytest.mark.parametrize(("status", "badge", "answer"), [("0", "Draft", 404), ("2", "Archived", 410)])
def test_a_product_taken_off_sale_is_not_sold_to_buyers(shop: Shop, status: str, badge: str, answer: int) -> None:
    seen = f"/s/{shop.slug}/p/{shop.sku.lower()}"
    assert shop.client().get(seen).status_code == 200
    assert seen in look(shop)

    save(shop, status=status)

    assert shop.client().get(seen).status_code == answer
    page = look(shop)
    assert badge in page.split("<h1>")[1].split("</h1>")[0]
    assert f'href="{seen}"' not in page
    save(shop, status="1")
    assert shop.client().get(seen).status_code == 200


# Variants --------------------------------------------------------------------------------------------------------


def test_a_variant_is_added_and_both_are_priced_and_moved(shop: Shop) -> None:
    new = fresh_code()
    more = {"sku": new, "price": "99", "was": "120", "variant_zh": "年卡", "variant_en": "Year", "kind": "1"}

    assert save(shop, **more).status_code == 303

    first, second = product(shop).skus
    assert (second.code, second.kind.name, second.price.minor, second.was_amount) == (new, "CARD", 9900, 12000)
    assert {text.lang: text.name for text in second.texts} == {"zh": "年卡", "en": "Year"}

    changes = {f"price_{new}": "89.5", f"was_{first.code}": "25", f"variant_en_{first.code}": "Month"}
    assert save(shop, move=f"{new} up", **changes).status_code == 303

    one, two = product(shop).skus
    assert (one.code, one.price.minor, one.was_amount) == (new, 8950, None)
    assert (two.code, two.was_amount) == (first.code, 2500)
    assert "price of " + new + ": 99.00 → 89.50" in look(shop)


@on_one_engine
def test_a_variant_goes_off_sale_and_buyers_cannot_order_it(shop: Shop) -> None:
    new = fresh_code()
    save(shop, sku=new, price="1")
    shop.imports(fresh_code(), sku=new)

    assert save(shop, **{f"on_sale_{new}": None}).status_code == 303

    assert [sku.on_sale for sku in product(shop).skus] == [True, False]
    assert f"{new} taken off sale" in look(shop)
    assert new not in shop.client().get(f"/s/{shop.slug}/p/{shop.sku.lower()}").get_data(as_text=True)


@on_one_engine
@pytest.mark.parametrize(
    ("typed", "field"),
    [
        ({"sku": "no spaces", "price": "1"}, "sku"),
        ({"sku": "", "price": "1"}, "sku"),
        ({"sku": "FINE-1"}, "price"),
        ({"sku": "FINE-1", "price": "1.999"}, "price"),
        ({"sku": "FINE-1", "price": "2", "was": "2"}, "was"),
    ],
)
def test_a_new_variant_that_cannot_be_is_refused_at_its_field(shop: Shop, typed: dict[str, str], field: str) -> None:
    answer = save(shop, **typed)

    assert answer.status_code == 422
    assert f'id="f-{field}-error"' in answer.get_data(as_text=True)
    assert len(product(shop).skus) == 1


@on_one_engine
def test_the_faults_of_form_and_catalog_are_told_together(shop: Shop) -> None:
    price, was = f"price_{shop.sku}", f"was_{shop.sku}"
    answer = save(shop, name_zh="", name_en="", status="9", **{price: "dear", was: "1"})
    page = answer.get_data(as_text=True)

    assert answer.status_code == 422
    assert f'id="f-{price}-error"' in page
    assert 'id="f-name_zh-error"' in page
    assert 'value="dear"' in page


# Pictures --------------------------------------------------------------------------------------------------------


def test_a_cover_is_shown_replaced_and_removed(shop: Shop) -> None:
    assert upload(shop, "cover", drawn()).status_code == 303
    first = product(shop).cover_id
    assert f"/i/{first}/small" in look(shop)
    assert shop.client().get(f"/s/{shop.slug}/i/{first}/small").mimetype == "image/webp"

    headers = {"HX-Request": "true", "HX-Target": "pictures"}
    part = upload(shop, "cover", drawn(400), headers)
    assert part.status_code == 200
    assert part.get_data(as_text=True).lstrip().startswith('<div id="pictures"')
    assert product(shop).cover_id not in (None, first)

    people.alice(shop).post(f"{page_of(shop)}/cover/remove", {}, page=page_of(shop))
    assert product(shop).cover_id is None
    assert look(shop).count("cover picture") == 3


@on_one_engine
def test_each_step_of_the_guide_can_have_a_picture(shop: Shop) -> None:
    assert f"{page_of(shop)}/steps/1" not in look(shop)
    save(shop, guide_zh="打开\n输入", guide_en="Open\nEnter")
    assert f"{page_of(shop)}/steps/2" in look(shop)

    assert upload(shop, "steps/2", drawn()).status_code == 303
    assert [step.position for step in product(shop).steps] == [2]
    assert upload(shop, "steps/13", drawn()).status_code == 404
    people.alice(shop).post(f"{page_of(shop)}/steps/2/remove", {}, page=page_of(shop))
    assert product(shop).steps == []
    assert "picture of step 2" in look(shop)


@on_one_engine
@pytest.mark.parametrize(("part", "field"), [("cover", "cover"), ("steps/1", "step_1")])
def test_what_is_no_picture_is_refused_beside_its_field(shop: Shop, part: str, field: str) -> None:
    save(shop, guide_zh="打开", guide_en="Open")
    for headers in ({}, {"HX-Request": "true", "HX-Target": "pictures"}):
        answer = upload(shop, part, SVG, headers)
        page = answer.get_data(as_text=True)
        assert answer.status_code == 422
        assert f'id="f-{field}-error"' in page
        assert "is-changed" not in page
    assert product(shop).cover_id is None
    assert product(shop).steps == []


# Lists and categories --------------------------------------------------------------------------------------------


@on_one_engine
def test_the_list_shows_one_state_and_one_category(shop: Shop) -> None:
    alice, products, listed = people.alice(shop), f"/office/{shop.slug}/products", f"/office/{shop.slug}/categories"
    alice.post(listed, {"name_en": "Music", "slug": "music"}, page=listed)
    (category,) = shop.read(queries.list_categories)
    number = public("cat", category.id)
    save(shop, category=number)

    def found(query: str) -> bool:
        return shop.sku in alice.get(f"{products}?{query}").get_data(as_text=True)

    assert [found(query) for query in ("status=live", "status=draft", "status=archived", "status=odd")] == [
        True,
        False,
        False,
        False,
    ]
    assert [found(f"category={it}") for it in (number, "cat_0", "x")] == [True, False, False]


@on_one_engine
def test_categories_are_made_renamed_moved_and_dropped(shop: Shop) -> None:
    alice, listed = people.alice(shop), f"/office/{shop.slug}/categories"
    for name in ("Music", "Games"):
        form = {"name_en": name, "name_zh": "", "slug": name.lower()}
        assert alice.post(listed, form, page=listed).status_code == 303
    music, games = (public("cat", row.id) for row in shop.read(queries.list_categories))
    save(shop, category=music)

    alice.post(f"{listed}/{games}/move", {"way": "up"}, page=listed)
    alice.post(f"{listed}/{games}", {"name_en": "Play", "name_zh": "玩"}, page=listed)
    page = alice.get(f"{listed}?lang=en").get_data(as_text=True)
    assert page.index(">Play<") < page.index(">Music<")
    assert f'href="/office/{shop.slug}/products?category={music}">1<' in page

    refused = alice.post(f"{listed}?lang=en", {"name_en": "Again", "slug": "games"}, page=listed)
    assert refused.status_code == 422
    assert "exists already" in refused.get_data(as_text=True)
    assert 'value="Again"' in refused.get_data(as_text=True)

    assert "/categories" in alice.post(f"{listed}/{music}/drop", {}, page=listed).location
    assert product(shop).category_id is None
    assert "1 product has no category now" in alice.get(f"{listed}?lang=en").get_data(as_text=True)


@on_one_engine
def test_products_change_places_by_buttons(shop: Shop) -> None:
    alice, order = people.alice(shop), f"/office/{shop.slug}/order"
    form = {"slug": "second", "sku": fresh_code(), "price": "1", "name_en": "Second", "live": "1"}
    alice.post(f"/office/{shop.slug}/products", form, page=f"/office/{shop.slug}/products/new")
    (second,) = [row.id for row in shop.read(queries.list_in_order) if row.slug == "second"]

    answer = alice.post(f"{page_of(shop, second)}/move", {"way": "up"}, page=order)

    assert answer.status_code == 303
    assert [row.id for row in shop.read(queries.list_in_order)] == [second, number_of(shop)]
    page = alice.get(f"{order}?lang=en").get_data(as_text=True)
    assert page.index("Second") < page.index(">Card<")


@on_one_engine
@pytest.mark.parametrize("role", ["support", "viewer"])
def test_who_may_only_look_is_offered_nothing_to_change(shop: Shop, role: str) -> None:
    bob = people.bob(shop, role)
    save(shop, guide_en="Open")
    for page in (page_of(shop), f"/office/{shop.slug}/categories", f"/office/{shop.slug}/order"):
        said = bob.get(f"{page}?lang=en").get_data(as_text=True).split("<main")[1]
        assert ">Save<" not in said.replace('aria-hidden="true">Save<', "")
        assert "enctype" not in said
        assert "/move" not in said
    assert "Your role can view this but not change it." in look(shop, bob)
    assert save(shop, by=bob, name_en="X").status_code == 403
    assert product(shop).status is ProductStatus.LIVE
    assert len(told(shop, "product.changed")) == 1
