"""What a shop says of its products: variants come, change and go off sale; orders keep what they were placed for."""

from typing import Any

import pytest

from app.catalog import queries, service
from app.catalog.models import Kind, ProductStatus
from app.catalog.service import SkuDraft, Texts
from app.kit import clock, db, pictures
from app.kit.errors import Invalid, NotFound
from app.kit.events import SYSTEM
from app.kit.ids import new_id
from app.merchants import service as merchants
from app.orders import queries as orders
from app.orders.errors import ShopIsClosed
from tests.catalog.shelf import TEXTS, change, draft, finds, make, told, version, whole, yuan
from tests.engines import on_one_engine
from tests.make import Shop, fresh_code


def put_pictures(shop: Shop, count: int) -> list[Any]:
    svg = '<svg viewBox="0 0 {} 9"/>'
    return [
        shop.write(lambda n=n: pictures.keep_drawn(svg.format(n + 1), now=clock.now()))  # type: ignore[misc]
        for n in range(count)
    ]


def refused(shop: Shop, act: Any) -> dict[str, str]:
    """Return the fields and the kinds of refusals of an act."""
    with pytest.raises(Invalid) as caught:
        act()
    return {field: type(fault).__name__ for field, fault in caught.value.fields.items()}


# Making ----------------------------------------------------------------------------------------------------------


def test_a_product_stands_there_as_it_was_drafted(shop: Shop) -> None:
    first, second = put_pictures(shop, 2)
    category = shop.write(
        lambda: service.create_category(slug="music", names={"zh": "音乐"}, now=clock.now(), by=SYSTEM)
    )
    texts = {"zh": Texts("音乐会员", "听歌", "打开\n输入", "很好", "面值：30 元", "多久？\n一年。")}
    month = draft("MONTH", 1500, was=yuan(2000), names={"zh": "月卡"})
    made = make(
        shop,
        month,
        draft("YEAR", 9900, on_sale=False),
        texts=texts,
        category_id=category.id,
        cover_id=first,
        tags=("new", "hot", "unheard of"),
        redeem_url="https://music.example/redeem",
        steps=(None, second),
    )

    product = whole(shop, made.id)
    assert (product.category_id, product.cover_id, product.tags) == (category.id, first, "hot new")
    assert product.redeem_url == "https://music.example/redeem"
    assert [(step.position, step.picture_id) for step in product.steps] == [(2, second)]
    assert [(sku.code, sku.was, sku.on_sale) for sku in product.skus] == [
        ("MONTH", yuan(2000), True),
        ("YEAR", None, False),
    ]
    assert [text.name for text in product.skus[0].texts] == ["月卡"]
    (text,) = product.texts
    assert (text.about, text.facts, text.faq) == ("很好", "面值：30 元", "多久？\n一年。")


BAD: list[tuple[dict[str, Any], dict[str, str]]] = [
    ({"slug": "No Slug"}, {"slug": "BadSlug"}),
    ({"texts": {"zh": Texts(" ")}}, {"name_zh": "Required"}),
    ({"texts": {"en": Texts("x" * 121)}}, {"name_en": "TooLong"}),
    ({"texts": {"en": Texts("Card", facts="Valid: 1 year\nno colon")}}, {"facts_en": "BadFact"}),
    ({"texts": {"en": Texts("Card", facts=": 1 year")}}, {"facts_en": "BadFact"}),
    ({"texts": {"zh": Texts("卡", faq="多久？\n一年。\n\n为什么？")}}, {"faq_zh": "NoAnswer"}),
    ({"texts": {"zh": Texts("卡", guide="一\n" * 13)}}, {"guide_zh": "TooManySteps"}),
    ({"category_id": new_id()}, {"category": "CategoryGone"}),
    *(
        ({"redeem_url": url}, {"redeem_url": "BadRedeemUrl"})
        for url in (
            "http://a.example",
            "javascript:alert(1)",
            "https://",
            "https://a",
            "https://user@a.example",
            "https://a.example/ b",
            'https://a.example/"onclick',
            "https://127.0.0.1/x",
            "//a.example",
            "https://a.example/" + "x" * 500,
        )
    ),
]


@on_one_engine
@pytest.mark.parametrize(("given", "faults"), BAD)
def test_what_cannot_be_is_refused_at_its_field(shop: Shop, given: dict[str, Any], faults: dict[str, str]) -> None:
    assert refused(shop, lambda: make(shop, **given)) == faults


