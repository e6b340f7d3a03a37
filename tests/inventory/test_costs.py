"""What a row of a file says its code cost: read as people write it, kept with the code, and what the books follow."""

import re
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import func, select

from app.entitlements import service as entitlements
from app.finance import turnover
from app.finance.spans import span_of
from app.inventory import costs, queries, service
from app.inventory.changes import Action
from app.inventory.errors import TooDear
from app.inventory.models import Batch, Code
from app.inventory.service import imports as importing
from app.kit import clock, db, tasks
from app.kit.errors import Invalid
from app.kit.events import SYSTEM
from app.kit.ids import public
from app.kit.money import Money
from app.ledger import queries as books
from app.orders.models import Part
from app.refunds import service as refunds
from tests.inventory import pool
from tests.inventory.life import account, code, codes_of, now_known, of_batch, sold
from tests.inventory.life import change as change_all
from tests.inventory.life import stock_is_worth_its_codes as worth
from tests.inventory.staging import check, stage, stage_and_check
from tests.inventory.test_batches import correct, undo
from tests.make import Shop

BATCHS = 1000  # what a code of pool.order costs that says nothing itself


def begin(shop: Shop, number: UUID) -> Batch:
    chosen: dict[str, Any] = {"duplicates": "skip", "invalid": "skip"}
    task = shop.write(lambda: service.begin_import(number, by=SYSTEM, now=clock.now(), **chosen))
    tasks.run(shop.merchant_id, task)
    return shop.read(lambda: queries.get_batch(number))


def bring(shop: Shop, *said: str) -> Batch:
    """Import fresh codes that say these costs."""
    lines = [f"{one},{cost}" for one, cost in zip(pool.fresh_codes(len(said)), said, strict=True)]
    return begin(shop, stage_and_check(shop, "\n".join(["code,成本", *lines])))


def purchased(shop: Shop, batch: Batch) -> int:
    """Return what the books say a batch was bought for."""
    entries = shop.read(lambda: books.list_entries("purchase", batch.id))
    return sum(entry.amount for entry in entries if entry.account == "asset:stock")


@pytest.mark.parametrize(
    ("currency", "read"),
    [
        (
            "CNY",
            {
                "1.5": 150,
                "1,50": 150,
                "¥1.50": 150,
                "￥ 1.5": 150,
                "12元": 1200,
                "CNY 3": 300,
                "3 rmb": 300,
                "0": 0,
                "1,500": 150_000,
                "1,234.50": 123_450,
                "1.234,50": 123_450,
                "1.5000": 150,
                ".5": 50,
                "１．５０": 150,
                "1000000000": costs.MOST,
                "1000000000.01": "cost_too_large",
                "": None,
                "-1": "cost_below_zero",
                "−¥1.5": "cost_below_zero",
                "(1.50)": "cost_below_zero",
                "1.505": "cost_decimals",
                "1,5055": "cost_decimals",
                "99999999999999999": "cost_too_large",
                "$1": "bad_cost",
                "1e3": "bad_cost",
                "1,23,456": "bad_cost",
                "free": "bad_cost",
                "-": "bad_cost",
            },
        ),
        ("JPY", {"120": 120, "¥1,200": 1200, "120.00": 120, "120.5": "cost_decimals"}),
        ("KWD", {"1.505": 1505, "1,50": 1500, "1,500": "bad_cost", "1,234.5": 1_234_500}),
    ],
)
def test_a_cost_is_read_as_people_write_it_in_the_currency_of_the_shop(
    currency: str, read: dict[str, int | str | None]
) -> None:
    found = {text: costs.read_cost(text, currency) for text in read}

    assert {text: fault or cost for text, (cost, fault) in found.items()} == read


