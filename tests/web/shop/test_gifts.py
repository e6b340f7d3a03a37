"""Gifts in the shop: made on the order's page, claimed by one tap on another phone, seen by one hand at a time."""

import re
from datetime import timedelta
from typing import Any

import pytest

from app.entitlements import queries as entitled
from app.gifting import queries, service
from app.gifting.models import Gift, Giving
from app.kit import clock, db
from app.kit.events import SYSTEM
from app.kit.ids import public
from app.merchants import service as merchants
from app.merchants.queries import Reveals
from tests.engines import on_one_engine
from tests.make import Browser, Shop
from tests.web.shop.doors import Linked, later
from tests.web.shop.test_purchase import latest, paid_order, shown_codes


class Present:
    """Dora's paid order on her phone, and Lin with another one."""

    def __init__(self, shop: Shop, quantity: int = 1) -> None:
        self.shop, self.dora, self.lin = shop, shop.client().reads("en"), shop.client().reads("en")
        self.order = paid_order(shop, self.dora, quantity)

    @property
    def url(self) -> str:
        """Where Dora gives the first piece away."""
        order = latest(self.shop)
        first = self.shop.read(lambda: entitled.list_of_order(order.id))[0]
        return f"{self.order}/gifts/{public('ent', first.id)}"

    def give(self, **form: str) -> str:
        """Give the first piece, and return the address of the gift."""
        made = self.dora.post(self.url, {"giver": "Dora", "receiver": "Lin"} | form, page=self.url)
        assert made.status_code == 303, made.get_data(as_text=True)
        page = self.dora.get(made.location).get_data(as_text=True)
        return re.search(r'id="gift-link">http://[^/]+(/[^<]+)<', page)[1]  # type: ignore[index]

    def take(self, gift: str, browser: Browser | None = None, **form: str) -> Any:
        return (browser or self.lin).post(f"{gift}/claim", form, page=gift)

    def open(self, gift: str, browser: Browser | None = None) -> list[str]:
        return codes((browser or self.lin).post(f"{gift}/reveal", {}, page=f"/s/{self.shop.slug}/help"))

    def look(self) -> Any:
        return self.dora.post(f"{self.order}/reveal", {}, page=f"/s/{self.shop.slug}/lookup")


def heading(present: Present) -> str:
    """Return what the order's page says has become of it."""
    page = present.dora.get(f"{present.order}?lang=en").get_data(as_text=True)
    return re.search(r'id="order-state".*?<h1[^>]*>(.*?)</h1>', page, re.DOTALL)[1].strip()  # type: ignore[index]


def codes(answer: Any) -> list[str]:
    return shown_codes(answer.get_data(as_text=True))


@pytest.fixture
def present(shop: Shop) -> Present:
    return Present(shop)


def test_one_phone_gives_and_another_has_it_from_then_on(present: Present) -> None:
    assert heading(present) == "It has arrived"
    gift = present.give(message="Happy birthday")
    assert heading(present) == "Given to somebody"
    seen = present.lin.get(gift).get_data(as_text=True)
    assert "Dora has a gift for you" in seen
    assert "Happy birthday" in seen
    assert codes(present.look()) == []

    taken = present.take(gift)

    assert taken.status_code == 303
    assert len(present.open(gift)) == 1
    assert codes(present.look()) == []
    assert codes(present.dora.post(f"{present.order}/codes", {}, page=f"/s/{present.shop.slug}/lookup")) == []
    for page in (present.order, present.url):
        shown = present.dora.get(page).get_data(as_text=True)
        assert "Claimed" in shown or "It was claimed" in shown
    assert present.open(gift, present.dora) == []
    assert "This gift was claimed" in present.dora.get(gift).get_data(as_text=True)


def test_to_open_the_link_takes_nothing(present: Present) -> None:
    gift = present.give()
    for agent in ("Slackbot-LinkExpanding 1.0", "curl/8.5.0", "Microsoft Office Safe Links"):
        for _ in range(2):
            assert present.lin.get(gift, headers={"User-Agent": agent}).status_code == 200
            assert present.lin.client.post(f"{gift}/claim", headers={"User-Agent": agent}).status_code == 409
    assert present.lin.get(f"{gift}/claim").status_code == 405

    assert state_of(present) == "WAITING"
    assert present.take(gift).status_code == 303


