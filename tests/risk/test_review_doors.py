"""No code of an order in review is seen through any door: its page, its password, its link, a look-up, a company."""

from typing import Any

import pytest
from sqlalchemy import update

from app.gifting import queries as gifting
from app.gifting import service as gifts
from app.kit import clock, db
from app.kit.errors import Invalid
from app.kit.events import SYSTEM
from app.kit.ids import public
from app.orders.models import Order, Review
from app.risk.queries import Mode
from tests.companies.firm import Firm
from tests.companies.firm import firm as firm
from tests.engines import on_one_engine
from tests.make import Shop
from tests.risk.hands import order, review_of, set_rule
from tests.web.shop.doors import Linked
from tests.web.shop.test_purchase import latest

DORA = "dora@example.com"
WHOLE = "AB3D-7K2Q-9FHT-4MXC"


def test_the_buyer_sees_nothing_through_page_password_link_or_look_up(shop: Shop) -> None:
    set_rule(shop, "contact.orders", Mode.REVIEW, 1)
    shop.codes(1)
    order(shop, contact=DORA)
    shop.imports(WHOLE)
    bought = Linked(shop)
    assert review_of(shop, latest(shop)) is Review.WAITING
    stranger, page, base = shop.client(), bought.address, f"/s/{shop.slug}"

    asked = {"number": bought.order.number, "password": bought.password}
    answers: list[Any] = [
        bought.dora.get(page),
        bought.dora.get(f"{page}/status"),
        bought.dora.post(f"{page}/reveal", {}, page=page),
        bought.dora.post(f"{page}/save", {}, page=page),
        bought.shown_to(stranger, bought.password),
        bought.prove(stranger),
        bought.reveal(stranger),
        stranger.get(bought.url),
        stranger.post(f"{base}/lookup", asked, page=f"{base}/lookup"),
        bought.dora.get(f"{base}/orders"),
    ]  # fmt: skip

    told = " ".join(answer.get_data(as_text=True) for answer in answers)
    assert [answer.status_code for answer in answers if answer.status_code >= 500] == []
    assert WHOLE not in told
    assert WHOLE[-4:] not in told  # not even its mask
    assert bought.used()[1] == 0


@on_one_engine
def test_a_company_gives_and_takes_nothing_of_an_order_in_review(firm: Firm) -> None:
    shop = firm.shop
    set_rule(shop, "contact.orders", Mode.REVIEW, 1)
    shop.codes(1)
    order(shop, contact=DORA)
    shop.imports(WHOLE)
    placed = order(shop, contact=DORA)
    shop.write(lambda: db.changed(update(Order).where(Order.id == placed.id).values(company_id=firm.id)))
    assert shop.pay(placed)
    assert review_of(shop, placed) is Review.WAITING

    wanted = gifts.Wanted(firm.id, placed.id, 1, "a form")
    with pytest.raises(Invalid):
        shop.write(lambda: gifts.extract(wanted, network="", now=clock.now(), by=SYSTEM))
    assert shop.read(lambda: gifting.count_free(placed.id, now=clock.now())) == 0
    member, batch = firm.browser(), f"/enterprise/{shop.slug}/batches/{public('ord', placed.id)}"
    for page in (batch, f"{batch}/codes", f"{batch}/export.csv", f"/enterprise/{shop.slug}/"):
        assert WHOLE[-4:] not in member.get(page, buffered=True).get_data(as_text=True), page