def test_each_row_keeps_its_own_cost_and_the_check_says_what_the_import_books(shop: Shop) -> None:
    said = ["1.5", "", "￥2,50", "-3", "1.005", "much", "9999999999999", "0", "1"]
    *codes, stocked = pool.fresh_codes(len(said) + 1)
    lines = [f'{one};"{cost}";2030-01-31' for one, cost in zip(codes, said, strict=True)]
    text = "\n".join(["code;Unit Cost;expiry", *lines, lines[0], f"{codes[1]};77;", f"{stocked};9;"])
    shop.imports(stocked)

    number = stage(shop, text)
    found, plan = shop.read(lambda: queries.get_staged(number))
    shown = shop.read(lambda: queries.preview(found, plan, queries.form_of(found, plan), encoding="utf-8"))
    plan = check(shop, number)
    batch = begin(shop, number)

    assert found.columns == "code,cost,expires"
    assert [row.cells[1].words for row in shown.rows[:4]] == ["1.50", "", "2.50", ""]
    assert plan.check
    assert (plan.check.own_costed, plan.check.own_costs) == (batch.own_costed, batch.own_costs) == (4, 500)
    assert [(one.cost, one.own_cost) for one in codes_of(shop, batch)] == [
        (150, True), (BATCHS, None), (250, True), (0, True), (100, True),
    ]  # fmt: skip
    assert [(line, reason) for line, kind, reason in pool.issues(shop, batch) if kind == "INVALID"] == [
        (5, "cost_below_zero"), (6, "cost_decimals"), (7, "bad_cost"), (8, "cost_too_large"),
    ]  # fmt: skip
    assert purchased(shop, batch) == batch.cost_in_all.minor == queries.worth_of(batch, plan.check)
    assert (batch.cost_in_all.minor, batch.mean_cost.minor) == (1500, 300)
    assert shop.read(lambda: queries.costs_of_batch(batch)) == (Money(0, "CNY"), Money(BATCHS, "CNY"))
    assert worth(shop)


def test_the_column_that_was_chosen_for_the_cost_is_proposed_the_next_time(shop: Shop) -> None:
    number = stage(shop, "code,价格 A\nA1B2C3D4,1\n")
    form = queries.Format(",", ("code", "cost"), has_header=True)
    shop.write(lambda: service.check_import(number, service.Layout(0, "utf-8", form), now=clock.now()))

    again = stage(shop, "code,价格 A\nA1B2C3D5,2\n")

    assert shop.read(lambda: queries.get_staged(again)[0].columns) == "code,cost"


def test_an_import_in_one_step_reads_the_columns_that_its_header_names(shop: Shop) -> None:
    batch = shop.imports("code,进价,有效期,标签\nA1B2C3D4,1.20,2030-01-31,new\nA1B2C3D5,,,\n", cost=700)

    rows = [(row.cost, str(row.expires_on), row.tags) for row in codes_of(shop, batch)]
    assert rows == [(120, "2030-01-31", "new"), (700, "None", "")]
    assert purchased(shop, batch) == 820


