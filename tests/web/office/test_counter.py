"""The counter: one entry, one answer in colour, mark and word; a mistake is rolled back where it was made."""

import re
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import update

from app.catalog.models import Kind
from app.inventory.models import Code
from app.kit import clock, db
from app.kit.events import SYSTEM
from app.kit.ids import new_id, public
from app.redemption import queries
from app.redemption import service as redemption
from app.redemption.errors import LocationClosed
from app.redemption.queries import Channel
from app.redemption.service import Via
from app.refunds import service as refunds
from app.web.together import Scan, Scanned, scan_all
from tests import people
from tests.engines import on_sqlite
from tests.make import Browser, Shop, make_product
from tests.redemption.goods import Desk, typed

HTMX = {"HX-Request": "true", "HX-Target": "counter-answer"}


@pytest.fixture
def desk(shop: Shop) -> Desk:
    return Desk(shop)


class Counter:
    """A browser at the counter."""

    def __init__(self, desk: Desk, browser: Browser | None = None) -> None:
        self.desk, self.browser = desk, browser or people.alice(desk.shop)
        self.url = f"/office/{desk.shop.slug}/counter"

    def page(self) -> str:
        return self.browser.get(self.url).get_data(as_text=True)

    def scan(self, code: str, **more: Any) -> Any:
        headers = more.pop("headers", {})
        return self.browser.post(self.url, {"code": code} | more, page=self.url, headers=headers)

    def place(self, code: str, name: str) -> UUID:
        shop = self.desk.shop
        return shop.write(lambda: redemption.open_location(code=code, name=name, now=clock.now(), by=SYSTEM))

    def stand_at(self, place: UUID) -> None:
        answer = self.browser.post(f"{self.url}/place", {"place": public("loc", place)}, page=self.url)
        assert answer.status_code == 303


def words(answer: Any) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", answer.get_data(as_text=True)))


def test_a_scanned_code_counts_once_and_then_says_when_where_and_how_it_was_used(desk: Desk) -> None:
    desk.rule()
    (owned,) = desk.sell()
    counter = Counter(desk)
    counter.stand_at(counter.place("SH-01", "Nanjing Road"))

    good = counter.scan(desk.codes[owned.id].lower())
    again = counter.scan(desk.codes[owned.id])

    assert (good.status_code, again.status_code) == (200, 409)
    assert 'data-answer="ok"' in good.get_data(as_text=True)
    assert 'data-answer="bad"' in again.get_data(as_text=True)
    assert "Nanjing Road" in words(again)
    assert desk.used(owned) == 1
    (made,) = desk.redemptions(owned)
    assert made.actor_type == "user"
    assert all(desk.codes[owned.id] not in answer.get_data(as_text=True) for answer in (good, again))


def test_htmx_gets_the_answer_alone(desk: Desk) -> None:
    desk.rule()
    (owned,) = desk.sell()

    answer = Counter(desk).scan(desk.codes[owned.id], headers=HTMX)

    text = answer.get_data(as_text=True).strip()
    assert text.startswith('<div id="counter-answer"')
    assert "<html" not in text


@pytest.mark.parametrize("idem", ["", "one scan"])
def test_the_same_form_sent_twice_counts_once(desk: Desk, idem: str) -> None:
    desk.rule(uses=5)
    (owned,) = desk.sell()
    counter = Counter(desk)

    for _ in range(2):
        assert counter.scan(desk.codes[owned.id], idem=idem).status_code == 200

    assert desk.left(owned) == (4 if idem else 3)


def test_a_number_of_uses_is_taken_at_once_or_not_at_all(desk: Desk) -> None:
    desk.rule(uses=3)
    (owned,) = desk.sell()
    counter = Counter(desk)

    assert counter.scan(desk.codes[owned.id], uses="4").status_code == 409
    assert counter.scan(desk.codes[owned.id], uses="0").status_code == 422
    assert counter.scan(desk.codes[owned.id], uses="3").status_code == 200
    assert desk.left(owned) == 0


def test_what_nobody_knows_and_what_another_shop_sold_look_alike(desk: Desk, other: Shop) -> None:
    desk.rule()
    theirs = Desk(other)
    theirs.rule()
    (owned,) = theirs.sell()
    counter = Counter(desk)

    unknown, foreign = counter.scan("NO-SUCH-CODE"), counter.scan(theirs.codes[owned.id])

    assert unknown.status_code == foreign.status_code == 422
    fresh = r'value="[^"]*"|content="[^"]*"|nonce="[^"]*"'
    assert re.sub(fresh, "", unknown.get_data(as_text=True)) == re.sub(fresh, "", foreign.get_data(as_text=True))
    assert theirs.used(owned) == 0


@on_sqlite
def test_a_refusal_tells_the_staff_what_they_can_do_and_not_what_the_buyer_can(desk: Desk) -> None:
    desk.rule()
    ours, frozen, back = (desk.sell()[0] for _ in range(3))
    elsewhere = make_product(desk.shop, kind=Kind.CODE)
    (other,) = desk.sell(sku=elsewhere)
    mine = (Code.merchant_id == desk.shop.merchant_id, Code.id == frozen.code_id)
    desk.shop.write(lambda: db.changed(update(Code).where(*mine).values(frozen=True)))
    desk.shop.write(lambda: refunds.refund(back.order_id, reason="", now=clock.now(), by=SYSTEM))
    counter = Counter(desk)
    counter.scan(desk.codes[ours.id])

    said = {
        code: words(counter.scan(text, headers=HTMX | {"Accept-Language": "en"}))
        for code, text in [
            ("This is no code of this shop.", "NO-SUCH-CODE"),
            ("its order shows every use", desk.codes[ours.id]),
            ("This code is blocked. ", desk.codes[frozen.id]),
            ("Hand nothing over: its order says when the money went back.", desk.codes[back.id]),
            ("This product is not redeemed at this counter.", desk.codes[other.id]),
        ]
    }

    for own, page in said.items():
        assert own.lower() in page.lower()
        assert not any(theirs in page for theirs in ("it is not yours", "Write to the shop", "Use it where"))


