"""Help at the code: a buyer is told how the code really stands, and the shop is told when that did not help."""

from functools import partial
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select, update

from app.catalog import queries as catalog
from app.entitlements import queries as entitled
from app.inventory.models import Code
from app.kit import clock, db, events
from app.kit.events import SYSTEM
from app.kit.ids import public
from app.messages.models import StaffNote
from app.support import service
from app.support.models import Ending, HelpCall
from app.support.queries import Problem
from tests.mailbox import Mailbox, text_of
from tests.make import Browser, Shop
from tests.people import alice, bob
from tests.web.shop.test_purchase import latest, paid_order, shown_codes


class Troubled:
    """A code that Dora bought, and its page of help."""

    def __init__(self, shop: Shop) -> None:
        self.shop, self.dora = shop, shop.client()
        self.page = paid_order(shop, self.dora, 1)
        self.order = latest(shop)
        self.item = shop.read(partial(entitled.list_of_order, self.order.id))[0]
        self.help = f"{self.page}/help/{public('ent', self.item.id)}"

    def say(self, problem: str, browser: Browser | None = None) -> Any:
        return (browser or self.dora).post(self.help, {"problem": problem}, page=self.page)

    def told(self, problem: str) -> str:
        self.say(problem)
        return str(self.dora.get(f"{self.help}/{problem}?lang=en").get_data(as_text=True))

    def end(self, problem: str, how: str, **form: str) -> Any:
        return self.dora.post(f"{self.help}/{problem}/{how}", form, page=self.page)

    def calls(self) -> list[HelpCall]:
        return list(self.shop.read(lambda: db.session().scalars(select(HelpCall)).all()))

    def product_id(self) -> UUID:
        return self.shop.read(lambda: catalog.get_sku(self.shop.sku)).product_id

    def happened(self) -> list[str]:
        return [row.name for row in self.shop.read(lambda: events.timeline(order_id=self.order.id))]


@pytest.fixture
def troubled(shop: Shop) -> Troubled:
    return Troubled(shop)


def test_every_problem_leads_to_steps_of_its_own(troubled: Troubled) -> None:
    choice = troubled.dora.get(f"{troubled.help}?lang=en").get_data(as_text=True)
    assert choice.count('name="problem"') == len(Problem)

    said = {troubled.told(problem.name.lower()) for problem in Problem}

    assert len(said) == len(Problem)
    assert troubled.happened().count("help.asked") == len(Problem)


def test_the_steps_know_how_the_code_stands(troubled: Troubled) -> None:
    assert "Nobody has opened this code yet" in troubled.told("invalid")

    troubled.dora.post(f"{troubled.page}/reveal", {}, page=troubled.page)
    assert "Only this browser has opened it" in troubled.told("used")

    troubled.shop.write(lambda: db.session().execute(update(Code).values(frozen=True)))
    assert "The shop has frozen this code" in troubled.told("used")


def test_looking_at_the_pages_records_nothing(troubled: Troubled) -> None:
    for page in (troubled.help, f"{troubled.help}/used"):
        troubled.dora.get(page)

    assert troubled.calls() == []


def test_the_same_again_is_the_same_call_open_anew(troubled: Troubled) -> None:
    troubled.say("used")
    troubled.end("used", "solved")
    assert [call.ending for call in troubled.calls()] == [Ending.SOLVED]

    troubled.say("used")

    (call,) = troubled.calls()
    assert (call.ending, call.times) == (Ending.OPEN, 2)
    assert troubled.happened().count("help.asked") == 1


def test_who_is_stuck_is_told_of_once_with_how_the_code_stands_and_without_it(troubled: Troubled) -> None:
    opened = troubled.dora.post(f"{troubled.page}/reveal", {}, page=troubled.page)
    (code,) = shown_codes(opened.get_data(as_text=True))
    troubled.say("invalid")
    for _ in range(2):
        troubled.end("invalid", "stuck", words="It says: unknown card")

    (call,) = troubled.calls()
    assert (call.ending, call.words, call.facts["reveals"]) == (Ending.STUCK, "It says: unknown card", "1")
    assert troubled.happened().count("help.stuck") == 1
    notes = troubled.shop.read(lambda: db.session().scalars(select(StaffNote.facts)).all())
    assert len(notes) == 1
    assert code not in f"{call.facts}{notes}"
    page = alice(troubled.shop).get(f"/office/{troubled.shop.slug}/help?lang=en").get_data(as_text=True)
    assert "It says: unknown card" in page
    assert code not in page


def test_the_owner_of_the_shop_is_written_to_of_who_is_stuck(troubled: Troubled, tmp_path: Path) -> None:
    mailbox = Mailbox(tmp_path)
    troubled.say("used")
    troubled.end("used", "stuck", words="Mine is used")

    troubled.shop.drain()

    (letter,) = mailbox.letters(troubled.shop.owner)
    assert troubled.order.number in text_of(letter)
    assert f"/office/{troubled.shop.slug}/help" in text_of(letter)
    assert "Mine is used" not in text_of(letter)


def test_a_stranger_is_led_to_the_orders_page_and_asks_nothing(troubled: Troubled) -> None:
    stranger = troubled.shop.client()

    assert stranger.get(troubled.help).location.endswith(troubled.page)
    assert troubled.say("used", stranger).location.endswith(troubled.page)
    assert troubled.calls() == []


def test_what_is_no_problem_or_no_piece_of_this_order_is_not_found(troubled: Troubled) -> None:
    other = Troubled(troubled.shop)

    assert troubled.say("hunger").status_code == 404
    strange = f"{troubled.page}/help/{public('ent', other.item.id)}"
    assert troubled.dora.get(strange).status_code == 404


def test_telling_before_asking_is_refused(troubled: Troubled) -> None:
    assert troubled.end("used", "stuck").status_code == 409
    assert troubled.calls() == []


def test_too_many_words_come_back_with_the_reason(troubled: Troubled) -> None:
    troubled.say("used")

    answer = troubled.end("used", "stuck", words="x" * 501)

    assert answer.status_code == 422
    assert troubled.calls()[0].ending is Ending.OPEN


def test_the_shops_own_words_stand_with_the_steps_in_the_readers_language(troubled: Troubled) -> None:
    boss, product = alice(troubled.shop), troubled.product_id()
    url = f"/office/{troubled.shop.slug}/products/{public('prd', product)}/help"

    saved = boss.post(url, {"used_en": "Ask at desk 4\nBring the phone", "used_zh": "去4号柜台"}, page=url)

    assert saved.status_code == 303
    assert "Ask at desk 4" in troubled.told("used")
    assert "Ask at desk 4" not in troubled.told("wrong")
    assert bob(troubled.shop).post(url, {"used_en": "x"}, page=f"/office/{troubled.shop.slug}/").status_code == 403


def test_somebody_sees_to_it_once(troubled: Troubled) -> None:
    troubled.say("used")
    troubled.end("used", "stuck")
    (call,) = troubled.calls()
    boss, page = alice(troubled.shop), f"/office/{troubled.shop.slug}/help"

    answers = [boss.post(f"{page}/{public('hlp', call.id)}/seen", {}, page=page).status_code for _ in range(2)]

    assert answers == [303, 409]
    assert "help.seen_to" in troubled.happened()
    service_now = clock.now()
    troubled.shop.write(lambda: service.solve(troubled.item.id, Problem.USED, now=service_now, by=SYSTEM))
    assert troubled.calls()[0].ending is Ending.SOLVED
