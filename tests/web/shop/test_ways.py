"""A buyer chooses what they hear by a channel; to open a link changes nothing, one click in a mail program does."""

import re

from app.delivery import queries, service
from app.delivery.models import Channel
from app.delivery.service import Wanted
from app.kit import clock, mail, tokens
from app.kit.events import SYSTEM
from app.orders.models import Order
from tests.engines import on_one_engine
from tests.make import Shop

pytestmark = on_one_engine


def way_of(shop: Shop) -> tuple[Order, str]:
    shop.codes(1)
    order = shop.place(contact="dora@example.com")
    assert shop.pay(order)
    return order, shop.read(lambda: queries.list_ways(order)[Channel.EMAIL])


def wanted(shop: Shop, order: Order) -> Wanted:
    return shop.read(lambda: service.wanted_by(order.contact_index, Channel.EMAIL))


def test_a_look_changes_nothing_and_a_choice_is_kept(shop: Shop) -> None:
    order, way = way_of(shop)
    dora, path = shop.client(), f"/s/{shop.slug}/ways/{way}?lang=en"
    page = dora.get(path)
    assert page.status_code == 200
    assert "What we tell you by e-mail" in page.get_data(as_text=True)
    assert "dora" not in page.get_data(as_text=True)
    assert page.headers["Cache-Control"] == "no-store"
    assert wanted(shop, order) is Wanted.ALL

    for choice in (Wanted.NOTHING, Wanted.NEEDED, Wanted.ALL):
        answer = dora.post(path, {"wanted": choice.value}, page=path)
        assert answer.status_code == 303
        assert wanted(shop, order) is choice
    dora.post(path, {"wanted": "everything"}, page=path)
    assert wanted(shop, order) is Wanted.ALL


def test_one_click_ends_what_can_be_done_without_and_a_look_does_not(shop: Shop) -> None:
    order, way = way_of(shop)
    url = mail.link("hooks.unsubscribe", way=way)
    path = re.sub(r"https?://[^/]+", "", url)
    program = shop.app.test_client()
    assert program.get(path).status_code == 303
    assert program.head(path).status_code == 303
    assert wanted(shop, order) is Wanted.ALL

    for _ in range(2):  # no cookie, no token of a page
        answer = program.post(path, data={"List-Unsubscribe": "One-Click"})
        assert answer.status_code == 200
        assert wanted(shop, order) is Wanted.NEEDED
    shop.write(
        lambda: service.choose_wanted(order.contact_index, Channel.EMAIL, Wanted.NOTHING, now=clock.now(), by=SYSTEM)
    )
    program.post(path, data={"List-Unsubscribe": "One-Click"})
    assert wanted(shop, order) is Wanted.NOTHING, "one click brings back nothing that was turned off"


def test_a_link_of_another_shop_or_of_nobody_leads_nowhere(shop: Shop, other: Shop) -> None:
    _, way = way_of(shop)

    for shown in (
        f"/s/{other.slug}/ways/{way}",
        f"/s/{shop.slug}/ways/{tokens.sign('reveal link', 'x')}",
        "/u/made-up",
    ):
        assert shop.client().get(shown).status_code == 404