@on_one_engine
def test_all_faults_are_told_at_once_and_nothing_is_made(shop: Shop) -> None:
    before = shop.read(queries.count_products)
    twice = fresh_code()

    faults = refused(
        shop,
        lambda: make(
            shop, draft(twice, was=yuan(1000)), draft(twice), slug="", texts={"zh": Texts("")}, redeem_url="ftp://x"
        ),
    )

    assert faults == {
        "slug": "BadSlug",
        "name_zh": "Required",
        "sku": "SkuTaken",
        "was": "BadWas",
        "redeem_url": "BadRedeemUrl",
    }
    assert shop.read(queries.count_products) == before


@pytest.mark.parametrize("url", ["https://a.example", "https://redeem.a.example:8443/x?y=1#z", "https://商店.中国/码"])
@on_one_engine
def test_an_https_address_is_taken(shop: Shop, url: str) -> None:
    assert make(shop, redeem_url=url).redeem_url == url


# Changing --------------------------------------------------------------------------------------------------------


def test_variants_change_places_come_and_go_off_sale(shop: Shop) -> None:
    made = make(shop, draft("A-" + shop.slug, 1000), draft("B-" + shop.slug, 2000))
    a, b = (sku.code for sku in whole(shop, made.id).skus)
    new = fresh_code()

    change(
        shop,
        made,
        draft(b, 1800, was=yuan(2000), names={"en": "Year"}),
        draft(new, 500),
        draft(a, 1000, on_sale=False),
    )

    skus = whole(shop, made.id).skus
    assert [(sku.code, sku.price.minor, sku.on_sale) for sku in skus] == [
        (b, 1800, True),
        (new, 500, True),
        (a, 1000, False),
    ]
    ((_, changes),) = [next(iter(facts.items())) for facts in told(shop, "product.changed")]
    assert sorted(changes) == sorted(
        [
            [f"price {b}", "20.00", "18.00"],
            [f"was {b}", "", "20.00"],
            [f"names {b}", "", ""],
            [f"variant {new}", "", "5.00"],
            [f"on_sale {a}", "yes", "no"],
            ["order", "", ""],
        ]
    )


def test_variants_that_are_not_named_stay_at_the_end(shop: Shop) -> None:
    made = make(shop, draft("A-" + shop.slug), draft("B-" + shop.slug))

    change(shop, made, draft("B-" + shop.slug, 7))

    assert [(sku.code, sku.price.minor) for sku in whole(shop, made.id).skus] == [
        ("B-" + shop.slug, 7),
        ("A-" + shop.slug, 1000),
    ]


@on_one_engine
def test_the_kind_of_a_variant_and_the_sku_of_another_are_refused(shop: Shop) -> None:
    made = make(shop, draft("A-" + shop.slug))
    card = SkuDraft("A-" + shop.slug, Kind.CARD, yuan(1), {})

    assert refused(shop, lambda: change(shop, made, card)) == {f"kind_A-{shop.slug}": "KindStays"}
    assert refused(shop, lambda: change(shop, made, draft(shop.sku))) == {"sku": "SkuTaken"}
    assert refused(shop, lambda: change(shop, made, draft("A-" + shop.slug, 5, was=yuan(5)))) == {
        f"was_A-{shop.slug}": "BadWas"
    }


@on_one_engine
def test_a_product_on_sale_has_a_variant_on_sale(shop: Shop) -> None:
    made = make(shop, draft("A-" + shop.slug))
    off = draft("A-" + shop.slug, on_sale=False)

    assert refused(shop, lambda: change(shop, made, off)) == {"status": "NothingOnSale"}
    change(shop, made, off, status=ProductStatus.DRAFT)
    assert whole(shop, made.id).status is ProductStatus.DRAFT


@on_one_engine
def test_the_same_once_more_is_no_news(shop: Shop) -> None:
    code = fresh_code()
    made = make(shop, draft(code, names={"en": "Month"}))
    before = version(shop)

    change(shop, made, draft(code, names={"en": " Month "}))

    assert told(shop, "product.changed") == []
    assert version(shop) == before


def test_whatever_buyers_see_makes_the_shelf_a_new_one(shop: Shop) -> None:
    (picture,) = put_pictures(shop, 1)
    versions = [version(shop)]
    made = make(shop)
    versions.append(version(shop))
    change(shop, made, texts={"zh": Texts("新名字")})
    versions.append(version(shop))
    for _ in range(2):
        shop.write(lambda: service.change_cover(db.get(type(made), made.id), picture, now=clock.now(), by=SYSTEM))
    versions.append(version(shop))
    shop.write(lambda: service.move_product(db.get(type(made), made.id), up=True, now=clock.now(), by=SYSTEM))
    versions.append(version(shop))

    assert versions == list(range(versions[0], versions[0] + 5))


# Sales -----------------------------------------------------------------------------------------------------------


