"""Bulk redemption on the page: a list is looked at, confirmed with its count, worked off, and saved as a file."""

import csv
import io
from typing import Any

import pytest

from app.catalog import queries as catalog
from app.companies import queries as companies
from app.companies.models import Role
from app.kit import clock, sheets
from app.kit.events import SYSTEM
from app.kit.ids import from_public, public
from app.kit.listing import listed
from app.redemption import queries
from app.redemption import service as redemption
from app.redemption.queries import Rule
from tests.companies.firm import Firm, make_firm
from tests.engines import on_one_engine
from tests.make import Browser, Shop, fresh_code


def redeemed_here(shop: Shop) -> None:
    """Let the shop redeem its product itself."""
    sku = shop.read(lambda: catalog.get_sku(shop.sku))
    shop.write(lambda: redemption.set_rule(sku.id, Rule(), now=clock.now(), by=SYSTEM))


@pytest.fixture
def codes(firm: Firm) -> list[str]:
    """Six codes of a batch of the company."""
    texts = [fresh_code() for _ in range(6)]
    redeemed_here(firm.shop)
    firm.shop.imports("\n".join(texts))
    firm.top_up(100_000)
    firm.order(6)
    firm.shop.drain()
    return texts


def page_of(firm: Firm) -> str:
    return f"/enterprise/{firm.shop.slug}/redeem"


def paste(firm: Firm, member: Browser, rows: str, **more: str) -> Any:
    form = {"rows": rows, "company": public("com", firm.id)} | more
    return member.post(f"{page_of(firm)}/pasted", form, page=page_of(firm))


def confirm(member: Browser, bulk: str, count: int, **more: Any) -> Any:
    return member.post(f"{bulk}/confirmation", {"count": str(count)}, page=bulk, **more)


def seen(member: Browser, path: str) -> str:
    answer = member.get(f"{path}{'&' if '?' in path else '?'}lang=en", buffered=True)
    assert answer.status_code in (200, 286), answer.get_data(as_text=True)[-1500:]
    return str(answer.get_data(as_text=True))


def states(firm: Firm) -> dict[str, int]:
    batches = firm.shop.read(lambda: _orders(firm))
    tallies = firm.shop.read(lambda: companies.tallies(batches, now=clock.now()))
    return {state: sum(tally[state] for tally in tallies.values()) for state in ("ready", "redeemed")}


def _orders(firm: Firm) -> list[Any]:
    return [order.id for order in listed(companies.batches_of(firm.id), {}).page.rows]


def test_a_pasted_list_is_looked_at_confirmed_and_redeemed_for_its_people(firm: Firm, codes: list[str]) -> None:
    member = firm.browser(Role.DISTRIBUTOR)
    rows = f"{codes[0]},Anna Wei\n{codes[1].lower()},=1+1\n\n{codes[0]}\nNOSUCHCODE000000"

    bulk = paste(firm, member, rows).location
    preview = seen(member, bulk)
    assert states(firm) == {"ready": 6, "redeemed": 0}
    taken = confirm(member, bulk, 2)
    done = seen(member, bulk)

    assert "2 rows can be redeemed" in preview
    for words in ("Twice in the list", "Unknown, or not yours", "Anna Wei"):
        assert words in preview
    assert not any(code in preview + done for code in codes)
    assert taken.status_code == 303
    assert "2 rows redeemed" in done
    assert states(firm) == {"ready": 4, "redeemed": 2}
    file = list(csv.reader(io.StringIO(seen(member, f"{bulk}/export.csv").removeprefix("\ufeff"))))
    assert [(row[1], row[3]) for row in file[1:]] == [
        ("Anna Wei", "Redeemed"),
        ("'=1+1", "Redeemed"),
        ("", "Twice in the list"),
        ("", "Unknown, or not yours"),
    ]
    assert file[1][7].startswith("distributor@")


