"""Delivery texts in the office: written, seen on a phone, published, taken back; and what buyers then read."""

from io import BytesIO

import pytest
from PIL import Image

from app.catalog import queries as catalog
from app.delivery import queries
from app.delivery.models import Medium
from app.delivery.queries import Place
from app.kit import pictures
from app.kit.ids import public
from app.orders.models import Order
from app.web.shop.placing import token_of
from tests import people
from tests.make import Browser, Shop

FORM = {"title": "About {{ product }}", "tips": "**Bold** <b>", "step_1": "Open it", "invite": "", "footer": ""}


def alice(shop: Shop) -> Browser:
    """The owner, who reads English."""
    person = people.alice(shop)
    person.client.set_cookie("lang", "en")
    return person


def path(shop: Shop, product: str = "", tongue: str = "en", medium: str = "page") -> str:
    number = shop.read(lambda: catalog.get_sku(shop.sku).product_id)
    return f"/office/{shop.slug}/wordings/{product or public('prd', number)}/{tongue}/{medium}"


def place(shop: Shop) -> Place:
    return Place(shop.read(lambda: catalog.get_sku(shop.sku).product_id), "en", Medium.PAGE)


def sell(shop: Shop) -> Order:
    shop.codes(1)
    order = shop.place()
    assert shop.pay(order)
    return shop.order(order)


def page_of(shop: Shop, order: Order) -> str:
    url = f"/s/{shop.slug}/o/{token_of(order.id)}?lang=en"
    text: str = shop.client().get(url).get_data(as_text=True)
    return text


def test_what_is_published_stands_on_the_page_of_the_order(shop: Shop) -> None:
    person, where = alice(shop), path(shop)
    drafted = person.post(where, FORM | {"do": "save"}, page=where)
    assert drafted.status_code == 303
    assert "About Card" not in page_of(shop, sell(shop))

    assert person.post(where, FORM | {"do": "publish"}, page=where).status_code == 303
    text = page_of(shop, sell(shop))
    for part in ("About Card", "<strong>Bold</strong>", "&lt;b&gt;", "Open it"):
        assert part in text


def test_the_preview_is_what_buyers_get_and_saves_nothing(shop: Shop) -> None:
    person, where = alice(shop), path(shop)
    seen = person.post(f"{where}/preview", FORM, page=where, headers={"HX-Request": "true", "HX-Target": "preview"})

    text = seen.get_data(as_text=True)
    assert text.startswith('<div id="preview"')
    assert "srcdoc=" in text
    assert "&lt;strong&gt;Bold&lt;/strong&gt;" in text
    assert "shop.css" in text
    assert shop.read(lambda: queries.list_standing()) == {}


def test_the_preview_speaks_the_language_of_the_words_not_of_who_writes_them(shop: Shop) -> None:
    person, where = alice(shop), path(shop, tongue="zh")
    seen = person.post(f"{where}/preview", {"footer": "谢谢"}, page=where, headers={"HX-Request": "true"})

    text = seen.get_data(as_text=True)
    assert "使用说明" in text
    assert "How to use it" not in text
    assert "With sample values" in text


def test_of_words_that_say_nothing_no_phone_is_shown(shop: Shop) -> None:
    person, where = alice(shop), path(shop, product="shop")
    seen = person.post(f"{where}/preview", {}, page=where, headers={"HX-Request": "true"}).get_data(as_text=True)

    assert "Nothing is written yet" in seen
    assert "<iframe" not in seen


def test_a_letter_is_previewed_with_its_subject(shop: Shop) -> None:
    person, where = alice(shop), path(shop, medium="mail")
    seen = person.post(f"{where}/preview", FORM, page=where, headers={"HX-Request": "true", "HX-Target": "preview"})

    assert "Your codes are ready" in seen.get_data(as_text=True)
    assert "About Card" in seen.get_data(as_text=True)


