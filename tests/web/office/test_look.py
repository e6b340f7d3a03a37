"""A shop says what it is called, how it looks and what it promises; a colour nobody could read is not taken."""

from io import BytesIO
from typing import Any

import pytest

from app.kit import db
from app.kit.colours import nearest_good
from app.kit.pictures import Picture
from app.merchants import queries
from tests import people
from tests.catalog.shelf import told, version
from tests.engines import on_one_engine
from tests.kit.test_pictures import HTML, SVG, bomb, drawn
from tests.make import Browser, Shop

FULL = {"name": "Alice's", "accent": "", "licence": "", "tells_stock": "0", "is_closed": "0"}


def save(shop: Shop, *, lang: str = "en", by: Browser | None = None, **form: str) -> Any:
    page = f"/office/{shop.slug}/look"
    return (by or people.alice(shop)).post(f"{page}?lang={lang}", FULL | form, page=page)


def look(shop: Shop, query: str = "lang=en", **more: Any) -> str:
    return str(people.alice(shop).get(f"/office/{shop.slug}/look?{query}", **more).get_data(as_text=True))


def upload(shop: Shop, raw: bytes, *, name: str = "logo.jpg", headers: dict[str, str] | None = None) -> Any:
    page = f"/office/{shop.slug}/look"
    form = {"picture": (BytesIO(raw), name)}
    return people.alice(shop).post(f"{page}/logo?lang=en", form, page=page, headers=headers)


def now(shop: Shop) -> queries.Profile:
    return shop.read(queries.get_current)


@on_one_engine
def test_what_is_saved_stands_there_in_both_languages(shop: Shop) -> None:
    answer = save(
        shop,
        name=" Luobo ",
        accent="0B6E5F",
        licence="ICP 12345",
        tells_stock="1",
        notice_zh="周一休息",
        notice_en="Closed on Mondays",
        promise_en="Money back",
    )

    assert answer.status_code == 303
    profile = now(shop)
    assert (profile.name, profile.accent, profile.licence, profile.tells_stock, profile.is_closed) == (
        "Luobo",
        "#0b6e5f",
        "ICP 12345",
        True,
        False,
    )
    assert shop.read(lambda: queries.shop_words("zh", "zh")).notice == "周一休息"
    assert shop.read(lambda: queries.shop_words("en", "zh")).notice == "Closed on Mondays"
    assert shop.read(lambda: queries.shop_words("zh", "en")).promise == "Money back"
    said = look(shop)
    assert 'value="周一休息"' in said
    assert "notice, after-sales promise" in said
    assert f'href="/office/{shop.slug}/look"' in people.alice(shop).get(f"/office/{shop.slug}/").get_data(as_text=True)


@on_one_engine
def test_the_same_form_twice_is_news_once(shop: Shop) -> None:
    before = version(shop)
    for _ in range(2):
        save(shop, hours_en="9 to 5")

    assert told(shop, "merchant.changed") == [{"changes": ["hours_en"]}]
    assert version(shop) == before + 1


@on_one_engine
@pytest.mark.parametrize(
    ("accent", "words"),
    [
        ("#ffcc00", "White text on #ffcc00 has a contrast of 1.5 : 1; it needs at least 4.5 : 1 to be readable."),
        ("green", "This is not a colour."),
        ('#0b6e5f"><script>', "This is not a colour."),
    ],
)
def test_a_colour_that_cannot_be_worn_is_refused_and_stays_in_its_field(shop: Shop, accent: str, words: str) -> None:
    answer = save(shop, accent=accent, tagline_en="Kept")
    page = answer.get_data(as_text=True)

    assert answer.status_code == 422
    assert words in page
    assert 'value="Kept"' in page
    assert "<script>" not in page.split("<main")[1]
    assert now(shop).accent == ""
    assert shop.read(queries.list_shop_words) == {}


@on_one_engine
def test_the_nearest_colour_that_works_is_named_and_taken(shop: Shop) -> None:
    nearest = nearest_good("#ffcc00")

    assert f"The nearest colour that works is {nearest}." in save(shop, accent="#ffcc00").get_data(as_text=True)
    assert save(shop, accent=nearest).status_code == 303
    assert now(shop).accent == nearest


@on_one_engine
def test_a_colour_can_be_tried_on_without_saving(shop: Shop) -> None:
    headers = {"HX-Request": "true", "HX-Target": "sample"}
    good, bad = (look(shop, f"lang=en&accent=%23{it}", headers=headers) for it in ("1d4ed8", "ffcc00"))

    for part in (good, bad):
        assert part.lstrip().startswith('<div id="sample"')
        assert part.count("<svg viewBox") == 2
        assert "style=" not in part
    assert 'fill="#1d4ed8"' in good
    assert "contrast" not in good
    assert f'value="{nearest_good("#ffcc00")}"' in bad
    assert now(shop).accent == ""