def test_she_takes_it_back_and_sees_it_again(present: Present) -> None:
    gift = present.give()

    back = present.dora.post(f"{present.url}/return", {}, page=present.url)

    assert back.status_code == 303
    assert present.lin.get(gift).status_code == 404
    assert present.lin.post(f"{gift}/claim", {}, page=f"/s/{present.shop.slug}/help").status_code == 404
    assert len(codes(present.look())) == 1


def test_nobody_else_gives_what_is_hers(present: Present) -> None:
    page = f"/s/{present.shop.slug}/help"
    for path in (present.url, f"{present.url}/return"):
        answer = present.lin.post(path, {}, page=page)
        assert (answer.status_code, answer.location) == (303, present.order)
    assert present.lin.get(present.url).location == present.order
    assert present.shop.read(lambda: db.session().query(Gift).all()) == []
    assert "Give away" not in present.lin.get(present.order).get_data(as_text=True)


def test_the_mailed_link_and_the_password_show_nothing_of_what_was_given(shop: Shop) -> None:
    linked = Linked(shop)
    owned = shop.read(lambda: entitled.list_of_order(linked.order.id))[0]
    page = f"{linked.address}/gifts/{public('ent', owned.id)}"
    linked.dora.post(page, {}, page=page)
    stranger = shop.client()
    linked.prove(stranger)

    assert codes(linked.reveal(stranger)) == []
    assert codes(linked.shown_to(shop.client(), linked.password)) == []


def test_what_she_looked_at_she_cannot_give_unless_the_shop_wants_that(present: Present) -> None:
    present.look()
    assert "already been viewed" in present.dora.get(present.url).get_data(as_text=True)
    page = f"/s/{present.shop.slug}/help"
    assert present.dora.post(present.url, {}, page=page).status_code == 409

    present.shop.write(lambda: service.set_giving(Giving.ALL, now=clock.now(), by=SYSTEM))
    gift = present.give()

    assert "It was first viewed on" in present.lin.get(gift).get_data(as_text=True)
    present.shop.write(lambda: service.set_giving(Giving.NOTHING, now=clock.now(), by=SYSTEM))
    assert present.take(gift).status_code == 303  # what was given stays given
    assert "Give it on" not in present.lin.get(gift).get_data(as_text=True)


def test_lin_gives_it_on_and_has_it_no_more(present: Present) -> None:
    gift = present.give()
    present.take(gift)
    made = present.lin.post(f"{gift}/on", {"giver": "Lin"}, page=f"{gift}/on")
    page = present.lin.get(made.location).get_data(as_text=True)
    second = re.search(r'id="gift-link">http://[^/]+(/[^<]+)<', page)[1]  # type: ignore[index]
    mo = present.shop.client()

    present.take(second, mo)

    assert len(present.open(second, mo)) == 1
    for browser, address in ((present.lin, gift), (present.lin, second), (present.dora, second)):
        assert present.open(address, browser) == []
    assert "You have given it on" in present.lin.get(gift).get_data(as_text=True)
    assert mo.get(f"{gift}/on").status_code == 303
    assert present.lin.post(f"{gift}/on/return", {}, page=f"/s/{present.shop.slug}/help").status_code == 409


@on_one_engine
@pytest.mark.parametrize("lang", ["zh", "en"])
def test_a_gift_with_a_word_and_a_day(present: Present, lang: str) -> None:
    tomorrow = (clock.now() + timedelta(days=2)).date().isoformat()
    gift = present.give(by_word="1", opens_on=tomorrow)
    page = present.dora.get(f"{present.url}?lang={lang}").get_data(as_text=True)
    word = re.search(r'id="gift-word">([^<]+)<', page)[1]  # type: ignore[index]
    assert 'name="proof"' not in present.lin.get(f"{gift}?lang={lang}").get_data(as_text=True)  # its day has not come

    with clock.running(lambda: clock._system() + timedelta(days=3)):
        assert present.take(gift).status_code == 422
        assert present.take(gift, proof="ABCD-EFGH").status_code == 422
        assert present.take(gift, proof=word.lower(), email="not one").status_code == 422
        assert present.take(gift, proof=word.lower(), email="lin@example.com").status_code == 303
        mine = present.lin.get(gift).get_data(as_text=True)
        own = re.search(r'id="own-word">([^<]+)<', mine)[1]  # type: ignore[index]
        assert "l***@example.com" in mine or "li***@example.com" in mine
        other = present.shop.client()
        assert other.post(f"{gift}/proof", {"proof": word}, page=gift).status_code == 422
        assert other.post(f"{gift}/proof", {"proof": own}, page=gift).status_code == 303
        assert len(present.open(gift, other)) == 1


