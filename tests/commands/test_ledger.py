"""`ledger check` looks at all shops, says how much there is, and names what is wrong."""

import pytest

from app.kit.ids import public
from app.web.dispatch import Miaofa
from tests.commands.test_commands import run
from tests.ledger.books import ENTRY, TRANSACTION, Books, owner_url
from tests.make import Shop, make_shop


@pytest.fixture
def shops(fresh: Miaofa) -> tuple[Shop, Shop]:
    """Two shops that sold one code each, and nothing else in the installation."""
    both = make_shop(fresh), make_shop(fresh)
    for shop in both:
        shop.codes(1)
        assert shop.pay(shop.place())
    return both


def test_whole_books_are_said_to_be_whole(shops: tuple[Shop, Shop]) -> None:
    exit_code, said, _ = run(shops[0].app, "ledger", "check")

    assert exit_code == 0
    assert said.pop("seconds") >= 0
    assert said == {"ok": True, "transactions": 4, "entries": 2 * (2 + 4)}  # a purchase and a sale in each shop


def test_faults_are_named_with_their_shop(shops: tuple[Shop, Shop], request: pytest.FixtureRequest) -> None:
    fine, wrong = shops
    books = Books(wrong.merchant_id, owner_url(wrong.app, request))
    with books.behind() as connection:
        mine = TRANSACTION.c.merchant_id == wrong.merchant_id, TRANSACTION.c.kind == "sale"
        sale = connection.execute(TRANSACTION.select().where(*mine)).one()
    books.damage(ENTRY, sale.id, 0, amount=2000)

    exit_code, said, _ = run(wrong.app, "ledger", "check")

    assert exit_code == 1
    assert said["ok"] is False
    assert [(fault["shop"], fault["what"], fault["where"]) for fault in said["faults"]] == [
        (wrong.slug, "unbalanced", public("tx", sale.id)),
        (wrong.slug, "sale of a wrong total", public("ord", sale.subject_id)),
    ]
    assert said["faults"][1]["expected"] == "one sale of 19.99 CNY"
    assert said["transactions"] == 4

    assert run(fine.app, "ledger", "check", "--shop", fine.slug)[0] == 0
    assert run(wrong.app, "ledger", "check", "--shop", wrong.slug)[0] == 1


def test_an_installation_without_shops_has_whole_books(fresh: Miaofa) -> None:
    exit_code, said, _ = run(fresh, "ledger", "check")

    assert (exit_code, said["ok"], said["entries"]) == (0, True, 0)


def test_an_unknown_shop_is_refused_in_words(fresh: Miaofa) -> None:
    exit_code, said, stderr = run(fresh, "ledger", "check", "--shop", "nowhere")

    assert (exit_code, said["error"]) == (1, "no_such_shop")
    assert "nowhere" in stderr
