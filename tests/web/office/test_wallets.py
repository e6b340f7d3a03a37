"""Members' wallets in the office: who holds what, and putting it right, by who may."""

import pytest

from app.finance import queries as finance
from app.kit import clock
from app.kit.ids import public
from app.members import service as members
from tests import people
from tests.balances.person import Person
from tests.make import Browser, Shop
from tests.members.people import Visitor


@pytest.fixture
def dora(shop: Shop) -> Person:
    """A member with a wallet."""
    person = Person(shop)
    person.has(1000)
    return person


def text(browser: Browser, path: str) -> str:
    answer = browser.get(path)
    assert answer.status_code == 200
    return str(answer.get_data(as_text=True))


def test_staff_see_what_is_owed_to_members_and_put_a_wallet_right(shop: Shop, dora: Person) -> None:
    alice, home = people.alice(shop), f"/office/{shop.slug}/wallets"
    assert "CN¥10.00" in text(alice, f"{home}?lang=en")
    page = f"{home}/{public('mem', dora.id)}"
    form = {"idem": "form", "reason": "late delivery", "amount": "5"}

    def send(**more: str) -> int:
        return alice.post(f"{page}/corrections", form | more, page=page).status_code

    assert send(what="more") == send(what="more") == 303
    assert send(what="less", idem="other", amount="20", reason="x") == 422
    assert send(what="out", idem="third", amount="20", reason="x") == 422
    assert send(what="less", idem="other", amount="1") == 303
    assert send(what="out", idem="third", amount="4", reason="sent by bank") == 303

    said = text(alice, f"{page}?lang=en")
    assert dora.balance == 1000 + 500 - 100 - 400
    assert "Balance corrected" in said
    assert "late delivery" in said
    assert "Paid out of the balance" in said
    assert shop.read(finance.check) == []


def test_a_wallet_goes_by_the_masked_contact_of_its_member_and_the_account_leads_to_it(shop: Shop) -> None:
    dora = Person(shop, Visitor(shop).signs_in().present.id)
    dora.has(1000)
    alice, home = people.alice(shop), f"/office/{shop.slug}"
    wallet = f"{home}/wallets/{public('mem', dora.id)}"

    for path in (f"{home}/wallets", wallet):
        assert "do***@example.com" in text(alice, path)
        assert "dora@example.com" not in text(alice, path)
    account = text(alice, f"{home}/members/{public('mem', dora.id)}?lang=en")
    assert wallet in account
    assert "Balance: CN¥10.00" in account

    dora.correct(-1000)
    shop.write(lambda: members.close(dora.id, now=clock.now()))
    assert "Deleted account" in text(alice, f"{home}/wallets?lang=en")


def test_who_may_look_may_not_correct(shop: Shop, dora: Person) -> None:
    bob, page = people.bob(shop), f"/office/{shop.slug}/wallets/{public('mem', dora.id)}"

    assert "Correct the balance" not in text(bob, f"{page}?lang=en")
    form = {"idem": "form", "reason": "late", "amount": "5", "what": "more"}
    assert bob.post(f"{page}/corrections", form, page=page).status_code == 403
    assert dora.balance == 1000
