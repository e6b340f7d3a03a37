"""Claim campaigns and gifts in the office: made, watched, steered, hung up."""

import re
from typing import Any

import pytest

from app.gifting import queries
from app.kit import clock
from tests.engines import on_one_engine
from tests.gifting.giving import accept, come, make_giver, open_gift
from tests.make import Browser, Shop


@pytest.fixture
def alice(shop: Shop) -> Browser:
    browser = shop.client()
    browser.sign_in(shop.owner)
    return browser


def root(shop: Shop) -> str:
    return f"/office/{shop.slug}/campaigns"


def make(shop: Shop, alice: Browser, **changes: str) -> Any:
    today = clock.now().date().isoformat()
    form = {"name": "Opening", "sku": shop.sku, "cap": "10", "starts_on": today, "ends_on": "2099-01-31"}
    return alice.post(root(shop), form | changes, page=root(shop))


def test_a_campaign_is_made_watched_and_steered(shop: Shop, alice: Browser) -> None:
    shop.codes(3)
    made = make(shop, alice)
    (campaign,) = shop.read(queries.list_campaigns)
    come(shop, campaign.id, "dora@example.com")

    page = alice.get(made.location).get_data(as_text=True)
    assert "do***@example.com" in page
    link = re.search(r'id="campaign-link">http://[^/]+(/[^<]+)<', page)[1]  # type: ignore[index]
    assert shop.client().get(link).status_code == 200
    counts = alice.get(made.location, headers={"HX-Request": "true", "HX-Target": "counts"}).get_data(as_text=True)
    assert counts.lstrip().startswith("<div")
    assert 'hx-trigger="every 2s"' in counts

    for what, state in (("paused", "PAUSED"), ("resumed", "RUNNING"), ("ended", "ENDED")):
        done = alice.post(f"{made.location}/state", {"what": what}, page=made.location)
        assert done.status_code == 303
        assert shop.read(lambda: queries.get_campaign(campaign.id)).state.name == state
    assert alice.post(f"{made.location}/state", {"what": "resumed"}, page=made.location).status_code == 409
    assert alice.post(f"{made.location}/state", {"what": "burnt"}, page=made.location).status_code == 404


def test_more_is_added_and_nonsense_is_not(shop: Shop, alice: Browser) -> None:
    made = make(shop, alice)
    for more, status in (("5", 303), ("0", 422), ("-3", 422), ("many", 422), ("9999999", 422)):
        assert alice.post(f"{made.location}/cap", {"more": more}, page=made.location).status_code == status

    (campaign,) = shop.read(queries.list_campaigns)
    assert campaign.cap == 15


@on_one_engine
@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"name": ""}, "name"),
        ({"sku": "nothing"}, "sku"),
        ({"cap": "0"}, "cap"),
        ({"per_person": "x"}, "per_person"),
        ({"starts_on": ""}, "starts_on"),
        ({"ends_on": "2020-01-01"}, "ends_on"),
    ],
)
def test_what_is_wrong_with_a_plan_stands_at_its_field(
    shop: Shop, alice: Browser, changes: dict[str, str], field: str
) -> None:
    answer = make(shop, alice, **changes)

    assert answer.status_code == 422
    assert f'id="f-{field}-error"' in answer.get_data(as_text=True)
    assert shop.read(queries.list_campaigns) == []


@on_one_engine
@pytest.mark.parametrize("lang", ["zh", "en"])
def test_pictures_and_posters(shop: Shop, alice: Browser, lang: str) -> None:
    made = make(shop, alice)

    assert alice.get(f"{made.location}/qr.png").data.startswith(b"\x89PNG")
    assert b"<svg" in alice.get(f"{made.location}/qr.svg").data
    assert alice.get(f"{made.location}/qr.gif").status_code == 404
    for size in ("a4", "a6", "a0"):
        poster = alice.get(f"{made.location}/poster?size={size}&lang={lang}").get_data(as_text=True)
        assert "Opening" in poster
        assert 'class="poster poster-a' in poster
    assert alice.get(f"{root(shop)}?lang={lang}").status_code == 200


@on_one_engine
@pytest.mark.parametrize("lang", ["zh", "en"])
def test_gifts_are_listed_ruled_and_given_back_unseen(shop: Shop, alice: Browser, lang: str) -> None:
    page = f"/office/{shop.slug}/gifts"
    assert alice.get(f"{page}?lang={lang}").status_code == 200
    unseen, seen = make_giver(shop), make_giver(shop)
    first, second = unseen.wrap(giver="Dora"), seen.wrap()
    accept(shop, first)
    open_gift(shop, second, accept(shop, second).device_id)

    for path in (page, f"{page}?state=claimed", f"{page}?state=waiting"):
        assert alice.get(path).status_code == 200
    listed = alice.get(page).get_data(as_text=True)
    assert listed.count("/return") == 1  # only what nobody has looked at
    address = re.search(rf'action="({page}/gft_\w+/return)"', listed)[1]  # type: ignore[index]
    assert alice.post(address, {}, page=page).status_code == 303
    assert unseen.given(first).stands == "returned"
    assert alice.post(f"{page}/rule", {"giving": "all"}, page=page).status_code == 303
    assert shop.read(queries.giving).name == "ALL"
    assert alice.post(f"{page}/rule", {"giving": "more"}, page=page).status_code == 404
