"""The office shows the robots of the staff: how each is, and which notes it tells."""

from collections.abc import Iterator

import pytest

from app.kit import clock
from app.kit.ids import new_id, public
from app.messages import queries, service
from app.web.office.notes import NAMES
from tests.make import Shop
from tests.messages.chats import Chats, running


@pytest.fixture
def chats(shop: Shop) -> Iterator[Chats]:
    with running() as chats:
        yield chats


def test_an_owner_chooses_what_a_robot_tells(shop: Shop, chats: Chats) -> None:
    carrier, alice = chats.connect(shop, "wecom_robot"), shop.client()
    alice.sign_in(shop.owner)
    page = f"/office/{shop.slug}/notes/robots"
    text = alice.get(page).get_data(as_text=True)
    assert text.count("checked") == text.count('name="kind"') == len(NAMES), "all by default"

    alice.post(f"{page}/{public('car', carrier.id)}", {"kind": ["stock.few", "transfer.told"]}, page=page)

    (robot,) = shop.read(queries.list_robots)
    assert robot.silent == set(NAMES) - {"stock.few", "transfer.told"}
    assert alice.get(page).get_data(as_text=True).count("checked") == 2


def test_the_page_says_why_a_robot_is_out_of_order(shop: Shop, chats: Chats) -> None:
    chats.connect(shop, "wecom_robot", key="0" * 32)
    facts = {"left": 1, "limit": 2, "sku": shop.sku, "title": "Card"}
    shop.write(lambda: service.note("stock.few", subject=("sku", new_id()), facts=facts, now=clock.now()))
    shop.drain()
    alice = shop.client()
    alice.sign_in(shop.owner)

    assert "93000" in alice.get(f"/office/{shop.slug}/notes/robots").get_data(as_text=True)


def test_a_shop_without_robots_is_told_what_they_are_for(shop: Shop) -> None:
    alice = shop.client()
    alice.sign_in(shop.owner)

    assert 'name="kind"' not in alice.get(f"/office/{shop.slug}/notes/robots").get_data(as_text=True)
