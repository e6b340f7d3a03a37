"""Staff are told of low stock and of codes that expire soon: once for each dip, here and by mail, and never a code."""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select

from app.accounts.models import Membership
from app.catalog import queries as catalog
from app.catalog import service as shelving
from app.catalog.service import Limits
from app.inventory import service
from app.kit import clock, db
from app.kit.errors import Invalid
from app.kit.events import SYSTEM
from app.messages import queries as messages
from app.messages import service as noting
from app.messages.models import StaffNote
from tests import people
from tests.inventory import pool
from tests.mailbox import Mailbox, text_of
from tests.mailbox import read as opened
from tests.make import Shop, fresh_code


def limit(shop: Shop, **limits: int | None) -> None:
    """Let the staff be told of a SKU."""

    def write() -> None:
        number = catalog.get_sku(shop.sku).id
        shelving.set_limits(number, Limits(**limits), now=clock.now(), by=SYSTEM)
        service.watch_now(now=clock.now())

    shop.write(write)


def later(shop: Shop, by: timedelta) -> None:
    """Let workers do what is due after some time."""
    moment = clock.now() + by
    with clock.running(lambda: moment):
        shop.drain()


def told(shop: Shop) -> list[tuple[str, dict[str, Any]]]:
    """Return kind and facts of the notes, oldest first, without what the product is called."""
    query = select(StaffNote).order_by(StaffNote.id)
    notes = shop.read(lambda: [(note.kind, messages.facts_of(note)) for note in db.session().scalars(query)])
    for _, facts in notes:
        assert facts.pop("sku") == shop.sku
        assert facts.pop("title") == "卡"
    return notes


MINUTE = timedelta(minutes=1)


def test_few_codes_are_told_once_until_they_are_many_again(shop: Shop) -> None:
    shop.codes(3)
    limit(shop, low_stock=3)
    shop.drain()
    assert told(shop) == []

    for _ in range(2):  # the second sale dips no further than below
        assert shop.pay(shop.place())
        shop.drain()
        later(shop, MINUTE)
    assert told(shop) == [("stock.few", {"left": 2, "limit": 3})]

    shop.codes(5)
    shop.drain()
    later(shop, MINUTE)
    assert shop.pay(shop.place(4))
    shop.drain()
    later(shop, 2 * MINUTE)
    assert told(shop) == [("stock.few", {"left": 2, "limit": 3})] * 2


def test_days_of_stock_follow_what_was_sold(shop: Shop) -> None:
    shop.codes(20)
    limit(shop, low_days=10)
    assert shop.pay(shop.place(8))  # 12 left, and 8 in 14 days
    later(shop, MINUTE)
    assert told(shop) == []

    assert shop.pay(shop.place(2))  # 10 left, and 10 in 14 days
    later(shop, 2 * MINUTE)
    assert told(shop) == []

    assert shop.pay(shop.place(4))  # 6 left, and 14 in 14 days
    shop.drain()
    later(shop, 3 * MINUTE)
    assert told(shop) == [("stock.days", {"left": 6, "days": 6, "limit": 10})]


def test_nobody_is_told_of_days_where_nothing_sells(shop: Shop) -> None:
    limit(shop, low_days=10)
    shop.drain()

    assert told(shop) == []


def test_codes_that_expire_soon_are_told_when_their_day_comes_near(shop: Shop) -> None:
    pool.bring(shop, "\n".join(pool.fresh_codes(4)), expires_on=pool.today() + timedelta(days=9))
    limit(shop, expiry_days=7)
    shop.drain()
    assert told(shop) == []

    for days in (1, 2, 3):
        later(shop, timedelta(days=days))
    assert told(shop) == [("stock.expiring", {"count": 4, "limit": 7})]


def test_codes_for_sale_in_any_lane_count_and_expired_ones_do_not(shop: Shop) -> None:
    pool.bring(shop, "\n".join(pool.fresh_codes(4)), expires_on=pool.today())
    pool.bring(shop, "\n".join(pool.fresh_codes(3)))
    limit(shop, low_stock=4)
    shop.drain()
    assert told(shop) == []

    later(shop, timedelta(days=1))
    assert told(shop) == [("stock.few", {"left": 3, "limit": 4})]


@pytest.mark.parametrize("limits", [{"low_stock": 0}, {"low_days": 366}, {"expiry_days": -1}])
def test_a_limit_is_a_number_that_can_be_met(shop: Shop, limits: dict[str, int]) -> None:
    with pytest.raises(Invalid) as refused:
        limit(shop, **limits)

    assert set(refused.value.fields) == set(limits)


# Letters and reading -----------------------------------------------------------------------------------------------


@pytest.fixture
def letters(app: object, tmp_path: Path) -> Callable[[], list[Any]]:
    """Everybody's letters."""
    Mailbox(tmp_path)
    return lambda: [opened(file) for file in sorted(tmp_path.glob("*.eml"))]


def test_each_owner_gets_one_letter_and_no_code_stands_in_it(shop: Shop, letters: Callable[[], list[Any]]) -> None:
    codes = [fresh_code() for _ in range(2)]
    shop.imports("\n".join(codes))
    people.bob(shop, "owner")
    people.bob(shop, "operator")
    limit(shop, low_stock=5)

    shop.drain()

    sent = letters()
    assert {letter["To"] for letter in sent} == {shop.owner, f"bob-owner@{shop.slug}.example"}
    assert len(sent) == 2
    for letter in sent:
        text = text_of(letter)
        assert "卡" in letter["Subject"]
        assert shop.sku in text
        assert "/stock" in text
        assert not any(code in str(letter) for code in codes)


def test_who_has_read_a_note_is_shown_new_ones_only(shop: Shop) -> None:
    number = shop.read(lambda: catalog.get_sku(shop.sku).id)
    user = shop.read(lambda: db.session().scalars(select(Membership.user_id)).one())

    def leave() -> UUID:
        return noting.note("stock.few", subject=("sku", number), facts={}, now=clock.now())

    def unread() -> int:
        return shop.read(lambda: messages.count_unread(user))

    shop.write(leave)
    shop.write(leave)
    assert unread() == 2
    shop.write(lambda: noting.mark_read(user, until=clock.now()))
    assert unread() == 0
    shop.write(leave)
    shop.write(lambda: noting.mark_read(user, until=clock.now() - timedelta(days=1)))  # an old page
    assert unread() == 1
