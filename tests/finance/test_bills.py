"""Bills of payment channels: every line matched or explained, fees corrected once, wrong files refused in words."""

import gzip
import tracemalloc
import zipfile
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from functools import partial
from io import BytesIO
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select

from app.finance import queries, service, tasks, unpacking
from app.finance.errors import BillTooLarge, NotABill, OtherDay
from app.finance.models import Bill, BillChunk, BillLine, BillState, Outcome
from app.finance.shapes import CHINA, minor
from app.kit import clock, db
from app.kit import tasks as work
from app.kit.errors import Invalid
from app.kit.events import SYSTEM
from app.kit.ids import base32
from app.ledger import queries as ledger
from app.orders import queries as orders
from app.orders.models import Order
from app.payments import providers
from app.payments import service as payments
from app.payments.models import Method, Payback, PaybackState
from app.payments.service import Terms
from app.refunds import service as refunds
from tests.finance.bills import (
    Billed,
    Item,
    alipay_csv,
    alipay_zip,
    morning_after,
    plain_csv,
    stripe_csv,
    wechat_csv,
)
from tests.kit.depth import DEPTH
from tests.make import GATEWAY, Shop

MANY = 30_000 if DEPTH == 1 else 100_000  # to measure memory makes each line ten times as dear


def today() -> date:
    return clock.now().astimezone(CHINA).date()


def sell(shop: Shop, trade_no: str, *, rate: int = 60) -> tuple[Order, Item]:
    """Sell one code, and return the line that its channel's bill has for it."""
    terms = Terms(fee_rate=rate)
    shop.write(lambda: payments.change_terms(shop.method_id, terms, now=clock.now(), by=SYSTEM))
    shop.codes(1)
    order = shop.place()
    shop.start(order)
    assert shop.pay(order, trade_no=trade_no)
    tender = shop.read(lambda: orders.list_tenders_of(order.id))[-1]
    return order, Item(trade_no, base32(tender.id), tender.amount, tender.kept, clock.now())


def load(shop: Shop, data: bytes, *, day: date | None = None, mapped: dict[str, str] | None = None) -> Bill:
    """Upload a bill and have it read."""
    pieces = [data[at : at + 50_000] for at in range(0, len(data), 50_000)]
    opened = service.open_bill(pieces, mapped or {}, "CNY")
    number = service.take_bill(shop.merchant_id, shop.method_id, opened, day=day, now=clock.now(), by=SYSTEM)
    shop.drain()
    return shop.read(lambda: queries.get_bill(number))


def lines(shop: Shop) -> list[BillLine]:
    return list(shop.read(lambda: db.session().scalars(select(BillLine).order_by(BillLine.ref)).all()))


def outcomes(shop: Shop) -> dict[str, str]:
    return {line.ref: line.outcome.name for line in lines(shop)}


def fees(shop: Shop) -> int:
    return shop.read(ledger.balances)["expense:fees CNY"].minor


def faults(shop: Shop) -> list[Any]:
    return shop.read(queries.check) + shop.read(ledger.check)


WRITERS: dict[str, Callable[[Sequence[Item]], bytes]] = {
    "alipay zip": alipay_zip,
    "alipay csv": alipay_csv,
    "wechat": wechat_csv,
    "wechat gzip": lambda items: gzip.compress(wechat_csv(items)),
    "stripe": stripe_csv,
    "plain": plain_csv,
}


@pytest.mark.parametrize("kind", WRITERS)
def test_each_line_of_a_bill_finds_its_payment(shop: Shop, kind: str) -> None:
    items = [sell(shop, f"T{place}")[1] for place in range(3)]
    bill = load(shop, WRITERS[kind](items))

    assert bill.state is BillState.DONE
    found = outcomes(shop)
    assert sorted(found.values()) == ["MATCHED"] * 3 + ["OTHER"] * (kind == "stripe")
    assert fees(shop) == 36
    assert faults(shop) == []


@pytest.mark.parametrize("kind", WRITERS)
def test_a_fee_that_differs_corrects_the_books_by_difference_once(shop: Shop, kind: str) -> None:
    _, item = sell(shop, "T1")
    real = Item(item.trade_no, item.number, item.amount, 10, item.at)
    for _ in range(3):
        load(shop, WRITERS[kind]([real]))

    (line,) = [line for line in lines(shop) if line.outcome is not Outcome.OTHER]
    assert (line.outcome, line.corrected) == (Outcome.FEE_DIFFERS, -2)
    assert fees(shop) == 10
    assert faults(shop) == []


@pytest.mark.parametrize("kind", ["alipay zip", "wechat"])
def test_a_refund_is_matched_by_our_number_and_its_fee_comes_back(shop: Shop, kind: str) -> None:
    order, item = sell(shop, "T1")
    shop.write(lambda: refunds.refund(order.id, reason="", now=clock.now(), by=SYSTEM))
    payback = shop.read(lambda: db.session().scalars(select(Payback)).one())
    shop.write(lambda: payments.record_payback(payback.id, PaybackState.DONE, now=clock.now()))
    back = Item("T1", item.number, -item.amount, -item.fee, clock.now(), base32(payback.id))
    for _ in range(2):
        load(shop, WRITERS[kind]([item, back]))

    assert sorted(outcomes(shop).values()) == ["MATCHED", "MATCHED"]
    assert fees(shop) == 0
    assert faults(shop) == []