@pytest.mark.parametrize("do", ["save", "preview"])
def test_a_fault_says_its_line_and_what_can_be_put_in(shop: Shop, do: str) -> None:
    person, where = alice(shop), path(shop)
    url = where if do == "save" else f"{where}/preview"
    seen = person.post(url, FORM | {"tips": "fine\n{{ code }}"}, page=where)

    assert seen.status_code == (422 if do == "save" else 200)
    text = seen.get_data(as_text=True)
    assert "Line 2: there is no “code”" in text
    assert "shop, product, order, buyer, count, date" in text


def test_the_list_says_how_far_each_text_is(shop: Shop) -> None:
    person, where = alice(shop), path(shop)
    person.post(where, FORM | {"do": "publish"}, page=where)
    person.post(path(shop, "shop", "zh", "mail"), FORM | {"do": "save"}, page=where)

    text = person.get(f"/office/{shop.slug}/wordings").get_data(as_text=True)
    assert (text.count(">Published<"), text.count(">Draft<"), text.count(">Write<")) == (1, 1, 6)


def test_an_older_version_is_taken_over_and_a_text_withdrawn(shop: Shop) -> None:
    person, where = alice(shop), path(shop)
    person.post(where, FORM | {"do": "publish"}, page=where)
    person.post(where, FORM | {"title": "Second", "do": "publish"}, page=where)
    assert person.post(f"{where}/versions/1", {}, page=where).status_code == 303
    assert person.post(f"{where}/withdrawal", {}, page=where).status_code == 303

    spot = place(shop)
    newest = shop.read(lambda: queries.find_newest(spot))
    assert newest
    assert (newest.number, newest.title, newest.published_at) == (3, "About {{ product }}", None)
    assert "Second" not in page_of(shop, sell(shop))


def test_a_text_is_taken_over_from_another(shop: Shop) -> None:
    person, where = alice(shop), path(shop)
    person.post(where, FORM | {"do": "save"}, page=where)
    source = " ".join(where.split("/")[-3:])
    other = path(shop, "shop", "zh", "mail")
    assert person.post(f"{other}/copy", {"source": source}, page=where).status_code == 303

    assert "About {{ product }}" in person.get(other).get_data(as_text=True)
    assert person.post(f"{other}/copy", {"source": "nonsense"}, page=where).status_code == 404


def test_a_picture_is_made_anew_in_at_most_40_kb(shop: Shop) -> None:
    person, where = alice(shop), path(shop)
    noise, dots = Image.effect_noise((1600, 1200), 90).convert("RGB"), BytesIO()
    noise.save(dots, "PNG")
    dots.seek(0)
    form = {"picture": (dots, "step.png")}
    assert person.post(f"{where}/pictures/1", form, page=where, content_type="multipart/form-data").status_code == 303

    spot = place(shop)

    def weight() -> int:
        newest = queries.find_newest(spot)
        assert newest
        shown = pictures.find(queries.words_of(newest).steps[0].picture_id)
        assert shown
        return len(shown.dots)

    assert 0 < shop.read(weight) <= 40 * 1024
    assert person.post(f"{where}/pictures/9", {"picture": (BytesIO(b""), "")}, page=where).status_code >= 400


def test_what_is_no_picture_is_refused_beside_its_field(shop: Shop) -> None:
    person, where = alice(shop), path(shop)
    form = {"picture": (BytesIO(b"<svg onload=alert(1)>"), "logo.svg")}
    seen = person.post(f"{where}/pictures/logo", form, page=where, content_type="multipart/form-data")

    assert seen.status_code == 422
    assert "not a picture that can be read" in seen.get_data(as_text=True)


def test_who_may_not_write_sees_nothing_of_it(shop: Shop) -> None:
    person = people.bob(shop)
    assert person.get(path(shop)).status_code == 403
    assert "Delivery texts" not in person.get(f"/office/{shop.slug}/").get_data(as_text=True)


def test_strange_addresses_lead_nowhere(shop: Shop, other: Shop) -> None:
    for where in (path(shop, tongue="fr"), path(shop, medium="sms"), path(shop, "prd_x")):
        assert alice(shop).get(where).status_code == 404
    theirs = path(other).replace(other.slug, shop.slug)
    assert alice(shop).get(theirs).status_code == 404