def test_an_order_keeps_what_it_was_placed_for(shop: Shop) -> None:
    shop.codes(1)
    order = shop.place()
    sku = shop.read(lambda: queries.get_sku(shop.sku))
    product = whole(shop, sku.product_id)

    change(
        shop,
        product,
        draft(shop.sku, 1, on_sale=False, names={"en": "Other"}),
        texts={"en": Texts("Other")},
        status=ProductStatus.ARCHIVED,
    )

    (line,) = shop.read(lambda: orders.list_lines(order.id))
    assert (line.price_amount, line.title) == (1999, "Card")
    assert shop.pay(order)
    assert shop.read(lambda: orders.get(order.id)).delivered_at


def test_a_variant_off_sale_is_sold_to_nobody(shop: Shop) -> None:
    shop.codes(2)
    product = whole(shop, shop.read(lambda: queries.get_sku(shop.sku)).product_id)
    shop.place()

    change(shop, product, draft(shop.sku, 1999, on_sale=False), draft())

    with pytest.raises(Invalid) as caught:
        shop.place()
    assert type(caught.value.fields["sku"]).__name__ == "NotForSale"


def test_a_closed_shop_takes_no_order_but_knows_those_it_took(shop: Shop) -> None:
    def turn(is_closed: bool) -> None:
        look = merchants.Look("Alice's", "", "", tells_stock=False, is_closed=is_closed)
        shop.write(lambda: merchants.change_look(look, now=clock.now(), by=SYSTEM))

    shop.codes(2)
    order = shop.place(idem="the form", contact="dora@example.com")
    turn(True)

    with pytest.raises(ShopIsClosed):
        shop.place()
    assert shop.place(idem="the form", contact="dora@example.com").id == order.id
    assert shop.pay(order)
    turn(False)
    shop.place()


# Moving, pictures, finding ---------------------------------------------------------------------------------------


def test_products_change_places_and_stay_at_the_ends(shop: Shop) -> None:
    first = shop.read(lambda: queries.get_sku(shop.sku)).product_id
    second, third = make(shop).id, make(shop).id

    def move(number: Any, *, up: bool) -> list[Any]:
        shop.write(lambda: service.move_product(queries.get_whole(number), up=up, now=clock.now(), by=SYSTEM))
        return [product.id for product in shop.read(queries.list_in_order)]

    assert move(third, up=True) == [first, third, second]
    assert move(third, up=True) == [third, first, second]
    assert move(third, up=True) == [third, first, second]
    assert move(first, up=False) == [third, second, first]
    assert len(told(shop, "product.moved")) == 3


@on_one_engine
def test_products_that_share_a_place_can_be_moved(shop: Shop) -> None:
    first = shop.read(lambda: queries.get_sku(shop.sku)).product_id
    second = make(shop).id

    def share() -> None:
        for number in (first, second):
            queries.get_whole(number).position = 0

    shop.write(share)
    before = [product.id for product in shop.read(queries.list_in_order)]
    shop.write(lambda: service.move_product(queries.get_whole(before[1]), up=True, now=clock.now(), by=SYSTEM))

    assert [product.id for product in shop.read(queries.list_in_order)] == before[::-1]


def test_a_step_has_one_picture_or_none(shop: Shop) -> None:
    one, two = put_pictures(shop, 2)
    made = make(shop)

    def put(step: int, picture: Any) -> list[Any]:
        shop.write(lambda: service.change_step(queries.get_whole(made.id), step, picture, now=clock.now(), by=SYSTEM))
        return [(row.position, row.picture_id) for row in whole(shop, made.id).steps]

    assert put(1, one) == [(1, one)]
    assert put(3, two) == [(1, one), (3, two)]
    assert put(1, two) == [(1, two), (3, two)]
    assert put(1, None) == [(3, two)]
    assert put(1, None) == [(3, two)]
    assert len(told(shop, "product.changed")) == 4
    for step in (0, 13, -1):
        with pytest.raises(NotFound):
            put(step, one)


def test_a_product_is_found_by_pinyin_initials_and_variants(shop: Shop) -> None:
    texts = {"zh": Texts("云听音乐 ＶＩＰ", "每月 Hi-Res"), "en": Texts("Yunting MUSIC")}
    made = make(shop, draft(names={"zh": "年卡", "en": "One Year"}), texts=texts)

    zh, en = finds(shop, made.id, "zh"), finds(shop, made.id, "en")

    for word in ("云听音乐 vip", "每月 hi-res", "年卡", "yuntingyinyue", "ytyy"):
        assert word in zh
    assert en == "yunting music one year"

    change(shop, made, draft(whole(shop, made.id).skus[0].code, names={"zh": "月卡"}), texts=TEXTS)
    assert "月卡" in finds(shop, made.id, "zh")
    assert "yinyuehuiyuan" in finds(shop, made.id, "zh")
    assert "年卡" not in finds(shop, made.id, "zh")