def test_what_only_one_side_knows_and_amounts_that_differ_are_open_until_somebody_explains(shop: Shop) -> None:
    _, known = sell(shop, "T1")
    sell(shop, "T2")  # of which the bill does not tell
    less = Item(known.trade_no, known.number, known.amount - 100, 12, known.at)
    strange = Item("T9", "0" * 26, 500, 3, clock.now())
    load(shop, alipay_zip([less, strange]))

    found = outcomes(shop)
    assert sorted(found.values()) == ["AMOUNT_DIFFERS", "OURS_ONLY", "THEIRS_ONLY"]
    assert fees(shop) == 24  # nothing is corrected by what does not agree
    for line in lines(shop):
        number = line.id
        with pytest.raises(Invalid):
            shop.write(partial(service.explain_line, number, " ", now=clock.now(), by=SYSTEM))
        shop.write(partial(service.explain_line, number, "a test", now=clock.now(), by=SYSTEM))
    assert not any(line.is_open for line in lines(shop))
    load(shop, alipay_zip([less, strange]))
    assert not any(line.is_open for line in lines(shop))  # what was explained stays so
    assert faults(shop) == []


def test_a_payment_nobody_told_us_of_is_let_count_by_the_path_of_a_notice(shop: Shop) -> None:
    shop.codes(1)
    order = shop.place()
    shop.start(order)
    tender = shop.read(lambda: orders.list_tenders_of(order.id))[0]
    load(shop, alipay_zip([Item("T1", base32(tender.id), tender.amount, 12, clock.now())]))
    (line,) = lines(shop)
    assert line.outcome is Outcome.THEIRS_ONLY

    shop.write(lambda: service.count_line(line.id, now=clock.now(), by=SYSTEM))
    shop.drain()

    assert orders.status(shop.order(order), now=clock.now()) == "delivered"
    assert lines(shop)[0].outcome is Outcome.FEE_DIFFERS
    assert fees(shop) == 12
    assert faults(shop) == []


def test_a_payment_nobody_wants_is_sent_back(shop: Shop) -> None:
    load(shop, alipay_zip([Item("T1", "elsewhere", 500, 0, clock.now())]))
    (line,) = lines(shop)

    shop.write(lambda: service.return_line(line.id, now=clock.now(), by=SYSTEM))

    (payback,) = shop.read(lambda: db.session().scalars(select(Payback)).all())
    assert (payback.trade_no, payback.amount) == ("T1", 500)
    assert lines(shop)[0].outcome is Outcome.MATCHED
    assert faults(shop) == []


def test_a_line_that_comes_in_another_bill_takes_back_that_only_we_knew(shop: Shop) -> None:
    _, item = sell(shop, "T1")
    load(shop, alipay_zip([]), day=today())
    assert list(outcomes(shop).values()) == ["OURS_ONLY"]

    before = clock.now() - timedelta(days=1)
    load(shop, alipay_zip([Item(item.trade_no, item.number, item.amount, 12, before)]))
    assert outcomes(shop) == {"payment:T1": "MATCHED"}


def test_a_day_of_china_ends_at_its_midnight_all_the_year_round(shop: Shop) -> None:
    assert CHINA.utcoffset(None) == timedelta(hours=8)
    for month in (1, 3, 7, 10):
        noon = datetime(2026, month, 28, 15, 59, 59, tzinfo=UTC)
        assert noon.astimezone(CHINA).date() == date(2026, month, 28)
        assert tasks.next_morning(noon) == datetime(2026, month, 29, 2, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "fen"),
    [
        ("19.90", 1990),
        ("-0.12", -12),
        ("0.00600", 1),
        ("0.0049", 0),
        ("1,234.5", 123450),
        ("`1", None),
        ("", None),
        ("²", None),
    ],
)
def test_amounts_are_read_to_the_minor_unit(text: str, fen: int | None) -> None:
    assert minor(text, "CNY") == fen


# Wrong files -----------------------------------------------------------------------------------------------------


def zipped(**files: bytes) -> bytes:
    held = BytesIO()
    with zipfile.ZipFile(held, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return held.getvalue()


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 40,
        b"name,price\ncard,19.99\n",
        b"PK\x03\x04 and nothing more",
        b"\x1f\x8b\x08 and nothing more",
        zipped(a=b"1,2\n"),
        alipay_zip([])[:200],
        "支付宝交易号,商户订单号".encode("utf-16"),
    ],
)
def test_a_file_that_is_no_bill_is_refused(data: bytes) -> None:
    with pytest.raises(NotABill):
        list(service.open_bill([data], {}, "CNY").texts)