def test_a_code_that_is_too_late_says_its_last_minute_and_leads_to_its_order(desk: Desk) -> None:
    desk.rule(valid_days=1)
    with clock.running(lambda: clock._system() - timedelta(days=10)):
        (owned,) = desk.sell()
        desk.shop.drain()

    answer = Counter(desk).scan(desk.codes[owned.id])

    assert answer.status_code == 409
    assert " 23:59" in words(answer)
    assert public("ord", owned.order_id) in answer.get_data(as_text=True)


def test_a_mistake_is_rolled_back_with_a_reason_and_counts_again(desk: Desk) -> None:
    desk.rule()
    (owned,) = desk.sell()
    counter = Counter(desk)
    counter.scan(desk.codes[owned.id])
    (made,) = desk.redemptions(owned)
    url = f"{counter.url}/{public('rdm', made.id)}/rollback"

    assert counter.browser.post(url, {"reason": ""}, page=counter.url).status_code == 422
    assert counter.browser.post(url, {"reason": "wrong card"}, page=counter.url).status_code == 303
    assert counter.browser.post(url, {"reason": "wrong card"}, page=counter.url).status_code == 409

    assert "wrong card" in counter.page()
    assert desk.left(owned) == 1
    assert counter.scan(desk.codes[owned.id]).status_code == 200


def test_who_may_redeem_may_not_take_back(desk: Desk) -> None:
    desk.rule()
    (owned,) = desk.sell()
    counter = Counter(desk, people.bob(desk.shop, "support"))
    assert counter.scan(desk.codes[owned.id]).status_code == 200
    (made,) = desk.redemptions(owned)
    url = f"{counter.url}/{public('rdm', made.id)}/rollback"

    assert "/rollback" not in counter.page()
    assert counter.browser.post(url, {"reason": "x"}, page=counter.url).status_code == 403


def test_only_the_last_ten_of_this_place_are_listed(desk: Desk) -> None:
    desk.rule(uses=20)
    (owned,) = desk.sell()
    counter = Counter(desk)
    one, two = counter.place("A", "Here"), counter.place("B", "There")
    counter.stand_at(one)
    for _ in range(11):
        counter.scan(desk.codes[owned.id])
    assert counter.page().count('class="scan-row"') == 10
    counter.stand_at(two)
    assert counter.page().count('class="scan-row"') == 0


def test_a_browser_must_say_where_it_stands_and_a_closed_place_is_forgotten(desk: Desk) -> None:
    counter = Counter(desk)
    place = counter.place("A", "Here")
    assert 'name="code"' not in counter.page()
    counter.stand_at(place)
    assert 'name="code"' in counter.page()

    desk.shop.write(lambda: redemption.close_location(place, now=clock.now(), by=SYSTEM))

    assert [each.id for each in desk.shop.read(queries.list_locations)] == []
    assert "Here" not in counter.page()


def test_only_the_counter_may_ask_for_the_camera(desk: Desk) -> None:
    counter = Counter(desk)
    asked = counter.browser.get(counter.url).headers.getlist("Permissions-Policy")
    elsewhere = counter.browser.get(f"/office/{desk.shop.slug}/orders").headers.getlist("Permissions-Policy")

    assert [policy.split(",")[0] for policy in asked] == ["camera=(self)"]
    assert [policy.split(",")[0] for policy in elsewhere] == ["camera=()"]


def test_scans_of_one_moment_each_get_their_own_answer(desk: Desk) -> None:
    desk.rule()
    first, second = desk.sell(2)
    via = Via(Channel.COUNTER, SYSTEM)
    scans = [
        Scan(typed(text), via, key, count)
        for text, key, count in (
            (desk.codes[first.id], "a", 1),
            ("NO-SUCH-CODE", "b", 1),
            (desk.codes[second.id], "c", 2),
            (desk.codes[first.id], "d", 1),
            (desk.codes[first.id], "a", 1),
        )
    ]

    answers = scan_all(desk.shop.merchant_id, scans)

    assert [answer.made is not None for answer in answers if isinstance(answer, Scanned)] == [
        True,
        False,
        False,
        False,
        True,
    ]
    assert (desk.left(first), desk.left(second), len(desk.redemptions(first))) == (0, 1, 1)


def test_a_scan_that_cannot_be_tried_spoils_no_other(desk: Desk) -> None:
    desk.rule()
    (owned,) = desk.sell()
    good, closed = Via(Channel.COUNTER, SYSTEM), Via(Channel.COUNTER, SYSTEM, new_id())

    fine, refused = scan_all(
        desk.shop.merchant_id, [Scan(typed(desk.codes[owned.id]), via, "k", 1) for via in (good, closed)]
    )

    assert isinstance(fine, Scanned)
    assert fine.made is not None
    assert isinstance(refused, LocationClosed)
