"""Categories: departments in an order, whose products outlive them."""

from typing import Any
from uuid import UUID

import pytest

from app.catalog import queries, service
from app.catalog.models import ProductStatus
from app.kit import clock
from app.kit.errors import Invalid
from app.kit.events import SYSTEM
from tests.catalog.shelf import make, told, version, whole
from tests.make import Shop


def create(shop: Shop, slug: str, **names: str) -> UUID:
    given = names or {"zh": slug, "en": slug}
    return shop.write(lambda: service.create_category(slug=slug, names=given, now=clock.now(), by=SYSTEM)).id


def act(shop: Shop, verb: Any, number: UUID, **more: Any) -> Any:
    return shop.write(lambda: verb(queries.get_category(number), now=clock.now(), by=SYSTEM, **more))


def slugs(shop: Shop) -> list[str]:
    return [category.slug for category in shop.read(queries.list_categories)]


def names(shop: Shop, number: UUID) -> dict[str, str]:
    return {text.lang: text.name for text in shop.read(lambda: queries.get_category(number)).texts}


def test_a_new_category_comes_after_the_others(shop: Shop, other: Shop) -> None:
    for slug in ("music", "games", "soft"):
        create(shop, slug)
    create(other, "music")

    assert slugs(shop) == ["music", "games", "soft"]
    assert slugs(other) == ["music"]


@pytest.mark.parametrize(
    ("slug", "called", "faults"),
    [
        ("music", {"zh": "音乐"}, {"slug"}),
        ("No slug", {"zh": "音乐"}, {"slug"}),
        ("", {"zh": " ", "en": ""}, {"slug", "name_zh"}),
        ("games", {"en": "x" * 41}, {"name_en"}),
    ],
)
def test_what_cannot_be_is_refused(shop: Shop, slug: str, called: dict[str, str], faults: set[str]) -> None:
    create(shop, "music")

    with pytest.raises(Invalid) as caught:
        create(shop, slug, **called)
    assert caught.value.fields.keys() == faults
    assert slugs(shop) == ["music"]


def test_it_is_renamed_and_its_link_stays(shop: Shop) -> None:
    number = create(shop, "music", zh="音乐")
    before = version(shop)

    act(shop, service.rename_category, number, names={"zh": "听", "en": "Listening"})
    act(shop, service.rename_category, number, names={"zh": "听", "en": "Listening "})

    assert names(shop, number) == {"zh": "听", "en": "Listening"}
    assert slugs(shop) == ["music"]
    assert told(shop, "category.renamed") == [{"slug": "music"}]
    assert version(shop) == before + 1


def test_it_moves_up_and_down_and_stays_at_the_ends(shop: Shop) -> None:
    one, two, three = (create(shop, slug) for slug in ("one", "two", "three"))

    act(shop, service.move_category, three, up=True)
    assert slugs(shop) == ["one", "three", "two"]
    act(shop, service.move_category, one, up=False)
    assert slugs(shop) == ["three", "one", "two"]
    act(shop, service.move_category, two, up=False)
    act(shop, service.move_category, three, up=True)
    assert slugs(shop) == ["three", "one", "two"]
    assert len(told(shop, "category.moved")) == 2


def test_dropped_it_leaves_its_products_on_sale(shop: Shop) -> None:
    number, stays = create(shop, "music"), create(shop, "games")
    inside = [make(shop, category_id=number).id for _ in range(2)]
    elsewhere = make(shop, category_id=stays).id

    assert act(shop, service.drop_category, number) == 2

    assert slugs(shop) == ["games"]
    for product in inside:
        found = whole(shop, product)
        assert (found.category_id, found.status) == (None, ProductStatus.LIVE)
    assert whole(shop, elsewhere).category_id == stays
    assert told(shop, "category.dropped") == [{"slug": "music", "products": 2}]
    create(shop, "music")


def test_its_products_are_counted_and_those_on_sale(shop: Shop) -> None:
    number = create(shop, "music")
    make(shop, category_id=number)
    make(shop, category_id=number, status=ProductStatus.DRAFT)

    assert shop.read(queries.count_by_category) == {number: (2, 1), None: (1, 1)}