@pytest.mark.parametrize("pack", [lambda data: zipped(bill=data), gzip.compress])
def test_a_bomb_ends_early(monkeypatch: pytest.MonkeyPatch, pack: Callable[[bytes], bytes]) -> None:
    monkeypatch.setattr(unpacking, "LARGEST", 8)
    bomb = pack(alipay_csv([]) + b"T1,1,\n" * (4 * 1024 * 1024))

    assert len(bomb) < 200_000
    with pytest.raises(BillTooLarge):
        for _ in service.open_bill([bomb], {}, "CNY").texts:
            pass


def test_a_refused_file_leaves_nothing_but_the_reason(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(unpacking, "LARGEST", 1)
    _, item = sell(shop, "T1")
    big = gzip.compress(wechat_csv([item] * 9000))

    with pytest.raises(BillTooLarge):
        load(shop, big)
    (bill,) = shop.read(lambda: db.session().scalars(select(Bill)).all())
    assert bill.state is BillState.FAILED
    assert shop.read(lambda: db.session().scalars(select(BillChunk)).all()) == []


def test_a_bill_of_another_day_is_refused(shop: Shop) -> None:
    _, item = sell(shop, "T1")
    with pytest.raises(OtherDay):
        load(shop, alipay_zip([item]), day=today() - timedelta(days=3))


def test_columns_of_other_names_can_be_told(shop: Shop) -> None:
    _, item = sell(shop, "T1")
    data = plain_csv([item], "Ref,Gate,Sum,Cost,When")
    with pytest.raises(NotABill):
        load(shop, data)

    told = {"number": "ref", "trade_no": "gate", "amount": "sum", "fee": "cost", "at": "when"}
    load(shop, data, mapped=told)
    assert outcomes(shop) == {"payment:T1": "MATCHED"}


def test_many_lines_take_little_memory(shop: Shop) -> None:
    def many() -> Iterator[bytes]:
        head = wechat_csv([]).partition("总".encode())[0]
        yield head
        line = wechat_csv([Item("@@", "n", 1999, 12, clock.now())]).split(b"\r\n")[1] + b"\r\n"
        for start in range(0, MANY, 500):
            yield b"".join(line.replace(b"@@", b"T%d" % (start + place)) for place in range(500))

    opened = service.open_bill(many(), {}, "CNY")
    tracemalloc.start()
    number = service.take_bill(shop.merchant_id, shop.method_id, opened, day=None, now=clock.now(), by=SYSTEM)
    task = shop.read(lambda: work.find("bill.read", number))
    assert task is not None
    began = clock.now()
    work.run(shop.merchant_id, task.id)
    seconds = (clock.now() - began).total_seconds()
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()

    (total,) = shop.read(lambda: queries.list_totals(number, "CNY"))
    assert (total.outcome, total.lines, total.open) == (Outcome.THEIRS_ONLY, MANY, MANY)
    print(f"{MANY:,} lines: {seconds:.0f} s while measured, {peak / 1024 / 1024:.0f} MB at most")
    assert peak < 16 * 1024 * 1024


# Fetched ---------------------------------------------------------------------------------------------------------


@pytest.fixture
def gateway() -> Iterator[Callable[[bytes | str], Billed]]:
    def give(answer: bytes | str) -> Billed:
        billed = Billed(answer)
        providers.configure({"test": billed})
        return billed

    yield give
    providers.configure({"test": GATEWAY})


def test_the_bill_of_yesterday_is_fetched_each_morning_once(shop: Shop, gateway: Callable[..., Billed]) -> None:
    _, item = sell(shop, "T1")
    day = today()
    billed = gateway(alipay_zip([item]))
    with clock.running(lambda: morning_after(day) - timedelta(minutes=1)):
        shop.write(lambda: work.wake(tasks.WATCH, clock.now()))
        shop.drain()
        assert billed.asked == []
    for _ in range(2):
        with clock.running(lambda: morning_after(day) + timedelta(minutes=1)):
            shop.drain()

    assert billed.asked == [day]
    assert outcomes(shop) == {"payment:T1": "MATCHED"}


@pytest.mark.parametrize(
    ("answer", "state"),
    [("not offered", None), ("no bill of this day", BillState.FAILED), (b"<html>", BillState.FAILED)],
)
def test_where_there_is_no_bill_it_is_said_but_for_those_that_never_offer_one(
    shop: Shop, gateway: Callable[..., Billed], answer: bytes | str, state: BillState | None
) -> None:
    gateway(answer)
    day, now = today() - timedelta(days=1), clock.now()
    shop.write(lambda: service.ask_bill(shop.method_id, day, now=now, by=SYSTEM, quietly=True))
    shop.drain()

    bills = shop.read(lambda: db.session().scalars(select(Bill)).all())
    assert [bill.state for bill in bills] == ([state] if state else [])


def test_methods_are_watched_once_they_are_connected(shop: Shop) -> None:
    assert shop.read(lambda: db.session().scalars(select(Method)).all())
    shop.drain()

    task = shop.read(lambda: work.find(tasks.WATCH, UUID(int=0)))
    assert task is not None
    assert task.due_at.astimezone(CHINA).strftime("%H:%M") == "10:30"
