"""Hand-outs on the page: the list comes from the box or from a file, and what is in a hand is in no batch any more."""

import io
from typing import Any

import pytest

from app.gifting import queries
from app.kit import clock, db, sheets
from app.kit.ids import from_public, public
from app.orders.models import Order
from tests.companies.firm import Firm
from tests.engines import on_one_engine
from tests.make import Browser
from tests.web.enterprise.test_redeeming import page_of, redeemed_here, seen

HEADER, LI, MO = ["姓名", "工号", "邮箱"], ["Li Wei", "E-1", "li@example.com"], ["Mo", "E-2", ""]


@pytest.fixture
def batch(firm: Firm) -> Order:
    redeemed_here(firm.shop)
    firm.shop.codes(4)
    firm.top_up(10_000)
    order = firm.order(4)
    firm.shop.drain()
    return order


def at(firm: Firm) -> str:
    return f"/enterprise/{firm.shop.slug}/handouts"


def upload(firm: Firm, member: Browser, batch: Order, content: bytes, name: str) -> Any:
    form: dict[str, Any] = {
        "csrf_token": member.token(f"{at(firm)}/new"),
        "company": public("com", firm.id),
        "batch": public("ord", batch.id),
        "name": "New Year",
        "file": (io.BytesIO(content), name),
    }
    return member.client.post(f"{at(firm)}/file", data=form, content_type="multipart/form-data")


def give(firm: Firm, member: Browser, batch: Order) -> str:
    """Hand a piece each out to two people, and return the address of the board."""
    board = str(upload(firm, member, batch, csv([HEADER, LI, MO]), "people.csv").location)
    assert member.post(f"{board}/confirmation", {"count": "2"}, page=board).status_code == 303
    return board


def csv(rows: list[list[str]]) -> bytes:
    return "\n".join(",".join(row) for row in rows).encode("gb18030")


def test_a_list_comes_as_a_file_of_either_kind(firm: Firm, batch: Order) -> None:
    member = firm.browser()
    book = b"".join(sheets.xlsx_file(HEADER, [LI, MO]))

    for content, name in ((csv([HEADER, LI, MO]), "people.csv"), (book, "people.xlsx")):
        answer = upload(firm, member, batch, content, name)
        assert answer.status_code == 303, answer.get_data(as_text=True)[-800:]
        assert people_of(firm, answer.location) == [("Li Wei", "E-1", ""), ("Mo", "E-2", "")]


def people_of(firm: Firm, board: str) -> list[tuple[str, str, str]]:
    """Return who stands on a draft, by what they are known, and what is wrong with each."""
    number = from_public("hnd", board.rpartition("/")[2])
    assert number
    rows = firm.shop.read(lambda: list(db.session().scalars(queries.rows_of(number).query())))
    return sorted((row.person, row.reference, row.problem) for row in rows)


@on_one_engine
def test_a_file_that_is_none_is_refused_with_words_and_leaves_nothing(firm: Firm, batch: Order) -> None:
    member = firm.browser()

    answer = upload(firm, member, batch, b"\x00\xff\x00", "people.csv")

    assert answer.status_code == 422
    assert "alert-danger" in answer.get_data(as_text=True)
    assert "hnd_" not in seen(member, at(firm))


def test_what_people_hold_is_not_redeemed_from_the_batch(firm: Firm, batch: Order) -> None:
    member = firm.browser()
    give(firm, member, batch)
    form = {"company": public("com", firm.id), "batch": public("ord", batch.id)}

    assert "2 ready" in seen(member, page_of(firm))
    refused = member.post(f"{page_of(firm)}/batch", form | {"quantity": "3"}, page=page_of(firm))
    taken = member.post(f"{page_of(firm)}/batch", form | {"quantity": "2"}, page=page_of(firm))
    done = member.post(f"{taken.location}/confirmation", {"count": "2"}, page=taken.location)

    assert (refused.status_code, done.status_code) == (422, 303)
    assert firm.shop.read(lambda: queries.list_free(batch.id, now=clock.now())) == []
    (handout,) = firm.shop.read(lambda: list(db.session().scalars(queries.handouts_of(firm.id).query())))
    assert firm.shop.read(lambda: queries.count_states([handout.id]))[handout.id]["new"] == 2


@on_one_engine
def test_a_batch_leads_to_handing_it_out(firm: Firm, batch: Order) -> None:
    member, name = firm.browser(), public("ord", batch.id)

    page = seen(member, f"/enterprise/{firm.shop.slug}/batches/{name}")

    assert f"{at(firm)}/new?batch={name}" in page
    assert f'value="{name}" selected' in seen(member, f"{at(firm)}/new?batch={name}")
