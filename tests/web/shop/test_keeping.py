"""Keeping what was bought: a workbook, a paper, a letter, a calendar, another device, a card for friends."""

import re
from datetime import date, timedelta
from functools import partial
from typing import Any

import pytest
from sqlalchemy import select, update

from app.entitlements import queries as entitled
from app.inventory.models import Code
from app.kit import clock, db, events, sheets
from app.kit.ids import public
from app.orders.models import Order
from app.web.shop.placing import card_of
from app.web.times import business_day
from tests.make import Browser, Shop
from tests.web.shop.test_purchase import latest, paid_order, shown_codes


class Kept:
    """Two codes that Dora bought, good until a day."""

    def __init__(self, shop: Shop, last_day: date | None) -> None:
        self.shop, self.dora = shop, shop.client()
        self.page = paid_order(shop, self.dora, 2)
        self.order: Order = latest(shop)
        self.number = self.order.number
        self.ids = [item.id for item in shop.read(partial(entitled.list_of_order, self.order.id))]
        shop.write(lambda: db.session().execute(update(Code).values(expires_on=last_day)))
        self.codes = shown_codes(self.open().get_data(as_text=True))

    def open(self) -> Any:
        return self.dora.post(f"{self.page}/reveal", {}, page=self.page)

    def ask(self, what: str, browser: Browser | None = None, **form: str) -> Any:
        return (browser or self.dora).post(f"{self.page}/{what}", form, page=self.page, buffered=True)

    def looks(self) -> int:
        happened = self.shop.read(lambda: events.timeline(order_id=self.order.id))
        return sum(row.name == "code.revealed" for row in happened)


@pytest.fixture
def kept(shop: Shop) -> Kept:
    return Kept(shop, clock.now().date() + timedelta(days=40))


def test_a_workbook_holds_every_code_with_its_last_day_and_is_a_look(kept: Kept) -> None:
    before = kept.looks()

    file = kept.ask("codes", kind="xlsx")

    head, *rows = sheets.read_xlsx(file.get_data())
    assert [row[1] for row in rows] == kept.codes
    assert {row[2] for row in rows} == {(clock.now().date() + timedelta(days=40)).isoformat()}
    assert len(head) == 3
    assert file.headers["Cache-Control"] == "no-store"
    assert kept.looks() == before + 2


def test_a_paper_shows_one_code_or_all_and_each_is_a_look(kept: Kept) -> None:
    before = kept.looks()

    one = kept.ask("voucher", only=public("ent", kept.ids[1]))
    every = kept.ask("voucher")

    assert shown_codes(one.get_data(as_text=True)) == [kept.codes[1]]
    assert shown_codes(every.get_data(as_text=True)) == kept.codes
    assert every.get_data(as_text=True).count("<svg") >= 2
    assert one.headers["Cache-Control"] == "no-store"
    assert kept.looks() == before + 3


@pytest.mark.parametrize("what", ["codes", "voucher"])
def test_a_stranger_with_the_address_gets_neither_file_nor_paper(kept: Kept, what: str) -> None:
    before = kept.looks()

    answer = kept.ask(what, kept.shop.client(), kind="xlsx")

    assert answer.status_code == 422
    assert not any(code in answer.get_data(as_text=True) for code in kept.codes)
    assert kept.looks() == before


def test_a_paper_of_somebody_elses_code_shows_nothing(kept: Kept) -> None:
    other = Kept(kept.shop, None)

    answer = kept.ask("voucher", only=public("ent", other.ids[0]))

    assert shown_codes(answer.get_data(as_text=True)) == []


def test_a_calendar_rings_three_days_before_and_holds_no_code(kept: Kept) -> None:
    text = kept.dora.get(f"{kept.page}/reminder.ics").get_data(as_text=True)

    last = clock.now().date() + timedelta(days=40)
    assert f"DTSTART;VALUE=DATE:{last:%Y%m%d}\r\n" in text
    assert "TRIGGER:-P2DT15H" in text
    assert text.count("BEGIN:VEVENT") == 1
    assert not any(code in text or code[-4:] in text for code in kept.codes)
    assert all(len(line.encode()) <= 75 for line in text.split("\r\n"))


def test_a_calendar_is_for_the_owner_alone_and_only_of_what_ends(kept: Kept) -> None:
    assert kept.shop.client().get(f"{kept.page}/reminder.ics").status_code == 404

    kept.shop.write(lambda: db.session().execute(update(Code).values(expires_on=None)))
    assert kept.dora.get(f"{kept.page}/reminder.ics").status_code == 404
    assert "reminder.ics" not in kept.dora.get(kept.page).get_data(as_text=True)


def test_the_letter_goes_to_the_orders_own_contact_and_says_nothing_here(kept: Kept) -> None:
    answer = kept.ask("mail")

    assert answer.headers["Location"].endswith(kept.page)
    asked = [row for row in kept.shop.read(lambda: events.timeline(order_id=kept.order.id)) if row.name == "link.asked"]
    assert len(asked) == 1


def test_the_address_can_be_scanned_by_another_device(kept: Kept, other: Shop) -> None:
    answer = kept.dora.get(f"{kept.page}/device.png")

    assert (answer.mimetype, answer.data[:4]) == ("image/png", b"\x89PNG")
    assert answer.headers["Cache-Control"] == "no-store"
    assert kept.dora.get(kept.page.rpartition("/")[0] + "/x/device.png").status_code == 404
    elsewhere = kept.page.replace(kept.shop.slug, other.slug)
    assert other.client().get(f"{elsewhere}/device.png").status_code == 404


def test_a_card_tells_friends_what_it_is_and_nothing_of_the_buyer(kept: Kept) -> None:
    card = f"/s/{kept.shop.slug}/card/{card_of(kept.order.id)}"
    assert card in kept.dora.get(kept.page).get_data(as_text=True)

    text = kept.shop.client().get(card).get_data(as_text=True)

    assert kept.order.lines[0].title in text
    assert "og:title" in text
    for secret in (*kept.codes, *(code[-4:] for code in kept.codes), kept.number, kept.order.contact_mask, "/o/"):
        assert secret not in text
    assert kept.shop.client().get(f"/s/{kept.shop.slug}/card/x").status_code == 404
    assert kept.shop.client().get(f"/s/{kept.shop.slug}/o/{card_of(kept.order.id)}").status_code == 404


def test_an_unpaid_order_has_no_card(shop: Shop) -> None:
    shop.codes(1)
    order = shop.place()

    assert shop.client().get(f"/s/{shop.slug}/card/{card_of(order.id)}").status_code == 404


@pytest.mark.parametrize(
    ("days", "told"),
    [(40, r"4[01] days left"), (0, r"\d+ h \d+ min left"), (-3, "time is up")],
)
def test_the_page_says_how_long_a_code_is_good(shop: Shop, days: int, told: str) -> None:
    today = business_day(clock.now(), "Asia/Shanghai")  # in which it is tomorrow already from 16:00 UTC on
    kept = Kept(shop, today + timedelta(days=days))

    text = kept.dora.get(f"{kept.page}?lang=en").get_data(as_text=True)

    assert re.search(told, text)
    assert ("data-ends" in text) is (days == 0)


def test_what_was_frozen_says_so(kept: Kept) -> None:
    kept.shop.write(lambda: db.session().execute(update(Code).values(frozen=True)))

    assert "Frozen" in kept.dora.get(f"{kept.page}?lang=en").get_data(as_text=True)
    assert kept.shop.read(lambda: db.session().scalars(select(Code.frozen)).first())
