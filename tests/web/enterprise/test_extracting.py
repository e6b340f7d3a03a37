"""Codes in clear: a company takes what is free of a batch as a file, once, within a budget, each look on record."""

import io
from typing import Any

import pytest
from python_calamine import CalamineWorkbook

from app.companies.models import Role
from app.entitlements.errors import CodesSeen
from app.gifting import queries, service
from app.gifting.models import ProofKind
from app.gifting.queries import Person
from app.kit import clock, events
from app.kit.events import SYSTEM
from app.kit.ids import public
from app.orders.models import Order
from app.refunds import service as refunds
from tests.companies.firm import Firm, make_firm
from tests.engines import on_one_engine
from tests.make import PASSWORD, Browser, at_once, fresh_code

PIECES = 5


@pytest.fixture
def codes() -> list[str]:
    return [fresh_code() for _ in range(PIECES)]


@pytest.fixture
def batch(firm: Firm, codes: list[str]) -> Order:
    firm.shop.imports("\n".join(codes))
    firm.top_up(20_000)
    return firm.order(PIECES)


def path(firm: Firm, batch: Order) -> str:
    return f"/enterprise/{firm.shop.slug}/batches/{public('ord', batch.id)}/codes"


def take(firm: Firm, member: Browser, batch: Order, quantity: int, url: str = "", **more: str) -> Any:
    form = {"company": public("com", firm.id), "password": PASSWORD, "kind": "txt", "idem": "one form"}
    page = path(firm, batch)
    return member.post(url or page, form | {"quantity": str(quantity)} | more, page=page, buffered=True)


def lines(answer: Any) -> list[str]:
    assert answer.status_code == 200, answer.get_data(as_text=True)[-1500:]
    assert answer.headers["Cache-Control"] == "no-store"
    return str(answer.get_data(as_text=True)).split("\r\n")[:-1]


def taken(firm: Firm, batch: Order) -> list[Any]:
    return list(firm.shop.read(lambda: queries.list_extracts(batch.id)))


def test_the_file_has_the_codes_and_each_look_is_on_record(firm: Firm, batch: Order, codes: list[str]) -> None:
    got = [line.split("\t")[1] for line in lines(take(firm, firm.browser(), batch, 3))]

    assert len(got) == 3
    assert set(got) < set(codes)
    (made,) = taken(firm, batch)
    assert (made.count, made.times, made.actor_type) == (3, 1, "member")
    told = firm.shop.read(lambda: events.timeline(order_id=batch.id))
    looks = [event for event in told if event.name == "code.revealed"]
    assert [look.data["proof"] for look in looks] == ["company"] * 3
    assert {look.actor_type for look in looks} == {"member"}
    assert [event.data["rows"] for event in told if event.name == "codes.extracted"] == [3]


@on_one_engine
def test_a_table_keeps_every_code_as_it_is(firm: Firm, batch: Order, codes: list[str]) -> None:
    answer = take(firm, firm.browser(), batch, PIECES, kind="xlsx")

    book = CalamineWorkbook.from_filelike(io.BytesIO(answer.get_data()))
    rows = book.get_sheet_by_index(0).to_python()
    assert {row[1] for row in rows[1:]} == set(codes)


def test_what_was_taken_is_free_no_more(firm: Firm, batch: Order) -> None:
    member = firm.browser()
    lines(take(firm, member, batch, 3))

    assert firm.shop.read(lambda: queries.count_free(batch.id, now=clock.now())) == 2
    assert firm.shop.read(lambda: queries.count_given([batch.id])) == {batch.id: 3}
    assert take(firm, member, batch, 3, idem="another form").status_code == 422
    assert len(lines(take(firm, member, batch, 2, idem="another form"))) == 2
    assert "Nothing is free" in member.get(f"{path(firm, batch)}?lang=en").get_data(as_text=True)
    with pytest.raises(CodesSeen):
        firm.shop.write(lambda: refunds.refund(batch.id, reason="", now=clock.now(), by=SYSTEM))


@on_one_engine
def test_a_form_sent_twice_takes_once_and_a_file_is_made_three_times(firm: Firm, batch: Order) -> None:
    member = firm.browser()
    first, second = (lines(take(firm, member, batch, 2)) for _ in range(2))
    (made,) = taken(firm, batch)
    again = f"{path(firm, batch)}/{public('ext', made.id)}"

    assert first == second == lines(take(firm, member, batch, 0, again))
    assert take(firm, member, batch, 0, again).status_code == 409
    (made,) = taken(firm, batch)
    assert (made.count, made.times) == (2, 3)


@on_one_engine
@pytest.mark.parametrize("wrong", [{"quantity": "0"}, {"quantity": "99"}, {"password": "not it"}, {"password": ""}])
def test_what_does_not_fit_takes_nothing(firm: Firm, batch: Order, wrong: dict[str, str]) -> None:
    asked = {"quantity": "1"} | wrong
    answer = take(firm, firm.browser(), batch, int(asked.pop("quantity")), **asked)

    assert answer.status_code == 422
    assert "<form" in answer.get_data(as_text=True)
    assert taken(firm, batch) == []
    assert firm.shop.read(lambda: queries.count_free(batch.id, now=clock.now())) == PIECES


@on_one_engine
def test_a_company_takes_so_many_a_day(firm: Firm, batch: Order, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(queries, "MOST_A_DAY", 4)
    member = firm.browser()
    lines(take(firm, member, batch, 3))

    refused = take(firm, member, batch, 2, idem="another form")
    assert refused.status_code == 422
    assert "1 more" in member.get(f"{path(firm, batch)}?lang=en").get_data(as_text=True)
    assert len(lines(take(firm, member, batch, 1, idem="another form"))) == 1
    assert "Daily limit reached" in member.get(f"{path(firm, batch)}?lang=en").get_data(as_text=True)


@on_one_engine
@pytest.mark.parametrize("role", [Role.VIEWER, Role.FINANCE])
def test_who_only_looks_takes_nothing(firm: Firm, batch: Order, role: Role) -> None:
    member = firm.browser(role)

    assert member.get(path(firm, batch)).status_code == 403
    assert "/codes" not in member.get(path(firm, batch).removesuffix("/codes")).get_data(as_text=True)


@on_one_engine
def test_a_batch_of_another_company_is_not_there(firm: Firm, batch: Order) -> None:
    stranger = make_firm(firm.shop, "Others Ltd").browser()

    assert stranger.get(path(firm, batch)).status_code == 404


@pytest.mark.both_engines
def test_nothing_is_taken_twice_nor_handed_out_as_well(firm: Firm, batch: Order) -> None:
    now, people = clock.now(), [Person(f"P{number}", f"E-{number}") for number in range(2)]
    plan = service.Plan(firm.id, batch.id, "New Year", ProofKind.REFERENCE, "en")
    given = firm.shop.write(lambda: service.draft(plan, people, now=now, by=SYSTEM))

    def extract(key: str) -> Any:
        wanted = service.Wanted(firm.id, batch.id, 2, key)
        return firm.shop.write(lambda: service.extract(wanted, network="", now=now, by=SYSTEM))

    def hand_out() -> Any:
        return firm.shop.write(lambda: service.confirm(given, company_id=firm.id, count=2, now=now, by=SYSTEM))

    results = at_once([lambda: extract("a"), hand_out, lambda: extract("b")])

    assert sum(isinstance(result, BaseException) for result in results) == 1  # there are five, and six were wanted
    assert firm.shop.read(lambda: queries.count_free(batch.id, now=now)) == 1
    assert firm.shop.read(lambda: queries.count_given([batch.id])) == {batch.id: 4}