@on_one_engine
def test_a_day_that_is_over_is_refused_in_the_form(present: Present) -> None:
    for wrong in ("2020-01-01", "tomorrow"):
        answer = present.dora.post(present.url, {"opens_on": wrong}, page=present.url)
        assert answer.status_code == 422
        assert 'id="f-opens_on-error"' in answer.get_data(as_text=True)
    assert present.dora.get(present.url).status_code == 200


@on_one_engine
def test_the_picture_of_the_link_is_for_who_has_it(present: Present) -> None:
    gift = present.give()

    picture = present.lin.get(f"{gift}/qr.png")

    assert (picture.status_code, picture.content_type) == (200, "image/png")
    assert present.lin.get(f"{gift[:-2]}xx/qr.png").status_code == 404
    assert present.lin.get(f"{gift[:-2]}xx").status_code == 404


def test_who_buys_a_gift_is_shown_nothing_unasked(shop: Shop) -> None:
    present = Present(shop)
    page = present.dora.get(present.order).get_data(as_text=True)
    assert 'name="by" value="itself"' in page

    present.dora.post(f"{present.order}/as-gift", {}, page=present.order)

    assert 'name="by" value="itself"' not in present.dora.get(present.order).get_data(as_text=True)


def test_of_several_pieces_one_is_given_and_the_rest_stays_hers(shop: Shop) -> None:
    present = Present(shop, 3)
    gift = present.give()
    present.take(gift)

    assert len(codes(present.look())) == 2
    assert len(present.open(gift)) == 1


def test_she_uses_nothing_that_she_gave(present: Present) -> None:
    use = present.url.replace("/gifts/", "/uses/")
    present.give()

    assert present.dora.get(use).status_code == 404


def state_of(present: Present) -> str:
    order = latest(present.shop)
    found = present.shop.read(lambda: queries.list_given(order.id, from_id=None, now=clock.now()))
    return found[0].gift.state.name


@on_one_engine
def test_who_was_given_it_is_helped_at_the_code_and_nobody_else(present: Present) -> None:
    gift = present.give()
    present.take(gift)
    url = f"{gift}/help"
    page = present.lin.get(url).get_data(as_text=True)
    assert 'value="used"' in page
    assert 'value="wrong"' not in page  # she did not choose it

    asked = present.lin.post(url, {"problem": "used"}, page=gift)
    assert asked.location == f"{url}/used"
    assert "Nobody has opened this code yet" in present.lin.get(asked.location).get_data(as_text=True)
    told = present.lin.post(f"{url}/used/stuck", {"words": "It says used"}, page=asked.location)
    assert told.location == f"{url}/used"
    assert "The shop knows" in present.lin.get(told.location).get_data(as_text=True)

    for stranger in (present.dora, present.shop.client()):
        assert stranger.get(url).location == gift
        assert stranger.get(f"{url}/used").location == gift


@on_one_engine
def test_who_was_given_it_prints_it_and_nobody_else(present: Present) -> None:
    gift = present.give()
    present.take(gift)
    (code,) = present.open(gift)

    paper = present.lin.post(f"{gift}/voucher", {}, page=gift)

    assert codes(paper) == [code]
    assert "<svg" in paper.get_data(as_text=True)
    other = present.dora.post(f"{gift}/voucher", {}, page=f"/s/{present.shop.slug}/lookup")
    assert (other.status_code, other.location) == (303, gift)


@on_one_engine
def test_a_gift_is_shown_again_only_after_its_word_is_typed_again_where_the_shop_wants_that(present: Present) -> None:
    present.shop.write(lambda: merchants.change_reveals(Reveals(fresh_minutes=10), now=clock.now(), by=SYSTEM))
    gift = present.give()
    present.take(gift)
    word = re.search(r'id="own-word">([^<]+)<', present.lin.get(gift).get_data(as_text=True))[1]  # type: ignore[index]
    assert len(present.open(gift)) == 1

    with later(minutes=11):
        assert present.open(gift) == []
        page = present.lin.get(gift).get_data(as_text=True)
        assert word not in page
        assert 'name="proof"' in page
        present.lin.post(f"{gift}/proof", {"proof": word}, page=gift)
        assert len(present.open(gift)) == 1