@on_one_engine
def test_finance_and_viewers_open_the_result_and_only_who_may_redeem_has_buttons(firm: Firm, codes: list[str]) -> None:
    bulk = paste(firm, (member := firm.browser()), f"{codes[0]},Anna Wei\n{codes[1]}").location
    viewer, finance = (firm.browser(role, firm.mail(role.name.lower())) for role in (Role.VIEWER, Role.FINANCE))

    assert "/confirmation" in seen(member, bulk)
    assert "/confirmation" not in seen(viewer, bulk)
    confirm(member, bulk, 2)

    for reader, takes in ((viewer, False), (finance, True)):
        listed_there = seen(reader, page_of(firm))
        assert bulk.rpartition("/")[2] in listed_there
        assert "<form" not in listed_there.partition('id="main"')[2]
        result = seen(reader, bulk)
        assert "2 rows redeemed" in result
        assert "Anna Wei" in result
        assert ("/export.csv" in result) is takes
        assert reader.get(f"{bulk}/export.csv", buffered=True).status_code == (200 if takes else 403)
    assert "/pasted" in seen(member, page_of(firm))


def test_the_figures_of_a_list_add_up_and_open_their_rows(firm: Firm, codes: list[str]) -> None:
    member = firm.browser()
    bulk = paste(firm, member, "\n".join([*codes[:3], codes[0], "nothing"])).location

    number = bulk.rpartition("/")[2]
    counts = firm.shop.read(lambda: queries.count_rows(_bulk(number)))
    page = seen(member, bulk)

    assert sum(counts.values()) == 5
    for state, count in counts.items():
        assert (f"{bulk}?state={state}" in page) == bool(count)
        if count:
            assert seen(member, f"{bulk}?state={state}").count('<td class="num cell-start"') == count


def _bulk(number: str) -> Any:
    return from_public("blk", number)


def test_codes_of_another_company_and_another_shop_are_told_as_unknown(
    firm: Firm, codes: list[str], other: Shop
) -> None:
    second = make_firm(firm.shop, "Second")
    theirs, abroad = fresh_code(), fresh_code()
    firm.shop.imports(theirs)
    second.top_up(5000)
    second.order()
    redeemed_here(other)
    other.imports(abroad)
    stranger = make_firm(other)
    stranger.top_up(5000)
    member = firm.browser()

    bulk = paste(firm, member, f"{theirs}\n{abroad}\nNOSUCHCODE000000\n{codes[0]}").location
    page = seen(member, bulk)
    confirm(member, bulk, 1)

    assert page.count("Unknown, or not yours") == 3 + 1  # in three rows, and once over their figure
    assert (states(firm), states(second)) == ({"ready": 5, "redeemed": 1}, {"ready": 1, "redeemed": 0})


def test_another_number_than_was_shown_is_refused_with_409(firm: Firm, codes: list[str]) -> None:
    member = firm.browser()
    first = paste(firm, member, "\n".join(codes[:3])).location
    second = paste(firm, member, "\n".join(codes[:2])).location
    confirm(member, second, 2)

    late = confirm(member, first, 3)

    assert late.status_code == 409
    assert states(firm) == {"ready": 4, "redeemed": 2}
    assert confirm(member, first, 1).status_code == 303
    assert states(firm) == {"ready": 3, "redeemed": 3}


@on_one_engine
def test_confirming_twice_redeems_once(firm: Firm, codes: list[str]) -> None:
    member = firm.browser()
    bulk = paste(firm, member, "\n".join(codes[:2])).location

    assert [confirm(member, bulk, 2).status_code for _ in range(2)] == [303, 303]
    assert states(firm) == {"ready": 4, "redeemed": 2}


@pytest.mark.parametrize("kind", ["csv", "gbk", "xlsx"])
def test_a_file_is_taken_with_its_columns_in_any_order(firm: Firm, codes: list[str], kind: str) -> None:
    member = firm.browser()
    rows = [["姓名", "卡密"], *[[f"员工{number}", code] for number, code in enumerate(codes[:4])]]
    lines = "\n".join(",".join(row) for row in rows)
    content = {
        "csv": lines.encode(),
        "gbk": lines.encode("gb18030"),
        "xlsx": b"".join(sheets.xlsx_file(rows[0], rows[1:])),
    }[kind]
    form = {"csrf_token": member.token(page_of(firm)), "company": public("com", firm.id)}

    taken = member.client.post(f"{page_of(firm)}/file", data=form | {"file": (io.BytesIO(content), f"list.{kind}")})
    page = seen(member, taken.location)

    assert "4 rows can be redeemed" in page
    assert "员工3" in page
    assert not any(code in page for code in codes)