@on_one_engine
def test_all_that_is_wrong_is_told_at_once(shop: Shop) -> None:
    page = save(shop, name=" ", accent="x", tagline_zh="长" * 61, closed_en="x" * 301).get_data(as_text=True)

    for field in ("name", "accent", "tagline_zh", "closed_en"):
        assert f'id="f-{field}-error"' in page
    assert "长" * 61 in page


def test_a_sign_that_no_database_takes_is_left_out(shop: Shop) -> None:
    assert save(shop, name="Al\0ice", notice_en="Mon\0day").status_code == 303
    assert now(shop).name == "Alice"


# Open and closed -------------------------------------------------------------------------------------------------


def test_a_closed_shop_says_so_and_opens_again(shop: Shop) -> None:
    shop.codes(1)
    alice = people.alice(shop)
    save(shop, is_closed="1", closed_en="Back on Monday", by=alice)

    assert now(shop).is_closed
    assert "nobody can order" in alice.get(f"/office/{shop.slug}/products?lang=en").get_data(as_text=True)
    page = f"/s/{shop.slug}/p/{shop.sku.lower()}?lang=en"
    assert "Back on Monday" in shop.client().get(page).get_data(as_text=True)

    save(shop, is_closed="0", closed_en="Back on Monday", by=alice)
    assert not now(shop).is_closed
    shop.place()
    assert (len(told(shop, "merchant.closed")), len(told(shop, "merchant.opened"))) == (1, 1)
    said = look(shop)
    assert "Shop closed: nobody can order" in said
    assert "Shop open again" in said


# Logo ------------------------------------------------------------------------------------------------------------


@on_one_engine
def test_a_logo_is_made_anew_shown_and_removed(shop: Shop) -> None:
    assert upload(shop, drawn()).status_code == 303

    number = now(shop).logo_id
    assert number
    assert str(number) in look(shop)
    page = f"/office/{shop.slug}/look"
    part = upload(shop, drawn(301), headers={"HX-Request": "true", "HX-Target": "logo"})
    assert part.get_data(as_text=True).lstrip().startswith('<div id="logo"')
    assert now(shop).logo_id not in (None, number)

    assert people.alice(shop).post(f"{page}/logo/remove", {}, page=page).status_code == 303
    assert now(shop).logo_id is None
    assert told(shop, "merchant.changed") == [{"changes": ["logo"]}] * 3


@on_one_engine
@pytest.mark.parametrize(
    ("raw", "words"),
    [
        (b"", "The file is empty."),
        (b"not a picture", "This file is not a picture that can be read."),
        (SVG, "This file is not a picture that can be read."),
        (HTML, "This file is not a picture that can be read."),
        (bomb(7100), "This picture has more than 40 million pixels."),
        (b"\0" * 20 * 1024 * 1024, "A picture has at most 8 MB."),
        (b"\xff\xd8" + b"\0" * (8 * 1024 * 1024), "A picture has at most 8 MB."),
    ],
    ids=["empty", "text", "svg", "html", "bomb", "20 MB", "8 MB"],
)
def test_what_is_no_picture_is_refused_in_words_and_kept_nowhere(shop: Shop, raw: bytes, words: str) -> None:
    for headers in ({}, {"HX-Request": "true", "HX-Target": "logo"}):
        answer = upload(shop, raw, headers=headers)
        assert answer.status_code == 422
        assert words in answer.get_data(as_text=True)
        assert 'id="f-logo-error"' in answer.get_data(as_text=True)
    assert now(shop).logo_id is None
    assert shop.read(lambda: db.session().query(Picture).count()) == 0


@on_one_engine
def test_a_form_without_a_file_or_from_a_strange_page_is_refused(shop: Shop) -> None:
    alice, page = people.alice(shop), f"/office/{shop.slug}/look"
    token = alice.token(page)

    bare = alice.client.post(f"{page}/logo?lang=en", data={"csrf_token": token}, content_type="multipart/form-data")
    strange = alice.client.post(f"{page}/logo", data={"picture": (BytesIO(drawn()), "x.jpg")})

    assert bare.status_code == 422
    assert "The file is empty." in bare.get_data(as_text=True)
    assert strange.status_code == 409
    assert now(shop).logo_id is None


@on_one_engine
@pytest.mark.parametrize("role", ["operator", "support", "viewer"])
def test_only_who_may_change_the_shop_sees_the_page(shop: Shop, role: str) -> None:
    bob = people.bob(shop, role)

    assert bob.get(f"/office/{shop.slug}/look").status_code == 403
    assert f'href="/office/{shop.slug}/look"' not in bob.get(f"/office/{shop.slug}/products").get_data(as_text=True)