def test_an_import_that_is_cut_short_books_the_costs_of_what_came_in(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(importing, "SLICE", 3)
    lines = [f"{one},{cost}" for cost, one in enumerate(pool.fresh_codes(9), 1)]
    number = stage_and_check(shop, "\n".join(["code,cost", *lines]))
    shop.write(
        lambda: service.begin_import(number, duplicates="skip", invalid="skip", by=SYSTEM, now=clock.now()),
    )
    for _ in range(2):
        shop.write(lambda: service.import_slice(number, now=clock.now()))

    shop.write(lambda: service.cancel_import(number, by=SYSTEM, now=clock.now()))

    batch = shop.read(lambda: queries.get_batch(number))
    assert (batch.imported, purchased(shop, batch)) == (6, 100 * (1 + 2 + 3 + 4 + 5 + 6))
    assert worth(shop)


def test_a_file_that_costs_more_than_the_books_can_hold_is_not_begun(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    number = stage_and_check(shop, "code,cost\nA1B2C3D4,60\nA1B2C3D5,50")
    monkeypatch.setattr("app.inventory.service.wizard.LARGEST", 10_999)

    with pytest.raises(TooDear):
        begin(shop, number)

    monkeypatch.setattr("app.inventory.service.wizard.LARGEST", 11_000)
    monkeypatch.setattr("app.inventory.service.intake.LARGEST", 13_000)  # half of it lies between one row and two
    batch = begin(shop, number)
    assert [reason for _, _, reason in pool.issues(shop, batch)] == ["cost_too_large"]
    assert (purchased(shop, batch), worth(shop)) == (6000, True)


def test_another_cost_of_a_batch_reaches_only_the_codes_that_have_none_of_their_own(shop: Shop) -> None:
    batch = bring(shop, "1", "", "10", "")

    correct(shop, batch, cost_amount=1200)

    assert [row.cost for row in codes_of(shop, batch)] == [100, 1200, 1000, 1200]
    after = shop.read(lambda: queries.get_batch(batch.id))
    assert (after.cost_in_all.minor, account(shop, "asset:stock"), worth(shop)) == (3500, 3500, True)
    sold(shop)  # the first one, which has a cost of its own
    correct(shop, batch, cost_amount=900)
    assert account(shop, "liability:suppliers") == -(100 + 900 + 1000 + 900)
    sold(shop)
    with pytest.raises(Invalid):
        correct(shop, batch, cost_amount=800)


def test_the_books_hold_each_code_at_its_own_cost_whatever_becomes_of_it(shop: Shop) -> None:
    batch, other = bring(shop, "1", "2", "", "4", "5", "6"), bring(shop, "7", "8.88", "")
    back, replaced = sold(shop), sold(shop)
    sold(shop)

    shop.write(lambda: refunds.refund(back[0].id, reason="", now=clock.now(), by=SYSTEM))  # set aside, at 1.00
    owned = replaced[1].id
    shop.write(lambda: entitlements.replace(owned, **now_known()))  # 2.00 set aside, 4.00 instead
    five = codes_of(shop, batch)[4]
    shop.write(lambda: service.void(five.id, **now_known()))
    undo(shop, other)

    assert not shop.read(books.check)
    assert worth(shop)
    assert account(shop, "liability:suppliers") == -(100 + 200 + BATCHS + 400 + 500 + 600)
    assert account(shop, "expense:goods") == 400 + BATCHS
    assert account(shop, "expense:lost") == 500
    assert account(shop, "asset:stock") == 100 + 200 + 600
    assert sorted(shop.read(lambda: db.session().scalars(select(Part.cost)).all())) == [100, 400, BATCHS]
    sums = shop.read(lambda: sums_of(batch))
    assert (sums.goods, sums.lost) == (400 + BATCHS, 500)


def sums_of(batch: Batch) -> turnover.Sums:
    day = pool.today()
    span = span_of(f"{day}..{day}")
    assert span
    total = turnover.Sums()
    for group in turnover.groups(span, batch=public("bat", batch.id)):
        total.add(group.sums)
    return total


def test_a_recall_and_its_release_move_no_money_and_a_void_list_loses_each_ones_cost(shop: Shop) -> None:
    batch = bring(shop, "1", "", "3")
    task_id = shop.write(lambda: service.recall(batch.id, count=3, **now_known()))
    assert task_id
    tasks.run(shop.merchant_id, task_id)
    assert (account(shop, "asset:stock"), worth(shop)) == (1400, True)

    change_all(shop, Action.VOID, of_batch(batch))

    assert (account(shop, "expense:lost"), account(shop, "asset:stock"), worth(shop)) == (1400, 0, True)
    change_all(shop, Action.RESTORE, of_batch(batch))
    assert (account(shop, "asset:stock"), worth(shop)) == (1400, True)


# Pages -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
def test_the_pages_tell_costs_and_no_pin_that_was_taken_for_one(shop: Shop) -> None:
    browser = shop.client()
    browser.sign_in(shop.owner)

    def words(path: str) -> str:
        answer = browser.get(f"/office/{shop.slug}{path}?lang=en", buffered=True)
        assert answer.status_code == 200
        return " ".join(re.sub(r"<[^>]+>", " ", answer.get_data(as_text=True)).split())

    number = stage_and_check(shop, "code,cost\nA1B2C3D4,8123\nA1B2C3D5,4.50\nA1B2C3D6,\nA1B2C3D7,x")
    url = f"/imports/{public('bat', number)}"
    pages = [words(url), words(url + "/rows"), words(f"{url}/check")]
    assert all("8123" not in page.split("The new codes")[0] for page in pages)
    assert "4.50" in pages[0]
    assert "The new codes cost CN¥8,137.50 together. 2 lines say their own cost." in pages[2]

    batch = begin(shop, number)
    said = words(f"/stock/{public('bat', batch.id)}")
    assert "CN¥2,712.50 on average, from CN¥4.50 to CN¥8,123.00" in said
    assert "Cost in all CN¥8,137.50" in said
    assert "Its cost is no amount of the shop's currency such as 12.50." in said.replace("&#39;", "'")
    assert "CN¥2,712.50 on average" in words("/stock")
    assert "Cost CN¥4.50" in words(f"/codes/{public('cod', codes_of(shop, batch)[1].id)}")
    assert code(shop, codes_of(shop, batch)[0].id).cost == 812_300
    assert shop.read(lambda: db.session().scalar(select(func.sum(Code.cost)))) == batch.cost_in_all.minor