@on_one_engine
@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("list.csv", b"", "The list is empty."),
        ("list.csv", b"PK\x03\x04 no workbook", "This file cannot be read as a list."),
        ("list.csv", b"\xff\xfe\x00\x00\x80", "This file cannot be read as a list."),
        ("list.xlsx", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "This workbook has a password"),
        ("list.csv", b"CODE-1," + b"x" * 200_000, "This file cannot be read as a list."),
        ("list.csv", b"CODE\n" * 1_700_000, "Split it and upload one part after the other."),
        ("", b"", "No file was chosen."),
    ],
    ids=["empty", "zip", "bytes", "locked", "long", "large", "none"],
)
def test_a_file_that_is_no_list_is_refused_with_words(firm: Firm, name: str, content: bytes, words: str) -> None:
    member = firm.browser()
    form = {"csrf_token": member.token(page_of(firm)), "company": public("com", firm.id)}

    page = f"{page_of(firm)}/file?lang=en"
    answer = member.client.post(page, data=form | {"file": (io.BytesIO(content), name)})

    assert answer.status_code == 422
    assert words in answer.get_data(as_text=True)
    assert firm.shop.read(lambda: _lists(firm)) == []


def _lists(firm: Firm) -> list[Any]:
    return list(listed(queries.bulks(firm.id), {}).page.rows)


def test_some_of_a_batch_are_redeemed_for_one_reference(firm: Firm, codes: list[str]) -> None:
    member = firm.browser()
    (order,) = firm.shop.read(lambda: _orders(firm))
    form = {
        "batch": public("ord", order),
        "quantity": "4",
        "reference": "Summer party",
        "company": public("com", firm.id),
    }

    many = member.post(f"{page_of(firm)}/batch?lang=en", form | {"quantity": "7"}, page=page_of(firm))
    taken = member.post(f"{page_of(firm)}/batch", form, page=page_of(firm))
    confirm(member, taken.location, 4)

    assert (many.status_code, taken.status_code) == (422, 303)
    assert "Choose between 1 and 6" in many.get_data(as_text=True)
    assert states(firm) == {"ready": 2, "redeemed": 4}
    assert (
        seen(member, f"/enterprise/{firm.shop.slug}/batches/{public('ord', order)}?q=summer").count("Summer party") == 4
    )


@on_one_engine
def test_a_list_under_way_asks_again_and_stops_asking_at_its_end(firm: Firm, codes: list[str]) -> None:
    member = firm.browser()
    bulk = paste(firm, member, codes[0]).location
    parts = {"HX-Request": "true", "HX-Target": "bulk"}

    before = member.get(bulk, headers=parts)
    confirm(member, bulk, 1)
    after = member.get(bulk, headers=parts)

    assert (before.status_code, after.status_code) == (200, 286)
    assert "<html" not in after.get_data(as_text=True)


def test_a_list_of_another_company_does_not_exist(firm: Firm, codes: list[str]) -> None:
    bulk = paste(firm, firm.browser(), codes[0]).location
    stranger = make_firm(firm.shop, "Second").browser()

    assert stranger.get(bulk).status_code == 404
    assert stranger.get(f"{bulk}/export.csv").status_code == 404
    token = stranger.token(page_of(firm))
    for verb in ("confirmation", "retry"):
        assert stranger.client.post(f"{bulk}/{verb}", data={"csrf_token": token, "count": "1"}).status_code == 404
    assert states(firm) == {"ready": 6, "redeemed": 0}


def test_a_list_is_redeemed_at_the_place_that_was_chosen(firm: Firm, codes: list[str]) -> None:
    def limit() -> Any:
        known: dict[str, Any] = {"now": clock.now(), "by": SYSTEM}
        place = redemption.open_location(code="A1", name="Old Town", **known)
        redemption.set_rule(catalog.get_sku(firm.shop.sku).id, Rule(places=(place,)), **known)
        return place

    place = firm.shop.write(limit)
    member, rows = firm.browser(), "\n".join(codes[:2])

    nowhere = paste(firm, member, rows).location
    there = paste(firm, member, rows, place=public("loc", place)).location

    assert "No row can be redeemed" in seen(member, nowhere)
    assert confirm(member, there, 2).status_code == 303
    assert "2 rows redeemed" in seen(member, there)
